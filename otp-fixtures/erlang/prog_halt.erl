%%% A program that stops the machine with a status while processes still run and output is on its way.
-module(prog_halt).
-export([main/0]).

main() ->
    spawn(fun Loop() -> receive after 1 -> Loop() end end),
    [io:format("line ~w~n", [N]) || N <- lists:seq(1, 500)],
    halt(3).
