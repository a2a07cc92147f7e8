%%% The maps module: every function, on flat and on hashed maps, with its errors.
-module(maps_module).
-compile([export_all, nowarn_export_all]).
-helpers([small, big]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
small() -> id(#{a => 1, b => 2, c => 3}).
big() -> maps:from_list([{K, -K} || K <- lists:seq(1, 50)]).
s(M) -> lists:sort(maps:to_list(M)).

get_3() -> [maps:get(a, small(), none), maps:get(z, small(), none), maps:get(7, big(), none), maps:get(z, big(), none)].
find() -> [maps:find(a, small()), maps:find(z, small()), maps:find(7, big()), maps:find(51, big())].
is_key() -> [maps:is_key(a, small()), maps:is_key(z, small()), maps:is_key(50, big())].
put() -> [maps:put(a, x, small()), maps:put(z, x, small()), map_size(maps:put(z, x, big()))].
update() -> maps:update(a, x, small()).
update_big() -> maps:get(9, maps:update(9, x, big())).
remove() -> [maps:remove(a, small()), maps:remove(z, small()), map_size(maps:remove(9, big()))].
take() -> [maps:take(a, small()), maps:take(z, small()), element(1, maps:take(9, big()))].
keys() -> [lists:sort(maps:keys(small())), lists:sort(maps:keys(big()))].
values() -> [lists:sort(maps:values(small())), lists:sort(maps:values(big()))].
merge() -> [maps:merge(small(), #{c => 9, d => 8}), s(maps:merge(small(), big())), maps:merge(#{}, small()), maps:merge(small(), #{}), map_size(maps:merge(big(), big()))].
merge_hash_hash() -> M = maps:merge(big(), maps:from_list([{K, n} || K <- lists:seq(40, 90)])), {map_size(M), maps:get(39, M), maps:get(40, M), maps:get(90, M)}.
merge_with() -> s(maps:merge_with(fun(K, A, B) -> {K, A, B} end, small(), #{a => x, q => y})).
intersect() -> [maps:intersect(small(), #{a => x, q => y}), map_size(maps:intersect(big(), maps:from_keys(lists:seq(25, 80), v)))].
intersect_with() -> maps:intersect_with(fun(K, A, B) -> {K, A, B} end, small(), #{a => x, b => z, q => y}).
from_list() -> [maps:from_list([]), maps:from_list([{a, 1}, {a, 2}]), maps:from_list([{1, a}, {1.0, b}])].
from_list_duplicates_big() -> map_size(maps:from_list([{K rem 40, K} || K <- lists:seq(1, 400)])).
from_keys() -> [maps:from_keys([a, b, a], 0), map_size(maps:from_keys(lists:seq(1, 99), 0))].
map() -> maps:map(fun(K, V) -> {K, V} end, small()).
map_big() -> s(maps:map(fun(K, V) -> K + V end, big())) =:= [{K, 0} || K <- lists:seq(1, 50)].
filter() -> maps:filter(fun(_, V) -> V > 1 end, small()).
filter_big() -> s(maps:filter(fun(K, _) -> K rem 10 =:= 0 end, big())).
filtermap() -> maps:filtermap(fun(_, 1) -> false; (_, 2) -> true; (K, V) -> {true, {K, V}} end, small()).
fold() -> [maps:fold(fun(_, V, A) -> V + A end, 0, small()), maps:fold(fun(K, V, A) -> K - V + A end, 0, big())].
foreach() -> maps:foreach(fun(K, V) -> erlang:put(K, V) end, small()), [erlang:get(a), erlang:get(b), erlang:get(c)].
with() -> [maps:with([a, z, c], small()), s(maps:with([1, 2, z], big()))].
without() -> [maps:without([a, z, c], small()), s(maps:without(lists:seq(4, 50), big()))].
groups_from_list() -> maps:groups_from_list(fun(X) -> X rem 3 end, lists:seq(1, 10)).
groups_from_list_3() -> maps:groups_from_list(fun(X) -> X rem 3 end, fun(X) -> X * X end, lists:seq(1, 10)).
update_with_3() -> maps:update_with(a, fun(X) -> X + 10 end, small()).
update_with_4() -> [maps:update_with(z, fun(X) -> X + 10 end, init, small()), maps:update_with(a, fun(X) -> X + 10 end, init, small())].
size() -> [maps:size(#{}), maps:size(small()), maps:size(big())].
iterator() -> walk(maps:next(maps:iterator(big())), []).
walk(none, Acc) -> lists:sort(Acc);
walk({K, V, I}, Acc) -> walk(maps:next(I), [K - V | Acc]).
iterator_small() -> walk(maps:next(maps:iterator(#{1 => 2, 3 => 4})), []).
iterator_empty() -> maps:next(maps:iterator(#{})).
iterator_large() -> M = maps:from_keys(lists:seq(1, 3000), 1), length(walk(maps:next(maps:iterator(M)), [])).
to_list_iterator() -> lists:sort(maps:to_list(maps:iterator(small()))).
err_iterator() -> maps:iterator(id([])).
err_next() -> maps:next(id(foo)).
err_put() -> maps:put(a, b, id([])).
err_update() -> maps:update(zz, 1, small()).
err_update_badmap() -> maps:update(zz, 1, id(x)).
err_remove() -> maps:remove(a, id({})).
err_take() -> maps:take(a, id({})).
err_keys() -> maps:keys(id(1)).
err_values() -> maps:values(id(1)).
err_to_list() -> maps:to_list(id(1)).
err_merge_1() -> maps:merge(id(a), #{}).
err_merge_2() -> maps:merge(#{}, id(b)).
err_from_list() -> maps:from_list(id([{a, 1}, b])).
err_from_list_improper() -> maps:from_list(id([{a, 1} | b])).
err_from_keys() -> maps:from_keys(id([a | b]), 1).
err_is_key() -> maps:is_key(a, id(b)).
err_find() -> maps:find(a, id(b)).
err_map_fun() -> maps:map(id(nofun), small()).
err_map_arity() -> maps:map(fun(X) -> X end, small()).
err_fold() -> maps:fold(fun(_, _, _) -> throw(out) end, 0, small()).
err_fold_badmap() -> maps:fold(fun(_, _, A) -> A end, 0, id([1])).
err_filter_value() -> maps:filter(fun(_, _) -> maybe_not_bool end, #{a => 1}).
err_with() -> maps:with(id(a), #{}).
err_without() -> maps:without([a], id(b)).
err_update_with() -> maps:update_with(q, fun(X) -> X end, #{}).
err_size() -> maps:size(id([])).
err_get_formatted() -> try maps:get(x, id(notmap)) catch error:R:S -> lists:sort(maps:to_list(erl_stdlib_errors:format_error(R, S))) end.
