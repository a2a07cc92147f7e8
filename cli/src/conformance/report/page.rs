//! One HTML page with everything in it: suite by suite, with a filter by outcome.
//!
//! Invariant: the page needs no other file; what comes from a suite is escaped by the template.

use askama::Template;

use super::Compared;
use crate::conformance::outcome::{Case, Outcome};

#[derive(Template)]
#[template(path = "conformance.html")]
struct Page<'a> {
    release: u32,
    outcomes: [&'static str; 6],
    suites: Vec<Suite<'a>>,
}

struct Suite<'a> {
    area: &'a str,
    name: &'a str,
    score: String,
    problem: &'a str,
    log: String,
    cases: Vec<(&'a Case, &'static str, &'static str)>,
    missing: Vec<&'a str>,
}

fn suite<'a>(c: &'a Compared<'_>) -> Suite<'a> {
    Suite {
        area: &c.result.area,
        name: &c.result.suite,
        score: c.score.text(),
        problem: c.result.problem.as_deref().unwrap_or_default(),
        log: format!("{}/{}", c.result.area, c.result.suite),
        cases: c.result.cases.iter().map(|k| (k, k.outcome.word(), c.expected(k).map_or("-", Outcome::word))).collect(),
        missing: c.missing(),
    }
}

pub(super) fn text(all: &[Compared<'_>], release: u32) -> Result<String, askama::Error> {
    Page { release, outcomes: Outcome::ALL.map(Outcome::word), suites: all.iter().map(suite).collect() }.render()
}
