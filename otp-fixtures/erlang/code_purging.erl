%%% Purging old code: who is killed by it and who is not, funs of old code, literals that outlive their module.
-module(code_purging).
-compile([export_all, nowarn_export_all]).
-helpers([wait]).

main() ->
    hot_code:quiet(),
    case_runner:main(?MODULE).

version(Name, V, Lines) ->
    {module, Name} = hot_code:load(Name, ["-export([v/0, loop/0, deep/1, catching/0, in_try/0, f/0, f/1, lit/0, tail/1, call/1]).", "-compile([export_all, nowarn_export_all]).",
        "v() -> " ++ V ++ ".", "f() -> fun() -> " ++ V ++ " end.", "f(X) -> fun(Y) -> {X, Y, " ++ V ++ "} end.",
        "loop() -> receive {P, R, Q} -> P ! {R, {v(), Q}}, loop() end.",
        "deep(0) -> loop(); deep(N) -> X = deep(N - 1), {X}.",
        "catching() -> X = (catch outside(fun loop/0)), {X}.", "outside(F) -> Y = F(), {Y}.",
        "in_try() -> try code_purging:wait() catch _:E -> {E, v()} end.",
        "tail(M) -> code_purging:wait(), M:v().", "call(F) -> R = F(), {R}.",
        "lit() -> {" ++ V ++ ", [1, 2, {\"text\", 1.5}], <<\"some bytes that are a literal\">>, #{a => [b], \"k\" => {v}}}." | Lines]).

wait() -> receive go -> ok end.

%% What became of each process when the old code was purged.
fates(Ps) -> [receive {'DOWN', R, _, _, Why} -> Why after 0 -> alive end || {_, R} <- Ps].

kills_what_runs_old_code() ->
    version(cp_k, "1", []),
    Ps = [hot_code:started(F) || F <- [fun cp_k:loop/0, fun() -> cp_k:deep(50) end, fun cp_k:catching/0, fun cp_k:in_try/0,
        fun() -> cp_k:tail(cp_k) end, fun wait/0, fun() -> cp_k:v(), wait() end, fun() -> apply(cp_k, loop, []) end,
        fun() -> erlang:hibernate(cp_k, loop, []) end, fun() -> X = cp_k:f(), wait(), X() end,
        fun() -> put(f, cp_k:f()), wait() end, fun() -> {ok, cp_k:call(fun wait/0)} end]],
    None = code:purge(cp_k),
    version(cp_k, "2", []),
    Uses = [erlang:check_process_code(P, cp_k) || {P, _} <- Ps],
    Soft = code:soft_purge(cp_k),
    Alive = fates(Ps),
    Did = code:purge(cp_k),
    {None, Uses, Soft, Alive, Did, fates(Ps), erlang:check_old_code(cp_k), code:purge(cp_k)}.

soft_purge() ->
    version(cp_s, "1", []),
    A = code:soft_purge(cp_s),
    {P, R} = hot_code:started(fun cp_s:loop/0),
    version(cp_s, "2", []),
    B = {code:soft_purge(cp_s), is_process_alive(P), hot_code:ask(P, x)},
    exit(P, kill), receive {'DOWN', R, _, _, _} -> ok end,
    {A, B, code:soft_purge(cp_s), code:soft_purge(cp_s), cp_s:v(), code:soft_purge(cp_never), code:purge(cp_never)}.

checks_of_processes() ->
    version(cp_c, "1", []),
    {P, _} = hot_code:started(fun cp_c:loop/0),
    A = erlang:check_process_code(P, cp_c),
    version(cp_c, "2", []),
    Async = erlang:check_process_code(P, cp_c, [{async, id}]),
    B = receive {check_process_code, id, Res} -> Res end,
    C = [erlang:check_process_code(P, cp_c, [{allow_gc, X}]) || X <- [true, false]],
    D = {erlang:check_process_code(self(), cp_c), erts_internal:check_process_code(cp_c), erlang:check_process_code(self(), cp_never)},
    exit(P, kill),
    wait_gone(P),
    E = erlang:check_process_code(P, cp_c),
    F = [case_runner:attempt(G) || G <- [fun() -> erlang:check_process_code(x, cp_c) end, fun() -> erlang:check_process_code(P, 1) end,
         fun() -> erlang:check_process_code(P, cp_c, [x]) end]],
    {A, Async, B, C, D, E, F, code:soft_purge(cp_c)}.

