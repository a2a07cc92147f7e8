%%% The driver udp_inet as a boot needs it: opened, bound, asked, closed.
-module(ports_udp).
-include("proc_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

open() -> {ok, S} = prim_inet:open(udp, inet, dgram, []), [erlang:port_info(S, name), prim_inet:close(S), drain()].
open_inet6() -> {ok, S} = prim_inet:open(udp, inet6, dgram, []), prim_inet:close(S).
bind() -> {ok, S} = prim_inet:open(udp, inet, dgram, []), {ok, P} = prim_inet:bind(S, {127,0,0,1}, 0), {ok, {A, Q}} = prim_inet:sockname(S), R = [A, P =:= Q, P > 0], prim_inet:close(S), R.
bind_any() -> {ok, S} = prim_inet:open(udp, inet, dgram, []), {ok, _} = prim_inet:bind(S, any, 0), {ok, {A, _}} = prim_inet:sockname(S), prim_inet:close(S), A.
bind_taken() -> {ok, S} = prim_inet:open(udp, inet, dgram, []), {ok, P} = prim_inet:bind(S, {127,0,0,1}, 0), {ok, T} = prim_inet:open(udp, inet, dgram, []), R = prim_inet:bind(T, {127,0,0,1}, P), prim_inet:close(S), prim_inet:close(T), R.
options() -> {ok, S} = prim_inet:open(udp, inet, dgram, []), A = prim_inet:getopts(S, [active, mode, reuseaddr, broadcast, linger, header]), B = prim_inet:setopts(S, [{active, true}, {reuseaddr, true}, {mode, binary}, {broadcast, true}]), C = prim_inet:getopts(S, [active, mode, reuseaddr, broadcast]), prim_inet:close(S), [A, B, C].
not_open() -> P = open_port({spawn_driver, "udp_inet"}, [binary]), R = [prim_inet:bind(P, any, 0), port_control(P, 1, ""), port_control(P, 16#03f1a300 + 99, "")], port_close(P), R.
host_name() -> {ok, N} = inet:gethostname(), [is_list(N), N =/= [], N =/= "nohost"].
bad_options() -> [attempt(fun() -> is_port(open_port({spawn_driver, "udp_inet"}, O)) end) || O <- [[exit_status], [{busy_limits_port, disabled}], [{args, []}], [{busy_limits_msgq, {10, 20}}]]].
named_by_spawn() -> P = open_port({spawn, "udp_inet and more"}, [binary]), R = erlang:port_info(P, name), port_close(P), R.
