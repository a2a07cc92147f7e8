//! Short runs of the stress programs.

use girder_tests::{
    child::{self, End},
    fixture::erlang_beams,
    girder::{binary, command},
};
use std::{process::Command, time::Duration};

fn stress(what: &str) {
    for schedulers in ["1", "4"] {
        let words = ["stress", what, "--seconds", "3", "--seed", "7", "--schedulers", schedulers];
        let output = command(&words, Duration::from_secs(120));
        let text = output.stdout_text();
        assert_eq!(output.end, End::Status(0), "{schedulers} schedulers: {text}{}", output.stderr_text());
        assert!(text.starts_with("stress: seed 7, ") && text.ends_with(" operations: nothing lost\n"), "{text}");
    }
}

#[test]
fn nothing_is_lost() {
    stress("processes");
}

#[test]
fn tables_agree_with_their_models() {
    stress("tables");
}

/// Threads that do long work step back behind the schedulers and, without that right, never forward again.
#[test]
fn long_work_without_the_right_to_a_better_priority() {
    let may_drop = Command::new("setpriv").args(["--bounding-set=-sys_nice", "true"]).output();
    // Who is not root has no such right to begin with.
    let mut command = if may_drop.is_ok_and(|o| o.status.success()) {
        let mut setpriv = Command::new("setpriv");
        setpriv.arg("--bounding-set=-sys_nice").arg(binary());
        setpriv
    } else {
        Command::new(binary())
    };
    command.args(["run", "--schedulers", "2", "-pa"]).arg(erlang_beams(25)).args(["floods", "all", "1"]);
    let output = child::run(&mut command, Duration::from_secs(300));
    assert_eq!(output.end, End::Status(0), "{}", output.stderr_text());
    assert!(output.stdout_text().ends_with("memory is given back: yes\n"), "{}", output.stdout_text());
}
