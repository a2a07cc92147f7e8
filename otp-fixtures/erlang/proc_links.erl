%%% link/1, unlink/1 and the exit signals that go over links.
-module(proc_links).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

exits(P) -> receive {'EXIT', P, W} -> W after 2000 -> none end.

link_true() -> apart(fun() -> P = start(), A = link(P), B = link(P), P ! {exit, r}, [A, B, exits(P), drain()] end).
link_other_side() -> apart(fun() -> S = self(), P = spawn(fun() -> link(S), S ! linked, loop() end), got(), P ! {exit, r}, exits(P) end).
both_sides() -> apart(fun() -> S = self(), P = spawn(fun() -> link(S), S ! linked, loop() end), got(), link(P), P ! {exit, r}, [exits(P), drain()] end).
link_self() -> apart(fun() -> [link(self()), info(self(), links), unlink(self())] end).
link_dead_trapping() -> apart(fun() -> P = dead(), [link(P), exits(P)] end).
link_dead() -> reason(fun() -> P = dead(), X = attempt(fun() -> link(P) end), exit({got, X}) end).
link_dead_fatal() -> reason(fun() -> link(dead()), receive after 200 -> exit(alive) end end).
link_bad() -> [attempt(fun() -> link(X) end) || X <- [a, 1, make_ref(), "x"]].
unlink_bad() -> [attempt(fun() -> unlink(X) end) || X <- [a, 1, make_ref(), "x"]].
unlink_not_linked() -> apart(fun() -> P = start(), A = unlink(P), B = kill(P), [A, B, unlink(P), drain()] end).
unlink_dead() -> unlink(dead()).
unlink_stops_signal() -> apart(fun() -> P = spawn_link(fun loop/0), unlink(P), P ! {exit, r}, [down(P), drain()] end).
unlink_after_exit_in_queue() -> apart(fun() -> P = spawn_link(fun loop/0), P ! {exit, r}, down(P), unlink(P), drain() end).
unlink_race() -> apart(fun() -> lists:usort([begin P = spawn_link(fun() -> receive go -> exit(r) end end), P ! go, unlink(P), X = receive {'EXIT', P, _} -> got after 0 -> none end, down(P), Y = receive {'EXIT', P, _} -> late after 0 -> none end, lists:member(X, [got, none]) andalso Y end || _ <- lists:seq(1, 200)]) end).
relink() -> apart(fun() -> P = start(), [begin link(P), unlink(P) end || _ <- lists:seq(1, 100)], link(P), P ! {exit, r}, [exits(P), drain()] end).
relink_other_side() -> apart(fun() -> S = self(), P = start(), link(P), unlink(P), run(P, fun() -> link(S) end), A = info(self(), links) =:= [P], P ! {exit, r}, [A, exits(P), drain()] end).
unlink_other_side() -> apart(fun() -> S = self(), P = start(), link(P), run(P, fun() -> unlink(S) end), A = info(self(), links), [A, down(P, fun() -> P ! {exit, r} end), drain()] end).
unlink_relink_storm() -> apart(fun() -> S = self(), P = start(), [P ! {run, fun() -> link(S), unlink(S) end, S} || _ <- lists:seq(1, 50)], [begin link(P), unlink(P) end || _ <- lists:seq(1, 50)], [receive {ran, P, V} -> V end || _ <- lists:seq(1, 50)], until(fun() -> info(P, links) =:= [] andalso info(self(), links) =:= [] end), [info(P, links), info(self(), links)] end).
normal_ignored() -> reason(fun() -> spawn_link(fun() -> ok end), receive after 50 -> exit(alive) end end).
normal_trapped() -> apart(fun() -> exits(spawn_link(fun() -> ok end)) end).
kill_over_link() -> reason(fun() -> spawn_link(fun() -> exit(kill) end), receive never -> ok end end).
killed_over_link() -> reason(fun() -> P = spawn_link(fun loop/0), exit(P, kill), receive never -> ok end end).
killed_trapped() -> apart(fun() -> P = spawn_link(fun loop/0), exit(P, kill), exits(P) end).
trap_both() -> apart(fun() -> P = spawn_link(fun() -> process_flag(trap_exit, true), receive {'EXIT', _, W} -> exit({relay, W}) end end), until(fun() -> info(P, status) =:= waiting end), exit(P, ouch), exits(P) end).
error_trace() -> apart(fun() -> plain(exits(spawn_link(fun() -> error(e) end))) end).
throw_nocatch() -> apart(fun() -> plain(exits(spawn_link(fun() -> throw(t) end))) end).
chain() -> apart(fun() -> P = spawn_link(fun() -> chain(100) end), tick(), exit(P, domino), exits(P) end).
chain(0) -> receive never -> ok end;
chain(N) -> spawn_link(fun() -> chain(N - 1) end), receive never -> ok end.
chain_from_end() -> apart(fun() -> S = self(), P = spawn_link(fun() -> chain(100, S) end), Last = got(), Last ! {exit, far}, exits(P) end).
chain(0, S) -> S ! self(), loop();
chain(N, S) -> spawn_link(fun() -> chain(N - 1, S) end), receive never -> ok end.
ring() -> apart(fun() -> Ps = [start() || _ <- lists:seq(1, 30)], [run(P, fun() -> link(Q) end) || {P, Q} <- lists:zip(Ps, tl(Ps) ++ [hd(Ps)])], Rs = [monitor(process, P) || P <- Ps], lists:nth(7, Ps) ! {exit, ring}, lists:usort([receive {'DOWN', R, _, _, W} -> W end || R <- Rs]) end).
clique() -> apart(fun() -> Ps = [start() || _ <- lists:seq(1, 12)], [run(P, fun() -> [link(Q) || Q <- Ps] end) || P <- Ps], Rs = [monitor(process, P) || P <- Ps], hd(Ps) ! {exit, clique}, lists:usort([receive {'DOWN', R, _, _, W} -> W end || R <- Rs]) end).
star_normal() -> apart(fun() -> H = start(), Ps = [spawn(fun() -> link(H), loop() end) || _ <- lists:seq(1, 30)], until(fun() -> length(info(H, links)) =:= 30 end), stop(H), R = lists:usort([is_process_alive(P) || P <- Ps]), [kill(P) || P <- Ps], R end).
star_exit() -> apart(fun() -> H = start(), Rs = [element(2, spawn_monitor(fun() -> link(H), loop() end)) || _ <- lists:seq(1, 30)], until(fun() -> length(info(H, links)) =:= 30 end), H ! {exit, star}, lists:usort([receive {'DOWN', R, _, _, W} -> W end || R <- Rs]) end).
order_message_exit() -> apart(fun() -> S = self(), P = spawn_link(fun() -> S ! 1, S ! 2, exit(3) end), [got(), got(), case got() of {'EXIT', P, W} -> W end] end).
trap_on_later() -> reason(fun() -> P = spawn_link(fun loop/0), process_flag(trap_exit, true), P ! {exit, r}, A = exits(P), exit({value, A}) end).
trap_off_again() -> reason(fun() -> process_flag(trap_exit, true), P = spawn_link(fun loop/0), process_flag(trap_exit, false), P ! {exit, r}, receive never -> ok end end).
link_then_dies_at_once() -> apart(fun() -> lists:usort([exits(spawn_link(fun() -> exit(N rem 3) end)) || N <- lists:seq(1, 100)]) end).
many_links() -> apart(fun() -> Ps = [spawn_link(fun loop/0) || _ <- lists:seq(1, 1000)], [P ! {exit, x} || P <- Ps], length([receive {'EXIT', P, x} -> 1 end || P <- Ps]) end).

