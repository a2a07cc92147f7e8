//! Each Erlang fixture on Girder against the recorded output of OTP 25.

use girder_tests::{
    compare::difference,
    fixture::{arguments, erlang_beams, erlang_expected},
    girder::Run,
};

fn check(name: &str) {
    let expected = erlang_expected(25, name);
    let got = Run::new(&erlang_beams(25), name, &arguments(name)).output();
    if let Some(report) = difference(&expected.stdout, expected.end, &got) {
        panic!("{name}: {report}");
    }
}

macro_rules! fixture {
    ($name:ident) => {
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/erlang_fixtures.rs"));
