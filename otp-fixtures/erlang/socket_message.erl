%%% Module `socket`, messages: datagrams, addresses, control data, flags, pieces.
-module(socket_message).
-compile([export_all, nowarn_export_all]).
-helpers([open, messages]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

open() -> {ok, S} = socket:open(inet, dgram, udp), ok = socket:bind(S, #{family => inet, addr => loopback, port => 0}), {ok, A} = socket:sockname(S), {S, A}.
done(L, R) -> [socket:close(S) || S <- L], R.
messages() -> receive M -> [M | messages()] after 250 -> [] end.
%% Without ports.
plain(M) when is_map(M) -> maps:map(fun(port, P) when P > 0 -> p; (_, V) -> plain(V) end, M);
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain([H | T]) -> [plain(H) | plain(T)];
plain(X) -> X.
told({select, {select_info, T, _}}) -> {select, T};
told(X) -> X.

to_and_from() -> {A, X} = open(), {B, Y} = open(), ok = socket:sendto(A, <<"one">>, Y), R = socket:recvfrom(B), ok = socket:sendto(B, ["t", <<"wo">>], X, [], infinity), done([A, B], {plain(R), plain(socket:recvfrom(A, 100))}).
from_is_right() -> {A, X} = open(), {B, Y} = open(), ok = socket:sendto(A, <<"one">>, Y), {ok, {F, _}} = socket:recvfrom(B), done([A, B], F =:= X).
empty() -> {A, X} = open(), ok = socket:sendto(A, <<>>, X), done([A], plain(socket:recvfrom(A))).
cut() -> {A, X} = open(), ok = socket:sendto(A, <<"0123456789">>, X), R = socket:recvfrom(A, 4), ok = socket:sendto(A, <<"0123456789">>, X), done([A], plain({R, socket:recvmsg(A, 4, 0), socket:recvfrom(A, 0, 10)})).
large() -> {A, X} = open(), B = binary:copy(<<"x">>, 60000), ok = socket:sendto(A, B, X), {ok, {_, D}} = socket:recvfrom(A, 65000), ok = socket:sendto(A, B, X), {ok, {_, E}} = socket:recvfrom(A), done([A], {D =:= B, byte_size(E)}).
too_large() -> {A, X} = open(), done([A], socket:sendto(A, binary:copy(<<"x">>, 70000), X)).
recv_of_datagram() -> {A, X} = open(), ok = socket:sendto(A, <<"abc">>, X), R = socket:recv(A, 0), ok = socket:sendto(A, <<"abc">>, X), done([A], {R, socket:recv(A, 2), socket:recv(A, 0, 10), socket:recv(A, 0, 0)}).
nowait() -> {A, X} = open(), [R1, R2, R3] = [told(F(A)) || F <- [fun(S) -> {select, I} = R = socket:recvfrom(S, 0, nowait), ok = socket:cancel(S, I), R end, fun(S) -> {select, I} = R = socket:recvmsg(S, nowait), ok = socket:cancel(S, I), R end, fun(S) -> {select, I} = R = socket:recv(S, 0, nowait), ok = socket:cancel(S, I), R end]], socket:sendto(A, <<"x">>, X), done([A], plain({R1, R2, R3, socket:recvfrom(A, 0, nowait)})).
connected() -> {A, X} = open(), {B, Y} = open(), ok = socket:connect(A, Y), ok = socket:send(A, <<"x">>), R = socket:recv(B, 0), P = socket:peername(A) =:= {ok, Y}, ok = socket:connect(A, #{family => unspec}), done([A, B], {R, P, socket:peername(A), is_map(X)}).
refused() -> {A, _} = open(), {B, Y} = open(), socket:close(B), ok = socket:connect(A, Y), ok = socket:send(A, <<"x">>), timer:sleep(20), done([A], [socket:recv(A, 0), socket:send(A, <<"y">>)]).
bad_to() -> {A, _} = open(), done([A], [case_runner:attempt(fun() -> socket:sendto(A, <<"x">>, T) end) || T <- [#{family => inet, addr => {1,2,3,400}, port => 1}, #{family => inet, addr => any, port => x}, #{family => inet6, addr => any, port => 1}, foo, #{}, #{family => local, path => foo}, #{family => local, path => lists:duplicate(200, $x)}]]).
pieces() -> {A, X} = open(), ok = socket:sendmsg(A, #{addr => X, iov => [<<"a">>, <<>>, <<"bc">>]}), R = socket:recvmsg(A), done([A], {plain(R), socket:sendmsg(A, #{addr => X, iov => []}), plain(socket:recvmsg(A)), socket:sendmsg(A, #{addr => X, iov => lists:duplicate(1024, <<"x">>)}), socket:sendmsg(A, #{addr => X, iov => lists:duplicate(1024, <<"x">>) ++ [<<>>, <<>>]}), socket:sendmsg(A, #{addr => X, iov => lists:duplicate(1025, <<"x">>)})}).
pieces_bad() -> {A, X} = open(), done([A], [case_runner:attempt(fun() -> socket:sendmsg(A, M) end) || M <- [#{addr => X, iov => [a]}, #{addr => X, iov => [<<"a">> | b]}, #{addr => X, iov => foo}, #{addr => X}, foo, #{iov => [<<"x">>]}, #{addr => #{family => inet, addr => x, port => 1}, iov => [<<"x">>]}]]).
ttl() -> {A, X} = open(), ok = socket:setopt(A, ip, recvttl, true), ok = socket:sendmsg(A, #{addr => X, iov => [<<"x">>], ctrl => [#{level => ip, type => ttl, value => 7}]}), R = socket:recvmsg(A), ok = socket:sendmsg(A, #{addr => X, iov => [<<"x">>], ctrl => [#{level => ip, type => ttl, data => <<9:32/native>>}]}), S = socket:recvmsg(A), ok = socket:sendmsg(A, #{addr => X, iov => [<<"x">>], ctrl => [#{level => ip, type => 2, data => 11}]}), done([A], plain({R, S, socket:recvmsg(A)})).
tos() -> {A, X} = open(), ok = socket:setopt(A, ip, recvtos, true), F = fun(V) -> ok = socket:sendmsg(A, #{addr => X, iov => [<<"x">>], ctrl => [#{level => ip, type => tos, value => V}]}), {ok, #{ctrl := C}} = socket:recvmsg(A), C end, done([A], [F(lowdelay), F(mincost), F(0), F(46)]).
packet_info() -> {A, X} = open(), ok = socket:setopt(A, ip, pktinfo, true), ok = socket:sendto(A, <<"x">>, X), {ok, #{ctrl := [#{value := V} = C]}} = socket:recvmsg(A), done([A], {maps:with([addr, spec_dst], V), maps:with([level, type], C)}).
timestamp() -> {A, X} = open(), ok = socket:setopt(A, socket, timestamp, true), ok = socket:sendto(A, <<"x">>, X), {ok, #{ctrl := [#{value := V} = C]}} = socket:recvmsg(A), done([A], {lists:sort(maps:keys(V)), abs(maps:get(sec, V) - os:system_time(second)) < 5, maps:with([level, type], C)}).
control_bad() -> {A, X} = open(), done([A], [case_runner:attempt(fun() -> socket:sendmsg(A, #{addr => X, iov => [<<"x">>], ctrl => C}) end) || C <- [[#{level => ip, type => ttl, value => x}], [#{level => ip, type => foo, value => 1}], [#{level => foo, type => ttl, value => 1}], [#{level => ip, type => pktinfo, value => 1}], [#{level => ip, type => ttl, value => 1, data => <<>>}], [#{level => ip, type => ttl}], foo, [#{level => ip, type => ttl, data => binary:copy(<<0>>, 2000)}]]]).
control_cut() -> {A, X} = open(), ok = socket:setopt(A, ip, recvttl, true), ok = socket:sendto(A, <<"x">>, X), done([A], plain(socket:recvmsg(A, 0, 8))).
rights() -> P = fun(N) -> "socket_message" ++ N ++ os:getpid() end, [file:delete(P(N)) || N <- [".a.", ".b."]], [A, B] = [begin {ok, S} = socket:open(local, dgram), ok = socket:bind(S, #{family => local, path => P(N)}), S end || N <- [".a.", ".b."]],
    {ok, U} = socket:open(inet, dgram, udp), {ok, Fd} = socket:getopt(U, otp, fd), ok = socket:sendmsg(A, #{addr => #{family => local, path => P(".b.")}, iov => [<<"fd">>], ctrl => [#{level => socket, type => rights, data => <<Fd:32/native>>}]}),
    {ok, #{ctrl := [#{data := <<New:32/native>>} = C], iov := I}} = socket:recvmsg(B), {ok, V} = socket:open(New, #{dup => false}), T = socket:getopt(V, socket, type), [file:delete(P(N)) || N <- [".a.", ".b."]], done([A, B, U, V], {maps:with([level, type], C), I, T, New =/= Fd}).
error_queue() -> {A, _} = open(), {B, Y} = open(), ok = socket:setopt(A, ip, recverr, true), socket:close(B), ok = socket:sendto(A, <<"x">>, Y), timer:sleep(30), done([A], plain(socket:recvmsg(A, [errqueue], 100))).
error_queue_empty() -> {A, _} = open(), ok = socket:setopt(A, ip, recverr, true), done([A], socket:recvmsg(A, [errqueue], 20)).
flags_sent() -> {A, X} = open(), done([A], [case_runner:attempt(fun() -> socket:sendto(A, <<"x">>, X, F, infinity) end) || F <- [[nosignal], [dontroute], [16#4000], [foo], [-1], [oob]]]).
flags_got() -> {A, X} = open(), ok = socket:sendto(A, <<"abc">>, X), done([A], plain([socket:recvmsg(A, 2, 0, [peek], 100), socket:recvfrom(A, 0, [peek], 100), socket:recvfrom(A, 0, [foo], 10)])).
unconnected() -> {ok, A} = socket:open(inet, dgram, udp), done([A], [socket:send(A, <<"x">>), socket:sendmsg(A, #{iov => [<<"x">>]}), socket:peername(A), socket:shutdown(A, read), plain(socket:sockname(A))]).
local_datagrams() -> P = "socket_message.l." ++ os:getpid(), file:delete(P), {ok, A} = socket:open(local, dgram), ok = socket:bind(A, #{family => local, path => P}), {ok, B} = socket:open(local, dgram), ok = socket:sendto(B, <<"x">>, #{family => local, path => P}), R = socket:recvfrom(A), file:delete(P), done([A, B], {R, socket:sockname(B)}).
inet6() -> {ok, A} = socket:open(inet6, dgram, udp), ok = socket:bind(A, #{family => inet6, addr => loopback, port => 0}), {ok, X} = socket:sockname(A), ok = socket:setopt(A, ipv6, recvpktinfo, true), ok = socket:setopt(A, ipv6, recvhoplimit, true), ok = socket:setopt(A, ipv6, recvtclass, true), ok = socket:sendmsg(A, #{addr => X, iov => [<<"six">>], ctrl => [#{level => ipv6, type => hoplimit, value => 9}, #{level => ipv6, type => tclass, value => 4}]}), {ok, #{ctrl := C} = M} = socket:recvmsg(A), done([A], plain({maps:remove(ctrl, M), lists:sort([{T, case V of #{addr := Ad} -> Ad; _ -> V end} || #{type := T, value := V} <- C])})).
stream_messages() -> {C, S} = socket_stream:pair(), ok = socket:sendmsg(C, #{iov => [<<"ab">>, <<"cd">>]}), R = socket:recvmsg(S), ok = socket:sendmsg(C, #{iov => [<<"ef">>]}), X = socket:recvfrom(S), socket:close(C), done([S], {R, X, socket:recvmsg(S), socket:recvfrom(S)}).
stream_many_pieces() -> {C, S} = socket_stream:pair(), L = [<<(N rem 256)>> || N <- lists:seq(1, 5000)], ok = socket:sendmsg(C, #{iov => L}), {ok, B} = socket:recv(S, 5000), done([C, S], B =:= iolist_to_binary(L)).
stream_large_pieces() -> {C, S} = socket_stream:pair(), L = [binary:copy(<<N>>, 3000) || N <- lists:seq(1, 250)] ++ lists:duplicate(2000, <<"x">>), Self = self(), spawn(fun() -> Self ! {sent, socket:sendmsg(C, #{iov => L})} end), B = iolist_to_binary(L), {ok, D} = socket:recv(S, byte_size(B)), done([C, S], {B =:= D, receive {sent, R} -> R after 3000 -> none end}).
statistics() -> {A, X} = open(), ok = socket:sendto(A, <<"abc">>, X), socket:recvfrom(A), ok = socket:sendmsg(A, #{addr => X, iov => [<<"de">>]}), socket:recvmsg(A), socket:recvmsg(A, 10), done([A], maps:filter(fun(_, N) -> N =/= 0 end, maps:get(counters, socket:info(A)))).
