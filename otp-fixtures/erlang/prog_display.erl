%%% erlang:display/1, which writes terms past the io system.
-module(prog_display).
-export([main/0]).

main() ->
    [erlang:display(T) || T <- [1, -1, 1 bsl 100, 1.5, a, 'A b', "string", [1, 2 | 3], {}, {a, {b}}, <<"bin">>, <<1, 2:3>>, [], [[]], {a, "b", [c, 1.0]}, fun lists:map/2, [300, 1]]],
    ok.
