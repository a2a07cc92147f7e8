%% Writes terms.etf: what OTP's natives on maps and external terms answer, as a list of
%% {Module, Function, Args, {ok, Value} | {error, Reason}}.  Run: erlc terms.erl && erl -noshell -s terms main
-module(terms).
-export([main/0]).

main() ->
    Cases = [C || C = {M, F, A} <- maps() ++ external(), simple(M, F, A)],
    ok = file:write_file("terms.etf", term_to_binary([{M, F, A, answer(M, F, A)} || {M, F, A} <- Cases], [compressed])),
    io:format("~p cases~n", [length(Cases)]),
    halt().

answer(M, F, A) ->
    try {ok, apply(M, F, A)} catch error:R -> {error, R} end.

%% Errors with a reason of their own are compared elsewhere.
simple(M, F, A) ->
    case answer(M, F, A) of
        {error, R} -> lists:member(R, [badarg, system_limit]);
        {ok, _} -> true
    end.

small() -> [#{}, #{a => 1}, #{1 => a, 1.0 => b, "k" => c}, maps:from_list([{K, K * 2} || K <- lists:seq(1, 32)])].
large() -> [maps:from_list([{K, K * 2} || K <- lists:seq(1, 33)]), maps:from_list([{{K, [K]}, K} || K <- lists:seq(1, 300)])].
keys() -> [a, b, 1, 1.0, 2, 32, 33, "k", {7, [7]}, {301, []}, #{}, <<1, 2>>].

maps() ->
    Ms = small() ++ large(),
    Lists = [[], [{a, 1}], [{a, 1}, {a, 2}], [{K rem 40, K} || K <- lists:seq(1, 100)], [{K rem 20, K} || K <- lists:seq(1, 100)],
             [{1, a}, {1.0, b}], [a], [{a}], [{a, b, c}], [{a, 1} | b], a],
    [{maps, F, [K, M]} || F <- [find, get, is_key, remove, take], K <- keys(), M <- Ms] ++
        [{erlang, F, [K, M]} || F <- [map_get, is_map_key], K <- keys(), M <- Ms] ++
        [{maps, F, [K, v, M]} || F <- [put, update], K <- keys(), M <- Ms] ++
        [{maps, merge, [A, B]} || A <- Ms, B <- Ms] ++
        [{maps, F, [M]} || F <- [keys, values], M <- small()] ++
        [{erlang, F, [M]} || F <- [map_size, is_map], M <- Ms] ++
        [{erlang, is_map, [a]}] ++
        [{maps, from_list, [L]} || L <- Lists] ++
        [{maps, from_keys, [L, v]} || L <- [[], [a, b, a], lists:seq(1, 100), [a | b], a]] ++
        [{erts_internal, map_next, [P, M, W]} || P <- [0, 1, 2, 99, -1, a, 1 bsl 70], M <- small(), W <- [iterator, [], [x], a]] ++
        [{erts_internal, map_to_tuple_keys, [M]} || M <- Ms].

external() ->
    Terms = [0, 255, 256, -1, 1 bsl 31, -(1 bsl 31) - 1, 1 bsl 64, 1.5, a, 'å', '€', [], "abc", [1, 2 | 3], lists:seq(1, 300), {}, {a, {b}},
             <<>>, <<"bin">>, <<1:3>>, <<0:800, 1:1>>, fun lists:map/2] ++ small(),
    Options = [[], [{minor_version, 0}], [{minor_version, 1}], [{minor_version, 2}], [{minor_version, 3}], [deterministic], [foo],
               [{minor_version, a}], [{compressed, 10}], [{compressed, -1}], [{compressed, 0}], a, [deterministic | a]],
    Bad = [<<>>, <<131>>, <<130, 97, 1>>, <<131, 97>>, <<131, 104, 2, 97, 1>>, <<131, 108, 0, 0, 0, 1, 97, 1>>, <<131, 100, 0, 5, "abc">>,
           <<131, 116, 0, 0, 0, 2, 97, 1, 97, 1, 97, 1, 97, 2>>, <<131, 70, 127, 240, 0:48>>, <<131, 77, 0, 0, 0, 1, 9, 255>>,
           <<131, 77, 0, 0, 0, 0, 3>>, <<131, 80, 0, 0, 0, 3, 1, 2, 3>>, <<131, 255>>, <<131, 97, 1, 9>>,
           <<131, 119, 3, 255, 254, 253>>, <<131, 109, 255, 255, 255, 255, 1>>, <<131, 108, 255, 255, 255, 255, 97>>, <<1:3>>, a, 7],
    Good = [term_to_binary(T) || T <- Terms] ++ [<<131, 110, 3, 0, 1, 0, 0>>, <<131, 110, 1, 1, 5>>, <<131, 98, 0, 0, 0, 5>>,
            <<131, 99, "1.50000000000000000000e+00", 0:40>>, <<131, 107, 0, 0>>, <<131, 107, 0, 2, 1, 2>>, <<131, 115, 1, "a">>,
            <<131, 118, 0, 2, 16#c3, 16#a5>>, <<131, 77, 0, 0, 0, 1, 8, 255>>, <<131, 77, 0, 0, 0, 1, 3, 255>>, term_to_binary(lists:seq(1, 300), [compressed])],
    [{erlang, F, [T]} || F <- [term_to_binary, external_size], T <- Terms] ++
        [{erlang, F, [T, O]} || F <- [term_to_binary, external_size], T <- Terms, O <- Options] ++
        %% Binaries that may be shared are cut off, since they are compared off their byte boundaries too.
        [{erlang, term_to_iovec, [T, O]} || T <- Terms, bit_size(term_to_binary(T)) < 8 * 64, O <- Options] ++
        [{erlang, binary_to_term, [B]} || B <- Good ++ Bad] ++
        [{erlang, binary_to_term, [B, O]} || B <- Good ++ Bad, O <- [[], [used], [safe], [safe, used], [foo], a]] ++
        [{erlang, binary_to_term, [<<131, 100, 0, 9, "neverseen">>, [safe]]}].
