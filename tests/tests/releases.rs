//! The Erlang fixtures compiled by OTP 27 and 29, with the libraries of those releases, against what their `erl`
//! printed.

use girder_tests::{
    compare::difference,
    fixture::{arguments, erlang_beams, erlang_expected, otp_tree},
    girder::Run,
    skip,
};

fn check(release: u32, name: &str) {
    let Some(tree) = otp_tree(release) else {
        return skip(&format!("no OTP {release}: run otp-fixtures/fetch-otp {release}"));
    };
    let expected = erlang_expected(release, name);
    let (beams, arguments) = (erlang_beams(release), arguments(name));
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

include!(concat!(env!("OUT_DIR"), "/erlang_fixtures.rs"));
