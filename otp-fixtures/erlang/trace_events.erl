%%% Traced events: messages, births and deaths, links, names, turns, collections; flags that are handed on.
-module(trace_events).
-compile([export_all, nowarn_export_all]).
-helpers([gather, idle, stop]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

idle() -> receive stop -> ok end.
stop(P) -> R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end.
%% The messages about one process, in their order, without the process.
by(P, Ms) -> [erlang:delete_element(2, M) || M <- Ms, element(2, M) =:= P].
kill(P) -> R = monitor(process, P), exit(P, kill), receive {'DOWN', R, _, _, _} -> ok end.

send_receive() -> traced([send, 'receive'], [], fun() -> self() ! hello, receive hello -> ok end end).
send_names() -> register(trace_events_name, self()), R = traced([send], [], fun() -> trace_events_name ! a, {trace_events_name, node()} ! b, erlang:send(trace_events_name, c, [nosuspend]), catch (id(trace_events_nobody) ! d), catch ({trace_events_nobody, node()} ! e) end), unregister(trace_events_name), R.
send_dead() -> P = spawn(fun() -> ok end), R0 = monitor(process, P), receive {'DOWN', R0, _, _, _} -> ok end, traced([send], [], fun() -> P ! x end).
send_alias() -> A = erlang:alias(), traced([send], [], fun() -> A ! x, self() ! y end) -- [x].
send_spec() -> S = self(), erlang:trace_pattern(send, [{['_', {a, '$1'}], [], [{message, '$1'}]}, {[S, '_'], [], []}], []), R = traced([send], [], fun() -> self() ! {a, 1}, S ! b, self() ! c end), erlang:trace_pattern(send, true, []), R.
event_specs() ->
    Bodies = [[{message, a}], [{return_trace}], [{exception_trace}], [{is_seq_trace}], [{set_seq_token, label, 1}], [{get_seq_token}], [{display, a}],
              [{process_dump}], [{enable_trace, all}], [{disable_trace, all}], [{trace, [], []}], [{caller}], [{silent, false}], [{set_tcw, 1}], [{get_tcw}]],
    Guards = [{is_seq_trace}, {caller}, {get_seq_token}],
    Try = fun(E, Spec) -> try erlang:trace_pattern(E, [Spec], []) catch error:badarg -> badarg end end,
    R = [{E, [Try(E, {'_', [], B}) || B <- Bodies], [Try(E, {'_', [G], []}) || G <- Guards]} || E <- [send, 'receive']],
    [erlang:trace_pattern(E, true, []) || E <- [send, 'receive']],
    R.
send_off() -> erlang:trace_pattern(send, false, []), R = traced([send, procs], [], fun() -> self() ! a end), erlang:trace_pattern(send, true, []), R.
receive_spec() -> S = self(), erlang:trace_pattern('receive', [{['$1', S, {b, '_'}], [{'==', '$1', node()}], [{message, mine}]}], []), F = fun() -> S ! {ready, self()}, receive {b, 2} -> ok end end, {P, R} = spawn_monitor(fun() -> receive go -> ok end, F() end), erlang:trace(P, true, ['receive']), P ! go, receive {ready, P} -> ok end, spawn(fun() -> P ! {b, 1}, S ! sent end), receive sent -> ok end, P ! {b, 2}, receive {'DOWN', R, _, _, _} -> ok end, erlang:trace_pattern('receive', true, []), gather().
receive_timeout() -> traced(['receive'], [], fun() -> receive x -> ok after 1 -> ok end, receive x -> ok after 0 -> ok end end).
receive_system() -> traced(['receive'], [], fun() -> process_flag(trap_exit, true), {P, R} = spawn_monitor(fun() -> receive x -> ok end end), link(P), exit(P, bye), receive {'DOWN', R, _, _, _} -> ok end, receive {'EXIT', P, _} -> ok end end) =/= [] andalso ok.
receive_down() -> {P, _} = {spawn(fun idle/0), 0}, traced(['receive'], [], fun() -> monitor(process, P), stop_now(P), receive {'DOWN', _, _, _, _} -> ok end end).
stop_now(P) -> exit(P, kill).
receive_timer() -> traced(['receive'], [], fun() -> erlang:send_after(1, self(), tick), receive tick -> ok end end).

births() -> [M || M <- traced([procs], [], fun() -> P = spawn(?MODULE, idle, []), P ! stop, ok end)].
births_linked() -> traced([procs], [], fun() -> P = spawn_link(?MODULE, idle, []), unlink(P), P ! stop, P end).
births_fun() -> [case M of {trace, P, spawn, C, {Mo, F, A}} -> {P, spawn, C, {Mo, F, length(A)}}; _ -> M end || M <- traced([procs], [], fun() -> spawn(fun() -> ok end) end)].
deaths() -> [traced([procs], [], F) || F <- [fun() -> ok end, fun() -> exit(bye) end, fun() -> exit(self(), kill), receive never -> ok end end]].
deaths_error() -> [setelement(4, M, element(1, element(4, M))) || M <- traced([procs], [], fun() -> error(bad) end)].
names() -> traced([procs], [], fun() -> register(trace_events_a, self()), unregister(trace_events_a), register(trace_events_b, self()) end).
names_of_other() -> P = spawn(fun idle/0), erlang:trace(P, true, [procs]), register(trace_events_c, P), unregister(trace_events_c), erlang:trace(P, false, [procs]), stop(P), gather().
links() -> P = spawn(fun idle/0), traced([procs], [], fun() -> link(P), link(P), unlink(P), unlink(P), link(self()) end) ++ [stop(P)].
links_passive() -> P = spawn(fun idle/0), erlang:trace(P, true, [procs]), Q = spawn(fun() -> link(P), receive stop -> unlink(P) end end), R = monitor(process, Q), Q ! stop, receive {'DOWN', R, _, _, _} -> ok end, is_process_alive(P), erlang:trace(P, false, [procs]), stop(P), gather().
links_broken() -> P = spawn(fun() -> process_flag(trap_exit, true), idle() end), erlang:trace(P, true, [procs]), Q = spawn(fun() -> link(P), is_process_alive(P), exit(boom) end), R = monitor(process, Q), receive {'DOWN', R, _, _, _} -> ok end, is_process_alive(P), erlang:trace(P, false, [procs]), stop(P), gather().

set_on_spawn() -> handed([procs, set_on_spawn]).
set_on_first_spawn() -> handed([procs, set_on_first_spawn]).
%% A process makes two children, the first of them one of its own; what flags everybody has in the end.
handed(Flags) ->
    S = self(),
    P = spawn(fun() -> receive go -> ok end, A = spawn(fun() -> B = spawn(fun idle/0), S ! {b, B}, idle() end), C = spawn(fun idle/0), S ! {ac, A, C}, idle() end),
    erlang:trace(P, true, Flags), P ! go,
    {A, C} = receive {ac, X, Y} -> {X, Y} end, B = receive {b, Z} -> Z end,
    R = [erlang:trace_info(Q, flags) || Q <- [P, A, B, C]],
    [kill(Q) || Q <- [P, A, B, C]], delivered(all), Ms = gather(),
    [R, [[case M of {spawn, _, {_, _, As}} -> {spawn, length(As)}; {spawned, _, _} -> spawned; _ -> M end || M <- by(Q, Ms)] || Q <- [P, A, B, C]]].
set_on_link() -> linked([procs, set_on_link]).
set_on_first_link() -> linked([procs, set_on_first_link]).
linked(Flags) ->
    S = self(), [A, B] = [spawn(fun idle/0), spawn(fun idle/0)],
    P = spawn(fun() -> receive go -> ok end, link(A), link(B), is_process_alive(A), is_process_alive(B), S ! done, idle() end),
    erlang:trace(P, true, Flags), P ! go, receive done -> ok end,
    R = [erlang:trace_info(Q, flags) || Q <- [P, A, B]],
    stop(P), stop(A), stop(B), delivered(all), Ms = gather(),
    [R, [by(Q, Ms) || Q <- [P, A, B]]].
new_processes() -> erlang:trace(new_processes, true, [procs]), {P, R} = spawn_monitor(?MODULE, idle, []), erlang:trace(new_processes, false, [procs]), P ! stop, receive {'DOWN', R, _, _, _} -> ok end, Ms = gather(), by(P, Ms).
link_at_spawn_inherits() -> S = self(), P = spawn(fun() -> receive go -> ok end, Q = spawn_link(fun idle/0), S ! {q, Q}, idle() end), erlang:trace(P, true, [set_on_link, send]), P ! go, Q = receive {q, X} -> X end, R = erlang:trace_info(Q, flags), unlink_and_kill([P, Q]), gather(), R.
unlink_and_kill(Ps) -> [kill(P) || P <- Ps].

running() -> turns([running]).
running_procs() -> turns([running_procs]).
exiting() -> turns([exiting]).
running_exiting() -> turns([running, exiting]).
%% Turns of a process that waits three times, without where it waits in the runner's own fun.
turns(Flags) -> [case M of {trace, _, T, {?MODULE, F, A}} -> {T, hd(string:split(atom_to_list(F), "/")), A}; {trace, _, T, X} -> {T, X} end || M <- waiting(Flags)].
waiting(Flags) ->
    P = spawn(?MODULE, waits, [3]), until_waiting(P), erlang:trace(P, true, Flags),
    [begin P ! go, until_waiting(P) end || _ <- [1, 2]], P ! go, until_gone(P), delivered(all), gather().
waits(0) -> ok;
waits(N) -> receive go -> waits(N - 1) end.
until_waiting(P) -> case process_info(P, [status, message_queue_len]) of [{_, waiting}, {_, 0}] -> ok; undefined -> ok; _ -> erlang:yield(), until_waiting(P) end.
until_gone(P) -> case is_process_alive(P) of false -> R = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end; true -> erlang:yield(), until_gone(P) end.

stamped() -> [M1 | _] = traced([send, timestamp], [], fun() -> self() ! x end), [setelement(2, setelement(size(M1), M1, ts), p), size(M1)].
sensitive() -> traced([send, procs, call], [{{?MODULE, id, 1}, true, [local]}], fun() -> process_flag(sensitive, true), self() ! x, id(1) end).
process_info_traced() -> P = spawn(fun idle/0), A = process_info(P, trace), erlang:trace(P, true, [send]), {trace, N} = process_info(P, trace), kill(P), [A, N > 0].
delivered_refs() -> R = erlang:trace_delivered(self()), receive {trace_delivered, P, R} -> P =:= self() end.
delivered_errors() -> [attempt(fun() -> erlang:trace_delivered(X) end) || X <- [a, 1, make_ref()]].
