%% Writes bits.etf: what OTP's natives on bitstrings, iolists, text and packets answer, as a list of
%% {Module, Function, Args, {ok, Value} | {error, Reason}}.  Run: erlc bits.erl && erl -noshell -s bits main
-module(bits).
-export([main/0]).

main() ->
    rand:seed(exsss, {1, 2, 3}),
    Cases = lists:append([sizes(), lists(), iolists(), parts(), unsigned(), search(), text(), packets(), checksums()]),
    ok = file:write_file("bits.etf", term_to_binary([{M, F, A, answer(M, F, A)} || {M, F, A} <- Cases], [compressed])),
    io:format("~p cases~n", [length(Cases)]),
    halt().

answer(M, F, A) ->
    try {ok, apply(M, F, A)} catch error:R -> {error, R} end.

rnd(N) -> rand:uniform(N + 1) - 1.
pick(L) -> lists:nth(rand:uniform(length(L)), L).
bytes(N) -> << <<(rnd(255))>> || _ <- lists:seq(1, N) >>.
%% Bytes of few kinds, so that things repeat.
letters(N) -> << <<(pick("aab"))>> || _ <- lists:seq(1, N) >>.
no_binaries() -> [a, 1, 1 bsl 70, 2.0, [], {}, [97]].
bins() -> [<<>>, <<0>>, <<1:1>>, <<1:7>>, <<5:13>>, <<"hello">>, bytes(64), bytes(65), bytes(100), <<0:800, 1:3>>].

sizes() ->
    [{erlang, F, [X]} || F <- [is_binary, is_bitstring, byte_size, bit_size, size],
                         X <- bins() ++ no_binaries() ++ [{1, 2}]].

lists() ->
    [{erlang, F, [X]} || F <- [binary_to_list, bitstring_to_list], X <- bins() ++ no_binaries()] ++
        [{erlang, binary_to_list, [B, X, Y]} || B <- [<<>>, <<"hello">>, <<"hello", 1:3>>, a],
                                                X <- [-1, 0, 1, 3, 5, 6, a], Y <- [0, 1, 3, 5, 6, 1 bsl 70]].

iolists() ->
    Leaves = [0, 255, 65, <<>>, <<"xy">>, bytes(70), bytes(300), []],
    Bad = [256, -1, a, 1 bsl 70, <<1:1>>, 1.0, {}],
    Good = [iolist(4, Leaves) || _ <- lists:seq(1, 40)],
    Mixed = [iolist(4, Leaves ++ [pick(Bad)]) || _ <- lists:seq(1, 60)],
    Odd = [[1 | <<"a">>], [1 | <<1:1>>], [1 | 2], [[] | []], [[[[[]]]]], [[1 | <<2>>] | <<3>>], <<"abc">>, <<1:3>>, [<<1:3>>, <<2:7>>, 9]],
    [{M, F, [X]} || {M, F} <- [{erlang, list_to_binary}, {erlang, iolist_to_binary}, {erlang, iolist_size},
                               {erlang, list_to_bitstring}, {binary, list_to_bin}],
                    X <- Good ++ Mixed ++ Odd ++ Bad ++ no_binaries()].

iolist(0, Leaves) -> [pick(Leaves)];
iolist(Depth, Leaves) ->
    Elements = [case rnd(2) of 0 -> iolist(Depth - 1, Leaves); _ -> pick(Leaves) end || _ <- lists:seq(1, rnd(5))],
    case rnd(3) of
        0 -> Elements ++ pick([L || L <- Leaves, is_bitstring(L)]);
        _ -> Elements
    end.

parts() ->
    Bs = [<<>>, <<"hello">>, <<"hello", 3:3>>, bytes(100), a],
    Ps = [-1, 0, 1, 3, 5, 6, 1 bsl 70, a],
    Ls = [-6, -5, -1, 0, 1, 2, 5, 6, 1 bsl 62, -(1 bsl 63), a],
    [{M, F, [B, P, L]} || {M, F} <- [{erlang, binary_part}, {binary, part}], B <- Bs, P <- Ps, L <- Ls] ++
        [{M, F, [B, X]} || {M, F} <- [{erlang, binary_part}, {binary, part}], B <- Bs,
                           X <- [{0, 1}, {1, -1}, {2, 9}, {1, 2, 3}, [1, 2], a]] ++
        [{erlang, split_binary, [B, P]} || B <- Bs, P <- Ps] ++
        [{binary, at, [B, P]} || B <- Bs, P <- Ps] ++
        [{binary, F, [B]} || F <- [first, last, copy], B <- Bs ++ [<<1:3>>, <<7>>]] ++
        [{binary, copy, [B, N]} || B <- Bs ++ [<<1:3>>], N <- [-1, 0, 1, 3, 20, a, 1.0]] ++
        [{binary, F, [L]} || F <- [longest_common_prefix, longest_common_suffix],
                             L <- [[], [<<>>], [<<"abc">>], [<<"abcd">>, <<"abxd">>], [<<"abc">>, <<"zabc">>, <<"abc">>],
                                   [<<"a">>, a], [<<"a">>, <<1:1>>], [<<"a">> | b], a, <<"a">>]].

