//! The programs of `benches/` at their quick size: each prints its line, on one scheduler and on several.

use girder_tests::{
    child::{End, Scratch},
    fixture::root,
    girder::Run,
    reference, skip,
};
use std::{fs, path::Path, path::PathBuf};

/// Name, quick size and line of each program in the manifest.
fn programs(folder: &Path) -> Vec<[String; 3]> {
    let manifest = fs::read_to_string(folder.join("manifest.tsv")).expect("the manifest");
    let rows = manifest.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let program = |row: &str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let [name, _, _, _, size, line] = cells[..] else { panic!("a row of six cells: {row}") };
        [name, size, line].map(str::to_owned)
    };
    rows.map(program).collect()
}

#[test]
fn every_program_prints_its_line() {
    if reference::release().is_none() {
        return skip("no erlc to compile them");
    }
    let (folder, beams) = (root().join("benches"), Scratch::new("benches"));
    let programs = programs(&folder);
    let sources: Vec<PathBuf> = programs.iter().map(|[name, ..]| folder.join(format!("{name}.erl"))).collect();
    reference::compile(&sources, beams.path()).expect("they compile");
    assert!(programs.len() > 25, "only {} programs", programs.len());
    for [name, size, line] in &programs {
        for schedulers in [1, 2, 8] {
            let arguments = std::slice::from_ref(size);
            let mut run = Run::new(beams.path(), name, arguments);
            run.schedulers = Some(schedulers);
            let got = run.output();
            assert_eq!(
                got.stdout_text(),
                format!("{line}\n"),
                "{name} on {schedulers} schedulers: {}",
                got.stderr_text()
            );
            assert_eq!(got.end, End::Status(0), "{name} on {schedulers} schedulers");
        }
    }
}
