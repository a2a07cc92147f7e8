%%% Modules made at run time, for fixtures that load one module in several versions.
-module(hot_code).
-export([module/2, load/2, quiet/0, ask/2, started/1]).

%% The compiled module of this name with these lines of text.
module(Name, Lines) ->
    Text = lists:flatten(["-module(" ++ atom_to_list(Name) ++ ").\n" | [Line ++ "\n" || Line <- Lines]]),
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Name, Binary} = compile:forms(forms(Tokens, [], []), [deterministic]),
    Binary.

forms([], [], Forms) ->
    lists:reverse(Forms);
forms([{dot, _} = Dot | Tokens], Form, Forms) ->
    {ok, F} = erl_parse:parse_form(lists:reverse([Dot | Form])),
    forms(Tokens, [], [F | Forms]);
forms([T | Tokens], Form, Forms) ->
    forms(Tokens, [T | Form], Forms).

load(Name, Lines) ->
    erlang:load_module(Name, module(Name, Lines)).

%% What goes wrong on purpose is not logged.
quiet() ->
    logger:set_primary_config(level, none).

ask(Pid, Request) ->
    Ref = monitor(process, Pid),
    Pid ! {self(), Ref, Request},
    receive
        {Ref, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, _, _, Reason} -> {down, Reason}
    end.

%% A process that has answered once stands where it will wait.
started(Fun) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {self(), started}, Fun() end),
    receive {Pid, started} -> ok end,
    wait(Pid),
    {Pid, Ref}.

wait(Pid) ->
    case process_info(Pid, status) of
        {status, waiting} -> ok;
        undefined -> ok;
        _ -> erlang:yield(), wait(Pid)
    end.
