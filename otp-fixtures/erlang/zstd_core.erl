%%% Module `zstd`, which came with OTP 28: streams, parameters, dictionaries, headers of frames, errors.
-module(zstd_core).
-compile([export_all, nowarn_export_all]).
-helpers([main, dictionary_context]).

main() -> case_runner:main(?MODULE).

-if(?OTP_RELEASE < 28).

absent() -> case_runner:attempt(fun() -> apply(zstd, compress, [<<"abc">>]) end).

-else.

text(N) -> binary:copy(<<"The quick brown fox jumps over the lazy dog. ">>, N).

%% Bytes that do not compress well, the same each time.
words(N) -> << <<(erlang:phash2(I)):27, 0:5>> || I <- lists:seq(1, N) >>.

context(Mode, Options) -> {ok, Context} = zstd:context(Mode, Options), Context.

one_call() ->
    [zstd:compress(<<"abc">>), zstd:compress(""), zstd:compress(["a", [<<"b">> | <<"c">>]]),
     zstd:decompress(zstd:compress(<<"abc">>))].

sizes() ->
    [begin
         Packed = iolist_to_binary(zstd:compress(Data)),
         {byte_size(Data), byte_size(Packed), erlang:md5(Packed), iolist_to_binary(zstd:decompress(Packed)) =:= Data}
     end || Data <- [text(0), text(1), text(100), text(20000), words(100), words(100000)]].

