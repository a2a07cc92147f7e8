//! A short run of the stress program.

use girder_tests::{child::End, girder::command};
use std::time::Duration;

#[test]
fn nothing_is_lost() {
    for schedulers in ["1", "4"] {
        let words = ["stress", "--seconds", "3", "--seed", "7", "--schedulers", schedulers];
        let output = command(&words, Duration::from_secs(120));
        let text = output.stdout_text();
        assert_eq!(output.end, End::Status(0), "{schedulers} schedulers: {text}{}", output.stderr_text());
        assert!(text.starts_with("stress: seed 7, ") && text.ends_with(" operations: nothing lost\n"), "{text}");
    }
}
