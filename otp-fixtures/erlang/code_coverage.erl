%%% Coverage of functions and lines (27 and later): modes, what is counted, what is refused.
-module(code_coverage).
-compile([export_all, nowarn_export_all]).
-helpers([supported, text, show]).

main() ->
    hot_code:quiet(),
    Old = mode(none),
    case_runner:main(?MODULE),
    mode(Old).

supported() -> erlang:function_exported(code, coverage_support, 0).

mode(M) -> case supported() of true -> code:set_coverage_mode(M); false -> none end.

text() ->
    ["-export([a/1, b/0, c/0, d/2, f/0, g/0]).", "a(X) when X > 1 ->", "  Y = b(),", "  case X of", "    2 -> Y + 1;", "    3 ->", "      c(),", "      Y",
     "  end;", "a(_) ->", "  1.", "b() -> 5.", "c() ->", "  F = fun(Z) ->", "    Z + 1", "  end,", "  F(1).",
     "d(A, B) -> C = A * B,", "  [e(X) || X <- [C, B]],", "  try e(C), throw(x) catch", "    throw:x -> caught", "  end.", "e(Q) ->", "  Z = Q + 1, Z.", "f() -> g() + 1. g() -> 2."].

binary(Options) ->
    Text = lists:flatten(["-module(cc).\n" | [L ++ "\n" || L <- text()]]),
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, cc, Binary} = compile:forms(forms(Tokens, [], []), [deterministic | Options]),
    Binary.

forms([], [], Forms) -> lists:reverse(Forms);
forms([{dot, _} = Dot | Tokens], Form, Forms) -> {ok, F} = erl_parse:parse_form(lists:reverse([Dot | Form])), forms(Tokens, [], [F | Forms]);
forms([T | Tokens], Form, Forms) -> forms(Tokens, [T | Form], Forms).

show() -> [{L, class(fun() -> code:get_coverage(L, cc) end)} || L <- [function, line, cover_id_line, nothing]].

class(F) -> try F() catch C:R -> {C, R} end.

run(Mode, Options) ->
    case supported() of
        true -> run(Mode, Options, cc);
        false -> not_supported
    end.

run(Mode, Options, M) ->
    Before = code:set_coverage_mode(Mode),
    code:purge(M),
    {module, M} = code:load_binary(M, "cc.erl", binary(Options)),
    code:set_coverage_mode(Before),
    A = {code:get_coverage_mode(M), show()},
    M:a(2), M:a(2), M:a(1),
    B = show(),
    R = class(fun() -> code:reset_coverage(M) end),
    M:a(3), M:d(1, 2), M:g(), M:g(),
    {A, B, R, show()}.

none() -> run(none, [line_coverage]).
function() -> run(function, [line_coverage]).
function_plain() -> run(function, []).
function_counters() -> run(function_counters, [line_coverage]).
line() -> run(line, [line_coverage]).
line_plain() -> run(line, []).
line_counters() -> run(line_counters, [line_coverage]).
forced() -> run(none, [line_coverage, force_line_counters]).
forced_in_function_mode() -> run(function, [line_coverage, force_line_counters]).

errors() ->
    case supported() of
        true ->
            [case_runner:attempt(?MODULE, F) || F <- [fun() -> code:get_coverage_mode(cc_none) end, fun() -> code:get_coverage_mode("x") end,
                fun() -> code:get_coverage(line, cc_none) end, fun() -> code:get_coverage(function, ?MODULE) end,
                fun() -> code:reset_coverage(?MODULE) end, fun() -> code:set_coverage_mode(yes) end, fun() -> code:set_coverage_mode(1) end]];
        false -> not_supported
    end.

modes() ->
    case supported() of
        true -> {[{code:set_coverage_mode(M), code:get_coverage_mode()} || M <- [function, line, line_counters, function_counters, none]], code:coverage_support()};
        false -> not_supported
    end.

several_processes() ->
    case supported() of
        true ->
            Before = code:set_coverage_mode(line_counters),
            code:purge(cc),
            {module, cc} = code:load_binary(cc, "cc.erl", binary([line_coverage])),
            code:set_coverage_mode(Before),
            Ps = [spawn_monitor(fun() -> [cc:a(3) || _ <- lists:seq(1, 2000)] end) || _ <- [1, 2, 3, 4]],
            [receive {'DOWN', R, _, P, _} -> ok end || {P, R} <- Ps],
            {code:get_coverage(function, cc), code:get_coverage(line, cc)};
        false -> not_supported
    end.
