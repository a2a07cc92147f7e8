%%% Peers that break off, stall or send nonsense: the socket's owner gets the error that it should, and memory stays
%%% within the marks.
-module(net_peers).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% The accepting side and the connecting one.
pair(ListenOpts, ConnectOpts) ->
    {ok, L} = listen(ListenOpts),
    {ok, C} = connect(L, ConnectOpts),
    {ok, S} = gen_tcp:accept(L, 5000),
    gen_tcp:close(L),
    {S, C}.
pair(ListenOpts) -> pair([binary, {active, false} | ListenOpts], [binary, {active, false}, {nodelay, true}]).
listen(Opts) -> gen_tcp:listen(0, [{ip, {127,0,0,1}} | Opts]).
connect(L, Opts) -> connect(L, Opts, 5000).
connect(L, Opts, Time) -> {ok, P} = inet:port(L), gen_tcp:connect({127,0,0,1}, P, Opts, Time).

done({A, B}, Result) -> gen_tcp:close(A), gen_tcp:close(B), Result.
reset(S) -> ok = inet:setopts(S, [{linger, {true, 0}}]), gen_tcp:close(S).
later(F) -> spawn_link(fun() -> timer:sleep(60), F() end).

%% What another process gets from a call that waits.
apart(F) -> Self = self(), Pid = spawn_link(fun() -> Self ! {self(), F()} end), timer:sleep(60), Pid.
result(Pid) -> receive {Pid, R} -> R after 10000 -> late end.

%% Messages of a socket up to its end, with the socket left out.
messages(S) ->
    receive
        {tcp_closed, S} -> [tcp_closed | rest(S)];
        {tcp, S, D} -> [{tcp, D} | messages(S)];
        {Tag, S, D} -> [{Tag, D} | messages(S)];
        {Tag, S} -> [Tag | messages(S)];
        {Tag, _, A, B, C} -> [{Tag, A, B, C} | messages(S)]
    after 10000 -> [late]
    end.
rest(S) -> receive {_, S, D} -> [{behind, D} | rest(S)]; {_, S} -> [behind | rest(S)] after 30 -> [] end.

%% Resets in every state.

reset_in_backlog() ->
    {ok, L} = listen([binary, {active, false}]),
    {ok, C} = connect(L, []), reset(C), timer:sleep(30),
    {ok, D} = connect(L, [binary]), ok = gen_tcp:send(D, "here"),
    {ok, A} = gen_tcp:accept(L, 1000), X = {gen_tcp:recv(A, 0, 1000), element(1, inet:peername(A))}, gen_tcp:close(A),
    {ok, B} = gen_tcp:accept(L, 1000), Y = gen_tcp:recv(B, 4, 1000),
    [gen_tcp:close(S) || S <- [B, D, L]],
    {X, Y}.
reset_while_receiving() ->
    [begin
         {S, C} = P = pair([{show_econnreset, Show}]),
         ok = gen_tcp:send(C, "abc"),
         Pid = apart(fun() -> gen_tcp:recv(S, 10) end), reset(C),
         R = result(Pid), done(P, {Show, R, gen_tcp:recv(S, 0, 1000), gen_tcp:send(S, "x")})
     end || Show <- [false, true]].
reset_behind_data() ->
    [begin
         {S, C} = P = pair([{show_econnreset, Show}]),
         ok = gen_tcp:send(C, "abc"), timer:sleep(30), reset(C), timer:sleep(30),
         done(P, {Show, gen_tcp:recv(S, 2, 1000), gen_tcp:recv(S, 0, 1000), gen_tcp:recv(S, 0, 1000)})
     end || Show <- [false, true]].
reset_in_packet() ->
    [begin
         {S, C} = P = pair([{packet, 4}, {show_econnreset, Show}]),
         ok = gen_tcp:send(C, <<3:32, "abc", 9:32, "de">>), timer:sleep(30),
         R = case Active of
                 false -> A = gen_tcp:recv(S, 0, 1000), reset(C), timer:sleep(30), [A, gen_tcp:recv(S, 0, 1000)];
                 _ -> inet:setopts(S, [{active, Active}]), timer:sleep(30), reset(C), messages(S)
             end,
         done(P, {Show, Active, R})
     end || Show <- [false, true], Active <- [false, true, 5]].
