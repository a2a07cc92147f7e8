%%% Maps: construction, matching, update, errors, the flat form and the hash form and the way between them.
-module(maps_core).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

big(N) -> maps:from_list([{K, K * K} || K <- lists:seq(1, N)]).
sorted(M) -> lists:sort(maps:to_list(M)).

literal() -> #{a => 1, "b" => 2, <<"c">> => 3, 4 => 5, {x} => y, 1.5 => f, [] => nil}.
computed() -> K = id(k), V = id(v), #{K => V, {K, V} => [K], 1 => K}.
duplicate_last_wins() -> K = id(a), #{K => 1, a => 2, K => 3}.
update_assoc() -> M = id(#{a => 1}), {M#{b => 2}, M#{a => 3}, M#{a => 3, b => 4, c => 5}}.
update_exact() -> M = id(#{a => 1, b => 2}), {M#{a := 9}, M#{b := 8, a := 7}}.
update_mixed() -> M = id(#{a => 1}), M#{a := 2, b => 3}.
update_empty() -> M = id(#{a => 1}), M#{}.
update_same_value_equal() -> M = id(#{a => 1}), M#{a => 1} =:= M.
update_int_float_key() -> M = id(#{1 => a}), M#{1.0 => b}.
match() -> #{a := A, b := {B, _}} = id(#{a => 1, b => {2, 3}, c => 4}), {A, B}.
match_variable_key() -> K = id(c), #{K := V} = id(#{c => 4}), V.
match_clauses() -> [m(M) || M <- [#{t => 1, v => x}, #{t => 2}, #{}, not_map, #{v => y}]].
m(#{t := 1, v := V}) -> {one, V};
m(#{t := T}) -> {t, T};
m(#{v := V}) -> {v, V};
m(M) when is_map(M) -> empty;
m(_) -> other.
match_nested() -> #{a := #{b := [#{c := X}]}} = id(#{a => #{b => [#{c => deep}]}}), X.
match_big_keys() -> M = big(100), #{50 := A, 100 := B} = M, {A, B}.
match_binary_key() -> <<_, K/binary>> = id(<<"xkey">>), #{K := V} = id(#{<<"key">> => 1}), V.
err_update_exact_missing() -> M = id(#{a => 1}), M#{b := 2}.
err_update_exact_second() -> M = id(#{a => 1}), M#{a := 2, zz := 3}.
err_update_exact_big() -> (big(50))#{nokey := 1}.
err_update_not_map() -> M = id([]), M#{a => 1}.
err_update_exact_not_map() -> M = id({a}), M#{a := 1}.
err_update_empty_not_map() -> M = id(foo), M#{}.
err_match() -> #{zz := _} = id(#{a => 1}).
err_match_value() -> #{a := 2} = id(#{a => 1}).
err_function_clause() -> only(id(#{b => 1})).
only(#{a := X}) -> X.
err_badkey_get() -> maps:get(id(x), id(#{a => 1})).
err_badmap_get() -> maps:get(id(x), id([])).

flat_to_hash() -> [{N, map_size(big(N)), sorted(big(N)) =:= [{K, K * K} || K <- lists:seq(1, N)]} || N <- [0, 1, 31, 32, 33, 34, 100, 1000]].
grow_by_update() -> M = lists:foldl(fun(K, A) -> A#{K => {K}} end, #{}, lists:seq(1, 200)), {map_size(M), M =:= maps:from_list([{K, {K}} || K <- lists:seq(1, 200)])}.
shrink_by_remove() -> M = lists:foldl(fun maps:remove/2, big(100), lists:seq(11, 100)), {M, M =:= big(10)}.
shrink_sizes() -> [map_size(lists:foldl(fun maps:remove/2, big(40), lists:seq(1, N))) || N <- [6, 7, 8, 9, 10, 39, 40, 41]].
hash_update_exact() -> M = big(60), N = M#{33 := x, 60 := y}, {maps:get(33, N), maps:get(60, N), maps:get(33, M), map_size(N)}.
hash_assoc_many() -> M = big(60), N = M#{a => 1, b => 2, 1 => c, 2 => d}, {map_size(N), maps:with([a, b, 1, 2, 3], N)}.
flat_assoc_crossing() -> M = big(31), N = M#{a => 1, b => 2, c => 3}, {map_size(N), lists:sort(maps:keys(maps:without(lists:seq(1, 31), N)))}.
hash_without_sharing_loss() -> M = big(500), N = maps:remove(250, M), {map_size(M), map_size(N), maps:is_key(250, M), maps:is_key(250, N)}.
hash_same_both_orders() -> A = maps:from_list([{{k, N}, N} || N <- lists:seq(1, 300)]), B = maps:from_list([{{k, N}, N} || N <- lists:seq(300, 1, -1)]), {A =:= B, erlang:phash2(A) =:= erlang:phash2(B), term_to_binary(A, [deterministic]) =:= term_to_binary(B, [deterministic])}.
collisions() ->
    Keys = [{N rem 7, <<N:16>>, [N]} || N <- lists:seq(1, 2000)],
    M = maps:from_list([{K, N} || {N, K} <- lists:zip(lists:seq(1, 2000), Keys)]),
    {map_size(M), lists:sum([maps:get(K, M) || K <- Keys]), lists:all(fun(K) -> is_map_key(K, M) end, Keys), is_map_key({0, <<1:16>>, [2]}, M)}.
float_integer_keys_hash() -> M = maps:from_list([{K, i} || K <- lists:seq(1, 50)] ++ [{float(K), f} || K <- lists:seq(1, 50)]), {map_size(M), maps:get(7, M), maps:get(7.0, M)}.
big_number_keys() -> M = maps:from_list([{1 bsl K, K} || K <- lists:seq(0, 150)]), {map_size(M), maps:get(1 bsl 59, M), maps:get(1 bsl 64, M), maps:get(1 bsl 150, M)}.
nested_map_keys() -> M = maps:from_list([{#{k => N}, N} || N <- lists:seq(1, 64)]), {maps:get(#{k => 13}, M), maps:find(#{k => 65}, M)}.
deep_equal() -> A = id(#{x => big(40), y => [big(33)]}), B = id(#{y => [big(33)], x => big(40)}), {A =:= B, A == B, A =:= B#{x => big(41)}}.
value_order_ignored() -> sorted(big(40)) =:= lists:keysort(1, maps:to_list(big(40))).
in_guard() -> [case M of #{a := X} when X > 1, map_size(M) < 3 -> y; _ -> n end || M <- [#{a => 1}, #{a => 2}, #{a => 2, b => 1, c => 1}]].
map_as_message() -> M = big(64), self() ! M, receive N -> {N =:= M, map_size(N)} end.
map_through_process() -> S = self(), M = big(64), spawn(fun() -> S ! {reply, M#{extra => 1}} end), receive {reply, N} -> {map_size(N), maps:get(extra, N), maps:remove(extra, N) =:= M} end.
survives_gc() -> M = big(1000), erlang:garbage_collect(), lists:foldl(fun(K, A) -> A + maps:get(K, M) end, 0, lists:seq(1, 1000)).
print_small() -> lists:flatten(io_lib:format("~p ~w", [#{b => 1, 3 => #{}}, #{"x" => 1.0}])).
counter_program() -> lists:sort(maps:to_list(lists:foldl(fun(W, M) -> maps:update_with(W, fun(C) -> C + 1 end, 1, M) end, #{}, string:lexemes("the cat and the dog and the bird", " ")))).
memo_fib() -> {V, M} = memo(90, #{}), {V, map_size(M)}.
memo(N, M) when N < 2 -> {N, M};
memo(N, M) ->
    case M of
        #{N := V} -> {V, M};
        _ -> {A, M1} = memo(N - 1, M), {B, M2} = memo(N - 2, M1), {A + B, M2#{N => A + B}}
    end.
