%%% Limits of processes and hibernation.
-module(proc_limits).
-helpers([woken_exit]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

grow(N) -> grow(N, []).
grow(0, L) -> length(L);
grow(N, L) -> grow(N - 1, [N | L]).
%% Ends of a process with these settings that grows its heap.
limited(Max) -> {P, R} = spawn_opt(fun() -> exit({grown, grow(300000)}) end, [monitor, {max_heap_size, Max}]), receive {'DOWN', R, process, P, W} -> W end.

max_kill() -> limited(#{size => 10000, kill => true, error_logger => false}).
max_int() -> limited(20000).
max_no_kill() -> limited(#{size => 10000, kill => false, error_logger => false}).
max_large() -> limited(#{size => 100000000, kill => true, error_logger => false}).
max_zero() -> limited(#{size => 0, kill => true, error_logger => false}).
max_trapping() -> {P, R} = spawn_opt(fun() -> process_flag(trap_exit, true), grow(300000) end, [monitor, {max_heap_size, #{size => 10000, error_logger => false}}]), receive {'DOWN', R, process, P, W} -> W end.
max_caught() -> {P, R} = spawn_opt(fun() -> catch grow(300000), exit(caught) end, [monitor, {max_heap_size, #{size => 10000, error_logger => false}}]), receive {'DOWN', R, process, P, W} -> W end.
max_links() -> apart(fun() -> P = spawn_opt(fun() -> grow(300000) end, [link, {max_heap_size, #{size => 10000, error_logger => false}}]), receive {'EXIT', P, W} -> W end end).
max_messages_on_heap() -> P = spawn_opt(fun() -> receive go -> erlang:garbage_collect(), exit(alive) end end, [{max_heap_size, #{size => 20000, error_logger => false}}]), R = monitor(process, P), [P ! lists:seq(1, 1000) || _ <- lists:seq(1, 100)], P ! go, receive {'DOWN', R, process, P, W} -> W end.
max_messages_off_heap() -> P = spawn_opt(fun() -> receive go -> erlang:garbage_collect(), exit(alive) end end, [{message_queue_data, off_heap}, {max_heap_size, #{size => 20000, error_logger => false}}]), R = monitor(process, P), [P ! lists:seq(1, 1000) || _ <- lists:seq(1, 100)], P ! go, receive {'DOWN', R, process, P, W} -> W end.
max_flag_now() -> {P, R} = spawn_monitor(fun() -> L = lists:seq(1, 100000), process_flag(max_heap_size, #{size => 1000, error_logger => false}), erlang:garbage_collect(), exit({alive, length(L)}) end), receive {'DOWN', R, process, P, W} -> W end.
max_report() -> report(#{size => 10000, kill => true, error_logger => true}).
max_report_only() -> report(#{size => 10000, kill => false, error_logger => true}).
max_report_none() -> report(#{size => 10000, kill => true, error_logger => false}).
%% What the system logger hears of a process that outgrows its limit.
report(Max) ->
    Old = erlang:system_flag(system_logger, self()),
    W = limited(Max),
    R = receive {log, Level, Format, Args, Meta} -> {W, Level, lists:flatten(string:replace(Format, "\n", "|", all)), length(Args), shapes(Args), lists:sort(maps:keys(Meta))} after 200 -> {W, none} end,
    erlang:system_flag(system_logger, Old),
    drain(),
    R.
shapes(L) -> [if is_integer(X) -> number; is_pid(X) -> pid; is_list(X), X =/= [] -> [K || {K, V} <- X, is_integer(V)]; true -> X end || X <- L].
crash_report() -> Old = erlang:system_flag(system_logger, self()), {P, R} = spawn_monitor(fun() -> error(crashed) end), receive {'DOWN', R, _, _, _} -> ok end, X = receive {log, L, F, [Q, {Why, [_ | _]}], M} -> {L, F, Q =:= P, Why, lists:sort(maps:keys(M))} after 500 -> none end, erlang:system_flag(system_logger, Old), X.
no_crash_report() -> Old = erlang:system_flag(system_logger, self()), [begin {_, R} = spawn_monitor(fun() -> exit(X) end), receive {'DOWN', R, _, _, _} -> ok end end || X <- [normal, bad, kill, shutdown]], X = drain(), erlang:system_flag(system_logger, Old), X.
logger_flag() -> Old = erlang:system_flag(system_logger, self()), A = erlang:system_flag(system_logger, logger), B = erlang:system_flag(system_logger, undefined), C = erlang:system_info(system_logger), erlang:system_flag(system_logger, Old), [Old, A =:= self(), B, C].

hibernate_wakes() -> S = self(), P = spawn(fun() -> erlang:hibernate(?MODULE, woken, [S, a]) end), until(fun() -> info(P, current_function) =:= {erlang, hibernate, 3} end), P ! m, got().
woken(S, A) -> receive M -> S ! {A, M} after 0 -> S ! {A, nothing} end.
hibernate_message_there() -> S = self(), spawn(fun() -> self() ! m, erlang:hibernate(?MODULE, woken, [S, a]) end), got().
hibernate_shrinks() -> S = self(), P = spawn(fun() -> L = lists:seq(1, 100000), S ! length(L), erlang:hibernate(?MODULE, woken, [S, a]) end), 100000 = got(), until(fun() -> info(P, current_function) =:= {erlang, hibernate, 3} end), R = until(fun() -> info(P, total_heap_size) < 300 end), kill(P), R.
hibernate_keeps_args() -> S = self(), P = spawn(fun() -> erlang:hibernate(?MODULE, woken, [S, {lists:seq(1, 100), binary:copy(<<"x">>, 100)}]) end), tick(), P ! m, {{L, B}, m} = got(), {lists:sum(L), byte_size(B)}.
hibernate_dictionary() -> S = self(), P = spawn(fun() -> put(k, lists:seq(1, 10)), erlang:hibernate(?MODULE, woken_get, [S]) end), tick(), P ! m, got().
woken_get(S) -> S ! get(k).
hibernate_drops_catch() -> {P, R} = spawn_monitor(fun() -> catch erlang:hibernate(?MODULE, woken_exit, []), exit(after_catch) end), tick(), P ! m, receive {'DOWN', R, _, _, W} -> plain(W) end.
woken_exit() -> error(woken).
hibernate_returns_ends() -> {P, R} = spawn_monitor(fun() -> erlang:hibernate(?MODULE, id, [x]), exit(not_here) end), tick(), P ! m, receive {'DOWN', R, _, _, W} -> W end.
hibernate_twice() -> S = self(), P = spawn(fun() -> erlang:hibernate(?MODULE, again, [S]) end), tick(), P ! 1, 1 = got(), tick(), P ! 2, got().
again(S) -> receive M -> S ! M, erlang:hibernate(?MODULE, again, [S]) end.
hibernate_exit_signal() -> P = spawn(fun() -> erlang:hibernate(?MODULE, id, [x]) end), tick(), exit(P, r), down(P).
hibernate_link() -> apart(fun() -> P = spawn_link(fun() -> erlang:hibernate(?MODULE, woken_exit, []) end), tick(), P ! m, receive {'EXIT', P, W} -> plain(W) end end).
hibernate_signal_no_wake() -> S = self(), P = spawn(fun() -> erlang:hibernate(?MODULE, woken, [S, a]) end), tick(), [process_info(P, current_function), link_and_unlink(P), receive X -> X after 30 -> asleep end, kill(P)].
link_and_unlink(P) -> link(P), unlink(P).
hibernate_bad() -> [attempt(fun() -> erlang:hibernate(M, F, A) end) || {M, F, A} <- [{1, f, []}, {m, 1, []}, {m, f, x}, {m, f, [a | b]}]].
err_hibernate() -> erlang:hibernate(id(1), f, []).
hibernate_0() -> attempt(fun() -> S = self(), P = spawn(fun() -> X = lists:seq(1, 10), erlang:apply(erlang, hibernate, []), S ! {woke, lists:sum(X), got()} end), tick(), P ! m, receive {woke, A, B} -> {A, B} after 300 -> none end end).
hibernate_0_there() -> attempt(fun() -> S = self(), spawn(fun() -> self() ! m, erlang:apply(erlang, hibernate, []), S ! {woke, got()} end), receive {woke, A} -> A after 300 -> none end end).
hibernate_0_value() -> attempt(fun() -> S = self(), P = spawn(fun() -> R = erlang:apply(erlang, hibernate, []), S ! {woke, R} end), tick(), P ! m, receive {woke, A} -> A after 300 -> none end end).
hibernate_0_catch() -> attempt(fun() -> S = self(), P = spawn(fun() -> try erlang:apply(erlang, hibernate, []), exit(out) catch C:W -> S ! {caught, C, W} end end), tick(), P ! m, receive {caught, A, B} when B =/= undef -> {A, B} after 300 -> none end end).
flood() -> P = spawn(fun() -> receive stop -> exit(info(self(), message_queue_len)) end end), [P ! N || N <- lists:seq(1, 200000)], stop(P).
flood_selective() -> [self() ! N || N <- lists:seq(1, 50000)], self() ! last, receive last -> ok end, length(drain()).
gc_forms() -> P = start(), R = [erlang:garbage_collect(), erlang:garbage_collect(self()), erlang:garbage_collect(P), erlang:garbage_collect(dead()), erlang:garbage_collect(P, []), erlang:garbage_collect(P, [{type, minor}]), erlang:garbage_collect(P, [{type, major}])], kill(P), R.
gc_async() -> P = start(), R = [erlang:garbage_collect(P, [{async, id1}]), got(), erlang:garbage_collect(self(), [{async, id2}]), got(), erlang:garbage_collect(dead(), [{async, id3}]), got()], kill(P), R.
gc_bad() -> [attempt(fun() -> erlang:garbage_collect(P, O) end) || {P, O} <- [{a, []}, {self(), x}, {self(), [x]}, {self(), [{type, x}]}, {self(), [{type, major} | x]}]].
err_gc() -> erlang:garbage_collect(id(a)).
