//! `girder erl`: OTP's own boot, from the command line to the exit status, compared with the installed `erl`.
//!
//! Each case is one command line. Trees of OTP 27 and 29, whose `erl` need not run here, are compared with what is known
//! of them.

use girder_tests::{
    child::{self, End, Output, Scratch},
    fixture, girder, reference, skip,
};
use std::{fs, path::Path, process::Command, time::Duration};

const LIMIT: Duration = Duration::from_secs(60);

/// Variables that launchers set and read; a case begins without them.
const VARIABLES: [&str; 8] =
    ["BINDIR", "ROOTDIR", "EMU", "PROGNAME", "ESCRIPT_NAME", "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS"];

fn run(command: &mut Command, dir: &Path, words: &[&str]) -> Output {
    VARIABLES.iter().for_each(|v| {
        command.env_remove(v);
    });
    child::run(command.current_dir(dir).args(words), LIMIT)
}

fn on_girder(what: &str, dir: &Path, words: &[&str]) -> Output {
    run(Command::new(girder::binary()).arg(what), dir, words)
}

/// Runs a command line on both, in one empty folder each; outputs and status must be equal.
fn same(what: &str, words: &[&str]) {
    same_in(what, words, |_| {}, |text| text);
}

/// As [`same`], after `prepare` has filled the folder, and with `shown` applied to what was printed.
fn same_in(what: &str, words: &[&str], prepare: impl Fn(&Path), shown: impl Fn(String) -> String) {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let (one, other) = (Scratch::new("boot"), Scratch::new("boot"));
    prepare(one.path());
    prepare(other.path());
    let expected = run(&mut Command::new(what), one.path(), words);
    let got = on_girder(what, other.path(), words);
    let all = |o: &Output| format!("{:?}\n{}\n{}", o.end, shown(o.stdout_text()), shown(o.stderr_text()));
    assert_eq!(all(&got), all(&expected), "{what} {words:?}");
}

/// Evaluates an expression and prints its value.
fn value(expression: &str) {
    same("erl", &["-noshell", "-eval", &format!("io:format(\"~0p~n\", [begin {expression} end]), halt().")]);
}

#[test]
fn prints_and_halts() {
    same("erl", &["-noshell", "-eval", "io:format(\"hi~n\"), halt()."]);
}

#[test]
fn stops() {
    same("erl", &["-noshell", "-s", "erlang", "halt"]);
    same("erl", &["-noshell", "-s", "init", "stop"]);
    same("erl", &["-noinput", "-run", "init", "stop", "7"]);
}

#[test]
fn exit_statuses() {
    for status in ["0", "1", "255", "256", "1000"] {
        same("erl", &["-noshell", "-eval", &format!("halt({status}).")]);
    }
    same("erl", &["-noshell", "-eval", "io:put_chars(lists:duplicate(100000, $x)), halt(3, [{flush, true}])."]);
    same("erl", &["-noshell", "-eval", "init:stop(4)."]);
}

#[test]
fn what_is_registered() {
    value("lists:sort(registered())");
}

#[test]
fn arguments_of_init() {
    let show = "io:format(\"~p~n\", [[init:get_plain_arguments(), init:get_argument(a), init:get_argument(progname), init:get_argument(none)]]), halt().";
    same("erl", &["-noshell", "-a", "b", "c", "-a", "-eval", show, "--", "plain", "-extra", "-x", "+y"]);
}

#[test]
fn emulator_flags_have_an_effect() {
    let show = "io:format(\"~p~n\", [[erlang:system_info(schedulers), erlang:system_info(schedulers_online), erlang:system_info(process_limit), element(2, erlang:system_info(min_heap_size)), io:printable_range(), erlang:process_info(spawn(fun() -> receive x -> x end end), message_queue_data)]]), halt().";
    let flags = ["+S", "3:2", "+P", "5000", "+hms", "1000", "+pc", "unicode", "+hmqd", "off_heap"];
    same("erl", &[&flags[..], &["-noshell", "-eval", show]].concat());
}

