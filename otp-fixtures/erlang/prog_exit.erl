%%% A program that ends in exit/1 with a reason of its own: exit status 1.
-module(prog_exit).
-export([main/0]).

main() ->
    io:put_chars("before the exit\n"),
    exit({shutdown, why}).
