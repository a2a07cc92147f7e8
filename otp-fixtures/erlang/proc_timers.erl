%%% Timers, receive timeouts, clocks and unique integers.
-module(proc_timers).
-helpers([now_ms]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

now_ms() -> erlang:monotonic_time(millisecond).
%% A timer's remaining time, rounded up to a kind.
left(N) when is_integer(N), N > 90000, N =< 100000 -> most;
left(N) when is_integer(N) -> {other, N};
left(X) -> X.
off(R) -> erlang:cancel_timer(R).

send_after() -> erlang:send_after(1, self(), hello), got().
send_after_zero() -> erlang:send_after(0, self(), hello), got().
start_timer() -> R = erlang:start_timer(1, self(), hello), case got() of {timeout, R, M} -> M end.
start_timer_zero() -> R = erlang:start_timer(0, self(), hello), case got() of {timeout, R, M} -> M end.
order() -> [erlang:send_after(T, self(), T) || T <- [30, 10, 20, 1, 5]], [got() || _ <- lists:seq(1, 5)].
same_time_all() -> [erlang:send_after(5, self(), N) || N <- lists:seq(1, 50)], lists:sort([got() || _ <- lists:seq(1, 50)]) =:= lists:seq(1, 50).
not_early() -> lists:all(fun(T) -> A = erlang:monotonic_time(), erlang:send_after(T, self(), x), x = got(), erlang:convert_time_unit(erlang:monotonic_time() - A, native, microsecond) >= T * 1000 end, [0, 1, 2, 3, 5, 10]).
big_message() -> L = lists:seq(1, 1000), erlang:send_after(1, self(), {L, binary:copy(<<1>>, 500)}), case got() of {L, B} -> byte_size(B) end.
to_name() -> register(pt_name, self()), erlang:send_after(1, pt_name, n), R = got(), unregister(pt_name), R.
to_name_later() -> erlang:send_after(30, pt_later, n), register(pt_later, self()), R = got(), unregister(pt_later), R.
to_name_gone() -> register(pt_gone, self()), R = erlang:send_after(20, pt_gone, n), unregister(pt_gone), [receive n -> came after 50 -> none end, erlang:read_timer(R)].
to_name_never() -> R = erlang:send_after(1, pt_nobody, n), tick(), erlang:read_timer(R).
to_name_cancel() -> R = erlang:send_after(100000, pt_nobody, n), [left(erlang:read_timer(R)), left(off(R)), off(R)].
to_other() -> S = self(), P = spawn(fun() -> S ! got() end), erlang:send_after(1, P, m), got().
to_dead() -> P = dead(), R = erlang:send_after(100000, P, m), [is_reference(R), erlang:read_timer(R), off(R)].
to_dying() -> P = start(), R = erlang:send_after(100000, P, m), A = left(erlang:read_timer(R)), kill(P), until(fun() -> erlang:read_timer(R) =:= false end), [A, erlang:read_timer(R), off(R)].
creator_dies() -> S = self(), spawn(fun() -> erlang:send_after(30, S, kept) end), got().
creator_dies_start() -> S = self(), P = spawn(fun() -> S ! erlang:start_timer(30, S, kept) end), R = got(), down(P), case got() of {timeout, R, M} -> M end.
read() -> R = erlang:send_after(100000, self(), m), [left(erlang:read_timer(R)), left(erlang:read_timer(R)), left(off(R)), erlang:read_timer(R)].
read_fired() -> R = erlang:send_after(0, self(), m), m = got(), [erlang:read_timer(R), off(R)].
read_unknown() -> [erlang:read_timer(make_ref()), off(make_ref())].
read_foreign() -> S = self(), P = spawn(fun() -> S ! erlang:send_after(100000, S, m), loop() end), R = got(), X = [left(erlang:read_timer(R)), left(off(R)), off(R)], kill(P), X.
cancel_stops() -> R = erlang:send_after(20, self(), m), off(R), receive m -> came after 50 -> none end.
cancel_foreign() -> R = erlang:send_after(100000, self(), m), S = self(), spawn(fun() -> S ! {c, left(erlang:cancel_timer(R))} end), [got(), erlang:read_timer(R)].
cancel_async() -> R = erlang:send_after(100000, self(), m), A = erlang:cancel_timer(R, [{async, true}]), case got() of {cancel_timer, R, L} -> {A, left(L)} end.
cancel_async_unknown() -> R = make_ref(), A = erlang:cancel_timer(R, [{async, true}]), case got() of {cancel_timer, R, L} -> {A, L} end.
cancel_async_noinfo() -> R = erlang:send_after(20, self(), m), A = erlang:cancel_timer(R, [{async, true}, {info, false}]), [A, receive M -> M after 50 -> none end].
cancel_noinfo() -> R = erlang:send_after(100000, self(), m), [erlang:cancel_timer(R, [{info, false}]), erlang:read_timer(R)].
cancel_options() -> [begin R = erlang:send_after(100000, self(), m), left(erlang:cancel_timer(R, O)) end || O <- [[], [{async, false}], [{info, true}], [{async, false}, {info, false}], [{info, false}, {info, true}]]].
cancel_bad() -> [attempt(fun() -> erlang:cancel_timer(R, O) end) || {R, O} <- [{a, []}, {1, []}, {make_ref(), x}, {make_ref(), [x]}, {make_ref(), [{async, 1}]}, {make_ref(), [{abs, true}]}, {make_ref(), [{info, false} | x]}, {self(), [{async, true}]}]].
cancel_bad_1() -> [attempt(fun() -> erlang:cancel_timer(X) end) || X <- [a, 1, self()]].
read_options() -> R = erlang:send_after(100000, self(), m), A = left(erlang:read_timer(R, [])), B = erlang:read_timer(R, [{async, true}]), C = case got() of {read_timer, R, L} -> left(L) end, D = left(erlang:read_timer(R, [{async, false}])), off(R), [A, B, C, D].
read_bad() -> [attempt(fun() -> erlang:read_timer(R, O) end) || {R, O} <- [{a, []}, {make_ref(), x}, {make_ref(), [{info, false}]}, {make_ref(), [{async, 1}]}]].
abs_now() -> erlang:send_after(now_ms(), self(), m, [{abs, true}]), got().
abs_past() -> attempt(fun() -> erlang:send_after(erlang:convert_time_unit(erlang:system_info(start_time), native, millisecond) + 1, self(), m, [{abs, true}]), got() end).
abs_future() -> T = now_ms() + 30, erlang:send_after(T, self(), m, [{abs, true}]), m = got(), now_ms() >= T.
abs_start() -> R = erlang:start_timer(now_ms() + 1, self(), m, [{abs, true}]), case got() of {timeout, R, M} -> M end.
abs_read() -> R = erlang:send_after(now_ms() + 100000, self(), m, [{abs, true}]), [left(erlang:read_timer(R)), left(off(R))].
abs_false() -> R = erlang:send_after(100000, self(), m, [{abs, false}]), left(off(R)).
bad_times() -> [attempt(fun() -> erlang:send_after(T, self(), m) end) || T <- [-1, a, 1.0, 1 bsl 70, -(1 bsl 70)]].
bad_times_start() -> [attempt(fun() -> erlang:start_timer(T, self(), m) end) || T <- [-1, a, 1.0, 1 bsl 70]].
bad_times_abs() -> [attempt(fun() -> erlang:send_after(T, self(), m, [{abs, true}]) end) || T <- [a, 1.0, 1 bsl 70, -(1 bsl 70)]].
bad_dest() -> [attempt(fun() -> erlang:send_after(1, D, m) end) || D <- [1, "x", {pt_x, node()}, make_ref()]].
bad_opts() -> [attempt(fun() -> erlang:send_after(1, self(), m, O) end) || O <- [x, [x], [{abs, 1}], [{async, true}], [{abs, true} | x]]].
bad_opts_start() -> [attempt(fun() -> erlang:start_timer(1, self(), m, O) end) || O <- [x, [x], [{abs, 1}], [{info, true}]]].
err_trace() -> erlang:send_after(id(-1), self(), m).
err_trace_start() -> erlang:start_timer(id(a), self(), m).
err_trace_opts() -> erlang:send_after(1, self(), m, id([x])).
err_trace_cancel() -> erlang:cancel_timer(id(a)).
err_trace_cancel_opts() -> erlang:cancel_timer(make_ref(), id([x])).
err_trace_read() -> erlang:read_timer(id(a)).
large_time() -> R = erlang:send_after(16#ffffffff, self(), m), X = erlang:read_timer(R), [X =< 16#ffffffff, X > 16#fffffff0, off(R) > 0].
huge_time() -> R = erlang:send_after(1 bsl 40, self(), m), X = off(R), [X =< 1 bsl 40, X > (1 bsl 40) - 1000].
many_cancelled() -> Rs = [erlang:send_after(1000 + N, self(), m) || N <- lists:seq(1, 2000)], lists:all(fun(R) -> is_integer(off(R)) end, Rs).
many_fired() -> [erlang:send_after(N rem 20, self(), N) || N <- lists:seq(1, 2000)], lists:sort([got() || _ <- lists:seq(1, 2000)]) =:= lists:seq(1, 2000).
timer_module() -> {ok, R} = timer:send_after(10, hello), [element(1, R), got()].

after_zero() -> receive x -> x after 0 -> none end.
after_zero_message() -> self() ! x, receive x -> x after 0 -> none end.
after_zero_other() -> self() ! y, R = receive x -> x after 0 -> none end, [R, drain()].
after_short() -> A = now_ms(), receive after 20 -> ok end, now_ms() - A >= 20.
after_infinity() -> S = self(), spawn(fun() -> tick(), S ! x end), receive x -> x after infinity -> never end.
after_infinity_var() -> S = self(), spawn(fun() -> S ! x end), receive x -> x after id(infinity) -> never end.
after_large() -> self() ! x, receive x -> x after 16#ffffffff -> none end.
after_large_wait() -> S = self(), spawn(fun() -> tick(), S ! x end), receive x -> x after 16#ffffffff -> none end.
after_bad() -> [attempt(fun() -> receive nothing -> ok after T -> timeout end end) || T <- [-1, a, 1.0, 16#100000000, 1 bsl 70, [], "x"]].
after_bad_with_message() -> self() ! x, R = attempt(fun() -> receive x -> got after id(-1) -> timeout end end), drain(), R.
after_bad_other_message() -> self() ! y, R = attempt(fun() -> receive x -> got after id(bad) -> timeout end end), drain(), R.
err_after() -> receive nothing -> ok after id(-1) -> timeout end.
after_only_bad() -> [attempt(fun() -> receive after T -> timeout end end) || T <- [-1, a, 16#100000000]].
after_renewed() -> S = self(), P = spawn(fun() -> [begin S ! noise, receive after 5 -> ok end end || _ <- lists:seq(1, 20)] end), A = now_ms(), receive signal -> ok after 40 -> ok end, B = now_ms() - A, down(P), drain(), B >= 40 andalso B < 1000.
after_nested() -> self() ! a, receive a -> receive b -> b after 5 -> inner end after 0 -> outer end.
after_twice() -> [receive x -> x after 1 -> a end, receive x -> x after 1 -> b end].
after_exit_signal() -> P = spawn(fun() -> receive x -> x after 100000 -> ok end end), tick(), exit(P, r), down(P).

mono_order() -> A = erlang:monotonic_time(), B = erlang:monotonic_time(), B >= A.
units() -> [begin A = erlang:monotonic_time(U), is_integer(A) end || U <- [second, millisecond, microsecond, nanosecond, native, perf_counter, 1, 10, 1000, 1 bsl 70]].
units_old() -> [attempt(fun() -> is_integer(erlang:system_time(U)) end) || U <- [seconds, milli_seconds, micro_seconds, nano_seconds]].
units_bad() -> [attempt(fun() -> erlang:F(U) end) || F <- [monotonic_time, system_time, time_offset], U <- [0, -1, minute, 1.0, []]].
err_units() -> erlang:monotonic_time(id(minute)).
os_units_bad() -> [attempt(fun() -> os:system_time(U) end) || U <- [0, minute]].
convert() -> [erlang:convert_time_unit(T, A, B) || {T, A, B} <- [{1, second, millisecond}, {1999, millisecond, second}, {-1, millisecond, second}, {-1999, millisecond, second}, {1, second, nanosecond}, {5, 3, 7}, {1 bsl 80, second, 1 bsl 70}]].
convert_bad() -> [attempt(fun() -> erlang:convert_time_unit(T, A, B) end) || {T, A, B} <- [{a, second, millisecond}, {1, bad, second}, {1, second, 0}, {1.0, second, second}]].
system_is_sum() -> A = erlang:system_time(), B = erlang:monotonic_time() + erlang:time_offset(), C = erlang:system_time(), A =< B + 1000000000 andalso B =< C + 1000000000.
system_near_os() -> abs(erlang:system_time(second) - os:system_time(second)) =< 2.
timestamp_shape() -> {A, B, C} = erlang:timestamp(), [is_integer(A), B >= 0 andalso B < 1000000, C >= 0 andalso C < 1000000].
now_unique() -> L = [erlang:now() || _ <- lists:seq(1, 1000)], L =:= lists:usort(L).
time_offset_units() -> erlang:time_offset(second) > 1000000000.
start_time() -> erlang:system_info(start_time) =< erlang:monotonic_time().
end_time() -> erlang:system_info(end_time) > erlang:monotonic_time().
modes() -> [erlang:system_info(I) || I <- [time_correction, time_offset, time_warp_mode]].
sources() -> [[K || {K, _} <- lists:sort(erlang:system_info(I))] || I <- [os_monotonic_time_source, os_system_time_source]].
finalize() -> erlang:system_info(time_offset).

unique_kinds() -> [is_integer(erlang:unique_integer(O)) || O <- [[], [positive], [monotonic], [positive, monotonic], [monotonic, monotonic]]].
unique_distinct() -> L = [erlang:unique_integer() || _ <- lists:seq(1, 2000)], length(lists:usort(L)).
unique_positive() -> lists:all(fun(_) -> erlang:unique_integer([positive]) > 0 end, lists:seq(1, 100)).
unique_monotonic() -> L = [erlang:unique_integer([monotonic]) || _ <- lists:seq(1, 1000)], L =:= lists:sort(L).
unique_across() -> S = self(), [spawn(fun() -> S ! [erlang:unique_integer() || _ <- lists:seq(1, 100)] end) || _ <- lists:seq(1, 10)], length(lists:usort(lists:append([got() || _ <- lists:seq(1, 10)]))).
unique_monotonic_across() -> A = erlang:unique_integer([monotonic]), S = self(), spawn(fun() -> S ! erlang:unique_integer([monotonic]) end), B = got(), C = erlang:unique_integer([monotonic]), A < B andalso B < C.
unique_bad() -> [attempt(fun() -> erlang:unique_integer(O) end) || O <- [x, [x], [positive | x], {positive}]].
err_unique() -> erlang:unique_integer(id([x])).
