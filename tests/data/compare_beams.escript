#!/usr/bin/env escript
%% compare_beams DIR DIR: whether the modules in two folders are the same: all chunks byte by byte, but those that are
%% compressed by what is in them.
main([One, Other]) ->
    {ok, Files} = file:list_dir(One),
    Bad = [{F, N} || F <- lists:sort(Files), N <- differences(filename:join(One, F), filename:join(Other, F))],
    [io:format("~ts: ~p~n", [F, N]) || {F, N} <- Bad],
    io:format("~p modules, ~p differences~n", [length(Files), length(Bad)]),
    halt(min(1, length(Bad))).

differences(One, Other) ->
    case {beam_lib:all_chunks(One), beam_lib:all_chunks(Other)} of
        {{ok, _, A}, {ok, _, B}} ->
            [N || {N, X} <- A, plain(N, X) =/= plain(N, proplists:get_value(N, B))] ++ [N || {N, _} <- B, not lists:keymember(N, 1, A)];
        _ -> [missing]
    end.

plain(_, undefined) -> none;
plain("LitT", <<_:32, Z/binary>>) ->
    <<_:32, All/binary>> = zlib:uncompress(Z),
    [binary_to_term(T) || <<Size:32, T:Size/binary>> <= All];
plain("Dbgi", B) -> binary_to_term(B);
plain(_, B) -> B.
