%%% process_info/1,2: every item, of the caller and of others; processes/0 and its kin.
-module(proc_info).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% A value where it does not depend on sizes, else its shape.
form(V) when is_integer(V), V >= 0 -> number;
form(V) -> V.
keys(L) -> [K || {K, _} <- L].
bad(I) -> attempt(fun() -> process_info(self(), I) end).
with(F) -> P = start(), until(fun() -> info(P, status) =:= waiting end), R = F(P), kill(P), R.

all_keys_self() -> keys(process_info(self())).
all_keys_other() -> with(fun(P) -> keys(process_info(P)) end).
all_values_other() -> with(fun(P) -> [{K, form(V)} || {K, V} <- process_info(P), not lists:member(K, [group_leader, garbage_collection, reductions, suspending])] end).
all_keys_named() -> P = start(), register(pi_all, P), R = hd(process_info(P)), kill(P), R.
each_self() -> apart(fun() -> [{I, form(info(self(), I))} || I <- [message_queue_len, links, dictionary, trap_exit, error_handler, priority, total_heap_size, heap_size, stack_size, reductions, suspending, messages, monitors, monitored_by, memory, trace, binary, sequential_trace_token, catchlevel, last_calls, min_heap_size, min_bin_vheap_size, fullsweep_after, message_queue_data, magic_ref, status]] -- [{monitored_by, []}] end) =/= x.
each_other() -> with(fun(P) -> [{I, form(info(P, I))} || I <- [message_queue_len, links, dictionary, trap_exit, error_handler, priority, total_heap_size, heap_size, stack_size, reductions, suspending, messages, monitors, monitored_by, memory, trace, binary, sequential_trace_token, catchlevel, last_calls, min_heap_size, min_bin_vheap_size, fullsweep_after, message_queue_data, magic_ref, status, current_function, initial_call]] end).
each_dead() -> P = dead(), [process_info(P, I) || I <- [status, registered_name, messages, links, memory, dictionary, backtrace]].
dead_1() -> process_info(dead()).
dead_list() -> process_info(dead(), [status, links]).
dead_list_empty() -> process_info(dead(), []).
dead_bad_item() -> P = dead(), [attempt(fun() -> process_info(P, I) end) || I <- [nonsense, [status, nonsense], 1]].
list_empty() -> process_info(self(), []).
list_two() -> process_info(self(), [status, trap_exit]).
list_order() -> keys(process_info(self(), [trap_exit, status, links, priority, dictionary])).
list_double() -> process_info(self(), [trap_exit, trap_exit, status]).
list_name_none() -> process_info(self(), [registered_name, trap_exit]).
list_name() -> apart(fun() -> register(pi_list, self()), process_info(self(), [registered_name, trap_exit]) end).
name_none() -> process_info(self(), registered_name).
name_none_other() -> with(fun(P) -> {process_info(P, registered_name), process_info(P, [registered_name])} end).
name_unregistered() -> apart(fun() -> register(pi_un, self()), A = process_info(self(), registered_name), unregister(pi_un), [A, process_info(self(), registered_name)] end).
bad_items() -> [bad(I) || I <- [nonsense, 1, "x", {a, b}, {dictionary}, [nonsense], [status | x], [status, 1], <<>>, #{}]].
bad_pids() -> [attempt(fun() -> process_info(P, status) end) || P <- [a, 1, make_ref(), "x", undefined]].
bad_pids_1() -> [attempt(fun() -> process_info(P) end) || P <- [a, 1, make_ref()]].
err_trace() -> process_info(id(a), status).
err_trace_item() -> process_info(self(), id(nonsense)).
dictionary_key() -> apart(fun() -> put(a, 1), put({b}, 2), [attempt(fun() -> process_info(self(), K) end) || K <- [{dictionary, a}, {dictionary, {b}}, {dictionary, none}, [{dictionary, a}, status]]] end).
dictionary_key_other() -> P = spawn(fun() -> put(k, v), loop() end), until(fun() -> info(P, status) =:= waiting end), R = attempt(fun() -> process_info(P, [{dictionary, k}, {dictionary, z}]) end), kill(P), R.
dictionary_other() -> P = spawn(fun() -> put(k, v), loop() end), until(fun() -> info(P, status) =:= waiting end), R = info(P, dictionary), kill(P), R.
messages_other() -> P = spawn(fun() -> receive stop -> ok end end), [P ! M || M <- [a, {b, "c"}, <<"d">>]], R = {process_info(P, messages), process_info(P, message_queue_len)}, kill(P), R.
messages_self() -> self() ! a, self() ! b, R = process_info(self(), [message_queue_len, messages]), drain(), R.
messages_order() -> S = self(), P = spawn(fun() -> S ! ready, receive never -> ok end end), got(), [P ! N || N <- lists:seq(1, 10)], R = info(P, messages), kill(P), R.
links_other() -> apart(fun() -> P = spawn_link(fun loop/0), R = info(P, links) =:= [self()], unlink(P), [R, info(P, links)] end).
links_many() -> apart(fun() -> Ps = [spawn_link(fun loop/0) || _ <- lists:seq(1, 50)], R = lists:sort(info(self(), links)) =:= lists:sort(Ps), R end).
trap_exit_other() -> P = spawn(fun() -> process_flag(trap_exit, true), loop() end), until(fun() -> info(P, status) =:= waiting end), R = info(P, trap_exit), kill(P), R.
status_waiting() -> with(fun(P) -> info(P, status) end).
status_running_self() -> info(self(), status).
status_suspended() -> with(fun(P) -> erlang:suspend_process(P), R = info(P, status), erlang:resume_process(P), R end).
status_garbage() -> with(fun(P) -> [erlang:garbage_collect(P), info(P, status)] end).
current_function_self() -> info(self(), current_function).
current_function_other() -> with(fun(P) -> info(P, current_function) end).
current_location_other() -> with(fun(P) -> {M, F, A, L} = info(P, current_location), {M, F, A, lists:sort([K || {K, _} <- L])} end).
current_stacktrace_other() -> with(fun(P) -> [{M, F, A} || {M, F, A, _} <- info(P, current_stacktrace)] end).
current_stacktrace_self() -> hd([{M, F, A} || {M, F, A, _} <- info(self(), current_stacktrace)]).
current_function_receive() -> P = spawn(?MODULE, waits, [1, 2]), until(fun() -> info(P, status) =:= waiting end), R = [info(P, current_function), info(P, initial_call)], kill(P), R.
waits(_, _) -> receive never -> ok end.
current_function_hibernate() -> P = spawn(fun() -> erlang:hibernate(?MODULE, waits, [1, 2]) end), until(fun() -> info(P, status) =:= waiting end), R = [info(P, current_function), [{M, F, A} || {M, F, A, _} <- info(P, current_stacktrace)], info(P, initial_call)], kill(P), R.
backtrace_type() -> {is_binary(info(self(), backtrace)), with(fun(P) -> is_binary(info(P, backtrace)) end)}.
catchlevel() -> P = spawn(fun() -> catch (try loop() after ok end) end), until(fun() -> info(P, status) =:= waiting end), R = info(P, catchlevel), kill(P), R.
binary_refs() -> apart(fun() -> B = binary:copy(<<"x">>, 1000), erlang:garbage_collect(), L = info(self(), binary), R = [{Size, N} || {_, Size, N} <- L, Size =:= 1000], [R, byte_size(B)] end).
magic_ref() -> apart(fun() -> C = atomics:new(1, []), L = info(self(), magic_ref), [length(L), atomics:get(C, 1)] end).
min_sizes() -> with(fun(P) -> [info(P, I) || I <- [min_heap_size, min_bin_vheap_size, max_heap_size, fullsweep_after]] end).
garbage_collection() -> with(fun(P) -> info(P, garbage_collection) end).
garbage_collection_info() -> with(fun(P) -> [{K, is_integer(V)} || {K, V} <- info(P, garbage_collection_info)] end).
suspending_none() -> info(self(), suspending).
suspending_some() -> with(fun(P) -> erlang:suspend_process(P), erlang:suspend_process(P), [{Q, A, O}] = info(self(), suspending), erlang:resume_process(P), erlang:resume_process(P), [Q =:= P, A, O, info(self(), suspending)] end).
group_leader_other() -> with(fun(P) -> info(P, group_leader) =:= group_leader() end).
parent() -> [info(self(), parent) =/= self(), with(fun(P) -> info(P, parent) =:= self() end)].
memory_grows() -> apart(fun() -> A = info(self(), memory), L = lists:seq(1, 100000), B = info(self(), memory), R = B - A >= 1600000, R andalso length(L) end).
memory_relation() -> with(fun(P) -> [{memory, M}, {total_heap_size, T}] = process_info(P, [memory, total_heap_size]), M > 8 * T andalso M < 8 * T + 4000 end).
memory_message() -> P = spawn(fun() -> receive never -> ok end end), until(fun() -> info(P, status) =:= waiting end), A = info(P, memory), P ! lists:seq(1, 10000), B = info(P, memory), kill(P), B - A >= 160000.
memory_off_heap_message() -> P = spawn_opt(fun() -> receive never -> ok end end, [{message_queue_data, off_heap}]), until(fun() -> info(P, status) =:= waiting end), A = process_info(P, [memory, total_heap_size]), P ! lists:seq(1, 10000), B = process_info(P, [memory, total_heap_size]), kill(P), {element(2, hd(B)) - element(2, hd(A)) >= 160000, element(2, lists:last(B)) - element(2, lists:last(A)) >= 20000}.
reductions_grow() -> A = info(self(), reductions), lists:sum(lists:seq(1, 10000)), B = info(self(), reductions), B > A.
exits_while_asked() -> [begin P = start(), P ! stop, X = process_info(P, trap_exit), lists:member(X, [undefined, {trap_exit, false}]) end || _ <- lists:seq(1, 20)].
order_with_messages() -> P = start(), P ! {run, fun() -> put(a, 1) end, self()}, receive {ran, P, _} -> ok end, R = info(P, dictionary), kill(P), R.
after_exit_signal() -> P = start(), exit(P, bye), [process_info(P, status), is_process_alive(P)].
processes_list() -> P = start(), A = lists:member(P, processes()), kill(P), [A, lists:member(P, processes()), lists:all(fun is_pid/1, processes())].
processes_unique() -> L = processes(), length(L) =:= length(lists:usort(L)).
processes_many() -> Ps = [start() || _ <- lists:seq(1, 300)], L = processes(), R = Ps -- L, [kill(P) || P <- Ps], M = processes(), {R, [P || P <- Ps, lists:member(P, M)]}.
iterator() -> attempt(fun() -> Ps = [start() || _ <- lists:seq(1, 50)], It = fun It(I) -> case erlang:processes_next(I) of none -> []; {P, J} -> [P | It(J)] end end, L = It(erlang:processes_iterator()), [kill(P) || P <- Ps], {Ps -- L, length(L) =:= length(lists:usort(L))} end).
iterator_bad() -> attempt(fun() -> erlang:processes_next(id(a)) end).
alive() -> P = start(), A = is_process_alive(P), exit(P, kill), [A, is_process_alive(P), is_process_alive(self())].
alive_bad() -> [attempt(fun() -> is_process_alive(X) end) || X <- [a, 1, make_ref()]].
alive_exit_order() -> [begin P = start(), exit(P, x), is_process_alive(P) end || _ <- lists:seq(1, 50)] =:= lists:duplicate(50, false).
system_process() -> [attempt(fun() -> erts_internal:is_system_process(X) end) || X <- [self(), a]].
dictionary_edges() -> apart(fun() -> [put(K, V) || {K, V} <- [{[], 1}, {{}, 2}, {<<>>, 3}, {1 bsl 100, 4}, {-0.0, 5}, {"x", 6}]], A = [get(K) || K <- [[], {}, <<>>, 1 bsl 100, "x"]], B = lists:sort(erase()), [A, length(B), get(), erase(), erase(none), get_keys(), get_keys(1)] end).
dictionary_replace_many() -> apart(fun() -> [put(N rem 100, N) || N <- lists:seq(1, 10000)], {length(get()), lists:sum([V || {_, V} <- get()]), [erase(N) || N <- lists:seq(0, 99)] =/= [], get()} end).
