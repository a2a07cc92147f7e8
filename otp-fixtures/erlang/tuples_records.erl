%%% Tuples and records: element access, update, records with defaults, nested updates, and their errors.
-module(tuples_records).
-compile([export_all, nowarn_export_all]).
-record(point, {x = 0, y = 0}).
-record(person, {name, age = 18, at = #point{}, tags = [] :: list()}).

main() -> case_runner:main(?MODULE).

id(X) -> X.

create() -> [#point{}, #point{x = 1}, #person{name = "n"}, #point{_ = 7}].
read() -> P = id(#person{name = ann, age = 30}), {P#person.name, P#person.age, (P#person.at)#point.x}.
update() -> P = id(#person{name = a}), [P#person{age = 2}, P#person{name = b, tags = [x]}, P#person{at = #point{x = 9}}].
update_nested() -> P = id(#person{name = a}), P#person{at = (P#person.at)#point{y = 5}}.
update_all_fields() -> P = id(#point{}), P#point{x = 1, y = 2}.
match() -> #person{name = N, at = #point{x = X}} = id(#person{name = z}), {N, X}.
match_clause() -> [area(S) || S <- [#point{x = 2, y = 3}, #person{name = p}, {point, 1}, foo]].
area(#point{x = X, y = Y}) -> X * Y;
area(#person{name = N}) -> N;
area(T) when is_tuple(T) -> {tuple, tuple_size(T)};
area(_) -> none.
guards() -> [[is_record(R, point), is_record(R, person)] || R <- [#point{}, #person{}, {point}, point]].
field_index() -> {#person.name, #person.tags}.
info() -> {record_info(size, person), record_info(fields, person)}.
in_guard() -> F = fun(P) when P#point.x > 3 -> big; (#point{}) -> small; (_) -> no end, [F(#point{x = 4}), F(#point{}), F(x)].
err_read_wrong() -> P = id(#point{}), P#person.name.
err_read_atom() -> P = id(foo), P#point.x.
err_update_wrong() -> P = id({point, 1}), P#point{x = 2}.
err_update_list() -> P = id([]), P#point{x = 2}.
setelement() -> T = id({a, b, c}), [setelement(1, T, x), setelement(3, T, y), T].
setelement_chain() -> T = id({1, 2, 3, 4}), setelement(1, setelement(2, setelement(4, T, d), b), a).
make_tuple() -> [make_tuple_2(0, x), make_tuple_2(3, x), erlang:make_tuple(4, z, [{2, b}, {4, d}, {2, bb}])].
make_tuple_2(N, V) -> erlang:make_tuple(N, V).
append_element() -> [erlang:append_element(id({}), a), erlang:append_element(id({a}), {b})].
delete_element() -> [erlang:delete_element(1, id({a, b})), erlang:delete_element(2, id({a, b}))].
insert_element() -> [erlang:insert_element(1, id({a, b}), x), erlang:insert_element(3, id({a, b}), x)].
big_setelement() -> T = lists:foldl(fun(I, A) -> setelement(I, A, I) end, erlang:make_tuple(1000, 0), lists:seq(1, 1000)), {lists:sum(tuple_to_list(T)), element(1000, T)}.
swap() -> {A, B} = id({1, 2}), {B, A}.
nested_match() -> {{A, [B | _]}, {C}} = id({{1, [2, 3]}, {4}}), [A, B, C].
tuple_as_state() -> count({0, 0, 0}, "aXb1cY2").
count(T, []) -> T;
count({L, U, D}, [C | R]) when C >= $a, C =< $z -> count({L + 1, U, D}, R);
count({L, U, D}, [C | R]) when C >= $A, C =< $Z -> count({L, U + 1, D}, R);
count({L, U, D}, [_ | R]) -> count({L, U, D + 1}, R).
large_record_like() -> T = list_to_tuple([rec | lists:seq(1, 60)]), {element(2, T), element(61, T), setelement(31, T, mid) =:= T}.
err_setelement_range() -> setelement(id(4), id({a, b, c}), x).
err_setelement_zero() -> setelement(id(0), id({a}), x).
err_setelement_not_tuple() -> setelement(id(1), id([a]), x).
err_setelement_index() -> setelement(id(a), id({a}), x).
err_make_tuple() -> erlang:make_tuple(id(-1), x).
err_make_tuple_list() -> erlang:make_tuple(2, x, id([{3, a}])).
err_make_tuple_list_bad() -> erlang:make_tuple(2, x, id([a])).
err_append_element() -> erlang:append_element(id(a), b).
err_delete_element() -> erlang:delete_element(id(3), id({a, b})).
err_insert_element() -> erlang:insert_element(id(5), id({a, b}), x).
err_make_tuple_huge() -> erlang:make_tuple(id(1 bsl 60), x).
