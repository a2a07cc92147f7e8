%%% Processes: spawning, links, monitors, exit signals, trapping, names, dictionary and flags.
-module(processes).
-compile([export_all, nowarn_export_all]).
-helpers([drain, loop, start]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

id(X) -> X.
drain() -> receive M -> [M | drain()] after 0 -> [] end.
loop() -> receive stop -> ok; {exit, R} -> exit(R); {ping, F} -> F ! pong, loop() end.
start() -> spawn(fun loop/0).
kill(P, Why) -> R = monitor(process, P), exit(P, Why), receive {'DOWN', R, process, P, Got} -> Got after 5000 -> timeout end.
stop(P) -> R = monitor(process, P), P ! stop, receive {'DOWN', R, process, P, Got} -> Got after 5000 -> timeout end.
down(P) -> R = monitor(process, P), receive {'DOWN', R, process, P, Why} -> Why after 5000 -> timeout end.
reason(F) -> {_, R} = spawn_monitor(F), receive {'DOWN', R, process, _, Why} -> plain(Why) after 5000 -> timeout end.
plain({R, [_ | _] = S}) -> case S of [{_, _, _, _} | _] -> {R, trace}; _ -> {R, S} end;
plain(R) -> R.
%% Runs a fun in a process of its own that traps exits and hands back its value.
apart(F) -> {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), exit({value, F()}) end), receive {'DOWN', R, process, P, {value, V}} -> V; {'DOWN', R, process, P, W} -> {died, plain(W)} after 10000 -> timeout end.

spawn_1() -> S = self(), spawn(fun() -> S ! {hello, self() =/= S} end), receive M -> M end.
spawn_3() -> S = self(), P = spawn(?MODULE, tell, [S, x]), receive {P, x} -> ok end.
tell(S, X) -> S ! {self(), X}.
spawn_2_node() -> S = self(), P = spawn(node(), fun() -> S ! {self(), here} end), receive {P, here} -> ok end.
spawn_4_node() -> S = self(), P = spawn(node(), ?MODULE, tell, [S, y]), receive {P, y} -> ok end.
spawn_link_normal() -> apart(fun() -> P = spawn_link(fun() -> ok end), receive {'EXIT', P, R} -> R end end).
spawn_link_error() -> apart(fun() -> P = spawn_link(fun() -> exit(bad) end), receive {'EXIT', P, R} -> R end end).
spawn_monitor_1() -> {P, R} = spawn_monitor(fun() -> exit(done) end), receive {'DOWN', R, process, P, W} -> W end.
spawn_monitor_3() -> {P, R} = spawn_monitor(erlang, exit, [gone]), receive {'DOWN', R, process, P, W} -> W end.
spawn_opt_link_monitor() -> apart(fun() -> {P, R} = spawn_opt(fun() -> exit(so) end, [link, monitor]), [receive {'DOWN', R, process, P, A} -> {down, A} end, receive {'EXIT', P, B} -> {exit, B} end] end).
spawn_opt_flags() -> {P, R} = spawn_opt(fun() -> exit({element(2, process_info(self(), priority)), element(2, process_info(self(), min_heap_size)) >= 5000}) end, [monitor, {priority, high}, {min_heap_size, 5000}]), receive {'DOWN', R, _, P, W} -> W end.
spawn_opt_monitor_tag() -> {P, R} = spawn_opt(fun() -> exit(t) end, [{monitor, [{tag, my_tag}]}]), receive {my_tag, R, process, P, W} -> W after 1000 -> none end.
err_spawn() -> spawn(id(notafun)).
err_spawn_arity() -> reason(fun() -> (id(fun(_) -> ok end))() end).
err_spawn_3_args() -> spawn(?MODULE, tell, id(notlist)).
err_spawn_3_improper() -> spawn(?MODULE, tell, id([a | b])).
err_spawn_module() -> spawn(id("m"), f, []).
err_spawn_opt() -> spawn_opt(fun() -> ok end, id([bad_option])).
spawn_undef() -> reason(fun() -> nosuch:thing() end).
spawn_request() -> R = spawn_request(fun() -> ok end), receive {spawn_reply, R, ok, P} -> is_pid(P) end.
spawn_request_error() -> R = spawn_request(node(), fun() -> ok end, id([{priority, nonsense}])), receive {spawn_reply, R, error, W} -> W after 1000 -> none end.

exit_normal() -> reason(fun() -> ok end).
exit_reason_term() -> reason(fun() -> exit({any, [term]}) end).
exit_error() -> reason(fun() -> error(boom) end).
exit_throw() -> reason(fun() -> throw(ball) end).
exit_badmatch() -> reason(fun() -> 1 = id(2) end).
exit_undef_fun() -> reason(fun() -> ?MODULE:nosuch() end).
exit_deep() -> reason(fun() -> [exit(in_comprehension) || _ <- [1]] end).

