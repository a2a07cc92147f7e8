//! What happens tells of itself here: each thread's place in its ring, and the turn that it runs.
//!
//! Invariant: the clock is read once for a turn: a turn that follows another begins when that one ended. What happens in
//! a turn soon after its time was last read ([`SOON`] reductions) is given that time.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::format::{Function, Kind, Reason, Span};
use super::ring::{Ring, WORDS};
use super::{Note, What, generation, is_on, note};
use crate::atom::{Atom, am};
use crate::code::Mfa;
use crate::process::{Process, Table, table};
use crate::sched::{self, Dirty};
use crate::sync::whole;
use crate::sys::ticks;
use crate::term::{Kind as TermKind, RawTerm, Term, print};

/// Reductions during which a time that was read is still good.
const SOON: i64 = 16;
/// Events that a ring has room for: more than schedulers make in ten milliseconds.
const CAPACITY: usize = 1 << 16;

/// All rings there ever were; a ring's number is its place.
static RINGS: Mutex<Vec<&'static Ring>> = Mutex::new(Vec::new());
/// Those of threads that ended.
static FREE: Mutex<Vec<&'static Ring>> = Mutex::new(Vec::new());

/// The rings, in order of their numbers.
pub(super) fn rings() -> Vec<&'static Ring> {
    whole(RINGS.lock()).clone()
}

/// A thread's place.
pub(super) struct Track {
    ring: Cell<Option<&'static Ring>>,
    /// The recording that the ring has been told who its thread is for.
    generation: Cell<u32>,
    /// Number of the scheduler whose seat the thread has, and of the kind of dirty scheduler that it is.
    row: Cell<(u64, u64)>,
    /// The process whose turn it is, 0: none.
    pid: Cell<u64>,
    /// When the turn began.
    begin: Cell<u64>,
    /// When the last turn ended, if the next one follows at once, else 0.
    last: Cell<u64>,
    /// The newest time that was read in the turn, and the reductions that were left then.
    stamp: Cell<(u64, i64)>,
    /// Who is woken now is woken at that time.
    is_soon: Cell<bool>,
    /// Who was woken when the turn began, 0: nobody.
    woken: Cell<u64>,
    /// Reductions until a stack is looked at.
    pub(super) until_stack: Cell<i64>,
    /// State of the random numbers that say when.
    pub(super) random: Cell<u32>,
}

thread_local! {
    static TRACK: Track = const { Track {
        ring: Cell::new(None),
        generation: Cell::new(0),
        row: Cell::new((0, 0)),
        pid: Cell::new(0),
        begin: Cell::new(0),
        last: Cell::new(0),
        stamp: Cell::new((0, 0)),
        is_soon: Cell::new(false),
        woken: Cell::new(0),
        until_stack: Cell::new(0),
        random: Cell::new(0x9E37_79B9),
    } };
    /// Apart from [`TRACK`], so that an event need not ask whether the thread ends.
    static PASS_ON: PassOn = const { PassOn };
}

struct PassOn;

impl Drop for PassOn {
    fn drop(&mut self) {
        if let Some(r) = TRACK.with(|t| t.ring.take()) {
            whole(FREE.lock()).push(r);
        }
    }
}

pub(super) fn track<R>(f: impl FnOnce(&Track) -> R) -> R {
    TRACK.with(f)
}

impl Track {
    #[inline]
    fn put(&self, event: [u64; WORDS]) {
        match self.ring.get() {
            Some(r) if self.generation.get() == generation() => r.push(event),
            _ => self.begin_ring().push(event),
        }
    }
    /// The thread's ring, which is told whose it is.
    #[cold]
    #[inline(never)]
    fn begin_ring(&self) -> &'static Ring {
        let ring = self.ring.get().unwrap_or_else(|| {
            whole(FREE.lock()).pop().unwrap_or_else(|| {
                let r: &'static Ring = Box::leak(Box::new(Ring::new(CAPACITY)));
                whole(RINGS.lock()).push(r);
                r
            })
        });
        self.ring.set(Some(ring));
        // A thread that ends keeps the ring that it takes then.
        let _ = PASS_ON.try_with(|_| ());
        self.generation.set(generation());
        self.last.set(0);
        let (row, kind) = self.row.get();
        ring.push([Kind::Row.at(ticks::now()), row, kind, 0]);
        ring
    }
    /// The time, at most [`SOON`] reductions of the process whose turn it is ago.
    fn soon(&self, p: &Process) -> u64 {
        let left = p.owner().fcalls.get();
        let (at, then) = self.stamp.get();
        if self.pid.get() == p.pid().bits() && (0..=SOON).contains(&then.wrapping_sub(left)) {
            return at;
        }
        self.read(left)
    }
    fn read(&self, left: i64) -> u64 {
        let now = ticks::now();
        self.stamp.set((now, left));
        now
    }
    /// The turn goes on behind something that took its own time.
    fn go_on(&self, now: u64) {
        self.begin.set(now);
        self.stamp.set((now, i64::MIN));
        self.woken.set(0);
    }
}

