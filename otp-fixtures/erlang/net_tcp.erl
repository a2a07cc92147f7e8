%%% gen_tcp over the loopback: options, packet modes, active modes, errors and closes.
-module(net_tcp).
-compile([export_all, nowarn_export_all]).
-helpers([passive]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% A connected pair: the options of the listener, and of the one who connects.
pair(ListenOpts, ConnectOpts) ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}} | ListenOpts]),
    {ok, P} = inet:port(L),
    {ok, C} = gen_tcp:connect({127,0,0,1}, P, ConnectOpts, 5000),
    {ok, S} = gen_tcp:accept(L, 5000),
    gen_tcp:close(L),
    {S, C}.
pair(Opts) -> pair(Opts, Opts).
passive() -> pair([binary, {active, false}]).

done({A, B}, Result) -> gen_tcp:close(A), gen_tcp:close(B), Result.

%% Messages of a socket until it is quiet, without the socket.
until_closed(S) ->
    receive
        {tcp_closed, S} -> [tcp_closed];
        {Tag, S, X} -> [{Tag, X} | until_closed(S)];
        {Tag, S, A, B, C} -> [{Tag, A, B, C} | until_closed(S)]
    after 10000 -> [late]
    end.
messages(S) -> messages(S, 300).
messages(S, T) ->
    receive
        {S, M} -> [{port, M} | messages(S, T)];
        {Tag, S} -> [Tag | messages(S, T)];
        {Tag, S, X} -> [{Tag, X} | messages(S, T)];
        {Tag, S, A, B, C} -> [{Tag, A, B, C} | messages(S, T)];
        {'EXIT', S, R} -> [{exit, R} | messages(S, T)]
    after T -> []
    end.

recv_all(S) -> recv_all(S, 150).
recv_all(S, T) ->
    case gen_tcp:recv(S, 0, T) of
        {ok, D} -> [hide(S, D) | recv_all(S, T)];
        {error, E} -> [E]
    end.

hide(S, T) when is_tuple(T) -> list_to_tuple([hide(S, E) || E <- tuple_to_list(T)]);
hide(S, S) -> socket;
hide(_, T) -> T.

echo_lengths() ->
    {S, C} = P = passive(),
    ok = gen_tcp:send(C, [<<"ab">>, "cd", [[$e], <<"fghij">>]]),
    A = gen_tcp:recv(S, 3), B = gen_tcp:recv(S, 7), T = gen_tcp:recv(S, 1, 50),
    Big = binary:copy(<<"0123456789">>, 50000),
    Self = self(),
    spawn_link(fun() -> ok = gen_tcp:send(C, Big), Self ! sent end),
    {ok, Got} = gen_tcp:recv(S, 500000, 5000),
    receive sent -> ok end,
    done(P, {A, B, T, Got =:= Big}).
list_mode() -> {S, C} = P = pair([list, {active, false}]), gen_tcp:send(C, "abc"), done(P, gen_tcp:recv(S, 3)).
header_mode() -> {S, C} = P = pair([binary, {active, false}, {header, 2}]), gen_tcp:send(C, "abcdef"), A = gen_tcp:recv(S, 6), gen_tcp:send(C, "x"), B = gen_tcp:recv(S, 1), done(P, {A, B}).
partial_then_timeout() -> {S, C} = P = passive(), gen_tcp:send(C, "abc"), A = gen_tcp:recv(S, 5, 50), gen_tcp:send(C, "de"), done(P, {A, gen_tcp:recv(S, 5, 1000)}).
empty_send() -> {S, C} = P = passive(), A = gen_tcp:send(C, []), B = gen_tcp:recv(S, 0, 50), done(P, {A, B}).
bad_send() -> {_, C} = P = passive(), done(P, [gen_tcp:send(C, [a]), gen_tcp:send(C, [300]), gen_tcp:send(C, <<1:3>>), gen_tcp:send(C, [1 | <<2>>])]).

packet_numbers() ->
    [begin {S, C} = P = pair([binary, {active, false}, {packet, N}]),
           [ok = gen_tcp:send(C, D) || D <- ["", "a", "hello"]],
           A = gen_tcp:recv(S, 0, 1000), B = gen_tcp:recv(S, 0, 1000), D = gen_tcp:recv(S, 0, 1000), E = gen_tcp:recv(S, 3, 50),
           done(P, {N, A, B, D, E}) end || N <- [1, 2, 4]].
packet_prefix() ->
    [begin {S, C} = P = pair([binary, {active, false}]), inet:setopts(C, [{packet, N}]), gen_tcp:send(C, "abc"),
           done(P, gen_tcp:recv(S, 3 + N, 1000)) end || N <- [1, 2, 4]].
