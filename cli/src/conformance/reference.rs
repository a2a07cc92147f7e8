//! Results as text: a line for a case, with tabs between area, suite, hash of the suite's source, case, outcome,
//! milliseconds, reason and, where there is one, the log's file. The reference's results are kept so, one file for a
//! release.
//!
//! Invariant: a result counts for the very source it was made with.

use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use super::area;
use super::outcome::{Case, Outcome, SuiteResult};
use super::runner::plain;
use super::suites::{AREAS, Suite};

/// The reference's results for OTP 25.
const OTP_25: &str = include_str!("../../../conformance/reference-25.tsv");
/// Those for OTP 27.
const OTP_27: &str = include_str!("../../../conformance/reference-27.tsv");

/// Outcome by area, suite, hash and case.
#[derive(Default)]
pub struct Reference(HashMap<(String, String), (String, HashMap<String, Outcome>)>);

impl Reference {
    /// The suite's outcomes on the reference, if its source is the same.
    pub fn suite(&self, area: &str, suite: &str, hash: &str) -> Option<&HashMap<String, Outcome>> {
        let (of, cases) = self.0.get(&(area.to_owned(), suite.to_owned()))?;
        (of == hash).then_some(cases)
    }
    /// Cases of a suite that need C code in all its groups, by the names that the suite has for them.
    pub fn foreign(&self, suite: &Suite) -> Vec<String> {
        let Some(cases) = self.suite(suite.area, &suite.name, &suite.hash) else { return Vec::new() };
        let mut all: HashMap<&str, bool> = HashMap::new();
        for (name, outcome) in cases {
            *all.entry(plain(name)).or_insert(true) &= *outcome == Outcome::NotApplicable;
        }
        let mut names: Vec<_> = all.into_iter().filter(|(_, foreign)| *foreign).map(|(n, _)| n.to_owned()).collect();
        names.sort();
        names
    }
    /// Marks the cases that the reference has found not to be applicable, whatever became of them.
    pub fn leave_out(&self, results: &mut [SuiteResult]) {
        for r in results {
            let Some(cases) = self.suite(&r.area, &r.suite, &r.hash) else { continue };
            for case in &mut r.cases {
                if cases.get(&case.name) == Some(&Outcome::NotApplicable) {
                    case.outcome = Outcome::NotApplicable;
                }
            }
        }
    }
}

/// The file of the reference's results for a release, in a checkout's folder `conformance`.
pub fn file(release: u32) -> PathBuf {
    PathBuf::from(format!("conformance/reference-{release}.tsv"))
}

/// Puts the results of suites that were run to their end in the place of those that a file has, in the order of areas
/// and names.
pub fn merge(path: &Path, results: &[SuiteResult]) -> io::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let (mut all, new) = (parse(&text), || results.iter().filter(|r| r.problem.is_none()));
    all.retain(|old| !new().any(|n| (&n.area, &n.suite) == (&old.area, &old.suite)));
    all.extend(new().cloned());
    let place = |r: &SuiteResult| AREAS.iter().position(|a| a.name == r.area);
    all.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.suite.cmp(&b.suite)));
    write(path, &all)
}

/// The reference's results for a release, suite by suite: the checkout's, which may be newer than this program, else
/// those that were compiled in; none if nobody has made them.
pub fn rows(release: u32) -> Vec<SuiteResult> {
    let compiled_in = match release {
        25 => OTP_25,
        27 => OTP_27,
        _ => "",
    };
    std::fs::read_to_string(file(release)).map_or_else(|_| parse(compiled_in), |text| parse(&text))
}

