//! Reports: the table in the terminal, and the files.
//!
//! Invariant: what the reference does not pass, or has no results for, is in no score.

mod junit;
mod page;

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::outcome::{Case, Outcome, SuiteResult};
use super::reference::{self, Reference};
use super::suites::AREAS;

/// How many cases pass of those that the reference passes.
#[derive(Clone, Copy, Default)]
pub struct Score {
    /// Those that pass here.
    pub passed: usize,
    /// Those that pass on the reference.
    pub of: usize,
    /// Suites that were not run to their end.
    pub incomplete: usize,
}

impl Score {
    /// Whether nothing is missing.
    pub fn is_full(self) -> bool {
        self.passed == self.of && self.incomplete == 0
    }
    fn add(&mut self, other: Score) {
        self.passed += other.passed;
        self.of += other.of;
        self.incomplete += other.incomplete;
    }
    /// In words, with the ratio.
    pub fn text(self) -> String {
        if self.of == 0 {
            return "-".to_owned();
        }
        format!("{} of {} ({:.3})", self.passed, self.of, self.passed as f64 / self.of as f64)
    }
}

/// A suite with its reference.
struct Compared<'a> {
    result: &'a SuiteResult,
    reference: Option<&'a HashMap<String, Outcome>>,
    score: Score,
}

impl Compared<'_> {
    /// What the reference makes of a case.
    fn expected(&self, case: &Case) -> Option<Outcome> {
        self.reference?.get(&case.name).copied()
    }
    /// Cases that pass on the reference and have no outcome here.
    fn missing(&self) -> Vec<&str> {
        let here = |name: &str| self.result.cases.iter().any(|c| c.name == name);
        let passed = self.reference.into_iter().flatten().filter(|(_, o)| o.is_pass());
        let mut missing: Vec<&str> = passed.map(|(n, _)| n.as_str()).filter(|n| !here(n)).collect();
        missing.sort_unstable();
        missing
    }
    fn count(&self, o: Outcome) -> usize {
        self.result.cases.iter().filter(|c| c.outcome == o).count()
    }
}

fn compare<'a>(result: &'a SuiteResult, reference: &'a Reference) -> Compared<'a> {
    let reference = reference.suite(&result.area, &result.suite, &result.hash);
    let incomplete = usize::from(result.problem.is_some());
    let mut score = Score { incomplete, ..Score::default() };
    if let Some(expected) = reference {
        let passed: HashMap<&str, bool> = result.cases.iter().map(|c| (c.name.as_str(), c.outcome.is_pass())).collect();
        for (name, _) in expected.iter().filter(|(_, o)| o.is_pass()) {
            score.of += 1;
            score.passed += usize::from(passed.get(name.as_str()) == Some(&true));
        }
    }
    Compared { result, reference, score }
}

/// Writes all reports and prints the table; the whole score.
pub fn all(results: &[SuiteResult], reference: &Reference, release: u32, out: &Path) -> io::Result<Score> {
    let compared: Vec<Compared<'_>> = results.iter().map(|r| compare(r, reference)).collect();
    reference::write(&out.join("results.tsv"), results)?;
    std::fs::write(out.join("junit.xml"), junit::text(&compared).map_err(io::Error::other)?)?;
    std::fs::write(out.join("index.html"), page::text(&compared, release, out).map_err(io::Error::other)?)?;
    print!("{}", table(&compared));
    println!(
        "reports: {}",
        ["results.tsv", "junit.xml", "index.html"].map(|f| out.join(f).display().to_string()).join(", ")
    );
    let mut total = Score::default();
    compared.iter().for_each(|c| total.add(c.score));
    Ok(total)
}

