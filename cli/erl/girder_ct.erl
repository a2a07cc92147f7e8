%% Common Test from inside: compiles suites, runs one, and writes what happens into a file, a line for an event.
%%
%% main/0 takes its words from behind -extra:
%%   compile DIR OUT INCLUDE[:INCLUDE]... OPTION[:OPTION]... FILE...   one line a module that does not compile: name, tab, why
%%   run DIR SUITE CASE EVENTS SEEN NATIVES    CASE may be empty; SEEN names cases (a line each) that are skipped; NATIVES is
%%       natives or empty and tells whether cases that use foreign C code are looked for (girder_ct_natives)
%% Events, a line each, fields separated by tabs: `start CASE', `renamed OLD NEW', `log CASE FILE', `native CASE',
%% `done CASE OUTCOME MILLISECONDS REASON', `end'. The module is an event handler of Common Test and a hook at the same time.
-module(girder_ct).
-behaviour(gen_event).
-export([main/0]).
-export([init/1, handle_event/2, handle_call/2]).
-export([id/1, init/2, pre_init_per_suite/3, pre_init_per_group/4, pre_init_per_testcase/4]).
-include_lib("common_test/include/ct_event.hrl").

%% Reasons are cut off behind this many characters.
-define(MOST, 4000).

main() ->
    case init:get_plain_arguments() of
        ["compile", Dir, Out, Includes, Options | Files] -> compile(Dir, Out, words(Includes), words(Options), Files);
        ["run", Dir, Suite, Case, Events, Seen, Natives] -> run(Dir, Suite, Case, Events, Seen, Natives =:= "natives")
    end,
    halt(0).

words(Text) -> string:lexemes(Text, ":").

compile(Dir, Out, Includes, Options, Files) ->
    All = [debug_info, return_errors, {outdir, Out}, {i, Dir} | [{i, I} || I <- Includes]] ++ [list_to_atom(O) || O <- Options],
    {ok, Broken} = file:open(filename:join(Out, "broken"), [append]),
    lists:foreach(fun(File) ->
                          case compile:file(filename:join(Dir, File), All) of
                              {ok, _} -> ok;
                              Why -> io:put_chars(Broken, [File, $\t, one_line(Why), $\n])
                          end
                  end, Files),
    ok = file:close(Broken).

run(Dir, Suite, Case, Events, Seen, Natives) ->
    Cases = [{testcase, [list_to_atom(Case)]} || Case =/= ""],
    ct:run_test([{dir, Dir}, {suite, list_to_atom(Suite)}, {logdir, "."}, {auto_compile, false},
                 {event_handler, [{?MODULE, {events, Events, Natives}}]}, {ct_hooks, [{?MODULE, Seen}]} | Cases]).

%% The event handler: the open file, who looks for C code, the groups that are open, and when each running case began.

