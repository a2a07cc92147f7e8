%%% What all ports have in common: owners, links, monitors, names, information, signals, errors.
-module(ports_core).
-helpers([cat, gone, not_one]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

cat() -> open_port({spawn, "cat"}, []).
pinfo(P, I) -> case erlang:port_info(P, I) of {I, V} -> V; X -> X end.
exits(P) -> receive {'EXIT', P, W} -> W after 2000 -> none end.
data(P) -> receive {P, {data, D}} -> D after 2000 -> none end.
gone() -> P = cat(), true = port_close(P), until(fun() -> erlang:port_info(P) =:= undefined end), drain(), P.
not_one() -> [1, a_name, make_ref(), self(), "x"].
%% Files are no ports from OTP 27 on.
to_file() -> [attempt(fun() -> is_port(open_port(N, [eof])) end) || N <- ["/dev/null", '/dev/null', <<"/dev/null">>, "", [a]]].

info_items() -> apart(fun() -> P = cat(), [pinfo(P, I) || I <- [name, input, output, registered_name, queue_size, locking, monitors, monitored_by, parallelism]] end).
info_identity() -> apart(fun() -> P = cat(), [pinfo(P, connected) =:= self(), pinfo(P, links) =:= [self()], is_integer(pinfo(P, id)), is_integer(pinfo(P, os_pid)), is_integer(pinfo(P, memory))] end).
info_all_keys() -> apart(fun() -> P = cat(), A = [K || {K, _} <- erlang:port_info(P)], register(info_port, P), [A, [K || {K, _} <- erlang:port_info(P)], [K || {K, _} <- erlang:port_info(info_port)]] end).
info_counts() -> apart(fun() -> P = cat(), port_command(P, "hello"), data(P), [pinfo(P, input), pinfo(P, output)] end).
info_parallelism() -> apart(fun() -> P = open_port({spawn, "cat"}, [{parallelism, true}]), pinfo(P, parallelism) end).
info_errors() -> [attempt(fun() -> erlang:port_info(X) end) || X <- not_one()].
info_2_errors() -> [attempt(fun() -> erlang:port_info(X, name) end) || X <- not_one()].
info_bad_item() -> P = cat(), R = [attempt(fun() -> erlang:port_info(P, X) end) || X <- [nonsense, 1, "name"]], port_close(P), R.
info_gone() -> P = gone(), [erlang:port_info(P), erlang:port_info(P, name), erlang:port_info(P, connected)].
info_forker() -> P = hd(erlang:ports()), [pinfo(P, I) || I <- [name, links, id, input, output, os_pid]].

command_errors() -> [attempt(fun() -> port_command(X, "a") end) || X <- not_one()].
command_gone() -> P = gone(), attempt(fun() -> port_command(P, "a") end).
command_bad_data() -> P = cat(), R = [attempt(fun() -> port_command(P, X) end) || X <- [a, 1, [256], ["a" | b]]], port_close(P), R.
command_options() -> P = cat(), R = [attempt(fun() -> port_command(P, "a", X) end) || X <- [[], [nosuspend], [force], [a], a, [nosuspend | a], [nosuspend, force]]], port_close(P), R.
command_by_another() -> apart(fun() -> P = cat(), run(start(), fun() -> port_command(P, "x") end), data(P) end).
message_by_another() -> apart(fun() -> P = cat(), S = self(), run(start(), fun() -> P ! {S, {command, "x"}} end), data(P) end).
message_wrong_owner() -> apart(fun() -> P = cat(), O = start(), P ! {O, {command, "x"}}, exits(P) end).
message_nonsense() -> apart(fun() -> [begin P = cat(), P ! M, exits(P) end || M <- [a, {self(), a}, {a, close}, {self(), {command}}, {self(), {connect, a}}, {self(), {connect, 1}}, [], {self(), {other, "x"}}]] end).
message_bad_data() -> apart(fun() -> P = cat(), P ! {self(), {command, [a]}}, exits(P) end).
message_result() -> apart(fun() -> P = cat(), M = {self(), {command, "x"}}, [(P ! M) =:= M, erlang:send(P, M), erlang:send(P, M, [nosuspend]), erlang:send(P, M, [noconnect])] end).
message_gone() -> P = gone(), P ! {self(), {command, "x"}}, P ! nonsense, drain().
close_by_another() -> apart(fun() -> P = cat(), A = run(start(), fun() -> port_close(P) end), [A, exits(P)] end).
close_message_by_another() -> apart(fun() -> P = cat(), O = start(), run(O, fun() -> P ! {self(), close} end), exits(P) end).
close_twice() -> P = cat(), port_close(P), attempt(fun() -> port_close(P) end).
close_errors() -> [attempt(fun() -> port_close(X) end) || X <- not_one()].
close_order() -> apart(fun() -> P = cat(), P ! {self(), close}, [case X of {P, Y} -> Y; {'EXIT', P, Y} -> {exit, Y} end || X <- [got(), got()]] end).
close_links() -> apart(fun() -> P = cat(), port_close(P), info(self(), links) end).

connect() -> apart(fun() -> P = cat(), S = self(), O = spawn(fun() -> receive {P, {data, D}} -> S ! {other, D} end end), A = port_connect(P, O), B = pinfo(P, connected) =:= O, L = lists:sort(pinfo(P, links)) =:= lists:sort([S, O]), port_command(P, "x"), [A, B, L, got()] end).
connect_errors() -> P = cat(), R = [attempt(fun() -> port_connect(P, X) end) || X <- [a, 1, dead()]], port_close(P), R ++ [attempt(fun() -> port_connect(X, self()) end) || X <- not_one()].
connect_message() -> apart(fun() -> P = cat(), O = start(), P ! {self(), {connect, O}}, {P, A} = got(), [A, pinfo(P, connected) =:= O, pinfo(P, links) =:= [self()]] end).
connect_old_owner_exits() -> S = self(), A = spawn(fun() -> P = cat(), port_connect(P, S), S ! P, receive stop -> ok end end), P = got(), stop(A), R = pinfo(P, connected) =:= self(), port_close(P), R.

control_errors() -> P = cat(), R = [attempt(fun() -> port_control(P, X, "") end) || X <- [0, -1, a, 1 bsl 32, 1 bsl 64]], port_close(P), R ++ [attempt(fun() -> port_control(X, 0, "") end) || X <- not_one()].
control_bad_data() -> P = cat(), R = attempt(fun() -> port_control(P, 0, [a]) end), port_close(P), R.
call_errors() -> P = cat(), R = [attempt(fun() -> erlang:port_call(P, X, x) end) || X <- [0, -1, a]], port_close(P), R ++ [attempt(fun() -> erlang:port_call(X, 0, x) end) || X <- not_one()].
call_2() -> P = cat(), R = attempt(fun() -> erlang:port_call(P, x) end), port_close(P), R.
set_data() -> P = cat(), R = [erlang:port_get_data(P)] ++ [begin true = erlang:port_set_data(P, X), erlang:port_get_data(P) end || X <- [1, a, "list", {t, [1.5]}, <<"binary">>, #{k => v}, 1 bsl 100]], port_close(P), R ++ [attempt(fun() -> erlang:port_get_data(P) end), attempt(fun() -> erlang:port_set_data(P, x) end)].
data_errors() -> [attempt(fun() -> erlang:port_get_data(X) end) || X <- not_one()] ++ [attempt(fun() -> erlang:port_set_data(X, a) end) || X <- not_one()].

names() -> apart(fun() -> P = cat(), A = register(a_port, P), B = whereis(a_port) =:= P, C = pinfo(P, registered_name), D = port_command(a_port, "x"), E = data(P), a_port ! {self(), {command, "y"}}, F = data(P), G = lists:member(a_port, registered()), H = unregister(a_port), [A, B, C, D, E, F, G, H, whereis(a_port), pinfo(P, registered_name)] end).
names_taken() -> apart(fun() -> P = cat(), Q = cat(), register(a_port, P), R = [attempt(fun() -> register(a_port, Q) end), attempt(fun() -> register(b_port, P) end), attempt(fun() -> register(undefined, P) end)], unregister(a_port), R end).
names_close() -> apart(fun() -> P = cat(), register(a_port, P), A = port_close(a_port), [A, whereis(a_port), attempt(fun() -> a_port ! x end)] end).
names_gone() -> P = gone(), attempt(fun() -> register(a_port, P) end).
names_all_natives() -> apart(fun() -> P = cat(), register(a_port, P), R = [pinfo(a_port, name), erlang:port_set_data(a_port, x), erlang:port_get_data(a_port), port_connect(a_port, self()), attempt(fun() -> port_control(a_port, 1, "") end)], port_close(a_port), R end).

links() -> apart(fun() -> P = cat(), A = [link(P), info(self(), links) =:= [P], unlink(P), info(self(), links)], B = until(fun() -> pinfo(P, links) =:= [] end), port_close(P), [A, B, drain()] end).
link_other() -> apart(fun() -> P = cat(), O = start(), run(O, fun() -> link(P) end), A = lists:sort(pinfo(P, links)) =:= lists:sort([self(), O]), R = monitor(process, O), exit(P, crash), [A, exits(P), receive {'DOWN', R, _, _, W} -> W end] end).
link_gone() -> apart(fun() -> P = gone(), [link(P), exits(P)] end).
link_gone_fatal() -> reason(fun() -> P = gone(), link(P), receive after 200 -> exit(alive) end end).
unlink_gone() -> unlink(gone()).
exit_reasons() -> apart(fun() -> [begin P = cat(), A = exit(P, R), [A, exits(P)] end || R <- [crash, kill, normal, shutdown, {a, b}]] end).
exit_by_another() -> apart(fun() -> P = cat(), run(start(), fun() -> exit(P, crash) end), exits(P) end).
exit_normal_by_another() -> apart(fun() -> P = cat(), run(start(), fun() -> exit(P, normal) end), exits(P) end).
exit_gone() -> exit(gone(), x).
not_trapping() -> reason(fun() -> P = cat(), exit(P, crash), receive after 2000 -> exit(alive) end end).
not_trapping_normal() -> reason(fun() -> P = cat(), port_close(P), receive after 50 -> exit(alive) end end).

monitors() -> apart(fun() -> P = cat(), R = monitor(port, P), A = pinfo(P, monitored_by) =:= [self()], B = info(self(), monitors) =:= [{port, P}], port_close(P), receive {'DOWN', R, T, O, W} -> [A, B, T, O =:= P, W] after 2000 -> none end end).
monitor_crash() -> apart(fun() -> P = cat(), R = monitor(port, P), exit(P, crash), receive {'DOWN', R, T, _, W} -> [T, W] after 2000 -> none end end).
monitor_kill() -> apart(fun() -> P = cat(), R = monitor(port, P), exit(P, kill), receive {'DOWN', R, T, _, W} -> [T, W] after 2000 -> none end end).
monitor_gone() -> P = gone(), R = monitor(port, P), receive {'DOWN', R, T, O, W} -> [T, O =:= P, W] after 2000 -> none end.
monitor_name() -> apart(fun() -> P = cat(), register(a_port, P), R = monitor(port, a_port), R2 = monitor(port, {a_port, node()}), I = info(self(), monitors), port_close(P), [I | [receive {'DOWN', X, T, O, W} -> [T, O, W] after 2000 -> none end || X <- [R, R2]]] end).
monitor_name_missing() -> R = monitor(port, no_such_port), receive {'DOWN', R, T, O, W} -> [T, O, W] after 2000 -> none end.
monitor_process_of_port() -> attempt(fun() -> monitor(process, hd(erlang:ports())) end).
demonitor_stops() -> apart(fun() -> P = cat(), R = monitor(port, P), demonitor(R), A = until(fun() -> pinfo(P, monitored_by) =:= [] end), port_close(P), exits(P), [A, drain()] end).
watcher_exits() -> P = cat(), O = start(), run(O, fun() -> monitor(port, P) end), A = pinfo(P, monitored_by) =:= [O], stop(O), B = until(fun() -> pinfo(P, monitored_by) =:= [] end), port_close(P), [A, B].
monitor_errors() -> [attempt(fun() -> monitor(port, X) end) || X <- [1, "x", self(), {a, b, c}]].

ports_list() -> P = cat(), A = lists:member(P, erlang:ports()), port_close(P), [A, lists:member(P, erlang:ports()), erlang:system_info(port_count) =:= length(erlang:ports())].
port_limit() -> erlang:system_info(port_limit).
text() -> P = cat(), "#Port<0." ++ T = erlang:port_to_list(P), R = [lists:last(T) =:= $>, list_to_port(erlang:port_to_list(P)) =:= P], port_close(P), R.
order() -> P = cat(), Q = cat(), R = [P < Q, P < self(), make_ref() < P, (fun() -> ok end) < P], port_close(P), port_close(Q), R.
order_of_signals() -> apart(fun() -> P = cat(), [P ! {self(), {command, [$a + N]}} || N <- lists:seq(0, 9)], port_command(P, "z"), collect(P, 11) end).
collect(_, N) when N =< 0 -> [];
collect(P, N) -> case data(P) of none -> none; D -> D ++ collect(P, N - length(D)) end.
busy_nosuspend() -> apart(fun() -> P = open_port({spawn, "sleep 5"}, [{busy_limits_port, {10, 20}}]), Big = lists:duplicate(200000, $x), A = port_command(P, Big), B = port_command(P, "x", [nosuspend]), C = erlang:send(P, {self(), {command, "x"}}, [nosuspend]), exit(P, kill), [A, B, C, exits(P)] end).
busy_waits() -> apart(fun() -> P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "exec sleep 5"]}, {busy_limits_port, {10, 20}}]), Big = lists:duplicate(200000, $x), port_command(P, Big), S = self(), W = spawn(fun() -> port_command(P, "y"), S ! through end), A = receive through -> through after 100 -> waits end, [A, port_command(P, "y", [nosuspend]), case A of waits -> ended(P, W); _ -> A end] end).
ended(P, W) -> R = monitor(process, W), exit(P, kill), receive {'DOWN', R, _, _, {badarg, _}} -> badarg; {'DOWN', R, _, _, X} -> X after 3000 -> none end.
close_with_output() -> apart(fun() -> P = open_port({spawn, "wc -c"}, []), port_command(P, "12345"), port_close(P), exits(P) end).
