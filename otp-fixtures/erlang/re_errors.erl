%%% Regular expressions: what compiling a bad pattern answers, where PCRE 8 and PCRE2 point at the same place or at one
%%% that follows from it.
-module(re_errors).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

c(L) -> [case re:compile(P) of {ok, _} -> ok; E -> E end || P <- L].

parentheses() -> c(["(", "a(b", ")", "a)", "(?", "(?:", "((a)", "(?#x"]).
classes() -> c(["[", "[a", "[z-a]", "[a\\", "[]"]).
quantifiers() -> c(["*", "+a", "?", "a**", "a{2,1}", "a{70000}", "x{1}{2}", "(*", "a{1", "|*"]).
escapes() -> c(["\\", "\\c", "\\x{110000}", "\\x{zz}", "\\o{9}"]).
references() -> c(["\\k<x>", "(?P=x)", "(?&x)", "(?P>x)", "\\g{x}"]).
names() -> c(["(?<", "(?<1>a)", "(?<a>x)(?<a>y)", "(?P<a", "(?<a-b>x)", "(?<>x)", "(?'a'x", "(?P"]).
options() -> c(["(?y)", "(?-", "(?i", "(?<x", "(?=", "(?!", "(?<=a", "(*FOO)", "(?C300)", "(?z)a"]).
lookbehind() -> c(["(?<=ab|c)d", "(?<!ab)c"]).
conditions() -> c(["(?(1", "(?(R)a)"]).
utf() -> [case re:compile(P, [unicode]) of {ok, _} -> ok; E -> E end || P <- [<<"å"/utf8>>, "\\x{d800}", "\\x{110000}", "[\\x{100}-\\x{99}]"]].
