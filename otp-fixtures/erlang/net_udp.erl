%%% gen_udp over the loopback: options, active modes, connected sockets, control data, errors.
-module(net_udp).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

open(Opts) -> {ok, S} = gen_udp:open(0, [{ip, {127,0,0,1}} | Opts]), {ok, P} = inet:port(S), {S, P}.
done(L, R) -> [gen_udp:close(S) || S <- L], R.
hide(Ports, T) when is_tuple(T) -> list_to_tuple([hide(Ports, E) || E <- tuple_to_list(T)]);
hide(Ports, [E | L]) -> [hide(Ports, E) | hide(Ports, L)];
hide(Ports, T) -> case lists:keyfind(T, 1, Ports) of {_, N} -> N; false -> T end.
messages(S) -> receive M when element(2, M) =:= S -> [setelement(2, M, s) | messages(S)] after 100 -> [] end.

send_and_receive() ->
    {A, P} = open([binary, {active, false}]), {B, Q} = open([list, {active, true}]),
    ok = gen_udp:send(A, {127,0,0,1}, Q, ["hi", <<" there">>]), M = messages(B), ok = gen_udp:send(B, {127,0,0,1}, P, <<>>), R = gen_udp:recv(A, 0, 1000),
    done([A, B], hide([{P, p}, {Q, q}], {M, R, gen_udp:recv(A, 0, 50)})).
