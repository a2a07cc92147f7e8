%%% What `gleam run` starts, written anew: a module's `main` in a process of its own, with the application of the package
%%% running, ends the system with status 0; an error is reported as the Gleam command reports it, with status 1.
-module('own@@main').
-export([run/1]).

run(Module) ->
    io:setopts(standard_io, [binary, {encoding, utf8}]),
    io:setopts(standard_error, [{encoding, utf8}]),
    process_flag(trap_exit, true),
    Pid = spawn_link(fun() -> call(Module) end),
    receive
        {'EXIT', Pid, normal} -> ok;
        {'EXIT', Pid, _} -> init:stop(1)
    end.

call(Module) ->
    try
        {ok, _} = application:ensure_all_started(own),
        process_flag(trap_exit, false),
        Module:main(),
        init:stop(0)
    catch
        error:Reason = #{gleam_error := Kind, message := Message}:Stack ->
            Places = [place(Entry, Reason) || Entry = {M, _, _, _} <- Stack, not lists:member(M, [?MODULE, erl_eval, init])],
            Red = "\e[31;1mruntime error\e[39m: ",
            Text = [Red, string:replace(atom_to_list(Kind), "_", " "), "\e[0m\n\n", Message, "\n\n", value(Reason), "stacktrace:\n", Places],
            io:format(standard_error, "~ts~n", [Text]),
            init:stop(1)
    end.

value(#{gleam_error := let_assert, value := Value}) -> io_lib:format("unmatched value:\n  ~p\n\n", [Value]);
value(_) -> "".

%% Of the function that raised it, Gleam knows the line better than the stack trace.
place({Module, Function, _, [{file, File}, {line, Line}]}, #{module := InModule, function := InFunction, line := Known}) ->
    case {atom_to_binary(Module), atom_to_binary(Function)} of
        {InModule, InFunction} -> line(Module, Function, File, Known);
        _ -> line(Module, Function, File, Line)
    end.

line(Module, Function, File, Line) -> io_lib:format("  ~ts.~ts\e[90m ~ts:~w\e[0m\n", [Module, Function, File, Line]).
