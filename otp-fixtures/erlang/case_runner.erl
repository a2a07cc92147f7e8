%%% Runs the cases of a fixture module: every exported function of arity 0 but main/0 and those that the module
%%% names in a `-helpers([...])` attribute, in the order of their names and each in a process of its own.
%%% A case prints one line, `name: Value` or `name: !Class Reason [Frames]`, or `name: died Reason` when its
%%% process was killed.
%%%
%%% The text is plain ASCII whatever the encoding of standard output is, and holds no pids and references, so that
%%% outputs can be compared byte by byte. A stack trace ends where this module's frames begin; a line number is
%%% kept only for the fixture's own module, since those of the library change with its release.
-module(case_runner).
-export([main/1, quiet/0, attempt/1, attempt/2, print/2, shape/2, show/1]).

main(Module) ->
    Attributes = Module:module_info(attributes),
    Helpers = [main, module_info | lists:append([L || {helpers, L} <- Attributes])],
    Names = [F || {F, 0} <- Module:module_info(exports), not lists:member(F, Helpers)],
    lists:foreach(fun(Name) -> one(Module, Name) end, lists:sort(Names)).

one(Module, Name) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({'$case', run(Module, Name)}) end),
    Text = receive
               {'DOWN', Ref, process, Pid, {'$case', Result}} -> Result;
               {'DOWN', Ref, process, Pid, Reason} -> ["died ", show(Reason)]
           end,
    io:put_chars([ascii(atom_to_list(Name)), ": ", Text, $\n]).

run(Module, Name) ->
    try Module:Name() of
        Value -> show(Value)
    catch
        Class:Reason:Stack ->
            ["!", atom_to_list(Class), " ", show(Reason), " ", show(shape(Module, Stack))]
    end.

%% Prints one more line from inside a case.
print(Tag, Value) ->
    io:put_chars([show(Tag), " = ", show(Value), $\n]).

%% The value of a fun, or what it raised without the trace.
attempt(Fun) ->
    try Fun() catch Class:Reason -> {'!', Class, Reason} end.

%% The same with the trace; Module is the one whose line numbers are wanted.
attempt(Module, Fun) ->
    try Fun() catch Class:Reason:Stack -> {'!', Class, Reason, shape(Module, Stack)} end.

%% The frames of a stack trace above this module's own: {F, A, Line} in Module, else {M, F, A}.
shape(Module, [{?MODULE, _, _, _} | _]) when Module =/= ?MODULE -> [];
shape(Module, [{Module, F, A, Info} | Rest]) ->
    Line = proplists:get_value(line, Info, none),
    [error_info({F, A, Line}, Info) | shape(Module, Rest)];
shape(Module, [{M, F, A, Info} | Rest]) -> [error_info({M, F, A}, Info) | shape(Module, Rest)];
shape(Module, [{F, A, _} | Rest]) -> [{F, A} | shape(Module, Rest)];
shape(_, []) -> [].

error_info(Frame, Info) ->
    case lists:keyfind(error_info, 1, Info) of
        false -> Frame;
        {_, Map} -> {Frame, lists:sort(maps:to_list(Map))}
    end.

%% Keeps reports of crashes, which hold times and pids, off the output.
quiet() ->
    ok = logger:set_primary_config(level, none).

show(Term) -> ascii(mask(lists:flatten(text(Term)))).

%% Maps in the order of their keys: releases before 26, which know no modifier k, print small ones so anyway.
text(Term) ->
    Ordered = "~0tkp",
    try io_lib:format(Ordered, [Term]) catch error:_ -> io_lib:format("~0tp", [Term]) end.

%% `<0.84.0>` becomes `<pid>`, `#Ref<0.1.2.3>` becomes `#Ref<>`.
mask("#Ref<" ++ Rest) -> "#Ref<>" ++ mask(after_bracket(Rest));
mask([$<, D | Rest] = All) when D >= $0, D =< $9 ->
    case lists:splitwith(fun(C) -> C >= $0 andalso C =< $9 orelse C =:= $. end, [D | Rest]) of
        {Number, ">" ++ Tail} ->
            case length([C || C <- Number, C =:= $.]) of
                2 -> "<pid>" ++ mask(Tail);
                _ -> [$< | mask(tl(All))]
            end;
        _ -> [$< | mask(tl(All))]
    end;
mask([C | Rest]) -> [C | mask(Rest)];
mask([]) -> [].

after_bracket(">" ++ Rest) -> Rest;
after_bracket([_ | Rest]) -> after_bracket(Rest).

ascii(Text) ->
    [if C >= 32, C < 127 -> C; true -> io_lib:format("\\x{~.16b}", [C]) end || C <- Text].
