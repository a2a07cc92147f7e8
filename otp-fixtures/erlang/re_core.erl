%%% Regular expressions: compile, run with all options and forms of capture, inspect, replace, split, errors.
-module(re_core).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(?MODULE, F).
%% Without the trace, which may hold a compiled pattern.
n(F) -> case_runner:attempt(F).
c(P) -> c(P, []).
c(P, O) -> {ok, M} = re:compile(P, O), M.
r(S, P) -> re:run(S, P).
r(S, P, O) -> re:run(S, P, O).
rs(L) -> [e(fun() -> re:run(S, P, O) end) || {S, P, O} <- L].

run_plain() -> [r(S, P) || {S, P} <- [{"abc", "b"}, {<<"abc">>, <<"c$">>}, {"abc", "x"}, {"", ""}, {"abc", ""}, {["a", <<"b">>, [$c]], ["b", "c"]}, {<<"foobar">>, "o+(b)(x)?"}, {"aaa", "a*?"}, {"aaa", "(a)(a)(a)"}]].
run_compiled() -> M = c("(b)(c)?"), [r(S, M) || S <- ["abc", "abd", "x", <<"bc">>, ["a", [<<"bc">>]]]].
compiled_shape() -> {re_pattern, N, U, C, B} = c("(a)(b)"), {N, U, C, is_binary(B) orelse is_reference(B)}.
compiled_shapes() -> [begin {ok, {re_pattern, N, U, C, _}} = re:compile(P, O), {N, U, C} end || {P, O} <- [{"", []}, {"(a)", [unicode]}, {"((a)|(?:b))", []}, {"a", [{newline, crlf}]}, {"a", [{newline, anycrlf}]}, {"a", [{newline, any}]}, {"a", [{newline, cr}]}, {"a", [{newline, lf}]}, {"(?<n>a)", []}, {"(a)", [no_auto_capture]}]].
compile_round_trip() -> M = c("a(b)"), r("xab", M, [{capture, all, list}]).

capture_index() -> rs([{"ABCabcdABC", "abcd", [{capture, V, index}]} || V <- [all, first, all_but_first, none, [], all_names]]).
capture_values() -> rs([{"ABCabcdABC", ".*(abcd).*", [{capture, V}]} || V <- [all, first, all_but_first, none, [1], [0], [1, 0], [2], [5, 1], [-1], ["x"], [x], [<<"x">>]]]).
capture_types() -> rs([{"ABCabcdABC", ".*(abcd)(x)?(A).*", [{capture, V, T}]} || T <- [index, list, binary], V <- [all, first, all_but_first, none, [1, 2, 3], [2], [7]]]).
capture_names() -> rs([{"2024-05", "(?<year>\\d+)-(?<month>\\d+)", [{capture, V, T}]} || T <- [list, binary, index], V <- [all_names, [year], [month, "year", <<"month">>], [nosuch], [year, 0]]]).
capture_dupnames() -> rs([{S, "(?<n>a)|(?<n>b)|(?<m>c)", [dupnames, {capture, V, list}]} || S <- ["a", "b", "c"], V <- [all_names, [n], [m], [n, m]]]).
capture_unset_trailing() -> rs([{"a", "(a)|(b)|(c)", [{capture, V, T}]} || T <- [index, list, binary], V <- [all, all_but_first, [1, 2, 3]]]).
capture_unset_leading() -> rs([{"c", "(a)|(b)|(c)", [{capture, V, T}]} || T <- [index, list, binary], V <- [all, all_but_first, [1, 2, 3]]]).
capture_bad() -> rs([{"a", "a", [{capture, V, T}]} || {V, T} <- [{foo, index}, {all, foo}, {[a | b], list}, {1, list}, {[{a}], list}, {[1.0], list}, {all, "x"}]] ++ [{"a", "a", [{capture}]}, {"a", "a", [{capture, all, list, x}]}]).
capture_from_binary_is_part() -> S = binary:copy(<<"abcdefghij">>, 20), {match, [A, B]} = re:run(S, "(cde)fg", [{capture, all, binary}]), {A, B}.

