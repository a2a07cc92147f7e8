%%% Module `socket`, streams: opening, connecting, accepting, sending and receiving with every kind of waiting.
-module(socket_stream).
-compile([export_all, nowarn_export_all]).
-helpers([listener, pair, messages]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

-define(ANY, #{family => inet, addr => loopback, port => 0}).

listener() -> {ok, L} = socket:open(inet, stream, tcp), ok = socket:bind(L, ?ANY), ok = socket:listen(L), {ok, A} = socket:sockname(L), {L, A}.
pair() -> {L, A} = listener(), {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, A), {ok, S} = socket:accept(L), socket:close(L), {C, S}.
done(L, R) -> [socket:close(S) || S <- L], R.
%% What is told about waiting, without what is different each time.
told({select, {select_info, Tag, H}}) when is_reference(H) -> {select, {select_info, Tag, h}};
told({select, {{select_info, Tag, H}, Data}}) when is_reference(H) -> {select, {{select_info, Tag, h}, Data}};
told(Other) -> Other.
messages() -> receive M -> [M | messages()] after 250 -> [] end.
named(Names, T) when is_tuple(T) -> case lists:keyfind(T, 1, Names) of {_, N} -> N; false -> list_to_tuple(named(Names, tuple_to_list(T))) end;
named(Names, [H | T]) -> [named(Names, H) | named(Names, T)];
named(Names, T) -> case lists:keyfind(T, 1, Names) of {_, N} -> N; false -> T end.
in_other(F) -> S = self(), P = spawn(fun() -> S ! {self(), F()}, receive stop -> ok end end), P.
%% Waits until so many wait.
waiting(S, Key, N) -> case maps:get(Key, socket:info(S)) of N -> N; _ -> timer:sleep(5), waiting(S, Key, N) end.
answer(P) -> receive {P, R} -> R after 3000 -> nothing end.
flags(I) -> maps:with([domain, type, protocol, ctype, rstates, wstates, num_readers, num_writers, num_acceptors], I).
counts(S) -> maps:filter(fun(_, N) -> N =/= 0 end, maps:get(counters, socket:info(S))).

echo() -> {C, S} = pair(), ok = socket:send(C, <<"hello">>), R = socket:recv(S, 5), ok = socket:send(S, ["iolist ", <<"back">>]), done([C, S], {R, socket:recv(C, 0)}).
recv_sizes() -> {C, S} = pair(), ok = socket:send(C, <<"0123456789">>), timer:sleep(30), done([C, S], [socket:recv(S, 3), socket:recv(S, 0), socket:recv(S, 0, 10), socket:recv(S, 1, 10), socket:recv(S, 1, 0)]).
recv_waits() -> {C, S} = pair(), P = in_other(fun() -> socket:recv(S, 6) end), timer:sleep(30), socket:send(C, <<"abc">>), timer:sleep(30), socket:send(C, <<"def">>), R = answer(P), P ! stop, done([C, S], R).
recv_timeout_keeps() -> {C, S} = pair(), socket:send(C, <<"abc">>), timer:sleep(30), done([C, S], [socket:recv(S, 6, 50), socket:recv(S, 0, 10)]).
recv_nowait() -> {C, S} = pair(), X = socket:recv(S, 0, nowait), socket:send(C, <<"abc">>), {select, {select_info, recv, H}} = X, M = messages(), done([C, S], {told(X), named([{S, s}, {H, h}], M), socket:recv(S, 0, nowait)}).
recv_nowait_some() -> {C, S} = pair(), socket:send(C, <<"abc">>), timer:sleep(30), X = socket:recv(S, 5, nowait), R = told(X), Y = case X of {select, {{select_info, recv, _} = I, _}} -> socket:cancel(S, I) end, done([C, S], {R, Y}).
recv_handle() -> {C, S} = pair(), H = make_ref(), X = socket:recv(S, 0, H), socket:send(C, <<"abc">>), M = messages(), done([C, S], {named([{H, h}], X), named([{S, s}, {H, h}], M)}).
recv_cancel() -> {C, S} = pair(), {select, I} = socket:recv(S, 0, nowait), X = socket:cancel(S, I), Y = socket:cancel(S, I), socket:send(C, <<"abc">>), done([C, S], {X, Y, messages(), socket:recv(S, 0)}).
recv_cancel_late() -> {C, S} = pair(), {select, I} = socket:recv(S, 0, nowait), socket:send(C, <<"abc">>), timer:sleep(50), X = socket:cancel(S, I), done([C, S], {X, length(messages())}).
recv_peek() -> {C, S} = pair(), socket:send(C, <<"abc">>), done([C, S], [socket:recv(S, 3, [peek], 500), socket:recv(S, 3)]).
recv_many_readers() ->
    {C, S} = pair(), Ps = [begin P = in_other(fun() -> socket:recv(S, 2) end), waiting(S, num_readers, N), P end || N <- [1, 2, 3]], I = maps:get(num_readers, socket:info(S)),
    [begin socket:send(C, X), timer:sleep(20) end || X <- [<<"aa">>, <<"bb">>, <<"cc">>]], R = [answer(P) || P <- Ps], [P ! stop || P <- Ps], done([C, S], {I, R, maps:get(num_readers, socket:info(S))}).
reader_dies() ->
    {C, S} = pair(), P1 = in_other(fun() -> socket:recv(S, 1) end), waiting(S, num_readers, 1), P2 = in_other(fun() -> socket:recv(S, 1) end), waiting(S, num_readers, 2), P3 = in_other(fun() -> socket:recv(S, 1) end), waiting(S, num_readers, 3),
    exit(P2, kill), exit(P1, kill), N = waiting(S, num_readers, 1), socket:send(C, <<"x">>), R = answer(P3), P3 ! stop, done([C, S], {N, R}).
close_while_reading() -> {C, S} = pair(), P1 = in_other(fun() -> socket:recv(S, 1) end), waiting(S, num_readers, 1), P2 = in_other(fun() -> socket:recv(S, 1) end), waiting(S, num_readers, 2), ok = socket:close(S), R = [answer(P) || P <- [P1, P2]], [P ! stop || P <- [P1, P2]], done([C], R).
close_while_accepting() -> {L, _} = listener(), Ps = [begin P = in_other(fun() -> socket:accept(L) end), waiting(L, num_acceptors, M), P end || M <- [1, 2, 3]], N = maps:get(num_acceptors, socket:info(L)), ok = socket:close(L), R = [answer(P) || P <- Ps], [P ! stop || P <- Ps], {N, R}.
close_with_nowait() -> {C, S} = pair(), {select, {select_info, recv, H}} = socket:recv(S, 0, nowait), ok = socket:close(S), M = messages(), done([C], named([{S, s}, {H, h}], M)).
close_by_other() -> {C, S} = pair(), P = in_other(fun() -> socket:close(S) end), R = answer(P), P ! stop, done([C], {R, socket:recv(C, 1), socket:close(S), socket:recv(S, 1)}).
owner_dies() -> Self = self(), P = spawn(fun() -> Self ! {self(), pair()}, receive stop -> ok end end), {C, S} = answer(P), Q = in_other(fun() -> socket:recv(S, 1) end), waiting(S, num_readers, 1), M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end, R = answer(Q), Q ! stop, timer:sleep(20), {R, socket:send(C, <<"x">>), socket:info(S) =:= socket:info(S), maps:get(rstates, socket:info(S))}.
owner_changes() -> {C, S} = pair(), P = spawn(fun() -> receive stop -> ok end end), Set = socket:setopt(S, otp, controlling_process, P), Again = socket:setopt(S, otp, controlling_process, self()), Get = socket:getopt(S, otp, controlling_process) =:= {ok, P}, P ! stop, timer:sleep(50), done([C], {Set, Again, Get, socket:recv(S, 1), socket:recv(C, 1)}).
owner_gone() -> {C, S} = pair(), P = spawn(fun() -> ok end), timer:sleep(20), X = socket:setopt(S, otp, controlling_process, P), done([C], {X, socket:recv(S, 1), socket:recv(C, 1)}).
acceptors() -> {L, A} = listener(), Ps = [begin P = in_other(fun() -> {ok, S} = socket:accept(L), socket:recv(S, 0) end), waiting(L, num_acceptors, M), P end || M <- [1, 2, 3]], Cs = [begin {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, A), socket:send(C, [X]), timer:sleep(20), C end || X <- "xyz"], R = [answer(P) || P <- Ps], [P ! stop || P <- Ps], done([L | Cs], R).
acceptor_dies() -> {L, A} = listener(), P1 = in_other(fun() -> socket:accept(L) end), waiting(L, num_acceptors, 1), P2 = in_other(fun() -> {ok, S} = socket:accept(L), socket:recv(S, 0) end), waiting(L, num_acceptors, 2), exit(P1, kill), waiting(L, num_acceptors, 1), {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, A), socket:send(C, <<"x">>), R = answer(P2), P2 ! stop, done([L, C], R).
accept_nowait() -> {L, A} = listener(), X = socket:accept(L, nowait), {select, {select_info, accept, H}} = X, I = flags(socket:info(L)), {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, A), M = messages(), {ok, S} = socket:accept(L, nowait), done([L, C, S], {told(X), I, named([{L, l}, {H, h}], M), flags(socket:info(S))}).
accept_timeout() -> {L, _} = listener(), done([L], {socket:accept(L, 20), maps:get(num_acceptors, socket:info(L)), counts(L)}).
accept_cancel() -> {L, _} = listener(), {select, I} = socket:accept(L, nowait), done([L], {socket:cancel(L, I), socket:cancel(L, I), flags(socket:info(L))}).
accept_bad() -> {C, S} = pair(), done([C, S], [socket:accept(C), socket:listen(C)]).
connect_refused() -> {L, A} = listener(), socket:close(L), {ok, C} = socket:open(inet, stream, tcp), done([C], socket:connect(C, A)).
connect_twice() -> {L, A} = listener(), {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, A), done([C, L], socket:connect(C, A)).
connect_bad() -> {ok, C} = socket:open(inet, stream, tcp), done([C], [case_runner:attempt(F) || F <- [fun() -> socket:connect(C, #{family => inet, addr => {1,2,3}, port => 1}) end, fun() -> socket:connect(C, #{family => nonsense}) end, fun() -> socket:connect(C, foo) end, fun() -> socket:connect(C, #{family => inet, addr => any, port => 99999, foo => 1}) end, fun() -> socket:connect(C) end]]).
connect_nowait() -> {L, A} = listener(), {ok, C} = socket:open(inet, stream, tcp), X = case socket:connect(C, A, nowait) of ok -> ok; {select, {select_info, connect, H}} -> receive {'$socket', C, select, H} -> socket:connect(C) after 1000 -> lost end end, done([C, L], X).
send_nowait() -> {C, S} = pair(), B = binary:copy(<<"x">>, 20000000), {select, {{select_info, T, _}, Rest}} = socket:send(C, B, nowait), I = maps:get(num_writers, socket:info(C)), true = byte_size(Rest) < byte_size(B), socket:close(S), M = [element(3, X) || X <- messages()], done([C], {element(1, {T, x}) =:= T, I, M}).
send_all() -> {C, S} = pair(), N = 5000000, P = in_other(fun() -> socket:send(C, binary:copy(<<"x">>, N)) end), {ok, B} = socket:recv(S, N), R = answer(P), P ! stop, done([C, S], {R, byte_size(B) =:= N}).
send_timeout() -> {C, S} = pair(), {error, {timeout, Rest}} = socket:send(C, binary:copy(<<"x">>, 20000000), 50), done([C, S], is_binary(Rest)).
send_closed() -> {C, S} = pair(), socket:close(S), timer:sleep(20), _ = socket:send(C, <<"x">>), timer:sleep(20), X = socket:send(C, <<"y">>), done([C], X).
writers_wait() ->
    {C, S} = pair(), socket:setopt(C, socket, sndbuf, 10000), N = 9000000, Ps = [begin P = in_other(fun() -> socket:send(C, binary:copy(<<X>>, N)) end), waiting(C, num_writers, W), P end || {X, W} <- [{$a, 1}, {$b, 2}]],
    {ok, B} = socket:recv(S, 2 * N), R = [answer(P) || P <- Ps], [P ! stop || P <- Ps], done([C, S], {R, byte_size(B), B =:= <<(binary:copy(<<"a">>, N))/binary, (binary:copy(<<"b">>, N))/binary>>}).
drain(S) -> case socket:recv(S, 0, 200) of {ok, _} -> drain(S); _ -> ok end.
close_while_writing() -> {C, S} = pair(), socket:setopt(C, socket, sndbuf, 10000), F = fun() -> case socket:send(C, binary:copy(<<"a">>, 30000000)) of {error, {R, B}} when is_binary(B) -> {R, rest}; X -> X end end, P1 = in_other(F), waiting(C, num_writers, 1), P2 = in_other(F), waiting(C, num_writers, 2), timer:sleep(200), ok = socket:close(C), R = [answer(P) || P <- [P1, P2]], [P ! stop || P <- [P1, P2]], done([S], R).
shutdown() -> {C, S} = pair(), ok = socket:shutdown(C, write), X = socket:recv(S, 1), socket:send(S, <<"still">>), Y = socket:recv(C, 5), done([C, S], {X, Y, socket:send(C, <<"x">>), socket:shutdown(C, read), socket:shutdown(C, read_write), case_runner:attempt(fun() -> socket:shutdown(C, foo) end)}).
peer_closes() -> {C, S} = pair(), socket:send(C, <<"last">>), socket:close(C), timer:sleep(20), done([S], [socket:recv(S, 2), socket:recv(S, 10), socket:recv(S, 0)]).
reset() -> {C, S} = pair(), socket:setopt(C, socket, linger, #{onoff => true, linger => 0}), socket:close(C), timer:sleep(20), done([S], [socket:recv(S, 1), socket:recv(S, 1)]).
rcvbuf_times() -> {C, S} = pair(), ok = socket:setopt(S, otp, rcvbuf, {3, 10}), socket:send(C, binary:copy(<<"x">>, 35)), timer:sleep(30), done([C, S], [socket:getopt(S, otp, rcvbuf), socket:recv(S, 0), socket:recv(S, 0), socket:recv(S, 0, 0)]).
counters() -> {C, S} = pair(), socket:send(C, <<"abc">>), socket:recv(S, 3), socket:recv(S, 3, 10), socket:send(C, <<"de">>), socket:recv(S, 0), done([C, S], {counts(C), counts(S)}).
info_states() -> {ok, S} = socket:open(inet, stream, tcp), A = flags(socket:info(S)), ok = socket:bind(S, ?ANY), B = flags(socket:info(S)), ok = socket:listen(S), C = flags(socket:info(S)), socket:close(S), {A, B, C, flags(socket:info(S)), maps:get(owner, socket:info(S))}.
local() -> F = "socket_stream." ++ os:getpid(), file:delete(F), {ok, L} = socket:open(local, stream), ok = socket:bind(L, #{family => local, path => F}), ok = socket:listen(L), {ok, C} = socket:open(local, stream), ok = socket:connect(C, #{family => local, path => F}), {ok, S} = socket:accept(L), socket:send(C, <<"hi">>), R = {socket:recv(S, 2), socket:sockname(S) =:= {ok, #{family => local, path => list_to_binary(F)}}, socket:peername(S)}, file:delete(F), done([L, C, S], R).
local_abstract() -> Path = <<0, "socket_stream.", (list_to_binary(os:getpid()))/binary>>, {ok, L} = socket:open(local, stream), ok = socket:bind(L, #{family => local, path => Path}), ok = socket:listen(L), {ok, C} = socket:open(local, stream), ok = socket:connect(C, #{family => local, path => Path}), {ok, S} = socket:accept(L), done([L, C, S], {socket:sockname(L) =:= {ok, #{family => local, path => Path}}, flags(socket:info(S))}).
inet6() -> {ok, L} = socket:open(inet6, stream, tcp), ok = socket:bind(L, #{family => inet6, addr => loopback, port => 0}), ok = socket:listen(L), {ok, A} = socket:sockname(L), {ok, C} = socket:open(inet6, stream, tcp), ok = socket:connect(C, A), {ok, S} = socket:accept(L), socket:send(C, <<"six">>), R = {socket:recv(S, 3), maps:remove(port, A)}, done([L, C, S], R).
open_bad() -> [case_runner:attempt(F) || F <- [fun() -> socket:open(foo, stream, tcp) end, fun() -> socket:open(inet, foo, tcp) end, fun() -> socket:open(inet, stream, foo) end, fun() -> socket:open(inet, stream, udp) end, fun() -> socket:open(inet, stream, tcp, #{netns => "/nonexistent"}) end, fun() -> socket:open(99999999999999999, stream, 0) end, fun() -> socket:open(12345) end, fun() -> socket:open(inet, stream, {1}) end]].
open_fd() -> {C, S} = pair(), {ok, Fd} = socket:getopt(C, otp, fd), {ok, D} = socket:open(Fd), I = maps:without([ctype], flags(socket:info(D))), {fromfd, Fd} = maps:get(ctype, socket:info(D)), ok = socket:send(D, <<"dup">>), R = socket:recv(S, 3), socket:close(D), done([C, S], {I, R, socket:send(C, <<"x">>)}).
open_fd_nodup() -> {C, S} = pair(), {ok, Fd} = socket:getopt(C, otp, fd), {ok, D} = socket:open(Fd, #{dup => false}), X = maps:get(ctype, socket:info(D)), ok = socket:close(D), done([C, S], {X, socket:send(C, <<"x">>), socket:recv(S, 1)}).
bad_calls() -> {ok, S} = socket:open(inet, stream, tcp), done([S], [case_runner:attempt(F) || F <- [fun() -> socket:recv(S, -1) end, fun() -> socket:recv(S, 1) end, fun() -> socket:recv(foo, 1) end, fun() -> socket:send(S, foo) end, fun() -> socket:send(S, <<"x">>) end, fun() -> socket:send(S, <<"x">>, [foo]) end, fun() -> socket:listen(S, foo) end, fun() -> socket:listen(S, 1 bsl 40) end, fun() -> socket:accept(S, foo) end, fun() -> socket:cancel(S, {select_info, recv, make_ref()}) end, fun() -> socket:cancel(S, {select_info, foo, make_ref()}) end, fun() -> socket:recv(S, 1, [foo], 10) end, fun() -> socket:bind(S, #{family => inet}) end, fun() -> socket:bind(S, #{family => inet6}) end, fun() -> socket:bind(S, foo) end, fun() -> socket:info(foo) end, fun() -> socket:close(foo) end, fun() -> socket:peername(S) end, fun() -> socket:recv(S, 1 bsl 70) end]]).
closed_calls() -> {ok, S} = socket:open(inet, stream, tcp), ok = socket:close(S), [socket:recv(S, 1), socket:send(S, <<"x">>), socket:listen(S), socket:accept(S), socket:bind(S, any), socket:connect(S, ?ANY), socket:sockname(S), socket:peername(S), socket:shutdown(S, read), socket:close(S), socket:getopt(S, socket, type), socket:setopt(S, socket, reuseaddr, true), socket:getopt(S, otp, rcvbuf), socket:recvfrom(S), socket:recvmsg(S), socket:cancel(S, {select_info, recv, make_ref()})].
monitor() -> {ok, S} = socket:open(inet, stream, tcp), M = socket:monitor(S), socket:close(S), R = [setelement(2, X, m) || X <- messages(), element(2, X) =:= M], M2 = socket:monitor(S), {named([{S, s}], R), named([{S, s}, {M2, m}], messages())}.
monitor_owner_dies() -> Self = self(), P = spawn(fun() -> {ok, S} = socket:open(inet, stream, tcp), Self ! {self(), S}, receive stop -> ok end end), S = answer(P), M = socket:monitor(S), P ! stop, named([{S, s}, {M, m}], messages()).
cancel_monitor() -> {ok, S} = socket:open(inet, stream, tcp), M = socket:monitor(S), X = socket:cancel_monitor(M), socket:close(S), {X, messages()}.
which_sockets() -> {ok, A} = socket:open(inet, stream, tcp), {ok, B} = socket:open(inet, dgram, udp, #{use_registry => false}), W = socket:which_sockets(), X = {lists:member(A, W), lists:member(B, W)}, Y = lists:member(A, socket:which_sockets(tcp)), ok = socket:setopt(B, otp, use_registry, true), Z = lists:member(B, socket:which_sockets(udp)), socket:close(A), socket:close(B), V = socket:which_sockets(), {X, Y, Z, lists:member(A, V), lists:member(B, V), length(socket:which_sockets(self()))}.
number_of() -> N = socket:number_of(), {ok, A} = socket:open(inet, stream, tcp), M = socket:number_of(), socket:close(A), {M - N, socket:number_of() - N}.
global_counts() -> C = fun() -> maps:with([num_sockets, num_dinet, num_ptcp, num_tstreams, num_cnt_bits], maps:get(counters, socket:info())) end, A = C(), {ok, S} = socket:open(inet, stream, tcp), B = C(), socket:close(S), {maps:map(fun(K, V) -> V - maps:get(K, A) end, B), C() =:= A, maps:get(num_cnt_bits, A)}.
gc_closes() -> {C, S} = pair(), {ok, Fd} = socket:getopt(C, otp, fd), socket:close(C), spawn(fun() -> {ok, D} = socket:open(inet, stream, tcp, #{use_registry => false}), {ok, _} = socket:getopt(D, otp, fd) end), done([S], is_integer(Fd)).
linger() -> {C, S} = pair(), ok = socket:setopt(C, socket, linger, #{onoff => true, linger => 2}), socket:send(C, <<"x">>), ok = socket:close(C), done([S], socket:recv(S, 1)).
alias_handles() -> {C, S} = pair(), H = alias(), X = socket:recv(S, 0, H), socket:send(C, <<"abc">>), M = messages(), done([C, S], {named([{H, h}], X), named([{S, s}, {H, h}], M)}).
%% Who asks again takes the place of its own first request, which is given up (26 and later).
accept_again() ->
    {L, _} = listener(),
    {select, {select_info, _, H}} = socket:accept(L, nowait),
    A = socket:accept(L, 10),
    B = receive {'$socket', L, abort, {H, X}} -> X after 0 -> none end,
    {select, {select_info, _, I}} = socket:accept(L, nowait),
    {select, {select_info, _, J}} = socket:accept(L, nowait),
    C = receive {'$socket', L, abort, {I, Y}} -> Y after 0 -> none end,
    done([L], {A, B, C, I =:= J}).
%% A socket is among what hears of its owner's end.
watches_owner() ->
    Watching = fun({'$socket', R}) -> lists:member(R, element(2, process_info(self(), monitored_by))) end,
    {C, S} = pair(),
    Open = {Watching(C), Watching(S)},
    done([C, S], ok),
    {Open, Watching(C), Watching(S)}.
