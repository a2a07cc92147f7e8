%%% `gen_tcp` and `gen_udp` on module `socket` ({inet_backend, socket}).
-module(socket_backend).
-compile([export_all, nowarn_export_all]).
-helpers([messages]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

-define(B, {inet_backend, socket}).

listen(Opts) -> {ok, L} = gen_tcp:listen(0, [?B, {ip, {127,0,0,1}}, {reuseaddr, true} | Opts]), {ok, P} = inet:port(L), {L, P}.
pair(Opts) -> pair(Opts, Opts).
pair(A, B) -> {L, P} = listen(B), {ok, C} = gen_tcp:connect({127,0,0,1}, P, [?B | A]), {ok, S} = gen_tcp:accept(L), gen_tcp:close(L), {C, S}.
done(Ss, R) -> [gen_tcp:close(S) || S <- Ss], R.
messages() -> receive M -> [M | messages()] after 250 -> [] end.
%% Messages with their socket hidden.
shown() -> [case M of T when is_tuple(T), tuple_size(T) > 1 -> setelement(2, T, s); _ -> M end || M <- messages()].

passive() -> {C, S} = pair([binary, {active, false}]), ok = gen_tcp:send(C, ["hello ", <<"there">>]), R = gen_tcp:recv(S, 5), X = gen_tcp:recv(S, 0), done([C, S], {R, X, gen_tcp:recv(S, 1, 20)}).
active() -> {C, S} = pair([binary, {active, true}]), ok = gen_tcp:send(C, "abc"), M = shown(), gen_tcp:close(C), N = shown(), done([S], {M, N}).
active_once() -> {C, S} = pair([list, {active, once}]), ok = gen_tcp:send(C, "abc"), M = shown(), ok = gen_tcp:send(C, "def"), N = shown(), ok = inet:setopts(S, [{active, once}]), done([C, S], {M, N, shown(), inet:getopts(S, [active])}).
active_number() -> {C, S} = pair([binary, {active, 2}, {packet, 1}]), [ok = gen_tcp:send(C, [X]) || X <- "abcd"], M = shown(), ok = inet:setopts(S, [{active, 1}]), done([C, S], {M, shown()}).
packets() -> [begin {C, S} = pair([binary, {active, false}, {packet, P}]), ok = gen_tcp:send(C, "one"), ok = gen_tcp:send(C, "two"), R = [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)], done([C, S], R) end || P <- [1, 2, 4]].
lines() -> {C, S} = pair([binary, {active, false}, {packet, line}]), ok = gen_tcp:send(C, "one\ntwo\nthr"), R = [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)], gen_tcp:close(C), done([S], {R, gen_tcp:recv(S, 0)}).
http() -> {C, S} = pair([binary, {active, false}], [binary, {active, false}, {packet, http_bin}]), ok = gen_tcp:send(C, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), R = [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)], done([C, S], R).
large() -> {C, S} = pair([binary, {active, false}]), N = 3000000, spawn(fun() -> gen_tcp:send(C, binary:copy(<<"x">>, N)) end), {ok, B} = gen_tcp:recv(S, N), done([C, S], byte_size(B)).
accept_timeout() -> {L, _} = listen([]), done([L], gen_tcp:accept(L, 20)).
acceptors() -> {L, P} = listen([binary, {active, false}]), Self = self(), Ps = [spawn(fun() -> {ok, S} = gen_tcp:accept(L), R = gen_tcp:recv(S, 0), Self ! {self(), R}, receive stop -> ok end end) || _ <- "abc"], timer:sleep(30), Cs = [begin {ok, C} = gen_tcp:connect({127,0,0,1}, P, [?B, binary]), gen_tcp:send(C, [X]), C end || X <- "xyz"], R = lists:sort([receive {Pid, X} -> X after 2000 -> none end || Pid <- Ps]), [Pid ! stop || Pid <- Ps], done([L | Cs], R).
refused() -> {L, P} = listen([]), gen_tcp:close(L), timer:sleep(20), gen_tcp:connect({127,0,0,1}, P, [?B]).
close_wakes() -> {C, S} = pair([binary, {active, false}]), Self = self(), P = spawn(fun() -> Self ! {self(), gen_tcp:recv(S, 0)} end), timer:sleep(30), gen_tcp:close(S), done([C], receive {P, R} -> R after 1000 -> none end).
peer_close() -> {C, S} = pair([binary, {active, false}]), gen_tcp:send(C, "last"), gen_tcp:close(C), done([S], [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)]).
shutdown() -> {C, S} = pair([binary, {active, false}]), ok = gen_tcp:shutdown(C, write), X = gen_tcp:recv(S, 0), ok = gen_tcp:send(S, "back"), done([C, S], {X, gen_tcp:recv(C, 0)}).
controlling() -> {C, S} = pair([binary, {active, true}]), Self = self(), P = spawn(fun() -> Self ! {self(), shown()} end), ok = gen_tcp:controlling_process(S, P), gen_tcp:send(C, "abc"), done([C, S], receive {P, R} -> R after 1000 -> none end).
owner_dies() -> Self = self(), P = spawn(fun() -> {C, S} = pair([binary, {active, false}]), Self ! {self(), C, S}, receive stop -> ok end end), {C, S} = receive {P, X, Y} -> {X, Y} end, P ! stop, timer:sleep(50), {gen_tcp:send(C, "x"), gen_tcp:recv(S, 0)}.
options() -> {C, S} = pair([binary, {active, false}]), R = {inet:getopts(C, [active, mode, packet, nodelay, keepalive, header, send_timeout]), inet:setopts(C, [{nodelay, true}, {packet, 2}, {keepalive, true}]), inet:getopts(C, [nodelay, packet, keepalive])}, done([C, S], R).
names() -> {C, S} = pair([binary, {active, false}]), {ok, {A, P}} = inet:sockname(C), done([C, S], {A, inet:peername(S) =:= {ok, {A, P}}}).
statistics() -> {C, S} = pair([binary, {active, false}]), gen_tcp:send(C, "abc"), gen_tcp:recv(S, 3), {ok, X} = inet:getstat(S, [recv_oct]), done([C, S], X).
inet6() -> {ok, L} = gen_tcp:listen(0, [?B, inet6, binary, {ip, {0,0,0,0,0,0,0,1}}, {active, false}]), {ok, P} = inet:port(L), {ok, C} = gen_tcp:connect({0,0,0,0,0,0,0,1}, P, [?B, inet6, binary, {active, false}]), {ok, S} = gen_tcp:accept(L), gen_tcp:send(C, "six"), done([L, C, S], gen_tcp:recv(S, 3)).
many_at_once() -> {L, P} = listen([binary, {active, false}, {backlog, 128}]), Self = self(), N = 100, spawn(fun() -> serve(L) end), [spawn(fun() -> {ok, C} = gen_tcp:connect({127,0,0,1}, P, [?B, binary, {active, false}]), ok = gen_tcp:send(C, <<X:32>>), R = gen_tcp:recv(C, 4, 5000), gen_tcp:close(C), Self ! {done, R =:= {ok, <<X:32>>}} end) || X <- lists:seq(1, N)], R = [receive {done, X} -> X after 10000 -> lost end || _ <- lists:seq(1, N)], done([L], lists:usort(R)).
serve(L) -> case gen_tcp:accept(L) of {ok, S} -> P = spawn(fun() -> receive go -> ok end, {ok, D} = gen_tcp:recv(S, 4), gen_tcp:send(S, D), gen_tcp:recv(S, 0) end), ok = gen_tcp:controlling_process(S, P), P ! go, serve(L); _ -> ok end.

udp(Opts) -> {ok, S} = gen_udp:open(0, [?B, {ip, {127,0,0,1}} | Opts]), {ok, P} = inet:port(S), {S, P}.
udp_passive() -> {A, P} = udp([binary, {active, false}]), {B, _} = udp([binary, {active, false}]), ok = gen_udp:send(B, {127,0,0,1}, P, "hi"), {ok, {Ip, _, D}} = gen_udp:recv(A, 0, 500), R = {Ip, D, gen_udp:recv(A, 0, 20)}, gen_udp:close(A), gen_udp:close(B), R.
udp_active() -> {A, P} = udp([binary, {active, true}]), ok = gen_udp:send(A, {127,0,0,1}, P, "one"), ok = gen_udp:send(A, {127,0,0,1}, P, "two"), R = [{element(1, M), element(5, M)} || M <- messages()], gen_udp:close(A), R.
udp_connected() -> {A, P} = udp([binary, {active, false}]), {B, _} = udp([binary, {active, false}]), ok = gen_udp:connect(B, {127,0,0,1}, P), ok = gen_udp:send(B, "x"), {ok, {_, _, D}} = gen_udp:recv(A, 0, 500), gen_udp:close(A), gen_udp:close(B), D.