fn put(event: [u64; WORDS]) {
    TRACK.with(|t| t.put(event));
}

fn now_and(f: impl FnOnce(u64) -> [u64; WORDS]) {
    put(f(ticks::now()));
}

fn span(ticks: u64, number: u64, small: u8) -> u64 {
    Span { ticks, number, small }.word()
}

pub(super) fn function(m: Mfa) -> Function {
    Function { module: m.module.index(), function: m.function.index(), arity: m.arity }
}

/// The begin of what takes its time, if it is recorded.
#[inline(always)]
pub(crate) fn begins(what: What) -> Option<u64> {
    if is_on(what) { Some(ticks::now()) } else { None }
}

/// A turn begins; `true` if [`turn_ends`] is to be called.
#[inline(always)]
pub(crate) fn turn_begins(p: &Process) -> bool {
    is_on(What::SCHEDULING) && begin_turn(p)
}

#[inline(never)]
fn begin_turn(p: &Process) -> bool {
    let known = generation();
    TRACK.with(|t| {
        let last = if t.generation.get() == known { t.last.get() } else { 0 };
        let now = if last != 0 { last } else { ticks::now() };
        t.go_on(now);
        t.stamp.set((now, p.owner().fcalls.get()));
        t.pid.set(p.pid().bits());
    });
    true
}

/// A turn has ended that was recorded; nobody else has seen so yet.
#[inline(never)]
pub(crate) fn turn_ends(pid: RawTerm, reductions: u64, reason: Reason) {
    TRACK.with(|t| {
        let now = ticks::now();
        let took = span(now.saturating_sub(t.begin.get()), reductions, reason as u8);
        t.put([Kind::Turn.at(now), pid.bits(), took, t.woken.get()]);
        t.last.set(now);
        t.pid.set(0);
    });
}

/// Something else comes before the next turn.
#[inline(always)]
pub(crate) fn pauses() {
    if is_on(What::SCHEDULING) {
        TRACK.with(|t| t.last.set(0));
    }
}

/// A process or port becomes runnable.
#[inline(always)]
pub(crate) fn woken(id: RawTerm) {
    if is_on(What::SCHEDULING) {
        record_woken(id);
    }
}

#[inline(never)]
fn record_woken(id: RawTerm) {
    TRACK.with(|t| {
        let (at, _) = t.stamp.get();
        let soon = t.is_soon.take();
        if soon && at == t.begin.get() && t.woken.get() == 0 {
            return t.woken.set(id.bits());
        }
        let at = if soon { at } else { ticks::now() };
        t.put([Kind::Woken.at(at), id.bits(), t.pid.get(), 0]);
    });
}

/// A message of `words` is about to be delivered; [`has_sent`] is to be called then.
#[inline(never)]
pub(crate) fn sends(p: &Process, to: RawTerm, words: usize) {
    TRACK.with(|t| {
        let at = t.soon(p);
        if is_on(What::MESSAGES) {
            t.put([Kind::Sent.at(at), to.bits(), p.pid().bits(), words as u64]);
        }
        t.is_soon.set(true);
    });
}

/// A message was copied by a dirty scheduler and is about to be delivered.
#[inline]
pub(crate) fn sent_large(p: &Process, to: RawTerm, words: usize) {
    if is_on(What::MESSAGES) {
        now_and(|at| [Kind::Sent.at(at), to.bits(), p.pid().bits(), words as u64]);
    }
}

/// See [`sends`].
pub(crate) fn has_sent() {
    TRACK.with(|t| t.is_soon.set(false));
}

