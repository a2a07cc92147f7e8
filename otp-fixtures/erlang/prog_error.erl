%%% A program that ends in an uncaught error: exit status 1.
-module(prog_error).
-export([main/0]).

main() ->
    io:format("before the error~n"),
    error(on_purpose).
