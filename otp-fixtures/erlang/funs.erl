%%% Funs: closures, external funs, named funs, application in every form, arity and type errors, fun_info.
-module(funs).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
adder(N) -> fun(X) -> X + N end.

closure() -> (adder(5))(10).
closure_many() -> {A, B, C, D} = id({1, 2.5, [x], <<"b">>}), F = fun(X) -> {A, B, C, D, X} end, F(y).
closure_in_closure() -> F = fun(X) -> fun(Y) -> fun(Z) -> {X, Y, Z} end end end, ((F(1))(2))(3).
counter() -> F = fun() -> put(n, case get(n) of undefined -> 1; N -> N + 1 end) end, F(), F(), F(), get(n).
named_fun() -> (fun Fac(0) -> 1; Fac(N) -> N * Fac(N - 1) end)(20).
named_fun_deep() -> (fun Loop(0, A) -> A; Loop(N, A) -> Loop(N - 1, A + N) end)(100000, 0).
local_fun() -> F = fun adder/1, (F(1))(2).
external_fun() -> F = fun lists:reverse/1, F([1, 2, 3]).
external_fun_var() -> {M, N, A} = id({lists, sum, 1}), F = fun M:N/A, F([1, 2, 3]).
compose() -> C = lists:foldl(fun(F, G) -> fun(X) -> F(G(X)) end end, fun(X) -> X end, [adder(N) || N <- lists:seq(1, 100)]), C(0).
clauses() -> F = fun(0) -> zero; (N) when N > 0 -> pos; (N) when is_integer(N) -> neg; (_) -> other end, [F(X) || X <- [0, 1, -1, a]].
apply_2() -> apply(adder(1), [2]).
apply_3() -> apply(lists, reverse, [[1, 2]]).
apply_variable_module() -> M = id(lists), M:reverse([1, 2]).
apply_variable_function() -> F = id(reverse), lists:F([1, 2]).
apply_variable_both() -> {M, F} = id({lists, max}), M:F([1, 2]).
apply_many_args() -> apply(fun(A, B, C, D, E, F, G, H, I, J) -> [J, I, H, G, F, E, D, C, B, A] end, lists:seq(1, 10)).
apply_erlang() -> [apply(erlang, '+', [1, 2]), apply(erlang, element, [1, {a}]), apply(erlang, length, [[1]]), apply(erlang, apply, [lists, sum, [[1, 2]]])].
apply_self() -> apply(erlang, self, []) =:= self().
fun_to_bif() -> [(fun erlang:'+'/2)(1, 2), (fun erlang:tuple_size/1)({a, b}), (fun length/1)([1]), lists:map(fun atom_to_list/1, [a, b])].
many_free_variables() -> L = id(lists:seq(1, 20)), [A, B, C, D, E, F, G, H, I, J | R] = L, (fun(X) -> [A, B, C, D, E, F, G, H, I, J, R, X] end)(z).

err_badarity() -> (adder(1))(1, 2).
err_badarity_zero() -> F = id(fun(_) -> ok end), F().
err_badarity_external() -> F = id(fun lists:reverse/1), F(1, 2).
err_badarity_apply() -> apply(id(fun(_, _) -> ok end), [1]).
err_badfun_atom() -> F = id(notfun), F(1).
err_badfun_tuple() -> F = id({lists, reverse}), F([1]).
err_badfun_integer() -> F = id(42), F().
err_badfun_apply() -> apply(id({a, b, c}), [1]).
err_undef_module() -> nosuchmodule:foo(1, [2]).
err_undef_function() -> lists:nosuchfunction(1).
err_undef_own() -> ?MODULE:nothere(id(1)).
err_undef_external_fun() -> F = fun lists:nosuchfunction/2, F(a, b).
err_undef_fun_missing_module() -> F = fun nosuchmodule:bar/0, F().
err_undef_apply() -> apply(nosuchmodule, baz, [1, 2]).
err_undef_variable() -> M = id(nosuchmodule), M:qux().
err_apply_bad_module() -> M = id(1), M:foo().
err_apply_bad_function() -> F = id("x"), lists:F(1).
err_apply_bad_list() -> apply(lists, reverse, id([1 | 2])).
err_apply_not_list() -> apply(lists, reverse, id(x)).
err_apply_fun_bad_list() -> apply(adder(1), id([1 | 2])).
err_apply_pid() -> apply(id(self()), foo, []) .
err_apply_tuple_module() -> M = id({lists, 1}), M:reverse([1]).
err_inside() -> (adder(a))(1).
err_inside_nested() -> lists:map(fun(X) -> lists:map(fun(Y) -> X / Y end, [1, 0]) end, [1]).
err_function_clause() -> (id(fun(a) -> b end))(c).
err_function_clause_two() -> (id(fun(a, 1) -> b; (b, 2) -> c end))(c, [d]).
err_undef_bif_arity() -> apply(erlang, element, [1]).
too_many_arguments() -> case_runner:attempt(fun() -> apply(lists, foo, lists:duplicate(256, a)) end).
max_arguments() -> case_runner:attempt(fun() -> apply(nosuchmodule, foo, lists:duplicate(255, a)) end) =:= {'!', error, undef}.

