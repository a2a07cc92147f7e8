%%% A program for the profiler's tests: what it does is known, and it measures by its own clock what a profile must say.
%%%
%%% timeline/0, on two schedulers: a busy process, a blocked one, one with a long collection, and many that move.
%%% spread/0, on two schedulers: many that were all made by one process, and note where they are in each turn.
%%% shares/0: of two functions one takes the reductions and the other, which only calls a native, the time.
%%% latency/0, on one scheduler: a process is woken behind others that use up their turns.
-module(profiled).
-export([timeline/0, latency/0, moves/0, spread/0, shares/0, die/0, serve/0]).

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

%% All are made on the scheduler of the one that makes them, and it is busy meanwhile: the other one steals.
%% When both schedulers take their parts at once, nobody moves afterwards: another forty are made then.
spread() -> spread(1).
spread(First) ->
    Me = self(),
    Until = now_ns() + 300000000,
    Made = [spawn(fun() -> register(mover(N), self()), Me ! {self(), turns(Until, here(), 0)} end) || N <- lists:seq(First, First + 39)],
    spin_until(now_ns() + 5000000),
    case lists:sum([receive {P, N} -> N end || P <- Made]) of
        Few when Few < 15, First < 800 -> spread(First + 40);
        Moves -> say("moves", Moves), say("first", First)
    end.

%% Gives its turn up again and again: in each it is in one place.
turns(Until, Here, N) ->
    work(3000),
    erlang:yield(),
    There = here(),
    Moved = if There =:= Here -> N; true -> N + 1 end,
    case now_ns() < Until of
        true -> turns(Until, There, Moved);
        false -> Moved
    end.

work(0) -> ok;
work(N) -> work(N - 1).

shares() ->
    Big = binary:copy(<<"a">>, 3000000),
    Until = now_ns() + 600000000,
    {Native, Loop} = shares(Until, Big, 0, 0),
    io:format("shares ~w ~w~n", [Native, Loop]).

shares(Until, Big, Native, Loop) ->
    T0 = now_ns(),
    in_native(Big),
    T1 = now_ns(),
    in_loop(30000),
    T2 = now_ns(),
    Sums = {Native + T1 - T0, Loop + T2 - T1},
    case T2 < Until of
        true -> shares(Until, Big, element(1, Sums), element(2, Sums));
        false -> Sums
    end.

%% A native that takes few reductions, whatever it takes.
in_native(Big) -> true = is_integer(erlang:phash2(Big)), ok.

in_loop(0) -> ok;
in_loop(N) -> in_loop(N - 1).

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