exit_reasons() -> [begin P = start(), exit(P, R), down(P) end || R <- [a, {b, c}, "d", 1.5, kill, killed, shutdown, {shutdown, x}, #{k => v}]].
exit_normal_other() -> P = start(), exit(P, normal), [run(P, fun() -> alive end), stop(P)].
exit_normal_trapping() -> P = spawn(fun() -> process_flag(trap_exit, true), receive {'EXIT', _, W} -> exit({got, W}) end end), until(fun() -> info(P, status) =:= waiting end), R = monitor(process, P), exit(P, normal), receive {'DOWN', R, _, _, W} -> W end.
exit_kill_trapping() -> P = spawn(fun() -> process_flag(trap_exit, true), loop() end), until(fun() -> info(P, status) =:= waiting end), R = monitor(process, P), exit(P, kill), receive {'DOWN', R, _, _, W} -> W end.
exit_killed_trapping() -> P = spawn(fun() -> process_flag(trap_exit, true), receive {'EXIT', _, W} -> exit({got, W}) end end), until(fun() -> info(P, status) =:= waiting end), R = monitor(process, P), exit(P, killed), receive {'DOWN', R, _, _, W} -> W end.
exit_self_normal() -> reason(fun() -> exit(self(), normal), exit(survived) end).
exit_self_reason() -> reason(fun() -> exit(self(), r), exit(survived) end).
exit_self_kill() -> reason(fun() -> process_flag(trap_exit, true), exit(self(), kill), exit(survived) end).
exit_self_trapping() -> apart(fun() -> S = self(), exit(self(), normal), exit(self(), r), [case got() of {'EXIT', S, W} -> W end, case got() of {'EXIT', S, W} -> W end] end).
exit_self_caught() -> reason(fun() -> catch exit(self(), r), exit(survived) end).
exit_true() -> P = start(), [exit(P, x), exit(P, y), exit(dead(), z), down(P)].
exit_bad() -> [attempt(fun() -> exit(X, r) end) || X <- [a, 1, "x", undefined]].
exit_order() -> P = spawn(fun() -> process_flag(trap_exit, true), receive go -> exit(drain()) end end), until(fun() -> info(P, status) =:= waiting end), S = self(), R = monitor(process, P), P ! 1, exit(P, a), P ! 2, exit(P, b), P ! go, receive {'DOWN', R, _, _, L} -> [case M of {'EXIT', S, W} -> W; _ -> M end || M <- L] end.
exit_first_wins() -> P = start(), erlang:suspend_process(P), R = monitor(process, P), exit(P, one), exit(P, two), receive {'DOWN', R, _, _, W} -> W end.
exit_message_then_signal() -> P = spawn(fun() -> receive never -> ok end end), P ! m, exit(P, s), down(P).
exit_binary_reason() -> P = start(), B = binary:copy(<<1>>, 500), R = monitor(process, P), exit(P, {B, B}), receive {'DOWN', R, _, _, {X, Y}} -> {byte_size(X), X =:= Y} end.
exit_catch_after() -> apart(fun() -> S = self(), P = spawn_link(fun() -> try loop() after S ! cleaned end end), tick(), exit(P, kill), [exits(P), drain()] end).
exit_after_runs() -> apart(fun() -> S = self(), P = spawn_link(fun() -> try loop() after S ! cleaned end end), P ! {exit, r}, [got(), exits(P)] end).
exit_1_classes() -> [reason(fun() -> exit(X) end) || X <- [normal, kill, shutdown, {a, b}]].
leader_set() -> P = start(), [group_leader(self(), P), info(P, group_leader) =:= self(), run(P, fun() -> element(1, {group_leader()}) end) =:= self(), kill(P)].
leader_self() -> apart(fun() -> [group_leader(self(), self()), group_leader() =:= self()] end).
leader_bad() -> [attempt(fun() -> group_leader(X, Y) end) || {X, Y} <- [{a, self()}, {self(), a}, {self(), dead()}, {1, 2}, {dead(), a}]].
leader_dead_leader() -> apart(fun() -> D = dead(), [group_leader(D, self()), group_leader() =:= D] end).
leader_inherited() -> apart(fun() -> G = start(), group_leader(G, self()), S = self(), spawn(fun() -> S ! (group_leader() =:= G) end), X = got(), [X, kill(G)] end).
