//! Results as text: a line for a case, with tabs between area, suite, hash of the suite's source, case, outcome,
//! milliseconds and reason. The reference's results are kept so, one file for a release.
//!
//! Invariant: a result counts for the very source it was made with.

use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

use super::area;
use super::outcome::{Case, Outcome, SuiteResult};

/// The reference's results for OTP 25.
const OTP_25: &str = include_str!("../../../conformance/reference-25.tsv");

/// Outcome by area, suite, hash and case.
#[derive(Default)]
pub struct Reference(HashMap<(String, String), (String, HashMap<String, Outcome>)>);

impl Reference {
    /// The suite's outcomes on the reference, if its source is the same.
    pub fn suite(&self, area: &str, suite: &str, hash: &str) -> Option<&HashMap<String, Outcome>> {
        let (of, cases) = self.0.get(&(area.to_owned(), suite.to_owned()))?;
        (of == hash).then_some(cases)
    }
}

/// The reference's results for a release; none if nobody has made them.
pub fn read(release: u32) -> Reference {
    let mut all = Reference::default();
    for r in parse(if release == 25 { OTP_25 } else { "" }) {
        let cases = r.cases.into_iter().map(|c| (c.name, c.outcome)).collect();
        all.0.insert((r.area, r.suite), (r.hash, cases));
    }
    all
}

/// Writes results.
pub fn write(path: &Path, results: &[SuiteResult]) -> io::Result<()> {
    let mut text = String::new();
    for r in results {
        for c in &r.cases {
            let (word, millis, reason) = (c.outcome.word(), c.millis, c.reason.trim_end());
            // A String takes everything.
            let _ = writeln!(text, "{}\t{}\t{}\t{}\t{word}\t{millis}\t{reason}", r.area, r.suite, r.hash, c.name);
        }
    }
    std::fs::write(path, text)
}

/// The results of one suite in a file, if its source is the same.
pub fn read_suite(path: &Path, hash: &str) -> Option<SuiteResult> {
    let text = std::fs::read_to_string(path).ok()?;
    parse(&text).into_iter().next().filter(|r| r.hash == hash)
}

fn parse(text: &str) -> Vec<SuiteResult> {
    let mut all: Vec<SuiteResult> = Vec::new();
    for line in text.lines() {
        let [of, suite, hash, name, word, millis, reason] = line.splitn(7, '\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        let (Some(of), Some(outcome)) = (area(of), Outcome::of_word(word)) else { continue };
        if all.last().is_none_or(|r| r.suite != suite || r.area != of.name) {
            let (area, suite, hash) = (of.name.to_owned(), suite.to_owned(), hash.to_owned());
            all.push(SuiteResult { area, suite, hash, ..SuiteResult::default() });
        }
        if let Some(last) = all.last_mut() {
            let (millis, reason) = (millis.parse().unwrap_or(0), reason.to_owned());
            last.cases.push(Case { name: name.to_owned(), outcome, millis, reason });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let cases =
            Outcome::ALL.map(|outcome| Case { name: outcome.word().into(), outcome, millis: 7, reason: "why".into() });
        let result = SuiteResult {
            area: "kernel".into(),
            suite: "x_SUITE".into(),
            hash: "ab".into(),
            cases: cases.to_vec(),
            problem: None,
        };
        let path = std::env::temp_dir().join(format!("girder-results-{}", std::process::id()));
        write(&path, std::slice::from_ref(&result)).expect("temporary file");
        assert_eq!(read_suite(&path, "ab").map(|r| r.cases), Some(result.cases));
        assert!(read_suite(&path, "cd").is_none(), "another source");
        std::fs::remove_file(&path).expect("temporary file");
    }

    #[test]
    fn the_reference_parses() {
        assert_eq!(parse(OTP_25).iter().map(|r| r.cases.len()).sum::<usize>(), OTP_25.lines().count());
    }
}
