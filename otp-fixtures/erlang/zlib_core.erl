%%% zlib: one-step functions, streams, dictionaries, checksums, errors.
-module(zlib_core).
-compile([export_all, nowarn_export_all]).
-helpers([text, big, noise]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(F).
text() -> iolist_to_binary(lists:duplicate(200, "The quick brown fox jumps over the lazy dog. ")).
big() -> iolist_to_binary([<<N:32, (N * N):64>> || N <- lists:seq(1, 20000)]).
noise() -> element(1, lists:mapfoldl(fun(_, X) -> Y = (X * 16807) rem 2147483647, {Y band 255, Y} end, 7, lists:seq(1, 50000))).
b(X) -> iolist_to_binary(X).
%% Output of a stream by a fun over it.
with(F) -> Z = zlib:open(), try F(Z) after catch zlib:close(Z) end.

compress() -> [zlib:uncompress(zlib:compress(X)) =:= b(X) || X <- [<<>>, <<"a">>, "abc", text(), big(), noise(), [text(), [big(), "x"]]]].
compress_bytes() -> [zlib:compress(X) || X <- [<<>>, <<"a">>, "hello hello hello hello", lists:duplicate(1000, $x)]].
compress_hash() -> [erlang:md5(zlib:compress(X)) || X <- [text(), big(), noise()]].
zip() -> [zlib:unzip(zlib:zip(X)) =:= b(X) || X <- [<<>>, "abc", text(), big(), noise()]].
zip_bytes() -> [zlib:zip(X) || X <- [<<>>, <<"a">>, "hello hello hello hello"]].
gzip() -> [zlib:gunzip(zlib:gzip(X)) =:= b(X) || X <- [<<>>, "abc", text(), big(), noise()]].
gzip_bytes() -> [begin <<H:9/binary, _, T/binary>> = zlib:gzip(X), {H, T} end || X <- [<<>>, <<"a">>, "hello hello hello hello"]].
gunzip_concatenated() -> zlib:gunzip([zlib:gzip("abc"), zlib:gzip("def")]).
gunzip_trailing() -> [e(fun() -> zlib:gunzip([zlib:gzip("abc"), X]) end) || X <- ["x", <<0, 0>>, "garbage garbage"]].
bad_data() -> [e(fun() -> F(X) end) || F <- [fun zlib:uncompress/1, fun zlib:unzip/1, fun zlib:gunzip/1], X <- [<<>>, <<"garbage">>, <<120, 156>>, binary:part(zlib:compress(text()), 0, 20)]].
bad_arguments() -> [e(fun() -> F(X) end) || F <- [fun zlib:compress/1, fun zlib:uncompress/1, fun zlib:zip/1, fun zlib:unzip/1, fun zlib:gzip/1, fun zlib:gunzip/1], X <- [a, [a], [256], <<1:3>>]].
checksum_wrong() -> C = zlib:compress("hello"), N = byte_size(C) - 1, <<H:N/binary, L>> = C, e(fun() -> zlib:uncompress(<<H/binary, (L bxor 1)>>) end).

levels() -> [with(fun(Z) -> ok = zlib:deflateInit(Z, L), erlang:md5(zlib:deflate(Z, text(), finish)) end) || L <- [none, default, best_compression, best_speed, 0, 1, 5, 9]].
level_sizes() -> [with(fun(Z) -> ok = zlib:deflateInit(Z, L), iolist_size(zlib:deflate(Z, big(), finish)) end) || L <- [0, 1, 6, 9]].
bad_levels() -> [with(fun(Z) -> e(fun() -> zlib:deflateInit(Z, L) end) end) || L <- [10, -2, foo, 1.0]].
init_options() -> [with(fun(Z) -> e(fun() -> ok = zlib:deflateInit(Z, default, deflated, W, M, S), b(zlib:deflate(Z, "hello hello hello", finish)) end) end) || {W, M, S} <- [{15, 8, default}, {-15, 8, default}, {31, 8, default}, {9, 1, filtered}, {15, 9, huffman_only}, {15, 8, rle}, {7, 8, default}, {15, 10, default}, {15, 8, foo}, {-8, 8, default}]].
stream_pieces() -> with(fun(Z) -> ok = zlib:deflateInit(Z), A = zlib:deflate(Z, "hello "), B = zlib:deflate(Z, "world "), C = zlib:deflate(Z, "again", finish), ok = zlib:deflateEnd(Z), zlib:uncompress([A, B, C]) end).
stream_flushes() -> [with(fun(Z) -> ok = zlib:deflateInit(Z), A = b(zlib:deflate(Z, "hello hello hello", F)), B = b(zlib:deflate(Z, "more", finish)), {A, B, zlib:uncompress([A, B])} end) || F <- [none, sync, full]].
stream_inflate_pieces() -> C = zlib:compress(text()), with(fun(Z) -> ok = zlib:inflateInit(Z), R = b([zlib:inflate(Z, <<X>>) || <<X>> <= C]), {R =:= text(), zlib:inflateEnd(Z)} end).
stream_reuse() -> with(fun(Z) -> [begin ok = zlib:deflateInit(Z), R = b(zlib:deflate(Z, "abc", finish)), ok = zlib:deflateEnd(Z), R end || _ <- [1, 2, 3]] end).
stream_reset() -> with(fun(Z) -> ok = zlib:deflateInit(Z), A = b(zlib:deflate(Z, "abc", finish)), ok = zlib:deflateReset(Z), B = b(zlib:deflate(Z, "abc", finish)), {A =:= B, A} end).
inflate_reset() -> with(fun(Z) -> C = zlib:compress("abc"), ok = zlib:inflateInit(Z), A = b(zlib:inflate(Z, C)), ok = zlib:inflateReset(Z), B = b(zlib:inflate(Z, C)), {A, B} end).
inflate_behaviours() -> C = [zlib:compress("abc"), zlib:compress("def")], [with(fun(Z) -> e(fun() -> ok = zlib:inflateInit(Z, 15, B), R = b(zlib:inflate(Z, C)), {R, zlib:inflateEnd(Z)} end) end) || B <- [cut, reset, error, foo]].
inflate_after_end() -> with(fun(Z) -> ok = zlib:inflateInit(Z), A = b(zlib:inflate(Z, [zlib:compress("abc"), "trailing"])), {A, e(fun() -> b(zlib:inflate(Z, "more")) end), e(fun() -> zlib:inflateEnd(Z) end)} end).
inflate_window_bits() -> [with(fun(Z) -> e(fun() -> ok = zlib:inflateInit(Z, W), b(zlib:inflate(Z, D)) end) end) || {W, D} <- [{15, zlib:compress("abc")}, {-15, zlib:zip("abc")}, {31, zlib:gzip("abc")}, {47, zlib:gzip("abc")}, {47, zlib:compress("abc")}, {15, zlib:gzip("abc")}, {100, <<>>}, {foo, <<>>}]].
inflate_incomplete_end() -> with(fun(Z) -> ok = zlib:inflateInit(Z), C = zlib:compress(text()), _ = zlib:inflate(Z, binary:part(C, 0, 20)), e(fun() -> zlib:inflateEnd(Z) end) end).
params() -> with(fun(Z) -> ok = zlib:deflateInit(Z, none), A = zlib:deflate(Z, text()), ok = zlib:deflateParams(Z, best_compression, default), B = zlib:deflate(Z, text(), finish), {zlib:uncompress([A, B]) =:= <<(text())/binary, (text())/binary>>, iolist_size([A, B]) < 10000} end).
params_bad() -> with(fun(Z) -> ok = zlib:deflateInit(Z), [e(fun() -> zlib:deflateParams(Z, L, S) end) || {L, S} <- [{77, default}, {foo, default}, {1, foo}]] end).
safe_inflate() -> with(fun(Z) -> ok = zlib:inflateInit(Z), loop(Z, zlib:safeInflate(Z, zlib:compress(big())), 0, 0) end).
loop(Z, {continue, O}, N, S) -> loop(Z, zlib:safeInflate(Z, []), N + 1, S + iolist_size(O));
loop(_, {finished, O}, N, S) -> {N > 1, S + iolist_size(O)}.
safe_inflate_dictionary() -> D = "hello world", C = with(fun(Z) -> ok = zlib:deflateInit(Z), _ = zlib:deflateSetDictionary(Z, D), b(zlib:deflate(Z, "hello world hello", finish)) end), with(fun(Z) -> ok = zlib:inflateInit(Z), {need_dictionary, A, _} = zlib:safeInflate(Z, C), ok = zlib:inflateSetDictionary(Z, D), {A, b(zlib:inflate(Z, []))} end).
dictionary() -> D = <<"common words here">>, with(fun(Z) -> ok = zlib:deflateInit(Z), A = zlib:deflateSetDictionary(Z, D), C = b(zlib:deflate(Z, "common words here and there", finish)), {A, C, with(fun(Y) -> ok = zlib:inflateInit(Y), X = e(fun() -> zlib:inflate(Y, C) end), ok = zlib:inflateSetDictionary(Y, D), {X, b(zlib:inflate(Y, []))} end)} end).
dictionary_checksums() -> L = binary:copy(<<255>>, 16), with(fun(Z) -> ok = zlib:deflateInit(Z), A = zlib:deflateSetDictionary(Z, L), C = zlib:deflate(Z, L, finish), {A, with(fun(Y) -> ok = zlib:inflateInit(Y), e(fun() -> zlib:inflate(Y, C) end) end)} end).
dictionary_raw() -> with(fun(Z) -> ok = zlib:deflateInit(Z, default, deflated, -15, 8, default), zlib:deflateSetDictionary(Z, <<"abc">>) end).
dictionary_wrong() -> with(fun(Z) -> ok = zlib:inflateInit(Z), e(fun() -> zlib:inflateSetDictionary(Z, "x") end) end).
dictionary_get() -> with(fun(Z) -> ok = zlib:inflateInit(Z), _ = zlib:inflate(Z, zlib:compress("hello hello")), zlib:inflateGetDictionary(Z) end).
dictionary_late() -> with(fun(Z) -> ok = zlib:deflateInit(Z), _ = zlib:deflate(Z, text()), e(fun() -> zlib:deflateSetDictionary(Z, "x") end) end).
not_initialized() -> with(fun(Z) -> [e(F) || F <- [fun() -> zlib:deflate(Z, "x") end, fun() -> zlib:inflate(Z, "x") end, fun() -> zlib:deflateEnd(Z) end, fun() -> zlib:inflateEnd(Z) end, fun() -> zlib:deflateReset(Z) end, fun() -> zlib:inflateReset(Z) end, fun() -> zlib:deflateParams(Z, 1, default) end, fun() -> zlib:inflateGetDictionary(Z) end, fun() -> zlib:deflateSetDictionary(Z, "x") end]] end).
already_initialized() -> with(fun(Z) -> ok = zlib:deflateInit(Z), [e(fun() -> zlib:deflateInit(Z) end), e(fun() -> zlib:inflateInit(Z) end), e(fun() -> zlib:inflate(Z, "x") end)] end).
closed() -> Z = zlib:open(), ok = zlib:close(Z), [e(fun() -> zlib:close(Z) end), e(fun() -> zlib:deflateInit(Z) end), e(fun() -> zlib:deflate(Z, "x") end)].
bad_stream() -> [e(fun() -> F() end) || F <- [fun() -> zlib:close(foo) end, fun() -> zlib:close(make_ref()) end, fun() -> zlib:deflateInit(1) end, fun() -> zlib:deflate(make_ref(), "x") end]].
other_process() -> Z = zlib:open(), S = self(), spawn(fun() -> S ! {r, e(fun() -> zlib:deflateInit(Z) end), e(fun() -> zlib:close(Z) end)} end), receive {r, A, B} -> {A, B} end.
set_controlling_process() -> Z = zlib:open(), S = self(), P = spawn(fun() -> receive go -> ok end, ok = zlib:deflateInit(Z), S ! {r, b(zlib:deflate(Z, "abc", finish))} end), ok = zlib:set_controlling_process(Z, P), A = e(fun() -> zlib:deflateInit(Z) end), P ! go, receive {r, R} -> {A, R} end.
iolists() -> zlib:uncompress(zlib:compress([[[<<"a">>], "b"], [], [<<"c">>, [$d | <<"e">>]]])).
many_pieces() -> L = [<<N:16>> || N <- lists:seq(1, 2000)], zlib:uncompress([<<X>> || <<X>> <= zlib:compress(L)]) =:= b(L).
enqueue_many() -> with(fun(Z) -> ok = zlib:deflateInit(Z), L = [binary:copy(<<N>>, 100) || N <- lists:seq(1, 600)], zlib:uncompress(zlib:deflate(Z, L, finish)) =:= b(L) end).
checksums() -> {erlang:crc32(text()), erlang:adler32(text())}.
term_compressed() -> T = lists:duplicate(300, {some, "term"}), B = term_to_binary(T, [compressed]), {byte_size(B) < 2000, binary_to_term(B) =:= T}.
concurrent() -> S = self(), [spawn(fun() -> S ! {N, zlib:uncompress(zlib:compress(lists:duplicate(5000, N))) =:= b(lists:duplicate(5000, N))} end) || N <- lists:seq(1, 20)], [receive {N, R} -> R end || N <- lists:seq(1, 20)].
