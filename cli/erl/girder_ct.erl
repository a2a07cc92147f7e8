%% Common Test from inside: compiles suites, runs one, and writes what happens into a file, a line for an event.
%%
%% main/0 takes its words from behind -extra:
%%   compile DIR OUT INCLUDE[:INCLUDE]... OPTION[:OPTION]... FILE...   one line a module that does not compile: name, tab, why
%%   run DIR SUITE CASE EVENTS SEEN    CASE may be empty; SEEN names cases (a line each) that are skipped
%% Events: `start', `group', `end' and `done' with the case and, for `done', outcome, milliseconds and reason, separated by
%% tabs. The module is an event handler of Common Test and a hook at the same time.
-module(girder_ct).
-behaviour(gen_event).
-export([main/0]).
-export([init/1, handle_event/2, handle_call/2]).
-export([id/1, init/2, pre_init_per_testcase/4]).
-include_lib("common_test/include/ct_event.hrl").

%% Reasons are cut off behind this many characters.
-define(MOST, 4000).

main() ->
    case init:get_plain_arguments() of
        ["compile", Dir, Out, Includes, Options | Files] -> compile(Dir, Out, words(Includes), words(Options), Files);
        ["run", Dir, Suite, Case, Events, Seen] -> run(Dir, Suite, Case, Events, Seen)
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

run(Dir, Suite, Case, Events, Seen) ->
    Cases = [{testcase, [list_to_atom(Case)]} || Case =/= ""],
    ct:run_test([{dir, Dir}, {suite, list_to_atom(Suite)}, {logdir, "."}, {auto_compile, false},
                 {event_handler, [{?MODULE, {events, Events}}]}, {ct_hooks, [{?MODULE, Seen}]} | Cases]).

%% The event handler: the open file, the groups that are open, and when each running case began.

init({events, File}) ->
    {ok, Device} = file:open(File, [append, raw]),
    {ok, {Device, [], #{}}}.

handle_event(#event{name = tc_start, data = {_, {init_per_group, Group, _}}}, {Device, Groups, Began}) ->
    {ok, {Device, [atom_to_list(Group) | Groups], Began}};
handle_event(#event{name = tc_start, data = {_, Case}}, {Device, Groups, Began}) when is_atom(Case) ->
    put_line(Device, ["start\t", name(Case, Groups)]),
    {ok, {Device, Groups, Began#{Case => erlang:monotonic_time(millisecond)}}};
handle_event(#event{name = tc_done, data = {_, {end_per_group, _, _}, _}}, {Device, [_ | Groups], Began}) ->
    {ok, {Device, Groups, Began}};
handle_event(#event{name = tc_done, data = {_, {init_per_group, _, _}, Result}}, {Device, [_ | Groups], Began})
  when Result =/= ok ->
    {ok, {Device, Groups, Began}};
handle_event(#event{name = tc_done, data = {_, Case, Result}}, {Device, Groups, Began}) when is_atom(Case) ->
    Now = erlang:monotonic_time(millisecond),
    done(Device, Case, Groups, outcome(Result), Now - maps:get(Case, Began, Now), Result),
    {ok, {Device, Groups, maps:remove(Case, Began)}};
handle_event(#event{name = Skip, data = {_, Case, Reason}}, {Device, Groups, _} = State)
  when Skip =:= tc_auto_skip; Skip =:= tc_user_skip ->
    Outcome = case Skip of tc_auto_skip -> "unable"; tc_user_skip -> "skipped" end,
    case Case of
        {Name, Group} when is_atom(Name), is_atom(Group) -> done(Device, Name, [atom_to_list(Group)], Outcome, 0, Reason);
        _ when is_atom(Case) -> done(Device, Case, Groups, Outcome, 0, Reason);
        _ -> ok
    end,
    {ok, State};
handle_event(#event{name = test_done}, {Device, _, _} = State) ->
    put_line(Device, "end"),
    {ok, State};
handle_event(_, State) -> {ok, State}.

handle_call(_, State) -> {ok, ok, State}.

done(Device, Case, Groups, Outcome, Time, Reason) ->
    put_line(Device, ["done\t", name(Case, Groups), $\t, Outcome, $\t, integer_to_list(Time), $\t,
                      case Reason of ok -> ""; _ -> one_line(Reason) end]).

name(Case, Groups) -> lists:join($/, lists:reverse(Groups, [atom_to_list(Case)])).

outcome(ok) -> "passed";
outcome({failed, {timetrap_timeout, _}}) -> "timeout";
outcome({failed, {_, {timetrap_timeout, _}}}) -> "timeout";
outcome({failed, _}) -> "failed";
outcome({auto_skipped, _}) -> "unable";
outcome({skipped, _}) -> "skipped".

put_line(Device, Line) -> ok = file:write(Device, unicode:characters_to_binary([Line, $\n])).

one_line(Term) ->
    Text = lists:flatten(io_lib:format("~0tP", [Term, 80])),
    [case C of $\n -> $\s; $\t -> $\s; $\r -> $\s; _ -> C end || C <- lists:sublist(Text, ?MOST)].

%% The hook: cases that have their outcome from an earlier VM are skipped.

id(_) -> ?MODULE.

init(_, File) ->
    {ok, Names} = file:read_file(File),
    {ok, [N || N <- binary:split(Names, <<"\n">>, [global]), N =/= <<>>]}.

pre_init_per_testcase(_Suite, Case, Config, Seen) ->
    case lists:member(atom_to_binary(Case), Seen) of
        true -> {{skip, "seen"}, Seen};
        false -> {Config, Seen}
    end.
