//! What people run on OTP, unmodified, with the launchers that `girder install-shim` writes first on the PATH.

use girder_tests::{
    child::{self, End, Output, Scratch},
    fixture, girder, reference, skip,
};
use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
    process::Command,
    sync::OnceLock,
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(120);

/// The PATH with a folder of launchers.
fn path() -> &'static OsStr {
    static SHIM: OnceLock<(Scratch, OsString)> = OnceLock::new();
    let (_, path) = SHIM.get_or_init(|| {
        let shim = girder::shim(None);
        let path = girder::path_with(&[shim.path()]);
        (shim, path)
    });
    path
}

fn is_there(program: &str) -> bool {
    let found = |dir: &Path| dir.join(program).is_file();
    std::env::var_os("PATH").is_some_and(|p| std::env::split_paths(&p).any(|dir| found(&dir)))
}

fn run(dir: &Path, words: &[&str], on_girder: bool) -> Output {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(dir).env("HOME", dir);
    if on_girder {
        command.env("PATH", path());
    }
    child::run(&mut command, LIMIT)
}

/// Runs a command on Girder, which must succeed; its output. `None`: the program is not installed.
fn succeeds(dir: &Path, words: &[&str]) -> Option<String> {
    if reference::release() != Some(25) {
        skip("no erl of OTP 25 is installed");
        return None;
    }
    if !is_there(words[0]) {
        skip(&format!("no {} is installed", words[0]));
        return None;
    }
    let output = run(dir, words, true);
    assert_eq!(output.end, End::Status(0), "{words:?}\n{}{}", output.stdout_text(), output.stderr_text());
    Some(output.stdout_text())
}

/// Runs a command on both, each in a folder of its own; the outputs must be equal.
fn same(prepare: impl Fn(&Path), words: &[&str]) {
    let (one, other) = (Scratch::new("tool"), Scratch::new("tool"));
    prepare(one.path());
    prepare(other.path());
    let Some(got) = succeeds(one.path(), words) else { return };
    let wanted = run(other.path(), words, false);
    assert_eq!((got, End::Status(0)), (wanted.stdout_text(), wanted.end), "{words:?}\n{}", wanted.stderr_text());
}

fn file(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).expect("a scratch file");
}

#[test]
fn elixir_evaluates() {
    let code = "IO.inspect({Enum.map(1..5, & &1 * &1), String.upcase(\"žluť\"), System.otp_release(), Regex.run(~r/(\\d+)/, \"a12\")})";
    same(|_| {}, &["elixir", "-e", code]);
    let tasks = "1..20 |> Task.async_stream(fn n -> n * 2 end) |> Enum.map(&elem(&1, 1)) |> Enum.sum() |> IO.puts()";
    same(|_| {}, &["elixir", "-e", tasks]);
}

#[test]
fn mix_makes_and_tests_a_project() {
    let dir = Scratch::new("mix");
    if succeeds(dir.path(), &["mix", "new", "demo"]).is_none() {
        return;
    }
    let project = dir.path().join("demo");
    let tested = succeeds(&project, &["mix", "test"]).unwrap_or_default();
    assert!(tested.contains("1 doctest, 1 test, 0 failures"), "{tested}");
    file(
        &project,
        "test/wrong_test.exs",
        "defmodule WrongTest do\n  use ExUnit.Case\n  test \"no\", do: assert 1 == 2\nend\n",
    );
    let failed = run(&project, &["mix", "test"], true);
    assert_eq!(failed.end, End::Status(2), "{}", failed.stdout_text());
    assert!(failed.stdout_text().contains("2 tests, 1 failure"), "{}", failed.stdout_text());
}

/// Elixir 1.18 on OTP 27: `mix` there takes its locks through TCP.
#[test]
fn mix_of_elixir_1_18_on_otp_27() {
    let elixir = fixture::root().join("otp-trees/27/usr/lib/elixir/bin");
    let Some(tree) = fixture::otp_tree(27).filter(|_| elixir.join("mix").is_file()) else {
        return skip("no OTP 27 with Elixir: run otp-fixtures/fetch-otp 27");
    };
    let (shim, dir) = (girder::shim(Some(&tree)), Scratch::new("mix"));
    let mix = |dir: &Path, words: &[&str]| {
        let mut command = Command::new(elixir.join("mix"));
        command.args(words).current_dir(dir).env("HOME", dir).env("PATH", girder::path_with(&[shim.path(), &elixir]));
        child::run(&mut command, LIMIT)
    };
    let made = mix(dir.path(), &["new", "demo"]);
    assert_eq!(made.end, End::Status(0), "{}{}", made.stdout_text(), made.stderr_text());
    let project = dir.path().join("demo");
    let told = "defmodule Told do\n  use ExUnit.Case\n  test \"versions\", do: IO.puts(\"on #{System.version()} #{System.otp_release()}\")\nend\n";
    file(&project, "test/told_test.exs", told);
    let tested = mix(&project, &["test"]);
    assert_eq!(tested.end, End::Status(0), "{}{}", tested.stdout_text(), tested.stderr_text());
    let text = tested.stdout_text();
    assert!(
        text.contains("1 doctest, 2 tests, 0 failures") && text.contains("on 1.18") && text.contains(" 27\n"),
        "{text}"
    );
}