%% What raw bytes look like through a packet mode, sent whole and byte by byte, to a passive and an active socket.
through(Mode, Bytes) -> through(Mode, [], Bytes).
through(Mode, Opts, Bytes) -> through(Mode, Opts, Bytes, [[Bytes], [<<B>> || <<B>> <= Bytes]]).
through(Mode, Opts, _, Sent) ->
    [begin
         {S, C} = P = pair([binary, {active, false}, {packet, Mode} | Opts], [binary, {active, false}, {packet, raw}, {nodelay, true}]),
         Active andalso inet:setopts(S, [{active, true}]),
         [begin gen_tcp:send(C, B), timer:sleep(if length(Parts) > 1 -> 1; true -> 0 end) end || B <- Parts],
         gen_tcp:close(C),
         R = if Active -> [hide(S, M) || M <- until_closed(S)]; true -> recv_all(S, 5000) end,
         done(P, R)
     end || Active <- [false, true], Parts <- Sent].
mode_line() -> through(line, <<"one\ntwo\r\n\nrest">>).
mode_line_long() -> through(line, [{recbuf, 2048}, {buffer, 8}], <<"0123456789ab\nxyz\n">>).
mode_line_delimiter() -> {S, C} = P = pair([binary, {active, false}, {packet, line}]), inet:setopts(S, [{line_delimiter, $;}]), inet:setopts(C, [{packet, raw}]), gen_tcp:send(C, <<"a;b\nc;;d">>), done(P, recv_all(S)).
%% Wrong packets behind right ones come by themselves: OTP does not look at them before there is more.
mode_line_limit() -> through(line, [{packet_size, 5}], <<>>, [[<<"abc\n">>, <<"abcdefgh">>, <<"\n">>]]).
mode_asn1() -> through(asn1, <<48, 3, 1, 2, 3, 16#3f, 16#81, 1, 2, 7, 8, 48, 16#82, 0, 1, 9>>).
mode_sunrm() -> through(sunrm, <<16#80, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9>>).
mode_cdr() -> through(cdr, <<"GIOP", 1, 0, 1, 0, 2, 0, 0, 0, "ab", "GIOP", 1, 0, 0, 0, 0, 0, 0, 1, "c">>).
mode_cdr_bad() -> through(cdr, <<"GIOX", 1, 0, 1, 0, 2, 0, 0, 0, "ab">>).
mode_fcgi() -> through(fcgi, <<1, 1, 0, 1, 0, 4, 3, 0, "abcd", 0, 0, 0>>).
mode_tpkt() -> through(tpkt, <<3, 0, 0, 7, "abc", 3, 0, 0, 4>>).
mode_tpkt_bad() -> through(tpkt, <<4, 0, 0, 7, "abc">>).
mode_http() -> through(http, <<"GET /a?b HTTP/1.1\r\nHost: x:1\r\nx-odd-NAME: v\r\n\r\nPOST http://h:8/p HTTP/1.0\r\n\r\n">>).
mode_http_bin() -> through(http_bin, <<"HTTP/1.1 200 Fine thing\r\nContent-Length: 3\r\nFolded: a\r\n b\r\n\r\n">>).
mode_httph() -> through(httph, <<"Host: x\r\nA: b\r\n\r\n">>).
mode_http_wrong() -> through(http, <<"not http at all\r\n\r\n">>).
mode_http_long() -> through(http_bin, [{packet_size, 20}], <<"GET /0123456789012345678901234567890123456789 HTTP/1.1\r\n\r\n">>).
mode_ssl() -> through(ssl_tls, <<22, 3, 1, 0, 3, 1, 2, 3, 16#80, 5, 1, 3, 0, 9, 8>>).
mode_2_limit() -> through(2, [{packet_size, 3}], <<>>, [[<<0, 2, "ab">>, <<0, 4>>, <<"abcd">>]]).
mode_4_huge() -> through(4, <<16#ff, 0, 0, 0, "ab">>).
mode_changes() ->
    {S, C} = P = pair([binary, {active, false}, {packet, line}]),
    gen_tcp:send(C, <<"Content: 5\nhello", 0, 2, "xy">>),
    A = gen_tcp:recv(S, 0), inet:setopts(S, [{packet, raw}]), B = gen_tcp:recv(S, 5), inet:setopts(S, [{packet, 2}]),
    done(P, {A, B, gen_tcp:recv(S, 0)}).

active_true() -> {S, C} = P = pair([binary, {active, true}, {packet, 1}]), [gen_tcp:send(C, [X]) || X <- "abc"], R = messages(S), gen_tcp:close(C), done(P, {R, messages(S)}).
active_once() ->
    {S, C} = P = pair([binary, {active, once}, {packet, 1}]), [gen_tcp:send(C, [X]) || X <- "abc"],
    A = messages(S), inet:setopts(S, [{active, once}]), B = messages(S), G = inet:getopts(S, [active]), D = gen_tcp:recv(S, 0, 100), done(P, {A, B, G, D}).
active_n() ->
    {S, C} = P = pair([binary, {active, 2}, {packet, 1}]), [gen_tcp:send(C, [X]) || X <- "abcdefg"],
    A = messages(S), inet:setopts(S, [{active, 1}]), B = messages(S),
    ok = inet:setopts(S, [{active, 2}]), ok = inet:setopts(S, [{active, 20}]), D = messages(S), G = inet:getopts(S, [active]),
    ok = inet:setopts(S, [{active, -100}]), E = messages(S), F = inet:setopts(S, [{active, 32768}]), H = inet:getopts(S, [active]), done(P, {A, B, D, G, E, F, H}).
active_n_overflow() -> {S, _} = P = pair([binary, {active, false}]), ok = inet:setopts(S, [{active, 32767}]), done(P, {inet:setopts(S, [{active, 1}]), inet:getopts(S, [active])}).
active_buffered() -> {S, C} = P = pair([binary, {active, false}, {packet, line}]), gen_tcp:send(C, "a\nb\nc\n"), A = gen_tcp:recv(S, 0), inet:setopts(S, [{active, true}]), done(P, {A, messages(S)}).
active_recv() -> {S, _} = P = pair([binary, {active, true}]), done(P, gen_tcp:recv(S, 0, 100)).
deliver_port() -> {S, C} = P = pair([binary, {active, true}, {deliver, port}, {packet, 1}]), gen_tcp:send(C, "x"), R = messages(S), done(P, R).
unrecv() -> {S, C} = P = passive(), gen_tcp:send(C, "cd"), timer:sleep(20), ok = gen_tcp:unrecv(S, "ab"), done(P, {gen_tcp:recv(S, 1), gen_tcp:recv(S, 3)}).

close_passive() -> {S, C} = P = passive(), gen_tcp:send(C, "bye"), gen_tcp:close(C), A = gen_tcp:recv(S, 0), B = gen_tcp:recv(S, 0), D = gen_tcp:recv(S, 0), E = gen_tcp:send(S, "x"), done(P, {A, B, D, E}).
close_passive_waiting() -> {S, C} = P = passive(), spawn(fun() -> timer:sleep(50), gen_tcp:close(C) end), gen_tcp:controlling_process(C, self()), A = gen_tcp:recv(S, 5, 2000), done(P, A).
close_active() -> {S, C} = passive(), process_flag(trap_exit, true), inet:setopts(S, [{active, true}]), gen_tcp:close(C), A = messages(S), {A, erlang:port_info(S), gen_tcp:recv(S, 0), gen_tcp:send(S, "x"), inet:setopts(S, [{active, false}])}.
close_partial_packet() -> {S, C} = P = pair([binary, {active, false}, {packet, 4}], [binary, {active, false}]), gen_tcp:send(C, <<0,0,0,9,"abc">>), gen_tcp:close(C), done(P, {gen_tcp:recv(S, 0, 500), gen_tcp:recv(S, 0, 500)}).
close_partial_length() -> {S, C} = P = passive(), gen_tcp:send(C, "abc"), gen_tcp:close(C), timer:sleep(20), done(P, {gen_tcp:recv(S, 5, 500), gen_tcp:recv(S, 3, 500)}).
close_not_exit() ->
    {S, C} = P = pair([binary, {active, false}, {exit_on_close, false}]), gen_tcp:send(C, "ab"), gen_tcp:shutdown(C, write),
    A = gen_tcp:recv(S, 2), B = gen_tcp:recv(S, 0), D = gen_tcp:send(S, "still"), E = gen_tcp:recv(C, 5), F = gen_tcp:recv(S, 0, 100), done(P, {A, B, D, E, F}).
close_not_exit_active() ->
    {S, C} = P = pair([binary, {active, true}, {exit_on_close, false}], [binary, {active, false}]), gen_tcp:shutdown(C, write), A = messages(S), B = gen_tcp:send(S, "still"), D = gen_tcp:recv(C, 5), done(P, {A, B, D}).
close_self() -> {S, C} = passive(), ok = gen_tcp:close(S), R = {gen_tcp:close(S), gen_tcp:recv(S, 0), gen_tcp:send(S, "x"), inet:getopts(S, [active]), inet:setopts(S, [{active, true}]), inet:peername(S), inet:sockname(S), inet:port(S), gen_tcp:shutdown(S, write), gen_tcp:recv(C, 0)}, gen_tcp:close(C), R.
close_while_recv() -> {S, C} = passive(), Self = self(), Pid = spawn(fun() -> Self ! {self(), gen_tcp:recv(S, 0)} end), timer:sleep(50), gen_tcp:close(S), R = receive {Pid, X} -> X after 1000 -> none end, gen_tcp:close(C), R.
close_flushes() ->
    {S, C} = pair([binary, {active, false}, {sndbuf, 4096}, {recbuf, 4096}, {high_watermark, 10000000}]),
    ok = gen_tcp:send(C, binary:copy(<<"z">>, 3000000)), spawn(fun() -> gen_tcp:close(C) end), timer:sleep(10), N = count(S, 0), gen_tcp:close(S), N.
owner_exit_flushes() ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, binary, {active, false}]), {ok, P} = inet:port(L),
    spawn(fun() -> {ok, C} = gen_tcp:connect({127,0,0,1}, P, [binary, {high_watermark, 10000000}]), ok = gen_tcp:send(C, binary:copy(<<"z">>, 3000000)) end),
    {ok, S} = gen_tcp:accept(L, 1000), N = count(S, 0), gen_tcp:close(S), gen_tcp:close(L), N.
count(S, N) -> case gen_tcp:recv(S, 0, 2000) of {ok, B} -> count(S, N + byte_size(B)); E -> {N, E} end.
reset_hidden() -> {S, C} = P = passive(), inet:setopts(C, [{linger, {true, 0}}]), gen_tcp:close(C), timer:sleep(20), done(P, {gen_tcp:recv(S, 0), gen_tcp:send(S, "x")}).
reset_shown() -> {S, C} = P = pair([binary, {active, false}, {show_econnreset, true}]), inet:setopts(C, [{linger, {true, 0}}]), gen_tcp:close(C), timer:sleep(20), done(P, {gen_tcp:recv(S, 0), gen_tcp:recv(S, 0), gen_tcp:send(S, "x")}).
reset_shown_active() -> process_flag(trap_exit, true), {S, C} = P = pair([binary, {active, true}, {show_econnreset, true}]), inet:setopts(C, [{linger, {true, 0}}]), gen_tcp:close(C), done(P, messages(S)).
reset_on_send() -> {S, C} = P = pair([binary, {active, false}, {show_econnreset, true}]), inet:setopts(C, [{linger, {true, 0}}]), gen_tcp:close(C), timer:sleep(20), done(P, {gen_tcp:send(S, "x"), gen_tcp:send(S, "x"), gen_tcp:recv(S, 0)}).
send_after_close() -> {S, C} = P = passive(), gen_tcp:close(C), timer:sleep(20), A = gen_tcp:send(S, "x"), timer:sleep(20), B = gen_tcp:send(S, "x"), D = gen_tcp:send(S, "x"), done(P, {A, B, D, gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)}).
send_after_close_active() -> process_flag(trap_exit, true), {S, C} = P = pair([binary, {active, false}]), gen_tcp:close(C), timer:sleep(20), gen_tcp:send(S, "x"), timer:sleep(20), gen_tcp:send(S, "x"), A = inet:setopts(S, [{active, true}]), done(P, {A, messages(S)}).

shutdown_write() -> {S, C} = P = passive(), A = gen_tcp:shutdown(C, write), B = gen_tcp:recv(S, 0), D = gen_tcp:send(C, "x"), E = gen_tcp:recv(C, 0, 100), done(P, {A, B, D, E}).
shutdown_read() -> {S, C} = P = passive(), A = gen_tcp:shutdown(C, read), B = gen_tcp:recv(C, 0, 500), done(P, {A, B, gen_tcp:recv(S, 0, 50)}).
shutdown_both() -> {S, C} = P = passive(), A = gen_tcp:shutdown(C, read_write), done(P, {A, gen_tcp:recv(S, 0), gen_tcp:recv(C, 0)}).
shutdown_pending() ->
    {S, C} = P = pair([binary, {active, false}, {sndbuf, 4096}, {recbuf, 4096}, {high_watermark, 10000000}]),
    ok = gen_tcp:send(C, binary:copy(<<"z">>, 2000000)), A = gen_tcp:shutdown(C, write), B = gen_tcp:send(C, "more"), {N, E} = count(S, 0), done(P, {A, B, N < 2000001, E}).

connect_refused() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), {ok, P} = inet:port(L), gen_tcp:close(L), gen_tcp:connect({127,0,0,1}, P, []).
connect_bad() -> [case_runner:attempt(fun() -> gen_tcp:connect(A, P, O, T) end) || {A, P, O, T} <- [{{1,2,3}, 1, [], 100}, {{127,0,0,1}, 1, [{active, maybe_not}], 100}, {{127,0,0,1}, 1, [nonsense], 100}, {{127,0,0,1}, 1, [], -5}]].
listen_taken() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), {ok, P} = inet:port(L), R = gen_tcp:listen(P, [{ip, {127,0,0,1}}]), gen_tcp:close(L), R.
listen_not_here() -> gen_tcp:listen(0, [{ip, {192,0,2,1}}]).
accept_timeout() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), R = {gen_tcp:accept(L, 0), gen_tcp:accept(L, 50)}, gen_tcp:close(L), R.
accept_not_listening() -> {S, _} = P = passive(), done(P, gen_tcp:accept(S, 50)).
accept_closed() -> {ok, L} = gen_tcp:listen(0, []), gen_tcp:close(L), gen_tcp:accept(L, 50).
accept_many() ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, {active, false}, binary]), {ok, P} = inet:port(L), Self = self(),
    Pids = [begin Q = spawn(fun() -> {ok, S} = gen_tcp:accept(L), {ok, D} = gen_tcp:recv(S, 1), Self ! {self(), D} end), timer:sleep(20), Q end || _ <- lists:seq(1, 5)],
    Cs = [begin {ok, C} = gen_tcp:connect({127,0,0,1}, P, []), gen_tcp:send(C, [X]), timer:sleep(20), C end || X <- "abcde"],
    R = [receive {Q, D} -> D after 1000 -> none end || Q <- Pids], [gen_tcp:close(C) || C <- Cs], gen_tcp:close(L), R.
