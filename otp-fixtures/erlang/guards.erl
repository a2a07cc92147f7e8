%%% Guards: every guard function and operator, guards that fail instead of raising, and their boolean forms.
-module(guards).
-compile([export_all, nowarn_export_all]).
-helpers([values]).
-record(rec, {x}).

main() -> case_runner:main(?MODULE).

id(X) -> X.

values() ->
    [0, 1, -1, 1 bsl 70, 1.5, a, true, false, nil, [], [1], [1, 2 | 3], "abc", {}, {a}, {rec, 1}, {rec, 1, 2}, #{}, #{a => 1},
     <<>>, <<1, 2>>, <<1:3>>, fun() -> ok end, fun(_) -> ok end, fun lists:map/2].

test(F) -> [{printable(V), F(V)} || V <- values()].
printable(F) when is_function(F) -> {'fun', element(2, erlang:fun_info(F, arity))};
printable(V) -> V.

type_tests() ->
    test(fun(V) ->
        [N || {N, true} <- [{atom, is_atom(V)}, {binary, is_binary(V)}, {bitstring, is_bitstring(V)}, {boolean, is_boolean(V)},
            {float, is_float(V)}, {function, is_function(V)}, {fun0, is_function(V, 0)}, {fun1, is_function(V, 1)}, {integer, is_integer(V)}, {list, is_list(V)},
            {map, is_map(V)}, {number, is_number(V)}, {pid, is_pid(V)}, {port, is_port(V)}, {reference, is_reference(V)},
            {tuple, is_tuple(V)}, {rec, is_record(V, rec)}, {rec2, is_record(V, rec, 2)}]]
    end).
