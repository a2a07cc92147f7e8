%%% Unicode on standard output once its encoding is set.
-module(prog_unicode).
-export([main/0]).

main() ->
    ok = io:setopts([{encoding, unicode}]),
    io:format("~ts ~tp ~tw~n", ["漢字 é 😀", 'ünï', <<"é"/utf8>>]),
    io:put_chars(<<"grüße\n"/utf8>>),
    io:put_chars(user, "λ\n").
