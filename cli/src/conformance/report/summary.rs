//! The scores and what does not pass as Markdown, for `docs/conformance.md`.
//!
//! Invariant: each case that the reference passes and Girder does not has a line, with what is known of the reason.

use std::collections::HashMap;

use super::{Compared, Score, short};
use crate::conformance::outcome::Outcome;
use crate::conformance::suites::AREAS;

/// What is missing and why, by hand: a line for a case (or `*` for all of a suite) with tabs between suite, case and text.
const TRIAGE: &str = include_str!("../../../../conformance/triage.tsv");

fn triage() -> HashMap<(&'static str, &'static str), &'static str> {
    let fields = TRIAGE.lines().filter_map(|l| l.split_once('\t'));
    fields.filter_map(|(s, rest)| rest.split_once('\t').map(|(c, why)| ((s, c), why))).collect()
}

/// Text inside of a table's cell.
fn cell(text: &str) -> String {
    short(text).replace('|', "\\|").replace('<', "&lt;")
}

pub(super) fn text(all: &[Compared<'_>], release: u32) -> String {
    let mut text = format!(
        "# OTP {release}'s own suites\n\nMade by `girder conformance --otp {release}`. A score counts the cases that pass here of those that pass on the\nreference, both as a node without distribution.\n\n| area | suites | passed of the reference's |\n|---|---|---|\n"
    );
    for area in AREAS {
        let mut total = Score::default();
        let of_area = || all.iter().filter(|c| c.result.area == area.name);
        of_area().for_each(|c| total.add(c.score));
        text += &format!("| {} | {} | {} |\n", area.name, of_area().count(), total.text());
    }
    let triage = triage();
    text += "\n## What does not pass\n\n| suite | case | outcome | why |\n|---|---|---|---|\n";
    for c in all {
        let suite = format!("{}/{}", c.result.area, c.result.suite);
        let known =
            |case: &str| triage.get(&(suite.as_str(), case)).or_else(|| triage.get(&(suite.as_str(), "*"))).copied();
        for case in
            c.result.cases.iter().filter(|k| !k.outcome.is_pass() && c.expected(k).is_some_and(Outcome::is_pass))
        {
            let why = cell(known(&case.name).unwrap_or(&case.reason));
            text += &format!("| {suite} | {} | {} | {why} |\n", case.name, case.outcome.word());
        }
        for name in c.missing() {
            text += &format!("| {suite} | {name} | not run | {} |\n", known(name).map_or_else(String::new, cell));
        }
    }
    text
}
