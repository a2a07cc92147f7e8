//! Schedulers: a thread each, that runs processes.
//!
//! A scheduler owns its run queues and its timer wheel; other threads reach it through its [`Shared`] part: an inbox,
//! a place to sleep, and the thieves' end of its queues. Invariant: who sleeps has nothing in its queues and its inbox;
//! so nothing waits while everybody sleeps.

mod apply;
mod block;
mod dirty;
mod idle;
pub(crate) mod msacc;
mod offer;
mod pause;
mod progress;
mod queues;
mod remote;
mod run;
#[cfg(feature = "shuffle")]
mod shuffle;
mod stats;
mod watch;

pub(crate) use block::blocker_exited;
pub use block::{MultiScheduling, active, block, blockers, multi_scheduling, unblock};
pub use dirty::{Dirty, dirty_kind, set_dirty_cpu_online};
pub(crate) use dirty::{native_of, pass_places_on, send_handler};
pub use idle::MAX_SCHEDULERS;
pub use msacc::{
    State as MicroState, Thread as MicroThread, Times as MicroTimes, dirty_wall_times, reset as reset_msacc,
    switch as switch_msacc, times as msacc_times,
};
pub use pause::paused;
pub use progress::{after_thread_progress, on_each};
pub use run::run_all;
pub use stats::{Totals, WallTime, awake, queue_lengths, totals, wall_times};

use std::cell::{Cell, RefCell, UnsafeCell};
use std::sync::OnceLock;

use crossbeam_epoch::Guard;

use crate::bits::construct::Building;
use crate::process::{Priority, Process, TrapTo};
use crate::recording;
use crate::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use crate::sync::inbox::Inbox;
use crate::sync::park::Parker;
use crate::term::{RawTerm, Term};
use crate::timer::wheel::Key;
use crate::timer::{Due, TimerQueue};
use apply::ApplyCache;
use dirty::Seat;
use idle::Idle;
use offer::Offer;
use queues::{RunQueues, Stealers};
use remote::{Remote, What};
use stats::Counters;

/// Number of X registers.
pub const X_REGISTERS: usize = 1024;
/// Slots behind the X registers: scratch of the emitter and of collections.
pub const SPARE_REGISTERS: usize = 16;
/// Number of float registers.
pub const F_REGISTERS: usize = 1024;
/// Reductions of a slice.
pub const SLICE: i64 = 4000;

/// The machine's registers that live in memory; at fixed offsets for a later compiled tier.
#[repr(C)]
pub struct Registers {
    /// X registers.
    pub x: [RawTerm; X_REGISTERS + SPARE_REGISTERS],
    /// Float registers.
    pub f: [f64; F_REGISTERS],
    /// The process whose slice runs.
    pub process: *const Process,
    /// The scheduler itself.
    pub scheduler: *const Scheduler,
}

/// A scheduler.
pub struct Scheduler {
    regs: Box<UnsafeCell<Registers>>,
    apply_cache: ApplyCache,
    /// Queues and timers; none while the thread is dirty (`dirty.rs`).
    seat: Cell<Option<&'static Local>>,
    /// Number of the seat that the thread has or had last.
    home: Cell<usize>,
    /// Where the native that traps goes on.
    trap: Cell<Option<TrapTo>>,
    /// The bitstring that instructions of old compilers are building; no slice ends while they do.
    building: Cell<Building>,
    /// Keeps what other threads take out of tables alive during a slice.
    guard: Cell<Option<Guard>>,
    /// Reductions since the timers were last looked at.
    since_poll: Cell<i64>,
    /// Processes that ended here since memory was last reclaimed.
    exits: Cell<u32>,
    /// Counted as a searcher in [`IDLE`].
    searching: Cell<bool>,
    /// This thread has a smaller share of its core than schedulers have.
    stepped_back: Cell<bool>,
    /// Where the next search begins.
    first_victim: Cell<usize>,
    /// Polls until queues are compared with another scheduler's.
    until_balance: Cell<u32>,
    /// The scheduler compared with next, and the slices it had run when it was looked at last.
    compared: Cell<(usize, u64)>,
    /// It has looked for work and found none, and is counted in [`OUT_OF_WORK`].
    out_of_work: Cell<bool>,
}

/// What makes a thread a scheduler; reached by code on that thread without the scheduler itself. Lives as long as the VM.
struct Local {
    id: usize,
    queues: RunQueues,
    timers: TimerQueue,
    /// Woken by [`enqueue_later`]: their state words say QUEUED already.
    later: RefCell<Vec<(RawTerm, Priority)>>,
}

