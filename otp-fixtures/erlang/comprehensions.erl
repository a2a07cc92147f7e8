%%% List and binary comprehensions: generators, filters, nesting, bad generators and bad filters.
-module(comprehensions).
-compile([export_all, nowarn_export_all, nowarn_shadow_vars]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

plain() -> [X * 2 || X <- id([1, 2, 3])].
filter() -> [X || X <- id([1, 2, 3, 4]), X rem 2 =:= 0].
two_generators() -> [{X, Y} || X <- id([1, 2]), Y <- id([a, b])].
dependent() -> [{X, Y} || X <- id([1, 2, 3]), Y <- lists:seq(1, X)].
shadowing() -> X = id(5), [X || X <- id([1, 2])] ++ [X].
pattern_skips() -> [X || {ok, X} <- id([{ok, 1}, error, {ok, 2}, {ok, 3, 4}])].
pattern_literal() -> [X || {X, 1} <- id([{a, 1}, {b, 2}, {c, 1.0}])].
filter_guard_fails() -> [X || X <- id([1, a, 3]), X + 1 > 2].
filter_call() -> [X || X <- id([1, 2, 3]), even(X)].
even(X) -> X rem 2 =:= 0.
nested() -> [[Y || Y <- X, Y > 1] || X <- id([[1, 2], [], [3]])].
improper_list() -> [X || X <- id([1, 2 | 3])].
not_a_list() -> [X || X <- id(abc)].
bad_filter() -> [X || X <- id([1]), id(notbool)].
bad_filter_call() -> [X || X <- id([1]), even(X), id({x})].
raise_inside() -> [1 div X || X <- id([1, 0])].
from_binary() -> [X || <<X:4>> <= id(<<16#12, 16#34>>)].
from_binary_odd() -> [X || <<X:3>> <= id(<<16#12, 16#34>>)].
from_binary_pattern() -> [X || <<1, X>> <= id(<<1, 2, 3, 4, 1, 5>>)].
from_binary_sized() -> [B || <<N, B:N/binary>> <= id(<<1, "a", 2, "bc", 0, 3, "de">>)].
from_bits_tail() -> [X || <<X:8>> <= id(<<1, 2, 3:4>>)].
from_not_binary() -> [X || <<X>> <= id([1])].
to_binary() -> << <<X:16>> || X <- id([1, 2, 3]) >>.
to_binary_filter() -> << <<X>> || X <- id([1, 2, 3, 4]), X > 2 >>.
to_bits() -> << <<X:3>> || X <- id([1, 2, 3, 4, 5]) >>.
to_bits_conditional() -> << <<X:X>> || X <- id([1, 2, 3]) >>.
binary_to_binary() -> << <<(X + 1)>> || <<X>> <= id(<<"HAL">>) >>.
binary_to_binary_two() -> << <<X, Y>> || <<X>> <= id(<<1, 2>>), Y <- [10, 20] >>.
binary_swap() -> << <<B:16/little>> || <<B:16/big>> <= id(<<1, 2, 3, 4>>) >>.
binary_variable() -> << <<(id(B))/bits>> || B <- [<<1>>, <<2:3>>, <<>>] >>.
binary_not_binary() -> << <<(id(B))/binary>> || B <- [<<1>>, a] >>.
binary_from_not_list() -> << <<X>> || X <- id(foo) >>.
binary_bad_filter() -> << <<X>> || X <- [1], id(3) >>.
utf() -> << <<C/utf8>> || C <- id("aé漢") >>.
hex() -> << <<(digit(H)), (digit(L))>> || <<H:4, L:4>> <= id(<<0, 127, 255>>) >>.
digit(D) when D < 10 -> $0 + D;
digit(D) -> $a + D - 10.
large() -> L = [X || X <- lists:seq(1, 50000), X rem 3 =:= 0], {length(L), lists:sum(L)}.
large_binary() -> B = << <<(X rem 251)>> || X <- lists:seq(1, 50000) >>, {byte_size(B), erlang:md5(B)}.
side_effect_order() -> put(order, []), [note(X) || X <- [1, 2, 3], note(-X) < 0], get(order).
note(X) -> put(order, [X | get(order)]), X.
unused_result() -> _ = [put({k, X}, X) || X <- [1, 2]], [get({k, 1}), get({k, 2})].
pythagoras() -> [{A, B, C} || A <- lists:seq(1, 20), B <- lists:seq(A, 20), C <- lists:seq(B, 20), A * A + B * B =:= C * C].
permutations() -> perms([a, b, c]).
perms([]) -> [[]];
perms(L) -> [[H | T] || H <- L, T <- perms(L -- [H])].
quicksort() -> qsort(id([3, 1, 2, 3, 9, 0, -4])).
qsort([]) -> [];
qsort([P | T]) -> qsort([X || X <- T, X < P]) ++ [P] ++ qsort([X || X <- T, X >= P]).
primes() -> sieve(lists:seq(2, 100)).
sieve([P | T]) -> [P | sieve([X || X <- T, X rem P =/= 0])];
sieve([]) -> [].
map_generator_by_list() -> lists:sort([{V, K} || {K, V} <- maps:to_list(#{a => 1, b => 2})]).
