%%% Runs into a limit of the machine: `atoms` makes new ones until there is no room, `heap` grows a list under
%%% max_heap_size, `forever` waits until it is stopped. Without arguments it only says so.
-module(prog_limits).
-export([main/1]).

main(Args) ->
    io:format("limits: ~w~n", [[list_to_atom(A) || A <- Args]]),
    lists:foreach(fun reach/1, Args).

reach("atoms") -> atoms(0);
reach("heap") ->
    {Pid, Ref} = spawn_opt(fun() -> grow([]) end, [monitor, {max_heap_size, #{size => 1000000, kill => true, error_logger => false}}]),
    receive {'DOWN', Ref, process, Pid, Reason} -> io:format("~w~n", [Reason]) end;
reach("forever") -> receive never -> ok end;
reach("loop") -> reach("loop").

atoms(N) -> _ = list_to_atom("limit_" ++ integer_to_list(N)), atoms(N + 1).

grow(L) -> grow([L | L]).
