%%% A TCP server that sends back what it gets, a process a connection. For a test of its own, which has many connections
%%% rest there: `serve/0` prints its port.
-module(net_idle).
-export([serve/0]).

serve() ->
    {ok, L} = gen_tcp:listen(0, [binary, {ip, {127,0,0,1}}, {active, false}, {nodelay, true}, {backlog, 4096}]),
    {ok, Port} = inet:port(L),
    io:format("port ~w~n", [Port]),
    accept(L).

accept(L) ->
    {ok, S} = gen_tcp:accept(L),
    Pid = spawn(fun() -> receive go -> echo(S) end end),
    ok = gen_tcp:controlling_process(S, Pid),
    Pid ! go,
    accept(L).

echo(S) ->
    case gen_tcp:recv(S, 0) of
        %% A send that fails shows in the next receive.
        {ok, Data} -> _ = gen_tcp:send(S, Data), echo(S);
        {error, closed} -> ok
    end.
