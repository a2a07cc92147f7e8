%%% Literals of every kind, in every position, and that they stay whole through collections, messages and updates.
-module(literals).
-compile([export_all, nowarn_export_all]).
-helpers([big_literal]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

integers() -> [0, 15, 16, 2047, 2048, -1, -16, -17, 65535, 65536, 134217727, 134217728, -134217728, -134217729, 576460752303423487, 576460752303423488, -576460752303423488, -576460752303423489, 9223372036854775807, 9223372036854775808, -9223372036854775808, -9223372036854775809, 16#FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF, -16#123456789ABCDEF0123456789ABCDEF].
floats() -> [0.0, 1.0, -1.5, 3.141592653589793, 1.0e308, 5.0e-324, 123456.789].
strings() -> ["", "a", "hello", "with \x{1F600} and \x{e9}", "\n\t\"\\", [0, 1, 255, 256]].
atoms() -> [a, 'A', '', 'with space', 'ünïcode', '漢字', 'a\nb', true, nil].
nested() -> {[{a, [1, 2, {"x", <<"y">>}]}, #{k => [v, #{n => {1.5}}]}], 1 bsl 80}.
binaries() -> [<<>>, <<1, 2, 3>>, <<"text">>, <<5:3>>, <<"é"/utf8>>, <<0:100>>].
long_binary() -> B = <<"a literal binary that is longer than sixty-four bytes so that it is kept outside the heap">>, {byte_size(B), binary:last(B), erlang:md5(B)}.
maps() -> [#{}, #{a => 1}, #{"k" => {1}, 2 => [3], 4.5 => <<"b">>}].
big_map() -> M = big_literal(), {map_size(M), maps:get(17, M), maps:get(40, M), maps:find(41, M), lists:sum(maps:values(M))}.
big_literal() -> #{1 => 1, 2 => 4, 3 => 9, 4 => 16, 5 => 25, 6 => 36, 7 => 49, 8 => 64, 9 => 81, 10 => 100, 11 => 121, 12 => 144, 13 => 169, 14 => 196, 15 => 225, 16 => 256, 17 => 289, 18 => 324, 19 => 361, 20 => 400,
    21 => 441, 22 => 484, 23 => 529, 24 => 576, 25 => 625, 26 => 676, 27 => 729, 28 => 784, 29 => 841, 30 => 900, 31 => 961, 32 => 1024, 33 => 1089, 34 => 1156, 35 => 1225, 36 => 1296, 37 => 1369, 38 => 1444, 39 => 1521, 40 => 1600}.
big_map_update() -> M = big_literal(), N = M#{17 := x, new => y}, {maps:get(17, M), maps:get(17, N), map_size(M), map_size(N)}.
big_map_match() -> #{13 := A, 29 := B} = big_literal(), A + B.
external_fun_literal() -> F = fun lists:reverse/1, {F([1, 2]), F}.
fun_literal_no_env() -> Fs = [fun(X) -> X + 1 end, fun(X) -> X * 2 end], [F(10) || F <- Fs].
update_literal_tuple() -> T = {1, 2, 3}, U = setelement(2, T, id(x)), {T, U}.
cons_on_literal() -> L = [3, 4, 5], M = [id(1), 2 | L], {L, M, lists:reverse(M)}.
append_to_literal() -> "abc" ++ id("def") ++ [1, 2].
literal_as_message() -> L = {lit, [1, 2, "three"]}, self() ! L, receive M -> M =:= L end.
literal_to_process() -> S = self(), P = spawn(fun() -> receive X -> S ! {back, X} end end), P ! {lit, [1, {2}]}, receive {back, Y} -> Y end.
literal_survives_gc() -> L = [{a, "literal"}, <<"kept">>], K = [id(N) || N <- lists:seq(1, 10000)], erlang:garbage_collect(), {L, length(K)}.
literal_in_dictionary() -> put(lit, {some, ["literal"]}), erlang:garbage_collect(), get(lit).
literal_equality() -> {id([1, 2, 3]) =:= [1, 2, 3], id({a, "b"}) == {a, "b"}, id(1 bsl 70) =:= 1180591620717411303424, id(1.5) =:= 1.5}.
literal_arguments() -> three({1, 2}, "two", #{three => 3}).
three(A, B, C) -> {C, B, A}.
literal_return_in_branches() -> [case id(N) of 1 -> {a, "x"}; 2 -> [b | <<"y">>]; _ -> #{c => 3} end || N <- [1, 2, 3]].
literal_match_bound() -> X = id({1, [2]}), case {1, [2]} of X -> same; _ -> different end.
literal_compare() -> [id(X) < {m, 1} || X <- [1, a, {a}, {m, 0}, {m, 1}, {m, 2}, [], #{}]].
literal_in_throw() -> try throw({a, "literal", [1]}) catch T -> T end.
literal_flat_size() -> erts_debug:flat_size({1, [2, 3], "ab"}).
literal_hash() -> erlang:phash2({a, [1, 2, "three"], #{k => v}}) =:= erlang:phash2({id(a), [id(1), id(2), id("three")], #{id(k) => id(v)}}).
long_list_literal() -> L = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30], {length(L), lists:sum(L)}.
macro_values() -> {?MODULE, ?LINE, ?FUNCTION_NAME, ?FUNCTION_ARITY}.
char_literals() -> [$a, $\n, $\s, $\x{1F600}, $\\, $\^A].
numeric_bases() -> [2#1010, 8#777, 16#FfFf, 36#zZ, 1_000_000, 16#dead_beef].
