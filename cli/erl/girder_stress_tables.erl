%% Random work on ETS tables, beside models of what must come of it: `girder stress tables`.
%%
%% A round makes a table of each kind and lets actors at it at the same time. What one actor writes alone it knows
%% exactly; of what several write they know what holds however they interleave: sums, who was first, that a list goes in
%% at once, that a walk through a fixed table sees what stays, and that nothing is deleted twice.
-module(girder_stress_tables).
-export([one_round/1]).
-import(girder_stress, [actor/3, collect/2, below/1, one_of/1]).

-define(STATIC, 60).
-define(GROUP, 8).
%% So many objects are inserted at length, as the VM calls it.
-define(CROWD, 5000).
-define(TRIES, 200).

one_round(Seed) ->
    Tables = [new(Kind, Options) || Kind <- [set, ordered_set, bag, duplicate_bag], Options <- options(Kind, Seed)],
    try collect(lists:append([actors(Seed, T, Kind) || {T, Kind} <- Tables]), 0) of
        {ok, Ops} -> finish(Tables, Ops);
        Failed -> Failed
    after
        [ets:delete(T) || {T, _} <- Tables]
    end.

%% Some combination of options for each round, the same for the same seed.
options(Kind, Seed) ->
    H = erlang:phash2({Kind, Seed}),
    [[{write_concurrency, H band 1 =:= 0}, {read_concurrency, H band 2 =:= 0} | [compressed || H band 12 =:= 0]]].

new(Kind, Options) ->
    T = ets:new(t, [Kind, public | Options]),
    true = ets:insert(T, [{{static, I}, I} || I <- lists:seq(1, ?STATIC)]),
    true = ets:insert(T, [{{sum, I}, 0} || I <- lists:seq(1, 3)] ++ [{guarded, 0}]),
    true = ets:insert(T, group(0)),
    {T, Kind}.

