//! Long work: a scheduler's thread that is about to do some hands its seat to a spare thread.
//!
//! A *seat* is what makes a thread scheduler N: run queues, timers, inbox. A thread that leaves its seat goes on with
//! the same slice as a dirty scheduler (a large collection, a native that may block) and at the slice's end puts the
//! process into a run queue and becomes a spare thread. So any code may go dirty in the middle of a slice, with
//! everything on its stack. Invariants: a seat is held by one thread at a time, and changes hands through a lock; no
//! more threads are dirty at a time than the pools' sizes say; then work stays in its seat, or a native waits.
//!
//! A native may leave its process alone while it is dirty, so that signals to it are handled meanwhile, by a call on
//! another scheduler ([`send_handler`]): the state word says who has the owner's part.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::process::{Process, exit, table};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::park::Parker;
use crate::sync::{Mutex, lock};

use super::{LOCAL, Local, SLICE, Scheduler, What, all, block, count, current_id, halted, msacc, run};
use crate::signal;
use crate::term::RawTerm;

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
/// Processes whose natives wait for a place among the dirty schedulers. Some may have gone on since.
static WAITING: [Mutex<VecDeque<RawTerm>>; 2] = [const { Mutex::new(VecDeque::new()) }; 2];
/// Entries of both lists.
static WAITERS: AtomicUsize = AtomicUsize::new(0);
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
    /// How many processes wait for one.
    pub fn queued(self) -> usize {
        lock(self.waiting()).len()
    }
    /// Whether any thread is dirty.
    pub(super) fn any_busy() -> bool {
        BUSY.iter().any(|n| n.load(Ordering::Acquire) != 0)
    }
    fn enter(self) -> bool {
        let max = if block::dirty_blocked() { 0 } else { self.online() };
        let more = |n| (n < max).then_some(n + 1);
        BUSY[self as usize].fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }
    fn leave(self) {
        BUSY[self as usize].fetch_sub(1, Ordering::AcqRel);
        // Who waits for a place put itself into the list and then looked at the count once more.
        self.wake_waiting();
    }
    /// As [`Dirty::enter`]; who finds no place is woken when there may be one.
    fn enter_or_wait(self, pid: RawTerm) -> bool {
        if !self.enter() {
            lock(self.waiting()).push_back(pid);
            WAITERS.fetch_add(1, Ordering::Relaxed);
            if !self.enter() {
                return false;
            }
        }
        // Something else may have woken it before its turn came.
        lock(self.waiting()).retain(|p| {
            let other = *p != pid;
            WAITERS.fetch_sub(usize::from(!other), Ordering::Relaxed);
            other
        });
        true
    }
    fn waiting(self) -> &'static Mutex<VecDeque<RawTerm>> {
        &WAITING[self as usize]
    }
    /// Wakes as many processes as there are places.
    fn wake_waiting(self) {
        let places = if block::dirty_blocked() { 0 } else { self.online() };
        for _ in self.busy()..places {
            let Some(pid) = lock(self.waiting()).pop_front() else { break };
            WAITERS.fetch_sub(1, Ordering::Relaxed);
            if let Some(Some(priority)) = table::with(pid, |p| p.state().activate()) {
                super::enqueue(pid, priority);
            }
        }
    }
}

/// A process exits, maybe one that was woken for a place which it does not take any more.
pub(crate) fn pass_places_on() {
    // Relaxed: who began to wait just now looks for a place itself, after it is counted.
    if WAITERS.load(Ordering::Relaxed) != 0 {
        [Dirty::Cpu, Dirty::Io].into_iter().for_each(Dirty::wake_waiting);
    }
}

