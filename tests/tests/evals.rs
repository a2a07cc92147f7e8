//! Command lines of `erl` with the libraries of OTP 25, 27 and 29, against what each release's own `erl` printed and how it
//! ended (`otp-fixtures/eval`): values, errors of all kinds, applications, missing files.

use girder_tests::{
    child::{self, End, Scratch},
    fixture, girder, reference, skip,
};
use std::{fs, path::Path, process::Command, thread, time::Duration};

const LIMIT: Duration = Duration::from_secs(120);

/// How many run at a time: a tree whose `inet_gethost` cannot start makes each boot wait.
const TOGETHER: usize = 8;

fn folder() -> std::path::PathBuf {
    fixture::root().join("otp-fixtures/eval")
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the cases").flatten();
    let name = |e: fs::DirEntry| Some(e.file_name().to_str()?.strip_suffix(".args")?.to_owned());
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// A run, as text that can be compared.
fn shown(end: End, out: &str, err: &str) -> String {
    // What the emulator prints ends in CR LF, what the dynamic linker says of a program of the tree does not belong here.
    let lines =
        err.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.contains("/bin/inet_gethost: "));
    format!("{end:?}\n{out}\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn expected(release: u32, name: &str) -> String {
    let read = |suffix: &str| {
        let path = folder().join(format!("expected-{release}/{name}.{suffix}"));
        String::from_utf8(fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).expect("UTF-8")
    };
    let status = read("rc").trim().parse().expect("a number");
    shown(End::Status(status), &read("out"), &read("err"))
}

fn run(tree: Option<&Path>, name: &str) -> String {
    let text = fs::read_to_string(folder().join(format!("{name}.args"))).expect("a case");
    let scratch = Scratch::new("eval");
    let mut command = Command::new(girder::binary());
    command.arg("erl").args(text.lines()).current_dir(scratch.path());
    if let Some(tree) = tree {
        command.env("GIRDER_OTP_ROOT", tree);
    }
    let got = child::run(&mut command, LIMIT);
    shown(got.end, &got.stdout_text(), &got.stderr_text())
}

fn check(release: u32, tree: Option<&Path>) {
    let names = names();
    assert!(!names.is_empty(), "no cases");
    let wrong = &|name: &String| {
        let (got, wanted) = (run(tree, name), expected(release, name));
        (got != wanted).then(|| format!("{name}: got\n{got}\nexpected\n{wanted}\n"))
    };
    let mut report = Vec::new();
    for some in names.chunks(TOGETHER) {
        thread::scope(|scope| {
            let all: Vec<_> = some.iter().map(|name| scope.spawn(move || wrong(name))).collect();
            report.extend(all.into_iter().filter_map(|one| one.join().expect("no panic")));
        });
    }
    assert!(report.is_empty(), "OTP {release}: {}", report.join("\n"));
}

#[test]
fn release_25() {
    if reference::release() != Some(25) {
        return skip("no OTP 25 is installed");
    }
    check(25, None);
}

fn check_tree(release: u32) {
    match fixture::otp_tree(release) {
        Some(tree) => check(release, Some(&tree)),
        None => skip(&format!("no OTP {release}: run otp-fixtures/fetch-otp {release}")),
    }
}

#[test]
fn release_27() {
    check_tree(27);
}

#[test]
fn release_29() {
    check_tree(29);
}