%% A case that runs beside others may begin while another group is open: the hook tells which groups it is in (`within').
-record(state, {device, natives, groups = [], within = #{}, began = #{}}).

init({events, File, Natives}) ->
    {ok, Device} = file:open(File, [append, raw]),
    {ok, #state{device = Device, natives = case Natives of true -> girder_ct_natives:start(File); false -> none end}}.

handle_event(#event{name = tc_start, data = {_, {init_per_group, Group, _}}}, #state{groups = Groups} = State) ->
    New = State#state{groups = [atom_to_list(Group) | Groups]},
    enter(init_per_group, New),
    {ok, New};
handle_event(#event{name = tc_start, data = {_, Case}}, #state{began = Began} = State) when is_atom(Case) ->
    put_line(State, ["start\t", name(Case, State)]),
    enter(Case, State),
    {ok, State#state{began = Began#{Case => erlang:monotonic_time(millisecond)}}};
handle_event(#event{name = within, data = {Case, Groups}}, #state{within = Within} = State) ->
    New = State#state{within = Within#{Case => Groups}},
    case {name(Case, State), name(Case, New)} of
        {Name, Name} -> ok;
        {Old, Name} ->
            leave(Case, State),
            put_line(New, ["renamed\t", Old, $\t, Name]),
            enter(Case, New)
    end,
    {ok, New};
handle_event(#event{name = tc_logfile, data = {{_, Case}, File}}, State) when is_atom(Case) ->
    put_line(State, ["log\t", name(Case, State), $\t, File]),
    {ok, State};
handle_event(#event{name = tc_done, data = {_, {end_per_group, _, _}, _}}, #state{groups = [_ | Groups]} = State) ->
    {ok, State#state{groups = Groups}};
handle_event(#event{name = tc_done, data = {_, {init_per_group, _, _}, Result}}, #state{groups = [_ | Groups]} = State) ->
    leave(init_per_group, State),
    {ok, case Result of ok -> State; _ -> State#state{groups = Groups} end};
handle_event(#event{name = tc_done, data = {_, Case, Result}}, #state{began = Began} = State) when is_atom(Case) ->
    Now = erlang:monotonic_time(millisecond),
    leave(Case, State),
    done(State, name(Case, State), outcome(Result), Now - maps:get(Case, Began, Now), Result),
    {ok, State#state{began = maps:remove(Case, Began), within = maps:remove(Case, State#state.within)}};
handle_event(#event{name = Skip, data = {_, Case, Reason}}, State) when Skip =:= tc_auto_skip; Skip =:= tc_user_skip ->
    Outcome = case Skip of tc_auto_skip -> "unable"; tc_user_skip -> "skipped" end,
    case Case of
        {Name, Group} when is_atom(Name), is_atom(Group) ->
            done(State, name(Name, State#state{groups = [atom_to_list(Group)]}), Outcome, 0, Reason);
        _ when is_atom(Case) -> done(State, name(Case, State), Outcome, 0, Reason);
        _ -> ok
    end,
    {ok, State};
handle_event(#event{name = test_done}, State) ->
    put_line(State, "end"),
    {ok, State};
handle_event(_, State) -> {ok, State}.

handle_call(_, State) -> {ok, ok, State}.

enter(Case, #state{natives = Natives} = State) ->
    Natives =/= none andalso girder_ct_natives:enter(Natives, name(Case, State)).

leave(Case, #state{natives = Natives} = State) ->
    Natives =/= none andalso girder_ct_natives:leave(Natives, name(Case, State)).

done(State, Name, Outcome, Time, Reason) ->
    put_line(State, ["done\t", Name, $\t, Outcome, $\t, integer_to_list(Time), $\t,
                     case Reason of ok -> ""; _ -> one_line(Reason) end]).

name(Case, #state{groups = Open, within = Within}) ->
    lists:append(lists:join("/", lists:reverse(maps:get(Case, Within, Open), [atom_to_list(Case)]))).

outcome(ok) -> "passed";
outcome({failed, {timetrap_timeout, _}}) -> "timeout";
outcome({failed, {_, {timetrap_timeout, _}}}) -> "timeout";
outcome({failed, _}) -> "failed";
outcome({auto_skipped, _}) -> "unable";
outcome({skipped, _}) -> "skipped".

put_line(#state{device = Device}, Line) -> ok = file:write(Device, unicode:characters_to_binary([Line, $\n])).

one_line(Term) ->
    Text = lists:flatten(io_lib:format("~0tP", [Term, 80])),
    [case C of $\n -> $\s; $\t -> $\s; $\r -> $\s; _ -> C end || C <- lists:sublist(Text, ?MOST)].

%% The hook: cases that have their outcome from an earlier VM are skipped. A case is told to the event handler before it
%% begins, but by a message: that the handlers answer here means that they have seen it.

id(_) -> ?MODULE.

init(_, File) ->
    {ok, Names} = file:read_file(File),
    {ok, [N || N <- binary:split(Names, <<"\n">>, [global]), N =/= <<>>]}.

pre_init_per_testcase(_Suite, Case, Config, Seen) ->
    case lists:member(atom_to_binary(Case), Seen) of
        true -> {{skip, "seen"}, Seen};
        false ->
            Groups = [proplists:get_value(tc_group_properties, Config, []) | proplists:get_value(tc_group_path, Config, [])],
            %% Where cases come one by one the open groups are right, and some suites' groups leave a configuration that is not.
            lists:any(fun(Properties) -> proplists:is_defined(parallel, Properties) end, Groups) andalso begin
                Names = [atom_to_list(Name) || Properties <- Groups, {name, Name} <- Properties],
                ct_event:notify(#event{name = within, node = node(), data = {Case, Names}})
            end,
            in_step(Config, Seen)
    end.

pre_init_per_suite(_Suite, Config, Seen) -> in_step(Config, Seen).

pre_init_per_group(_Suite, _Group, Config, Seen) -> in_step(Config, Seen).

in_step(Config, Seen) ->
    _ = gen_event:which_handlers(ct_event),
    {Config, Seen}.
