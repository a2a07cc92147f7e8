%%% ETS: tables in files.
-module(ets_files).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

new(Options) -> ets:new(t, Options).

file_round_trip() -> [begin F = "ets_files.tmp." ++ os:getpid(), T = new([K, {keypos, 2}]), ets:insert(T, [{a, 1}, {b, 2}, {c, 1}]), ok = ets:tab2file(T, F), {ok, U} = ets:file2tab(F), file:delete(F), {lists:sort(ets:tab2list(U)), ets:info(U, type), ets:info(U, keypos)} end || K <- [set, ordered_set, bag, duplicate_bag]].
tabfile_info() -> F = "ets_files.tmp." ++ os:getpid() ++ ".i", T = new([bag]), ets:insert(T, [{a, 1}, {a, 2}]), ok = ets:tab2file(T, F, [{extended_info, [object_count]}]), {ok, I} = ets:tabfile_info(F), file:delete(F), [{K, proplists:get_value(K, I)} || K <- [name, type, protection, named_table, keypos, size]].
