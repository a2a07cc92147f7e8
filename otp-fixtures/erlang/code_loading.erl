%%% Loading, replacing and deleting modules: two versions, several modules at once, what is refused.
-module(code_loading).
-compile([export_all, nowarn_export_all]).

main() ->
    hot_code:quiet(),
    case_runner:main(?MODULE).

attempt(F) -> case_runner:attempt(?MODULE, F).

server(V) ->
    ["-export([loop/0, v/0]).", "-vsn(" ++ integer_to_list(V) ++ ").", "v() -> " ++ integer_to_list(V) ++ ".",
     "loop() -> receive {P, R, what} -> P ! {R, {v(), " ++ integer_to_list(V) ++ "}}, loop();",
     "  {P, R, outside} -> P ! {R, cl_two:v()}, loop(); {P, R, go} -> P ! {R, ok}, cl_two:loop() end."].

two_versions() ->
    {module, cl_two} = hot_code:load(cl_two, server(1)),
    {P, _} = hot_code:started(fun cl_two:loop/0),
    A = [hot_code:ask(P, Q) || Q <- [what, outside]],
    {module, cl_two} = hot_code:load(cl_two, server(2)),
    B = [hot_code:ask(P, Q) || Q <- [what, outside]],
    Old = {erlang:check_old_code(cl_two), erlang:check_process_code(P, cl_two)},
    Third = hot_code:load(cl_two, server(3)),
    ok = hot_code:ask(P, go),
    C = [hot_code:ask(P, Q) || Q <- [what, outside]],
    After = {erlang:check_old_code(cl_two), erlang:check_process_code(P, cl_two)},
    Purged = code:soft_purge(cl_two),
    {module, cl_two} = hot_code:load(cl_two, server(3)),
    D = [hot_code:ask(P, Q) || Q <- [what, outside]],
    {A, B, Old, Third, C, After, Purged, D, code:purge(cl_two), is_process_alive(P)}.

attributes_are_the_current_ones() ->
    M = fun(V) -> {module, cl_attr} = hot_code:load(cl_attr, ["-export([i/1, run/0]).", "-vsn(" ++ integer_to_list(V) ++ ").",
                   "i(X) -> cl_attr:module_info(X).", "run() -> receive {P, R, X} -> P ! {R, module_info(X)}, run() end."]) end,
    M(1),
    {P, _} = hot_code:started(fun cl_attr:run/0),
    A = {cl_attr:i(attributes), hot_code:ask(P, attributes)},
    M(2),
    B = {cl_attr:i(attributes), hot_code:ask(P, attributes), lists:sort(hot_code:ask(P, exports))},
    {A, B, cl_attr:module_info(md5) =:= erlang:md5(<<>>)}.

functions_come_and_go() ->
    {module, cl_f} = hot_code:load(cl_f, ["-export([a/0, b/0]).", "a() -> 1.", "b() -> 1."]),
    Fb = fun cl_f:b/0, Fc = fun cl_f:c/0,
    E = fun() -> [erlang:function_exported(cl_f, F, 0) || F <- [a, b, c]] end,
    A = {E(), Fb(), attempt(Fc)},
    {module, cl_f} = hot_code:load(cl_f, ["-export([a/0, c/0]).", "a() -> 2.", "c() -> 2."]),
    B = {E(), cl_f:a(), attempt(Fb), Fc()},
    false = code:delete(cl_f),
    false = code:purge(cl_f),
    true = code:delete(cl_f), C0 = code:delete(cl_f),
    code:purge(cl_f),
    C = {E(), attempt(Fc), erlang:module_loaded(cl_f), erlang:check_old_code(cl_f)},
    {A, B, C0, C}.

deleting() ->
    N = {erlang:delete_module(cl_never), erlang:check_old_code(cl_never), erlang:module_loaded(cl_never)},
    {module, cl_del} = hot_code:load(cl_del, ["-export([v/0]).", "v() -> 1."]),
    L = lists:member(cl_del, erlang:loaded()),
    A = {erlang:delete_module(cl_del), erlang:check_old_code(cl_del), erlang:module_loaded(cl_del), lists:member(cl_del, erlang:loaded())},
    B = attempt(fun() -> erlang:delete_module(cl_del) end),
    {module, cl_del} = hot_code:load(cl_del, ["-export([v/0]).", "v() -> 2."]),
    C = {cl_del:v(), erlang:check_old_code(cl_del), hot_code:load(cl_del, ["-export([v/0]).", "v() -> 3."])},
    D = {code:purge(cl_del), erlang:delete_module(cl_del), code:purge(cl_del), lists:member(cl_del, erlang:loaded()), erlang:delete_module(cl_del)},
    {N, L, A, B, C, D}.