exit_2_kills() -> kill(start(), reason_x).
exit_2_normal_ignored() -> P = start(), exit(P, normal), P ! {ping, self()}, R = receive pong -> alive after 1000 -> dead end, {R, stop(P)}.
exit_2_kill() -> kill(start(), kill).
exit_2_self_trapping() -> apart(fun() -> exit(self(), foo), receive {'EXIT', P, R} -> {P =:= self(), R} end end).
exit_2_self_normal() -> reason(fun() -> exit(self(), normal), receive after 100 -> survived end end).
exit_2_self_kill_trapping() -> apart(fun() -> exit(self(), kill), receive X -> {trapped, X} after 100 -> no end end).
exit_2_dead() -> P = spawn(fun() -> ok end), down(P), [exit(P, x), exit(P, kill)].
err_exit_2() -> exit(id(a), b).
trap_message() -> apart(fun() -> P = spawn_link(fun loop/0), exit(P, why), receive {'EXIT', P, R} -> R end end).
trap_kill_reason_through_link() -> apart(fun() -> P = spawn_link(fun loop/0), exit(P, kill), receive {'EXIT', P, R} -> R end end).
trap_exit_kill_reason_exit() -> apart(fun() -> P = spawn_link(fun() -> exit(kill) end), receive {'EXIT', P, R} -> R end end).
link_kill_not_untrappable() -> reason(fun() -> Q = spawn(fun() -> process_flag(trap_exit, true), receive go -> exit(kill) end end), link(Q), Q ! go, receive never -> ok end end).
untrapped_link_dies() -> reason(fun() -> spawn_link(fun() -> exit(partner) end), receive never -> ok end end).
untrapped_link_normal_survives() -> reason(fun() -> P = spawn_link(fun() -> ok end), down(P), exit(survived) end).
link_chain() -> S = self(), {P, R} = spawn_monitor(fun() -> chain(50, S) end), receive bottom -> ok end, P ! {exit, broken}, receive {'DOWN', R, _, _, W} -> W end.
chain(0, S) -> S ! bottom, loop();
chain(N, S) -> spawn_link(fun() -> chain(N - 1, S) end), loop().
chain_all_die() -> Ps = lists:foldl(fun(_, Acc) -> S1 = self(), P = spawn(fun() -> [link(X) || X <- lists:sublist(Acc, 1)], S1 ! linked, loop() end), receive linked -> [P | Acc] end end, [], lists:seq(1, 20)), Rs = [{P, monitor(process, P)} || P <- Ps], exit(lists:nth(10, Ps), domino), [receive {'DOWN', R, _, P, W} -> W end || {P, R} <- Rs].
link_self() -> link(self()).
link_to_dead() -> apart(fun() -> P = spawn(fun() -> ok end), down(P), link(P), receive {'EXIT', P, R} -> R after 1000 -> none end end).
link_to_dead_untrapped() -> case_runner:attempt(fun() -> P = spawn(fun() -> ok end), down(P), reason(fun() -> link(P), receive after 50 -> alive end end) end).
err_link() -> link(id(a)).
unlink() -> apart(fun() -> P = spawn_link(fun loop/0), unlink(P), kill(P, x), drain() end).
unlink_twice() -> P = start(), [unlink(P), unlink(P), exit(P, kill)].
err_unlink() -> unlink(id(a)).
links_info() -> apart(fun() -> P = spawn_link(fun loop/0), {links, L} = process_info(self(), links), R = L =:= [P], unlink(P), P ! stop, {R, process_info(self(), links)} end).
double_link_one_exit() -> apart(fun() -> P = spawn_link(fun loop/0), link(P), P ! {exit, once}, receive {'EXIT', P, R} -> {R, drain()} end end).

