%%% Natives that are given a lot of work must let others have their turn. `all/1` prints for each whether a process beside
%%% it had its turn meanwhile, or the native was done in the given number of milliseconds: on one scheduler that asks for
%%% natives that are quick, or yield, or have a thread of their own.
-module(long_natives).
-export([all/1]).

-define(MANY, 300000).
-define(TURNS, 10).

all([Limit]) ->
    %% Modules are loaded before.
    _ = [code:ensure_loaded(M) || M <- [re, zlib, unicode, maps, lists, ets]],
    Case = fun({Name, Prepare, F}) -> io:format("~s: ~s~n", [Name, goes_on(Prepare, F, list_to_integer(Limit))]) end,
    lists:foreach(Case, cases()).

%% All in one process, so that no other one's end takes the place of a native that needs a thread.
goes_on(Prepare, F, Limit) ->
    Turns = counters:new(1, []),
    Arguments = Prepare(),
    erlang:garbage_collect(),
    Beside = spawn(fun() -> take_turns(Turns) end),
    erlang:yield(),
    {Before, Start} = {counters:get(Turns, 1), now_ms()},
    F(Arguments),
    {Taken, Ms} = {counters:get(Turns, 1) - Before, now_ms() - Start},
    exit(Beside, kill),
    if
        Taken >= ?TURNS; Ms =< Limit -> "others go on";
        true -> io_lib:format("~w turns in ~w ms", [Taken, Ms])
    end.

now_ms() -> erlang:monotonic_time(millisecond).

take_turns(Turns) ->
    counters:add(Turns, 1, 1),
    erlang:yield(),
    take_turns(Turns).

objects() -> [{I, I} || I <- lists:seq(1, ?MANY)].

table(Kind) -> T = ets:new(t, [Kind, public]), true = ets:insert(T, objects()), T.

fixed(Kind) -> T = table(Kind), true = ets:safe_fixtable(T, true), T.

