%%% Sequential tracing: tokens that go with messages, and what the system's tracer is told.
-module(trace_seq).
-compile([export_all, nowarn_export_all]).
-helpers([gather, flags, echo]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% Runs F with this process as the system's tracer; what F's own process found, and the tracer's messages.
told(F) -> told(F, fun(_) -> ok end).
told(F, After) ->
    S = self(),
    false = seq_trace:set_system_tracer(S),
    P = spawn(fun() -> V = F(), seq_trace:set_token([]), S ! {value, self(), V} end),
    V = receive {value, P, X} -> X end,
    After(P), delivered(all),
    S = seq_trace:set_system_tracer(false),
    {V, gather()}.
echo() -> receive {From, M} -> From ! {echo, M}, echo(); stop -> ok end.
call(P, M) -> P ! {self(), M}, receive {echo, R} -> R end.
item(I) -> seq_trace:get_token(I).

no_token() -> [seq_trace:get_token(), [item(I) || I <- [label, serial, send, 'receive', print, timestamp]], seq_trace:print(x)].
items() -> [begin O = seq_trace:set_token(I, V), N = item(I), {I, O, N} end || {I, V} <- [{label, 17}, {label, {a, "term"}}, {serial, {3, 4}}, {send, true}, {'receive', true}, {print, true}, {timestamp, true}, {send, false}]].
errors() -> [attempt(fun() -> erlang:seq_trace(A, B) end) || {A, B} <- [{x, true}, {send, 1}, {serial, 1}, {serial, {a, 1}}, {1, true}, {sequential_trace_token, 1}]] ++ [attempt(fun() -> erlang:seq_trace_info(X) end) || X <- [x, 1]] ++ [attempt(fun() -> erlang:system_flag(sequential_tracer, X) end) || X <- [x, 1]].
prints() -> told(fun() -> seq_trace:set_token(label, 7), seq_trace:set_token(print, true), A = seq_trace:print(one), B = seq_trace:print(7, two), C = seq_trace:print(8, three), [A, B, C, item(serial)] end).
round_trip() -> P = spawn(fun echo/0), R = told(fun() -> seq_trace:set_token(label, 1), seq_trace:set_token(send, true), seq_trace:set_token('receive', true), V = call(P, hello), [V, item(serial)] end), P ! stop, R.
two_round_trips() -> P = spawn(fun echo/0), R = told(fun() -> [seq_trace:set_token(I, true) || I <- [send, 'receive', print]], call(P, a), seq_trace:print(mid), call(P, b), item(serial) end), P ! stop, R.
token_travels() -> S = self(), P = spawn(fun() -> receive go -> S ! {got, item(label), item(serial), item(send)} end, receive plain -> S ! {then, seq_trace:get_token()} end end), {V, Ms} = told(fun() -> seq_trace:set_token(label, {my, label}), P ! go end, fun(_) -> put(got, receive {got, A, B, C} -> [A, B, C] end) end), seq_trace:set_token([]), P ! plain, receive {then, D} -> [V, get(got), Ms, D] end.
spawns_inherit() -> S = self(), {_, Ms} = told(fun() -> seq_trace:set_token(label, 5), seq_trace:set_token(send, true), {P, _} = spawn_monitor(fun() -> S ! {child, item(label), item(serial)} end), item(serial), receive {'DOWN', _, _, P, _} -> P end end), R = receive {child, A, B} -> [A, B] after 0 -> [] end, [R, [{L, K, C, element(1, M)} || {seq_trace, L, {K, C, _, _, M}} <- Ms]].
stamps() -> [begin {_, [M]} = told(fun() -> seq_trace:set_token(print, true), seq_trace:set_token(F, true), seq_trace:print(x) end), {F, size(M), kind(element(4, M))} end || F <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp]].
kind({_, _, _}) -> now; kind({A, B}) when is_integer(A), is_integer(B) -> strict; kind(I) when is_integer(I) -> integer.
big_messages() -> P = spawn(fun echo/0), {V, Ms} = told(fun() -> seq_trace:set_token(send, true), length(call(P, lists:seq(1, 5000))) end), P ! stop, [V, length(Ms)].
collected_meanwhile() -> P = spawn(fun echo/0), {V, Ms} = told(fun() -> seq_trace:set_token(label, lists:seq(1, 50)), seq_trace:set_token(send, true), [begin erlang:garbage_collect(), call(P, X) end || X <- lists:seq(1, 20)], erlang:garbage_collect(), {item(serial), length(element(2, item(label)))} end), P ! stop, [V, length(Ms)].
selective() -> S = self(), told(fun() -> P = self(), seq_trace:set_token(label, 1), self() ! b, seq_trace:set_token(label, 2), self() ! a, seq_trace:set_token([]), receive a -> ok end, A = item(label), receive b -> ok end, B = item(label), S ! ok, {is_pid(P), A, B} end).
named() -> register(trace_seq_name, self()), told(fun() -> seq_trace:set_token(send, true), trace_seq_name ! {ignore, 1}, ok end), R = told(fun() -> seq_trace:set_token(send, true), {trace_seq_name, node()} ! hi, ok end), unregister(trace_seq_name), R.
to_dead() -> P = spawn(fun() -> ok end), R = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end, told(fun() -> seq_trace:set_token(send, true), P ! x, item(serial) end).
resets() -> seq_trace:set_token(label, 9), A = item(label), seq_trace:reset_trace(), [A, seq_trace:get_token()].
tracers() -> A = seq_trace:get_system_tracer(), B = seq_trace:set_system_tracer(self()), C = seq_trace:get_system_tracer() =:= self(), D = seq_trace:set_system_tracer(false) =:= self(), [A, B, C, D, seq_trace:get_system_tracer()].
info_of_process() -> A = process_info(self(), sequential_trace_token), seq_trace:set_token(label, x), {K, T} = process_info(self(), sequential_trace_token), seq_trace:set_token([]), [A, K, setelement(4, T, from)].
from_spec() -> erlang:trace_pattern({?MODULE, flags, 0}, [{'_', [], [{set_seq_token, label, 12}, {set_seq_token, print, true}]}], [local]), {P, R} = spawn_monitor(fun() -> receive go -> ok end, flags(), exit({item(label), item(print)}) end), erlang:trace(P, true, [call]), P ! go, V = receive {'DOWN', R, _, _, X} -> X end, erlang:trace_pattern({?MODULE, flags, 0}, false, [local]), V.
flags() -> ok.
to_alias() -> S = self(), P = spawn(fun() -> A = alias([reply]), S ! {alias, A}, V = receive one -> item(serial) end, S ! {got, V}, receive three -> ok end end), A = receive {alias, X} -> X end, told(fun() -> [seq_trace:set_token(I, true) || I <- [send, 'receive']], A ! one, A ! two, seq_trace:set_token([]), ok end, fun(_) -> put(got, receive {got, V} -> V end), P ! three end).
%% A process that ends has its token go with the signals to what is linked to it.
ends_linked() -> told(fun() -> process_flag(trap_exit, true), P = spawn_link(fun() -> receive {bye, X} -> exit(X) end end), seq_trace:set_token(label, 3), [seq_trace:set_token(I, true) || I <- [send, 'receive']], P ! {bye, now}, R = receive {'EXIT', P, X} -> X end, [R, item(serial)] end).
%% What the emulator or a port sends leaves the token alone, a process without one takes it away.
who_takes_it() ->
    {V, _} = told(fun() ->
        S = self(),
        {P, M} = spawn_monitor(fun() -> receive go -> seq_trace:set_token([]), S ! plain, receive go -> ok end end end),
        Port = open_port({spawn, "cat"}, [binary]),
        seq_trace:set_token(label, kept),
        Port ! {S, {command, <<"x">>}},
        A = receive {Port, {data, _}} -> item(label) end,
        Port ! {S, close},
        B = receive {Port, closed} -> item(label) end,
        erlang:send_after(1, S, timer),
        C = receive timer -> item(label) end,
        P ! go,
        D = receive plain -> seq_trace:get_token() end,
        seq_trace:set_token(label, again),
        exit(P, kill),
        E = receive {'DOWN', M, _, _, _} -> item(label) end,
        [A, B, C, D, E]
    end),
    V.
%% Requests to spawn are told as messages, and so are the answers.
spawns_told() ->
    [begin
        {V, Ms} = told(fun() ->
            S = self(),
            seq_trace:set_token(label, How),
            [seq_trace:set_token(I, true) || I <- [send, 'receive']],
            F = fun() -> S ! {child, self()}, receive after infinity -> ok end end,
            case How of
                spawn -> spawn(F);
                spawn_link -> spawn_link(F);
                spawn_monitor -> spawn_monitor(F);
                spawn_opt -> spawn_opt(F, [link]);
                spawn_request -> spawn_request(F, [link, {reply_tag, tag}]), receive {tag, _, ok, _} -> ok end
            end,
            P = receive {child, X} -> X end,
            Serial = item(serial),
            seq_trace:set_token([]),
            unlink(P),
            exit(P, kill),
            Serial
        end),
        {How, V, lists:sort([{C, K, element(1, M), options(M)} || {seq_trace, _, {K, C, _, _, M}} <- Ms])}
     end || How <- [spawn, spawn_link, spawn_monitor, spawn_opt, spawn_request]].
options(M) when element(1, M) =:= spawn_request -> lists:filter(fun is_atom/1, element(6, M));
options(_) -> none.
