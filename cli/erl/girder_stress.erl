%% Random work for the process machinery, beside a model of what must come of it: `girder stress`.
%%
%% A round is a set of actors that work at the same time, each with a random generator of its own, so that a seed gives
%% the same operations again. An actor knows what must arrive at it: every signal once, those of one sender in order,
%% none that it has called off. After a round no process, name or message may be left, and memory must stay flat.
-module(girder_stress).
-export([main/1]).
%% For the work on tables.
-export([actor/3, collect/2, below/1, one_of/1]).

%% Longest wait for something that must come: longer than anybody stops the whole VM to have the machine for himself.
-define(LONG, 300000).
-define(NAMES, [girder_stress_a, girder_stress_b, girder_stress_c]).

main([Seconds, Seed, What]) ->
    process_flag(trap_exit, true),
    %% Crashes of the actors' children are part of the game.
    erlang:system_flag(system_logger, undefined),
    Start = erlang:monotonic_time(millisecond),
    warm_up(),
    rounds(#{seed => list_to_integer(Seed), start => Start, until => Start + list_to_integer(Seconds) * 1000,
             base => erlang:system_info(process_count), ops => 0, memory => none, work => work(What)}, 1).

work("processes") -> fun one_round/1;
work("tables") -> fun girder_stress_tables:one_round/1.

