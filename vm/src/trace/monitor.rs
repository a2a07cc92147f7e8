//! `system_monitor`: long collections, large heaps, long turns, long queues, busy ports, told to one process.
//!
//! Each session of 29 can have a monitor; that of `erlang:system_monitor/2` is the one of session 0. Invariant: a
//! kind of event that nobody wants costs the look at one static word ([`WANTED`]), where the event is rare anyway.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, RwLock};
use std::time::{Duration, Instant};

use super::Flags;
use super::report::local;
use super::session::Id;
use super::tracee;
use crate::atom::{Atom, am};
use crate::heap::Builder;
use crate::heap::message::Message;
use crate::process::{Process, backtrace};
use crate::signal;
use crate::sync::whole;
use crate::term::{RawTerm, Term};

/// What one monitor wants to be told; zero: nothing of the kind.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Limits {
    /// `long_gc`, milliseconds.
    pub long_gc: u64,
    /// `long_schedule`, milliseconds.
    pub long_schedule: u64,
    /// `large_heap`, words.
    pub large_heap: u64,
    /// `long_message_queue`: messages for the end of the state, and for its beginning.
    pub long_queue: Option<(u64, u64)>,
    /// `busy_port`.
    pub busy_port: bool,
    /// `busy_dist_port`.
    pub busy_dist_port: bool,
}

/// A monitor.
#[derive(Clone, Copy)]
pub struct Monitor {
    /// Who is told.
    pub pid: RawTerm,
    /// Of what.
    pub limits: Limits,
}

static MONITORS: LazyLock<RwLock<BTreeMap<Id, Monitor>>> = LazyLock::new(RwLock::default);

const COLLECTIONS: u32 = 1;
const TURNS: u32 = 2;
const QUEUES: u32 = 4;
const PORTS: u32 = 8;

/// Kinds of events that somebody wants to be told of.
static WANTED: AtomicU32 = AtomicU32::new(0);

#[inline(always)]
fn wanted(kind: u32) -> bool {
    // Relaxed: what is under way when it is set may go untold.
    WANTED.load(Ordering::Relaxed) & kind != 0
}

/// The monitor of a session, if it is still there.
pub fn get(session: Id) -> Option<Monitor> {
    whole(MONITORS.read()).get(&session).copied().filter(|m| tracee::is_alive(m.pid))
}

/// Sets or removes the monitor of a session; what it was.
pub fn set(session: Id, monitor: Option<Monitor>) -> Option<Monitor> {
    let old = get(session);
    let mut all = whole(MONITORS.write());
    match monitor.filter(|m| m.limits != Limits::default()) {
        Some(m) => all.insert(session, m),
        None => all.remove(&session),
    };
    let kinds = |l: &Limits| {
        let bit = |on: bool, kind: u32| if on { kind } else { 0 };
        bit(l.long_gc != 0 || l.large_heap != 0, COLLECTIONS)
            | bit(l.long_schedule != 0, TURNS)
            | bit(l.long_queue.is_some(), QUEUES)
            | bit(l.busy_port, PORTS)
    };
    WANTED.store(all.values().fold(0, |w, m| w | kinds(&m.limits)), Ordering::Relaxed);
    old
}

/// Tells the monitors for which `f` says so: `{monitor, Pid, What, Info}`.
fn tell(p: RawTerm, what: Atom, f: impl Fn(&Limits) -> bool, info: impl for<'b> Fn(&Builder<'b>) -> Term<'b>) {
    let to: Vec<(Id, RawTerm)> = {
        let all = whole(MONITORS.read());
        all.iter().filter(|(_, m)| f(&m.limits) && m.pid != p).map(|(id, m)| (*id, m.pid)).collect()
    };
    for (session, pid) in to {
        if tracee::is_alive(pid) {
            signal::to_pid(pid, Message::build(|b| b.tuple(&[am::MONITOR.into(), local(p), what.into(), info(b)])));
        } else {
            set(session, None);
        }
    }
}

/// Whether collections are to be measured.
#[inline(always)]
pub(crate) fn of_collections() -> bool {
    wanted(COLLECTIONS)
}

