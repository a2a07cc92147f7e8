%%% Clause selection: jump tables, sparse integers, atoms, tuples by size and tag, mixed types, literals of every kind.
-module(select_shapes).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

dense_integers() -> [dense(N) || N <- lists:seq(-1, 12) ++ [1 bsl 70, 1.0, a]].
dense(0) -> zero; dense(1) -> one; dense(2) -> two; dense(3) -> three; dense(4) -> four; dense(5) -> five; dense(6) -> six; dense(7) -> seven; dense(8) -> eight; dense(9) -> nine; dense(_) -> other.
offset_integers() -> [offset(N) || N <- lists:seq(98, 106)].
offset(100) -> a; offset(101) -> b; offset(102) -> c; offset(103) -> d; offset(104) -> e; offset(_) -> z.
negative_integers() -> [negative(N) || N <- lists:seq(-6, 1)].
negative(-5) -> a; negative(-4) -> b; negative(-3) -> c; negative(-2) -> d; negative(-1) -> e; negative(_) -> z.
sparse_integers() -> [sparse(N) || N <- [-1000000, 0, 7, 99, 100000, 1 bsl 40, (1 bsl 59) - 1, 5]].
sparse(-1000000) -> a; sparse(0) -> b; sparse(7) -> c; sparse(100000) -> d; sparse(1099511627776) -> e; sparse(576460752303423487) -> f; sparse(_) -> z.
big_integers() -> [big(N) || N <- [1 bsl 64, (1 bsl 64) + 1, -(1 bsl 64), 1 bsl 100, 3]].
big(18446744073709551616) -> a; big(18446744073709551617) -> b; big(-18446744073709551616) -> c; big(1267650600228229401496703205376) -> d; big(_) -> z.
mixed_small_big() -> [mixed_sb(N) || N <- [1, 2, 3, 1 bsl 64, (1 bsl 64) + 1, 9]].
mixed_sb(1) -> a; mixed_sb(2) -> b; mixed_sb(3) -> c; mixed_sb(18446744073709551616) -> d; mixed_sb(18446744073709551617) -> e; mixed_sb(_) -> z.
atoms() -> [atom(A) || A <- [a, b, c, foo, 'Bar', '', true, false, undefined, zzz, 1]].
atom(a) -> 1; atom(b) -> 2; atom(c) -> 3; atom(foo) -> 4; atom('Bar') -> 5; atom('') -> 6; atom(true) -> 7; atom(false) -> 8; atom(undefined) -> 9; atom(_) -> 0.
two_atoms() -> [case id(A) of yes -> 1; no -> 2 end || A <- [yes, no]].
atom_no_default() -> [case_runner:attempt(fun() -> case id(A) of x -> 1; y -> 2; z -> 3 end end) || A <- [x, z, q]].
floats() -> [flt(F) || F <- [0.0, 1.0, 1.5, -1.5, 1, 2.0]].
flt(0.0) -> zero; flt(1.0) -> one; flt(1.5) -> oneh; flt(-1.5) -> moneh; flt(_) -> z.
tuple_sizes() -> [size_of(T) || T <- [{}, {a}, {a, b}, {a, b, c}, {a, b, c, d}, {a, b, c, d, e}, [], x]].
size_of({}) -> 0; size_of({_}) -> 1; size_of({_, _}) -> 2; size_of({_, _, _}) -> 3; size_of({_, _, _, _}) -> 4; size_of(_) -> other.
tagged() -> [tag(T) || T <- [{ok, 1}, {error, r}, {ok, 1, 2}, {value, v}, {none}, none, {ok}, {1, 2}]].
tag({ok, V}) -> {o, V}; tag({error, R}) -> {e, R}; tag({ok, A, B}) -> {oo, A, B}; tag({value, V}) -> {v, V}; tag({none}) -> nonetuple; tag(none) -> none; tag(_) -> other.
tagged_int() -> [tagi(T) || T <- [{1, a}, {2, b}, {3, c}, {4, d}, {1 bsl 70, e}, {a, f}]].
tagi({1, X}) -> [X]; tagi({2, X}) -> {X}; tagi({3, _}) -> three; tagi({1180591620717411303424, X}) -> {big, X}; tagi(_) -> z.
nested_tuples() -> [nest(T) || T <- [{a, {b, 1}}, {a, {c, 1}}, {a, x}, {b, {b, 2}}]].
nest({a, {b, N}}) -> N; nest({a, {c, N}}) -> -N; nest({a, X}) -> X; nest({b, {B, N}}) -> {B, N}.
types() -> [type(X) || X <- [1, a, "l", [], {}, 1.5, <<>>, #{}, fun() -> ok end, self()]].
type(X) when is_atom(X) -> atom; type([]) -> nil; type([_ | _]) -> cons; type(X) when is_integer(X) -> int; type({}) -> empty; type(X) when is_float(X) -> float; type(<<>>) -> emptybin; type(X) when is_map(X) -> map; type(X) when is_function(X) -> 'fun'; type(_) -> other.
literal_patterns() -> [lit(X) || X <- ["abc", "abd", {1, [2, {3}]}, [1, 2], [1 | 2], <<"bin">>, #{}, 3.25, {}, []]].
lit("abc") -> string; lit({1, [2, {3}]}) -> nested; lit([1, 2]) -> list; lit([1 | 2]) -> improper; lit(<<"bin">>) -> binary; lit(3.25) -> float; lit([]) -> nil; lit({}) -> tuple; lit(_) -> z.
strings() -> [str(S) || S <- ["get", "put", "post", "gets", ""]].
str("get") -> 1; str("put") -> 2; str("post") -> 3; str("") -> 4; str(_) -> 5.
multiple_arguments() -> [multi(A, B) || A <- [a, b, 1], B <- [a, 1, {x}]].
multi(a, a) -> 1; multi(a, 1) -> 2; multi(b, {X}) -> X; multi(1, 1) -> 3; multi(_, {_}) -> 4; multi(A, A) -> same; multi(_, _) -> z.
booleans() -> [case {id(A), id(B)} of {true, true} -> tt; {true, false} -> tf; {false, true} -> ft; {false, false} -> ff end || A <- [true, false], B <- [true, false]].
guards_fall_through() -> [gft(N) || N <- [1, 5, 10, 50, 100]].
gft(N) when N < 5 -> small; gft(N) when N < 10 -> medium; gft(10) -> ten; gft(N) when N > 90 -> huge; gft(_) -> large.
char_classes() -> [cc(C) || C <- "aZ5 _\n~"].
cc(C) when C >= $a, C =< $z -> lower; cc(C) when C >= $A, C =< $Z -> upper; cc(C) when C >= $0, C =< $9 -> digit; cc($\s) -> space; cc($_) -> under; cc($\n) -> nl; cc(_) -> other.
opcode_machine() -> run([{push, 2}, {push, 3}, add, dup, mul, {push, 1}, sub, swap, drop, print], [7], []).
run([], S, O) -> {S, lists:reverse(O)};
run([{push, N} | P], S, O) -> run(P, [N | S], O);
run([add | P], [A, B | S], O) -> run(P, [A + B | S], O);
run([sub | P], [A, B | S], O) -> run(P, [B - A | S], O);
run([mul | P], [A, B | S], O) -> run(P, [A * B | S], O);
run([dup | P], [A | S], O) -> run(P, [A, A | S], O);
run([swap | P], [A, B | S], O) -> run(P, [B, A | S], O);
run([drop | P], [_ | S], O) -> run(P, S, O);
run([print | P], [A | S], O) -> run(P, [A | S], [A | O]).
case_in_case() -> [case id(X) of {A, B} -> case A of 1 -> case B of 2 -> yes; _ -> no_b end; _ -> no_a end; _ -> no end || X <- [{1, 2}, {1, 3}, {2, 2}, x]].
big_table() -> [big_table(N) || N <- lists:seq(0, 40, 5)].
big_table(N) -> case N of 0 -> a0; 1 -> a1; 2 -> a2; 3 -> a3; 4 -> a4; 5 -> a5; 6 -> a6; 7 -> a7; 8 -> a8; 9 -> a9; 10 -> a10; 11 -> a11; 12 -> a12; 13 -> a13; 14 -> a14; 15 -> a15; 16 -> a16; 17 -> a17; 18 -> a18; 19 -> a19; 20 -> a20; 25 -> a25; 30 -> a30; 35 -> a35; _ -> az end.
