//! One HTML page with everything in it: suite by suite, with filters by outcome and by text, and a link to each case's log.
//!
//! Invariant: the page needs no other file; what comes from a suite is escaped by the template.

use std::path::Path;

use askama::Template;

use super::Compared;
use crate::conformance::outcome::{Case, Outcome};

#[derive(Template)]
#[template(path = "conformance.html")]
struct Page<'a> {
    release: u32,
    outcomes: [&'static str; Outcome::ALL.len()],
    suites: Vec<Suite<'a>>,
}

struct Suite<'a> {
    area: &'a str,
    name: &'a str,
    score: String,
    problem: &'a str,
    log: String,
    cases: Vec<Row<'a>>,
    missing: Vec<&'a str>,
}

struct Row<'a> {
    case: &'a Case,
    outcome: &'static str,
    expected: &'static str,
    /// Its log, as seen from the page.
    log: &'a str,
}

fn suite<'a>(c: &'a Compared<'_>, out: &Path) -> Suite<'a> {
    let row = |case: &'a Case| Row {
        case,
        outcome: case.outcome.word(),
        expected: c.expected(case).map_or("-", Outcome::word),
        log: Path::new(&case.log).strip_prefix(out).ok().and_then(Path::to_str).unwrap_or(&case.log),
    };
    Suite {
        area: &c.result.area,
        name: &c.result.suite,
        score: c.score.text(),
        problem: c.result.problem.as_deref().unwrap_or_default(),
        log: format!("{}/{}", c.result.area, c.result.suite),
        cases: c.result.cases.iter().map(row).collect(),
        missing: c.missing(),
    }
}

pub(super) fn text(all: &[Compared<'_>], release: u32, out: &Path) -> Result<String, askama::Error> {
    let suites = all.iter().map(|c| suite(c, out)).collect();
    Page { release, outcomes: Outcome::ALL.map(Outcome::word), suites }.render()
}
