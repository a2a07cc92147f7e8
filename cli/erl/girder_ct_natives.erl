%% Finds the cases of a suite that use C code which is no part of the VM: libraries of NIFs and drivers.
%%
%% A process watches which shared libraries the VM has mapped, since erlang:load_nif/2 is an instruction and cannot be traced,
%% and by meta tracing who loads a driver, opens a port of one, or calls a NIF of a module that came with a library. Each case
%% that runs then is written into the file of events, once, as `native CASE'. NIFs of kernel and stdlib are in the VM and do not
%% count. Meta tracing takes no tracer away from the cases; one that clears all patterns gets them back when the next begins.
-module(girder_ct_natives).
-export([start/1, enter/2, leave/2]).

%% Milliseconds between two looks at the mapped libraries.
-define(GLANCE, 100).

%% The file; cases that run; cases told; names of drivers; libraries that are mapped; whether one has come since NIFs were
%% looked for.
-record(state, {device, running = [], told = #{}, drivers = #{}, libraries, new = false}).

start(File) ->
    Libraries = libraries(),
    spawn(fun() ->
                  {ok, Device} = file:open(File, [append, raw]),
                  watch(),
                  loop(#state{device = Device, libraries = Libraries})
          end).

enter(Watcher, Case) -> ask(Watcher, {enter, Case}).

leave(Watcher, Case) -> ask(Watcher, {leave, Case}).

ask(Watcher, What) ->
    Monitor = monitor(process, Watcher),
    Watcher ! {What, self(), Monitor},
    receive
        Monitor -> demonitor(Monitor, [flush]), true;
        {'DOWN', Monitor, process, _, _} -> false
    end.

watch() ->
    [erlang:trace_pattern(Function, [], [{meta, self()}])
     || Function <- [{erl_ddll, try_load, 3}, {erlang, open_port, 2}]].

loop(State) ->
    receive
        {What, From, Monitor} when is_reference(Monitor) ->
            New = step(What, all_delivered(State)),
            From ! Monitor,
            loop(New);
        Trace -> loop(seen(Trace, State))
    after ?GLANCE -> loop(look(State))
    end.

%% What has been traced so far has been seen.
all_delivered(State) ->
    Marker = erlang:trace_delivered(all),
    delivered(Marker, State).

delivered(Marker, State) ->
    receive
        {trace_delivered, all, Marker} -> State;
        Trace when element(1, Trace) =:= trace_ts -> delivered(Marker, seen(Trace, State))
    end.

step({enter, Case}, #state{running = Running} = State) ->
    watch(),
    State#state{running = [Case | Running]};
step({leave, Case}, #state{running = Running} = State) ->
    Looked = look(State),
    watch_nifs(Looked#state{running = lists:delete(Case, Running), told = maps:remove(Case, Looked#state.told)}).

seen({trace_ts, _, call, {erl_ddll, try_load, [Path, Name, _]}, _}, #state{drivers = Drivers} = State) ->
    case {text(Path), text(Name)} of
        {{ok, Folder}, {ok, Driver}} ->
            case filelib:is_regular(filename:join(Folder, Driver) ++ ".so") of
                true -> tell(State#state{drivers = Drivers#{Driver => true}});
                false -> State
            end;
        _ -> State
    end;
seen({trace_ts, _, call, {erlang, open_port, [{spawn, Command}, _]}, _}, #state{drivers = Drivers} = State) ->
    case text(Command) of
        {ok, Text} ->
            case string:lexemes(Text, " ") of
                [Word | _] when is_map_key(Word, Drivers) -> tell(State);
                _ -> State
            end;
        error -> State
    end;
seen({trace_ts, _, call, {erlang, open_port, _}, _}, State) -> State;
seen({trace_ts, _, call, _, _}, State) -> tell(State);
seen(_, State) -> State.

tell(#state{device = Device, running = Running, told = Told} = State) ->
    New = [Case || Case <- Running, not is_map_key(Case, Told)],
    ok = file:write(Device, [["native\t", unicode:characters_to_binary(Case), $\n] || Case <- New]),
    State#state{told = lists:foldl(fun(Case, All) -> All#{Case => true} end, Told, New)}.

%% Whether a library has been mapped since the last look.
look(#state{libraries = Before} = State) ->
    Libraries = libraries(),
    case ordsets:subtract(Libraries, Before) of
        [] -> State#state{libraries = Libraries};
        _ -> tell(State#state{libraries = Libraries, new = true})
    end.

libraries() ->
    case prim_file:read_file("/proc/self/maps") of
        {ok, Maps} ->
            Words = [lists:last(binary:split(Line, <<" ">>, [global])) || Line <- binary:split(Maps, <<"\n">>, [global])],
            lists:usort([Word || Word <- Words, filename:extension(Word) =:= <<".so">>]);
        {error, _} -> []
    end.

%% From here on calls of NIFs out of libraries are seen, too.
watch_nifs(#state{new = false} = State) -> State;
watch_nifs(State) ->
    [erlang:trace_pattern({M, F, A}, [], [{meta, self()}]) || M <- modules(), {F, A} <- nifs(M)],
    State#state{new = false}.

modules() -> [M || {M, File} <- code:all_loaded(), is_list(File), not of_vm(File)].

%% Whether this is the file of a module whose NIFs, if any, are in the VM.
of_vm(File) ->
    App = filename:basename(filename:dirname(filename:dirname(File))),
    lists:any(fun(Name) -> lists:prefix(Name, App) end, ["kernel", "stdlib", "erts"]).

nifs(Module) ->
    try Module:module_info(nifs) catch error:_ -> [] end.

text(Name) when is_atom(Name) -> {ok, atom_to_list(Name)};
text(Name) ->
    case catch unicode:characters_to_list(Name) of
        Text when is_list(Text) -> {ok, Text};
        _ -> error
    end.
