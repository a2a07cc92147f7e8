%%% Registered names.
-module(proc_names).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

register_true() -> P = start(), [register(pn_a, P), whereis(pn_a) =:= P, unregister(pn_a), whereis(pn_a), kill(P)].
register_self() -> apart(fun() -> [register(pn_self, self()), whereis(pn_self) =:= self(), info(self(), registered_name)] end).
register_errors() -> P = start(), register(pn_b, P), D = dead(), R = [attempt(fun() -> register(N, W) end) || {N, W} <- [{pn_b, self()}, {pn_c, P}, {undefined, self()}, {1, self()}, {"n", self()}, {pn_d, D}, {pn_d, a}, {pn_d, 1}, {pn_d, make_ref()}]], kill(P), R.
err_register_taken() -> P = start(), register(pn_taken, P), X = case_runner:attempt(?MODULE, fun() -> register(pn_taken, self()) end), kill(P), X.
err_register_second() -> P = start(), register(pn_second, P), X = case_runner:attempt(?MODULE, fun() -> register(pn_other, P) end), kill(P), X.
err_register_dead() -> D = dead(), case_runner:attempt(?MODULE, fun() -> register(pn_dead, D) end).
err_register_undefined() -> register(id(undefined), self()).
err_register_int() -> register(id(1), self()).
err_register_target() -> register(pn_x, id(a)).
unregister_errors() -> [attempt(fun() -> unregister(X) end) || X <- [pn_none, undefined, 1, "x"]].
err_unregister() -> unregister(id(pn_none)).
err_unregister_int() -> unregister(id(1)).
whereis_errors() -> [attempt(fun() -> whereis(X) end) || X <- [pn_none, undefined, 1, "x", self()]].
err_whereis() -> whereis(id("x")).
registered_has() -> P = start(), register(pn_list, P), A = lists:member(pn_list, registered()), kill(P), [A, lists:member(pn_list, registered()), lists:all(fun is_atom/1, registered())].
freed_by_exit() -> P = start(), register(pn_free, P), kill(P), [whereis(pn_free), attempt(fun() -> pn_free ! x end), register(pn_free, self()), unregister(pn_free)].
freed_before_down() -> lists:usort([begin P = start(), register(pn_fast, P), R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> whereis(pn_fast) end end || _ <- lists:seq(1, 100)]).
freed_before_exit_signal() -> apart(fun() -> lists:usort([begin P = spawn_link(fun loop/0), register(pn_fast2, P), P ! stop, receive {'EXIT', P, _} -> whereis(pn_fast2) end end || _ <- lists:seq(1, 100)]) end).
send_name() -> register(pn_send, self()), R = [pn_send ! a, erlang:send(pn_send, b), erlang:send(pn_send, c, [])], X = drain(), unregister(pn_send), [R, X].
send_name_missing() -> [attempt(fun() -> pn_missing ! a end), attempt(fun() -> erlang:send(pn_missing, a) end), attempt(fun() -> erlang:send(pn_missing, a, []) end), attempt(fun() -> erlang:send_nosuspend(pn_missing, a) end)].
err_send_name() -> id(pn_missing) ! a.
send_name_node() -> register(pn_node, self()), R = {pn_node, node()} ! a, X = drain(), unregister(pn_node), [element(1, {R}), X].
send_name_node_missing() -> [{pn_missing, node()} ! a, erlang:send({pn_missing, node()}, b, [])].
send_name_other_node() -> [{pn_x, id('no@where')} ! a, erlang:send({pn_x, id('no@where')}, b, [noconnect]), erlang:send({pn_x, id('no@where')}, b, [nosuspend])].
send_bad() -> [attempt(fun() -> X ! a end) || X <- [1, "x", {a}, {a, 1}, {1, node()}, {a, b, c}, <<>>, 1.0]].
err_send() -> id(1) ! a.
err_send_2() -> erlang:send(id(1), a).
err_send_3() -> erlang:send(self(), a, id([x])).
send_opts_bad() -> [attempt(fun() -> erlang:send(self(), a, O) end) || O <- [x, [x], [nosuspend | x], [{nosuspend, true}]]].
send_opts() -> [erlang:send(self(), N, O) || {N, O} <- [{1, []}, {2, [nosuspend]}, {3, [noconnect]}, {4, [noconnect, nosuspend]}]] ++ drain().
send_dead() -> D = dead(), [D ! a, erlang:send(D, b), erlang:send(D, c, [nosuspend])].
name_reuse() -> lists:usort([begin P = start(), register(pn_reuse, P), unregister(pn_reuse), register(pn_reuse, P), X = whereis(pn_reuse) =:= P, kill(P), X end || _ <- lists:seq(1, 50)]).
many_names() -> Ns = [list_to_atom("pn_many_" ++ integer_to_list(N)) || N <- lists:seq(1, 200)], Ps = [begin P = start(), register(N, P), P end || N <- Ns], A = [whereis(N) || N <- Ns] =:= Ps, [kill(P) || P <- Ps], [A, lists:usort([whereis(N) || N <- Ns])].
swap() -> P = start(), Q = start(), register(pn_p, P), register(pn_q, Q), unregister(pn_p), unregister(pn_q), register(pn_p, Q), register(pn_q, P), R = [whereis(pn_p) =:= Q, whereis(pn_q) =:= P], kill(P), kill(Q), R.
