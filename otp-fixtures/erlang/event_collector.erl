%%% A gen_event handler for otp_statem: passes events on and counts them.
-module(event_collector).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2]).

init({Pid, Tag}) -> {ok, {Pid, Tag, 0}}.
handle_event(crash, _) -> error(handler_crash);
handle_event(Event, {Pid, Tag, N}) -> Pid ! {Tag, Event}, {ok, {Pid, Tag, N + 1}}.
handle_call(count, S = {_, _, N}) -> {ok, N, S}.
handle_info(_, S) -> {ok, S}.
terminate(Reason, {_, _, N}) -> {Reason, N}.
