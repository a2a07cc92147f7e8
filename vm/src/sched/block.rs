//! Blocking: processes that have all schedulers but one stand still.
//!
//! The scheduler of the first process that asks goes on alone; the others give their work to it, fire their timers, and
//! sleep. Invariant: while somebody blocks, only the scheduler that [`alone`] names runs processes; a process that
//! blocks gets its answer when that is so.

use super::dirty::{Dirty, hand_over};
use super::{IDLE, all, count, current_id, online};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::term::RawTerm;

/// Number of the scheduler that runs alone, or [`NOBODY`].
static ALONE: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = usize::MAX;
/// Dirty schedulers stand still, too.
static DIRTY: AtomicBool = AtomicBool::new(false);

/// A process that blocks.
struct Blocker {
    pid: RawTerm,
    /// Dirty schedulers go on.
    normal: bool,
    /// How often it has asked.
    times: usize,
}

static BLOCKERS: Mutex<Vec<Blocker>> = Mutex::new(Vec::new());

/// What `multi_scheduling` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MultiScheduling {
    /// There is one scheduler.
    Disabled,
    /// Nobody blocks.
    Enabled,
    /// All but one scheduler stand still.
    Blocked,
    /// As `Blocked`, but dirty schedulers go on.
    BlockedNormal,
}

/// The present state.
pub fn multi_scheduling() -> MultiScheduling {
    match (count(), ALONE.load(Ordering::Relaxed)) {
        (1, _) => MultiScheduling::Disabled,
        (_, NOBODY) => MultiScheduling::Enabled,
        _ if DIRTY.load(Ordering::Relaxed) => MultiScheduling::Blocked,
        _ => MultiScheduling::BlockedNormal,
    }
}

/// How many schedulers run processes: normal ones, those of each dirty kind.
pub fn active() -> (usize, [usize; 2]) {
    let dirty = [Dirty::Cpu, Dirty::Io].map(|kind| if dirty_blocked() { 0 } else { kind.online() });
    (if alone().is_some() { 1 } else { online() }, dirty)
}

/// Who blocks; with `normal`, who blocks all but dirty schedulers.
pub fn blockers(normal: bool) -> Vec<RawTerm> {
    lock(&BLOCKERS).iter().filter(|b| b.normal == normal).map(|b| b.pid).collect()
}

/// The scheduler that runs alone, if one does.
pub(super) fn alone() -> Option<usize> {
    // Relaxed: who acts on an old answer is waited for, see `block`.
    Some(ALONE.load(Ordering::Relaxed)).filter(|n| *n != NOBODY)
}

/// Whether scheduler `id` runs processes.
pub(super) fn may_run(id: usize) -> bool {
    alone().map_or(id < online(), |a| a == id)
}

/// Whether dirty schedulers stand still.
pub(super) fn dirty_blocked() -> bool {
    DIRTY.load(Ordering::Acquire)
}

/// A process blocks the other schedulers, on the thread of the one that runs it; returns when they stand still. `false`
/// if another scheduler runs alone already: the process is to ask again there.
pub fn block(pid: RawTerm, normal: bool) -> bool {
    if count() == 1 {
        return true;
    }
    let me = current_id();
    let mut list = lock(&BLOCKERS);
    if alone().is_some_and(|a| a != me) {
        return false;
    }
    match list.iter_mut().find(|b| b.pid == pid && b.normal == normal) {
        Some(b) => b.times += 1,
        None => list.push(Blocker { pid, normal, times: 1 }),
    }
    settle(&list, me);
    let dirty = DIRTY.load(Ordering::Relaxed);
    drop(list);
    // Their slices end soon; they sleep in the end, for they find nothing that they may run.
    while (0..count()).any(|id| id != me && !IDLE.sleeps(id)) || (dirty && Dirty::any_busy()) {
        // To sleep, a scheduler needs a thread in its seat.
        all().iter().for_each(|s| s.offer.claim(hand_over));
        std::thread::yield_now();
    }
    true
}

/// A process takes back one of its requests.
pub fn unblock(pid: RawTerm, normal: bool) {
    let mut list = lock(&BLOCKERS);
    if let Some(i) = list.iter().position(|b| b.pid == pid && b.normal == normal) {
        list[i].times -= 1;
        if list[i].times == 0 {
            list.swap_remove(i);
            settle(&list, current_id());
        }
    }
}

/// A process ends, and with it what it blocks. An [`crate::process::exit::ExitStep`].
pub(crate) fn blocker_exited(pid: RawTerm, _left: &std::cell::Cell<i64>) -> bool {
    // Who blocks has seen to it on its own thread.
    if alone().is_some() {
        let mut list = lock(&BLOCKERS);
        list.retain(|b| b.pid != pid);
        settle(&list, current_id());
    }
    true
}

/// Acts on a change of the list.
fn settle(list: &[Blocker], me: usize) {
    DIRTY.store(list.iter().any(|b| !b.normal), Ordering::Release);
    if !list.is_empty() {
        let _ = ALONE.compare_exchange(NOBODY, me, Ordering::AcqRel, Ordering::Relaxed);
    } else if ALONE.swap(NOBODY, Ordering::AcqRel) != NOBODY {
        all().iter().for_each(|s| s.parker.wake());
    }
    if !dirty_blocked() {
        super::pass_places_on();
    }
}
