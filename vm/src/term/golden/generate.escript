#!/usr/bin/env escript
%% Writes what the reference says about random and hand-picked terms:
%%   generate.escript hash SEED N    term \t phash2(T, 1 bsl 32) \t phash(T, 1 bsl 32)
%%   generate.escript order SEED N   terms, one a line, then a line "==", then one line a term: its relation to every term
%%                                 (`<` `>`, `=` for =:=, `~` for == only) and a second such block for the order of keys
-compile(nowarn_deprecated_function).

main([What, Seed, Count]) ->
    N = list_to_integer(Count),
    io:setopts([{encoding, utf8}]),
    rand:seed(exsss, list_to_integer(Seed)),
    case What of
        "hash" -> [hash(T) || T <- picked() ++ many(N)];
        "order" -> order(lists:usort(picked() ++ many(N)))
    end.

hash(T) ->
    io:format("~tw\t~w\t~w~n", [T, erlang:phash2(T, 1 bsl 32), erlang:phash(T, 1 bsl 32)]).

order(Terms) ->
    [io:format("~tw~n", [T]) || T <- Terms],
    io:format("==~n"),
    [io:format("~s~n", [[relation(A, B) || B <- Terms]]) || A <- Terms],
    io:format("==~n"),
    [io:format("~s~n", [[key_relation(erts_internal:cmp_term(A, B)) || B <- Terms]]) || A <- Terms].

relation(A, B) when A =:= B -> $=;
relation(A, B) when A == B -> $~;
relation(A, B) when A < B -> $<;
relation(_, _) -> $>.

key_relation(N) when N < 0 -> $<;
key_relation(0) -> $=;
key_relation(_) -> $>.

picked() ->
    Big = 1 bsl 64,
    [0, 1, -1, 255, 256, (1 bsl 27) - 1, 1 bsl 27, -(1 bsl 27), -(1 bsl 27) - 1, 1 bsl 28, (1 bsl 32) - 1, 1 bsl 32,
     (1 bsl 53), (1 bsl 53) + 1, -(1 bsl 53), -(1 bsl 53) - 1, float(1 bsl 53), float(1 bsl 54), (1 bsl 54) + 1,
     (1 bsl 59) - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1, float(1 bsl 59), float(-(1 bsl 59)), Big - 1, Big, -Big, Big + 1,
     float(Big), Big * Big, -Big * Big, Big * Big + 1, float(Big * Big), 1.0e300, trunc(1.0e300), trunc(1.0e300) + 1, trunc(1.0e300) - 1,
     1 bsl 1023, 1 bsl 1024, -(1 bsl 1024), 1.7976931348623157e308, -1.7976931348623157e308, 5.0e-324, 2.2250738585072014e-308,
     0.0, 0.5, 1.0, 1.5, -1.5, -1, 3.14159, 255.0, '', a, b, ab, 'Hello world', true, false, [], {}, 'å', 'åäö', 'λ', 'λå',
     [1], [1, 2], [1 | 2], [a], [a | b], "hello", "hello world", [1, 2, 3, 4], [1, 2, 3, a], [256, 1], [1, 256], [[]], [[], 1], "abc" ++ [[]],
     {1}, {1.0}, {1, 2}, {a, {b, [c]}}, {{}, []}, #{}, #{a => 1}, #{a => 1.0}, #{b => 1}, #{1 => a}, #{1.0 => a}, #{a => #{b => c}},
     #{a => 1, b => 2}, #{a => 2, b => 1}, #{b => 1, c => 2}, #{1 => a, 1.0 => b},
     maps:from_list([{I, I} || I <- lists:seq(1, 40)]), maps:from_list([{I, -I} || I <- lists:seq(1, 40)]),
     maps:from_list([{{I}, I * 1.0} || I <- lists:seq(1, 40)]), maps:from_list([{I * 1.0, I} || I <- lists:seq(1, 40)]),
     maps:from_list([{I, I} || I <- lists:seq(2, 41)]), maps:from_list([{I, I * 1.0} || I <- lists:seq(1, 40)]),
     <<>>, <<0>>, <<1>>, <<1:1>>, <<0:1>>, <<5:3>>, <<1, 2, 3>>, <<1, 2, 3, 4:5>>, <<"hello">>, <<"hello, world">>, <<"hello, worle">>,
     << <<I>> || I <- lists:seq(0, 200) >>, << <<I:7>> || I <- lists:seq(0, 100) >>, fun lists:map/2, fun lists:map/3, fun erlang:self/0,
     fun a:map/2, pid("<0.1.0>"), pid("<0.2.0>"), pid("<0.77.3>"), [pid("<0.1.0>")], {fun a:b/1}].

pid(S) -> list_to_pid(S).

many(N) -> [term(rand:uniform(4)) || _ <- lists:seq(1, N)].

term(D) ->
    case rand:uniform(if D =< 0 -> 7; true -> 12 end) of
        1 -> rand:uniform(600) - 300;
        2 -> int();
        3 -> float();
        4 -> atom();
        5 -> bits();
        6 -> [];
        7 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(12))];
        8 -> list_to_tuple(seq(D));
        9 -> seq(D);
        10 -> seq(D) ++ term(0);
        11 -> maps:from_list([{term(D - 1), term(D - 1)} || _ <- lists:seq(1, rand:uniform(6))]);
        12 ->
            case rand:uniform(8) of
                1 -> maps:from_list([{term(0), term(0)} || _ <- lists:seq(1, 33 + rand:uniform(30))]);
                2 -> maps:from_list([{[K], K rem 3} || K <- lists:seq(1, 32 + rand:uniform(6))]);
                _ -> [term(D - 1)]
            end
    end.

seq(D) -> [term(D - 1) || _ <- lists:seq(1, rand:uniform(5) - 1)].

int() ->
    N = rand:uniform(1 bsl rand:uniform(200)) + rand:uniform(3) - 2,
    case rand:uniform(3) of 1 -> -N; 2 -> N; 3 -> (1 bsl rand:uniform(300)) - 1 end.

float() ->
    case rand:uniform(3) of
        1 -> float(rand:uniform(1000) - 500);
        2 -> (rand:uniform() - 0.5) * math:pow(10, rand:uniform(600) - 300);
        3 -> float(rand:uniform(1 bsl rand:uniform(100)))
    end.

atom() ->
    list_to_atom([case rand:uniform(12) of 1 -> 16#e0 + rand:uniform(30); 2 -> 955; _ -> 96 + rand:uniform(26) end
                  || _ <- lists:seq(1, rand:uniform(9) - 1)]).

bits() ->
    B = rand:bytes(rand:uniform(40) - 1),
    case rand:uniform(2) of 1 -> B; 2 -> <<B/binary, (rand:uniform(256)):(rand:uniform(7))>> end.
