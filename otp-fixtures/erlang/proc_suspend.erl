%%% suspend_process/1,2 and resume_process/1.
-module(proc_suspend).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

with(F) -> P = start(), until(fun() -> status(P) =:= waiting end), R = F(P), exit(P, kill), R.
status(P) -> info(P, status).
%% Whether the server answers.
answers(P) -> P ! {run, fun() -> yes end, self()}, receive {ran, P, V} -> V after 30 -> no end.
late(P) -> receive {ran, P, V} -> V after 2000 -> never end.

basic() -> with(fun(P) -> [erlang:suspend_process(P), status(P), answers(P), erlang:resume_process(P), late(P)] end).
counts() -> with(fun(P) -> [erlang:suspend_process(P), erlang:suspend_process(P), erlang:resume_process(P), answers(P), erlang:resume_process(P), late(P), attempt(fun() -> erlang:resume_process(P) end)] end).
empty_opts() -> with(fun(P) -> [erlang:suspend_process(P, []), status(P), erlang:resume_process(P), answers(P)] end).
unless_suspending() -> with(fun(P) -> [erlang:suspend_process(P, [unless_suspending]), erlang:suspend_process(P, [unless_suspending]), erlang:resume_process(P), answers(P), attempt(fun() -> erlang:resume_process(P) end)] end).
unless_suspending_mixed() -> with(fun(P) -> [erlang:suspend_process(P), erlang:suspend_process(P, [unless_suspending]), [element(2, X) || X <- info(self(), suspending)], erlang:resume_process(P), answers(P)] end).
asynchronous() -> with(fun(P) -> [erlang:suspend_process(P, [asynchronous]), status(P), answers(P), erlang:resume_process(P), late(P)] end).
asynchronous_tag() -> with(fun(P) -> [erlang:suspend_process(P, [{asynchronous, tag}]), got(), status(P), erlang:resume_process(P), answers(P)] end).
asynchronous_tag_big() -> with(fun(P) -> T = {lists:seq(1, 20), <<"t">>}, [erlang:suspend_process(P, [{asynchronous, T}]), got(), erlang:resume_process(P)] end).
asynchronous_tag_twice() -> with(fun(P) -> [erlang:suspend_process(P, [{asynchronous, a}]), erlang:suspend_process(P, [{asynchronous, b}]), got(), got(), erlang:resume_process(P), answers(P), erlang:resume_process(P), late(P)] end).
asynchronous_unless() -> with(fun(P) -> [erlang:suspend_process(P, [asynchronous, unless_suspending]), erlang:suspend_process(P, [asynchronous, unless_suspending]), erlang:suspend_process(P, [{asynchronous, t}, unless_suspending]), got(), erlang:resume_process(P), answers(P)] end).
dead_plain() -> P = dead(), attempt(fun() -> erlang:suspend_process(P) end).
dead_opts() -> P = dead(), [attempt(fun() -> erlang:suspend_process(P, O) end) || O <- [[], [unless_suspending], [asynchronous], [nonsense]]].
dead_tag() -> P = dead(), [attempt(fun() -> erlang:suspend_process(P, [{asynchronous, t}]) end), drain()].
self_plain() -> [attempt(fun() -> erlang:suspend_process(self(), O) end) || O <- [[], [asynchronous], [unless_suspending]]].
err_suspend() -> erlang:suspend_process(id(a)).
err_suspend_opts() -> with(fun(P) -> [attempt(fun() -> erlang:suspend_process(P, O) end) || O <- [x, [nonsense], [asynchronous | x], [{unless_suspending, true}], [{asynchronous, a, b}]]] end).
err_resume() -> with(fun(P) -> [attempt(fun() -> erlang:resume_process(X) end) || X <- [P, self(), a, dead()]] end).
two_suspenders() -> with(fun(P) -> Q = start(), erlang:suspend_process(P), run(Q, fun() -> erlang:suspend_process(P) end), erlang:resume_process(P), A = answers(P), B = run(Q, fun() -> erlang:resume_process(P) end), [A, B, late(P), kill(Q)] end).
owner_dies() -> with(fun(P) -> Q = start(), X = run(Q, fun() -> erlang:suspend_process(P) end), A = answers(P), kill(Q), [X, A, late(P)] end).
owner_dies_counted() -> with(fun(P) -> Q = start(), [run(Q, fun() -> erlang:suspend_process(P) end) || _ <- [1, 2, 3]], kill(Q), answers(P) end).
owner_dies_other_stays() -> with(fun(P) -> Q = start(), erlang:suspend_process(P), run(Q, fun() -> erlang:suspend_process(P) end), kill(Q), A = answers(P), erlang:resume_process(P), [A, late(P)] end).
suspended_killed() -> P = start(), erlang:suspend_process(P), [kill(P), attempt(fun() -> erlang:resume_process(P) end), info(self(), suspending)].
suspended_exit_signal() -> P = start(), erlang:suspend_process(P), exit(P, gone), down(P).
suspended_trapping() -> P = spawn(fun() -> process_flag(trap_exit, true), loop() end), until(fun() -> status(P) =:= waiting end), erlang:suspend_process(P), exit(P, sig), R = [is_process_alive(P), [element(1, M) || M <- info(P, messages)]], exit(P, kill), [R, down(P)].
suspended_info() -> with(fun(P) -> erlang:suspend_process(P), P ! a, P ! b, R = [info(P, messages), info(P, status), info(P, current_function)], erlang:resume_process(P), R end).
suspended_linked() -> apart(fun() -> P = spawn(fun loop/0), erlang:suspend_process(P), link(P), A = info(P, links) =:= [self()], unlink(P), B = info(P, links), exit(P, kill), [A, B] end).
suspended_gc() -> with(fun(P) -> erlang:suspend_process(P), [erlang:garbage_collect(P), status(P), erlang:resume_process(P)] end).
%% What is asked of a process together with its suspension is answered, whenever it comes to see both.
suspended_is_checked() ->
    P = spawn(fun() -> polls(0) end),
    L = [begin
             erlang:suspend_process(P, [asynchronous]),
             async = erlang:check_process_code(P, ?MODULE, [{async, N}]),
             R = receive {check_process_code, N, V} -> V after 5000 -> stuck end,
             erlang:resume_process(P),
             R
         end || N <- lists:seq(1, 2000)],
    exit(P, kill), lists:usort(L).