many_at_once() ->
    Ms = [{N, hot_code:module(N, ["-export([v/0]).", "v() -> {" ++ atom_to_list(N) ++ ", 1}."])} || N <- [cl_a, cl_b, cl_c]],
    Ps = [erlang:prepare_loading(N, B) || {N, B} <- Ms],
    F = [erlang:has_prepared_code_on_load(P) || P <- Ps],
    ok = erlang:finish_loading(Ps),
    A = [N:v() || {N, _} <- Ms],
    Again = attempt(fun() -> erlang:finish_loading(Ps), nok end),
    Empty = erlang:finish_loading([]),
    {F, A, element(3, Again), Empty}.

%% Whoever sees that a module is loaded can call what it exports, though others are loaded with it.
loaded_is_callable() ->
    Names = ["f" ++ integer_to_list(I) || I <- lists:seq(1, 200)],
    Exports = lists:flatten(lists:join(", ", [N ++ "/0" || N <- Names])),
    Ms = [{N, hot_code:module(N, Lines)} || {N, Lines} <- [
        {cl_seen, ["-export([v/0]).", "v() -> 1."]},
        {cl_long, ["-export([" ++ Exports ++ "])." | [N ++ "() -> ok." || N <- Names]]}]],
    lists:usort([seen_loading(Ms) || _ <- lists:seq(1, 100)]).

seen_loading(Ms) ->
    Prepared = [erlang:prepare_loading(N, B) || {N, B} <- Ms],
    Self = self(),
    {P, Ref} = spawn_monitor(fun() -> Self ! looks, until_loaded(cl_seen), exit(erlang:function_exported(cl_seen, v, 0)) end),
    receive looks -> ok end,
    ok = erlang:finish_loading(Prepared),
    Seen = receive {'DOWN', Ref, _, P, R} -> R end,
    [begin true = erlang:delete_module(N), code:purge(N) end || {N, _} <- Ms],
    Seen.

until_loaded(M) ->
    case erlang:module_loaded(M) of
        true -> ok;
        false -> until_loaded(M)
    end.

many_atomically() ->
    Ms = [{N, "x.erl", hot_code:module(N, ["-export([v/0]).", "v() -> " ++ atom_to_list(N) ++ "."])} || N <- [cl_d, cl_e]],
    R = code:atomic_load(Ms),
    A = [N:v() || {N, _, _} <- Ms],
    R2 = code:atomic_load(Ms),
    R3 = code:atomic_load(Ms),
    {R, A, R2, sorted(R3), lists:sort([code:purge(N) || {N, _, _} <- Ms]), code:atomic_load(Ms)}.

sorted({error, L}) -> {error, lists:sort(L)};
sorted(X) -> X.

refused_lists() ->
    M = fun(N) -> hot_code:module(N, ["-export([v/0]).", "v() -> 1."]) end,
    O = hot_code:module(cl_ol, ["-on_load(go/0).", "-export([v/0]).", "go() -> ok.", "v() -> 1."]),
    P = fun(N) -> erlang:prepare_loading(N, M(N)) end,
    OP = erlang:prepare_loading(cl_ol, O),
    Twice = erlang:finish_loading([P(cl_g), P(cl_h), P(cl_g), P(cl_g), P(cl_h)]),
    OnLoad = class(fun() -> erlang:finish_loading([P(cl_g), OP]) end),
    ok = erlang:finish_loading([P(cl_g), P(cl_h)]),
    ok = erlang:finish_loading([P(cl_g), P(cl_h)]),
    Old = erlang:finish_loading([P(cl_g), P(cl_i), P(cl_h)]),
    {Twice, OnLoad, Old, erlang:module_loaded(cl_i), erlang:has_prepared_code_on_load(OP)}.

%% Whose fault it was, at the top of the stack.
refused_by() ->
    O = fun(N) -> erlang:prepare_loading(N, hot_code:module(N, ["-on_load(go/0).", "go() -> ok."])) end,
    [try erlang:finish_loading(F()) catch C:R:S -> {C, R, element(1, hd(S)), element(2, hd(S)), arity(element(3, hd(S)))} end
     || F <- [fun() -> [O(cl_s), O(cl_t)] end, fun() -> [make_ref()] end, fun() -> x end]].

arity(L) when is_list(L) -> length(L);
arity(A) -> A.

class(F) -> try F() catch C:R -> {C, R} end.

bad_arguments() ->
    R = make_ref(),
    [class(F) || F <- [
        fun() -> erlang:finish_loading(x) end, fun() -> erlang:finish_loading([x]) end,
        fun() -> erlang:finish_loading([R]) end, fun() -> erlang:finish_loading([R | x]) end,
        fun() -> erlang:has_prepared_code_on_load(R) end, fun() -> erlang:has_prepared_code_on_load(x) end,
        fun() -> erts_internal:prepare_loading("m", <<>>) end, fun() -> erts_internal:prepare_loading(m, x) end,
        fun() -> erts_internal:prepare_loading(m, <<1:3>>) end, fun() -> erlang:delete_module("m") end,
        fun() -> erlang:check_old_code(1) end, fun() -> erlang:module_loaded(1) end,
        fun() -> erlang:call_on_load_function(cl_none) end, fun() -> erlang:finish_after_on_load(cl_none, true) end,
        fun() -> erlang:finish_after_on_load(cl_none, maybe_not) end,
        fun() -> erts_internal:check_process_code(1) end, fun() -> erts_internal:purge_module(m, prepare) end,
        fun() -> erts_internal:beamfile_chunk(x, "Code") end, fun() -> erts_internal:beamfile_chunk(<<>>, "Cod") end,
        fun() -> erts_internal:beamfile_chunk(<<>>, "Code5") end, fun() -> erts_internal:beamfile_module_md5(x) end]].

