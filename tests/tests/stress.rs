//! Short runs of the stress programs.

use girder_tests::{child::End, girder::command};
use std::time::Duration;

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