wait_gone(P) -> R = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end.

one_that_checks_itself() ->
    version(cp_self, "1", ["check() -> receive {P, R, _} -> P ! {R, {erlang:check_process_code(self(), cp_self), erts_internal:check_process_code(cp_self)}} end, check()."]),
    {P, _} = hot_code:started(fun cp_self:check/0),
    A = hot_code:ask(P, x),
    version(cp_self, "2", []),
    {A, hot_code:ask(P, x), code:purge(cp_self), is_process_alive(P)}.

one_that_purges_itself() ->
    version(cp_own, "1", ["purge(P) -> receive go -> ok end, R = code:purge(cp_own), P ! {still_here, R}."]),
    S = self(),
    {P, _} = spawn_monitor(cp_own, purge, [S]),
    version(cp_own, "2", []),
    P ! go,
    receive {'DOWN', _, _, P, R} -> R; {still_here, X} -> {still_here, X} end.

funs_of_old_code() ->
    version(cp_f, "1", []),
    F = cp_f:f(), G = cp_f:f(env),
    A = {F(), G(y)},
    version(cp_f, "2", []),
    B = {F(), G(y), (cp_f:f())()},
    true = code:soft_purge(cp_f),
    C = [class(fun() -> H() end) || H <- [F, fun() -> G(y) end]],
    D = [erlang:fun_info(F, I) || I <- [module, arity, type, env]],
    {A, B, C, D, F =:= cp_f:f(), F =:= F}.

class(F) -> try F() catch C:{R, X} when is_function(X) -> {C, R, erlang:fun_info(X, module)}; C:R -> {C, R} end.

%% The very same code again: its funs are the old ones.
funs_of_the_same_code() ->
    version(cp_same, "1", []),
    F = cp_same:f(x),
    version(cp_same, "1", []),
    A = {F(1), F =:= cp_same:f(x)},
    B = code:soft_purge(cp_same),
    C = F(2),
    true = code:delete(cp_same),
    D = F(3),
    code:purge(cp_same),
    E = class(fun() -> F(4) end),
    version(cp_same, "1", []),
    {A, B, C, D, E, F(5)}.

funs_of_a_module_that_is_gone() ->
    version(cp_g, "1", []),
    F = cp_g:f(),
    true = code:delete(cp_g),
    A = F(),
    false = code:purge(cp_g),
    B = class(F),
    Old = process_flag(error_handler, ?MODULE),
    C = F(),
    process_flag(error_handler, Old),
    {A, B, C}.

undefined_lambda(M, F, Args) -> {handled, M, is_function(F), Args}.
undefined_function(M, F, Args) -> error_handler:undefined_function(M, F, Args).

%% Calls of the fun while the module is purged in vain, and when it is purged.
funs_called_meanwhile() ->
    version(cp_m, "1", []),
    F = cp_m:f(x),
    {P, R} = hot_code:started(fun cp_m:loop/0),
    version(cp_m, "2", []),
    S = self(),
    Ps = [spawn(fun() -> S ! {self(), calling(F, 0)} end) || _ <- lists:seq(1, 3)],
    Softs = lists:usort([code:soft_purge(cp_m) || _ <- lists:seq(1, 50)]),
    [C ! stop || C <- Ps],
    Called = [receive {C, Answer} -> Answer end || C <- Ps],
    Qs = [spawn(fun() -> S ! {self(), calling(F, 0)} end) || _ <- lists:seq(1, 3)],
    exit(P, kill), receive {'DOWN', R, _, _, _} -> ok end,
    Purged = purge_until(cp_m),
    Ended = [receive {Q, Answer} -> Answer end || Q <- Qs],
    {Softs, Called, Purged, Ended}.

%% A soft purge can meet a process that is in the fun.
purge_until(M) -> code:soft_purge(M) orelse purge_until(M).

calling(F, N) ->
    try F(N) of
        {x, N, 1} -> receive stop -> fine after 0 -> calling(F, N + 1) end
    catch
        error:{badfun, _} -> badfun
    end.

