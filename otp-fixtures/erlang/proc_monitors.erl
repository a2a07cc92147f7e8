%%% Monitors: monitor/2,3 and demonitor/1,2 in every form.
-module(proc_monitors).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

basic() -> P = start(), R = monitor(process, P), P ! {exit, why}, receive {T, R, K, P, W} -> {T, K, W} end.
fun_result() -> P = spawn(fun() -> receive go -> done end end), down(P, fun() -> P ! go end).
reason_kill() -> P = start(), R = monitor(process, P), exit(P, kill), receive {'DOWN', R, _, _, W} -> W end.
reason_big() -> P = start(), R = monitor(process, P), B = binary:copy(<<"x">>, 1000), P ! {exit, {B, lists:seq(1, 100)}}, receive {'DOWN', R, _, _, {C, L}} -> {byte_size(C), lists:sum(L)} end.
reason_error() -> P = spawn(fun() -> error(bad) end), R = monitor(process, P), receive {'DOWN', R, _, _, {W, _}} -> W; {'DOWN', R, _, _, noproc} -> bad end.
twice_same() -> P = start(), A = monitor(process, P), B = monitor(process, P), A =:= B orelse begin P ! stop, lists:sort([receive {'DOWN', A, _, _, X} -> X end, receive {'DOWN', B, _, _, Y} -> Y end]) end.
dead_pid() -> P = dead(), R = monitor(process, P), receive {'DOWN', R, process, P, W} -> W end.
name_dead() -> R = monitor(process, pm_nobody), receive {'DOWN', R, process, {N, Node}, W} -> {N, Node =:= node(), W} end.
name_node() -> P = start(), register(pm_name, P), R = monitor(process, {pm_name, node()}), P ! stop, receive {'DOWN', R, process, {N, Node}, W} -> {N, Node =:= node(), W} end.
name_node_dead() -> R = monitor(process, {pm_nobody, node()}), receive {'DOWN', R, process, {N, Node}, W} -> {N, Node =:= node(), W} end.
name_reregistered() -> P = start(), register(pm_re, P), R = monitor(process, pm_re), unregister(pm_re), Q = start(), register(pm_re, Q), X = stop(Q), Y = drain(), P ! stop, [X, Y, receive {'DOWN', R, process, {N, _}, W} -> {N, W} end].
port_dead() -> R = monitor(port, id(no_such_port)), receive {'DOWN', R, port, {N, _}, W} -> {N, W} end.
self_monitor() -> R = monitor(process, self()), X = demonitor(R, [info]), [X, demonitor(R, [info, flush])].
self_monitor_exit() -> reason(fun() -> monitor(process, self()), exit(fine) end).
self_not_listed() -> R = monitor(process, self()), X = {info(self(), monitors), info(self(), monitored_by)}, demonitor(R), X.
time_offset() -> R = monitor(time_offset, clock_service), X = info(self(), monitors), [X, demonitor(R, [info]), demonitor(R, [info])].
time_offset_listed_once() -> A = monitor(time_offset, clock_service), B = monitor(time_offset, clock_service), X = length(info(self(), monitors)), demonitor(A), Y = length(info(self(), monitors)), demonitor(B), {X, Y, info(self(), monitors)}.
err_time_offset() -> monitor(time_offset, id(clock)).
err_type() -> monitor(id(no_type), self()).
err_type_int() -> monitor(id(1), self()).
err_item() -> monitor(process, id(1)).
err_item_name() -> monitor(process, id({1, node()})).
err_item_tuple() -> monitor(process, id({a, b, c})).
err_item_port() -> monitor(process, id(make_ref())).
err_opts_list() -> monitor(process, self(), id(x)).
err_opts_improper() -> monitor(process, self(), id([{tag, x} | y])).
err_opts_unknown() -> monitor(process, self(), id([{tagg, x}])).
err_opts_flush() -> monitor(process, self(), id([flush])).
tag_atom() -> P = start(), R = monitor(process, P, [{tag, mine}]), P ! stop, receive {mine, R, process, P, W} -> W end.
tag_big() -> P = start(), T = {tag, lists:seq(1, 50), <<"bin">>}, R = monitor(process, P, [{tag, T}]), erlang:garbage_collect(), P ! stop, receive {T, R, process, P, W} -> W end.
tag_last() -> P = start(), R = monitor(process, P, [{tag, a}, {tag, b}]), P ! stop, receive {T, R, process, P, W} -> {T, W} end.
tag_dead() -> R = monitor(process, dead(), [{tag, a}]), receive {T, R, process, _, W} -> {T, W} end.
tag_name() -> R = monitor(process, pm_nobody, [{tag, [a]}]), receive {T, R, process, {N, _}, W} -> {T, N, W} end.
opts_empty() -> P = start(), R = monitor(process, P, []), P ! stop, receive {T, R, process, P, W} -> {T, W} end.

