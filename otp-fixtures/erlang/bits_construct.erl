%%% Building binaries: every segment type, size, unit, byte order and sign; values too large for their field.
-module(bits_construct).
-compile([export_all, nowarn_export_all]).
-helpers([ints, sizes, chars]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

ints() -> [0, 1, -1, 127, 128, 255, 256, -128, -129, 65535, 16#123456789ABCDEF, -(1 bsl 59), 1 bsl 63, (1 bsl 64) - 1, -(1 bsl 64), (1 bsl 100) + 12345, -(1 bsl 100) - 54321].
sizes() -> [0, 1, 3, 7, 8, 9, 12, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 72, 100, 128, 130].

int_big() -> [{S, [<<I:S>> || I <- ints()]} || S <- sizes()].
int_little() -> [{S, [<<I:S/little>> || I <- ints()]} || S <- sizes()].
int_native_is_little() -> [I || I <- ints(), <<I:64/native>> =/= <<I:64/little>>].
int_signed_same() -> [{I, S} || I <- ints(), S <- sizes(), <<I:S/signed>> =/= <<I:S/unsigned>>].
int_unaligned_big() -> [{S, [<<5:3, I:S, 1:1>> || I <- ints()]} || S <- sizes()].
int_unaligned_little() -> [{S, [<<5:3, I:S/little, 2:2>> || I <- ints()]} || S <- sizes()].
int_literal_sizes() -> X = id(16#ABCDE), <<X:4, X:8, X:12, X:20/little, X:24, X:40/little, X:1>>.
int_unit() -> X = id(16#1234567), N = id(3), [<<X:N/unit:8>>, <<X:N/little-unit:8>>, <<X:N/unit:3>>, <<X:2/unit:16>>, <<X:N/unit:7-little>>].
int_default() -> [<<I>> || I <- ints()].
int_many() -> A = id(1), B = id(2), C = id(3), <<A:2, B:6, C:16, (A + B):8/signed, (B * C):24/little>>.
int_string_literal() -> X = id(7), <<"abc", X, "def":16, X:4>>.
int_wide_literal_string() -> <<"xyz":16/little>>.

float_64() -> [<<F/float>> || F <- [id(0.0), id(1.5), id(-2.25), id(1.0e300), id(5.0e-324)]].
float_32() -> [<<F:32/float>> || F <- [id(0.0), id(1.5), id(-2.25), id(3.4028234663852886e38), id(1.0e-45), id(0.1)]].
float_16() -> [<<F:16/float>> || F <- [id(0.0), id(1.5), id(-2.25), id(65504.0), id(6.0e-8), id(0.1)]].
float_little() -> F = id(1.1), [<<F/float-little>>, <<F:32/float-little>>, <<F:16/float-little>>, <<F/float-native>>].
float_of_int() -> [<<(id(N))/float>> || N <- [0, 1, -1, 1 bsl 60, 1 bsl 80]].
float_unaligned() -> F = id(3.25), [<<1:1, F/float>>, <<1:5, F:32/float>>, <<1:7, F:16/float-little, 1:1>>].
float_var_size() -> S = id(32), F = id(3.25), [<<F:S/float>>, <<F:(S * 2)/float>>, <<F:2/float-unit:16>>].

bin_whole() -> B = id(<<"hello">>), [<<B/binary>>, <<B/binary, B/binary>>, <<1, B/binary, 2>>, <<B/bytes>>, <<B/bits>>, <<B/bitstring>>].
bin_sized() -> B = id(<<"hello">>), N = id(3), [<<B:N/binary>>, <<B:0/binary>>, <<B:5/binary>>, <<B:2/binary-unit:16>>, <<B:13/bits>>, <<B:N/bits>>].
bin_unaligned() -> B = id(<<"hello">>), [<<1:1, B/binary>>, <<1:3, B/binary, 1:5>>, <<1:7, B:2/binary>>].
bits_tail() -> B = id(<<"he", 5:3>>), [<<B/bits>>, <<B/bits, B/bits>>, <<1:1, B/bits>>, <<B/bits, 1:5>>, <<B:17/bits, 0:7>>].
sub_binary_source() -> <<_:3, B:20/bits, _/bits>> = id(<<"abcdefg">>), [B, <<B/bits, 1:4>>, <<7, B/bits>>, <<B:9/bits>>].
expression_segments() -> A = id(5), <<(A * 2):8, (<<A, A>>)/binary, (length([A])):16>>.
nested() -> A = id(1), <<<<A:4, 2:4>>/binary, <<3>>/binary>>.
empty() -> [<<>>, <<(id(5)):0>>, <<(id(<<>>))/binary>>, <<"">>].

utf8() -> [<<C/utf8>> || C <- chars()].
utf16() -> [<<C/utf16>> || C <- chars()].
utf16_little() -> [<<C/utf16-little>> || C <- chars()].
utf32() -> [<<C/utf32>> || C <- chars()].
utf32_little() -> [<<C/utf32-little>> || C <- chars()].
chars() -> [0, $a, 127, 128, 233, 2047, 2048, 16#D7FF, 16#E000, 16#FFFD, 16#FFFF, 16#10000, 16#1F600, 16#10FFFF].
utf8_unaligned() -> [<<1:1, C/utf8, 1:2>> || C <- chars()].
utf16_unaligned() -> [<<1:3, C/utf16, 1:5>> || C <- chars()].
utf_string() -> [<<"aé漢😀"/utf8>>, <<"aé漢😀"/utf16>>, <<"aé漢😀"/utf32-little>>].

large() -> B = binary:copy(<<"0123456789">>, 1000), C = <<B/binary, 1:1, B/binary>>, {bit_size(C), erlang:phash2(C), erlang:md5(<<C/bits, 0:7>>)}.
heap_limit() -> [byte_size(<<(binary:copy(<<1>>, N))/binary, 2>>) || N <- [62, 63, 64, 65, 66]].

append_small() -> append(10, <<>>).
append_large() -> B = append(20000, <<>>), {byte_size(B), erlang:md5(B)}.
append(0, B) -> B;
append(N, B) -> append(N - 1, <<B/binary, N:16>>).
append_bits() -> B = append_bits(999, <<>>), {bit_size(B), erlang:phash2(B)}.
append_bits(0, B) -> B;
append_bits(N, B) -> append_bits(N - 1, <<B/bits, N:7>>).
append_fork() ->
    B = append(100, <<>>),
    X = <<B/binary, 1>>, Y = <<B/binary, 2>>, Z = <<X/binary, 3>>,
    {binary:last(X), binary:last(Y), binary:part(Z, byte_size(Z), -2), byte_size(B), binary:last(B), X =:= Y}.
append_and_send() ->
    B = append(100, <<>>),
    self() ! B,
    C = <<B/binary, "tail">>,
    R = receive M -> M end,
    {byte_size(R), R =:= B, byte_size(C), binary:part(C, 200, 4)}.
append_while_matched() ->
    B = append(200, <<>>),
    <<H:16, T/binary>> = B,
    C = <<B/binary, 9, 9>>,
    {H, byte_size(T), byte_size(C), <<T/binary, 9, 9>> =:= binary:part(C, 2, byte_size(C) - 2)}.
append_across_gc() ->
    B = append(3000, <<>>),
    erlang:garbage_collect(),
    C = append(3000, B),
    erlang:garbage_collect(),
    {byte_size(C), erlang:phash2(C), erlang:phash2(B)}.
prepend() -> B = prepend(500, <<>>), {byte_size(B), erlang:phash2(B)}.
prepend(0, B) -> B;
prepend(N, B) -> prepend(N - 1, <<N, B/binary>>).
