%%% Receive in all forms: selective, with timeouts, nested, by a fresh reference, from many senders.
-module(receives).
-compile([export_all, nowarn_export_all]).
-helpers([drain, server, server_alias, pong, open]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
send(L) -> [self() ! M || M <- L], ok.
drain() -> receive M -> [M | drain()] after 0 -> [] end.

fifo() -> send([1, 2, 3]), drain().
selective() -> send([a, b, c]), X = receive b -> b end, {X, drain()}.
selective_pattern() -> send([{x, 1}, {y, 2}, {x, 3}]), receive {y, N} -> {N, drain()} end.
selective_guard() -> send([1, 5, 10]), receive N when N > 3 -> {N, drain()} end.
selective_bound() -> K = id(k2), send([{k1, a}, {k2, b}]), receive {K, V} -> {V, drain()} end.
selective_last_of_many() -> send(lists:seq(1, 10000)), receive 10000 -> ok end, L = drain(), {length(L), hd(L), lists:last(L)}.
clause_order() -> send([b, a]), receive a -> got_a; b -> got_b end.
guard_fails_quietly() -> send([x, [1], {a}]), receive M when hd(M) =:= 1 -> {M, drain()} end.
guard_fails_on_what_stays() ->
    send([[x, {y, "z"}], #{n => 1}]),
    R = receive M when is_map_key(a, M) -> M; M when map_get(k, M) -> M; M when map_size(M) > 1 -> M after 0 -> none end,
    erlang:garbage_collect(),
    {R, drain()}.
after_zero_empty() -> receive X -> X after 0 -> none end.
after_zero_full() -> send([m]), receive X -> X after 0 -> none end.
after_zero_no_match() -> send([m]), R = receive nomatch -> 1 after 0 -> none end, {R, drain()}.
after_ms() -> receive never -> 1 after 10 -> timeout end.
after_ms_with_messages() -> send([a, b]), R = receive never -> 1 after 10 -> timeout end, {R, drain()}.
after_variable() -> T = id(5), receive never -> 1 after T -> {timeout, T} end.
after_infinity() -> S = self(), spawn(fun() -> S ! hello end), T = id(infinity), receive X -> X after T -> no end.
after_only() -> receive after 5 -> slept end.
after_zero_only() -> receive after 0 -> ok end.
after_big_small() -> [receive after T -> T end || T <- [0, 1, 2]].
err_after_atom() -> receive x -> 1 after id(soon) -> 2 end.
err_after_negative() -> receive x -> 1 after id(-1) -> 2 end.
err_after_float() -> receive x -> 1 after id(1.5) -> 2 end.
err_after_too_large() -> receive x -> 1 after id(1 bsl 32) -> 2 end.
err_after_huge() -> receive x -> 1 after id(1 bsl 80) -> 2 end.
err_after_keeps_messages() -> send([m]), R = case_runner:attempt(fun() -> receive x -> 1 after id(bad) -> 2 end end), {R, drain()}.
max_timeout_accepted() -> send([x]), receive x -> got after id(16#FFFFFFFF) -> no end.
message_beats_timeout() -> S = self(), spawn(fun() -> S ! early end), receive early -> ok after 5000 -> late end.
timeout_body_value() -> [receive x -> 1 after 0 -> id(N) end || N <- [1, 2]].
nested() -> send([inner, outer]), receive outer -> receive inner -> {ok, drain()} end end.
nested_timeout() -> send([outer]), receive outer -> receive inner -> no after 1 -> {timeout, drain()} end end.
in_fun() -> F = fun(P) -> receive {P, X} -> X end end, send([{b, 1}, {a, 2}]), [F(a), F(b)].
in_comprehension() -> send([{N, N * N} || N <- lists:seq(1, 5)]), [receive {N, V} -> V end || N <- [5, 3, 1, 2, 4]].
in_try() -> send([boom]), try receive M -> throw(M) end catch X -> {caught, X} end.
in_argument() -> send([1, 2]), id(receive 2 -> two end).
exception_in_clause_body_consumes() -> send([a, b]), R = (catch receive a -> throw(x) end), {R, drain()}.
reference_marker() -> send(lists:seq(1, 2000)), R = make_ref(), self() ! {R, reply}, X = receive {R, V} -> V end, {X, length(drain())}.
reference_marker_after_zero() -> R = make_ref(), X = receive {R, V} -> V after 0 -> none end, X.
monitor_marker() -> send(lists:seq(1, 1000)), {P, R} = spawn_monitor(fun() -> exit(bye) end), X = receive {'DOWN', R, process, P, Why} -> Why end, {X, length(drain())}.
call_pattern() -> P = spawn(fun server/0), [call(P, N) || N <- [1, 2, 3]].
server() -> receive {From, Ref, N} -> From ! {Ref, N * 10}, server() end.
call(P, N) -> Ref = make_ref(), P ! {self(), Ref, N}, receive {Ref, V} -> V after 5000 -> timeout end.
call_alias() -> P = spawn(fun server_alias/0), A = alias([reply]), P ! {A, 7}, receive {A, V} -> V after 5000 -> timeout end.
server_alias() -> receive {A, N} -> A ! {A, N + 1}, A ! {A, late} end.
many_senders() -> S = self(), [spawn(fun() -> S ! {N, N * N} end) || N <- lists:seq(1, 100)], lists:sum([receive {N, V} -> V end || N <- lists:seq(1, 100)]).
order_from_one_sender() -> S = self(), spawn(fun() -> [S ! N || N <- lists:seq(1, 1000)] end), [receive N -> N end || _ <- lists:seq(1, 1000)] =:= lists:seq(1, 1000).
ring() -> S = self(), Last = lists:foldl(fun(_, Next) -> spawn(fun() -> relay(Next) end) end, S, lists:seq(1, 100)), Last ! {token, 0}, receive {token, N} -> N end.
relay(Next) -> receive {token, N} -> Next ! {token, N + 1} end.
ping_pong() -> P = spawn(fun pong/0), lists:foldl(fun(_, A) -> P ! {self(), A}, receive {P, B} -> B end end, 0, lists:seq(1, 1000)).
pong() -> receive {F, N} -> F ! {self(), N + 1}, pong() end.
send_returns() -> self() ! id({v, 1}).
send_2() -> erlang:send(self(), a), receive a -> ok end.
send_3_options() -> [erlang:send(self(), a, [nosuspend]), erlang:send(self(), b, [noconnect]), drain()].
send_to_dead() -> {P, R} = spawn_monitor(fun() -> ok end), receive {'DOWN', R, _, _, _} -> P ! hello end.
send_to_name() -> register(rname, self()), rname ! x, {rname, node()} ! y, unregister(rname), drain().
err_send_to_unregistered() -> id(nobody_here) ! x.
send_to_unregistered_remote_form() -> {nobody_here, node()} ! x.
err_send_to_integer() -> id(17) ! x.
err_send_to_list() -> id([a]) ! x.
err_send_to_tuple() -> id({a, b, c}) ! x.
err_send_options() -> erlang:send(self(), x, id([bad])).
message_terms_survive() -> T = {[1, 2.5, <<"bin">>], #{k => [v]}, 1 bsl 90, fun lists:map/2, "str", binary:copy(<<7>>, 1000)}, self() ! T, erlang:garbage_collect(), receive M -> M =:= T end.
big_message() -> L = lists:seq(1, 100000), S = self(), spawn(fun() -> S ! {big, L} end), receive {big, M} -> {length(M), M =:= L} end.
queue_length() -> send([a, b, c]), process_info(self(), message_queue_len).
queue_messages() -> send([a, {b}, "c"]), process_info(self(), messages).
state_machine() -> P = spawn(fun() -> locked([]) end), [P ! B || B <- [1, 2, 9, 1, 2, 3]], P ! {who, self()}, receive {P, S} -> S end.
locked([3, 2, 1]) -> open();
locked(Acc) -> receive {who, F} -> F ! {self(), {locked, Acc}}; B -> locked(lists:sublist([B | Acc], 3)) end.
open() -> receive {who, F} -> F ! {self(), open} end.
flush_stepwise() -> send([1, 2, 3]), A = receive X -> X end, self() ! 4, [A | drain()].
priority_receive() -> send([{low, 1}, {high, 2}, {low, 3}, {high, 4}]), prio([]).
prio(Acc) -> receive {high, N} -> prio([N | Acc]) after 0 -> receive {low, N} -> prio([N | Acc]) after 0 -> lists:reverse(Acc) end end.
send_after() -> erlang:send_after(5, self(), tick), receive tick -> ok after 5000 -> late end.
start_timer() -> R = erlang:start_timer(5, self(), msg), receive {timeout, R, msg} -> ok after 5000 -> late end.
cancel_timer() -> R = erlang:send_after(100000, self(), tick), L = erlang:cancel_timer(R), {is_integer(L), L > 90000, erlang:cancel_timer(R), drain()}.
read_timer() -> R = erlang:send_after(100000, self(), tick), L = erlang:read_timer(R), erlang:cancel_timer(R), {L > 90000, erlang:read_timer(R)}.
timer_order() -> [erlang:send_after(T, self(), T) || T <- [40, 5, 20]], [receive X -> X end || _ <- [1, 2, 3]].
timer_to_name() -> register(tname, self()), erlang:send_after(1, tname, x), R = receive x -> ok after 5000 -> late end, unregister(tname), R.
timer_zero() -> erlang:send_after(0, self(), now), receive now -> ok after 5000 -> late end.
timer_absolute() -> T = erlang:monotonic_time(millisecond) + 5, erlang:send_after(T, self(), x, [{abs, true}]), receive x -> erlang:monotonic_time(millisecond) >= T end.
cancel_async() -> R = erlang:send_after(100000, self(), x), [erlang:cancel_timer(R, [{async, true}]), receive {cancel_timer, R, N} -> is_integer(N) after 5000 -> late end].
cancel_no_info() -> R = erlang:send_after(100000, self(), x), erlang:cancel_timer(R, [{info, false}]).
err_send_after_time() -> erlang:send_after(id(-1), self(), x).
err_send_after_dest() -> erlang:send_after(1, id("x"), x).
err_start_timer_time() -> erlang:start_timer(id(a), self(), x).
err_cancel_timer() -> erlang:cancel_timer(id(x)).
err_read_timer() -> erlang:read_timer(id(1)).
timer_cancelled_by_exit_of_target() -> P = spawn(fun() -> receive stop -> ok end end), R = erlang:send_after(100000, P, x), M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end, settle(R, 100).
settle(_, 0) -> still_active;
settle(R, N) -> case erlang:read_timer(R) of false -> gone; _ -> receive after 2 -> ok end, settle(R, N - 1) end.
