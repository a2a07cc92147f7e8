//! Long work: a scheduler's thread that is about to do some hands its seat to a spare thread.
//!
//! A *seat* is what makes a thread scheduler N: run queues, timers, inbox. A thread that leaves its seat goes on with
//! the same slice as a dirty scheduler (a large collection, a native that may block) and at the slice's end puts the
//! process into a run queue and becomes a spare thread. So any code may go dirty in the middle of a slice, with
//! everything on its stack. Invariants: a seat is held by one thread at a time, and changes hands through a lock; no
//! more threads are dirty at a time than the pools' sizes say. Who finds no place waits for one, first come, first
//! served: a thread without its seat, a native by being called again. A thread for whose seat there is nothing to do
//! does not hand it over but offers it (`offer.rs`).
//!
//! A native may leave its process alone while it is dirty, so that signals to it are handled meanwhile, by a call on
//! another scheduler ([`send_handler`]): the state word says who has the owner's part.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::code::Mfa;
use crate::process::{Process, exit, table};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::park::Parker;
use crate::sync::{Mutex, lock};
use crate::sys::priority;

use crate::recording;

use super::{LOCAL, Local, SLICE, Scheduler, What, all, block, count, current_id, halted, msacc, run, watch};
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

/// Threads of a kind that wait for a place at a time. Work for which there is none left is done in the seat.
const MAX_QUEUED: usize = 64;

/// Natives whose processes leave the owner's part alone, while they do.
static NATIVES: Mutex<Vec<(RawTerm, Mfa)>> = Mutex::new(Vec::new());

/// The dirty native that this process is in.
pub(crate) fn native_of(p: &Process) -> Option<Mfa> {
    let is_open = p.state().get().open();
    is_open.then(|| lock(&NATIVES).iter().find(|(pid, _)| *pid == p.pid()).map(|(_, native)| *native)).flatten()
}

/// Threads that are dirty, by kind.
static BUSY: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// Threads that wait for a place, by kind.
static QUEUED: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// Who waits for a place among the dirty schedulers.
static WAITING: [Mutex<VecDeque<Waiter>>; 2] = [const { Mutex::new(VecDeque::new()) }; 2];
/// Entries of both lists.
static WAITERS: AtomicUsize = AtomicUsize::new(0);

