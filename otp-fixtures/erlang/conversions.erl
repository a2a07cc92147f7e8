%%% Conversions between numbers, text, atoms, lists and binaries, good and bad input.
-module(conversions).
-compile([export_all, nowarn_export_all]).
-helpers([ints]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
ints() -> [0, 1, -1, 35, -36, 255, 1 bsl 31, -(1 bsl 59), 1 bsl 64, -(1 bsl 130), 123456789012345678901234567890].
try_all(F, L) -> [{X, case_runner:attempt(fun() -> F(X) end)} || X <- L].

integer_to_list() -> [integer_to_list(I) || I <- ints()].
integer_to_binary() -> [integer_to_binary(I) || I <- ints()].
integer_to_list_base() -> [{B, [integer_to_list(I, B) || I <- ints()]} || B <- [2, 3, 8, 10, 16, 36]].
integer_to_binary_base() -> [integer_to_binary(I, 16) || I <- ints()].
integer_round_trip() -> [{I, B} || I <- ints(), B <- lists:seq(2, 36), list_to_integer(integer_to_list(I, B), B) =/= I].
integer_round_trip_big() -> [N || N <- [100, 1000, 5000], X <- [(1 bsl N) - 7, -(3 bsl N)], list_to_integer(integer_to_list(X)) =/= X].
list_to_integer() -> try_all(fun list_to_integer/1, ["0", "-0", "+5", "007", "-12345678901234567890", "", "-", "+", "1 ", " 1", "1.0", "a", "1_000", "0x10", [1], "٣", "12a", [$1 | $2]]).
list_to_integer_base() -> try_all(fun({S, B}) -> list_to_integer(S, B) end, [{"ff", 16}, {"FF", 16}, {"-zz", 36}, {"102", 2}, {"101", 2}, {"1", 1}, {"1", 37}, {"8", 8}, {"", 10}, {"+7", 8}]).
binary_to_integer() -> try_all(fun binary_to_integer/1, [<<"0">>, <<"-17">>, <<"+17">>, <<"123456789012345678901234567890">>, <<"">>, <<" 1">>, <<"1x">>, <<"1.5">>, <<1:3>>]).
binary_to_integer_base() -> try_all(fun({S, B}) -> binary_to_integer(S, B) end, [{<<"ff">>, 16}, {<<"-Zz">>, 36}, {<<"2">>, 2}, {<<"1">>, 40}]).
string_to_integer() -> [string:to_integer(S) || S <- ["12abc", "-5", "x", "", "+3 4", <<"99 x">>]].
erl_to_integer() -> [string:list_to_integer(S) || S <- ["12abc", "-5", "x", ""]].
string_to_float() -> [string:to_float(S) || S <- ["1.5abc", "-2.0e3", "1", "x", "1.e", "3.25"]].
list_to_float() -> try_all(fun list_to_float/1, ["1.0", "-1.5e10", "1.0E-5", "+2.5", "1", "1.", ".5", "1e5", "1.0e", "1.0e400", "1.0e-400", "inf", "", "1.0 ", "0.1", "123456789.123456789", "1.7976931348623157e308", "2.2250738585072011e-308", "4.9e-324", "1.0e+5"]).
binary_to_float() -> try_all(fun binary_to_float/1, [<<"1.0">>, <<"-1.5e10">>, <<"1">>, <<"x">>, <<>>, <<"1.0e309">>]).
float_to_list_options() -> try_all(fun(O) -> float_to_list(1234.5678, O) end, [[], [{decimals, 2}], [{decimals, 0}], [{decimals, 10}, compact], [{scientific, 3}], [{scientific, 0}], [compact], [short], [{decimals, 254}], [{decimals, -1}], [bogus], [{scientific, 250}]]).
float_to_list_large() -> [float_to_list(X, [{decimals, 2}]) || X <- [1.0e15, 123456789012.345, -0.005, 0.995, 1.005, 2.5, 1.0e22]].
float_rounding() -> [float_to_list(X, [{decimals, 1}]) || X <- [0.05, 0.15, 0.25, 0.35, 0.45, 9.95, -9.95, 99.96]].
float_to_list_decimals_overflow() -> case_runner:attempt(fun() -> float_to_list(id(1.0e300), [{decimals, 10}]) end).
float_to_binary() -> [float_to_binary(0.1, [short]), float_to_binary(3.0, [{decimals, 3}]), float_to_binary(1.0e100)].
atom_text() -> [atom_to_list(A) || A <- [a, '', 'A b', 'ö', '漢']].
atom_to_binary() -> [atom_to_binary('ö'), atom_to_binary('ö', latin1), atom_to_binary('漢', utf8), case_runner:attempt(fun() -> atom_to_binary(id('漢'), latin1) end), case_runner:attempt(fun() -> atom_to_binary(id(a), id(weird)) end)].
list_to_atom() -> try_all(fun list_to_atom/1, ["abc", "", "ö", [28450], [-1], [a], lists:duplicate(255, $x), [1 | 2], [16#D800], [16#110000]]).
list_to_atom_too_long() -> case_runner:attempt(fun() -> list_to_atom(lists:duplicate(256, $x)) end).
list_to_atom_long_unicode() -> length(atom_to_list(list_to_atom(lists:duplicate(255, 28450)))).
binary_to_atom() -> try_all(fun binary_to_atom/1, [<<"abc">>, <<>>, <<"ö"/utf8>>, <<255>>, <<1:1>>]).
binary_to_atom_latin1() -> binary_to_atom(<<246>>, latin1).
existing_atom() -> [list_to_existing_atom("conversions"), case_runner:attempt(fun() -> list_to_existing_atom(id("surely_no_such_atom_here_" ++ "xyz")) end), binary_to_existing_atom(<<"true">>), case_runner:attempt(fun() -> binary_to_existing_atom(<<"surely_no_such_", "atom_either">>, utf8) end)].
pid_and_friends_errors() -> [case_runner:attempt(fun() -> F(id(a)) end) || F <- [fun pid_to_list/1, fun ref_to_list/1, fun port_to_list/1, fun list_to_pid/1, fun list_to_ref/1]].
fun_to_list() -> [erlang:fun_to_list(fun lists:map/2), case_runner:attempt(fun() -> erlang:fun_to_list(id(a)) end)].
term_text() -> [lists:flatten(io_lib:format("~w", [T])) || T <- [a, 'A', "s", [1, a], {}, #{a => 1}, <<1, 2:4>>, 1.0, -0.0, [], [a | b]]].
err_integer_to_list() -> integer_to_list(id(1.0)).
err_integer_to_list_base() -> integer_to_list(5, id(1)).
err_integer_to_binary() -> integer_to_binary(id(a)).
err_float_to_list() -> float_to_list(id(1)).
err_atom_to_list() -> atom_to_list(id("a")).
err_atom_to_binary() -> atom_to_binary(id(1)).
err_list_to_integer_shape() -> list_to_integer(id("1x")).
err_list_to_integer_type() -> list_to_integer(id(5)).
err_list_to_float_shape() -> list_to_float(id("1")).
err_binary_to_integer_shape() -> binary_to_integer(id(<<"z">>)).
err_binary_to_float_shape() -> binary_to_float(id(<<"z">>)).
err_list_to_atom_shape() -> list_to_atom(id(5)).
err_existing_atom_shape() -> list_to_existing_atom(id("surely_no_such_" ++ "atom_again")).
formatted_errors() ->
    [try F() catch error:R:S -> [{_, _, _, I} | _] = S, #{module := M} = proplists:get_value(error_info, I, #{module => erl_erts_errors}), [{K, lists:flatten(V)} || {K, V} <- lists:sort(maps:to_list(M:format_error(R, S)))] end || F <- [
        fun() -> list_to_integer(id("1x")) end, fun() -> list_to_integer(id(a)) end, fun() -> integer_to_list(id(a), id(77)) end,
        fun() -> binary_to_integer(id(<<"q">>), 10) end, fun() -> list_to_atom(id([a])) end, fun() -> float_to_list(id(a), id([b])) end,
        fun() -> element(id(5), id({a})) end, fun() -> element(id(a), id([])) end, fun() -> setelement(id(0), id({a}), x) end,
        fun() -> tuple_to_list(id(a)) end, fun() -> list_to_tuple(id([a | b])) end, fun() -> length(id(q)) end, fun() -> hd(id([])) end,
        fun() -> binary_part(id(<<1>>), id(3), id(1)) end, fun() -> split_binary(id(<<1>>), id(9)) end, fun() -> list_to_binary(id([a])) end,
        fun() -> register(id(1), self()) end, fun() -> link(id(1)) end, fun() -> process_flag(id(a), b) end, fun() -> spawn(id(a), b, id(c)) end,
        fun() -> map_get(id(a), id(b)) end, fun() -> atom_to_binary(id(a), id(b)) end, fun() -> term_to_binary(a, id([b])) end, fun() -> binary_to_term(id(<<1>>)) end,
        fun() -> erlang:make_tuple(id(-1), a) end, fun() -> erlang:send_after(id(a), self(), b) end, fun() -> apply(id(a), id(b), id(c)) end, fun() -> id(1) ! id(2) end,
        fun() -> erlang:phash2(a, id(0)) end, fun() -> round(id(a)) end, fun() -> lists:keyfind(a, id(0), []) end, fun() -> lists:member(a, id(b)) end, fun() -> binary:at(id(<<1>>), id(3)) end,
        fun() -> math:sqrt(id(a)) end, fun() -> math:log(id(-1)) end, fun() -> maps:from_list(id([a])) end, fun() -> unicode:characters_to_binary(id(a)) end, fun() -> iolist_size(id(a)) end
    ]].
