//! No descriptor is left: the same errors as on the installed `erl`, and what is there goes on.

use girder_tests::{
    child::{self, End, Output},
    fixture::erlang_beams,
    girder, reference, skip,
};
use std::{path::Path, process::Command, time::Duration};

/// Runs the fixture with few descriptors.
fn run(program: &Path, words: &[&str], beams: &Path) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 150; exec \"$@\"", "sh"]).arg(program).args(words);
    command.args(["-noshell", "-pa"]).arg(beams).args(["-s", "net_exhausted", "all"]);
    child::run(&mut command, Duration::from_secs(60))
}

#[test]
fn everybody_is_told_and_listeners_go_on() {
    let release = match reference::usable() {
        Ok(release) => release,
        Err(why) => return skip(&why),
    };
    let beams = erlang_beams(release);
    let wanted = run(Path::new("erl"), &[], &beams);
    assert_eq!(wanted.end, End::Status(0), "erl: {}{}", wanted.stdout_text(), wanted.stderr_text());
    assert!(wanted.stdout_text().contains("acceptors: [{error,emfile}]"), "{}", wanted.stdout_text());
    let got = run(girder::binary(), &["erl"], &beams);
    assert_eq!((got.stdout_text(), got.end), (wanted.stdout_text(), wanted.end), "{}", got.stderr_text());
}
