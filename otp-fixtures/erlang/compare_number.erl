%%% Integers against floats where a float cannot hold the integer, and the order that follows.
-module(compare_number).
-compile([export_all, nowarn_export_all]).
-helpers([numbers]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

numbers() ->
    [(1 bsl 53) - 1, 1 bsl 53, (1 bsl 53) + 1, 9007199254740991.0, 9007199254740992.0, 9007199254740994.0,
     (1 bsl 59) - 1, 1 bsl 59, (1 bsl 59) + 1, 576460752303423488.0, (1 bsl 63) - 1, 1 bsl 63, 9223372036854775808.0,
     1 bsl 64, 18446744073709551616.0, (1 bsl 64) + 1, 1 bsl 1000, 1.0715086071862673e301, (1 bsl 1000) + 1, 1 bsl 1024, -(1 bsl 1024),
     1.7976931348623157e308, -1.7976931348623157e308, 0, 0.0, -0.5, 1.0e-300].

matrix(Op) -> [{A, [case Op(A, B) of true -> $1; false -> $0 end || B <- numbers()]} || A <- numbers()].

table_eq() -> matrix(fun(A, B) -> A == B end).
table_lt() -> matrix(fun(A, B) -> A < B end).
table_ge() -> matrix(fun(A, B) -> A >= B end).
table_exact() -> matrix(fun(A, B) -> A =:= B end).
table_nested() -> matrix(fun(A, B) -> [{A}] < [{B}] end).
table_max() -> [{A, [max(A, B) || B <- numbers()]} || A <- numbers()].
sorted() -> lists:sort(numbers()).
usorted() -> lists:usort(numbers()).
keysorted() -> lists:keysort(1, [{N, x} || N <- numbers()]).
ukeysorted() -> lists:ukeysort(1, [{N, x} || N <- numbers()]).
member() -> [lists:member(1.0, [1, 2]), lists:member(1, [1.0, 1]), lists:keyfind(1, 1, [{1.0, a}, {1, b}]), lists:keymember(2.0, 1, [{2, a}])].
delete() -> lists:delete(1.0, [1, 1.0, 2]).
subtract() -> [1, 2.0, 3] -- [1.0, 2, 3].
match_number() -> [case id(X) of 1 -> int; 1.0 -> float; _ -> other end || X <- [1, 1.0, 2]].
map_keys() -> M = #{1 => int, 1.0 => float}, [map_size(M), maps:get(1, M), maps:get(1.0, M)].
transitive() ->
    [{A, B, C} || A <- numbers(), B <- numbers(), C <- numbers(), A < B, B < C, not (A < C)].
