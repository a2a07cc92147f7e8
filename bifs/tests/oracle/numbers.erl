%% Writes numbers.etf: what OTP's natives on numbers, comparisons and conversions answer, as a list of
%% {Module, Function, Args, {ok, Value} | {error, Reason}}.  Run: erlc numbers.erl && erl -noshell -s numbers main
-module(numbers).
-compile(nowarn_deprecated_function).
-export([main/0]).

main() ->
    rand:seed(exsss, {1, 2, 3}),
    Cases = lists:append([operators(), functions(), math(), integers(), floats(), atoms(), ids(), hashes()]),
    Table = [{M, F, A, answer(M, F, A)} || {M, F, A} <- Cases] ++ later(),
    ok = file:write_file("numbers.etf", term_to_binary(Table, [compressed])),
    io:format("~p cases~n", [length(Table)]),
    halt().

answer(M, F, A) ->
    try {ok, apply(M, F, A)} catch error:R -> {error, R} end.

ints() ->
    [0, 1, -1, 2, 7, -7, 64, (1 bsl 59) - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1, 1 bsl 63, (1 bsl 64) - 1, 1 bsl 64, -(1 bsl 64),
     1 bsl 100 + 12345, -(1 bsl 200) + 1, (1 bsl 300) - 1, 1 bsl 1024].
reals() ->
    [0.0, 0.5, -0.5, 1.0, 2.5, -2.5, 0.49999999999999994, 4503599627370497.5, 9007199254740993.0, 576460752303423488.0,
     -576460752303423488.0, 1.0e20, -1.0e20, 1.0e300, 1.7976931348623157e308, 5.0e-324].
no_numbers() -> [a, [], {1}, <<1>>].

operators() ->
    All = ints() ++ reals() ++ [a, []],
    Shifts = [0, 1, -1, 5, 63, 64, 65, -64, 200, -200, 1 bsl 70, -(1 bsl 70), 1 bsl 59, -(1 bsl 59), a, 1.0],
    [{erlang, Op, [X, Y]} || Op <- ['+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor'], X <- All, Y <- All] ++
        [{erlang, Op, [X, Y]} || Op <- ['bsl', 'bsr'], X <- ints() ++ [a, 1.0], Y <- Shifts] ++
        [{erlang, Op, [X, Y]} || Op <- ['==', '/=', '=:=', '=/=', '<', '=<', '>', '>='], X <- All, Y <- All] ++
        [{erlang, Op, [X]} || Op <- ['+', '-', 'bnot'], X <- All].

functions() ->
    [{erlang, F, [X]} || F <- [abs, round, trunc, floor, ceil, float], X <- ints() ++ reals() ++ no_numbers()].

%% Few points: the last digit of most functions is the C library's own.
math() ->
    [{math, F, [X]} || F <- [ceil, floor, sqrt], X <- ints() ++ reals() ++ no_numbers()] ++
        [{math, F, [X]} || F <- [acos, acosh, asin, asinh, atan, atanh, cos, cosh, erf, erfc, exp, log, log10, log2, sin, sinh, tan, tanh],
                           X <- [a, 1 bsl 1024]] ++
        [{math, F, [X]} || F <- [asin, asinh, atan, atanh, erf, sin, sinh, tan, tanh, exp, cos, cosh], X <- [0, 0.0]] ++
        [{math, F, [X]} || F <- [acos, asin, acosh, log, log2, log10, sqrt, atanh], X <- [-2, -2.5]] ++
        [{math, F, [X]} || F <- [exp, cosh, sinh], X <- [1000, 1.0e10]] ++
        [{math, F, [X]} || F <- [log, log2, log10, acosh], X <- [0, 1]] ++ [{math, atanh, [1]}, {math, erfc, [0]}] ++
        [{math, fmod, [X, Y]} || X <- [0, 1, -1, 7.5, -7.5, 1.0e200, a], Y <- [0, 1, 2, -2.5, 0.5, b]] ++
        [{math, pow, [X, Y]} || X <- [0, 1, -1, 2, -2, 0.25, a], Y <- [0, 1, 2, -1, 0.5, 2000, b]] ++
        [{math, atan2, [X, Y]} || X <- [0, a], Y <- [1, b]].