/// Sets how many dirty CPU schedulers are online; gives how many were.
pub fn set_dirty_cpu_online(n: usize) -> usize {
    let old = CPU_ONLINE.swap(n.clamp(1, count()), Ordering::AcqRel);
    Dirty::Cpu.wake_waiting();
    if old == 0 { count() } else { old }
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

/// The kind of dirty scheduler that this thread is at the moment.
pub fn dirty_kind() -> Option<Dirty> {
    KIND.get()
}

thread_local! {
    static KIND: Cell<Option<Dirty>> = const { Cell::new(None) };
    /// Where this thread waits. There are no more threads than were ever at work at a time, so these are never freed.
    static ME: &'static Spare = Box::leak(Box::new(Spare { seat: Mutex::new(None), parker: Parker::new() }));
}

/// Waits for a seat; `None` when the VM halts.
pub(super) fn wait_for_seat() -> Option<Seat> {
    let me = ME.with(|spare| *spare);
    msacc::leave();
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

/// Has some scheduler handle the signals of a process that runs a dirty native.
pub(crate) fn send_handler(pid: RawTerm) {
    all()[current_id()].ask(What::Call(Box::new(move || handle(pid))));
}

/// See [`send_handler`]. Also begins the exit of a process that a signal ends: what it was for others is gone at once,
/// although its native goes on. Its memory it frees itself.
fn handle(pid: RawTerm) {
    let again = table::with(pid, |p| {
        if !p.state().begin_handling() {
            return false;
        }
        p.owner().fcalls.set(SLICE);
        signal::fetch(p);
        p.owner().tasks.retain(|t| !t.run_meanwhile(p));
        let more = p.state().get().exiting() && !exit::depart(p);
        p.state().end_handling(more)
    });
    if again == Some(true) {
        send_handler(pid);
    }
}

impl Scheduler {
    /// Runs `f`, which may take long, as a dirty scheduler, unless nobody waits for this one or all dirty schedulers
    /// are busy. No epoch guard is held during `f`; it must not refer to what only such a guard keeps. `f` may use the
    /// process; signals wait.
    pub(crate) fn dirty<R>(&self, p: &Process, kind: Dirty, f: impl FnOnce() -> R) -> R {
        if self.may_stay(kind) || !kind.enter() || !self.leave_seat(kind) {
            return f();
        }
        KIND.set(Some(kind));
        p.state().set_dirty(true);
        let back = Back { scheduler: self, process: p, kind };
        let r = f();
        drop(back);
        r
    }
    /// Runs a native's work as a dirty scheduler of this kind; `None` if all are busy: the native waits to be called
    /// again. Signals to the process are handled while `f` runs, which is why it may use nothing of it; what is not
    /// `Send`, the native's context for one, cannot be used by mistake.
    pub(crate) fn dirty_open<R>(&self, p: &Process, kind: Dirty, f: impl FnOnce() -> R + Send) -> Option<R> {
        if !kind.enter_or_wait(p.pid()) {
            return None;
        }
        // Who was dirty in this slice before has no seat any more.
        if self.seat.get().is_some() && !self.leave_seat(kind) {
            return Some(f());
        }
        KIND.set(Some(kind));
        if p.state().open() {
            send_handler(p.pid());
        }
        let back = Back { scheduler: self, process: p, kind };
        let r = f();
        drop(back);
        Some(r)
    }
    /// Whether it may do dirty work in its seat: nothing waits for it, now or later, and nobody can come, since a
    /// computation needs nobody.
    fn may_stay(&self, kind: Dirty) -> bool {
        let Some(local) = self.seat.get() else { return true };
        let idle = local.queues.len() == 0 && local.timers.is_empty() && all()[local.id].inbox.is_empty();
        idle && kind == Dirty::Cpu
    }
    /// Leaves the seat to a spare thread. The caller has a place among the dirty schedulers, which it loses if no thread
    /// can be had.
    fn leave_seat(&self, kind: Dirty) -> bool {
        let Some(local) = self.seat.take() else {
            kind.leave();
            return false;
        };
        LOCAL.set(None);
        match hand_over(Seat(local)) {
            Ok(()) => {
                drop(self.guard.take());
                msacc::go_dirty(kind);
                true
            }
            Err(seat) => {
                self.sit(seat.0);
                kind.leave();
                false
            }
        }
    }
    /// Makes this thread the one that holds the seat.
    pub(super) fn sit(&self, local: &'static Local) {
        LOCAL.set(Some(local));
        msacc::sit(local.id);
        self.seat.set(Some(local));
        self.home.set(local.id);
    }
}

/// Ends the dirty part of a slice, also when it panics.
struct Back<'a> {
    scheduler: &'a Scheduler,
    process: &'a Process,
    kind: Dirty,
}

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.scheduler.guard.set(Some(crossbeam_epoch::pin()));
        // A handler of signals takes the time of a poll at most.
        while !self.process.state().close() {
            std::thread::yield_now();
        }
        KIND.set(None);
        // This thread is no scheduler any more: the slice ends at the next test of the reductions.
        self.process.owner().fcalls.set(0);
        self.kind.leave();
    }
}
