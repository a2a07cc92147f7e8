//! The Gleam samples with the libraries of OTP 27 and 29, which Gleam's output asks for.
//!
//! Standard output and exit status are compared; the text that `gleam run` prints on standard error for a panic
//! comes from a runner that the Gleam command writes and is not part of the samples.

use girder_tests::{
    child::{self, End, Scratch},
    compare::difference,
    fixture::{gleam_beams, gleam_expected, otp_tree},
    girder::{self, Run},
    skip,
};
use std::{fs, process::Command, time::Duration};

fn check(release: u32, name: &str) {
    check_on(None, release, name);
}

fn check_on(schedulers: Option<u32>, release: u32, name: &str) {
    let Some(tree) = otp_tree(release) else {
        return skip(&format!("no OTP {release}: run otp-fixtures/fetch-otp {release}"));
    };
    let expected = gleam_expected(name);
    let (beams, arguments) = (gleam_beams(release), ["a".to_owned(), "b c".to_owned()]);
    let mut run = Run::new(&beams, name, &arguments);
    run.otp = Some(&tree);
    run.schedulers = schedulers;
    if let Some(report) = difference(&expected.stdout, expected.end, &run.output()) {
        panic!("{name} of OTP {release} on {schedulers:?} schedulers: {report}");
    }
}

macro_rules! fixture {
    ($name:ident) => {
        mod $name {
            #[test]
            fn otp_27() {
                super::check(27, stringify!($name));
            }

            #[test]
            fn otp_29() {
                super::check(29, stringify!($name));
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/gleam_fixtures.rs"));

/// What has several processes does the same on any number of schedulers (`sup` runs `counter`).
#[test]
fn processes_on_any_number_of_schedulers() {
    for release in [27, 29] {
        for name in ["procs", "sup"] {
            [1, 2, 8].into_iter().for_each(|n| check_on(Some(n), release, name));
        }
    }
}

/// Inside a Gleam project no module needs to be named.
#[test]
fn project_folder() {
    let Some(tree) = otp_tree(27) else {
        return skip("no OTP 27: run otp-fixtures/fetch-otp 27");
    };
    let project = Scratch::new("gleam");
    let ebin = project.path().join("build/dev/erlang/own/ebin");
    fs::create_dir_all(&ebin).expect("a scratch folder");
    fs::write(project.path().join("gleam.toml"), "name = \"own\"\nversion = \"1.0.0\"\n").expect("a scratch file");
    for beam in fs::read_dir(gleam_beams(27)).expect("the samples") {
        let beam = beam.expect("the samples");
        fs::copy(beam.path(), ebin.join(beam.file_name())).expect("a scratch file");
    }
    let mut command = Command::new(girder::binary());
    command.arg("run").current_dir(project.path()).env("GIRDER_OTP_ROOT", tree);
    let got = child::run(&mut command, Duration::from_secs(60));
    assert_eq!(got.end, End::Status(0), "{}", got.stderr_text());
    assert!(!got.stdout.is_empty());
}
