%%% Traced ports: what they are asked, what they send, links and names, their turns, their end.
-module(trace_ports).
-compile([export_all, nowarn_export_all]).
-helpers([gather, pause, cat]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

%% What F makes a port do that is opened by Open, without the port; pids by what they are.
seen(Flags, Open, F) ->
    P = Open(),
    1 = erlang:trace(P, true, Flags),
    F(P),
    gone(P),
    events(P).
gone(P) -> R = monitor(port, P), receive {'DOWN', R, _, _, _} -> ok end, pause().
%% The end of a port is told after its monitors.
pause() -> receive after 50 -> ok end.
events(P) -> [named(P, erlang:delete_element(2, M)) || M <- gather(), element(1, M) =:= trace, element(2, M) =:= P].
named(P, P) -> port;
named(_, P) when P =:= self() -> self;
named(_, P) when is_pid(P) -> other;
named(P, T) when is_tuple(T) -> list_to_tuple(named(P, tuple_to_list(T)));
named(P, [H | T]) -> [named(P, H) | named(P, T)];
named(_, T) -> T.
%% A port that takes and answers a call at a time.
cat() -> open_port({spawn_executable, "/bin/cat"}, []).
cat(Options) -> open_port({spawn_executable, "/bin/cat"}, Options).
data(P) -> receive {P, {data, D}} -> D after 10000 -> error(no_data) end.

messages() -> seen([send, 'receive', ports], fun cat/0, fun(P) -> port_command(P, "ab"), data(P), P ! {self(), {command, ["c", <<"d">>]}}, data(P), P ! {self(), close}, receive {P, closed} -> ok end end).
messages_of_others() -> S = self(), seen(['receive'], fun cat/0, fun(P) -> spawn(fun() -> P ! {S, {command, "x"}} end), data(P), spawn(fun() -> port_command(P, "y") end), data(P), port_close(P) end).
lines() -> seen([send], fun() -> cat([{line, 5}, binary]) end, fun(P) -> port_command(P, "abcdefgh\n"), data(P), data(P), port_close(P) end).
large() -> B = binary:copy(<<"x">>, 2000), Got = seen(['receive'], fun cat/0, fun(P) -> port_command(P, [<<"a">>, B, "b"]), port_close(P) end), [case M of {trace, 'receive', {self, {command, D}}} -> byte_size(D); _ -> M end || M <- Got].
owners() -> S = self(), seen([send, 'receive', ports], fun cat/0, fun(P) -> port_connect(P, S), P ! {S, {connect, S}}, receive {P, connected} -> ok end, port_close(P) end).
links() -> seen([ports], fun cat/0, fun(P) -> unlink(P), link(P), unlink(P), port_close(P) end).
names() -> seen([ports], fun cat/0, fun(P) -> register(trace_ports_a, P), unregister(trace_ports_a), register(trace_ports_b, P), port_close(P) end).
ends() -> [seen([send, 'receive', ports], fun cat/0, fun(P) -> unlink(P), exit(P, Why) end) || Why <- [kill, bye, {a, "term"}]].
status() -> seen([send, ports], fun() -> cat([exit_status]) end, fun(P) -> {os_pid, N} = erlang:port_info(P, os_pid), os:cmd("kill " ++ integer_to_list(N)), receive {P, {exit_status, S}} -> S end, catch port_close(P) end) -- [{trace, send, {port, {control, <<>>}}, other}].
silent() -> seen([send, 'receive', ports, silent], fun cat/0, fun(P) -> port_command(P, "x"), data(P), port_close(P) end).
not_traced() -> P = cat(), erlang:trace(P, true, [send]), erlang:trace(P, false, [send]), port_command(P, "x"), data(P), port_close(P), events(P).
stamps() -> P = cat(), erlang:trace(P, true, ['receive', timestamp]), port_command(P, "x"), data(P), port_close(P), pause(), [{tuple_size(M), element(1, M), element(3, M)} || M <- gather(), element(2, M) =:= P].

%% Sockets send messages of their own shapes, and get what their module asks.
udp() -> {ok, U} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}]), {ok, N} = inet:port(U), erlang:trace(U, true, [send, 'receive', ports]), gen_udp:send(U, {127, 0, 0, 1}, N, "x"), receive {udp, U, _, N, "x"} -> ok end, gen_udp:close(U), pause(), [by_port(N, M) || M <- events(U)].
by_port(N, {trace, send, {udp, port, Ip, N, D}, To}) -> {trace, send, {udp, port, Ip, n, D}, To};
by_port(_, {trace, 'receive', {self, {command, D}}}) when is_list(D) -> {trace, 'receive', {self, {command, last(5, iolist_to_binary(D))}}};
by_port(N, {trace, 'receive', {self, {command, D}}}) -> {trace, 'receive', {self, {command, binary:replace(last(12, D), <<N:16>>, <<"nn">>)}}};
by_port(_, {trace, 'receive', {self, {control, {C, _}}}}) -> {trace, 'receive', {self, {control, C}}};
by_port(_, {trace, send, {port, {control, _}}, To}) -> {trace, send, control, To};
by_port(_, M) -> M.
tcp() -> {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}]), {ok, N} = inet:port(L), {ok, C} = gen_tcp:connect({127, 0, 0, 1}, N, [binary]), {ok, A} = gen_tcp:accept(L), erlang:trace(C, true, [send, 'receive', ports]), gen_tcp:send(C, ["hel", <<"lo">>]), gen_tcp:send(A, "reply"), receive {tcp, C, _} -> ok end, inet:setopts(C, [{active, false}]), gen_tcp:send(A, "more"), pause(), {ok, <<"more">>} = gen_tcp:recv(C, 4), inet:setopts(C, [{active, true}]), gen_tcp:close(A), receive {tcp_closed, C} -> ok end, pause(), gen_tcp:close(L), [asynchronous(by_port(N, M)) || M <- events(C)].
%% Before them is a reference of the sender's, since 26.
last(N, B) -> binary:part(B, byte_size(B), -N).
asynchronous({trace, send, {inet_async, port, _, R}, To}) -> {trace, send, {inet_async, port, n, R}, To};
asynchronous(M) -> M.

%% An idle port does at once what it is asked.
turns() -> {ok, U} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}]), erlang:trace(U, true, [running_ports]), S = self(), Do = fun(F) -> F(), pause() end, Do(fun() -> inet:getopts(U, [active]) end), Do(fun() -> erlang:port_info(U, connected) end), Do(fun() -> unlink(U) end), Do(fun() -> link(U) end), Do(fun() -> R = monitor(port, U), pause(), demonitor(R) end), Do(fun() -> port_connect(U, S) end), Do(fun() -> catch erlang:port_call(U, 7, x) end), Do(fun() -> port_close(U) end), events(U).
reads() -> {ok, U} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}, {active, true}]), {ok, N} = inet:port(U), {ok, V} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}]), erlang:trace(U, true, [running_ports, send]), gen_udp:send(V, {127, 0, 0, 1}, N, "x"), receive {udp, U, _, _, "x"} -> ok end, pause(), erlang:trace(U, false, [all]), gen_udp:close(U), gen_udp:close(V), [case M of {trace, send, _, _} -> sent; _ -> M end || M <- events(U)].
opened() -> erlang:trace(new_ports, true, [ports, running_ports]), P = cat(), erlang:trace(new_ports, false, [ports, running_ports]), erlang:trace(P, false, [running_ports]), port_close(P), pause(), [M || M <- events(P), M =/= {trace, in, 0}, M =/= {trace, out, 0}].