unsigned() ->
    Bs = [<<>>, <<0>>, <<0, 0, 1, 0>>, <<255:64>>, <<1:72>>, bytes(8), bytes(9), bytes(31), <<0:160, 7, 0:80>>, <<1:3>>, a],
    Is = [0, 1, 255, 256, 65535, 1 bsl 59, 1 bsl 60, (1 bsl 64) - 1, 1 bsl 64, (1 bsl 200) + 77, -1, -(1 bsl 70), a, 1.0],
    [{binary, decode_unsigned, [B]} || B <- Bs] ++
        [{binary, decode_unsigned, [B, E]} || B <- Bs, E <- [big, little, x, 1]] ++
        [{binary, encode_unsigned, [I]} || I <- Is] ++
        [{binary, encode_unsigned, [I, E]} || I <- Is, E <- [big, little, x]].

search() ->
    Patterns = [<<"a">>, <<"ab">>, <<"ba">>, <<"aab">>, [<<"a">>], [<<"a">>, <<"ab">>], [<<"ab">>, <<"b">>, <<"baa">>],
                [<<"bb">>, <<"bbb">>], <<>>, [<<>>], [], [<<"a">> | b], [<<"a">>, <<1:1>>], a, <<1:1>>, {bm, 1}, {a}],
    Subjects = [<<>>, <<"a">>, <<"aaaa">>, <<"xyz">>, letters(12), letters(40), letters(90), <<"a", 1:1>>, a],
    Scopes = [[], [{scope, {0, 3}}], [{scope, {2, -2}}], [{scope, {1, 5}}], [{scope, {0, 0}}], [{scope, {99, 1}}],
              [{scope, {1, 0}}], [{scope, {0, 1}}, {scope, {0, 2}}], [{scope, 1}], [global], [foo], [{scope, {0, 1}} | x], x],
    Splits = Scopes ++ [[trim], [trim_all], [global, trim], [global, trim_all], [global, {scope, {1, 3}}],
                        [trim, {scope, {0, 1}}], [global | x]],
    [{binary, F, [S, P]} || F <- [match, matches, split], S <- Subjects, P <- Patterns] ++
        [{binary, F, [S, P, O]} || F <- [match, matches], S <- some(Subjects), P <- some(Patterns), O <- Scopes] ++
        [{binary, split, [S, P, O]} || S <- some(Subjects), P <- some(Patterns), O <- Splits].

some(L) -> [X || X <- L, rnd(1) =:= 0].