cases() ->
    Table = fun(Kind) -> fun() -> {ets:new(t, [Kind, public]), objects()} end end,
    Insert = fun({T, L}) -> true = ets:insert(T, L) end,
    InsertNew = fun({T, L}) -> true = ets:insert_new(T, L) end,
    Text = fun(N) -> fun() -> binary:copy(<<"a">>, N) end end,
    List = fun() -> lists:seq(1, 10 * ?MANY) end,
    [{"ets:insert/2, set", Table(set), Insert},
     {"ets:insert/2, ordered_set", Table(ordered_set), Insert},
     {"ets:insert/2, bag", Table(bag), Insert},
     {"ets:insert_new/2", Table(set), InsertNew},
     {"ets:delete_all_objects/1", fun() -> table(set) end, fun ets:delete_all_objects/1},
     {"ets:delete_all_objects/1, fixed", fun() -> fixed(set) end, fun ets:delete_all_objects/1},
     {"ets:safe_fixtable/2, tombstones", fun() -> T = fixed(set), ets:delete_all_objects(T), T end,
      fun(T) -> ets:safe_fixtable(T, false) end},
     {"ets:select/2", fun() -> table(set) end, fun(T) -> [] = ets:select(T, [{{'_', none}, [], ['$_']}]) end},
     {"ets:match_object/2, ordered_set", fun() -> table(ordered_set) end, fun(T) -> [] = ets:match_object(T, {'_', none}) end},
     {"ets:select_count/2", fun() -> table(bag) end, fun(T) -> ?MANY = ets:select_count(T, [{'_', [], [true]}]) end},
     {"ets:select_delete/2", fun() -> table(set) end, fun(T) -> ?MANY = ets:select_delete(T, [{'_', [], [true]}]) end},
     {"ets:select_replace/2", fun() -> table(set) end,
      fun(T) -> ?MANY = ets:select_replace(T, [{{'$1', '$2'}, [], [{{'$1', {{'$2'}}}}]}]) end},
     {"ets:tab2list/1", fun() -> table(set) end, fun(T) -> length(ets:tab2list(T)) end},
     {"ets:match_spec_run/2", fun() -> {objects(), ets:match_spec_compile([{{'$1', none}, [], ['$1']}])} end,
      fun({L, M}) -> [] = ets:match_spec_run(L, M) end},
     {"re:run/2, backtracking", fun() -> nomatch = re:run("a", "b"), binary:copy(<<"a">>, 60) end, fun(S) -> nomatch = re:run(<<S/binary, "!">>, "(a+)+$") end},
     {"re:run/2, a long subject", Text(1000000), fun(S) -> nomatch = re:run(S, "a{50}(b|c)d") end},
     {"re:run/3, report_errors", Text(60), fun(S) -> {error, match_limit} = re:run(<<S/binary, "!">>, "(a+)+$", [report_errors]) end},
     {"++", List, fun(L) -> L ++ [x] end},
     {"--", fun() -> {lists:seq(1, ?MANY), lists:seq(?MANY, 2, -1)} end, fun({A, B}) -> [1] = A -- B end},
     {"length/1", List, fun(L) -> length(L) end},
     {"lists:reverse/1", List, fun(L) -> lists:reverse(L) end},
     {"lists:member/2", List, fun(L) -> false = lists:member(none, L) end},
     {"lists:keyfind/3", fun objects/0, fun(L) -> false = lists:keyfind(none, 1, L) end},
     {"term_to_binary/1", fun objects/0, fun erlang:term_to_binary/1},
     {"binary_to_term/1", fun() -> term_to_binary(objects()) end, fun erlang:binary_to_term/1},
     {"term_to_binary/2, compressed", fun objects/0, fun(L) -> term_to_binary(L, [compressed]) end},
     {"external_size/1", fun objects/0, fun erlang:external_size/1},
     {"md5/1", Text(50000000), fun erlang:md5/1},
     {"crc32/1", Text(100000000), fun erlang:crc32/1},
     {"adler32/1", Text(100000000), fun erlang:adler32/1},
     {"list_to_binary/1", fun() -> lists:duplicate(10 * ?MANY, $x) end, fun erlang:list_to_binary/1},
     {"binary_to_list/1", Text(5000000), fun erlang:binary_to_list/1},
     {"iolist_size/1", fun() -> lists:duplicate(10 * ?MANY, <<"x">>) end, fun erlang:iolist_size/1},
     {"list_to_integer/1", fun() -> lists:duplicate(200000, $7) end, fun erlang:list_to_integer/1},
     {"integer_to_list/1", fun() -> 1 bsl 1000000 end, fun erlang:integer_to_list/1},
     {"binary:match/2", Text(100000000), fun(S) -> nomatch = binary:match(S, <<"b">>) end},
     {"binary:matches/2", Text(5000000), fun(S) -> binary:matches(S, <<"aa">>) end},
     {"binary:copy/2", Text(10), fun(S) -> binary:copy(S, 5000000) end},
     {"unicode:characters_to_list/1", Text(5000000), fun unicode:characters_to_list/1},
     {"unicode:characters_to_binary/1", List, fun(_) -> unicode:characters_to_binary(lists:duplicate(?MANY, $x)) end},
     {"maps:merge/2", fun() -> {maps:from_list(objects()), maps:from_list([{{I}, I} || I <- lists:seq(1, ?MANY)])} end,
      fun({A, B}) -> maps:merge(A, B) end},
     {"maps:from_list/1", fun objects/0, fun maps:from_list/1},
     {"maps:keys/1", fun() -> maps:from_list(objects()) end, fun maps:keys/1},
     {"list_to_tuple/1", List, fun erlang:list_to_tuple/1},
     {"tuple_to_list/1", fun() -> erlang:make_tuple(10 * ?MANY, a) end, fun erlang:tuple_to_list/1},
     {"persistent_term:put/2", fun objects/0, fun(L) -> persistent_term:put(?MODULE, L) end},
     {"persistent_term:erase/1", fun() -> persistent_term:put(?MODULE, objects()) end,
      fun(_) -> true = persistent_term:erase(?MODULE) end},
     {"zlib:compress/1", Text(20000000), fun zlib:compress/1}].