demonitor_true() -> P = start(), R = monitor(process, P), [demonitor(R), demonitor(R), stop(P), drain()].
demonitor_info() -> P = start(), R = monitor(process, P), [demonitor(R, [info]), demonitor(R, [info]), stop(P)].
demonitor_flush() -> P = start(), R = monitor(process, P), stop(P), [length(drain_not(R)), demonitor(R, [flush]), drain()].
drain_not(_) -> [].
demonitor_flush_info_true() -> P = start(), R = monitor(process, P), [demonitor(R, [flush, info]), stop(P), drain()].
demonitor_flush_info_false() -> P = start(), R = monitor(process, P), stop(P), [demonitor(R, [info, flush]), drain()].
demonitor_info_noflush() -> P = start(), R = monitor(process, P), stop(P), [demonitor(R, [info]), receive {'DOWN', R, process, P, W} -> W after 0 -> none end].
demonitor_flush_keeps_others() -> P = start(), R = monitor(process, P), self() ! a, stop(P), self() ! b, [demonitor(R, [flush]), drain()].
demonitor_flush_tag() -> P = start(), R = monitor(process, P, [{tag, odd}]), stop(P), [demonitor(R, [flush]), drain()].
demonitor_flush_taken() -> P = start(), R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end, [demonitor(R, [flush]), demonitor(R, [flush, info])].
demonitor_empty() -> [demonitor(make_ref(), []), demonitor(make_ref(), [flush]), demonitor(make_ref(), [info])].
demonitor_foreign() -> S = self(), P = start(), Q = spawn(fun() -> S ! monitor(process, P), loop() end), R = got(), X = attempt(fun() -> demonitor(R) end), Y = attempt(fun() -> demonitor(R, [info]) end), [X, Y, kill(Q), kill(P)].
err_demonitor_pid() -> demonitor(self()).
err_demonitor_opt() -> demonitor(make_ref(), id([flush, nonsense])).
err_demonitor_list() -> demonitor(make_ref(), id(flush)).
err_demonitor_improper() -> demonitor(make_ref(), id([flush | info])).
order_message_down() -> S = self(), {_, R} = spawn_monitor(fun() -> S ! 1, S ! 2, exit(3) end), [got(), got(), case got() of {'DOWN', R, _, _, W} -> W end].
order_two_watchers() -> P = start(), S = self(), Qs = [spawn(fun() -> monitor(process, P), S ! ready, S ! {N, got()} end) || N <- [1, 2, 3]], [receive ready -> ok end || _ <- Qs], P ! {exit, all}, lists:sort([receive {N, {'DOWN', _, process, _, W}} -> {N, W} end || _ <- Qs]).
watcher_dies() -> P = start(), Q = spawn(fun() -> monitor(process, P), loop() end), until(fun() -> info(P, monitored_by) =:= [Q] end), kill(Q), until(fun() -> info(P, monitored_by) =:= [] end), [info(P, monitored_by), stop(P)].
many() -> Ps = [start() || _ <- lists:seq(1, 200)], Rs = [monitor(process, P) || P <- Ps], [P ! {exit, N} || {P, N} <- lists:zip(Ps, lists:seq(1, 200))], lists:sum([receive {'DOWN', R, _, _, N} -> N end || R <- Rs]).
many_on_one() -> P = start(), Rs = [monitor(process, P) || _ <- lists:seq(1, 500)], A = length(info(P, monitored_by)), P ! stop, {A, length([receive {'DOWN', R, _, _, normal} -> 1 end || R <- Rs]), drain()}.
monitors_listed() -> P = start(), register(pm_listed, P), A = monitor(process, P), B = monitor(process, pm_listed), L = info(self(), monitors), N = node(), R = lists:sort([case X of {process, P} -> pid; {process, {pm_listed, N}} -> name; _ -> X end || X <- L]), demonitor(A), demonitor(B), [R, info(self(), monitors), kill(P)].
with_link() -> apart(fun() -> P = spawn_link(fun loop/0), R = monitor(process, P), P ! {exit, both}, lists:sort([receive {'DOWN', R, process, P, A} -> {down, A} end, receive {'EXIT', P, B} -> {exit, B} end]) end).
down_of_down() -> P = start(), R = monitor(process, P), kill(P), receive {'DOWN', R, process, P, killed} -> monitor(process, P) end, case got() of {'DOWN', _, process, P, W} -> W end.
selective_ref() -> [self() ! N || N <- lists:seq(1, 1000)], P = start(), R = monitor(process, P), P ! stop, X = receive {'DOWN', R, _, _, W} -> W end, {X, length(drain())}.
