//! Comparing two runs line by line, in a form that names the cases which differ.

use crate::child::{End, Output};

/// At most so many differing lines are shown.
const SHOWN: usize = 25;
/// And so many characters of each.
const WIDTH: usize = 600;

/// A difference between an expected run and another one, or `None`.
///
/// Standard output must be the same bytes and the end the same; `stderr` of the second run is quoted, not compared.
pub fn difference(expected: &[u8], expected_end: End, got: &Output) -> Option<String> {
    if expected == got.stdout && expected_end == got.end {
        return None;
    }
    let mut report = String::new();
    if expected_end != got.end {
        report += &format!("ended with {:?}, expected {:?}\n", got.end, expected_end);
    }
    let (want, have) = (String::from_utf8_lossy(expected), got.stdout_text());
    let lines = line_differences(&want, &have);
    report += &format!("{} lines of standard output differ\n", lines.len());
    for (number, want, have) in lines.iter().take(SHOWN) {
        report += &format!("line {number}\n  expected: {}\n  got:      {}\n", cut(want), cut(have));
    }
    let errors = got.stderr_text();
    if !errors.is_empty() {
        report += &format!("standard error:\n{}\n", cut(&errors));
    }
    Some(report)
}

/// Lines that differ: by the name before `: ` where both sides have such lines, else by position.
fn line_differences<'a>(want: &'a str, have: &'a str) -> Vec<(usize, &'a str, &'a str)> {
    let name = |line: &'a str| line.split_once(": ").map(|(name, _)| name);
    let found: Vec<&str> = have.lines().collect();
    let mut differences = Vec::new();
    for (index, line) in want.lines().enumerate() {
        let other = match name(line) {
            Some(key) => found.iter().copied().find(|l| name(l) == Some(key)),
            None => found.get(index).copied(),
        };
        if other != Some(line) {
            differences.push((index + 1, line, other.unwrap_or("(no such line)")));
        }
    }
    let wanted: std::collections::HashSet<&str> = want.lines().collect();
    if differences.is_empty() {
        let extra = found.iter().enumerate().filter(|(_, l)| !wanted.contains(*l));
        differences.extend(extra.map(|(index, line)| (index + 1, "(no such line)", *line)));
    }
    differences
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str, end: End) -> Output {
        Output { stdout: text.into(), stderr: Vec::new(), end }
    }

    #[test]
    fn equal_runs_have_no_difference() {
        let got = output("a: 1\n", End::Status(0));
        assert_eq!(difference(b"a: 1\n", End::Status(0), &got), None);
    }

    #[test]
    fn a_status_alone_is_a_difference() {
        let got = output("a: 1\n", End::Status(1));
        assert!(difference(b"a: 1\n", End::Status(0), &got).is_some());
    }

    #[test]
    fn cases_are_found_by_name() {
        let got = output("b: 2\nc: 4\n", End::Status(0));
        let report = difference(b"a: 1\nb: 2\nc: 3\n", End::Status(0), &got).unwrap();
        assert!(report.starts_with("2 lines"), "{report}");
        assert!(report.contains("expected: a: 1\n  got:      (no such line)"), "{report}");
        assert!(report.contains("expected: c: 3\n  got:      c: 4"), "{report}");
    }

    #[test]
    fn extra_lines_are_shown() {
        let got = output("a: 1\nz: 9\n", End::Status(0));
        let report = difference(b"a: 1\n", End::Status(0), &got).unwrap();
        assert!(report.contains("got:      z: 9"), "{report}");
    }
}