g_is_atom() -> test(fun(V) when is_atom(V) -> y; (_) -> n end).
g_is_number() -> test(fun(V) when is_number(V) -> y; (_) -> n end).
g_is_list() -> test(fun(V) when is_list(V) -> y; (_) -> n end).
g_is_function_2() -> test(fun(V) when is_function(V, 1) -> y; (_) -> n end).
g_is_record() -> test(fun(V) when is_record(V, rec, 3) -> y; (_) -> n end).
g_is_boolean() -> test(fun(V) when is_boolean(V) -> y; (_) -> n end).
g_is_bitstring() -> test(fun(V) when is_bitstring(V) -> y; (_) -> n end).
g_is_map() -> test(fun(V) when is_map(V) -> y; (_) -> n end).
g_abs() -> test(fun(V) when abs(V) > 0 -> y; (_) -> n end).
g_length() -> test(fun(V) when length(V) > 0 -> y; (_) -> n end).
g_length_or() -> test(fun(V) when length(V) > 0; is_tuple(V) -> y; (_) -> n end).
g_length_orelse() -> test(fun(V) when length(V) > 0 orelse is_tuple(V) -> y; (_) -> n end).
g_tuple_size() -> test(fun(V) when tuple_size(V) =:= 2 -> y; (_) -> n end).
g_size() -> test(fun(V) when size(V) =:= 2 -> y; (_) -> n end).
g_byte_size() -> test(fun(V) when byte_size(V) >= 1 -> y; (_) -> n end).
g_bit_size() -> test(fun(V) when bit_size(V) =:= 3 -> y; (_) -> n end).
g_map_size() -> test(fun(V) when map_size(V) =:= 1 -> y; (_) -> n end).
g_map_get() -> test(fun(V) when map_get(a, V) =:= 1 -> y; (_) -> n end).
g_is_map_key() -> test(fun(V) when is_map_key(a, V) -> y; (_) -> n end).
g_not_is_map_key() -> test(fun(V) when not is_map_key(a, V) -> y; (_) -> n end).
g_hd() -> test(fun(V) when hd(V) =:= 1 -> y; (_) -> n end).
g_tl() -> test(fun(V) when tl(V) =:= [] -> y; (_) -> n end).
g_element() -> test(fun(V) when element(1, V) =:= rec -> y; (_) -> n end).
g_element_var() -> [el(I, {a, b, c}) || I <- [0, 1, 2, 3, 4, -1, a, 1.0, 1 bsl 70]].
el(I, T) when element(I, T) =/= z -> element(I, T);
el(_, _) -> no.
g_round() -> test(fun(V) when round(V) =:= 2 -> y; (_) -> n end).
g_trunc() -> test(fun(V) when trunc(V) =:= 1 -> y; (_) -> n end).
g_floor() -> test(fun(V) when floor(V) =:= 1 -> y; (_) -> n end).
g_ceil() -> test(fun(V) when ceil(V) =:= 2 -> y; (_) -> n end).
g_float() -> test(fun(V) when float(V) =:= 1.0 -> y; (_) -> n end).
g_binary_part() -> test(fun(V) when binary_part(V, 0, 1) =:= <<1>> -> y; (_) -> n end).
g_binary_part_tuple() -> test(fun(V) when binary_part(V, {0, 1}) =:= <<1>> -> y; (_) -> n end).
g_self_node() -> test(fun(V) when self() =/= V, node() =:= nonode@nohost -> y; (_) -> n end).
g_node_of() -> [case P of X when node(X) =:= node() -> y; _ -> n end || P <- [self(), make_ref(), a, 1]].
g_arith() -> test(fun(V) when V + 1 =:= 2 -> y; (_) -> n end).
g_arith_float() -> test(fun(V) when V * 2 > 2.5 -> y; (_) -> n end).
g_div() -> [case id(N) of X when 10 div X > 3 -> y; _ -> n end || N <- [0, 1, 2, 3, 10, a, 1.0]].
g_rem() -> [case id(N) of X when X rem 3 =:= 0 -> y; _ -> n end || N <- [0, 1, -3, 4, 3.0, 3 bsl 70]].
g_band() -> [case id(N) of X when X band 1 =:= 1 -> y; _ -> n end || N <- [0, 1, -1, 1.0, (1 bsl 70) + 1]].
g_bsl() -> [case id(N) of X when X bsl 2 > 10, X bsr 1 < 100 -> y; _ -> n end || N <- [0, 3, 1000, a]].
g_slash() -> [case id(N) of X when 1 / X > 0.3 -> y; _ -> n end || N <- [0, 1, 2, 3, 4, -1]].
g_and() -> [case {id(A), id(B)} of {X, Y} when X and Y -> y; _ -> n end || A <- [true, false, a], B <- [true, false, 1]].
g_or() -> [case {id(A), id(B)} of {X, Y} when X or Y -> y; _ -> n end || A <- [true, false, a], B <- [true, false, 1]].
g_xor() -> [case {id(A), id(B)} of {X, Y} when X xor Y -> y; _ -> n end || A <- [true, false, a], B <- [true, false, 1]].
g_not() -> [case id(A) of X when not X -> y; _ -> n end || A <- [true, false, a, 1]].
g_andalso() -> [case {id(A), id(B)} of {X, Y} when X andalso Y -> y; _ -> n end || A <- [true, false, a], B <- [true, false, 1]].
g_bare() -> [case id(A) of X when X -> y; _ -> n end || A <- [true, false, a]].
g_semicolon_order() -> [case id(A) of X when hd(X) > 1; X =:= 5 -> y; _ -> n end || A <- [5, [2], [1], 6]].
g_comma_order() -> [case id(A) of X when X =:= 5, hd(X) > 1 -> y; _ -> n end || A <- [5, [2]]].
if_forms() -> [if X > 5 -> big; X > 2, X < 5 -> mid; X =:= 0; X =:= 1 -> tiny; true -> other end || X <- [0, 1, 2, 3, 5, 6]].
err_if_clause() -> if_none(id(3)).
if_none(X) -> if X > 5 -> big; X < 2 -> small end.
err_case_clause() -> case id({a, [1]}) of {b, _} -> 1; [_] -> 2 end.
err_function_clause() -> only(id({x, "y", 1.5}), [z]).
only(a, _) -> 1;
only(_, b) -> 2.
err_badmatch() -> {a, _} = id([b]).
err_and() -> id(true) and id(a).
err_and_left() -> id(b) and id(true).
err_or() -> id(1) or id(true).
err_xor() -> id(1) xor id(true).
err_not() -> not id(a).
err_andalso() -> id(a) andalso true.
andalso_any() -> true = id(true), [id(true) andalso x, id(false) orelse y, id(false) andalso x, id(true) orelse y].
err_orelse() -> id([]) orelse true.
err_is_function_arity() -> is_function(id(fun() -> ok end), id(-1)).
err_is_function_arity_atom() -> is_function(id(fun() -> ok end), id(a)).
err_is_record_tag() -> is_record(id({a}), id("x")).
err_is_record_size() -> is_record(id({a}), id(a), id(-1)).
err_length() -> length(id([1 | 2])).
err_length_atom() -> length(id(a)).
err_hd() -> hd(id([])).
err_tl() -> tl(id(a)).
err_element_range() -> element(id(3), id({a, b})).
err_element_zero() -> element(id(0), id({a, b})).
err_element_type() -> element(id(1), id([])).
err_element_index() -> element(id(a), id({b})).
err_tuple_size() -> tuple_size(id([])).
err_size() -> size(id([])).
err_byte_size() -> byte_size(id("abc")).
err_bit_size() -> bit_size(id(abc)).
err_map_size() -> map_size(id([])).
err_map_get() -> map_get(id(k), id(#{})).
err_map_get_bad() -> map_get(id(k), id([])).
err_is_map_key() -> is_map_key(id(k), id(nomap)).
err_node() -> node(id(5)).
err_binary_part() -> binary_part(id(<<1, 2>>), id(1), id(5)).
err_abs() -> abs(id([])).

%% All callers of keys/1 give it a map, so the compiler looks at the result of is_map_key/2 where that can only have failed.
known_map() -> [keys(M) || M <- [#{}, #{abc => 1}, #{jkl => 1}, #{abc => 1, def => 1}, #{jkl => 1, def => 1}, #{abc => 1, mno => 1}]].
keys(#{} = Map) ->
    case case Abc = is_map_key(abc, Map) of false -> false; _ -> is_map_key(def, Map) end of
        true -> {def, abc};
        false ->
            case case Jkl = is_map_key(jkl, Map) of false -> false; _ -> is_map_key(def, Map) end of
                true -> {def, jkl};
                false ->
                    case case Abc of false -> false; _ -> is_map_key(mno, Map) end of
                        true -> {mno, abc};
                        false -> case Jkl of false -> error; true -> {jkl, nil} end
                    end
            end
    end.
