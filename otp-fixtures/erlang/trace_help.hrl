%% What the fixtures about tracing share: a process runs a fun while it is traced, and the tracer's messages are the result.

id(X) -> X.
attempt(F) -> case_runner:attempt(F).

%% Everything in the mailbox, in its order.
gather() -> receive M -> [M | gather()] after 0 -> [] end.

delivered(P) -> R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end.

%% Sets the patterns, runs F in a new process with these flags, and takes the patterns back.
traced(Flags, Patterns, F) ->
    [erlang:trace_pattern(Mfa, Spec, How) || {Mfa, Spec, How} <- Patterns],
    {P, R} = spawn_monitor(fun() -> receive go -> ok end, F() end),
    1 = erlang:trace(P, true, Flags),
    P ! go,
    receive {'DOWN', R, process, P, _} -> ok end,
    delivered(all),
    [erlang:trace_pattern(Mfa, false, How) || {Mfa, _, How} <- Patterns],
    gather().
