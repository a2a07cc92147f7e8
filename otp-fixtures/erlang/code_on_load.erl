%%% Modules with an -on_load function: what happens until it has returned, and what becomes of the module.
-module(code_on_load).
-compile([export_all, nowarn_export_all]).

main() ->
    hot_code:quiet(),
    case_runner:main(?MODULE).

module(Name, V, OnLoad, More) ->
    hot_code:module(Name, ["-on_load(go/0).", "-export([v/0, go/0]).", "v() -> " ++ V ++ ".", "go() -> " ++ OnLoad ++ "." | More]).

load(Name, V, OnLoad) -> load(Name, V, OnLoad, []).
load(Name, V, OnLoad, More) -> code:load_binary(Name, "none", module(Name, V, OnLoad, More)).

success() ->
    A = load(co_s, "1", "ok"),
    B = {co_s:v(), erlang:module_loaded(co_s), erlang:check_old_code(co_s)},
    C = load(co_s, "2", "ok"),
    {A, B, C, co_s:v(), erlang:check_old_code(co_s), code:purge(co_s), co_s:v()}.

failures() ->
    [begin
         R = load(co_f, "1", How),
         {R, erlang:module_loaded(co_f), class(fun() -> co_f:v() end)}
     end || How <- ["nok", "{error, why}", "exit(x)", "error(y)", "throw(z)", "exit(ok)", "\"ok\""]].

class(F) -> try F() catch C:{R, X} when is_function(X) -> {C, R}; C:R -> {C, R} end.

failure_keeps_the_current_version() ->
    {module, co_k} = load(co_k, "1", "ok"),
    A = {load(co_k, "2", "no"), co_k:v(), erlang:check_old_code(co_k)},
    {module, co_k} = load(co_k, "3", "ok"),
    B = {co_k:v(), erlang:check_old_code(co_k)},
    C = {load(co_k, "4", "no"), co_k:v(), erlang:check_old_code(co_k)},
    {module, co_k} = load(co_k, "5", "ok"),
    {A, B, C, co_k:v()}.

by_hand() ->
    P = erlang:prepare_loading(co_h, module(co_h, "1", "7", [])),
    A = {erlang:has_prepared_code_on_load(P), erlang:finish_loading([P]), erlang:module_loaded(co_h), class(fun() -> erlang:finish_after_on_load(co_h, x) end)},
    B = erlang:call_on_load_function(co_h),
    C = {erlang:finish_after_on_load(co_h, true), erlang:module_loaded(co_h), co_h:v(), class(fun() -> erlang:call_on_load_function(co_h) end), class(fun() -> erlang:finish_after_on_load(co_h, true) end)},
    D = erlang:load_module(co_h, module(co_h, "2", "8", [])),
    E = {erlang:call_on_load_function(co_h), co_h:v(), erts_code_purger:finish_after_on_load(co_h, false), co_h:v(), erlang:check_old_code(co_h)},
    {A, B, C, D, E}.

%% Who calls the module while its function runs waits for the outcome.
callers_wait() ->
    S = self(),
    register(co_test, S),
    B = module(co_w, "1", "co_test ! {self(), running}, receive go -> ok end", []),
    L = spawn(fun() -> S ! {loaded, code:load_binary(co_w, "none", B)} end),
    R = receive {Runner, running} -> Runner end,
    Before = erlang:module_loaded(co_w),
    Ps = [element(1, hot_code:started(fun() -> X = co_w:v(), receive {P, Ref, _} -> P ! {Ref, X} end end)) || _ <- [1, 2, 3]],
    M = spawn(fun() -> S ! {ensured, code:ensure_loaded(co_w)} end),
    R ! go,
    A = {receive {loaded, X} -> X end, receive {ensured, Y} -> Y end, [hot_code:ask(P, x) || P <- Ps]},
    unregister(co_test),
    {Before, A, is_pid(L), is_pid(M), erlang:module_loaded(co_w)}.

callers_wait_in_vain() ->
    S = self(),
    register(co_test, S),
    B = module(co_v, "1", "co_test ! {self(), running}, receive go -> nok end", []),
    spawn(fun() -> S ! {loaded, code:load_binary(co_v, "none", B)} end),
    R = receive {Runner, running} -> Runner end,
    Ps = [element(1, hot_code:started(fun() -> X = class(fun co_v:v/0), receive {P, Ref, _} -> P ! {Ref, X} end end)) || _ <- [1, 2]],
    R ! go,
    A = {receive {loaded, X} -> X end, [hot_code:ask(P, x) || P <- Ps]},
    unregister(co_test),
    A.

%% With a version there is, calls go on in it.
callers_of_the_current_version_go_on() ->
    S = self(),
    {module, co_c} = load(co_c, "1", "ok"),
    register(co_test, S),
    B = module(co_c, "2", "co_test ! {self(), running}, receive go -> ok end", []),
    spawn(fun() -> S ! {loaded, code:load_binary(co_c, "none", B)} end),
    R = receive {Runner, running} -> Runner end,
    A = {co_c:v(), erlang:module_loaded(co_c), erlang:check_old_code(co_c)},
    R ! go,
    L = receive {loaded, X} -> X end,
    unregister(co_test),
    {A, L, co_c:v(), erlang:check_old_code(co_c)}.

calls_its_own_module() ->
    {load(co_own, "1", "case catch co_own:v() of {'EXIT', {undef, _}} -> ok; X -> {got, X} end"), class(fun() -> co_own:v() end),
     load(co_own, "2", "case v() of 2 -> ok; X -> {got, X} end"), co_own:v(),
     load(co_own, "3", "case co_own:v() of 2 -> ok; X -> {got, X} end"), co_own:v()}.

makes_funs() ->
    register(co_test, self()),
    A = load(co_fun, "1", "co_test ! {f, fun() -> v() end}, ok"),
    F = receive {f, X} -> X end,
    B = F(),
    C = load(co_fun, "2", "co_test ! {f, fun() -> {v(), 2} end}, nok"),
    G = receive {f, Y} -> Y end,
    unregister(co_test),
    {A, B, C, class(G), F(), co_fun:v()}.

%% What the function has started dies with the code that failed.
processes_of_the_failed_version() ->
    register(co_test, self()),
    A = load(co_p, "1", "P = spawn(fun first/0), P ! {go, self()}, receive runs -> co_test ! {p, P} end, nok",
             ["first() -> receive {go, S} -> S ! runs end, loop().", "loop() -> receive x -> loop() end."]),
    P = receive {p, X} -> X end,
    R = monitor(process, P),
    B = receive {'DOWN', R, _, _, Why} -> Why end,
    unregister(co_test),
    {A, B =:= killed orelse B =:= noproc, erlang:module_loaded(co_p)}.

sets_persistent_terms() ->
    {load(co_t, "persistent_term:get(co_t)", "persistent_term:put(co_t, {a, [literal]}), ok"), co_t:v(),
     load(co_t, "1", "nok"), co_t:v(), persistent_term:erase(co_t)}.

others_with_it() ->
    M = hot_code:module(co_o1, ["-export([v/0]).", "v() -> 1."]),
    O = module(co_o2, "2", "ok", []),
    R = code:atomic_load([{co_o1, "none", M}, {co_o2, "none", O}]),
    {R, [erlang:module_loaded(X) || X <- [co_o1, co_o2]]}.