/// A collection has ended that began at `begin`.
#[cold]
pub(crate) fn collected(p: &Process, begin: Instant) {
    let ms = begin.elapsed().as_millis() as u64;
    let h = &p.owner().heap;
    let words = (h.size() + h.old_size()) as u64;
    tell(p.pid(), am::LONG_GC, |l| l.long_gc != 0 && ms > l.long_gc, |b| size_list(b, p, Some(ms)));
    tell(p.pid(), am::LARGE_HEAP, |l| l.large_heap != 0 && words >= l.large_heap, |b| size_list(b, p, None));
}

/// The clock of a turn, if turns are to be measured.
#[inline(always)]
pub(crate) fn turn_begins(p: &Process) -> Option<Turn> {
    wanted(TURNS).then(|| Turn { begin: Instant::now(), place: backtrace::place(p) })
}

/// A turn that is being measured.
pub(crate) struct Turn {
    begin: Instant,
    place: Option<crate::code::Mfa>,
}

impl Turn {
    /// The turn has ended.
    #[cold]
    pub(crate) fn ends(self, p: &Process) {
        let took: Duration = self.begin.elapsed();
        let ms = took.as_millis() as u64;
        let out = backtrace::place(p);
        tell(
            p.pid(),
            am::LONG_SCHEDULE,
            |l| l.long_schedule != 0 && ms > l.long_schedule,
            |b| {
                let place = |m: Option<crate::code::Mfa>| {
                    m.map_or(am::UNDEFINED.into(), |m| {
                        b.tuple(&[m.module.into(), m.function.into(), Term::small(i32::from(m.arity))])
                    })
                };
                let pair = |name: Atom, t| b.tuple(&[name.into(), t]);
                b.list(&[pair(am::TIMEOUT, b.uint(ms)), pair(am::IN, place(self.place)), pair(am::OUT, place(out))])
            },
        );
    }
}

/// Messages came into a process's queue.
#[inline(always)]
pub(crate) fn queue_grown(p: &Process) {
    if wanted(QUEUES) && !p.trace_flags().any(Flags::LONG_QUEUE) {
        grown(p);
    }
}

/// Whether there is a monitor whose limits for queues say so.
fn is_limit(f: impl Fn((u64, u64)) -> bool) -> bool {
    whole(MONITORS.read()).values().any(|m| m.limits.long_queue.is_some_and(&f))
}

#[cold]
fn grown(p: &Process) {
    let now = p.owner().mailbox.len() as u64;
    let is_long = |(_, high): (u64, u64)| now >= high;
    if is_limit(is_long) {
        p.note_trace(Flags::LONG_QUEUE, true);
        tell(p.pid(), am::LONG_MESSAGE_QUEUE, |l| l.long_queue.is_some_and(is_long), |_| Term::TRUE);
    }
}

/// A process is about to take a message out of its queue.
pub(crate) fn queue_shrinks(p: &Process) {
    if !p.trace_flags().any(Flags::LONG_QUEUE) {
        return;
    }
    let left = (p.owner().mailbox.len() as u64).saturating_sub(1);
    let is_short = |(low, _): (u64, u64)| left <= low;
    if !wanted(QUEUES) || is_limit(is_short) {
        p.note_trace(Flags::LONG_QUEUE, false);
        tell(p.pid(), am::LONG_MESSAGE_QUEUE, |l| l.long_queue.is_some_and(is_short), |_| Term::FALSE);
    }
}

/// A process waits for a port that is busy.
#[inline]
pub(crate) fn waits_for_port(p: &Process, port: RawTerm) {
    if wanted(PORTS) {
        tell(p.pid(), am::BUSY_PORT, |l| l.busy_port, |_| local(port));
    }
}

fn size_list<'b>(b: &Builder<'b>, p: &Process, ms: Option<u64>) -> Term<'b> {
    let h = &p.owner().heap;
    let sizes = [
        (am::OLD_HEAP_BLOCK_SIZE, h.old_size()),
        (am::HEAP_BLOCK_SIZE, h.size()),
        (am::MBUF_SIZE, h.fragment_words()),
        (am::STACK_SIZE, h.stack_size()),
        (am::OLD_HEAP_SIZE, h.old_used()),
        (am::HEAP_SIZE, h.used()),
    ];
    let time = ms.map(|ms| (am::TIMEOUT, ms));
    let all = time.into_iter().chain(sizes.map(|(name, n)| (name, n as u64)));
    b.list_from(all.map(|(name, n)| b.tuple(&[name.into(), b.uint(n)])))
}