#[test]
fn refused_flags() {
    for words in [["+P", "5"], ["+zz", "1"], ["+sbt", "zz"], ["+S", "2:3"], ["+pc", "klingon"], ["+fnuq", "x"]] {
        let all = [&words[..], &["-noshell", "-s", "erlang", "halt"]].concat();
        same_in("erl", &all, |_| {}, |text| text.lines().take(2).map(|l| format!("{l}\n")).collect());
    }
}

#[test]
fn a_wrong_expression() {
    same("erl", &["-noshell", "-eval", "foo bar."]);
}

#[test]
fn a_missing_boot_script() {
    same("erl", &["-noshell", "-boot", "no_such_script"]);
}

#[test]
fn a_damaged_boot_script() {
    let prepare = |dir: &Path| fs::write(dir.join("bad.boot"), b"this is no boot script").expect("a scratch file");
    // Another thread prints the report of the process that ends, if the emulator has not stopped by then.
    let shown = |text: String| {
        let starts = ["Error in process", "{badarg,", "(no logger present) unexpected logger message"];
        let reported = |l: &&str| !starts.iter().any(|s| l.starts_with(s));
        text.lines().filter(reported).collect::<Vec<_>>().join("\n")
    };
    same_in("erl", &["-noshell", "-boot", "bad"], prepare, shown);
}

#[test]
fn applications_start() {
    value("[{A, element(1, application:ensure_all_started(A))} || A <- [sasl, runtime_tools, crypto_no_such]]");
}

#[test]
fn mnesia_in_memory_and_on_disc() {
    value(
        "{ok, _} = application:ensure_all_started(mnesia), {atomic, ok} = mnesia:create_table(t, []), {atomic, ok} = mnesia:transaction(fun() -> mnesia:write({t, 1, a}) end), mnesia:transaction(fun() -> mnesia:read(t, 1) end)",
    );
    let disc = "ok = mnesia:create_schema([node()]), ok = mnesia:start(), {atomic, ok} = mnesia:create_table(t, [{disc_copies, [node()]}]), {atomic, ok} = mnesia:transaction(fun() -> mnesia:write({t, 1, a}) end), mnesia:stop(), ok = mnesia:start(), ok = mnesia:wait_for_tables([t], 5000), io:format(\"~p~n\", [mnesia:dirty_read(t, 1)]), init:stop().";
    same_in(
        "erl",
        &["-noshell", "-eval", disc],
        |_| {},
        |text| if text.contains("REPORT") { String::new() } else { text },
    );
}

#[test]
fn files_through_the_file_server() {
    value(
        "ok = file:write_file(\"f\", \"abc\"), {ok, F} = file:open(\"f\", [read]), L = io:get_line(F, ''), file:close(F), {L, file:list_dir(\".\"), filelib:wildcard(\"*\"), file:consult(\"none\"), file:del_dir(\"f\")}",
    );
    value(
        "T = ets:new(t, []), ets:insert(T, [{a, 1}, {b, 2}]), ok = ets:tab2file(T, \"t\"), {ok, U} = ets:file2tab(\"t\"), lists:sort(ets:tab2list(U))",
    );
}

#[test]
fn compiles_and_runs_a_module() {
    let source = "-module(m).\n-export([main/0]).\nmain() -> io:format(\"~p~n\", [lists:map(fun(X) -> X * 2 end, [1, 2, 3])]).\n";
    let prepare = |dir: &Path| fs::write(dir.join("m.erl"), source).expect("a scratch file");
    same_in("erlc", &["m.erl"], prepare, |text| text);
    same_in("erlc", &["missing.erl"], |_| {}, |text| text);
    let run = "{ok, m} = c:c(m), m:main(), halt().";
    same_in("erl", &["-noshell", "-eval", run], prepare, |text| text);
}

/// Sends itself a signal of the system and says how it ended; times are left out.
fn signalled(number: u32, shown: impl Fn(String) -> String) {
    let code = format!(
        "io:put_chars(\"ready\\n\"), os:cmd(\"kill -{number} \" ++ os:getpid()), receive after 20000 -> halt(99) end."
    );
    same_in("erl", &["-noshell", "-eval", &code], |_| {}, shown);
}

#[test]
fn sigterm_stops_it_in_order() {
    signalled(15, |text| text.lines().filter(|l| !l.starts_with("=INFO REPORT")).collect::<Vec<_>>().join("\n"));
}