global() -> rs([{"ABCabcdABCabcd", "abcd", [global | O]} || O <- [[], [{capture, all, list}], [{capture, first, binary}], [{capture, none}], [{capture, all_but_first, list}], [{offset, 4}], [{offset, 8}]]]).
global_groups() -> rs([{"cacb", "c(a|b)", [global, {capture, V, list}]} || V <- [all, all_but_first, [1], first, none]]).
global_empty() -> rs([{"cat", "", [global]}, {"cat", "(|at)", [global, {capture, [0, 1], list}]}, {"", "", [global]}, {"a\nb", "^", [global, multiline]}, {"a\r\nb", "$", [global, multiline, {newline, crlf}]}, {"abc", "x*", [global, {capture, all, list}]}]).
global_none() -> rs([{"abc", "x", [global]}, {"abc", "x", [global, {capture, none}]}]).
global_unicode() -> rs([{<<"åäö"/utf8>>, ".", [global, unicode]}, {"åäö", ".", [global, unicode, {capture, first, list}]}, {<<"aåb"/utf8>>, "", [global, unicode]}]).

offset() -> rs([{"abcabc", "abc", [{offset, N}]} || N <- [0, 1, 3, 4, 6]]).
offset_anchor() -> rs([{"xabc", "^abc", [{offset, 1}]}, {"xabc", "abc", [{offset, 1}, anchored]}, {"xabc", "\\Gabc", [{offset, 1}]}, {"xabc", "(?<=x)abc", [{offset, 1}]}]).
offset_bad() -> rs([{"abc", "a", [{offset, N}]} || N <- [-1, a, 1.0]]).
anchored() -> rs([{"xab", "ab", [anchored]}, {"abx", "ab", [anchored]}]) ++ [re:run("xab", c("ab", [anchored])), re:run("xab", c("ab"), [anchored])].
notbol_noteol() -> rs([{"abc", "^abc", [notbol]}, {"abc", "abc$", [noteol]}, {"abc\n", "abc$", [noteol]}, {"abc", "\\Aabc\\z", [notbol, noteol]}]).
notempty() -> rs([{"abc", "x*", [notempty]}, {"abc", "x*", [notempty_atstart]}, {"abc", "a?b?", [notempty]}]).
caseless() -> rs([{"ABC", "abc", [caseless]}, {"aBc", "(?i)AbC", []}, {<<"É">>, <<"é">>, [caseless]}, {"Ä", "ä", [caseless]}, {"ß", "ẞ", [caseless, unicode]}, {<<"Å"/utf8>>, <<"å"/utf8>>, [caseless, unicode]}]).
dotall() -> rs([{"a\nb", "a.b", []}, {"a\nb", "a.b", [dotall]}, {"a\rb", "a.b", []}, {"a\rb", "a.b", [{newline, cr}]}]).
multiline() -> rs([{"a\nb\nc", "^b$", []}, {"a\nb\nc", "^b$", [multiline]}, {"b\n", "b$", []}, {"b\n", "b$", [dollar_endonly]}, {"b\n", "b\\Z", []}, {"b\n", "b\\z", []}]).
extended() -> rs([{"ab", "a b # comment\n", [extended]}, {"a b", "a b", []}, {"ab", "(?x) a b", []}]).
firstline() -> rs([{"abc\ndef", "def", [firstline]}, {"abc\ndef", "abc", [firstline]}]).
ungreedy() -> rs([{"aaa", "a+", [ungreedy, {capture, all, list}]}, {"aaa", "a+?", [ungreedy, {capture, all, list}]}]).
newlines() -> rs([{S, "^b", [multiline, {newline, N}]} || S <- ["a\nb", "a\rb", "a\r\nb"], N <- [lf, cr, crlf, anycrlf, any]]).
newline_at_run() -> M = c("^b", [multiline]), [re:run(S, M, [{newline, N}]) || S <- ["a\nb", "a\rb"], N <- [lf, cr]].
newline_sequences() -> rs([{S, "a\\Rb", [O]} || S <- ["a\nb", "a\r\nb", "a\vb"], O <- [bsr_anycrlf, bsr_unicode]]).
no_start_optimize() -> rs([{"xxabc", "abc", [no_start_optimize]}]).
never_utf() -> rs([{"abc", "abc", [never_utf]}, {"abc", "(*UTF8)abc", [never_utf]}, {"abc", "abc", [never_utf, unicode]}]).
ucp() -> rs([{S, P, O} || S <- [<<"é"/utf8>>, <<"٣"/utf8>>], P <- ["\\w", "\\d", "[[:alpha:]]"], O <- [[unicode], [unicode, ucp]]]).
bad_options() -> rs([{"a", "a", O} || O <- [[foo], foo, [{foo, 1}], [1], [{newline, x}], [{newline, 1}], [caseless | x], [{match_limit, -1}], [{match_limit, a}], ["x"]]]).
bad_compile_options_list() -> [case e(fun() -> re:compile("a", O) end) of {ok, _} -> ok; X -> X end || O <- [[foo], foo, [global], [{capture, all}], [notbol], [{offset, 1}], [report_errors], [{match_limit, 1}], [anchored], [{newline, any}], [notempty], [bsr_unicode]]].
bad_subject() -> [e(fun() -> re:run(S, "a") end) || S <- [a, 1, {}, [a], [256], [1 | 2], <<1:3>>]].
bad_pattern() -> [e(fun() -> re:run("a", P) end) || P <- [a, 1, {}, [a], [256], {re_pattern, 1, 2, 3}, {re_pattern, 0, 0, 0, <<>>}, {re_pattern, 0, 0, 0, <<"abcd">>}, {re_pattern, a, 0, 0, <<"abcd">>}, "(", <<1:3>>]].
bad_compile() -> [e(fun() -> re:compile(P) end) || P <- [a, 1, {}, [a], [256], [$a | $b]]].
options_with_compiled() -> M = c("a"), [n(fun() -> re:run("a", M, O) end) || O <- [[caseless], [unicode], [dotall], [anchored], [notbol], [{newline, lf}], [report_errors], [ungreedy]]].
unicode_subject_without_unicode() -> [e(fun() -> re:run([1000], "a") end), e(fun() -> re:run([1000], "a", [unicode]) end), e(fun() -> re:run([1000, $a], "a", [unicode]) end)].
unicode_capture() -> [e(fun() -> re:run(S, P, [unicode, {capture, all, T}]) end) || {S, P} <- [{[$a, 1000, $b], "a(.)b"}, {<<"aåb"/utf8>>, <<"a(.)b"/utf8>>}, {<<"aåb"/utf8>>, "å"}], T <- [index, list, binary]].
unicode_compiled() -> M = c([$a, 1000], [unicode]), [n(fun() -> re:run(S, M, O) end) || S <- [[$x, $a, 1000], unicode:characters_to_binary([$x, $a, 1000]), <<"xa", 255>>], O <- [[], [{capture, all, list}], [{capture, all, binary}]]].
unicode_bad_utf8() -> [e(fun() -> re:run(S, "a", [unicode | O]) end) || S <- [<<255>>, <<"a", 195>>, <<237, 160, 128>>, <<"abc", 200>>], O <- [[], [report_errors]]].
unicode_offset_in_character() -> [e(fun() -> re:run(<<"åb"/utf8>>, "b", [unicode, {offset, N}]) end) || N <- [0, 1, 2]].
unicode_properties() -> rs([{[C], P, [unicode]} || C <- [$a, $A, $1, 16#e9, 16#4e00], P <- ["\\p{L}", "\\p{Lu}", "\\p{N}", "\\p{Han}", "\\P{L}", "\\X", "[^\\p{L}]"]]).
latin1_classes() -> [length([C || C <- lists:seq(0, 255), re:run([C], P) =/= nomatch]) || P <- ["\\w", "\\d", "\\s", "[[:alpha:]]", "[[:upper:]]", "[[:lower:]]", "[[:punct:]]", "[[:cntrl:]]", "[[:print:]]", "[[:graph:]]", "[[:space:]]", "[[:xdigit:]]", "[[:alnum:]]", "[[:blank:]]", "\\h", "\\v", "\\W", "\\R", "."]].
latin1_members() -> [[C || C <- lists:seq(128, 255), re:run([C], P) =/= nomatch] || P <- ["[[:lower:]]", "[[:space:]]", "[[:cntrl:]]", "[[:punct:]]"]].
latin1_caseless() -> [C || C <- lists:seq(0, 255), D <- [string:to_upper([C])], D =/= [C], re:run([C], D, [caseless]) =/= nomatch].

report_errors() -> rs([{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a+)*c", [report_errors, {match_limit, N}]} || N <- [1, 10, 100]]).
match_limit_silent() -> rs([{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a+)*c", [{match_limit, 10}]}]).
match_limit_recursion() -> rs([{lists:duplicate(50, $a), "(a|b)*c", [report_errors, {match_limit_recursion, 5}]}]) =/= [].
report_compile_error() -> [case re:run("a", P, [report_errors]) of {error, {compile, {T, N}}} -> {is_list(T), N}; X -> X end || P <- ["(", "[a", "a)"]].
backreferences() -> rs([{"abab", "(ab)\\1", []}, {"aa", "(?<x>a)\\k<x>", []}, {"aBab", "(ab)\\1", [caseless]}, {"aa", "(a)\\g1", []}, {"xaax", "(?P<q>a)(?P=q)", []}]).
lookaround() -> rs([{"foobar", "foo(?=bar)", []}, {"foobaz", "foo(?!bar)", []}, {"xfoo", "(?<=x)foo", []}, {"yfoo", "(?<!x)foo", []}]).
recursion() -> rs([{"(a(b)c)", "\\((?:[^()]|(?R))*\\)", []}, {"abcba", "^((.)(?1)\\2|.)$", [{capture, first, list}]}]).
conditionals() -> rs([{S, "^(a)?(?(1)b|c)$", []} || S <- ["ab", "c", "b", "ac"]]).
atomic_possessive() -> rs([{"aaab", "(?>a+)ab", []}, {"aaab", "a++b", []}, {"aaab", "a*+ab", []}]).
quantifiers() -> rs([{"aaaa", P, [{capture, first, list}]} || P <- ["a{2}", "a{2,}", "a{1,3}", "a{0}", "a{2}?", "a?", "a??"]]).
escapes() -> rs([{S, P, []} || {S, P} <- [{"\t", "\\t"}, {"A", "\\x41"}, {"A", "\\x{41}"}, {"A", "\\101"}, {"\e", "\\e"}, {"a.b", "a\\.b"}, {"a*b", "\\Qa*b\\E"}, {[0], "\\0"}, {"\\", "\\\\"}, {"\cA", "\\cA"}, {"ab", "\\bab\\b"}, {"a", "\\N"}]]).
verbs() -> rs([{"aaab", "a+(*COMMIT)c|b", []}, {"aaab", "a+(*PRUNE)b", []}, {"aaac", "a(*SKIP)b|c", []}, {"ab", "(*ACCEPT)x", []}, {"ab", "a(*FAIL)|b", []}]).
backslash_k() -> rs([{"foobar", "foo\\Kbar", [{capture, all, list}]}]).
posix_negated() -> rs([{"a1", "[[:^alpha:]]", []}, {"]", "[]]", []}, {"-", "[a-]", []}, {"^", "[a^]", []}]).
long_subject() -> S = lists:duplicate(100000, $a) ++ "b", [r(S, "a*b", [{capture, none}]), r(S, "b$"), r(S, "c"), element(1, r(S, "(a)*b", [{capture, none}, report_errors]))].
many_groups() -> P = lists:append(lists:duplicate(50, "(.)")), {match, L} = r(lists:seq(33, 82), P, [{capture, all_but_first, list}]), lists:append(L).

inspect() -> [re:inspect(c(P, O), namelist) || {P, O} <- [{"(?<b>x)(?<a>y)", []}, {"(x)", []}, {"(?<n>a)|(?<n>b)", [dupnames]}]].
inspect_bad() -> M = c("a"), [n(fun() -> re:inspect(A, B) end) || {A, B} <- [{foo, namelist}, {M, foo}, {{re_pattern, 0, 0, 0, <<"abcd">>}, foo}, {{re_pattern, 1}, namelist}]].
version() -> B = re:version(), {is_binary(B), byte_size(B) > 4}.

replace() -> [re:replace(S, P, R, [{return, list}]) || {S, P, R} <- [{"abcd", "c", "[&]"}, {"abcd", "c", "[\\&]"}, {"abcd", "(c)", "[\\1]"}, {"abcd", "x", "y"}, {"abcd", "b", ""}, {"abcd", "(x)?c", "<\\1>"}, {"abcd", "c", "\\g1"}, {"abcd", "(c)", "\\g{1}!"}, {"abcd", "", "-"}, {"a.b", "\\.", "\\\\"}]].
replace_global() -> [re:replace(S, P, R, [global, {return, T}]) || {S, P, R} <- [{"banana", "a", "o"}, {"abc", "", "-"}, {"aaa", "a*", "x"}, {"hello world", "(\\w+)", "<&>"}], T <- [list, binary, iodata]].
replace_unicode() -> [re:replace(<<"aåb"/utf8>>, "å", "x", [unicode, {return, T}]) || T <- [list, binary]] ++ [re:replace([$a, 1000], "a", [2000], [unicode, {return, list}])].
replace_options() -> [e(fun() -> re:replace("aAaA", "a", "b", O) end) || O <- [[caseless, global, {return, list}], [{return, list}, {offset, 1}], [global, {offset, 2}, {return, list}], [{return, foo}], [foo], [{capture, all}], [{newline, crlf}, {return, list}]]].
replace_bad() -> [e(fun() -> re:replace(S, P, R) end) || {S, P, R} <- [{a, "a", "b"}, {"a", "(", "b"}, {"a", "a", c}, {"a", a, "b"}]].
split() -> [re:split(S, P, [{return, list}]) || {S, P} <- [{"Erlang", "[ln]"}, {"Erlang", "[lr]"}, {"a,b,,c", ","}, {"a,b,,c,", ","}, {"", ","}, {"abc", ""}, {"a1b2c", "(\\d)"}, {"abc", "x"}, {"aXbX", "X"}]].
split_options() -> [e(fun() -> re:split(S, P, O) end) || {S, P, O} <- [{"a,b,c,d", ",", [{parts, 2}, {return, list}]}, {"a,b,c,,", ",", [trim, {return, list}]}, {"a1b2", "(\\d)", [group, {return, list}]}, {"a1b2", "(\\d)(x)?", [group, {return, binary}]}, {"a,b", ",", []}, {"aXbxc", "x", [caseless, {return, list}]}, {<<"aåbåc"/utf8>>, "å", [unicode, {return, list}]}, {"a,b", ",", [{parts, foo}]}, {"a,b,c", ",", [{parts, infinity}, {return, list}]}, {"abc", "", [{parts, 2}, {return, list}]}, {"a b", " ", [foo]}]].
string_users() -> {string:split("a-b-c", "-", all), re:split("k: v", ": *", [{return, list}]), re:replace("  trim ", "^\\s+|\\s+$", "", [global, {return, list}])}.
%% Many matches on a large text, whole and in part: what is known of it must not be wrong of another part of it.
large_global() ->
    T = binary:copy(<<"aåé→ b"/utf8>>, 5000), N = byte_size(T), A = <<T/binary, 255>>,
    Count = fun(S) -> case re:run(S, "[å→]", [unicode, global]) of {match, L} -> {length(L), lists:last(L)}; X -> X end end,
    [n(fun() -> Count(binary:part(S, F, L)) end) || {S, F, L} <-
        [{T, 0, N}, {T, 0, N}, {T, 0, N - 1}, {T, 1, N - 1}, {T, 2, N - 2}, {T, 0, N - 4}, {T, 0, N - 5}, {T, 6, N - 12}, {T, 6, 0},
         {A, 0, N + 1}, {A, 0, N}, {A, 0, N + 1}, {A, N, 1}, {A, 3, 1}]].
grown_global() ->
    Grow = fun(F, B, N) -> case N of 0 -> B; _ -> F(F, <<B/binary, "å-"/utf8>>, N - 1) end end,
    B = Grow(Grow, <<>>, 2000), {match, L1} = re:run(B, "å", [unicode, global]),
    C = <<B/binary, 16#c3>>, Bad = n(fun() -> re:run(C, "å", [unicode, global]) end),
    D = <<C/binary, 16#a5>>, {match, L2} = re:run(D, "å", [unicode, global]), {length(L1), Bad, length(L2)}.
%% The check of the text anew for each match would take half a minute.
global_is_linear() ->
    T = binary:copy(<<"å "/utf8>>, 100000), T0 = erlang:monotonic_time(millisecond),
    {match, L} = re:run(T, " ", [unicode, global]), {length(L), erlang:monotonic_time(millisecond) - T0 < 10000}.
replace_large() -> T = binary:copy(<<"åbc "/utf8>>, 3000), [erlang:phash2(F(T)) || F <- [fun(S) -> re:replace(S, "b", "é", [unicode, global, {return, binary}]) end, fun(S) -> re:split(S, " ", [unicode, {return, list}]) end]].
hostile() -> T0 = erlang:monotonic_time(millisecond), X = re:run(lists:duplicate(28, $a), "^(a+)+$x", [report_errors]), T1 = erlang:monotonic_time(millisecond), {case X of nomatch -> no; {error, match_limit} -> no; O -> O end, T1 - T0 < 20000}.