#[test]
fn a_rate_limiter_in_elixir() {
    let source = include_str!("../data/rate_limiter.exs");
    same(|dir| file(dir, "rate_limiter.exs", source), &["elixir", "rate_limiter.exs"]);
}

#[test]
fn rebar3_tells_its_version() {
    let version = |text: &str| text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let dir = Scratch::new("rebar");
    let Some(got) = succeeds(dir.path(), &["rebar3", "version"]) else { return };
    assert_eq!(version(&got), version(&run(dir.path(), &["rebar3", "version"], false).stdout_text()));
}

#[test]
fn rebar3_compiles_and_tests_an_application() {
    let dir = Scratch::new("rebar");
    let Some(_) = succeeds(dir.path(), &["rebar3", "new", "lib", "demo"]) else { return };
    let project = dir.path().join("demo");
    let module = "-module(demo).\n-include_lib(\"eunit/include/eunit.hrl\").\n-export([twice/1]).\ntwice(X) -> 2 * X.\ntwice_test() -> ?assertEqual(4, twice(2)).\n";
    file(&project, "src/demo.erl", module);
    let tested = succeeds(&project, &["rebar3", "eunit"]).unwrap_or_default();
    assert!(tested.contains("1 tests, 0 failures") || tested.contains("Test passed"), "{tested}");
}

#[test]
fn eunit_reports() {
    let source = "-module(sample).\n-include_lib(\"eunit/include/eunit.hrl\").\nright_test() -> ?assertEqual(3, 1 + id(2)).\nraised_test() -> ?assertError(badarith, 1 / id(0)).\nwrong_test() -> ?assertEqual(4, 1 + id(2)).\nmany_test_() -> [?_assert(id(N) > 0) || N <- [1, 2, 3]].\nid(X) -> X.\n";
    let run = "{ok, _} = c:c(sample), io:format(\"~p~n\", [eunit:test(sample)]), halt().";
    same(|dir| file(dir, "sample.erl", source), &["erl", "-noshell", "-eval", run]);
}

#[test]
fn proper_finds_and_shrinks() {
    let code = "case code:which(proper) of non_existing -> io:put_chars(\"none\"); _ -> Reverse = proper:forall(proper_types:list(proper_types:integer()), fun(L) -> lists:reverse(lists:reverse(L)) =:= L end), Small = proper:forall(proper_types:list(proper_types:integer()), fun(L) -> length(L) < 4 end), io:format(\"~p ~p ~p~n\", [proper:quickcheck(Reverse, [quiet, {numtests, 300}]), proper:quickcheck(Small, [quiet]), length(hd(proper:counterexample()))]) end, halt().";
    same(|_| {}, &["erl", "-noshell", "-eval", code]);
}

/// The folder of an application whose sources are installed.
fn sources(application: &str) -> Option<std::path::PathBuf> {
    let folder = format!("io:put_chars(code:lib_dir({application})), halt().");
    let output = child::run(Command::new("erl").args(["-noshell", "-eval", &folder]), LIMIT);
    Some(std::path::PathBuf::from(output.stdout_text())).filter(|p| p.join("src").is_dir())
}

