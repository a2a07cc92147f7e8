%%% Bad input for processes: more of them, of messages and of links than is good. Others must stay responsive, and what
%%% was taken must be given back.
-module(floods).
-export([all/1]).

%% The argument says how much, in hundreds of thousands of messages and tens of thousands of processes.
all([Size]) ->
    N = list_to_integer(Size),
    put(memory, memory()),
    messages(N * 100000),
    sleeping(N * 100000),
    asked(N * 100000),
    chain(N * 10000),
    star(N * 10000),
    table(),
    io:format("memory is given back: ~p~n", [given_back(500)]).

now_ms() -> erlang:monotonic_time(millisecond).
memory() -> [erlang:garbage_collect(P) || P <- processes()], erlang:memory(total).
given_back(0) -> {no, get(memory), memory()};
given_back(N) -> case memory() < get(memory) + 20000000 of true -> yes; false -> receive after 10 -> given_back(N - 1) end end.

%% A process that wants to run every millisecond, and how late it was at worst.
beside(F) ->
    P = spawn(fun() -> tick(now_ms(), 0) end),
    V = F(),
    P ! {stop, self()},
    receive {late, L} when L < 10000 -> {V, responsive}; {late, L} -> {V, {late, L}} end.
tick(Last, Worst) ->
    receive {stop, To} -> To ! {late, max(Worst, now_ms() - Last)}
    after 1 -> Now = now_ms(), tick(Now, max(Worst, Now - Last)) end.

down(R) -> receive {'DOWN', R, _, _, W} -> W after 120000 -> timeout end.

messages(N) ->
    V = beside(fun() ->
        {P, R} = spawn_monitor(fun() -> receive go -> exit(process_info(self(), message_queue_len)) end end),
        send(P, N), P ! go, down(R) end),
    io:format("flood with a selective receive: ~p~n", [V]).
send(_, 0) -> ok;
send(P, N) -> P ! {number, N, <<"some text">>}, send(P, N - 1).

sleeping(N) ->
    V = beside(fun() ->
        {P, R} = spawn_monitor(fun() -> receive after infinity -> ok end end),
        [spawn(fun() -> send(P, N div 4) end) || _ <- [1, 2, 3, 4]],
        full(P, N div 4 * 4), exit(P, kill), down(R) end),
    io:format("flood of a sleeping process: ~p~n", [V]).
full(P, N) -> case process_info(P, message_queue_len) of {_, N} -> ok; _ -> receive after 5 -> full(P, N) end end.

asked(N) ->
    V = beside(fun() ->
        {P, R} = spawn_monitor(fun() -> receive go -> exit(length(element(2, process_info(self(), messages)))) end end),
        send(P, N), {messages, L} = process_info(P, messages), P ! go, {length(L), lists:last(L), down(R)} end),
    io:format("messages are asked for: ~p~n", [V]).

chain(N) ->
    S = self(),
    V = beside(fun() ->
        {P, R} = spawn_monitor(fun() -> link_on(N, S) end),
        receive {bottom, B} -> M = monitor(process, B), exit(P, fall), {down(R), down(M)} end end),
    io:format("chain of links that falls: ~p~n", [V]).
link_on(0, S) -> S ! {bottom, self()}, receive never -> ok end;
link_on(N, S) -> spawn_link(fun() -> link_on(N - 1, S) end), receive never -> ok end.

star(N) ->
    V = beside(fun() ->
        {P, R} = spawn_monitor(fun() -> Ps = [spawn_link(fun() -> receive never -> ok end end) || _ <- lists:seq(1, N)], receive {watch, From} -> From ! Ps, receive never -> ok end end end),
        P ! {watch, self()},
        Ps = receive L when is_list(L) -> L end,
        Rs = [monitor(process, Q) || Q <- Ps],
        exit(P, star), {down(R), lists:usort([down(Q) || Q <- Rs])} end),
    io:format("star of links that falls: ~p~n", [V]).

table() ->
    erlang:system_flag(system_logger, self()),
    V = beside(fun() ->
        {_, R} = spawn_monitor(fun() -> exit(fill([])) end),
            down(R) end),
    Report = receive {log, Level, Format, Args, _} -> {Level, Format, Args} after 1000 -> none end,
    erlang:system_flag(system_logger, logger),
    drain(),
    io:format("process table full: ~p ~p~n", [V, Report]),
    io:format("and after: ~p~n", [try is_pid(spawn(fun() -> ok end)) catch C:E -> {C, E} end]).
fill(Ps) ->
    case catch spawn(fun() -> receive never -> ok end end) of
        P when is_pid(P) -> fill([P | Ps]);
        {'EXIT', {Why, _}} ->
            A = (catch spawn_link(fun() -> ok end)),
            B = (catch spawn_monitor(fun() -> ok end)),
            R = (catch spawn_request(fun() -> ok end, [link])),
            C = receive {spawn_reply, R, K, W} -> {K, W} after 1000 -> none end,
            [exit(P, kill) || P <- Ps],
            [receive {'DOWN', M, _, _, _} -> ok end || M <- [monitor(process, P) || P <- Ps]],
            {Why, reason(A), reason(B), C}
    end.
reason({'EXIT', {Why, _}}) -> Why; reason(X) -> X.
drain() -> receive _ -> drain() after 0 -> ok end.
