//! The Gleam samples with the libraries of OTP 27 and 29, which Gleam's output asks for.
//!
//! Standard output and exit status are compared; the text that `gleam run` prints on standard error for a panic
//! comes from a runner that the Gleam command writes and is not part of the samples.

use girder_tests::{
    compare::difference,
    fixture::{gleam_beams, gleam_expected, otp_tree},
    girder::Run,
    skip,
};

fn check(release: u32, name: &str) {
    let Some(tree) = otp_tree(release) else {
        return skip(&format!("no OTP {release}: run otp-fixtures/fetch-otp {release}"));
    };
    let expected = gleam_expected(name);
    let (beams, arguments) = (gleam_beams(release), ["a".to_owned(), "b c".to_owned()]);
    let mut run = Run::new(&beams, name, &arguments);
    run.otp = Some(&tree);
    if let Some(report) = difference(&expected.stdout, expected.end, &run.output()) {
        panic!("{name} of OTP {release}: {report}");
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
