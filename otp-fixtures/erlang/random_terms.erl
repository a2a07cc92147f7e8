%%% Random terms through every comparison, hash and codec native. main([Seed, Count]) prints one line for each pair
%%% of terms and one for each block of terms that is sorted; the numbers come from a generator of our own, so that
%%% the same arguments give the same lines on every machine. A line ends in the terms' text.
-module(random_terms).
-export([main/1]).

main(Args) ->
    [Seed, Count] = Args,
    pairs(list_to_integer(Seed) * 7919 + 17, 1, list_to_integer(Count), []).

pairs(_, N, Count, Block) when N > Count -> block(Block);
pairs(S0, N, Count, Block0) ->
    {A, S1} = term(S0, 4),
    {B, S2} = partner(S1, A),
    io:put_chars([integer_to_list(N), " ", comparisons(A, B), " ", hashes(A), " ", codec(A), " ", nested(A, B), " | ",
                  text(A), " | ", text(B), $\n]),
    Block = [A, B | Block0],
    case N rem 40 of
        0 -> block(Block), pairs(S2, N + 1, Count, []);
        _ -> pairs(S2, N + 1, Count, Block)
    end.

comparisons(A, B) ->
    [case R of true -> $1; false -> $0 end || R <- [A < B, A =< B, A == B, A /= B, A >= B, A > B, A =:= B, A =/= B, guard(A, B), same(A, B)]].
guard(A, B) when A < B; A =:= {B} -> true;
guard(_, _) -> false.
same(A, A) -> true;
same(_, _) -> false.

hashes(T) ->
    io_lib:format("~w,~w,~w,~w,~w,~w", [erlang:phash2(T), erlang:phash2(T, 1), erlang:phash2(T, 1000), erlang:phash2(T, 1 bsl 32),
                                        erlang:phash2(T, 65536), phash2_of_copy(T)]).
phash2_of_copy(T) -> self() ! T, receive C -> erlang:phash2({C}) end.

codec(T) ->
    Bin = term_to_binary(T, [deterministic]),
    Size = byte_size(Bin),
    true = Size =:= erlang:external_size(T),
    true = binary_to_term(Bin) =:= T,
    true = binary_to_term(term_to_binary(T)) =:= T,
    true = binary_to_term(term_to_binary(T, [compressed])) =:= T,
    true = iolist_to_binary(erlang:term_to_iovec(T, [deterministic])) =:= Bin,
    {T, Size} = binary_to_term(<<Bin/binary, 0>>, [used]),
    Flat = erts_debug:flat_size(T),
    true = is_integer(Flat),
    <<M:32, _/binary>> = erlang:md5(Bin),
    io_lib:format("~w:~8.16.0b", [Size, M]).

nested(A, B) ->
    Map = #{A => 1, {A, B} => 2, [B] => 3, B => 4},
    List = [A, B, {A}, [B | A]],
    io_lib:format("~w~w~w~w", [map_size(Map), maps:get(A, Map), length(lists:usort(List)), length([A, B] -- [B])]) ++
        [case lists:member(A, [B, {A}]) of true -> $m; false -> $- end,
         case lists:keymember(A, 1, [{B}, {1}]) of true -> $k; false -> $- end].

block(Terms) ->
    Sorted = lists:sort(Terms),
    U = lists:usort(Terms),
    Keyed = lists:keysort(1, [{T, N} || {T, N} <- lists:zip(Terms, lists:seq(1, length(Terms)))]),
    Map = maps:from_list([{T, erlang:phash2(T)} || T <- Terms]),
    true = lists:all(fun(T) -> maps:get(T, Map) =:= erlang:phash2(T) end, Terms),
    io:format("sorted ~w ~w ~w ~w ~w~n", [erlang:phash2(Sorted), length(U), erlang:phash2([N || {_, N} <- Keyed]), map_size(Map), erlang:phash2(Map)]).

text(T) ->
    L = lists:flatten(io_lib:format("~w", [ordered(T)])),
    case length(L) > 120 of true -> [lists:sublist(L, 120), "..."]; false -> L end.

%% The term with its maps as lists, so that the text does not depend on the order in which a map is walked.
ordered(M) when is_map(M) -> {map, [{ordered(K), ordered(V)} || {K, V} <- lists:sort(maps:to_list(M))]};
ordered(T) when is_tuple(T) -> list_to_tuple(ordered(tuple_to_list(T)));
ordered([H | T]) -> [ordered(H) | ordered(T)];
ordered(T) -> T.

%% A term related to another: the same, changed in one place, or quite another.
partner(S0, A) ->
    {K, S1} = pick(S0, 6),
    case K of
        0 -> {binary_to_term(term_to_binary(A)), S1};
        1 -> term(S1, 4);
        _ -> change(S1, A)
    end.

change(S0, N) when is_integer(N) ->
    {K, S1} = pick(S0, 5),
    {case K of 0 -> N + 1; 1 -> N - 1; 2 -> -N; 3 -> to_float(N); 4 -> {N} end, S1};
change(S0, F) when is_float(F) ->
    {K, S1} = pick(S0, 3),
    {case K of 0 -> trunc(F); 1 -> -F; 2 -> F / 2 end, S1};
change(S0, [H | T]) ->
    case pick(S0, 2) of
        {0, S1} -> {H1, S2} = change(S1, H), {[H1 | T], S2};
        {1, S1} -> {T1, S2} = change(S1, T), {[H | T1], S2}
    end;