literals_outlive_their_module() ->
    version(cp_l, "\"one\"", []),
    L = cp_l:lit(),
    Copy = binary_to_term(term_to_binary(L)),
    S = self(),
    Keep = fun(How) -> hot_code:started(fun() -> X = How(cp_l:lit()), receive {P, R, show} -> P ! {R, X()} end end) end,
    Ps = [Keep(K) || K <- [fun(X) -> fun() -> X end end, fun(X) -> put(x, X), fun() -> get(x) end end,
          fun(X) -> self() ! {q, X}, fun() -> receive {q, Y} -> Y end end end,
          fun(X) -> erlang:send_after(20, self(), {q, X}), fun() -> receive {q, Y} -> Y end end end,
          fun(X) -> E = ets:new(e, []), ets:insert(E, {1, X}), fun() -> ets:lookup_element(E, 1, 2) end end,
          fun(X) -> Q = spawn(fun() -> receive {go, To} -> To ! {q, X} end end), fun() -> Q ! {go, self()}, receive {q, Y} -> Y end end end,
          fun(X) -> persistent_term:put(cp_l_key, X), fun() -> persistent_term:get(cp_l_key) end end,
          fun(X) -> F = fun() -> X end, F end,
          fun(X) -> [Y | _] = lists:duplicate(3, element(2, X)), fun() -> setelement(2, X, Y) end end]],
    S ! {mine, cp_l:lit()},
    version(cp_l, "2", []),
    Purged = code:purge(cp_l),
    [erlang:garbage_collect(P) || {P, _} <- Ps],
    erlang:garbage_collect(),
    %% What is freed is used again.
    [begin version(cp_l, integer_to_list(V), []), code:purge(cp_l) end || V <- lists:seq(3, 6)],
    Mine = receive {mine, X} -> X end,
    persistent_term:erase(cp_l_key_other),
    Answers = [hot_code:ask(P, show) =:= Copy || {P, _} <- Ps],
    persistent_term:erase(cp_l_key),
    {Purged, L =:= Copy, Mine =:= Copy, Answers, L}.

many_times() ->
    Run = fun(V) ->
        version(cp_t, integer_to_list(V), []),
        {P, R} = hot_code:started(fun cp_t:loop/0),
        {Q, T} = hot_code:started(fun() -> X = cp_t:lit(), F = cp_t:f(X), receive {B, C, D} -> B ! {C, {D, X, F}} end, wait() end),
        {cp_t:v(), P, R, Q, T}
    end,
    lists:foldl(fun(V, Before) ->
        {V, P, R, Q, T} = Run(V),
        [begin true = code:purge(cp_t) end || Before =/= none],
        case Before of
            none -> ok;
            {_, P0, R0, Q0, T0} ->
                receive {'DOWN', R0, _, P0, killed} -> ok end,
                {x, L, F} = hot_code:ask(Q0, x),
                W = V - 1,
                {W, _, _, _} = L,
                {error, badfun, _} = class(fun() -> F(1) end),
                exit(Q0, kill), receive {'DOWN', T0, _, _, _} -> ok end
        end,
        {V, P, R, Q, T}
    end, none, lists:seq(1, 12)),
    cp_t:v().

two_at_a_time() ->
    Names = [cp_p1, cp_p2, cp_p3],
    [version(N, "1", []) || N <- Names],
    Ps = [hot_code:started(fun N:loop/0) || N <- Names],
    [version(N, "2", []) || N <- Names],
    S = self(),
    [spawn(fun() -> S ! {N, code:purge(N)} end) || N <- Names],
    Did = [receive {N, D} -> D end || N <- Names],
    {Did, [receive {'DOWN', R, _, _, Why} -> Why end || {_, R} <- Ps]}.

purger_itself() ->
    version(cp_q, "1", []),
    version(cp_q, "2", []),
    A = erts_code_purger:purge(cp_q),
    version(cp_q, "3", []),
    B = erts_code_purger:soft_purge(cp_q),
    {A, B, erts_code_purger:purge(cp_q), erts_code_purger:purge(cp_nothing)}.
