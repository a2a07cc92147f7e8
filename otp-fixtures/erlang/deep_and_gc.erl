%%% Deep recursion, deep terms, and programs that keep the collector at work.
-module(deep_and_gc).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

body_recursion_1e6() -> count(1000000).
count(0) -> 0;
count(N) -> 1 + count(N - 1).
body_recursion_with_data() -> length(build(300000)).
build(0) -> [];
build(N) -> X = {N, [N]}, [X | build(N - 1)].
mutual_recursion() -> even(1000001).
even(0) -> true;
even(N) -> odd(N - 1).
odd(0) -> false;
odd(N) -> even(N - 1).
not_tail_mutual() -> a(200000).
a(0) -> 0;
a(N) -> 1 + b(N - 1).
b(0) -> 0;
b(N) -> 2 + a(N - 1).
ackermann() -> ack(2, 300).
ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).
tail_loop_5e6() -> loop(5000000, 0).
loop(0, A) -> A;
loop(N, A) -> loop(N - 1, A + N band 7).
deep_list_nesting() -> T = nest(200000, []), {unnest(T, 0), T =:= nest(200000, []), T =:= nest(199999, [])}.
nest(0, A) -> A;
nest(N, A) -> nest(N - 1, [A]).
unnest([], N) -> N;
unnest([X], N) -> unnest(X, N + 1).
deep_tuple_compare() -> A = tnest(200000, x), B = tnest(200000, y), {A < B, A =:= A, A == tnest(200000, x)}.
tnest(0, A) -> A;
tnest(N, A) -> tnest(N - 1, {A, N}).
deep_term_message() -> T = nest(100000, [x]), self() ! T, receive U -> U =:= T end.
deep_term_spawn() -> T = tnest(100000, x), S = self(), spawn(fun() -> S ! {r, depth(T, 0)} end), receive {r, N} -> N end.
depth({A, _}, N) -> depth(A, N + 1);
depth(_, N) -> N.
deep_term_hash_and_size() -> T = tnest(100000, x), {erlang:phash2(T), erts_debug:flat_size(T)}.
deep_map_nesting() -> M = lists:foldl(fun(N, A) -> #{k => A, n => N} end, #{}, lists:seq(1, 50000)), {map_depth(M, 0), M =:= M#{n => 50000}}.
map_depth(#{k := M}, N) -> map_depth(M, N + 1);
map_depth(_, N) -> N.
deep_closures() -> F = lists:foldl(fun(_, G) -> fun() -> 1 + G() end end, fun() -> 0 end, lists:seq(1, 100000)), F().
deep_exception() -> catch thrower(300000).
thrower(0) -> throw(reached);
thrower(N) -> [N | thrower(N - 1)].
garbage_lists() -> garbage(300, 0).
garbage(0, A) -> A;
garbage(N, A) -> garbage(N - 1, A + lists:sum([X * 2 || X <- lists:seq(1, 1000)])).
garbage_keeping_some() -> L = keep(2000, []), {length(L), lists:sum([lists:sum(X) || X <- L])}.
keep(0, A) -> A;
keep(N, A) -> _ = lists:seq(1, 200), keep(N - 1, [lists:seq(1, 10) | A]).
trees() -> check(tree(15)).
tree(0) -> leaf;
tree(N) -> {tree(N - 1), tree(N - 1)}.
check(leaf) -> 1;
check({L, R}) -> 1 + check(L) + check(R).
trees_long_lived() -> Long = tree(12), S = lists:sum([check(tree(8)) || _ <- lists:seq(1, 100)]), {S, check(Long)}.
growing_map() -> M = lists:foldl(fun(N, M) -> M#{N => {N, [N]}} end, #{}, lists:seq(1, 20000)), {map_size(M), maps:get(777, M)}.
churning_map() -> M = lists:foldl(fun(N, M) -> maps:remove(N - 50, M#{N => lists:seq(1, 5)}) end, #{}, lists:seq(1, 10000)), lists:sort(maps:keys(M)) =:= lists:seq(9951, 10000).
bignum_garbage() -> lists:foldl(fun(N, A) -> (A * 31 + N) rem ((1 bsl 200) - 1) end, 1 bsl 150, lists:seq(1, 20000)).
float_garbage() -> float_to_list(lists:foldl(fun(N, A) -> A * 0.999 + N * 1.5 end, 0.0, lists:seq(1, 100000)), [{decimals, 6}]).
binary_garbage() -> lists:foldl(fun(N, A) -> B = binary:copy(<<N:32>>, 100), (A + binary:at(B, 399)) rem 1000003 end, 0, lists:seq(1, 20000)).
sub_binary_keeping() -> L = [begin B = binary:copy(<<N:16>>, 500), <<_:10/binary, S:4/binary, _/binary>> = B, S end || N <- lists:seq(1, 500)], erlang:garbage_collect(), erlang:md5(iolist_to_binary(L)).
shared_large_binary() -> B = binary:copy(<<"shared">>, 100000), S = self(), [spawn(fun() -> S ! {sum, binary:at(B, N)} end) || N <- lists:seq(1, 50)], X = lists:sum([receive {sum, V} -> V end || _ <- lists:seq(1, 50)]), {X, byte_size(B)}.
binary_passed_on() -> B = binary:copy(<<"x">>, 1000), S = self(), P = lists:foldl(fun(_, Next) -> spawn(fun() -> receive {Bin, N} -> Next ! {Bin, N + byte_size(Bin)} end end) end, S, lists:seq(1, 20)), P ! {B, 0}, receive {C, N} -> {C =:= B, N} end.
stack_of_values_and_gc() -> sv(1000).
sv(0) -> erlang:garbage_collect(), 0;
sv(N) -> A = [N], B = {N, A}, R = sv(N - 1), hd(A) + element(1, B) + R.
gc_other_process() -> P = spawn(fun() -> L = lists:seq(1, 1000), receive {go, F} -> F ! {sum, lists:sum(L)} end end), R = erlang:garbage_collect(P), P ! {go, self()}, {R, receive {sum, S} -> S end}.
gc_dead_process() -> {P, M} = spawn_monitor(fun() -> ok end), receive {'DOWN', M, _, _, _} -> erlang:garbage_collect(P) end.
large_message_queue() -> [self() ! {N, lists:seq(1, 10)} || N <- lists:seq(1, 5000)], erlang:garbage_collect(), lists:sum([receive {N, L} -> length(L) end || N <- lists:seq(1, 5000)]).
huge_tuple_updates() -> T = lists:foldl(fun(N, T) -> setelement(N rem 100 + 1, T, N) end, erlang:make_tuple(100, 0), lists:seq(1, 5000)), lists:sum(tuple_to_list(T)).
string_building() -> S = lists:flatten([io_lib:format("~b,", [N]) || N <- lists:seq(1, 5000)]), {length(S), erlang:md5(S)}.
n_queens() -> length(queens(7)).
queens(N) -> q(N, N).
q(0, _) -> [[]];
q(K, N) -> [[C | Q] || Q <- q(K - 1, N), C <- lists:seq(1, N), safe(C, Q, 1)].
safe(_, [], _) -> true;
safe(C, [H | T], D) -> C =/= H andalso C =/= H + D andalso C =/= H - D andalso safe(C, T, D + 1).
hanoi() -> length(hanoi(14, a, b, c)).
hanoi(0, _, _, _) -> [];
hanoi(N, A, B, C) -> hanoi(N - 1, A, C, B) ++ [{A, B}] ++ hanoi(N - 1, C, B, A).
collatz() -> lists:max([{collatz(N, 1), N} || N <- lists:seq(1, 5000)]).
collatz(1, L) -> L;
collatz(N, L) when N rem 2 =:= 0 -> collatz(N div 2, L + 1);
collatz(N, L) -> collatz(3 * N + 1, L + 1).
