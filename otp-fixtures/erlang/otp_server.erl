%%% gen_server: calls, casts, infos, timeouts, stops and crashes of a server of ours.
-module(otp_server).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, handle_continue/2, code_change/3]).
-export([start_call_stop/0, cast_then_call/0, info_message/0, named_server/0, call_timeout/0, call_dead/0, call_missing_name/0, stop_reasons/0, crash_in_call/0,
    crash_in_init/0, stop_in_init/0, ignore_in_init/0, noreply_then_reply/0, continue_after_init/0, server_timeout/0, terminate_called/0, bad_return/0, linked_parent_dies/0,
    multi_call_many_clients/0, hibernate_reply/0, send_request/0, start_monitor/0, already_started/0, enter_loop/0, sys_calls/0, reply_out_of_order/0, unknown_call_crashes/0]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

init({parent, P}) -> process_flag(trap_exit, true), {ok, #{parent => P, n => 0}};
init(crash) -> error(init_crash);
init({stop, R}) -> {stop, R};
init(ignore) -> ignore;
init({continue, P}) -> {ok, #{parent => P, n => 0}, {continue, more}};
init({timeout, P}) -> {ok, #{parent => P, n => 0}, 10};
init(_) -> {ok, #{n => 0}}.

handle_call(get, _, S) -> {reply, maps:get(n, S), S};
handle_call({add, K}, _, S = #{n := N}) -> {reply, N + K, S#{n := N + K}};
handle_call({stop, R}, _, S) -> {stop, R, stopping, S};
handle_call({stop_no_reply, R}, _, S) -> {stop, R, S};
handle_call(crash, _, _) -> error(crashed_on_purpose);
handle_call(throw, _, S) -> throw({reply, thrown, S});
handle_call(slow, _, S) -> receive after 200 -> ok end, {reply, slow, S};
handle_call(defer, From, S) -> {noreply, S#{from => From}};
handle_call(release, _, S = #{from := From}) -> gen_server:reply(From, deferred), {reply, released, S};
handle_call(hibernate, _, S) -> {reply, sleeping, S, hibernate};
handle_call(continue, _, S) -> {reply, ok, S, {continue, more}};
handle_call(bad, _, _) -> nonsense.
handle_cast({add, K}, S = #{n := N}) -> {noreply, S#{n := N + K}};
handle_cast({stop, R}, S) -> {stop, R, S};
handle_cast(crash, _) -> 1 = id(2).
handle_info(timeout, S = #{parent := P}) -> P ! server_timeout, {noreply, S};
handle_info({ping, F}, S) -> F ! pong, {noreply, S};
handle_info({'EXIT', _, _}, S) -> {noreply, S};
handle_info(_, S = #{n := N}) -> {noreply, S#{n := N + 1000}}.
handle_continue(more, S = #{n := N}) -> {noreply, S#{n := N + 500}}.
terminate(R, #{parent := P}) -> P ! {terminated, R};
terminate(_, _) -> ok.
code_change(_, S, _) -> {ok, S}.

id(X) -> X.
start(A) -> {ok, P} = gen_server:start(?MODULE, A, []), P.
short({R, [{_, _, _, _} | _]}) -> {R, trace};
short({{R, [{_, _, _, _} | _]}, C}) -> {{R, trace}, C};
short(R) -> R.
call(P, M) -> try gen_server:call(P, M) catch C:R -> {C, plain(R)} end.
plain({{R, [{_, _, _, _} | _]}, {gen_server, call, _}}) -> {R, trace, call};
plain({R, {gen_server, call, _}}) -> {R, call};
plain(R) -> R.

start_call_stop() -> P = start(x), R = [call(P, get), call(P, {add, 5}), call(P, get)], {R, gen_server:stop(P), is_process_alive(P)}.
cast_then_call() -> P = start(x), [gen_server:cast(P, {add, N}) || N <- lists:seq(1, 100)], R = call(P, get), gen_server:stop(P), R.
info_message() -> P = start(x), P ! hello, P ! {ping, self()}, receive pong -> ok end, R = call(P, get), gen_server:stop(P), R.
named_server() -> {ok, P} = gen_server:start({local, my_server}, ?MODULE, x, []), R = [call(my_server, {add, 1}), whereis(my_server) =:= P, gen_server:cast(my_server, {add, 2}), call(my_server, get), call({my_server, node()}, get)], gen_server:stop(my_server), {R, whereis(my_server)}.
call_timeout() -> P = start(x), R = try gen_server:call(P, slow, 20) catch exit:{timeout, {gen_server, call, [_, slow, 20]}} -> timed_out end, exit(P, kill), R.
call_dead() -> P = start(x), gen_server:stop(P), call(P, get).
call_missing_name() -> call(no_such_server_here, get).
stop_reasons() -> [begin P = start(x), M = monitor(process, P), A = call(P, {stop, R}), receive {'DOWN', M, _, _, W} -> {A, W} end end || R <- [normal, shutdown, {shutdown, x}, other]].
crash_in_call() -> P = start(x), M = monitor(process, P), A = call(P, crash), receive {'DOWN', M, _, _, W} -> {A, short(W)} end.
crash_in_init() -> process_flag(trap_exit, true), case gen_server:start_link(?MODULE, crash, []) of {error, {R, [_ | _]}} -> {error, R, receive {'EXIT', _, {X, _}} -> X after 1000 -> none end} end.
stop_in_init() -> process_flag(trap_exit, true), {gen_server:start_link(?MODULE, {stop, because}, []), receive {'EXIT', _, X} -> X after 1000 -> none end}.
ignore_in_init() -> gen_server:start(?MODULE, ignore, []).
noreply_then_reply() -> P = start(x), S = self(), spawn(fun() -> S ! {got, call(P, defer)} end), wait_for_from(P), R = call(P, release), {R, receive {got, X} -> X after 1000 -> none end}.
wait_for_from(P) -> case sys:get_state(P) of #{from := _} -> ok; _ -> receive after 1 -> wait_for_from(P) end end.
continue_after_init() -> P = start({continue, self()}), A = call(P, get), call(P, continue), B = call(P, get), {A, B}.
server_timeout() -> _ = start({timeout, self()}), receive server_timeout -> ok after 5000 -> none end.
terminate_called() -> P = start({parent, self()}), gen_server:stop(P, shutdown, 1000), receive T -> T after 1000 -> none end.
bad_return() -> P = start(x), M = monitor(process, P), A = call(P, bad), receive {'DOWN', M, _, _, W} -> {A, W} end.
linked_parent_dies() -> S = self(), Q = spawn(fun() -> {ok, P} = gen_server:start_link(?MODULE, {parent, S}, []), S ! {server, P}, receive die -> exit(parent_gone) end end), P = receive {server, X} -> X end, M = monitor(process, P), Q ! die, [receive {terminated, R} -> R after 1000 -> none end, receive {'DOWN', M, _, _, W} -> W after 1000 -> none end].
multi_call_many_clients() -> P = start(x), S = self(), [spawn(fun() -> call(P, {add, 1}), S ! done end) || _ <- lists:seq(1, 100)], [receive done -> ok end || _ <- lists:seq(1, 100)], call(P, get).
hibernate_reply() -> P = start(x), A = call(P, hibernate), {A, call(P, {add, 3})}.
send_request() -> P = start(x), R = gen_server:send_request(P, {add, 9}), gen_server:receive_response(R, 1000).
start_monitor() -> {ok, {P, M}} = gen_server:start_monitor(?MODULE, x, []), gen_server:stop(P), receive {'DOWN', M, process, P, W} -> W end.
already_started() -> {ok, P} = gen_server:start({local, twice}, ?MODULE, x, []), {error, {already_started, Q}} = gen_server:start({local, twice}, ?MODULE, x, []), gen_server:stop(P), P =:= Q.
enter_loop() -> S = self(), P = proc_lib:spawn(fun() -> gen_server:enter_loop(?MODULE, [], #{n => 42, parent => S}) end), call(P, get).
sys_calls() -> P = start(x), sys:replace_state(P, fun(S) -> S#{n := 77} end), A = call(P, get), sys:suspend(P), B = (catch gen_server:call(P, get, 20)), sys:resume(P), {A, element(1, element(2, B)), call(P, get), sys:get_state(P)}.
reply_out_of_order() -> P = start(x), Rs = [gen_server:send_request(P, {add, N}) || N <- [1, 2, 3]], [gen_server:wait_response(R, 1000) || R <- lists:reverse(Rs)].
unknown_call_crashes() -> P = start(x), M = monitor(process, P), A = call(P, {no, such, request}), receive {'DOWN', M, _, _, W} -> {A, short(W)} end.
