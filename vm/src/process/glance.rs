//! What somebody outside sees of all processes at a moment, as `girder top` does.
//!
//! Invariant: the schedulers wait meanwhile; of a process that a thread runs all the same, only its name and state are
//! told.

use super::dump;
use super::table::{self, Table};
use super::{Process, label};
use crate::atom::am;
use crate::sched;
use crate::term::Term;

/// A process.
pub struct Glance {
    /// Tells it from all others that ever were.
    pub id: u64,
    /// As it is written.
    pub pid: String,
    /// Its name, its label, or the function that it was made with.
    pub what: String,
    /// What it does, as crash dumps say it.
    pub state: &'static str,
    /// What it uses; of one that runs nobody knows.
    pub used: Option<Used>,
}

/// What a process uses.
pub struct Used {
    /// Since its birth.
    pub reductions: u64,
    /// Words of its heap and of its messages.
    pub words: usize,
    /// Messages that wait.
    pub queue: usize,
}

/// All processes. Must be called by a thread that is no scheduler.
pub fn all() -> Vec<Glance> {
    sched::paused(|| Table::get().pids().into_iter().filter_map(|pid| table::with(pid, one)).collect())
}

fn one(p: &Process) -> Glance {
    let s = p.state().get();
    let is_ours = !(s.running() || s.dirty() || s.exiting());
    let what = p.name().map(|n| n.name().to_owned()).or_else(|| is_ours.then(|| describe(p))).unwrap_or_default();
    let used = is_ours.then(|| {
        let o = p.owner();
        let words = o.total_heap_words() + o.mailbox.queue.words();
        Used { reductions: o.reductions.get(), words, queue: o.mailbox.len() }
    });
    Glance { id: p.pid().bits(), pid: dump::shown(p.pid()), what, state: dump::state(s), used }
}

/// The label, what `proc_lib` says it runs, or the first call.
fn describe(p: &Process) -> String {
    let o = p.owner();
    let dictionary = o.dictionary.borrow();
    if let Some(l) = dictionary.get(Term::atom(am::DOLLAR_PROCESS_LABEL)) {
        return label::text(l);
    }
    match dictionary.get(Term::atom(am::DOLLAR_INITIAL_CALL)).and_then(label::call) {
        Some(f) => f.to_string(),
        None => o.initial_call.get().to_string(),
    }
}
