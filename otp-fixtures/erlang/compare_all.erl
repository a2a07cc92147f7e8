%%% Order and equality of every pair of terms of different types, and of like types with different contents.
-module(compare_all).
-compile([export_all, nowarn_export_all]).
-helpers([values]).

main() -> case_runner:main(?MODULE).

values() ->
    [0, 1, -1, 1.0, -1.0, 0.5, 1 bsl 64, -(1 bsl 64), 1.8446744073709552e19,
     a, b, aa, 'A', '', true, [], [1], [1 | 2], [1.0], [a], [[]], [1, 2], "abc",
     {}, {1}, {1.0}, {a, b}, {1, 2}, {b, a}, {1, 2, 3}, {{}},
     #{}, #{1 => 2}, #{1.0 => 2}, #{a => 1}, #{a => 2}, #{b => 1}, #{a => 1, b => 2}, #{1 => a, a => 1},
     <<>>, <<1>>, <<1:1>>, <<1:4>>, <<2>>, <<1, 2>>, <<1, 2:3>>, <<"abc">>, <<255>>].

matrix(Op) -> [{A, [bit(Op(A, B)) || B <- values()]} || A <- values()].
bit(true) -> $1;
bit(false) -> $0.

table_eq() -> matrix(fun(A, B) -> A == B end).
table_ne() -> matrix(fun(A, B) -> A /= B end).
table_exact_eq() -> matrix(fun(A, B) -> A =:= B end).
table_exact_ne() -> matrix(fun(A, B) -> A =/= B end).
table_lt() -> matrix(fun(A, B) -> A < B end).
table_le() -> matrix(fun(A, B) -> A =< B end).
table_gt() -> matrix(fun(A, B) -> A > B end).
table_ge() -> matrix(fun(A, B) -> A >= B end).
table_guard_lt() -> matrix(fun(A, B) when A < B -> true; (_, _) -> false end).
table_guard_ge() -> matrix(fun(A, B) when A >= B -> true; (_, _) -> false end).
table_guard_eq() -> matrix(fun(A, B) when A == B -> true; (_, _) -> false end).
table_match() -> matrix(fun(A, A) -> true; (_, _) -> false end).

sorted() -> lists:sort(values()).
sorted_back() -> lists:sort(fun(A, B) -> A >= B end, values()).
usorted() -> lists:usort(values() ++ values()).
extremes() -> {lists:max(values()), lists:min(values())}.
trichotomy() -> [{A, B} || A <- values(), B <- values(), 1 =/= length([x || true <- [A < B, A == B, A > B]])].
antisymmetry() -> [{A, B} || A <- values(), B <- values(), A < B, B < A].
exact_implies_equal() -> [{A, B} || A <- values(), B <- values(), A =:= B, A /= B].

type_order() ->
    F = fun() -> ok end,
    L = [<<>>, [x], [], #{}, {}, self(), F, make_ref(), atom, 1],
    [kind(X) || X <- lists:sort(L)].
kind(X) when is_integer(X) -> integer;
kind(X) when is_atom(X) -> atom;
kind(X) when is_reference(X) -> reference;
kind(X) when is_function(X) -> function;
kind(X) when is_pid(X) -> pid;
kind(X) when is_tuple(X) -> tuple;
kind(X) when is_map(X) -> map;
kind([]) -> nil;
kind(X) when is_list(X) -> list;
kind(X) when is_bitstring(X) -> bitstring.

atoms() -> lists:sort([abc, ab, 'ABC', '', 'a b', zz, 'aé', 'aλ', 'a\x{1F600}', abcd, 'abc\x{0}']).
strings() -> lists:sort(["b", "a", "", "ab", "aa", [], "B", [$a | $b]]).
deep_lists() -> D = fun(X) -> lists:foldl(fun(_, A) -> [A] end, X, lists:seq(1, 1000)) end, {D(1) < D(2), D(a) == D(a), D(1) == D(1.0), D(1) =:= D(1.0)}.
long_lists() -> A = lists:seq(1, 10000), {A < A ++ [1], A == lists:map(fun float/1, A), A =:= lists:map(fun float/1, A)}.
tuple_size_first() -> [{9, 9} < {1, 1, 1}, {z} < {a, a}, {a, a} < {z}].
map_size_first() -> [#{z => 1} < #{a => 1, b => 1}, #{a => 1, c => 0} < #{a => 1, b => 9}, #{a => 1, b => 0} < #{a => 1, b => 9}].
map_number_keys() -> [#{1 => a} == #{1.0 => a}, #{1 => 1} == #{1 => 1.0}, #{1 => a} < #{1.0 => a}, #{1.0 => a} < #{1 => a}, #{2 => a} < #{1.0 => a}].
map_big_equal() ->
    M = maps:from_list([{K, K} || K <- lists:seq(1, 100)]),
    N = maps:from_list([{K, K} || K <- lists:seq(100, 1, -1)]),
    [M == N, M =:= N, M < N, M < N#{5 := 6}, M > N#{5 := 4}, M =:= maps:map(fun(_, V) -> float(V) end, N), M == maps:map(fun(_, V) -> float(V) end, N)].
fun_equality() ->
    X = length("abc"),
    F = fun(Y) -> X + Y end,
    G = F,
    [F == G, F =:= G, fun lists:map/2 =:= fun lists:map/2, fun lists:map/2 == fun lists:map/3, fun lists:map/2 < fun lists:map/3, mk(1) =:= mk(1), mk(1) =:= mk(2), mk(1) == mk(1.0)].
mk(N) -> fun(X) -> X + N end.
pid_order() -> P = spawn(fun() -> ok end), [self() < P, P > self(), P =:= P, self() == self()].
ref_order() -> A = make_ref(), B = make_ref(), [A =:= A, A == B, A =/= B, (A < B) xor (B < A)].
bitstring_order() -> lists:sort([<<1:1>>, <<0:1>>, <<1:2>>, <<>>, <<128>>, <<127>>, <<128, 0>>, <<128, 0:1>>, <<1:7, 1:1>>, <<255:7>>]).
unaligned_compare() ->
    <<_:3, A:16/bits, _/bits>> = <<5:3, 16#1234:16, 0:5>>,
    [A =:= <<16#12, 16#34>>, A < <<16#12, 16#35>>, A > <<16#12>>, A == <<16#1234:16>>].
