%%% Files and directories without servers: `prim_file`, raw files, read-ahead and delayed writes.
-module(raw_files).
-compile([export_all, nowarn_export_all]).
-include_lib("kernel/include/file.hrl").

main() -> case_runner:main(?MODULE).

%% Runs F on the name of a directory that is empty before and gone afterwards.
in_dir(F) ->
    Dir = "raw_files.tmp." ++ os:getpid() ++ "." ++ integer_to_list(erlang:unique_integer([positive])),
    ok = prim_file:make_dir(Dir),
    try F(Dir) after remove(Dir) end.

remove(Dir) ->
    {ok, Names} = prim_file:list_dir(Dir),
    [case prim_file:delete(Dir ++ "/" ++ N) of
         {error, eperm} -> remove(Dir ++ "/" ++ N);
         ok -> ok
     end || N <- Names],
    prim_file:del_dir(Dir).

raw(Name, Modes) -> file:open(Name, [raw, binary | Modes]).

with(Modes, F) ->
    in_dir(fun(D) ->
        {ok, Fd} = raw(D ++ "/f", Modes),
        R = (catch F(Fd)),
        {R, file:close(Fd), file:close(Fd), prim_file:read_file(D ++ "/f")}
    end).

write_read() -> with([write, read], fun(Fd) -> [file:write(Fd, ["abc", <<"def">>]), file:position(Fd, 0), file:read(Fd, 4), file:read(Fd, 100), file:read(Fd, 1), file:read(Fd, 0)] end).
lists() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/f", "hello"), {ok, Fd} = file:open(D ++ "/f", [raw, read]), [file:read(Fd, 3), file:read_line(Fd), file:close(Fd)] end).
positions() -> with([write, read], fun(Fd) -> ok = file:write(Fd, "0123456789"), [file:position(Fd, P) || P <- [bof, eof, cur, 3, {bof, 2}, {cur, 2}, {cur, -1}, {eof, -3}, {bof, -1}, {cur, -100}, -1, {eof, 5}]] end).
pread() -> with([write, read], fun(Fd) -> ok = file:write(Fd, "0123456789"), [file:pread(Fd, 2, 3), file:pread(Fd, 8, 5), file:pread(Fd, 10, 1), file:pread(Fd, -1, 1), file:pread(Fd, 1, -1), file:pread(Fd, [{0, 2}, {9, 9}, {20, 1}]), file:position(Fd, cur)] end).
pwrite() -> with([write, read], fun(Fd) -> [file:pwrite(Fd, 3, "abc"), file:pwrite(Fd, -1, "a"), file:pwrite(Fd, [{0, "x"}, {8, <<"yz">>}]), file:pwrite(Fd, 0, <<1:7>>)] end).
truncate() -> with([write, read], fun(Fd) -> [file:write(Fd, "0123456789"), file:position(Fd, 4), file:truncate(Fd), file:position(Fd, eof)] end).
append() -> in_dir(fun(D) -> F = D ++ "/f", [begin {ok, Fd} = raw(F, [append]), R = [file:write(Fd, S), file:read(Fd, 1)], {R, file:close(Fd)} end || S <- ["a", "bc"]] ++ [prim_file:read_file(F)] end).
exclusive() -> in_dir(fun(D) -> {ok, Fd} = raw(D ++ "/f", [exclusive]), [file:close(Fd), raw(D ++ "/f", [exclusive]), raw(D ++ "/f", [write, exclusive])] end).
write_only() -> with([write], fun(Fd) -> [file:write(Fd, "abc"), file:position(Fd, 0), file:read(Fd, 1), file:pread(Fd, 0, 1)] end).
read_only() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/f", "abc"), {ok, Fd} = raw(D ++ "/f", [read]), [file:write(Fd, "x"), file:write(Fd, ""), file:truncate(Fd), file:close(Fd)] end).
write_trunc() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/f", "abc"), {ok, A} = raw(D ++ "/f", [read, write]), S = file:position(A, eof), file:close(A), {ok, B} = raw(D ++ "/f", [write]), T = file:position(B, eof), file:close(B), [S, T] end).
closed() -> in_dir(fun(D) -> {ok, Fd} = raw(D ++ "/f", [write, read]), ok = file:close(Fd), [file:read(Fd, 1), file:write(Fd, "a"), file:position(Fd, 0), file:truncate(Fd), file:sync(Fd), file:advise(Fd, 0, 0, normal), file:allocate(Fd, 0, 1), file:close(Fd)] end).
sync() -> with([write], fun(Fd) -> [file:write(Fd, "a"), file:sync(Fd), file:datasync(Fd), file:advise(Fd, 0, 1, will_need), file:advise(Fd, 0, 0, sequential), file:advise(Fd, 0, 1, nonsense), file:advise(Fd, -1, 1, normal), file:allocate(Fd, 0, 5), file:allocate(Fd, -1, 5), file:allocate(Fd, 0, 0), file:position(Fd, eof)] end).
sync_mode() -> with([write, sync], fun(Fd) -> file:write(Fd, "abc") end).
ipread() -> with([write, read], fun(Fd) -> ok = file:write(Fd, [<<3:32, 10:32>>, "..", "abcde", <<9:32, 100:32>>]), [file:ipread_s32bu_p32bu(Fd, P, M) || {P, M} <- [{0, 5}, {0, 3}, {0, 2}, {15, 100}, {20, 5}, {-1, 5}, {0, 1 bsl 31}]] end).
many_pieces() -> element(1, with([write, read], fun(Fd) -> ok = file:write(Fd, [<<N, N>> || N <- lists:seq(0, 199)]), ok = file:pwrite(Fd, 400, [<<N>> || N <- lists:seq(0, 199)]), {ok, B} = file:pread(Fd, 0, 1000), {byte_size(B), erlang:md5(B)} end)).
large() -> element(1, with([write, read], fun(Fd) -> ok = file:write(Fd, binary:copy(<<"0123456789">>, 50000)), {ok, B} = file:pread(Fd, 5, 1000000), {byte_size(B), erlang:crc32(B)} end)).
read_ahead() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/f", [[integer_to_list(N), "\n"] || N <- lists:seq(1, 3000)]), {ok, Fd} = raw(D ++ "/f", [read, {read_ahead, 100}]), R = [file:read_line(Fd), file:read(Fd, 3), file:position(Fd, cur), file:read_line(Fd), file:read_line(Fd), file:pread(Fd, 0, 4), file:position(Fd, {cur, 2}), file:read_line(Fd), byte_size(element(2, file:read(Fd, 10000000))), file:read_line(Fd)], {R, file:close(Fd)} end).
read_lines() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/f", "a\nb\r\n\nlast"), {ok, Fd} = raw(D ++ "/f", [read]), R = [file:read_line(Fd) || _ <- lists:seq(1, 6)], {R, file:close(Fd)} end).
delayed_write() -> in_dir(fun(D) -> {ok, Fd} = raw(D ++ "/f", [write, {delayed_write, 1000, 100000}]), R = [file:write(Fd, "abc"), prim_file:read_file(D ++ "/f"), file:write(Fd, binary:copy(<<"x">>, 2000)), byte_size(element(2, prim_file:read_file(D ++ "/f"))), file:write(Fd, "end"), file:close(Fd)], {R, byte_size(element(2, prim_file:read_file(D ++ "/f")))} end).
compressed() -> in_dir(fun(D) -> {ok, Fd} = raw(D ++ "/f", [write, compressed]), ok = file:write(Fd, binary:copy(<<"abc">>, 1000)), ok = file:close(Fd), {ok, Rd} = raw(D ++ "/f", [read, compressed]), R = [file:read(Rd, 5), file:position(Rd, 2999), file:read(Rd, 5), file:read(Rd, 5), file:close(Rd)], {R, byte_size(element(2, prim_file:read_file(D ++ "/f"))) < 200} end).

