//! Snapshots of all processes, taken in steps: `processes/0`.
//!
//! A [`Snapshot`] is of the moment at which it begins. Processes spawned later are left out; those that exit before the
//! search comes to their slot enter themselves into a list while anybody takes a snapshot. Invariant: so the result
//! is exactly the processes that were alive at that moment, whatever happens meanwhile.

use std::collections::HashSet;

use super::{Process, Table};
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, lock};
use crate::term::RawTerm;

/// Snapshots being taken.
static TAKERS: AtomicUsize = AtomicUsize::new(0);
/// Processes that have exited since the first of them began.
static GONE: Mutex<Vec<RawTerm>> = Mutex::new(Vec::new());

/// See the module's head.
pub struct Snapshot {
    /// How many pids had been given out.
    begin: u64,
    /// Where processes that exit during this snapshot begin in the list.
    gone_from: usize,
    /// The next slot to look at.
    slot: usize,
    end: usize,
    pids: Vec<RawTerm>,
}

impl Snapshot {
    /// Begins a snapshot.
    pub fn begin() -> Snapshot {
        let gone = lock(&GONE);
        TAKERS.fetch_add(1, Ordering::Relaxed);
        let gone_from = gone.len();
        drop(gone);
        // Pairs with the fence in `exiting`: the process enters itself, or we see it exit.
        fence(Ordering::SeqCst);
        let t = Table::get();
        Snapshot { begin: t.given_out(), gone_from, slot: 0, end: t.used_slots(), pids: Vec::new() }
    }
    /// Looks at up to `n` slots; the pids once all have been looked at, in order of slot.
    pub fn step(&mut self, n: usize) -> Option<Vec<RawTerm>> {
        let t = Table::get();
        let to = self.end.min(self.slot + n);
        let old = t.pids_between(self.slot, to).into_iter().filter(|pid| !t.is_since(*pid, self.begin));
        self.pids.extend(old);
        self.slot = to;
        if self.slot < self.end {
            return None;
        }
        let mut pids = std::mem::take(&mut self.pids);
        let gone: Vec<RawTerm> = lock(&GONE)[self.gone_from..].to_vec();
        if !gone.is_empty() {
            let seen: HashSet<u64> = pids.iter().map(|p| p.bits()).collect();
            let missed = |p: &RawTerm| !seen.contains(&p.bits()) && !t.is_since(*p, self.begin);
            pids.extend(gone.into_iter().filter(missed));
            pids.sort_unstable_by_key(|p| t.slot(*p));
        }
        Some(pids)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let mut gone = lock(&GONE);
        if TAKERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            *gone = Vec::new();
        }
    }
}

/// A process has just been marked as exiting.
#[inline]
pub(super) fn exiting(p: &Process) {
    // See `Snapshot::begin`.
    fence(Ordering::SeqCst);
    if TAKERS.load(Ordering::Relaxed) != 0 {
        let mut gone = lock(&GONE);
        // The last taker clears the list under its lock.
        if TAKERS.load(Ordering::Relaxed) != 0 {
            gone.push(p.pid());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::exit;
    use crate::sched::Scheduler;

    #[test]
    fn a_snapshot_is_of_the_moment_of_its_begin() {
        let g = crossbeam_epoch::pin();
        let (t, scheduler) = (Table::get(), Scheduler::new(0));
        let new = || t.insert(Process::for_test, &g).expect("room");
        let end = |p: &Process| {
            assert!(p.state().start().is_some());
            exit::begin(p, exit::killed());
            while !exit::step(&scheduler, p) {
                p.owner().fcalls.set(100);
            }
        };
        let all: Vec<&Process> = (0..20).map(|_| new()).collect();
        let pids: Vec<RawTerm> = all.iter().map(|p| p.pid()).collect();
        end(all[19]);
        let mut s = Snapshot::begin();
        // The table is shared with other tests of this process: those go by in steps of one slot, too.
        while s.slot <= t.slot(pids[9]) {
            assert_eq!(s.step(1), None);
        }
        let later = new().pid();
        end(all[3]);
        end(all[12]);
        let got = std::iter::repeat_with(|| s.step(1)).find_map(|r| r).expect("the table has an end");
        for (i, pid) in pids.iter().enumerate() {
            assert_eq!(got.iter().filter(|p| *p == pid).count(), usize::from(i != 19), "{i}");
        }
        assert!(!got.contains(&later));
        drop(s);
        assert!(TAKERS.load(Ordering::Relaxed) != 0 || lock(&GONE).is_empty());
    }
}