by_address() -> {A, P} = open([binary, {active, false}]), ok = gen_udp:send(A, {{127,0,0,1}, P}, "self"), R1 = gen_udp:recv(A, 0, 500), ok = gen_udp:send(A, #{family => inet, addr => {127,0,0,1}, port => P}, "map"), done([A], hide([{P, p}], {R1, gen_udp:recv(A, 0, 500)})).
header() -> {A, P} = open([binary, {active, false}, {header, 2}]), gen_udp:send(A, {127,0,0,1}, P, "abcd"), X = gen_udp:recv(A, 0, 500), inet:setopts(A, [{active, true}]), gen_udp:send(A, {127,0,0,1}, P, "efgh"), done([A], hide([{P, p}], {X, messages(A)})).
active_once() -> {A, P} = open([binary, {active, once}]), [gen_udp:send(A, {127,0,0,1}, P, [X]) || X <- "abc"], M = messages(A), G = inet:getopts(A, [active]), R = gen_udp:recv(A, 0, 100), inet:setopts(A, [{active, once}]), done([A], hide([{P, p}], {M, G, R, messages(A)})).
active_n() -> {A, P} = open([binary, {active, 2}]), [gen_udp:send(A, {127,0,0,1}, P, [X]) || X <- "abcd"], M = messages(A), inet:setopts(A, [{active, 5}]), M2 = messages(A), G = inet:getopts(A, [active]), inet:setopts(A, [{active, -3}]), done([A], hide([{P, p}], {M, M2, G, messages(A)})).
active_many() -> {A, P} = open([binary, {active, true}, {recbuf, 200000}]), [gen_udp:send(A, {127,0,0,1}, P, <<X:16>>) || X <- lists:seq(1, 200)], done([A], [N || {udp, _, _, _, <<N:16>>} <- messages(A)] =:= lists:seq(1, 200)).
connected() ->
    {A, P} = open([binary, {active, false}]), {B, Q} = open([binary, {active, false}]), {C, _} = open([binary, {active, false}]),
    ok = gen_udp:connect(A, {127,0,0,1}, Q), ok = gen_udp:send(A, "to b"), X = gen_udp:recv(B, 0, 500), gen_udp:send(C, {127,0,0,1}, P, "not heard"), gen_udp:send(B, {127,0,0,1}, P, "heard"), Y = gen_udp:recv(A, 0, 500), Z = gen_udp:recv(A, 0, 50), {ok, {_, Q1}} = inet:peername(A), done([A, B, C], hide([{P, p}, {Q, q}], {X, Y, Z, Q1, inet:peername(B)})).
connected_refused() -> {A, _} = open([binary, {active, false}]), {B, Q} = open([]), gen_udp:close(B), ok = gen_udp:connect(A, {127,0,0,1}, Q), gen_udp:send(A, "x"), done([A], {gen_udp:recv(A, 0, 500), gen_udp:send(A, "y")}).
connected_refused_active() -> {A, _} = open([binary, {active, true}]), {B, Q} = open([]), gen_udp:close(B), ok = gen_udp:connect(A, {127,0,0,1}, Q), gen_udp:send(A, "x"), done([A], messages(A)).
too_large() -> {A, P} = open([binary]), done([A], gen_udp:send(A, {127,0,0,1}, P, binary:copy(<<0>>, 70000))).
truncated() -> {A, P} = open([binary, {active, false}, {buffer, 10}]), gen_udp:send(A, {127,0,0,1}, P, "0123456789abcdef"), {ok, {_, _, D}} = gen_udp:recv(A, 0, 500), done([A], D).
large() -> {A, P} = open([binary, {active, false}, {recbuf, 100000}]), B = binary:copy(<<"x">>, 60000), ok = gen_udp:send(A, {127,0,0,1}, P, B), {ok, {_, _, D}} = gen_udp:recv(A, 0, 500), done([A], D =:= B).
recv_twice() -> {A, _} = open([{active, false}]), Self = self(), Pid = spawn(fun() -> Self ! {self(), gen_udp:recv(A, 0, 150)} end), timer:sleep(50), R = gen_udp:recv(A, 0, 10), done([A], {R, receive {Pid, X} -> X after 1000 -> none end}).
close_while_recv() ->
    [begin {A, _} = open([{active, false}]), Self = self(), Pid = spawn(fun() -> Self ! {self(), gen_udp:recv(A, 0, T)} end), timer:sleep(50), gen_udp:close(A), receive {Pid, X} -> X after 5000 -> none end end || T <- [infinity, 10000]].
recv_active() -> {A, _} = open([{active, true}]), done([A], gen_udp:recv(A, 0, 10)).
closed() -> {A, _} = open([]), gen_udp:close(A), [gen_udp:recv(A, 0, 10), gen_udp:send(A, {127,0,0,1}, 9, "x"), gen_udp:close(A), inet:getopts(A, [active])].
taken() -> {A, P} = open([]), R = gen_udp:open(P, [{ip, {127,0,0,1}}]), done([A], R).
bad() -> {A, _} = open([]), R = [case_runner:attempt(F) || F <- [fun() -> gen_udp:send(A, {127,0,0,1}, 99999, "x") end, fun() -> gen_udp:send(A, "x") end, fun() -> gen_udp:send(A, {127,0,0,1}, 9, [a]) end]], done([A], R).
options_default() -> {A, _} = open([]), done([A], inet:getopts(A, [active, buffer, broadcast, deliver, dontroute, header, high_msgq_watermark, low_msgq_watermark, mode, multicast_loop, multicast_ttl, read_packets, reuseaddr, recvtos, recvttl, tos, ttl, priority, high_watermark, packet])).
options_set() -> {A, _} = open([]), Set = [{broadcast, true}, {reuseaddr, true}, {multicast_loop, false}, {multicast_ttl, 7}, {read_packets, 9}, {header, 1}, {tos, 8}, {ttl, 33}, {recvttl, true}, {dontroute, true}, {priority, 2}], R = [inet:setopts(A, [O]) || O <- Set], done([A], {R, inet:getopts(A, [K || {K, _} <- Set])}).
options_bad() -> {A, _} = open([]), done([A], [inet:setopts(A, [O]) || O <- [{read_packets, 0}, {multicast_ttl, x}, {add_membership, {{1,2,3}, {0,0,0,0}}}, {packet, 5}, {ipv6_v6only, true}]]).
membership() -> {A, _} = open([]), done([A], [inet:setopts(A, [{add_membership, {{239,1,2,3}, {127,0,0,1}}}]), inet:setopts(A, [{drop_membership, {{239,1,2,3}, {127,0,0,1}}}])]).
control_data() ->
    {A, P} = open([binary, {active, false}, {recvttl, true}, {recvtos, true}, {ttl, 44}, {tos, 8}]), gen_udp:send(A, {127,0,0,1}, P, "x"), {ok, {_, _, C1, D1}} = gen_udp:recv(A, 0, 500),
    inet:setopts(A, [{active, true}]), gen_udp:send(A, {127,0,0,1}, P, "y"), [{udp, s, _, _, C2, D2}] = messages(A), done([A], {lists:sort(C1), D1, lists:sort(C2), D2}).
control_sent() -> {A, P} = open([binary, {active, false}, {recvttl, true}]), ok = gen_udp:send(A, {127,0,0,1}, P, [{ttl, 9}], "x"), {ok, {_, _, C, _}} = gen_udp:recv(A, 0, 500), done([A], {C, gen_udp:send(A, {127,0,0,1}, P, [{priority, 9}], "x")}).
statistics() -> {A, P} = open([binary, {active, false}]), gen_udp:send(A, {127,0,0,1}, P, "abc"), gen_udp:recv(A, 0, 500), done([A], inet:getstat(A)).
inet6() -> {ok, A} = gen_udp:open(0, [inet6, binary, {active, false}, {ip, {0,0,0,0,0,0,0,1}}]), {ok, P} = inet:port(A), ok = gen_udp:send(A, {0,0,0,0,0,0,0,1}, P, "six"), done([A], hide([{P, p}], gen_udp:recv(A, 0, 500))).
local() ->
    [F, G] = [N ++ os:getpid() || N <- ["net_udp.a.", "net_udp.b."]], [file:delete(X) || X <- [F, G]], {ok, A} = gen_udp:open(0, [{ifaddr, {local, F}}, local, binary, {active, false}]), {ok, B} = gen_udp:open(0, [{ifaddr, {local, G}}, local, binary, {active, true}]),
    ok = gen_udp:send(A, {local, G}, 0, "one"), M = messages(B), inet:setopts(A, [{active, true}]), ok = gen_udp:send(B, {local, F}, 0, "two"), R = messages(A), [file:delete(X) || X <- [F, G]], done([A, B], hide([{list_to_binary(F), a}, {list_to_binary(G), b}], {M, R})).
fd_open() -> {A, P} = open([binary, {active, false}]), {ok, Fd} = prim_inet:getfd(A), {ok, B} = gen_udp:fdopen(Fd, [binary, {active, false}]), gen_udp:send(B, {127,0,0,1}, P, "x"), R = gen_udp:recv(A, 0, 500), gen_udp:close(B), gen_udp:send(A, {127,0,0,1}, P, "y"), done([A], hide([{P, p}], {R, gen_udp:recv(A, 0, 500)})).
controlling() -> {A, P} = open([binary, {active, true}]), Self = self(), gen_udp:send(A, {127,0,0,1}, P, "1"), timer:sleep(30), Pid = spawn(fun() -> receive go -> ok end, Self ! {self(), messages(A)}, receive stop -> ok end end), ok = gen_udp:controlling_process(A, Pid), Pid ! go, R = receive {Pid, X} -> X after 1000 -> none end, Pid ! stop, hide([{P, p}], R).