open_errors() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/f", ""), [opened(raw(N, M)) || {N, M} <- [{D ++ "/none", [read]}, {D, [read]}, {D, [write]}, {D, [read, directory]}, {D ++ "/f/x", [read]}, {D ++ "/f", [read, directory]}, {"", [read]}, {lists:duplicate(300, $a), [read]}, {"a\0b", [read]}, {<<"a\0">>, [read]}, {[], [write]}]] end).
opened({ok, Fd}) -> {ok, file:close(Fd)};
opened(Other) -> Other.
errors_of_names() -> [prim_file:F(N) || F <- [read_file, list_dir, delete, del_dir, make_dir, read_link, read_file_info, set_cwd], N <- ["none.such/x", "a\0b", <<"b\0c">>, atom, [foo]]].
dirs() -> in_dir(fun(D) -> S = D ++ "/s", ok = prim_file:write_file(D ++ "/f", "x"), [prim_file:make_dir(S), prim_file:make_dir(S), prim_file:make_dir(D ++ "/no/s"), prim_file:write_file(S ++ "/f", "x"), lists:sort(element(2, prim_file:list_dir(D))), prim_file:list_dir(D ++ "/f"), prim_file:del_dir(S), prim_file:delete(S), prim_file:del_dir(D ++ "/f"), prim_file:delete(S ++ "/f"), prim_file:del_dir(S), prim_file:del_dir(S), prim_file:del_dir("."), prim_file:delete(D ++ "/none")] end).
rename() -> in_dir(fun(D) -> F = fun(N) -> D ++ "/" ++ N end, ok = prim_file:write_file(F("a"), "1"), ok = prim_file:write_file(F("b"), "2"), ok = prim_file:make_dir(F("d")), ok = prim_file:make_dir(F("e")), ok = prim_file:write_file(F("e/x"), "3"), [prim_file:rename(F("a"), F("b")), prim_file:read_file(F("b")), prim_file:rename(F("none"), F("c")), prim_file:rename(F("d"), F("b")), prim_file:rename(F("b"), F("d")), prim_file:rename(F("d"), F("e")), prim_file:rename("/", F("q"))] end).
links() -> in_dir(fun(D) -> F = fun(N) -> D ++ "/" ++ N end, ok = prim_file:write_file(F("a"), "1"), [prim_file:make_link(F("a"), F("h")), prim_file:make_link(F("a"), F("h")), prim_file:make_symlink("a", F("s")), prim_file:make_symlink("none", F("t")), prim_file:make_symlink("a", F("s")), prim_file:read_link(F("s")), prim_file:read_link(F("a")), prim_file:read_link(F("none")), prim_file:read_file(F("h")), prim_file:read_file(F("s")), prim_file:read_file(F("t")), kind(prim_file:read_link_info(F("s"))), kind(prim_file:read_file_info(F("s"))), kind(prim_file:read_file_info(F("t"))), kind(prim_file:read_link_info(F("t")))] end).
kind({ok, #file_info{type = T, access = A, links = L, size = S}}) -> {T, A, L, S};
kind(Other) -> Other.

info() -> in_dir(fun(D) -> F = D ++ "/f", ok = prim_file:write_file(F, "12345"), ok = prim_file:write_file_info(F, #file_info{mode = 8#640, mtime = {{2001, 2, 3}, {4, 5, 6}}, atime = {{2002, 2, 3}, {4, 5, 6}}}, [{time, universal}]), {ok, I} = prim_file:read_file_info(F, [{time, universal}]), {I#file_info.size, I#file_info.type, I#file_info.mode band 8#777, I#file_info.mtime, I#file_info.atime, I#file_info.links, I#file_info.uid >= 0} end).
times() -> in_dir(fun(D) -> F = D ++ "/f", ok = prim_file:write_file(F, ""), [begin R = prim_file:write_file_info(F, #file_info{mtime = T, atime = T}, [{time, posix}]), {ok, I} = prim_file:read_file_info(F, [{time, posix}]), {R, I#file_info.mtime, I#file_info.atime} end || T <- [0, 1000000000, -1, -2145916800, -2145916801, 1 bsl 32]] end).
handle_info() -> with([write, read], fun(Fd) -> file:write(Fd, "123"), kind(prim_file:read_handle_info(Fd)) end).
devices() -> [element(1, kind(prim_file:read_file_info(F))) || F <- ["/dev/null", "/"]].
permissions() -> in_dir(fun(D) -> F = D ++ "/f", ok = prim_file:write_file(F, ""), [begin R = prim_file:write_file_info(F, #file_info{mode = M}), {ok, I} = prim_file:read_file_info(F), {R, I#file_info.mode band 8#7777} end || M <- [0, 8#777, 8#4755, 8#17777, 8#600]] end).
owner() -> in_dir(fun(D) -> F = D ++ "/f", ok = prim_file:write_file(F, ""), {ok, I} = prim_file:read_file_info(F), [prim_file:write_file_info(F, #file_info{uid = I#file_info.uid, gid = I#file_info.gid}), prim_file:write_file_info(D ++ "/none", #file_info{uid = 1})] end).

cwd() -> in_dir(fun(D) -> {ok, Old} = prim_file:get_cwd(), ok = prim_file:set_cwd(D), {ok, New} = prim_file:get_cwd(), R = [prim_file:set_cwd("none"), lists:suffix("/" ++ D, New), prim_file:get_cwd("c:")], ok = prim_file:set_cwd(Old), R end).
names() -> in_dir(fun(D) -> ok = prim_file:write_file(D ++ "/plain", ""), ok = prim_file:write_file(<<(list_to_binary(D))/binary, "/raw", 255>>, ""), {catch lists:sort(element(2, prim_file:list_dir_all(D))), prim_file:delete(<<(list_to_binary(D))/binary, "/raw", 255>>)} end).
native_names() -> [catch prim_file:internal_name2native(N) || N <- ["abc", <<"abc">>, [<<"a">>], "a\0", <<"a", 0>>, atom, [a], [97 | 98], [$a, [$b, [$c]]], -1, [1114112], [16#D800], <<1:3>>]].
native_to_name() -> [catch prim_file:internal_native2name(N) || N <- [<<"abc">>, <<>>, <<1:3>>, abc, "abc"]].
translatable() -> [catch prim_file:is_translatable(N) || N <- [<<"abc">>, <<>>, <<1:3>>, abc]].
normalized() -> [catch prim_file:internal_normalize_utf8(N) || N <- [<<"abc">>, <<>>, <<"e", 204, 129>>, <<195, 169>>, <<255>>, abc]].
procfs() -> prim_file:read_file("/proc/none/status").
wrong_arguments() -> with([write, read], fun(Fd) -> [catch file:read(Fd, a), catch file:read(Fd, -1), catch file:read(Fd, 1 bsl 70), catch file:pread(Fd, 1 bsl 70, 1), catch file:position(Fd, a), catch file:position(Fd, 1 bsl 70), catch file:write(Fd, [a]), catch file:write(Fd, <<1:3>>), catch file:allocate(Fd, a, 1), catch file:advise(Fd, a, 1, normal)] end).
other_process() -> in_dir(fun(D) -> {ok, Fd} = raw(D ++ "/f", [write]), Me = self(), spawn(fun() -> Me ! {r, catch file:write(Fd, "x")} end), receive {r, {'EXIT', {R, _}}} -> {R, file:close(Fd)} end end).
%% The file of a process that ends is closed: a pipe's reader then sees its end.
owner_dies() ->
    in_dir(fun(D) ->
        Me = self(),
        {P, Ref} = spawn_monitor(fun() -> {ok, Fd} = raw(D ++ "/f", [write]), ok = file:write(Fd, "abc"), Me ! Fd, receive stop -> ok end end),
        Fd = receive F -> F end,
        P ! stop,
        receive {'DOWN', Ref, _, _, R} -> ok end,
        {R, catch element(1, catch file:write(Fd, "x")), prim_file:read_file(D ++ "/f")}
    end).

buffers() -> B = prim_buffer:new(), [prim_buffer:size(B), prim_buffer:write(B, [<<"abc">>, <<"de">>]), prim_buffer:size(B), prim_buffer:read(B, 2), prim_buffer:find_byte_index(B, $e), prim_buffer:find_byte_index(B, $z), prim_buffer:skip(B, 1), prim_buffer:read(B, 2), catch prim_buffer:read(B, 1), prim_buffer:size(B), prim_buffer:wipe(B), prim_buffer:try_lock(B), prim_buffer:try_lock(B), prim_buffer:unlock(B), catch prim_buffer:unlock(B), catch prim_buffer:write(B, [a]), catch prim_buffer:write(B, <<"a">>), catch prim_buffer:skip(B, 1), catch prim_buffer:find_byte_index(B, 256)].
big_buffers() -> B = prim_buffer:new(), [prim_buffer:write(B, [binary:copy(<<N>>, N * 100)]) || N <- lists:seq(1, 60)], A = prim_buffer:size(B), R = prim_buffer:read_iovec(B, 100000), S = [prim_buffer:find_byte_index(B, N) || N <- [1, 45, 50, 60]], {A, iolist_size(R), erlang:crc32(R), S, prim_buffer:size(B)}.
