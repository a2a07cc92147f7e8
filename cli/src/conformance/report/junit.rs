//! JUnit's XML, which CI systems read.
//!
//! Invariant: each case is one `testcase`; so is what kept a suite from being run to its end, as an error.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::Compared;
use crate::conformance::outcome::{Case, Outcome};

/// The element of a case that did not pass.
fn element(o: Outcome) -> Option<&'static str> {
    match o {
        Outcome::Passed => None,
        Outcome::Skipped | Outcome::Unable | Outcome::NotApplicable => Some("skipped"),
        Outcome::Failed | Outcome::TimedOut => Some("failure"),
        Outcome::Crashed => Some("error"),
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

pub(super) fn text(all: &[Compared<'_>]) -> io::Result<String> {
    let mut w = Writer::new_with_indent(Vec::new(), b' ', 1);
    w.create_element("testsuites").write_inner_content(|w| all.iter().try_for_each(|c| suite(w, c)))?;
    String::from_utf8(w.into_inner()).map_err(io::Error::other)
}

fn suite(w: &mut Writer<Vec<u8>>, c: &Compared<'_>) -> io::Result<()> {
    let name = format!("{}.{}", c.result.area, c.result.suite);
    let whole = c.result.problem.as_ref().map(|why| Case {
        name: "(whole suite)".to_owned(),
        outcome: Outcome::Crashed,
        millis: 0,
        reason: why.clone(),
        log: String::new(),
    });
    let cases: Vec<&Case> = c.result.cases.iter().chain(&whole).collect();
    let of = |e| cases.iter().filter(|case| element(case.outcome) == Some(e)).count().to_string();
    let (tests, failures, errors, skipped) = (cases.len().to_string(), of("failure"), of("error"), of("skipped"));
    let time = seconds(cases.iter().map(|case| case.millis).sum());
    w.create_element("testsuite")
        .with_attributes([
            ("name", name.as_str()),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
            ("skipped", &skipped),
            ("time", &time),
        ])
        .write_inner_content(|w| cases.iter().try_for_each(|k| case(w, &name, k)))?;
    Ok(())
}

fn case(w: &mut Writer<Vec<u8>>, class: &str, case: &Case) -> io::Result<()> {
    let time = seconds(case.millis);
    let e = w.create_element("testcase").with_attributes([("classname", class), ("name", &case.name), ("time", &time)]);
    match element(case.outcome) {
        None => e.write_empty()?,
        Some(what) => e.write_inner_content(|w| {
            // XML has no control characters.
            let reason: String = case.reason.chars().filter(|c| !c.is_control()).collect();
            w.create_element(what)
                .with_attribute(("message", case.outcome.word()))
                .write_text_content(BytesText::new(&reason))?;
            Ok(())
        })?,
    };
    Ok(())
}
