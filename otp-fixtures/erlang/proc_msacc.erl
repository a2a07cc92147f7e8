%%% Microstate accounting.
-module(proc_msacc).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

flag(F, V) -> attempt(fun() -> erlang:system_flag(F, V) end).
msacc() -> A = flag(microstate_accounting, true), L = statistics(microstate_accounting), B = flag(microstate_accounting, false), [A, B, is_list(L), lists:usort([T || #{type := T} <- L, T =:= scheduler]), is_list(statistics(microstate_accounting))].
msacc_keys() -> flag(microstate_accounting, true), L = statistics(microstate_accounting), flag(microstate_accounting, false), hd([{lists:sort(maps:keys(M)), lists:sort(maps:keys(maps:get(counters, M)))} || M = #{type := scheduler} <- L]).
msacc_reset() -> flag(microstate_accounting, true), A = flag(microstate_accounting, reset), B = flag(microstate_accounting, reset), C = flag(microstate_accounting, false), [A, B, C, flag(microstate_accounting, x)].
