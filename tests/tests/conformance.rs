//! `girder conformance` as a program: what it leaves when it is killed, and what it says of suites that it has not got.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use girder_tests::{child::Scratch, girder};

/// A source tree with one suite.
fn sources(root: &Path) -> PathBuf {
    for folder in ["erts/emulator", "lib/stdlib", "lib/kernel", "lib/compiler"] {
        fs::create_dir_all(root.join(folder).join("test")).expect("a scratch folder");
    }
    fs::write(root.join("lib/kernel/test/still_SUITE.erl"), "-module(still_SUITE).\n").expect("a scratch file");
    root.to_owned()
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The state of a process as the kernel has it; none if it has ended.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| !"ZX".contains(state))
}

/// The VM is a script that compiles nothing, says who it is, and waits, as does a program that it has started.
#[test]
fn a_runner_that_is_killed_leaves_no_vm() {
    let scratch = Scratch::new("conformance");
    let (root, erl) = (scratch.path(), scratch.path().join("erl"));
    let told = root.join("told");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *\" compile \"*) : >still_SUITE.beam; exit 0;; esac\nsleep 600 & echo $! $$ >{0}.new; mv {0}.new {0}\nwait\n",
        told.display()
    );
    fs::write(&erl, script).expect("a scratch file");
    fs::set_permissions(&erl, fs::Permissions::from_mode(0o755)).expect("a scratch file");
    let mut runner = Command::new(girder::binary())
        .args(["conformance", "--suite", "kernel/still", "--reference"])
        .arg(&erl)
        .arg("--sources")
        .arg(sources(&root.join("sources")))
        .arg("--out")
        .arg(root.join("out"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("girder");
    let pids = eventually("the VM has not begun", || fs::read_to_string(&told).ok());
    assert!(pids.split_whitespace().count() == 2 && pids.split_whitespace().all(is_alive), "{pids}");
    runner.kill().expect("a child of ours");
    runner.wait().expect("a child of ours");
    eventually("the VM goes on", || pids.split_whitespace().all(|p| !is_alive(p)).then_some(()));
}

#[test]
fn a_suite_that_is_not_there_is_one_line() {
    let scratch = Scratch::new("conformance");
    let tree = sources(scratch.path());
    let out = scratch.path().join("out");
    let words = ["conformance", "--suite", "kernel/none", "--reference", "erl", "--sources"];
    let mut command = Command::new(girder::binary());
    let output = command.args(words).arg(&tree).arg("--out").arg(&out).stdin(Stdio::null()).output().expect("girder");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.lines().count() == 1 && errors.contains("there is no suite kernel/none"), "{errors}");
}