/// Compiles modules of stdlib on both and compares them; all of them where `GIRDER_TEST_ALL` is set.
#[test]
fn the_compiler_compiles_stdlib() {
    const SAMPLE: [&str; 12] = [
        "lists",
        "maps",
        "gen_server",
        "supervisor",
        "io_lib_pretty",
        "ets",
        "string",
        "erl_scan",
        "sofs",
        "rand",
        "zip",
        "unicode",
    ];
    if reference::release() != Some(25) {
        return skip("no erl of OTP 25 is installed");
    }
    let (Some(src), Some(kernel)) = (sources("stdlib"), sources("kernel")) else {
        return skip("the sources of stdlib and kernel are not installed");
    };
    let (src, include) = (src.join("src"), kernel.join("include"));
    let include = include.to_str().expect("a name");
    let all = std::env::var_os("GIRDER_TEST_ALL").is_some();
    let names: Vec<String> = fs::read_dir(&src)
        .expect("the folder of sources")
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.strip_suffix(".erl").is_some_and(|m| all || SAMPLE.contains(&m)))
        .collect();
    let dir = Scratch::new("stdlib");
    let words = |into: &str| {
        let fixed = ["erlc", "+deterministic", "+debug_info", "-I", "../include", "-I", include, "-o", into];
        let mut all: Vec<String> = fixed.map(str::to_owned).to_vec();
        all.extend(names.iter().map(|n| src.join(n).to_str().expect("a name").to_owned()));
        all
    };
    let into = |name: &str| {
        fs::create_dir(dir.path().join(name)).expect("a scratch folder");
        dir.path().join(name).to_str().expect("a name").to_owned()
    };
    let (ours, theirs) = (into("girder"), into("erl"));
    for (folder, on_girder) in [(&ours, true), (&theirs, false)] {
        let words = words(folder);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run(&src, &words, on_girder);
        assert_eq!(output.end, End::Status(0), "{}{}", output.stdout_text(), output.stderr_text());
    }
    file(dir.path(), "compare", include_str!("../data/compare_beams.escript"));
    let compared = run(dir.path(), &["escript", "compare", &theirs, &ours], false);
    let told = format!("{} modules, 0 differences\n", names.len());
    assert_eq!((compared.stdout_text(), compared.end), (told, End::Status(0)), "{}", compared.stderr_text());
}

#[test]
fn an_application_is_upgraded_while_it_runs() {
    let server = |version: &str, change: &str| {
        format!(
            "-module(up_server).\n-behaviour(gen_server).\n-export([start_link/0, next/0, init/1, handle_call/3, handle_cast/2, code_change/3]).\nstart_link() -> gen_server:start_link({{local, ?MODULE}}, ?MODULE, [], []).\nnext() -> gen_server:call(?MODULE, next).\ninit(_) -> {{ok, {version}_state(0)}}.\nhandle_call(next, _, S) -> N = count(S) + 1, {{reply, {{{version}, N}}, {version}_state(N)}}.\nhandle_cast(_, S) -> {{noreply, S}}.\n{change}\n"
        )
    };
    let one = server("v1", "v1_state(N) -> N.\ncount(N) -> N.\ncode_change(_, S, _) -> {ok, S}.");
    let two =
        server("v2", "v2_state(N) -> {state, N}.\ncount({state, N}) -> N.\ncode_change(_, N, _) -> {ok, {state, N}}.");
    let app = "-module(up_app).\n-behaviour(application).\n-behaviour(supervisor).\n-export([start/2, stop/1, init/1]).\nstart(_, _) -> supervisor:start_link({local, up_sup}, ?MODULE, []).\nstop(_) -> ok.\ninit(_) -> {ok, {#{}, [#{id => up_server, start => {up_server, start_link, []}}]}}.\n";
    let prepare = |dir: &Path| {
        for (version, source) in [("1", &one), ("2", &two)] {
            let ebin = dir.join(format!("up-{version}/ebin"));
            fs::create_dir_all(&ebin).expect("a scratch folder");
            file(&ebin, "up_server.erl", source);
            file(&ebin, "up_app.erl", app);
            file(
                &ebin,
                "up.app",
                &format!(
                    "{{application, up, [{{vsn, \"{version}\"}}, {{modules, [up_app, up_server]}}, {{registered, [up_sup, up_server]}}, {{applications, [kernel, stdlib]}}, {{mod, {{up_app, []}}}}]}}.\n"
                ),
            );
            file(
                &ebin,
                "up.appup",
                "{\"2\", [{\"1\", [{update, up_server, {advanced, []}}]}], [{\"1\", [{update, up_server, {advanced, []}}]}]}.\n",
            );
        }
    };
    let code = "logger:set_primary_config(level, none), [{ok, _} = compile:file(F, [{outdir, filename:dirname(F)}]) || F <- filelib:wildcard(\"up-*/ebin/*.erl\")], code:add_patha(\"up-1/ebin\"), ok = application:start(sasl), ok = application:start(up), {ok, Dir} = file:get_cwd(), A = [up_server:next(), up_server:next()], Up = release_handler:upgrade_app(up, Dir ++ \"/up-2\"), B = [up_server:next(), up_server:next()], io:format(\"~p~n\", [{A, Up, B}]), halt().";
    same(prepare, &["erl", "-noshell", "-eval", code]);
}
