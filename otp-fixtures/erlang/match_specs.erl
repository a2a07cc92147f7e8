%%% Match specifications by themselves: every guard and body function, errors, the table and the trace dialect.
-module(match_specs).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(?MODULE, F).
%% Result of a body expression with '$1' bound to V, through the test function of tables.
b(V, Body) -> ms({V}, [{{'$1'}, [], [Body]}]).
g(V, Guard) -> ms({V}, [{{'$1'}, [Guard], [yes]}]).
ms(T, S) -> case erlang:match_spec_test(T, S, table) of {ok, R, [], []} -> R; O -> O end.
tr(Args, S) -> erlang:match_spec_test(Args, S, trace).
values() -> [a, true, 1, -2, 0, 1.5, -0.5, [], [1, 2], [1 | 2], {}, {x, 1}, <<>>, <<"ab">>, <<1:3>>, #{}, #{k => v}, 1 bsl 70, "ab"].
%% Nested too deeply.
deep() ->
    Guard = lists:foldl(fun(N, G) -> {'or', {'=:=', N, '$1'}, G} end, true, lists:seq(1, 100000)),
    Body = lists:foldl(fun(_, B) -> {{B}} end, '$1', lists:seq(1, 100000)),
    T = ets:new(t, []),
    [{[case R of {error, [{error, S} | _]} -> lists:sublist(S, 17); _ -> R end
       || R <- [erlang:match_spec_test(A, M, D) || {A, D} <- [{[1], trace}, {{1}, table}]]],
      [try F() catch C:X -> {C, X} end
       || F <- [fun() -> ets:match_spec_compile(M) end, fun() -> ets:select(T, M) end, fun() -> ets:select_delete(T, M) end,
                fun() -> erlang:trace_pattern({?MODULE, none, 0}, M, []) end]]}
     || M <- [[{['$1'], [Guard], [true]}], [{{'$1'}, [], [Body]}]]].
unary(Fs) -> [{F, [g(V, {F, '$1'}) || V <- values()], [b(V, {F, '$1'}) || V <- values()]} || F <- Fs].

type_tests() -> unary([is_atom, is_float, is_integer, is_list, is_number, is_pid, is_port, is_reference, is_tuple, is_map, is_binary, is_function]).
type_tests_later() -> unary([is_boolean, is_bitstring]).
type_test_pids() -> S = self(), R = make_ref(), [[ms({V}, [{{'$1'}, [{F, '$1'}], [yes]}]) || F <- [is_pid, is_reference, is_port, is_function]] || V <- [S, R, fun lists:map/2]].
is_record() -> [b({r, 1}, {is_record, '$1', T, N}) || {T, N} <- [{r, 2}, {r, 3}, {q, 2}, {r, x}, {1, 2}]].
is_function_2() -> [b(fun lists:map/2, {is_function, '$1', N}) || N <- [2, 1, x, -1]].
unary_numbers() -> unary([abs, round, trunc, '-', '+', 'bnot', float]).
unary_numbers_later() -> unary([ceil, floor]).
unary_structures() -> unary([size, byte_size, bit_size, hd, tl, length, map_size, node, 'not']).
unary_structures_later() -> unary([tuple_size]).
binary_arithmetic() -> [{Op, [b(X, {Op, '$1', Y}) || X <- [7, -7, 2.5, a, 1 bsl 65], Y <- [2, 0, -3, 1.5, x]]} || Op <- ['+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor']].
shifts() -> [b(X, {Op, '$1', Y}) || Op <- ['bsl', 'bsr'], X <- [5, -5, 1 bsl 65], Y <- [0, 1, 3, -2, 64]].
comparisons() -> [{Op, [b(X, {Op, '$1', {const, Y}}) || X <- [1, a, {1}], Y <- [1, 1.0, b, {1.0}]]} || Op <- ['>', '>=', '<', '=<', '=:=', '==', '=/=', '/=']].
min_max() -> [b(X, {Op, '$1', 2}) || Op <- [min, max], X <- [1, 2.0, a]].
logic() -> [b(X, {Op, '$1', Y}) || Op <- ['and', 'or', 'andalso', 'orelse', 'xor'], X <- [true, false, a], Y <- [true, false, b]].
logic_many() -> [b(X, {Op, true, '$1', false, true}) || Op <- ['and', 'or', 'andalso', 'orelse'], X <- [true, false, x]].
logic_one() -> [b(X, {Op, '$1'}) || Op <- ['and', 'or', 'andalso', 'orelse', 'not'], X <- [true, false, x]].
logic_none() -> [b(true, {Op}) || Op <- ['and', 'or', 'andalso', 'orelse']].
logic_three_xor() -> b(true, {'xor', '$1', true, false}).
logic_short_cut() -> [g(a, G) || G <- [{'orelse', true, {hd, '$1'}}, {'andalso', false, {hd, '$1'}}, {'orelse', false, {hd, '$1'}}, {'or', true, {hd, '$1'}}, {'and', false, {hd, '$1'}}, {'andalso', true, {hd, '$1'}}]].
element() -> [b({a, b}, {element, N, '$1'}) || N <- [1, 2, 3, 0, -1, x]].
map_functions() -> [b(#{k => 1, 2 => x}, X) || X <- [{map_get, k, '$1'}, {map_get, z, '$1'}, {is_map_key, k, '$1'}, {is_map_key, z, '$1'}, {is_map_key, k, a}, {map_get, k, a}, {map_size, '$1'}]].
binary_part() -> [b(<<"hello">>, X) || X <- [{binary_part, '$1', 1, 2}, {binary_part, '$1', 5, -2}, {binary_part, '$1', 4, 3}, {binary_part, '$1', {{1, 2}}}, {binary_part, '$1', {const, {0, 5}}}, {binary_part, a, 0, 0}]].
setelement() -> [b({a, b}, {setelement, N, '$1', x}) || N <- [1, 2, 3, x]].
node_self() -> [ms({1}, [{'_', [], [{node}]}]), ms({1}, [{'_', [], [{node, {self}}]}]), ms({1}, [{'_', [], [{'=:=', {self}, {const, self()}}]}])].
constants() -> [b(1, X) || X <- [{const, {a, '$1'}}, {const, ['$1', '$_']}, {const, #{a => '$1'}}, "abc", [a, '$1'], {{a, '$1'}}, {{}}, #{a => '$1'}, #{'$1' => b}, <<"bin">>, 1.5, 1 bsl 80, [], ['$1' | '$1'], [[['$1']]], {{{{'$1'}}}}]].
objects() -> [ms({a, 1, b}, [{{'$2', '$1', '$3'}, [], [X]}]) || X <- ['$_', '$$', '$*', '$1', ['$_' | '$$'], {{'$_'}}]].
several_body_expressions() -> ms({1}, [{{'$1'}, [], [a, {'+', '$1', 1}, '$1', '$_']}]).
several_guards() -> [ms({N}, [{{'$1'}, [{is_integer, '$1'}, {'>', '$1', 1}], [yes]}]) || N <- [0, 1, 2, a]].
guard_values() -> [g(x, G) || G <- [true, false, a, 1, '$1', {const, true}, {'not', false}, {'not', a}, [], {{true}}]].
several_clauses() -> [ms({N}, [{{1}, [], [one]}, {{'$1'}, [{'>', '$1', 5}], [{{big, '$1'}}]}, {'$1', [], ['$1']}]) || N <- [1, 3, 7, a]].
heads() -> [ms(T, [{H, [], ['$$']}]) || {T, H} <- [{{1, 2}, {'$1', '$2'}}, {{1, 2}, '$1'}, {{1, 2}, '_'}, {{1, 2}, {'_', '$1'}}, {{1, 1}, {'$1', '$1'}}, {{1, 1.0}, {'$1', '$1'}}, {{[1, 2, 3]}, {['$1' | '$2']}}, {{{a, {b, {c}}}}, {{a, {'$1', {'$2'}}}}}, {{1, 2}, {'$1'}}, {{#{a => 1, b => 2}}, {#{a => '$1'}}}, {{1 bsl 70}, {1 bsl 70}}, {{1.5}, {1.5}}, {{<<"x">>}, {<<"x">>}}, {{"ab"}, {"ab"}}, {{1}, {1.0}}, {{[]}, {[]}}, {{{}}, {{}}}, {{1, 2, 3}, {'$3', '$1', '$2'}}, {{a, b}, {'$00', '$01'}}, {{a}, {'$1000'}}]].
variable_names() -> [ms({a}, [{{V}, [], [V]}]) || V <- ['$0', '$1', '$99', '$', '$a', '$1a', '$-1', '$01', '$100000000', '$99999999']].
errors_shape() -> [ms({1}, S) || S <- [foo, [], [foo], [{a}], [{a, b, c}], [{'_', [], []}], [{'_', [], ['$_']} | tail], [{'_', [a | b], ['$_']}], {'_', [], []}, [{'_', [], ['$_'], x}]]].
errors_guards() -> [ms({1}, [{{'$1'}, [G], ['$1']}]) || G <- [{foo}, {foo, 1}, {foo, 1, 2}, {is_atom}, {is_atom, 1, 2}, {'$1'}, {}, {{}}, {1, 2}, '$2', {'+', '$2', '$3'}, {const}, {const, 1, 2}, {element, 1}, {self, 1}, {"x"}]].
errors_bodies() -> [ms({1}, [{{'$1'}, [], [B]}]) || B <- ['$2', {foo}, {message, x}, {return_trace}, {enable_trace, x}, {set_seq_token, a, b}, {get_seq_token}, {caller}, {exception_trace}, {silent, true}, {display, 1}, {process_dump}, {is_seq_trace}, {trace, [], []}, {apply, a, b, []}]].
errors_heads() -> [ms({1}, [{H, [], [true]}]) || H <- [#{'$1' => a}, {#{'_' => 1}}, #{{'$1'} => a}, foo, [], {}]].
errors_several() -> ms({1}, [{{'$1'}, [{foo}, {bar, 1}, '$7'], [{baz}, '$8']}, {'_', [], []}]).
test_dialects() -> [e(fun() -> erlang:match_spec_test(A, S, D) end) || {A, S, D} <- [{{1}, [{'_', [], ['$_']}], foo}, {1, [{'_', [], ['$_']}], table}, {{1}, [{'_', [], ['$_']}], trace}, {[1], [{'_', [], ['$_']}], trace}, {[1 | 2], [{'_', [], []}], trace}, {[1], foo, trace}, {{1}, foo, table}]].
test_ms_table() -> [ets:test_ms(T, S) || {T, S} <- [{{1, 2}, [{{'$1', '_'}, [], ['$1']}]}, {{1, 2}, [{{'$1'}, [], ['$1']}]}, {{1, 2}, [{{'$1', '_'}, [{foo}], ['$1']}]}, {{1, 2}, foo}]].
test_ms_bad() -> e(fun() -> ets:test_ms(foo, [{'_', [], ['$_']}]) end).

compile_run() -> [ets:match_spec_run(L, ets:match_spec_compile(S)) || {L, S} <- [{[{1}, {2}, {3}], [{{'$1'}, [{'>', '$1', 1}], ['$1']}]}, {[], [{'_', [], ['$_']}]}, {[{a, 1}, {b, 2}, c], [{{'$1', '$2'}, [], [{{'$2', '$1'}}]}]}, {[1, a], [{'_', [], ['$_']}]}]].
compile_bad() -> [e(fun() -> ets:match_spec_compile(S) end) || S <- [foo, [], [{a}], [{'_', [{foo}], [x]}]]].
run_bad() -> C = ets:match_spec_compile([{'_', [], ['$_']}]), [e(fun() -> ets:match_spec_run(A, B) end) || {A, B} <- [{[{1}], foo}, {foo, C}, {[{1} | x], C}, {[1], make_ref()}]].
is_compiled() -> C = ets:match_spec_compile([{'_', [], ['$_']}]), [ets:is_compiled_ms(X) || X <- [C, make_ref(), foo, []]].
run_many() -> C = ets:match_spec_compile([{{'$1'}, [{'=:=', {'rem', '$1', 1000}, 0}], ['$1']}]), ets:match_spec_run([{N} || N <- lists:seq(1, 20000)], C).
run_order() -> C = ets:match_spec_compile([{'$1', [], ['$1']}]), ets:match_spec_run(lists:seq(1, 10), C).
run_failing_body() -> C = ets:match_spec_compile([{'$1', [], [{'+', '$1', 1}]}]), ets:match_spec_run([1, a, 2], C).

trace_plain() -> [tr(A, S) || {A, S} <- [{[1, 2], [{['$1', '$2'], [], []}]}, {[1, 2], [{['$1'], [], []}]}, {[1, 2], [{['$1', '_'], [{'>', '$1', 5}], []}]}, {[], [{[], [], []}]}, {[1], [{'_', [], []}]}, {[1], [{'$1', [], []}]}, {[1], [{'_', [], [true]}]}, {[1], [{'_', [], [false]}]}, {[1], []}]].
trace_message() -> [tr([1, b], [{['$1', '$2'], [], B}]) || B <- [[{message, '$1'}], [{message, {{'$2', '$1'}}}], [{message, false}], [{message, true}], [{message, '$_'}], [{message, '$$'}], [{message, '$*'}], [{message, {const, x}}], [{message, x}, {message, y}], [a, {message, z}], [{message}], [{message, a, b}]]].
trace_return() -> [tr([1], [{'_', [], B}]) || B <- [[{return_trace}], [{exception_trace}], [{return_trace}, {exception_trace}], [{message, {return_trace}}], [{message, {exception_trace}}], [{return_trace, 1}], [{message, m}, {return_trace}], [{return_to}]]].
trace_caller() -> [tr([1], [{'_', [], B}]) || B <- [[{caller}], [{message, {caller}}], [{caller, 1}]]].
trace_silent() -> [tr([1], [{'_', [], B}]) || B <- [[{silent, true}], [{silent, false}], [{silent, x}], [{message, {silent, true}}], [{silent}]]].
trace_dictionary() -> [tr([1], [{'_', [], [{message, F}]}]) || F <- [{is_seq_trace}, {get_seq_token}, {get_tcw}, {self, 1}, {set_seq_token, label, 1}, {set_seq_token, foo, 1}, {display, 1, 2}]].
trace_self_node() -> {ok, P, _, _} = X = tr([1], [{'_', [], [{message, {self}}]}]), {element(1, X), P, tr([1], [{'_', [], [{message, {node}}]}])}.
trace_flags() -> [tr([1], [{'_', [], [F]}]) || F <- [{enable_trace}, {disable_trace}, {enable_trace, a, b, c}, {trace, []}, {trace}]].
trace_functions_in_guards() -> [tr([1], [{'_', [G], []}]) || G <- [{message, x}, {return_trace}, {silent, true}, {caller}, {get_tcw}, {is_seq_trace}, {process_dump}, {self}, {enable_trace, send}, {display, x}, {get_seq_token}, {set_tcw, 1}, {exception_trace}, {trace, [], []}, {set_seq_token, label, 1}]].
trace_heads() -> [tr([1, 2], [{H, [], []}]) || H <- [foo, {'$1', '$2'}, ['$1' | '$2'], ['$1', '$2'], "ab", '_', '$1', [1, 2], [1.0, 2]]].
trace_errors() -> [tr([1], S) || S <- [foo, [foo], [{a}], [{'_', [{foo}], []}], [{'_', [], [{foo, 1}]}], [{'_', [], ['$1']}], [{['$1'], [], ['$2']}], [{'_', x, []}], [{'_', [], x}]]].
trace_body_arithmetic() -> [tr([3, 4], [{['$1', '$2'], [], [{message, {'+', '$1', '$2'}}]}]), tr([3, a], [{['$1', '$2'], [], [{message, {'+', '$1', '$2'}}]}])].
trace_in_table_functions() -> [tr([{a, 1}], [{['$1'], [{is_tuple, '$1'}, {'==', {element, 2, '$1'}, 1}], [{message, {element, 1, '$1'}}]}])].

%% A specification that goes on over a list that has been gone over in part.
run_in_reverse() ->
    C = ets:match_spec_compile([{{'$1', x}, [], ['$1']}]),
    [ets:match_spec_run_r([{N, x} || N <- [1, 2, 3]], C, [rest]), ets:match_spec_run_r([], C, []), ets:match_spec_run_r([{1, y}], C, [a]),
     case_runner:attempt(fun() -> ets:match_spec_run_r([{1, x} | b], C, []) end), case_runner:attempt(fun() -> ets:match_spec_run_r([{1, x}], c, []) end)].

%% The caller's stack is for specifications about calls, and since 26.
current_stacktraces() ->
    Errors = [tr([a], [{'_', [], [{message, {current_stacktrace, D}}]}]) || D <- [-1, a, 1 bsl 70, {self}, '$1']] ++ [tr([a], [{'_', [{current_stacktrace}], []}]), ms({a}, [{'_', [], [{current_stacktrace}]}])],
    {Errors, tr([a], [{'_', [], [{message, {current_stacktrace, 0}}]}])}.
