%%% erlang:memory, statistics, system_flag and system_info as far as they are about processes and the whole VM.
-module(proc_system).
-helpers([busy]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

flag(F, V) -> attempt(fun() -> erlang:system_flag(F, V) end).

memory_keys() -> [K || {K, V} <- erlang:memory(), is_integer(V), V >= 0].
memory_sums() -> M = maps:from_list(erlang:memory()), #{total := T, processes := P, system := S, atom := A, binary := B, code := C, ets := E, processes_used := U, atom_used := Au} = M, [T =:= P + S, U =< P, Au =< A, A + B + C + E =< S, A > 0, C > 0].
memory_one() -> [begin V = erlang:memory(K), is_integer(V) andalso V >= 0 end || K <- [total, processes, processes_used, system, atom, atom_used, binary, code, ets]].
memory_list() -> [[K || {K, _} <- erlang:memory(L)] || L <- [[], [total], [ets, atom], [binary, total, binary]]].
memory_bad() -> [attempt(fun() -> erlang:memory(X) end) || X <- [nonsense, [nonsense], [total | x], 1, "x", maximum]].
err_memory() -> erlang:memory(id(nonsense)).
memory_binary_grows() -> erlang:garbage_collect(), A = erlang:memory(binary), B = binary:copy(<<"x">>, 20000000), C = erlang:memory(binary), [C - A >= 10000000, byte_size(B)].
memory_binary_shrinks() -> apart(fun() -> A = erlang:memory(binary), (fun() -> byte_size(binary:copy(<<"x">>, 5000000)) end)(), erlang:garbage_collect(), until(fun() -> erlang:memory(binary) < A + 1000000 end) end).
memory_processes_grows() -> A = erlang:memory(processes), Ps = [spawn_opt(fun loop/0, [{min_heap_size, 20000}]) || _ <- lists:seq(1, 50)], B = erlang:memory(processes), [kill(P) || P <- Ps], [B - A >= 8000000, until(fun() -> erlang:memory(processes) < A + 4000000 end)].
memory_ets_grows() -> A = erlang:memory(ets), T = ets:new(t, []), [ets:insert(T, {N, lists:seq(1, 10)}) || N <- lists:seq(1, 10000)], B = erlang:memory(ets), ets:delete(T), [B - A >= 1000000, until(fun() -> erlang:memory(ets) < A + 500000 end)].
memory_atom_grows() -> A = erlang:memory(atom_used), [list_to_atom("memory_atom_" ++ integer_to_list(N)) || N <- lists:seq(1, 2000)], erlang:memory(atom_used) - A >= 30000.
%% Memory of what ended before may be given back meanwhile: not the difference is certain, but the sum.
memory_messages() -> P = spawn(fun() -> receive never -> ok end end), [P ! lists:seq(1, 1000) || _ <- lists:seq(1, 200)], B = erlang:memory(processes), kill(P), B >= 3200000.

stat_shapes() -> [begin {A, B} = statistics(I), is_integer(A) andalso is_integer(B) end || I <- [context_switches, reductions, exact_reductions, runtime, wall_clock]].
stat_context() -> element(2, statistics(context_switches)).
stat_gc() -> {A, B, C} = statistics(garbage_collection), [A > 0, B > 0, C].
stat_io() -> {{input, A}, {output, B}} = statistics(io), [is_integer(A), is_integer(B)].
stat_queue() -> [is_integer(statistics(I)) || I <- [run_queue, total_run_queue_lengths, total_run_queue_lengths_all, total_active_tasks, total_active_tasks_all]].
stat_queue_lists() -> [lists:all(fun is_integer/1, statistics(I)) || I <- [run_queue_lengths, run_queue_lengths_all, active_tasks, active_tasks_all]].
stat_active() -> statistics(total_active_tasks) >= 1.
stat_reductions_grow() -> {A, _} = statistics(exact_reductions), lists:sum(lists:seq(1, 100000)), {B, D} = statistics(exact_reductions), [B > A, D > 0].
stat_wall_clock_delta() -> statistics(wall_clock), receive after 30 -> ok end, {_, D} = statistics(wall_clock), D >= 20 andalso D < 5000.
stat_runtime_grows() -> {A, _} = statistics(runtime), lists:sum([X * X || X <- lists:seq(1, 3000000)]), {B, _} = statistics(runtime), B > A.
stat_bad() -> [attempt(fun() -> statistics(X) end) || X <- [nonsense, 1, "x"]].
err_stat() -> statistics(id(nonsense)).
stat_swt_off() -> [statistics(scheduler_wall_time), statistics(scheduler_wall_time_all)].
swt() -> A = erlang:system_flag(scheduler_wall_time, true), L = statistics(scheduler_wall_time), B = erlang:system_flag(scheduler_wall_time, false), [A, B, lists:all(fun({I, X, Y}) -> is_integer(I) andalso X >= 0 andalso X =< Y end, L), statistics(scheduler_wall_time)].
swt_counts() -> [erlang:system_flag(scheduler_wall_time, X) || X <- [true, true, false, false, false]].
swt_owner() -> P = start(), run(P, fun() -> erlang:system_flag(scheduler_wall_time, true) end), A = is_list(statistics(scheduler_wall_time)), kill(P), [A, until(fun() -> statistics(scheduler_wall_time) =:= undefined end)].
swt_bad() -> flag(scheduler_wall_time, 1).
swt_active() -> erlang:system_flag(scheduler_wall_time, true), A = busy(), lists:sum([X * X || X <- lists:seq(1, 2000000)]), B = busy(), erlang:system_flag(scheduler_wall_time, false), B > A.
busy() -> lists:sum([X || {_, X, _} <- statistics(scheduler_wall_time)]).

flag_backtrace_depth() -> A = flag(backtrace_depth, 12), B = flag(backtrace_depth, 8), [A, B, [flag(backtrace_depth, X) || X <- [-1, a, 1.0]]].
flag_backtrace_depth_acts() -> flag(backtrace_depth, 2), L = try deep(10) catch error:_:S -> length(S) end, flag(backtrace_depth, 8), M = try deep(30) catch error:_:T -> length(T) end, [L, M].
deep(0) -> error(x);
deep(N) -> [deep(N - 1)].
flag_backtrace_depth_clamped() -> flag(backtrace_depth, 5000), R = flag(backtrace_depth, 8), R.
flag_fullsweep() -> A = flag(fullsweep_after, 20), S = self(), spawn(fun() -> S ! info(self(), fullsweep_after) end), B = got(), C = flag(fullsweep_after, A), [A, B, C, [flag(fullsweep_after, X) || X <- [-1, a]]].
flag_min_heap() -> A = flag(min_heap_size, 1000), S = self(), spawn(fun() -> S ! info(self(), min_heap_size) end), B = got(), I = erlang:system_info(min_heap_size), C = flag(min_heap_size, A), [A, B, C, I, [flag(min_heap_size, X) || X <- [-1, a]]].
flag_min_bin_vheap() -> A = flag(min_bin_vheap_size, 60000), S = self(), spawn(fun() -> S ! info(self(), min_bin_vheap_size) end), B = got(), C = flag(min_bin_vheap_size, A), [A, B, C, [flag(min_bin_vheap_size, X) || X <- [-1, a]]].
flag_max_heap() -> A = flag(max_heap_size, #{size => 1000000, kill => false}), S = self(), spawn(fun() -> S ! info(self(), max_heap_size) end), B = got(), C = flag(max_heap_size, 0), [A, B, C, flag(max_heap_size, A), [flag(max_heap_size, X) || X <- [-1, a, 100, #{}]]].
flag_max_heap_info() -> [erlang:system_info(max_heap_size)].
flag_outstanding() -> [flag(outstanding_system_requests_limit, X) || X <- [10, 4, 0, -1, a]].
flag_schedulers_online() -> N = erlang:system_info(schedulers), [flag(schedulers_online, N) =:= N, [flag(schedulers_online, X) || X <- [0, -1, a, 100000]]].
flag_multi() -> [flag(multi_scheduling, X) || X <- [nonsense, 1]].
flag_trace_control() -> A = flag(trace_control_word, 7), B = flag(trace_control_word, A), [A, B, [flag(trace_control_word, X) || X <- [-1, a, 1 bsl 32]]].
flag_time_offset() -> [flag(time_offset, X) || X <- [nonsense, 1]].
flag_unknown() -> [flag(X, 1) || X <- [nonsense, 1, "x"]].
err_flag() -> erlang:system_flag(id(nonsense), 1).
err_flag_value() -> erlang:system_flag(fullsweep_after, id(a)).
flag_logger() -> [flag(system_logger, X) || X <- [1, nonsense]].
flag_bind() -> [flag(scheduler_bind_type, X) || X <- [nonsense, 1]].
flag_topology() -> [flag(cpu_topology, X) || X <- [nonsense, 1]].
flag_dirty() -> [flag(dirty_cpu_schedulers_online, X) || X <- [0, -1, a, 100000]].
info_counts() -> [begin V = erlang:system_info(I), is_integer(V) andalso V > 0 end || I <- [process_count, process_limit, atom_count, atom_limit, schedulers, schedulers_online]].
%% Processes of earlier cases may be ending.
info_process_count() -> A = erlang:system_info(process_count), Ps = [start() || _ <- lists:seq(1, 100)], B = erlang:system_info(process_count), [kill(P) || P <- Ps], B - A > 90.
info_alloc_util() -> is_list(erlang:system_info(alloc_util_allocators)).
info_procs() -> is_binary(erlang:system_info(procs)).
info_loaded() -> is_binary(erlang:system_info(loaded)).
info_gc() -> [K || {K, _} <- erlang:system_info(garbage_collection)].
info_bad() -> [attempt(fun() -> erlang:system_info(X) end) || X <- [nonsense, 1, "x", {nonsense, 1}, {wordsize, x}]].