reset_behind_shutdown() ->
    [begin
         {S, C} = P = pair([binary, {active, false}, {show_econnreset, Show}], [binary, {active, false}, {exit_on_close, false}]),
         ok = gen_tcp:shutdown(S, write), {error, closed} = gen_tcp:recv(C, 0, 1000), ok = gen_tcp:send(C, "last"), timer:sleep(30), reset(C), timer:sleep(30),
         done(P, {Show, gen_tcp:recv(S, 4, 1000), gen_tcp:recv(S, 0, 1000), gen_tcp:send(S, "x"), gen_tcp:shutdown(S, read_write)})
     end || Show <- [false, true]].
reset_of_a_sender_that_waits() ->
    [begin
         {S, C} = P = pair([binary, {active, false}, {sndbuf, 4096}, {show_econnreset, Show}], [binary, {active, false}, {recbuf, 4096}]),
         Pid = apart(fun() -> until_error(S, binary:copy(<<"y">>, 100000)) end), reset(C),
         R = result(Pid), done(P, {Show, R, gen_tcp:recv(S, 0, 1000)})
     end || Show <- [false, true]].
reset_in_sendfile() ->
    File = "net_peers.tmp." ++ os:getpid(), ok = file:write_file(File, binary:copy(<<"0123456789">>, 800000)),
    R = [begin
             {S, C} = P = pair([]),
             %% Only the owner sends files.
             Pid = spawn_link(fun() -> receive go -> {ok, _} = gen_tcp:recv(C, 1000, 1000), timer:sleep(60), How(C) end end),
             ok = gen_tcp:controlling_process(C, Pid), Pid ! go,
             done(P, {file:sendfile(File, S), gen_tcp:send(S, "x")})
         end || How <- [fun reset/1, fun gen_tcp:close/1]],
    file:delete(File), R.
reset_of_many_acceptors_clients() ->
    {ok, L} = listen([binary, {active, false}]),
    Pids = [apart(fun() -> {ok, S} = gen_tcp:accept(L), R = gen_tcp:recv(S, 0, 5000), gen_tcp:close(S), R end) || _ <- lists:seq(1, 10)],
    [begin {ok, C} = connect(L, []), reset(C) end || _ <- Pids],
    R = lists:usort([result(Pid) || Pid <- Pids]), gen_tcp:close(L), R.
close_with_unread_is_a_reset() ->
    {S, C} = P = pair([{show_econnreset, true}]),
    ok = gen_tcp:send(S, "nobody reads this"), timer:sleep(30), gen_tcp:close(C), timer:sleep(30),
    done(P, {gen_tcp:recv(S, 0, 1000), gen_tcp:send(S, "x")}).

until_error(S, B) -> case gen_tcp:send(S, B) of ok -> until_error(S, B); E -> E end.

%% Peers that are half there.

half_closed_passive() ->
    {S, C} = P = pair([]), ok = gen_tcp:shutdown(C, write),
    A = gen_tcp:recv(S, 0, 1000), B = gen_tcp:send(S, "answer"), done(P, {A, B, gen_tcp:recv(C, 0, 1000)}).
half_closed_active() ->
    {S, C} = P = pair([{active, true}]), ok = gen_tcp:send(C, "ask"), timer:sleep(30), ok = gen_tcp:shutdown(C, write),
    A = messages(S), done(P, {A, gen_tcp:send(S, "answer"), gen_tcp:recv(C, 0, 1000)}).
half_closed_kept() ->
    {S, C} = P = pair([{exit_on_close, false}]), Self = self(),
    Pid = spawn_link(fun() -> {ok, D} = gen_tcp:recv(S, 0, 1000), {error, closed} = gen_tcp:recv(S, 0, 1000), timer:sleep(50), Self ! {self(), [gen_tcp:send(S, [D, X]) || X <- "12"]} end),
    ok = gen_tcp:send(C, "q"), ok = gen_tcp:shutdown(C, write), A = gen_tcp:recv(C, 4, 2000), done(P, {result(Pid), A}).
silent_peer() ->
    {S, C} = P = pair([{packet, 2}]), ok = gen_tcp:send(C, <<0, 5, "ab">>),
    A = [gen_tcp:recv(S, 0, T) || T <- [0, 20, 40]], ok = gen_tcp:send(C, "cde"), done(P, {A, gen_tcp:recv(S, 0, 1000)}).
