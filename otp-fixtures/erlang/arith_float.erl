%%% Floats: operators, mixed operands, rounding functions, limits, and how they print.
-module(arith_float).
-compile([export_all, nowarn_export_all]).
-helpers([values]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

values() ->
    [0.0, 1.0, -1.0, 0.1, 0.5, 1.5, 2.5, -2.5, 1.0e22, 1.0e23, 123456789.125, 1.7976931348623157e308, 5.0e-324,
     2.2250738585072014e-308, -1.0e-10, 9007199254740993.0, 4503599627370495.5].

pairs(Op) -> [{A, [case_runner:attempt(fun() -> Op(A, B) end) || B <- values() ++ [3, -7, 1 bsl 70]]} || A <- values()].

table_add() -> pairs(fun(A, B) -> A + B end).
table_sub() -> pairs(fun(A, B) -> A - B end).
table_mul() -> pairs(fun(A, B) -> A * B end).
table_div() -> pairs(fun(A, B) -> A / B end).
table_reverse_sub() -> pairs(fun(A, B) -> B - A end).

round_all() -> [round(V) || V <- values()].
trunc_all() -> [trunc(V) || V <- values()].
floor_all() -> [floor(V) || V <- values()].
ceil_all() -> [ceil(V) || V <- values()].
round_negative_half() -> [round(id(V)) || V <- [-0.5, 0.5, -1.5, 0.49999999999999994, -0.49999999999999994, 4503599627370497.5]].
trunc_large() -> [trunc(id(V)) || V <- [1.0e18, 5.764607523034235e17, 1.0e19, -1.0e20, 1.0e300]].
round_integer() -> [round(id(5)), trunc(id(1 bsl 70)), floor(id(-3)), ceil(id(0))].
neg_zero() -> [id(0.0) * -1, -id(0.0), 0 - id(0.0), id(-0.0) + 0.0].
neg_zero_text() -> [float_to_list(-id(0.0)), float_to_list(id(0.0))].
neg_zero_equal() -> id(0.0) == -id(0.0).
small_difference() -> id(0.1) + id(0.2).
sum_loop() -> sum(100000, 0.0).
sum(0, Acc) -> Acc;
sum(N, Acc) -> sum(N - 1, Acc + 1 / N).
poly_chain() -> [chain(X) || X <- [0.5, 1, -2, 1 bsl 64]].
chain(X) -> ((X * 1.5 + 2) * X - 3.25) / (X * X + 1.0).
int_to_float_exact() -> [float(V) || V <- [1 bsl 53, (1 bsl 53) + 1, (1 bsl 54) + 3, (1 bsl 63) - 1, 1 bsl 1000]].
err_int_to_float() -> float(id(1 bsl 1024)).
err_mixed_overflow() -> id(1.0) + id(1 bsl 1024).
err_overflow_mul() -> id(1.0e308) * id(10).
err_overflow_add() -> id(1.7976931348623157e308) + id(1.7976931348623157e308).
err_overflow_int_div() -> id(1 bsl 2000) / id(1).
int_div_big_by_big() -> case_runner:attempt(fun() -> id(1 bsl 1000) / id(1 bsl 998) end).
underflow() -> id(5.0e-324) / id(2).
err_zero_by_zero() -> id(0.0) / id(0).
err_atom() -> id(1.0) + id(a).
err_round_atom() -> round(id(a)).
err_trunc_list() -> trunc(id([1.0])).
err_floor_binary() -> floor(id(<<>>)).
err_ceil_tuple() -> ceil(id({})).
print_p() -> [lists:flatten(io_lib:format("~p", [V])) || V <- values()].
print_w() -> [lists:flatten(io_lib:format("~w", [V])) || V <- values()].
print_e() -> [lists:flatten(io_lib:format("~e ~.3e", [V, V])) || V <- values()].
print_f() -> [lists:flatten(io_lib:format("~.4f", [V])) || V <- values(), abs(V) < 1.0e15].
print_g() -> [lists:flatten(io_lib:format("~g", [V])) || V <- values()].
to_list_default() -> [float_to_list(V) || V <- values()].
to_list_short() -> [float_to_list(V, [short]) || V <- values()].
to_list_scientific() -> [float_to_list(V, [{scientific, D}]) || V <- values(), D <- [0, 3, 20]].
to_list_decimals() -> [float_to_list(V, [{decimals, D}]) || V <- values(), abs(V) < 1.0e16, D <- [0, 1, 5]].
to_list_compact() -> [float_to_list(V, [{decimals, 6}, compact]) || V <- values(), abs(V) < 1.0e16].
to_binary() -> [float_to_binary(V) || V <- [1.5, -0.25]].
round_trip() -> [V || V <- values(), list_to_float(float_to_list(V)) =/= V].
round_trip_short() -> [V || V <- values(), list_to_float(float_to_list(V, [short])) =/= V].
shortest() -> [float_to_list(id(V), [short]) || V <- [0.1, 0.3, 1 / 3, 2 / 3, 100.0, 1.0e21, 1.0e-7, 123456.789, 5.0e-324, 9.5367431640625e-7]].
math_calls() ->
    [math:sqrt(id(2)), math:pi(), math:floor(id(-1.5)), math:ceil(id(1.2)), math:fmod(id(7.5), 2), math:pow(2, id(10)),
     math:log2(id(1024)), math:log10(id(1000)), math:exp(id(0)), math:atan2(id(0.0), 1), math:erf(id(0.0))].
math_trig() -> [float_to_list(F, [{decimals, 10}]) || F <- [math:sin(id(1)), math:cos(id(1)), math:tan(id(1)), math:asin(id(0.5)), math:acos(id(0.5)),
    math:atan(id(1)), math:sinh(id(1)), math:cosh(id(1)), math:tanh(id(1)), math:asinh(id(1)), math:acosh(id(2)), math:atanh(id(0.5)), math:erfc(id(0.3)), math:log(id(10)), math:exp(id(1.5))]].
err_sqrt_negative() -> math:sqrt(id(-1)).
err_log_zero() -> math:log(id(0)).
err_log_atom() -> math:log(id(a)).
err_acos() -> math:acos(id(2)).
err_pow() -> math:pow(id(-8), id(0.5)).
err_exp() -> math:exp(id(1000)).
err_fmod() -> math:fmod(id(1), id(0)).
err_math_big() -> math:sqrt(id(1 bsl 1100)).
