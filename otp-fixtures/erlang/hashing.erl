%%% Hashes and checksums: phash2, phash, md5, crc32, adler32, over whole and split data.
-module(hashing).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-helpers([terms]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
terms() ->
    [0, 1, -1, 255, 1 bsl 27, -(1 bsl 27), (1 bsl 27) - 1, 1 bsl 28, 1 bsl 31, 1 bsl 32, 1 bsl 59, -(1 bsl 59), 1 bsl 60, 1 bsl 63, 1 bsl 64, -(1 bsl 64), (1 bsl 200) + 7,
     1.0, -1.0, 0.0, 1.5e300, a, '', 'some longer atom', 'ö', '漢', true, [], [1], [1, 2, 3], "hello", "a long string of characters that fills several blocks", [1 | 2], [a, [b, [c]]], [256], [255, 256, 1],
     {}, {1}, {a, b, c}, {{{}}}, list_to_tuple(lists:seq(1, 100)), <<>>, <<1>>, <<"hello world, hello hash">>, <<1:1>>, <<255, 7:3>>, binary:copy(<<"ab">>, 1000),
     #{}, #{a => 1}, #{a => 1, b => 2}, #{1 => #{2 => 3}}, maps:from_list([{K, K} || K <- lists:seq(1, 100)]), fun lists:map/2].

phash2_all() -> [{short(T), erlang:phash2(T)} || T <- terms()].
short(T) -> case erlang:external_size(T) > 80 of true -> long; false -> T end.
phash2_ranges() -> [[erlang:phash2(T, R) || R <- [1, 2, 10, 1 bsl 16, 1 bsl 27, 1 bsl 31, 1 bsl 32]] || T <- terms()].
phash_all() -> [erlang:phash(T, 1 bsl 32) || T <- terms()].
phash_ranges() -> [[erlang:phash(T, R) || R <- [1, 7, 65536]] || T <- terms()].
phash2_deep() -> erlang:phash2(lists:foldl(fun(N, A) -> {N, [A]} end, x, lists:seq(1, 20000))).
phash2_long_list() -> erlang:phash2(lists:seq(1, 100000)).
phash2_sub_binary() -> B = <<"xxhelloyy">>, <<_:2/binary, H:5/binary, _/binary>> = B, <<_:3, U:40/bits, _/bits>> = <<0:3, "hello", 0:5>>, [erlang:phash2(H), erlang:phash2(<<"hello">>), erlang:phash2(U)].
phash2_equal_terms() -> [erlang:phash2(1) =:= erlang:phash2(1.0), erlang:phash2(0.0) =:= erlang:phash2(-0.0), erlang:phash2("ab") =:= erlang:phash2([97, 98])].
phash2_spread() -> L = [erlang:phash2({k, N}, 1000) || N <- lists:seq(1, 10000)], {length(lists:usort(L)), lists:sum(L)}.
md5() -> [erlang:md5(D) || D <- [<<>>, "abc", [<<"a">>, "b", $c], binary:copy(<<"0123456789">>, 1000)]].
md5_stream() -> C = lists:foldl(fun(D, C) -> erlang:md5_update(C, D) end, erlang:md5_init(), ["ab", <<"c">>, binary:copy(<<"z">>, 100)]), erlang:md5_final(C) =:= erlang:md5(["abc", binary:copy(<<"z">>, 100)]).
crc32() -> [erlang:crc32(D) || D <- [<<>>, "123456789", [<<"a">>, "b"], binary:copy(<<7>>, 10000)]].
crc32_continue() -> [erlang:crc32(erlang:crc32("1234"), "56789") =:= erlang:crc32("123456789"), erlang:crc32_combine(erlang:crc32("1234"), erlang:crc32("56789"), 5) =:= erlang:crc32("123456789")].
adler32() -> [erlang:adler32(D) || D <- [<<>>, "Wikipedia", binary:copy(<<255>>, 10000)]].
adler32_continue() -> [erlang:adler32(erlang:adler32("Wiki"), "pedia") =:= erlang:adler32("Wikipedia"), erlang:adler32_combine(erlang:adler32("Wiki"), erlang:adler32("pedia"), 5) =:= erlang:adler32("Wikipedia")].
err_phash2_range() -> erlang:phash2(a, id(0)).
err_phash2_range_big() -> erlang:phash2(a, id((1 bsl 32) + 1)).
err_phash_range() -> erlang:phash(a, id(a)).
err_md5() -> erlang:md5(id(a)).
err_md5_bits() -> erlang:md5(id(<<1:1>>)).
err_md5_update() -> erlang:md5_update(id(<<1>>), "x").
err_crc32() -> erlang:crc32(id([a])).
err_crc32_start() -> erlang:crc32(id(-1), "x").
err_adler32() -> erlang:adler32(id({})).
