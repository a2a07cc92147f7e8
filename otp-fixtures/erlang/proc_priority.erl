%%% Priority messages (from OTP 28 on); before, the options do not exist.
-module(proc_priority).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% Evaluates a fun in a process with three messages waiting, and tells what is in its queue then.
queue(F) -> apart(fun() -> self() ! 1, self() ! 2, self() ! 3, F(), drain() end).

alias_options() -> [attempt(fun() -> A = alias(O), unalias(A) end) || O <- [[priority], [priority, reply], [priority, explicit_unalias], [reply, priority, x]]].
alias_plain_send() -> queue(fun() -> A = alias([priority]), A ! normal end).
alias_priority_send() -> queue(fun() -> A = alias([priority]), erlang:send(A, urgent, [priority]) end).
alias_unprivileged() -> queue(fun() -> A = alias([]), erlang:send(A, hopeful, [priority]) end).
alias_two() -> queue(fun() -> A = alias([priority]), erlang:send(A, u1, [priority]), erlang:send(A, u2, [priority]) end).
alias_mixed() -> queue(fun() -> A = alias([priority]), erlang:send(A, u1, [priority]), A ! n1, erlang:send(A, u2, [priority]), self() ! n2 end).
alias_reply() -> queue(fun() -> A = alias([priority, reply]), erlang:send(A, u1, [priority]), erlang:send(A, u2, [priority]) end).
alias_unaliased() -> queue(fun() -> A = alias([priority]), unalias(A), erlang:send(A, u1, [priority]) end).
send_pid_priority() -> queue(fun() -> erlang:send(self(), u, [priority]) end).
send_name_priority() -> queue(fun() -> register(pp_name, self()), erlang:send(pp_name, u, [priority]), unregister(pp_name) end).
send_options() -> [attempt(fun() -> erlang:send(self(), x, O) end) || O <- [[priority], [priority, noconnect], [nosuspend, priority]]].
in_receive() -> attempt(fun() -> S = self(), P = spawn(fun() -> S ! alias([priority]), receive never -> ok after 50 -> S ! {seen, drain()} end end), A = got(), P ! 1, P ! 2, erlang:send(A, u, [priority]), case got() of {seen, L} -> L; X -> X end end).
wakes_receive() -> attempt(fun() -> S = self(), P = spawn(fun() -> S ! alias([priority]), receive go -> S ! {rest, drain()} end end), A = got(), P ! 1, P ! 2, until(fun() -> info(P, status) =:= waiting end), erlang:send(A, go, [priority]), case got() of {rest, L} -> L; X -> X end end).
link_2_plain() -> queue(fun() -> P = start(), attempt(fun() -> erlang:link(P, []) end), exit(P, x), until(fun() -> not is_process_alive(P) end) end) =/= none.
link_2_priority() -> L = queue(fun() -> P = start(), attempt(fun() -> erlang:link(P, [priority]) end), P ! {exit, x}, down(P) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
link_2_downgrade() -> L = queue(fun() -> P = start(), attempt(fun() -> erlang:link(P, [priority]), erlang:link(P, []) end), P ! {exit, x}, down(P) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
link_2_upgrade() -> L = queue(fun() -> P = start(), attempt(fun() -> link(P), erlang:link(P, [priority]) end), P ! {exit, x}, down(P) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
link_1_after_priority() -> L = queue(fun() -> P = start(), attempt(fun() -> erlang:link(P, [priority]), link(P) end), P ! {exit, x}, down(P) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
link_2_dead() -> L = queue(fun() -> attempt(fun() -> erlang:link(dead(), [priority]) end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
link_2_bad() -> [attempt(fun() -> erlang:link(X, O) end) || {X, O} <- [{self(), [x]}, {self(), x}, {a, []}, {self(), [priority | x]}]].
link_2_self() -> attempt(fun() -> erlang:link(self(), [priority]) end).
monitor_priority() -> L = queue(fun() -> P = start(), R = attempt(fun() -> monitor(process, P, [priority]) end), exit(P, x), until(fun() -> not is_process_alive(P) end), tick(), R end), [case M of {'DOWN', _, _, _, W} -> {down, W}; _ -> M end || M <- L].
monitor_priority_tag() -> L = queue(fun() -> P = start(), R = attempt(fun() -> monitor(process, P, [priority, {tag, t}]) end), exit(P, x), until(fun() -> not is_process_alive(P) end), tick(), R end), [case M of {t, _, _, _, W} -> {t, W}; _ -> M end || M <- L].
monitor_priority_dead() -> L = queue(fun() -> P = dead(), attempt(fun() -> monitor(process, P, [priority]) end), tick() end), [case M of {'DOWN', _, _, _, W} -> {down, W}; _ -> M end || M <- L].
monitor_priority_noname() -> L = queue(fun() -> attempt(fun() -> monitor(process, pp_nobody, [priority]) end) end), [case M of {'DOWN', _, _, {N, _}, W} -> {down, N, W}; _ -> M end || M <- L].
monitor_priority_alias() -> L = queue(fun() -> P = start(), R = attempt(fun() -> monitor(process, P, [priority, {alias, explicit_unalias}]) end), attempt(fun() -> erlang:send(R, u, [priority]), R ! n, unalias(R), demonitor(R) end), kill(P) end), [case M of {'DOWN', _, _, _, W} -> {down, W}; _ -> M end || M <- L].
monitor_alias_without() -> L = queue(fun() -> P = start(), R = monitor(process, P, [{alias, explicit_unalias}]), attempt(fun() -> erlang:send(R, u, [priority]) end), unalias(R), demonitor(R), kill(P) end), [case M of {'DOWN', _, _, _, W} -> {down, W}; _ -> M end || M <- L].
spawn_monitor_priority() -> attempt(fun() -> L = queue(fun() -> {P, _} = spawn_opt(fun loop/0, [{monitor, [priority]}]), exit(P, x), until(fun() -> not is_process_alive(P) end), tick() end), [case M of {'DOWN', _, _, _, W} -> {down, W}; _ -> M end || M <- L] end).
spawn_link_priority() -> L = queue(fun() -> P = attempt(fun() -> spawn_opt(fun() -> receive go -> exit(x) end end, [{link, [priority]}]) end), is_pid(P) andalso down(P, fun() -> P ! go end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
spawn_link_options() -> [attempt(fun() -> is_pid(spawn_opt(fun() -> ok end, [O])) end) || O <- [{link, []}, {link, [priority]}, {link, [x]}, {link, x}]].
exit_3_plain() -> L = queue(fun() -> attempt(fun() -> erlang:exit(self(), x, []) end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
exit_3_pid_priority() -> L = queue(fun() -> attempt(fun() -> erlang:exit(self(), x, [priority]) end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
exit_3_alias_priority() -> L = queue(fun() -> attempt(fun() -> erlang:exit(alias([priority]), x, [priority]) end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
exit_3_alias_plain() -> L = queue(fun() -> attempt(fun() -> erlang:exit(alias([priority]), x, []) end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
exit_3_alias_unprivileged() -> L = queue(fun() -> attempt(fun() -> erlang:exit(alias([]), x, [priority]) end) end), [case M of {'EXIT', _, W} -> {exit, W}; _ -> M end || M <- L].
exit_3_kills() -> attempt(fun() -> P = start(), A = run(P, fun() -> alias([priority]) end), R = monitor(process, P), erlang:exit(A, bye, [priority]), receive {'DOWN', R, _, _, W} -> W after 500 -> none end end).
exit_2_alias() -> attempt(fun() -> P = start(), A = run(P, fun() -> alias([]) end), R = monitor(process, P), erlang:exit(A, bye), receive {'DOWN', R, _, _, W} -> W after 500 -> none end end).
exit_2_unaliased() -> attempt(fun() -> P = start(), A = run(P, fun() -> X = alias([]), unalias(X), X end), erlang:exit(A, bye), R = run(P, fun() -> alive end), kill(P), R end).
exit_3_bad() -> [attempt(fun() -> erlang:exit(X, r, O) end) || {X, O} <- [{self(), [x]}, {self(), x}, {a, []}, {make_ref(), []}]].
order_kept() -> queue(fun() -> A = alias([priority]), [erlang:send(A, {u, N}, [priority]) || N <- lists:seq(1, 5)] end).

%% Whether priority messages may come (29).
priority_messages() ->
    P = fun() -> case_runner:attempt(fun() -> process_info(self(), priority_messages) end) end,
    Now = P(),
    case Now of
        {priority_messages, false} ->
            A = alias([priority]), B = P(), unalias(A), C = P(),
            Pid = spawn(fun() -> receive x -> ok end end),
            R = monitor(process, Pid, [priority]), D = P(), demonitor(R), E = P(),
            apply(erlang, link, [Pid, [priority]]), F = P(), unlink(Pid), G = P(),
            exit(Pid, kill),
            {Now, B, C, D, E, F, G};
        _ -> Now
    end.
