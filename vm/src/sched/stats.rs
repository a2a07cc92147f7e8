//! What the schedulers count about themselves, always: plain counters per scheduler, summed on request.
//!
//! Invariant: a counter is written by its own scheduler's thread only.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Counters of one scheduler.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Counters {
    pub(super) reductions: Counter,
    pub(super) switches: Counter,
    pub(super) parks: Counter,
    pub(super) queued: Counter,
}

/// A number that one thread writes and others may read.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Only the owning thread adds.
    pub(super) fn add(&self, n: u64) {
        self.0.store(self.get().wrapping_add(n), Ordering::Relaxed);
    }
    pub(super) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sums over all schedulers.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Totals {
    /// Reductions of finished slices.
    pub reductions: u64,
    /// Slices.
    pub switches: u64,
    /// Times a scheduler went to sleep.
    pub parks: u64,
    /// Processes in run queues.
    pub queued: u64,
}

/// Length of every scheduler's run queue when it was last looked at.
pub fn queue_lengths() -> Vec<u64> {
    super::all().iter().map(|s| s.counters.queued.get()).collect()
}

/// The sums at this moment.
pub fn totals() -> Totals {
    super::all().iter().fold(Totals::default(), |t, s| {
        let c = &s.counters;
        Totals {
            reductions: t.reductions + c.reductions.get(),
            switches: t.switches + c.switches.get(),
            parks: t.parks + c.parks.get(),
            queued: t.queued + c.queued.get(),
        }
    })
}
