%%% Natives that fit nowhere else: persistent terms, atomics, counters, time, system information, debugging aids.
-module(misc_natives).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

persistent_terms() -> [persistent_term:put({k, 1}, {big, lists:seq(1, 10)}), persistent_term:get({k, 1}), persistent_term:get(nokey, d), persistent_term:erase({k, 1}), persistent_term:erase({k, 1}), persistent_term:get({k, 1}, gone)].
persistent_term_replace() -> persistent_term:put(rk, [1]), A = persistent_term:get(rk), persistent_term:put(rk, [2]), erlang:garbage_collect(), R = {A, persistent_term:get(rk)}, persistent_term:erase(rk), R.
persistent_term_missing() -> persistent_term:get(id(no_such_key)).
persistent_term_info() -> M = persistent_term:info(), {is_integer(maps:get(count, M)), is_integer(maps:get(memory, M))}.
atomics() -> R = atomics:new(3, []), [atomics:put(R, 1, 5), atomics:add(R, 1, 3), atomics:get(R, 1), atomics:add_get(R, 2, -7), atomics:exchange(R, 1, 100), atomics:compare_exchange(R, 1, 100, 7), atomics:compare_exchange(R, 1, 100, 8), atomics:sub_get(R, 3, 1), maps:remove(memory, atomics:info(R))].
atomics_wrap() -> R = atomics:new(1, [{signed, true}]), atomics:put(R, 1, (1 bsl 63) - 1), A = atomics:add_get(R, 1, 1), U = atomics:new(1, [{signed, false}]), B = atomics:sub_get(U, 1, 1), {A, B}.
atomics_errors() -> R = atomics:new(1, []), [case_runner:attempt(F) || F <- [fun() -> atomics:get(R, id(2)) end, fun() -> atomics:get(R, id(0)) end, fun() -> atomics:put(R, 1, id(a)) end, fun() -> atomics:new(id(0), []) end, fun() -> atomics:get(id(x), 1) end, fun() -> atomics:put(R, 1, id(1 bsl 63)) end, fun() -> atomics:new(1, id([zz])) end]].
counters() -> C = counters:new(2, []), W = counters:new(1, [write_concurrency]), [counters:add(C, 1, 5), counters:sub(C, 1, 2), counters:get(C, 1), counters:put(C, 2, 9), counters:get(C, 2), counters:add(W, 1, 4), counters:get(W, 1), maps:get(size, counters:info(C))].
counters_shared() -> C = counters:new(1, []), S = self(), [spawn(fun() -> [counters:add(C, 1, 1) || _ <- lists:seq(1, 100)], S ! done end) || _ <- lists:seq(1, 20)], [receive done -> ok end || _ <- lists:seq(1, 20)], counters:get(C, 1).
monotonic() -> A = erlang:monotonic_time(), B = erlang:monotonic_time(), B >= A.
time_units() -> [erlang:convert_time_unit(1500, millisecond, second), erlang:convert_time_unit(-1500, millisecond, second), erlang:convert_time_unit(1, second, nanosecond), erlang:convert_time_unit(7, 10, 3), case_runner:attempt(fun() -> erlang:convert_time_unit(1, id(fortnight), second) end)].
system_time() -> T = erlang:system_time(second), {T > 1600000000, erlang:system_time(millisecond) div 1000 >= T, os:system_time(second) >= T - 1}.
time_offset() -> abs(erlang:monotonic_time(microsecond) + erlang:time_offset(microsecond) - erlang:system_time(microsecond)) < 1000000.
timestamp_shape() -> {A, B, C} = erlang:timestamp(), {D, E, F} = os:timestamp(), {is_integer(A), B < 1000000, C < 1000000, D >= A, E < 1000000, F < 1000000}.
date_time_shape() -> {{Y, M, D}, {H, Mi, S}} = erlang:localtime(), {Y2, _, _} = date(), {_, _, _} = time(), {Y >= 2020, M =< 12, D =< 31, H < 24, Mi < 60, S =< 60, Y2 >= 2020}.
universal_conversion() -> [erlang:universaltime_to_posixtime({{1970, 1, 2}, {0, 0, 1}}), erlang:posixtime_to_universaltime(951782400), case_runner:attempt(fun() -> erlang:universaltime_to_posixtime(id({{2023, 2, 30}, {0, 0, 0}})) end)].
system_info_constants() -> [erlang:system_info(I) || I <- [wordsize, {wordsize, external}, {wordsize, internal}, endian, atom_limit, threads, smp_support, machine]].
system_info_types() -> [{I, is_integer(erlang:system_info(I))} || I <- [process_count, process_limit, atom_count, port_count, port_limit, schedulers, schedulers_online, logical_processors, thread_pool_size, start_time, creation, ets_limit, dirty_cpu_schedulers]].
system_info_error() -> erlang:system_info(id(no_such_item)).
otp_release_is_number() -> is_integer(list_to_integer(erlang:system_info(otp_release))).
statistics_shapes() -> [begin X = erlang:statistics(I), is_tuple(X) end || I <- [reductions, runtime, wall_clock, garbage_collection, context_switches, io]] ++ [is_integer(erlang:statistics(run_queue))].
memory_shape() -> M = erlang:memory(), {lists:all(fun({K, V}) -> is_atom(K) andalso is_integer(V) andalso V >= 0 end, M), erlang:memory(total) > 0, is_list(erlang:memory([atom, ets]))}.
node_info() -> [node(), nodes(), is_alive(), erlang:get_cookie()].
flat_size() -> [erts_debug:flat_size(T) || T <- [a, 1, 1 bsl 70, 1.5, [], [1], [1, 2], {}, {1}, {a, [b]}, "abc", #{a => 1}]].
size_sharing() -> L = [1, 2, 3], {erts_debug:size([L, L]), erts_debug:flat_size([L, L]), erts_debug:size({L, [0 | L]})}.
same() -> T = {id(1)}, {erts_debug:same(T, T), erts_debug:same(T, {id(1)}), erts_debug:same(a, a)}.
external_size() -> {erlang:external_size({a, "b"}) > 5, erlang:external_size([1, 2])}.
min_max() -> [min(1, 2.0), max(a, 1), min([], {}), max(1, 1.0), min(1.0, 1)].
make_ref_kinds() -> {is_reference(make_ref()), make_ref() =/= make_ref()}.
bump_and_yield() -> [erlang:bump_reductions(100), erlang:yield()].
reductions_grow() -> {reductions, A} = process_info(self(), reductions), lists:sum(lists:seq(1, 10000)), {reductions, B} = process_info(self(), reductions), B > A.
heap_size_items() -> [is_integer(element(2, process_info(self(), I))) || I <- [heap_size, total_heap_size, stack_size, memory, reductions, message_queue_len]].
loaded_modules() -> [erlang:module_loaded(?MODULE), erlang:module_loaded(no_such_module)].
get_module_info() -> [?MODULE:module_info(module), lists:keymember(compile, 1, ?MODULE:module_info()), byte_size(?MODULE:module_info(md5))].
split_binary_and_size() -> {A, B} = split_binary(<<"abcdef">>, 2), {A, B, size(B)}.
list_to_existing() -> list_to_existing_atom("misc_natives").
halt_argument() -> case_runner:attempt(fun() -> halt(id(bad_status)) end).
decode_packet() -> [erlang:decode_packet(line, <<"ab\ncd">>, []), erlang:decode_packet(1, <<2, "abc">>, []), erlang:decode_packet(2, <<0, 5, "ab">>, []), erlang:decode_packet(raw, <<"xy">>, []), erlang:decode_packet(line, <<"none">>, [])].
decode_packet_http() -> [erlang:decode_packet(http, <<"GET /a HTTP/1.1\r\nHost: x\r\n\r\n">>, []), erlang:decode_packet(httph_bin, <<"Content-Length: 5\r\n\r\n">>, []), erlang:decode_packet(httph, <<"\r\n">>, []), erlang:decode_packet(http_bin, <<"HTTP/1.0 200 OK\r\n\r\n">>, [])].
decode_packet_hosts() -> [{H, element(3, element(2, erlang:decode_packet(http_bin, <<"GET http://", H/binary, " HTTP/1.1\r\n">>, [])))}
    || H <- [<<"h:80/x">>, <<"[::1]:4000/e">>, <<"[::1]/e">>, <<"[::1]">>, <<"[::1]x:80/">>, <<"[::1:4000/e">>, <<"[]:1">>, <<"x[::1]:2/">>, <<"[/]:3">>, <<"[::1]:x/">>, <<"[::1]:0/">>]].
os_functions() -> [is_list(os:getenv()), os:getenv("NO_SUCH_VARIABLE_HERE"), os:getenv("NO_SUCH_VARIABLE_HERE", "d"), os:putenv("GIRDER_T", "1"), os:getenv("GIRDER_T"), os:unsetenv("GIRDER_T"), os:getenv("GIRDER_T"), element(1, os:type()), is_list(os:getpid())].
fun_call_bif_names() -> [erlang:'not'(true), erlang:'and'(true, false), erlang:'=:='(1, 1.0), erlang:'++'([1], [2]), erlang:'--'([1, 2], [1]), erlang:'!'(self(), x), erlang:'bsl'(1, 4), erlang:'/'(3, 2)].

atomics_sub() -> R = atomics:new(2, []), [atomics:sub(R, 1, 5), atomics:get(R, 1), atomics:sub(R, 1, -7), atomics:get(R, 1), case_runner:attempt(fun() -> atomics:sub(R, id(3), 1) end)].