integers() ->
    Texts = ["0", "1", "-1", "+7", "007", "-0", "576460752303423487", "576460752303423488", "-576460752303423489", "18446744073709551616",
             lists:duplicate(100, $9), lists:duplicate(1500, $7), "", "-", "+", "--1", "1 ", " 1", "1a", "zZ", "FF", "ff", "1_0", "12.0", [49, 300], [49 | 50], [a], a, 1, [<<"1">>]],
    Bases = [2, 8, 10, 16, 36, 1, 37, 0, -1, a, 10.0],
    [{erlang, F, [I, B]} || F <- [integer_to_list, integer_to_binary], I <- ints() ++ [7 bsl 5000, a, 1.0], B <- Bases] ++
        [{erlang, F, [I]} || F <- [integer_to_list, integer_to_binary], I <- ints() ++ [7 bsl 5000, a, 1.0]] ++
        [{erlang, list_to_integer, [T]} || T <- Texts] ++ [{erlang, list_to_integer, [T, B]} || T <- Texts, B <- Bases] ++
        [{string, list_to_integer, [T]} || T <- Texts ++ ["12ab", "-5 x", "1" ++ [a], "12" ++ b]] ++
        [{erlang, binary_to_integer, [list_to_binary(T)]} || T <- Texts, is_bytes(T)] ++
        [{erlang, binary_to_integer, [list_to_binary(T), B]} || T <- Texts, B <- Bases, is_bytes(T)] ++
        [{erlang, binary_to_integer, [X]} || X <- [a, <<1:3>>, "1"]].

is_bytes(T) -> try is_binary(list_to_binary(T)) catch _:_ -> false end.

floats() ->
    Some = reals() ++ [0.1, 1.005, 0.999, -1.5, 100.0, 1000.0, 12340.0, 123400.0, 1.0e-4, 1.0e-5, 1234567890.0, 12345678900.0, 9007199254740991.0,
                       9007199254740992.0, 123456789012345680.0, 1.0e22, 2.2250738585072014e-308],
    Random = [begin <<F/float>> = <<0:1, (rand:uniform(2046)):11, (rand:uniform(1 bsl 52) - 1):52>>, F end || _ <- lists:seq(1, 150)] ++
        [(rand:uniform(1 bsl 40) - 1) / (1 bsl rand:uniform(50)) || _ <- lists:seq(1, 150)],
    Options = [[], [short], [compact], [{decimals, 0}], [{decimals, 2}], [{decimals, 4}, compact], [{decimals, 0}, compact], [{decimals, 18}],
               [{decimals, 19}], [{decimals, 40}, compact], [{scientific, 0}], [{scientific, 3}], [{scientific, 17}], [{scientific, -1}],
               [{decimals, 4}, {scientific, 3}], [{scientific, 3}, {decimals, 4}], [short, {decimals, 1}], [{decimals, 1}, short, compact]],
    Odd = [[{decimals, 253}], [{decimals, 254}], [{decimals, -1}], [{scientific, 249}], [{scientific, 250}], [{decimals, a}], [{decimals, 2} | x], [foo], x, [{foo, 1}],
           [{decimals, 1 bsl 70}], [{decimals, 1, 2}]],
    Texts = ["1.0", "-1.5", "+2.25", "1.0e10", "1.0E+10", "1.0e-10", "1,5", "1.", ".5", "1", "", "1.0e", "1.0e+", "1.0x", " 1.0", "1.0 ", "1.5e400", "-1.5e400", "1.0e-400", "1.0e+-1",
             "12.5.3", "1.5-", "1e5", "1.5e5.2", "1.5ee", "-", "+-1.0", "1.5" ++ [a], "1.5e" ++ [a], "1.5" ++ b, [a], a, "0.1", "123456789012345678901234567890.5", "2.2250738585072011e-308"],
    [{erlang, float_to_list, [F, O]} || F <- Some ++ Random, O <- Options] ++ [{erlang, float_to_binary, [F, O]} || F <- Some, O <- Options] ++
        [{erlang, F, [X, O]} || F <- [float_to_list, float_to_binary], X <- [1.0, 1.0e200, 1, a], O <- Odd] ++
        [{erlang, F, [X]} || F <- [float_to_list, float_to_binary], X <- Some ++ [1, a]] ++
        [{erlang, list_to_float, [T]} || T <- Texts] ++ [{string, list_to_float, [T]} || T <- Texts] ++
        [{erlang, binary_to_float, [list_to_binary(T)]} || T <- Texts, is_bytes(T)] ++ [{erlang, binary_to_float, [a]}, {erlang, binary_to_float, [<<1:3>>]}].

