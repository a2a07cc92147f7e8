%%% What the modules about processes (proc_*) share.
-compile([export_all, nowarn_export_all, nowarn_unused_function]).
-helpers([drain, loop, start, got, tick, dead]).


id(X) -> X.
attempt(F) -> case_runner:attempt(F).
%% All messages that are there.
drain() -> receive M -> [M | drain()] after 0 -> [] end.
%% The next message, or none.
got() -> receive M -> M after 2000 -> none end.
tick() -> receive after 20 -> ok end.
%% A server that does what it is told.
start() -> spawn(fun loop/0).
loop() ->
    receive
        stop -> ok;
        {exit, R} -> exit(R);
        {run, F, From} -> From ! {ran, self(), attempt(F)}, loop()
    end.
%% Lets a server evaluate a fun.
run(P, F) -> P ! {run, F, self()}, receive {ran, P, V} -> V after 5000 -> timeout end.
%% How a process ends.
down(P) -> down(P, fun() -> ok end).
%% The monitor comes first: a process that is gone when it is made has no reason to tell.
down(P, F) -> R = monitor(process, P), F(), receive {'DOWN', R, process, _, Why} -> Why after 5000 -> timeout end.
stop(P) -> down(P, fun() -> P ! stop end).
kill(P) -> down(P, fun() -> exit(P, kill) end).
dead() -> P = spawn(fun() -> ok end), down(P), P.
%% Exit reason of a process that evaluates a fun; traces of errors are left out.
reason(F) -> {P, R} = spawn_monitor(F), receive {'DOWN', R, process, P, Why} -> plain(Why) after 10000 -> timeout end.
plain({R, [{_, _, _, _} | _]}) -> {R, trace};
plain(R) -> R.
%% Value of a fun evaluated by a process of its own that traps exits.
apart(F) ->
    {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), exit({value, attempt(F)}) end),
    receive {'DOWN', R, process, P, {value, V}} -> V; {'DOWN', R, process, P, W} -> {died, plain(W)} after 20000 -> {timeout, stuck(P)} end.
%% What a process that does not go on is at.
stuck(P) -> process_info(P, [status, current_stacktrace, messages, links, total_heap_size, reductions]).
%% Waits until a condition holds.
until(F) -> until(F, 500).
until(_, 0) -> never;
until(F, N) -> case F() of true -> ok; _ -> receive after 5 -> until(F, N - 1) end end.
info(P, I) -> case process_info(P, I) of {I, V} -> V; X -> X end.
