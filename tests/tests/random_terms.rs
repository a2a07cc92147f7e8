//! Random terms through every comparison, hash and codec, on Girder and on the installed `erl`.

use girder_tests::{compare::difference, fixture::erlang_beams, girder::Run, random_cases, reference, skip};

#[test]
fn pairs_of_terms() {
    let release = match reference::usable() {
        Ok(release) => release,
        Err(why) => return skip(&why),
    };
    let beams = erlang_beams(release);
    for seed in 100..100 + random_cases(4) {
        let arguments = [seed.to_string(), "1000".to_owned()];
        let run = Run::new(&beams, "random_terms", &arguments);
        let wanted = reference::run(&beams, "random_terms", &arguments, run.limit);
        if let Some(report) = difference(&wanted.stdout, wanted.end, &run.output()) {
            panic!("seed {seed}: {report}");
        }
    }
}