accept_some_die() ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, {active, false}, binary]), {ok, P} = inet:port(L), Self = self(),
    [A, B, C] = [begin Q = spawn(fun() -> R = gen_tcp:accept(L, T), Self ! {self(), element(1, R)}, receive stop -> ok end end), timer:sleep(20), Q end || T <- [infinity, 50, infinity]],
    M = monitor(process, A), exit(A, kill), receive {'DOWN', M, _, _, _} -> timer:sleep(50) end, R1 = receive {B, X} -> X after 1000 -> none end,
    {ok, K} = gen_tcp:connect({127,0,0,1}, P, []), R2 = receive {C, Y} -> Y after 1000 -> none end,
    gen_tcp:close(K), C ! stop, B ! stop, gen_tcp:close(L), {R1, R2}.
accept_listener_closes() ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}]), Self = self(),
    Pids = [spawn(fun() -> Self ! {self(), gen_tcp:accept(L)} end) || _ <- lists:seq(1, 3)], timer:sleep(50), gen_tcp:close(L), [receive {Q, X} -> X after 1000 -> none end || Q <- Pids].
accept_inherits() ->
    {S, C} = P = pair([binary, {active, false}, {packet, 2}, {nodelay, true}, {keepalive, true}, {send_timeout, 77}, {high_watermark, 9000}, {exit_on_close, false}, {header, 1}, {buffer, 5000}], []),
    Names = [mode, active, packet, nodelay, keepalive, send_timeout, send_timeout_close, high_watermark, low_watermark, exit_on_close, header, buffer, delay_send, linger, packet_size],
    R = inet:getopts(S, Names), done(P, {R, inet:getopts(C, Names)}).