monitor_dead() -> P = spawn(fun() -> ok end), down(P), down(P).
monitor_twice() -> P = start(), A = monitor(process, P), B = monitor(process, P), P ! {exit, m}, [receive {'DOWN', R, _, _, W} -> W end || R <- [A, B]].
monitor_name() -> P = start(), register(mon_name, P), R = monitor(process, mon_name), P ! stop, receive {'DOWN', R, process, {N, Node}, W} -> {N, Node =:= node(), W} end.
monitor_name_missing() -> R = monitor(process, no_such_name), receive {'DOWN', R, process, X, W} -> {X, W} end.
demonitor() -> P = start(), R = monitor(process, P), [demonitor(R), P ! stop, receive {'DOWN', R, _, _, _} -> got after 20 -> none end].
demonitor_flush() -> P = spawn(fun() -> ok end), R = monitor(process, P), receive after 20 -> ok end, [demonitor(R, [flush]), drain()].
demonitor_info() -> P = start(), R = monitor(process, P), A = demonitor(R, [info]), B = demonitor(R, [info]), P ! stop, [A, B].
demonitor_unknown() -> demonitor(make_ref()).
err_demonitor() -> demonitor(id(a)).
err_demonitor_option() -> demonitor(make_ref(), id([bad])).
err_monitor_type() -> monitor(id(bad), self()).
err_monitor_item() -> monitor(process, id("x")).
monitor_self() -> R = monitor(process, self()), [is_reference(R), demonitor(R)].
monitor_alias_reply() -> P = spawn(fun() -> receive {A, q} -> A ! {A, answer}, A ! {A, late}, receive never -> ok end end end), R = monitor(process, P, [{alias, reply_demonitor}]), P ! {R, q}, X = receive {R, V} -> V end, exit(P, kill), receive after 20 -> ok end, {X, drain()}.
monitor_tag() -> P = start(), R = monitor(process, P, [{tag, {my, tag}}]), P ! stop, receive {{my, tag}, R, process, P, W} -> W after 1000 -> drain() end.
monitored_by() -> P = start(), R = monitor(process, P), X = process_info(P, monitored_by) =:= {monitored_by, [self()]}, Y = process_info(self(), monitors) =:= {monitors, [{process, P}]}, demonitor(R), P ! stop, {X, Y}.
alias_basic() -> A = alias(), A ! {to, alias}, X = drain(), [X, unalias(A), unalias(A), begin A ! lost, drain() end].
down_before_exit_order() -> apart(fun() -> {P, R} = spawn_opt(fun() -> receive go -> exit(z) end end, [link, monitor]), P ! go, M = [receive X -> element(1, X) end, receive Y -> element(1, Y) end], _ = R, lists:sort(M) end).

register_lookup() -> P = start(), [register(reg_a, P), whereis(reg_a) =:= P, lists:member(reg_a, registered()), process_info(P, registered_name), unregister(reg_a), whereis(reg_a), P ! stop].
register_twice() -> P = start(), register(reg_b, P), R = [case_runner:attempt(fun() -> register(reg_b, P) end), case_runner:attempt(fun() -> register(reg_c, P) end)], P ! stop, R.
register_freed_on_exit() -> P = start(), register(reg_d, P), [stop(P), whereis(reg_d)].
err_register_undefined() -> register(undefined, self()).
err_register_not_atom() -> register(id("x"), self()).
err_register_dead() -> P = spawn(fun() -> ok end), down(P), case_runner:attempt(fun() -> register(reg_e, P) end).
err_register_not_pid() -> register(reg_f, id(a)).
err_unregister() -> unregister(id(never_registered)).
err_whereis() -> whereis(id(1)).
registered_name_none() -> process_info(start(), registered_name).