#[test]
fn sigusr1_makes_a_crash_dump() {
    signalled(10, |text| text);
    let scratch = Scratch::new("boot");
    let code = "os:cmd(\"kill -10 \" ++ os:getpid()), receive after 20000 -> halt(99) end.";
    let mut command = Command::new(girder::binary());
    // `child::run` sends dumps nowhere; the VM reads the variable as its program sets it.
    let code = format!("os:putenv(\"ERL_CRASH_DUMP\", \"dump\"), {code}");
    let ended = run(command.arg("erl"), scratch.path(), &["-noshell", "-eval", &code]);
    assert_eq!(ended.end, End::Status(1), "{}", ended.stderr_text());
    let dump = fs::read_to_string(scratch.path().join("dump")).expect("a dump");
    for part in [
        "=erl_crash_dump:0.5\n",
        "\n=proc:<0.0.0>\n",
        "\nName: init\n",
        "\nSpawned as: ",
        "\n=loaded_modules\n",
        "\n=end",
    ] {
        assert!(dump.contains(part), "no {part:?} in {dump:.2000}");
    }
}

#[test]
fn a_script() {
    let source = "#!/usr/bin/env escript\n%%! -foo bar\nmain(Args) -> io:format(\"~p ~p~n\", [Args, init:get_argument(foo)]), halt(length(Args)).\n";
    let prepare = |dir: &Path| fs::write(dir.join("s"), source).expect("a scratch file");
    same_in("escript", &["s", "a", "-b"], prepare, |text| text);
    let broken =
        |dir: &Path| fs::write(dir.join("s"), "#!/usr/bin/env escript\nmain(_) -> foo bar.\n").expect("a scratch file");
    same_in("escript", &["s"], broken, |text| text);
}

/// The same few things on a tree of another release.
fn release(number: u32) {
    let tree = fixture::root().join(format!("otp-trees/{number}/usr/lib/erlang"));
    if !tree.is_dir() {
        return skip(&format!("there is no tree of OTP {number}"));
    }
    let scratch = Scratch::new("boot");
    let erl = |words: &[&str]| {
        run(Command::new(girder::binary()).arg("erl").env("GIRDER_OTP_ROOT", &tree), scratch.path(), words)
    };
    let hi = erl(&["-noshell", "-eval", "io:format(\"~s ~p~n\", [erlang:system_info(otp_release), 1 + 2]), halt()."]);
    assert_eq!((hi.stdout_text(), hi.end), (format!("{number} 3\n"), End::Status(0)), "{}", hi.stderr_text());
    let stop = erl(&["-noshell", "-s", "init", "stop"]);
    assert_eq!((stop.stdout_text(), stop.end), (String::new(), End::Status(0)), "{}", stop.stderr_text());
    let started = erl(&[
        "-noshell",
        "-eval",
        "io:format(\"~p\", [element(1, application:ensure_all_started(mnesia))]), halt(2).",
    ]);
    assert_eq!((started.stdout_text(), started.end), ("ok".to_owned(), End::Status(2)), "{}", started.stderr_text());
}

#[test]
fn applications() {
    value("[application:ensure_all_started(A) || A <- [sasl, runtime_tools, mnesia]]");
}

/// Its programs say on standard error, some time after the end, that Erlang has closed: only standard output is compared.
#[test]
fn os_mon() {
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let expression = "R = application:ensure_all_started(os_mon), \
         F = [is_number(cpu_sup:nprocs()), element(1, memsup:get_memory_data()) > 0, disksup:get_disk_data() =/= []], \
         io:format(\"~p~n\", [{R, F}]), halt().";
    let scratch = Scratch::new("boot");
    // No alarms of a disk or memory that is nearly full.
    let mut words = vec!["-noshell", "-os_mon"];
    words.extend(["disk_almost_full_threshold", "1.0", "system_memory_high_watermark", "1.0"]);
    words.extend(["-eval", expression]);
    let expected = run(&mut Command::new("erl"), scratch.path(), &words);
    let got = on_girder("erl", scratch.path(), &words);
    assert_eq!((got.stdout_text(), got.end), (expected.stdout_text(), expected.end));
}

#[test]
fn release_27() {
    release(27);
}

#[test]
fn release_29() {
    release(29);
}