backlog_is_full() ->
    {ok, L} = listen([{backlog, 1}]),
    R = [connect(L, [], 300) || _ <- lists:seq(1, 5)],
    [gen_tcp:close(S) || {ok, S} <- R], gen_tcp:close(L),
    lists:usort([E || {error, E} <- R]).

%% Slow readers: what waits stays within the marks, and nothing is lost.

slow_reader() ->
    {S, C} = P = pair([binary, {active, false}, {sndbuf, 4096}, {high_watermark, 20000}, {low_watermark, 10000}], [binary, {active, false}, {recbuf, 4096}]),
    Before = erlang:memory(binary),
    Pid = apart(fun() -> [ok = gen_tcp:send(S, numbered(N)) || N <- lists:seq(1, 500)], sent end),
    {queue_size, Waiting} = erlang:port_info(S, queue_size),
    Bounded = {Waiting >= 10000, Waiting =< 20000 + 10004, erlang:memory(binary) - Before < 1000000, is_process_alive(Pid)},
    All = read_slowly(C, 500, 0),
    done(P, {Bounded, All, result(Pid), erlang:port_info(S, queue_size)}).
numbered(N) -> <<N:32, 0:(8 * 10000)>>.
read_slowly(_, 0, N) -> {all, N};
read_slowly(C, Left, N) ->
    Left rem 100 =:= 0 andalso timer:sleep(20),
    case gen_tcp:recv(C, 10004, 5000) of {ok, <<M:32, _/binary>>} when M =:= N + 1 -> read_slowly(C, Left - 1, M); Other -> {N, Other} end.
slow_owner() ->
    [begin
         {S, C} = P = pair([binary, {recbuf, 4096}, {active, Active}], [binary, {active, false}, {sndbuf, 4096}]),
         Pid = apart(fun() -> [ok = gen_tcp:send(C, numbered(N)) || N <- lists:seq(1, 100)], sent end), timer:sleep(100),
         {message_queue_len, Queue} = process_info(self(), message_queue_len),
         Sent = drain(S, Active, 0, 100 * 10004),
         done(P, {Active, Queue =< most(Active) + 1, Sent, result(Pid)})
     end || Active <- [once, 3]].
most(once) -> 1;
most(N) -> N.
drain(S, Active, N, All) when N < All ->
    receive
        {tcp, S, D} -> Active =:= once andalso inet:setopts(S, [{active, once}]), drain(S, Active, N + byte_size(D), All);
        {tcp_passive, S} -> inet:setopts(S, [{active, Active}]), drain(S, Active, N, All)
    after 5000 -> {only, N}
    end;
drain(_, _, N, All) -> N =:= All.
slow_readers_and_a_quick_one() ->
    {ok, L} = listen([binary, {active, false}, {sndbuf, 4096}]),
    Slow = [begin {ok, C} = connect(L, [binary, {active, false}, {recbuf, 4096}]), {ok, S} = gen_tcp:accept(L), {S, C} end || _ <- lists:seq(1, 20)],
    Pids = [apart(fun() -> until_error(S, binary:copy(<<"y">>, 50000)) end) || {S, _} <- Slow],
    {ok, Q} = connect(L, [binary, {active, false}]), {ok, T} = gen_tcp:accept(L),
    A = [begin ok = gen_tcp:send(Q, [X]), {ok, B} = gen_tcp:recv(T, 1, 1000), ok = gen_tcp:send(T, B), gen_tcp:recv(Q, 1, 1000) end || X <- "abc"],
    [reset(C) || {_, C} <- Slow], R = lists:usort([result(Pid) || Pid <- Pids]),
    [gen_tcp:close(S) || S <- [Q, T, L | [S || {S, _} <- Slow]]], {A, R}.

%% Endless things.

endless_line() ->
    {S, C} = P = pair([{packet, line}, {recbuf, 8192}, {buffer, 1000}]),
    Pid = apart(fun() -> [ok = gen_tcp:send(C, binary:copy(<<"a">>, 10000)) || _ <- lists:seq(1, 300)], gen_tcp:close(C) end),
    Pieces = pieces(S), done(P, {lists:sum(Pieces), lists:max(Pieces), result(Pid)}).
