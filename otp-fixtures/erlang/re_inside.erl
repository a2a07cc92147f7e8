%%% The functions of module `re` that stand behind the others, and what OTP 28 brought.
-module(re_inside).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(F).
compiled(P, O) -> {ok, C} = re:compile(P, O), C.

internal_run() ->
    [e(fun() -> re:internal_run(S, P, O, First) end)
     || First <- [true, false],
        {S, P, O} <- [{"abc", "b", []}, {<<"abc">>, <<"(b)(c)?">>, [{capture, all, binary}]}, {"abc", "x", []}, {"aXbX", "X", [{offset, 2}]},
                      {<<"aé"/utf8>>, <<"."/utf8>>, [unicode, {offset, 1}]}, {"abc", "(", []}, {abc, "b", []}, {"abc", b, []}]].

internal_run_bad() -> e(fun() -> re:internal_run("abc", "b", [], perhaps) end).

version() -> V = re:version(), {is_binary(V), byte_size(V) > 3}.

inspect() ->
    [e(fun() -> re:inspect(C, I) end)
     || C <- [compiled("(?<b>x)(?<a>y)", []), compiled("x", []), "x", {re_pattern, 0, 0, 0, <<>>}], I <- [namelist, foo]].

%% A pattern that is used by many processes, and in many matches at the same time.
shared_pattern() ->
    C = compiled("(a+)(b*)", [unicode]), Self = self(),
    [spawn(fun() -> Self ! {I, re:run(lists:duplicate(I, $a) ++ "bb", C, [{capture, all, list}])} end) || I <- lists:seq(1, 20)],
    [receive {I, {match, [_, A, B]}} -> {length(A), B} end || I <- lists:seq(1, 20)].

expensive() ->
    S = lists:duplicate(40, $a) ++ "!",
    [re:run(S, "(a+)+$", O) || O <- [[], [report_errors], [{match_limit, 100}, report_errors], [{match_limit, 3000}, report_errors],
                                     [{match_limit_recursion, 10}, report_errors]]].

%% What a match finds far behind in a long subject.
far_behind() ->
    S = binary:copy(<<"0123456789">>, 5000),
    T = <<S/binary, "needle", S/binary>>,
    [re:run(T, P, [{capture, first, index} | O])
     || {P, O} <- [{"needle", []}, {"n.*?e", []}, {"(?<=9)n", []}, {"needle$", []}, {"^n", []}, {"9$", []}, {"n", [anchored]}, {"n", [{offset, 50000}]},
                   {"n", [{offset, 50001}]}, {"n", [{offset, 50000}, anchored]}, {"\\Gn", [{offset, 50000}]}, {"\\d{100000}", []}, {"9\\z", []}, {"[^\\d]{6}", [unicode]}]].

all_matches() ->
    S = binary:copy(<<"ab,cd;">>, 3000),
    {match, L} = re:run(S, "[,;]", [global]),
    {length(L), length(re:split(S, "[,;]")), byte_size(re:replace(S, ";", "--", [global, {return, binary}])), hd(lists:reverse(L))}.

exported() ->
    [case e(fun() -> re:compile(P, [export | O]) end) of
         {ok, Exported} ->
             Imported = e(fun() -> apply(re, import, [Exported]) end),
             {e(fun() -> re:run("xabcx", Exported, [{capture, all, list}]) end) =/= nomatch,
              case Imported of {re_pattern, _, _, _, _} -> re:run("xabcx", Imported, [{capture, all, list}]); X -> X end};
         Other -> Other
     end || {P, O} <- [{"a(b)c", []}, {"A(B)C", [caseless]}, {"(", []}]].

import_bad() -> [e(fun() -> apply(re, import, [X]) end) || X <- [foo, {}, {re_exported_pattern, a, b, c, d}, {re_exported_pattern, <<>>, <<>>, [], <<>>}]].
