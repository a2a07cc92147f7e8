%%% Aliases: alias/0,1, unalias/1, monitors with an alias, sends through them.
-module(proc_alias).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% A process that sends each of some messages to a destination.
sender(To, Ms) -> P = spawn(fun() -> [To ! M || M <- Ms], loop() end), until(fun() -> info(P, current_function) =:= {?MODULE, loop, 0} end), P.

alias_0() -> A = alias(), A ! x, [drain(), unalias(A)].
alias_1_empty() -> A = alias([]), A ! x, A ! y, [drain(), unalias(A)].
alias_explicit() -> A = alias([explicit_unalias]), A ! x, A ! y, [drain(), unalias(A), unalias(A)].
alias_reply() -> A = alias([reply]), A ! x, A ! y, [drain(), unalias(A)].
alias_reply_unused() -> A = alias([reply]), [unalias(A), begin A ! x, drain() end].
alias_both_last_wins() -> A = alias([reply, explicit_unalias]), A ! x, A ! y, [drain(), unalias(A)].
alias_both_last_wins_2() -> A = alias([explicit_unalias, reply]), A ! x, A ! y, [drain(), unalias(A)].
alias_twice_reply() -> A = alias([reply, reply]), A ! x, A ! y, [drain(), unalias(A)].
err_alias_option() -> alias(id([nonsense])).
err_alias_no_list() -> alias(id(reply)).
err_alias_improper() -> alias(id([reply | x])).
err_alias_tuple() -> alias(id([{reply, true}])).
err_unalias() -> unalias(id(a)).
err_unalias_pid() -> unalias(self()).
unalias_plain_ref() -> unalias(make_ref()).
unalias_foreign() -> S = self(), P = spawn(fun() -> S ! alias(), loop() end), A = got(), R = unalias(A), [R, down(P, fun() -> A ! stop end)].
unalias_monitor_ref() -> P = start(), R = monitor(process, P), [unalias(R), stop(P)].
alias_is_reference() -> A = alias(), R = {is_reference(A), is_pid(A), A =:= A, A =:= alias()}, unalias(A), R.
alias_unlike_ref() -> A = alias(), B = binary_to_term(term_to_binary(A)), R = A =:= B, B ! via_copy, [R, drain(), unalias(B)].
alias_text() -> A = alias(), R = list_to_ref(ref_to_list(A)) =:= A, unalias(A), R.
alias_order_with_pid() -> A = alias(), S = self(), spawn(fun() -> S ! 1, A ! 2, S ! 3, A ! 4 end), R = [got(), got(), got(), got()], unalias(A), R.
alias_gone_while_queued() -> S = self(), A = alias(), P = spawn(fun() -> receive go -> A ! a, S ! b end end), P ! go, b = receive b -> b end, unalias(A), [drain(), P =/= S].
alias_of_dead() -> S = self(), P = spawn(fun() -> S ! alias() end), A = got(), down(P), [A ! x, drain(), erlang:send(A, y), erlang:send(A, z, [nosuspend]), unalias(A)].
alias_send_value() -> A = alias(), R = [A ! v, erlang:send(A, w), erlang:send(A, x, []), erlang:send(A, y, [noconnect, nosuspend])], [R, drain(), unalias(A)].
send_plain_ref() -> [make_ref() ! x, drain()].
send_monitor_ref() -> P = start(), R = monitor(process, P), R ! x, X = drain(), kill(P), X.
alias_many() -> As = [alias([reply]) || _ <- lists:seq(1, 100)], [A ! N || {A, N} <- lists:zip(As, lists:seq(1, 100))], R = drain(), {R =:= lists:seq(1, 100), lists:usort([unalias(A) || A <- As])}.
alias_selective() -> A = alias(), A ! {A, 1}, self() ! other, R = receive {A, V} -> V end, [R, drain(), unalias(A)].