info_local() -> F = adder(3), [erlang:fun_info(F, K) || K <- [module, arity, env, type, name, new_index, index]].
info_external() -> [erlang:fun_info(fun lists:map/2, K) || K <- [module, name, arity, env, type]].
info_external_all() -> lists:sort(erlang:fun_info(fun lists:map/2)).
info_keys() -> lists:sort([K || {K, _} <- erlang:fun_info(adder(1))]).
info_unique() -> {uniq, U} = erlang:fun_info(adder(1), uniq), {new_uniq, N} = erlang:fun_info(adder(1), new_uniq), {is_integer(U), byte_size(N)}.
info_pid() -> {pid, P} = erlang:fun_info(adder(1), pid), P =:= self().
info_pid_of_maker() ->
    Me = self(),
    {P, R} = spawn_monitor(fun() -> Me ! {self(), adder(2)}, receive {go, F} -> exit({erlang:fun_info(F, pid), binary_to_term(term_to_binary(F))}) end end),
    Theirs = receive {P, G} -> G end,
    Mine = adder(2),
    P ! {go, Mine},
    Back = receive {'DOWN', R, process, P, {What, B}} -> [element(2, What) =:= Me, element(2, erlang:fun_info(B, pid)) =:= Me] end,
    T = ets:new(t, [compressed]),
    ets:insert(T, {Theirs, k}),
    [{Kept, k}] = ets:tab2list(T),
    {element(2, erlang:fun_info(Theirs, pid)) =:= P, element(2, erlang:fun_info(Kept, pid)) =:= P, Back, Theirs =:= Mine, erts_debug:flat_size(Mine)}.
info_pid_of_another_node() ->
    B = term_to_binary(adder(1)),
    %% The maker's pid, of this node up to now, is that of process 77 of another node.
    {Name, 13} = binary:match(B, <<"nonode@nohost">>),
    At = case binary:at(B, Name - 2) of 119 -> Name - 3; _ -> Name - 4 end,
    <<Before:At/binary, _:(Name + 13 - At)/binary, _:12/binary, Free/binary>> = B,
    Pid = <<88, 119, 3, "x@y", 77:32, 0:32, 5:32>>,
    <<131, 112, _:32, Rest/binary>> = <<Before/binary, Pid/binary, Free/binary>>,
    F = binary_to_term(<<131, 112, (byte_size(Rest) + 4):32, Rest/binary>>),
    {pid, P} = erlang:fun_info(F, pid),
    erlang:garbage_collect(),
    {F(3), P =:= binary_to_term(<<131, Pid/binary>>), F =:= adder(1), binary_to_term(term_to_binary(F)) =:= F}.
err_info_item() -> erlang:fun_info(adder(1), id(zzz)).
err_info_not_fun() -> erlang:fun_info(id(x), id(module)).
fun_info_mfa() -> erlang:fun_info_mfa(adder(1)).
is_function() -> [is_function(adder(1)), is_function(adder(1), 1), is_function(adder(1), 2), is_function(fun lists:map/2, 2), is_function(id(x)), is_function(id(fun nosuch:thing/3), 3)].
make_fun() -> F = erlang:make_fun(lists, map, 2), {F, F =:= fun lists:map/2}.
err_make_fun() -> erlang:make_fun(id(1), map, 2).
err_make_fun_arity() -> erlang:make_fun(lists, map, id(-1)).
external_print() -> lists:flatten(io_lib:format("~p ~w", [fun lists:map/2, fun 'Odd Mod':'f x'/0])).
function_exported() -> [erlang:function_exported(?MODULE, id, 1), erlang:function_exported(?MODULE, id, 2), erlang:function_exported(lists, map, 2), erlang:function_exported(erlang, self, 0), erlang:function_exported(nosuchmodule, a, 0)].
is_builtin() -> [erlang:is_builtin(erlang, self, 0), erlang:is_builtin(lists, map, 2), erlang:is_builtin(lists, reverse, 2)].
fun_as_key() -> F = adder(1), M = #{F => 1, fun lists:map/2 => 2}, {maps:get(F, M), maps:get(fun lists:map/2, M), maps:find(adder(2), M), maps:find(adder(1), M)}.
fun_in_message() -> self() ! adder(7), receive F -> F(1) end.
fun_to_process() -> S = self(), N = length([a, b]), spawn(fun() -> S ! {r, N * 2} end), receive {r, V} -> V end.
fun_binary() -> F = binary_to_term(term_to_binary(adder(9))), {F(1), F =:= adder(9)}.
external_binary() -> binary_to_term(term_to_binary(fun lists:map/2)).
fun_after_gc() -> F = adder(binary:copy(<<1>>, 100)), erlang:garbage_collect(), element(2, erlang:fun_info(F, env)).
y_combinator() -> Y = fun(F) -> G = fun(H) -> F(fun(X) -> (H(H))(X) end) end, G(G) end, (Y(fun(S) -> fun(0) -> 1; (N) -> N * S(N - 1) end end))(10).
church() -> Two = fun(F) -> fun(X) -> F(F(X)) end end, ((Two(Two))(fun(X) -> X * 3 end))(1).
lazy() -> take(5, nat(1)).
nat(N) -> fun() -> [N | nat(N + 1)] end.
take(0, _) -> [];
take(N, S) -> [H | T] = S(), [H | take(N - 1, T)].
sort_by_fun() -> lists:sort(fun({_, A}, {_, B}) -> A >= B end, [{a, 1}, {b, 3}, {c, 2}]).
module_info_calls() -> [lists:member({id, 1}, ?MODULE:module_info(exports)), ?MODULE:module_info(module), is_list(?MODULE:module_info(attributes))].
