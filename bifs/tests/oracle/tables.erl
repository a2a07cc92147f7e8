%% Writes tables.etf: what OTP's `ets` answers in scripts of calls, as a list of scripts, each a list of
%% {Function, Args, {ok, Value} | {error, Reason}}.  Each script makes named tables of its own.  Lists out of hash tables are
%% compared as sets.  Run: erlc tables.erl && erl -noshell -s tables main
-module(tables).
-export([main/0]).

main() ->
    rand:seed(exsss, {1, 2, 3}),
    Scripts = [script(T, N) || T <- [set, ordered_set, bag, duplicate_bag], N <- lists:seq(1, 12)] ++ [fixed(T) || T <- [set, bag, ordered_set]] ++ [options()],
    Answered = [[{F, A, answer(F, A)} || {F, A} <- S] || S <- Scripts],
    ok = file:write_file("tables.etf", term_to_binary(Answered, [compressed])),
    io:format("~p calls~n", [lists:sum([length(S) || S <- Scripts])]),
    halt().

answer(F, A) ->
    try {ok, apply(ets, F, A)} catch error:R -> {error, R} end.

pick(L) -> lists:nth(rand:uniform(length(L)), L).
key() -> pick([1, 1.0, 2, 3, 4, a, b, "s", {1, a}, {1, b}, {2, a}, <<"k">>, 1 bsl 70, #{x => 1}]).
value() -> pick([0, 1, 2, -1, 5, 1 bsl 59 - 1, 1 bsl 60, 1.5, v, w, [1], {x, y}, <<"abc">>, binary:copy(<<7>>, 100)]).
object() -> pick([{key(), value()}, {key(), value(), value()}, {key()}]).

script(Type, N) ->
    T = list_to_atom(lists:concat([t_, Type, '_', N])),
    [{new, [T, [named_table, public, Type, {keypos, 1}]]}] ++ [call(T) || _ <- lists:seq(1, 150)] ++
        [{info, [T, I]} || I <- [size, type, keypos, protection, named_table, name, fixed, foo]] ++
        [{match_object, [T, '_']}, {internal_delete_all, [T, undefined]}, {first, [T]}, {last, [T]}, {delete, [T]}, {lookup, [T, a]}, {info, [T]}, {info, [T, size]}, {delete, [T]}].

call(T) ->
    V1 = '$1', V2 = '$2',
    Op = fun() -> pick([1, -1, 1 bsl 59, {2, 3}, {2, 1, 4, 0}, {2, -3, 0, 9}, {3, 1}, {1, 1}, {0, 1}, {9, 1}, {2, a}, [{2, 1}, {2, 1}], [{2, 1}, {3, 1}], [], a]) end,
    Spec = fun() -> pick([{{V1, '_'}, [], [V1]}, {{V1, V2}, [{is_integer, V2}, {'>', V2, 0}], [{{V2, V1}}]}, {{key(), V1}, [], ['$_']},
                          {{{1, V1}, V2}, [], [[V1, V2]]}, {'_', [], [true]}, {{V1, V1}, [], ['$$']}, {{"s", '_', V1}, [], [V1]}, {{V1, v}, [], [true]}]) end,
    case rand:uniform(26) of
        N when N =< 6 -> {insert, [T, object()]};
        7 -> {insert, [T, [object() || _ <- lists:seq(1, rand:uniform(5))]]};
        8 -> {insert_new, [T, object()]};
        9 -> {insert_new, [T, [object(), object()]]};
        10 -> {lookup, [T, key()]};
        11 -> {lookup_element, [T, key(), pick([1, 2, 3, 0, a])]};
        12 -> {member, [T, key()]};
        13 -> {delete, [T, key()]};
        14 -> {delete_object, [T, pick([object(), a, {}])]};
        15 -> {take, [T, key()]};
        16 -> {update_counter, [T, key(), Op()]};
        17 -> {update_counter, [T, key(), Op(), pick([{k, 0}, {k, 1, 2}, {k}, a])]};
        18 -> {update_element, [T, key(), pick([{2, new}, {3, 1 bsl 70}, [{2, a}, {2, b}], {1, x}, {9, x}, [], a, {2}])]};
        19 -> {select, [T, [Spec()]]};
        20 -> {select, [T, [Spec(), Spec()]]};
        21 -> {match, [T, pick(['_', {V1, V2}, {V1, '_'}, {key(), V1}, a, {V1, V1}])]};
        22 -> {select_count, [T, [Spec()]]};
        23 -> {internal_select_delete, [T, [{{V1, pick([v, w, 0])}, [], [true]}]]};
        24 -> {insert, [T, pick([a, {}, [a], [{a, 1} | b], []])]};
        25 -> {select_reverse, [T, [Spec()]]};
        26 -> {select_replace, [T, [{{V1, pick([1, 2, v])}, [], [{{V1, pick([1, 2, v])}}]}]]}
    end.

fixed(Type) ->
    T = list_to_atom(lists:concat([fixed_, Type])),
    [{new, [T, [named_table, Type]]}, {insert, [T, [{K, K} || K <- lists:seq(1, 10)]]}, {safe_fixtable, [T, true]}, {info, [T, fixed]},
     {delete, [T, 3]}, {lookup, [T, 3]}, {member, [T, 3]}, {info, [T, size]}, {insert, [T, {3, again}]}, {lookup, [T, 3]}, {delete, [T, 4]},
     {insert_new, [T, {4, new}]}, {lookup, [T, 4]}, {take, [T, 5]}, {take, [T, 5]}, {safe_fixtable, [T, false]}, {info, [T, fixed]},
     {info, [T, safe_fixed]}, {safe_fixtable, [T, a]}, {match_object, [T, '_']}, {next, [T, nokey]}, {slot, [T, a]}, {slot, [T, -1]}, {slot, [T, 1 bsl 40]}].

options() ->
    [{new, [o1, O]} || O <- [[foo], a, [set | a], [{keypos, 0}], [{keypos, a}], [{heir, a, b}], [{heir, a}], [{read_concurrency, a}], [{write_concurrency, b}]]] ++
        [{new, [1, []]}, {new, [o2, [named_table, {keypos, 2}, {heir, none}, {read_concurrency, true}, {write_concurrency, auto}, compressed]]},
         {new, [o2, [named_table]]}, {insert, [o2, {1}]}, {insert, [o2, {1, 2}]}, {lookup, [o2, 2]}, {info, [o2, keypos]}, {info, [o2, compressed]},
         {info, [o2, read_concurrency]}, {info, [o2, write_concurrency]}, {info, [o2, decentralized_counters]}, {rename, [o2, o3]}, {lookup, [o2, 2]}, {lookup, [o3, 2]},
         {rename, [o3, 1]}, {rename, [nope, o4]}, {whereis, [nope]}, {whereis, [1]}, {new, [o5, [named_table, private, bag]]}, {rename, [o5, o3]},
         {setopts, [o5, {heir, none}]}, {setopts, [o5, []]}, {setopts, [o5, [{heir, none}]]}, {setopts, [o5, [a]]}, {info, [o5, heir]}, {info, [nope]}, {info, [1]},
         {give_away, [o5, a, b]}, {is_compiled_ms, [a]}, {match_spec_compile, [a]}, {select, [o5, '$end_of_table']}, {select, ['$end_of_table']}, {select, [a]}].
