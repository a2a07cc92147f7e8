%%% OTP's supervisor over workers of ours that crash: restarts, strategies, intensity, shutdown, dynamic children.
-module(otp_supervisor).
-behaviour(supervisor).
-export([main/0, init/1, worker/2, loop/1]).
-export([one_for_one/0, one_for_all/0, rest_for_one/0, simple_one_for_one/0, intensity_exceeded/0, temporary_not_restarted/0, transient/0, which_children/0, count_children/0,
    start_terminate_restart_delete/0, shutdown_order/0, brutal_kill/0, nested/0, start_error/0, bad_specs/0, killed_worker_restarts/0, gen_server_worker/0, check_childspecs/0, get_childspec/0]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

init({Flags, Specs}) -> {ok, {Flags, Specs}};
init(Other) -> Other.

worker(Name, Report) -> P = proc_lib:spawn_link(?MODULE, loop, [{Name, Report}]), Report ! {started, Name, P}, {ok, P}.
loop({Name, _} = S) ->
    receive
        {crash, R} -> exit(R);
        {ping, F} -> F ! {pong, Name}, loop(S);
        stop -> ok
    end.

spec(Name) -> #{id => Name, start => {?MODULE, worker, [Name, self()]}, shutdown => 100}.
sup(Flags, Specs) -> process_flag(trap_exit, true), supervisor:start_link(?MODULE, {Flags, Specs}).
started(Name) -> receive {started, Name, P} -> P after 5000 -> {not_started, Name} end.
nothing_started() -> receive {started, N, _} -> {started, N} after 30 -> nothing end.
crash(P, R) -> M = monitor(process, P), P ! {crash, R}, receive {'DOWN', M, _, _, W} -> W end.
stop(S) -> M = monitor(process, S), unlink(S), exit(S, shutdown), receive {'DOWN', M, _, _, W} -> W after 5000 -> timeout end.
alive(L) -> [is_process_alive(P) || P <- L].

one_for_one() -> {ok, S} = sup(#{}, [spec(a), spec(b)]), A = started(a), B = started(b), crash(A, oops), A2 = started(a), R = {A =/= A2, alive([A, A2, B])}, {R, nothing_started(), stop(S)}.
one_for_all() -> {ok, S} = sup(#{strategy => one_for_all}, [spec(a), spec(b), spec(c)]), Ps = [started(N) || N <- [a, b, c]], crash(lists:nth(2, Ps), oops), Qs = [started(N) || N <- [a, b, c]], {alive(Ps), alive(Qs), stop(S)}.
rest_for_one() -> {ok, S} = sup(#{strategy => rest_for_one}, [spec(a), spec(b), spec(c)]), Ps = [started(N) || N <- [a, b, c]], crash(lists:nth(2, Ps), oops), Qs = [started(N) || N <- [b, c]], {alive(Ps), alive(Qs), nothing_started(), stop(S)}.
simple_one_for_one() -> {ok, S} = sup(#{strategy => simple_one_for_one, intensity => 5}, [#{id => w, start => {?MODULE, worker, []}}]), Me = self(), Ps = [begin {ok, P} = supervisor:start_child(S, [N, Me]), _ = started(N), P end || N <- [x, y, z]], crash(hd(Ps), bang), X2 = started(x), ok = supervisor:terminate_child(S, X2), {alive(Ps), is_process_alive(X2), lists:sort(supervisor:count_children(S)), stop(S)}.
intensity_exceeded() -> {ok, S} = sup(#{intensity => 2, period => 10}, [spec(a)]), M = monitor(process, S), [begin P = started(a), crash(P, again) end || _ <- [1, 2, 3]], receive {'DOWN', M, _, _, W} -> W after 5000 -> timeout end.
temporary_not_restarted() -> {ok, S} = sup(#{}, [(spec(a))#{restart => temporary}]), A = started(a), crash(A, x), {nothing_started(), supervisor:which_children(S), stop(S)}.
transient() -> {ok, S} = sup(#{intensity => 3}, [(spec(a))#{restart => transient}]), A = started(a), crash(A, abnormal), B = started(a), M = monitor(process, B), B ! stop, receive {'DOWN', M, _, _, normal} -> ok end, {nothing_started(), supervisor:which_children(S), stop(S)}.
which_children() -> {ok, S} = sup(#{}, [spec(a), (spec(b))#{type => supervisor, modules => dynamic}]), _ = {started(a), started(b)}, R = [{I, is_pid(P), T, M} || {I, P, T, M} <- supervisor:which_children(S)], {R, stop(S)}.
count_children() -> {ok, S} = sup(#{}, [spec(a), spec(b)]), _ = {started(a), started(b)}, {lists:sort(supervisor:count_children(S)), stop(S)}.
start_terminate_restart_delete() ->
    {ok, S} = sup(#{}, []),
    {ok, P} = supervisor:start_child(S, spec(d)),
    A = supervisor:start_child(S, spec(d)) =:= {error, {already_started, P}},
    B = supervisor:terminate_child(S, d),
    C = supervisor:start_child(S, spec(d)),
    {ok, Q} = supervisor:restart_child(S, d),
    D = supervisor:delete_child(S, d),
    E = supervisor:terminate_child(S, d),
    F = supervisor:delete_child(S, d),
    G = supervisor:delete_child(S, nosuch),
    H = supervisor:restart_child(S, nosuch),
    {A, B, C, alive([P, Q]), D, E, F, G, H, stop(S)}.
shutdown_order() -> {ok, S} = sup(#{}, [spec(a), spec(b), spec(c)]), Ps = [{started(N), N} || N <- [a, b, c]], Ms = [{monitor(process, P), N} || {P, N} <- Ps], unlink(S), exit(S, shutdown), [receive {'DOWN', M, _, _, W} -> {element(2, lists:keyfind(M, 1, Ms)), W} after 5000 -> timeout end || _ <- Ms].
brutal_kill() -> {ok, S} = sup(#{}, [(spec(a))#{shutdown => brutal_kill}]), M = monitor(process, started(a)), [stop(S), receive {'DOWN', M, _, _, W} -> W after 5000 -> timeout end].
nested() ->
    Me = self(),
    Inner = #{id => inner, type => supervisor, start => {supervisor, start_link, [?MODULE, {#{intensity => 1, period => 5}, [#{id => w, start => {?MODULE, worker, [w, Me]}}]}]}},
    {ok, S} = sup(#{intensity => 5}, [Inner]),
    W1 = started(w), crash(W1, one), W2 = started(w), crash(W2, two), W3 = started(w),
    {alive([W1, W2, W3]), length(supervisor:which_children(S)), stop(S)}.
start_error() -> process_flag(trap_exit, true), R = supervisor:start_link(?MODULE, {#{}, [#{id => bad, start => {erlang, apply, [fun() -> {error, no_way} end, []]}}]}), case R of {error, {shutdown, {failed_to_start_child, bad, W}}} -> {failed, W}; X -> X end.
bad_specs() -> process_flag(trap_exit, true), [supervisor:start_link(?MODULE, {#{strategy => nonsense}, []}), supervisor:start_link(?MODULE, {#{}, [#{id => x}]}), supervisor:start_link(?MODULE, ignore), supervisor:start_link(?MODULE, rubbish)].
killed_worker_restarts() -> {ok, S} = sup(#{}, [spec(a)]), A = started(a), exit(A, kill), B = started(a), B ! {ping, self()}, R = receive {pong, N} -> N after 5000 -> none end, {R, stop(S)}.
gen_server_worker() -> {ok, S} = sup(#{}, [#{id => srv, start => {gen_server, start_link, [{local, sup_srv}, otp_server, x, []]}}]), A = gen_server:call(sup_srv, {add, 4}), P = whereis(sup_srv), catch gen_server:call(sup_srv, crash), wait_new(P, 1000), B = gen_server:call(sup_srv, get), {A, B, stop(S), whereis(sup_srv)}.
wait_new(P, N) when N > 0 -> case whereis(sup_srv) of undefined -> receive after 1 -> wait_new(P, N - 1) end; P -> receive after 1 -> wait_new(P, N - 1) end; _ -> ok end.
check_childspecs() -> [supervisor:check_childspecs([spec(a)]), supervisor:check_childspecs([spec(a), spec(a)]), supervisor:check_childspecs([{x, {m, f, []}, permanent, 5, worker, [m]}]), supervisor:check_childspecs([{x, y}])].
get_childspec() -> {ok, S} = sup(#{}, [spec(a)]), {ok, M} = supervisor:get_childspec(S, a), _ = started(a), {lists:sort(maps:keys(M)), supervisor:get_childspec(S, zz), stop(S)}.