/// What other threads reach.
struct Shared {
    inbox: Inbox<Box<Remote>>,
    parker: Parker,
    /// Its seat, while the thread that has it does not need it.
    offer: Offer<Seat>,
    counters: Counters,
    /// Set once its thread has begun.
    stealers: OnceLock<Stealers>,
}

static SCHEDULERS: OnceLock<Vec<Shared>> = OnceLock::new();
static IDLE: Idle = Idle::new();
/// Schedulers with this number and above give their work away and sleep; 0: all are online.
static ONLINE: AtomicUsize = AtomicUsize::new(0);
/// Schedulers that have nothing to do: they spin, sleep or have just been woken.
static OUT_OF_WORK: AtomicUsize = AtomicUsize::new(0);
/// Exit status once the VM halts, else [`RUNNING`].
static HALT: AtomicI32 = AtomicI32::new(RUNNING);
const RUNNING: i32 = i32::MIN;

thread_local! {
    static LOCAL: Cell<Option<&'static Local>> = const { Cell::new(None) };
}

fn all() -> &'static [Shared] {
    SCHEDULERS.get_or_init(|| vec![Shared::new()])
}

impl Shared {
    fn new() -> Shared {
        Shared {
            inbox: Inbox::default(),
            parker: Parker::default(),
            offer: Offer::default(),
            counters: Counters::default(),
            stealers: OnceLock::new(),
        }
    }
    /// Entries in its run queues.
    fn queued(&self) -> usize {
        self.stealers.get().map_or(0, Stealers::len)
    }
}

/// Fixes the number of schedulers; the first call counts.
pub fn init(n: usize) {
    SCHEDULERS.get_or_init(|| (0..n.clamp(1, MAX_SCHEDULERS)).map(|_| Shared::new()).collect());
}

/// Number of schedulers.
pub fn count() -> usize {
    all().len()
}

/// Whether schedulers are at work.
pub(crate) fn has_begun() -> bool {
    run::loops() != 0
}

/// Number of schedulers online: the first ones.
pub fn online() -> usize {
    // Relaxed: who acts on an old number gives its work away at the next poll.
    match ONLINE.load(Ordering::Relaxed) {
        0 => count(),
        n => n,
    }
}

/// Sets how many schedulers are online, 1 up to their number; gives how many were.
pub fn set_online(n: usize) -> usize {
    let old = ONLINE.swap(n.clamp(1, count()), Ordering::AcqRel);
    // Who goes offline while asleep has nothing to give away; who comes online looks for work.
    all().iter().for_each(|s| s.parker.wake());
    if old == 0 { count() } else { old }
}

/// How many schedulers do not sleep.
pub(crate) fn working() -> usize {
    (0..online()).filter(|id| !IDLE.sleeps(*id)).count()
}

/// The scheduler of this thread, 0 on a thread that is none.
pub fn current_id() -> usize {
    LOCAL.get().map_or(0, |l| l.id)
}

/// Wakes a process that waits, if it is there.
pub(crate) fn wake(pid: RawTerm) {
    if let Some(Some(priority)) = crate::process::table::with(pid, |p| p.state().activate()) {
        enqueue(pid, priority);
    }
}

/// Puts a process whose state word says QUEUED into a run queue: the caller's own, if it is a scheduler.
pub fn enqueue(pid: RawTerm, priority: Priority) {
    recording::woken(pid);
    match LOCAL.get() {
        Some(l) => l.push(pid, priority),
        None => place(pid, priority),
    }
}

/// As [`enqueue`], but not before this scheduler looks around, or has nothing else to do: for who is told of what happens
/// here, so that telling changes little of it.
pub(crate) fn enqueue_later(pid: RawTerm, priority: Priority) {
    recording::woken(pid);
    match LOCAL.get() {
        Some(l) => l.later.borrow_mut().push((pid, priority)),
        None => place(pid, priority),
    }
}

/// Hands a process to some scheduler that is online, one that sleeps if there is one.
fn place(pid: RawTerm, priority: Priority) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let online = online();
    let any = || IDLE.sleeper(online).unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed) % online);
    let to = block::alone().unwrap_or_else(any);
    all()[to].ask(What::Run(pid, priority));
}