levels() ->
    Data = words(3000),
    [{Level, erlang:md5(zstd:compress(Data, #{compressionLevel => Level}))} || Level <- [-22, -1, 0, 1, 3, 9, 19, 22]].

strategies() ->
    Data = text(300),
    [{S, erlang:md5(zstd:compress(Data, #{strategy => S}))}
     || S <- [default, fast, dfast, greedy, lazy, lazy2, btlazy2, btopt, btultra, btultra2]].

flags() ->
    [zstd:compress(<<"abc">>, Options)
     || Options <- [#{checksumFlag => true}, #{contentSizeFlag => false}, #{dictIDFlag => false},
                    #{enableLongDistanceMatching => true}, #{checksumFlag => true, contentSizeFlag => false}]].

parts_in_pieces() ->
    [iolist_to_binary(zstd:decompress(zstd:compress(Data))) =:= iolist_to_binary(Data)
     || Data <- [[words(10000) || _ <- lists:seq(1, 5)], lists:duplicate(100000, $x), [text(3000), words(70000), "end"]]].

a_binary_that_begins_between_bytes() ->
    <<_:3, Data:100/binary, _/bits>> = text(10),
    zstd:decompress(zstd:compress(Data)) =:= [binary:copy(Data)].

parameters() ->
    C = context(compress, #{}),
    Keys = [compressionLevel, windowLog, hashLog, chainLog, searchLog, minMatch, targetLength, strategy,
            targetCBlockSize, ldmHashLog, ldmMinMatch, ldmBucketSizeLog, ldmHashRateLog],
    Before = [{K, zstd:get_parameter(C, K)} || K <- Keys],
    Set = [{K, V, case_runner:attempt(fun() -> zstd:set_parameter(C, K, V) end), zstd:get_parameter(C, K)}
           || {K, V} <- [{compressionLevel, 7}, {compressionLevel, 1000}, {compressionLevel, -1000000}, {windowLog, 20},
                         {windowLog, 1000}, {windowLog, 1 bsl 40}, {windowLog, a}, {hashLog, 20}, {chainLog, 10},
                         {searchLog, 5}, {minMatch, 4}, {targetLength, 100}, {strategy, btultra2}, {strategy, foo},
                         {strategy, 3}, {strategy, default}, {targetCBlockSize, 2000}, {ldmHashLog, 12},
                         {ldmMinMatch, 32}, {ldmBucketSizeLog, 3}, {ldmHashRateLog, 4}]],
    {Before, Set}.

%% Flags can be set; what is told of them is another matter.
flags_told() ->
    C = context(compress, #{}),
    [{K, zstd:get_parameter(C, K), case_runner:attempt(fun() -> zstd:set_parameter(C, K, V) end), zstd:get_parameter(C, K)}
     || K <- [contentSizeFlag, checksumFlag, dictIDFlag, enableLongDistanceMatching], V <- [true, false]].

wrong_parameters() ->
    C = context(compress, #{}), D = context(decompress, #{}),
    [case_runner:attempt(F)
     || F <- [fun() -> zstd:set_parameter(C, foo, 1) end, fun() -> zstd:set_parameter(C, 1, 1) end,
              fun() -> zstd:get_parameter(C, foo) end, fun() -> zstd:set_parameter(C, checksumFlag, 1) end,
              fun() -> zstd:set_parameter(C, pledgedSrcSize, -1) end, fun() -> zstd:set_parameter(C, pledgedSrcSize, 1.0) end,
              fun() -> zstd:set_parameter(C, pledgedSrcSize, 1 bsl 64) end,
              fun() -> zstd:set_parameter(C, pledgedSrcSize, 1 bsl 64 - 1) end,
              fun() -> zstd:get_parameter(D, windowLogMax) end, fun() -> zstd:set_parameter(D, windowLogMax, 20) end,
              fun() -> zstd:get_parameter(D, windowLogMax) end, fun() -> zstd:set_parameter(D, windowLogMax, 1) end,
              fun() -> zstd:set_parameter(D, windowLogMax, a) end, fun() -> zstd:set_parameter(D, foo, a) end,
              fun() -> zstd:set_parameter(D, foo, 1) end, fun() -> zstd:get_parameter(D, foo) end,
              fun() -> zstd:set_parameter({foo, C}, foo, 1) end, fun() -> zstd:context(compress, #{foo => bar}) end,
              fun() -> zstd:context(decompress, #{windowLogMax => 100}) end]].

streaming() ->
    C = context(compress, #{}),
    {continue, A} = zstd:stream(C, text(1)),
    {continue, B} = zstd:stream(C, [text(1) | text(2)]),
    {done, E} = zstd:finish(C, text(1)),
    {done, F} = zstd:finish(C, [<<"again">>, "and", []]),
    Packed = iolist_to_binary([A, B, E]),
    {Packed, F, zstd:decompress(Packed), zstd:decompress(F)}.

streaming_what_is_large() ->
    C = context(compress, #{}), Data = words(100000),
    {continue, Rest, Made} = zstd:stream(C, Data),
    {byte_size(Rest), byte_size(Made), erlang:md5(Made)}.

flushing() ->
    C = context(compress, #{}),
    {continue, A} = zstd:stream(C, <<"hello">>),
    {continue, B} = zstd:flush(C),
    {continue, B2} = zstd:flush(C),
    {done, E} = zstd:finish(C, <<>>),
    {A, B, B2, E, zstd:decompress([A, B]), zstd:decompress([A, B | E])}.

flushing_decompression() ->
    D = {decompress, R} = context(decompress, #{}),
    {'!', error, {badarg, {invalid_context, {decompress, R}}}} = case_runner:attempt(fun() -> zstd:flush(D) end), ok.

decompressing_in_pieces() ->
    D = context(decompress, #{}),
    Packed = iolist_to_binary(zstd:compress(text(100))),
    Out = [begin {continue, O} = zstd:stream(D, <<B>>), O end || <<B>> <= Packed],
    {done, Last} = zstd:finish(D, <<>>),
    iolist_to_binary([Out | Last]) =:= text(100).

several_frames() ->
    Frames = [zstd:compress(<<"one">>), <<16#50, 16#2a, 16#4d, 16#18, 3:32/little, "xyz">>, zstd:compress(<<"two">>)],
    {zstd:decompress(Frames), zstd:decompress(iolist_to_binary(Frames))}.

a_bomb() ->
    Packed = iolist_to_binary(zstd:compress(binary:copy(<<0>>, 10000000))),
    Parts = zstd:decompress(Packed),
    {byte_size(Packed), length(Parts), iolist_size(Parts)}.

bad_input() ->
    Good = iolist_to_binary(zstd:compress(text(30), #{checksumFlag => true})),
    <<Head:20/binary, X, Tail/binary>> = Good,
    [case_runner:attempt(fun() -> zstd:decompress(Bytes) end)
     || Bytes <- [<<"nonsense">>, <<Head/binary, (X bxor 1), Tail/binary>>, <<"">>, foo, [1000], <<1:1>>,
                  binary:part(Good, 0, byte_size(Good) - 5), <<40, 181, 47, 253>>]].

wrong_arguments() ->
    [case_runner:attempt(F)
     || F <- [fun() -> zstd:compress(foo) end, fun() -> zstd:compress([foo]) end, fun() -> zstd:context(foo) end,
              fun() -> zstd:stream({compress, make_ref()}, <<"a">>) end, fun() -> zstd:stream({compress, foo}, <<"a">>) end,
              fun() -> zstd:reset({decompress, foo}) end, fun() -> zstd:close({compress, foo}) end,
              fun() -> zstd:stream(context(compress, #{}), foo) end, fun() -> zstd:finish(context(compress, #{}), foo) end,
              fun() -> zstd:stream(context(compress, #{}), [foo]) end, fun() -> zstd:get_dict_id(foo) end]].

closed() ->
    C = context(compress, #{}), D = context(decompress, #{}),
    {zstd:close(C), zstd:close(D),
     [case_runner:attempt(F) || F <- [fun() -> zstd:close(C) end, fun() -> zstd:close(D) end, fun() -> zstd:reset(C) end,
                                      fun() -> zstd:stream(D, <<"a">>) end, fun() -> zstd:compress(<<"a">>, C) end]]}.

only_its_own_process() ->
    C = context(compress, #{}), D = context(decompress, #{}), Self = self(),
    spawn(fun() ->
                  Self ! [case_runner:attempt(F)
                          || F <- [fun() -> zstd:stream(C, <<"a">>) end, fun() -> zstd:close(C) end, fun() -> zstd:reset(D) end,
                                   fun() -> zstd:set_parameter(D, foo, bar) end, fun() -> zstd:set_parameter(C, foo, bar) end,
                                   fun() -> zstd:set_parameter(C, dictionary, <<>>) end]]
          end),
    receive Answers -> {Answers, zstd:close(C)} end.

reset() ->
    C = context(compress, #{}), D = context(decompress, #{}),
    {continue, _} = zstd:stream(C, <<"lost">>),
    Busy = case_runner:attempt(fun() -> zstd:set_parameter(C, windowLog, 20) end),
    ok = zstd:reset(C),
    ok = zstd:set_parameter(C, windowLog, 20),
    {done, Packed} = zstd:finish(C, <<"kept">>),
    {continue, <<>>} = zstd:stream(D, <<40, 181, 47, 253>>),
    BusyToo = case_runner:attempt(fun() -> zstd:set_parameter(D, windowLogMax, 20) end),
    ok = zstd:reset(D),
    {Busy, BusyToo, zstd:set_parameter(D, windowLogMax, 20), zstd:decompress(Packed, D)}.

pledges() ->
    C = context(compress, #{pledgedSrcSize => 10}),
    {continue, A} = zstd:stream(C, <<"1234">>),
    {done, B} = zstd:finish(C, <<"567890">>),
    ok = zstd:set_parameter(C, pledgedSrcSize, 10),
    {continue, _} = zstd:stream(C, <<"1234">>),
    Wrong = case_runner:attempt(fun() -> zstd:finish(C, <<"5">>) end),
    {zstd:get_frame_header([A | B]), Wrong, zstd:finish(C, <<"fine">>)}.

dictionaries() ->
    Words = text(3), Data = <<"The lazy quick dog jumps over the brown fox.">>,
    {ok, CDict} = zstd:dict(compress, Words), {ok, CDict9} = zstd:dict(compress, Words, #{compressionLevel => 9}),
    {ok, DDict} = zstd:dict(decompress, Words),
    [A, B, C, E] = [zstd:compress(Data, #{dictionary => D}) || D <- [CDict, CDict9, Words, <<>>]],
    {A, B, C, E, [zstd:get_dict_id(X) || X <- [CDict, DDict, A, Words]],
     zstd:decompress(A, #{dictionary => DDict}), zstd:decompress(A, #{dictionary => Words}),
     case_runner:attempt(fun() -> zstd:decompress(A) end),
     case_runner:attempt(fun() -> zstd:compress(Data, #{dictionary => DDict}) end),
     case_runner:attempt(fun() -> zstd:dict(compress, "list") end),
     case_runner:attempt(fun() -> zstd:dict(decompress, "list") end),
     case_runner:attempt(fun() -> zstd:dict(compress, Words, #{compressionLevel => a}) end)}.

%% The head of a formal dictionary, then garbage.
bad_dictionaries() ->
    Bad = <<16#37, 16#A4, 16#30, 16#EC, 42:32/little, 0:800>>,
    {ok, {cdict, C}} = zstd:dict(compress, Bad), {ok, {ddict, D}} = zstd:dict(decompress, Bad),
    {C, D, zstd:get_dict_id(Bad),
     case_runner:attempt(fun() -> zstd:compress(<<"abc">>, #{dictionary => Bad}) end),
     case_runner:attempt(fun() -> zstd:decompress(zstd:compress(<<"abc">>), #{dictionary => Bad}) end)}.

a_dictionary_outlives_its_term() ->
    C = dictionary_context(), [garbage_collect() || _ <- [1, 2, 3]], zstd:compress(text(1), C).
dictionary_context() -> {ok, Dict} = zstd:dict(compress, text(5)), context(compress, #{dictionary => Dict}).

frame_headers() ->
    [case_runner:attempt(fun() -> zstd:get_frame_header(F) end)
     || F <- [zstd:compress(<<"abc">>), zstd:compress(text(3000), #{checksumFlag => true}),
              zstd:compress(<<"abc">>, #{contentSizeFlag => false}), <<16#50, 16#2a, 16#4d, 16#18, 5:32/little>>,
              <<1, 2, 3>>, <<"wrong wrong">>, foo]].
-endif.
