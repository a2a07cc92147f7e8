%%% A program that takes arguments and prints them.
-module(prog_args).
-export([main/1]).

main(Args) ->
    io:format("~p arguments~n", [length(Args)]),
    [io:format("~w~n", [A]) || A <- Args],
    io:format("~ts|~s|~c~n", [lists:join(",", [A || A <- Args, lists:all(fun(C) -> C < 128 end, A)]), "plain", $!]).
