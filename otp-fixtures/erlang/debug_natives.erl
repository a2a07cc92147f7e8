%%% Natives for debugging the emulator, as far as what they say does not depend on it.
-module(debug_natives).
-compile([export_all, nowarn_export_all]).

main() -> case_runner:main(?MODULE).

e(F) -> case_runner:attempt(F).

code() -> {erts_debug:disassemble({lists, append, 2}), erts_debug:disassemble(foo), erts_debug:interpreter_size()}.

instructions() ->
    L = erts_debug:instructions(),
    {length(L) > 100, lists:all(fun(S) -> io_lib:latin1_char_list(S) end, L), length(lists:usort(L)) =:= length(L)}.

lock_counts() ->
    [erts_debug:lcnt_clear(), erts_debug:lcnt_collect()
     | [e(fun() -> apply(erts_debug, lcnt_control, A) end) || A <- [[mask], [copy_save], [foo], [mask, []], [copy_save, true], [foo, 1]]]].

dist_ext_to_term() ->
    [e(fun() -> erts_debug:dist_ext_to_term(Cache, Bytes) end)
     || {Cache, Bytes} <- [{{}, <<131, 97, 1>>}, {{a, b}, <<131, 82, 1>>}, {{a, b}, <<131, 104, 2, 82, 0, 82, 1>>}, {{a, b}, <<131, 82, 2>>},
                           {{a, 1}, <<131, 82, 1>>}, {{a, b}, <<131, 97, 1, 1>>}, {{a, b}, <<82, 0>>}, {foo, <<131, 97, 1>>}, {{a}, foo},
                           {{a, b}, <<131, 68, 0, 97, 1>>}, {{a}, <<131, 108, 0, 0, 0, 1, 82, 0, 106>>}, {{}, <<>>}]].

%% Without a cache there are no references to one.
no_cache() -> [e(fun() -> binary_to_term(B) end) || B <- [<<131, 82, 0>>, <<131, 104, 1, 82, 0>>]].

%% The emulator has been started without `+D`, or is too old to have a debugger.
debugger() ->
    [e(fun() -> apply(erl_debugger, F, A) end)
     || {F, A} <- [{supported, []}, {whereis, []}, {instrumentations, []}, {toggle_instrumentations, [#{}]}, {register, [self()]},
                   {breakpoint, [lists, 10, true]}, {breakpoints, [lists]}, {breakpoints, [lists, append, 2]}, {stack_frames, [self(), 10]},
                   {peek_stack_frame_slot, [self(), 1, 1, 10]}, {xregs_count, [self()]}, {peek_xreg, [self(), 0, 10]}]].
