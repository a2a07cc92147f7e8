%%% Traced calls: erlang:trace/3 with flag call, trace_pattern/3, match specifications, trace_info/2.
-module(trace_calls).
-compile([export_all, nowarn_export_all]).
-helpers([gather, nobody, recv, instructions, is_beginning, messages_of_instructions]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

fact(0) -> 1;
fact(N) -> N * fact(N - 1).
sum(L) -> sum(L, 0).
sum([], A) -> A;
sum([H | T], A) -> sum(T, A + H).
outer(X) -> Y = inner(X), {outer, Y}.
inner(X) -> last(X + 1).
last(X) -> id({last, X}).
fails(X) -> Y = deep(X), {never, Y}.
deep(0) -> error(deep);
deep(N) -> 1 + deep(N - 1).
catches(X) -> R = (catch fails(X)), {caught, element(1, R)}.
pair(A, B) -> {A, B}.
bins(<<A, B/binary>>) -> [A | bins(B)];
bins(<<>>) -> [].
nobody() -> ok.
ext(N) -> ?MODULE:fact(N).
recv() -> receive stop -> ok; M -> [M | recv()] end.

m(F, A) -> {?MODULE, F, A}.

local() -> traced([call], [{m(fact, 1), true, [local]}], fun() -> fact(3) end).
local_arity() -> traced([call, arity], [{m(fact, 1), true, [local]}], fun() -> fact(3) end).
global() -> traced([call], [{m(fact, 1), true, [global]}], fun() -> fact(3), ext(2) end).
global_default() -> traced([call], [{m(fact, 1), [], []}], fun() -> ext(2) end).
no_flag() -> traced([procs, arity], [{m(fact, 1), true, [local]}], fun() -> fact(3) end) -- gather().
returns() -> traced([call], [{m(fact, 1), [{'_', [], [{return_trace}]}], [local]}], fun() -> fact(2) end).
returns_global() -> traced([call], [{m(fact, 1), [{'_', [], [{return_trace}]}], [global]}], fun() -> ext(2) end).
returns_tail() -> traced([call], [{m(sum, '_'), [{'_', [], [{return_trace}]}], [local]}], fun() -> sum([1, 2, 3]) end).
return_to() -> traced([call, return_to], [{m(F, 1), true, [local]} || F <- [outer, inner, last, id]], fun() -> outer(1), ok end).
return_to_tail() -> traced([call, return_to], [{m(sum, '_'), true, [local]}], fun() -> {sum([1, 2])} end).
return_to_some() -> traced([call, return_to], [{m(inner, 1), true, [local]}], fun() -> {outer(1)} end).
both_returns() -> traced([call, return_to], [{m(inner, 1), [{'_', [], [{return_trace}]}], [local]}], fun() -> {outer(1)} end).
exceptions() -> traced([call], [{m(deep, 1), [{'_', [], [{exception_trace}]}], [local]}], fun() -> catches(2) end).
exceptions_returning() -> traced([call], [{m(fact, 1), [{'_', [], [{exception_trace}]}], [local]}], fun() -> fact(1) end).
exceptions_uncaught() -> traced([call], [{m(fails, 1), [{'_', [], [{exception_trace}]}], [local]}], fun() -> fails(1) end).
returns_lost() -> traced([call], [{m(deep, 1), [{'_', [], [{return_trace}]}], [local]}], fun() -> catches(1) end).
%% In 27 and later the process is seen to return to a handler that is not the caller's, too.
return_to_far_handler() -> traced([call, return_to], [{m(may_fail, 1), true, [local]}], fun() -> {catches_far(0), catches_far(1)} end).
may_fail(0) -> error(zero);
may_fail(N) -> N.
in_between(X) -> Y = may_fail(X), {got, Y}.
catches_far(X) -> R = (catch in_between(X)), {caught, R}.
return_to_handler() -> traced([call, return_to], [{m(fails, 1), true, [local]}], fun() -> {catches(0)} end).
throws() -> traced([call], [{m(id, 1), [{'_', [], [{exception_trace}]}], [local]}], fun() -> catch throw(id(x)), try exit(id(y)) catch exit:y -> id(z) end end).
match_head() -> traced([call], [{m(fact, 1), [{[2], [], []}], [local]}], fun() -> fact(3) end).
match_guard() -> traced([call], [{m(fact, 1), [{['$1'], [{'>', '$1', 1}], [{message, {{seen, '$1'}}}]}], [local]}], fun() -> fact(3) end).
match_same() -> traced([call], [{m(pair, 2), [{['$1', '$1'], [], []}], [local]}], fun() -> pair(1, 2), pair(2, 2) end).
match_all_args() -> traced([call], [{m(pair, 2), [{'$1', [], [{message, '$1'}]}, {'_', [], [{message, other}]}], [local]}], fun() -> pair(1, 2) end).
message_true() -> traced([call], [{m(fact, 1), [{'_', [], [{message, true}]}], [local]}], fun() -> fact(0) end).
message_false() -> traced([call], [{m(fact, 1), [{'_', [], [{message, false}, {return_trace}]}], [local]}], fun() -> fact(0) end).
caller() -> traced([call], [{m(inner, 1), [{'_', [], [{message, {caller}}]}], [local]}], fun() -> {outer(1)} end).
caller_tail() -> traced([call], [{m(last, 1), [{'_', [], [{message, {caller}}]}], [local]}], fun() -> {outer(1)} end).
caller_behind_frames() -> traced([call], [{m(last, 1), [{'_', [], [{message, {caller}}, {return_trace}]}], [local]}, {m(inner, 1), [{'_', [], [{return_trace}]}], [local]}], fun() -> {outer(1)} end).
caller_fun() -> [setelement(5, M, caller_of(element(5, M))) || M <- traced([call], [{m(fact, 1), [{'_', [], [{message, {caller}}]}], [local]}], fun() -> {fact(0)} end)].
caller_of({M, F, A}) -> {M, hd(string:split(atom_to_list(F), "/")), A}; caller_of(X) -> X.
silent() -> traced([call, silent], [{m(fact, 1), true, [local]}], fun() -> fact(1) end).
silent_by_spec() -> traced([call], [{m(fact, 1), [{[2], [], [{silent, true}]}, {[0], [], [{silent, false}]}, {'_', [], []}], [local]}], fun() -> fact(4) end).
disable_by_spec() -> traced([call], [{m(fact, 1), [{[1], [], [{disable_trace, call}]}, {'_', [], []}], [local]}], fun() -> fact(3) end).
enable_by_spec() -> traced([call], [{m(fact, 1), [{[2], [], [{enable_trace, arity}]}, {'_', [], []}], [local]}], fun() -> fact(3) end).
trace_by_spec() -> traced([call], [{m(fact, 1), [{[2], [], [{trace, [call], [procs]}]}, {'_', [], []}], [local]}], fun() -> fact(3) end).
self_in_spec() -> traced([call], [{m(fact, 1), [{'_', [], [{message, {is_pid, {self}}}]}], [local]}], fun() -> fact(0) end).
control_word() -> erlang:system_flag(trace_control_word, 7), R = traced([call], [{m(fact, 1), [{['$1'], [], [{message, {get_tcw}}, {set_tcw, {'+', '$1', 10}}]}], [local]}], fun() -> fact(1) end), [R, erlang:system_info(trace_control_word), erlang:system_flag(trace_control_word, 0)].
seq_token_in_spec() -> traced([call], [{m(fact, 1), [{'_', [], [{message, {{{get_seq_token}, {is_seq_trace}}}}]}], [local]}], fun() -> fact(0) end).
contexts() -> traced([call], [{m(bins, 1), true, [local]}], fun() -> bins(<<1, 2, 3>>) end).
contexts_matched() -> traced([call], [{m(bins, 1), [{['$1'], [{is_binary, '$1'}], [{message, '$1'}]}], [local]}], fun() -> bins(<<1, 2>>) end).
%% Functions that are instructions where the code names them, and are found at run time otherwise.
instructions(How) ->
    %% A process begins with an apply/2 of its own, before or after it is traced.
    [M || M <- messages_of_instructions(How), not is_beginning(M)].
is_beginning({trace, _, call, {erlang, apply, [F, []]}}) -> erlang:fun_info(F, module) =:= {module, ?MODULE};
is_beginning({trace, _, return_from, {erlang, apply, 2}, {_, _, _}}) -> true;
is_beginning(_) -> false.
messages_of_instructions(How) ->
    traced([call], [{{erlang, F, A}, Spec, How} || {F, A} <- [{apply, 2}, {apply, 3}, {yield, 0}], Spec <- [[{'_', [], [{return_trace}]}]]], fun() ->
        M = id(erlang), Y = id(yield), A = id(apply), R = fun lists:reverse/1,
        X = [M:Y(), M:A(lists, reverse, [[1]]), M:A(R, [[2]]), erlang:yield(), erlang:apply(lists, id(reverse), id([[3]])), apply(R, id([[4]])), apply(M, Y, id([]))],
        Z = [apply(M, A, id([lists, reverse, [[5]]])), apply(M, A, id([R, [[6]]])), (id(fun erlang:yield/0))(), (id(fun erlang:apply/2))(R, [[7]])],
        {X, Z, (id(fun erlang:apply/3))(lists, reverse, [[8]])}
    end).
instructions_global() -> instructions([global]).
instructions_local() -> instructions([local]).
instructions_counted() -> [{erlang:trace_pattern({erlang, F, '_'}, true, [global]), erlang:trace_pattern({erlang, F, '_'}, false, [global])} || F <- [apply, yield]].
receiver() -> traced([call], [{m(recv, 0), true, [local]}], fun() -> self() ! a, self() ! b, self() ! stop, recv() end).
receiver_waits() -> S = self(), traced([call], [{m(recv, 0), [{'_', [], [{return_trace}]}], [local]}], fun() -> P = self(), spawn(fun() -> P ! a, P ! stop end), S ! recv() end).
funs() -> F = fun(X) -> X + 1 end, {name, N} = erlang:fun_info(F, name), [setelement(4, M, element(3, element(4, M))) || M <- traced([call], [{m(N, 1), true, [local]}], fun() -> lists:map(F, [1, 2]) end)].
other_module() -> traced([call], [{{lists, reverse, 1}, true, [global]}, {{lists, reverse, 2}, true, [global]}], fun() -> lists:reverse([1, 2, 3]), lists:reverse([a, b]) end).
stdlib_local() -> traced([call], [{{lists, sort, 1}, true, [local]}, {{lists, append, '_'}, true, [local]}], fun() -> lists:sort([3, 1, 2]), lists:append([[1], [2], [3]]) end).

native_global() -> traced([call], [{{erlang, atom_to_list, 1}, true, [global]}], fun() -> {atom_to_list(id(abc))} end).
native_local() -> traced([call], [{{erlang, atom_to_list, 1}, true, [local]}], fun() -> {atom_to_list(id(abc))} end).
native_returns() -> traced([call], [{{erlang, atom_to_list, 1}, [{'_', [], [{return_trace}]}], [local]}], fun() -> {atom_to_list(id(abc))} end).
native_fails() -> traced([call], [{{erlang, atom_to_list, 1}, [{'_', [], [{exception_trace}]}], [local]}], fun() -> catch {atom_to_list(id(17))} end).
native_applied() -> traced([call], [{{erlang, list_to_atom, 1}, true, [global]}], fun() -> {erlang:apply(id(erlang), list_to_atom, ["abc"])} end).
native_as_fun() -> traced([call], [{{erlang, list_to_atom, 1}, [{'_', [], [{return_trace}]}], [local]}], fun() -> lists:map(fun erlang:list_to_atom/1, ["a", "b"]) end).
native_trapping() -> traced([call], [{{erlang, list_to_binary, 1}, [{'_', [], [{return_trace}]}], [local]}], fun() -> {byte_size(list_to_binary(lists:duplicate(1000, <<"0123456789">>)))} end) =/= [].
native_raises() -> traced([call], [{{erlang, error, 1}, [{'_', [], [{exception_trace}]}], [local]}], fun() -> catches(0) end).
native_trace_kept() -> F = fun() -> try fails(id(0)) catch error:deep:S -> [{Fn, A} || {trace_calls, Fn, A, _} <- S, lists:member(Fn, [deep, fails])] end end, S = self(), traced([call], [{{erlang, error, 1}, [{'_', [], [{return_trace}]}], [local]}], fun() -> S ! F() end).
stack_kept() -> S = self(), F = fun() -> try fails(id(2)) catch error:deep:St -> [{Fn, A} || {trace_calls, Fn, A, _} <- St, lists:member(Fn, [deep, fails])] end end, lists:last(traced([call, return_to], [{m(deep, 1), [{'_', [], [{return_trace}]}], [local]}], fun() -> S ! F() end)).

count() -> counted(fun() -> fact(3), fact(2) end).
counted(F) -> erlang:trace_pattern(m(fact, 1), true, [call_count]), F(), R = erlang:trace_info(m(fact, 1), call_count), erlang:trace_pattern(m(fact, 1), false, [call_count]), [R, erlang:trace_info(m(fact, 1), call_count)].
count_pauses() -> erlang:trace_pattern(m(fact, 1), true, [call_count]), fact(1), A = erlang:trace_info(m(fact, 1), call_count), erlang:trace_pattern(m(fact, 1), pause, [call_count]), fact(5), B = erlang:trace_info(m(fact, 1), call_count), erlang:trace_pattern(m(fact, 1), restart, [call_count]), fact(2), C = erlang:trace_info(m(fact, 1), call_count), erlang:trace_pattern(m(fact, 1), false, [call_count]), [A, B, C].
count_many() -> erlang:trace_pattern(m(nobody, 0), true, [call_count]), Ps = [spawn_monitor(fun() -> [nobody() || _ <- lists:seq(1, 100)] end) || _ <- lists:seq(1, 20)], [receive {'DOWN', R, _, _, _} -> ok end || {_, R} <- Ps], C = erlang:trace_info(m(nobody, 0), call_count), erlang:trace_pattern(m(nobody, 0), false, [call_count]), C.
time() -> erlang:trace_pattern(m(fact, 1), true, [call_time]), erlang:trace(self(), true, [call]), fact(9), {call_time, [{P, N, S, U}]} = erlang:trace_info(m(fact, 1), call_time), erlang:trace(self(), false, [call]), R = {P =:= self(), N, S, is_integer(U)}, erlang:trace_pattern(m(fact, 1), false, [call_time]), [R, erlang:trace_info(m(fact, 1), call_time)].
time_untraced() -> erlang:trace_pattern(m(fact, 1), true, [call_time]), fact(9), R = erlang:trace_info(m(fact, 1), call_time), erlang:trace_pattern(m(fact, 1), false, [call_time]), R.
time_and_count() -> erlang:trace_pattern(m('_', '_'), true, [call_time, call_count]), erlang:trace(self(), true, [call]), outer(1), outer(2), erlang:trace(self(), false, [call]), R = [{F, element(2, hd(element(2, erlang:trace_info(m(F, 1), call_time)))), erlang:trace_info(m(F, 1), call_count)} || F <- [outer, inner, last]], erlang:trace_pattern(m('_', '_'), false, [call_time, call_count]), R.

meta() -> erlang:trace_pattern(m(fact, 1), true, [meta]), P = spawn_monitor(fun() -> fact(1) end), receive {'DOWN', R, _, _, _} when R =:= element(2, P) -> ok end, Ms = gather(), A = erlang:trace_info(m(fact, 1), meta), erlang:trace_pattern(m(fact, 1), false, [meta]), [[{T, C, M, size(Ts)} || {T, _, C, M, Ts} <- Ms], A =:= {meta, self()}, erlang:trace_info(m(fact, 1), meta)].
meta_returns() -> erlang:trace_pattern(m(fact, 1), [{'_', [], [{return_trace}, {message, {{m, {caller}}}}]}], [meta]), {_, R} = spawn_monitor(fun() -> outer(1), ext(0) end), receive {'DOWN', R, _, _, _} -> ok end, Ms = gather(), erlang:trace_pattern(m(fact, 1), false, [meta]), [setelement(tuple_size(M), setelement(2, M, p), ts) || M <- Ms].
meta_of_other() -> S = self(), T = spawn(fun() -> receive stop -> S ! {got, gather()} end end), erlang:trace_pattern(m(fact, 1), true, [{meta, T}]), {_, R} = spawn_monitor(fun() -> fact(0) end), receive {'DOWN', R, _, _, _} -> ok end, T ! stop, Ms = receive {got, X} -> X end, erlang:trace_pattern(m(fact, 1), false, [meta]), [[element(4, M) || M <- Ms], gather()].

stamps() -> [begin [M] = traced([call, F], [{m(fact, 1), true, [local]}], fun() -> fact(0) end), {F, element(1, M), size(M), kind(element(5, M))} end || F <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp]].
kind({_, _, _}) -> now; kind({A, B}) when is_integer(A), is_integer(B) -> strict; kind(I) when is_integer(I) -> integer; kind(X) -> X.
stamps_together() -> [begin [M] = traced([call | F], [{m(fact, 1), true, [local]}], fun() -> fact(0) end), {F, kind(element(5, M))} end || F <- [[timestamp, monotonic_timestamp], [strict_monotonic_timestamp, monotonic_timestamp], [timestamp, strict_monotonic_timestamp]]].
scheduler_id() -> [M] = traced([call, scheduler_id], [{m(fact, 1), true, [local]}], fun() -> fact(0) end), {size(M), is_integer(element(5, M))}.