bad_files() ->
    B = hot_code:module(cl_bad, ["-export([v/0]).", "v() -> {a, [1, 2, 3], \"x\"}."]),
    Half = byte_size(B) div 2,
    <<Start:Half/binary, _/binary>> = B,
    L = fun(X) -> erlang:load_module(cl_bad, X) end,
    {L(<<>>), L(<<"FOR1">>), L(<<"hello world, this is no module">>), L(Start),
     erlang:load_module(cl_other, B), erts_internal:prepare_loading(cl_bad, zlib:gzip(B)),
     code:load_binary(cl_bad, "f", <<"bad">>), erlang:module_loaded(cl_bad), L(zlib:gzip(B)), cl_bad:v()}.

chunks() ->
    B = hot_code:module(cl_ch, ["-export([v/0]).", "v() -> 1."]),
    C = fun(I) -> erts_internal:beamfile_chunk(B, I) end,
    <<Count:32/signed, _/binary>> = C("AtU8"),
    {module, cl_ch} = erlang:load_module(cl_ch, B),
    {abs(Count) > 1, C("None"), is_binary(C("Code")), erts_internal:beamfile_chunk(<<"nothing">>, "Code"),
     erts_internal:beamfile_module_md5(B) =:= cl_ch:module_info(md5), erts_internal:beamfile_module_md5(<<"x">>),
     code:module_md5(B) =:= cl_ch:module_info(md5)}.

code_server_answers() ->
    B = hot_code:module(cl_cs, ["-export([v/0]).", "v() -> 1."]),
    {code:load_binary(cl_cs, "/some/cl_cs.beam", B), element(2, code:ensure_loaded(cl_cs)),
     code:load_binary(cl_cs, "/some/cl_cs.beam", B), code:load_binary(cl_cs, "/some/cl_cs.beam", B),
     code:delete(cl_cs), code:delete(cl_cs), code:purge(cl_cs), code:ensure_loaded(cl_cs)}.

old_code_calls_new() ->
    {module, cl_x} = hot_code:load(cl_x, ["-export([run/1, v/0]).", "run(P) -> P ! in, receive go -> ok end, {v(), cl_x:v(), apply(cl_x, v, [])}.", "v() -> old."]),
    S = self(),
    {P, _} = spawn_monitor(fun() -> exit({res, cl_x:run(S)}) end),
    receive in -> ok end,
    {module, cl_x} = hot_code:load(cl_x, ["-export([run/1, v/0]).", "run(P) -> P.", "v() -> new."]),
    P ! go,
    receive {'DOWN', _, _, P, R} -> R end.

exceptions_of_old_code() ->
    {module, cl_y} = hot_code:load(cl_y, ["-export([run/1]).", "run(P) -> P ! in, receive go -> ok end, R = bad(P), {R}.", "bad(X) -> X + 1."]),
    S = self(),
    {P, _} = spawn_monitor(fun() -> exit(try cl_y:run(S) catch C:R:T -> {C, R, [{M, F, if is_list(A) -> length(A); true -> A end} || {M, F, A, _} <- T, M =:= cl_y]} end) end),
    receive in -> ok end,
    {module, cl_y} = hot_code:load(cl_y, ["-export([run/1]).", "run(P) -> P."]),
    P ! go,
    receive {'DOWN', _, _, P, R} -> R end.

while_others_call() ->
    M = fun(V) -> hot_code:module(cl_w, ["-export([v/0]).", "v() -> " ++ integer_to_list(V) ++ "."]) end,
    B = [M(V) || V <- [1, 2, 3]],
    {module, cl_w} = erlang:load_module(cl_w, hd(B)),
    S = self(),
    Ps = [spawn(fun() -> S ! {self(), calls(cl_w:v(), 0)} end) || _ <- lists:seq(1, 4)],
    [begin gone(cl_w), {module, cl_w} = erlang:load_module(cl_w, X), erlang:yield() end || _ <- lists:seq(1, 60), X <- B],
    [P ! stop || P <- Ps],
    [receive {P, R} -> R end || P <- Ps].

%% Purges when nobody is in the old version any more.
gone(M) -> code:soft_purge(M) orelse begin erlang:yield(), gone(M) end.

calls(V, N) when V =:= 1; V =:= 2; V =:= 3 ->
    receive stop -> fine after 0 -> calls(cl_w:v(), N + 1) end.
