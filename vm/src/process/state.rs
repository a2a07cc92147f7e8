//! The state word: what a process is doing, in one atomic word with named transitions.
//!
//! | bit | meaning | set by | cleared by |
//! |---|---|---|---|
//! | ACTIVE | has Erlang code to run | waker, `resume` | the runner when it waits |
//! | QUEUED | one entry lies in a run queue | who enqueues | the scheduler that pops it |
//! | RUNNING | a thread owns the owner's part | that scheduler | the same |
//! | SUSPENDED | runs no Erlang code | the process itself, handling signals | the same |
//! | INBOX | the inbox may hold something | pushers | the owner before it takes the inbox |
//! | SIGNALS | ... something that is no message | pushers; the owner for tasks that are left | as INBOX |
//! | EXITING | runs no Erlang code any more | the owner | never |
//! | FREE | gone: the exit has come to its end | the owner | never |
//! | COLLECTING | in a collection (shown by `process_info`) | the owner | the owner |
//! | SYSTEM | a process of the VM itself | spawn | never |
//! | OFF_HEAP_MESSAGES | `message_queue_data` is `off_heap` | the owner | the owner |
//! | DIRTY | its thread is a dirty scheduler | that thread | the same |
//! | WOKEN | woken without a message since it last began to run | waker | the runner |
//! | OPEN | its thread does dirty work and leaves the owner's part to handlers of signals | that thread | the same |
//! | HANDLER | a handler is on its way or at work | who sends it | the handler |
//! | HANDLING | the handler has the owner's part | the handler | the same |
//! | PRIORITY (2 bits) | low, normal, high, max | the owner | the owner |
//!
//! Invariant: a process that can run ([`State::runnable`]) is QUEUED or RUNNING. So a transition that makes an idle
//! process runnable sets QUEUED in the same step and tells its caller to enqueue: an entry in a run queue exists. There
//! may be more, stale ones and such as `signal::urge` adds: whichever is popped first takes the process, and one that
//! finds it neither QUEUED nor there is dropped. While OPEN is set the owner's part belongs to who set HANDLING; its
//! thread waits for the end of that before it goes on.

use crate::sync::atomic::{AtomicU32, Ordering};

/// See the module's head.
pub struct State(AtomicU32);

const ACTIVE: u32 = 1;
const QUEUED: u32 = 1 << 1;
const RUNNING: u32 = 1 << 2;
const SUSPENDED: u32 = 1 << 3;
const INBOX: u32 = 1 << 4;
const SIGNALS: u32 = 1 << 5;
const EXITING: u32 = 1 << 6;
const FREE: u32 = 1 << 7;
const COLLECTING: u32 = 1 << 8;
const SYSTEM: u32 = 1 << 9;
const OFF_HEAP_MESSAGES: u32 = 1 << 10;
const DIRTY: u32 = 1 << 11;
const WOKEN: u32 = 1 << 12;
const OPEN: u32 = 1 << 13;
const HANDLER: u32 = 1 << 14;
const HANDLING: u32 = 1 << 15;
const PRIORITY_SHIFT: u32 = 16;
const PRIORITY_MASK: u32 = 3 << PRIORITY_SHIFT;

/// Scheduling priority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Priority {
    /// Runs once for every 8 turns of `normal`.
    Low,
    /// The default.
    Normal,
    /// Before `normal` and `low`.
    High,
    /// Before all others; for the VM itself.
    Max,
}

impl Priority {
    /// All, lowest first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Max];
    fn of(word: u32) -> Priority {
        Priority::ALL[((word & PRIORITY_MASK) >> PRIORITY_SHIFT) as usize]
    }
}

/// A value of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Snapshot(u32);

