%%% Module `records` (OTP 29): native records made and looked at by hand, next to those of the language.
-module(records_natives).
-compile([export_all, nowarn_export_all]).
-helpers([main, one]).

-if(?OTP_RELEASE < 29).
main() -> case_runner:main(?MODULE).

absent() -> case_runner:attempt(fun() -> apply(records, get_name, [a]) end).

-else.
-record #point{x = 1, y, z = [a]}.
-record #inner{b}.
-export_record([point]).

main() -> case_runner:main(?MODULE).

one() -> records:create(test, a, [{x, 1}, {b, 2}], #{is_exported => true}).

wide(N, F) -> [{list_to_atom("f" ++ integer_to_list(I)), F(I)} || I <- lists:seq(1, N)].

get() -> {records:get(x, one()), records:get(b, one())}.
get_missing() -> records:get(y, one()).
get_by_a_number() -> records:get(1, one()).
get_of_none() -> records:get(x, {test, 1}).
module() -> records:get_module(one()).
module_of_none() -> records:get_module(1).
name() -> records:get_name(one()).
name_of_none() -> records:get_name({}).
field_names() -> {records:get_field_names(one()), records:get_field_names(#point{y = 1})}.
field_names_of_none() -> records:get_field_names({x}).
exported() -> {records:is_exported(one()), records:is_exported(#point{y = 1}), records:is_exported(#inner{b = 1})}.
exported_of_none() -> records:is_exported([]).

definitions() -> {records:get_definition(?MODULE, point), records:get_definition(?MODULE, inner)}.
no_definition() ->
    [case_runner:attempt(fun() -> records:get_definition(M, N) end)
     || {M, N} <- [{?MODULE, nothing}, {no_such_module, point}, {?MODULE, "point"}, {1, point}]].

create() -> [records:create(a, b, F, #{is_exported => E}) || F <- [[], [{x, 1}], [{z, [1]}, {a, {}}]], E <- [true, false]].
create_wrong() ->
    [case_runner:attempt(fun() -> records:create(M, N, F, O) end)
     || {M, N, F, O} <- [{1, a, [], #{is_exported => true}}, {a, 1, [], #{is_exported => true}}, {a, a, [], #{}},
                         {a, a, [], foo}, {a, a, [], #{is_exported => 1}}, {a, a, [], #{is_exported => true, foo => bar}},
                         {a, a, foo, #{is_exported => true}}, {a, a, [{a, 1} | b], #{is_exported => true}},
                         {a, a, [{a, 1, 2}], #{is_exported => true}}, {a, a, [{1, 1}], #{is_exported => true}},
                         {a, a, [{a, 1}, {a, 2}], #{is_exported => true}}, {1, a, foo, foo}, {b, a, foo, foo},
                         {b, a, [{1, 1}, foo], #{is_exported => true}}, {b, a, [foo, {1, 1}], #{is_exported => true}},
                         {b, a, [{x, 1}, {x, 2}, {1, 1}], #{is_exported => true}}]].

update() ->
    [case_runner:attempt(fun() -> records:update(one(), M, N, C) end)
     || {M, N, C} <- [{test, a, #{x => 5}}, {test, a, #{x => 5, b => 6}}, {test, a, #{}}, {test, b, #{x => 5}},
                      {tst, a, #{x => 5}}, {tst, '_', #{x => 5}}, {1, '_', #{x => 5}}, {1, 1, #{x => 5}},
                      {test, a, #{z => 5}}, {test, a, #{1 => 5}}, {test, a, foo}, {test, 1, foo}]].
update_of_none() -> records:update(foo, test, a, #{}).

many_fields() ->
    [begin
         R = records:create(a, b, wide(N, fun(I) -> I end), #{is_exported => true}),
         U = records:update(R, a, b, maps:from_list(wide(N, fun(I) -> -I end))),
         {records:get(f7, R), records:get(f7, U), lists:sum([records:get(F, U) || F <- records:get_field_names(U)]),
          R =:= U, R =:= binary_to_term(term_to_binary(R)), erts_debug:flat_size(R)}
     end || N <- [10, 33, 300]].

same() ->
    R = one(), Make = fun(F, E) -> records:create(test, a, F, #{is_exported => E}) end,
    P = #point{y = 3},
    {[X =:= R || X <- [Make([{x, 1}, {b, 2}], true), Make([{b, 2}, {x, 1}], true), Make([{x, 1}, {b, 2}], false),
                       Make([{x, 1.0}, {b, 2}], true), binary_to_term(term_to_binary(R))]],
     records:create(?MODULE, point, [{x, 1}, {y, 3}, {z, [a]}], #{is_exported => true}) =:= P,
     records:create(?MODULE, point, [{x, 1}, {z, [a]}, {y, 3}], #{is_exported => true}) =:= P,
     records:update(P, ?MODULE, point, #{y => 3}) =:= P}.

of_the_language() ->
    P = records:create(?MODULE, point, [{x, a}, {y, b}, {z, c}], #{is_exported => true}),
    #point{x = X, y = Y} = P,
    {X, Y, P#point.z, P#point{x = 7}, is_record(P), is_record(P, ?MODULE, point), is_record(one(), ?MODULE, point)}.

bytes() -> {term_to_binary(one()), erlang:external_size(one())}.
sent() -> Self = self(), spawn(fun() -> Self ! one() end), receive R -> R end.
stored() -> T = ets:new(t, []), ets:insert(T, {one(), #point{y = 9}}), [{K, V}] = ets:lookup(T, one()), {K, V}.

%% The order of several values in the hash is that in which the fields' atoms were made, so these are new ones.
hashed() ->
    [P, Q, R | Many] = [list_to_atom("field_" ++ integer_to_list((I * 7919) rem 1009)) || I <- lists:seq(1, 40)],
    Wide = [{F, erlang:phash2(F)} || F <- Many],
    Made = [records:create(M, N, F, #{is_exported => E})
            || M <- [a, test], N <- [b, ''], E <- [true, false],
               F <- [[], [{x, 1}], [{P, 2}], [{Q, 2}, {P, 1}], [{P, [a]}, {R, x}, {Q, #{a => 1.5}}], Wide, lists:reverse(Wide)]],
    [erlang:phash2(X, 1 bsl 32) || X <- Made ++ [#inner{b = <<1>>}, {a, hd(Made), b}, [1 | hd(Made)], #{hd(Made) => hd(Made)}]].
-endif.
