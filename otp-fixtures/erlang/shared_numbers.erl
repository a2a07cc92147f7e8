%%% Modules `atomics`, `counters` and `persistent_term`: every function, with the values at the edges and bad arguments.
-module(shared_numbers).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(F).
limits(false) -> {0, 1 bsl 64 - 1};
limits(true) -> {-(1 bsl 63), 1 bsl 63 - 1}.

atomics_new() -> [{N, O, case e(fun() -> atomics:new(N, O) end) of R when is_reference(R) -> ok; X -> X end}
                  || {N, O} <- [{1, []}, {1, [{signed, true}]}, {1, [{signed, false}]}, {0, []}, {-1, []}, {a, []}, {1.0, []},
                                {1 bsl 70, []}, {1, foo}, {1, [signed]}, {1, [{signed, 1}]}, {1, [{signed, true} | x]}, {1, [{foo, true}]}]].

%% Each operation at the edges of each kind, with what it answers and leaves.
atomics_edges() ->
    [begin
         R = atomics:new(3, [{signed, Signed}]), {Min, Max} = limits(Signed),
         [begin
              ok = atomics:put(R, 2, V),
              X = e(fun() -> apply(atomics, F, [R, 2 | A]) end),
              {F, V, A, X, atomics:get(R, 2), atomics:get(R, 1), atomics:get(R, 3)}
          end || V <- [Min, Max, 5],
                 {F, A} <- [{add, [1]}, {add, [-1]}, {sub, [1]}, {sub, [-1]}, {add_get, [Max]}, {sub_get, [Max]}, {add, [Min]},
                            {sub, [Min]}, {add_get, [1]}, {sub_get, [1]}, {exchange, [Max]}, {exchange, [Min]},
                            {compare_exchange, [5, 6]}, {compare_exchange, [Max, Min]}, {put, [0]}]]
     end || Signed <- [true, false]].

atomics_out_of_range() ->
    [begin
         R = atomics:new(1, [{signed, Signed}]), {Min, Max} = limits(Signed),
         [{F, A, e(fun() -> apply(atomics, F, [R, 1 | A]) end)}
          || {F, A} <- [{F, [V]} || F <- [put, add, sub, add_get, sub_get, exchange],
                                    V <- [Min - 1, Max + 1, 1 bsl 64, -(1 bsl 64), 1.0, a]]
                 ++ [{compare_exchange, A} || A <- [[Min - 1, 0], [0, Max + 1], [a, 0], [0, a]]]]
     end || Signed <- [true, false]].

atomics_bad_places() ->
    R = atomics:new(2, []),
    [{F, I, e(fun() -> apply(atomics, F, [R, I | A]) end)}
     || {F, A} <- [{get, []}, {put, [1]}, {add, [1]}, {sub, [1]}, {add_get, [1]}, {sub_get, [1]}, {exchange, [1]}, {compare_exchange, [0, 1]}],
        I <- [0, 3, -1, a, 1.0, 1 bsl 70]].

atomics_bad_references() ->
    [{F, e(fun() -> apply(atomics, F, [R, 1 | A]) end)}
     || {F, A} <- [{get, []}, {put, [1]}, {add, [1]}, {sub, [1]}, {add_get, [1]}, {sub_get, [1]}, {exchange, [1]}, {compare_exchange, [0, 1]}],
        R <- [a, make_ref(), counters:new(1, [write_concurrency])]] ++ [e(fun() -> atomics:info(X) end) || X <- [a, make_ref(), {}]].

atomics_info() ->
    [maps:remove(memory, atomics:info(atomics:new(N, [{signed, S}]))) || N <- [1, 7], S <- [true, false]].

atomics_memory_grows() ->
    #{memory := A} = atomics:info(atomics:new(1, [])), #{memory := B} = atomics:info(atomics:new(1001, [])), B - A.

atomics_of_many() ->
    R = atomics:new(1, []), Self = self(),
    [spawn(fun() -> [atomics:add(R, 1, I) || I <- lists:seq(1, 1000)], Self ! done end) || _ <- lists:seq(1, 8)],
    [receive done -> ok end || _ <- lists:seq(1, 8)],
    atomics:get(R, 1).

atomics_trace() -> atomics:get(atomics:new(1, []), 2).

counters_new() -> [{N, O, case e(fun() -> counters:new(N, O) end) of {'!', _, _} = X -> X; _ -> ok end}
                   || {N, O} <- [{1, []}, {1, [atomics]}, {1, [write_concurrency]}, {0, []}, {-1, []}, {a, []}, {1 bsl 70, []}, {1, foo},
                                 {1, [foo]}, {1, [atomics, write_concurrency]}, {1, [atomics | x]}, {1, {atomics}}]].

