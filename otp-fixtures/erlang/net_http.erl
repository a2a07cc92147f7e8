%%% inets over the loopback: httpd serves files to httpc, to raw requests, and to many at once.
-module(net_http).
-export([main/0, get_file/0, not_found/0, head/0, range/0, keep_alive/0, malformed/0, many/0, post_to_esi/0, echo/3]).
-helpers([]).

main() ->
    case_runner:quiet(),
    %% Not by a program of the OTP tree, which may not run on this host.
    ok = inet_db:set_lookup([file]),
    {ok, _} = application:ensure_all_started(inets),
    case_runner:main(?MODULE).

%% A server over a folder with one file of 200,000 bytes, while the fun runs.
served(F) ->
    Dir = "net_http.tmp." ++ os:getpid(),
    ok = filelib:ensure_dir(Dir ++ "/x"),
    Data = binary:copy(<<"0123456789">>, 20000),
    ok = file:write_file(Dir ++ "/data.bin", Data),
    {ok, Pid} = inets:start(httpd, [{port, 0}, {server_name, "girder"}, {server_root, Dir}, {document_root, Dir}, {bind_address, {127,0,0,1}},
                                    {modules, [mod_alias, mod_esi, mod_range, mod_get, mod_head]}, {erl_script_alias, {"/esi", [?MODULE]}}]),
    [{port, Port}] = httpd:info(Pid, [port]),
    R = F(Port, "http://127.0.0.1:" ++ integer_to_list(Port), Data),
    inets:stop(httpd, Pid),
    file:delete(Dir ++ "/data.bin"), file:del_dir(Dir),
    R.

fetch(Url) -> httpc:request(get, {Url, []}, options(), [{body_format, binary}]).
%% Without TLS, for which a host without certificates of authorities would have no defaults.
options() -> [{timeout, 10000}, {ssl, [{verify, verify_none}]}].
status({ok, {{Version, Code, Text}, _, _}}) -> {Version, Code, Text};
status(E) -> E.

get_file() -> served(fun(_, U, Data) -> {ok, {S, H, B}} = fetch(U ++ "/data.bin"), {S, proplists:get_value("content-length", H), B =:= Data} end).
not_found() -> served(fun(_, U, _) -> status(fetch(U ++ "/nothing")) end).
head() -> served(fun(_, U, _) -> {ok, {S, H, B}} = httpc:request(head, {U ++ "/data.bin", []}, options(), []), {S, proplists:get_value("content-length", H), B} end).
range() -> served(fun(_, U, _) -> {ok, {S, _, B}} = httpc:request(get, {U ++ "/data.bin", [{"range", "bytes=5-14"}]}, options(), []), {S, B} end).
many() ->
    served(fun(_, U, Data) ->
        L = [spawn_monitor(fun() -> {ok, {{_, 200, _}, _, B}} = fetch(U ++ "/data.bin"), true = B =:= Data end) || _ <- lists:seq(1, 30)],
        lists:usort([receive {'DOWN', R, process, P, Why} -> Why end || {P, R} <- L])
    end).
post_to_esi() -> served(fun(_, U, _) -> {ok, {S, _, B}} = httpc:request(post, {U ++ "/esi/net_http:echo", [], "text/plain", "some text"}, options(), []), {S, B} end).
echo(Session, _, Input) -> mod_esi:deliver(Session, ["Content-Type: text/plain\r\n\r\n", "you said: ", Input]).

%% Two requests over one connection, by hand.
keep_alive() ->
    served(fun(Port, _, _) ->
        {ok, S} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, false}, {packet, http_bin}]),
        Lines = [begin ok = gen_tcp:send(S, "GET /data.bin HTTP/1.1\r\nHost: h\r\n\r\n"), answer(S) end || _ <- [1, 2]],
        gen_tcp:close(S),
        Lines
    end).
answer(S) ->
    {ok, {http_response, V, Code, Text}} = gen_tcp:recv(S, 0, 5000),
    Length = headers(S, 0),
    ok = inet:setopts(S, [{packet, raw}]),
    {ok, B} = gen_tcp:recv(S, Length, 5000),
    ok = inet:setopts(S, [{packet, http_bin}]),
    {V, Code, Text, byte_size(B)}.
headers(S, Length) ->
    case gen_tcp:recv(S, 0, 5000) of
        {ok, {http_header, _, 'Content-Length', _, N}} -> headers(S, binary_to_integer(N));
        {ok, {http_header, _, _, _, _}} -> headers(S, Length);
        {ok, http_eoh} -> Length
    end.

malformed() ->
    served(fun(Port, _, _) ->
        [begin
             {ok, S} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, false}, {packet, line}]),
             ok = gen_tcp:send(S, Text), R = gen_tcp:recv(S, 0, 5000), gen_tcp:close(S), R
         end || Text <- ["GET / HTTP/7.7\r\n\r\n", ["GET /", lists:duplicate(20000, $a), " HTTP/1.1\r\nHost: h\r\n\r\n"]]]
    end).
