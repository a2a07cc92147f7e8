%%% Output through every door of the io module, from several processes and in large pieces.
-module(prog_output).
-export([main/0]).

id(X) -> X.

main() ->
    io:put_chars("put_chars\n"),
    io:put_chars(standard_io, ["deep", [$\s, <<"list">>], $\n]),
    io:write({written, [1, "s"]}),
    io:nl(),
    io:format("~s ~p ~w ~b~n", ["s", "p", "w", 1]),
    io:fwrite("fwrite ~w~n", [atom]),
    io:format(user, "to user~n", []),
    io:requests([{put_chars, unicode, "requests "}, {format, "~p", [x]}, nl]),
    Self = self(),
    [begin P = spawn(fun() -> io:format("from process ~w~n", [N]), Self ! {done, self()} end), receive {done, P} -> ok end end || N <- [1, 2, 3]],
    io:put_chars([[integer_to_list(N), $\s] || N <- lists:seq(1, 20000)]),
    io:nl(),
    case catch io:format(id("~d"), [x]) of {'EXIT', {badarg, _}} -> io:put_chars("badarg\n") end,
    case catch io:put_chars({not_chars}) of {'EXIT', {badarg, _}} -> io:put_chars("badarg\n") end,
    io:format("~p~n", [io:get_line("")]),
    io:format(standard_error, "to standard error~n", []),
    case catch io:format(no_such_device, "x", []) of {'EXIT', {Why, _}} -> io:format("~p~n", [Why]) end,
    io:format("last line without newline").
