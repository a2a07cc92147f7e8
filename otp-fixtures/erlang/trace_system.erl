%%% system_monitor and system_profile.
-module(trace_system).
-compile([export_all, nowarn_export_all]).
-helpers([gather]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

mine({P, L}) when P =:= self() -> L; mine(X) -> X.
monitor_settings() -> A = erlang:system_monitor(), B = erlang:system_monitor(self(), [{long_gc, 1}, {large_heap, 1}, {long_schedule, 5}, busy_port, busy_dist_port]), C = mine(erlang:system_monitor()), D = mine(erlang:system_monitor({self(), [{long_gc, 0}]})), E = mine(erlang:system_monitor(self(), [])), F = erlang:system_monitor(undefined), erlang:system_monitor(self(), [busy_port]), G = mine(erlang:system_monitor(undefined, [])), [A, B, C, D, E, F, G, erlang:system_monitor()].
monitor_errors() -> P = spawn(fun() -> ok end), R = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end, [attempt(fun() -> erlang:system_monitor(A, B) end) || {A, B} <- [{self(), x}, {self(), [x]}, {self(), [{long_gc, x}]}, {self(), [{long_gc, -1}]}, {self(), [{x, 1}]}, {P, [busy_port]}, {a, [busy_port]}, {self(), [busy_port | x]}, {self(), [{busy_port, true}]}]] ++ [attempt(fun() -> erlang:system_monitor(X) end) || X <- [a, {a}, {self(), x}]].
monitor_gone() -> S = self(), P = spawn(fun() -> erlang:system_monitor(self(), [busy_port]), S ! set, receive stop -> ok end end), receive set -> ok end, {Q, L} = erlang:system_monitor(), R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end, [Q =:= P, L, gone(1000)].
gone(0) -> still; gone(N) -> case erlang:system_monitor() of undefined -> undefined; _ -> erlang:yield(), gone(N - 1) end.

%% What a process's monitor messages hold, of one that evaluates a fun.
monitored(What, F) ->
    erlang:system_monitor(self(), [What]),
    {P, R} = spawn_monitor(F),
    receive {'DOWN', R, _, _, _} -> ok end,
    Told = told(P),
    erlang:system_monitor(undefined),
    {P, Told}.
%% OTP has these messages sent by a thread of its own, which takes its time.
told(P) -> receive {monitor, P, T, I} -> [{T, I} | told(P)] after 1000 -> [] end.
large_heap() -> {_, L} = monitored({large_heap, 20000}, fun() -> L = lists:seq(1, 200000), erlang:garbage_collect(), length(L) end), lists:usort([{T, [K || {K, _} <- I]} || {T, I} <- L]).
long_gc() -> {_, L} = monitored({long_gc, 1}, fun() -> X = lists:seq(1, 3000000), erlang:garbage_collect(), length(X) end), lists:usort([{T, [K || {K, _} <- I], proplists:get_value(timeout, I) > 0} || {T, I} <- L]).
long_gc_short() -> {_, L} = monitored({long_gc, 100000}, fun() -> erlang:garbage_collect() end), L.
long_schedule() -> {_, All} = monitored({long_schedule, 1}, fun() -> A = lists:seq(1, 2000000), B = lists:seq(1, 2000000), erlang:yield(), compared(A, B) end), lists:usort([{T, [K || {K, _} <- I], proplists:get_value(timeout, I) >= 1} || {T, I} <- All]).
%% A comparison takes long and does not give its turn up.
compared(A, B) -> true = id(A =:= B), erlang:yield().
%% The queue is long, then short enough, twice.
long_queue() ->
    attempt(fun() ->
        erlang:system_monitor(self(), [{long_message_queue, {5, 10}}]),
        {P, R} = spawn_monitor(fun() -> [fill(20), fill(9), fill(30)] end),
        receive {'DOWN', R, _, _, _} -> ok end,
        Heard = [I || {long_message_queue, I} <- told(P)],
        erlang:system_monitor(undefined),
        Heard
    end).
fill(N) -> [self() ! N || _ <- lists:seq(1, N)], self() ! last, receive last -> ok end, [receive N -> ok end || _ <- lists:seq(1, N)].
%% Who waits for a port that takes nothing.
busy_port() ->
    erlang:system_monitor(self(), [busy_port]),
    Port = open_port({spawn, "sleep 100"}, [stream]),
    {os_pid, Os} = erlang:port_info(Port, os_pid),
    P = spawn(fun() -> port_command(Port, binary:copy(<<"x">>, 4000000)), port_command(Port, <<"y">>) end),
    Told = receive {monitor, P, busy_port, Port} -> told after 10000 -> never end,
    erlang:system_monitor(undefined),
    exit(P, kill),
    os:cmd("kill " ++ integer_to_list(Os)),
    Told.

profile_settings() -> A = erlang:system_profile(), B = erlang:system_profile(self(), [runnable_procs, runnable_ports, scheduler, exclusive, monotonic_timestamp]), C = mine(erlang:system_profile()), D = mine(erlang:system_profile(undefined, [])), gather(), [A, B, C, D, erlang:system_profile()].
profile_errors() -> [attempt(fun() -> erlang:system_profile(A, B) end) || {A, B} <- [{self(), x}, {self(), [x]}, {a, [scheduler]}, {self(), [scheduler | x]}]].
profile_procs() -> P = spawn(fun() -> receive a -> ok end, receive b -> ok end end), until_waiting(P), erlang:system_profile(self(), [runnable_procs]), P ! a, until_waiting(P), R = monitor(process, P), P ! b, receive {'DOWN', R, _, _, _} -> ok end, erlang:system_profile(undefined, []), delivered(all), alternate([A || {profile, Q, A, _, _} <- gather(), Q =:= P, lists:member(A, [active, inactive])]).
until_waiting(P) -> case process_info(P, [status, message_queue_len]) of [{_, waiting}, {_, 0}] -> ok; _ -> erlang:yield(), until_waiting(P) end.
%% Who watches it may hear of its end before its last turn is told.
alternate([active, inactive | T]) -> alternate(T);
alternate([active]) -> [];
alternate(T) -> T.
%% Everybody sleeps, and yet the profiler hears of it.
profile_schedulers() ->
    Me = self(),
    P = spawn(fun() -> receive {profile, scheduler, N, inactive, W, {_, _, _}} when is_integer(N), is_integer(W) -> Me ! told end end),
    erlang:system_profile(P, [scheduler]),
    Told = receive told -> told after 10000 -> never end,
    erlang:system_profile(undefined, []),
    Told.
%% Who slept is told to have work when there is a load, however steady.
profile_load() ->
    Me = self(),
    P = spawn(fun() -> receive {profile, scheduler, _, active, N, _} when is_integer(N) -> Me ! told after 10000 -> Me ! never end end),
    timer:sleep(100),
    erlang:system_profile(P, [scheduler]),
    Load = [spawn(?MODULE, busy, [x]) || _ <- lists:seq(1, 5 * erlang:system_info(schedulers))],
    Told = receive told -> told; never -> never end,
    erlang:system_profile(undefined, []),
    [exit(L, kill) || L <- Load],
    Told.
busy(X) -> busy(X).
%% A port is active while it does what it is asked, or has something to read, and then not any more.
profile_ports() ->
    [P, Q] = [open_port({spawn, "cat"}, [stream, binary]) || _ <- [1, 2]],
    [begin port_command(X, <<"a">>), receive {X, {data, _}} -> ok end end || X <- [P, Q]],
    erlang:system_profile(self(), [runnable_ports]),
    %% What is left of its last turn may come first.
    erlang:port_info(P), settled(P),
    A = [begin F(), turn(P) end || F <- [fun() -> erlang:port_info(P) end, fun() -> erlang:port_info(P, name) end, fun() -> port_close(P) end]],
    erlang:port_info(Q), settled(Q),
    port_command(Q, <<"b">>),
    B = turn(Q),
    receive {Q, {data, _}} -> ok end,
    erlang:system_profile(undefined, []),
    delivered(all),
    gather(),
    erlang:system_profile(self(), [runnable_procs]),
    erlang:port_info(Q),
    port_close(Q),
    erlang:system_profile(undefined, []),
    delivered(all),
    [A, B, [E || {profile, X, E, _, _} <- gather(), X =:= Q]].
%% While a port does at once what a process asks, the process counts as inactive.
profile_exclusive() -> [exclusive(O) || O <- [[exclusive, runnable_procs, runnable_ports], [runnable_procs, runnable_ports], [exclusive, runnable_ports]]].
exclusive(Options) ->
    Port = open_port({spawn, "cat"}, [stream, binary]),
    port_command(Port, <<"a">>),
    receive {Port, {data, _}} -> ok end,
    P = spawn(fun() -> receive go -> ok end, erlang:port_info(Port, name), receive stop -> ok end end),
    until_waiting(P),
    erlang:system_profile(self(), [runnable_ports]),
    erlang:port_info(Port), settled(Port),
    erlang:system_profile(self(), Options),
    P ! go,
    Told = [receive {profile, X, A, _, _} when X =:= P; X =:= Port -> {case X of P -> process; Port -> port end, A} after 10000 -> never end || _ <- lists:seq(1, case Options of [_, _, _] -> 6; [runnable_procs, _] -> 4; _ -> 2 end)],
    erlang:system_profile(undefined, []),
    port_close(Port),
    P ! stop,
    delivered(all),
    gather(),
    Told.
settled(P) -> case turn(P) of [{active, _} | _] -> ok; [{inactive, _}] -> settled(P) end.
turn(P) -> receive {profile, P, A, What, {_, _, _}} -> [{A, What} | case A of active -> turn(P); inactive -> [] end] after 10000 -> [never] end.
profile_stamps() -> [{S, stamped(S)} || S <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp]].
stamped(S) ->
    P = spawn(fun() -> receive a -> ok end end),
    until_waiting(P),
    erlang:system_profile(self(), [runnable_procs, S]),
    P ! a,
    {profile, P, active, {_, _, _}, T} = receive {profile, P, active, _, _} = M -> M after 10000 -> never end,
    erlang:system_profile(undefined, []),
    delivered(all),
    gather(),
    case T of
        {A, B, C} when is_integer(A), is_integer(B), is_integer(C) -> now;
        {A, B} when is_integer(A), is_integer(B) -> strict;
        _ when is_integer(T) -> monotonic
    end.
%% A second profiler takes the place of the first; one that is gone is none.
profile_replaced() ->
    P = spawn(fun() -> receive stop -> ok end end),
    erlang:system_profile(P, [scheduler]),
    {P, _} = erlang:system_profile(self(), [runnable_procs]),
    A = mine(erlang:system_profile()),
    erlang:system_profile(P, [scheduler]),
    R = monitor(process, P),
    P ! stop,
    receive {'DOWN', R, _, _, _} -> ok end,
    B = gone_profiler(1000),
    gather(),
    [A, B].
gone_profiler(0) -> still;
gone_profiler(N) -> case erlang:system_profile() of undefined -> undefined; _ -> erlang:yield(), gone_profiler(N - 1) end.
