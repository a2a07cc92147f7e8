%% Code of many shapes, for golden files of the disassembler. See README.md beside it.
-module(shapes).
-export([lists/1, maps/2, bits/1, floats/2, catches/1, receiving/1, funs/2, records/1, numbers/0, texts/1]).
-record(point, {x = 0, y = 0}).

lists([{A, B} | T]) when A < B -> [B | lists(T)];
lists([_ | T]) -> lists(T);
lists([]) -> [].

maps(#{key := V} = M, K) -> M#{key := V + 1, K => "new"};
maps(M, K) when is_map_key(K, M) -> map_get(K, M).

bits(<<1:4, N:12/little, F/float, Rest/binary>>) -> <<N:16, F:32/float, "text", Rest/binary>>;
bits(<<C/utf8, Tail/bits>>) -> {C, Tail};
bits(_) -> error.

floats(A, B) when is_float(A), is_float(B) -> (A * B + 1.5) / 2.0.

catches(F) ->
    try F() of
        {ok, V} -> V
    catch
        throw:T -> {thrown, T};
        _:R:S -> {R, S}
    after
        catch erlang:put(done, true)
    end.

receiving(Timeout) ->
    receive
        {msg, M} -> M;
        stop -> ok
    after Timeout -> timeout
    end.

funs(A, B) -> {fun(X) -> X + A + B end, fun funs/2, fun lists:map/2}.

records(#point{x = X} = P) -> P#point{y = X};
records(R) -> element(2, R).

numbers() -> [0, -1, 1 bsl 59, -(1 bsl 80), 12345678901234567890123, 1.0e300, $a].

texts(a) -> <<"abc">>;
texts('A b') -> "ü∂";
texts(b) -> [{a, [1 | 2], #{}, <<3:3>>}];
texts(_) -> ''.