change(S0, T) when is_tuple(T), tuple_size(T) > 0 ->
    {K, S1} = pick(S0, tuple_size(T)),
    {E, S2} = change(S1, element(K + 1, T)),
    {setelement(K + 1, T, E), S2};
change(S0, M) when is_map(M), map_size(M) > 0 ->
    Keys = lists:sort(maps:keys(M)),
    {K, S1} = pick(S0, length(Keys)),
    Key = lists:nth(K + 1, Keys),
    case pick(S1, 2) of
        {0, S2} -> {V, S3} = change(S2, maps:get(Key, M)), {M#{Key := V}, S3};
        {1, S2} -> {K1, S3} = change(S2, Key), {(maps:remove(Key, M))#{K1 => maps:get(Key, M)}, S3}
    end;
change(S0, B) when is_bitstring(B), bit_size(B) > 0 ->
    {K, S1} = pick(S0, bit_size(B)),
    <<H:K/bits, X:1, T/bits>> = B,
    {<<H/bits, (1 - X):1, T/bits>>, S1};
change(S0, _) -> term(S0, 1).

to_float(N) -> try float(N) catch error:_ -> 0.5 end.

term(S0, Depth) ->
    {K, S1} = pick(S0, case Depth of 0 -> 9; _ -> 16 end),
    case K of
        0 -> small(S1);
        1 -> big(S1);
        2 -> flt(S1);
        3 -> atom(S1);
        4 -> binary(S1);
        5 -> bits(S1);
        6 -> {[], S1};
        7 -> string(S1);
        8 -> edge(S1);
        9 -> {L, S2} = terms(S1, Depth - 1, 5), {list_to_tuple(L), S2};
        10 -> {L, S2} = terms(S1, Depth - 1, 3), {list_to_tuple([tag | L]), S2};
        11 -> terms(S1, Depth - 1, 6);
        12 -> {L, S2} = terms(S1, Depth - 1, 3), {T, S3} = term(S2, Depth - 1), {L ++ T, S3};
        13 -> map(S1, Depth - 1, 5);
        14 -> case pick(S1, 4) of {0, S2} -> map(S2, 1, 70); {_, S2} -> map(S2, Depth - 1, 3) end;
        15 -> {B, S2} = bits(S1), {C, S3} = pick(S2, bit_size(B) + 1), <<_:C, R/bits>> = B, {R, S3}
    end.

terms(S0, Depth, Max) ->
    {N, S1} = pick(S0, Max + 1),
    lists:mapfoldl(fun(_, S) -> term(S, Depth) end, S1, lists:seq(1, N)).

map(S0, Depth, Max) ->
    {Ks, S1} = terms(S0, Depth, Max),
    lists:foldl(fun(K, {M, S}) -> {V, Sn} = term(S, max(Depth - 1, 0)), {M#{K => V}, Sn} end, {#{}, S1}, Ks).

small(S0) -> {N, S1} = pick(S0, 2001), {N - 1000, S1}.
big(S0) ->
    {Bits, S1} = pick(S0, 200),
    {A, S2} = pick(S1, 1 bsl 31),
    {B, S3} = pick(S2, 1 bsl 31),
    {C, S4} = pick(S3, 4),
    V = ((A bsl 33) bxor B) * ((1 bsl Bits) + 1) + C,
    {case C of 0 -> -V; 1 -> V bsr 20; _ -> V end, S4}.
flt(S0) ->
    {A, S1} = pick(S0, 1 bsl 20),
    {E, S2} = pick(S1, 8),
    {case E of
        0 -> A * 1.0; 1 -> A / 1024; 2 -> -A / 3; 3 -> A * 1.0e300; 4 -> A * 1.0e-300; 5 -> A * 576460752303423488.0; 6 -> A * 18446744073709551616.0; 7 -> float(A rem 5)
    end, S2}.
atom(S0) -> oneof(S0, [a, b, c, ab, abc, true, false, ok, error, undefined, 'A', '', 'with space', 'ö', '漢字', nil, lists, very_long_atom_name_that_goes_on_and_on]).
edge(S0) -> oneof(S0, [0, 1, -1, 0.0, (1 bsl 27) - 1, 1 bsl 27, -(1 bsl 27), (1 bsl 31) - 1, 1 bsl 31, 1 bsl 32, (1 bsl 59) - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1,
    (1 bsl 63) - 1, 1 bsl 63, -(1 bsl 63), 1 bsl 64, -(1 bsl 64), {}, #{}, <<>>, "", [[]], {{}}, <<0:1>>, 9007199254740993, 9007199254740992.0, 1.0e18, 1000000000000000000]).
binary(S0) -> {N, S1} = pick(S0, 80), {L, S2} = lists:mapfoldl(fun(_, S) -> pick(S, 256) end, S1, lists:seq(1, N)), {list_to_binary(L), S2}.
bits(S0) -> {B, S1} = binary(S0), {K, S2} = pick(S1, 8), {V, S3} = pick(S2, 256), {<<B/binary, V:K>>, S3}.
string(S0) -> {N, S1} = pick(S0, 12), lists:mapfoldl(fun(_, S) -> {C, Sn} = pick(S, 26), {C + $a, Sn} end, S1, lists:seq(1, N)).
oneof(S0, L) -> {K, S1} = pick(S0, length(L)), {lists:nth(K + 1, L), S1}.

%% A number in 0..N-1 and the next state (a 64-bit linear congruential generator, its upper bits).
pick(S, N) ->
    S1 = (S * 6364136223846793005 + 1442695040888963407) band 16#FFFFFFFFFFFFFFFF,
    {(S1 bsr 33) rem N, S1}.