impl Snapshot {
    /// Has Erlang code to run.
    pub fn active(self) -> bool {
        self.0 & ACTIVE != 0
    }
    /// A thread runs it.
    pub fn running(self) -> bool {
        self.0 & RUNNING != 0
    }
    /// Suspended by `suspend_process`.
    pub fn suspended(self) -> bool {
        self.0 & SUSPENDED != 0
    }
    /// Dead to the world.
    pub fn exiting(self) -> bool {
        self.0 & EXITING != 0
    }
    /// In a collection.
    pub fn collecting(self) -> bool {
        self.0 & COLLECTING != 0
    }
    /// Something that is no message may lie in the inbox.
    pub fn has_signals(self) -> bool {
        self.0 & SIGNALS != 0
    }
    /// Something may lie in the inbox.
    pub fn has_inbox(self) -> bool {
        self.0 & INBOX != 0
    }
    /// In dirty code.
    pub fn dirty(self) -> bool {
        self.0 & DIRTY != 0
    }
    /// In dirty code that leaves the owner's part alone.
    pub fn open(self) -> bool {
        self.0 & OPEN != 0
    }
    /// A process of the VM itself.
    pub fn system(self) -> bool {
        self.0 & SYSTEM != 0
    }
    /// `message_queue_data` is `off_heap`.
    pub fn off_heap_messages(self) -> bool {
        self.0 & OFF_HEAP_MESSAGES != 0
    }
    /// Scheduling priority.
    pub fn priority(self) -> Priority {
        Priority::of(self.0)
    }
    /// Whether Erlang code may run now.
    pub fn may_execute(self) -> bool {
        self.0 & (ACTIVE | SUSPENDED | EXITING) == ACTIVE
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMES: [&str; 16] = [
            "active",
            "queued",
            "running",
            "suspended",
            "inbox",
            "signals",
            "exiting",
            "free",
            "collecting",
            "system",
            "off_heap",
            "dirty",
            "woken",
            "open",
            "handler",
            "handling",
        ];
        let mut s = f.debug_set();
        for (_, n) in NAMES.iter().enumerate().filter(|(i, _)| self.0 & (1 << i) != 0) {
            s.entry(n);
        }
        s.entry(&self.priority()).finish()
    }
}

/// What a process that ended its slice does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterSlice {
    /// It can run on: the caller enqueues it.
    Enqueue(Priority),
    /// It is idle until somebody wakes it.
    Idle,
}

/// What a process that wants to wait does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterWait {
    /// It is idle until somebody wakes it.
    Idle,
    /// Something came in: it still runs and must look at its inbox.
    Look,
    /// Somebody woke it meanwhile: it still runs and must look again at what it waits for.
    Again,
}

/// What is to be done after something was pushed onto a process's inbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Put it into a run queue.
    Enqueue(Priority),
    /// Send a handler of signals: it runs dirty code.
    Handle,
}

fn runnable(w: u32) -> bool {
    w & FREE == 0 && (w & (SIGNALS | EXITING) != 0 || w & (ACTIVE | SUSPENDED) == ACTIVE)
}

fn with_queued(w: u32) -> (u32, bool) {
    if runnable(w) && w & (QUEUED | RUNNING) == 0 { (w | QUEUED, true) } else { (w, false) }
}

