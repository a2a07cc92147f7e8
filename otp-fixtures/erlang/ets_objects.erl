%%% ETS: objects by key, counters, elements, order, keys that compare equal, all four types.
-module(ets_objects).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

-define(KINDS, [set, ordered_set, bag, duplicate_bag]).
id(X) -> X.
e(F) -> case_runner:attempt(?MODULE, F).
new(K) -> ets:new(t, if is_list(K) -> K; true -> [K] end).
with(K, L) -> T = new(K), ets:insert(T, L), T.
all(T) -> lists:sort(ets:tab2list(T)).
each(L, F) -> [{K, F(with(K, L))} || K <- ?KINDS].
both(L, F) -> [F(with(K, L)) || K <- [set, ordered_set]].

insert_one() -> each([], fun(T) -> {ets:insert(T, {a, 1}), ets:insert(T, {a, 2}), ets:insert(T, {a, 1}), ets:lookup(T, a)} end).
insert_list() -> each([], fun(T) -> {ets:insert(T, [{a, 1}, {b, 2}, {a, 3}, {a, 1}]), ets:lookup(T, a), ets:info(T, size)} end).
insert_empty_list() -> each([], fun(T) -> {ets:insert(T, []), ets:info(T, size)} end).
insert_keypos() -> [begin T = new([K, {keypos, 2}]), ets:insert(T, [{a, 1}, {b, 1}, {c, 2}]), {all(T), ets:lookup(T, 1)} end || K <- ?KINDS].
insert_bad() -> T = new(set), [e(fun() -> ets:insert(T, X) end) || X <- [a, 1, {}, [{a}, b], [{a} | b], [{}], "abc", #{}]].
insert_bad_is_atomic() -> T = new(set), {e(fun() -> ets:insert(T, [{a}, {b}, c]) end), ets:tab2list(T)}.
insert_bad_keypos() -> T = new([{keypos, 3}]), {e(fun() -> ets:insert(T, {a, b}) end), e(fun() -> ets:insert(T, [{a, b, c}, {a}]) end), ets:info(T, size)}.
insert_bad_table() -> [e(fun() -> ets:insert(X, {a}) end) || X <- [nosuch, 1, make_ref(), self(), "t"]].
insert_new() -> each([{a, 1}], fun(T) -> {ets:insert_new(T, {a, 2}), ets:insert_new(T, {b, 1}), ets:insert_new(T, [{c, 1}, {a, 9}]), ets:insert_new(T, [{d, 1}, {d, 2}]), ets:insert_new(T, []), all(T)} end).
insert_new_bad() -> T = new(set), [e(fun() -> ets:insert_new(T, X) end) || X <- [a, {}, [{a}, b], [a | b]]].
bag_reinsert_order() -> T = new(bag), [ets:insert(T, {k, V}) || V <- [1, 2, 3, 1, 4, 2]], ets:lookup(T, k).
duplicate_bag_order() -> T = new(duplicate_bag), [ets:insert(T, {k, V}) || V <- [1, 2, 3, 1, 4, 2]], ets:lookup(T, k).
bag_int_float_objects() -> T = new(bag), ets:insert(T, [{k, 1}, {k, 1.0}, {k, 1}]), ets:lookup(T, k).
bag_list_insert_order() -> [begin T = new(K), ets:insert(T, [{k, 1}, {k, 2}, {j, 1}, {k, 3}, {k, 1}]), {ets:lookup(T, k), ets:lookup(T, j)} end || K <- [bag, duplicate_bag]].
keys_int_float() -> each([{1, i}, {1.0, f}], fun(T) -> {ets:info(T, size), ets:lookup(T, 1), ets:lookup(T, 1.0), ets:member(T, 1.0)} end).
keys_int_float_deep() -> each([{{1, [2]}, i}, {{1.0, [2.0]}, f}], fun(T) -> {ets:info(T, size), ets:lookup(T, {1, [2.0]}), ets:lookup(T, {1, [2]})} end).
keys_big() -> each([{1 bsl 70, a}, {-(1 bsl 70), b}, {1 bsl 60, c}, {float(1 bsl 70), d}], fun(T) -> {ets:info(T, size), ets:lookup(T, 1 bsl 70), ets:lookup(T, 1 bsl 60)} end).
keys_maps() -> each([{#{a => 1}, x}, {#{b => 2}, y}], fun(T) -> {ets:lookup(T, #{a => 1}), ets:lookup(T, #{a => 1.0}), ets:lookup(T, #{})} end).
keys_float_zero() -> each([{0.0, pos}], fun(T) -> {ets:lookup(T, 0), ets:lookup(T, id(0.0)), ets:info(T, size)} end).
keys_binaries() -> each([{<<"a">>, 1}, {<<"ab">>, 2}, {<<1:3>>, 3}, {binary:copy(<<"z">>, 100), 4}], fun(T) -> [ets:lookup(T, X) =/= [] || X <- [<<"a">>, <<"ab">>, <<1:3>>, <<1:4>>, binary:copy(<<"z">>, 100), <<>>]] end).
keys_funs_refs_pids() -> F = fun lists:map/2, R = make_ref(), each([{F, f}, {R, r}, {self(), p}, {[], n}], fun(T) -> [element(2, hd(ets:lookup(T, X))) || X <- [F, R, self(), []]] end).
lookup_missing() -> each([{a}], fun(T) -> {ets:lookup(T, b), ets:member(T, b), ets:member(T, a)} end).
lookup_bad() -> [e(fun() -> ets:lookup(X, a) end) || X <- [nosuch, 1, make_ref(), <<"x">>]].
member_bad() -> [e(fun() -> ets:member(X, a) end) || X <- [nosuch, 1]].
lookup_copies() -> T = with(set, [{a, [1, {2}, <<"three">>, #{four => 4}, 5.0, 1 bsl 100, fun lists:map/2]}]), ets:lookup(T, a).
lookup_element_3() -> each([{a, 1, x}, {a, 2, y}], fun(T) -> {ets:lookup_element(T, a, 1), ets:lookup_element(T, a, 2), ets:lookup_element(T, a, 3)} end).
lookup_element_bad() -> T = with(set, [{a, 1}]), [e(fun() -> ets:lookup_element(A, B, C) end) || {A, B, C} <- [{T, a, 3}, {T, a, 0}, {T, b, 1}, {T, a, x}, {nosuch, a, 1}, {T, a, -1}, {T, b, x}, {T, b, 0}]].
lookup_element_short_in_bag() -> T = with(bag, [{a, 1, 2}, {a, 1}]), e(fun() -> ets:lookup_element(T, a, 3) end).
lookup_element_4() -> each([{a, 1}], fun(T) -> {e(fun() -> ets:lookup_element(T, a, 2, d) end), e(fun() -> ets:lookup_element(T, b, 2, d) end), e(fun() -> ets:lookup_element(T, a, 9, d) end), e(fun() -> ets:lookup_element(T, b, 9, d) end), e(fun() -> ets:lookup_element(T, b, 0, d) end), e(fun() -> ets:lookup_element(nosuch, b, 1, d) end)} end).
delete_key() -> each([{a, 1}, {a, 2}, {b, 1}], fun(T) -> {ets:delete(T, a), ets:delete(T, zz), all(T), ets:info(T, size)} end).
delete_key_bad() -> [e(fun() -> ets:delete(X, a) end) || X <- [nosuch, 1]].
delete_object() -> each([{a, 1}, {a, 2}, {a, 1}, {b, 1}], fun(T) -> {ets:delete_object(T, {a, 1}), ets:delete_object(T, {a, 7}), ets:delete_object(T, {b, 1.0}), all(T)} end).
delete_object_bad() -> T = new(set), [e(fun() -> ets:delete_object(A, B) end) || {A, B} <- [{T, a}, {T, {}}, {nosuch, {a}}, {T, [{a}]}]].
delete_object_key_equal() -> T = with(ordered_set, [{1, a}]), {ets:delete_object(T, {1.0, a}), ets:tab2list(T), ets:delete_object(T, {1, a}), ets:tab2list(T)}.
take() -> each([{a, 1}, {a, 2}, {b, 1}], fun(T) -> {ets:take(T, a), ets:take(T, a), all(T)} end).
take_bad() -> [e(fun() -> ets:take(X, a) end) || X <- [nosuch, 1]].
overwrite_sizes() -> both([{a, 1}], fun(T) -> [begin ets:insert(T, {a, lists:seq(1, N)}), {ets:info(T, size), length(ets:lookup_element(T, a, 2))} end || N <- [0, 10, 1, 1000, 3]] end).

counter_int() -> both([{a, 5}], fun(T) -> [ets:update_counter(T, a, N) || N <- [1, -2, 0, 100, 1 bsl 70, -(1 bsl 70), 1 bsl 58, 1 bsl 58, 1 bsl 59]] end).
counter_tuple() -> both([{a, 5, 7, x}], fun(T) -> {ets:update_counter(T, a, {2, 1}), ets:update_counter(T, a, {3, -9}), ets:lookup(T, a)} end).
counter_wrap() -> both([{a, 5}], fun(T) -> [ets:update_counter(T, a, Op) || Op <- [{2, 1, 6, 0}, {2, 1, 6, 0}, {2, 10, 5, 1}, {2, -1, 0, 9}, {2, -1, 0, 9}, {2, -20, 0, 3}, {2, 0, 0, 77}, {2, 1, 1 bsl 80, 0}, {2, 1 bsl 90, 5, -1}]] end).
counter_list() -> both([{a, 1, 2, 3}], fun(T) -> {ets:update_counter(T, a, [{2, 1}, {3, 10}, {4, -1}, {2, 5}]), ets:update_counter(T, a, []), ets:lookup(T, a)} end).
counter_list_atomic() -> T = with(set, [{a, 1, x}]), {e(fun() -> ets:update_counter(T, a, [{2, 1}, {3, 1}]) end), ets:lookup(T, a)}.
counter_default() -> both([], fun(T) -> {ets:update_counter(T, k, 1, {k, 0}), ets:update_counter(T, k, 1, {k, 0}), ets:update_counter(T, j, {3, 2}, {ignored, x, 10}), lists:sort(ets:tab2list(T))} end).
counter_default_keypos() -> T = new([{keypos, 2}]), {ets:update_counter(T, k, {3, 1}, {x, y, 5}), ets:tab2list(T)}.
counter_default_bad() -> [e(fun() -> ets:update_counter(new(set), k, Op, D) end) || {Op, D} <- [{1, x}, {1, a}, {[], {k, 1}}, {[{2, 1}, {2, 2}], {k, 1}}]].
counter_bad() -> T = with(set, [{a, 1, x}]), [e(fun() -> ets:update_counter(T, K, Op) end) || {K, Op} <- [{b, 1}, {a, x}, {a, {3, 1}}, {a, {1, 1}}, {a, {9, 1}}, {a, {0, 1}}, {a, {2, x}}, {a, {2, 1, x, 0}}, {a, {2, 1, 5}}, {a, [{2, 1} | x]}, {a, {2, 1.0}}, {a, {x, 1}}, {a, 1.5}, {b, {3, x}}]].
counter_bad_table() -> [e(fun() -> ets:update_counter(X, a, 1) end) || X <- [nosuch, 1, with(bag, [{a, 1}]), with(duplicate_bag, [])]].
counter_float_key_ordered() -> T = with(ordered_set, [{1, 10}]), {ets:update_counter(T, 1.0, 1), ets:tab2list(T)}.
element_one() -> both([{a, 1, 2}], fun(T) -> {ets:update_element(T, a, {2, new}), ets:update_element(T, a, [{3, <<"bin">>}, {2, [l]}]), ets:update_element(T, b, {2, x}), ets:update_element(T, a, []), ets:tab2list(T)} end).
element_twice() -> T = with(set, [{a, 1}]), {ets:update_element(T, a, [{2, x}, {2, y}]), ets:lookup(T, a)}.
element_bad() -> T = with(set, [{a, 1}]), [e(fun() -> ets:update_element(T, K, S) end) || {K, S} <- [{a, {1, x}}, {a, {3, x}}, {a, {0, x}}, {a, x}, {a, [{2, y}, {9, x}]}, {a, {2}}, {a, [{2, x} | y]}, {b, {1, x}}, {b, x}, {b, {9, x}}, {a, {x, 1}}]] ++ ets:lookup(T, a).
element_bad_table() -> [e(fun() -> ets:update_element(X, a, {2, 1}) end) || X <- [nosuch, 1, with(bag, [{a, 1}])]].
element_default() -> both([{a, 1}], fun(T) -> {e(fun() -> ets:update_element(T, b, {2, x}, {k, 0}) end), e(fun() -> ets:update_element(T, a, {2, x}, {k, 0}) end), e(fun() -> ets:update_element(T, c, {3, x}, {k, 0}) end), e(fun() -> ets:update_element(T, c, {2, x}, foo) end), lists:sort(ets:tab2list(T))} end).
element_grows() -> T = with(set, [{a, 1}]), [begin ets:update_element(T, a, {2, lists:seq(1, N)}), length(ets:lookup_element(T, a, 2)) end || N <- [0, 5, 50, 2]].

order_terms() -> T = with(ordered_set, [{X} || X <- [b, 1, "s", <<"b">>, {1}, 1.5, #{}, [], {a, b}, -3, a, <<1:1>>, 1 bsl 70, [1 | 2]]]), ets:tab2list(T).
order_first_last() -> T = with(ordered_set, [{N} || N <- [5, 1, 9, 3]]), {ets:first(T), ets:last(T), ets:next(T, 1), ets:next(T, 9), ets:prev(T, 1), ets:prev(T, 9), ets:next(T, 4), ets:prev(T, 4), ets:next(T, 100), ets:prev(T, -1), ets:next(T, 3.0)}.
order_empty() -> [begin T = new(K), {ets:first(T), ets:last(T)} end || K <- ?KINDS].
order_walk() -> T = with(ordered_set, [{(N * 7919) rem 1009} || N <- lists:seq(1, 600)]), F = walk(T, ets:first(T), fun ets:next/2), B = walk(T, ets:last(T), fun ets:prev/2), {F =:= lists:reverse(B), F =:= lists:sort(F), length(F)}.
walk(_, '$end_of_table', _) -> [];
walk(T, K, Step) -> [K | walk(T, Step(T, K), Step)].
order_lookup_neighbours() -> T = with(ordered_set, [{N, N * N} || N <- [1, 2, 3]]), [e(F) || F <- [fun() -> ets:first_lookup(T) end, fun() -> ets:last_lookup(T) end, fun() -> ets:next_lookup(T, 1) end, fun() -> ets:prev_lookup(T, 3) end, fun() -> ets:next_lookup(T, 3) end, fun() -> ets:prev_lookup(T, 1) end, fun() -> ets:next_lookup(nosuch, 1) end, fun() -> ets:first_lookup(nosuch) end]].
set_lookup_neighbours() -> [begin T = with(K, [{a, 1}, {a, 2}]), [e(F) || F <- [fun() -> ets:first_lookup(T) end, fun() -> ets:last_lookup(T) end, fun() -> ets:next_lookup(T, a) end, fun() -> ets:prev_lookup(T, a) end, fun() -> ets:next_lookup(T, b) end]] end || K <- [set, bag, duplicate_bag]].
set_walk() -> [begin T = with(K, [{N rem 50, N} || N <- lists:seq(1, 200)]), lists:sort(walk(T, ets:first(T), fun ets:next/2)) =:= lists:seq(0, 49) end || K <- [set, bag, duplicate_bag]].
set_walk_last_prev() -> T = with(set, [{N} || N <- lists:seq(1, 10)]), ets:first(T) =:= ets:last(T).
next_missing() -> [e(fun() -> ets:next(with(K, [{a}]), b) end) || K <- ?KINDS].
prev_missing() -> [e(fun() -> ets:prev(with(K, [{a}]), b) end) || K <- ?KINDS].
walk_bad() -> [e(F) || F <- [fun() -> ets:first(nosuch) end, fun() -> ets:last(1) end, fun() -> ets:next(nosuch, 1) end, fun() -> ets:prev(make_ref(), 1) end]].
slot_ordered() -> T = with(ordered_set, [{N} || N <- [3, 1, 2]]), [e(fun() -> ets:slot(T, N) end) || N <- [0, 1, 2, 3, 4, -1, a]].
slot_hash() -> [begin T = with(K, [{N} || N <- lists:seq(1, 100)]), lists:sort(slots(T, 0)) =:= [{N} || N <- lists:seq(1, 100)] end || K <- [set, bag, duplicate_bag]].
slots(T, N) -> case ets:slot(T, N) of '$end_of_table' -> []; L -> L ++ slots(T, N + 1) end.
slot_bad() -> T = new(set), [e(fun() -> ets:slot(A, B) end) || {A, B} <- [{T, -1}, {T, a}, {nosuch, 0}, {T, 1 bsl 70}]].
fold() -> both([{N, N} || N <- lists:seq(1, 30)], fun(T) -> {ets:foldl(fun({A, B}, S) -> A + B + S end, 0, T), ets:foldr(fun({A, _}, S) -> A + S end, 0, T)} end).
fold_ordered() -> T = with(ordered_set, [{N} || N <- [3, 1, 2]]), {ets:foldl(fun({N}, A) -> [N | A] end, [], T), ets:foldr(fun({N}, A) -> [N | A] end, [], T)}.
tab2list_order() -> T = with(ordered_set, [{N} || N <- [3, 1, 2]]), ets:tab2list(T).
init_table() -> T = new(set), R = fun Read(read) -> {[{1, a}, {2, b}], fun (read) -> end_of_input; (close) -> ok end}; Read(close) -> ok end, {ets:init_table(T, R), all(T)}.
to_from_table() -> A = with(set, [{1}, {2}]), B = new(set), {ets:init_table(B, fun(read) -> {ets:tab2list(A), fun(read) -> end_of_input; (close) -> ok end}; (close) -> ok end), all(B)}.

compressed_round_trip() -> [begin T = new([K, compressed]), L = [{N, lists:duplicate(N, N), binary:copy(<<N>>, 100), #{n => N}} || N <- lists:seq(1, 50)], ets:insert(T, L), {all(T) =:= L, ets:lookup(T, 7) =:= [lists:nth(7, L)], ets:lookup_element(T, 8, 2), ets:member(T, 51)} end || K <- ?KINDS].
compressed_update() -> [begin T = new([K, compressed]), ets:insert(T, {a, 1, lists:seq(1, 100)}), {ets:update_counter(T, a, 5), ets:update_counter(T, a, [{2, 1}, {2, 1}]), ets:update_element(T, a, {3, x}), ets:lookup(T, a), ets:take(T, a), ets:info(T, size)} end || K <- [set, ordered_set]].
compressed_select() -> [begin T = new([K, compressed]), ets:insert(T, [{N, lists:duplicate(20, N)} || N <- lists:seq(1, 20)]), {lists:sort(ets:select(T, [{{'$1', ['$2' | '_']}, [{'>', '$2', 15}], [{{'$1', '$2'}}]}])), ets:select_count(T, [{{'$1', '_'}, [{'<', '$1', 5}], [true]}]), ets:match_object(T, {3, '_'}), ets:select_delete(T, [{{'$1', '_'}, [{'>', '$1', 2}], [true]}]), lists:sort(ets:match(T, {'$1', '_'}))} end || K <- ?KINDS].
compressed_keys() -> [begin T = new([K, compressed]), Key = {lists:seq(1, 50), <<"key">>, 1.5}, ets:insert(T, [{Key, v}, {[], w}]), {ets:lookup(T, Key) =:= [{Key, v}], ets:lookup(T, []), ets:delete(T, Key), ets:info(T, size)} end || K <- ?KINDS].
compressed_delete_object() -> [begin T = new([K, compressed]), ets:insert(T, [{a, [1, 2, 3]}, {a, [4]}]), ets:delete_object(T, {a, [4]}), ets:lookup(T, a) end || K <- ?KINDS].
compressed_replace() -> [begin T = new([K, compressed]), ets:insert(T, [{N, lists:seq(1, N)} || N <- lists:seq(1, 5)]), {ets:select_replace(T, [{{'$1', ['$2' | '$3']}, [{'>', '$1', 3}], [{{'$1', '$3'}}]}]), all(T)} end || K <- [set, ordered_set, duplicate_bag]].
compressed_walk() -> T = new([ordered_set, compressed]), ets:insert(T, [{{N, x}, lists:seq(1, N)} || N <- [3, 1, 2]]), {ets:first(T), ets:last(T), ets:next(T, {1, x}), ets:prev(T, {1, x}), ets:tab2list(T)}.

concurrent_counters() ->
    [begin
        T = ets:new(t, [K, public | O]),
        ets:insert(T, [{N, 0} || N <- lists:seq(1, 10)]),
        Ps = [spawn_monitor(fun() -> [ets:update_counter(T, 1 + N rem 10, 1) || N <- lists:seq(1, 1000)] end) || _ <- lists:seq(1, 8)],
        [receive {'DOWN', M, _, _, normal} -> ok end || {_, M} <- Ps],
        lists:sort(ets:tab2list(T))
     end || K <- [set, ordered_set], O <- [[], [{write_concurrency, true}], [{write_concurrency, auto}], [{read_concurrency, true}]]].
concurrent_insert_delete() ->
    [begin
        T = ets:new(t, [K, public, {write_concurrency, true}]),
        Ps = [spawn_monitor(fun() -> [begin ets:insert(T, {{P, N}, N}), N rem 3 =:= 0 andalso ets:delete(T, {P, N}) end || N <- lists:seq(1, 600)] end) || P <- lists:seq(1, 6)],
        [receive {'DOWN', M, _, _, normal} -> ok end || {_, M} <- Ps],
        {ets:info(T, size), length(ets:tab2list(T))}
     end || K <- ?KINDS].
concurrent_list_insert_isolated() ->
    T = ets:new(t, [set, public]), ets:insert(T, [{N, 0} || N <- lists:seq(1, 20)]),
    W = spawn_monitor(fun() -> [ets:insert(T, [{N, V} || N <- lists:seq(1, 20)]) || V <- lists:seq(1, 300)] end),
    receive {'DOWN', M, _, _, normal} when M =:= element(2, W) -> ok end,
    lists:usort([V || {_, V} <- ets:tab2list(T)]).

%% What module ets knows of the binaries in a table; a key that is not there has none.
binary_info() ->
    [begin
         T = ets:new(t, [K, public]),
         true = ets:insert(T, [{1, binary:copy(<<1>>, 100), [{binary:copy(<<2>>, 200)}]}, {2, b}]),
         {lists:sort([S || {_, S, _} <- ets:info(T, binary)]), [lists:sort([S || {_, S, _} <- erts_internal:ets_lookup_binary_info(T, Key)]) || Key <- [1, 2, 3]]}
     end || K <- [set, ordered_set, bag, duplicate_bag]].
