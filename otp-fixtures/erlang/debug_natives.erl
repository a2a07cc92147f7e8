%%% Natives for debugging the emulator, as far as what they say does not depend on it.
-module(debug_natives).
-compile([export_all, nowarn_export_all]).
-helpers([lost_magic, marked]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(F).

code() -> {erts_debug:disassemble({lists, append, 2}), erts_debug:disassemble(foo), erts_debug:interpreter_size()}.

instructions() ->
    L = erts_debug:instructions(),
    {length(L) > 100, lists:all(fun(S) -> io_lib:latin1_char_list(S) end, L), length(lists:usort(L)) =:= length(L)}.

lock_counts() ->
    [erts_debug:lcnt_clear(), erts_debug:lcnt_collect()
     | [e(fun() -> apply(erts_debug, lcnt_control, A) end) || A <- [[mask], [copy_save], [foo], [mask, []], [copy_save, true], [foo, 1]]]].

dist_ext_to_term() ->
    [e(fun() -> erts_debug:dist_ext_to_term(Cache, Bytes) end)
     || {Cache, Bytes} <- [{{}, <<131, 97, 1>>}, {{a, b}, <<131, 82, 1>>}, {{a, b}, <<131, 104, 2, 82, 0, 82, 1>>}, {{a, b}, <<131, 82, 2>>},
                           {{a, 1}, <<131, 82, 1>>}, {{a, b}, <<131, 97, 1, 1>>}, {{a, b}, <<82, 0>>}, {foo, <<131, 97, 1>>}, {{a}, foo},
                           {{a, b}, <<131, 68, 0, 97, 1>>}, {{a}, <<131, 108, 0, 0, 0, 1, 82, 0, 106>>}, {{}, <<>>}]].

%% Without a cache there are no references to one.
no_cache() -> [e(fun() -> binary_to_term(B) end) || B <- [<<131, 82, 0>>, <<131, 104, 1, 82, 0>>]].

%% The emulator has been started without `+D`, or is too old to have a debugger.
debugger() ->
    [e(fun() -> apply(erl_debugger, F, A) end)
     || {F, A} <- [{supported, []}, {whereis, []}, {instrumentations, []}, {toggle_instrumentations, [#{}]}, {register, [self()]},
                   {breakpoint, [lists, 10, true]}, {breakpoints, [lists]}, {breakpoints, [lists, append, 2]}, {stack_frames, [self(), 10]},
                   {peek_stack_frame_slot, [self(), 1, 1, 10]}, {xregs_count, [self()]}, {peek_xreg, [self(), 0, 10]}]].

%% The emulator's own state, once access was asked for.
internal_state() ->
    logger:set_primary_config(level, none),
    Before = [e(fun() -> erts_debug:get_internal_state(reds_left) end), e(fun() -> erts_debug:set_internal_state(reds_left, 1) end)],
    Opened = [erts_debug:set_internal_state(available_internal_state, On) || On <- [true, true]],
    Got = [{What, e(fun() -> in_order(erts_debug:get_internal_state(What)) end)}
           || What <- [available_internal_state, process_info_args, force_heap_frags, lc_graph, flxctr_memory_usage, mmap, min_unique_integer,
                       min_unique_monotonic_integer, foo, {process_status, self()}, {process_status, a}, {link_list, foo}, {link_list, foo@bar},
                       {link_list, node()}, {monitor_list, self()}, {monitor_list, 1}, {channel_number, node()}, {channel_number, foo@bar},
                       {binary_info, <<1, 2>>}, {binary_info, <<0:800>>}, {binary_info, a}, {dist_ctrl, foo@bar}, {magic_ref, make_ref()}, {magic_ref, a},
                       {check_time_config, true, no_time_warp}, {check_time_config, false, multi_time_warp}, {check_time_config, 1, 2},
                       {term_to_binary, 1, []}, {connection_id, foo@bar}, {foo, a}, {}, 1, []]],
    Numbers = [is_integer(erts_debug:get_internal_state(What)) || What <- [reds_left, next_pid, next_port, {internal_hash, a}]],
    Set = [{What, To, e(fun() -> erts_debug:set_internal_state(What, To) end)}
           || {What, To} <- [{reds_left, 100}, {reds_left, 10000}, {reds_left, a}, {block, 0}, {block, 1}, {block, a}, {sleep, 1}, {sleep, a},
                             {block_scheduler, 0}, {next_pid, a}, {force_gc, self()}, {force_gc, a}, {kill_dist_connection, foo@bar},
                             {wait, deallocations}, {wait, timer_cancellations}, {wait, thread_progress}, {wait, foo}, {fill_heap, false}, {fill_heap, true},
                             {make, foo}, {binary, 10}, {binary, 100}, {binary, a}, {ets_force_trap, true}, {mbuf, {a, ["b", 1.5]}}, {foo, 1},
                             {available_internal_state, 1}, {available_internal_state, false}, {reds_left, 1}]],
    {Before, Opened, Got, Numbers, Set}.

in_order([A | _] = List) when is_atom(A) -> lists:usort(List);
in_order(Other) -> Other.

%% What is told of links, monitors and references without what differs from run to run.
internal_state_of_processes() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    Get = fun erts_debug:get_internal_state/1,
    {Pid, Ref} = spawn_monitor(fun() -> receive after infinity -> ok end end),
    link(Pid),
    Own = [{K, P =:= Pid, S} || {erl_link, K, P, S, _} <- Get({link_list, self()}), P =:= Pid],
    Other = [{K, P =:= self(), S} || {erl_link, K, P, S, _} <- Get({link_list, Pid})],
    Watches = [{K, S, R =:= Ref, P =:= Pid, X} || {erl_monitor, K, S, R, P, X} <- Get({monitor_list, self()}), P =:= Pid],
    Watched = [{K, S, P =:= self(), X} || {erl_monitor, K, S, _, P, X} <- Get({monitor_list, Pid})],
    unlink(Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    Gone = [Get({What, Pid}) || What <- [process_status, link_list, monitor_list]],
    {Magic, Id} = erts_debug:set_internal_state(make, magic_ref),
    {Id, Count, true} = Get({magic_ref, Magic}),
    {_, _, false} = Get({magic_ref, atomics:new(1, [])}),
    Next = erts_debug:set_internal_state(next_pid, Get(next_pid) + 1000),
    "<0." ++ Text = pid_to_list(spawn(fun() -> ok end)),
    {Number, _} = string:to_integer(Text),
    {Own, Other, Watches, Watched, Gone, Count > 0, Number >= Next, Number < Next + 100}.

%% A process that may not collect keeps what it makes; who asks for a collection is answered when it may again.
state_collections_wait() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    S = self(),
    {P, R} = spawn_monitor(fun() ->
        Was = erts_debug:set_internal_state(gc_state, false),
        S ! held,
        L = lists:seq(1, 20000),
        T = [{N, integer_to_binary(N), <<N:64, 0:(8 * (N rem 100))>>} || N <- L],
        Text = receive {text, X} -> binary_to_list(X) end,
        D = list_to_tuple(T),
        receive go -> ok end,
        Again = erts_debug:set_internal_state(gc_state, true),
        garbage_collect(),
        receive done -> ok end,
        exit({Was, Again, lists:sum(L), erlang:phash2({T, D, Text})})
    end),
    receive held -> ok end,
    async = garbage_collect(P, [{async, id}]),
    async = erlang:check_process_code(P, no_such_module, [{async, code}]),
    Code = receive {check_process_code, code, X} -> X end,
    P ! {text, binary:copy(<<"text">>, 1000)},
    Early = receive {garbage_collect, id, _} -> early after 50 -> none end,
    P ! go,
    Late = receive {garbage_collect, id, Y} -> Y end,
    P ! done,
    {Code, Early, Late, receive {'DOWN', R, _, _, V} -> V end}.

%% Timers set from inside of a timer, and receives that have used up the numbers of their markers.
state_for_tests() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    A = erts_debug:set_internal_state(multizero_timeout_in_timeout, 5),
    B = receive multizero_timeout_in_timeout_done -> done end,
    C = erts_debug:set_internal_state(process_uniq_counter, (1 bsl 60) - 5),
    D = lists:usort([marked() || _ <- lists:seq(1, 20)]),
    {M, _} = binary_to_term(lost_magic()),
    Lost = erts_debug:get_internal_state({magic_ref, M}),
    {M2, Id} = erts_debug:set_internal_state(make, magic_ref),
    put(kept, M2),
    {Id, _, true} = erts_debug:get_internal_state({magic_ref, binary_to_term(term_to_binary(M2))}),
    {A, B, C, D, Lost}.

lost_magic() ->
    B = term_to_binary(erts_debug:set_internal_state(make, magic_ref)),
    garbage_collect(),
    B.

marked() ->
    Ref = monitor(process, self(), [{alias, demonitor}]),
    self() ! Ref,
    receive Ref -> demonitor(Ref, [flush]) end.

%% The hash of maps and tables, of integers.
state_integer_hash() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    erlang:system_info(otp_release) >= "27" andalso [erts_debug:get_internal_state({internal_hash, N}) || N <- [0, 1, -1, 255, 1 bsl 40, -(1 bsl 59), -4294967296, -3502771103, 1628104549]].

%% It has 32 bits before OTP 27.
state_hash_width() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    lists:max([erts_debug:get_internal_state({internal_hash, X}) bsr 32 || N <- lists:seq(1, 100), X <- [N, {N}]]) > 0.

system_check() -> [e(fun() -> erts_internal:system_check(What) end) || What <- [schedulers, foo]].

%% Standard error gets the text; it is not looked at here.
process_display() ->
    Pid = spawn_link(fun() -> receive after infinity -> ok end end),
    Dead = spawn(fun() -> ok end),
    Ref = monitor(process, Dead),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    R = [e(fun() -> erlang:process_display(P, What) end)
         || {P, What} <- [{self(), backtrace}, {Pid, backtrace}, {Dead, backtrace}, {self(), foo}, {a, backtrace}, {1, foo}]],
    unlink(Pid),
    exit(Pid, kill),
    R.

%% Calls that go to the debugger's interpreter.
breakpoint() ->
    Clause = {clause, 1, [{var, 1, 'M'}, {var, 1, 'F'}, {var, 1, 'A'}], [], [{tuple, 1, [{atom, 1, diverted}, {var, 1, 'M'}, {var, 1, 'F'}, {var, 1, 'A'}]}]},
    {ok, int, Code} = compile:forms([{attribute, 1, module, int}, {attribute, 1, export, [{eval, 3}]}, {function, 1, eval, 3, [Clause]}]),
    {module, int} = code:load_binary(int, "int.beam", Code),
    B = fun(What, On) -> e(fun() -> erts_debug:breakpoint(What, On) end) end,
    Set = [B({?MODULE, stopped_at, 1}, true), stopped_at(1), ?MODULE:stopped_at(2), not_stopped_at(3), B({?MODULE, stopped_at, 1}, false),
           stopped_at(1), B({?MODULE, stopped_at, '_'}, true), [stopped_at(N) || N <- [1, 2]], B({?MODULE, stopped_at, '_'}, false), stopped_at(1)],
    code:purge(int), code:delete(int), code:purge(int),
    {Set, [B(What, false) || What <- [{lists, '_', 1}, {lists, a, 300}, {lists, a, -1}, {no_module, '_', '_'}, {'_', a, 1}, {lists, a}, 1]],
     B({lists, '_', '_'}, true) =:= B({lists, '_', '_'}, false), B({lists, a, 1}, foo)}.

stopped_at(X) -> {stopped_at, X, not_stopped_at(X)}.
not_stopped_at(X) -> {not_stopped_at, X}.

internal_state_of_named_monitors() ->
    logger:set_primary_config(level, none),
    erts_debug:set_internal_state(available_internal_state, true),
    Get = fun erts_debug:get_internal_state/1,
    Pid = spawn(fun() -> receive after infinity -> ok end end),
    register(debug_natives_name, Pid),
    Ref = monitor(process, debug_natives_name),
    Told = {element(2, process_info(self(), monitors)), process_info(Pid, monitored_by) =:= {monitored_by, [self()]}},
    Watches = [{K, S, P =:= Pid, X} || {erl_monitor, K, S, R, P, X} <- Get({monitor_list, self()}), R =:= Ref],
    Watched = [{K, S, P =:= self(), X} || {erl_monitor, K, S, R, P, X} <- Get({monitor_list, Pid}), R =:= Ref],
    demonitor(Ref),
    exit(Pid, kill),
    {Watches, Watched, Told}.
