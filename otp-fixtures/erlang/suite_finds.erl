%%% What OTP's own suites found: far elements of tuples, sizes that nothing has, which missing key is told, processes of a
%%% former life of this node, heaps of processes that only receive, and more of the kind.
-module(suite_finds).
-compile([export_all, nowarn_export_all]).
-helpers([receiver, timed_receiver, former, tails, heap, drain, former_port, sender, behind_bits, twice, walked, waits, binary_sizes]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

id(X) -> X.
e(F) -> case_runner:attempt(F).

%% Elements behind the 8191st: their offsets take more than 16 bits.
far_elements() -> far(list_to_tuple(lists:seq(1, 16384))).
far(T) when tuple_size(T) =:= 16384 ->
    {{element(8190, T), element(8191, T), element(8192, T), element(8193, T)}, {element(16382, T), element(16383, T), element(16384, T)}}.

%% Tests of sizes that no bitstring has.
huge_tails() -> [e(fun() -> tail_31(B) end) || B <- tails()] ++ [e(fun() -> tail_63(B) end) || B <- tails()].
tails() -> [id(<<>>), id(<<1>>), id(<<0:200>>)].
tail_31(<<A, _:(1 bsl 31)>>) -> A; tail_31(_) -> no.
tail_63(<<A, _:(1 bsl 63)>>) -> A; tail_63(_) -> no.

%% Of several keys that are missing the smallest is told.
missing_keys() ->
    M = id(#{1 => a}), L = id(maps:from_list([{N, N} || N <- lists:seq(1, 60)])),
    [e(fun() -> X#{42.0 := v, 42 := v} end) || X <- [M, L]] ++ [e(fun() -> X#{b => v, z := v, c := v, "s" := v} end) || X <- [M, L]].

%% A pid of this node under another creation.
former() ->
    [C | Rest] = lists:reverse(binary_to_list(term_to_binary(self()))),
    binary_to_term(list_to_binary(lists:reverse([(C + 1) band 255 | Rest]))).
former_link() -> link(former()).
former_link_trapped() -> process_flag(trap_exit, true), P = former(), true = link(P), receive {'EXIT', P, R} -> R end.
former_monitor() -> P = former(), M = monitor(process, P), receive {'DOWN', M, process, P, R} -> R end.
former_alive() -> is_process_alive(former()).
former_info() -> {process_info(former()), process_info(former(), links), e(fun() -> process_info(former(), foo) end)}.
former_send() -> {erlang:send(former(), x, [noconnect]), former() ! y}.

%% Nothing in these loops needs the heap but the messages.
receiver() -> receive {_, _, _} -> receiver(); {stop, To} -> To ! {self(), heap()} end.
timed_receiver() -> receive {_, _, _} -> timed_receiver(); {stop, To} -> To ! {self(), heap()} after 60000 -> ok end.
asker(P) ->
    receive {stop, To} -> To ! {self(), heap()}
    after 0 -> [_, {dictionary, _}] = process_info(P, [message_queue_len, dictionary]), asker(P)
    end.
heap() -> element(2, process_info(self(), total_heap_size)) < 1000000.
receiving_frees() ->
    Ps = [spawn(fun receiver/0), spawn(fun timed_receiver/0)],
    flood(Ps, 400000),
    [begin P ! {stop, self()}, receive {P, Small} -> Small end end || P <- Ps].
flood(_, 0) -> ok;
flood(Ps, N) -> [P ! {msg, N, [b]} || P <- Ps], N rem 1000 =:= 0 andalso [process_info(P, status) || P <- Ps], flood(Ps, N - 1).
asking_frees() ->
    Self = self(), P = spawn(fun() -> asker(Self) end), receive after 300 -> ok end,
    P ! {stop, self()}, receive {P, Small} -> Small end.

%% An answer is found behind a long queue.
asking_with_a_queue() ->
    Other = spawn(fun() -> receive stop -> ok end end),
    [self() ! N || N <- lists:seq(1, 50000)],
    Self = self(), W = spawn(fun() -> receive after 20000 -> exit(Self, slow) end end),
    [{status, waiting} = wait_status(Other) || _ <- lists:seq(1, 3000)], exit(W, kill), Other ! stop,
    {receive X -> X end, element(2, process_info(self(), message_queue_len))}.
wait_status(P) -> case process_info(P, status) of {status, waiting} = S -> S; _ -> wait_status(P) end.

%% A tail call of what always raises shows its caller.
raising_tails() -> [e(fun() -> apply_tail(id(erlang), F, A) end) || {F, A} <- [{error, [why]}, {exit, [why]}]] ++ [traced(F) || F <- [error, exit, throw]].
apply_tail(M, F, A) -> put(x, y), three(M, F, A).
three(M, F, [A]) -> put(x, z), M:F(A).
traced(F) -> try apply_tail(id(erlang), F, [why]) catch C:R:Stack -> {C, R, [{N, A} || {_, N, A, _} <- lists:sublist(Stack, 2)]} end.

%% Names that are too long anyway are not looked at to their end.
long_names() -> [e(fun() -> binary_to_atom(B, utf8) end) || B <- [<<0:512/unit:8, 255>>, <<0:256/unit:8>>, <<0:255/unit:8, 255>>, <<0:256/unit:8, 255>>]].

%% Local times begin in 1902.
first_year() -> [e(fun() -> {{Y, 7, _}, _} = erlang:F({{Y, 7, 15}, {12, 0, 0}}), Y end) || F <- [localtime_to_universaltime, universaltime_to_localtime], Y <- [1901, 1902]]
    ++ [erlang:universaltime_to_posixtime({{1600, 2, 19}, {15, 14, 8}})].

%% Lines behind the millions are not told.
-file("huge.erl", 20000000).
huge_line() -> hd(id(nothing)).
-file("small.erl", 7).
small_line() -> hd(id(nothing)).
%% What tests of the emulator ask of it.
internal_state() ->
    false = erts_debug:set_internal_state(available_internal_state, true), P = spawn(fun() -> ok end),
    ok = erts_debug:set_internal_state(wait, thread_progress), ok = erts_debug:set_internal_state(wait, deallocations),
    R = {erts_debug:get_internal_state({binary_info, <<1, 2>>}), element(1, erts_debug:get_internal_state({binary_info, id(binary:copy(<<1>>, 100))})),
         gone(P), erts_debug:get_internal_state({atom, 0}), erts_debug:set_internal_state(reds_left, 100) , is_integer(erts_debug:get_internal_state(next_pid)),
         erts_debug:set_internal_state(force_gc, self()), erts_debug:get_internal_state(available_internal_state)},
    {R, erts_debug:set_internal_state(available_internal_state, false), e(fun() -> erts_debug:get_internal_state(reds_left) end)}.
gone(P) -> case erts_debug:get_internal_state({process_status, P}) of undefined -> undefined; _ -> gone(P) end.

%% A specification for calls takes flags away first, then gives them; the trace control word counts at once.
trace_flags_given() ->
    T = self(), erlang:trace_pattern({?MODULE, traced_one, 1}, true, [global]),
    1 = erlang:trace_pattern({?MODULE, traced_two, 2}, [{['$1', '$2'], [], [{trace, '$1', '$2'}]}], [meta]),
    P = spawn(fun() -> receive go -> ok end, ?MODULE:traced_two([all], [call, {tracer, T}]), ?MODULE:traced_one(1),
                       ?MODULE:traced_two([call], []), ?MODULE:traced_one(2), T ! done end),
    P ! go, receive done -> ok end, R = erlang:trace_delivered(all), receive {trace_delivered, all, R} -> ok end,
    erlang:trace_pattern({?MODULE, '_', '_'}, false, [meta]), erlang:trace_pattern({?MODULE, '_', '_'}, false, [global]),
    [A || {trace, _, call, {_, traced_one, A}} <- element(2, process_info(T, messages))].
control_word() ->
    erlang:system_flag(trace_control_word, 7), T = self(),
    erlang:trace_pattern({?MODULE, traced_one, 1}, [{'_', [], [{set_tcw, {'+', {get_tcw}, 1}}, {message, {get_tcw}}]}], [global]),
    P = spawn(fun() -> receive go -> ok end, ?MODULE:traced_one(1), T ! done end), erlang:trace(P, true, [call]),
    P ! go, receive done -> ok end, R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end,
    erlang:trace_pattern({?MODULE, '_', '_'}, false, [global]),
    {receive {trace, P, call, {_, traced_one, [1]}, W} -> W end,
     element(2, erlang:match_spec_test([], [{'_', [], [{message, {set_tcw, 77}}]}], trace)), erlang:system_flag(trace_control_word, 0)}.
traced_one(X) -> {X}.
traced_two(_, _) -> ok.

%% Who dies of an exit signal is not told to be unlinked; what is sent can be told with the sender's dump.
unlinked_by_exits() -> [unlinked(Trap, Reason) || Trap <- [true, false], Reason <- [normal, why]].
unlinked(Trap, Reason) ->
    P = spawn(fun() -> process_flag(trap_exit, Trap), receive {link, Q} -> link(Q) end, receive stop -> ok end end),
    Q = spawn(fun() -> receive stop -> exit(Reason) end end), P ! {link, Q}, wait_linked(P, Q),
    1 = erlang:trace(P, true, [procs]), M = monitor(process, Q), Q ! stop, receive {'DOWN', M, _, _, _} -> ok end,
    receive after 100 -> ok end, P ! stop, N = monitor(process, P), receive {'DOWN', N, _, _, _} -> ok end,
    R = erlang:trace_delivered(all), receive {trace_delivered, all, R} -> ok end,
    {Trap, Reason, [Tag || {trace, _, Tag, _} <- drain()]}.
wait_linked(P, Q) -> case process_info(P, links) of {links, [Q]} -> ok; _ -> wait_linked(P, Q) end.
drain() -> receive X -> [X | drain()] after 0 -> [] end.
sent_with_dump() ->
    T = self(), erlang:trace_pattern(send, [{'_', [], [{message, {process_dump}}]}], []),
    P = spawn(fun() -> receive go -> T ! done end end), erlang:trace(P, true, [send]), P ! go, receive done -> ok end,
    R = receive {trace, P, send, done, T, D} -> is_binary(D) andalso D =/= <<>> end,
    erlang:trace_pattern(send, true, []), R.

%% A new version of a module is not traced, and can be.
traced_versions() ->
    {M, V1} = version(1), {M, V2} = version(2), {module, M} = erlang:load_module(M, V1), T = self(),
    N = fun() -> erlang:trace_pattern({M, '_', '_'}, [], [global]) end,
    Calls = fun() ->
                    P = spawn(fun() -> receive go -> T ! {done, catch M:version()} end end), 1 = erlang:trace(P, true, [call]),
                    P ! go, V = receive {done, {'EXIT', {W, _}}} -> W; {done, X} -> X end,
                    R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end,
                    {V, [A || {trace, _, call, A} <- drain()]}
            end,
    Traced = fun() -> element(2, erlang:trace_info({M, version, 0}, traced)) end,
    A = [N(), Calls(), Traced()], {module, M} = erlang:load_module(M, V2), B = [Calls(), Traced(), N(), Calls(), Traced()],
    true = erlang:purge_module(M), true = erlang:delete_module(M), C = [Calls(), Traced()], true = erlang:purge_module(M), [A, B, C].
version(V) ->
    L = erl_anno:new(1),
    {ok, M, B} = compile:forms([{attribute, L, module, suite_finds_version}, {attribute, L, export, [{version, 0}]},
                                {function, L, version, 0, [{clause, L, [], [], [{integer, L, V}]}]}]),
    {M, B}.

%% Of an error that is raised through apply, the trace shows who applied, however often.
applied_error() -> erlang:apply(id(erlang), id(error), id([oops, [once]])), ok.
applied_last() -> erlang:apply(id(erlang), id(error), id([oops, [last]])).
applied_twice() -> erlang:apply(id(erlang), id(apply), [id(erlang), id(error), id([oops, [twice]])]).
applied_thrice() -> A = id(apply), erlang:apply(id(erlang), A, [id(erlang), A, [id(erlang), id(error), id([oops, [thrice]])]]), ok.

%% Processes that are told to have ended are not counted.
process_counts() ->
    [receive {'DOWN', M, process, P, normal} -> ok end || {P, M} <- [spawn_monitor(fun() -> ok end) || _ <- lists:seq(1, 500)]],
    erlang:system_info(process_count) =:= length(processes()).

%% What a process starts with shares literals.
spawned_literals() ->
    persistent_term:put(?MODULE, {a, "term"}), L = persistent_term:get(?MODULE), S = self(),
    P = spawn(fun() -> S ! {self(), erts_debug:size_shared(L)} end), R = receive {P, N} -> N end,
    persistent_term:erase(?MODULE), R.

%% A port of this node under another creation.
former_port() ->
    <<131, _, _/binary>> = B = term_to_binary(self()), Size = byte_size(B) - 1, <<_:Size/binary, C>> = B,
    Node = term_to_binary(node()), Name = binary:part(Node, 1, byte_size(Node) - 1),
    binary_to_term(<<131, 89, Name/binary, 7:32, ((C + 1) band 255):32>>).
former_port_monitor() -> P = former_port(), M = monitor(port, P), receive {'DOWN', M, port, P, R} -> R end.

%% New processes are traced for nobody who is gone.
dead_tracer_of_new() ->
    {T, M} = spawn_monitor(fun() -> receive stop -> ok end end), 0 = erlang:trace(new, true, [send, {tracer, T}]),
    A = erlang:trace_info(new, flags), T ! stop, receive {'DOWN', M, _, _, _} -> ok end,
    [A, erlang:trace_info(new, flags), erlang:trace_info(new, tracer)].

%% A specification that falls silent says nothing of the message that it was asked about.
sender() -> receive {send, To, What} -> To ! What, sender() end.
silent_sends() ->
    P = spawn(fun sender/0), 1 = erlang:trace(P, true, [send]),
    Sent = fun() ->
                   P ! {send, self(), hello}, receive hello -> ok end,
                   R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end, length(drain())
           end,
    A = Sent(), erlang:trace_pattern(send, [{'_', [], [{silent, true}]}], []), B = [Sent(), Sent()],
    erlang:trace_pattern(send, true, []), exit(P, kill), [A | B].

%% Words that a bitstring's construction reserves are free, wherever the heap ends: what is on the stack stays.
reserved_with_bits() ->
    lists:usort([receive {'DOWN', M, process, P, R} -> R end ||
                    N <- lists:seq(1, 400), {P, M} <- [spawn_monitor(fun() -> exit(behind_bits(N, <<>>)) end)]]).
behind_bits(N, Bin) ->
    Kept = id({kept, N, [N]}), A = erlang:make_tuple(N, a), B = <<Bin/binary, 1:8>>,
    T = {A, B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
         31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60},
    {kept, N, [N]} = id(Kept), {N, <<1>>, 60} = {tuple_size(element(1, T)), element(2, T), element(62, id(T))}, ok.

%% The reservation counts for max_heap_size, too.
limited_behind_bits() ->
    F = fun() ->
                A = erlang:make_tuple(209, a), Bin = id(<<>>), B = <<Bin/binary, 0:0>>,
                exit({A, B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24})
        end,
    {P, M} = spawn_opt(F, [monitor, {max_heap_size, #{size => 233, kill => true, error_logger => false}}]),
    receive {'DOWN', M, process, P, R} -> R end.

%% The rest of a match is taken twice; a bitstring that is being matched is a bitstring, which 25 does not know.
tail_twice() -> {e(fun() -> twice(<<>>) end), twice(<<42>>), e(fun() -> twice(<<1, 2>>) end)}.
twice(X) -> case X of <<>> -> hd(X); <<_>> -> X end =/= X.
walked_while_matched() -> [walked(B) || erlang:system_info(otp_release) > "25", B <- [<<1>>, <<>>, <<1, 2>>, <<5:3>>]].
walked(<<_:8>>) -> one;
walked(B) -> try << (ok) || <<_:ok>> <= B >> after ok end.

%% How bitstrings are laid out from 27 on.
bits_types() ->
    B = binary:copy(id(<<1>>), 100), <<_:4, R/bitstring>> = B, <<X:10/binary, Y:80/binary, _/binary>> = B,
    [erts_internal:term_type(T) || erlang:system_info(otp_release) > "25", T <- [<<>>, <<1>>, <<5:7>>, <<0:640>>, B, R, X, Y, <<0:511>>, <<0:513>>, binary:copy(id(<<1>>), 65)]].

%% Who asks is told how many funs of an entry there are, on heaps and in tables, and one more; later releases count none.
references(F) -> {refc, N} = erlang:fun_info(F, refc), N.
fun_references() ->
    F = fun(X) -> X + 33 end, A = references(F),
    T = ets:new(?MODULE, []), true = ets:insert(T, {k, F}), B = references(F), [{k, H}] = ets:lookup(T, k), C = references(F),
    true = ets:insert(T, {k, none}), D = references(F), true = ets:insert(T, {another, F}), E = references(F),
    true = ets:delete(T), {[A, B, C, D, E, references(F)], [G(1) || G <- [F, H]]}.

%% Collections leave off-heap binaries in their order.
binary_order() ->
    Bs = [binary:copy(<<N>>, 100 + N) || N <- lists:seq(1, 5)], garbage_collect(), A = binary_sizes(),
    garbage_collect(), B = binary_sizes(), erlang:garbage_collect(self(), [{type, minor}]), C = binary_sizes(),
    {length(A), A =:= B, B =:= C, length(id(Bs))}.
binary_sizes() -> {binary, L} = process_info(self(), binary), [Size || {_, Size, _} <- L].

%% A process that got the pid of an heir that is gone inherits nothing.
waits() -> receive stop -> ok end.
ended({P, M}) -> P ! stop, receive {'DOWN', M, process, P, R} -> R end.
late_heir() ->
    erts_debug:set_internal_state(available_internal_state, true), R = late_heir(10),
    erts_debug:set_internal_state(available_internal_state, false), R.
late_heir(0) -> no_such_pid;
late_heir(Tries) ->
    S = self(), Next = erts_debug:get_internal_state(next_pid),
    Owner = {O, _} = spawn_monitor(fun() ->
                                           receive {heir, H} -> S ! {made, ets:new(?MODULE, [named_table, {heir, H, data}])} end,
                                           waits()
                                   end),
    First = {F, _} = spawn_monitor(fun waits/0),
    O ! {heir, F}, receive {made, _} -> ok end, normal = ended(First),
    erts_debug:set_internal_state(next_pid, Next), Second = same_pid(F, 10), normal = ended(Owner),
    case Second of
        none -> late_heir(Tries - 1);
        _ -> Info = ets:info(?MODULE), normal = ended(Second), Info
    end.
same_pid(_, 0) -> none;
same_pid(Pid, Tries) ->
    case spawn(fun() -> case self() of Pid -> waits(); _ -> ok end end) of
        Pid -> {Pid, monitor(process, Pid)};
        _ -> same_pid(Pid, Tries - 1)
    end.

%% Bad patterns and copies where nothing is to be found or copied; checksums of dictionaries.
unused_arguments() ->
    [e(F) || F <- [fun() -> binary:match(<<>>, id(foobar)) end, fun() -> binary:matches(<<"abc">>, id(foobar), [{scope, {0, 0}}]) end,
                   fun() -> binary:match(<<>>, id([])) end, fun() -> binary:match(<<>>, id([<<>>])) end,
                   fun() -> binary:match(<<>>, id({bm, x})) end, fun() -> binary:match(<<>>, id(<<1:1>>)) end,
                   fun() -> binary:match(<<>>, binary:compile_pattern(<<"a">>)) end, fun() -> binary:match(<<>>, [<<"a">>, <<"b">>]) end,
                   fun() -> binary:split(<<>>, id(foobar)) end, fun() -> binary:copy(id(<<1:1>>), 0) end,
                   fun() -> binary:copy(id([]), 0) end, fun() -> binary:copy(id(<<>>), 0) end, fun() -> binary:copy(id(<<1>>), 0) end]].
dictionary_checksums() ->
    D = binary:copy(<<255>>, 16), Z = zlib:open(), ok = zlib:deflateInit(Z), C = zlib:deflateSetDictionary(Z, D),
    W = zlib:open(), ok = zlib:deflateInit(W, default, deflated, -15, 8, default), R = zlib:deflateSetDictionary(W, D),
    I = zlib:open(), ok = zlib:inflateInit(I), B = iolist_to_binary(zlib:deflate(Z, <<255, 255, 255, 255>>, finish)),
    {C, R, e(fun() -> zlib:inflate(I, B) end)}.

%% From 27 on the merged map is the second, or shares keys, where it can.
merged_maps() ->
    [begin
         M = id(#{"hi" => "hello", int => 3, <<"key">> => <<"value">>}), S = fun(X) -> erts_debug:same(erts_internal:map_to_tuple_keys(X), erts_internal:map_to_tuple_keys(M)) end,
         C = maps:put(int, 4, maps:remove(int, M)), O = id(#{a => 1, int => 5}),
         [S(maps:merge(M, #{int => 4})), erts_debug:same(maps:merge(#{int => 4}, M), M), S(C), erts_debug:same(maps:merge(M, C), C), S(C),
          erts_debug:same(maps:merge(C, M), M), maps:merge(M, O), maps:merge(O, M), maps:merge(#{z => 1}, O), maps:merge(O, #{b => 2}), C]
     end || erlang:system_info(otp_release) > "25"].
