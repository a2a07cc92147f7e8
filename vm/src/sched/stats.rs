//! What the schedulers count about themselves, always: plain counters per scheduler, summed on request.
//!
//! Invariant: a counter is written by its own scheduler's thread only.

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::timer::clock;

/// Counters of one scheduler.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Counters {
    pub(super) reductions: Counter,
    pub(super) switches: Counter,
    pub(super) parks: Counter,
    pub(super) steals: Counter,
    pub(super) comparisons: Counter,
    pub(super) wall: Wall,
    pub(super) msacc: super::msacc::Account,
}

/// Reductions and slices that ended on dirty schedulers.
static DIRTY: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

pub(super) fn add_dirty(reductions: u64) {
    DIRTY[0].fetch_add(reductions, Ordering::Relaxed);
    DIRTY[1].fetch_add(1, Ordering::Relaxed);
}

/// How much of its life a scheduler had something to do, in one word: while it is busy, twice the nanoseconds that it
/// was idle before; while it is idle, twice those that it was busy before, plus one.
#[derive(Default)]
pub(super) struct Wall(AtomicU64);

fn since_start() -> u64 {
    u64::try_from(clock::since_start_ns()).unwrap_or(0)
}

impl Wall {
    /// Of one that has had nothing to do so far.
    pub(super) fn idle_from_the_start() -> Wall {
        Wall(AtomicU64::new(1))
    }
    /// What it says now.
    pub(super) fn read(&self) -> WallTime {
        let total = since_start();
        WallTime { active: self.active(total), total }
    }
    fn other(&self) -> u64 {
        since_start().saturating_sub(self.0.load(Ordering::Relaxed) >> 1) << 1
    }
    /// The scheduler has run out of work.
    pub(super) fn idle(&self) {
        self.0.store(self.other() | 1, Ordering::Relaxed);
    }
    /// It has work again.
    pub(super) fn busy(&self) {
        self.0.store(self.other(), Ordering::Relaxed);
    }
    fn active(&self, now: u64) -> u64 {
        let w = self.0.load(Ordering::Relaxed);
        if w & 1 == 1 { w >> 1 } else { now.saturating_sub(w >> 1) }
    }
}

/// What `scheduler_wall_time` says of a scheduler, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WallTime {
    /// Time with something to do.
    pub active: u64,
    /// Time since the start.
    pub total: u64,
}

/// One for each scheduler.
pub fn wall_times() -> Vec<WallTime> {
    super::all().iter().map(|s| s.counters.wall.read()).collect()
}

/// A number that one thread writes and others may read.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Only the owning thread adds.
    pub(super) fn add(&self, n: u64) {
        self.0.store(self.get().wrapping_add(n), Ordering::Relaxed);
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
    /// Times a scheduler took work from another.
    pub steals: u64,
    /// How often a busy scheduler compared its queues with another's.
    pub comparisons: u64,
    /// Processes in run queues.
    pub queued: u64,
}

/// Length of every scheduler's run queue.
pub fn queue_lengths() -> Vec<u64> {
    super::all().iter().map(|s| s.queued() as u64).collect()
}

/// Which schedulers are awake: a thread that has nothing to do sleeps soon, and so does one that is not online.
pub fn awake() -> Vec<bool> {
    (0..super::all().len()).map(|id| !super::IDLE.sleeps(id)).collect()
}

/// The sums at this moment.
pub fn totals() -> Totals {
    let [reductions, switches] = [&DIRTY[0], &DIRTY[1]].map(|n| n.load(Ordering::Relaxed));
    super::all().iter().fold(Totals { reductions, switches, ..Totals::default() }, |t, s| {
        let c = &s.counters;
        Totals {
            reductions: t.reductions + c.reductions.get(),
            switches: t.switches + c.switches.get(),
            parks: t.parks + c.parks.get(),
            steals: t.steals + c.steals.get(),
            comparisons: t.comparisons + c.comparisons.get(),
            queued: t.queued + s.queued() as u64,
        }
    })
}
