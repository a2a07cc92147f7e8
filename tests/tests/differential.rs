//! Each Erlang fixture on Girder and on the `erl` that is installed, in this run.

use girder_tests::{
    compare::difference,
    fixture::{arguments, erlang_beams},
    girder::Run,
    reference, skip,
};

fn check(name: &str) {
    let release = match reference::usable() {
        Ok(release) => release,
        Err(why) => return skip(&why),
    };
    let (beams, arguments) = (erlang_beams(release), arguments(name));
    let run = Run::new(&beams, name, &arguments);
    let wanted = reference::run(&beams, name, &arguments, run.limit);
    if let Some(report) = difference(&wanted.stdout, wanted.end, &run.output()) {
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