impl State {
    /// The word of a fresh process: it has code to run and is about to be enqueued.
    pub fn new(priority: Priority, system: bool) -> State {
        let system = if system { SYSTEM } else { 0 };
        State(AtomicU32::new(ACTIVE | QUEUED | system | (priority as u32) << PRIORITY_SHIFT))
    }
    /// The word of a fresh port: its opener runs it.
    pub fn opened() -> State {
        State(AtomicU32::new(RUNNING | (Priority::Normal as u32) << PRIORITY_SHIFT))
    }
    /// Somebody wants to run an idle port on its own thread: `true` if nobody runs it and nothing waits for it.
    pub fn borrow(&self) -> bool {
        self.step(|w| {
            let busy = QUEUED | RUNNING | INBOX | SIGNALS | EXITING | FREE;
            if w & busy != 0 { (w, false) } else { (w | RUNNING, true) }
        })
    }
    /// The value as it is.
    #[inline]
    pub fn get(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Acquire))
    }
    /// Applies `f`; it gives the new word and a result.
    fn step<R>(&self, mut f: impl FnMut(u32) -> (u32, R)) -> R {
        let mut old = self.0.load(Ordering::Relaxed);
        loop {
            let (new, r) = f(old);
            // AcqRel on every transition: what a thread did before it gave the process up is seen by the next to
            // have it, and what a waker published before is seen by the woken.
            match self.0.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return r,
                Err(now) => old = now,
            }
        }
    }
    fn wake(&self, bits: u32) -> Option<Priority> {
        self.step(|w| {
            let (new, enqueue) = with_queued(w | bits);
            (new, enqueue.then(|| Priority::of(new)))
        })
    }
    /// A message came. Gives the priority to enqueue with, if the caller must.
    pub fn message_came(&self) -> Option<Priority> {
        self.wake(ACTIVE | INBOX)
    }
    /// A signal other than a message came to a port.
    pub fn signal_came(&self) -> Option<Priority> {
        self.wake(INBOX | SIGNALS)
    }
    /// A signal other than a message came to a process.
    fn signal_or_handler(&self) -> Option<Wake> {
        self.step(|w| {
            let w = w | INBOX | SIGNALS;
            if w & (OPEN | HANDLER) == OPEN {
                return (w | HANDLER, Some(Wake::Handle));
            }
            let (new, enqueue) = with_queued(w);
            (new, enqueue.then(|| Wake::Enqueue(Priority::of(new))))
        })
    }
    /// Announces what was just pushed onto the inbox; `first`: the inbox was empty before. Says what the caller must do.
    /// Between a first push and its announcement another may come; that one announces itself rather than wait for the
    /// first.
    pub fn announce(&self, signal: bool, first: bool) -> Option<Wake> {
        if signal {
            self.signal_or_handler()
        } else if first || !self.get().has_inbox() {
            self.message_came().map(Wake::Enqueue)
        } else {
            None
        }
    }
    /// The runner does dirty work that leaves the owner's part alone: handlers of signals may use it. `true` if there
    /// are signals already: the caller sends a handler.
    pub(crate) fn open(&self) -> bool {
        self.step(|w| {
            let handler = w & (SIGNALS | HANDLER) == SIGNALS;
            (w | DIRTY | OPEN | if handler { HANDLER } else { 0 }, handler)
        })
    }
    /// The dirty work is done. `false` while a handler still uses the owner's part: the caller waits and asks again.
    pub(crate) fn close(&self) -> bool {
        self.step(|w| (w & !(DIRTY | OPEN), w & HANDLING == 0))
    }
    /// A handler has come: the owner's part is its own if this says so; else it has nothing to do.
    pub(crate) fn begin_handling(&self) -> bool {
        self.step(|w| if w & OPEN == 0 { (w & !HANDLER, false) } else { (w | HANDLING, true) })
    }
    /// The handler gives the owner's part up; `more`: it is not done. `true` if it must come again.
    pub(crate) fn end_handling(&self, more: bool) -> bool {
        self.step(|w| {
            let again = w & OPEN != 0 && (more || w & SIGNALS != 0);
            let handler = if again { HANDLER } else { 0 };
            (w & !(HANDLER | HANDLING) | handler, again)
        })
    }
    /// The process has something to do that is no message (its timer fired, a port is not busy any more).
    pub fn activate(&self) -> Option<Priority> {
        self.wake(ACTIVE | WOKEN)
    }
    /// The owner is about to take the inbox: what is pushed from here on announces itself anew.
    pub fn inbox_taken(&self) {
        // AcqRel as in `step`.
        self.0.fetch_and(!(INBOX | SIGNALS), Ordering::AcqRel);
    }
    /// The owner has Erlang code to run after all (handling a signal gave it a message).
    pub fn set_active(&self) {
        self.0.fetch_or(ACTIVE, Ordering::AcqRel);
    }
    /// A scheduler popped an entry: it owns the process if this gives a value; else the entry was stale.
    pub fn start(&self) -> Option<Snapshot> {
        self.step(|w| {
            if w & QUEUED == 0 || w & (RUNNING | FREE) != 0 {
                return (w, None);
            }
            let idle = w & !(QUEUED | WOKEN);
            if runnable(idle) { (idle | RUNNING, Some(Snapshot(idle | RUNNING))) } else { (idle, None) }
        })
    }
    /// The runner gives the process up at the end of a slice.
    pub fn end_slice(&self) -> AfterSlice {
        self.step(|w| match with_queued(w & !RUNNING) {
            (new, true) => (new, AfterSlice::Enqueue(Priority::of(new))),
            (new, false) => (new, AfterSlice::Idle),
        })
    }
    /// The runner wants to wait for a message: given up, unless something came in since the inbox was taken, or somebody
    /// woke it since its slice began.
    pub fn wait(&self) -> AfterWait {
        self.step(|w| {
            if w & (INBOX | EXITING) != 0 {
                (w, AfterWait::Look)
            } else if w & WOKEN != 0 {
                (w & !WOKEN, AfterWait::Again)
            } else {
                (w & !(RUNNING | ACTIVE), AfterWait::Idle)
            }
        })
    }
    /// Something that came in through the inbox is still to be done: the process gets a turn, suspended or not.
    pub fn has_tasks(&self) {
        self.0.fetch_or(INBOX | SIGNALS, Ordering::AcqRel);
    }
    /// The owner suspends itself.
    pub fn suspend(&self) {
        self.0.fetch_or(SUSPENDED, Ordering::AcqRel);
    }
    /// The owner (it runs, handling the signal) goes on.
    pub fn resume(&self) {
        self.0.fetch_and(!SUSPENDED, Ordering::AcqRel);
    }
    /// The owner exits; `false` if it was exiting already.
    pub fn begin_exit(&self) -> bool {
        self.0.fetch_or(EXITING | ACTIVE, Ordering::AcqRel) & EXITING == 0
    }
    /// The exit has come to its end.
    pub fn free(&self) {
        self.step(|w| ((w | FREE | EXITING) & !(RUNNING | ACTIVE), ()));
    }
    /// The owner sets its priority.
    pub fn set_priority(&self, p: Priority) {
        self.step(|w| (w & !PRIORITY_MASK | (p as u32) << PRIORITY_SHIFT, ()));
    }
    /// The owner enters or leaves a collection.
    pub fn set_collecting(&self, on: bool) {
        self.set_bit(COLLECTING, on);
    }
    /// The owner's thread becomes a dirty scheduler, or has done its dirty work.
    pub(crate) fn set_dirty(&self, on: bool) {
        self.set_bit(DIRTY, on);
    }
    /// The owner sets `message_queue_data`.
    pub fn set_off_heap_messages(&self, on: bool) {
        self.set_bit(OFF_HEAP_MESSAGES, on);
    }
    fn set_bit(&self, bit: u32, on: bool) {
        if on {
            self.0.fetch_or(bit, Ordering::AcqRel);
        } else {
            self.0.fetch_and(!bit, Ordering::AcqRel);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn running() -> State {
        let s = State::new(Priority::Normal, false);
        assert!(s.start().is_some_and(Snapshot::running));
        s
    }
    fn idle() -> State {
        let s = running();
        assert_eq!(s.wait(), AfterWait::Idle);
        s
    }

    #[test]
    fn a_fresh_process_is_queued_once() {
        let s = State::new(Priority::High, true);
        assert_eq!(s.message_came(), None);
        assert!(s.start().is_some());
        assert_eq!(s.start(), None);
        assert!(s.get().system());
        assert_eq!(s.get().priority(), Priority::High);
    }

    #[test]
    fn only_the_first_waker_enqueues() {
        let s = idle();
        assert_eq!(s.message_came(), Some(Priority::Normal));
        assert_eq!(s.message_came(), None);
        assert_eq!(s.activate(), None);
        assert!(s.start().is_some());
    }

    #[test]
    fn waiting_looks_again_after_a_message() {
        let s = running();
        assert_eq!(s.message_came(), None);
        assert_eq!(s.wait(), AfterWait::Look);
        s.inbox_taken();
        assert_eq!(s.wait(), AfterWait::Idle);
    }

    #[test]
    fn a_wake_up_before_the_wait_is_not_lost() {
        let s = running();
        assert_eq!(s.activate(), None);
        assert_eq!(s.wait(), AfterWait::Again);
        assert_eq!(s.wait(), AfterWait::Idle);
        assert_eq!(s.activate(), Some(Priority::Normal));
        assert!(s.start().is_some());
        assert_eq!(s.wait(), AfterWait::Idle, "who has begun to run looks anyway");
    }

    #[test]
    fn only_an_idle_port_is_borrowed() {
        let s = State::opened();
        assert!(!s.borrow());
        assert_eq!(s.end_slice(), AfterSlice::Idle);
        assert!(s.borrow());
        assert_eq!(s.signal_came(), None);
        assert_eq!(s.end_slice(), AfterSlice::Enqueue(Priority::Normal));
        assert!(!s.borrow());
        assert!(s.start().is_some());
        s.inbox_taken();
        assert_eq!(s.end_slice(), AfterSlice::Idle);
        assert!(s.borrow());
    }

    #[test]
    fn one_handler_comes_to_a_process_in_dirty_code() {
        let s = running();
        assert!(!s.open());
        assert_eq!(s.message_came(), None);
        assert_eq!(s.announce(true, true), Some(Wake::Handle));
        assert_eq!(s.announce(true, true), None);
        assert!(s.begin_handling());
        s.inbox_taken();
        assert_eq!(s.announce(true, true), None);
        assert!(s.end_handling(false), "what came meanwhile is for the same handler");
        assert!(s.begin_handling());
        assert!(!s.close(), "the handler is at work");
        s.inbox_taken();
        assert!(!s.end_handling(false));
        assert!(s.close());
        // A handler that comes too late has nothing to do.
        s.announce(true, true);
        assert!(s.open());
        assert!(s.close());
        assert!(!s.begin_handling());
        assert_eq!(s.end_slice(), AfterSlice::Enqueue(Priority::Normal));
    }

    #[test]
    fn a_suspended_process_handles_signals_only() {
        let s = running();
        s.suspend();
        assert_eq!(s.end_slice(), AfterSlice::Idle);
        assert_eq!(s.message_came(), None);
        assert_eq!(s.signal_came(), Some(Priority::Normal));
        let now = s.start().expect("signals make it run");
        assert!(!now.may_execute());
        s.inbox_taken();
        s.has_tasks();
        assert_eq!(s.end_slice(), AfterSlice::Enqueue(Priority::Normal), "also for what it has taken and not done");
        assert!(s.start().is_some_and(|n| n.has_signals() && !n.may_execute()));
        s.inbox_taken();
        s.resume();
        assert!(s.get().may_execute());
        assert_eq!(s.end_slice(), AfterSlice::Enqueue(Priority::Normal));
    }

    #[test]
    fn entries_of_processes_that_cannot_run_are_stale() {
        let s = idle();
        assert_eq!(s.start(), None);
        let s = running();
        s.begin_exit();
        s.free();
        assert_eq!(s.message_came(), None);
        assert_eq!(s.start(), None);
    }

    #[test]
    fn an_exiting_process_runs_until_it_is_free() {
        let s = running();
        assert!(s.begin_exit());
        assert!(!s.begin_exit());
        assert_eq!(s.wait(), AfterWait::Look);
        assert_eq!(s.end_slice(), AfterSlice::Enqueue(Priority::Normal));
        assert!(s.start().is_some_and(|n| n.exiting() && !n.may_execute()));
        s.free();
        assert_eq!(s.end_slice(), AfterSlice::Idle);
    }

    #[test]
    fn wakers_and_runner_lose_nothing() {
        use crate::sync::atomic::AtomicUsize;
        const WAKERS: usize = 3;
        const EACH: usize = if cfg!(miri) { 30 } else { 20_000 };
        let (s, sent, queue) = (idle(), AtomicUsize::new(0), AtomicUsize::new(0));
        let mut received = 0;
        std::thread::scope(|scope| {
            for _ in 0..WAKERS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        sent.fetch_add(1, Ordering::SeqCst);
                        if s.message_came().is_some() {
                            assert_eq!(queue.fetch_add(1, Ordering::SeqCst), 0, "one entry at a time");
                        }
                    }
                });
            }
            while received < WAKERS * EACH {
                if queue.load(Ordering::SeqCst) == 0 {
                    std::thread::yield_now();
                    continue;
                }
                queue.fetch_sub(1, Ordering::SeqCst);
                assert!(s.start().is_some());
                loop {
                    s.inbox_taken();
                    received = sent.load(Ordering::SeqCst);
                    if s.wait() == AfterWait::Idle {
                        break;
                    }
                }
            }
        });
        assert!(!s.get().running());
    }
}
