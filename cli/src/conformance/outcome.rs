//! What became of each case, from the events that `girder_ct` wrote.
//!
//! Invariant: a case that began and has no end is [`Outcome::Crashed`] or [`Outcome::TimedOut`], whatever else is known, and
//! one that was seen to use foreign C code is [`Outcome::NotApplicable`].

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
    /// It uses a driver or NIFs in C that are no part of the VM.
    NotApplicable,
}

impl Outcome {
    /// All, in the order of reports.
    pub const ALL: [Outcome; 7] = [
        Outcome::Passed,
        Outcome::Failed,
        Outcome::Skipped,
        Outcome::Unable,
        Outcome::TimedOut,
        Outcome::Crashed,
        Outcome::NotApplicable,
    ];

    /// Its word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
            Outcome::Unable => "unable",
            Outcome::TimedOut => "timeout",
            Outcome::Crashed => "crashed",
            Outcome::NotApplicable => "n/a",
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
    /// The file with its log, if there is one.
    pub log: String,
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
    let mut logs: HashMap<&str, &str> = HashMap::new();
    let mut natives: Vec<&str> = Vec::new();
    let mut ended = false;
    for line in events.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["start", name] => running.push(name),
            // A case beside others turns out to be of another group than the one that is open.
            ["renamed", old, name] => {
                running.iter_mut().chain(&mut natives).filter(|n| **n == old).for_each(|n| *n = name);
                if let Some(file) = logs.remove(old) {
                    logs.insert(name, file);
                }
            }
            ["log", name, file] => _ = logs.insert(name, file),
            ["native", name] => natives.push(name),
            ["done", name, word, millis, reason] => {
                running.retain(|r| *r != name);
                if is_of_framework(name) {
                    continue;
                }
                let outcome = Outcome::of_word(word).unwrap_or(Outcome::Failed);
                let (millis, reason) = (millis.parse().unwrap_or(0), reason.to_owned());
                let log = logs.remove(name).unwrap_or_default().to_owned();
                cases.push(Case { name: name.to_owned(), outcome, millis, reason, log });
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
        cases.extend(lost.map(|n| Case {
            name: n.to_owned(),
            outcome,
            millis: 0,
            reason: reason.to_owned(),
            log: logs.remove(n).unwrap_or_default().to_owned(),
        }));
    }
    for case in cases.iter_mut().filter(|c| natives.iter().any(|n| covers(n, &c.name))) {
        case.outcome = Outcome::NotApplicable;
    }
    (numbered(cases), ended)
}

/// Whether what `scope` does, a case or what prepares a suite or a group, is done for the case `name`.
fn covers(scope: &str, name: &str) -> bool {
    match scope.rsplit_once('/') {
        _ if scope == name || scope == "init_per_suite" => true,
        Some((group, "init_per_group")) => name.strip_prefix(group).is_some_and(|rest| rest.starts_with('/')),
        _ => false,
    }
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
    fn cases_of_nested_groups() {
        let events = "start\tp/g/a\nrenamed\tp/g/a\tp/a\nstart\tp/g/b\ndone\tp/a\tpassed\t1\t\n";
        assert_eq!(words(events, End::Crashed), ["p/a passed", "p/g/b crashed"]);
    }

    #[test]
    fn a_case_without_an_end_is_what_the_vm_died_of() {
        let events = "start\ta\ndone\ta\tpassed\t2\t\nstart\tb\n";
        assert_eq!(words(events, End::Crashed), ["a passed", "b crashed"]);
        assert_eq!(words(events, End::TimedOut), ["a passed", "b timeout"]);
        assert!(!read(events, End::Crashed).1);
    }

    #[test]
    fn cases_that_use_foreign_code_are_not_applicable() {
        let done = |name: &str| format!("start\t{name}\ndone\t{name}\tpassed\t1\t\n");
        let events = [done("a"), "native\tb\n".to_owned(), done("b"), done("g/c"), done("gg/c")].concat();
        let with = |native: &str| words(&format!("{events}native\t{native}\nend\n"), End::Itself);
        assert_eq!(with("b"), ["a passed", "b n/a", "g/c passed", "gg/c passed"]);
        assert_eq!(with("g/init_per_group"), ["a passed", "b n/a", "g/c n/a", "gg/c passed"]);
        assert_eq!(with("init_per_suite"), ["a n/a", "b n/a", "g/c n/a", "gg/c n/a"]);
    }

    #[test]
    fn each_run_of_a_case_has_its_log() {
        let events =
            "start\ta\nlog\ta\t/x/a.html\ndone\ta\tpassed\t1\t\nlog\ta\t/x/a.1.html\ndone\ta\tpassed\t1\t\nend\n";
        let logs: Vec<String> = read(events, End::Itself).0.into_iter().map(|c| c.log).collect();
        assert_eq!(logs, ["/x/a.html", "/x/a.1.html"]);
    }

    #[test]
    fn words_are_those_of_the_outcomes() {
        for o in Outcome::ALL {
            assert_eq!(Outcome::of_word(o.word()), Some(o));
        }
    }
}
