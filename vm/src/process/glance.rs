//! All processes at a glance, for who watches the VM from outside.
//!
//! Invariant: the schedulers wait between two slices meanwhile; of a process that a thread runs all the same, in a native
//! that does not end or as a dirty scheduler, only what everybody may see is told.

use super::{Process, Table, dump, table};
use crate::atom::Atom;
use crate::code::Mfa;
use crate::sched;
use crate::term::RawTerm;

/// What is seen of a process.
#[derive(Clone, Debug)]
pub struct Glance {
    /// Its pid.
    pub pid: RawTerm,
    /// Registered name.
    pub name: Option<Atom>,
    /// What it does.
    pub state: &'static str,
    /// The rest, unless it runs.
    pub inside: Option<Inside>,
}

/// What only its own thread, or nobody, may change.
#[derive(Clone, Copy, Debug)]
pub struct Inside {
    /// What it was made with.
    pub initial_call: Mfa,
    /// Reductions so far.
    pub reductions: u64,
    /// Words of heap, stack, and messages in its queue.
    pub words: usize,
    /// Messages in its queue.
    pub queue: usize,
}

fn glance(p: &Process) -> Glance {
    let s = p.state().get();
    let inside = (!s.running() && !s.dirty() && !s.exiting()).then(|| {
        let o = p.owner();
        Inside {
            initial_call: o.initial_call.get(),
            reductions: o.reductions.get(),
            words: o.total_heap_words() + o.mailbox.queue.words(),
            queue: o.mailbox.len(),
        }
    });
    Glance { pid: p.pid(), name: p.name(), state: dump::state(s), inside }
}

/// The number of processes, and the first `most` of them. Must be called by a thread that is no scheduler.
pub fn all(most: usize) -> (usize, Vec<Glance>) {
    sched::paused(|| {
        let pids = Table::get().pids();
        let seen = pids.iter().take(most).filter_map(|pid| table::with(*pid, glance)).collect();
        (pids.len(), seen)
    })
}
