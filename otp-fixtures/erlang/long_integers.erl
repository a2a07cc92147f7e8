%% The longest integer, and what would be longer: OTP 25 allows 524,287 words of 64 bits, 27 and later 65,535.
-module(long_integers).
-export([main/0, largest/0, matched/0, external/0]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

words() -> [65535, 65536, 524287].

bits(N) -> bit_size(binary:encode_unsigned(N)).

largest() ->
    M = erlang:system_info(id(max_integer)),
    {bits(M), M band 16#ffff, catch_error(fun() -> M + 1 end), abs(-M) =:= M}.

catch_error(F) ->
    try F() of _ -> {none} catch error:R -> {R} end.

%% What a field is worth only counts by the integer that it holds.
matched() ->
    [{Words,
      case id(<<-1:S>>) of <<N:S>> -> bits(N); _ -> no end,
      case id(<<-1:S>>) of <<N:S/signed>> -> N; _ -> no end,
      case id(<<0:S>>) of <<N:S/little>> -> N; _ -> no end,
      case id(<<1, 0:(S - 8)>>) of <<N:S/signed>> -> bits(N); _ -> no end}
     || Words <- words(), S <- [Words * 64]].

external() ->
    [{Words, catch_error(fun() -> bits(binary_to_term(<<131, 111, (Words * 8):32, 0, -1:(Words * 64)>>)) end)}
     || Words <- words()].