recv_twice() ->
    {S, _} = P = passive(), Self = self(), Pid = spawn(fun() -> Self ! {self(), gen_tcp:recv(S, 0, 200)} end), timer:sleep(50), A = gen_tcp:recv(S, 0, 10), B = receive {Pid, X} -> X after 1000 -> none end, done(P, {A, B}).
recv_bad() -> {S, _} = P = passive(), done(P, [case_runner:attempt(fun() -> gen_tcp:recv(S, N, T) end) || {N, T} <- [{-1, 10}, {16#4000001, 10}, {0, 0}, {a, 10}, {0, a}]]).
not_open() -> {ok, S} = prim_inet:open(tcp, inet, stream), R = [prim_inet:recv(S, 0), prim_inet:send(S, "x"), prim_inet:accept(S, 10), prim_inet:peername(S), prim_inet:shutdown(S, write), prim_inet:getstatus(S), prim_inet:gettype(S)], prim_inet:close(S), R.
states() ->
    {ok, S} = prim_inet:open(tcp, inet, stream), A = prim_inet:getstatus(S), {ok, _} = prim_inet:bind(S, {127,0,0,1}, 0), ok = prim_inet:listen(S, 5), B = prim_inet:getstatus(S), C = prim_inet:bind(S, {127,0,0,1}, 0), D = prim_inet:connect(S, {127,0,0,1}, 1, 50), prim_inet:close(S), {A, B, C, D}.
bad_requests() -> P = open_port({spawn_driver, "tcp_inet"}, [binary]), R = [port_control(P, 16#03f1a300 + N, D) || {N, D} <- [{1, []}, {1, [9, 1]}, {1, [1, 9]}, {1, [1, 2]}, {3, []}, {6, [1]}, {7, [99, 0, 0, 0, 0]}, {8, [98]}, {26, [0, 0, 0, 0]}, {27, [0, 5]}, {42, [0]}, {44, [1]}, {99, []}]], port_close(P), R.

options_default() -> {S, _} = P = pair([]), Names = [active, buffer, debug, delay_send, deliver, dontroute, exit_on_close, header, high_msgq_watermark, high_watermark, keepalive, linger, low_msgq_watermark, low_watermark, mode, nodelay, nopush, packet, packet_size, priority, reuseaddr, send_timeout, send_timeout_close, show_econnreset, tos, ttl], R = inet:getopts(S, Names), done(P, R).
options_set() ->
    {S, _} = P = passive(),
    Set = [{delay_send, true}, {keepalive, true}, {linger, {true, 3}}, {nodelay, true}, {packet, 4}, {packet_size, 10000}, {priority, 3}, {send_timeout, 5000}, {send_timeout_close, true}, {header, 3}, {exit_on_close, false}, {high_watermark, 100000}, {low_watermark, 50000}, {high_msgq_watermark, 20000}, {low_msgq_watermark, 10000}, {buffer, 2000}, {mode, list}, {show_econnreset, true}, {tos, 16}, {line_delimiter, $x}],
    A = [inet:setopts(S, [O]) || O <- Set], B = inet:getopts(S, [K || {K, _} <- Set, K =/= line_delimiter]), done(P, {A, B}).
options_marks() -> {S, _} = P = passive(), inet:setopts(S, [{high_watermark, 100}]), A = inet:getopts(S, [high_watermark, low_watermark]), inet:setopts(S, [{low_watermark, 200}]), B = inet:getopts(S, [high_watermark, low_watermark]), inet:setopts(S, [{high_watermark, -1}]), done(P, {A, B, inet:getopts(S, [high_watermark, low_watermark])}).
options_bad() -> {S, _} = P = passive(), done(P, [inet:setopts(S, [O]) || O <- [{active, 7.0}, {packet, 3}, {mode, x}, {linger, true}, {nosuch, 1}, {send_timeout, -1}, {recbuf, a}, {high_msgq_watermark, 0}, {ipv6_v6only, true}, {tclass, 1}, {multicast_ttl, 3}, {read_packets, 0}, foo]] ++ [inet:getopts(S, [O]) || O <- [nosuch, read_packets, ipv6_v6only, tclass, netns, {raw, 1, 2}]]).
options_raw_large() -> {S, _} = P = passive(), done(P, [inet:getopts(S, O) || O <- [[{raw, 1, 13, 1024}], [{raw, 1, 13, <<0:8192>>}], [{raw, 1, 13, 64 * 1024}], [{raw, 1, 13, 40000}, {raw, 1, 13, 40000}]]]).
options_raw() -> {S, _} = P = passive(), A = inet:setopts(S, [{raw, 1, 9, <<1:32/native>>}]), B = inet:getopts(S, [{raw, 1, 9, 4}, keepalive, {raw, 6, 1, <<0:32>>}]), done(P, {A, B}).
options_sizes() -> {S, _} = P = passive(), ok = inet:setopts(S, [{recbuf, 30000}, {sndbuf, 30000}]), {ok, [{recbuf, R}, {sndbuf, W}, {buffer, B}]} = inet:getopts(S, [recbuf, sndbuf, buffer]), done(P, {R >= 30000, W >= 30000, B}).

names() -> {S, C} = P = passive(), {ok, {A1, P1}} = inet:sockname(S), {ok, {A2, P2}} = inet:peername(C), {ok, {A3, P3}} = inet:peername(S), {ok, {A4, P4}} = inet:sockname(C), done(P, {A1, A2, A3, A4, P1 =:= P2, P3 =:= P4}).
fake_names() -> {S, _} = P = passive(), ok = inet:setsockname(S, {{1,2,3,4}, 5}), ok = inet:setpeername(S, {{6,7,8,9}, 10}), A = {inet:sockname(S), inet:peername(S)}, ok = inet:setsockname(S, undefined), {ok, {B, _}} = inet:sockname(S), done(P, {A, B}).
statistics() -> {S, C} = P = pair([binary, {active, false}, {packet, 2}]), [gen_tcp:send(C, D) || D <- ["abc", "defgh"]], gen_tcp:recv(S, 0), gen_tcp:recv(S, 0), done(P, {inet:getstat(C), inet:getstat(S)}).
port_facts() -> {S, _} = P = passive(), R = [erlang:port_info(S, I) || I <- [name, registered_name, queue_size, monitors, locking, os_pid]] ++ [erlang:port_info(S, connected) =:= {connected, self()}, erlang:port_info(S, links) =:= {links, [self()]}], done(P, R).
controlling() ->
    {S, C} = P = pair([binary, {active, true}]), Self = self(), gen_tcp:send(C, "1"), timer:sleep(30),
    Pid = spawn(fun() -> receive go -> ok end, Self ! {self(), messages(S)} end), A = gen_tcp:controlling_process(S, Pid), gen_tcp:send(C, "2"), Pid ! go, R = receive {Pid, X} -> X after 2000 -> none end, M = monitor(port, S), receive {'DOWN', M, _, _, _} -> ok end, timer:sleep(20), B = gen_tcp:controlling_process(S, self()), done(P, {A, R, B, messages(S)}).
owner_dies() -> {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, {active, false}, binary]), {ok, P} = inet:port(L), spawn(fun() -> {ok, S} = gen_tcp:accept(L), gen_tcp:send(S, "last") end), {ok, C} = gen_tcp:connect({127,0,0,1}, P, [binary, {active, false}]), R = {gen_tcp:recv(C, 4), gen_tcp:recv(C, 0)}, gen_tcp:close(C), gen_tcp:close(L), R.
monitored() -> {S, C} = passive(), R = monitor(port, S), gen_tcp:close(S), A = receive {'DOWN', R, port, S, W} -> W after 500 -> none end, B = receive {'DOWN', Q, port, S, V} when Q =/= R -> V after 0 -> none end, gen_tcp:close(C), {A, B}.
inet_monitored() -> {S, C} = passive(), M = inet:monitor(S), gen_tcp:close(S), A = receive {'DOWN', M, T, S, I} -> {T, I =:= normal orelse I} after 500 -> none end, gen_tcp:close(C), A.
linked() -> process_flag(trap_exit, true), {S, C} = passive(), link(S), gen_tcp:close(S), A = messages(S), gen_tcp:close(C), A.
busy_timeout() ->
    {S, C} = P = pair([binary, {active, false}, {sndbuf, 4096}, {recbuf, 4096}], [binary, {active, false}, {send_timeout, 100}, {sndbuf, 4096}, {recbuf, 4096}]), B = binary:copy(<<"y">>, 200000),
    R = [gen_tcp:send(C, B) || _ <- lists:seq(1, 20)], {Oks, Rest} = lists:splitwith(fun(X) -> X =:= ok end, R), N = length(Oks), D = count_to(S, 0, 20 * 200000),
    done(P, {N < 20, lists:usort(Rest), D}).
%% Bytes that come, up to a number; then nothing more may come.
count_to(S, N, N) -> {all, gen_tcp:recv(S, 0, 50)};
count_to(S, N, All) -> case gen_tcp:recv(S, 0, 10000) of {ok, B} -> count_to(S, N + byte_size(B), All); E -> {N, E} end.
busy_timeout_close() ->
    {S, C} = P = pair([binary, {active, false}, {recbuf, 4096}], [binary, {active, false}, {send_timeout, 100}, {send_timeout_close, true}, {sndbuf, 4096}]), B = binary:copy(<<"y">>, 3000000),
    done(P, {until_error(C, B, 20), gen_tcp:send(C, "x"), gen_tcp:recv(C, 0), element(2, count(S, 0))}).
until_error(_, _, 0) -> none;
until_error(C, B, N) -> case gen_tcp:send(C, B) of ok -> until_error(C, B, N - 1); E -> E end.
busy_zero_timeout() -> {_, C} = P = pair([binary, {active, false}, {recbuf, 4096}], [binary, {active, false}, {send_timeout, 0}, {sndbuf, 4096}]), R = until_error(C, binary:copy(<<"y">>, 1000000), 20), inet:setopts(C, [{linger, {true, 0}}]), done(P, R).
busy_peer_closes() ->
    {S, C} = P = pair([binary, {active, false}, {recbuf, 4096}], [binary, {active, true}, {sndbuf, 4096}]), process_flag(trap_exit, true), Self = self(), B = binary:copy(<<"y">>, 1000000),
    Pid = spawn(fun() -> Self ! {self(), until_error(C, B, 30)} end), timer:sleep(100), gen_tcp:close(S), R = receive {Pid, X} -> X after 2000 -> none end, done(P, {R, messages(C)}).
busy_waits() ->
    {S, C} = P = pair([binary, {active, false}, {recbuf, 4096}], [binary, {active, false}, {sndbuf, 4096}]), Self = self(), B = binary:copy(<<"y">>, 300000),
    Pid = spawn(fun() -> [ok = gen_tcp:send(C, B) || _ <- lists:seq(1, 10)], Self ! {self(), sent} end), N = count_to(S, 0, 3000000), done(P, {N, receive {Pid, X} -> X after 2000 -> none end}).
delayed_send() -> {S, C} = P = pair([binary, {active, false}, {delay_send, true}]), [ok = gen_tcp:send(C, [X]) || X <- "abcde"], done(P, gen_tcp:recv(S, 5, 1000)).
sendfile() ->
    F = "net_tcp.tmp." ++ os:getpid(), B = binary:copy(<<"0123456789">>, 30000), ok = file:write_file(F, B), {S, C} = P = passive(), Self = self(),
    Pid = spawn_link(fun() -> {ok, D} = gen_tcp:recv(S, 300000, 5000), {ok, E} = gen_tcp:recv(S, 10, 5000), Self ! {self(), D =:= B, E} end),
    A = file:sendfile(F, C), {ok, H} = file:open(F, [read, raw, binary]), G = file:sendfile(H, C, 5, 10, []), file:close(H), R = receive {Pid, X, Y} -> {X, Y} after 5000 -> none end, file:delete(F), done(P, {A, G, R}).
fd_open() -> {S, C} = passive(), {ok, Fd} = prim_inet:getfd(S), {ok, T} = gen_tcp:fdopen(Fd, [binary, {active, false}]), gen_tcp:send(T, "dup"), A = gen_tcp:recv(C, 3), gen_tcp:close(T), gen_tcp:send(S, "own"), B = gen_tcp:recv(C, 3), gen_tcp:close(S), gen_tcp:close(C), {A, B}.
inet6() ->
    {ok, L} = gen_tcp:listen(0, [inet6, binary, {active, false}, {ip, {0,0,0,0,0,0,0,1}}]), {ok, P} = inet:port(L), {ok, C} = gen_tcp:connect({0,0,0,0,0,0,0,1}, P, [inet6, binary, {active, false}]), {ok, S} = gen_tcp:accept(L), gen_tcp:send(C, "six"), {ok, {A, _}} = inet:peername(S), R = {gen_tcp:recv(S, 3), A, inet:getopts(S, [ipv6_v6only])}, [gen_tcp:close(X) || X <- [L, C, S]], R.
local() ->
    F = "net_tcp." ++ os:getpid(), file:delete(F), {ok, L} = gen_tcp:listen(0, [{ifaddr, {local, F}}, binary, {active, false}]), {ok, C} = gen_tcp:connect({local, F}, 0, [binary, {active, false}]), {ok, S} = gen_tcp:accept(L), gen_tcp:send(C, "loc"),
    R = {gen_tcp:recv(S, 3), inet:sockname(L), inet:peername(C), inet:sockname(C), inet:peername(S), inet:port(L)}, [gen_tcp:close(X) || X <- [L, C, S]], file:delete(F), renamed(list_to_binary(F), {R, gen_tcp:connect({local, F}, 0, [])}).
%% A term with a name that is another in each run replaced.
renamed(Name, Name) -> name;
renamed(Name, T) when is_tuple(T) -> list_to_tuple(renamed(Name, tuple_to_list(T)));
renamed(Name, [E | L]) -> [renamed(Name, E) | renamed(Name, L)];
renamed(_, T) -> T.
local_abstract() -> N = <<0, "girder-net-tcp.", (list_to_binary(os:getpid()))/binary>>, {ok, L} = gen_tcp:listen(0, [{ifaddr, {local, N}}, binary]), A = inet:sockname(L), {ok, C} = gen_tcp:connect({local, N}, 0, []), gen_tcp:close(C), gen_tcp:close(L), renamed(N, A).
local_long() -> gen_tcp:listen(0, [{ifaddr, {local, lists:duplicate(150, $x)}}]).
interfaces() -> {ok, L} = inet:getifaddrs(), {value, {_, O}} = lists:keysearch("lo", 1, L), {lists:member({addr, {127,0,0,1}}, O), lists:member({netmask, {255,0,0,0}}, O), lists:sort(proplists:get_value(flags, O))}.
interface_items() -> [inet:ifget("lo", [addr, netmask, mtu, flags, hwaddr]), inet:ifget("nosuch", [addr, flags]), element(1, inet:getiflist())].
