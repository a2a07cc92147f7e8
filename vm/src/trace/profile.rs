//! Time and memory of calls: `call_time` and `call_memory`.
//!
//! A process that calls functions with such a rule has a *clock* for each session: which of them it is in, and since when
//! (or since how many words allocated). What passed goes to that function when another one is called, when a call
//! returns to its frame, and when the process stops running. Invariant: a clock belongs to the thread that runs its
//! process; a process with clocks says so in its word ([`Flags::MEASURED`]).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex};

use super::Flags;
use super::breakpoint::{self, Breakpoint, Rule};
use super::session::Id;
use crate::ctx::Ctx;
use crate::interp::trace_frames::{Frame, Kind, Stack};
use crate::process::Process;
use crate::sync::lock;
use crate::timer::clock;

/// Index of what is measured.
pub(crate) const TIME: usize = 0;
/// As [`TIME`].
pub(crate) const MEMORY: usize = 1;

/// What a process has to show for a function.
#[derive(Clone, Copy, Default)]
pub(crate) struct Row {
    pub(crate) pid: u64,
    /// Calls.
    pub(crate) count: u64,
    /// Nanoseconds, or words.
    pub(crate) amount: u64,
}

/// Time or memory of one function, by process.
pub(crate) struct Profile {
    rows: Mutex<HashMap<u64, Row>>,
    active: AtomicBool,
}

impl Profile {
    pub(super) fn new() -> Profile {
        Profile { rows: Mutex::default(), active: AtomicBool::new(true) }
    }
    pub(super) fn restart(&self) {
        lock(&self.rows).clear();
        self.active.store(true, Ordering::Relaxed);
    }
    pub(super) fn pause(&self) {
        self.active.store(false, Ordering::Relaxed);
    }
    fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }
    fn add(&self, pid: u64, count: u64, amount: u64) {
        let mut rows = lock(&self.rows);
        let row = rows.entry(pid).or_insert(Row { pid, ..Row::default() });
        row.count += count;
        row.amount += amount;
    }
    /// What each process has to show.
    pub(super) fn rows(&self) -> Vec<Row> {
        lock(&self.rows).values().copied().collect()
    }
}

/// Where a process stands in what one session measures.
#[derive(Clone, Copy, Default)]
struct Clock {
    /// The breakpoint of the function it is in; 0: none that is measured.
    place: usize,
    /// When what passed was last handed out: time, and words allocated.
    since: [u64; 2],
    /// Words that collections have freed, so that what is in use and this is what was ever allocated.
    freed: u64,
    /// Words in use when a collection began.
    before: u64,
}

static CLOCKS: LazyLock<Mutex<HashMap<(u64, Id), Clock>>> = LazyLock::new(Mutex::default);

fn words_in_use(p: &Process) -> u64 {
    let h = &p.owner().heap;
    (h.used() + h.old_used() + h.fragment_words()) as u64
}

impl Clock {
    fn now(&self, p: &Process) -> [u64; 2] {
        [clock::since_start_ns() as u64, words_in_use(p) + self.freed]
    }
    /// Hands out what passed.
    fn settle(&mut self, p: &Process, session: Id) {
        let now = self.now(p);
        if self.place != 0
            && let Some(b) = breakpoint::find(self.place)
            && let Some(rule) = b.rule(session)
        {
            for (which, profile) in rule.profiles.iter().enumerate() {
                if let Some(profile) = profile.as_ref().filter(|p| p.is_active()) {
                    profile.add(p.pid().bits(), 0, now[which].saturating_sub(self.since[which]));
                }
            }
        }
        self.since = now;
    }
}

/// Does something with each clock of a process.
fn each(p: &Process, mut f: impl FnMut(Id, &mut Clock)) {
    for ((_, session), clock) in lock(&CLOCKS).iter_mut().filter(|((pid, _), _)| *pid == p.pid().bits()) {
        f(*session, clock);
    }
}

/// A function is called. The answer: the frame through which the function before has its time again, unless the call
/// is the last thing that the present one does.
pub(crate) fn called(ctx: &Ctx<'_>, rule: &Rule, b: &Breakpoint, stack: &Stack<'_>) -> Option<Frame> {
    let p = ctx.process();
    let active = rule.profiles.iter().flatten().filter(|p| p.is_active());
    let mut any = false;
    for profile in active {
        profile.add(p.pid().bits(), 1, 0);
        any = true;
    }
    if !any {
        return None;
    }
    let mut clocks = lock(&CLOCKS);
    let clock = clocks.entry((p.pid().bits(), rule.session)).or_default();
    // What a process was made with belongs to its first call, which nobody measures before: that of the function that it
    // was spawned with, and so not to a fun, which erlang:apply/2 calls.
    let is_first = clock.since == [0, 0]
        && b.mfa == p.owner().initial_call.get()
        && p.owner().reductions.get() == 0
        && stack.is_of_first_call();
    clock.settle(p, rule.session);
    if is_first {
        clock.since[MEMORY] = 0;
    }
    let before = clock.place;
    clock.place = b.site.key();
    drop(clocks);
    p.note_trace(Flags::MEASURED, true);
    let frame = Frame { kind: Kind::Profile, session: rule.session, mfa: None, tracer: None, place: before };
    (!stack.has(Kind::Profile, rule.session)).then_some(frame)
}

/// A call returned to its frame.
pub(crate) fn returned(p: &Process, f: &Frame) {
    if let Some(clock) = lock(&CLOCKS).get_mut(&(p.pid().bits(), f.session)) {
        clock.settle(p, f.session);
        clock.place = f.place;
    }
}

/// The process stops running.
#[cold]
pub(crate) fn stops(p: &Process) {
    each(p, |session, clock| clock.settle(p, session));
}

/// The process runs again.
#[cold]
pub(crate) fn runs(p: &Process) {
    each(p, |_, clock| clock.since = clock.now(p));
}

/// A collection begins.
#[cold]
pub(crate) fn collects(p: &Process) {
    each(p, |_, clock| clock.before = words_in_use(p));
}

/// A collection has ended.
#[cold]
pub(crate) fn collected(p: &Process) {
    each(p, |_, clock| clock.freed += clock.before.saturating_sub(words_in_use(p)));
}

/// A process is gone.
pub(crate) fn forget(p: &Process) {
    lock(&CLOCKS).retain(|(pid, _), _| *pid != p.pid().bits());
}
