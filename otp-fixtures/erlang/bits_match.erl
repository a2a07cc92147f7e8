%%% Taking binaries apart: fields of every kind at every alignment, sizes bound earlier, matches that fail.
-module(bits_match).
-compile([export_all, nowarn_export_all]).
-helpers([source, sizes]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

source() -> id(<<16#DEADBEEFCAFEBABE0123456789ABCDEFFEDCBA98:160>>).
sizes() -> [0, 1, 3, 7, 8, 9, 12, 16, 17, 24, 31, 32, 33, 59, 60, 61, 63, 64, 65, 72, 100, 128].

unsigned_big() -> [{S, O, V} || S <- sizes(), O <- [0, 1, 4, 8, 13], <<_:O, V:S, _/bits>> <- [source()]].
unsigned_little() -> [{S, O, V} || S <- sizes(), O <- [0, 1, 4, 8, 13], <<_:O, V:S/little, _/bits>> <- [source()]].
signed_big() -> [{S, O, V} || S <- sizes(), O <- [0, 1, 4, 8, 13], <<_:O, V:S/signed, _/bits>> <- [source()]].
signed_little() -> [{S, O, V} || S <- sizes(), O <- [0, 1, 4, 8, 13], <<_:O, V:S/signed-little, _/bits>> <- [source()]].
fixed_fields() ->
    <<A:4, B:12, C:8/signed, D:16/little, E:16/signed-little, F:24, G:3, H:5, _/bits>> = source(),
    [A, B, C, D, E, F, G, H].
fixed_wide() -> <<A:64, B:64/little, C:32/signed>> = source(), [A, B, C].
fixed_60_to_66() -> <<A:60, _:4, B:61/signed, _:3, _/bits>> = source(), <<C:66, D:66/little, _/bits>> = source(), [A, B, C, D].
all_ones() -> [{S, V} || S <- sizes(), <<V:S/signed, _/bits>> <- [binary:copy(<<255>>, 20)]].
round_trip_signed() -> [{I, S} || I <- [0, 1, -1, 100, -100, 1 bsl 40, -(1 bsl 40), -(1 bsl 62)], S <- [64, 65, 80, 127, 128], <<V:S/signed-little>> <- [<<I:S/little>>], V =/= I].

units() -> N = id(2), <<A:N/unit:8, B:N/unit:3, C:N/little-unit:16, _/bits>> = source(), [A, B, C].
size_from_field() -> <<N, B:N/binary, R/binary>> = id(<<3, "abcdef">>), {N, B, R}.
size_from_expression() -> K = id(2), <<B:(K * 2)/binary, R/binary>> = id(<<"abcdef">>), {B, R}.
size_bits_from_field() -> <<N:4, V:N, R/bits>> = id(<<5:4, 21:5, "x">>), {N, V, R}.
nested_size() -> <<L:16, P:L/binary, M:16, Q:M/binary>> = id(<<2:16, "ab", 3:16, "cde">>), {P, Q}.

floats() -> [F || <<F/float>> <- [<<1.5/float>>, <<-0.0/float>>, <<1.0e300/float>>]].
floats_32() -> [F || <<F:32/float>> <- [<<1.5:32/float>>, <<0.1:32/float>>, <<-3.0e38:32/float>>]].
floats_16() -> [F || <<F:16/float>> <- [<<16#3C00:16>>, <<16#C000:16>>, <<16#7BFF:16>>, <<1:16>>]].
floats_little() -> <<A:64/float-little, B:32/float-little>> = id(<<2.5:64/float-little, 3.5:32/float-little>>), {A, B}.
floats_unaligned() -> <<_:3, A/float, _/bits>> = id(<<1:3, 6.25/float, 0:5>>), A.
float_nan_fails() -> [case B of <<_/float>> -> float; _ -> no end || B <- [<<16#7FF0000000000000:64>>, <<16#7FF8000000000000:64>>, <<16#FFF0000000000000:64>>, <<1.0/float>>]].
float_32_nan_fails() -> [case B of <<_:32/float>> -> float; _ -> no end || B <- [<<16#7F800000:32>>, <<16#7FC00000:32>>, <<1.0:32/float>>]].
float_16_inf_fails() -> [case B of <<_:16/float>> -> float; _ -> no end || B <- [<<16#7C00:16>>, <<16#7E00:16>>]].
float_sizes() -> [case {id(<<0:64>>), id(S)} of {B, N} -> case B of <<F:N/float, _/bits>> -> F; _ -> no end end || S <- [0, 8, 16, 24, 32, 63, 64]].

utf8_each() -> [C || <<C/utf8>> <= <<"aé漢😀\x{10FFFF}"/utf8>>].
utf16_each() -> [C || <<C/utf16>> <= <<"aé漢😀\x{10FFFF}"/utf16>>].
utf16_little_each() -> [C || <<C/utf16-little>> <= <<"aé漢😀"/utf16-little>>].
utf32_each() -> [C || <<C/utf32>> <= <<"aé漢😀"/utf32>>].
utf8_unaligned() -> <<_:5, A/utf8, B/utf8, R/bits>> = id(<<1:5, "é😀"/utf8, 2:3>>), {A, B, R}.
utf8_bad() -> [case B of <<C/utf8, _/bits>> -> C; _ -> bad end || B <- [<<128>>, <<192, 128>>, <<193, 191>>, <<16#ED, 16#A0, 16#80>>, <<16#F4, 16#90, 16#80, 16#80>>, <<16#E2, 16#82>>, <<16#F0, 16#80, 16#80, 16#80>>, <<16#E0, 16#9F, 16#BF>>, <<255>>, <<>>, <<16#C3>>, <<16#EF, 16#BF, 16#BF>>]].
utf16_bad() -> [case B of <<C/utf16, _/bits>> -> C; _ -> bad end || B <- [<<16#D800:16>>, <<16#D800:16, 16#0041:16>>, <<16#DC00:16>>, <<1>>, <<16#D83D:16, 16#DE00:16>>]].
utf8_skip() -> <<_/utf8, R/binary>> = id(<<"éa"/utf8>>), R.
utf8_literal() -> case id(<<"é!"/utf8>>) of <<"é"/utf8, X>> -> X; _ -> no end.

tail_binary() -> [case B of <<_, T/binary>> -> T; _ -> no end || B <- [<<1, 2, 3>>, <<1>>, <<>>, <<1, 2:3>>]].
tail_bits() -> [case B of <<_:3, T/bits>> -> T; _ -> no end || B <- [<<1, 2>>, <<1:3>>, <<1:2>>]].
tail_unit() -> [case B of <<T/binary-unit:16>> -> T; _ -> no end || B <- [<<1, 2>>, <<1>>, <<>>, <<1:16, 1:1>>]].
exact_end() -> [case B of <<_:8, _:8>> -> two; <<_:8>> -> one; <<>> -> none; _ -> other end || B <- [<<1, 2>>, <<1>>, <<>>, <<1, 2, 3>>, <<1:4>>]].
literals() -> [case B of <<"GET ", P/binary>> -> {get, P}; <<"PUT ", P/binary>> -> {put, P}; <<1:4, X:4>> -> {one, X}; <<16#FFFF:16, _/bits>> -> ones; _ -> none end || B <- [<<"GET /x">>, <<"PUT /y">>, <<16#1A>>, <<255, 255, 1:1>>, <<>>, <<"GE">>]].
literal_big() -> [case B of <<16#0123456789ABCDEF0123:80, R/binary>> -> {yes, R}; _ -> no end || B <- [<<16#0123456789ABCDEF0123:80, "z">>, <<16#0123456789ABCDEF0124:80>>]].
literal_unaligned() -> case id(<<5:3, "ab", 1:5>>) of <<5:3, "ab", X:5>> -> X; _ -> no end.
bound_variable() -> V = id(7), [case B of <<V, R/binary>> -> {same, R}; <<W, _/binary>> -> {other, W} end || B <- [<<7, 8>>, <<9>>]].
bound_twice() -> case id(<<5, 5, 6>>) of <<A, A, R/binary>> -> {A, R}; _ -> no end.
repeat_backtrack() -> [kind(B) || B <- [<<1, 2, 3>>, <<1, 2>>, <<1>>, <<1, 9, 3>>]].
kind(<<1, 2, 3>>) -> a;
kind(<<1, 2, _/binary>>) -> b;
kind(<<1, X, Y>>) -> {c, X, Y};
kind(B) -> {d, B}.
negative_size() -> N = id(-1), case id(<<1, 2>>) of <<_:N/binary, _/binary>> -> yes; _ -> no end.
size_too_big() -> N = id(1 bsl 40), case id(<<1, 2>>) of <<_:N, _/bits>> -> yes; _ -> no end.
size_bignum() -> N = id(1 bsl 70), case id(<<1, 2>>) of <<_:N, _/bits>> -> yes; _ -> no end.
size_not_integer() -> N = id(a), case id(<<1, 2>>) of <<_:N, _/bits>> -> yes; _ -> no end.
not_a_binary() -> [case id(T) of <<_/bits>> -> yes; _ -> no end || T <- [a, [], "abc", 1, {}, <<>>, <<1:1>>]].
err_badmatch() -> <<_:32>> = id(<<1, 2>>).
err_case_clause() -> case id(<<1, 2>>) of <<3, _/binary>> -> ok end.
err_function_clause() -> kind2(id(<<9:3>>)).
kind2(<<X:8>>) -> X.
err_fun_clause() -> F = fun(<<X:16>>) -> X end, F(id(<<1>>)).
in_lambda() -> lists:map(fun(<<A:4, B:4>>) -> {A, B}; (_) -> no end, [<<16#12>>, <<>>, <<1, 2>>]).

parse_loop() -> parse(id(<<1, 5, "hello", 2, 300:16, 3, 1.5/float, 0>>), []).
parse(<<1, N, S:N/binary, R/binary>>, Acc) -> parse(R, [{string, S} | Acc]);
parse(<<2, N:16, R/binary>>, Acc) -> parse(R, [{number, N} | Acc]);
parse(<<3, F/float, R/binary>>, Acc) -> parse(R, [{float, F} | Acc]);
parse(<<0>>, Acc) -> lists:reverse(Acc).
sum_bytes() -> sum(binary:copy(<<1, 2, 3, 250>>, 5000), 0).
sum(<<X, R/binary>>, A) -> sum(R, A + X);
sum(<<>>, A) -> A.
sum_nibbles() -> nibbles(binary:copy(<<16#1F>>, 100), 0).
nibbles(<<X:4, R/bits>>, A) -> nibbles(R, A + X);
nibbles(<<>>, A) -> A.
sum_odd_bits() -> odd(binary:copy(<<16#5A>>, 99), []).
odd(<<X:11, R/bits>>, A) -> odd(R, [X | A]);
odd(R, A) -> {bit_size(R), lists:sum(A), hd(A)}.
split_lines() -> lines(<<"a\nbc\n\nlast">>, <<>>, []).
lines(<<$\n, R/binary>>, L, A) -> lines(R, <<>>, [L | A]);
lines(<<C, R/binary>>, L, A) -> lines(R, <<L/binary, C>>, A);
lines(<<>>, L, A) -> lists:reverse([L | A]).
context_reuse_and_original() -> B = id(<<"abcdef">>), {X, Y} = both(B), {X, Y, byte_size(B)}.
both(<<A, _/binary>> = B) -> {A, B}.
match_then_gc() -> <<A:3/binary, R/binary>> = binary:copy(<<"xyz">>, 100), erlang:garbage_collect(), {A, byte_size(R), binary:referenced_byte_size(R)}.
sub_of_sub() -> <<_:5, A:50/bits, _/bits>> = source(), <<_:7, B:30/bits, _/bits>> = A, <<_:1, C:9, _/bits>> = B, {A, B, C}.
