%%% Integer operators over every pair of edge values: small and big, positive and negative.
-module(arith_int).
-compile([export_all, nowarn_export_all]).
-helpers([values, zero]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

values() ->
    [0, 1, -1, 2, 7, -10, 255, 65536, -65537,
     (1 bsl 27) - 1, -(1 bsl 27), 1 bsl 27,
     (1 bsl 59) - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1,
     (1 bsl 63) - 1, 1 bsl 63, -(1 bsl 63), (1 bsl 64) - 1, 1 bsl 64, -(1 bsl 64),
     (1 bsl 128) - 1, -(1 bsl 128) - 12345, 1 bsl 200].

pairs(Op) -> [{A, [case_runner:attempt(fun() -> Op(A, B) end) || B <- values()]} || A <- values()].

table_add() -> pairs(fun(A, B) -> A + B end).
table_sub() -> pairs(fun(A, B) -> A - B end).
table_mul() -> pairs(fun(A, B) -> A * B end).
table_div() -> pairs(fun(A, B) -> A div B end).
table_rem() -> pairs(fun(A, B) -> A rem B end).
table_band() -> pairs(fun(A, B) -> A band B end).
table_bor() -> pairs(fun(A, B) -> A bor B end).
table_bxor() -> pairs(fun(A, B) -> A bxor B end).
table_slash() -> pairs(fun(A, B) -> A / B end).
table_min_max() -> pairs(fun(A, B) -> {min(A, B), max(A, B)} end).

unary_minus() -> [-A || A <- values()].
unary_plus() -> [+A || A <- values()].
unary_bnot() -> [bnot A || A <- values()].
unary_abs() -> [abs(A) || A <- values()].
unary_float() -> [float(A) || A <- values()].

div_rem_law() ->
    [{A, B} || A <- values(), B <- values(), B =/= 0, (A div B) * B + (A rem B) =/= A].
de_morgan() ->
    [{A, B} || A <- values(), B <- values(), bnot (A band B) =/= (bnot A) bor (bnot B)].
xor_law() ->
    [{A, B} || A <- values(), B <- values(), (A bxor B) bxor B =/= A].

inc_over_small() -> up(id((1 bsl 59) - 3), 6).
dec_under_small() -> down(id(-(1 bsl 59) + 3), 6).
up(_, 0) -> [];
up(N, K) -> [N | up(N + 1, K - 1)].
down(_, 0) -> [];
down(N, K) -> [N | down(N - 1, K - 1)].

mul_over_small() -> mul(id(3), 60).
mul(N, 0) -> N;
mul(N, K) -> mul(N * 3, K - 1).

neg_min_small() -> -id(-(1 bsl 59)).
div_min_small() -> id(-(1 bsl 59)) div id(-1).
div_min_word() -> id(-(1 bsl 63)) div id(-1).
rem_min_small() -> id(-(1 bsl 59)) rem id(-1).
abs_min_small() -> abs(id(-(1 bsl 59))).
big_minus_big_is_small() -> id(1 bsl 100) - id((1 bsl 100) - 5).
big_div_to_small() -> id(1 bsl 100) div id(1 bsl 98).

factorial_100() -> fac(100).
factorial_digits() -> length(integer_to_list(fac(500))).
fac(0) -> 1;
fac(N) -> N * fac(N - 1).
fib_300() -> fib(300, 0, 1).
fib(0, A, _) -> A;
fib(N, A, B) -> fib(N - 1, B, A + B).
power_mod() -> power_mod(id(3), id(1 bsl 80), id((1 bsl 61) - 1), 1).
power_mod(_, 0, _, Acc) -> Acc;
power_mod(B, E, M, Acc) when E band 1 =:= 1 -> power_mod(B * B rem M, E bsr 1, M, Acc * B rem M);
power_mod(B, E, M, Acc) -> power_mod(B * B rem M, E bsr 1, M, Acc).
gcd_big() -> gcd(fac(40) * 1000003, fac(37) * 999983 * 1000003).
gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).
isqrt_big() -> isqrt(fac(60), fac(60)).
isqrt(N, X) ->
    case (X + N div X) div 2 of
        Y when Y < X -> isqrt(N, Y);
        _ -> X
    end.
large_div() ->
    [{(fac(N) + 1) div fac(M), (fac(N) + 1) rem fac(M)} || N <- [20, 45, 90], M <- [5, 19, 21, 44, 60]].

err_add_atom() -> id(1) + id(a).
err_add_list() -> id([]) + id(1).
err_sub_tuple() -> id({1}) - 1.
err_mul_binary() -> id(<<1>>) * id(2).
err_div_zero() -> id(5) div id(0).
err_div_zero_literal() -> case_runner:attempt(?MODULE, fun() -> id(5) div zero() end).
zero() -> id(0).
err_div_float() -> id(5.0) div id(2).
err_rem_zero() -> id(5) rem id(0).
err_rem_big_zero() -> id(1 bsl 70) rem id(0).
err_slash_zero() -> id(5) / id(0).
err_slash_zero_float() -> id(5.0) / id(0.0).
err_neg_atom() -> -id(a).
err_plus_atom() -> +id(a).
err_bnot_float() -> bnot id(1.0).
err_band_float() -> id(1) band id(1.0).
err_bor_atom() -> id(1) bor id(x).
err_bxor_atom() -> id(x) bxor id(1 bsl 70).
err_abs_atom() -> abs(id(x)).
err_float_atom() -> float(id(x)).
