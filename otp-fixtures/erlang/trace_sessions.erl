%%% Trace sessions of OTP 27 and later; on 25 there are none.
-module(trace_sessions).
-compile([export_all, nowarn_export_all]).
-helpers([gather, idle, keeper, outer]).
-include("trace_help.hrl").

main() ->
    case_runner:quiet(),
    case erlang:system_info(otp_release) of
        "25" -> io:put_chars("none\n");
        _ -> case_runner:main(?MODULE)
    end.

f(X) -> {f, X}.
g(X) -> {g, X}.
idle() -> receive stop -> ok end.

%% A process that keeps what it is told, and gives it away when asked.
keeper() -> spawn(fun() -> receive {give, P} -> P ! {kept, self(), gather()} end end).
kept(T) -> delivered(all), T ! {give, self()}, receive {kept, T, L} -> L end.
create(N) -> T = keeper(), {trace:session_create(N, T, []), T}.
%% Runs a fun in a new process that all these sessions trace with their flags.
run(Sessions, F) ->
    {P, R} = spawn_monitor(fun() -> receive go -> ok end, F() end),
    [trace:process(S, P, true, Flags) || {S, Flags} <- Sessions], P ! go,
    receive {'DOWN', R, _, _, _} -> ok end.
gone(S) -> trace:session_destroy(S).

one() -> {S, T} = create(one), N = trace:function(S, {?MODULE, f, 1}, true, [local]), run([{S, [call]}], fun() -> f(1), g(1) end), [N, kept(T), gone(S), gone(S)].
two() -> {S1, T1} = create(a), {S2, T2} = create(b), trace:function(S1, {?MODULE, f, 1}, true, [local]), [trace:function(S2, {?MODULE, F, 1}, [{'_', [], [{return_trace}]}], [local]) || F <- [f, g]], run([{S1, [call, arity]}, {S2, [call]}], fun() -> {f(1), g(2)} end), R = [kept(T1), kept(T2)], gone(S1), gone(S2), R.
only_traced_process() -> {S1, T1} = create(a), {S2, T2} = create(b), [trace:function(S, {?MODULE, f, 1}, true, [local]) || S <- [S1, S2]], run([{S2, [call]}], fun() -> f(3) end), R = [kept(T1), kept(T2)], gone(S1), gone(S2), R.
with_legacy() -> {S, T} = create(a), trace:function(S, {?MODULE, f, 1}, true, [local]), erlang:trace_pattern({?MODULE, f, 1}, true, [call_count]), run([{S, [call]}], fun() -> f(4) end), R = [kept(T), erlang:trace_info({?MODULE, f, 1}, call_count), erlang:trace_info({?MODULE, f, 1}, traced), trace:info(S, {?MODULE, f, 1}, traced), trace:info(S, {?MODULE, f, 1}, call_count)], gone(S), erlang:trace_pattern({?MODULE, f, 1}, false, [call_count]), R.
counts() -> {S1, _} = create(a), {S2, _} = create(b), trace:function(S1, {?MODULE, f, 1}, true, [call_count]), f(1), trace:function(S2, {?MODULE, f, 1}, true, [call_count]), f(2), R = [trace:info(S, {?MODULE, f, 1}, call_count) || S <- [S1, S2]], gone(S1), A = trace:info(S2, {?MODULE, f, 1}, call_count), gone(S2), [R, A].
returns_to() -> {S1, T1} = create(a), {S2, T2} = create(b), trace:function(S1, {?MODULE, f, 1}, [{'_', [], [{exception_trace}]}], [local]), trace:function(S2, {?MODULE, f, 1}, true, [local]), run([{S1, [call]}, {S2, [call, return_to]}], fun() -> outer() end), R = [kept(T1), kept(T2)], gone(S1), gone(S2), R.
outer() -> {x, f(5)}.
messages() -> {S, T} = create(a), 1 = trace:send(S, [{['_', {keep, '_'}], [], []}], []), trace:recv(S, false, []), run([{S, [send, 'receive', procs]}], fun() -> self() ! {keep, 1}, self() ! drop, receive drop -> ok end end), R = [kept(T), trace:info(S, send, match_spec), trace:info(S, 'receive', match_spec), erlang:trace_info(send, match_spec)], gone(S), R.
destroyed() -> {S, T} = create(a), P = spawn(fun idle/0), trace:function(S, {?MODULE, f, 1}, true, [local]), trace:process(S, P, true, [call, procs]), gone(S), R = [attempt(fun() -> trace:info(S, P, flags) end), attempt(fun() -> trace:function(S, {?MODULE, g, 1}, true, []) end), attempt(fun() -> trace:process(S, P, true, [call]) end)], P ! stop, f(1), [R, kept(T)].
dropped() -> T = keeper(), S = self(), P = spawn(fun() -> Ses = trace:session_create(dropped, T, []), trace:function(Ses, {?MODULE, g, 1}, true, [call_count]), S ! made, receive stop -> Ses end end), receive made -> ok end, A = length(trace:session_info({?MODULE, g, 1})), R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end, [A, none({?MODULE, g, 1}, 2000)].
none(_, 0) -> still;
none(F, N) -> case trace:session_info(F) of [] -> none; _ -> receive after 1 -> none(F, N - 1) end end.
infos() -> {S, _} = create(named), P = spawn(fun idle/0), trace:process(S, P, true, [call, timestamp]), trace:function(S, {?MODULE, f, 1}, [{'_', [], []}], [local]), R = [trace:info(S, P, flags), element(1, trace:info(S, P, tracer)), trace:info(S, {?MODULE, f, 1}, match_spec), trace:info(S, {?MODULE, g, 1}, traced), [N || {N, _} <- trace:session_info(P)], [N || {N, _} <- trace:session_info({?MODULE, f, 1})], [N || {N, _} <- trace:session_info({?MODULE, g, 1})], lists:member(named, [N || {N, _} <- trace:session_info(all)]), erlang:trace_info(P, flags)], P ! stop, gone(S), R.
%% One session traces calls by name, the others in the function itself.
by_name_and_inside() ->
    {S1, T1} = create(a), {S2, _} = create(b), F = {?MODULE, f, 1},
    trace:function(S1, F, true, [global]), trace:function(S2, F, true, [call_count]), erlang:trace_pattern(F, [{'_', [], [{message, false}]}], [{meta, self()}]),
    run([{S1, [call]}], fun() -> {f(1), ?MODULE:f(2)} end),
    R = [kept(T1), [trace:info(S, F, I) || S <- [S1, S2], I <- [traced, call_count]], [erlang:trace_info(F, I) || I <- [traced, meta_match_spec]], erlang:trace_info(F, meta) =:= {meta, self()}, lists:sort([N || {N, _} <- trace:session_info(F)])],
    gone(S1), gone(S2), erlang:trace_pattern(F, false, [meta]), R.
