%%% A program for the profiler's tests: what it does is known, and it measures by its own clock what a profile must say.
%%%
%%% timeline/0, on two schedulers: a busy process, a blocked one, one with a long collection, and many that move.
%%% latency/0, on one scheduler: a process is woken behind others that use up their turns.
-module(profiled).
-export([timeline/0, latency/0, moves/0, die/0, serve/0]).

now_ns() -> erlang:monotonic_time(nanosecond).

spin_until(T) ->
    case now_ns() < T of
        true -> spin_until(T);
        false -> ok
    end.

say(Name, Ns) -> io:format("~s ~w~n", [Name, Ns]).

timeline() ->
    {Blocked, B} = spawn_monitor(fun() ->
        register(profiled_blocked, self()),
        receive go -> ok end
    end),
    {_, Busy} = spawn_monitor(fun() ->
        register(profiled_busy, self()),
        Begin = now_ns(),
        spin_until(Begin + 100000000),
        say("busy", now_ns() - Begin)
    end),
    receive {'DOWN', Busy, _, _, normal} -> ok end,
    Blocked ! go,
    receive {'DOWN', B, _, _, normal} -> ok end,
    {_, Gc} = spawn_monitor(fun() ->
        register(profiled_collector, self()),
        L = lists:seq(1, 3000000),
        erlang:garbage_collect(),
        Begin = now_ns(),
        erlang:garbage_collect(),
        say("gc", now_ns() - Begin),
        length(L)
    end),
    receive {'DOWN', Gc, _, _, normal} -> ok end,
    moves().

%% Processes that always want to run, more than there are schedulers: each counts how often it finds itself elsewhere.
moves() ->
    Me = self(),
    Until = now_ns() + 100000000,
    Pids = [spawn(fun() -> register(mover(N), self()), Me ! {self(), move(Until, here(), 0)} end) || N <- lists:seq(1, 5)],
    say("moves", lists:sum([receive {P, N} -> N end || P <- Pids])).

mover(N) -> list_to_atom("profiled_mover_" ++ integer_to_list(N)).

here() -> erlang:system_info(scheduler_id).

move(Until, Here, N) ->
    case {now_ns() < Until, here()} of
        {false, Here} -> N;
        {false, _} -> N + 1;
        {true, Here} -> move(Until, Here, N);
        {true, There} -> move(Until, There, N + 1)
    end.

latency() ->
    Hogs = [spawn(fun() -> hog(0) end) || _ <- lists:seq(1, 60)],
    Me = self(),
    Late = spawn(fun() -> register(profiled_late, self()), late(0, 0, Me) end),
    waves(40, Late),
    Late ! stop,
    receive {late, Sum, N} -> io:format("latency ~w ~w~n", [Sum, N]) end,
    [exit(P, kill) || P <- Hogs],
    ok.

hog(N) -> hog(N + 1).

waves(0, _) -> ok;
waves(N, Late) ->
    receive after 3 -> ok end,
    Late ! now_ns(),
    waves(N - 1, Late).

late(Sum, N, Me) ->
    receive
        stop -> Me ! {late, Sum, N};
        T -> late(Sum + now_ns() - T, N + 1, Me)
    end.

%% Works for a while, then the whole VM is gone.
die() ->
    register(profiled_doomed, self()),
    spin_until(now_ns() + 300000000),
    os:cmd("kill -9 " ++ os:getpid()),
    receive after infinity -> ok end.

%% Works a little, again and again, for a minute: somebody looks on meanwhile.
serve() ->
    register(profiled_server, self()),
    say("serves", 0),
    serve(now_ns() + 60000000000).

serve(Until) ->
    spin_until(now_ns() + 1000000),
    receive after 10 -> ok end,
    case now_ns() < Until of
        true -> serve(Until);
        false -> ok
    end.
