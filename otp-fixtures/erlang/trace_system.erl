%%% system_monitor and system_profile.
-module(trace_system).
-compile([export_all, nowarn_export_all]).
-helpers([gather]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

mine({P, L}) when P =:= self() -> L; mine(X) -> X.
monitor_settings() -> A = erlang:system_monitor(), B = erlang:system_monitor(self(), [{long_gc, 1}, {large_heap, 1}, {long_schedule, 5}, busy_port, busy_dist_port]), C = mine(erlang:system_monitor()), D = mine(erlang:system_monitor({self(), [{long_gc, 0}]})), E = mine(erlang:system_monitor(self(), [])), F = erlang:system_monitor(undefined), erlang:system_monitor(self(), [busy_port]), G = mine(erlang:system_monitor(undefined, [])), [A, B, C, D, E, F, G, erlang:system_monitor()].
monitor_errors() -> P = spawn(fun() -> ok end), R = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end, [attempt(fun() -> erlang:system_monitor(A, B) end) || {A, B} <- [{self(), x}, {self(), [x]}, {self(), [{long_gc, x}]}, {self(), [{long_gc, -1}]}, {self(), [{x, 1}]}, {P, [busy_port]}, {a, [busy_port]}, {self(), [busy_port | x]}, {self(), [{busy_port, true}]}]] ++ [attempt(fun() -> erlang:system_monitor(X) end) || X <- [a, {a}, {self(), x}]].
monitor_gone() -> S = self(), P = spawn(fun() -> erlang:system_monitor(self(), [busy_port]), S ! set, receive stop -> ok end end), receive set -> ok end, {Q, L} = erlang:system_monitor(), R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end, [Q =:= P, L, gone(1000)].
gone(0) -> still; gone(N) -> case erlang:system_monitor() of undefined -> undefined; _ -> erlang:yield(), gone(N - 1) end.
large_heap() -> erlang:system_monitor(self(), [{large_heap, 20000}]), {P, R} = spawn_monitor(fun() -> L = lists:seq(1, 200000), erlang:garbage_collect(), exit(length(L)) end), receive {'DOWN', R, _, _, 200000} -> ok end, erlang:system_monitor(undefined), lists:usort([{T, [K || {K, _} <- I]} || {monitor, Q, T, I} <- gather(), Q =:= P]).

profile_settings() -> A = erlang:system_profile(), B = erlang:system_profile(self(), [runnable_procs, runnable_ports, scheduler, exclusive, monotonic_timestamp]), C = mine(erlang:system_profile()), D = mine(erlang:system_profile(undefined, [])), gather(), [A, B, C, D, erlang:system_profile()].
profile_errors() -> [attempt(fun() -> erlang:system_profile(A, B) end) || {A, B} <- [{self(), x}, {self(), [x]}, {a, [scheduler]}, {self(), [scheduler | x]}]].
profile_procs() -> P = spawn(fun() -> receive a -> ok end, receive b -> ok end end), until_waiting(P), erlang:system_profile(self(), [runnable_procs]), P ! a, until_waiting(P), R = monitor(process, P), P ! b, receive {'DOWN', R, _, _, _} -> ok end, erlang:system_profile(undefined, []), delivered(all), alternate([A || {profile, Q, A, _, _} <- gather(), Q =:= P, lists:member(A, [active, inactive])]).
until_waiting(P) -> case process_info(P, [status, message_queue_len]) of [{_, waiting}, {_, 0}] -> ok; _ -> erlang:yield(), until_waiting(P) end.
%% Who watches it may hear of its end before its last turn is told.
alternate([active, inactive | T]) -> alternate(T);
alternate([active]) -> [];
alternate(T) -> T.
