%%% Module `socket`: sockets are closed, given away and lose their owners while many wait for them. Everybody must get an
%%% answer that is allowed, nobody may wait for ever, and no socket may be left.
-module(socket_races).
-compile([export_all, nowarn_export_all]).

-helpers([owned]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% Runs funs in processes of their own; their answers, `killed` for those that were killed.
all(Fs) -> [spawn_monitor(fun() -> exit({answer, F()}) end) || F <- Fs].
answers(Ps) -> [receive {'DOWN', R, process, _, {answer, A}} -> A; {'DOWN', R, process, _, killed} -> killed; {'DOWN', R, process, _, Other} -> {died, Other} after 20000 -> waits_for_ever end || {_, R} <- Ps].
%% Answers that are not allowed.
wrong(As) -> lists:usort([A || A <- As, not allowed(A)]).
allowed(ok) -> true;
allowed(killed) -> true;
allowed({ok, B}) when is_binary(B) -> true;
allowed({ok, {'$socket', _}}) -> true;
allowed({error, {R, B}}) when is_binary(B) -> lists:member(R, [closed, epipe, econnreset, timeout]);
allowed({error, R}) -> lists:member(R, [closed, epipe, econnreset, timeout, enotconn, einval, ebadf, econnrefused]);
allowed(_) -> false.
pause(N) -> timer:sleep(rand:uniform(N) - 1).
%% A connection that another process owns, which ends when it is told to or killed.
owned() -> S = self(), P = spawn(fun() -> S ! {self(), socket_stream:pair()}, receive stop -> ok end end), receive {P, Pair} -> {P, Pair} end.
stop(P) -> R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end.
rounds(N, F) -> rand:seed(exsss, {1, 2, 3}), lists:usort(lists:append([F() || _ <- lists:seq(1, N)])).
%% Sockets that are left, when there is no more to come.
left(Before) -> left(Before, 200).
left(Before, N) -> case length(socket:which_sockets()) - Before of 0 -> 0; D when N =:= 0 -> D; _ -> timer:sleep(25), left(Before, N - 1) end.

readers_and_close() -> B = length(socket:which_sockets()), R = rounds(30, fun() -> {C, S} = socket_stream:pair(), Ps = all([fun() -> pause(4), socket:recv(S, 5) end || _ <- lists:seq(1, 10)]), socket:send(C, <<"hello hello">>), pause(8), ok = socket:close(S), As = answers(Ps), ok = socket:close(C), wrong(As) end), {R, left(B)}.
readers_and_owner() -> B = length(socket:which_sockets()), R = rounds(30, fun() -> {O, {C, S}} = owned(), Ps = all([fun() -> pause(4), socket:recv(S, 5) end || _ <- lists:seq(1, 10)]), socket:send(C, <<"hello hello">>), pause(8), case rand:uniform(2) of 1 -> exit(O, kill); 2 -> stop(O) end, wrong(answers(Ps)) end), {R, left(B)}.
readers_die() -> B = length(socket:which_sockets()), R = rounds(20, fun() -> {C, S} = socket_stream:pair(), Ps = all([fun() -> pause(4), socket:recv(S, 1) end || _ <- lists:seq(1, 12)]), timer:sleep(6), {Kill, Keep} = lists:split(6, [P || {_, P} <- lists:sort([{rand:uniform(), P} || P <- Ps])]), [begin exit(P, kill), pause(2) end || {P, _} <- Kill], timer:sleep(20), ok = socket:send(C, <<"abcdef">>), As = answers(Keep), socket:close(C), socket:close(S), answers(Kill), [A || A <- As, element(1, A) =/= ok] end), {R, left(B)}.
acceptors_and_close() -> B = length(socket:which_sockets()), R = rounds(20, fun() -> {L, A} = socket_stream:listener(), Ps = all([fun() -> pause(4), case socket:accept(L) of {ok, S} -> socket:close(S); E -> E end end || _ <- lists:seq(1, 10)]), Cs = all([fun() -> {ok, C} = socket:open(inet, stream, tcp), X = socket:connect(C, A), socket:close(C), X end || _ <- lists:seq(1, 3)]), pause(8), ok = socket:close(L), wrong(answers(Ps) ++ answers(Cs)) end), {R, left(B)}.
acceptors_die() -> B = length(socket:which_sockets()), R = rounds(20, fun() -> {L, A} = socket_stream:listener(), Ps = all([fun() -> pause(3), case socket:accept(L) of {ok, S} -> socket:close(S); E -> E end end || _ <- lists:seq(1, 8)]), timer:sleep(6), {Kill, Keep} = lists:split(5, Ps), [exit(P, kill) || {P, _} <- Kill], timer:sleep(10), Cs = all([fun() -> {ok, C} = socket:open(inet, stream, tcp), X = socket:connect(C, A), _ = socket:recv(C, 1), socket:close(C), X end || _ <- Keep]), As = answers(Keep) ++ answers(Cs), socket:close(L), answers(Kill), wrong(As) ++ [E || {error, _} = E <- As] end), {R, left(B)}.
writers_and_close() -> B = length(socket:which_sockets()), R = rounds(10, fun() -> {C, S} = socket_stream:pair(), D = binary:copy(<<"x">>, 3000000), Ps = all([fun() -> pause(3), socket:send(C, D) end || _ <- lists:seq(1, 5)]), Q = all([fun() -> socket_stream:drain(S), ok end]), pause(15), ok = socket:close(C), As = answers(Ps) ++ answers(Q), ok = socket:close(S), wrong(As) end), {R, left(B)}.
given_away() -> B = length(socket:which_sockets()), R = rounds(30, fun() -> {C, S} = socket_stream:pair(), P = spawn(fun() -> receive stop -> ok end end), Ps = all([fun() -> socket:recv(S, 1) end || _ <- "abc"]), pause(3), X = socket:setopt(S, otp, controlling_process, P), exit(P, kill), As = answers(Ps), Y = socket:recv(C, 1), socket:close(C), wrong([X, Y | As]) end), {R, left(B)}.
closers() -> B = length(socket:which_sockets()), R = rounds(30, fun() -> {C, S} = socket_stream:pair(), Ps = all([fun() -> pause(3), socket:close(S) end || _ <- lists:seq(1, 6)]), As = answers(Ps), socket:close(C), [length([ok || ok <- As]) | wrong(As)] end), {R, left(B)}.
nowait_and_owner() -> B = length(socket:which_sockets()), R = rounds(20, fun() -> {O, {C, S}} = owned(), Ps = all([fun() -> case socket:recv(S, 0, nowait) of {select, {select_info, recv, H}} -> receive {'$socket', S, abort, {H, closed}} -> ok; {'$socket', S, select, H} -> socket:recv(S, 0, nowait) after 15000 -> lost end; Now -> Now end end || _ <- lists:seq(1, 5)]), pause(6), socket:send(C, <<>>), stop(O), wrong(answers(Ps)) end), {R, left(B)}.
cancels() -> B = length(socket:which_sockets()), R = rounds(20, fun() -> {C, S} = socket_stream:pair(), Ps = all([fun() -> pause(3), case socket:recv(S, 1, nowait) of {select, I} -> pause(3), case socket:cancel(S, I) of ok -> ok; {error, {invalid, _}} -> ok; E -> E end; X -> X end end || _ <- lists:seq(1, 10)]), socket:send(C, <<"abc">>), As = answers(Ps), socket:close(C), socket:close(S), wrong(As) end), {R, left(B)}.
datagrams() -> B = length(socket:which_sockets()), R = rounds(20, fun() -> {S, A} = socket_message:open(), Ps = all([fun() -> pause(3), case socket:recvfrom(S) of {ok, {_, D}} -> {ok, D}; E -> E end end || _ <- lists:seq(1, 6)]), Qs = all([fun() -> pause(3), socket:sendto(S, <<"x">>, A) end || _ <- "abc"]), pause(10), socket:close(S), wrong(answers(Ps) ++ answers(Qs)) end), {R, left(B)}.
