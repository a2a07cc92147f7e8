%%% Stack traces: which frames remain, arities or arguments, lines; tail calls, funs, BIFs, library code.
-module(stacktraces).
-compile([export_all, nowarn_export_all]).
-helpers([reraise_unmatched, outer_error, trace_length, with_after, with_after_2]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

body_call() -> X = inner(id(1)), X + 1.
inner(N) -> Y = leaf(N), Y + 1.
leaf(N) -> case id(N) of none -> N; _ -> error({leaf, N}) end.
tail_call() -> t1(id(1)).
t1(N) -> t2(N).
t2(N) -> t3(N).
t3(N) -> case id(N) of none -> N; _ -> error(tail) end.
mixed() -> X = t1(id(1)), X + 1.
bif_body() -> X = atom_to_list(id(1)), X ++ "".
bif_tail() -> atom_to_list(id(1)).
bif_guard_body() -> X = element(id(5), id({a})), {X}.
bif_apply() -> apply(erlang, atom_to_list, [id(1)]).
bif_apply_fun() -> F = id(fun erlang:atom_to_list/1), X = F(1), {X}.
bif_deep_args() -> list_to_atom(id([a, {b, "c"}, #{d => 1}])).
arith_line() ->
    A = id(1),
    B = id(x),
    A +
        B.
multi_line_call() ->
    X = id(
          leaf(
            id(2))),
    {X}.
function_clause() -> fc(id([1]), b).
fc(a, b) -> ok.
function_clause_body() -> X = fc(id([1]), b), {X}.
case_clause() -> case id(9) of 1 -> ok end.
case_clause_in_fun() -> F = fun(X) -> case X of 1 -> ok end end, {F(id(2))}.
if_clause() -> X = id(1), if X > 1 -> ok end.
badmatch() -> [A] = id([]), A.
try_clause() -> try id(1) of 2 -> ok catch _:_ -> no end.
badrecord_like() -> setelement(3, id({a, b}), c).
in_fun() -> F = fun(X) -> Y = leaf(X), {Y} end, {F(3)}.
in_fun_tail() -> F = fun(X) -> leaf(X) end, {F(3)}.
in_named_fun() -> F = fun Rec(0) -> leaf(end_reached); Rec(N) -> {Rec(N - 1)} end, {F(3)}.
in_map() -> lists:map(fun(X) -> 1 / X end, [1, 0]).
in_foldl() -> lists:foldl(fun(X, A) -> A + X end, 0, [1, a]).
in_sort() -> lists:sort(fun(_, _) -> error(cmp) end, [2, 1]).
in_comprehension() -> [atom_to_list(X) || X <- [a, 1]].
in_binary_comprehension() -> << <<(byte_size(X))>> || X <- [<<>>, 1] >>.
in_maps_fold() -> maps:fold(fun(K, V, A) -> K + V + A end, 0, #{a => 1}).
in_apply_3() -> apply(?MODULE, leaf, [4]).
in_apply_body() -> X = apply(?MODULE, leaf, [4]), {X}.
undef_shape() -> nosuch:fn(1, "two").
undef_body() -> X = nosuch:fn(1, "two"), {X}.
badfun_shape() -> F = id(3), {F(1)}.
badarity_shape() -> F = id(fun(_) -> 1 end), {F(1, 2)}.
recursion_depth() -> case_runner:attempt(?MODULE, fun() -> rec(20) end).
rec(0) -> leaf(deep);
rec(N) -> 1 + rec(N - 1).
depth_limit_default() -> length(element(4, case_runner:attempt(?MODULE, fun() -> rec(100) end))).
depth_counts_natives() ->
    Fs = [fun() -> id(a) / id(0) end, fun() -> id([]) + 1 end, fun() -> hd(id([])) end, fun() -> lists:keysearch(1, 2, id(3)) end,
          fun() -> erlang:error(x) end, fun() -> throw(x) end, fun() -> (id(nomod)):f(1) end, fun() -> binary_to_atom(id(1)) end],
    [begin
        Old = erlang:system_flag(backtrace_depth, D),
        R = [try F() catch _:_:S -> [{M, N} || {M, N, _, _} <- S] end || F <- Fs],
        erlang:system_flag(backtrace_depth, Old),
        {D, R}
    end || D <- [0, 1, 2]].
depth_flag() -> Old = erlang:system_flag(backtrace_depth, 3), R = trace_length(), erlang:system_flag(backtrace_depth, 20), S = trace_length(), erlang:system_flag(backtrace_depth, Old), {Old, R, S}.
trace_length() -> {_, Ref} = spawn_monitor(fun() -> exit(try zig(50) catch _:_:T -> length(T) end) end), receive {'DOWN', Ref, _, _, N} -> N end.
zig(0) -> leaf(end_of_zig);
zig(N) -> 1 + zag(N - 1).
zag(N) -> 1 + zig(N - 1).
throw_trace() -> try throw_deep(id(1)) catch throw:_:S -> case_runner:shape(?MODULE, S) end.
throw_deep(N) -> X = leaf_throw(N), {X}.
leaf_throw(N) -> case id(N) of none -> N; _ -> throw({t, N}) end.
exit_trace() -> try exit_deep(id(1)) catch exit:_:S -> case_runner:shape(?MODULE, S) end.
exit_deep(N) -> X = leaf_exit(N), {X}.
leaf_exit(N) -> case id(N) of none -> N; _ -> exit({t, N}) end.
error_with_args() -> X = with_args(id(1), "b"), {X}.
with_args(A, B) -> case id(A) of none -> B; _ -> error(bad, [A, B]) end.
raised_again_same() -> try try leaf(1) catch C:R:S -> erlang:raise(C, R, S) end catch _:_:T -> case_runner:shape(?MODULE, T) end.
raised_in_other_place() -> try again(catch_it(a)) catch _:_:T -> case_runner:shape(?MODULE, T) end.
catch_it(_) -> try inner(5) catch C:R:S -> {C, R, S} end.
again({C, R, S}) -> X = erlang:raise(C, R, S), {X}.
implicit_reraise() -> try reraise_unmatched() catch _:_:T -> case_runner:shape(?MODULE, T) end.
reraise_unmatched() -> X = try inner(6) catch throw:never -> ok end, {X}.
through_after() -> try with_after() catch _:_:T -> case_runner:shape(?MODULE, T) end.
with_after() -> X = try inner(7) after id(cleanup) end, {X}.
after_with_more_calls() -> try with_after_2() catch _:_:T -> case_runner:shape(?MODULE, T) end.
with_after_2() -> try inner(8) after lists:map(fun(X) -> X end, [1, 2]), catch leaf(x) end.
nested_catch_keeps_own() -> try outer_error() catch _:R:T -> {R, case_runner:shape(?MODULE, T)} end.
outer_error() -> X = try leaf(first) catch _:_ -> leaf(second) end, {X}.
in_spawned() -> S = self(), spawn(fun() -> S ! {tr, try inner(9) catch _:_:T -> case_runner:shape(?MODULE, T) end} end), receive {tr, V} -> V end.
exit_reason_trace() -> case_runner:quiet(), {_, Ref} = spawn_monitor(?MODULE, inner, [10]), receive {'DOWN', Ref, _, _, {R, T}} -> {R, case_runner:shape(?MODULE, T)} end.
exit_reason_trace_fun() -> case_runner:quiet(), {_, Ref} = spawn_monitor(fun() -> X = inner(11), {X} end), receive {'DOWN', Ref, _, _, {R, T}} -> {R, case_runner:shape(?MODULE, T)} end.
exit_reason_undef() -> case_runner:quiet(), {_, Ref} = spawn_monitor(?MODULE, nosuch, [10]), receive {'DOWN', Ref, _, _, {R, T}} -> {R, case_runner:shape(?MODULE, T)} end.
exit_reason_bad_arity() -> case_runner:quiet(), {_, Ref} = spawn_monitor(?MODULE, leaf, [1, 2]), receive {'DOWN', Ref, _, _, {R, T}} -> {R, case_runner:shape(?MODULE, T)} end.
exit_reason_throw() -> case_runner:quiet(), {_, Ref} = spawn_monitor(?MODULE, throw_deep, [1]), receive {'DOWN', Ref, _, _, {R, T}} -> {R, case_runner:shape(?MODULE, T)} end.
own_stack_of_self() -> {current_stacktrace, S} = process_info(self(), current_stacktrace), case_runner:shape(?MODULE, S).
current_function() -> process_info(self(), current_function).
file_name() -> try leaf(1) catch _:_:S -> [{_, _, _, I} | _] = S, lists:keysort(1, I) end.
file_name_of_bif() -> try atom_to_list(id(1)) catch _:_:S -> [{_, _, _, I} | _] = S, I end.
format_error_call() -> try leaf(id(1)) catch C:R:S -> [F | _] = S, lists:flatten(erl_error:format_exception(C, R, [F])) end.
format_bif_call() -> try atom_to_list(id(1)) catch C:R:S -> [F, G | _] = S, lists:flatten(erl_error:format_exception(C, R, [F, G])) end.
format_arith() -> try id(1) + id(a) catch C:R:S -> [F, G | _] = S, lists:flatten(erl_error:format_exception(C, R, [F, G])) end.

%% A tail call by name of what only raises shows the caller.
tail_applied_error() -> tail_apply(erlang, error, [boom]).
tail_applied_error_2() -> tail_apply(erlang, error, [boom, [a]]).
tail_applied_exit() -> tail_apply(erlang, exit, [boom]).
tail_applied_throw() -> tail_apply(erlang, throw, [boom]).
tail_applied_badarg() -> tail_apply(erlang, atom_to_list, [1]).
tail_applied_exit_2() -> tail_apply(erlang, exit, [a, b]).
tail_called_error() -> tail_call(erlang, error, boom).
tail_called_error_with_frame() -> tail_call_with_frame(erlang, error, boom).
tail_called_badarg() -> tail_call(erlang, atom_to_list, 1).

tail_apply(M, F, A) -> apply(M, F, A).
tail_call(M, F, A) -> M:F(A).
tail_call_with_frame(M, F, A) -> self() ! {A, erlang:make_ref()}, receive {A, _} -> M:F(A) end.

%% Those that return do so.
tail_called_exit_2() ->
    {Pid, Ref} = spawn_monitor(fun() -> receive x -> ok end end),
    R = tail_call_2(erlang, exit, Pid, gone),
    {R, receive {'DOWN', Ref, _, _, Why} -> Why end}.
tail_call_2(M, F, A, B) -> M:F(A, B).
