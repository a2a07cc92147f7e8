%%% inets' httpd over the folder that it is started in, with directory listings and a script. For a test of its own: `serve/0`
%%% prints its port.
-module(http_files).
-export([serve/0, size_of/3]).

serve() ->
    %% Not by a program of the OTP tree, which may not run on this host.
    ok = inet_db:set_lookup([file]),
    {ok, _} = application:ensure_all_started(inets),
    {ok, Dir} = file:get_cwd(),
    {ok, Pid} = inets:start(httpd, [{port, 0}, {server_name, "files"}, {server_root, Dir}, {document_root, Dir}, {bind_address, {127,0,0,1}},
                                    {directory_index, ["index.html"]}, {mime_types, [{"html", "text/html"}, {"txt", "text/plain"}]},
                                    {modules, [mod_alias, mod_esi, mod_dir, mod_range, mod_get, mod_head]}, {erl_script_alias, {"/esi", [?MODULE]}}]),
    [{port, Port}] = httpd:info(Pid, [port]),
    io:format("port ~w~n", [Port]),
    receive stop -> ok end.

%% How much was posted.
size_of(Session, _, Input) -> mod_esi:deliver(Session, ["Content-Type: text/plain\r\n\r\n", integer_to_list(length(Input))]).
