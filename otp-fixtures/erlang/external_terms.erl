%%% term_to_binary and binary_to_term: bytes of every kind of term, options, compressed terms, hostile input.
-module(external_terms).
-compile([export_all, nowarn_export_all]).
-helpers([terms, lost]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
terms() ->
    [0, 1, 255, 256, -1, -256, (1 bsl 31) - 1, 1 bsl 31, -(1 bsl 31), -(1 bsl 31) - 1, 1 bsl 59, 1 bsl 63, -(1 bsl 64), (1 bsl 200) + 1,
     1.5, -0.25, 0.0, [], "abc", [1, 2, 300], [a | b], lists:seq(1, 300), {}, {1}, {a, "b", [c]}, list_to_tuple(lists:seq(1, 300)),
     <<>>, <<"bin">>, <<5:3>>, <<1, 2, 1:1>>, #{}, #{1 => 2}, #{{k} => [v]}, [[[]]], [1.0, [2]], [<<1>>, {}], fun lists:map/2].

%% Atoms are written differently by different releases, so their bytes are left out here.
no_atoms() -> [T || T <- terms(), not has_atom(T)].
has_atom(T) when is_atom(T) -> true;
has_atom(T) when is_function(T) -> true;
has_atom([H | T]) -> has_atom(H) orelse has_atom(T);
has_atom(T) when is_tuple(T) -> has_atom(tuple_to_list(T));
has_atom(T) when is_map(T) -> has_atom(maps:to_list(T));
has_atom(_) -> false.

bytes() -> [{T, term_to_binary(T)} || T <- no_atoms(), T =/= []].
bytes_minor_0() -> [term_to_binary(F, [{minor_version, 0}]) || F <- [1.5, -0.25]].
bytes_atoms_minor_2() -> [term_to_binary(A, [{minor_version, 2}]) || A <- [a, 'ö', '漢', '', list_to_atom(lists:duplicate(255, 28450))]].
round_trip() -> [T || T <- terms(), binary_to_term(term_to_binary(T)) =/= T].
round_trip_big() -> T = {lists:seq(1, 20000), maps:from_list([{N, integer_to_list(N)} || N <- lists:seq(1, 1000)]), binary:copy(<<"q">>, 100000)}, binary_to_term(term_to_binary(T)) =:= T.
round_trip_deep() -> T = lists:foldl(fun(N, A) -> {N, [A]} end, x, lists:seq(1, 50000)), binary_to_term(term_to_binary(T)) =:= T.
%% Numbers and serials of pids got more bits in 26.
wide_pids() ->
    [{N, S, case_runner:attempt(fun() -> P = binary_to_term(B), {pid_to_list(P), binary_to_term(term_to_binary(P)) =:= P, is_process_alive(P)} end)}
     || {N, S} <- [{0, 16#ffffffff}, {32767, 8191}, {32768, 8191}, {32767, 8192}, {(1 bsl 28) - 1, 16#ffffffff}, {1 bsl 28, 0}],
        B <- [<<131, 88, 100, 0, 13, "nonode@nohost", N:32, S:32, 0:32>>]].
%% A reference that owns something is the same when it is read in again, as long as another one is left.
round_trip_owning() ->
    A = atomics:new(1, []),
    B = binary_to_term(term_to_binary({x, A})),
    T = ets:new(t, []),
    U = binary_to_term(term_to_binary(T)),
    ets:insert(U, {a, 1}),
    L = binary_to_term(lost()),
    garbage_collect(),
    M = binary_to_term(lost()),
    {atomics:add_get(element(2, B), 1, 5), atomics:get(A, 1), {x, A} =:= B, ets:lookup(T, a), U =:= T, is_reference(L), is_reference(M)}.
lost() -> term_to_binary(atomics:new(1, [])).
round_trip_local() -> T = {self(), make_ref(), fun(X) -> X + 1 end}, {P, R, F} = binary_to_term(term_to_binary(T)), {{P, R, F} =:= T, F(1)}.
compressed_shrinks() -> T = lists:duplicate(10000, compress_me), {byte_size(term_to_binary(T, [compressed])) < byte_size(term_to_binary(T)) div 10, binary_to_term(term_to_binary(T, [compressed])) =:= T}.
compressed_levels() -> T = lists:seq(1, 5000), [binary_to_term(term_to_binary(T, [{compressed, L}])) =:= T || L <- [0, 1, 6, 9]].
compressed_small_not() -> term_to_binary({1, 2}, [compressed]).
to_iovec() -> T = {binary:copy(<<"x">>, 1000), [a]}, iolist_to_binary(erlang:term_to_iovec(T)) =:= term_to_binary(T).
external_size() -> [erlang:external_size(T) =:= byte_size(term_to_binary(T)) || T <- no_atoms()].
deterministic() -> A = maps:from_list([{K, K} || K <- lists:seq(1, 100)]), B = maps:from_list([{K, K} || K <- lists:seq(100, 1, -1)]), term_to_binary(A, [deterministic]) =:= term_to_binary(B, [deterministic]).
old_tags() -> [binary_to_term(B) || B <- [
    <<131, 100, 0, 1, "a">>, <<131, 115, 1, "b">>, <<131, 118, 0, 2, 195, 182>>, <<131, 119, 2, 195, 182>>,
    <<131, 99, "1.50000000000000000000e+00", 0, 0, 0, 0, 0>>, <<131, 97, 7>>, <<131, 98, 255, 255, 255, 255>>, <<131, 110, 1, 1, 5>>, <<131, 110, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1>>,
    <<131, 111, 0, 0, 0, 2, 0, 1, 2>>, <<131, 107, 0, 3, 1, 2, 3>>, <<131, 108, 0, 0, 0, 1, 97, 1, 106>>, <<131, 108, 0, 0, 0, 0, 106>>, <<131, 104, 0>>, <<131, 105, 0, 0, 0, 1, 97, 1>>,
    <<131, 109, 0, 0, 0, 1, 9>>, <<131, 77, 0, 0, 0, 1, 3, 160>>, <<131, 116, 0, 0, 0, 1, 97, 1, 97, 2>>, <<131, 70, 63, 248, 0, 0, 0, 0, 0, 0>>,
    <<131, 113, 100, 0, 5, "lists", 100, 0, 3, "map", 97, 2>>]].
map_any_order() -> binary_to_term(<<131, 116, 0, 0, 0, 3, 97, 3, 97, 1, 97, 1, 97, 1, 97, 2, 97, 1>>).
used() -> B = <<(term_to_binary({1, 2}))/binary, "rest">>, [binary_to_term(B, [used]), binary_to_term(B)].
unaligned_input() -> B = term_to_binary([1, {2}]), N = bit_size(B), <<_:3, U:N/bits, _/bits>> = <<0:3, B/binary, 0:5>>, binary_to_term(U).
safe_known() -> binary_to_term(term_to_binary([true, lists]), [safe]).
safe_unknown_atom() -> binary_to_term(<<131, 119, 20, "qqq_unknown_atom_", "zz1">>, [safe]).
safe_unknown_fun() -> binary_to_term(<<131, 113, 119, 5, "lists", 119, 16, "unknown_fun_qqq_", 97, 2>>, [safe]).
bad_inputs() -> [{B, case_runner:attempt(fun() -> binary_to_term(B) end)} || B <- [
    <<>>, <<131>>, <<130, 97, 1>>, <<131, 97>>, <<131, 98, 0>>, <<131, 255>>, <<131, 0>>, <<131, 100, 0, 5, "ab">>, <<131, 100, 1, 0, 0:2048>>, <<131, 119, 1, 255>>,
    <<131, 108, 0, 0, 0, 2, 97, 1, 106>>, <<131, 108, 255, 255, 255, 255, 97, 1>>, <<131, 104, 3, 97, 1>>, <<131, 105, 255, 255, 255, 255>>, <<131, 109, 0, 0, 1, 0, 1>>,
    <<131, 109, 255, 255, 255, 255, 1>>, <<131, 110, 255, 0, 1>>, <<131, 111, 255, 255, 255, 255, 0>>, <<131, 77, 0, 0, 0, 1, 9, 255>>, <<131, 77, 0, 0, 0, 1, 0, 255>>, <<131, 70, 127, 240, 0:48>>, <<131, 70, 127, 248, 0:48>>,
    <<131, 99, "nonsense", 0:184>>, <<131, 116, 0, 0, 0, 2, 97, 1, 97, 1, 97, 1, 97, 2>>, <<131, 116, 255, 255, 255, 255>>, <<131, 80, 0, 0, 0, 10, 1, 2, 3>>, <<131, 113, 97, 1, 97, 2, 97, 3>>, <<131, 112, 0, 0, 0, 4>>, <<131, 103, 97, 1>>, <<131, 88, 97, 1>>, <<131, 90, 0, 9>>, <<131, 107, 0, 9, 1>>]].
truncations() -> B = term_to_binary({[1, 2.5, "str", <<"bin">>, #{a => {b}}], 1 bsl 80, fun lists:map/2}), length([N || N <- lists:seq(0, byte_size(B) - 1), {'!', error, badarg} =:= case_runner:attempt(fun() -> binary_to_term(binary:part(B, 0, N)) end)]) =:= byte_size(B).
old_formats_have_few_bits() ->
    [try binary_to_term(<<131, B/binary>>) of T -> {is_reference(T), is_pid(T), is_port(T)} catch error:badarg -> badarg end || B <- [
        <<103, 119, 3, "x@y", 1:32, 2:32, 3>>, <<103, 119, 3, "x@y", 1:32, 2:32, 4>>, <<103, 119, 3, "x@y", -1:32, -1:32, 3>>,
        <<102, 119, 3, "x@y", 1:32, 3>>, <<102, 119, 3, "x@y", 1:32, 4>>, <<88, 119, 3, "x@y", -1:32, -1:32, -1:32>>,
        <<101, 119, 3, "x@y", 1:32, 3>>, <<101, 119, 3, "x@y", 1:32, 4>>, <<101, 119, 3, "x@y", 16#40000:32, 3>>,
        <<114, 2:16, 119, 3, "x@y", 3, 16#3ffff:32, -1:32>>, <<114, 2:16, 119, 3, "x@y", 4, 1:32, 2:32>>, <<114, 1:16, 119, 3, "x@y", 1, 16#40000:32>>,
        <<90, 2:16, 119, 3, "x@y", -1:32, -1:32, -1:32>>]].
funs_of_many_variables() ->
    F = fun(N) ->
        B = <<1, 0:128, 0:32, N:32, 119, 1, "m", 97, 0, 97, 0, 88, 119, 3, "x@y", 1:32, 0:32, 1:32, (binary:copy(<<106>>, N))/binary>>,
        try is_function(binary_to_term(<<131, 112, (byte_size(B) + 4):32, B/binary>>), 1) catch error:badarg -> badarg end
    end,
    [F(N) || N <- [0, 255, 256]].
bit_flips_do_not_crash() -> B = term_to_binary({[1, 2.5, "str", <<"bin">>, #{1 => {2}}], 1 bsl 80}), length([ok || I <- lists:seq(8, bit_size(B) - 1), begin <<H:I, X:1, T/bits>> = B, try binary_to_term(<<H:I, (1 - X):1, T/bits>>), true catch error:badarg -> true end end]) =:= bit_size(B) - 8.
deep_list_tags() -> N = 30000, B = iolist_to_binary([131, [<<108, 0, 0, 0, 1>> || _ <- lists:seq(1, N)], 106, lists:duplicate(N, 106)]), depth(binary_to_term(B), 0).
depth([X], N) -> depth(X, N + 1);
depth([], N) -> N.
err_binary_to_term() -> binary_to_term(id(<<1, 2, 3>>)).
err_binary_to_term_type() -> binary_to_term(id(abc)).
err_binary_to_term_option() -> binary_to_term(<<131, 106>>, id([bogus])).
err_term_to_binary_option() -> term_to_binary(a, id([bogus])).
err_term_to_binary_level() -> term_to_binary(a, id([{compressed, 10}])).
err_minor_version() -> term_to_binary(a, id([{minor_version, 9}])).
