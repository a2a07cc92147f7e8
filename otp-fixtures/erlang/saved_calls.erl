%%% process_flag(save_calls, N) and process_info(P, last_calls): what is saved, in which order, of which process.
-module(saved_calls).
-helpers([g]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

f(_) -> ok.
g() -> ok.
last(P) -> info(P, last_calls).
%% What a process saves that evaluates a fun.
saved(F) -> saved(100, F).
saved(N, F) -> apart(fun() -> process_flag(save_calls, N), catch F(), last(self()) end).

nothing() -> saved(fun() -> ok end).
off() -> apart(fun() -> A = last(self()), process_flag(save_calls, 10), B = process_flag(save_calls, 0), [A, B, last(self())] end).
by_name() -> saved(fun() -> ?MODULE:f(1), f(1), id(2), ?MODULE:id(3), local(4) end).
local(_) -> g().
natives() -> saved(fun() -> lists:reverse(id([1, 2])), ets:info(id(foo)), put(a, b), erlang:monotonic_time(), (id(lists)):member(1, id([])) end).
guards() -> saved(fun() -> L = id([1]), [length(L), hd(L), element(1, id({a})), id(true) and id(false), L ++ [2], hd(L) + 1, self()] end).
applied() -> saved(fun() -> {M, F, A} = id({?MODULE, f, [1]}), apply(M, F, A), M:F(1), erlang:apply(M, F, A) end).
applied_natives() -> saved(fun() -> {M, F, A} = id({lists, reverse, [[1]]}), apply(M, F, A), M:F([2]) end).
applied_apply() -> saved(fun() -> {M, F} = id({erlang, apply}), M:F(?MODULE, f, [1]) end).
external_funs() -> saved(fun() -> F = id(fun ?MODULE:f/1), F(1), apply(F, [2]), (id(fun lists:reverse/1))([1]), (id(fun erlang:length/1))([]) end).
apply_as_fun() -> saved(fun() -> (id(fun erlang:apply/3))(?MODULE, f, [1]) end).
local_funs() -> saved(fun() -> F = id(fun(X) -> X end), F(1), apply(F, [1]), lists:map(F, [1, 2]) end).
yields() -> saved(fun() -> erlang:yield() end).
errors() -> saved(fun() -> catch erlang:error(id(x)), catch exit(y), catch throw(z), catch erlang:raise(error, x, []) end).
sent() -> saved(fun() -> self() ! a, erlang:send(self(), b), erlang:send(self(), c, [nosuspend]) end).
sent_to_nobody() -> P = dead(), saved(fun() -> P ! a, (id({saved_calls_nobody, node()})) ! b end).
sent_badly() -> saved(fun() -> catch id(saved_calls_nobody) ! a, catch id(1) ! b, catch id({saved_calls_nobody, 'x@y'}) ! c end).
sent_by_name() -> saved(fun() -> register(saved_calls_me, self()), saved_calls_me ! a, {saved_calls_me, node()} ! b end).
sent_by_alias() -> saved(fun() -> A = erlang:alias([]), A ! x, erlang:unalias(A), A ! y end).
received() -> saved(fun() -> self() ! 2, self() ! 1, receive 1 -> ok end, receive X -> X end end).
received_token() -> saved(fun() -> erlang:seq_trace(label, 17), self() ! 1, receive 1 -> ok end, erlang:seq_trace(sequential_trace_token, []) end).
timeouts() -> saved(fun() -> receive after 0 -> ok end, receive after 1 -> ok end, receive x -> ok after 0 -> ok end, receive x -> ok after 1 -> ok end end).
undefined() -> saved(fun() -> process_flag(error_handler, ?MODULE), ?MODULE:saved_calls_no_such(1) end).
undefined_function(_, _, _) -> ok.
spawned() -> saved(fun() -> spawn(?MODULE, g, []), ok end).
not_inherited() -> apart(fun() -> process_flag(save_calls, 5), M = self(), spawn_link(fun() -> M ! last(self()) end), got() end).
limits() -> [saved(N, fun() -> [?MODULE:f(X) || X <- [1, 2, 3]], ?MODULE:g(), lists:reverse([id(1)]) end) || N <- [1, 2, 3, 4, 6, 7, 10000]].
set_again() -> apart(fun() -> process_flag(save_calls, 5), ?MODULE:g(), A = process_flag(save_calls, 2), B = last(self()), ?MODULE:g(), ?MODULE:g(), C = last(self()), D = process_flag(save_calls, 0), [A, B, C, D, last(self())] end).
sensitive() -> saved(fun() -> ?MODULE:g(), process_flag(sensitive, true), ?MODULE:f(1), self() ! a, receive a -> ok end, receive after 0 -> ok end, lists:reverse([id(1)]), process_flag(sensitive, false), ?MODULE:f(2) end).
of_another() ->
    P = start(),
    run(P, fun() -> ok end),
    A = [last(P), process_flag(P, save_calls, 20), last(P)],
    run(P, fun() -> ?MODULE:f(1), lists:reverse(id([1])) end),
    B = [last(P), process_flag(P, save_calls, 3), last(P)],
    run(P, fun() -> ?MODULE:f(1), ?MODULE:g(), ok end),
    C = [last(P), process_flag(P, save_calls, 0), last(P)],
    kill(P),
    [A, B, C].
two_at_once() ->
    [P, Q] = [start(), start()],
    [run(X, fun() -> ok end) || X <- [P, Q]],
    process_flag(P, save_calls, 10),
    process_flag(Q, save_calls, 10),
    run(P, fun() -> ?MODULE:f(1) end),
    kill(P),
    run(Q, fun() -> ?MODULE:g() end),
    [last(P), last(Q), kill(Q)].
%% Loaded while calls are saved: the next call finds the new code.
new_code() ->
    saved(fun() ->
        [begin load(N), ok = hot_code_saved:v(N) end || N <- [1, 2]],
        process_flag(save_calls, 10),
        ok = hot_code_saved:v(2),
        {'EXIT', _} = (catch hot_code_saved:v(1)),
        true = erlang:delete_module(hot_code_saved),
        false = erlang:function_exported(hot_code_saved, v, 1)
    end).
load(N) ->
    {ok, M, B} = compile:forms([{attribute, 1, module, hot_code_saved}, {attribute, 1, export, [{v, 1}]},
                                {function, 1, v, 1, [{clause, 1, [{integer, 1, N}], [], [{atom, 1, ok}]}]}]),
    catch erlang:purge_module(M),
    {module, M} = erlang:load_module(M, B).
%% Breakpoints on functions whose calls are saved.
traced() ->
    apart(fun() ->
        Me = self(),
        {P, R} = spawn_monitor(fun() ->
            process_flag(save_calls, 10),
            receive go -> ok end,
            ?MODULE:f(1), lists:reverse(id([1, 2])), (id(?MODULE)):g(),
            Me ! last(self())
        end),
        erlang:trace(P, true, [call]),
        Set = [{?MODULE, f, 1}, {lists, reverse, 1}],
        [erlang:trace_pattern(F, true, [global]) || F <- Set],
        P ! go,
        Saved = receive L when is_list(L) -> L end,
        receive {'DOWN', R, process, P, _} -> ok end,
        [erlang:trace_pattern(F, false, [global]) || F <- Set],
        {Saved, [M || {trace, _, call, M} <- drain()]}
    end).
%% A process that is out of reductions at a call by name stands in the function it calls.
stands() ->
    P = spawn(fun() -> process_flag(save_calls, 4), ?MODULE:round_and_round(0) end),
    until(fun() -> last(P) =:= lists:duplicate(4, {?MODULE, round_and_round, 1}) end),
    Places = [info(P, current_function) || _ <- lists:seq(1, 50)],
    kill(P),
    lists:usort(Places).
round_and_round(N) -> ?MODULE:round_and_round(N + 1).
ends() -> P = start(), process_flag(P, save_calls, 5), kill(P), [info(P, last_calls), saved(fun() -> ?MODULE:g() end)].
