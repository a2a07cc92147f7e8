//! What became of each case, from the events that `girder_ct` wrote.
//!
//! Invariant: a case that began and has no end is [`Outcome::Crashed`] or [`Outcome::TimedOut`], whatever else is known.

use std::collections::HashMap;

/// What became of a case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// The suite itself left it out.
    Skipped,
    /// It could not run, since what prepares it failed.
    Unable,
    /// It took too long.
    TimedOut,
    /// The VM ended in it.
    Crashed,
}

impl Outcome {
    /// All, in the order of reports.
    pub const ALL: [Outcome; 6] =
        [Outcome::Passed, Outcome::Failed, Outcome::Skipped, Outcome::Unable, Outcome::TimedOut, Outcome::Crashed];

    /// Its word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
            Outcome::Unable => "unable",
            Outcome::TimedOut => "timeout",
            Outcome::Crashed => "crashed",
        }
    }
    /// The outcome of this word.
    pub fn of_word(word: &str) -> Option<Outcome> {
        Self::ALL.into_iter().find(|o| o.word() == word)
    }
    /// Whether it passed.
    pub fn is_pass(self) -> bool {
        self == Outcome::Passed
    }
}

/// A case and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// Its name, behind the names of its groups; a number follows where it runs several times.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub millis: u64,
    /// Why it did not pass.
    pub reason: String,
}

/// A suite's results.
#[derive(Clone, Debug, Default)]
pub struct SuiteResult {
    /// Its area.
    pub area: String,
    /// Its name.
    pub suite: String,
    /// Hash of its source.
    pub hash: String,
    /// Its cases.
    pub cases: Vec<Case>,
    /// Why it did not run, or not to its end.
    pub problem: Option<String>,
}

/// How a VM ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// By itself.
    Itself,
    /// It was out of time.
    TimedOut,
    /// It crashed, or was out of memory.
    Crashed,
}

/// Cases from the text of an event file; also whether the suite came to its end.
pub fn read(events: &str, end: End) -> (Vec<Case>, bool) {
    let mut cases: Vec<Case> = Vec::new();
    let mut running: Vec<&str> = Vec::new();
    let mut ended = false;
    for line in events.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["start", name] => running.push(name),
            ["done", name, word, millis, reason] => {
                running.retain(|r| *r != name);
                if is_of_framework(name) {
                    continue;
                }
                let outcome = Outcome::of_word(word).unwrap_or(Outcome::Failed);
                let (millis, reason) = (millis.parse().unwrap_or(0), reason.to_owned());
                cases.push(Case { name: name.to_owned(), outcome, millis, reason });
            }
            ["end"] => ended = true,
            _ => {}
        }
    }
    if !ended {
        let (outcome, reason) = match end {
            End::TimedOut => (Outcome::TimedOut, "the suite was out of time"),
            End::Itself | End::Crashed => (Outcome::Crashed, "the VM ended"),
        };
        let lost = running.into_iter().filter(|n| !is_of_framework(n));
        cases.extend(lost.map(|n| Case { name: n.to_owned(), outcome, millis: 0, reason: reason.to_owned() }));
    }
    (numbered(cases), ended)
}

/// Whether it prepares or ends a suite rather than being a case.
pub fn is_of_framework(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    matches!(last, "init_per_suite" | "end_per_suite" | "init_per_group" | "end_per_group" | "error_in_suite")
}

/// Gives a number to all but the first of the cases that have a name in common.
fn numbered(mut cases: Vec<Case>) -> Vec<Case> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for c in &mut cases {
        let n = seen.entry(c.name.clone()).or_default();
        *n += 1;
        if *n > 1 {
            c.name = format!("{}#{n}", c.name);
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(events: &str, end: End) -> Vec<String> {
        read(events, end).0.into_iter().map(|c| format!("{} {}", c.name, c.outcome.word())).collect()
    }

    #[test]
    fn cases_that_end() {
        let events = "start\tinit_per_suite\ndone\tinit_per_suite\tpassed\t1\t\nstart\ta\ndone\ta\tpassed\t2\t\nstart\tg/b\ndone\tg/b\tfailed\t2\twhy\ndone\ta\tpassed\t2\t\nend\n";
        assert_eq!(words(events, End::Itself), ["a passed", "g/b failed", "a#2 passed"]);
        assert!(read(events, End::Itself).1);
    }

    #[test]
    fn a_case_without_an_end_is_what_the_vm_died_of() {
        let events = "start\ta\ndone\ta\tpassed\t2\t\nstart\tb\n";
        assert_eq!(words(events, End::Crashed), ["a passed", "b crashed"]);
        assert_eq!(words(events, End::TimedOut), ["a passed", "b timeout"]);
        assert!(!read(events, End::Crashed).1);
    }

    #[test]
    fn words_are_those_of_the_outcomes() {
        for o in Outcome::ALL {
            assert_eq!(Outcome::of_word(o.word()), Some(o));
        }
    }
}
