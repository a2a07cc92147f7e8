%%% No descriptor is left: whoever asks for one is told `emfile`, and what is there goes on. For a test of its own, which
%%% starts it with a low limit.
-module(net_exhausted).
-export([all/0]).

all() ->
    %% Everything is used once before, or its code could not be loaded.
    _ = attempts(), {ok, L} = listen(), {ok, C0} = connect(L), {ok, S0} = gen_tcp:accept(L, 1000),
    echo("before", C0, S0),
    Self = self(),
    Acceptors = [spawn_link(fun() -> acceptor(L, Self) end) || _ <- [1, 2]],
    timer:sleep(50),
    [F1, F2, F3 | Files] = fill([]),
    print("nothing left", attempts()),
    echo("old connections go on", C0, S0),
    ok = file:close(F1),
    {ok, C1} = connect(L),
    print("acceptors", lists:usort([accepted(P) || P <- Acceptors])),
    print("an acceptor that comes later", gen_tcp:accept(L, 100)),
    ok = file:close(F2),
    {ok, S1} = gen_tcp:accept(L, 1000),
    echo("the connection has waited", C1, S1),
    ok = file:close(F3),
    [P ! again || P <- Acceptors],
    {ok, C2} = connect(L),
    print("acceptors again", lists:usort([accepted(P) || P <- Acceptors])),
    [ok = gen_tcp:close(S) || S <- [C0, S0, C1, S1]],
    [ok = file:close(F) || F <- Files],
    {ok, S2} = gen_tcp:accept(L, 1000),
    echo("that has waited, too", C2, S2),
    [P ! again || P <- Acceptors],
    {ok, C3} = connect(L),
    {ok, S3} = receive {_, Accepted} -> Accepted after 2000 -> late end,
    echo("enough again", C3, S3),
    print("others again", attempts()),
    halt(0).

attempts() ->
    [outcome(N, F) || {N, F} <- [{file, fun() -> file:open("/dev/null", [read, raw]) end}, {tcp, fun() -> gen_tcp:connect({127,0,0,1}, 1, [], 1000) end},
                                 {listen, fun listen/0}, {udp, fun() -> gen_udp:open(0) end}, {directory, fun() -> file:list_dir("/") end},
                                 {port, fun() -> {ok, open_port({spawn_executable, "/bin/true"}, [])} end}]].
outcome(Name, F) ->
    try F() of
        {ok, X} -> give_back(X), {Name, ok};
        E -> {Name, E}
    catch C:R -> {Name, C, R}
    end.
give_back(P) when is_port(P) -> catch port_close(P);
give_back(L) when is_list(L) -> ok;
give_back(F) -> file:close(F).

listen() -> gen_tcp:listen(0, [{ip, {127,0,0,1}}, binary, {active, false}]).
connect(L) -> {ok, P} = inet:port(L), gen_tcp:connect({127,0,0,1}, P, [binary, {active, false}], 1000).

acceptor(L, To) ->
    To ! {self(), gen_tcp:accept(L)},
    receive again -> acceptor(L, To) end.
accepted(P) -> receive {P, R} -> R after 2000 -> late end.

fill(Files) ->
    case file:open("/dev/null", [read, raw]) of
        {ok, F} -> fill([F | Files]);
        {error, emfile} -> Files
    end.

echo(What, A, B) ->
    ok = gen_tcp:send(A, What), {ok, X} = gen_tcp:recv(B, length(What), 1000),
    ok = gen_tcp:send(B, X), print(What, gen_tcp:recv(A, length(What), 1000)).

print(What, {ok, S}) when is_port(S) -> print(What, ok);
print(What, R) -> io:format("~s: ~0p~n", [What, R]).