/// A process has taken messages into its queue, of which so many wait now.
#[inline]
pub(crate) fn fetched(p: &Process, fetched: usize, waiting: usize) {
    if is_on(What::MESSAGES) {
        TRACK.with(|t| t.put([Kind::Fetched.at(t.soon(p)), p.pid().bits(), fetched as u64, waiting as u64]));
    }
}

/// The thread has the seat of this scheduler (from 1), or none (0); then it may be a dirty scheduler of a kind (from 1).
pub(crate) fn sits(scheduler: usize, kind: usize) {
    TRACK.with(|t| {
        t.row.set((scheduler as u64, kind as u64));
        if is_on(What::SCHEDULING) {
            t.put([Kind::Row.at(ticks::now()), scheduler as u64, kind as u64, 0]);
        }
    });
}

/// The thread is about to leave its seat for long work of the process whose turn it is.
pub(crate) fn goes_dirty() {
    if is_on(What::SCHEDULING) {
        TRACK.with(|t| {
            if t.pid.get() != 0 {
                let now = ticks::now();
                let took = span(now.saturating_sub(t.begin.get()), 0, Reason::Dirty as u8);
                t.put([Kind::Turn.at(now), t.pid.get(), took, t.woken.get()]);
                t.go_on(now);
            }
        });
    }
}

/// The long work begins.
pub(crate) fn dirty_begins(kind: Dirty) {
    sits(0, kind as usize + 1);
    if is_on(What::SCHEDULING) {
        TRACK.with(|t| t.go_on(ticks::now()));
    }
}

/// The long work, of this kind, has ended; the turn goes on.
pub(crate) fn dirty_ends(p: &Process, kind: Dirty) {
    if is_on(What::SCHEDULING) {
        TRACK.with(|t| {
            let now = ticks::now();
            // Work that began before the recording has no begin.
            if t.pid.get() == p.pid().bits() {
                t.put([Kind::Dirty.at(now), p.pid().bits(), span(now.saturating_sub(t.begin.get()), 0, kind as u8), 0]);
            }
            t.go_on(now);
        });
    }
}

/// A collection has ended that began at a time, with so many words in use before and after.
#[inline(never)]
pub(crate) fn collected(p: &Process, begin: u64, major: bool, before: usize, after: usize) {
    TRACK.with(|t| {
        let now = t.read(p.owner().fcalls.get());
        let took = span(now.saturating_sub(begin), 0, u8::from(major));
        let half = |words: usize| u64::from(u32::try_from(words).unwrap_or(u32::MAX));
        t.put([Kind::Collected.at(now), p.pid().bits(), took, half(before) << 32 | half(after)]);
    });
}

/// A process was made that does not run yet.
#[inline]
pub(crate) fn spawned(parent: &Process, child: RawTerm, mfa: Mfa, args: Term<'_>) {
    if is_on(What::SCHEDULING) {
        let f = function(spawned_fun(mfa, args).unwrap_or(mfa)).word();
        TRACK.with(|t| t.put([Kind::Spawned.at(t.soon(parent)), child.bits(), parent.pid().bits(), f]));
    }
}

/// The function behind `erlang:apply(Fun, Args)`.
fn spawned_fun(mfa: Mfa, args: Term<'_>) -> Option<Mfa> {
    if mfa.module != am::ERLANG || mfa.function != am::APPLY {
        return None;
    }
    match args.list_iter().next()?.kind() {
        TermKind::Fun(f) => Some(Mfa { module: f.entry.module, function: f.entry.function()?, arity: f.entry.arity }),
        _ => None,
    }
}

/// Tells of the processes that are there when a recording begins. Must be called by a thread that is no scheduler.
pub(super) fn describe_all() {
    sched::paused(|| {
        for pid in Table::get().pids() {
            table::with(pid, describe);
        }
    });
}

/// Tells of a process while the schedulers wait; of one that a thread runs all the same, only its name.
fn describe(p: &Process) {
    if let Some(name) = p.name() {
        note(Note::Event([Kind::Named.at(ticks::now()), p.pid().bits(), u64::from(name.index()) + 1, 0]));
    }
    let s = p.state().get();
    if s.running() || s.dirty() || s.exiting() {
        return;
    }
    let owner = p.owner();
    let parent = Some(owner.parent.get()).filter(|t| t.is_local_pid()).map_or(0, RawTerm::bits);
    let f = function(owner.initial_call.get()).word();
    note(Note::Event([Kind::Known.at(ticks::now()), p.pid().bits(), parent, f]));
    let dictionary = owner.dictionary.borrow();
    dictionary.pairs().for_each(|(k, v)| dictionary_pair(p, k, v));
}

