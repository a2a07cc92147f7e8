//! Schedulers: a thread each, that runs processes.
//!
//! A scheduler owns its run queues and its timer wheel; other threads reach it through its [`Shared`] part: an inbox
//! and a place to sleep. Invariant: an idle scheduler looks at its inbox after it has said that it sleeps, and who puts
//! something there wakes it after; so nothing waits while everybody sleeps.

mod apply;
mod queues;
mod run;
mod stats;

pub use stats::{Totals, queue_lengths, totals};

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::rc::Rc;
use std::sync::OnceLock;

use crate::process::{Priority, Process};
use crate::sync::atomic::{AtomicI32, Ordering};
use crate::sync::inbox::{Inbox, Linked};
use crate::sync::park::Parker;
use crate::term::{RawTerm, Term};
use crate::timer::wheel::Key;
use crate::timer::{Due, TimerQueue};
use apply::ApplyCache;
use queues::RunQueues;
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
    local: Rc<Local>,
    /// Reductions since the timers were last looked at.
    since_poll: Cell<i64>,
}

/// What code on a scheduler's thread reaches without the scheduler itself.
struct Local {
    id: usize,
    queues: RunQueues,
    timers: TimerQueue,
}

/// What other threads reach.
struct Shared {
    inbox: Inbox<Box<Remote>>,
    parker: Parker,
    counters: Counters,
}

/// Something that another thread wants of a scheduler.
struct Remote {
    link: *mut Remote,
    what: What,
}

enum What {
    Run(RawTerm, Priority),
    StartTimer(u64, Due),
    StopTimer(Key),
}

// SAFETY: the link is used by the inbox alone; what is asked for is Send.
unsafe impl Send for Remote {}

// SAFETY: a box's address is stable and `link` is a word of it that only the list uses.
unsafe impl Linked for Box<Remote> {
    type Target = Remote;
    fn into_raw(self) -> *mut Remote {
        Box::into_raw(self)
    }
    unsafe fn from_raw(p: *mut Remote) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Box::from_raw(p) }
    }
    unsafe fn link(p: *mut Remote) -> *mut *mut Remote {
        // SAFETY: the trait's contract.
        unsafe { &raw mut (*p).link }
    }
}

static SCHEDULERS: OnceLock<Vec<Shared>> = OnceLock::new();
/// Exit status once the VM halts, else [`RUNNING`].
static HALT: AtomicI32 = AtomicI32::new(RUNNING);
const RUNNING: i32 = i32::MIN;

thread_local! {
    static LOCAL: OnceCell<Rc<Local>> = const { OnceCell::new() };
}

fn all() -> &'static [Shared] {
    SCHEDULERS.get_or_init(|| vec![Shared::new()])
}

impl Shared {
    fn new() -> Shared {
        Shared { inbox: Inbox::default(), parker: Parker::default(), counters: Counters::default() }
    }
    fn ask(&self, what: What) {
        let r = Box::new(Remote { link: std::ptr::null_mut(), what });
        if self.inbox.push(r).unwrap_or(false) {
            self.parker.wake();
        }
    }
}

/// Number of schedulers.
pub fn count() -> usize {
    all().len()
}

/// The scheduler of this thread, 0 on a thread that is none.
pub fn current_id() -> usize {
    LOCAL.with(|l| l.get().map_or(0, |l| l.id))
}

/// Puts a process whose state word says QUEUED into a run queue: the caller's own, if it is a scheduler.
pub fn enqueue(pid: RawTerm, priority: Priority) {
    LOCAL.with(|l| match l.get() {
        Some(l) => l.queues.push(pid, priority),
        None => all()[0].ask(What::Run(pid, priority)),
    });
}

/// Starts a timer in the caller's own wheel.
pub(crate) fn start_timer(due: u64, what: Due) {
    LOCAL.with(|l| match l.get() {
        Some(l) => l.timers.start(due, what),
        None => all()[0].ask(What::StartTimer(due, what)),
    });
}

/// Takes a cancelled timer out of a scheduler's wheel.
pub(crate) fn stop_timer(scheduler: usize, key: Key) {
    LOCAL.with(|l| match l.get() {
        Some(l) if l.id == scheduler => l.timers.stop(key),
        _ => all()[scheduler].ask(What::StopTimer(key)),
    });
}

/// Stops the VM: the schedulers return with this status. The first call counts.
pub fn halt(status: i32) {
    if HALT.compare_exchange(RUNNING, status, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
        for s in all() {
            s.parker.wake();
        }
    }
}

/// The status that the VM halts with, once it does.
pub fn halted() -> Option<i32> {
    let h = HALT.load(Ordering::Acquire);
    (h != RUNNING).then_some(h)
}

impl Scheduler {
    /// Makes the calling thread scheduler `id`.
    pub fn new(id: usize) -> Scheduler {
        let local = Rc::new(Local { id, queues: RunQueues::default(), timers: TimerQueue::new() });
        assert!(id < all().len(), "schedulers are numbered from 0");
        let mine = LOCAL.with(|l| l.get_or_init(|| local.clone()).clone());
        let regs = Box::new(UnsafeCell::new(Registers {
            x: [RawTerm::NIL; X_REGISTERS + SPARE_REGISTERS],
            f: [0.0; F_REGISTERS],
            process: std::ptr::null(),
            scheduler: std::ptr::null(),
        }));
        Scheduler { regs, apply_cache: ApplyCache::default(), local: mine, since_poll: Cell::new(0) }
    }
    /// Its number, from 0.
    pub fn id(&self) -> usize {
        self.local.id
    }
    fn shared(&self) -> &'static Shared {
        &all()[self.local.id]
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
    /// Sets the first X registers.
    pub(crate) fn set_x(&self, args: &[Term<'_>]) {
        for (i, a) in args.iter().enumerate() {
            // SAFETY: natives have at most 255 arguments; only this thread uses the registers.
            unsafe { (*self.regs.get()).x[i] = a.raw() };
        }
    }
}
