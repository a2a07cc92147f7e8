%%% The unicode and string modules.
-module(unicode_text).
-compile([export_all, nowarn_export_all]).
-helpers([t]).

main() -> case_runner:main(?MODULE).

id(X) -> X.
t() -> id("Grüße, 漢字 😀!").

to_binary() -> unicode:characters_to_binary(t()).
to_binary_encodings() -> [unicode:characters_to_binary(t(), unicode, E) || E <- [utf8, utf16, {utf16, little}, utf32, {utf32, little}]].
to_binary_latin1() -> [unicode:characters_to_binary("Grüße", unicode, latin1), unicode:characters_to_binary(t(), unicode, latin1)].
from_latin1() -> [unicode:characters_to_binary(<<"Gr", 252, "n">>, latin1), unicode:characters_to_list(<<252, 223>>, latin1)].
to_list() -> [unicode:characters_to_list(<<"漢字é"/utf8>>), unicode:characters_to_list([<<"é"/utf8>>, 28450, ["x", <<"y">>]])].
from_utf16() -> unicode:characters_to_list(<<"漢😀"/utf16>>, utf16).
from_utf16_little() -> unicode:characters_to_binary(<<"漢😀"/utf16-little>>, {utf16, little}).
from_utf32() -> unicode:characters_to_list(<<"漢😀"/utf32>>, utf32).
incomplete() -> [unicode:characters_to_binary(<<"ab", 195>>), unicode:characters_to_list(<<"ab", 226, 130>>), unicode:characters_to_binary(<<0, 97, 0>>, utf16)].
bad_bytes() -> [unicode:characters_to_binary(<<"ab", 255, "cd">>), unicode:characters_to_list([$a, <<128>>, $b]), unicode:characters_to_binary([97, 16#D800, 98]), unicode:characters_to_binary([16#110000])].
bad_split_across() -> [unicode:characters_to_binary([<<195>>, <<188>>]), unicode:characters_to_binary([<<195>>, 97]), unicode:characters_to_list([<<226, 130>>, <<172>>])].
long_text() -> L = lists:append(lists:duplicate(20000, "aé漢")), B = unicode:characters_to_binary(L), {byte_size(B), unicode:characters_to_list(B) =:= L, erlang:md5(B)}.
latin1_to_list_long() -> length(unicode:characters_to_list(binary:copy(<<233>>, 50000), latin1)).
bom() -> [unicode:bom_to_encoding(B) || B <- [<<239, 187, 191, "x">>, <<254, 255>>, <<255, 254>>, <<0, 0, 254, 255>>, <<"no">>]] ++ [unicode:encoding_to_bom(utf16)].
normal_forms() -> [unicode:characters_to_nfc_list("e\x{301}"), unicode:characters_to_nfd_list("é"), unicode:characters_to_nfkc_list("ﬁ"), unicode:characters_to_nfkd_binary("ﬁé"), unicode:characters_to_nfc_binary(<<"e\x{301}x"/utf8>>)].
err_to_binary() -> unicode:characters_to_binary(id(a)).
err_to_binary_atom_inside() -> unicode:characters_to_binary(id([$a, b])).
err_to_list() -> unicode:characters_to_list(id(a)).
err_to_list_encoding() -> unicode:characters_to_list("a", id(nonsense)).
err_to_binary_encoding() -> unicode:characters_to_binary("a", utf8, id(nonsense)).
err_bits() -> unicode:characters_to_binary(id(<<1:3>>)).

length_of() -> [string:length(S) || S <- ["", "abc", t(), "e\x{301}", <<"ß↑e̊"/utf8>>, "\r\n"]].
graphemes() -> string:to_graphemes("ae\x{301}\r\nz").
next_things() -> [string:next_grapheme("e\x{301}x"), string:next_codepoint(<<"é"/utf8>>), string:next_grapheme("")].
cases() -> [string:uppercase(t()), string:lowercase("ÀÉÎ STRASSE"), string:titlecase("ǆabc"), string:casefold("Ω and ẞ"), string:uppercase(<<"ß"/utf8>>)].
trims() -> [string:trim("  x \n"), string:trim("xxaxx", leading, "x"), string:trim(<<"..a..">>, trailing, "."), string:chomp("a\r\n")].
splits() -> [string:split("a.b.c", "."), string:split("a.b.c", ".", trailing), string:split(<<"a--b--c">>, "--", all), string:lexemes("a;b c", "; "), string:nth_lexeme("a b c", 2, " ")].
finding() -> [string:find("hello", "ll"), string:find(<<"hello">>, "l", trailing), string:find("x", "y"), string:prefix("foobar", "foo"), string:prefix("a", "b"), string:take("abc123", "abc"), string:take("abc123", "123", true, leading)].
slices() -> [string:slice("hello", 1, 3), string:slice(<<"héllo"/utf8>>, 1), string:reverse("ae\x{301}b"), string:equal("e\x{301}", "é", false, nfc), string:equal("A", "a", true), string:is_empty(<<>>)].
padding() -> [lists:flatten(string:pad("a", 4)), lists:flatten(string:pad("a", 4, leading, $*)), lists:flatten(string:pad("漢", 4, both))].
replacing() -> [lists:flatten(string:replace("a-b-c", "-", "+")), lists:flatten(string:replace("a-b-c", "-", "+", all)), iolist_to_binary(string:replace(<<"xx">>, <<"x">>, <<"yy">>, all))].
joins() -> [string:join(["a", "b"], ", "), lists:join($,, "abc"), string:concat("a", "b")].
old_functions() -> [string:str("hello", "l"), string:rstr("hello", "l"), string:tokens("a b", " "), string:substr("hello", 2, 3), string:chr("abc", $b), string:to_upper("abc"), string:strip("  a "), string:words("a b c"), string:left("a", 3), string:centre("a", 3)].
width_ambiguous() -> [io_lib:format("~ts|", [string:pad("é", 3)])].
