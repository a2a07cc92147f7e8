%%% Files in memory (`ram`), and compressed ones.
-module(ram_files).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(F).

read() ->
    [begin
         {ok, F} = file:open(<<"hello, world">>, [ram, read | O]),
         R = [file:read(F, 5), file:pread(F, 7, 3), file:pread(F, 20, 3), file:position(F, cur), file:read(F, 100), file:read(F, 1), file:position(F, {eof, -4}),
              file:read(F, 10), file:position(F, -1), file:position(F, {cur, -100}), file:position(F, 50), file:read(F, 1), file:write(F, "x"),
              file:truncate(F), file:close(F)],
         {R, e(fun() -> file:read(F, 1) end)}
     end || O <- [[], [binary]]].

write() ->
    {ok, F} = file:open("abc", [ram, read, write, binary]),
    R = [file:write(F, "xy"), file:write(F, [<<"1">>, "23"]), file:pwrite(F, 10, "end"), file:pread(F, 0, 100), file:position(F, bof), file:read(F, 100),
         file:position(F, 4), file:truncate(F), ram_file:get_file(F), ram_file:get_size(F), file:position(F, 8), file:truncate(F), ram_file:get_file(F),
         file:sync(F), file:datasync(F), file:advise(F, 0, 0, normal), file:allocate(F, 0, 10), file:pwrite(F, -1, "a"), file:pread(F, [{0, 2}, {1, 3}, {100, 1}]),
         file:pwrite(F, [{0, "A"}, {3, "B"}]), ram_file:get_file(F), file:copy(F, "no such folder/x")],
    ok = file:close(F),
    R.

write_only() ->
    {ok, F} = file:open("abc", [ram, write]),
    [file:read(F, 1), file:write(F, "z"), ram_file:get_file(F), file:close(F)].

wrong() -> [e(fun() -> file:open(D, O) end) || {D, O} <- [{"abc", [ram, foo]}, {abc, [ram, read]}, {<<1:3>>, [ram]}, {"abc", [ram, append]}]].

raw_port() ->
    P = open_port({spawn, "ram_file_drv"}, []),
    Ask = fun(C) -> port_command(P, C), receive {P, X} -> X after 200 -> nothing end end,
    R = [Ask(C) || C <- [[2, <<5:32>>], [3, <<0:32, 0:32>>], [4 | "abc"], [14], [30], [37], [38], [99], [1, <<3:32>>, "data"], [2, <<2:32>>], [2, <<-1:32>>],
                         [3, <<0:32, 7:32>>], [3, <<-9:32, 1:32>>], [30], []]],
    port_close(P),
    R.

compressed() ->
    Name = "ram_files.tmp." ++ os:getpid(),
    {ok, W} = file:open(Name, [write, compressed]),
    Written = [file:write(W, lists:duplicate(1000, "line of text\n")), io:format(W, "~p~n", [done]), file:position(W, cur), file:close(W)],
    {ok, <<31, 139, _/binary>> = Gz} = file:read_file(Name),
    {ok, R} = file:open(Name, [read, compressed, binary]),
    Read = [file:read(R, 6), file:position(R, cur), file:read_line(R), file:position(R, 12990), file:read(R, 100), file:read(R, 1), file:position(R, bof), file:read(R, 4),
            file:position(R, {eof, -1}), file:close(R)],
    {ok, Raw} = file:open(Name, [read, raw, compressed]),
    RawRead = [file:read(Raw, 4), file:read_line(Raw), file:write(Raw, "x"), file:close(Raw)],
    ok = file:write_file(Name, "not compressed"),
    {ok, Plain} = file:open(Name, [read, compressed]),
    PlainRead = [file:read(Plain, 100), file:close(Plain)],
    Plainly = [file:write_file(Name, <<"text">>, [compressed]), element(1, file:read_file(Name))],
    Both = e(fun() -> file:open(Name, [read, write, compressed]) end),
    file:delete(Name),
    {Written, byte_size(zlib:gunzip(Gz)), Read, RawRead, PlainRead, Plainly, Both}.
