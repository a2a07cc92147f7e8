%%% The demo: a worker under OTP's own supervisor crashes twice, is restarted each time, and goes on counting.
-module(prog_supervised).
-behaviour(supervisor).
-export([main/0, init/1]).
-export([start_worker/1]).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    {ok, Sup} = supervisor:start_link({local, demo_sup}, ?MODULE, self()),
    lists:foreach(fun round/1, [1, 2, 3]),
    io:format("children: ~p~n", [supervisor:count_children(Sup)]),
    unlink(Sup),
    exit(Sup, shutdown),
    io:format("done~n").

round(N) ->
    receive {up, Pid} ->
        io:format("worker ~w is up, registered: ~w~n", [N, whereis(demo_worker) =:= Pid]),
        demo_worker ! {add, self(), N},
        receive {sum, S} -> io:format("worker ~w says ~w~n", [N, S]) end,
        case N < 3 of
            true -> demo_worker ! crash;
            false -> ok
        end
    end.

init(Report) ->
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10},
          [#{id => worker, start => {?MODULE, start_worker, [Report]}}]}}.

start_worker(Report) ->
    Pid = proc_lib:spawn_link(fun() -> register(demo_worker, self()), Report ! {up, self()}, loop(Report, 100) end),
    {ok, Pid}.

loop(Report, Sum) ->
    receive
        {add, From, N} -> From ! {sum, Sum + N}, loop(Report, Sum + N);
        crash -> error(worker_crashed)
    end.