%% Modules are loaded before anything is counted.
warm_up() ->
    _ = rand:seed(exsss, 1),
    _ = [payload(K) || K <- lists:seq(0, 13)],
    _ = [maps:size(#{}), lists:sort([2, 1]), erlang:memory(total), io_lib:format("~p~n", [a])],
    ok.

rounds(#{seed := Seed, start := Start, until := Until, ops := Ops, work := Work} = S, N) ->
    Now = erlang:monotonic_time(millisecond),
    case N > 1 andalso Now >= Until of
        true ->
            io:format("stress: seed ~w, ~w rounds in ~w ms, ~w operations: nothing lost~n",
                      [Seed, N - 1, Now - Start, Ops]);
        false ->
            case Work({Seed, N}) of
                {ok, Done} ->
                    left_over(S, N),
                    rounds(memory(S#{ops := Ops + Done}, N), N + 1);
                {failed, Actor, Why} ->
                    fail(Seed, N, {Actor, Why})
            end
    end.

fail(Seed, N, Why) ->
    io:format("stress: seed ~w, round ~w: ~p~n", [Seed, N, Why]),
    halt(1).

%% Everything that a round has started must be gone.
left_over(#{seed := Seed, base := Base}, N) ->
    Gone = fun() -> erlang:system_info(process_count) =< Base end,
    wait_until(Gone, 2000) orelse fail(Seed, N, {processes_left, newest()}),
    [] =:= [Name || Name <- [girder_stress_receiver | ?NAMES], whereis(Name) =/= undefined]
        orelse fail(Seed, N, names_left),
    [] =:= drain() orelse fail(Seed, N, messages_left).

newest() ->
    Items = [initial_call, current_function, status, message_queue_len],
    [{P, process_info(P, Items)} || P <- lists:sublist(lists:reverse(processes()), 5)].

%% Memory after a few rounds is the measure for later ones.
memory(#{memory := First, seed := Seed} = S, N) ->
    [erlang:garbage_collect(P) || P <- processes()],
    Now = erlang:memory(total),
    if
        N < 4 -> S;
        First =:= none -> S#{memory := Now};
        Now > 2 * First + 16000000 -> fail(Seed, N, {memory, First, Now});
        true -> S
    end.

wait_until(_, 0) -> false;
wait_until(F, N) -> F() orelse begin receive after 10 -> ok end, wait_until(F, N - 1) end.

drain() -> receive M -> [M | drain()] after 0 -> [] end.

%%% A round

one_round(Seed) ->
    Receivers = [actor(Seed, {receiver, I}, fun receiver/0) || I <- lists:seq(1, 3)],
    Ways = [ways(P) || {P, _} <- Receivers],
    Senders = [actor(Seed, {sender, I}, fun() -> sender(Ways) end) || I <- lists:seq(1, 6)],
    [P ! {senders, [S || {S, _} <- Senders]} || {P, _} <- Receivers],
    Cells = atomics:new(length(?NAMES), []),
    Others =
        [actor(Seed, {keeper, I}, fun() -> keeper(400) end) || I <- lists:seq(1, 4)] ++
        [actor(Seed, {caller, I}, fun() -> caller(200) end) || I <- lists:seq(1, 3)] ++
        [actor(Seed, {namer, I}, fun() -> namer(150, Cells) end) || I <- lists:seq(1, 4)] ++
        [actor(Seed, {suspender, I}, fun() -> suspender(15) end) || I <- lists:seq(1, 2)] ++
        [actor(Seed, {family, I}, fun() -> family(6) end) || I <- lists:seq(1, 2)],
    collect(Receivers ++ Senders ++ Others, 0).

actor(Seed, Name, F) ->
    Body = fun() ->
                   _ = rand:seed(exsss, erlang:phash2({Seed, Name})),
                   exit({done, Name, F()})
           end,
    spawn_opt(Body, [monitor]).

collect([], Ops) -> {ok, Ops};
collect([{P, Ref} | Rest], Ops) ->
    receive
        {'DOWN', Ref, process, P, {done, _, N}} -> collect(Rest, Ops + N);
        {'DOWN', Ref, process, P, Why} -> {failed, P, Why}
    after 5 * ?LONG ->
        {failed, P, {stuck, process_info(P, [current_stacktrace, messages])}}
    end.

%% A random number from 0 on, and one of a list.
below(N) -> rand:uniform(N) - 1.
one_of(L) -> lists:nth(rand:uniform(length(L)), L).

%%% Streams of numbered messages

ways(P) ->
    P ! {ways, self()},
    receive {ways, P, W} -> W after ?LONG -> exit({no_ways, P}) end.

%% Sends to each receiver over its pid, an alias and a name; over all of them the order holds.
sender(Ways) ->
    Counts = send_some(2000, Ways, maps:from_list([{hd(W), 0} || W <- Ways])),
    [P ! {last, self(), N} || {P, N} <- maps:to_list(Counts)],
    lists:sum(maps:values(Counts)).

send_some(0, _, Counts) -> Counts;
send_some(N, Ways, Counts) ->
    W = one_of(Ways),
    P = hd(W),
    #{P := Last} = Counts,
    Payload = payload(below(14)),
    one_of(W) ! {number, self(), Last + 1, Payload, erlang:phash2(Payload)},
    case below(50) of
        0 -> erlang:yield();
        1 -> erlang:garbage_collect();
        _ -> ok
    end,
    send_some(N - 1, Ways, Counts#{P := Last + 1}).

receiver() ->
    Name = own_name(),
    Alias = alias(),
    receive
        {ways, From} -> From ! {ways, self(), [self(), Alias | Name]}
    after ?LONG -> exit(no_question)
    end,
    receive
        {senders, Senders} ->
            Got = numbers(maps:from_list([{S, 0} || S <- Senders])),
            unalias(Alias),
            [unregister(N) || N <- Name],
            [] = drain(),
            Got
    after ?LONG -> exit(no_senders)
    end.

%% A name for a receiver, if there is one to be had.
own_name() ->
    try register(girder_stress_receiver, self()) of true -> [girder_stress_receiver] catch error:badarg -> [] end.

numbers(Last) when Last =:= #{} -> 0;
numbers(Last) ->
    %% One sender's messages are preferred, so that others wait in the queue.
    Preferred = one_of(maps:keys(Last)),
    receive
        {number, Preferred, N, Payload, Hash} -> number(Preferred, N, Payload, Hash, Last)
    after 0 ->
        receive
            {number, From, N, Payload, Hash} -> number(From, N, Payload, Hash, Last);
            {last, From, N} ->
                {N, Rest} = maps:take(From, Last),
                N + numbers(Rest)
        after ?LONG -> exit({messages_lost, Last})
        end
    end.

number(From, N, Payload, Hash, Last) ->
    #{From := Before} = Last,
    N =:= Before + 1 orelse exit({out_of_order, From, Before, N}),
    Hash =:= erlang:phash2(Payload) orelse exit({damaged, Payload}),
    numbers(Last#{From := N}).

%% A term of some kind.
payload(0) -> below(1 bsl 50);
payload(1) -> -(below(1 bsl 60) bsl below(200));
payload(2) -> rand:uniform() * 1.0e10;
payload(3) -> one_of([atom, '', true, [], {}, <<>>]);
payload(4) -> binary:copy(<<(below(256))>>, below(60));
payload(5) -> binary:copy(<<(below(256)), 1, 2>>, 30 + below(3000));
payload(6) -> binary:part(binary:copy(<<"0123456789">>, 50), below(100), 200);
payload(7) -> <<(below(1 bsl 30)):37>>;
payload(8) -> {one_of([make_ref(), self()]), lists:duplicate(below(50), below(1000))};
payload(9) -> maps:from_list([{N, {N, N * 1.5}} || N <- lists:seq(1, below(70))]);
payload(10) -> [one, {two, [three | four]}, "text" | below(9)];
payload(11) -> X = below(1000), {fun lists:reverse/1, X, [X, [X, {X}]]};
payload(12) -> lists:seq(1, below(2000));
payload(13) -> list_to_tuple([payload(K) || K <- [below(8), below(8), below(8)]]).

%%% Links, monitors, exits and timers of one process

%% State: victims with what is known of their end, and what is expected: monitors by reference, timers by reference,
%% answers to pings by reference.
keeper(Ops) ->
    process_flag(trap_exit, true),
    keep(Ops, #{victims => #{}, monitors => #{}, timers => #{}, pings => #{}}),
    Ops.

keep(0, #{victims := Victims} = S) ->
    settle(lists:foldl(fun(V, A) -> sentence(V, kill, A) end, S, maps:keys(Victims)));
keep(N, #{victims := Victims} = S) when map_size(Victims) < 3 ->
    keep(N - 1, new_victim(S));
keep(N, #{victims := Victims} = S) ->
    case below(20) of
        0 -> keep(N - 1, new_victim(S));
        K -> keep(N - 1, act(K, one_of(maps:keys(Victims)), S))
    end.

%% A victim: `linked`, false or what was known of it when the link was made; `open` until a signal of ours ends it;
%% `reasons` that its end can have.
new_victim(#{victims := Victims, monitors := Monitors} = S) ->
    Link = [link || below(2) =:= 0],
    {V, Ms} = case below(3) of
                  0 -> {spawn_opt(fun victim/0, Link), Monitors};
                  1 -> {P, R} = spawn_opt(fun victim/0, [monitor | Link]), {P, Monitors#{R => {P, open}}};
                  2 -> requested(spawn_request(fun victim/0, [monitor | Link]), Monitors)
              end,
    Info = #{linked => case Link of [] -> false; _ -> open end, open => true, reasons => []},
    S#{victims := Victims#{V => Info}, monitors := Ms}.

requested(R, Monitors) ->
    receive {spawn_reply, R, ok, P} -> {P, Monitors#{R => {P, open}}} after ?LONG -> exit(no_spawn_reply) end.

victim() ->
    receive
        {die, Reason} -> exit(Reason);
        finish -> ok;
        {ping, Ref, From} -> From ! {pong, Ref}, victim()
    end.

%% A monitor or link made after a signal of ours that ends the victim finds nobody; one made after a message that asks
%% for its end may find nobody.
state_of(#{open := false}) -> closed;
state_of(#{reasons := []}) -> open;
state_of(_) -> perhaps.

act(K, V, #{monitors := Monitors, victims := Victims} = S) when K =< 3 ->
    R = case K of
            1 -> monitor(process, V, [{alias, demonitor}]);
            _ -> monitor(process, V)
        end,
    S#{monitors := Monitors#{R => {V, state_of(maps:get(V, Victims))}}};
act(4, _, #{monitors := Monitors} = S) when map_size(Monitors) > 0 ->
    R = one_of(maps:keys(Monitors)),
    demonitor(R, [flush]),
    S#{monitors := maps:remove(R, Monitors)};
act(5, _, #{monitors := Monitors} = S) when map_size(Monitors) > 0 ->
    R = one_of(maps:keys(Monitors)),
    case demonitor(R, [info]) of
        true -> S#{monitors := maps:remove(R, Monitors)};
        false -> S
    end;
act(6, V, #{victims := Victims} = S) ->
    case Victims of
        #{V := #{linked := false} = Info} ->
            link(V),
            S#{victims := Victims#{V := Info#{linked := state_of(Info)}}};
        _ -> S
    end;
act(7, V, #{victims := Victims} = S) ->
    unlink(V),
    receive {'EXIT', V, _} -> ok after 0 -> ok end,
    S#{victims := Victims#{V := (maps:get(V, Victims))#{linked := false}}};
act(8, V, S) -> sentence(V, one_of([kill, boom, {bad, below(10)}, shutdown]), S);
act(9, V, #{victims := Victims} = S) ->
    Large = [large, binary:copy(<<"x">>, 200)],
    {M, Reason} = one_of([{finish, normal}, {{die, by_message}, by_message}, {{die, Large}, Large}]),
    V ! M,
    S#{victims := Victims#{V := possible(Reason, maps:get(V, Victims))}};
act(10, V, S) -> exit(V, normal), S;
act(11, V, #{pings := Pings} = S) ->
    R = make_ref(),
    V ! {ping, R, self()},
    S#{pings := Pings#{R => V}};
act(12, V, S) ->
    try erlang:suspend_process(V) of
        true ->
            below(2) =:= 0 andalso erlang:yield(),
            catch erlang:resume_process(V)
    catch
        error:badarg -> sentenced(V, S) orelse exit({cannot_suspend, V})
    end,
    S;
act(13, V, S) -> look(V, S), S;
act(14, _, #{timers := Timers} = S) ->
    Ms = below(30),
    At = erlang:monotonic_time(millisecond) + Ms,
    S#{timers := Timers#{erlang:start_timer(Ms, self(), tick) => At}};
act(15, _, #{timers := Timers} = S) when map_size(Timers) > 0 ->
    R = one_of(maps:keys(Timers)),
    case erlang:cancel_timer(R) of
        false -> S;
        Left when is_integer(Left) -> S#{timers := maps:remove(R, Timers)}
    end;
act(16, V, #{victims := Victims} = S) ->
    Alive = is_process_alive(V),
    case state_of(maps:get(V, Victims)) of
        open -> Alive orelse exit({dead_too_soon, V});
        closed -> Alive andalso exit({alive_after_exit_signal, V});
        perhaps -> ok
    end,
    S;
act(17, V, S) -> erlang:garbage_collect(V), S;
act(_, _, S) -> take(below(4), S).

possible(Reason, #{open := true, reasons := Rs} = Info) -> Info#{reasons := [Reason | Rs]};
possible(_, Info) -> Info.

sentence(V, Reason, #{victims := Victims} = S) ->
    exit(V, Reason),
    Seen = case Reason of kill -> killed; _ -> Reason end,
    S#{victims := Victims#{V := (possible(Seen, maps:get(V, Victims)))#{open := false}}}.

sentenced(V, #{victims := Victims}) -> maps:get(reasons, maps:get(V, Victims)) =/= [].

%% The victim's own view must agree with the model: what was sent before is done when it answers.
look(V, #{victims := Victims, monitors := Monitors} = S) ->
    case process_info(V, [links, monitored_by, message_queue_len, memory, status]) of
        undefined -> sentenced(V, S) orelse exit({vanished, V});
        [{links, Links}, {monitored_by, By} | _] ->
            #{V := #{linked := Linked}} = Victims,
            lists:member(self(), Links) =:= (Linked =/= false) orelse exit({links_differ, V, Links, Linked}),
            Mine = length([R || {R, {W, _}} <- maps:to_list(Monitors), W =:= V]),
            length([P || P <- By, P =:= self()]) =:= Mine orelse exit({monitors_differ, V, By, Mine})
    end.

%% Takes some of the messages that are there.
take(0, S) -> S;
take(N, S) -> receive M -> take(N - 1, arrived(M, S)) after 0 -> S end.

arrived({'DOWN', R, process, V, Why}, #{monitors := Monitors, victims := Victims} = S) ->
    is_map_key(R, Monitors) orelse exit({unexpected_down, R, V, Why}),
    {{V, When}, Rest} = maps:take(R, Monitors),
    fits(Why, When, maps:get(V, Victims)) orelse exit({wrong_reason, down, Why, When, maps:get(V, Victims)}),
    S#{monitors := Rest};
arrived({'EXIT', V, Why}, #{victims := Victims} = S) ->
    is_map_key(V, Victims) orelse exit({unexpected_exit, V, Why}),
    #{V := #{linked := When} = Info} = Victims,
    When =/= false orelse exit({unexpected_exit, V, Why}),
    fits(Why, When, Info) orelse exit({wrong_reason, exit, Why, When, Info}),
    S#{victims := Victims#{V := Info#{linked := false}}};
arrived({timeout, R, tick}, #{timers := Timers} = S) ->
    is_map_key(R, Timers) orelse exit({unexpected_timeout, R}),
    {At, Rest} = maps:take(R, Timers),
    erlang:monotonic_time(millisecond) >= At orelse exit({timer_early, At}),
    S#{timers := Rest};
arrived({pong, R}, #{pings := Pings} = S) ->
    is_map_key(R, Pings) orelse exit({unexpected_pong, R}),
    S#{pings := maps:remove(R, Pings)};
arrived(Other, _) -> exit({unexpected, Other}).

fits(Why, closed, _) -> Why =:= noproc;
fits(noproc, perhaps, _) -> true;
fits(Why, _, #{reasons := Rs}) -> lists:member(Why, Rs).

%% All victims are sentenced: waits for everything that is still to come. Pings may be lost with their victims.
settle(#{monitors := Monitors, timers := Timers, victims := Victims} = S) ->
    Linked = [V || {V, #{linked := L}} <- maps:to_list(Victims), L =/= false],
    case {map_size(Monitors), map_size(Timers), Linked} of
        {0, 0, []} ->
            [is_process_alive(V) andalso exit({survived, V}) || V <- maps:keys(Victims)],
            lists:foldl(fun arrived/2, S, drain());
        _ ->
            receive M -> settle(arrived(M, S)) after ?LONG -> exit({never_came, S}) end
    end.

%%% Calls with an alias for the answer

caller(0) ->
    [] = drain(),
    200;
caller(N) ->
    Manner = one_of([answer, twice, die, late, never]),
    Server = spawn(fun() -> server(Manner) end),
    R = monitor(process, Server, [{alias, reply_demonitor}]),
    Server ! {call, R, N},
    Time = case Manner of late -> below(3); never -> below(3); _ -> ?LONG end,
    receive
        {R, N} when Manner =/= die, Manner =/= never -> ok;
        {'DOWN', R, process, Server, dies} when Manner =:= die -> ok;
        {R, Other} -> exit({wrong_answer, Manner, Other});
        {'DOWN', R, _, _, Why} -> exit({wrong_end, Manner, Why})
    after Time ->
        Time < ?LONG orelse exit({no_answer, Manner}),
        demonitor(R, [flush]),
        %% The answer may have come just before.
        receive {R, N} -> ok after 0 -> ok end
    end,
    exit(Server, kill),
    caller(N - 1).

server(Manner) ->
    receive
        {call, R, N} ->
            case Manner of
                answer -> R ! {R, N};
                twice -> R ! {R, N}, R ! {R, again};
                die -> exit(dies);
                late -> receive after below(3) -> R ! {R, N} end;
                never -> ok
            end,
            receive stop -> ok end
    end.

%%% Names

%% A name belongs to one process at a time: a cell for each counts who thinks to have it.
namer(0, _) -> 150;
namer(N, Cells) ->
    I = rand:uniform(length(?NAMES)),
    Name = lists:nth(I, ?NAMES),
    Keep = one_of([unregister, exit]),
    {P, R} = spawn_monitor(fun() -> take_name(Name, I, Cells, Keep) end),
    receive
        {'DOWN', R, process, P, ok} -> whereis(Name) =/= P orelse exit({name_of_the_dead, Name});
        {'DOWN', R, process, P, Why} -> exit({namer, Why})
    after ?LONG -> exit({namer_stuck, Name})
    end,
    namer(N - 1, Cells).

take_name(Name, I, Cells, Keep) ->
    try register(Name, self()) of
        true ->
            whereis(Name) =:= self() orelse exit(not_mine),
            atomics:add_get(Cells, I, 1) =:= 1 orelse exit(two_owners),
            Ref = make_ref(),
            Name ! {mine, Ref},
            receive {mine, Ref} -> ok after ?LONG -> exit(lost_over_name) end,
            atomics:sub(Cells, I, 1),
            Keep =:= exit orelse unregister(Name),
            exit(ok)
    catch
        error:badarg -> exit(ok)
    end.

%%% Suspension

suspender(Rounds) ->
    Counter = atomics:new(1, []),
    {P, R} = spawn_monitor(fun() -> ticker(Counter) end),
    suspend(Rounds, P, Counter),
    exit(P, kill),
    receive {'DOWN', R, process, P, killed} -> Rounds after ?LONG -> exit(ticker_lives) end.

ticker(Counter) ->
    atomics:add(Counter, 1, 1),
    receive stop -> ok after 0 -> ticker(Counter) end.

suspend(0, _, _) -> ok;
suspend(N, P, Counter) ->
    Times = rand:uniform(3),
    [true = erlang:suspend_process(P) || _ <- lists:seq(1, Times)],
    A = atomics:get(Counter, 1),
    receive after below(4) -> ok end,
    A =:= atomics:get(Counter, 1) orelse exit(runs_while_suspended),
    [true = erlang:resume_process(P) || _ <- lists:seq(1, Times)],
    wait_until(fun() -> atomics:get(Counter, 1) > A end, ?LONG div 10) orelse exit(never_resumed),
    suspend(N - 1, P, Counter).

%%% Families of linked processes that fall together

family(0) -> 6;
family(N) ->
    Size = 2 + below(60),
    Self = self(),
    Members = [spawn(fun() -> member() end) || _ <- lists:seq(1, Size)],
    %% A tree keeps them together, more links make it a net.
    Numbered = lists:zip(lists:seq(1, Size), Members),
    [P ! {link, lists:nth(rand:uniform(I - 1), Members)} || {I, P} <- Numbered, I > 1],
    [one_of(Members) ! {link, one_of(Members)} || _ <- lists:seq(1, below(Size))],
    Refs = [monitor(process, P) || P <- Members],
    [P ! {report, Self} || P <- Members],
    [receive {linked, P} -> ok after ?LONG -> exit(no_report) end || P <- Members],
    Reason = one_of([{fall, N}, boom, kill]),
    exit(one_of(Members), Reason),
    Seen = case Reason of kill -> killed; _ -> Reason end,
    [receive
         {'DOWN', R, process, _, Seen} -> ok;
         {'DOWN', R, process, _, Other} -> exit({wrong_reason, family, Other, Seen})
     after ?LONG -> exit({family_lives, Size})
     end || R <- Refs],
    [] = drain(),
    family(N - 1).

member() ->
    receive
        {link, P} -> link(P), member();
        {report, To} -> To ! {linked, self()}, member()
    end.
