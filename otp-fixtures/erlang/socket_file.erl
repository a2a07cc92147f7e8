%%% `socket:sendfile`, and `sendv` where there is one.
-module(socket_file).
-compile([export_all, nowarn_export_all]).

-helpers([name]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

name() -> "socket_file." ++ os:getpid().
with(N, F) -> B = << <<(X rem 251)>> || X <- lists:seq(1, N) >>, ok = file:write_file(name(), B), {ok, Fd} = file:open(name(), [read, raw, binary]), {C, S} = socket_stream:pair(), R = F(C, S, Fd, B), [socket:close(X) || X <- [C, S]], file:close(Fd), file:delete(name()), R.
counts(S) -> maps:filter(fun(K, N) -> N =/= 0 andalso lists:prefix("sendfile", atom_to_list(K)) end, maps:get(counters, socket:info(S))).

whole() -> with(10000, fun(C, S, Fd, B) -> R = socket:sendfile(C, Fd), {ok, D} = socket:recv(S, 10000), {R, D =:= B, counts(C)} end).
part() -> with(1000, fun(C, S, Fd, B) -> R = socket:sendfile(C, Fd, 100, 50, infinity), {ok, D} = socket:recv(S, 50), {R, D =:= binary:part(B, 100, 50), socket:recv(S, 1, 20)} end).
beyond() -> with(10, fun(C, _, Fd, _) -> [socket:sendfile(C, Fd, 100, 50, infinity), socket:sendfile(C, Fd, 5, 50, infinity), socket:sendfile(C, Fd, 10, 0, infinity)] end).
large() -> N = 3000000, with(N, fun(C, S, Fd, B) -> Self = self(), P = spawn(fun() -> {ok, F} = file:open(name(), [read, raw, binary]), Self ! {self(), socket:sendfile(C, F)} end), {ok, D} = socket:recv(S, N), file:position(Fd, 0), {receive {P, R} -> R after 3000 -> none end, D =:= B} end).
nowait() -> with(4000000, fun(C, _, Fd, _) -> {select, {{select_info, sendfile, _} = I, N}} = socket:sendfile(C, Fd, 0, 0, nowait), X = socket:cancel(C, I), {is_integer(N), X} end).
timeout() -> with(9000000, fun(C, _, Fd, _) -> case socket:sendfile(C, Fd, 0, 0, 30) of {error, {timeout, N}} when is_integer(N) -> timeout; X -> X end end).
closed() -> with(10, fun(C, _, Fd, _) -> socket:close(C), socket:sendfile(C, Fd) end).
close_meanwhile() -> with(9000000, fun(C, _, _, _) -> Self = self(), P = spawn(fun() -> {ok, F} = file:open(name(), [read, raw, binary]), Self ! {self(), socket:sendfile(C, F)} end), timer:sleep(50), ok = socket:close(C), receive {P, {error, {R, N}}} when is_integer(N) -> R; {P, R} -> R after 3000 -> none end end).
bad() -> with(10, fun(C, _, Fd, _) -> [case_runner:attempt(F) || F <- [fun() -> socket:sendfile(C, foo) end, fun() -> socket:sendfile(C, Fd, -1, 0, infinity) end, fun() -> socket:sendfile(C, Fd, 0, -1, infinity) end, fun() -> socket:sendfile(C, Fd, foo, 0, infinity) end]] end).
closed_file() -> with(10, fun(C, _, Fd, _) -> file:close(Fd), case_runner:attempt(fun() -> socket:sendfile(C, Fd) end) end).
pieces() -> {C, S} = socket_stream:pair(), R = case erlang:function_exported(socket, sendv, 2) of true -> [case_runner:attempt(F) || F <- [fun() -> socket:sendv(C, [<<"ab">>, <<>>, <<"cd">>]) end, fun() -> socket:recv(S, 4) end, fun() -> socket:sendv(C, []) end, fun() -> socket:sendv(C, lists:duplicate(3000, <<"xy">>)) end, fun() -> {ok, B} = socket:recv(S, 6000), byte_size(B) end, fun() -> socket:sendv(C, foo) end]]; false -> none end, [socket:close(X) || X <- [C, S]], R.
