//! The ratchet: every case that passes is listed, and the list only changes knowingly.
//!
//! Invariant: only suites that were run are judged, whose lines are `AREA/SUITE CASE`, sorted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::outcome::SuiteResult;

/// Passing cases by suite.
pub type Passing = BTreeMap<String, BTreeSet<String>>;

/// The list for a release, in a checkout's folder `conformance`.
pub fn file(release: u32) -> PathBuf {
    PathBuf::from(format!("conformance/passing-{release}.txt"))
}

/// What a list holds; nothing if it is not there.
pub fn read(path: &Path) -> io::Result<Passing> {
    let text = match fs::read_to_string(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let mut all = Passing::new();
    for (suite, case) in text.lines().filter_map(|l| l.split_once(' ')) {
        all.entry(suite.to_owned()).or_default().insert(case.to_owned());
    }
    Ok(all)
}

fn passing(results: &[SuiteResult]) -> Passing {
    let cases = |r: &SuiteResult| r.cases.iter().filter(|c| c.outcome.is_pass()).map(|c| c.name.clone()).collect();
    results.iter().map(|r| (format!("{}/{}", r.area, r.suite), cases(r))).collect()
}

/// Differences between the list and the results, a line each.
pub fn check(path: &Path, results: &[SuiteResult]) -> io::Result<Vec<String>> {
    let (listed, now) = (read(path)?, passing(results));
    let mut differences = Vec::new();
    for (suite, now) in &now {
        let none = BTreeSet::new();
        let before = listed.get(suite).unwrap_or(&none);
        differences.extend(before.difference(now).map(|c| format!("{suite} {c} passed and does not any more")));
        differences
            .extend(now.difference(before).map(|c| format!("{suite} {c} passes and is not in {}", path.display())));
    }
    Ok(differences)
}

/// Writes the list anew for the suites that were run.
pub fn bless(path: &Path, results: &[SuiteResult]) -> io::Result<()> {
    let mut all = read(path)?;
    all.extend(passing(results));
    let lines: Vec<String> =
        all.iter().flat_map(|(s, cases)| cases.iter().map(move |c| format!("{s} {c}\n"))).collect();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::outcome::{Case, Outcome};

    fn results(passing: &[&str]) -> Vec<SuiteResult> {
        let case = |name: &&str| Case {
            name: (*name).into(),
            outcome: Outcome::Passed,
            millis: 1,
            reason: String::new(),
            log: String::new(),
        };
        let cases = passing.iter().map(case).collect();
        vec![SuiteResult { area: "kernel".into(), suite: "x_SUITE".into(), cases, ..SuiteResult::default() }]
    }

    #[test]
    fn both_directions_are_told_and_others_are_left_alone() {
        let path = std::env::temp_dir().join(format!("girder-ratchet-{}", std::process::id()));
        fs::write(&path, "stdlib/y_SUITE c\n").expect("temporary file");
        bless(&path, &results(&["a", "b"])).expect("written");
        assert!(check(&path, &results(&["b", "a"])).expect("read").is_empty());
        let told = check(&path, &results(&["a", "new"])).expect("read");
        assert!(told.len() == 2 && told[0].contains("b passed") && told[1].contains("new passes"), "{told:?}");
        bless(&path, &results(&["a"])).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "kernel/x_SUITE a\nstdlib/y_SUITE c\n");
        fs::remove_file(&path).expect("temporary file");
    }
}
