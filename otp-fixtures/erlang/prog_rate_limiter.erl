%%% A counter that is reset now and then, under a supervisor that brings it back when it is killed, while its sibling keeps
%%% what it knows.
-module(prog_rate_limiter).
-behaviour(gen_server).
-export([main/0, start_link/1, start_server/1, increment/1, get_count/1, reset_every/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-record(state, {count = 0, every}).

main() ->
    logger:set_primary_config(level, none),
    {ok, Sup} = start_link([one, two]),
    [increment(one) || _ <- lists:seq(1, 5)],
    [increment(two) || _ <- lists:seq(1, 3)],
    show(counts),
    Old = whereis(one),
    exit(Old, kill),
    show(until(fun() -> is_pid(whereis(one)) andalso whereis(one) =/= Old end, 500)),
    show(counts),
    reset_every(two, 10),
    show(until(fun() -> get_count(two) =:= 0 end, 500)),
    increment(two),
    show(until(fun() -> get_count(two) =:= 0 end, 500)),
    show(lists:sort(supervisor:count_children(Sup))),
    %% Killed too often, all of them go.
    process_flag(trap_exit, true),
    [kill(one, Sup) || _ <- lists:seq(1, 3)],
    show(receive {'EXIT', Sup, Reason} -> {Reason, whereis(one), whereis(two)} after 5000 -> still_there end).

show(counts) -> show({get_count(one), get_count(two)});
show(X) -> io:format("~p~n", [X]).

kill(Name, Sup) ->
    Pid = whereis(Name),
    exit(Pid, kill),
    until(fun() -> not is_process_alive(Sup) orelse not lists:member(whereis(Name), [Pid, undefined]) end, 500).

until(_, 0) -> never;
until(F, N) ->
    case F() of
        true -> ok;
        false -> timer:sleep(5), until(F, N - 1)
    end.

start_link(Names) -> supervisor:start_link(?MODULE, {supervisor, Names}).
start_server(Name) -> gen_server:start_link({local, Name}, ?MODULE, server, []).
increment(Name) -> gen_server:call(Name, increment).
get_count(Name) -> gen_server:call(Name, get_count).
reset_every(Name, Ms) -> gen_server:cast(Name, {reset_every, Ms}).

init({supervisor, Names}) ->
    {ok, {#{strategy => one_for_one, intensity => 3, period => 60}, [#{id => N, start => {?MODULE, start_server, [N]}} || N <- Names]}};
init(server) -> {ok, #state{}}.

handle_call(increment, _From, S = #state{count = N}) -> {reply, N + 1, S#state{count = N + 1}};
handle_call(get_count, _From, S) -> {reply, S#state.count, S}.

handle_cast({reset_every, Ms}, S) ->
    erlang:send_after(Ms, self(), reset),
    {noreply, S#state{every = Ms}}.

handle_info(reset, S = #state{every = Ms}) ->
    erlang:send_after(Ms, self(), reset),
    {noreply, S#state{count = 0}}.
