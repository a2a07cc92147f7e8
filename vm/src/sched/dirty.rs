//! Long work: a scheduler's thread that is about to do some hands its seat to a spare thread.
//!
//! A *seat* is what makes a thread scheduler N: run queues, timers, inbox. A thread that leaves its seat goes on with
//! the same slice as a dirty scheduler (a large collection, a native that may block) and at the slice's end puts the
//! process into a run queue and becomes a spare thread. So any code may go dirty in the middle of a slice, with
//! everything on its stack. Invariants: a seat is held by one thread at a time, and changes hands through a lock; no
//! more threads are dirty at a time than the pools' sizes say, further ones stay in their seats.

use crate::process::Process;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::park::Parker;
use crate::sync::{Mutex, lock};

use super::{LOCAL, Local, Scheduler, all, count, halted, run};

/// Kinds of dirty schedulers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dirty {
    /// For long computations.
    Cpu,
    /// For work that waits for the outside.
    Io,
}

/// Dirty I/O schedulers.
const IO: usize = 10;

/// Threads that are dirty, by kind.
static BUSY: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// Dirty CPU schedulers online; 0: all.
static CPU_ONLINE: AtomicUsize = AtomicUsize::new(0);

impl Dirty {
    /// Number of dirty schedulers.
    pub fn count(self) -> usize {
        match self {
            Dirty::Cpu => count(),
            Dirty::Io => IO,
        }
    }
    /// Number of those online.
    pub fn online(self) -> usize {
        match (self, CPU_ONLINE.load(Ordering::Relaxed)) {
            (Dirty::Io, _) => IO,
            (Dirty::Cpu, 0) => count(),
            (Dirty::Cpu, n) => n,
        }
    }
    /// How many are at work.
    pub fn busy(self) -> usize {
        BUSY[self as usize].load(Ordering::Relaxed)
    }
    fn enter(self) -> bool {
        let max = self.online();
        let more = |n| (n < max).then_some(n + 1);
        BUSY[self as usize].fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }
    fn leave(self) {
        BUSY[self as usize].fetch_sub(1, Ordering::AcqRel);
    }
}

/// Sets how many dirty CPU schedulers are online; gives how many were.
pub fn set_dirty_cpu_online(n: usize) -> usize {
    match CPU_ONLINE.swap(n.clamp(1, count()), Ordering::AcqRel) {
        0 => count(),
        old => old,
    }
}

/// A scheduler's queues and timers on the way to the thread that takes them over.
pub(super) struct Seat(pub(super) &'static Local);

// SAFETY: `Local` is used by the thread that holds the seat alone: who gives it away has taken it out of its own
// scheduler and thread-local before, and the lock of the hand-over orders its uses before those of the next.
unsafe impl Send for Seat {}

/// Where a spare thread waits for a seat.
struct Spare {
    seat: Mutex<Option<Seat>>,
    parker: Parker,
}

static SPARES: Mutex<Vec<&'static Spare>> = Mutex::new(Vec::new());

/// Has a spare thread take the seat, a new one if none waits.
fn hand_over(seat: Seat) -> Result<(), Seat> {
    let spare = lock(&SPARES).pop();
    if let Some(s) = spare {
        *lock(&s.seat) = Some(seat);
        s.parker.wake();
        return Ok(());
    }
    let slot = std::sync::Arc::new(Mutex::new(Some(seat)));
    let taken = slot.clone();
    match run::spawn("scheduler", move || run::work(lock(&taken).take())) {
        Ok(()) => Ok(()),
        Err(_) => Err(lock(&slot).take().expect("the thread that would have taken it was never made")),
    }
}

thread_local! {
    /// Where this thread waits. There are no more threads than were ever at work at a time, so these are never freed.
    static WAITING: &'static Spare = Box::leak(Box::new(Spare { seat: Mutex::new(None), parker: Parker::new() }));
}

/// Waits for a seat; `None` when the VM halts.
pub(super) fn wait_for_seat() -> Option<Seat> {
    let me = WAITING.with(|spare| *spare);
    lock(&SPARES).push(me);
    loop {
        if let Some(seat) = lock(&me.seat).take() {
            return Some(seat);
        }
        if halted().is_some() {
            return None;
        }
        me.parker.park(None);
    }
}

impl Scheduler {
    /// Runs `f`, which may take long, as a dirty scheduler, unless nobody waits for this one or all dirty schedulers
    /// are busy. No epoch guard is held during `f`; it must not refer to what only such a guard keeps.
    pub(crate) fn dirty<R>(&self, p: &Process, kind: Dirty, f: impl FnOnce() -> R) -> R {
        let away = self.leave_seat(kind);
        if !away {
            return f();
        }
        p.state().set_dirty(true);
        let back = Back(self, p, kind);
        let r = f();
        drop(back);
        r
    }
    fn leave_seat(&self, kind: Dirty) -> bool {
        let Some(local) = self.seat.get() else { return false };
        let idle = local.queues.len() == 0 && local.timers.is_empty() && all()[local.id].inbox.is_empty();
        // Alone in the VM nobody can come while this thread is at work; else others send to this inbox.
        if (idle && kind == Dirty::Cpu) || !kind.enter() {
            return false;
        }
        self.seat.set(None);
        LOCAL.set(None);
        match hand_over(Seat(local)) {
            Ok(()) => {
                drop(self.guard.take());
                true
            }
            Err(seat) => {
                kind.leave();
                self.sit(seat.0);
                false
            }
        }
    }
    /// Makes this thread the one that holds the seat.
    pub(super) fn sit(&self, local: &'static Local) {
        LOCAL.set(Some(local));
        self.seat.set(Some(local));
        self.home.set(local.id);
    }
}

/// Ends the dirty part of a slice, also when it panics.
struct Back<'a>(&'a Scheduler, &'a Process, Dirty);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        let Back(s, p, kind) = *self;
        s.guard.set(Some(crossbeam_epoch::pin()));
        p.state().set_dirty(false);
        // This thread is no scheduler any more: the slice ends at the next test of the reductions.
        p.owner().fcalls.set(0);
        kind.leave();
    }
}
