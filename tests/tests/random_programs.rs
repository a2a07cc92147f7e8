//! Random Erlang modules, compiled here, on Girder and on the installed `erl`.

use girder_tests::{
    child::Scratch, compare::difference, fixture, girder::Run, programs, random_cases, reference, skip,
};
use std::{fs, time::Duration};

/// Modules in one call of the compiler.
const BATCH: u64 = 10;

#[test]
fn modules() {
    let release = match reference::usable() {
        Ok(release) => release,
        Err(why) => return skip(&why),
    };
    let helpers = fixture::erlang_beams(release);
    let all: Vec<u64> = (1..=random_cases(2 * BATCH)).collect();
    for seeds in all.chunks(BATCH as usize) {
        let scratch = Scratch::new("programs");
        let folder = scratch.path();
        let sources: Vec<_> = seeds
            .iter()
            .map(|seed| {
                let path = folder.join(format!("{}.erl", programs::module_name(*seed)));
                fs::write(&path, programs::source(*seed)).expect("a scratch file");
                path
            })
            .collect();
        if let Err(text) = reference::compile(&sources, folder) {
            panic!("seeds {seeds:?} do not compile: {text}");
        }
        for name in ["case_runner", "fixture_launcher"] {
            let beam = format!("{name}.beam");
            fs::copy(helpers.join(&beam), folder.join(&beam)).expect("a scratch file");
        }
        for seed in seeds {
            let name = programs::module_name(*seed);
            let wanted = reference::run(folder, &name, &[], Duration::from_secs(60));
            let got = Run::new(folder, &name, &[]).output();
            if let Some(report) = difference(&wanted.stdout, wanted.end, &got) {
                panic!("seed {seed}: {report}\n{}", programs::source(*seed));
            }
        }
    }
}
