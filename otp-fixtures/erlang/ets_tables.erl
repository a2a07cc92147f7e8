%%% ETS: making tables, their options and properties, owners, heirs, names, rights, errors.
-module(ets_tables).
-compile([export_all, nowarn_export_all]).
-helpers([name]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
e(F) -> case_runner:attempt(?MODULE, F).
new(Options) -> ets:new(t, Options).
%% The value of a fun run by another process.
other(F) ->
    Self = self(),
    {P, M} = spawn_monitor(fun() -> Self ! {self(), e(F)} end),
    receive {P, V} -> receive {'DOWN', M, _, _, _} -> V end end.
idle() -> spawn(fun() -> receive stop -> ok end end).
stop(P) -> M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end.
props(T) -> [ets:info(T, I) || I <- [type, keypos, protection, named_table, compressed, size, heir, fixed, node]].
conc(T) -> [ets:info(T, I) || I <- [read_concurrency, write_concurrency, decentralized_counters]].

new_default() -> props(new([])).
new_types() -> [ets:info(new([T]), type) || T <- [set, ordered_set, bag, duplicate_bag]].
new_last_type_wins() -> [ets:info(new(L), type) || L <- [[bag, ordered_set], [ordered_set, bag], [duplicate_bag, bag], [bag, set]]].
new_last_protection_wins() -> [ets:info(new(L), protection) || L <- [[public, private], [private, public], [public, protected]]].
new_named() -> {ets:new(ets_tables_a, [named_table]), ets:info(ets_tables_a, name), ets:info(ets_tables_a, id) =:= ets:whereis(ets_tables_a)}.
new_named_twice() -> ets:new(ets_tables_b, [named_table]), ets:new(ets_tables_b, [named_table]).
new_same_name_unnamed() -> A = new([]), B = new([]), A =/= B.
new_keypos() -> [ets:info(new([{keypos, N}]), keypos) || N <- [1, 2, 7, 1000]].
new_bad_options() -> [e(fun() -> new(L) end) || L <- [foo, [foo], [{keypos, 0}], [{keypos, a}], [{keypos, -1}], [{heir, self()}], [{heir, a, b}], [{read_concurrency, x}], [{write_concurrency, x}], [{write_concurrency, 1}], [set | x], [{compressed, true}], [{decentralized_counters, 1}]]].
new_bad_name() -> [e(fun() -> ets:new(N, []) end) || N <- ["t", <<"t">>, 1, {a}]].
new_concurrency() -> [conc(new([T | O])) || T <- [set, ordered_set, bag], O <- [[], [public], [{read_concurrency, true}], [public, {write_concurrency, true}], [public, {write_concurrency, auto}], [public, {write_concurrency, true}, {decentralized_counters, true}], [public, {write_concurrency, auto}, {decentralized_counters, false}], [private, {read_concurrency, true}, {write_concurrency, true}], [protected, {write_concurrency, auto}], [public, {decentralized_counters, true}]]].
new_compressed() -> [props(new([compressed, T])) || T <- [set, ordered_set, bag, duplicate_bag]].
name(T) -> T.

info_items() -> lists:sort([K || {K, _} <- ets:info(new([]))]).
info_order() -> [K || {K, _} <- ets:info(new([bag]))].
info_undefined() -> [ets:info(nosuch), ets:info(nosuch, size), ets:info(make_ref()), ets:info(make_ref(), size)].
info_bad_table() -> [e(fun() -> ets:info(X) end) || X <- [1, "a", <<>>, {a}, self()]].
info_bad_table_item() -> [e(fun() -> ets:info(X, size) end) || X <- [1, "a", <<>>, {a}]].
info_bad_item() -> T = new([]), [e(fun() -> ets:info(T, X) end) || X <- [foo, 1, "size", {size}, nil]].
info_deleted() -> T = new([]), ets:delete(T), {ets:info(T), ets:info(T, size), e(fun() -> ets:info(T, foo) end)}.
info_undefined_bad_item() -> e(fun() -> ets:info(nosuch, foo) end).
info_id_name_owner() -> T = new([]), {ets:info(T, id) =:= T, ets:info(T, name), ets:info(T, owner) =:= self()}.
info_size() -> T = new([]), [begin ets:insert(T, {N}), ets:info(T, size) end || N <- [1, 2, 2, 3]].
info_memory_grows() -> [begin T = new([K]), A = ets:info(T, memory), ets:insert(T, [{N, lists:seq(1, 10)} || N <- lists:seq(1, 100)]), B = ets:info(T, memory), ets:delete_all_objects(T), C = ets:info(T, memory), {is_integer(A), B - A >= 2000, C < B} end || K <- [set, ordered_set, bag, duplicate_bag]].
info_memory_compressed_smaller() -> [begin L = [{N, lists:duplicate(200, N)} || N <- lists:seq(1, 50)], A = new([K]), B = new([K, compressed]), ets:insert(A, L), ets:insert(B, L), ets:info(B, memory) * 3 < ets:info(A, memory) end || K <- [set, ordered_set, bag, duplicate_bag]].
info_fixed() -> T = new([]), A = ets:info(T, fixed), ets:safe_fixtable(T, true), B = ets:info(T, fixed), ets:safe_fixtable(T, false), {A, B, ets:info(T, fixed)}.
info_safe_fixed() -> T = new([public]), A = ets:info(T, safe_fixed), ets:safe_fixtable(T, true), ets:safe_fixtable(T, true), {{_, _, _}, L} = ets:info(T, safe_fixed), {Mono, L} = ets:info(T, safe_fixed_monotonic_time), {A, [{P =:= self(), N} || {P, N} <- L], is_integer(Mono), Mono =< erlang:monotonic_time()}.
info_binary_shape() -> T = new([]), ets:insert(T, {1, binary:copy(<<"x">>, 200)}), ets:insert(T, {2, <<"small">>}), [{is_integer(A), S, R} || {A, S, R} <- ets:info(T, binary)].
info_binary_none() -> T = new([]), ets:insert(T, {1, a}), {ets:info(T, binary), ets:info(new([bag]), binary), ets:info(nosuch, binary)}.
info_stats_shape() -> [case ets:info(new([T]), stats) of S when is_tuple(S) -> {tuple_size(S), [is_number(X) || X <- tuple_to_list(S), not is_boolean(X)]}; Other -> Other end || T <- [set, bag, duplicate_bag, ordered_set]].
info_stats_chain() -> T = new([]), ets:insert(T, [{N} || N <- lists:seq(1, 1000)]), S = ets:info(T, stats), {is_float(element(2, S)), element(2, S) > 0, is_integer(element(1, S)), element(5, S) =< element(6, S)}.
info_private_from_other() -> T = new([private]), ets:insert(T, {1}), other(fun() -> {ets:info(T, size), ets:info(T, protection)} end).
all_lists_mine() -> T = new([]), ets:new(ets_tables_c, [named_table]), All = ets:all(), {lists:member(T, All), lists:member(ets_tables_c, All)}.
all_not_deleted() -> T = new([]), ets:delete(T), lists:member(T, ets:all()).
whereis_table() -> ets:new(ets_tables_d, [named_table]), R = ets:whereis(ets_tables_d), ets:insert(ets_tables_d, {1}), {is_reference(R), ets:lookup(R, 1), ets:whereis(nosuch)}.
whereis_bad() -> [e(fun() -> ets:whereis(X) end) || X <- [1, "a", make_ref()]].
tid_through_external() -> T = new([]), ets:insert(T, {1}), U = binary_to_term(term_to_binary(T)), {U =:= T, ets:lookup(U, 1), ets:info(U, name)}.

rename() -> ets:new(ets_tables_e, [named_table]), {ets:rename(ets_tables_e, ets_tables_f), ets:info(ets_tables_e), ets:info(ets_tables_f, name)}.
rename_same() -> ets:new(ets_tables_g, [named_table]), {ets:rename(ets_tables_g, ets_tables_g), ets:info(ets_tables_g, name)}.
rename_taken() -> ets:new(ets_tables_h, [named_table]), ets:new(ets_tables_i, [named_table]), ets:rename(ets_tables_h, ets_tables_i).
rename_unnamed() -> T = new([]), {ets:rename(T, other) =:= T, ets:info(T, name), ets:whereis(other)}.
rename_bad() -> T = new([]), [e(fun() -> ets:rename(A, B) end) || {A, B} <- [{T, "x"}, {nosuch, a}, {T, 1}, {1, a}]].
rename_not_owner() -> T = new([]), P = new([public]), {other(fun() -> ets:rename(T, x) end), other(fun() -> ets:info(P, name) end)}.

delete_table() -> T = new([]), {ets:delete(T), e(fun() -> ets:lookup(T, 1) end), e(fun() -> ets:delete(T) end)}.
delete_not_owner() -> [other(fun() -> ets:delete(T) end) || T <- [new([public]), new([]), new([private])]].
delete_named_frees_name() -> ets:new(ets_tables_j, [named_table]), ets:delete(ets_tables_j), ets:new(ets_tables_j, [named_table, bag]), ets:info(ets_tables_j, type).
delete_big() -> T = new([]), [ets:insert(T, {N, [N]}) || N <- lists:seq(1, 20000)], ets:delete(T).
delete_all_objects() -> [begin T = new([K]), ets:insert(T, [{N, a} || N <- lists:seq(1, 500)]), {ets:delete_all_objects(T), ets:info(T, size), ets:tab2list(T), ets:insert(T, {1}), ets:tab2list(T)} end || K <- [set, ordered_set, bag, duplicate_bag]].
delete_all_objects_rights() -> {other(fun() -> ets:delete_all_objects(nosuch) end), begin T = new([]), other(fun() -> ets:delete_all_objects(T) end) end}.

owner_exit_deletes() -> {P, T} = owner([]), stop(P), {ets:info(T), lists:member(T, ets:all())}.
owner_exit_deletes_named() -> {P, T} = owner([named_table]), stop(P), {T, ets:info(T), ets:whereis(T)}.
owner_killed_deletes() -> {P, T} = owner([]), M = monitor(process, P), exit(P, kill), receive {'DOWN', M, _, _, R} -> ok end, {R, ets:info(T)}.
owner_linked_exit_deletes() -> {P, T} = owner([]), M = monitor(process, P), exit(P, shutdown), receive {'DOWN', M, _, _, R} -> ok end, {R, ets:info(T)}.
owner_error_deletes() -> case_runner:quiet(), {P, T} = owner([]), M = monitor(process, P), P ! crash, receive {'DOWN', M, _, _, _} -> ok end, ets:info(T).
owner_heir_self() -> {P, T} = owner([{heir, self(), data}]), stop(P), receive {'ETS-TRANSFER', T, P, D} -> {D, ets:info(T, owner) =:= self(), ets:info(T, heir), ets:lookup(T, k)} end.
owner_heir_killed() -> {P, T} = owner([{heir, self(), {big, lists:seq(1, 5)}}]), exit(P, kill), receive {'ETS-TRANSFER', T, P, D} -> {D, ets:info(T, owner) =:= self()} end.
owner_heir_named() -> {P, T} = owner([named_table, {heir, self(), data}]), stop(P), receive {'ETS-TRANSFER', ets_tables_owned, P, D} -> R = {T, D, ets:lookup(T, k)}, ets:delete(T), R end.
owner_heir_dead() -> D = idle(), stop(D), {P, T} = owner([{heir, D, data}]), stop(P), ets:info(T).
owner_heir_none() -> {P, T} = owner([{heir, none}]), I = ets:info(T, heir), stop(P), {I, ets:info(T)}.
owner(Options) ->
    Self = self(),
    P = spawn(fun() ->
        T = ets:new(ets_tables_owned, Options),
        ets:insert(T, {k, v}),
        Self ! {self(), T},
        receive stop -> ok; crash -> error(crash) end
    end),
    receive {P, T} -> {P, T} end.

setopts_heir() -> T = new([]), P = self(), [begin ets:setopts(T, O), ets:info(T, heir) end || O <- [{heir, P, x}, [{heir, none}], [{heir, P, y}], []]] =:= [P, none, P, P].
setopts_bad() -> T = new([]), [e(fun() -> ets:setopts(T, O) end) || O <- [foo, [foo], {heir, a, b}, [{heir, none}, {heir, none}], {protection, public}, [{heir}], {heir, self()}]].
setopts_not_owner() -> T = new([public]), other(fun() -> ets:setopts(T, {heir, none}) end).
setopts_bad_table() -> [e(fun() -> ets:setopts(X, {heir, none}) end) || X <- [nosuch, 1]].
setopts_used() -> {P, T} = owner([{heir, self(), old}]), stop(P), receive {'ETS-TRANSFER', T, P, D} -> D end.

give_away() -> T = new([]), ets:insert(T, {a, 1}), S = self(), P = spawn(fun() -> receive {'ETS-TRANSFER', X, F, D} -> S ! {got, X =:= T, F =:= S, D, ets:info(X, owner) =:= self(), ets:lookup(X, a)} end, receive stop -> ok end end), R = ets:give_away(T, P, {gift, "x"}), receive {got, _, _, _, _, _} = G -> {R, G, e(fun() -> ets:insert(T, {b}) end)} end.
give_away_bad() -> T = new([]), D = idle(), stop(D), [e(fun() -> ets:give_away(A, B, x) end) || {A, B} <- [{T, self()}, {T, D}, {T, foo}, {nosuch, self()}, {1, self()}, {T, make_ref()}]].
give_away_not_owner() -> T = new([public]), P = idle(), R = other(fun() -> ets:give_away(T, P, x) end), stop(P), R.
give_away_then_exit() -> T = new([]), P = idle(), ets:give_away(T, P, x), stop(P), ets:info(T).
give_away_keeps_heir() -> T = new([{heir, self(), inherited}]), P = idle(), ets:give_away(T, P, x), stop(P), receive {'ETS-TRANSFER', T, P, D} -> {D, ets:info(T, owner) =:= self()} end.

rights_read() -> [other(fun() -> ets:lookup(T, 1) end) || T <- [new([public]), new([protected]), new([private])]].
rights_write() -> [other(fun() -> ets:insert(T, {1}) end) || T <- [new([public]), new([protected]), new([private])]].
rights_all_reads() -> T = new([private]), other(fun() -> [e(F) || F <- [fun() -> ets:member(T, 1) end, fun() -> ets:first(T) end, fun() -> ets:next(T, 1) end, fun() -> ets:lookup_element(T, 1, 1) end, fun() -> ets:select(T, [{'_', [], ['$_']}]) end, fun() -> ets:match(T, '_') end, fun() -> ets:slot(T, 0) end, fun() -> ets:select_count(T, [{'_', [], [true]}]) end, fun() -> ets:safe_fixtable(T, true) end, fun() -> ets:tab2list(T) end]] end).
rights_all_writes() -> T = new([protected]), other(fun() -> [e(F) || F <- [fun() -> ets:insert_new(T, {1}) end, fun() -> ets:delete(T, 1) end, fun() -> ets:delete_object(T, {1}) end, fun() -> ets:take(T, 1) end, fun() -> ets:update_counter(T, 1, 1) end, fun() -> ets:update_element(T, 1, {2, 2}) end, fun() -> ets:select_delete(T, [{'_', [], [true]}]) end, fun() -> ets:select_replace(T, [{'_', [], ['$_']}]) end, fun() -> ets:match_delete(T, '_') end]] end).

fix_counts() -> T = new([]), ets:safe_fixtable(T, true), ets:safe_fixtable(T, true), ets:safe_fixtable(T, false), A = ets:info(T, fixed), ets:safe_fixtable(T, false), {A, ets:info(T, fixed)}.
fix_unfix_unfixed() -> T = new([]), {ets:safe_fixtable(T, false), ets:info(T, fixed)}.
fix_bad() -> T = new([]), [e(fun() -> ets:safe_fixtable(A, B) end) || {A, B} <- [{T, foo}, {nosuch, true}, {1, true}, {T, 1}]].
fix_ends_with_process() -> T = new([public]), S = self(), P = spawn(fun() -> ets:safe_fixtable(T, true), S ! fixed, receive stop -> ok end end), receive fixed -> ok end, A = ets:info(T, fixed), stop(P), {A, ets:info(T, fixed)}.
fix_walk_with_deletes() -> [begin T = new([K]), ets:insert(T, [{N} || N <- lists:seq(1, 200)]), ets:safe_fixtable(T, true), Seen = walk_deleting(T, ets:first(T), []), ets:safe_fixtable(T, false), {lists:sort(Seen) =:= lists:seq(1, 200), ets:info(T, size)} end || K <- [set, ordered_set, bag, duplicate_bag]].
walk_deleting(_, '$end_of_table', Acc) -> Acc;
walk_deleting(T, K, Acc) -> ets:delete(T, K), walk_deleting(T, ets:next(T, K), [K | Acc]).
fix_walk_with_inserts() -> T = new([]), ets:insert(T, [{N} || N <- lists:seq(1, 100)]), ets:safe_fixtable(T, true), Seen = walk_inserting(T, ets:first(T), []), ets:safe_fixtable(T, false), {lists:seq(1, 100) -- Seen, length(Seen) =:= length(lists:usort(Seen))}.
walk_inserting(_, '$end_of_table', Acc) -> Acc;
walk_inserting(T, K, Acc) when K =< 100 -> ets:insert(T, {K + 1000}), walk_inserting(T, ets:next(T, K), [K | Acc]);
walk_inserting(T, K, Acc) -> walk_inserting(T, ets:next(T, K), [K | Acc]).
fix_reinsert_deleted() -> T = new([]), ets:insert(T, {1, a}), ets:safe_fixtable(T, true), ets:delete(T, 1), A = {ets:lookup(T, 1), ets:info(T, size), ets:first(T)}, ets:insert(T, {1, b}), B = {ets:lookup(T, 1), ets:info(T, size)}, ets:safe_fixtable(T, false), {A, B, ets:tab2list(T)}.
fix_delete_next() -> T = new([]), ets:insert(T, [{1}, {2}]), ets:safe_fixtable(T, true), F = ets:first(T), ets:delete(T, F), N = ets:next(T, F), {F + N, ets:next(T, N), e(fun() -> ets:next(T, 77) end)}.

table_qlc() -> T = new([ordered_set]), ets:insert(T, [{N, N * N} || N <- lists:seq(1, 5)]), qlc:e(ets:table(T)).
from_to_dets_shape() -> e(fun() -> ets:to_dets(nosuch, nosuch) end).
table_limits_name_and_reference() -> T = new([named_table]), ets:insert(t, {1}), R = {T, ets:lookup(t, 1), ets:member(ets:whereis(t), 1)}, ets:delete(t), R.

%% What comes beside the atom that stands for the end.
beside_the_end() -> [begin T = new([K, public]), ets:insert(T, [{1}, {b}]), A = [e(fun() -> ets:F(T, '$end_of_table') end) || F <- [next, prev]], ets:insert(T, {'$end_of_table'}), {K, A, [e(fun() -> ets:F(T, X) end) || K =:= ordered_set, F <- [next, prev], X <- ['$end_of_table', b, 1]]} end || K <- [set, ordered_set]].

%% An heir that is gone when it is named is none, and a search belongs to the table that had the name, if it is not ordered.
%% What somebody does with a table while it is deleted: as before, or badarg, but never as with an empty one.
deleted_meanwhile() ->
    Objects = [{N, N} || N <- lists:seq(1, 3000)],
    lists:usort([X || Type <- [set, ordered_set], F <- meanwhile(Objects), _ <- lists:seq(1, 40), X <- [deleted(Type, Objects, F)]]).
meanwhile(Objects) ->
    [fun(T) -> ets:insert_new(T, Objects) end, fun(T) -> not ets:member(T, 2999) end, fun(T) -> ets:lookup(T, 7) =:= [] end,
     fun(T) -> ets:first(T) =:= '$end_of_table' end, fun(T) -> ets:select_count(T, [{'_', [], [true]}]) =/= 3000 end].
deleted(Type, Objects, F) ->
    T = new([Type, public]),
    ets:insert(T, Objects),
    {P, R} = spawn_monitor(fun() -> exit(until_deleted(T, F)) end),
    receive after 1 -> ok end,
    ets:delete(T),
    receive {'DOWN', R, _, P, What} -> What end.
until_deleted(T, F) -> try F(T) of false -> until_deleted(T, F); Other -> Other catch error:badarg -> badarg end.
heir_gone() -> {P, R} = spawn_monitor(fun() -> ok end), receive {'DOWN', R, _, _, _} -> ok end, T = new([{heir, P, x}]), A = ets:info(T, heir), ets:setopts(T, {heir, self(), y}), B = ets:info(T, heir) =:= self(), ets:setopts(T, {heir, P, x}), {A, B, ets:info(T, heir)}.
search_of_a_name() ->
    N = ets_tables_search,
    Fill = fun(K) -> ets:new(N, [named_table, K]), ets:insert(N, [{k}, {l}]) end,
    [begin
         Fill(K),
         {[[_]], C} = ets:match(N, {'$1'}, 1),
         ets:rename(N, ets_tables_renamed),
         A = try ets:match(C) of {[[_]], _} -> one; Other -> Other catch error:badarg -> badarg end,
         Fill(K),
         ets:delete(ets_tables_renamed),
         B = try ets:match(C) of {[[_]], _} -> one catch error:badarg -> badarg end,
         ets:delete(N),
         {K, A, B}
     end || K <- [set, ordered_set]].