/// The reference's results for a release, to look cases up.
pub fn read(release: u32) -> Reference {
    let mut all = Reference::default();
    for r in rows(release) {
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
            let _ = write!(text, "{}\t{}\t{}\t{}\t{word}\t{millis}\t{reason}", r.area, r.suite, r.hash, c.name);
            let _ = if c.log.is_empty() { writeln!(text) } else { writeln!(text, "\t{}", c.log) };
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
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        let (Some(of), Some(suite), Some(hash), Some(name)) = (next(), next(), next(), next()) else { continue };
        let (Some(word), Some(millis), Some(reason)) = (next(), next(), next()) else { continue };
        let log = next().unwrap_or_default().to_owned();
        let (Some(of), Some(outcome)) = (area(of), Outcome::of_word(word)) else { continue };
        if all.last().is_none_or(|r| r.suite != suite || r.area != of.name) {
            let (area, suite, hash) = (of.name.to_owned(), suite.to_owned(), hash.to_owned());
            all.push(SuiteResult { area, suite, hash, ..SuiteResult::default() });
        }
        if let Some(last) = all.last_mut() {
            let (millis, reason) = (millis.parse().unwrap_or(0), reason.to_owned());
            last.cases.push(Case { name: name.to_owned(), outcome, millis, reason, log });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let case = |outcome: Outcome| Case {
            name: outcome.word().into(),
            outcome,
            millis: 7,
            reason: "why".into(),
            log: if outcome.is_pass() { String::new() } else { "/log".into() },
        };
        let cases = Outcome::ALL.map(case);
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
    fn new_results_take_the_place_of_old_ones() {
        let path = std::env::temp_dir().join(format!("girder-merge-{}", std::process::id()));
        let case = |name: &str, outcome| Case {
            name: name.into(),
            outcome,
            millis: 0,
            reason: String::new(),
            log: String::new(),
        };
        let suite = |area: &str, suite: &str, outcome| SuiteResult {
            area: area.into(),
            suite: suite.into(),
            hash: "ab".into(),
            cases: vec![case("x", outcome)],
            problem: None,
        };
        let (b, c) = (suite("kernel", "b", Outcome::Failed), suite("stdlib", "c", Outcome::Passed));
        merge(&path, &[b.clone(), c.clone()]).expect("temporary file");
        let broken = SuiteResult { problem: Some("no time".into()), ..suite("stdlib", "c", Outcome::Crashed) };
        merge(&path, &[suite("kernel", "b", Outcome::Passed), suite("kernel", "a", Outcome::Passed), broken])
            .expect("temporary file");
        let all = parse(&std::fs::read_to_string(&path).expect("temporary file"));
        let told: Vec<_> = all.iter().map(|r| (r.suite.as_str(), r.cases[0].outcome)).collect();
        assert_eq!(told, [("c", Outcome::Passed), ("a", Outcome::Passed), ("b", Outcome::Passed)]);
        std::fs::remove_file(&path).expect("temporary file");
    }

    #[test]
    fn not_applicable_cases_are_marked() {
        let mut reference = Reference::default();
        let cases = HashMap::from([("x".to_owned(), Outcome::NotApplicable), ("y".to_owned(), Outcome::Passed)]);
        reference.0.insert(("kernel".into(), "b".into()), ("ab".into(), cases));
        let case = |name: &str| Case {
            name: name.into(),
            outcome: Outcome::Failed,
            millis: 0,
            reason: String::new(),
            log: String::new(),
        };
        let suite = |hash: &str| SuiteResult {
            area: "kernel".into(),
            suite: "b".into(),
            hash: hash.into(),
            cases: vec![case("x"), case("y")],
            problem: None,
        };
        let mut results = [suite("ab"), suite("cd")];
        reference.leave_out(&mut results);
        let outcomes = results.map(|r| r.cases.iter().map(|c| c.outcome).collect::<Vec<_>>());
        assert_eq!(outcomes, [[Outcome::NotApplicable, Outcome::Failed], [Outcome::Failed; 2]]);
    }

    #[test]
    fn what_needs_c_code_in_some_group_only_is_run() {
        let mut reference = Reference::default();
        let cases = [
            ("x", Outcome::NotApplicable),
            ("g/y", Outcome::NotApplicable),
            ("h/y", Outcome::Passed),
            ("g/z", Outcome::NotApplicable),
            ("h/z#2", Outcome::NotApplicable),
        ];
        let cases = cases.map(|(name, outcome)| (name.to_owned(), outcome)).into();
        reference.0.insert(("kernel".into(), "b".into()), ("ab".into(), cases));
        let suite = |hash: &str| Suite {
            area: "kernel",
            name: "b".into(),
            hash: hash.into(),
            folder: PathBuf::new(),
            settings: Vec::new(),
            problem: None,
        };
        assert_eq!(reference.foreign(&suite("ab")), ["x", "z"]);
        assert!(reference.foreign(&suite("cd")).is_empty());
    }

    #[test]
    fn the_references_parse() {
        for text in [OTP_25, OTP_27] {
            assert_eq!(parse(text).iter().map(|r| r.cases.len()).sum::<usize>(), text.lines().count());
        }
    }
}