counters_edges() ->
    [begin
         C = counters:new(3, [Kind]), {Min, Max} = limits(true),
         [begin
              ok = counters:put(C, 2, V),
              X = e(fun() -> apply(counters, F, [C, 2 | A]) end),
              {F, V, A, X, counters:get(C, 2), counters:get(C, 1), counters:get(C, 3)}
          end || V <- [Min, Max, 0], {F, A} <- [{add, [1]}, {add, [-1]}, {sub, [1]}, {sub, [-1]}, {add, [Max]}, {sub, [Min]}, {put, [7]}]]
     end || Kind <- [atomics, write_concurrency]].

counters_bad() ->
    [begin
         C = counters:new(2, [Kind]),
         [{Kind, F, A, e(fun() -> apply(counters, F, [C | A]) end)}
          || {F, A} <- [{get, [0]}, {get, [3]}, {get, [a]}, {put, [3, 1]}, {put, [1, a]}, {put, [1, 1 bsl 64]}, {add, [0, 1]}, {add, [1, a]},
                        {add, [1, 1.0]}, {add, [1, 1 bsl 64]}, {sub, [3, 1]}, {sub, [1, a]}, {sub, [1, 1 bsl 63]}, {sub, [1, -(1 bsl 64)]}]]
     end || Kind <- [atomics, write_concurrency]].

counters_bad_references() ->
    [{F, e(fun() -> apply(counters, F, [C | A]) end)}
     || {F, A} <- [{get, [1]}, {put, [1, 1]}, {add, [1, 1]}, {sub, [1, 1]}, {info, []}], C <- [a, make_ref(), {atomics, a}, {write_concurrency, make_ref()}, {foo, make_ref()}]].

counters_info() -> [maps:remove(memory, counters:info(counters:new(N, [K]))) || N <- [1, 5], K <- [atomics, write_concurrency]].

counters_of_many() ->
    [begin
         C = counters:new(2, [K]), Self = self(),
         [spawn(fun() -> [counters:add(C, 1, I) || I <- lists:seq(1, 1000)], [counters:sub(C, 2, I) || I <- lists:seq(1, 1000)], Self ! done end) || _ <- lists:seq(1, 8)],
         [receive done -> ok end || _ <- lists:seq(1, 8)],
         {counters:get(C, 1), counters:get(C, 2)}
     end || K <- [atomics, write_concurrency]].

persistent_terms() ->
    K = {?MODULE, 1},
    R = [e(fun() -> persistent_term:get(K) end), persistent_term:get(K, none), persistent_term:put(K, {a, [1.5], #{b => <<"c">>}}),
         persistent_term:get(K), persistent_term:get(K, none), persistent_term:put(K, {a, [1.5], #{b => <<"c">>}}), persistent_term:put(K, other),
         persistent_term:get(K), persistent_term:erase(K), persistent_term:erase(K), persistent_term:get(K, none)],
    R.

persistent_term_keys() ->
    Keys = [1, 1.0, {}, [], "key", <<"key">>, #{a => 1}, fun lists:map/2, 1 bsl 80, -0.5, {1, 1.0}],
    [ok = persistent_term:put({?MODULE, K}, K) || K <- Keys],
    Found = [persistent_term:get({?MODULE, K}) =:= K || K <- Keys],
    Listed = length([K || {{?MODULE, K}, V} <- persistent_term:get(), K =:= V]),
    {Found, Listed, [persistent_term:erase({?MODULE, K}) || K <- Keys], length([K || {{?MODULE, K}, _} <- persistent_term:get()])}.

persistent_term_info() ->
    #{count := A, memory := M} = persistent_term:info(),
    ok = persistent_term:put({?MODULE, info}, lists:seq(1, 100)),
    #{count := B, memory := N} = persistent_term:info(),
    true = persistent_term:erase({?MODULE, info}),
    {B - A, N > M, maps:get(count, persistent_term:info()) - A, lists:sort(maps:keys(persistent_term:info()))}.

%% Who holds a term keeps it when it is replaced or erased.
persistent_term_is_kept() ->
    K = {?MODULE, kept},
    ok = persistent_term:put(K, {big, lists:seq(1, 1000), <<0:4000>>}),
    Self = self(),
    P = spawn(fun() -> T = persistent_term:get(K), Self ! {self(), got}, receive go -> ok end, Self ! {self(), erlang:phash2(T), T} end),
    receive {P, got} -> ok end,
    Mine = persistent_term:get(K),
    ok = persistent_term:put(K, small), true = persistent_term:erase(K),
    [garbage_collect() || _ <- [1, 2]],
    P ! go,
    receive {P, H, T} -> {H =:= erlang:phash2(Mine), T =:= Mine, erlang:phash2(Mine)} end.

persistent_term_put_new() ->
    K = {?MODULE, new},
    R = [e(fun() -> apply(persistent_term, put_new, [K, V]) end) || V <- [{a}, {a}, {b}]],
    {R, persistent_term:get(K, none), persistent_term:erase(K)}.

persistent_term_trace() -> persistent_term:get({?MODULE, nothing}).
