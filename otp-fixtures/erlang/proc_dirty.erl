%%% Natives on dirty schedulers, signals to the processes that run them, blocking of schedulers, microstate accounting.
-module(proc_dirty).
-helpers([many]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% A process in dirty code for at least this time; it is there when this returns.
busy(How, Ms) -> P = spawn(fun() -> in_dirty(How, Ms) end), ok = until(fun() -> erts_internal:is_process_executing_dirty(P) end), P.
in_dirty(cpu, Ms) -> erts_debug:dirty_cpu(wait, Ms);
in_dirty(io, Ms) -> erts_debug:dirty_io(wait, Ms).
%% Value of a fun, and whether it came while the process was in dirty code still.
meanwhile(How, F) -> P = busy(How, case How of cpu -> 800; io -> 1500 end), V = F(P), D = erts_internal:is_process_executing_dirty(P), exit(P, kill), {V, D}.

type() -> [erts_debug:dirty_cpu(scheduler, type), erts_debug:dirty_io(scheduler, type), erts_debug:dirty(normal, scheduler, type)].
type_by_name() -> [erts_debug:dirty(dirty_cpu, scheduler, type), erts_debug:dirty(dirty_io, scheduler, type)].
type_after() -> erts_debug:dirty_io(scheduler, type), [erts_debug:dirty(normal, scheduler, type), erts_debug:dirty_cpu(scheduler, type)].
type_bad() -> [attempt(fun() -> erts_debug:F(scheduler, x) end) || F <- [dirty_cpu, dirty_io]].
errors_cpu() -> [attempt(fun() -> erts_debug:dirty_cpu(error, E) end) || E <- [notsup, undef, badarith, noproc, system_limit, badarg, other]].
errors_io() -> [attempt(fun() -> erts_debug:dirty_io(error, E) end) || E <- [notsup, undef, badarith, noproc, system_limit, badarg, other]].
bad_operation() -> [attempt(fun() -> erts_debug:dirty_cpu(A, B) end) || {A, B} <- [{x, 1}, {1, x}, {wait, x}, {reschedule, -1}, {reschedule, x}]].
bad_scheduler() -> [attempt(fun() -> erts_debug:dirty(S, scheduler, type) end) || S <- [x, 1, cpu]].
copy() -> L = erts_debug:dirty_cpu(copy, {a, [1, 2], <<"bin">>}), [length(L), lists:usort(L)].
copy_large() -> L = erts_debug:dirty_io(copy, lists:seq(1, 100)), [length(L), lists:sum([lists:sum(X) || X <- L])].
copy_normal() -> length(erts_debug:dirty(normal, copy, "text")).
send() -> S = self(), [erts_debug:dirty_cpu(send, S), erts_debug:dirty_io(send, S), [{T, P =:= S} || {T, P} <- drain()]].
send_dead() -> erts_debug:dirty_io(send, dead()).
send_other() -> S = self(), P = spawn(fun() -> S ! got() end), erts_debug:dirty_cpu(send, P), {T, Q} = got(), {T, Q =:= S}.
wait_negative() -> [erts_debug:dirty_io(wait, -5), erts_debug:dirty_cpu(wait, 0)].
wait_takes_its_time() -> [begin A = erlang:monotonic_time(millisecond), ok = in_dirty(H, 30), erlang:monotonic_time(millisecond) - A >= 30 end || H <- [cpu, io]].
reschedule() -> [erts_debug:F(reschedule, N) || F <- [dirty_cpu, dirty_io], N <- [0, 2, 4, 6, 8, 20, 64]].
reschedule_normal() -> [erts_debug:dirty(normal, reschedule, N) || N <- [0, 2, 4, 64]].
reschedule_many() -> S = self(), Ps = [spawn(fun() -> S ! {self(), erts_debug:dirty_cpu(reschedule, 100)} end) || _ <- lists:seq(1, 50)], [receive {P, R} -> R after 10000 -> lost end || P <- Ps] =:= lists:duplicate(50, ok).
more_than_there_are() -> S = self(), Ps = [spawn(fun() -> S ! {self(), erts_debug:dirty_io(wait, 20)} end) || _ <- lists:seq(1, 40)], lists:usort([receive {P, R} -> R after 10000 -> lost end || P <- Ps]).
more_than_there_are_killed() -> Ps = [spawn(fun() -> erts_debug:dirty_io(wait, 200) end) || _ <- lists:seq(1, 40)], [exit(P, kill) || P <- Ps], S = self(), spawn(fun() -> S ! erts_debug:dirty_io(wait, 1) end), got().
many_killed_while_they_wait() -> Ps = [spawn(fun() -> erts_debug:dirty_io(wait, 100) end) || _ <- lists:seq(1, 400)], tick(), [exit(P, kill) || P <- Ps], S = self(), spawn(fun() -> S ! erts_debug:dirty_io(wait, 1) end), got().
waiting_gets_messages() -> Ps = [spawn(fun() -> erts_debug:dirty_io(wait, 100) end) || _ <- lists:seq(1, 10)], S = self(), P = spawn(fun() -> ok = erts_debug:dirty_io(wait, 1), S ! {done, [got() || _ <- lists:seq(1, 20)]} end), [begin P ! N, erlang:yield() end || N <- lists:seq(1, 20)], {done, L} = got(), [down(X) || X <- Ps], L =:= lists:seq(1, 20).

is_dirty() -> [begin P = busy(H, 500), down(P), erts_internal:is_process_executing_dirty(P) end || H <- [cpu, io]].
alive_cpu() -> meanwhile(cpu, fun is_process_alive/1).
alive_io() -> meanwhile(io, fun is_process_alive/1).
info_cpu() -> meanwhile(cpu, fun(P) -> P ! a, P ! b, process_info(P, [messages, message_queue_len, status, links, priority, trap_exit]) end).
info_io() -> meanwhile(io, fun(P) -> P ! a, P ! b, process_info(P, [messages, message_queue_len, status, links, priority, trap_exit]) end).
info_initial_call() -> meanwhile(io, fun(P) -> info(P, initial_call) end).
info_reductions() -> meanwhile(io, fun(P) -> is_integer(info(P, reductions)) end).
links() -> meanwhile(io, fun(P) -> link(P), A = info(P, links) =:= [self()], unlink(P), {A, info(P, links)} end).
monitors() -> meanwhile(cpu, fun(P) -> R = monitor(process, P), A = info(P, monitored_by) =:= [self()], demonitor(R), {A, info(P, monitored_by)} end).
many_signals() -> meanwhile(io, fun(P) -> [begin link(P), unlink(P) end || _ <- lists:seq(1, 1000)], {info(P, links), is_process_alive(P)} end).
many_askers() -> meanwhile(io, fun(P) -> S = self(), Qs = [spawn(fun() -> S ! {self(), info(P, message_queue_len)} end) || _ <- lists:seq(1, 50)], lists:usort([receive {Q, N} -> N after 5000 -> lost end || Q <- Qs]) end).
killed_cpu() -> meanwhile(cpu, fun(P) -> [kill(P), is_process_alive(P), process_info(P), lists:member(P, processes())] end).
killed_io() -> meanwhile(io, fun(P) -> [kill(P), is_process_alive(P), process_info(P), lists:member(P, processes())] end).
exit_signal() -> meanwhile(io, fun(P) -> down(P, fun() -> exit(P, because) end) end).
exit_normal_ignored() -> meanwhile(io, fun(P) -> exit(P, normal), is_process_alive(P) end).
trapping() -> S = self(), P = spawn(fun() -> process_flag(trap_exit, true), S ! go, erts_debug:dirty_io(wait, 300), S ! [element(3, M) || M <- drain()] end), go = got(), exit(P, one), exit(P, two), A = is_process_alive(P), [A, got()].
linked_dies() -> P = spawn(fun() -> receive stop -> exit(bad) end end), S = self(), Q = spawn(fun() -> link(P), S ! go, erts_debug:dirty_io(wait, 2000) end), go = got(), down(Q, fun() -> P ! stop end).
dies_with_links() -> apart(fun() -> P = spawn(fun() -> erts_debug:dirty_io(wait, 2000) end), link(P), until(fun() -> erts_internal:is_process_executing_dirty(P) end), exit(P, gone), receive {'EXIT', P, R} -> R after 1000 -> late end end).
dies_with_a_name() -> P = busy(io, 1000), register(pd_name, P), A = kill(P), [A, whereis(pd_name), register(pd_name, self()), unregister(pd_name)].
dies_with_a_table() -> P = spawn(fun() -> ets:new(pd_table, [named_table, public]), erts_debug:dirty_io(wait, 1000) end), until(fun() -> ets:whereis(pd_table) =/= undefined end), A = kill(P), [A, until(fun() -> ets:whereis(pd_table) =:= undefined end)].
alive_waitexiting() -> [begin S = self(), P = spawn(fun() -> erts_debug:F(alive_waitexiting, S) end), receive {alive, P} -> ok end, A = is_process_alive(P), exit(P, kill), [A, down(P) =:= noproc orelse down(P), is_process_alive(P), process_info(P), lists:member(P, processes())] end || F <- [dirty_cpu, dirty_io]].
suspended() -> meanwhile(io, fun(P) -> erlang:suspend_process(P, [asynchronous]), erlang:resume_process(P) end).
group_leader_changed() -> S = self(), meanwhile(io, fun(P) -> group_leader(S, P), info(P, group_leader) =:= S end).
collected() -> P = spawn(fun() -> in_dirty(io, 50), loop() end), until(fun() -> erts_internal:is_process_executing_dirty(P) end), R = [erlang:garbage_collect(P), is_process_alive(P)], kill(P), R.
%% A large collection waits for a dirty scheduler; others run meanwhile.
waits_for_place(F) -> S = self(), Ps = [busy(cpu, 1500) || _ <- lists:seq(1, erlang:system_info(dirty_cpu_schedulers_online))], spawn(fun() -> S ! {done, F()} end), A = receive {done, _} -> early after 700 -> waits end, [exit(P, kill) || P <- Ps], [A, receive {done, V} -> V after 10000 -> never end].
collection_waits() -> waits_for_place(fun() -> L = lists:seq(1, 1000000), erlang:garbage_collect(), length(L) end).
collections_at_once() -> S = self(), Ps = [spawn(fun() -> L = lists:seq(1, 200000), [erlang:garbage_collect() || _ <- [1, 2, 3]], S ! {self(), lists:sum(L)} end) || _ <- lists:seq(1, 100)], lists:usort([receive {P, V} -> V after 30000 -> lost end || P <- Ps]).
copies_at_once() -> S = self(), L = lists:seq(1, 100000), Ps = [spawn(fun() -> S ! {self(), L} end) || _ <- lists:seq(1, 80)], lists:usort([receive {P, V} -> lists:sum(V) after 30000 -> lost end || P <- Ps]).
ends_at_once() -> Ps = [spawn(fun() -> L = lists:seq(1, 300000), receive stop -> L end end) || _ <- lists:seq(1, 40)], [exit(P, kill) || P <- Ps], lists:usort([down(P) =:= noproc orelse down(P) || P <- Ps]).
code_checked() -> meanwhile(io, fun(P) -> erlang:check_process_code(P, lists) end).
timer_while_dirty() -> S = self(), P = spawn(fun() -> S ! go, erts_debug:dirty_io(wait, 50), S ! got() end), go = got(), erlang:send_after(5, P, from_timer), got().
receive_after_dirty() -> [erts_debug:dirty_io(wait, 5), receive x -> x after 10 -> timeout end].
heap_kept() -> L = lists:seq(1, 10000), M = #{a => L}, erts_debug:dirty_cpu(wait, 5), [erts_debug:dirty_io(send, self()) || _ <- [1, 2, 3]], [lists:sum(L), maps:get(a, M) =:= L, length(drain())].
handlers_only() -> [attempt(fun() -> erts_internal:dirty_process_handle_signals(X) end) || X <- [self(), a]].
handlers_only_code() -> [attempt(fun() -> erts_internal:check_dirty_process_code(X, lists) end) || X <- [self(), a]].

msacc_off() -> lists:usort([lists:usort(maps:values(maps:get(counters, M))) || M <- erlang:statistics(microstate_accounting)]).
msacc_values() -> [erlang:system_flag(microstate_accounting, V) || V <- [false, true, true, reset, reset, false, false]].
msacc_bad() -> [attempt(fun() -> erlang:system_flag(microstate_accounting, V) end) || V <- [x, 1, "true"]].
msacc_shape() -> L = erlang:statistics(microstate_accounting), [lists:usort([lists:sort(maps:keys(M)) || M <- L]), lists:usort([lists:sort(maps:keys(maps:get(counters, M))) || M <- L])].
msacc_schedulers() -> L = erlang:statistics(microstate_accounting), N = erlang:system_info(schedulers), lists:sort([I || #{type := scheduler, id := I} <- L]) =:= lists:seq(1, N).
msacc_dirty() -> L = erlang:statistics(microstate_accounting), [lists:sort([I || #{type := T, id := I} <- L, T =:= K]) =:= lists:seq(1, erlang:system_info(N)) || {K, N} <- [{dirty_cpu_scheduler, dirty_cpu_schedulers}, {dirty_io_scheduler, dirty_io_schedulers}]].
msacc_sum(Type, State) -> lists:sum([maps:get(State, C) || #{type := T, counters := C} <- erlang:statistics(microstate_accounting), T =:= Type]).
msacc_counts(F) -> erlang:system_flag(microstate_accounting, reset), erlang:system_flag(microstate_accounting, true), R = F(), erlang:system_flag(microstate_accounting, false), erlang:system_flag(microstate_accounting, reset), R.
msacc_emulator() -> msacc_counts(fun() -> [lists:sum(lists:seq(1, 1000)) || _ <- lists:seq(1, 1000)], tick(), erlang:convert_time_unit(msacc_sum(scheduler, emulator), perf_counter, microsecond) > 100 end).
msacc_gc() -> msacc_counts(fun() -> L = lists:seq(1, 100000), [erlang:garbage_collect() || _ <- lists:seq(1, 10)], tick(), hd(L) =:= 1 andalso msacc_sum(scheduler, gc) + msacc_sum(dirty_cpu_scheduler, gc) > 0 end).
msacc_sleep() -> msacc_counts(fun() -> receive after 100 -> ok end, erlang:convert_time_unit(msacc_sum(scheduler, sleep), perf_counter, millisecond) > 20 end).
msacc_dirty_io() -> msacc_counts(fun() -> erts_debug:dirty_io(wait, 30), erlang:convert_time_unit(msacc_sum(dirty_io_scheduler, emulator), perf_counter, millisecond) >= 29 end).

%% Without other schedulers there is nothing to block: `disabled` counts as the answer that would be.
many() -> erlang:system_info(schedulers) > 1.
blocked(F) -> case many() of true -> F(); false -> skipped end.
flag(V) -> erlang:system_flag(multi_scheduling, V).
block_basic() -> blocked(fun() -> [flag(block), erlang:system_info(multi_scheduling), erlang:system_info(multi_scheduling_blockers) =:= [self()], flag(unblock), erlang:system_info(multi_scheduling), erlang:system_info(multi_scheduling_blockers)] end) =/= x.
block_states() -> V = [flag(X) || X <- [block, block, block_normal, unblock, unblock, unblock, unblock_normal, unblock_normal]], V =:= [blocked, blocked, blocked, blocked, blocked_normal, blocked_normal, enabled, enabled] orelse (not many() andalso lists:usort(V) =:= [disabled]) orelse V.
block_bad() -> [attempt(fun() -> flag(V) end) || V <- [x, 1, []]].
block_lists() -> V = [begin flag(B), L = [erlang:system_info(I) =:= [self()] || I <- [multi_scheduling_blockers, normal_multi_scheduling_blockers]], flag(U), L end || {B, U} <- [{block, unblock}, {block_normal, unblock_normal}]], V =:= [[true, false], [false, true]] orelse not many() orelse V.
block_exit() -> S = self(), P = spawn(fun() -> S ! flag(block), receive stop -> ok end end), got(), stop(P), until(fun() -> lists:member(erlang:system_info(multi_scheduling), [enabled, disabled]) end).
block_two() -> S = self(), Ps = [spawn(fun() -> S ! flag(block), receive stop -> flag(unblock) end end) || _ <- [1, 2]], R = lists:usort([got(), got()]), [stop(P) || P <- Ps], [R =:= [blocked] orelse R =:= [disabled], until(fun() -> lists:member(erlang:system_info(multi_scheduling), [enabled, disabled]) end)].
block_alone() -> C = atomics:new(1, []), Ps = [spawn(fun() -> count(C) end) || _ <- [1, 2, 3, 4]], flag(block), A = atomics:get(C, 1), spin(3000), B = atomics:get(C, 1), flag(unblock), R = until(fun() -> atomics:get(C, 1) > B end), [exit(P, kill) || P <- Ps], [R, not many() orelse B - A < 100000].
count(C) -> atomics:add(C, 1, 1), count(C).
spin(0) -> ok;
spin(N) -> spin(N - 1).
block_work_goes_on() -> flag(block), S = self(), Ps = [spawn(fun() -> S ! {self(), lists:sum(lists:seq(1, N))} end) || N <- lists:seq(1, 100)], R = lists:sum([receive {P, X} -> X end || P <- Ps]), flag(unblock), R.
block_timers() -> flag(block), erlang:send_after(5, self(), x), R = receive x -> x after 1000 -> none end, flag(unblock), R.
block_schedulers_state() -> flag(block_normal), {_, _, A} = erlang:system_info(schedulers_state), flag(unblock_normal), A.
block_dirty() -> flag(block_normal), R = erts_debug:dirty_io(wait, 1), flag(unblock_normal), R.
queue_lengths() -> N = erlang:system_info(schedulers), [length(erlang:statistics(run_queue_lengths)) - N, length(erlang:statistics(run_queue_lengths_all)) - N, length(erlang:statistics(active_tasks)) - N, length(erlang:statistics(active_tasks_all)) - N].
current_native() -> P = busy(io, 1500), V = process_info(P, [current_function, status]), exit(P, kill), V.
suspended_when_done() ->
    {P, M} = spawn_monitor(fun() -> erts_debug:dirty_io(wait, 1000), exit(done) end), ok = until(fun() -> erts_internal:is_process_executing_dirty(P) end),
    true = erlang:suspend_process(P, [asynchronous]), S = process_info(P, status), ok = until(fun() -> process_info(P, status) =:= {status, suspended} end),
    true = erlang:resume_process(P), [S, receive {'DOWN', M, _, _, R} -> R end].
reschedule_bad() -> [try erts_debug:F(reschedule, 5) catch error:badarg:S -> hd(S) end || F <- [dirty_cpu, dirty_io]].
