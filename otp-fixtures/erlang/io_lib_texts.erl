%%% io_lib: formatting of every control sequence and kind of term, and reading terms back.
-module(io_lib_texts).
-compile([export_all, nowarn_export_all]).
-helpers([terms]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
f(F, A) -> lists:flatten(io_lib:format(F, A)).

tilde_p() -> [f("~p", [T]) || T <- terms()].
tilde_w() -> [f("~w", [T]) || T <- terms()].
tilde_tp() -> [f("~tp", [T]) || T <- ["漢字", <<"é"/utf8>>, '漢', "é", [1, "漢"]]].
tilde_tw() -> [f("~tw", [T]) || T <- ["漢", '漢', <<"é"/utf8>>]].
terms() ->
    [a, 'A b', 'quoted\'s', '', 1, -1, 1 bsl 100, 1.5, -0.0, 1.0e100, [], "str", "with \"quotes\" and \n", [1, 2], [a | b], "é", [$a, 300], [0], [255, 1],
     {}, {a, 1}, {"s", [b]}, #{}, #{a => 1}, <<>>, <<"bin">>, <<1, 2>>, <<1:3>>, <<255>>, <<"a", 0>>, 'case', 'é', [[]], [{}], [$\t], "\e\d"].
line_breaks() -> f("~p", [lists:seq(1, 60)]).
line_breaks_nested() -> f("~p", [{some_long_atom_name, [{key, "a string value that is long enough"}, {other_key, <<"a binary value, also long">>}], #{map_key => lists:seq(1, 30)}}]).
line_breaks_width() -> [f("~20p", [lists:seq(1, 15)]), f("~0p", [lists:seq(1, 40)]), f("~40.5p", [{a, lists:seq(1, 20)}])].
line_breaks_tuple() -> f("~p", [list_to_tuple([list_to_atom("element_number_" ++ integer_to_list(N)) || N <- lists:seq(1, 12)])]).
line_breaks_map() -> f("~p", [maps:from_list([{N, lists:duplicate(5, N)} || N <- lists:seq(1, 12)])]).
line_breaks_string() -> f("~p", [lists:duplicate(150, $x)]).
line_breaks_binary() -> [f("~p", [binary:copy(<<1, 2>>, 30)]), f("~p", [binary:copy(<<"ab">>, 50)])].
depth_p() -> [f("~P", [T, D]) || T <- [lists:seq(1, 20), {a, {b, {c, {d}}}}, "a long string here", #{a => #{b => #{c => d}}}, <<"binary data">>], D <- [1, 3, 5]].
depth_w() -> [f("~W", [T, D]) || T <- [lists:seq(1, 20), {a, {b, {c, {d}}}}, #{1 => 1, 2 => 2}, <<1, 2, 3, 4, 5, 6>>], D <- [1, 3, 5]].
tilde_s() -> [f("~s", ["abc"]), f("~s", [<<"bin">>]), f("~s", [[$a, "b", <<"c">>]]), f("~s", [atom]), f("~10s|", ["abc"]), f("~-10s|", ["abc"]), f("~5.2s|", ["abc"]), f("~2s|", ["abcdef"]), f("~.*s", [2, "abc"]), f("~*s", [6, "abc"])].
tilde_ts() -> [f("~ts", ["漢字"]), f("~ts", [<<"é"/utf8>>]), f("~5ts|", ["漢"]), f("~ts", ['漢'])].
tilde_c() -> [f("~c~c", [$a, $b]), f("~3c", [$x]), f("~5.3c|", [$y]), f("~tc", [28450])].
tilde_b() -> [f("~b ~B", [255, 255]), f("~.16b ~.16B", [255, 255]), f("~8b|", [-42]), f("~8.10.0b|", [42]), f("~.2b", [10]), f("~-8b|", [42])].
tilde_x() -> [f("~x", [255, "0x"]), f("~.16x ~.16X", [255, "0x", -255, "0X"])].
tilde_hash() -> [f("~#", [31]), f("~.16#", [255]), f("~.2+", [5]), f("~.36+", [12345])].
tilde_f() -> [f("~f", [1.5]), f("~.2f", [3.14159]), f("~10.3f|", [2.5]), f("~.0f", [2.5]), f("~f", [1]), f("~.1f", [0.25]), f("~.3f", [1.0e22]), f("~.20f", [0.1])].
tilde_e() -> [f("~e", [12345.678]), f("~.3e", [0.00012]), f("~12.4e|", [1.0])].
tilde_g() -> [f("~g", [0.1]), f("~g", [1.0e10]), f("~g", [12345.678]), f("~.3g", [0.5])].
tilde_i_n_tilde() -> f("~i~w~n~~", [skipped, shown]).
padding() -> [f("~10w|", [abc]), f("~-10w|", [abc]), f("~3w|", [abcdef]), f("~10.5w|", [ab]), f("~8..*w|", [ab]), f("~5..0w", [42])].
modifiers() -> [f("~lp", ["abc"]), f("~kp", [#{b => 1, a => 2}])].
err_missing_argument() -> f("~p ~p", [1]).
err_too_many() -> f("~p", [1, 2]).
err_unknown() -> f("~q", [1]).
err_bad_string() -> f("~s", [id({a})]).
err_bad_integer() -> f("~b", [id(a)]).
err_bad_float() -> f("~f", [id(a)]).
err_unicode_in_s() -> f("~s", [id([28450])]).
err_truncated() -> f("abc~", []).
err_args_not_list() -> f("~p", id(a)).
write_functions() -> [lists:flatten(io_lib:write({a, [1]})), lists:flatten(io_lib:print("abc")), io_lib:write_string("a\"b"), io_lib:write_atom('a b'), io_lib:write_char($a), io_lib:write_latin1_string("é"), io_lib:write_char($\n)].
write_limited() -> lists:flatten(io_lib:write(lists:seq(1, 20), 6)).
chars_limit() -> [lists:flatten(io_lib:format("~p", [lists:seq(1, 1000)], [{chars_limit, 60}])), lists:flatten(io_lib:format("~s and ~w", ["abc", {a, b, c}], [{chars_limit, 8}]))].
printable() -> [io_lib:printable_list("abc"), io_lib:printable_list([1]), io_lib:printable_unicode_list([28450]), io_lib:printable_latin1_list("é"), io_lib:char_list([a]), io_lib:latin1_char_list("é"), io_lib:deep_char_list(["a", [$b]])].
bformat() -> [iolist_to_binary(io_lib:format("~ts", [<<"x">>])), unicode:characters_to_binary(io_lib:format("~ts", ["漢"]))].
scan_format() -> io_lib:scan_format("~5.3tp ~s", [a, "b"]).
fread() -> [io_lib:fread("~d ~s", "42 abc"), io_lib:fread("~f", "1.5"), io_lib:fread("~a", "atom"), io_lib:fread("~16u", "ff"), io_lib:fread("~d", "x"), io_lib:fread("~c~c", "ab"), io_lib:fread("~d,~d", "1,2")].
nl() -> [io_lib:nl(), f("~n~n", []), f("~2n", [])].
pretty_record() -> lists:flatten(io_lib_pretty:print({rec, 1, "two"}, fun(rec, 2) -> [one, two]; (_, _) -> no end)).
indentation() -> f("abc ~p", [list_to_tuple(lists:duplicate(30, element))]).
dates() -> f("~4..0b-~2..0b-~2..0bT~2..0b:~2..0b", [2024, 2, 9, 7, 5]).
big_format() -> length(f(lists:append(lists:duplicate(500, "~w ")), lists:seq(1, 500))).
