%%% Exceptions: every class through every construct, cleanup order, re-raising, and values after catching.
-module(exceptions).
-compile([export_all, nowarn_export_all]).
-helpers([kinds]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
raise(ok) -> fine;
raise({throw, X}) -> throw(X);
raise({error, X}) -> error(X);
raise({exit, X}) -> exit(X).
kinds() -> [ok, {throw, t}, {error, e}, {exit, x}].

try_catch_class() -> [try raise(K) catch throw:X -> {thrown, X}; error:X -> {errored, X}; exit:X -> {exited, X} end || K <- kinds()].
try_catch_default_throw() -> [case_runner:attempt(fun() -> try raise(K) catch X -> {thrown, X} end end) || K <- kinds()].
try_of() -> [try raise(K) of fine -> good; Other -> {other, Other} catch _:_ -> caught end || K <- kinds()].
try_of_no_match() -> try id(3) of 1 -> one; 2 -> two catch _:_ -> caught end.
try_of_body_not_protected() -> case_runner:attempt(fun() -> try id(1) of 1 -> error(in_of) catch _:_ -> caught end end).
try_after() -> put(l, []), R = [case_runner:attempt(fun() -> try raise(K) after note(K) end end) || K <- kinds()], {R, get(l)}.
try_all() -> put(l, []), R = [try raise(K) of V -> {v, V} catch C:X -> {C, X} after note(K) end || K <- kinds()], {R, get(l)}.
note(X) -> put(l, [X | get(l)]).
after_value_ignored() -> try id(a) after id(b) end.
after_raises() -> case_runner:attempt(fun() -> try throw(first) after throw(second) end end).
after_in_catch_raises() -> put(l, []), R = case_runner:attempt(fun() -> try throw(first) catch _ -> throw(second) after note(done) end end), {R, get(l)}.
nested_after_order() -> put(l, []), catch (try try try throw(x) after note(1) end after note(2) end after note(3) end), get(l).
catch_guard() -> [case_runner:attempt(fun() -> try throw(N) catch X when X > 2 -> big; X when X =:= 1 -> one end end) || N <- [1, 2, 3]].
catch_guard_class() -> [case_runner:attempt(fun() -> try raise(K) catch C:X when C =/= exit, is_atom(X) -> {C, X} end end) || K <- kinds()].
catch_pattern() -> [case_runner:attempt(fun() -> try error(E) catch error:{badmatch, V} -> {bm, V}; error:badarith -> ar; _:{_, _} -> pair end end) || E <- [{badmatch, 1}, badarith, {a, b}, other]].
catch_bound_class() -> C = id(throw), case_runner:attempt(fun() -> try throw(v) catch C:V -> V end end).
catch_stack_bound() -> try error(a) catch error:a:S -> is_list(S) end.
rethrow() -> case_runner:attempt(fun() -> try raise({error, e}) catch C:R:S -> erlang:raise(C, R, S) end end).
rethrow_other_class() -> [case_runner:attempt(fun() -> try raise(K) catch _:R:S -> erlang:raise(throw, {again, R}, S) end end) || K <- kinds()].
old_catch() -> [strip(catch raise(K)) || K <- kinds()].
strip({'EXIT', {R, S}}) when is_list(S) -> {'EXIT', R, stack};
strip(X) -> X.
old_catch_bif() -> strip(catch atom_to_list(id(1))).
old_catch_value() -> (catch id(5)) + 1.
old_catch_in_tuple() -> {catch throw(a), catch id(b), strip(catch error(c))}.
old_catch_in_list() -> [catch throw(a), strip(catch exit(d)) | catch throw([e])].
old_catch_in_call() -> id(catch throw(z)).
old_catch_nested() -> catch {catch throw(in), throw(out)}.
old_catch_shape() -> case catch id(1) / id(0) of {'EXIT', {badarith, [{M, F, A, _} | _]}} -> {M, F, A} end.
catch_in_binary() -> <<(catch throw(7)), (catch id(8))>>.
catch_in_map() -> #{k => catch throw(v), (catch throw(q)) => 1}.
catch_in_arith() -> (catch throw(2)) * (catch id(3)).
catch_in_cons_y_registers() -> A = id(1), B = id(2), C = (catch raise({throw, 3})), D = id(4), [A, B, C, D].
catch_in_guardless_if() -> X = (catch throw(yes)), if X =:= yes -> good; true -> bad end.
try_in_tuple() -> {try throw(a) catch V -> V end, try id(b) catch _ -> c end}.
try_in_argument() -> lists:reverse(try throw([1, 2]) catch L -> L end).
try_in_comprehension() -> [try 10 div X catch error:badarith -> inf end || X <- [1, 0, 5]].
try_in_fun() -> F = fun(X) -> try raise(X) catch C:V -> {C, V} end end, [F(K) || K <- kinds()].
try_in_try_catch() -> try try throw(a) catch throw:b -> wrong end catch throw:a -> right end.
catch_section_raises() -> try try throw(a) catch throw:a -> error(b) end catch C:R -> {C, R} end.
of_section_tail() -> loop(5).
loop(0) -> done;
loop(N) -> try id(N) of V -> loop(V - 1) catch _:_ -> bad end.
deep_handlers() -> deep(1000).
deep(0) -> throw(bottom);
deep(N) -> try deep(N - 1) catch throw:nomatch -> never end.
err_deep_handlers() -> deep(50).
unwinding_many_frames() -> catch frames(100000).
frames(0) -> throw(unwound);
frames(N) -> 1 + frames(N - 1).
loop_of_catches() -> lists:foldl(fun(N, A) -> A + (try throw(N) catch X -> X end) end, 0, lists:seq(1, 10000)).
values_kept_across() -> A = id([1, 2]), B = id({x}), R = try raise({error, q}) catch _:_ -> A end, erlang:garbage_collect(), {A, B, R}.
gc_in_catch() -> X = lists:seq(1, 100), R = try erlang:garbage_collect(), error({big, X}) catch error:{big, Y} -> erlang:garbage_collect(), lists:sum(Y) end, {R, length(X)}.
throw_any_term() -> [try throw(T) catch V -> V end || T <- [a, 1, 1.5, "s", {t}, #{m => 1}, <<1:3>>, 1 bsl 80, []]].
error_any_term() -> [try error(T) catch error:V -> V end || T <- [a, 1, 1.5, "s", {t}, #{m => 1}, <<1:3>>, {badmatch, x}]].
exit_in_process_normal() -> reason(fun() -> exit(normal) end).
exit_in_process_term() -> reason(fun() -> exit({some, term}) end).
error_in_process() -> case_runner:quiet(), {R, S} = reason(fun() -> error(oops) end), {R, is_list(S)}.
throw_in_process() -> case_runner:quiet(), {R, S} = reason(fun() -> throw(ball) end), {R, is_list(S)}.
badmatch_in_process() -> case_runner:quiet(), {R, S} = reason(fun() -> {a, _} = id(b) end), {R, is_list(S)}.
return_in_process() -> reason(fun() -> any_value end).
reason(F) -> {P, Ref} = spawn_monitor(F), receive {'DOWN', Ref, process, P, R} -> R end.
error_2() -> error(why, [a, b]).
error_2_none() -> error(why, none).
error_3_info() -> error(why, [x], [{error_info, #{cause => c, module => ?MODULE, function => explain}}]).
explain(Reason, [{_, _, Args, Info} | _]) -> #{general => io_lib:format("~p ~p ~p", [Reason, Args, lists:sort(maps:to_list(proplists:get_value(error_info, Info)))]), 1 => "bad first"}.
error_3_bad() -> error(why, [x], id([{nonsense, 1}])).
format_custom_info() -> try error_3_info() catch error:R:S -> lists:flatten(erl_error:format_exception(error, R, [hd(S)])) end.
raise_3() -> erlang:raise(error, made, [{m, f, 2, []}, {m2, g, [a, b], [{file, "x.erl"}, {line, 7}]}]).
raise_3_empty() -> erlang:raise(exit, made, []).
raise_3_throw() -> erlang:raise(throw, made, [{m, f, 2}]).
raise_3_bad_class() -> erlang:raise(id(oops), made, []).
raise_3_bad_stack() -> erlang:raise(error, made, id([x])).
raise_3_bad_stack_improper() -> erlang:raise(error, made, id([{m, f, 1} | z])).
raise_3_bad_arity() -> erlang:raise(error, made, id([{m, f, x, []}])).
nif_error() -> erlang:nif_error(undef_nif).
nif_error_2() -> erlang:nif_error(undef_nif, [a]).
exit_1_in_try() -> try exit(x) catch exit:x -> caught end.
exit_kill_is_reason() -> try exit(kill) catch exit:R -> R end.
after_runs_before_outer_catch() -> put(l, []), try try throw(t) after note(inner) end catch t -> note(outer) end, get(l).
receive_in_after() -> self() ! m, try id(v) after receive m -> note_ok end end.
try_with_receive() -> self() ! {v, 1}, try receive {v, X} -> throw(X) end catch Y -> {got, Y} end.
case_in_catch() -> [try raise(K) catch _:R -> case R of t -> 1; e -> 2; _ -> 3 end end || K <- kinds()].

%% erlang:raise/3 of no class, where the compiler makes an instruction of it: it answers.
raise_of_no_class() -> [raise_again(C, fun() -> abs(X) end) || C <- [error, bad_class], X <- [id(a)]].
raise_again(Class, F) ->
    try caught_again(Class, F) catch C:R -> {C, R} end.
caught_again(Class, F) ->
    try F() catch _:Reason:Stack -> erlang:raise(Class, Reason, Stack) end.
