%%% Ports to programs: options of open_port/2, what comes in and goes out, how they end.
-module(ports_spawn).
-helpers([file_name, names]).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

sh(Text) -> sh(Text, []).
sh(Text, Opts) -> open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", Text]} | Opts]).
%% What a port sends until it ends; data that came in pieces is one.
all(P) -> join(P, []).
join(P, Acc) ->
    receive
        {P, {data, D}} when is_list(D) -> case Acc of [{data, L} | T] when is_list(L) -> join(P, [{data, L ++ D} | T]); _ -> join(P, [{data, D} | Acc]) end;
        {P, {data, D}} when is_binary(D) -> case Acc of [{data, B} | T] when is_binary(B) -> join(P, [{data, <<B/binary, D/binary>>} | T]); _ -> join(P, [{data, D} | Acc]) end;
        {P, closed} -> lists:reverse([closed | Acc]);
        {P, X} -> join(P, [X | Acc]);
        {'EXIT', P, W} -> lists:reverse([{exit, W} | Acc])
    after 5000 -> lists:reverse([timeout | Acc])
    end.
%% The same without joining: packets and lines are what they are.
each(P) -> receive {P, closed} -> [closed]; {P, X} -> [X | each(P)]; {'EXIT', P, W} -> [{exit, W}] after 5000 -> [timeout] end.