pieces(S) -> case gen_tcp:recv(S, 0, 5000) of {ok, B} -> [byte_size(B) | pieces(S)]; {error, closed} -> [] end.
endless_line_limit() -> endless([{packet, line}, {packet_size, 1000}], <<>>).
endless_request() -> endless([{packet, http_bin}], <<"GET /">>).
endless_header() -> endless([{packet, httph_bin}], <<"X-Endless: ">>).
endless_header_limit() -> endless([{packet, httph}, {packet_size, 2000}], <<"X-Endless: ">>).
endless_folding() -> endless([{packet, httph_bin}], <<"X-Endless: 1\r\n">>, <<" 2\r\n">>).
endless(Opts, Begin) -> endless(Opts, Begin, <<"a">>).
endless(Opts, Begin, More) ->
    [begin
         {S, C} = P = pair([{recbuf, 4096}, {buffer, 2000}, {show_econnreset, true} | Opts]),
         Chunk = binary:copy(More, 10000),
         Pid = apart(fun() -> gen_tcp:send(C, Begin), [catch gen_tcp:send(C, Chunk) || _ <- lists:seq(1, 50)], sent end),
         R = case Active of
                 false -> gen_tcp:recv(S, 0, 3000);
                 true -> inet:setopts(S, [{active, true}]), receive {Tag, _, _} = M when Tag =/= http -> setelement(2, M, socket) after 3000 -> nothing end
             end,
         gen_tcp:close(S), unlink(Pid), exit(Pid, kill), done(P, cut(R))
     end || Active <- [false, true]].
cut({ok, B}) when is_binary(B) -> {ok, byte_size(B)};
cut({tcp, S, B}) when is_binary(B) -> {tcp, S, byte_size(B)};
cut(R) -> R.

%% Wrong headers, to a passive and an active socket: what is right before comes, then the error.

bad_asn1() -> wrong(asn1, <<48, 1, 7, 16#1f, 16#80, 16#80, 16#80, 16#80, 16#80, 16#80, 1, 1, 1>>).
bad_asn1_length() -> wrong(asn1, <<48, 16#8f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>>).
bad_sunrm() -> wrong(sunrm, <<16#ff, 16#ff, 16#ff, 16#ff, 1, 2, 3>>).
bad_cdr_size() -> wrong(cdr, <<"GIOP", 1, 0, 0, 0, 16#ff, 16#ff, 16#ff, 16#ff, "ab">>).
bad_fcgi() -> wrong(fcgi, <<7, 1, 0, 1, 0, 4, 3, 0, "abcd", 0, 0, 0>>).
bad_tpkt() -> wrong(tpkt, <<3, 0, 0, 5, "a", 9, 0, 0, 5, "b">>).
short_tpkt() -> wrong(tpkt, <<3, 0, 0, 2, "abcdef">>).
bad_ssl() -> wrong(ssl_tls, <<99, 99, 99, 99, 99, 1, 2, 3>>).
bad_4() -> wrong(4, <<1:32, "x", 16#ffffffff:32, "y">>).
bad_request_line() -> wrong(http_bin, <<"GET / HTTP/x.1\r\n\r\n">>).
bad_response_line() -> wrong(http_bin, <<"HTTP/1.1 2x0 Fine\r\n\r\n">>).
bad_header() -> wrong(httph_bin, <<"no colon here\r\n: no name\r\n\r\n">>).
zero_bytes() -> wrong(http_bin, <<0, 0, 0, "\r\n", 0, "\r\n">>).
wrong(Mode, Bytes) ->
    [begin
         {S, C} = P = pair([{packet, Mode}]), ok = gen_tcp:send(C, Bytes), ok = gen_tcp:shutdown(C, write), timer:sleep(30),
         R = case Active of
                 false -> received(S);
                 true -> inet:setopts(S, [{active, true}]), [without(S, M) || M <- messages(S)]
             end,
         done(P, {Active, R})
     end || Active <- [false, true]].
received(S) -> case gen_tcp:recv(S, 0, 2000) of {ok, D} -> [without(S, D) | received(S)]; {error, E} -> [E] end.
without(S, T) when is_tuple(T) -> list_to_tuple([without(S, E) || E <- tuple_to_list(T)]);
without(S, S) -> socket;
without(_, T) -> T.