%% A session without a tracer of its own is as that of trace/3.
no_tracer() ->
    S = trace:session_create(none, undefined, []), T = keeper(), trace:function(S, {?MODULE, f, 1}, true, [local]), trace:function(S, {?MODULE, g, 1}, true, [{meta, T}]),
    {P, R} = spawn_monitor(fun() -> receive go -> f(1), g(2) end end), trace:process(S, P, true, [call, {tracer, T}]), A = trace:info(S, P, tracer) =:= {tracer, T},
    B = attempt(fun() -> trace:process(S, P, true, [send]) end) , P ! go, receive {'DOWN', R, _, _, _} -> ok end, K = [setelement(2, M, p) || M <- kept(T), is_tuple(M)], gone(S), [A, B, [setelement(tuple_size(M), M, x) || M <- K]].
weak() -> {{_, Weak} = S, T} = create(weak), trace:function(Weak, {?MODULE, f, 1}, true, [local]), run([{Weak, [call]}], fun() -> f(1) end), [kept(T), element(1, Weak), is_integer(element(2, Weak)), gone(S), attempt(fun() -> gone(Weak) end)].
errors() -> {S, T} = create(e), P = spawn(fun() -> ok end), R = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end, Rs = [attempt(F) || F <- [fun() -> trace:session_create("x", T, []) end, fun() -> trace:session_create(x, y, []) end, fun() -> {_, {x, _}} = trace:session_create(x, P, []), made end, fun() -> trace:session_create(x, T, [opt]) end, fun() -> trace:process(S, x, true, [call]) end, fun() -> trace:process(S, self(), perhaps, [call]) end, fun() -> trace:process(S, self(), true, [nonsense]) end, fun() -> trace:process(S, self(), true, [{tracer, T}]) end, fun() -> trace:process(x, self(), true, [call]) end, fun() -> trace:function(S, x, true, []) end, fun() -> trace:function(S, {?MODULE, f, 1}, true, [{meta, T}]) end, fun() -> trace:session_destroy(x) end, fun() -> trace:session_destroy({x, 1000}) end, fun() -> trace:session_info(x) end]], gone(S), Rs.
new_processes() -> {S, T} = create(n), trace:process(S, new, true, [procs]), P = spawn(?MODULE, idle, []), trace:process(S, new, false, [procs]), R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end, Ms = kept(T), gone(S), [erlang:delete_element(2, M) || M <- Ms, element(2, M) =:= P].
memory() -> {S, _} = create(m), trace:function(S, {?MODULE, f, 1}, true, [call_memory]), trace:process(S, self(), true, [call]), _ = [f(X) || X <- [1, 2, 3]], trace:process(S, self(), false, [call]), {call_memory, [{P, N, W}]} = trace:info(S, {?MODULE, f, 1}, call_memory), gone(S), [P =:= self(), N, W].
%% What a process was made with is its first function's, if it was spawned with that.
first_memory() -> [born(?MODULE, head, M, L) || L <- [[], lists:seq(1, 20)], M <- [head, tail]] ++ [born(fun() -> head(L) end, head) || L <- [[], lists:seq(1, 20)]].
head(X) -> tail([X], X).
tail(_, _) -> ok.
born(M, F, Traced, X) -> words(Traced, fun() -> spawn_monitor(M, F, [X]) end).
born(Fun, Traced) -> words(Traced, fun() -> spawn_monitor(Fun) end).
words(Traced, Spawn) ->
    {S, _} = create(m),
    trace:function(S, {?MODULE, Traced, '_'}, true, [call_memory]),
    {P, R} = spawn_monitor(fun() -> receive go -> ok end, {Q, Down} = Spawn(), receive {'DOWN', Down, _, _, _} -> exit(Q) end end),
    trace:process(S, P, true, [call, set_on_spawn]), P ! go,
    Child = receive {'DOWN', R, _, _, Q} -> Q end,
    {call_memory, All} = trace:info(S, {?MODULE, Traced, case Traced of head -> 1; tail -> 2 end}, call_memory),
    gone(S),
    [{N, W} || {Z, N, W} <- All, Z =:= Child].