polls(N) -> receive stop -> ok after 0 -> polls(N + 1) end.
suspend_busy() -> P = spawn(fun() -> spin(0) end), tick(), A = erlang:suspend_process(P), R1 = info(P, reductions), tick(), R2 = info(P, reductions), S = status(P), erlang:resume_process(P), until(fun() -> info(P, reductions) > R2 + 5000 end), exit(P, kill), [A, S, R2 - R1 < 2000].
spin(N) -> spin(N + 1).
suspend_timer() -> S = self(), P = spawn(fun() -> receive after 30 -> S ! fired end, loop() end), erlang:suspend_process(P), A = receive fired -> early after 60 -> silent end, erlang:resume_process(P), B = got(), exit(P, kill), [A, B].
suspend_many() -> Ps = [start() || _ <- lists:seq(1, 50)], [erlang:suspend_process(P) || P <- Ps], A = lists:usort([status(P) || P <- Ps]), B = length(info(self(), suspending)), [erlang:resume_process(P) || P <- Ps], C = lists:usort([answers(P) || P <- Ps]), [kill(P) || P <- Ps], [A, B, C, info(self(), suspending)].
mutual() -> S = self(), P = spawn(fun() -> R = attempt(fun() -> erlang:suspend_process(S, [asynchronous]) end), erlang:resume_process(S), loop(), R end), tick(), R = is_process_alive(P), kill(P), R.
