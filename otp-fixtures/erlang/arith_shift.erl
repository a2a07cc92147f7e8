%%% Shifts: every distance round the word and digit edges, negative operands and distances, limits.
-module(arith_shift).
-compile([export_all, nowarn_export_all]).
-helpers([values, distances]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

values() -> [0, 1, -1, 5, -5, (1 bsl 59) - 1, -(1 bsl 59), 1 bsl 63, -(1 bsl 63), (1 bsl 64) - 1, (1 bsl 130) + 1, -(1 bsl 130) - 1].
distances() -> [0, 1, 2, 31, 32, 33, 58, 59, 60, 61, 62, 63, 64, 65, 127, 128, 129, 200].

bsl_table() -> [{A, [A bsl D || D <- distances()]} || A <- values()].
bsr_table() -> [{A, [A bsr D || D <- distances()]} || A <- values()].
bsl_negative_distance() -> [{A, [A bsl -D || D <- distances()]} || A <- values()].
bsr_negative_distance() -> [{A, [A bsr -D || D <- distances()]} || A <- values()].
shift_back() -> [{A, D} || A <- values(), D <- distances(), (A bsl D) bsr D =/= A].
floor_law() -> [{A, D} || A <- values(), D <- distances(), A bsr D =/= floor_div(A, 1 bsl D)].

floor_div(A, B) when A >= 0 -> A div B;
floor_div(A, B) -> -((-A + B - 1) div B).

bsr_huge_distance() -> [A bsr id(1 bsl 70) || A <- values()].
bsl_huge_negative() -> [A bsl id(-(1 bsl 70)) || A <- values()].
zero_bsl_huge() -> id(0) bsl id(1 bsl 40).
zero_bsl_bignum() -> case_runner:attempt(fun() -> id(0) bsl id(1 bsl 70) end).
err_bsl_huge() -> id(1) bsl id(1 bsl 40).
err_bsl_bignum() -> id(1) bsl id(1 bsl 70).
err_bsr_bignum_negative() -> id(1) bsr id(-(1 bsl 70)).
mul_large() -> square(id(1 bsl 100000), 2).
square(N, 0) -> {N > 0, N rem 1000000007};
square(N, K) -> square(N * N, K - 1).
err_bsl_atom() -> id(a) bsl 1.
err_bsl_by_atom() -> id(1) bsl id(a).
err_bsr_float() -> id(1.5) bsr 1.
err_bsr_by_float() -> id(1) bsr id(1.0).

power_of_two_digits() -> [{N, length(integer_to_list(1 bsl N))} || N <- [100, 1000, 10000]].
popcount() -> [popcount(V band ((1 bsl 131) - 1), 0) || V <- values()].
popcount(0, N) -> N;
popcount(V, N) -> popcount(V bsr 1, N + (V band 1)).
