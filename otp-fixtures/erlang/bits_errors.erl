%%% Binaries that cannot be built: the reason, and what error_info says about the failing segment.
-module(bits_errors).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

id(X) -> X.

why(F) ->
    try F() catch
        error:Reason:Stack ->
            [{M, Fn, A, Info} | _] = Stack,
            Formatted = case lists:keyfind(error_info, 1, Info) of
                {_, #{module := Mod} = Map} -> Fun = maps:get(function, Map, format_error), [{K, text(V)} || {K, V} <- lists:sort(maps:to_list(Mod:Fun(Reason, Stack)))];
                {_, Map} -> Map;
                false -> none
            end,
            {Reason, {M, Fn, A}, Formatted}
    end.
text(V) -> try lists:flatten(io_lib:format("~ts", [V])) catch _:_ -> V end.

integer_atom() -> why(fun() -> <<(id(a)):8>> end).
integer_float() -> why(fun() -> <<(id(1.5)):8>> end).
integer_list() -> why(fun() -> <<1, 2, (id([])):16/little>> end).
float_atom() -> why(fun() -> <<(id(a))/float>> end).
float_too_large_32() -> why(fun() -> <<(id(1.0e100)):32/float>> end).
float_too_large_16() -> why(fun() -> <<(id(65536.0)):16/float>> end).
float_big_int() -> why(fun() -> <<(id(1 bsl 2000))/float>> end).
float_bad_size() -> why(fun() -> S = id(24), <<(id(1.0)):S/float>> end).
binary_atom() -> why(fun() -> <<(id(a))/binary>> end).
binary_list() -> why(fun() -> <<1, (id("abc"))/binary>> end).
binary_bits() -> why(fun() -> <<(id(<<1:3>>))/binary>> end).
binary_short() -> why(fun() -> <<(id(<<"ab">>)):5/binary>> end).
bits_short() -> why(fun() -> <<(id(<<"ab">>)):17/bits>> end).
size_negative() -> why(fun() -> S = id(-1), <<1:S>> end).
size_atom() -> why(fun() -> S = id(a), <<1:S>> end).
size_float() -> why(fun() -> S = id(1.0), <<1:S>> end).
size_negative_binary() -> why(fun() -> S = id(-5), <<(id(<<"abc">>)):S/binary>> end).
size_huge() -> why(fun() -> S = id(1 bsl 70), <<1:S>> end).
size_too_large() -> why(fun() -> S = id(1 bsl 62), <<1:S>> end).
size_unit_overflow() -> why(fun() -> S = id(1 bsl 58), <<1:S/unit:64>> end).
utf8_surrogate() -> why(fun() -> <<(id(16#D800))/utf8>> end).
utf8_too_large() -> why(fun() -> <<(id(16#110000))/utf8>> end).
utf8_negative() -> why(fun() -> <<(id(-1))/utf8>> end).
utf8_atom() -> why(fun() -> <<(id(a))/utf8>> end).
utf16_surrogate() -> why(fun() -> <<(id(16#DFFF))/utf16>> end).
utf16_atom() -> why(fun() -> <<1, (id(a))/utf16>> end).
utf32_too_large() -> why(fun() -> <<(id(16#110000))/utf32>> end).
utf32_atom() -> why(fun() -> <<(id([]))/utf32>> end).
append_atom() -> why(fun() -> B = id(<<"abc">>), <<B/binary, (id(x)):8>> end).
append_to_list() -> why(fun() -> B = id("abc"), <<B/binary, 1>> end).
append_to_bits() -> why(fun() -> B = id(<<1:1>>), <<B/binary, 1>> end).
comprehension_bits() -> why(fun() -> << <<X:8>> || X <- id([1, a]) >> end).
plain_trace() -> <<(id(zz)):8>>.
plain_trace_after_utf8() -> X = id($a), Y = id(bad), <<X/utf8, Y/utf8>>.
evaluation_order() -> <<(throw(first)):8, (id(zz)):8>>.
bit_size_of_list() -> bit_size(id([])).
size_list_constant() -> why(fun() -> <<<<(id(42))>>:[<<>> || <<123:true>> <= <<>>], <<(id(100))>>:7>> end).
size_atom_constant() -> why(fun() -> <<(id(1)):(case 0 of 0 -> all end)/integer, (id(<<"abc">>))/binary>> end).
size_atom_of_binary() -> why(fun() -> <<(id(1)), (id(<<"abc">>)):(case 0 of 0 -> some end)/binary>> end).
