%%% Lists: the native functions, the operators ++ and --, sorting, and their errors.
-module(lists_natives).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

reverse_1() -> [lists:reverse(id([])), lists:reverse(id([1])), lists:reverse(id([1, 2, 3]))].
reverse_2() -> [lists:reverse([1, 2], id(tail)), lists:reverse([1, 2], [3]), lists:reverse(id([]), x)].
reverse_long() -> L = lists:seq(1, 200000), R = lists:reverse(L), {hd(R), length(R), lists:reverse(R) =:= L}.
member() -> [lists:member(a, [b, a]), lists:member(1, [1.0]), lists:member(x, []), lists:member({1, [2]}, [{1, [2]}])].
member_long() -> L = lists:seq(1, 200000), [lists:member(200000, L), lists:member(0, L)].
keyfind() -> L = [{a, 1}, x, {b, 2}, {b}, {1.0, f}], [lists:keyfind(K, N, L) || {K, N} <- [{b, 1}, {2, 2}, {1, 1}, {z, 1}, {a, 3}]].
keymember() -> L = [{a, 1}, {b, 2}], [lists:keymember(b, 1, L), lists:keymember(9, 2, L)].
keysearch() -> L = [{a, 1}, {b, 2}], [lists:keysearch(b, 1, L), lists:keysearch(9, 2, L)].
append_operator() -> [id([1, 2]) ++ [3], id([]) ++ [1], [1] ++ id([]), id([1]) ++ tail, id([]) ++ x].
append_long() -> L = lists:seq(1, 100000), length(L ++ L).
subtract_operator() -> [id([1, 2, 3, 2]) -- [2], [a, b] -- id([]), id([]) -- [a], [1, 1, 1] -- [1, 1], [1] -- [1.0]].
subtract_long() -> L = lists:seq(1, 20000), [L -- L, length(L -- lists:seq(1, 20000, 2)), hd(L -- lists:seq(1, 19999))].
length_long() -> length(lists:seq(1, 300000)).
append_1() -> lists:append([[1], [], [2, 3], x]).
hd_tl() -> [hd(id([1 | 2])), tl(id([1 | 2]))].
list_to_tuple() -> [list_to_tuple(id([])), list_to_tuple([1, {2}])].
tuple_to_list() -> [tuple_to_list(id({})), tuple_to_list({a, [b]})].
big_tuple() -> T = list_to_tuple(lists:seq(1, 10000)), {tuple_size(T), element(5000, T), lists:sum(tuple_to_list(T))}.
seq() -> [lists:seq(1, 5), lists:seq(5, 1, -2), lists:seq(1, 0), lists:seq(3, 3)].
sort_1() -> lists:sort([3, a, 1.0, 1, "s", {}, 2.5, <<>>, [], #{}]).
sort_stable_numbers() -> [lists:sort([1, 1.0, 1]), lists:sort([1.0, 1]), lists:usort([1.0, 1, 1.0])].
sort_2() -> lists:sort(fun(A, B) -> A > B end, [3, 1, 2]).
sort_stable() -> lists:sort(fun({A, _}, {B, _}) -> A =< B end, [{N rem 3, N} || N <- lists:seq(1, 12)]).
sort_random() -> L = lcg(5000), S = lists:sort(L), {ordered(S), length(S), hd(S), lists:last(S), lists:usort(L) =:= dedup(S)}.
lcg(N) -> element(2, lists:foldl(fun(_, {S, A}) -> X = (S * 1103515245 + 12345) band 16#7FFFFFFF, {X, [X rem 3000 | A]} end, {42, []}, lists:seq(1, N))).
ordered([A, B | T]) -> A =< B andalso ordered([B | T]);
ordered(_) -> true.
dedup([A, A | T]) -> dedup([A | T]);
dedup([A | T]) -> [A | dedup(T)];
dedup([]) -> [].
keysort() -> lists:keysort(2, [{a, 3}, {b, 1}, {c, 2}, {d, 1}]).
ukeysort() -> lists:ukeysort(1, [{b, 1}, {a, 2}, {b, 3}]).
keymerge() -> lists:keymerge(1, [{a, 1}, {c, 1}], [{a, 2}, {b, 2}]).
merge() -> [lists:merge([1, 3], [2, 4]), lists:merge3([1], [2], [0]), lists:umerge([1, 2], [2, 3]), lists:merge([[3], [1], [2]])].
keystore() -> [lists:keystore(b, 1, [{a, 1}, {b, 2}], {b, 9}), lists:keyreplace(z, 1, [{a, 1}], {z, 1}), lists:keydelete(a, 1, [{a, 1}, {a, 2}]), lists:keytake(b, 1, [{a, 1}, {b, 2}]), lists:keymap(fun(X) -> X * 2 end, 2, [{a, 1}])].
higher_order() -> [lists:map(fun(X) -> X + 1 end, [1, 2]), lists:filter(fun(X) -> X > 1 end, [1, 2]), lists:foldl(fun(X, A) -> [X | A] end, [], [1, 2]), lists:foldr(fun(X, A) -> [X | A] end, [], [1, 2]), lists:mapfoldl(fun(X, A) -> {X * 2, A + X} end, 0, [1, 2, 3]), lists:mapfoldr(fun(X, A) -> {X * 2, A + X} end, 0, [1, 2, 3]), lists:flatmap(fun(X) -> [X, X] end, [1, 2]), lists:filtermap(fun(1) -> {true, one}; (X) -> X > 2 end, [1, 2, 3])].
predicates() -> [lists:all(fun is_atom/1, [a, b]), lists:any(fun is_atom/1, [1, b]), lists:takewhile(fun(X) -> X < 3 end, [1, 2, 3, 1]), lists:dropwhile(fun(X) -> X < 3 end, [1, 2, 3, 1]), lists:splitwith(fun(X) -> X < 3 end, [1, 2, 3, 1]), lists:partition(fun(X) -> X rem 2 =:= 0 end, [1, 2, 3, 4]), lists:search(fun(X) -> X > 1 end, [1, 2, 3])].
slicing() -> [lists:nth(2, [a, b, c]), lists:nthtail(1, [a, b]), lists:sublist([1, 2, 3, 4], 2, 2), lists:split(1, [a, b]), lists:last([1, 2]), lists:droplast([1, 2]), lists:sublist([1, 2], 9)].
zips() -> [lists:zip([1, 2], [a, b]), lists:unzip([{1, a}, {2, b}]), lists:zip3([1], [2], [3]), lists:zipwith(fun(A, B) -> A + B end, [1, 2], [3, 4]), lists:unzip3([{1, 2, 3}])].
misc() -> [lists:flatten([1, [2, [3, []]], [[[4]]]]), lists:flatlength([1, [2, [3]]]), lists:duplicate(3, x), lists:concat([a, 1, "s", 1.5]), lists:join(x, [1, 2, 3]), lists:enumerate([a, b]), lists:prefix("ab", "abc"), lists:suffix("bc", "abc"), lists:delete(2, [1, 2, 3, 2]), lists:subtract([1, 2], [1]), lists:uniq([1, 2, 1, 1.0]), lists:max([1, 3.5, 2]), lists:min([b, a]), lists:sum([1, 2.5])].
err_reverse() -> lists:reverse(id(a)).
err_reverse_improper() -> lists:reverse(id([1, 2 | 3])).
err_reverse_improper_short() -> lists:reverse(id([1 | 2])).
err_reverse_2() -> lists:reverse(id([1 | 2]), []).
err_member() -> lists:member(a, id(b)).
err_member_improper() -> lists:member(x, id([a | b])).
member_improper_found() -> lists:member(a, id([a | b])).
err_keyfind_position() -> lists:keyfind(a, id(0), []).
err_keyfind_list() -> lists:keyfind(a, 1, id(x)).
err_keymember_improper() -> lists:keymember(z, 1, id([{a} | b])).
err_append() -> id(a) ++ [1].
err_append_improper() -> id([1 | 2]) ++ [1].
err_subtract() -> id(a) -- [1].
err_subtract_right() -> [1] -- id(b).
err_subtract_improper() -> [1] -- id([1 | 2]).
err_list_to_tuple() -> list_to_tuple(id([1 | 2])).
err_tuple_to_list() -> tuple_to_list(id([])).
err_seq() -> lists:seq(1, id(a)).
err_seq_step() -> lists:seq(1, 5, id(0)).
err_nth() -> lists:nth(id(3), [a]).
err_nth_zero() -> lists:nth(id(0), [a]).
err_sum() -> lists:sum(id([1, a])).
err_max() -> lists:max(id([])).
err_sort() -> lists:sort(id(a)).
err_sort_improper() -> lists:sort(id([2, 1 | x])).
err_zip() -> lists:zip(id([1]), []).
err_map() -> lists:map(fun(X) -> X end, id(foo)).
err_foldl() -> lists:foldl(fun(X, _) -> X end, 0, id([1 | 2])).
err_flatten() -> lists:flatten(id(a)).
err_last() -> lists:last(id([])).
err_split() -> lists:split(id(5), [a]).
err_keysort() -> lists:keysort(2, id([{a}, {b}])).
