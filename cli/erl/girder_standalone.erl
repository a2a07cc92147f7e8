%% The first process of a program that runs without the kernel application, and the services it finds there under
%% OTP's names: `init`, `user`, `standard_error`, `code_server` and `logger`.
%%
%% Services that few programs need begin when a module is first called that needs them, see `girder_code`.
-module(girder_standalone).
-export([start/1, main/3, stopping/2, environment/0, files/0, sockets/0, logger/1, logging/1]).

%% #{module, words, release, encoding, root}: what to run with which words of the command line, and where.
start(Config) ->
    try services(Config)
    catch
        Class:Reason:Trace ->
            erlang:display({girder_standalone, Class, Reason, Trace}),
            halt(1, [{flush, false}])
    end.

services(#{module := Module, words := Words} = Config) ->
    process_flag(trap_exit, true),
    register(init, self()),
    User = io_server(user, 0, 1, Config),
    Error = io_server(standard_error, none, 2, Config),
    StandIn = spawn(?MODULE, logger, [[]]),
    register(logger, StandIn),
    Code = spawn(girder_code, server, [Config, StandIn]),
    register(code_server, Code),
    lists:foreach(fun sync/1, [User, Error, Code]),
    group_leader(User, self()),
    {Function, Args} = function(Module, Words),
    {Main, Ref} = spawn_monitor(?MODULE, main, [Module, Function, Args]),
    init(Config#{words := Args, main => Main, ref => Ref, standin => StandIn}).

io_server(Name, In, Out, #{encoding := Encoding, release := Release}) ->
    Io = #{name => Name, in => In, out => Out, encoding => Encoding, release => Release},
    spawn(girder_io, server, [Io]).

%% A server that answers has begun, and has done what it was asked before.
sync(Pid) ->
    Ref = monitor(process, Pid),
    Pid ! {sync, self(), Ref},
    receive
        {Ref, synced} -> demonitor(Ref, [flush]), ok;
        {'DOWN', Ref, _, _, _} -> ok
    end.

%%% The program

%% Runs the program and ends with how it went.
main(Module, Function, Args) ->
    try run(Module, Function, Args) of
        _ -> exit({?MODULE, ok})
    catch
        exit:{?MODULE, _} = Known -> exit(Known);
        exit:normal -> exit({?MODULE, ok});
        exit:Reason -> exit({?MODULE, {failed, Reason}});
        error:Reason:Trace -> exit({?MODULE, {failed, {Reason, shown(Trace)}}});
        throw:Value:Trace -> exit({?MODULE, {failed, {{nocatch, Value}, shown(Trace)}}})
    end.

run(Module, Function, Args) ->
    case erlang:function_exported(Module, Function, 1) of
        true -> Module:Function(Args);
        false -> Module:Function()
    end.

%% What to call with which arguments: the first word is the function's name if the module exports it with no or one
%% argument, or if it is written like one (a function that is not there); the function is `main` otherwise, and all
%% words are its arguments.
function(Module, [Word | Args] = Words) ->
    case exported(Module, Word) of
        {true, Function} -> {Function, Args};
        false ->
            case is_name(Word) of
                true -> {list_to_atom(Word), Args};
                false -> {main, Words}
            end
    end;
function(_, []) ->
    {main, []}.

exported(Module, Word) ->
    try list_to_existing_atom(Word) of
        Name ->
            Found = erlang:function_exported(Module, Name, 1) orelse erlang:function_exported(Module, Name, 0),
            Found andalso {true, Name}
    catch
        error:_ -> false
    end.

is_name([C | Word]) when C >= $a, C =< $z ->
    lists:all(fun(D) -> D >= $a andalso D =< $z orelse D >= $A andalso D =< $Z orelse D >= $0 andalso D =< $9
                            orelse D =:= $_ orelse D =:= $@ end, Word);
is_name(_) ->
    false.

%% The program's own part of a stack trace.
shown(Trace) ->
    [Frame || Frame <- Trace, element(1, Frame) =/= ?MODULE].

%%% init

init(#{main := Main, ref := Ref} = Config) ->
    receive
        {'DOWN', Ref, process, Main, Reason} -> stop(ended(Reason), Config);
        {stop, stop} -> stop(0, Config);
        {stop, {stop, Status}} -> stop(Status, Config);
        {stop, _RestartOrReboot} -> stop(0, Config);
        {From, Request} when is_pid(From) ->
            From ! {init, answer(Request, Config)},
            init(Config);
        _ -> init(Config)
    end.

ended({?MODULE, Known}) -> Known;
ended(Reason) -> {failed, Reason}.

%% Goes on serving while another process stops the VM, which may need this one.
stop(How, Config) ->
    spawn(?MODULE, stopping, [How, Config]),
    init(Config).

stopping(ok, Config) ->
    stopping(0, Config);
stopping({failed, Reason}, Config) ->
    failed(io_lib:format("Runtime terminating during boot (~0tp)~n", [Reason]), Config);
stopping(Status, Config) ->
    flush(Config),
    halt(Status).

%% Ends with status 1 after the text, whatever state the services are in.
failed(Text, Config) ->
    try flush(Config) catch _:_ -> ok end,
    girder_sys:write(2, unicode:characters_to_binary(Text)),
    halt(1, [{flush, false}]).

%% What was logged and written before now is out afterwards.
flush(#{standin := StandIn}) ->
    sync(StandIn),
    whereis(logger_sup) =/= undefined andalso flush_log(),
    [sync(Pid) || Name <- [user, standard_error], Pid <- [whereis(Name)], is_pid(Pid)].

answer({get_argument, Flag}, Config) ->
    case [Values || {F, Values} <- flags(Config), F =:= Flag] of
        [] -> error;
        Found -> {ok, Found}
    end;
answer(get_arguments, Config) -> flags(Config);
answer(get_plain_arguments, #{words := Words}) -> [unicode:characters_to_binary(W) || W <- Words];
answer(get_status, _) -> {started, started};
answer(script_id, _) -> {"girder", "run"};
answer(script_name, _) -> "girder";
answer({ensure_loaded, Module}, _) -> girder_code:loaded(Module);
answer({notify_when_started, _}, _) -> started;
answer(Request, _) -> {error, {bad_request, Request}}.

flags(#{root := Root}) ->
    Home = os:getenv("HOME", "/"),
    [{root, [Root]} || Root =/= none] ++ [{progname, ["girder"]}, {home, [Home]}, {noshell, []}].

%%% Services

%% The table that application environments are read from, with what the kernel application's would say.
environment() ->
    case ets:whereis(ac_tab) of
        undefined ->
            ets:new(ac_tab, [set, public, named_table, {read_concurrency, true}]),
            Log = [{handler, default, logger_std_h, #{}}],
            ets:insert(ac_tab, [{{env, kernel, logger}, Log}, {{env, kernel, logger_level}, notice},
                                {{env, kernel, logger_sasl_compatible}, false}]),
            girder_sys:open(application_controller);
        _ ->
            ok
    end.

%% Begins the register of sockets, and makes the tables of what the system supports.
sockets() ->
    prim_socket:on_load(),
    prim_net:on_load().

%% Begins the server that module `file` asks.
files() ->
    girder_sys:open(file),
    Starter = self(),
    {_, Ref} = spawn_monitor(fun() ->
        process_flag(trap_exit, true),
        {ok, _} = file_server:start_link(),
        Starter ! {file_server, started},
        stay()
    end),
    receive
        {file_server, started} -> demonitor(Ref, [flush]);
        {'DOWN', Ref, _, _, _} -> true
    end.

%% Brings OTP's logger up, in a process that stays as its parent.
logging(Server) ->
    process_flag(trap_exit, true),
    receive released -> ok end,
    girder_sys:open(logger),
    {ok, _} = logger_server:start_link(),
    {ok, _} = logger_sup:start_link(),
    ok = logger:add_handlers(kernel),
    Server ! {began, logger},
    stay().

stay() ->
    receive _ -> stay() end.

%% Holds the name `logger` until the real one is needed, and hands over what came in before it is there.
logger(Events) ->
    receive
        {log, _, _, _, _} = Event -> code_server ! {need, logger}, logger([Event | Events]);
        {release, Pid} -> unregister(logger), Pid ! released, logger(Events);
        ready -> [logger ! Event || Event <- lists:reverse(Events)], ok;
        {sync, From, Ref} when Events =:= [] -> From ! {Ref, synced}, logger(Events)
    end.

flush_log() ->
    ok = logger:unset_module_level([]),
    [catch Module:filesync(Id) || Id <- logger:get_handler_ids(), {ok, #{module := Module}} <- [logger:get_handler_config(Id)],
                                  erlang:function_exported(Module, filesync, 1)].
