%%% A WebSocket server on gen_tcp that sends every message back (RFC 6455). One process for each connection; a connection
%%% that breaks the rules is closed with the code that they name. For a test of its own: `serve/0` prints its port.
-module(ws_echo).
-export([serve/0]).

%% The largest message.
-define(MOST, 1000000).
%% Kinds of frames.
-define(CONTINUED, 0).
-define(TEXT, 1).
-define(BINARY, 2).
-define(CLOSE, 8).
-define(PING, 9).
-define(PONG, 10).

serve() ->
    {ok, L} = gen_tcp:listen(0, [binary, {ip, {127,0,0,1}}, {packet, http_bin}, {active, false}, {nodelay, true}, {backlog, 100}]),
    {ok, Port} = inet:port(L),
    io:format("port ~w~n", [Port]),
    accept(L).

accept(L) ->
    {ok, S} = gen_tcp:accept(L),
    Pid = spawn(fun() -> receive go -> connection(S) end end),
    ok = gen_tcp:controlling_process(S, Pid),
    Pid ! go,
    accept(L).

connection(S) ->
    case upgrade(S) of
        {ok, Key} ->
            ok = inet:setopts(S, [{packet, raw}]),
            ok = gen_tcp:send(S, ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ", answer(Key), "\r\n\r\n"]),
            try messages(S, <<>>, none) catch throw:{close, Code} -> shut(S, <<Code:16>>); throw:closed -> ok end;
        error ->
            ok = gen_tcp:send(S, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    end,
    gen_tcp:close(S).

%% The request's key, if it asks for a WebSocket.
upgrade(S) ->
    case gen_tcp:recv(S, 0, 5000) of
        {ok, {http_request, 'GET', _, {1, 1}}} ->
            case headers(S, #{}) of
                #{upgrade := U, version := <<"13">>, key := Key} ->
                    case string:lowercase(U) of <<"websocket">> -> {ok, Key}; _ -> error end;
                _ -> error
            end;
        _ -> error
    end.

headers(S, Known) ->
    case gen_tcp:recv(S, 0, 5000) of
        {ok, {http_header, _, Name, _, Value}} -> headers(S, header(lower(Name), Value, Known));
        {ok, http_eoh} -> Known;
        _ -> #{}
    end.
lower(Name) when is_atom(Name) -> string:lowercase(atom_to_binary(Name));
lower(Name) -> string:lowercase(Name).
header(<<"upgrade">>, V, K) -> K#{upgrade => V};
header(<<"sec-websocket-version">>, V, K) -> K#{version => V};
header(<<"sec-websocket-key">>, V, K) -> K#{key => V};
header(_, _, K) -> K.

answer(Key) -> base64:encode(sha1(<<Key/binary, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11">>)).

%% Messages, each of one frame or of several between which control frames may stand. Partial: the kind and the parts of
%% the one that is under way.
messages(S, Buffer, Partial) ->
    {Fin, Kind, Payload, Rest} = frame(S, Buffer),
    case {Kind, Partial} of
        {?CLOSE, _} -> close_code(Payload), shut(S, Payload);
        {?PING, _} -> send(S, ?PONG, Payload), messages(S, Rest, Partial);
        {?PONG, _} -> messages(S, Rest, Partial);
        {?CONTINUED, {First, Parts}} -> more(S, Fin, First, [Parts, Payload], Rest);
        {_, none} when Kind =:= ?TEXT; Kind =:= ?BINARY -> more(S, Fin, Kind, Payload, Rest);
        _ -> throw({close, 1002})
    end.

more(S, Fin, Kind, Parts, Rest) ->
    iolist_size(Parts) =< ?MOST orelse throw({close, 1009}),
    case Fin of
        0 -> messages(S, Rest, {Kind, Parts});
        1 ->
            Message = iolist_to_binary(Parts),
            Kind =:= ?BINARY orelse is_binary(unicode:characters_to_binary(Message)) orelse throw({close, 1007}),
            send(S, Kind, Message),
            messages(S, Rest, none)
    end.

%% The next frame, its payload without the mask, and what is behind it.
frame(S, <<Fin:1, 0:3, Kind:4, 1:1, Length:7, Rest/binary>> = Buffer) ->
    Kind =< ?BINARY orelse (Kind >= ?CLOSE andalso Kind =< ?PONG andalso Fin =:= 1 andalso Length < 126) orelse throw({close, 1002}),
    case Length of
        126 -> sized(S, Buffer, Fin, Kind, 16, Rest);
        127 -> sized(S, Buffer, Fin, Kind, 64, Rest);
        _ -> payload(S, Buffer, Fin, Kind, Length, Rest)
    end;
frame(_, <<_, _, _/binary>>) -> throw({close, 1002});
frame(S, Buffer) -> frame(S, more_of(S, Buffer, 2)).

sized(S, Buffer, Fin, Kind, Bits, Rest) ->
    case Rest of
        <<Length:Bits, Behind/binary>> -> payload(S, Buffer, Fin, Kind, Length, Behind);
        _ -> frame(S, more_of(S, Buffer, 2 + Bits div 8))
    end.

payload(_, _, _, _, Length, _) when Length > ?MOST -> throw({close, 1009});
payload(S, Buffer, Fin, Kind, Length, Rest) ->
    case Rest of
        <<Mask:4/binary, Masked:Length/binary, Behind/binary>> -> {Fin, Kind, unmask(Masked, Mask), Behind};
        _ -> frame(S, more_of(S, Buffer, byte_size(Buffer) - byte_size(Rest) + 4 + Length))
    end.

%% At least this many bytes.
more_of(_, Buffer, Size) when byte_size(Buffer) >= Size -> Buffer;
more_of(S, Buffer, Size) ->
    case gen_tcp:recv(S, 0) of
        {ok, Data} -> more_of(S, <<Buffer/binary, Data/binary>>, Size);
        {error, _} -> throw(closed)
    end.

unmask(Data, Mask) ->
    Size = byte_size(Data),
    Key = binary:part(binary:copy(Mask, Size div 4 + 1), 0, Size),
    Bits = bit_size(Data),
    <<X:Bits>> = Data, <<Y:Bits>> = Key,
    <<(X bxor Y):Bits>>.

send(S, Kind, Payload) ->
    Length = case byte_size(Payload) of
                 N when N < 126 -> <<N:8>>;
                 N when N < 65536 -> <<126, N:16>>;
                 N -> <<127, N:64>>
             end,
    case gen_tcp:send(S, [<<1:1, 0:3, Kind:4>>, Length, Payload]) of
        ok -> ok;
        {error, _} -> throw(closed)
    end.

%% The other side's reason goes back to it, if it is one.
close_code(<<>>) -> ok;
close_code(<<Code:16, Reason/binary>>) when Code >= 1000, Code < 5000, Code < 1012 orelse Code >= 3000, Code =/= 1004, Code =/= 1005, Code =/= 1006 ->
    is_binary(unicode:characters_to_binary(Reason)) orelse throw({close, 1007});
close_code(_) -> throw({close, 1002}).

%% Says goodbye and waits until the other side has heard it, or a second.
shut(S, Payload) ->
    catch send(S, ?CLOSE, Payload),
    _ = gen_tcp:shutdown(S, write),
    until_closed(S).
until_closed(S) ->
    case gen_tcp:recv(S, 0, 1000) of {ok, _} -> until_closed(S); {error, _} -> ok end.

%% SHA-1 (FIPS 180-4).
sha1(Data) ->
    Size = bit_size(Data),
    Zeros = (447 - Size) band 511,
    blocks(<<Data/binary, 1:1, 0:Zeros, Size:64>>, {16#67452301, 16#efcdab89, 16#98badcfe, 16#10325476, 16#c3d2e1f0}).

blocks(<<Block:64/binary, Rest/binary>>, {H0, H1, H2, H3, H4} = H) ->
    {A, B, C, D, E} = rounds(schedule([W || <<W:32>> <= Block]), 0, H),
    blocks(Rest, {(H0 + A) band 16#ffffffff, (H1 + B) band 16#ffffffff, (H2 + C) band 16#ffffffff, (H3 + D) band 16#ffffffff, (H4 + E) band 16#ffffffff});
blocks(<<>>, {A, B, C, D, E}) -> <<A:32, B:32, C:32, D:32, E:32>>.

schedule(Words) -> schedule(64, lists:reverse(Words)).
schedule(0, Words) -> lists:reverse(Words);
schedule(N, Words) ->
    [A, B, C, D] = [lists:nth(I, Words) || I <- [3, 8, 14, 16]],
    schedule(N - 1, [rotate(A bxor B bxor C bxor D, 1) | Words]).

rounds([], 80, H) -> H;
rounds([W | Words], N, {A, B, C, D, E}) ->
    {F, K} = if
                 N < 20 -> {(B band C) bor (bnot B band D), 16#5a827999};
                 N < 40 -> {B bxor C bxor D, 16#6ed9eba1};
                 N < 60 -> {(B band C) bor (B band D) bor (C band D), 16#8f1bbcdc};
                 true -> {B bxor C bxor D, 16#ca62c1d6}
             end,
    T = (rotate(A, 5) + (F band 16#ffffffff) + E + K + W) band 16#ffffffff,
    rounds(Words, N + 1, {T, A, rotate(B, 30), C, D}).

rotate(W, N) -> ((W bsl N) bor (W bsr (32 - N))) band 16#ffffffff.