output() -> apart(fun() -> all(sh("printf 'a b\\n'")) end).
output_binary() -> apart(fun() -> all(sh("printf 'a b\\n'", [binary])) end).
output_none() -> apart(fun() -> all(sh("exit 0")) end).
shell_command() -> apart(fun() -> all(open_port({spawn, "echo one; echo $((1 + 1))"}, [])) end).
shell_command_binary_name() -> apart(fun() -> all(open_port({spawn, <<"echo bin">>}, [])) end).
shell_command_atom() -> apart(fun() -> all(open_port({spawn, true}, [exit_status])) end).
shell_missing() -> apart(fun() -> all(open_port({spawn, "no_such_program_here"}, [exit_status, stderr_to_stdout, in])) =/= [] end).
status_0() -> apart(fun() -> all(sh("exit 0", [exit_status])) end).
status_7() -> apart(fun() -> all(sh("exit 7", [exit_status])) end).
status_signal() -> apart(fun() -> all(sh("kill -9 $$", [exit_status])) end).
status_after_output() -> apart(fun() -> all(sh("echo x; exit 3", [exit_status])) end).
status_after_eof() -> apart(fun() -> P = sh("exec >&-; sleep 0.1; exit 4", [exit_status]), all(P) end).
status_and_eof() -> apart(fun() -> P = sh("exit 5", [exit_status, eof]), R = [got(), got()], port_close(P), [X || {_, X} <- R] end).
eof() -> apart(fun() -> P = sh("echo x", [eof]), [{P, {data, D}}, {P, E}] = [got(), got()], A = port_close(P), [D, E, A, all(P)] end).
stderr() -> apart(fun() -> all(sh("echo out; echo err >&2", [stderr_to_stdout])) end).
echo() -> apart(fun() -> P = sh("cat"), A = port_command(P, "hello"), {P, {data, D}} = got(), B = port_close(P), [A, D, B, all(P)] end).
echo_iodata() -> apart(fun() -> P = sh("read l; echo \"$l\""), port_command(P, [<<"a">>, $b, ["c" | <<"d">>], $\n]), all(P) end).
echo_message() -> apart(fun() -> P = sh("read l; echo \"$l\""), P ! {self(), {command, "abc\n"}}, all(P) end).
close_message() -> apart(fun() -> P = sh("cat"), P ! {self(), close}, [R || {_, R} <- [got()]] ++ drain_exit(P) end).
drain_exit(P) -> receive {'EXIT', P, W} -> [W] after 1000 -> [none] end.
input_ends() -> apart(fun() -> P = sh("cat >/dev/null; echo end", [in, out, exit_status]), port_close(P), all(P) end).
only_in() -> apart(fun() -> all(sh("echo x; wc -c </dev/null", [in])) end).
only_in_command() -> apart(fun() -> P = sh("sleep 5", [in]), A = attempt(fun() -> port_command(P, "x") end), [A, all(P)] end).
only_out() -> apart(fun() -> F = file_name(), P = sh("cat >" ++ F, [out]), port_command(P, "abc"), port_close(P), X = all(P), until(fun() -> read(F) =:= "abc" end), R = read(F), remove(F), [X, R] end).
file_name() -> "/tmp/girder_ports_" ++ os:getpid() ++ "_" ++ integer_to_list(erlang:unique_integer([positive])).
read(F) -> apart_cat(F).
apart_cat(F) -> P = open_port({spawn_executable, "/bin/cat"}, [{args, [F]}, stderr_to_stdout]), text(P).
text(P) -> lists:append([D || {data, D} <- all(P)]).
remove(F) -> all(sh("rm -f " ++ F)), ok.
broken_pipe() -> apart(fun() -> P = sh("exec <&-; echo ready; exec sleep 2"), {P, {data, _}} = got(), A = port_command(P, "x"), [A, all(P)] end).
args() -> apart(fun() -> all(open_port({spawn_executable, "/bin/echo"}, [{args, ["a b", <<"c">>, d, ""]}])) end).
arg0() -> apart(fun() -> all(open_port({spawn_executable, "/bin/sh"}, [{arg0, "zero"}, {args, ["-c", "echo $0"]}])) end).
arg0_after() -> apart(fun() -> all(open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "echo $0"]}, {arg0, "zero"}])) end).
no_args() -> apart(fun() -> all(open_port({spawn_executable, "/bin/echo"}, [])) end).
arg_empty_list() -> apart(fun() -> all(open_port({spawn_executable, "/bin/echo"}, [{args, []}])) end).
env() -> apart(fun() -> all(sh("echo $GIRDER_A-$GIRDER_B-", [{env, [{"GIRDER_A", "x y"}, {"GIRDER_B", false}]}])) end).
env_unset() -> apart(fun() -> os:putenv("GIRDER_C", "c"), R = [all(sh("echo ${GIRDER_C-none}")), all(sh("echo ${GIRDER_C-none}", [{env, [{"GIRDER_C", false}]}]))], os:unsetenv("GIRDER_C"), R end).
env_bad() -> [attempt(fun() -> is_port(open_port({spawn, "true"}, [{env, [E]}])) end) || E <- [{a, "b"}, {"a", b}, {"a", [b]}, {<<"a">>, "b"}, {"a", <<"b">>}, {"a", [0]}, {"a=", "b"}, {[], []}, {"a", "b", c}]].
names() -> [b, [b], [$a | b], ["b", $c], [<<"b">>], ["", b], <<"b">>, [[], [[]]], 1].
arg_names() -> [attempt(fun() -> is_port(open_port({spawn_executable, "/bin/true"}, [{args, [N]}])) end) || N <- names()].
ddll_paths() -> [attempt(fun() -> erl_ddll:try_load(N, "no_driver", []) end) || N <- names()].
ddll_names() -> [attempt(fun() -> erl_ddll:try_load("/no/such/dir", N, []) end) || N <- names()].
%% More than the system gives to a program.
env_huge() -> [apart(fun() -> open_port({spawn, "true"}, [exit_status, {env, [{"V" ++ integer_to_list(I), lists:duplicate(200, $a)} || I <- lists:seq(1, 30000)]}]), receive {_, {exit_status, S}} -> S end end)].
env_twice() -> apart(fun() -> all(sh("echo ${GIRDER_D-none} ${GIRDER_E-none}", [{env, [{"GIRDER_D", "d"}]}, {env, [{"GIRDER_E", "e"}]}])) end).
cd() -> apart(fun() -> all(sh("pwd", [{cd, "/"}])) end).
cd_binary() -> apart(fun() -> all(sh("pwd", [{cd, <<"/usr">>}])) end).
cd_missing() -> apart(fun() -> all(sh("pwd", [{cd, "/no/such/dir"}, exit_status])) end).
nouse_stdio() -> apart(fun() -> P = sh("read l <&3; echo \"<$l>\" >&4", [nouse_stdio]), port_command(P, "abc\n"), all(P) end).
packet_1() -> apart(fun() -> P = sh("cat", [{packet, 1}]), [port_command(P, X) || X <- ["", "a", "bcd"]], [element(2, got()) || _ <- [1, 2, 3]] end).
packet_2() -> apart(fun() -> P = sh("cat", [{packet, 2}, binary]), L = lists:duplicate(1000, $x), [port_command(P, X) || X <- ["", "a", L]], [case got() of {P, {data, B}} -> byte_size(B) end || _ <- [1, 2, 3]] end).
packet_4() -> apart(fun() -> P = sh("cat", [{packet, 4}, binary]), port_command(P, lists:duplicate(100000, $x)), case got() of {P, {data, B}} -> byte_size(B) end end).
packet_cut() -> apart(fun() -> each(sh("printf '\\000\\003ab'; sleep 0.1; printf 'c\\000'; sleep 0.1; printf '\\001d\\000\\005x'", [{packet, 2}])) end).
packet_too_long() -> apart(fun() -> P = sh("cat", [{packet, 1}]), A = port_command(P, lists:duplicate(256, $x)), [A, all(P)] end).
line() -> apart(fun() -> each(sh("printf 'ab\\ncd\\r\\nlonger line\\n\\nend'", [{line, 5}])) end).
line_binary() -> apart(fun() -> each(sh("printf 'ab\\ncd'", [{line, 5}, binary])) end).
line_default() -> apart(fun() -> each(sh("printf 'ab\\ncd\\n'", [line])) end).
line_cut() -> apart(fun() -> each(sh("printf 'a'; sleep 0.1; printf 'b\\r'; sleep 0.1; printf '\\nc\\rd\\n'", [{line, 80}])) end).
line_exact() -> apart(fun() -> each(sh("printf '12345\\n12345\\r\\n123456\\n12345\\r6\\n'", [{line, 5}])) end).
line_eof() -> apart(fun() -> P = sh("printf 'ab\\nc'", [{line, 5}, eof]), R = [got(), got(), got()], port_close(P), [X || {_, X} <- R] end).
large() -> apart(fun() -> P = sh("cat", [binary]), Data = binary:copy(<<"0123456789abcdef">>, 20000), spawn_link(fun() -> port_command(P, Data) end), size_of(P, 0, byte_size(Data)) end).
size_of(P, N, Want) when N < Want -> receive {P, {data, B}} -> size_of(P, N + byte_size(B), Want) after 5000 -> {timeout, N} end;
size_of(_, N, _) -> N.
many_commands() -> apart(fun() -> P = sh("head -c 1000 | wc -c"), [P ! {self(), {command, "x"}} || _ <- lists:seq(1, 1000)], receive {P, {data, D}} -> D; {'EXIT', P, W} -> W after 3000 -> none end end).
many_ports() -> apart(fun() -> Ps = [sh("echo " ++ integer_to_list(N)) || N <- lists:seq(1, 20)], lists:append([D || P <- Ps, {data, D} <- all(P)]) end).
os_cmd() -> [os:cmd("echo hello"), os:cmd("echo err >&2"), os:cmd("exit 3"), os:cmd("printf 'no newline'")].
os_cmd_no_input() -> os:cmd("cat").
os_cmd_background() -> os:cmd("(sleep 0.05; echo late) & echo early; wait").
os_cmd_missing() -> os:cmd("no_such_program_here 2>/dev/null; echo $?").
os_pid() -> apart(fun() -> P = sh("echo $$; read x"), {os_pid, Pid} = erlang:port_info(P, os_pid), {P, {data, D}} = got(), integer_to_list(Pid) ++ "\n" =:= D end).
owner_exits() -> S = self(), {Pid, R} = spawn_monitor(fun() -> P = sh("cat"), S ! P, receive stop -> ok end end), P = got(), Pid ! stop, receive {'DOWN', R, _, _, _} -> ok end, until(fun() -> erlang:port_info(P) =:= undefined end).
other_linked_exits() -> apart(fun() -> P = sh("cat"), Q = spawn(fun() -> link(P), exit(normal) end), down(Q), A = erlang:port_info(P, connected) =:= {connected, self()}, Q2 = spawn(fun() -> link(P), exit(crash) end), down(Q2), [A, all(P)] end).
spawn_driver_missing() -> attempt(fun() -> open_port({spawn_driver, "no_such_driver"}, []) end).
executable_missing() -> attempt(fun() -> open_port({spawn_executable, "/no/such/file"}, []) end).
executable_not() -> attempt(fun() -> open_port({spawn_executable, "/etc/passwd"}, []) end).
executable_directory() -> apart(fun() -> all(open_port({spawn_executable, "/tmp"}, [exit_status])) end).
bad_names() -> [attempt(fun() -> is_port(open_port(X, [])) end) || X <- [1, {}, {spawn}, {spawn, ""}, {spawn, 1}, {spawn, [a | b]}, {spawn, "a\0b"}, {fd, 0}, {fd, a, 1}, {other, "x"}, {spawn, "true", x}, {spawn_executable, ""}, {spawn_executable, []}, make_ref()]].
bad_options() -> [attempt(fun() -> is_port(open_port({spawn, "true"}, X)) end) || X <- [a, [a], [{a, b}], [{packet, 3}], [{packet, a}], [{line, 0}], [{line, a}], [{env, a}], [{env, [a]}], [{env, [{"A=B", "c"}]}], [{env, [{"A", 1}]}], [{cd, 1}], [{cd, ""}], [{parallelism, a}], [binary | a], [{busy_limits_port, 1}], [{busy_limits_port, {0, 1}}], [{busy_limits_port, {a, 1}}], [{busy_limits_msgq, a}], [{line, 5}, {packet, 1}], [nouse_stdio, stderr_to_stdout], [{args, []}], [{arg0, "x"}], [1], [[]]]].
bad_args() -> [attempt(fun() -> open_port({spawn_executable, "/bin/true"}, [{args, X}]) end) || X <- [a, [1], ["a" | b], [["\0"]]]].
good_options() -> [attempt(fun() -> P = open_port({spawn, "cat"}, X), is_port(P) andalso port_close(P) end) || X <- [[stream], [use_stdio], [hide], [overlapped_io], [{parallelism, true}], [{busy_limits_port, {10, 20}}], [{busy_limits_port, {20, 10}}], [{busy_limits_port, disabled}], [{busy_limits_msgq, {10, 20}}], [{busy_limits_msgq, disabled}], [binary, stream, {packet, 2}], [{packet, 2}, stream], [{cd, []}], [{env, []}]]].
