%%% gen_statem, gen_event, proc_lib and the other process libraries of OTP.
-module(otp_statem).
-behaviour(gen_statem).
-export([main/0, init/1, callback_mode/0, locked/3, open/3]).
-helpers([callback_mode]).
-export([lock_opens/0, lock_wrong_code/0, state_timeout/0, postpone/0, calls/0, statem_stop/0, event_manager/0, event_crash/0, proc_lib_start/0, proc_lib_start_fails/0, proc_lib_initial_call/0, timer_tc/0, timer_apply/0, pool_of_workers/0, pg_like_broadcast/0]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

callback_mode() -> state_functions.
init({Code, Report}) -> {ok, locked, #{code => Code, left => Code, report => Report}}.
locked(cast, {button, B}, D = #{left := [B], code := C}) -> {next_state, open, D#{left := C}, [{state_timeout, 30, relock}]};
locked(cast, {button, B}, D = #{left := [B | R]}) -> {keep_state, D#{left := R}};
locked(cast, {button, _}, D = #{code := C}) -> {keep_state, D#{left := C}};
locked(cast, walk_through, _) -> {keep_state_and_data, [postpone]};
locked({call, F}, which, _) -> {keep_state_and_data, [{reply, F, locked}]}.
open(state_timeout, relock, D = #{report := P}) -> P ! relocked, {next_state, locked, D};
open(cast, walk_through, #{report := P}) -> P ! walked, keep_state_and_data;
open(cast, _, _) -> keep_state_and_data;
open({call, F}, which, _) -> {keep_state_and_data, [{reply, F, open}]};
open({call, F}, leave, D) -> {stop_and_reply, normal, [{reply, F, left}], D}.

start() -> {ok, P} = gen_statem:start(?MODULE, {[1, 2, 3], self()}, []), P.
press(P, L) -> [gen_statem:cast(P, {button, B}) || B <- L], gen_statem:call(P, which).
lock_opens() -> P = start(), [gen_statem:call(P, which), press(P, [1, 2]), press(P, [3])].
lock_wrong_code() -> P = start(), [press(P, [1, 9, 2, 3]), press(P, [1, 2, 3])].
state_timeout() -> P = start(), A = press(P, [1, 2, 3]), receive relocked -> {A, gen_statem:call(P, which)} after 5000 -> none end.
postpone() -> P = start(), gen_statem:cast(P, walk_through), A = receive walked -> early after 10 -> waiting end, press(P, [1, 2, 3]), B = receive walked -> walked after 5000 -> none end, {A, B}.
calls() -> P = start(), press(P, [1, 2, 3]), M = monitor(process, P), A = gen_statem:call(P, leave), receive {'DOWN', M, _, _, W} -> {A, W} end.
statem_stop() -> P = start(), [gen_statem:stop(P), is_process_alive(P)].

event_manager() ->
    {ok, P} = gen_event:start(),
    S = self(),
    ok = gen_event:add_handler(P, event_collector, {S, h1}),
    ok = gen_event:add_handler(P, {event_collector, two}, {S, h2}),
    gen_event:notify(P, ev1),
    gen_event:sync_notify(P, ev2),
    R = [receive {h1, A} -> A end, receive {h1, B} -> B end, receive {h2, C} -> C end, receive {h2, D} -> D end],
    W = lists:sort(gen_event:which_handlers(P)),
    X = gen_event:call(P, event_collector, count),
    Y = gen_event:delete_handler(P, event_collector, bye),
    Z = gen_event:call(P, event_collector, count),
    gen_event:stop(P),
    {R, W, X, Y, Z}.
event_crash() -> {ok, P} = gen_event:start(), gen_event:add_handler(P, event_collector, {self(), h}), gen_event:sync_notify(P, crash), R = gen_event:which_handlers(P), gen_event:stop(P), R.
proc_lib_start() -> S = self(), {ok, X} = proc_lib:start(erlang, apply, [fun() -> proc_lib:init_ack(S, {ok, started}), receive after 1 -> ok end end, []]), X.
proc_lib_start_fails() -> proc_lib:start(erlang, apply, [fun() -> exit(early) end, []]).
proc_lib_initial_call() ->
    S = self(),
    P = proc_lib:spawn(fun() -> S ! runs, receive stop -> ok end end),
    receive runs -> ok end,
    R = proc_lib:translate_initial_call(P),
    P ! stop,
    R.
timer_tc() -> {T, V} = timer:tc(fun() -> lists:sum(lists:seq(1, 100)) end), {is_integer(T), V}.
timer_apply() -> S = self(), {ok, _} = timer:send_after(5, S, from_timer), A = receive from_timer -> ok after 5000 -> none end, {A, timer:sleep(1), timer:seconds(2), timer:hms(1, 1, 1)}.
pool_of_workers() ->
    S = self(),
    Workers = [spawn_link(fun() -> pool_worker(S) end) || _ <- lists:seq(1, 4)],
    Jobs = lists:seq(1, 40),
    Results = distribute(Jobs, [], 0),
    [W ! stop || W <- Workers],
    lists:sum(Results).
pool_worker(S) -> S ! {ready, self()}, receive {job, N} -> S ! {result, N * N}, pool_worker(S); stop -> ok end.
distribute([], Acc, 0) -> Acc;
distribute([J | Js], Acc, Out) -> receive {ready, W} -> W ! {job, J}, distribute(Js, Acc, Out + 1); {result, V} -> distribute([J | Js], [V | Acc], Out - 1) end;
distribute([], Acc, Out) -> receive {result, V} -> distribute([], [V | Acc], Out - 1) end.
pg_like_broadcast() ->
    S = self(),
    Ps = [spawn(fun() -> receive {news, N} -> S ! {heard, N + I} end end) || I <- lists:seq(1, 10)],
    [P ! {news, 100} || P <- Ps],
    lists:sort([receive {heard, V} -> V end || _ <- Ps]).
