%%% Connections that are cut at random under load: every process gets exactly the end that it should, nothing is lost
%%% that was sent before a close, nothing comes twice or afterwards, and nothing is left behind.
-module(net_cuts).
-export([main/0, passive/0, active/0, once/0, times/0, busy_sender/0, acceptors/0]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

passive() -> rounds(fun(_) -> false end).
active() -> rounds(fun(_) -> true end).
once() -> rounds(fun(_) -> once end).
times() -> rounds(fun(N) -> 1 + N rem 7 end).

%% Twenty connections at a time, each with another end.
rounds(Mode) ->
    rand:seed(exsss, {1, 2, 3}),
    Before = sockets(),
    Wrong = lists:append([round(R, Mode) || R <- lists:seq(1, 5)]),
    {lists:usort(Wrong), settle(Before, 100)}.

sockets() -> length([P || P <- erlang:ports(), erlang:port_info(P, name) =:= {name, "tcp_inet"}]).
%% How many more sockets there are than before; closed ones take a moment.
settle(Before, 0) -> sockets() - Before;
settle(Before, N) -> case sockets() - Before of 0 -> 0; _ -> timer:sleep(20), settle(Before, N - 1) end.

round(Round, Mode) ->
    {ok, L} = gen_tcp:listen(0, [binary, {packet, 2}, {active, false}, {ip, {127,0,0,1}}, {backlog, 100}]),
    {ok, Port} = inet:port(L),
    Ends = [close, reset, die, kill, shutdown, receiver_closes, receiver_dies],
    Pairs = [begin
                 End = lists:nth(1 + (N + Round) rem length(Ends), Ends), Time = rand:uniform(60),
                 R = start(fun() -> receiver(L, Mode(N)) end),
                 S = start(fun() -> sender(Port, End, Time) end),
                 {End, R, S}
             end || N <- lists:seq(1, 20)],
    %% A receiver accepts whichever connection comes: it learns from the first packet whose it is.
    Results = [{End, wait(R), wait(S)} || {End, R, S} <- Pairs],
    gen_tcp:close(L),
    Sent = maps:from_list([{Id, {End, N, Why}} || {_, _, {sender, Id, End, N, Why}} <- Results]),
    lists:append([judge(R, Sent) || {_, R, _} <- Results]) ++
        [{sender, X} || {_, _, X} <- Results, element(1, X) =/= sender].

start(F) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {self(), F()}, ok end),
    {Pid, Ref}.
wait({Pid, Ref}) ->
    receive
        {Pid, Result} -> receive {'DOWN', Ref, _, _, _} -> Result end;
        {'DOWN', Ref, process, Pid, Why} -> receive {Pid, Result} -> Result after 0 -> {died, Why} end
    after 20000 -> {late, process_info(Pid, current_stacktrace)}
    end.

%% Sends numbered packets until its time has come; tells how many were sent for sure, and why it ended. The one who owns
%% the connection is another process for the ends that are deaths.
sender(Port, End, Time) ->
    Self = self(),
    Id = erlang:unique_integer([positive]),
    {Owner, Ref} = spawn_monitor(fun() ->
        {ok, C} = gen_tcp:connect({127,0,0,1}, Port, [binary, {packet, 2}, {active, false}, {nodelay, true}]),
        ok = gen_tcp:send(C, <<Id:64, (by(End)):8, Time:16>>),
        {N, Why} = send(C, Id, 0, deadline(End, Time)),
        Self ! {sent, N, Why},
        finish(C, End, Why)
    end),
    receive
        {sent, N, Why} ->
            End =:= kill andalso Why =:= time andalso exit(Owner, kill),
            receive {'DOWN', Ref, _, _, _} -> ok end,
            clean({sender, Id, End, N, Why});
        {'DOWN', Ref, _, _, Why} -> {sender_died, Why}
    end.

by(receiver_closes) -> 1;
by(receiver_dies) -> 2;
by(_) -> 0.

deadline(End, _) when End =:= receiver_closes; End =:= receiver_dies -> infinity;
deadline(_, Time) -> erlang:monotonic_time(millisecond) + Time.

send(C, Id, N, Deadline) ->
    case Deadline =/= infinity andalso erlang:monotonic_time(millisecond) >= Deadline of
        true -> {N, time};
        false ->
            case gen_tcp:send(C, <<N:32, 0:(8 * (N rem 1000))>>) of
                ok -> send(C, Id, N + 1, Deadline);
                {error, Why} -> {N, Why}
            end
    end.

finish(C, _, Why) when Why =/= time -> gen_tcp:close(C);
finish(C, close, _) -> gen_tcp:close(C);
finish(C, reset, _) -> inet:setopts(C, [{linger, {true, 0}}]), gen_tcp:close(C);
finish(_, die, _) -> ok;
finish(_, kill, _) -> timer:sleep(infinity);
finish(C, shutdown, _) -> ok = gen_tcp:shutdown(C, write), {error, closed} = gen_tcp:recv(C, 0, 10000), gen_tcp:close(C).

