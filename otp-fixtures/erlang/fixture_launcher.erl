%%% Starts a fixture on erl the way `girder run` starts one: calls main/1 with the arguments as a list of strings if
%%% it is exported, else main/0; status 0 when it returns, 1 when it raises.
%%%
%%%     erl -noshell -pa EBIN -run fixture_launcher start -extra MODULE ARG...
-module(fixture_launcher).
-export([start/0]).

start() ->
    [Name | Args] = init:get_plain_arguments(),
    Module = list_to_atom(Name),
    {Pid, Ref} = spawn_monitor(fun() -> exit({returned, main(Module, Args)}) end),
    receive
        {'DOWN', Ref, process, Pid, {returned, ok}} -> halt(0);
        {'DOWN', Ref, process, Pid, _} -> halt(1)
    end.

main(Module, Args) ->
    {module, Module} = code:ensure_loaded(Module),
    try
        case erlang:function_exported(Module, main, 1) of
            true -> Module:main(Args);
            false -> Module:main()
        end,
        ok
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~s", [[erl_error:format_exception(Class, Reason, Stack), $\n]]),
            failed
    end.