actors(Seed, T, Kind) ->
    Sets = Kind =:= set orelse Kind =:= ordered_set,
    Make = fun(Role, N, F) -> [actor({Seed, Kind}, {Role, I}, fun() -> F(I) end) || I <- lists:seq(1, N)] end,
    Make(keeper, 3, fun(I) -> keeper(T, Kind, I, #{}, 400) end) ++
    Make(walker, 2, fun(_) -> walker(T, 12) end) ++
    Make(selector, 1, fun(_) -> selector(T, 12) end) ++
    Make(rival, 3, fun(I) -> rival(T, I, 60) end) ++
    Make(feeder, 2, fun(I) -> feeder(T, I, 400) end) ++
    Make(eater, 2, fun(_) -> eater(T, 40) end) ++
    if
        Sets ->
            Make(adder, 3, fun(_) -> adder(T, 300) end) ++
            Make(guard, 3, fun(I) -> guard(T, I, 20) end) ++
            Make(grouper, 1, fun(_) -> grouper(T, 30) end) ++
            Make(reader, 2, fun(_) -> reader(T, 60, 0) end);
        true ->
            []
    end ++
    Make(crowd, 1, fun(_) -> crowd(T) end).

%% Sums of the whole table when everybody is done.
finish(Tables, Ops) ->
    case [{Kind, Why} || {T, Kind} <- Tables, Why <- wrong(T, Kind)] of
        [] -> {ok, Ops};
        Wrong -> {failed, finish, Wrong}
    end.

wrong(T, Kind) ->
    All = ets:tab2list(T),
    Count = fun(Tag) -> lists:sum([V || {{X, _}, V} <- All, X =:= Tag]) end,
    Sums = Kind =:= bag orelse Kind =:= duplicate_bag
        orelse (Count(sum) =:= Count(added) andalso ets:lookup_element(T, guarded, 2) =:= Count(guarded)),
    [size || ets:info(T, size) =/= length(All)] ++
    [sums || not Sums] ++
    [{fed, Count(fed), eaten, Count(eaten), left, length([1 || {{food, _, _}, _} <- All])}
     || Count(fed) =/= Count(eaten) + length([1 || {{food, _, _}, _} <- All])] ++
    [fixed || ets:info(T, fixed)] ++
    [keys || Kind =:= ordered_set, lists:sort(All) =/= All].

%%% Keys of one actor alone: each answer is known.

keeper(T, Kind, Me, Model, 0) ->
    [known(T, Kind, K, Model) || K <- keys(Me)],
    [true = ets:delete(T, K) || K <- keys(Me)],
    400;
keeper(T, Kind, Me, Model, N) ->
    K = one_of(keys(Me)),
    New = keep(below(8), T, Kind, K, {K, below(5)}, Model),
    known(T, Kind, K, New),
    keeper(T, Kind, Me, New, N - 1).

keys(Me) -> [{keeper, Me, I} || I <- lists:seq(1, 10)].

known(T, Kind, K, Model) ->
    Had = have(K, Model),
    Found = ets:lookup(T, K),
    same(Found, Had, {lookup, Kind, K}),
    same(ets:member(T, K), Had =/= [], {member, Kind, K}).

have(K, Model) -> maps:get(K, Model, []).

same(X, X, _) -> ok;
same(Found, Expected, What) -> exit({What, found, Found, expected, Expected}).

put_object(Kind, {K, _} = O, Model) ->
    Model#{K => case Kind of
                    duplicate_bag -> have(K, Model) ++ [O];
                    bag -> Had = have(K, Model), case lists:member(O, Had) of true -> Had; false -> Had ++ [O] end;
                    _ -> [O]
                end}.

keep(0, T, _, K, _, Model) ->
    true = ets:delete(T, K),
    maps:remove(K, Model);
keep(1, T, Kind, K, _, Model) ->
    same(ets:take(T, K), have(K, Model), {take, Kind, K}),
    maps:remove(K, Model);
keep(2, T, _, K, O, Model) ->
    true = ets:delete_object(T, O),
    Model#{K => [X || X <- have(K, Model), X =/= O]};
keep(3, T, Kind, K, O, Model) ->
    New = have(K, Model) =:= [],
    same(ets:insert_new(T, O), New, {insert_new, Kind, K}),
    if New -> put_object(Kind, O, Model); true -> Model end;
keep(4, T, Kind, K, {_, V}, Model) ->
    N = ets:select_delete(T, [{{K, '$1'}, [{'<', '$1', V}], [true]}]),
    {Gone, Left} = lists:partition(fun({_, X}) -> X < V end, have(K, Model)),
    same(N, length(Gone), {select_delete, Kind, K}),
    Model#{K => Left};
keep(5, T, Kind, K, {_, V}, Model) when Kind =:= set; Kind =:= ordered_set ->
    Before = case have(K, Model) of [] -> 100; [{_, X}] -> X end,
    same(ets:update_counter(T, K, V, {K, 100}), Before + V, {update_counter, Kind, K}),
    Model#{K => [{K, Before + V}]};
keep(6, T, Kind, K, {_, V} = O, Model) when Kind =:= set; Kind =:= ordered_set ->
    There = have(K, Model) =/= [],
    same(ets:update_element(T, K, {2, V}), There, {update_element, Kind, K}),
    if There -> Model#{K => [O]}; true -> Model end;
keep(_, T, Kind, _, O, Model) ->
    true = ets:insert(T, O),
    put_object(Kind, O, Model).

%%% Sums of what many add.

adder(T, N) ->
    Added = lists:sum([begin V = below(10), _ = ets:update_counter(T, {sum, 1 + below(3)}, V), V end || _ <- lists:seq(1, N)]),
    true = ets:insert(T, {{added, self()}, Added}),
    N.

%% Who inserts the lock first may read and write.
guard(T, Me, N) ->
    Got = lists:sum([guarded(T, Me, ?TRIES) || _ <- lists:seq(1, N)]),
    true = ets:insert(T, {{guarded, self()}, Got}),
    N.

guarded(_, _, 0) -> 0;
guarded(T, Me, Tries) ->
    case ets:insert_new(T, {lock, Me}) of
        true ->
            [{guarded, V}] = ets:lookup(T, guarded),
            erlang:yield(),
            true = ets:insert(T, {guarded, V + 1}),
            [{lock, Me}] = ets:take(T, lock),
            1;
        false ->
            erlang:yield(),
            guarded(T, Me, Tries - 1)
    end.

%%% Lists go in at once: who has seen a version sees no older one after it.

group(Version) -> [{{group, I}, Version} || I <- lists:seq(1, ?GROUP)].

grouper(T, N) ->
    [true = ets:insert(T, group(V)) || V <- lists:seq(1, N)],
    true = ets:insert(T, {{group, done}, N}),
    N.

reader(_, 0, _) -> 60;
reader(T, N, Seen) ->
    reader(T, N - 1, lists:foldl(fun(_, V) ->
                                         Now = ets:lookup_element(T, {group, 1 + below(?GROUP)}, 2),
                                         Now >= V orelse exit({older, Now, than, V}),
                                         Now
                                 end, Seen, lists:seq(1, 20))).

%% Of lists with a key in common one goes in, whole.
rival(T, Me, N) ->
    [begin
         Keys = [{rival, 1 + below(4)}, {rival, 5 + below(4)}],
         case ets:insert_new(T, [{K, Me} || K <- Keys]) of
             true -> [[{K, Me}] = ets:take(T, K) || K <- Keys];
             false -> erlang:yield()
         end
     end || _ <- lists:seq(1, N)],
    N.

%%% What is deleted was there, once.

feeder(T, Me, N) ->
    [true = ets:insert_new(T, {{food, Me, I}, I}) || I <- lists:seq(1, N)],
    true = ets:insert(T, {{fed, self()}, N}),
    N.

eater(T, N) ->
    Eaten = lists:sum([eat(below(3), T, 1 + below(2), 1 + below(400)) || _ <- lists:seq(1, N)]),
    true = ets:insert(T, {{eaten, self()}, Eaten}),
    N.

eat(0, T, Who, I) -> length(ets:take(T, {food, Who, I}));
eat(1, T, Who, I) -> ets:select_delete(T, [{{{food, Who, '$1'}, '_'}, [{'<', '$1', I}], [true]}]);
eat(2, T, Who, _) -> ets:match_delete(T, {{never, Who}, '_'}), erlang:yield(), 0.

%%% Walks through a fixed table see what stays, once, and never lose their place.

walker(T, N) ->
    [begin
         true = ets:safe_fixtable(T, true),
         Keys = walk(T, ets:first(T), []),
         true = ets:safe_fixtable(T, false),
         stays(Keys)
     end || _ <- lists:seq(1, N)],
    N.

walk(_, '$end_of_table', Seen) -> Seen;
walk(T, {static, I} = K, Seen) -> walk(T, ets:next(T, K), [I | Seen]);
walk(T, K, Seen) -> walk(T, ets:next(T, K), Seen).

selector(T, N) ->
    [begin
         true = ets:safe_fixtable(T, true),
         Parts = parts(ets:select(T, [{{{static, '$1'}, '_'}, [], ['$1']}], 1 + below(20))),
         true = ets:safe_fixtable(T, false),
         stays(Parts)
     end || _ <- lists:seq(1, N)],
    N.

parts('$end_of_table') -> [];
parts({Some, Continuation}) -> Some ++ parts(ets:select(Continuation)).

stays(Seen) -> same(lists:sort(Seen), lists:seq(1, ?STATIC), walk).

%%% So many objects at once, and away again, while the table is fixed.

crowd(T) ->
    true = ets:insert(T, [{{crowd, I}, I} || I <- lists:seq(1, ?CROWD)]),
    true = ets:safe_fixtable(T, true),
    same(ets:select_delete(T, [{{{crowd, '_'}, '_'}, [], [true]}]), ?CROWD, crowd),
    true = ets:safe_fixtable(T, false),
    Own = ets:new(own, [ets:info(T, type), public]),
    true = ets:insert(Own, [{{crowd, I}, I} || I <- lists:seq(1, ?CROWD)]),
    true = ets:safe_fixtable(Own, true),
    true = ets:delete_all_objects(Own),
    same({ets:info(Own, size), ets:first(Own)}, {0, '$end_of_table'}, crowd),
    true = ets:delete(Own),
    ?CROWD.