impl Local {
    /// Queues and timers of scheduler `id`, which lives as long as the VM.
    fn new(id: usize) -> &'static Local {
        let l = Box::leak(Box::new(Local {
            id,
            queues: RunQueues::default(),
            timers: TimerQueue::new(),
            later: RefCell::default(),
        }));
        // Only the first of a number can be stolen from; there are others in tests alone.
        let _ = all()[id].stealers.set(l.queues.stealers());
        l
    }
    /// Puts those into the queues that could wait.
    fn push_later(&self) {
        if !self.later.borrow().is_empty() {
            for (pid, priority) in self.later.take() {
                self.queues.push(pid, priority);
            }
        }
    }
    #[inline]
    fn push(&self, pid: RawTerm, priority: Priority) {
        #[cfg(feature = "shuffle")]
        if shuffle::sent_away(pid, priority) {
            return;
        }
        self.queues.push(pid, priority);
        // One entry is what this scheduler runs next itself: who sends a message mostly waits for the answer then.
        if IDLE.any_sleeping() && self.queues.len() > 1 {
            wake_helper();
        }
    }
}

/// Wakes a sleeping scheduler to share the work.
#[cold]
#[inline(never)]
fn wake_helper() {
    if block::alone().is_none()
        && let Some(id) = IDLE.wake_one(online())
    {
        all()[id].parker.wake();
    }
}

/// Starts a timer in the caller's own wheel.
pub(crate) fn start_timer(due: u64, what: Due) {
    match LOCAL.get() {
        Some(l) => l.timers.start(due, what),
        None => all()[0].ask(What::StartTimer(due, what)),
    }
}

/// Takes a cancelled timer out of a scheduler's wheel.
pub(crate) fn stop_timer(scheduler: usize, key: Key) {
    match LOCAL.get() {
        Some(l) if l.id == scheduler => l.timers.stop(key),
        _ => all()[scheduler].ask(What::StopTimer(key)),
    }
}

/// Stops the VM: the schedulers return. The first call's status counts.
pub fn halt(status: i32) {
    if HALT.compare_exchange(RUNNING, status, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
        all().iter().for_each(|s| s.parker.wake());
        run::MAIN.wake();
    }
}

/// The status that the VM halts with, once it does.
pub fn halted() -> Option<i32> {
    let h = HALT.load(Ordering::Acquire);
    (h != RUNNING).then_some(h)
}

impl Scheduler {
    /// Makes the calling thread scheduler `id`, for tests; a thread that is one already stays it.
    pub fn new(id: usize) -> Scheduler {
        Scheduler::in_seat(LOCAL.get().unwrap_or_else(|| Local::new(id)))
    }
    /// Makes the calling thread the scheduler with these queues and timers.
    fn in_seat(local: &'static Local) -> Scheduler {
        LOCAL.set(Some(local));
        msacc::sit(local.id);
        recording::sits(local.id + 1, 0);
        let regs = Box::new(UnsafeCell::new(Registers {
            x: [RawTerm::NIL; X_REGISTERS + SPARE_REGISTERS],
            f: [0.0; F_REGISTERS],
            process: std::ptr::null(),
            scheduler: std::ptr::null(),
        }));
        Scheduler {
            regs,
            apply_cache: ApplyCache::default(),
            seat: Cell::new(Some(local)),
            home: Cell::new(local.id),
            trap: Cell::new(None),
            building: Cell::default(),
            guard: Cell::new(None),
            since_poll: Cell::new(0),
            exits: Cell::new(0),
            searching: Cell::new(false),
            stepped_back: Cell::new(false),
            first_victim: Cell::new(local.id + 1),
            until_balance: Cell::new(0),
            compared: Cell::new((local.id, 0)),
            out_of_work: Cell::new(false),
        }
    }
    /// Its number, from 0; that which it had last if it is dirty.
    pub fn id(&self) -> usize {
        self.home.get()
    }
    fn shared(&self) -> &'static Shared {
        &all()[self.home.get()]
    }
    /// The registers. Only the scheduler's own thread uses them.
    #[inline(always)]
    pub(crate) fn registers(&self) -> *mut Registers {
        self.regs.get()
    }
    /// Export entries that `apply` found lately.
    pub(crate) fn apply_cache(&self) -> &ApplyCache {
        &self.apply_cache
    }
    /// Where the native that traps goes on.
    pub(crate) fn trap(&self) -> &Cell<Option<TrapTo>> {
        &self.trap
    }
    /// The bitstring that instructions of old compilers are building.
    pub(crate) fn building(&self) -> &Cell<Building> {
        &self.building
    }
    /// Sets the first X registers.
    pub(crate) fn set_x(&self, args: &[Term<'_>]) {
        for (i, a) in args.iter().enumerate() {
            // SAFETY: natives have at most 255 arguments; only this thread uses the registers.
            unsafe { (*self.regs.get()).x[i] = a.raw() };
        }
    }
}
