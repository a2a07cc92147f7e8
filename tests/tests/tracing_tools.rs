//! OTP's tools that stand on tracing: what `dbg`, `cover`, `eprof` and `fprof` find out about a program on Girder is what
//! they find out on the installed `erl`.

use std::{fs, path::Path, process::Command, time::Duration};

use girder_tests::{
    child::{self, End, Scratch},
    girder, reference, skip,
};

const LIMIT: Duration = Duration::from_secs(120);

/// The program that is looked at.
const SAMPLE: &str = r"
-module(sample).
-export([fib/1, work/0, mk/1, never/0]).
fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).
work() ->
    S = lists:sum(mk(50)),
    P = spawn(fun() -> receive {From, X} -> From ! {ok, dbl(X)} end end),
    P ! {self(), S},
    receive {ok, R} -> R end.
mk(0) -> [];
mk(N) -> [dbl(N) | mk(N - 1)].
dbl(X) -> X * 2.
never() -> not_called.
";

/// One function for each tool; it prints what the tool has counted, without times.
const TOOLS: &str = r#"
-module(tools).
-export([run/1]).
run(Tool) -> R = tool(Tool), io:format("RESULT ~p~n", [R]), halt().
tool(dbg) ->
    S = self(),
    {ok, _} = dbg:tracer(process, {fun(M, N) -> S ! {m, N, M}, N + 1 end, 1}),
    {ok, _} = dbg:p(S, [c, return_to]),
    A = dbg:tpl(sample, '_', '_', [{'_', [], [{return_trace}]}]),
    sample:mk(2),
    B = dbg:ctpl(sample),
    C = dbg:tp(sample, fib, 1, cx),
    sample:fib(3),
    dbg:flush_trace_port(),
    sync(S),
    dbg:stop(),
    [A, B, C | [setelement(2, M, p) || M <- in_order(1)]];
tool(wrap) ->
    {ok, _} = dbg:tracer(port, dbg:trace_port(file, {"wrapped", wrap, ".log", 200, 3})),
    {ok, _} = dbg:p(self(), [c]),
    {ok, _} = dbg:tp(sample, fib, 1, []),
    [sample:fib(N rem 5) || N <- lists:seq(1, 40)],
    dbg:flush_trace_port(),
    dbg:stop(),
    Files = lists:sort(filelib:wildcard("wrapped*")),
    Sizes = [filelib:file_size(F) || F <- Files],
    Calls = [[element(4, binary_to_term(B)) || <<0, L:32, B:L/binary>> <= element(2, file:read_file(F))] || F <- Files],
    Timed = dbg:trace_port(file, {"timed", wrap, ".log", {time, 50}, 2}),
    TimedPort = Timed(),
    timer:sleep(400),
    port_close(TimedPort),
    {lists:zip(Files, Sizes), Calls, length(filelib:wildcard("timed*")), element(1, element(2, catch (dbg:trace_port(file, {"no/folder/x", wrap, ".log"}))()))};
tool(cover) ->
    {ok, sample} = cover:compile_beam("sample"),
    sample:work(), sample:fib(5),
    R = [cover:analyse(sample, calls, function), cover:analyse(sample, coverage, line), cover:analyse(sample, calls, line)],
    cover:stop(),
    R;
tool(eprof) ->
    {ok, _} = eprof:start(),
    {ok, R} = eprof:profile(fun() -> sample:work(), sample:fib(10) end),
    ok = eprof:log("eprof.out"), eprof:analyze(total), eprof:stop(),
    {ok, B} = file:read_file("eprof.out"),
    Lines = [string:lexemes(L, " ") || L <- string:split(binary_to_list(B), "\n", all)],
    [R | lists:sort([{F, C} || [F, C | _] <- Lines, lists:prefix("sample:", F)])];
tool(fprof) ->
    fprof:apply(fun() -> sample:work(), sample:fib(6) end, []),
    profiled(), ok = fprof:analyse([{dest, "fprof.out"}]),
    {ok, Ts} = file:consult("fprof.out"),
    lists:usort([{F, N} || {_, {{sample, _, _} = F, N, _, _}, _} <- Ts]).
%% `fprof` links to the process that reads the trace when that has begun to: when it has ended by then, on a machine that
%% is busy elsewhere, the link's answer is taken for its result.
profiled() -> case fprof:profile() of ok -> ok; {error, noproc} -> profiled() end.
%% The tracer's handler has had all that was traced before.
sync(P) -> R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end, {ok, T} = dbg:get_tracer(), sys_sync(T).
sys_sync(T) -> case process_info(T, [message_queue_len, status]) of [{_, 0}, {_, waiting}] -> ok; _ -> erlang:yield(), sys_sync(T) end.
in_order(N) -> receive {m, N, M} -> [M | in_order(N + 1)] after 0 -> [] end.
"#;

fn printed(command: &mut Command, beams: &Path, dir: &Path, tool: &str) -> String {
    let expression = format!("tools:run({tool}).");
    let words = ["-noshell", "-pa", &beams.to_string_lossy(), "-eval", &expression].map(str::to_owned);
    let output = child::run(command.current_dir(dir).args(words), LIMIT);
    assert_eq!(output.end, End::Status(0), "{tool}: {}{}", output.stdout_text(), output.stderr_text());
    // Before the result the tools print times.
    output.stdout_text().split_once("RESULT").map_or_else(String::new, |(_, result)| result.to_owned())
}

fn check(tool: &str) {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let scratch = [Scratch::new("tools"), Scratch::new("tools")];
    let [one, other] = [scratch[0].path(), scratch[1].path()];
    for dir in [one, other] {
        for (name, source) in [("sample", SAMPLE), ("tools", TOOLS)] {
            fs::write(dir.join(format!("{name}.erl")), source).expect("a folder of our own");
        }
        let compiled = Command::new("erlc").current_dir(dir).args(["+debug_info", "sample.erl", "tools.erl"]).status();
        assert!(compiled.expect("erlc").success());
    }
    let expected = printed(&mut Command::new("erl"), one, one, tool);
    let got = printed(Command::new(girder::binary()).arg("erl"), other, other, tool);
    assert!(!expected.is_empty(), "{tool}: nothing from erl");
    assert_eq!(got, expected, "{tool}");
}

#[test]
fn dbg() {
    check("dbg");
}

#[test]
fn wrapping_logs() {
    check("wrap");
}

#[test]
fn cover() {
    check("cover");
}

#[test]
fn eprof() {
    check("eprof");
}

#[test]
fn fprof() {
    check("fprof");
}