atoms() ->
    Long = lists:duplicate(255, $a), TooLong = lists:duplicate(256, $a),
    Texts = ["", "abc", "A b", [16#e5], [955], [16#10ffff], [16#110000], [16#d800], [-1], [a], [97 | b], a, Long, TooLong, TooLong ++ [x], lists:duplicate(255, 16#e5), lists:duplicate(256, 955)],
    Bins = [<<>>, <<"abc">>, <<16#e5>>, <<"å"/utf8>>, <<"λ"/utf8>>, <<255, 254>>, list_to_binary(Long), list_to_binary(TooLong), <<1:3>>, a,
            unicode:characters_to_binary(lists:duplicate(255, 955)), unicode:characters_to_binary(lists:duplicate(256, 955))],
    Encodings = [latin1, utf8, unicode, utf16, 1],
    [{erlang, atom_to_list, [A]} || A <- [a, '', 'A b', 'å', 'λ', 1, []]] ++
        [{erlang, atom_to_binary, [A, E]} || A <- [a, '', 'A b', 'å', 'λ', 1], E <- Encodings] ++
        [{erlang, F, [T]} || F <- [list_to_atom, list_to_existing_atom], T <- Texts] ++
        [{erlang, F, [B, E]} || F <- [binary_to_atom, binary_to_existing_atom], B <- Bins, E <- Encodings] ++
        [{erlang, list_to_existing_atom, ["there is no such atom"]}, {erlang, binary_to_existing_atom, [<<"there is no such atom">>, utf8]}].

ids() ->
    Pids = ["<0.0.0>", "<0.32767.8191>", "<0.32768.0>", "<0.0.8192>", "<0.1>", "<1.2.3>", "0.1.2", "<0.1.2>x", "<0.-1.2>", "<0.1.2.3>", "", a, "<0..1>", "<0.99999999999.0>"],
    [{erlang, pid_to_list, [list_to_pid(P)]} || P <- ["<0.0.0>", "<0.77.3>"]] ++ [{erlang, list_to_pid, [P]} || P <- Pids] ++
        [{erlang, list_to_port, [P]} || P <- ["#Port<0.0>", "#Port<0.12345>", "#Port<0.268435455>", "#Port<1.2>", "#Port<0.1.2>", "#Port<0>", "", "Port<0.1>", a]] ++
        [{erlang, list_to_ref, [R]} || R <- ["#Ref<0.1.2.3>", "#Ref<0.99999.0.262143>", "#Ref<0.1.2.262144>", "#Ref<0.1.2>", "#Ref<0.1.2.3.4.5.6>", "#Ref<0.1.2.3", "x", "", a, "#Ref<0.4294967296.0.1>"]] ++
        [{erlang, F, [X]} || F <- [pid_to_list, port_to_list, ref_to_list, fun_to_list], X <- [a, 1, [], {}]] ++
        [{erlang, fun_to_list, [fun lists:map/2]}, {erlang, fun_to_list, [fun 'A b':'c d'/3]}].

hashes() ->
    Terms = [0, a, [], "abc", #{a => 1}, 1.5, <<"abc">>, {1, [2]}],
    [{erlang, F, [T, R]} || F <- [phash, phash2], T <- Terms, R <- [1, 10, 1 bsl 27, 1 bsl 32, 0, -1, (1 bsl 32) + 1, a, 1.0]] ++
        [{erlang, phash2, [T]} || T <- Terms] ++ [{erts_internal, cmp_term, [X, Y]} || X <- Terms ++ [0.0, 1.0, 1], Y <- Terms ++ [0.0, 1.0, 1]].

%% What releases after 25 have, as observed there.
later() ->
    Ok = fun(M, F, Rows) -> [{M, F, A, {ok, V}} || {A, V} <- Rows] end,
    Badarg = {error, badarg},
    Ok(erlang, max, [{[1, 1.0], 1}, {[1.0, 1], 1.0}, {[a, 1], a}]) ++ Ok(erlang, min, [{[1, 1.0], 1}, {[1.0, 1], 1.0}, {[a, 1], 1}]) ++
        Ok(erlang, is_integer, [{[3, 1, 5], true}, {[30, 40, 5], false}, {[3.0, 1, 5], false}, {[1 bsl 70, 1, 1 bsl 71], true}]) ++
        [{erlang, is_integer, A, Badarg} || A <- [[3, a, 5], [a, a, 5], [3, 1.0, 5], [3, 1, 5.0]]] ++
        Ok(erts_internal, list_to_integer,
           [{["123", 10], {123, []}}, {["12x", 10], {12, "x"}}, {["", 10], no_integer}, {["x", 10], no_integer}, {["-", 10], no_integer}, {["+5 a", 10], {5, " a"}},
            {[a, 10], not_a_list}, {["12" ++ a, 10], {12, a}}, {["1", 37], badarg}, {["1", 1], badarg}, {["1", a], badarg}, {[[1], 10], no_integer}, {[["1"], 10], no_integer},
            {["zZ", 36], {1295, []}}, {[[49 | 50], 10], {1, 50}}, {[[a], 10], no_integer}, {["123", 10.0], badarg}, {["--1", 10], no_integer}, {["12" ++ [300], 10], {12, [300]}}]) ++
        Ok(erts_internal, binary_to_integer,
           [{[<<"123">>, 10], 123}, {[<<"12x">>, 10], badarg}, {[<<>>, 10], badarg}, {[<<"-">>, 10], badarg}, {[a, 10], badarg}, {[<<"1">>, 37], badarg},
            {[<<1:3>>, 10], badarg}, {[<<"zZ">>, 36], 1295}, {[<<"+7">>, 10], 7}, {[<<"1_0">>, 10], badarg}]) ++
        Ok(erts_internal, term_to_string, [{[{a, "b", 1.0}, undefined], "{a,\"b\",1.000000e+00}"}, {[{a, "b", 1.0, [1, 2, 3]}, 5], "{a,\"b\",... "}]) ++
        [{erts_internal, term_to_string, [a, L], Badarg} || L <- [0, -1, a]].
