//! The Gleam samples started as the Gleam command starts them: `erl -pa .../ebin -eval "PACKAGE@@main:run(MODULE)" -noshell
//! -extra ARGUMENTS`, and through the script of an exported shipment. Standard output, standard error and status are the
//! recorded bytes. Where `gleam` is installed, it builds and runs the samples itself, with Girder as its Erlang.

use girder_tests::{
    child::{self, End, Output, Scratch},
    fixture::{self, gleam_beams, otp_tree},
    girder, skip,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(120);

/// Arguments of the recorded runs.
const ARGUMENTS: [&str; 2] = ["a", "b c"];

/// What the Gleam command writes beside the modules of a shipment.
const ENTRYPOINT: &str = r#"#!/bin/sh
set -eu
BASE=$(dirname "$0")
shift
exec erl -pa "$BASE"/*/ebin -eval "own@@main:run(own)" -noshell -extra "$@"
"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A command that finds the launchers first.
fn command(program: &str, shim: &Scratch) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", girder::path_with(&[shim.path()]));
    command
}

fn recorded(name: &str, suffix: &str) -> Vec<u8> {
    let path = fixture::root().join(format!("otp-fixtures/gleam/expected/{name}.{suffix}"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn check(name: &str, what: &str, got: &Output) {
    let status = String::from_utf8(recorded(name, "rc")).expect("a number");
    let wanted = End::Status(status.trim().parse().expect("a number"));
    assert_eq!(got.end, wanted, "{what}: {}", got.stderr_text());
    assert_eq!(got.stdout_text().into_bytes(), recorded(name, "out"), "{what}: {}", got.stdout_text());
    // A program of the tree that needs another C library than this machine's says so.
    let ours = |line: &&str| !line.contains("/bin/inet_gethost: ");
    let errors: String = got.stderr_text().split_inclusive('\n').filter(ours).collect();
    assert_eq!(errors.into_bytes(), recorded(name, "err"), "{what}: {}", got.stderr_text());
}

fn names() -> Vec<String> {
    let folder = fixture::root().join("otp-fixtures/gleam/expected");
    let entries = fs::read_dir(folder).expect("recorded runs").flatten();
    let name = |e: fs::DirEntry| Some(e.file_name().to_str()?.strip_suffix(".out")?.to_owned());
    entries.filter_map(name).collect()
}

/// A folder with the modules of a release as a shipment has them.
fn shipment(release: u32) -> Scratch {
    let shipment = Scratch::new("shipment");
    let ebin = shipment.path().join("own/ebin");
    fs::create_dir_all(&ebin).expect("a scratch folder");
    for file in fs::read_dir(gleam_beams(release)).expect("the samples").flatten() {
        fs::copy(file.path(), ebin.join(file.file_name())).expect("a scratch file");
    }
    fs::write(shipment.path().join("entrypoint.sh"), ENTRYPOINT).expect("a scratch file");
    shipment
}

fn check_release(release: u32) {
    let Some(tree) = otp_tree(release) else {
        return skip(&format!("no OTP {release}: run otp-fixtures/fetch-otp {release}"));
    };
    let (shim, shipment) = (girder::shim(Some(&tree)), shipment(release));
    let run = &|name: &str| {
        let run = format!("own@@main:run({name})");
        let mut erl = command("erl", &shim);
        erl.arg("-pa").arg(shipment.path().join("own/ebin"));
        erl.args(["-eval", &run, "-noshell", "-extra"]).args(ARGUMENTS);
        check(name, &format!("{name} of OTP {release}"), &child::run(&mut erl, LIMIT));
    };
    // At once: a tree whose `inet_gethost` cannot start makes each boot wait.
    thread::scope(|scope| {
        for name in names() {
            scope.spawn(move || run(&name));
        }
    });
    let mut script = command("sh", &shim);
    script.arg(shipment.path().join("entrypoint.sh")).arg("run").args(ARGUMENTS);
    check("own", &format!("the shipment of OTP {release}"), &child::run(&mut script, LIMIT));
}

#[test]
fn release_27() {
    check_release(27);
}

#[test]
fn release_29() {
    check_release(29);
}

/// The `gleam` on the PATH.
fn gleam() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("gleam")).find(|gleam| gleam.is_file())
}

/// The Gleam compiler has Girder compile what it emits, and run it.
#[test]
fn the_command_itself() {
    let (Some(gleam), Some(tree)) = (gleam(), otp_tree(27)) else {
        return skip("no gleam is installed, or there is no OTP 27");
    };
    let (shim, project) = (girder::shim(Some(&tree)), Scratch::new("gleam-project"));
    let sources = fixture::root().join("otp-fixtures/gleam");
    fs::create_dir(project.path().join("src")).expect("a scratch folder");
    fs::copy(sources.join("gleam.toml"), project.path().join("gleam.toml")).expect("a scratch file");
    for file in fs::read_dir(sources.join("src")).expect("the sources").flatten() {
        fs::copy(file.path(), project.path().join("src").join(file.file_name())).expect("a scratch file");
    }
    let run = |words: &[&str]| {
        let mut command = command(text(&gleam), &shim);
        child::run(command.current_dir(project.path()).args(words), LIMIT)
    };
    let built = run(&["build"]);
    assert_eq!(built.end, End::Status(0), "{}{}", built.stdout_text(), built.stderr_text());
    for name in names() {
        let got = run(&[&["run", "--no-print-progress", "-m", &name, "--"][..], &ARGUMENTS].concat());
        check(&name, &format!("gleam run -m {name}"), &got);
    }
    let exported = run(&["export", "erlang-shipment"]);
    assert_eq!(exported.end, End::Status(0), "{}{}", exported.stdout_text(), exported.stderr_text());
    let mut script = command("sh", &shim);
    script.arg(project.path().join("build/erlang-shipment/entrypoint.sh")).arg("run").args(ARGUMENTS);
    check("own", "the shipment", &child::run(&mut script, LIMIT));
}
