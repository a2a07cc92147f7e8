%%% The data structures of stdlib as real programs: trees, dictionaries, sets, queues, arrays, graphs of funs.
-module(stdlib_data).
-compile([export_all, nowarn_export_all]).
-helpers([ks]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
ks() -> [(N * 7919) rem 1009 || N <- lists:seq(1, 300)].

gb_trees() -> T = lists:foldl(fun(K, T) -> gb_trees:enter(K, -K, T) end, gb_trees:empty(), ks()), {gb_trees:size(T), gb_trees:lookup(5, T), gb_trees:smallest(T), gb_trees:largest(T), lists:sublist(gb_trees:to_list(T), 3)}.
gb_trees_delete() -> T = gb_trees:from_orddict([{N, N} || N <- lists:seq(1, 100)]), U = lists:foldl(fun gb_trees:delete/2, T, lists:seq(1, 100, 3)), {gb_trees:size(U), gb_trees:keys(gb_trees:balance(U)) =:= [N || N <- lists:seq(1, 100), N rem 3 =/= 1], gb_trees:take_smallest(U)}.
gb_trees_iterator() -> T = gb_trees:from_orddict([{N, a} || N <- lists:seq(1, 5)]), walk(gb_trees:next(gb_trees:iterator_from(3, T))).
walk(none) -> [];
walk({K, _, I}) -> [K | walk(gb_trees:next(I))].
gb_sets() -> A = gb_sets:from_list(ks()), B = gb_sets:from_list(lists:seq(1, 50)), {gb_sets:size(A), gb_sets:to_list(gb_sets:intersection(A, B)), gb_sets:size(gb_sets:union(A, B)), gb_sets:is_subset(B, A), gb_sets:smallest(A)}.
dict() -> D = lists:foldl(fun(K, D) -> dict:update_counter(K rem 10, 1, D) end, dict:new(), ks()), {lists:sort(dict:to_list(D)), dict:size(D), dict:find(3, D), dict:is_key(99, D), dict:fold(fun(_, V, A) -> V + A end, 0, D)}.
dict_large() -> D = dict:from_list([{N, N * N} || N <- lists:seq(1, 2000)]), E = dict:filter(fun(K, _) -> K rem 2 =:= 0 end, D), {dict:size(D), dict:size(E), dict:fetch(1000, E), dict:fetch(1999, D)}.
orddict() -> D = orddict:from_list([{b, 1}, {a, 2}]), [orddict:store(c, 3, D), orddict:update(a, fun(X) -> X + 1 end, D), orddict:merge(fun(_, A, B) -> A + B end, D, D), orddict:erase(a, D), orddict:append(z, 1, [])].
sets_v1() -> A = sets:from_list([1, 2, 3, 2]), B = sets:from_list([3, 4]), {sets:size(A), lists:sort(sets:to_list(sets:union(A, B))), sets:to_list(sets:intersection(A, B)), lists:sort(sets:to_list(sets:subtract(A, B))), sets:is_element(2, A), sets:is_disjoint(A, B)}.
sets_v2() -> A = sets:from_list(ks(), [{version, 2}]), {sets:size(A), sets:is_element(5, A), sets:fold(fun(X, S) -> X + S end, 0, A)}.
sets_large() -> A = sets:from_list(lists:seq(1, 3000)), B = sets:filter(fun(X) -> X rem 3 =:= 0 end, A), {sets:size(A), sets:size(B), sets:is_subset(B, A)}.
ordsets() -> A = ordsets:from_list([c, a, b, a]), [A, ordsets:add_element(bb, A), ordsets:union(A, [d]), ordsets:subtract(A, [b]), ordsets:intersection([a, c], A), ordsets:is_subset([a], A)].
queue() -> Q = lists:foldl(fun queue:in/2, queue:new(), lists:seq(1, 10)), {{value, A}, Q1} = queue:out(Q), {{value, B}, Q2} = queue:out_r(Q1), {A, B, queue:len(Q2), queue:to_list(queue:reverse(Q2)), queue:peek(Q2), queue:member(5, Q2), queue:to_list(queue:filter(fun(X) -> X > 5 end, Q2))}.
queue_empty() -> [queue:out(queue:new()), queue:is_empty(queue:new()), case_runner:attempt(fun() -> queue:head(queue:new()) end)].
array() -> A = lists:foldl(fun(I, A) -> array:set(I, I * I, A) end, array:new(), lists:seq(0, 200)), {array:size(A), array:get(20, A), array:get(500, A), array:foldl(fun(_, V, S) -> V + S end, 0, A), length(array:sparse_to_list(A))}.
array_fixed() -> A = array:new(5, [{default, z}]), [array:to_list(array:set(2, x, A)), case_runner:attempt(fun() -> array:set(7, x, A) end)].
proplists() -> L = [a, {b, 1}, {c, 2, 3}, {b, 4}], [proplists:get_value(a, L), proplists:get_value(b, L), proplists:get_value(zz, L, d), proplists:get_all_values(b, L), proplists:is_defined(c, L), proplists:lookup(c, L), proplists:delete(b, L), proplists:get_bool(a, L), proplists:unfold([a, b]), proplists:compact([{a, true}]), proplists:get_keys([{x, 1}, y, {x, 2}]), proplists:split(L, [b]), proplists:to_map([a, {b, 1}])].
digraph_free_topsort() -> topsort(#{a => [b, c], b => [d], c => [d], d => []}).
topsort(G) when map_size(G) =:= 0 -> [];
topsort(G) -> Free = lists:sort([N || N <- maps:keys(G), not lists:any(fun(L) -> lists:member(N, L) end, maps:values(G))]), Free ++ topsort(maps:without(Free, G)).
sofs() -> R = sofs:relation([{a, 1}, {b, 2}, {a, 3}]), [sofs:to_external(sofs:domain(R)), sofs:to_external(sofs:converse(R)), sofs:to_external(sofs:relation_to_family(R)), sofs:to_external(sofs:restriction(R, sofs:set([a])))].
base64() -> [base64:encode("hello world"), base64:decode("aGVsbG8="), base64:encode(<<0, 255, 16>>), base64:mime_decode("aGVs\nbG8="), case_runner:attempt(fun() -> base64:decode("a") end)].
base64_long() -> B = binary:copy(<<1, 2, 3, 4, 5>>, 2000), {base64:decode(base64:encode(B)) =:= B, erlang:md5(base64:encode(B))}.
calendar() -> [calendar:date_to_gregorian_days(2024, 2, 29), calendar:day_of_the_week(2024, 2, 29), calendar:is_leap_year(1900), calendar:last_day_of_the_month(2023, 2), calendar:gregorian_seconds_to_datetime(63876384000), calendar:seconds_to_time(3661), calendar:iso_week_number({2021, 1, 3}), calendar:valid_date(2023, 2, 30), calendar:system_time_to_rfc3339(0, [{offset, "Z"}]), calendar:rfc3339_to_system_time("2020-01-02T03:04:05Z"), calendar:time_difference({{2020, 1, 1}, {0, 0, 0}}, {{2020, 1, 2}, {1, 2, 3}})].
uri() -> [uri_string:parse("http://user@host:80/path?q=1#f"), uri_string:recompose(#{scheme => "http", host => "h", path => "/p"}), uri_string:normalize("HTTP://h/a/../b"), uri_string:compose_query([{"a b", "c&d"}]), uri_string:dissect_query("x=1&y=%20"), uri_string:quote("a b/é")].
rand_seeded() -> S0 = rand:seed_s(exsss, {1, 2, 3}), {A, S1} = rand:uniform_s(100, S0), {B, S2} = rand:uniform_s(S1), {C, _} = rand:uniform_s(1 bsl 70, S2), {A, float_to_list(B, [short]), C}.
rand_algorithms() -> [begin S = rand:seed_s(Alg, 42), element(1, rand:uniform_s(1000000, S)) end || Alg <- [exsss, exrop, exro928ss, exsp]].
rand_normal() -> {A, _} = rand:normal_s(rand:seed_s(exsss, 7)), float_to_list(A, [{decimals, 12}]).
lists_program() -> W = string:lexemes("to be or not to be that is the question", " "), lists:sort(fun({A, X}, {B, Y}) -> {Y, A} =< {X, B} end, maps:to_list(lists:foldl(fun(X, M) -> M#{X => maps:get(X, M, 0) + 1} end, #{}, W))).
scan() -> {ok, T, L} = erl_scan:string("foo(X, 1.5e3, \"s\\n\", 'A b', $a, <<1:8>>, 16#FF) -> X + 1. % c"), {[setelement(2, E, 0) || E <- T], L}.
scan_error() -> [erl_scan:string("'abc"), erl_scan:string("1.5e"), erl_scan:string("\"x")].
parse() -> {ok, T, _} = erl_scan:string("f(X) when X > 1 -> [Y || Y <- X, Y =/= 2]; f(_) -> ok."), erl_parse:parse_form(T).
parse_error() -> {ok, T, _} = erl_scan:string("f(X) -> ] ."), erl_parse:parse_form(T).
eval() -> [begin {ok, T, _} = erl_scan:string(S), {ok, E} = erl_parse:parse_exprs(T), {value, V, _} = erl_eval:exprs(E, [{'X', 10}]), V end || S <- ["1 + X * 2.", "lists:map(fun(A) -> A * A end, [1, 2, 3]).", "case X of 10 -> {ten, #{a => X}}; _ -> no end.", "try error(x) catch error:E -> {c, E} end.", "<<A:4, B:4>> = <<16#5A>>, {A, B}.", "[I || I <- lists:seq(1, 10), I rem 3 =:= 0].", "F = fun G(0) -> 1; G(N) -> N * G(N - 1) end, F(10).", "receive after 0 -> nothing end.", "(fun() -> if X > 5 -> big; true -> small end end)()."]].
eval_error() -> {ok, T, _} = erl_scan:string("1 + a."), {ok, E} = erl_parse:parse_exprs(T), case_runner:attempt(fun() -> erl_eval:exprs(E, []) end).
pretty_print() -> {ok, T, _} = erl_scan:string("f(X)when X>1->[Y||Y<-X,Y=/=2];f(_)->try a catch _:_->b end."), {ok, F} = erl_parse:parse_form(T), lists:flatten(erl_pp:form(F)).
lint() -> Fs = [begin {ok, T, _} = erl_scan:string(S), {ok, F} = erl_parse:parse_form(T), F end || S <- ["-module(m).", "-export([f/1, g/0]).", "f(X) -> Y."]], {error, Es, Ws} = erl_lint:module(Fs, "m.erl"), {[[{element(1, D), lists:flatten((element(2, D)):format_error(element(3, D)))} || D <- L] || {_, L} <- Es], length(Ws)}.
term_parsing() -> {ok, T, _} = erl_scan:string("{a, [1, -2.5], \"s\", #{k => <<\"b\">>}}."), erl_parse:parse_term(T).
filename_functions() -> [filename:join("a", "b"), filename:join(["/x", "y/", "z"]), filename:basename("/a/b.erl"), filename:basename("/a/b.erl", ".erl"), filename:dirname("/a/b"), filename:extension("x.tar.gz"), filename:rootname("a/b.erl"), filename:split("/a/b/c"), filename:absname("x", "/tmp"), filename:pathtype("/a"), filename:flatten([a, "b"])].
error_texts() -> [lists:flatten(erl_error:format_exception(C, R, [])) || {C, R} <- [{error, badarith}, {error, {badmatch, 1}}, {error, {case_clause, {a}}}, {error, undef}, {exit, normal}, {throw, x}, {error, {badkey, k}}, {error, {badfun, f}}, {error, function_clause}, {error, if_clause}, {error, {try_clause, 1}}, {error, system_limit}, {error, {nocatch, t}}, {error, timeout_value}, {error, noproc}]].
