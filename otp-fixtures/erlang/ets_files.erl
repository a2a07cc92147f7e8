%%% ETS: tables in files.
-module(ets_files).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

new(Options) -> ets:new(t, Options).

file_round_trip() -> [begin F = "ets_files.tmp." ++ os:getpid(), T = new([K, {keypos, 2}]), ets:insert(T, [{a, 1}, {b, 2}, {c, 1}]), ok = ets:tab2file(T, F), {ok, U} = ets:file2tab(F), file:delete(F), {lists:sort(ets:tab2list(U)), ets:info(U, type), ets:info(U, keypos)} end || K <- [set, ordered_set, bag, duplicate_bag]].
tabfile_info() -> F = "ets_files.tmp." ++ os:getpid() ++ ".i", T = new([bag]), ets:insert(T, [{a, 1}, {a, 2}]), ok = ets:tab2file(T, F, [{extended_info, [object_count]}]), {ok, I} = ets:tabfile_info(F), file:delete(F), [{K, proplists:get_value(K, I)} || K <- [name, type, protection, named_table, keypos, size]].

%% To a `dets` table and back.
dets_round_trip() ->
    F = "ets_files.tmp." ++ os:getpid() ++ ".d",
    {ok, D} = dets:open_file(ets_files_d, [{file, F}, {type, bag}]),
    T = new([bag]),
    ets:insert(T, [{a, 1}, {a, 2}, {b, 3}]),
    To = ets:to_dets(T, D),
    U = new([bag]),
    R = [To =:= D, dets:info(D, size), ets:from_dets(U, D), lists:sort(ets:tab2list(U))]
        ++ [case_runner:attempt(fun() -> ets:from_dets(X, Y) end) || {X, Y} <- [{no_table, D}, {U, no_dets}, {U, 1}]]
        ++ [case_runner:attempt(fun() -> ets:to_dets(X, Y) end) || {X, Y} <- [{no_table, D}, {T, no_dets}, {1, D}]],
    ok = dets:close(D),
    file:delete(F),
    R.

%% What the lists of tables and of a table's objects show to whoever looks.
listings() ->
    T = ets:new(ets_files_shown, [named_table, ordered_set]),
    ets:insert(T, [{N, lists:duplicate(N, x)} || N <- [1, 2, 3]]),
    [Titles, Line | Rows] = string:split(printed(fun() -> ets:i() end), "\n", all),
    [Shown] = [string:lexemes(R, " ") || R <- Rows, string:find(R, "ets_files_shown") =/= nomatch],
    {string:lexemes(Titles, " "), lists:usort(Line), lists:sublist(Shown, 4), printed(fun() -> ets:i(T) end)}.

%% What is printed by a fun whose reader asks to quit.
printed(F) ->
    Me = self(),
    Reader = spawn_link(fun() -> reader(Me, []) end),
    {Pid, Ref} = spawn_monitor(fun() -> group_leader(Reader, self()), F() end),
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    Reader ! done,
    receive {printed, Text} -> lists:flatten(Text) end.

reader(To, Acc) ->
    receive
        {io_request, From, As, {put_chars, _, Chars}} -> From ! {io_reply, As, ok}, reader(To, [Acc, unicode:characters_to_list(Chars)]);
        {io_request, From, As, {put_chars, _, M, F, A}} ->
            From ! {io_reply, As, ok},
            reader(To, [Acc, unicode:characters_to_list(apply(M, F, A))]);
        {io_request, From, As, {get_line, _, Prompt}} -> From ! {io_reply, As, "q\n"}, reader(To, [Acc, io_lib:format("~ts", [Prompt])]);
        {io_request, From, As, _} -> From ! {io_reply, As, {error, request}}, reader(To, Acc);
        done -> To ! {printed, Acc}
    end.
