%%% spawn_opt with every option, spawn_request, and what is wrong with options.
-module(proc_spawn_opts).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% What a process with these options says about itself.
told(Opts, F) ->
    S = self(),
    X = spawn_opt(fun() -> S ! {told, F()} end, Opts),
    R = receive {told, V} -> V after 2000 -> none end,
    case X of {_, Ref} -> receive {'DOWN', Ref, _, _, _} -> ok end; _ -> ok end,
    R.
asks(Opts, I) -> told(Opts, fun() -> info(self(), I) end).
bad(Opts) -> attempt(fun() -> spawn_opt(fun() -> ok end, Opts) end).
bad3(Opts) -> attempt(fun() -> spawn_opt(?MODULE, id, [x], Opts) end).

none() -> is_pid(spawn_opt(fun() -> ok end, [])).
link() -> apart(fun() -> P = spawn_opt(fun() -> exit(l) end, [link]), receive {'EXIT', P, W} -> W end end).
monitor() -> {P, R} = spawn_opt(fun() -> exit(m) end, [monitor]), receive {'DOWN', R, process, P, W} -> W end.
monitor_opts_empty() -> {P, R} = spawn_opt(fun() -> exit(m) end, [{monitor, []}]), receive {'DOWN', R, process, P, W} -> W end.
monitor_tag() -> {P, R} = spawn_opt(fun() -> exit(m) end, [{monitor, [{tag, {a, b}}]}]), receive {{a, b}, R, process, P, W} -> W end.
link_and_monitor() -> apart(fun() -> {P, R} = spawn_opt(fun() -> exit(lm) end, [monitor, link]), lists:sort([receive {'DOWN', R, process, P, A} -> {down, A} end, receive {'EXIT', P, B} -> {exit, B} end]) end).
link_twice() -> apart(fun() -> P = spawn_opt(fun() -> exit(l) end, [link, link]), [receive {'EXIT', P, W} -> W end, drain()] end).
monitor_twice() -> {P, R} = spawn_opt(fun() -> exit(m) end, [monitor, monitor]), [receive {'DOWN', R, process, P, W} -> W end, drain()].
monitor_twice_tag_last() -> {P, R} = spawn_opt(fun() -> exit(m) end, [{monitor, [{tag, t}]}, monitor]), [receive {T, R, process, P, W} -> {T, W} end, drain()].
priorities() -> [asks([{priority, P}], priority) || P <- [low, normal, high, max]].
priority_last() -> asks([{priority, low}, {priority, high}], priority).
fullsweep() -> [proplists:get_value(fullsweep_after, asks([{fullsweep_after, N}], garbage_collection)) || N <- [0, 1, 10, 65535]].
fullsweep_large() -> [asks([{fullsweep_after, N}], fullsweep_after) || N <- [65536, 100000]].
min_heap() -> [proplists:get_value(min_heap_size, asks([{min_heap_size, N}], garbage_collection)) || N <- [0, 1, 233, 234, 1000, 5000, 100000]].
min_heap_acts() -> asks([{min_heap_size, 5000}], heap_size).
min_bin_vheap() -> [proplists:get_value(min_bin_vheap_size, asks([{min_bin_vheap_size, N}], garbage_collection)) || N <- [0, 1, 46422, 50000, 1000000]].
max_heap_int() -> asks([{max_heap_size, 100000}], max_heap_size).
max_heap_zero() -> asks([{max_heap_size, 0}], max_heap_size).
max_heap_map() -> asks([{max_heap_size, #{size => 50000, kill => false, error_logger => false}}], max_heap_size).
max_heap_map_size() -> asks([{max_heap_size, #{size => 50000}}], max_heap_size).
max_heap_map_extra() -> attempt(fun() -> asks([{max_heap_size, #{size => 50000, other => 1}}], max_heap_size) end).
max_heap_garbage() -> asks([{max_heap_size, 50000}], garbage_collection).
err_max_heap_no_size() -> bad([{max_heap_size, #{kill => true}}]).
err_max_heap_kill() -> bad([{max_heap_size, #{size => 50000, kill => x}}]).
err_max_heap_size() -> [bad([{max_heap_size, X}]) || X <- [-1, a, 1.0, 1 bsl 70, #{size => -1}]].
err_max_heap_below_min() -> [bad([{max_heap_size, 100}]), bad([{max_heap_size, 232}]), is_pid(bad([{max_heap_size, 233}])), bad([{min_heap_size, 5000}, {max_heap_size, 1000}]), bad([{max_heap_size, 1000}, {min_heap_size, 5000}])].
mq_data() -> [asks([{message_queue_data, D}], message_queue_data) || D <- [on_heap, off_heap]].
mq_data_messages() -> P = spawn_opt(fun() -> receive stop -> ok end end, [{message_queue_data, off_heap}]), [P ! {N, lists:seq(1, N)} || N <- lists:seq(1, 20)], L = info(P, messages), X = {length(L), lists:last(L) =:= {20, lists:seq(1, 20)}, info(P, message_queue_len)}, kill(P), X.
async_dist() -> attempt(fun() -> [asks([{async_dist, B}], async_dist) || B <- [true, false]] end).
err_async_dist() -> bad([{async_dist, 1}]).
scheduler_option() -> is_pid(bad([{scheduler, 0}])).
err_scheduler() -> [bad([{scheduler, X}]) || X <- [-1, a, 1 bsl 70]].
all_at_once() -> told([link, monitor, {priority, high}, {fullsweep_after, 3}, {min_heap_size, 1000}, {min_bin_vheap_size, 50000}, {max_heap_size, 1000000}, {message_queue_data, off_heap}], fun() -> [info(self(), I) || I <- [priority, fullsweep_after, min_heap_size, min_bin_vheap_size, message_queue_data]] end).
inherits_nothing() -> reason(fun() -> process_flag(priority, high), process_flag(fullsweep_after, 7), process_flag(min_heap_size, 2000), process_flag(message_queue_data, off_heap), process_flag(trap_exit, true), S = self(), spawn(fun() -> S ! [info(self(), I) || I <- [priority, fullsweep_after, min_heap_size, message_queue_data, trap_exit]] end), exit(got()) end).
bad_options() -> [bad([X]) || X <- [nonsense, {link, true}, {monitor, x}, {monitor, [x]}, {monitor, [{alias, x}]}, {priority, urgent}, {priority, 1}, {fullsweep_after, -1}, {fullsweep_after, a}, {min_heap_size, -1}, {min_heap_size, a}, {min_bin_vheap_size, -1}, {message_queue_data, mixed}, {message_queue_data, 1}, {reply, yes}, {reply_tag, x}, 1, "x", {a, b, c}]].
bad_lists() -> [bad(X) || X <- [x, [link | x], {link}, 1, <<>>]].
bad_lists_mfa() -> [bad3(X) || X <- [x, [link | x], [nonsense], {link}]].
err_fun() -> spawn_opt(id(x), []).
err_fun_arity() -> attempt(fun() -> spawn_opt(id(fun(X) -> X end), []) end).
err_args() -> spawn_opt(?MODULE, id, id([a | b]), []).
err_args_opts() -> [attempt(fun() -> spawn_opt(M, F, A, O) end) || {M, F, A, O} <- [{1, id, [x], []}, {?MODULE, 1, [x], []}, {?MODULE, id, x, []}, {?MODULE, id, x, [nonsense]}]].
node_forms() -> S = self(), P = spawn_opt(node(), fun() -> S ! here end, [link]), A = got(), Q = spawn_opt(node(), erlang, send, [S, there], []), [is_pid(P), A, is_pid(Q), got()].
node_monitor() -> {P, R} = spawn_opt(node(), fun() -> exit(nm) end, [monitor]), receive {'DOWN', R, process, P, W} -> W end.
other_node() -> apart(fun() -> P = spawn(id('no@where'), fun() -> ok end), is_pid(P) end).
other_node_link() -> apart(fun() -> P = spawn_link(id('no@where'), fun() -> ok end), receive {'EXIT', P, W} -> W after 1000 -> none end end).
other_node_monitor() -> apart(fun() -> {P, R} = spawn_monitor(id('no@where'), fun() -> ok end), receive {'DOWN', R, process, P, W} -> W after 1000 -> none end end).
many_args() -> S = self(), spawn(erlang, apply, [fun(A, B, C, D, E) -> S ! [A, B, C, D, E] end, [1, 2, 3, 4, 5]]), got().
args_255() -> reason(fun() -> apply(erlang, spawn, [?MODULE, none_such, lists:seq(1, 255)]), exit(made) end).
args_256() -> attempt(fun() -> is_pid(spawn(?MODULE, none_such, lists:seq(1, 256))) end).
initial_call() -> S = self(), spawn(?MODULE, tells, [S, initial_call]), got().
tells(S, I) -> S ! info(self(), I).
initial_call_fun() -> S = self(), spawn(fun() -> S ! info(self(), initial_call) end), got().
parent() -> S = self(), spawn(fun() -> S ! (info(self(), parent) =:= S) end), got().
spawn_dies_before_reply() -> length([spawn_monitor(fun() -> ok end) || _ <- lists:seq(1, 100)]) + length([receive {'DOWN', _, _, _, normal} -> 1 end || _ <- lists:seq(1, 100)]).

request() -> R = spawn_request(fun() -> ok end), receive {spawn_reply, R, ok, P} -> is_pid(P) end.
request_opts() -> apart(fun() -> R = spawn_request(fun() -> receive go -> exit(x) end end, [link, monitor]), P = receive {spawn_reply, R, ok, Q} -> Q end, P ! go, lists:sort([receive {'DOWN', R, process, P, A} -> {down, A} end, receive {'EXIT', P, B} -> {exit, B} end]) end).
request_mfa() -> S = self(), R = spawn_request(erlang, send, [S, hello]), [receive {spawn_reply, R, ok, P} -> is_pid(P) end, got()].
request_mfa_opts() -> S = self(), R = spawn_request(erlang, send, [S, hello], [{priority, low}]), [receive {spawn_reply, R, ok, P} -> is_pid(P) end, got()].
request_node() -> S = self(), R = spawn_request(node(), erlang, send, [S, hello], []), [receive {spawn_reply, R, ok, P} -> is_pid(P) end, got()].
request_reply_tag() -> R = spawn_request(fun() -> ok end, [{reply_tag, {my, tag}}]), receive {{my, tag}, R, ok, P} -> is_pid(P) end.
request_reply() -> [begin spawn_request(fun() -> ok end, [{reply, V}]), tick(), [{T, K} || {T, _, K, _} <- drain()] end || V <- [yes, no, success_only, error_only]].
request_reply_error() -> [begin R = spawn_request(id('no@where'), fun() -> ok end, [{reply, V}]), X = receive {T, R, K, W} -> {T, K, W} after 200 -> none end, X end || V <- [yes, no, success_only, error_only]].
request_reply_error_tag() -> R = spawn_request(id('no@where'), fun() -> ok end, [{reply_tag, t}, monitor, link]), receive {T, R, K, W} -> {T, K, W} after 1000 -> none end.
request_bad_option() -> R = spawn_request(fun() -> ok end, id([nonsense])), receive {T, R, K, W} -> {T, K, W} after 200 -> none end.
request_bad_option_tag() -> [begin R = spawn_request(fun() -> ok end, id(O)), receive {T, R, K, W} -> {T, K, W} after 100 -> none end end || O <- [[{reply_tag, t}, nonsense], [nonsense, {reply_tag, t}], [{reply, no}, nonsense], [nonsense, {reply, no}], [{reply, bad}], [{reply, error_only}, {priority, x}], [{reply, success_only}, {priority, x}]]].
err_request_list() -> spawn_request(fun() -> ok end, id(x)).
err_request_improper() -> spawn_request(fun() -> ok end, id([link | x])).
err_request_fun() -> spawn_request(id(x)).
err_request_arity() -> spawn_request(id(fun(X) -> X end)).
err_request_args() -> spawn_request(?MODULE, id, id(x)).
err_request_module() -> spawn_request(id(1), id, []).
request_order() -> S = self(), R = spawn_request(fun() -> S ! first end, [monitor]), [element(1, got()), got(), case got() of {'DOWN', R, _, _, W} -> W end].
request_alias() -> R = spawn_request(fun() -> receive {A, q} -> A ! {A, answer} end end, [{monitor, [{alias, reply_demonitor}]}]), P = receive {spawn_reply, R, ok, Q} -> Q end, P ! {R, q}, X = receive {R, V} -> V end, tick(), [X, drain()].
abandon_answered() -> R = spawn_request(fun() -> ok end), X = spawn_request_abandon(R), [X, element(1, got())].
abandon_unknown() -> spawn_request_abandon(make_ref()).
err_abandon() -> spawn_request_abandon(id(a)).
abandon_twice() -> R = spawn_request(fun() -> ok end), receive {spawn_reply, R, ok, _} -> ok end, [spawn_request_abandon(R), spawn_request_abandon(R)].