receiver(L, Mode) ->
    {ok, S} = gen_tcp:accept(L),
    {ok, <<Id:64, By:8, Time:16>>} = gen_tcp:recv(S, 0),
    R = monitor(port, S),
    Until = if By =:= 0 -> infinity; true -> erlang:monotonic_time(millisecond) + Time end,
    Got = case Mode of
              false -> passive(S, 0, Until);
              _ -> inet:setopts(S, [{active, Mode}]), active(S, Mode, 0, Until)
          end,
    case Got of
        {N, mine} when By =:= 2 -> {receiver, Id, N, mine};
        {N, Why} ->
            gen_tcp:close(S),
            receive {'DOWN', R, port, S, _} -> clean({receiver, Id, N, Why}) after 5000 -> {no_down, Id, Why} end
    end.

over(infinity) -> false;
over(Until) -> erlang:monotonic_time(millisecond) >= Until.

passive(S, N, Until) ->
    case over(Until) of
        true -> {N, mine};
        false ->
            case gen_tcp:recv(S, 0) of
                {ok, <<N:32, _/binary>>} -> passive(S, N + 1, Until);
                {ok, <<M:32, _/binary>>} -> {N, {expected, N, M}};
                {error, Why} -> {N, Why}
            end
    end.

active(S, Mode, N, Until) ->
    case over(Until) of
        true -> {N, mine};
        false ->
            receive
                {tcp, S, <<N:32, _/binary>>} -> Mode =:= once andalso inet:setopts(S, [{active, once}]), active(S, Mode, N + 1, Until);
                {tcp, S, <<M:32, _/binary>>} -> {N, {expected, N, M}};
                {tcp_passive, S} when is_integer(Mode) -> inet:setopts(S, [{active, Mode}]), active(S, Mode, N, Until);
                {tcp_closed, S} -> receive {tcp_closed, S} -> {N, twice}; {tcp, S, _} -> {N, data_after_end} after 20 -> {N, closed} end
            after 10000 -> {N, silence}
            end
    end.

%% Nothing of the protocol may be left in the mailbox of one who has closed.
clean(Result) ->
    receive
        {inet_async, _, _, _} = M -> {left, M, Result};
        {inet_reply, _, _} = M -> {left, M, Result}
    after 0 -> Result
    end.

%% What a receiver got, beside what its sender did.
judge({receiver, Id, N, Why}, Sent) ->
    case maps:find(Id, Sent) of
        {ok, {End, M, time}} when End =:= close; End =:= die; End =:= kill; End =:= shutdown ->
            [{lost, End, Why, N - M} || {N, Why} =/= {M, closed}];
        {ok, {reset, M, time}} -> [{reset, Why, N - M} || Why =/= closed orelse N > M];
        {ok, {End, M, Reason}} when End =:= receiver_closes; End =:= receiver_dies ->
            [{cut, End, Why, Reason, N - M} || Why =/= mine orelse Reason =/= closed orelse N > M + 1];
        Other -> [{sender_is, Other}]
    end;
judge(Other, _) -> [{receiver, Other}].

%% A sender that waits for room when the other side goes hears of it, whether it closes or resets.
busy_sender() ->
    [begin
         {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {recbuf, 4096}, {ip, {127,0,0,1}}]), {ok, Port} = inet:port(L),
         Pids = [start(fun() ->
                           {ok, C} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, Mode}, {sndbuf, 4096}]), process_flag(trap_exit, true),
                           {full(C, binary:copy(<<0>>, 100000)), tcp_end(C, Mode)}
                       end) || _ <- lists:seq(1, 5)],
         Ss = [element(2, gen_tcp:accept(L)) || _ <- Pids], timer:sleep(150),
         [begin How =:= reset andalso inet:setopts(S, [{linger, {true, 0}}]), gen_tcp:close(S) end || S <- Ss],
         R = lists:usort([wait(P) || P <- Pids]), gen_tcp:close(L), {Mode, How, R}
     end || Mode <- [true, false], How <- [close, reset]].
full(C, B) -> case gen_tcp:send(C, B) of ok -> full(C, B); E -> E end.
tcp_end(_, false) -> none;
tcp_end(C, true) -> receive {tcp_closed, C} -> receive {_, C} -> more after 50 -> closed end after 5000 -> silence end.

%% Acceptors that die, time out and are served: each connection is served once.
acceptors() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127,0,0,1}}, {backlog, 200}]), {ok, Port} = inet:port(L), Self = self(),
    Pids = [spawn(fun() -> acceptor(L, N, Self) end) || N <- lists:seq(1, 30)],
    Cs = [begin
              {ok, C} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, false}]),
              N rem 5 =:= 0 andalso exit(lists:nth(N div 5, Pids), kill),
              C
          end || N <- lists:seq(1, 100)],
    R = lists:sort(maps:to_list(maps:groups_from_list(fun(X) -> X end, [gen_tcp:recv(C, 0, 5000) || C <- Cs]))),
    [exit(P, kill) || P <- Pids], [gen_tcp:close(C) || C <- Cs], gen_tcp:close(L),
    %% One whose acceptor was killed is closed, every other is served.
    {[X || {X, _} <- R, X =/= {error, closed}], lists:sum([length(V) || {_, V} <- R]) }.
acceptor(L, N, Parent) ->
    case gen_tcp:accept(L, 10 * (1 + N rem 3)) of
        {ok, S} -> ok = gen_tcp:send(S, "served"), gen_tcp:close(S), acceptor(L, N, Parent);
        {error, timeout} -> acceptor(L, N, Parent);
        {error, closed} -> ok
    end.
