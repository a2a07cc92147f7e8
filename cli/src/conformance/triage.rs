//! Why cases do not pass, by hand: `conformance/triage.tsv`, a line for a case with tabs between suite (`AREA/SUITE`),
//! case (or `*` for all of a suite), reason and, where it holds for one release of OTP only, that release.
//!
//! Invariant: what is said of a case goes before what is said of its suite, and what is said of a release before what
//! is said of all.

use std::collections::HashMap;
use std::fs;

/// The file in a checkout.
const FILE: &str = "conformance/triage.tsv";
/// What it held when this program was compiled.
const COMPILED_IN: &str = include_str!("../../../conformance/triage.tsv");

/// Reasons by suite, case and release.
pub struct Triage(HashMap<(String, String, Option<u32>), String>);

impl Triage {
    /// The checkout's, if this is one.
    pub fn read() -> Triage {
        fs::read_to_string(FILE).map_or_else(|_| Triage::of(COMPILED_IN), |text| Triage::of(&text))
    }
    /// Those in a text.
    pub fn of(text: &str) -> Triage {
        let row = |line: &str| {
            let mut fields = line.split('\t');
            let (suite, case, why) = (fields.next()?, fields.next()?, fields.next()?);
            let release = fields.next().and_then(|r| r.parse().ok());
            Some(((suite.to_owned(), case.to_owned(), release), why.to_owned()))
        };
        Triage(text.lines().filter_map(row).collect())
    }
    /// Why a case does not pass on a release.
    pub fn why(&self, suite: &str, case: &str, release: u32) -> Option<&str> {
        let places = [(case, Some(release)), (case, None), ("*", Some(release)), ("*", None)];
        places.iter().find_map(|&(c, r)| self.0.get(&(suite.to_owned(), c.to_owned(), r)).map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_reason_is_told() {
        let t = Triage::of("a/x\t*\tall\na/x\tc\tboth\na/x\tc\tnew\t27\na/y\td\told\t25\nnonsense\n");
        assert_eq!([25, 27].map(|r| t.why("a/x", "c", r)), [Some("both"), Some("new")]);
        assert_eq!(t.why("a/x", "other", 27), Some("all"));
        assert_eq!([25, 27].map(|r| t.why("a/y", "d", r)), [Some("old"), None]);
    }

    #[test]
    fn each_line_of_the_file_is_one() {
        assert_eq!(Triage::of(COMPILED_IN).0.len(), COMPILED_IN.lines().count());
    }
}