/// See [`WAITING`].
enum Waiter {
    /// A process whose native will be called again. It may have gone on since, or be gone.
    Native(RawTerm),
    /// A thread in the middle of a slice, without a seat.
    Thread(&'static Spare),
}

impl Waiter {
    fn is_native_of(&self, pid: RawTerm) -> bool {
        matches!(self, Waiter::Native(p) if *p == pid)
    }
    /// There is a place for it; `false` if it does not take it.
    fn wake(self) -> bool {
        match self {
            Waiter::Thread(t) => {
                t.granted.store(true, Ordering::Release);
                t.parker.wake();
                true
            }
            Waiter::Native(pid) => {
                super::wake(pid);
                // Who is suspended asks again when it goes on.
                table::with(pid, |p| p.state().get()).is_some_and(|s| !s.exiting() && !s.suspended())
            }
        }
    }
}
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
            self.wait(Waiter::Native(pid));
            if !self.enter() {
                return false;
            }
        }
        // Something else may have woken it before its turn came.
        lock(self.waiting()).retain(|w| {
            let other = !w.is_native_of(pid);
            WAITERS.fetch_sub(usize::from(!other), Ordering::Relaxed);
            other
        });
        true
    }
    fn waiting(self) -> &'static Mutex<VecDeque<Waiter>> {
        &WAITING[self as usize]
    }
    fn wait(self, w: Waiter) {
        lock(self.waiting()).push_back(w);
        WAITERS.fetch_add(1, Ordering::Relaxed);
    }
    /// A thread may wait for a place: it calls [`Dirty::wait_for_place`] once it has left its seat, or
    /// [`Dirty::stop_queueing`]. While dirty schedulers stand still it may not: who made them do so may be its process.
    fn may_queue(self) -> bool {
        let more = |n| (n < MAX_QUEUED).then_some(n + 1);
        !block::dirty_blocked()
            && QUEUED[self as usize].fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
    fn stop_queueing(self) {
        QUEUED[self as usize].fetch_sub(1, Ordering::Relaxed);
    }
    /// Returns when the calling thread has a place.
    fn wait_for_place(self) {
        let me = ME.with(|mine| mine.0);
        self.wait(Waiter::Thread(me));
        // A place may have become free before this thread was on the list.
        self.wake_waiting();
        // Acquire pairs with the Release of who gave it the place.
        while !me.granted.swap(false, Ordering::Acquire) {
            me.parker.park(None);
        }
        self.stop_queueing();
    }
    /// Gives the free places to who waits.
    fn wake_waiting(self) {
        let places = if block::dirty_blocked() { 0 } else { self.online() };
        let mut free = places.saturating_sub(self.busy());
        while free > 0 {
            let mut list = lock(self.waiting());
            // A thread gets its place here and now, so nobody overtakes it.
            if matches!(list.front(), Some(Waiter::Thread(_))) && !self.enter() {
                break;
            }
            let Some(first) = list.pop_front() else { break };
            drop(list);
            WAITERS.fetch_sub(1, Ordering::Relaxed);
            free -= usize::from(first.wake());
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

/// Where a thread waits for a seat, or for a place.
struct Spare {
    seat: Mutex<Option<Seat>>,
    /// It has the place that it waits for.
    granted: AtomicBool,
    parker: Parker,
}

static SPARES: Mutex<Vec<&'static Spare>> = Mutex::new(Vec::new());

/// Has a spare thread take the seat, a new one if none waits.
pub(super) fn hand_over(seat: Seat) -> Result<(), Seat> {
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
    /// Where this thread waits.
    static ME: Mine = Mine(lock(&ABANDONED).pop().unwrap_or_else(|| Box::leak(Box::new(Spare {
        seat: Mutex::new(None),
        granted: AtomicBool::new(false),
        parker: Parker::new(),
    }))));
}

/// Left by threads that ended. There are no more than threads that were ever at work at a time, so none is freed.
static ABANDONED: Mutex<Vec<&'static Spare>> = Mutex::new(Vec::new());

struct Mine(&'static Spare);

impl Drop for Mine {
    fn drop(&mut self) {
        lock(&ABANDONED).push(self.0);
    }
}

/// Waits for a seat; `None` when the VM halts.
pub(super) fn wait_for_seat() -> Option<Seat> {
    let me = ME.with(|mine| mine.0);
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
    /// Runs `f`, which may take long, as a dirty scheduler; waits for a place if all are busy. No epoch guard is held
    /// during `f`; it must not refer to what only such a guard keeps. `f` may use the process; signals wait.
    pub(crate) fn dirty<R>(&self, p: &Process, kind: Dirty, f: impl FnOnce() -> R) -> R {
        let Some(offered) = self.leave_for(kind) else { return f() };
        KIND.set(Some(kind));
        p.state().set_dirty(true);
        let back = Back { scheduler: self, process: p, kind, offered, open: false };
        let r = f();
        drop(back);
        r
    }
    /// Runs a native's work as a dirty scheduler of this kind; `None` if all are busy: the native waits to be called
    /// again. Signals to the process are handled while `f` runs, which is why it may use nothing of it; what is not
    /// `Send`, the native's context for one, cannot be used by mistake. `native` is what the process is shown to be in.
    pub(crate) fn dirty_open<R>(
        &self,
        p: &Process,
        kind: Dirty,
        native: Mfa,
        f: impl FnOnce() -> R + Send,
    ) -> Option<R> {
        if !kind.enter_or_wait(p.pid()) {
            return None;
        }
        // Who was dirty in this slice before has no seat any more.
        if self.seat.get().is_some() && !self.leave_seat() {
            kind.leave();
            return Some(f());
        }
        drop(self.guard.take());
        msacc::go_dirty(kind);
        recording::dirty_begins(kind);
        if kind == Dirty::Cpu {
            self.step_back();
        }
        KIND.set(Some(kind));
        lock(&NATIVES).push((p.pid(), native));
        if p.state().open() {
            send_handler(p.pid());
        }
        let back = Back { scheduler: self, process: p, kind, offered: false, open: true };
        let r = f();
        drop(back);
        Some(r)
    }
    /// Makes this thread a dirty scheduler, with a place among them; `None` if it has no seat, or should do the work
    /// there after all. `true`: the seat is offered, not handed over.
    fn leave_for(&self, kind: Dirty) -> Option<bool> {
        let local = self.seat.get()?;
        let entered = kind.enter();
        if !entered && !kind.may_queue() {
            return None;
        }
        // A thread that waits for a place leaves its core to others.
        let offered = entered && kind == Dirty::Cpu && self.is_unemployed(local) && self.offer_seat(local);
        if !offered && !self.leave_seat() {
            if entered {
                kind.leave()
            } else {
                kind.stop_queueing()
            }
            return None;
        }
        if !entered {
            kind.wait_for_place();
        }
        msacc::go_dirty(kind);
        recording::dirty_begins(kind);
        if kind == Dirty::Cpu && !offered {
            self.step_back();
        }
        Some(offered)
    }
    /// Somebody else is the scheduler now: this thread lets it go first.
    fn step_back(&self) {
        priority::step_back();
        self.stepped_back.set(true);
    }
    /// Whether there is nothing to do in this seat but what this thread does, unless somebody asks or a timer is due.
    fn is_unemployed(&self, local: &Local) -> bool {
        local.queues.len() == 0 && all()[local.id].inbox.is_empty() && (local.timers.is_empty() || watch::is_there())
    }
    /// Offers the seat to who wants something of it; `false` if somebody does already.
    fn offer_seat(&self, local: &'static Local) -> bool {
        self.stand_up();
        let me = &all()[local.id];
        let due = local.timers.next();
        me.offer.make(Seat(local), due);
        watch::over(due);
        if !me.inbox.is_empty()
            && let Some(seat) = me.offer.take()
        {
            self.sit(seat.0);
            self.guard.set(Some(crossbeam_epoch::pin()));
            return false;
        }
        true
    }
    /// Leaves the seat to a spare thread; `false` if none can be had.
    fn leave_seat(&self) -> bool {
        let Some(local) = self.seat.get() else { return false };
        self.stand_up();
        let Err(seat) = hand_over(Seat(local)) else { return true };
        self.sit(seat.0);
        self.guard.set(Some(crossbeam_epoch::pin()));
        false
    }
    /// This thread has no seat any more: the next to have it may be at work already when it is given away.
    fn stand_up(&self) {
        self.seat.set(None);
        LOCAL.set(None);
        msacc::leave();
        recording::goes_dirty();
        recording::sits(0, 0);
        drop(self.guard.take());
    }
    /// Makes this thread the one that holds the seat.
    pub(super) fn sit(&self, local: &'static Local) {
        LOCAL.set(Some(local));
        msacc::sit(local.id);
        recording::sits(local.id + 1, 0);
        self.seat.set(Some(local));
        self.home.set(local.id);
    }
}

/// Ends the dirty part of a slice, also when it panics.
struct Back<'a> {
    scheduler: &'a Scheduler,
    process: &'a Process,
    kind: Dirty,
    /// The seat is offered, and this thread's own again unless somebody took it.
    offered: bool,
    /// The owner's part was left alone.
    open: bool,
}

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.scheduler.guard.set(Some(crossbeam_epoch::pin()));
        // A handler of signals takes the time of a poll at most.
        while !self.process.state().close() {
            std::thread::yield_now();
        }
        if self.open {
            lock(&NATIVES).retain(|(pid, _)| *pid != self.process.pid());
        }
        KIND.set(None);
        recording::dirty_ends(self.process, self.kind);
        if self.scheduler.stepped_back.get() && priority::step_forward() {
            self.scheduler.stepped_back.set(false);
        }
        self.kind.leave();
        let seat = if self.offered { all()[self.scheduler.id()].offer.take() } else { None };
        match seat {
            Some(seat) => self.scheduler.sit(seat.0),
            // This thread is no scheduler any more: the slice ends at the next test of the reductions.
            None => self.process.owner().fcalls.set(0),
        }
    }
}
