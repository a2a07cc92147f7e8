%%% Questions whose answers are long: many processes, messages, links, monitors, names.
-module(proc_crowds).
-helpers([late, idle]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

idle() -> receive stop -> ok end.
crowd(N) -> [spawn(fun idle/0) || _ <- lists:seq(1, N)].
end_all(Ps) -> Rs = [monitor(process, P) || P <- Ps], [exit(P, kill) || P <- Ps], [receive {'DOWN', R, _, _, _} -> ok end || R <- Rs], ok.
in_crowd(N, F) -> Ps = crowd(N), R = F(Ps), end_all(Ps), R.
sorted(L) -> L =:= lists:usort(L).
%% What a process is asked while it has N messages.
with_messages(N, F) -> P = spawn(fun idle/0), [P ! {msg, I} || I <- lists:seq(1, N)], R = F(P), kill(P), R.
%% How many turns a busy neighbour gets while a fun runs, at least.
turns(F) -> C = atomics:new(1, []), P = spawn(fun() -> turn(C) end), until(fun() -> atomics:get(C, 1) > 0 end), R = F(), T = atomics:get(C, 1), kill(P), {R, T > 1}.
turn(C) -> atomics:add(C, 1, 1), receive stop -> ok after 0 -> turn(C) end.

processes_all() -> in_crowd(3000, fun(Ps) -> Ps -- processes() end).
processes_self() -> in_crowd(3000, fun(_) -> lists:member(self(), processes()) end).
processes_once() -> in_crowd(3000, fun(_) -> L = processes(), length(L) =:= length(lists:usort(L)) end).
processes_order() -> in_crowd(100, fun(Ps) -> L = [P || P <- processes(), lists:member(P, Ps)], length(L) end).
processes_dead() -> Ps = crowd(2500), end_all(Ps), Qs = crowd(10), L = processes(), end_all(Qs), [length([P || P <- Ps, lists:member(P, L)]), Qs -- L].
processes_many() -> in_crowd(20000, fun(Ps) -> S = gb_sets:from_list(processes()), length([P || P <- Ps, not gb_sets:is_member(P, S)]) end).
processes_turns() -> in_crowd(20000, fun(_) -> turns(fun() -> length([processes() || _ <- lists:seq(1, 20)]) end) end).
processes_killed_midway() -> in_crowd(20000, fun(_) -> Ps = [spawn(fun() -> [processes() || _ <- lists:seq(1, 1000)] end) || _ <- [1, 2, 3]], tick(), [exit(P, kill) || P <- Ps], [down(P) || P <- Ps], is_list(processes()) end).
processes_at_once() -> in_crowd(5000, fun(Ps) -> S = self(), Qs = [spawn(fun() -> S ! {self(), Ps -- processes()} end) || _ <- lists:seq(1, 4)], [receive {Q, L} -> L after 20000 -> lost end || Q <- Qs] end).
processes_while_dying() -> Ps = crowd(5000), K = spawn(fun() -> [exit(P, kill) || P <- Ps] end), Ls = [processes() || _ <- lists:seq(1, 20)], down(K), end_all(Ps), lists:all(fun(L) -> lists:member(self(), L) end, Ls).
%% Once a process is missing in a snapshot it is missing in all later ones.
processes_monotone() -> Ps = crowd(3000), spawn(fun() -> [exit(P, kill) || P <- Ps] end), Ls = [gb_sets:from_list(processes()) || _ <- lists:seq(1, 10)], R = lists:all(fun(P) -> once_gone([gb_sets:is_member(P, L) || L <- Ls]) end, Ps), end_all(Ps), R.
once_gone([true | T]) -> once_gone(T);
once_gone(L) -> not lists:member(true, L).
%% They are killed in order, so a snapshot holds a tail of the list.
processes_in_order() -> Ps = crowd(3000), K = spawn(fun() -> [begin exit(P, kill), until_gone(P) end || P <- Ps] end), Ls = [begin L = gb_sets:from_list(processes()), [gb_sets:is_member(P, L) || P <- Ps] end || _ <- lists:seq(1, 10)], kill(K), end_all(Ps), lists:all(fun tail_only/1, Ls).
until_gone(P) -> case is_process_alive(P) of true -> until_gone(P); false -> ok end.
tail_only([false | T]) -> tail_only(T);
tail_only(L) -> not lists:member(false, L).
process_count() -> in_crowd(1000, fun(_) -> abs(erlang:system_info(process_count) - length(processes())) < 20 end).
alive_count() -> in_crowd(2000, fun(Ps) -> length([P || P <- Ps, is_process_alive(P)]) end).

messages_len() -> with_messages(20000, fun(P) -> info(P, message_queue_len) end).
messages_all() -> with_messages(20000, fun(P) -> info(P, messages) =:= [{msg, I} || I <- lists:seq(1, 20000)] end).
messages_own() -> [self() ! {m, I} || I <- lists:seq(1, 20000)], L = info(self(), messages), [length(L), hd(L), length(drain())].
messages_reductions() -> [self() ! I || I <- lists:seq(1, 20000)], A = info(self(), reductions), info(self(), messages), B = info(self(), reductions), drain(), B - A > 500.
messages_turns() -> with_messages(20000, fun(P) -> turns(fun() -> [info(P, messages) || _ <- lists:seq(1, 10)], done end) end).
messages_both() -> with_messages(10000, fun(P) -> [{messages, L}, {message_queue_len, N}] = process_info(P, [messages, message_queue_len]), length(L) =:= N end).
messages_large() -> P = spawn(fun idle/0), [P ! lists:seq(1, 1000) || _ <- lists:seq(1, 200)], L = info(P, messages), kill(P), [length(L), lists:usort([lists:sum(M) || M <- L])].
messages_binaries() -> P = spawn(fun idle/0), [P ! binary:copy(<<N>>, 1000) || N <- lists:seq(1, 200)], L = info(P, messages), kill(P), lists:sum([byte_size(B) || B <- L]).
messages_suspended() -> P = spawn(fun idle/0), erlang:suspend_process(P), [P ! N || N <- lists:seq(1, 20000)], R = [info(P, message_queue_len), length(info(P, messages))], erlang:resume_process(P), kill(P), R.
messages_flood() -> S = self(), P = spawn(fun() -> receive go -> ok end, S ! {sum, lists:sum(drain())} end), Qs = [spawn(fun() -> [P ! N || N <- lists:seq(1, 5000)], P ! 0, S ! {self(), ok} end) || _ <- lists:seq(1, 10)], [receive {Q, ok} -> ok end || Q <- Qs], P ! go, receive {sum, X} -> X after 20000 -> lost end.
messages_memory() -> P = spawn(fun idle/0), A = info(P, memory), [P ! lists:seq(1, 100) || _ <- lists:seq(1, 1000)], info(P, message_queue_len), B = info(P, memory), kill(P), B - A > 1000 * 200 * 8.
messages_off_heap() -> P = spawn_opt(fun idle/0, [{message_queue_data, off_heap}]), [P ! {m, N} || N <- lists:seq(1, 5000)], R = [info(P, message_queue_len), length(info(P, messages)), info(P, message_queue_data)], kill(P), R.
messages_last() -> with_messages(50000, fun(P) -> lists:last(info(P, messages)) end).

links_many() -> apart(fun() -> Ps = [spawn_link(fun idle/0) || _ <- lists:seq(1, 2000)], L = info(self(), links), [unlink(P) || P <- Ps], M = info(self(), links), end_all(Ps), [Ps -- L, length(M) =< 1] end).
links_memory() -> P = start(), A = info(P, memory), Ps = crowd(500), run(P, fun() -> [link(Q) || Q <- Ps], ok end), B = info(P, memory), kill(P), end_all(Ps), B - A >= 500 * 32.
monitors_many() -> in_crowd(2000, fun(Ps) -> Rs = [monitor(process, P) || P <- Ps], L = [P || {process, P} <- info(self(), monitors)], [demonitor(R) || R <- Rs], [Ps -- L, info(self(), monitors)] end).
monitors_memory() -> P = start(), A = info(P, memory), Ps = crowd(500), run(P, fun() -> [monitor(process, Q) || Q <- Ps], ok end), B = info(P, memory), kill(P), end_all(Ps), B - A >= 500 * 32.
monitored_by_many() -> P = spawn(fun idle/0), Rs = [monitor(process, P) || _ <- lists:seq(1, 3000)], L = info(P, monitored_by), [demonitor(R) || R <- Rs], M = info(P, monitored_by), kill(P), [length(L), lists:usort(L) =:= [self()], M].
monitored_by_memory() -> P = spawn(fun idle/0), A = info(P, memory), Rs = [monitor(process, P) || _ <- lists:seq(1, 500)], B = info(P, memory), [demonitor(R) || R <- Rs], info(P, monitored_by), C = info(P, memory), kill(P), [B - A >= 500 * 32, C < B].
dictionary_many() -> S = self(), P = spawn(fun() -> [put(N, {value, N}) || N <- lists:seq(1, 5000)], S ! ready, idle() end), ready = got(), L = lists:sort(info(P, dictionary)), kill(P), [length(L), hd(L), lists:last(L)].
names_many() -> in_crowd(500, fun(Ps) -> As = [list_to_atom("crowd_" ++ integer_to_list(I)) || I <- lists:seq(1, 500)], [register(A, P) || {A, P} <- lists:zip(As, Ps)], R = registered(), W = [whereis(A) || A <- As] =:= Ps, [As -- R, W] end).
names_gone() -> in_crowd(10, fun(_) -> [N || N <- registered(), lists:prefix("crowd_", atom_to_list(N))] end).
fall_of_many() -> S = self(), P = spawn(fun() -> process_flag(trap_exit, true), Ps = [spawn_link(fun idle/0) || _ <- lists:seq(1, 3000)], S ! {ps, Ps}, idle() end), {ps, Ps} = got(), Rs = [monitor(process, Q) || Q <- Ps], exit(P, kill), [receive {'DOWN', R, _, _, killed} -> ok after 5000 -> lost end || R <- Rs] =:= lists:duplicate(3000, ok).
%% Who watches may come behind the exit.
late(noproc) -> gone; late(W) -> W.
watch_of_many() -> P = spawn(fun idle/0), S = self(), Qs = [spawn(fun() -> R = monitor(process, P), S ! ready, receive {'DOWN', R, _, _, W} -> S ! late(W) end end) || _ <- lists:seq(1, 2000)], [ready = got() || _ <- Qs], exit(P, gone), lists:usort([got() || _ <- Qs]).
collected_while_asked() -> with_messages(5000, fun(P) -> [begin erlang:garbage_collect(P), info(P, message_queue_len) end || _ <- [1, 2, 3]] end).