/// A line for each suite, and what does not pass though it does on the reference.
fn table(all: &[Compared<'_>]) -> String {
    let mut text = format!("{:<36}", "suite");
    for o in Outcome::ALL {
        text += &format!("{:>8}", o.word());
    }
    text += "   of the reference's\n";
    for area in AREAS {
        let mut total = Score::default();
        let suites = || all.iter().filter(|c| c.result.area == area.name);
        if suites().next().is_none() {
            continue;
        }
        for c in suites() {
            total.add(c.score);
            text += &format!("{:<36}", format!("{}/{}", c.result.area, c.result.suite));
            for o in Outcome::ALL {
                text += &format!("{:>8}", c.count(o));
            }
            text += &format!("   {}\n", c.score.text());
            if let Some(why) = &c.result.problem {
                text += &format!("    {}\n", short(why));
            }
            for case in c.result.cases.iter().filter(|case| !case.outcome.is_pass()) {
                if c.expected(case).is_some_and(Outcome::is_pass) {
                    text += &format!("    {} {}: {}\n", case.name, case.outcome.word(), short(&case.reason));
                }
            }
            for name in c.missing() {
                text += &format!("    {name} was not run\n");
            }
        }
        text += &format!("{:<84}   {}\n", area.name, total.text());
    }
    text
}

/// As much of a reason as fits into a line.
fn short(reason: &str) -> String {
    let cut: String = reason.chars().take(160).collect();
    if cut.len() < reason.len() { cut + "..." } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(cases: &[(&str, Outcome)]) -> SuiteResult {
        let case = |&(name, outcome): &(&str, Outcome)| Case {
            name: name.into(),
            outcome,
            millis: 5,
            reason: "<why> & \"so\"".into(),
            log: format!("/out/stdlib/{name}.html"),
        };
        let cases = cases.iter().map(case).collect();
        SuiteResult { area: "stdlib".into(), suite: "x_SUITE".into(), hash: "ab".into(), cases, problem: None }
    }

    fn compared<'a>(result: &'a SuiteResult, expected: &'a HashMap<String, Outcome>) -> Compared<'a> {
        let mut score = Score { of: 2, ..Score::default() };
        score.passed = result.cases.iter().filter(|c| c.outcome.is_pass()).count();
        Compared { result, reference: Some(expected), score }
    }

    #[test]
    fn reports_name_what_does_not_pass_and_what_is_missing() {
        let result = suite(&[("a", Outcome::Passed), ("b", Outcome::Failed)]);
        let expected = [("a", Outcome::Passed), ("b", Outcome::Passed), ("c", Outcome::Passed), ("d", Outcome::Failed)];
        let expected: HashMap<String, Outcome> = expected.map(|(n, o)| (n.to_owned(), o)).into();
        let all = [compared(&result, &expected)];
        let text = table(&all);
        assert!(
            text.contains("b failed: <why>") && text.contains("c was not run") && !text.contains("d was"),
            "{text}"
        );
        let xml = junit::text(&all).expect("xml");
        assert!(xml.contains("&lt;why&gt;") && xml.contains("tests=\"2\"") && xml.contains("failures=\"1\""), "{xml}");
        let broken = SuiteResult { problem: Some("no memory".to_owned()), ..suite(&[("a", Outcome::Passed)]) };
        let xml = junit::text(&[compared(&broken, &expected)]).expect("xml");
        assert!(xml.contains("tests=\"2\"") && xml.contains("errors=\"1\"") && xml.contains("no memory"), "{xml}");
        let page = page::text(&all, 25, Path::new("/out")).expect("page");
        assert!(page.contains("x_SUITE") && page.contains("&#60;why&#62;"), "{page}");
        assert!(page.contains("href=\"stdlib/b.html\""), "{page}");
    }

    #[test]
    fn only_what_the_reference_passes_counts() {
        let result = suite(&[("a", Outcome::Passed), ("b", Outcome::Failed), ("new", Outcome::Passed)]);
        let c = compare(&result, &Reference::default()).score;
        assert_eq!((c.passed, c.of), (0, 0));
        assert!(c.is_full());
    }
}