/// Two pairs say what a process is: what `proc_lib` was asked to run, and its label.
#[inline(never)]
pub(super) fn dictionary_pair(p: &Process, key: Term<'_>, value: Term<'_>) {
    if key.is(am::DOLLAR_INITIAL_CALL) {
        let Some(&[m, f, a]) = value.as_tuple() else { return };
        let (Some(module), Some(function), Some(arity)) = (m.as_atom(), f.as_atom(), a.as_small()) else { return };
        let Ok(arity) = u8::try_from(arity) else { return };
        let word = self::function(Mfa { module, function, arity }).word();
        note(Note::Event([Kind::Known.at(ticks::now()), p.pid().bits(), 0, word]));
    } else if key.is(am::DOLLAR_PROCESS_LABEL) {
        note(Note::Label(p.pid(), label(value)));
    }
}

/// A label as people read it: text as it is, all else as a term.
fn label(t: Term<'_>) -> String {
    const LONGEST: usize = 100;
    let mut text = String::new();
    match t.kind() {
        TermKind::Atom(a) => text.push_str(a.name()),
        // Writing into a string does not fail.
        _ => print::write_term(&mut text, t, print::Limits { terms: LONGEST }).unwrap_or_default(),
    }
    text
}

/// A process or port has been given a name.
pub(crate) fn named(id: RawTerm, name: Atom) {
    if is_on(What::SCHEDULING) {
        now_and(|at| [Kind::Named.at(at), id.bits(), u64::from(name.index()) + 1, 0]);
    }
}

/// The scheduler has taken work of another (both from 0), and has so many entries in its queues now.
#[inline]
pub(crate) fn stolen(from: usize, entries: usize) {
    if is_on(What::SCHEDULING) {
        now_and(|at| [Kind::Stolen.at(at), from as u64 + 1, entries as u64, 0]);
    }
}

/// The scheduler looks after its queues.
#[inline]
pub(crate) fn queue(entries: usize) {
    if is_on(What::SCHEDULING) {
        now_and(|at| [Kind::Queue.at(at), entries as u64, 0, 0]);
    }
}

/// Something has ended that began at a time, if that was recorded.
#[inline]
pub(crate) fn ended(kind: Kind, begin: Option<u64>, about: u64, number: u64) {
    if let Some(begin) = begin {
        now_and(|at| [kind.at(at), about, span(at.saturating_sub(begin), number, 0), 0]);
    }
}

/// So many descriptors are ready.
#[inline]
pub(crate) fn polled(descriptors: usize) {
    if descriptors > 0 && is_on(What::IO) {
        now_and(|at| [Kind::Poll.at(at), descriptors as u64, 0, 0]);
    }
}

/// Waits for a lock that somebody has, and tells how long.
#[cold]
#[inline(never)]
pub(crate) fn wait_for<'m, T>(m: &'m Mutex<T>, place: &'static Location<'static>) -> MutexGuard<'m, T> {
    let Some(begin) = begins(What::LOCKS) else { return whole(m.lock()) };
    let guard = whole(m.lock());
    static PLACES: Mutex<Option<(u32, HashSet<u64>)>> = Mutex::new(None);
    let number = std::ptr::from_ref(place).addr() as u64;
    // Not our own `lock`, which would come here.
    let places = match PLACES.try_lock() {
        Ok(places) => Some(places),
        Err(TryLockError::Poisoned(e)) => Some(e.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
    let mut places = places.unwrap_or_else(|| PLACES.lock().unwrap_or_else(PoisonError::into_inner));
    let (of, known) = places.get_or_insert_default();
    if *of != generation() {
        (*of, *known) = (generation(), HashSet::new());
    }
    if known.insert(number) {
        note(Note::Place(number, format!("{}:{}", place.file(), place.line())));
    }
    drop(places);
    ended(Kind::Lock, Some(begin), number, 0);
    guard
}
