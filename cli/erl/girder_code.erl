%% The process `code_server` of a program that runs without the kernel application: it serves module `code`.
%%
%% Modules are found by the VM's module finder, which loads them when they are first called. The finder leaves to
%% `error_handler`, which asks this process, the modules whose callers need a service first, and those with an `-on_load`
%% function, which runs here as OTP's code server has it run.
-module(girder_code).
-export([server/2, loaded/1]).

%% waiting: who asked for a module while its service begins
%% on_load: what waits for an -on_load function, by the monitor of the process that runs it
%% files: what the modules were loaded from that the finder did not find
-record(code, {root, standin, logging = no, purger = no, waiting = [], on_load = #{}, files = #{}}).

server(#{root := Root, release := Release}, StandIn) ->
    Release > 25 andalso persistent_term:put(code_server, interactive),
    %% What the kernel application finds when it starts.
    Release > 25 andalso persistent_term:put(kernel_os_cmd_shell, "/bin/sh"),
    girder_sys:defer(deferred()),
    loop(#code{root = Root, standin = StandIn}).

%% The modules that wait for a service.
deferred() ->
    [logger, application_controller, erts_code_purger, file, socket, net].

service(logger) -> logger;
service(application_controller) -> environment;
service(erts_code_purger) -> purger;
service(file) -> files;
service(socket) -> sockets;
service(net) -> sockets;
service(_) -> none.

loop(Code) ->
    receive
        {code_call, From, Request} -> loop(call(Request, From, Code));
        {need, Service} -> loop(begin_service(Service, Code));
        {began, Service} -> loop(began(Service, Code));
        {sync, From, Ref} -> From ! {Ref, synced}, loop(Code);
        {'DOWN', Ref, process, _, Result} -> loop(finish_on_load(Ref, Result, Code));
        _ -> loop(Code)
    end.

reply(From, Reply, Code) ->
    From ! {code_server, Reply},
    Code.

call({ensure_loaded, Module}, From, Code) -> load(Module, From, Code);
call({get_object_code_for_loading, Module}, From, Code) -> load(Module, From, Code);
call({load_file, Module}, From, Code) -> load(Module, From, Code);
call({load_binary, Module, File, Binary}, From, Code) -> load_binary(Module, File, Binary, From, Code);
call({load_module, Prepared, Module, File, Purge, Ensure}, From, Code) ->
    load_prepared(Prepared, Module, File, Purge, Ensure, From, Code);
call({finish_loading, Prepared, Ensure}, From, Code) -> finish_loading(Prepared, Ensure, From, Code);
call({delete, Module}, From, Code) -> delete(Module, From, Code);
call({purge, Module}, From, Code) -> purge(Module, From, Code);
call({soft_purge, Module}, From, Code) -> soft_purge(Module, From, Code);
call({is_loaded, Module}, From, Code) -> reply(From, is_loaded(Module, Code), Code);
call({is_sticky, _}, From, Code) -> reply(From, false, Code);
call(all_loaded, From, Code) -> reply(From, all_loaded(Code), Code);
call(get_mode, From, Code) -> reply(From, interactive, Code);
call(get_path, From, Code) -> reply(From, girder_sys:path(), Code);
call(clear_cache, From, Code) -> reply(From, ok, Code);
call({add_path, Where, Dir}, From, Code) -> add_paths(Where, [Dir], true, From, Code);
call({add_path, Where, Dir, _Cache}, From, Code) -> add_paths(Where, [Dir], true, From, Code);
call({add_paths, Where, Dirs}, From, Code) -> add_paths(Where, Dirs, ok, From, Code);
call({add_paths, Where, Dirs, _Cache}, From, Code) -> add_paths(Where, Dirs, ok, From, Code);
call({dir, Dir}, From, Code) -> reply(From, dir(Dir, Code#code.root), Code);
call(_, From, Code) -> reply(From, {error, enotsup}, Code).

%%% What is loaded, and where from

all_loaded(#code{files = Files}) ->
    maps:to_list(maps:merge(maps:from_list(girder_sys:loaded()), Files)).

is_loaded(Module, Code) ->
    case erlang:module_loaded(Module) andalso lists:keyfind(Module, 1, all_loaded(Code)) of
        {_, File} -> {file, File};
        false -> false
    end.

%% Appended directories are searched in front of OTP's, behind those that were named first.
add_paths(first, Dirs, Answer, From, Code) ->
    girder_sys:add_paths(Dirs, true),
    reply(From, Answer, Code);
add_paths(last, Dirs, Answer, From, Code) ->
    girder_sys:add_paths(Dirs, false),
    reply(From, Answer, Code).

dir(root_dir, Root) -> Root;
dir(lib_dir, Root) -> Root ++ "/lib";
dir(compiler_dir, Root) -> dir({lib_dir, compiler}, Root);
dir({lib_dir, App}, _) -> lib_dir(App);
dir({lib_dir, App, Sub}, _) -> below(lib_dir(App), atom_to_list(Sub));
dir({priv_dir, App}, _) -> below(lib_dir(App), "priv");
dir(_, _) -> {error, bad_name}.

below({error, _} = Error, _) -> Error;
below(Dir, Sub) -> Dir ++ "/" ++ Sub.

%% The directory above an `ebin` of the path, named after the application with or without a version.
lib_dir(App) when is_atom(App) -> lib_dir(atom_to_list(App));
lib_dir(App) -> lib_dir(App, girder_sys:path()).

lib_dir(App, [Ebin | More]) ->
    case lists:reverse(string:lexemes(Ebin, "/")) of
        ["ebin", Name | _] when Name =:= App -> lists:sublist(Ebin, length(Ebin) - length("/ebin"));
        ["ebin", Name | _] ->
            case lists:prefix(App ++ "-", Name) of
                true -> lists:sublist(Ebin, length(Ebin) - length("/ebin"));
                false -> lib_dir(App, More)
            end;
        _ -> lib_dir(App, More)
    end;
lib_dir(_, []) ->
    {error, bad_name}.

%%% Loading what the finder finds

load(Module, From, #code{logging = Logging} = Code) ->
    case service(Module) of
        logger when Logging =/= yes ->
            begin_service(logger, Code#code{waiting = [{From, Module} | Code#code.waiting]});
        none ->
            found(Module, From, Code);
        Service ->
            found(Module, From, begin_service(Service, Code))
    end.

found(Module, From, Code) ->
    case loaded(Module) of
        {error, on_load} -> on_load(Module, none, From, Code);
        Answer -> reply(From, Answer, Code)
    end.

loaded(Module) ->
    case girder_sys:load(Module) of
        true -> {module, Module};
        on_load -> {error, on_load};
        nofile -> {error, nofile};
        {error, _} -> {error, badfile}
    end.

%%% Loading what callers bring

load_binary(Module, File, Binary, From, Code) when is_binary(Binary), is_atom(File) orelse is_list(File) ->
    case erlang:prepare_loading(Module, Binary) of
        {error, _} = Error -> not_loaded(Error, File, From, Code);
        Prepared -> load_prepared(Prepared, Module, File, true, false, From, Code)
    end;
load_binary(_, _, _, From, Code) ->
    reply(From, {error, badarg}, Code).

load_prepared(Prepared, Module, File, Purge, Ensure, From, Code0) ->
    Code = begin_service(purger, Code0),
    Loaded = erlang:module_loaded(Module),
    Purge andalso Loaded andalso erts_code_purger:purge(Module),
    case Ensure andalso Loaded orelse erlang:finish_loading([Prepared]) of
        true -> reply(From, {module, Module}, Code);
        ok -> reply(From, {module, Module}, keep(Module, File, Code));
        {on_load, _} -> on_load(Module, {file, File}, From, Code);
        {Reason, _} -> not_loaded({error, Reason}, File, From, Code)
    end.

not_loaded({error, Reason} = Error, File, From, Code) ->
    report("Loading of ~ts failed: ~p\n", [File, Reason]),
    reply(From, Error, Code).

keep(Module, File, #code{files = Files} = Code) ->
    Code#code{files = Files#{Module => File}}.

finish_loading(All, Ensure, From, #code{on_load = Pending} = Code) ->
    New = [P || {M, _} = P <- All, not (Ensure andalso erlang:module_loaded(M))],
    case [{M, pending_on_load} || {M, _} <- New, {_, N, _, _} <- maps:values(Pending), M =:= N] of
        [] ->
            case erlang:finish_loading([P || {_, {P, _}} <- New]) of
                ok -> reply(From, ok, lists:foldl(fun({M, {_, File}}, C) -> keep(M, File, C) end, Code, New));
                {Reason, Modules} -> reply(From, {error, [{M, Reason} || M <- Modules]}, Code)
            end;
        Errors ->
            reply(From, {error, Errors}, Code)
    end.

delete(Module, From, #code{files = Files} = Code) ->
    case catch erlang:delete_module(Module) of
        true -> reply(From, true, Code#code{files = maps:remove(Module, Files)});
        _ -> reply(From, false, Code)
    end.

purge(Module, From, Code0) ->
    Code = begin_service(purger, Code0),
    {_WasOld, DidKill} = erts_code_purger:purge(Module),
    reply(From, DidKill, Code).

soft_purge(Module, From, Code0) ->
    Code = begin_service(purger, Code0),
    reply(From, erts_code_purger:soft_purge(Module), Code).

%%% -on_load functions

%% Has the function run, unless it is running: callers are answered when it has ended.
on_load(Module, File, From, #code{on_load = Pending} = Code) ->
    case [P || {_, {_, M, _, _}} = P <- maps:to_list(Pending), M =:= Module] of
        [{_, {From, _, _, _}}] ->
            %% The function calls its own module.
            reply(From, {error, deadlock}, Code);
        [{Ref, {Pid, _, F, Waiting}}] ->
            Code#code{on_load = Pending#{Ref := {Pid, Module, F, [From | Waiting]}}};
        [] ->
            {Pid, Ref} = spawn_monitor(fun() -> exit(erlang:call_on_load_function(Module)) end),
            Code#code{on_load = Pending#{Ref => {Pid, Module, File, [From]}}}
    end.

finish_on_load(Ref, Result, #code{on_load = Pending} = Code0) ->
    case maps:take(Ref, Pending) of
        {{_, Module, File, Waiting}, Left} ->
            Code = begin_service(purger, Code0#code{on_load = Left}),
            erts_code_purger:finish_after_on_load(Module, Result =:= ok),
            Answer = case Result of
                         ok -> {module, Module};
                         _ -> {error, on_load_failure}
                     end,
            Result =:= ok orelse is_atom(Result) orelse
                report("The on_load function for module ~s returned:~n~P\n", [Module, Result, 10]),
            [From ! {code_server, Answer} || From <- Waiting],
            case {Result, File} of
                {ok, {file, F}} -> keep(Module, F, Code);
                _ -> Code
            end;
        error ->
            Code0
    end.

report(Format, Args) ->
    logger ! {log, error, Format, Args, #{pid => self(), gl => group_leader(), time => os:system_time(microsecond),
                                          error_logger => #{tag => error}}}.

%%% Services

begin_service(environment, Code) ->
    girder_standalone:environment(),
    Code;
begin_service(logger, #code{logging = no} = Code) ->
    girder_standalone:environment(),
    Code#code.standin ! {release, spawn(girder_standalone, logging, [self()])},
    Code#code{logging = beginning};
begin_service(purger, #code{purger = no} = Code) ->
    girder_sys:open(erts_code_purger),
    Purger = spawn(erts_code_purger, start, []),
    Ref = make_ref(),
    %% It answers when it has its name.
    Purger ! {change_prio, self(), Ref, normal},
    receive {Ref, _} -> ok end,
    Code#code{purger = yes};
begin_service(files, Code) ->
    girder_standalone:files(),
    Code;
begin_service(sockets, Code) ->
    [girder_sys:open(M) || M <- [socket, net]],
    girder_standalone:sockets(),
    Code;
begin_service(_, Code) ->
    Code.

began(logger, #code{waiting = Waiting} = Code) ->
    Code#code.standin ! ready,
    [From ! {code_server, loaded(Module)} || {From, Module} <- lists:reverse(Waiting)],
    Code#code{logging = yes, waiting = []}.
