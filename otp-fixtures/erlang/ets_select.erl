%%% ETS: match and select in all their forms, continuations, deletes and replacements by specification.
-module(ets_select).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

-define(KINDS, [set, ordered_set, bag, duplicate_bag]).
e(F) -> case_runner:attempt(?MODULE, F).
with(K, L) -> T = ets:new(t, if is_list(K) -> K; true -> [K] end), ets:insert(T, L), T.
nums(K, N) -> with(K, [{I, I * I} || I <- lists:seq(1, N)]).
each(N, F) -> [F(nums(K, N)) || K <- ?KINDS].
s(L) -> lists:sort(L).
%% All chunks of a search with a limit, and their sizes.
chunks('$end_of_table', _) -> [];
chunks({L, C}, Next) -> [L | chunks(Next(C), Next)].

match_2() -> each(5, fun(T) -> {s(ets:match(T, {'$1', '_'})), ets:match(T, {3, '$1'}), ets:match(T, {'_', 16}), ets:match(T, {7, '$1'}), ets:match(T, '$1') =/= [], length(ets:match(T, '_'))} end).
match_order_of_variables() -> T = with(set, [{a, 1, 2, 3}]), {ets:match(T, {'_', '$3', '$1', '$2'}), ets:match(T, {'$10', '$2', '_', '$0'})}.
match_same_variable() -> T = with(bag, [{a, 1, 1}, {a, 1, 2}, {b, 2, 2.0}]), s(ets:match(T, {'$1', '$2', '$2'})).
match_nested() -> T = with(set, [{1, [a, {b, c}]}, {2, [a | d]}, {3, #{k => v, l => 7}}, {4, <<"x">>}]), [s(ets:match(T, P)) || P <- [{'$1', [a | '$2']}, {'$1', [a, {'$2', '_'}]}, {'$1', #{k => '$2'}}, {'$1', #{}}, {'$1', <<"x">>}, {'$1', #{l => 7, k => '_'}}, {'$1', #{z => '_'}}]].
%% Maps in keys: which objects a pattern finds, where the key is looked up and where it is walked to.
map_keys() ->
    Keys = [{K, V} || K <- [#{}, #{k => v}, #{k => 1}, #{a => b, k => v}, a, [], <<"x">>], V <- [1, #{}, #{k => v}]],
    Patterns = [{K, V} || K <- [#{}, #{k => '_'}, #{k => v}, '_', a], V <- [1, #{}, #{k => '$1'}, #{k => v}, '_']],
    [begin
        T = with(Kind, [{K, x} || K <- Keys]),
        {Kind, [length(ets:match(T, {P, x})) || P <- Patterns]}
    end || Kind <- ?KINDS].
map_key() -> [begin T = with(K, [{#{}, x}, {#{k => v}, x}, {#{k => 1}, x}, {a, x}]), {K, [length(ets:match(T, {P, x})) || P <- [#{}, #{k => '_'}, #{k => v}, '_']]} end || K <- ?KINDS].
match_3() -> each(10, fun(T) -> Cs = chunks(ets:match(T, {'$1', '_'}, 3), fun ets:match/1), {[length(C) || C <- Cs], s(lists:append(Cs))} end).
match_object_2() -> each(5, fun(T) -> {s(ets:match_object(T, {'_', '_'})), ets:match_object(T, {2, '$1'}), ets:match_object(T, {'_'})} end).
match_object_3() -> each(7, fun(T) -> Cs = chunks(ets:match_object(T, {'_', '_'}, 2), fun ets:match_object/1), {[length(C) || C <- Cs], s(lists:append(Cs))} end).
match_delete() -> each(6, fun(T) -> {ets:match_delete(T, {'_', 9}), ets:match_delete(T, {4, '_'}), s(ets:tab2list(T)), ets:match_delete(T, '_'), ets:info(T, size)} end).
match_empty() -> [begin T = with(K, []), {ets:match(T, '_'), ets:match(T, '_', 3), ets:select(T, [{'_', [], ['$_']}], 3), ets:select_reverse(T, [{'_', [], ['$_']}])} end || K <- ?KINDS].
match_bad() -> T = nums(set, 2), [e(F) || F <- [fun() -> ets:match(nosuch, '_') end, fun() -> ets:match(T, '_', 0) end, fun() -> ets:match(T, '_', x) end, fun() -> ets:match(T, '_', -1) end, fun() -> ets:match(foo) end, fun() -> ets:match({T, 1}) end, fun() -> ets:match_object(nosuch, '_', 1) end, fun() -> ets:match_object(x) end, fun() -> ets:match('$end_of_table') end]].
match_not_a_tuple() -> T = nums(set, 2), {ets:match(T, a), ets:match(T, []), ets:match(T, "abc"), ets:match(T, 1), ets:match_object(T, {})}.

select_2() -> each(9, fun(T) -> {s(ets:select(T, [{{'$1', '$2'}, [{'>', '$2', 20}], ['$1']}])), s(ets:select(T, [{{'$1', '_'}, [{'<', '$1', 3}], ['$_']}, {{'$1', '$2'}, [{'>', '$1', 8}], [{{big, '$2'}}]}])), ets:select(T, [{{'_', '_'}, [false], [x]}])} end).
select_first_clause_wins() -> T = nums(ordered_set, 4), ets:select(T, [{{'$1', '_'}, [{'>', '$1', 2}], [big]}, {{'$1', '_'}, [{'>', '$1', 1}], [mid]}, {'_', [], [rest]}]).
select_same_key_twice() -> each(4, fun(T) -> {s(ets:select(T, [{{2, '$1'}, [], ['$1']}, {{3, '$1'}, [], ['$1']}, {{2, '_'}, [], [again]}])), ets:select(T, [{{2, '_'}, [{'==', 1, 2}], [a]}, {{2, '_'}, [], [b]}])} end).
select_3() -> each(10, fun(T) -> Cs = chunks(ets:select(T, [{{'$1', '_'}, [{'>', '$1', 3}], ['$1']}], 2), fun ets:select/1), {[length(C) || C <- Cs], s(lists:append(Cs))} end).
select_3_exact() -> each(4, fun(T) -> Cs = chunks(ets:select(T, [{'_', [], ['$_']}], 4), fun ets:select/1), [length(C) || C <- Cs] end).
select_3_large_limit() -> each(4, fun(T) -> {L, C} = ets:select(T, [{'_', [], ['$_']}], 1000), {length(L), C} end).
select_3_nothing() -> each(4, fun(T) -> ets:select(T, [{{x, '_'}, [], ['$_']}], 1) end).
select_3_key() -> each(4, fun(T) -> {ets:select(T, [{{2, '$1'}, [], ['$1']}], 1), ets:select(T, [{{2, '$1'}, [], ['$1']}], 5)} end).
select_3_big() -> [begin T = nums(K, 3000), Cs = chunks(ets:select(T, [{{'$1', '_'}, [{'=:=', {'rem', '$1', 7}, 0}], ['$1']}], 50), fun ets:select/1), {length(lists:append(Cs)), s(lists:append(Cs)) =:= lists:seq(7, 3000, 7)} end || K <- ?KINDS].
select_3_bag_many() -> [begin T = with(K, [{k, N} || N <- lists:seq(1, 10)] ++ [{j, N} || N <- lists:seq(1, 5)]), Cs = chunks(ets:select(T, [{{k, '$1'}, [], ['$1']}], 3), fun ets:select/1), {s(lists:append(Cs)), length(lists:append(chunks(ets:select(T, [{'_', [], ['$_']}], 4), fun ets:select/1)))} end || K <- [bag, duplicate_bag]].
select_ordered_3() -> T = nums(ordered_set, 7), chunks(ets:select(T, [{{'$1', '_'}, [], ['$1']}], 3), fun ets:select/1).
select_reverse_2() -> T = nums(ordered_set, 5), {ets:select_reverse(T, [{{'$1', '_'}, [], ['$1']}]), ets:select(T, [{{'$1', '_'}, [], ['$1']}])}.
select_reverse_3() -> T = nums(ordered_set, 7), chunks(ets:select_reverse(T, [{{'$1', '_'}, [], ['$1']}], 3), fun ets:select_reverse/1).
select_reverse_hash() -> [begin T = nums(K, 6), {s(ets:select_reverse(T, [{{'$1', '_'}, [], ['$1']}])), [length(C) || C <- chunks(ets:select_reverse(T, [{'_', [], ['$_']}], 4), fun ets:select_reverse/1)]} end || K <- [set, bag]].
select_range() -> T = with(ordered_set, [{{A, B}, A * B} || A <- lists:seq(1, 4), B <- [a, b, 1] , B =/= a orelse A > 0, is_integer(B)] ++ [{{2, z}, x}, {{2, 1, 1}, y}, {[2], l}]), {ets:select(T, [{{{2, '$1'}, '_'}, [], ['$1']}]), ets:select(T, [{{{'$1', 1}, '_'}, [], ['$1']}]), ets:select_reverse(T, [{{{2, '$1'}, '_'}, [], ['$1']}]), ets:select_count(T, [{{{3, '_'}, '_'}, [], [true]}])}.
select_range_3() -> T = with(ordered_set, [{{A, B}} || A <- lists:seq(1, 3), B <- lists:seq(1, 5)]), {chunks(ets:select(T, [{{{2, '$1'}}, [], ['$1']}], 2), fun ets:select/1), chunks(ets:select_reverse(T, [{{{2, '$1'}}, [], ['$1']}], 2), fun ets:select/1)}.
select_list_key_range() -> T = with(ordered_set, [{[A, B]} || A <- [1, 2, 3], B <- [x, y]]), {ets:select(T, [{{[2 | '$1']}, [], ['$1']}]), ets:match(T, {['$1', x]})}.
select_int_float_key() -> [begin T = with(K, [{1, i}, {2.0, f}]), {ets:select(T, [{{1.0, '$1'}, [], ['$1']}]), ets:select(T, [{{2, '$1'}, [], ['$1']}]), ets:match_object(T, {1, '_'}), ets:select(T, [{{'$1', '_'}, [{'==', '$1', 1.0}], ['$1']}])} end || K <- ?KINDS].
select_bad() -> T = nums(set, 2), [e(fun() -> ets:select(T, S) end) || S <- [foo, [], [foo], [{'_'}], [{'_', [], []}], [{'_', [{foo}], ['$_']}], [{'_', [], ['$1']}], [{'_', x, ['$_']}], [{'_', [], x}], [{'_', [], [{}]}], [{'_', [], [{a, b, c}]}], [{#{'$1' => 1}, [], ['$_']}], [{'_', [], ['$_']} | x]]].
select_bad_args() -> T = nums(set, 2), M = [{'_', [], ['$_']}], [e(F) || F <- [fun() -> ets:select(nosuch, M) end, fun() -> ets:select(T, M, 0) end, fun() -> ets:select(T, M, a) end, fun() -> ets:select(1, M, 1) end, fun() -> ets:select(foo) end, fun() -> ets:select_reverse(T, foo) end, fun() -> ets:select_reverse(nosuch, M, 1) end, fun() -> ets:select_reverse(foo) end, fun() -> ets:select_count(nosuch, M) end, fun() -> ets:select_count(T, foo) end, fun() -> ets:select_delete(T, foo) end, fun() -> ets:select_delete(nosuch, M) end, fun() -> ets:select_replace(T, foo) end, fun() -> ets:select_replace(nosuch, M) end]].
select_failing_guard() -> T = with(set, [{1, a}, {2, 5}]), {ets:select(T, [{{'$1', '$2'}, [{'>', {'+', '$2', 1}, 0}], ['$1']}]), s(ets:select(T, [{{'$1', '$2'}, [], [{'+', '$2', 1}]}]))}.
select_count() -> each(10, fun(T) -> [ets:select_count(T, [{{'$1', '_'}, [{'>', '$1', 4}], [B]}]) || B <- [true, false, x, '$1']] end).
select_delete() -> each(10, fun(T) -> {ets:select_delete(T, [{{'$1', '_'}, [{'>', '$1', 4}], [true]}]), ets:select_delete(T, [{{'$1', '_'}, [], [false]}]), ets:select_delete(T, [{{2, '_'}, [], [true]}]), s(ets:tab2list(T)), ets:select_delete(T, [{'_', [], [true]}]), ets:info(T, size)} end).
select_bag_order() ->
    [begin
         T = with(K, [{k, V} || V <- [a, b, c, d]]),
         M = fun() -> {ets:match(T, {k, '$1'}), ets:match(T, {'_', '$1'}), ets:tab2list(T), ets:lookup(T, k), ets:select(T, [{{'$1', '$2'}, [], ['$2']}])} end,
         A = M(),
         ets:delete_object(T, {k, b}),
         ets:insert(T, {k, e}),
         [A, M()]
     end || K <- [bag, duplicate_bag]].
select_delete_bag_part() -> [begin T = with(K, [{k, N} || N <- lists:seq(1, 6)]), {ets:select_delete(T, [{{k, '$1'}, [{'=:=', {'rem', '$1', 2}, 0}], [true]}]), s(ets:lookup(T, k))} end || K <- [bag, duplicate_bag]].
select_delete_fixed() -> each(10, fun(T) -> ets:safe_fixtable(T, true), N = ets:select_delete(T, [{{'$1', '_'}, [{'>', '$1', 4}], [true]}]), I = ets:info(T, size), ets:safe_fixtable(T, false), {N, I, s(ets:match(T, {'$1', '_'}))} end).
select_replace() -> [begin T = nums(K, 6), {ets:select_replace(T, [{{'$1', '$2'}, [{'>', '$1', 3}], [{{'$1', {'+', '$2', 100}}}]}]), s(ets:tab2list(T))} end || K <- [set, ordered_set, duplicate_bag]].
select_replace_bag() -> T = nums(bag, 2), e(fun() -> ets:select_replace(T, [{{'$1', '$2'}, [], [{{'$1', x}}]}]) end).
select_replace_changes_key() -> [begin T = nums(K, 3), {e(fun() -> ets:select_replace(T, [{{'$1', '$2'}, [], [{{'$2', '$1'}}]}]) end), s(ets:tab2list(T))} end || K <- [set, ordered_set, duplicate_bag]].
select_replace_not_tuple() -> T = nums(set, 2), e(fun() -> ets:select_replace(T, [{{'$1', '$2'}, [], ['$1']}]) end).
select_replace_const_key() -> T = nums(set, 4), {ets:select_replace(T, [{{2, '$1'}, [], [{{2, {const, x}}}]}]), e(fun() -> ets:select_replace(T, [{{2, '$1'}, [], [{{3, x}}]}]) end), s(ets:tab2list(T))}.
select_replace_element() -> T = nums(set, 3), {ets:select_replace(T, [{{'$1', '$2'}, [], [{{{element, 1, '$_'}, new}}]}]), s(ets:tab2list(T))}.
select_replace_whole() -> T = nums(ordered_set, 3), {ets:select_replace(T, [{{'$1', '$2'}, [], ['$_']}]), s(ets:tab2list(T)), ets:select_replace(T, [{{'_', '$2'}, [], [{setelement, 2, '$_', x}]}])}.
select_replace_seen_to_keep_key() ->
    T = ets:new(t, []),
    [{S, e(fun() -> ets:select_replace(T, [S]) end)} || S <- [
        {{{a, [z | q]}, q}, [], [{{{{a, [z | q]}}, x}}]}, {{{a, 1.0}, q}, [], [{const, {{a, 1.0}, 1}}]}, {{{a, 1.0}, q}, [], [{const, {{a, 1}, 1}}]},
        {{#{a => 1}, q}, [], [{{#{a => 1}, 1}}]}, {{{a, q}, q}, [], [{{{const, {a, q}}, 1}}]}, {{{a, q}, q}, [], [{{{element, 1, q}, 1}}]},
        {{42, q}, [], [{{42, 1}}]}, {{{}, q}, [], [{{{{}}, 1}}]}, {{{}, q}, [], [{{{const, {}}, 1}}]}, {{{}, q}, [], [{{{}, 1}}]}, {{42, q}, [], [{{{element, 1, '$_'}, 1}}]},
        {{42, q}, [], [{{{element, 2, '$_'}, 1}}]}, {'$1', [], ['$1']}, {'$1', [], ['$_']}, {{'$1', q}, [], [{const, {'$1', 1}}]},
        {{'$1', q}, [], [{{{const, '$1'}, 1}}]}, {{'_', q}, [], [{{'_', 1}}]}, {{'$1', q}, [], [a, {{'$1', 1}}]}, {{'$1', q}, [], []}, {{<<1>>, q}, [], [{{<<1>>, 1}}]},
        {{[], q}, [], [{{[], 1}}]}, {{"ab", q}, [], [{{"ab", 1}}]}, {{"ab", q}, [], [{{"abc", 1}}]}, {'_', [], [{{1, 2}}]}, {{'$1', q}, [], [{{}}]}]].
select_replace_keypos() -> T = with([set, {keypos, 2}], [{a, 1, x}, {b, 2, y}]), {ets:select_replace(T, [{{'$1', '$2', '$3'}, [], [{{'$3', '$2', '$1'}}]}]), s(ets:tab2list(T))}.
select_stored_spec() -> T = nums(set, 5), M = ets:match_spec_compile([{{'$1', '_'}, [{'>', '$1', 3}], ['$1']}]), s(ets:match_spec_run(ets:tab2list(T), M)).
repair_continuation() -> T = nums(ordered_set, 6), S = [{{'$1', '_'}, [], ['$1']}], {A, C} = ets:select(T, S, 2), D = binary_to_term(term_to_binary(C)), {B, _} = ets:select(ets:repair_continuation(D, S)), {A, B, ets:is_compiled_ms(foo)}.
continuation_after_delete() -> T = nums(ordered_set, 6), S = [{{'$1', '_'}, [], ['$1']}], {A, C} = ets:select(T, S, 2), ets:delete(T, 2), ets:delete(T, 3), {B, _} = ets:select(C), {A, B}.
continuation_table_gone() -> T = nums(ordered_set, 6), {_, C} = ets:select(T, [{'_', [], ['$_']}], 2), ets:delete(T), e(fun() -> ets:select(C) end).
continuation_other_process() -> T = ets:new(t, [ordered_set, private]), ets:insert(T, [{1}, {2}, {3}]), {_, C} = ets:select(T, [{'_', [], ['$_']}], 1), S = self(), spawn(fun() -> S ! {r, e(fun() -> ets:select(C) end)} end), receive {r, R} -> case R of {'!', Class, Reason, Shape} -> {Class, Reason, Shape}; V -> V end end.
select_many_yields() -> T = nums(set, 30000), {length(ets:select(T, [{'_', [], ['$_']}])), ets:select_count(T, [{'_', [], [true]}]), length(ets:tab2list(T)), ets:select_delete(T, [{{'$1', '_'}, [{'=<', '$1', 15000}], [true]}]), ets:select_replace(T, [{{'$1', '_'}, [], [{{'$1', z}}]}]), length(ets:match_object(T, {'_', z}))}.
select_many_ordered() -> T = nums(ordered_set, 30000), {length(ets:select_reverse(T, [{'_', [], ['$_']}])), ets:select_count(T, [{'_', [], [true]}]), ets:select_delete(T, [{{'$1', '_'}, [{'=<', '$1', 15000}], [true]}]), ets:select_replace(T, [{{'$1', '_'}, [], [{{'$1', z}}]}]), length(ets:match_object(T, {'_', z}))}.
select_while_others_write() ->
    T = ets:new(t, [set, public]), ets:insert(T, [{N, old} || N <- lists:seq(1, 2000)]),
    W = [spawn_monitor(fun() -> [ets:insert(T, {10000 + P * 1000 + N, new}) || N <- lists:seq(1, 500)] end) || P <- [1, 2, 3]],
    L = [ets:select_count(T, [{{'_', old}, [], [true]}]) || _ <- [1, 2, 3, 4]],
    [receive {'DOWN', M, _, _, normal} -> ok end || {_, M} <- W],
    {L, ets:info(T, size)}.
fun2ms() -> {ets:fun2ms(fun({A, B}) when A > 3 -> {B, A} end), ets:fun2ms(fun(X) -> X end)}.
-include_lib("stdlib/include/ms_transform.hrl").
