%%% Traced collections. Where garbage is collected all the time there are more of them.
-module(trace_collections).
-compile([export_all, nowarn_export_all]).
-helpers([gather, idle]).
-include("trace_help.hrl").

main() -> case_runner:quiet(), case_runner:main(?MODULE).

idle() -> receive stop -> ok end.
stop(P) -> R = monitor(process, P), P ! stop, receive {'DOWN', R, _, _, _} -> ok end.

collections() -> Ms = traced([garbage_collection], [], fun() -> erlang:garbage_collect(), erlang:garbage_collect(self(), [{type, minor}]) end), [{T, lists:sort([K || {K, V} <- I, is_integer(V)])} || {trace, _, T, I} <- Ms].
collection_of_other() -> P = spawn(fun idle/0), erlang:trace(P, true, [garbage_collection]), erlang:garbage_collect(P), erlang:trace(P, false, [garbage_collection]), R = [T || {trace, Q, T, _} <- gather(), Q =:= P], stop(P), R.
collections_pair() -> Ms = traced([garbage_collection], [], fun() -> lists:foldl(fun(I, A) -> [I | A] end, [], lists:seq(1, 20000)) end), pairs([T || {trace, _, T, _} <- Ms]).
pairs([gc_minor_start, gc_minor_end | T]) -> pairs(T);
pairs([gc_major_start, gc_major_end | T]) -> pairs(T);
pairs(T) -> T.
