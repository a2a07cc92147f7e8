%%% process_flag/2,3: every flag, its old value, what is wrong.
-module(proc_flags).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% In a process of its own.
own(F) -> apart(F).
set(F, V) -> attempt(fun() -> process_flag(F, V) end).

trap_exit() -> own(fun() -> [process_flag(trap_exit, false), process_flag(trap_exit, true), process_flag(trap_exit, true)] end).
trap_exit_bad() -> [set(trap_exit, X) || X <- [1, yes, [], undefined]].
error_handler() -> own(fun() -> [process_flag(error_handler, my_handler), process_flag(error_handler, error_handler), info(self(), error_handler)] end).
error_handler_used() -> reason(fun() -> process_flag(error_handler, ?MODULE), exit(proc_no_such:fn(1, 2)) end).
undefined_function(M, F, A) -> {handled, M, F, A}.
undefined_lambda(M, _, A) -> {lambda, M, A}.
error_handler_missing() -> reason(fun() -> process_flag(error_handler, proc_no_handler), proc_no_such:fn(1) end).
error_handler_bad() -> [set(error_handler, X) || X <- [1, "m", []]].
priority() -> own(fun() -> [process_flag(priority, P) || P <- [low, high, max, normal, normal]] end).
priority_bad() -> [set(priority, X) || X <- [urgent, 1, [], undefined]].
fullsweep() -> own(fun() -> A = process_flag(fullsweep_after, 5), B = process_flag(fullsweep_after, 0), C = process_flag(fullsweep_after, 65535), [A, B, C, info(self(), fullsweep_after)] end).
fullsweep_large() -> own(fun() -> process_flag(fullsweep_after, 65536), A = info(self(), fullsweep_after), process_flag(fullsweep_after, 70000), [A, info(self(), fullsweep_after)] end).
fullsweep_bad() -> [set(fullsweep_after, X) || X <- [-1, a, 1.0, 1 bsl 70]].
min_heap() -> own(fun() -> [process_flag(min_heap_size, N) || N <- [0, 1, 233, 234, 500, 10000, 233]] end).
min_heap_info() -> own(fun() -> process_flag(min_heap_size, 3000), erlang:garbage_collect(), [info(self(), min_heap_size), info(self(), heap_size)] end).
min_heap_bad() -> [set(min_heap_size, X) || X <- [-1, a, 1.0, 1 bsl 70]].
min_bin_vheap() -> own(fun() -> [process_flag(min_bin_vheap_size, N) || N <- [0, 1, 46422, 46423, 100000, 46422]] end).
min_bin_vheap_bad() -> [set(min_bin_vheap_size, X) || X <- [-1, a, 1.0, 1 bsl 70]].
max_heap_old() -> own(fun() -> A = process_flag(max_heap_size, 100000), B = process_flag(max_heap_size, #{size => 200000, kill => false}), C = process_flag(max_heap_size, 0), [A, B, C, info(self(), max_heap_size)] end).
max_heap_defaults() -> own(fun() -> process_flag(max_heap_size, #{size => 200000, kill => false, error_logger => false}), process_flag(max_heap_size, 300000), A = info(self(), max_heap_size), process_flag(max_heap_size, #{size => 400000, kill => false}), process_flag(max_heap_size, #{size => 500000}), [A, info(self(), max_heap_size)] end).
max_heap_bad() -> [set(max_heap_size, X) || X <- [-1, a, #{}, #{size => a}, #{size => 100000, kill => 1}, #{size => 100000, error_logger => 1}, 1, 232, 1 bsl 70, [{size, 1000}]]].
max_heap_shared() -> own(fun() -> attempt(fun() -> process_flag(max_heap_size, #{size => 100000, include_shared_binaries => true}), info(self(), max_heap_size) end) end).
max_heap_below_min() -> own(fun() -> process_flag(min_heap_size, 5000), [set(max_heap_size, 1000), set(max_heap_size, 1000000) =/= x] end).
mq_data() -> own(fun() -> [process_flag(message_queue_data, D) || D <- [off_heap, off_heap, on_heap, on_heap]] end).
mq_data_bad() -> [set(message_queue_data, X) || X <- [mixed, 1, true]].
mq_data_switch() -> own(fun() -> [self() ! {N, lists:seq(1, 20)} || N <- lists:seq(1, 50)], process_flag(message_queue_data, off_heap), [self() ! N || N <- lists:seq(51, 100)], process_flag(message_queue_data, on_heap), erlang:garbage_collect(), [case M of {N, L} -> N + lists:sum(L) - 210; N -> N end || M <- drain()] =:= lists:seq(1, 100) end).
sensitive() -> own(fun() -> [process_flag(sensitive, true), process_flag(sensitive, true), process_flag(sensitive, false), process_flag(sensitive, false)] end).
sensitive_bad() -> [set(sensitive, X) || X <- [1, yes]].
sensitive_hides() -> P = spawn(fun() -> put(k, v), process_flag(sensitive, true), loop() end), until(fun() -> info(P, current_function) =:= {?MODULE, loop, 0} orelse info(P, status) =:= waiting end), P ! m1, R = [process_info(P, I) || I <- [dictionary, messages, message_queue_len, backtrace, current_function, current_stacktrace, current_location, initial_call]], kill(P), R.
save_calls() -> own(fun() -> [process_flag(save_calls, 10), process_flag(save_calls, 0), process_flag(save_calls, 0)] end).
save_calls_bad() -> [set(save_calls, X) || X <- [-1, 10001, a, 1.0, 1 bsl 70]].
save_calls_max() -> own(fun() -> [process_flag(save_calls, 10000), process_flag(save_calls, 0)] end).
async_dist() -> own(fun() -> [set(async_dist, true), set(async_dist, false), set(async_dist, 1)] end).
scheduler_flag() -> own(fun() -> [set(scheduler, X) || X <- [0, -1, a, 100000]] end).
monitor_nodes() -> own(fun() -> [set(monitor_nodes, X) || X <- [true, false, 1]] end).
unknown() -> [set(X, true) || X <- [nonsense, 1, "trap_exit", group_leader]].
f3_save_calls() -> P = start(), R = [attempt(fun() -> process_flag(P, save_calls, N) end) || N <- [5, 0, 7, -1, 10001, a]], kill(P), R.
f3_other_flag() -> P = start(), R = [attempt(fun() -> process_flag(P, F, V) end) || {F, V} <- [{trap_exit, true}, {priority, high}, {nonsense, 1}, {1, 1}]], kill(P), R.
f3_self() -> own(fun() -> [attempt(fun() -> process_flag(self(), F, V) end) || {F, V} <- [{save_calls, 3}, {save_calls, 0}, {trap_exit, true}]] end).
f3_dead() -> [attempt(fun() -> process_flag(X, save_calls, 1) end) || X <- [dead(), id(a), id(1)]].
old_of_each() -> own(fun() -> [{F, process_flag(F, V)} || {F, V} <- [{trap_exit, true}, {error_handler, e}, {priority, normal}, {fullsweep_after, 1}, {min_heap_size, 1}, {min_bin_vheap_size, 1}, {max_heap_size, 0}, {message_queue_data, on_heap}, {sensitive, false}, {save_calls, 0}]] end).
label() -> own(fun() -> A = attempt(fun() -> proc_lib:set_label({my, label}) end), B = attempt(fun() -> proc_lib:get_label(self()) end), [element(1, {A}), B] end).
label_info() -> own(fun() -> attempt(fun() -> proc_lib:set_label(lab), process_info(self(), label) end) end).
priority_of_other() -> P = spawn_opt(fun loop/0, [{priority, low}]), A = info(P, priority), run(P, fun() -> process_flag(priority, high) end), B = info(P, priority), kill(P), {A, B}.
