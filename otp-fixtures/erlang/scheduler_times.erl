%%% scheduler_wall_time, microstate accounting, run queues: what they have entries for, and that what is busy counts.
-module(scheduler_times).
-export([main/0]).

main() ->
    io:format("off ~p ~p~n", [erlang:statistics(I) || I <- [scheduler_wall_time, scheduler_wall_time_all]]),
    io:format("on ~p ~p~n", [erlang:system_flag(scheduler_wall_time, true), erlang:system_flag(scheduler_wall_time, true)]),
    {Cpu, All} = {length(times(scheduler_wall_time)), length(times(scheduler_wall_time_all))},
    Count = fun(What) -> erlang:system_info(What) end,
    io:format("entries ~p ~p~n", [
        Cpu =:= Count(schedulers) + Count(dirty_cpu_schedulers),
        All =:= Cpu + Count(dirty_io_schedulers)
    ]),
    Before = times(scheduler_wall_time_all),
    spin(erlang:monotonic_time(millisecond) + 100),
    [erlang:garbage_collect() || _ <- lists:seq(1, 3)],
    After = times(scheduler_wall_time_all),
    io:format("numbers ~p~n", [[I || {I, _, _} <- After] =:= lists:seq(1, All)]),
    io:format("sane ~p~n", [lists:all(fun({{I, A0, T0}, {I, A, T}}) -> A >= A0 andalso T > T0 andalso A - A0 =< T - T0 end,
        lists:zip(Before, After))]),
    {_, A0, T0} = hd(Before),
    Busy = lists:max([(A - B) / (T - C) || {{I, B, C}, {I, A, T}} <- lists:zip(Before, After), I =< Count(schedulers)]),
    io:format("busy ~p ~p~n", [Busy > 0.5, A0 =< T0]),
    io:format("off ~p ~p ~p~n", [erlang:system_flag(scheduler_wall_time, false) || _ <- [1, 2, 3]]),
    io:format("~p~n", [erlang:statistics(scheduler_wall_time)]),
    io:format("bad ~p ~p~n", [catch_error(fun() -> erlang:system_flag(scheduler_wall_time, 1) end),
        catch_error(fun() -> erlang:statistics(run_queue_length) end)]),
    queues(),
    accounting().

times(What) -> lists:sort(erlang:statistics(What)).

spin(Until) ->
    case erlang:monotonic_time(millisecond) < Until of
        true -> spin(Until);
        false -> ok
    end.

catch_error(F) ->
    try F() catch error:E -> E end.

%% Processes that want to run are more than those that can.
queues() ->
    Loop = fun Loop() -> Loop() end,
    Pids = [spawn(Loop) || _ <- lists:seq(1, 3 * erlang:system_info(schedulers))],
    timer:sleep(50),
    {Lengths, Total} = {erlang:statistics(run_queue_lengths), erlang:statistics(total_run_queue_lengths)},
    Tasks = erlang:statistics(total_active_tasks),
    [exit(P, kill) || P <- Pids],
    io:format("queues ~p ~p ~p ~p~n", [
        length(Lengths) - erlang:system_info(schedulers), Total > 0, Tasks > Total,
        length(erlang:statistics(run_queue_lengths_all)) - length(Lengths)
    ]).

accounting() ->
    io:format("accounting ~p~n", [erlang:system_flag(microstate_accounting, true)]),
    spin(erlang:monotonic_time(millisecond) + 50),
    false = not erlang:system_flag(microstate_accounting, false),
    Of = fun(Type) -> [M || #{type := T} = M <- erlang:statistics(microstate_accounting), T =:= Type] end,
    States = fun(#{counters := C}) -> lists:sort(maps:keys(C)) end,
    [io:format("~p ~p~n", [T, lists:usort([States(M) || M <- Of(T)])]) || T <- [scheduler, dirty_cpu_scheduler, dirty_io_scheduler]],
    io:format("~p~n", [lists:max([E || #{counters := #{emulator := E}} <- Of(scheduler)]) > 0]),
    io:format("reset ~p~n", [erlang:system_flag(microstate_accounting, reset)]),
    io:format("~p~n", [lists:usort([E || #{counters := #{emulator := E}} <- Of(scheduler)])]).
