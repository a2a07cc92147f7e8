%%% A program that ends in an uncaught throw: exit status 1.
-module(prog_throw).
-export([main/0]).

main() ->
    io:put_chars("before the throw\n"),
    throw(ball).