text() ->
    Chars = [$a, 0, 127, 128, 255, 256, 16#7ff, 16#800, 16#d7ff, 16#e000, 16#ffff, 16#10000, 16#10ffff,
             <<"abc">>, <<"åäö"/utf8>>, <<"€𝄞"/utf8>>, [], <<>>],
    Bad = [16#d800, 16#dfff, 16#110000, -1, 1 bsl 70, <<200>>, <<255>>, <<16#e2, 16#82>>, <<16#ac>>, <<16#f0, 16#9d>>,
           <<16#84, 16#9e>>, <<16#c3>>, <<16#a5>>, <<16#c0, 16#80>>, <<16#ed, 16#a0, 16#80>>, <<16#e0, 16#80>>, <<16#e2, $a>>,
           <<"ok", 255, "rest">>, <<16#f4, 16#90, 16#80, 16#80>>, <<16#f0, 16#80>>],
    Worse = [a, 1.0, <<1:1>>, {}],
    Good = [iolist(3, Chars) || _ <- lists:seq(1, 30)],
    Broken = [iolist(3, Chars ++ some(Bad)) || _ <- lists:seq(1, 150)],
    Wrong = [iolist(3, Chars ++ some(Bad) ++ Worse) || _ <- lists:seq(1, 40)],
    Singles = Chars ++ Bad ++ Worse ++ [[X] || X <- Chars ++ Bad ++ Worse] ++ [[$x, [X, $y] | <<"z">>] || X <- Bad ++ Worse],
    Split = [[<<B:N/binary>>, <<(binary:part(B, N, byte_size(B) - N))/binary>>] || B <- [<<"å€𝄞"/utf8>>], N <- lists:seq(0, 9)],
    [{unicode, F, [X, E]} || F <- [characters_to_binary, characters_to_list], X <- Good ++ Broken ++ Wrong ++ Singles ++ Split,
                             E <- [latin1, unicode]] ++
        [{unicode, bin_is_7bit, [X]} || X <- Singles].

packets() ->
    Types = [raw, 0, 1, 2, 4, asn1, sunrm, cdr, fcgi, tpkt, line, ssl_tls],
    Data = [<<>>, <<1>>, <<3, 1, 2, 3, 4>>, <<0, 3, 1, 2, 3, 4>>, <<0, 0, 0, 2, 1, 2, 3>>, <<255, 255, 255, 255, 1>>,
            <<16#30, 3, 1, 2, 3, 4>>, <<16#3f, 16#81, 1, 2, 5, 6, 7>>, <<16#30, 16#82, 0, 1, 9>>, <<16#30, 16#85, 0:80>>,
            <<"GIOP", 1, 0, 1, 0, 2:32/little, 7, 7, 7>>, <<"GIOP", 1, 0, 0, 0, 2:32, 7, 7, 7>>,
            <<1, 6, 0, 1, 0, 3, 2, 0, 9, 8, 7, 0, 0, 5>>, <<3, 0, 0, 6, 1, 2, 3>>, <<3, 0, 0, 1, 1>>, <<"line\nmore">>, <<"no end">>,
            <<22, 3, 1, 0, 3, 1, 2, 3, 4>>, <<16#80, 7, 1, 3, 0, 1, 2, 3, 4, 5>>, <<"bits\n", 3:3>>],
    Options = [[], [{packet_size, 3}], [{line_length, 3}], [{packet_size, 100}, {line_length, 4}]],
    Http = [<<"GET / HTTP/1.1\r\nHost: x\r\n">>, <<"GET /a/b?c=d HTTP/1.0\n">>, <<"PATCH * HTTP/1.1\r\n\r\n">>, <<"GET /\r\n">>, <<"GET\r\n">>,
            <<"GET http://h.x:8080/p HTTP/1.1\r\n">>, <<"GET https://h.x HTTP/1.1\r\n">>, <<"GET http://h:0/ HTTP/1.1\r\n">>,
            <<"CONNECT h:443 HTTP/1.1\r\n">>, <<"GET word HTTP/1.1\r\n">>, <<"GET / HTTP/1\r\n">>, <<"GET / FTP/1.1\r\n">>, <<"GET / HTTP/11.22x\r\n">>,
            <<"HTTP/1.1 200 OK\r\n">>, <<"HTTP/1.0 404\r\n">>, <<"HTTP/1.1 500  Very Bad \n">>, <<"HTTP/x 1\r\n">>, <<"HTTP/1.1200\r\n">>, <<"HTTP/1.1 20x\r\n">>,
            <<"\r\n">>, <<"\n">>, <<"\r\nx">>, <<"content-TYPE: text/html\r\n\r\n">>, <<"Content-Length:5\r\nx">>, <<"x-my-HEADER:  v v \r\nx">>,
            <<"A: b\r\n c\r\nd">>, <<"A: b\r\n">>, <<"no colon\r\nx">>, <<": v\r\nx">>, <<"etag\t: v\r\nx">>, <<"Set-Cookie2: a\nb">>,
            <<(binary:copy(<<"Ab-">>, 17))/binary, ": long\r\nx">>, <<(binary:copy(<<"a">>, 50))/binary, ": v\r\nx">>, <<"-a--b: v\r\nx">>, <<"incomplete">>],
    [{erlang, decode_packet, [T, D, O]} || T <- Types, D <- Data, O <- Options] ++
        [{erlang, decode_packet, [T, D, O]} || T <- [http, http_bin, httph, httph_bin], D <- Http, O <- [[], [{packet_size, 12}], [{line_length, 16}]]] ++
        [{erlang, decode_packet, [line, <<"a;b">>, [{line_delimiter, $;}]]}, {erlang, decode_packet, [raw, <<"a">>, [{line_delimiter, $;}]]},
         {erlang, decode_packet, [foo, <<"a">>, []]}, {erlang, decode_packet, [3, <<"a">>, []]}, {erlang, decode_packet, [raw, a, []]},
         {erlang, decode_packet, [raw, <<"a">>, a]}, {erlang, decode_packet, [raw, <<"a">>, [foo]]}, {erlang, decode_packet, [raw, <<"a">>, [{packet_size, -1}]]}].

checksums() ->
    Data = [[], <<>>, "abc", bytes(64), [bytes(100), [1, 2 | <<"x">>]], binary:copy(<<255>>, 6000), a, [256], <<1:3>>],
    %% Halves of an Adler-32 sum are below 65521; what larger ones give depends on the zlib in use.
    Sums = [0, 1, 16#fff0fff0, 16#12345678, 16#100000000, -1, a],
    [{erlang, F, [D]} || F <- [crc32, adler32, md5], D <- Data] ++
        [{erlang, F, [S, D]} || F <- [crc32, adler32], S <- Sums, D <- Data] ++
        [{erlang, F, [A, B, N]} || F <- [crc32_combine, adler32_combine], A <- Sums, B <- Sums, N <- [0, 1, 65521, 100000, -1, a]] ++
        [{erlang, md5_final, [C]} || C <- [erlang:md5_init(), erlang:md5_update(erlang:md5_init(), "abc"),
                                           erlang:md5_update(erlang:md5_update(erlang:md5_init(), bytes(100)), bytes(50)), <<1>>, a]] ++
        [{erlang, md5_update, [X, "abc"]} || X <- [<<1>>, a]].