monitor_explicit() -> P = start(), R = monitor(process, P, [{alias, explicit_unalias}]), R ! 1, demonitor(R), R ! 2, X = drain(), [X, unalias(R), begin R ! 3, drain() end, stop(P)].
monitor_explicit_down() -> P = start(), R = monitor(process, P, [{alias, explicit_unalias}]), P ! stop, X = receive {'DOWN', R, process, P, W} -> W end, R ! still, [X, drain(), unalias(R)].
monitor_demonitor() -> P = start(), R = monitor(process, P, [{alias, demonitor}]), R ! 1, demonitor(R), R ! 2, X = drain(), [X, unalias(R), stop(P)].
monitor_demonitor_down() -> P = start(), R = monitor(process, P, [{alias, demonitor}]), P ! stop, X = receive {'DOWN', R, process, P, W} -> W end, R ! lost, [X, drain(), unalias(R)].
monitor_demonitor_unalias() -> P = start(), R = monitor(process, P, [{alias, demonitor}]), A = unalias(R), R ! lost, B = drain(), P ! stop, [A, B, receive {'DOWN', R, process, P, W} -> W end].
monitor_reply() -> P = start(), R = monitor(process, P, [{alias, reply_demonitor}]), R ! 1, R ! 2, X = drain(), [X, unalias(R), demonitor(R, [info]), kill(P), drain()].
monitor_reply_info() -> P = start(), R = monitor(process, P, [{alias, reply_demonitor}]), A = info(P, monitored_by) =:= [self()], R ! 1, B = got(), until(fun() -> info(P, monitored_by) =:= [] end), [A, B, info(P, monitored_by), kill(P)].
monitor_reply_down() -> P = start(), R = monitor(process, P, [{alias, reply_demonitor}]), P ! stop, X = receive {'DOWN', R, process, P, W} -> W end, R ! lost, [X, drain(), unalias(R)].
monitor_reply_demonitor() -> P = start(), R = monitor(process, P, [{alias, reply_demonitor}]), demonitor(R), R ! lost, [drain(), unalias(R), kill(P)].
monitor_reply_unalias() -> P = start(), R = monitor(process, P, [{alias, reply_demonitor}]), A = unalias(R), R ! lost, B = drain(), P ! stop, [A, B, receive {'DOWN', R, process, P, W} -> W end].
monitor_alias_dead() -> R = monitor(process, dead(), [{alias, reply_demonitor}]), X = receive {'DOWN', R, process, _, W} -> W end, R ! lost, [X, drain()].
monitor_alias_dead_early() -> R = monitor(process, dead(), [{alias, explicit_unalias}]), X = receive {'DOWN', R, process, _, W} -> W end, R ! kept, [X, drain(), unalias(R)].
monitor_alias_tag() -> P = start(), R = monitor(process, P, [{alias, reply_demonitor}, {tag, t}]), P ! stop, receive {t, R, process, P, W} -> W end.
monitor_alias_self() -> R = monitor(process, self(), [{alias, explicit_unalias}]), R ! x, X = drain(), [X, demonitor(R, [info]), unalias(R)].
monitor_alias_name() -> P = start(), register(pa_name, P), R = monitor(process, pa_name, [{alias, demonitor}]), R ! x, X = got(), P ! stop, receive {'DOWN', R, process, {N, _}, W} -> [X, N, W, unalias(R)] end.
monitor_alias_noname() -> R = monitor(process, pa_nobody, [{alias, explicit_unalias}]), receive {'DOWN', R, process, {N, _}, W} -> R ! on, [N, W, drain(), unalias(R)] end.
err_monitor_alias_mode() -> monitor(process, self(), id([{alias, reply}])).
err_monitor_alias_plain() -> monitor(process, self(), id([alias])).
call_reply() -> S = spawn(fun() -> receive {A, Q} -> A ! {A, {re, Q}} end end), R = monitor(process, S, [{alias, reply_demonitor}]), S ! {R, q}, receive {R, V} -> V; {'DOWN', R, _, _, W} -> W end.
call_late_reply() -> S = spawn(fun() -> receive {A, _} -> receive go -> A ! {A, late}, loop() end end end), R = monitor(process, S, [{alias, reply_demonitor}]), S ! {R, q}, X = receive {R, V} -> V after 10 -> timeout end, Y = demonitor(R, [flush]), S ! go, until(fun() -> info(S, message_queue_len) =:= 0 end), [X, Y, drain(), kill(S)].
call_crash() -> S = spawn(fun() -> receive {_, _} -> exit(crashed) end end), R = monitor(process, S, [{alias, reply_demonitor}]), S ! {R, q}, receive {R, V} -> V; {'DOWN', R, _, _, W} -> {down, W} end.
spawn_alias() -> {P, R} = spawn_opt(fun() -> receive {A, q} -> A ! {A, answer} end end, [{monitor, [{alias, reply_demonitor}]}]), P ! {R, q}, X = receive {R, V} -> V end, tick(), [X, drain()].
spawn_alias_explicit() -> {P, R} = spawn_opt(fun() -> receive {A, q} -> A ! 1, A ! 2 end end, [{monitor, [{alias, explicit_unalias}]}]), P ! {R, q}, [got(), got(), case got() of {'DOWN', R, process, P, W} -> W end, unalias(R)].
exit_alias() -> apart(fun() -> A = alias(), exit(A, reason), drain() end).
