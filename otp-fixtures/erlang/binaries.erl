%%% The binary module and the binary functions of erlang: results and errors.
-module(binaries).
-compile([export_all, nowarn_export_all]).
-helpers([b]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
b() -> id(<<"hello world">>).

part() -> [binary:part(b(), 0, 5), binary:part(b(), {6, 5}), binary:part(b(), 11, -5), binary_part(b(), 2, 0), binary_part(b(), {5, -5})].
at() -> [binary:at(b(), 0), binary:at(b(), 10)].
first_last() -> [binary:first(b()), binary:last(b())].
bin_to_list() -> [binary:bin_to_list(b()), binary:bin_to_list(b(), 1, 3), binary:bin_to_list(b(), {9, 2}), binary:bin_to_list(b(), {11, -3})].
list_to_bin() -> binary:list_to_bin([1, [2, <<3, 4>>], 5]).
copy() -> [binary:copy(b()), binary:copy(<<"ab">>, 3), binary:copy(b(), 0)].
split() -> [binary:split(b(), <<" ">>), binary:split(b(), <<"o">>), binary:split(b(), <<"o">>, [global]), binary:split(b(), [<<"l">>, <<"ll">>], [global]), binary:split(b(), <<"z">>)].
split_options() -> [binary:split(<<"a,,b,">>, <<",">>, [global]), binary:split(<<"a,,b,">>, <<",">>, [global, trim]), binary:split(<<",a,,b,">>, <<",">>, [global, trim_all]), binary:split(<<"a,b,c">>, <<",">>, [{scope, {2, 3}}])].
match() -> [binary:match(b(), <<"o">>), binary:match(b(), <<"zz">>), binary:match(b(), [<<"wor">>, <<"lo">>]), binary:match(b(), <<"o">>, [{scope, {5, 6}}])].
matches() -> [binary:matches(b(), <<"o">>), binary:matches(b(), [<<"l">>, <<"ll">>, <<"wo">>]), binary:matches(b(), <<"q">>), binary:matches(<<"aaaa">>, <<"aa">>)].
match_long() -> B = <<(binary:copy(<<"ab">>, 50000))/binary, "needle", (binary:copy(<<"xy">>, 100))/binary>>, [binary:match(B, <<"needle">>), binary:match(B, [<<"nee">>, <<"xy">>]), length(binary:matches(B, <<"ab">>))].
compile_pattern() -> P = binary:compile_pattern([<<"o">>, <<"ld">>]), [binary:matches(b(), P), binary:split(b(), P, [global])].
replace() -> [binary:replace(b(), <<"o">>, <<"0">>), binary:replace(b(), <<"o">>, <<"0">>, [global]), binary:replace(b(), <<"l">>, <<"[]">>, [global, {insert_replaced, 1}]), binary:replace(b(), <<"o">>, fun(X) -> <<X/binary, X/binary>> end, [global])].
longest_common() -> [binary:longest_common_prefix([<<"erlang">>, <<"ergonomy">>, <<"er">>]), binary:longest_common_suffix([<<"fang">>, <<"erlang">>]), binary:longest_common_prefix([<<"a">>, <<"b">>])].
encode_unsigned() -> [binary:encode_unsigned(N) || N <- [0, 1, 255, 256, 1 bsl 64, (1 bsl 100) - 1]] ++ [binary:encode_unsigned(16#010203, little)].
decode_unsigned() -> [binary:decode_unsigned(<<1, 2, 3>>), binary:decode_unsigned(<<1, 2, 3>>, little), binary:decode_unsigned(<<>>), binary:decode_unsigned(<<(1 bsl 100):128>>)].
hex() -> [binary:encode_hex(<<1, 171, 255>>), binary:decode_hex(<<"01abFF">>)].
referenced() -> binary:referenced_byte_size(<<1, 2, 3>>).
split_binary() -> [split_binary(b(), 0), split_binary(b(), 5), split_binary(b(), 11)].
sizes() -> [byte_size(<<1:1>>), bit_size(<<1:9>>), size(<<1, 2>>), byte_size(<<>>)].
list_to_binary() -> [list_to_binary([]), list_to_binary([1, [2], <<3>> | <<4>>]), list_to_binary(["ab", $c, [[<<"d">>]]])].
iolist_to_binary() -> [iolist_to_binary(<<1>>), iolist_to_binary([<<1>>, [2 | <<3>>]]), iolist_to_binary([[[]]])].
iolist_size() -> [iolist_size([1, <<2, 3>>, [4]]), iolist_size(<<>>), iolist_size([])].
iolist_to_iovec() -> iolist_to_binary(erlang:iolist_to_iovec([1, <<"ab">>, [binary:copy(<<"z">>, 100)]])) =:= iolist_to_binary([1, <<"ab">>, binary:copy(<<"z">>, 100)]).
binary_to_list() -> [binary_to_list(<<1, 2, 3>>), binary_to_list(<<"abcde">>, 2, 4), binary_to_list(<<>>)].
bitstring_lists() -> [bitstring_to_list(<<1, 2, 3:4>>), list_to_bitstring([<<1:4>>, <<2:4>>, 3, <<1:1>>]), bitstring_to_list(<<>>)].
large_iolist() -> B = iolist_to_binary([[N rem 256, <<"x">>] || N <- lists:seq(1, 50000)]), {byte_size(B), erlang:md5(B)}.
deep_iolist() -> byte_size(iolist_to_binary(lists:foldl(fun(N, A) -> [A, N rem 256] end, [], lists:seq(1, 100000)))).
big_list_to_binary() -> B = list_to_binary(lists:duplicate(300000, $a)), {byte_size(B), binary:at(B, 299999)}.
big_binary_to_list() -> lists:sum(binary_to_list(binary:copy(<<1, 2, 3>>, 100000))).
sub_binaries_equal() -> <<_, A:5/binary, _/binary>> = b(), <<_:4, C:40/bits, _/bits>> = <<1:4, "ello ", 1:4>>, [A, C, A =:= C, A < C, erlang:phash2(A) =:= erlang:phash2(C)].
err_part() -> binary:part(b(), id(5), id(10)).
err_part_negative() -> binary:part(b(), id(0), id(-1)).
err_part_bits() -> binary:part(id(<<1:3>>), 0, 0).
err_at() -> binary:at(b(), id(11)).
err_at_negative() -> binary:at(b(), id(-1)).
err_first() -> binary:first(id(<<>>)).
err_last_type() -> binary:last(id("x")).
err_copy() -> binary:copy(id(a)).
err_copy_negative() -> binary:copy(b(), id(-1)).
err_split() -> binary:split(b(), id("x")).
err_split_empty() -> binary:split(b(), id(<<>>)).
err_split_option() -> binary:split(b(), <<"a">>, id([bogus])).
err_match_empty_list() -> binary:match(b(), id([])).
err_match_scope() -> binary:match(b(), <<"a">>, [{scope, {id(20), 1}}]).
err_encode_unsigned() -> binary:encode_unsigned(id(-1)).
err_decode_unsigned() -> binary:decode_unsigned(id(x)).
err_decode_hex() -> binary:decode_hex(id(<<"xyz">>)).
err_split_binary() -> split_binary(b(), id(12)).
err_list_to_binary() -> list_to_binary(id([256])).
err_list_to_binary_bits() -> list_to_binary(id([<<1:1>>])).
err_list_to_binary_tail() -> list_to_binary(id([1 | 2])).
err_list_to_binary_type() -> list_to_binary(id(<<1>>)).
err_iolist_to_binary() -> iolist_to_binary(id([a])).
err_iolist_size() -> iolist_size(id({1})).
err_binary_to_list() -> binary_to_list(id(<<1:1>>)).
err_binary_to_list_range() -> binary_to_list(b(), id(0), id(3)).
err_bitstring_to_list() -> bitstring_to_list(id("s")).
err_list_to_bitstring() -> list_to_bitstring(id([1.0])).
err_longest() -> binary:longest_common_prefix(id([])).
err_compile_pattern() -> binary:compile_pattern(id(a)).
err_list_to_bin() -> binary:list_to_bin(id([-1])).