pattern_counts() -> [begin R = erlang:trace_pattern(Mfa, true, O), erlang:trace_pattern(Mfa, false, O), R end || {Mfa, O} <- [{m(fact, 1), []}, {m(fact, 1), [local]}, {m(fact, 2), [local]}, {m(sum, '_'), [local]}, {m(nothing, 0), []}, {{nomodule, '_', '_'}, [local]}, {m(fact, 300), [local]}, {{lists, reverse, '_'}, [global]}, {{lists, member, 2}, [local]}]].
pattern_all_of_module() -> A = erlang:trace_pattern(m('_', '_'), true, [local]), B = length(?MODULE:module_info(functions)), erlang:trace_pattern(m('_', '_'), false, [local]), A =:= B.
pattern_errors() -> [attempt(fun() -> erlang:trace_pattern(A, B, C) end) || {A, B, C} <- [{a, true, []}, {{a, b}, true, []}, {m(fact, 1), x, []}, {m(fact, 1), [x], []}, {m(fact, 1), [{a, [], []}], [local]}, {m(fact, 1), true, [local, global]}, {m(fact, 1), true, [x]}, {m(fact, 1), true, x}, {{'_', fact, 1}, true, []}, {{a, '_', 1}, true, []}, {{1, b, 1}, true, []}, {m(fact, 1), [{'_', [], []}], [call_count]}, {m(fact, 1), true, [{meta, x}]}, {send, true, [local]}, {send, restart, []}]].
trace_errors() -> P = spawn(fun() -> ok end), [attempt(fun() -> erlang:trace(A, B, C) end) || {A, B, C} <- [{a, true, [call]}, {self(), x, [call]}, {self(), true, [x]}, {self(), true, x}, {self(), true, [call | x]}, {self(), true, [{tracer, x}]}, {self(), true, [cpu_timestamp]}, {existing, true, [cpu_timestamp]}]] ++ [begin until_dead(P), attempt(fun() -> erlang:trace(P, true, [call]) end) end].
until_dead(P) -> case is_process_alive(P) of true -> until_dead(P); false -> ok end.
one_tracer() -> S = self(), P = spawn(fun() -> receive x -> ok end end), T = spawn(fun() -> S ! {r, erlang:trace(P, true, [call])}, receive stop -> ok end end), A = receive {r, X} -> X end, B = attempt(fun() -> erlang:trace(P, true, [procs]) end), C = erlang:trace_info(P, tracer) =:= {tracer, T}, D = erlang:trace(P, true, [{tracer, T}, procs]), E = erlang:trace_info(P, flags), exit(T, kill), until_dead(T), F = erlang:trace_info(P, flags), G = erlang:trace(P, true, [send]), H = erlang:trace_info(P, flags), exit(P, kill), [A, B, C, D, E, F, G, H].
info_flags() -> P = spawn(fun() -> receive x -> ok end end), A = erlang:trace_info(P, flags), B = erlang:trace_info(P, tracer), erlang:trace(P, true, [all]), C = erlang:trace_info(P, flags), D = erlang:trace_info(P, tracer) =:= {tracer, self()}, erlang:trace(P, false, [procs, call]), E = erlang:trace_info(P, flags), erlang:trace(P, false, [all]), F = [erlang:trace_info(P, flags), erlang:trace_info(P, tracer)], exit(P, kill), until_dead(P), [A, B, C, D, E, F, erlang:trace_info(P, flags)].
info_new() -> A = erlang:trace_info(new, flags), erlang:trace(new_processes, true, [call, set_on_link]), B = [erlang:trace_info(new, flags), element(2, erlang:trace_info(new_processes, tracer)) =:= self()], erlang:trace(new_processes, false, [all]), [A, B, erlang:trace_info(new, flags), erlang:trace_info(new, tracer)].
info_function() -> I = fun(K) -> erlang:trace_info(m(fact, 1), K) end, Ks = [traced, match_spec, meta, meta_match_spec, call_count, call_time], A = [I(K) || K <- [all | Ks]], erlang:trace_pattern(m(fact, 1), [{'_', [], [{return_trace}]}], [local]), B = [I(K) || K <- Ks], erlang:trace_pattern(m(fact, 1), true, [call_count]), C = [I(K) || K <- Ks], erlang:trace_pattern(m(fact, 1), [{[1], [], []}], [global]), D = [I(K) || K <- Ks], erlang:trace_pattern(m(fact, 1), true, [local]), E = [I(traced)], erlang:trace_pattern(m(fact, 1), false, [local]), [A, B, C, D, E, I(traced), erlang:trace_info(m(nofun, 1), traced), erlang:trace_info({nomod, f, 1}, all)].
info_native() -> I = fun() -> erlang:trace_info({erlang, atom_to_list, 1}, traced) end, A = I(), erlang:trace_pattern({erlang, atom_to_list, 1}, true, [local]), B = I(), erlang:trace_pattern({erlang, atom_to_list, 1}, false, [local]), C = I(), erlang:trace_pattern({erlang, atom_to_list, 1}, true, [global]), D = I(), erlang:trace_pattern({erlang, atom_to_list, 1}, false, [global]), [A, B, C, D, I()].
info_errors() -> [attempt(fun() -> erlang:trace_info(A, B) end) || {A, B} <- [{self(), x}, {m(fact, 1), x}, {x, flags}, {{a, b}, traced}, {17, flags}]] ++ [begin erlang:trace_pattern(m(fact, 1), true, [local]), R = attempt(fun() -> erlang:trace_info(m(fact, 1), x) end), erlang:trace_pattern(m(fact, 1), false, [local]), R end].
info_events() -> A = [erlang:trace_info(E, match_spec) || E <- [send, 'receive']], erlang:trace_pattern(send, false, []), erlang:trace_pattern('receive', [{['_', '_', a], [], []}], []), B = [erlang:trace_info(E, match_spec) || E <- [send, 'receive']], [erlang:trace_pattern(E, true, []) || E <- [send, 'receive']], [A, B, [erlang:trace_info(E, match_spec) || E <- [send, 'receive']]].
on_load_info() -> A = erlang:trace_info(on_load, all), erlang:trace_pattern(on_load, [{'_', [], [{return_trace}]}], [local]), B = [erlang:trace_info(on_load, K) || K <- [traced, match_spec, meta, call_count]], erlang:trace_pattern(on_load, false, [local]), [A, B, erlang:trace_info(on_load, traced)].
all_processes() -> A = erlang:trace(processes, true, [call]) > 1, B = erlang:trace_info(self(), flags), erlang:trace(processes, false, [call]), [A, B, erlang:trace_info(self(), flags), erlang:trace_info(new, flags)].
existing() -> N = length(processes()), A = erlang:trace(existing_processes, true, [procs]), P = spawn(fun() -> receive x -> ok end end), B = erlang:trace_info(P, flags), erlang:trace(existing, false, [procs]), exit(P, kill), gather(), [A =:= N, B].
no_self() -> erlang:trace_pattern(m(fact, 1), true, [local]), A = erlang:trace(self(), true, [call]), fact(2), erlang:trace(self(), false, [call]), erlang:trace_pattern(m(fact, 1), false, [local]), [A, gather()].
tracer_of_call() -> S = self(), T = spawn(fun() -> receive stop -> S ! {got, gather()} end end), R = traced([call, {tracer, T}], [{m(fact, 1), true, [local]}], fun() -> fact(1) end), T ! stop, receive {got, X} -> [R, X] end.
tracer_module() -> S = self(), T = spawn(fun() -> receive stop -> S ! {got, gather()} end end), R = traced([call, {tracer, erl_tracer, T}], [{m(fact, 1), true, [local]}], fun() -> fact(0) end), T ! stop, receive {got, X} -> [R, X] end.
tracer_dies() -> T = spawn(fun() -> receive stop -> ok end end), P = spawn(fun() -> receive go -> fact(2), receive after infinity -> ok end end end), erlang:trace_pattern(m(fact, 1), true, [local]), erlang:trace(P, true, [call, {tracer, T}]), exit(T, kill), until_dead(T), P ! go, R = [erlang:trace_info(P, flags), erlang:trace_info(P, tracer)], erlang:trace_pattern(m(fact, 1), false, [local]), exit(P, kill), R.
yields() -> N = length(traced([call], [{m(fact, 1), [{'_', [], [{return_trace}]}], [local]}], fun() -> fact(5000) end)), N.
gcs() -> R = traced([call], [{m(pair, 2), [{'_', [], [{return_trace}]}], [local]}], fun() -> lists:foldl(fun(I, A) -> [pair(I, lists:seq(1, 50)) | A] end, [], lists:seq(1, 200)) end), [length(R), lists:sum([element(1, element(5, M)) || M <- R, element(3, M) =:= return_from])].

%% As `caller`, with the place.
caller_line() -> traced([call], [{m(inner, 1), [{'_', [], [{message, {caller_line}}]}], [local]}], fun() -> {outer(1)} end).

%% The caller's stack, as deep as is asked for.
current_stacktrace(Depth) -> case_runner:attempt(fun() -> traced([call], [{m(inner, 1), [{'_', [], [{message, Depth}]}], [local]}], fun() -> {outer(1)} end) end).
current_stacktraces() -> [current_stacktrace({current_stacktrace, D}) || D <- [0, 1, 2, -1, a]].