dictionary() -> erase(), [put(k, 1), put(k, 2), get(k), get(none), erase(k), erase(k), get()].
dictionary_many() -> erase(), [put(N, N * N) || N <- lists:seq(1, 500)], R = {length(get()), get(77), lists:sort(get_keys()) =:= lists:seq(1, 500), get_keys(7)}, erase(), {R, get()}.
dictionary_keys_of_all_types() -> erase(), Ks = [a, 1, 1.0, "s", {t}, <<"b">>, #{}, [], 1 bsl 70], [put(K, {v, K}) || K <- Ks], R = [get(K) || K <- Ks], erase(), R.
dictionary_float_int() -> erase(), put(1, i), put(1.0, f), R = {get(1), get(1.0)}, erase(), R.
dictionary_get_keys_value() -> erase(), put(a, x), put(b, y), put(c, x), R = lists:sort(get_keys(x)), erase(), R.
dictionary_own() -> put(secret, 1), S = self(), spawn(fun() -> S ! {d, get(secret)} end), R = receive {d, X} -> X end, erase(secret), R.
dictionary_survives_gc() -> put(big, lists:seq(1, 100)), erlang:garbage_collect(), R = lists:sum(get(big)), erase(big), R.
dictionary_info() -> P = spawn(fun() -> put(x, y), loop() end), receive after 20 -> ok end, R = process_info(P, dictionary), P ! stop, R.

flag_trap_exit() -> [process_flag(trap_exit, true), process_flag(trap_exit, false), process_flag(trap_exit, false)].
flag_priority() -> [process_flag(priority, high), process_flag(priority, low), process_flag(priority, normal)].
flag_min_heap() -> reason(fun() -> exit(is_integer(process_flag(min_heap_size, 1000))) end).
flag_fullsweep() -> reason(fun() -> process_flag(fullsweep_after, 5), exit(process_flag(fullsweep_after, 10)) end).
flag_message_queue_data() -> [process_flag(message_queue_data, off_heap), process_flag(message_queue_data, on_heap)].
flag_sensitive() -> reason(fun() -> exit(process_flag(sensitive, true)) end).
flag_save_calls() -> reason(fun() -> exit(process_flag(save_calls, 10)) end).
flag_max_heap() -> reason(fun() -> process_flag(max_heap_size, #{size => 100000, kill => true, error_logger => false}), lists:seq(1, 10000000) end).
err_flag_name() -> process_flag(id(no_such_flag), true).
err_flag_value() -> process_flag(trap_exit, id(maybe_so)).
err_flag_priority() -> process_flag(priority, id(urgent)).
is_process_alive() -> P = start(), A = is_process_alive(P), kill(P, kill), [A, is_process_alive(P), is_process_alive(self())].
err_is_process_alive() -> is_process_alive(id(x)).
process_info_items() -> P = spawn(fun() -> register(pi_name, self()), loop() end), receive after 20 -> ok end, R = process_info(P, [registered_name, status, message_queue_len, trap_exit, priority, current_function, initial_call]), P ! stop, R.
process_info_dead() -> P = spawn(fun() -> ok end), down(P), [process_info(P), process_info(P, status)].
err_process_info_item() -> process_info(self(), id(bogus)).
err_process_info_pid() -> process_info(id(a), status).
process_info_self_status() -> process_info(self(), status).
processes_contains_self() -> lists:member(self(), processes()).
group_leader_inherited() -> G = group_leader(), S = self(), spawn(fun() -> S ! {gl, group_leader()} end), receive {gl, X} -> X =:= G end.
group_leader_set() -> S = self(), P = start(), group_leader(S, P), R = process_info(P, group_leader) =:= {group_leader, S}, P ! stop, R.
hibernate() -> S = self(), P = spawn(fun() -> erlang:hibernate(?MODULE, woken, [S, kept]) end), receive after 10 -> ok end, P ! wake, receive {woken, X, Y} -> {X, Y} after 1000 -> none end.
woken(S, K) -> receive M -> S ! {woken, K, M} end.
yield() -> erlang:yield().
suspend_resume() -> P = start(), erlang:suspend_process(P), P ! {ping, self()}, A = receive pong -> early after 20 -> silent end, erlang:resume_process(P), B = receive pong -> pong after 1000 -> none end, P ! stop, {A, B}.
err_resume() -> erlang:resume_process(self()).
many_processes() -> S = self(), Ps = [spawn(fun() -> receive go -> S ! {done, self()} end end) || _ <- lists:seq(1, 2000)], [P ! go || P <- Ps], length([receive {done, P} -> P end || P <- Ps]).
parallel_sum() -> S = self(), N = 20, [spawn(fun() -> S ! {part, lists:sum(lists:seq(I * 1000 + 1, (I + 1) * 1000))} end) || I <- lists:seq(0, N - 1)], lists:sum([receive {part, V} -> V end || _ <- lists:seq(1, N)]).
tree_of_processes() -> tree(8).
tree(0) -> 1;
tree(N) -> S = self(), [spawn(fun() -> S ! {sub, tree(N - 1)} end) || _ <- [1, 2]], lists:sum([receive {sub, V} -> V end || _ <- [1, 2]]) + 1.
supervisor_by_hand() -> apart(fun() -> restart(3, []) end).
restart(0, Log) -> lists:reverse(Log);
restart(N, Log) -> P = spawn_link(fun() -> receive {crash, R} -> exit(R) end end), P ! {crash, {bad, N}}, receive {'EXIT', P, R} -> restart(N - 1, [R | Log]) end.
make_ref_unique() -> L = [make_ref() || _ <- lists:seq(1, 1000)], length(lists:usort(L)).
pid_text() -> [$<, $0, $. | _] = pid_to_list(self()), self() =:= list_to_pid(pid_to_list(self())).
ref_text() -> R = make_ref(), R =:= list_to_ref(ref_to_list(R)).
err_list_to_pid() -> list_to_pid(id("<x>")).
unique_integer() -> A = erlang:unique_integer([monotonic]), B = erlang:unique_integer([monotonic]), P = erlang:unique_integer([positive]), {A < B, P > 0, is_integer(erlang:unique_integer())}.
