%%% Module `net`: names and addresses of this host, its interfaces, and of the loopback.
-module(socket_net).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:quiet(), case_runner:main(?MODULE).

host_name() -> {ok, N} = net:gethostname(), is_list(N) andalso {ok, N} =:= inet:gethostname().
address_info() -> [net:getaddrinfo(A) || A <- ["127.0.0.1", "::1"]].
address_info_service() -> [net:getaddrinfo("127.0.0.1", S) || S <- ["80", "nonsense-service"]].
address_info_of_service() -> {ok, L} = net:getaddrinfo(undefined, "7"), lists:usort([P || #{addr := #{port := P}} <- L]).
address_info_bad() -> [case_runner:attempt(F) || F <- [fun() -> net:getaddrinfo("nonsense.invalid.") end, fun() -> net:getaddrinfo(undefined, undefined) end, fun() -> net:getaddrinfo(foo) end, fun() -> net:getaddrinfo([1000, a]) end]] -- [{error, eagain}, {error, enoname}].
name_info() -> [net:getnameinfo(#{family => inet, addr => {127,0,0,1}, port => P}, F) || P <- [0, 9], F <- [[numerichost, numericserv], [numerichost, numericserv, dgram]]].
name_info_6() -> net:getnameinfo(#{family => inet6, addr => loopback, port => 9}, [numerichost, numericserv]).
name_info_bad() -> [case_runner:attempt(F) || F <- [fun() -> net:getnameinfo(#{family => inet, addr => {1,2,3}, port => 1}, []) end, fun() -> net:getnameinfo(foo, []) end, fun() -> net:getnameinfo(#{family => inet, addr => any, port => 1}, [foo]) end, fun() -> net:getnameinfo(#{family => inet, addr => any, port => 1}, foo) end]].
interfaces() -> {ok, L} = net:getifaddrs(), lists:sort([{F, A, maps:get(netmask, I)} || #{name := "lo", flags := F, addr := #{family := inet, addr := A}} = I <- L]).
interfaces_of() -> [case net:getifaddrs(X) of {ok, L} -> lists:sort([maps:get(addr, maps:get(addr, I)) || #{name := "lo"} = I <- L]); E -> E end || X <- [inet, loopback, #{family => inet, flags => [up, loopback]}]].
interfaces_link() -> case net:getifaddrs(packet) of {ok, L} -> [maps:without([protocol, ifindex], A) || #{name := "lo", addr := A} <- L]; E -> E end.
names() -> {ok, L} = net:if_names(), {I, "lo"} = lists:keyfind("lo", 2, L), {net:if_index2name(I), net:if_name2index("lo") =:= {ok, I}}.
names_bad() -> [case_runner:attempt(F) || F <- [fun() -> net:if_index2name(98765) end, fun() -> net:if_name2index("nonsense") end, fun() -> net:if_name2index("a name that is much too long") end, fun() -> net:if_index2name(-1) end, fun() -> net:if_name2index(foo) end, fun() -> net:if_name2index([]) end, fun() -> net:if_index2name(foo) end]].
info() -> maps:remove(netns, prim_net:info()).
commands() -> [case_runner:attempt(F) || F <- [fun() -> net:command({debug, false}) end, fun() -> net:command(foo) end, fun() -> net:command({debug, foo}) end]].
