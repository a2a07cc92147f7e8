//! What happens tells of itself here: each thread's place in its ring, and the turn that it runs.
//!
//! Invariants: the clock is read at most once for a turn: a turn that follows another begins when that one ended, and
//! turns that are over within [`SOON`] reductions share one reading. What happens soon after the last reading, or after the
//! turn's begin, is given that time. What this file keeps of a ring's last reading and base is what its reader knows: it
//! changes only with what was pushed. The process whose turn it is is known from its begin to its end and at no other time. A
//! step of a message from process to process takes 160 ns: what is `inline(always)` here has been counted.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::format::{Function, Kind, Reason, Span, WORDS};
use super::ring;
use super::short::{self, BASE, SWITCH, Short};
use super::{Note, What, generation, is_on, note, on};
use crate::atom::{Atom, am};
use crate::code::Mfa;
use crate::process::{Process, Table, label, table};
use crate::sched::{self, Dirty};
use crate::sync::whole;
use crate::sys::ticks;
use crate::term::{Kind as TermKind, RawTerm, Term};

/// Reductions during which a time that was read is still good.
const SOON: i64 = 256;
/// Ticks, about a microsecond, that a collection may take so that what comes behind it is still at the begin of its turn.
const BRIEF: u64 = 4096;
/// Words of a block, and blocks that a ring has room for: more than schedulers make in ten milliseconds.
const BLOCK: usize = 1 << 8;
const BLOCKS: usize = 1 << 10;

type Ring = ring::Ring<BLOCKS, BLOCK>;

/// Words that a ring has room for.
pub(super) const CAPACITY: usize = Ring::CAPACITY;

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
    /// The recording that the ring has been told who its thread is for; 0: none, or it has lost something.
    generation: Cell<u32>,
    /// Number of the scheduler whose seat the thread has, and of the kind of dirty scheduler that it is.
    row: Cell<(u64, u64)>,
    /// The last reading of the clock that is in the ring.
    told: Cell<u64>,
    /// What the ring's narrow events refer to.
    base: Cell<u64>,
    /// As long as the process whose turn it is has so many reductions left, and up to [`SOON`] more, that reading is good.
    limit: Cell<i64>,
    /// The process whose turn it is, null: none.
    process: Cell<*const Process>,
    /// Who was woken when the turn began; the process itself: nobody so far, 0: nobody, and the clock was read since.
    woken: Cell<u64>,
    /// Between two turns: the recording ([`on`]) if the next turn follows the last one at once, else 0.
    follows: Cell<u32>,
    /// Reductions for which the last reading is still good, all of [`SOON`] if nothing has come since; without those of the
    /// turn under way.
    rest: Cell<i64>,
    /// When the long work of the turn began; 0: before the recording.
    begin: Cell<u64>,
    /// The length of the scheduler's queues that was told last.
    queue: Cell<usize>,
    /// Reductions until a stack is looked at.
    pub(super) until_stack: Cell<i64>,
    /// State of the random numbers that say when.
    pub(super) random: Cell<u32>,
}

/// A limit that nothing is soon for. Far from any number of reductions, and from an overflow.
const NEVER: i64 = i64::MAX / 4;

/// Whether a process that has so many reductions left above the limit is near the last reading.
#[inline(always)]
fn is_soon(reductions: i64) -> bool {
    reductions.cast_unsigned() <= SOON.cast_unsigned()
}

thread_local! {
    static TRACK: Track = const { Track {
        ring: Cell::new(None),
        generation: Cell::new(0),
        row: Cell::new((0, 0)),
        told: Cell::new(0),
        base: Cell::new(0),
        limit: Cell::new(NEVER),
        process: Cell::new(std::ptr::null()),
        woken: Cell::new(0),
        follows: Cell::new(0),
        rest: Cell::new(0),
        begin: Cell::new(0),
        queue: Cell::new(usize::MAX),
        until_stack: Cell::new(0),
        random: Cell::new(0x9E37_79B9),
    } };
    /// Apart from [`TRACK`], so that an event need not ask whether the thread ends.
    static PASS_ON: PassOn = const { PassOn };
}

struct PassOn;

impl Drop for PassOn {
    fn drop(&mut self) {
        if let Some(r) = track(|t| t.ring.take()) {
            whole(FREE.lock()).push(r);
        }
    }
}

#[inline(always)]
pub(super) fn track<R>(f: impl FnOnce(&Track) -> R) -> R {
    // Nothing but the address: `with` is called, not inlined, with what is larger, and by address at that.
    let t = TRACK.with(std::ptr::from_ref);
    // SAFETY: the thread's own; it needs no drop, so it is there until the thread has ended, and `f` keeps no reference.
    f(unsafe { &*t })
}

impl Track {
    /// The ring, if it knows whose it is.
    #[inline(always)]
    fn ring(&self) -> Option<&'static Ring> {
        match self.ring.get() {
            Some(r) if self.generation.get() == generation() => Some(r),
            _ => self.begin_ring(),
        }
    }
    /// Tells the ring whose it is; of the turn under way is recorded what comes. `None` if it has no room.
    #[cold]
    #[inline(never)]
    fn begin_ring(&self) -> Option<&'static Ring> {
        let ring = self.ring.get().unwrap_or_else(|| {
            whole(FREE.lock()).pop().unwrap_or_else(|| {
                let r: &'static Ring = Box::leak(Box::new(Ring::new()));
                whole(RINGS.lock()).push(r);
                r
            })
        });
        self.ring.set(Some(ring));
        // A thread that ends keeps the ring that it takes then.
        let _ = PASS_ON.try_with(|_| ());
        self.follows.set(0);
        self.begin.set(0);
        self.queue.set(usize::MAX);
        let (row, kind) = self.row.get();
        let now = ticks::now();
        if !ring.push([Kind::Row.at(now), row, kind, 0]) {
            return None;
        }
        self.told_row(now);
        self.generation.set(generation());
        Some(ring)
    }
    fn told_row(&self, now: u64) {
        self.base.set(BASE);
        self.is_told(now);
        self.limit.set(NEVER);
    }
    /// A reading of the clock is in the ring: who is woken in this turn is not woken at its begin any more.
    fn is_told(&self, now: u64) {
        self.told.set(now);
        self.rest.set(SOON);
        if self.process().is_none_or(|p| self.woken.get() == p.pid().bits()) {
            self.woken.set(0);
        }
    }
    /// The process whose turn it is.
    #[inline(always)]
    fn process(&self) -> Option<&Process> {
        // SAFETY: null but between `turn_begins` and `turn_ends`, which `Scheduler::turn` calls around a slice of a process
        // that it has a reference to all the while.
        unsafe { self.process.get().as_ref() }
    }
    /// What comes is for a ring that knows nothing.
    #[cold]
    #[inline(never)]
    fn lost(&self) {
        self.generation.set(0);
        self.follows.set(0);
    }
    /// A reading of the clock that is not in the ring yet.
    #[inline(always)]
    fn read(&self) -> u64 {
        ticks::now().max(self.told.get())
    }
    /// An event of four words, at a time that was read.
    fn put(&self, kind: Kind, at: u64, [a, b, c]: [u64; WORDS - 1]) {
        let Some(r) = self.ring() else { return };
        if !r.push([kind.at(at), a, b, c]) {
            return self.lost();
        }
        if at > self.told.get() {
            self.is_told(at);
        }
    }
    /// A reading as an event, with a limit for what is soon after it.
    #[inline(never)]
    fn tell(&self, kind: Kind, limit: i64) {
        let Some(r) = self.ring() else { return };
        let now = self.read();
        if !r.push([short::reading(kind, now.wrapping_sub(self.told.get()))]) {
            return self.lost();
        }
        self.is_told(now);
        self.limit.set(limit);
    }
    /// A short event, at the last reading.
    #[inline(always)]
    fn short(&self, s: Short) {
        if let Some(r) = self.ring() {
            self.short_into(r, s);
        }
    }
    #[inline(always)]
    fn short_into(&self, r: &'static Ring, s: Short) {
        match s.narrow(self.base.get()) {
            Some(word) => self.word(r, word),
            None => self.wide(s),
        }
    }
    #[inline(always)]
    fn word(&self, r: &'static Ring, word: u64) {
        if !r.push([word]) {
            self.lost();
        }
    }
    /// As [`Track::short`], of what does not fit into a word.
    #[cold]
    #[inline(never)]
    fn wide(&self, s: Short) {
        let Some(r) = self.ring() else { return };
        match s.wide() {
            Some(words) if r.push(words) => self.base.set(s.base()),
            Some(_) => self.lost(),
            None => self.whole(s),
        }
    }
    fn whole(&self, Short { kind, small, a, b }: Short) {
        let words = match kind {
            Kind::Turn => [a, span(0, small >> 2, small as u8 & 3), b],
            Kind::Woken if b == 0 => [a, 0, 0],
            Kind::Woken => [b, a, 0],
            Kind::Sent => [b, a, small],
            Kind::Fetched => [a, small & 0x7F, small >> 7],
            // Nothing else has a short form.
            _ => return,
        };
        self.put(kind, self.told.get(), words);
    }
    /// Reads the clock unless that was done soon before.
    #[inline(always)]
    fn soon(&self, p: &Process) {
        let left = p.owner().fcalls.get();
        if !std::ptr::eq(self.process.get(), p) || !is_soon(left - self.limit.get()) {
            self.tell(Kind::Read, left - SOON);
        }
    }
    /// A turn ends now, or goes on, or one begins.
    fn begin(&self) {
        self.tell(Kind::Begin, NEVER);
    }
    #[cold]
    #[inline(never)]
    fn begin_turn(&self) {
        self.begin();
        // Else the turn cannot be told either.
        if self.generation.get() == generation() {
            self.follows.set(on());
        }
    }
    #[inline(always)]
    fn turn_begins(&self, p: &Process, reductions: i64, on: u32) {
        if self.follows.get() != on {
            self.begin_turn();
        }
        self.limit.set(reductions - SOON);
        self.process.set(p);
        self.woken.set(p.pid().bits());
    }
    #[inline(always)]
    fn turn_ends(&self, pid: RawTerm, reductions: u64, reason: Reason) {
        self.process.set(std::ptr::null());
        let Some(ring) = self.ring.get() else { return };
        let small = reductions << 2 | reason as u64;
        match Short::turn(self.base.get(), pid.bits(), self.woken.get(), small) {
            Some(word) => self.word(ring, word),
            None => self.turn(ring, pid, small),
        }
        self.rest.set(self.rest.get() - (reductions + SWITCH) as i64);
        if self.rest.get() < 0 {
            self.begin();
        }
    }
    /// The event of a turn, or of a part of it.
    #[inline(never)]
    fn turn(&self, ring: &'static Ring, pid: RawTerm, small: u64) {
        let b = Some(self.woken.get()).filter(|woken| *woken != pid.bits()).unwrap_or(0);
        self.short_into(ring, Short { kind: Kind::Turn, small, a: pid.bits(), b });
    }
    fn pauses(&self) {
        if self.follows.replace(0) != 0 && self.rest.get() != SOON {
            self.begin();
        }
    }
    #[inline(always)]
    fn wakes(&self, id: RawTerm) {
        match self.process() {
            Some(p) if self.woken.get() == p.pid().bits() && is_soon(self.left(p)) => self.woken.set(id.bits()),
            by => self.wakes_later(id, by),
        }
    }
    /// The reductions that a process has left above the limit.
    #[inline(always)]
    fn left(&self, p: &Process) -> i64 {
        p.owner().fcalls.get() - self.limit.get()
    }
    #[inline(never)]
    fn wakes_later(&self, id: RawTerm, by: Option<&Process>) {
        // In long work the reductions are not this thread's alone.
        let limited = by.filter(|_| self.limit.get() != NEVER);
        if !limited.is_some_and(|p| is_soon(self.left(p))) {
            self.tell(Kind::Read, limited.map_or(NEVER, |p| p.owner().fcalls.get() - SOON));
        }
        let (a, b) = by.map_or((id, 0), |p| (p.pid(), id.bits()));
        self.short(Short { kind: Kind::Woken, small: 0, a: a.bits(), b });
    }
    #[inline(never)]
    fn sent(&self, p: &Process, to: RawTerm, words: usize) {
        self.soon(p);
        self.short(Short { kind: Kind::Sent, small: words as u64, a: p.pid().bits(), b: to.bits() });
    }
    #[inline(never)]
    fn fetches(&self, p: &Process, fetched: usize, waiting: usize) {
        self.soon(p);
        match fetched {
            0..128 => {
                let small = (waiting << 7 | fetched) as u64;
                self.short(Short { kind: Kind::Fetched, small, a: p.pid().bits(), b: 0 });
            }
            _ => self.put(Kind::Fetched, self.told.get(), [p.pid().bits(), fetched as u64, waiting as u64]),
        }
    }
    #[inline(never)]
    fn collected(&self, p: &Process, begin: u64, major: bool, before: usize, after: usize) {
        let Some(r) = self.ring() else { return };
        let now = self.read();
        let ticks = now.saturating_sub(begin);
        let half = |words: usize| words.min(u32::MAX as usize) as u64;
        let sizes = half(before) << 32 | half(after);
        if !r.push([Kind::Collected.at(now), p.pid().bits(), span(ticks, 0, u8::from(major)), sizes]) {
            return self.lost();
        }
        let woken = self.woken.get();
        self.is_told(now);
        if ticks < BRIEF {
            self.woken.set(woken);
        }
        self.limit.set(p.owner().fcalls.get() - SOON);
    }
    /// The turn goes on behind something that took its own time.
    fn go_on(&self) {
        self.begin();
        self.begin.set(self.told.get());
        self.woken.set(0);
    }
}

fn put(kind: Kind, at: u64, words: [u64; WORDS - 1]) {
    track(|t| t.put(kind, at, words));
}

fn put_now(kind: Kind, words: [u64; WORDS - 1]) {
    put(kind, ticks::now(), words);
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

/// A process's turn begins, with so many reductions; `true` if [`turn_ends`] is to be called.
#[inline(always)]
pub(crate) fn turn_begins(p: &Process, reductions: i64) -> bool {
    let on = on();
    let recorded = What(on).any(What::SCHEDULING);
    if recorded {
        track(|t| t.turn_begins(p, reductions, on));
    }
    recorded
}

/// A turn has ended that was recorded, after so many reductions; nobody else has seen so yet.
#[inline(always)]
pub(crate) fn turn_ends(pid: RawTerm, reductions: u64, reason: Reason) {
    track(|t| t.turn_ends(pid, reductions, reason));
}

/// Something else comes before the next turn.
#[inline(always)]
pub(crate) fn pauses() {
    if is_on(What::SCHEDULING) {
        track(Track::pauses);
    }
}

/// A process or port becomes runnable.
#[inline(always)]
pub(crate) fn woken(id: RawTerm) {
    if is_on(What::SCHEDULING) {
        track(|t| t.wakes(id));
    }
}

/// A message of `words` is about to be delivered.
#[inline(always)]
pub(crate) fn sent(p: &Process, to: RawTerm, words: usize) {
    if is_on(What::MESSAGES) {
        track(|t| t.sent(p, to, words));
    }
}

/// A message was copied by a dirty scheduler and is about to be delivered.
#[inline]
pub(crate) fn sent_large(p: &Process, to: RawTerm, words: usize) {
    if is_on(What::MESSAGES) {
        put_now(Kind::Sent, [to.bits(), p.pid().bits(), words as u64]);
    }
}

/// A process has taken messages into its queue, of which so many wait now.
#[inline(always)]
pub(crate) fn fetched(p: &Process, fetched: usize, waiting: usize) {
    if is_on(What::MESSAGES) {
        track(|t| t.fetches(p, fetched, waiting));
    }
}

/// The thread has the seat of this scheduler (from 1), or none (0); then it may be a dirty scheduler of a kind (from 1).
pub(crate) fn sits(scheduler: usize, kind: usize) {
    track(|t| {
        t.row.set((scheduler as u64, kind as u64));
        if is_on(What::SCHEDULING)
            && let Some(r) = t.ring()
        {
            let now = t.read();
            if !r.push([Kind::Row.at(now), scheduler as u64, kind as u64, 0]) {
                return t.lost();
            }
            t.told_row(now);
        }
    });
}

/// The thread is about to leave its seat for long work of the process whose turn it is.
pub(crate) fn goes_dirty() {
    if is_on(What::SCHEDULING) {
        track(|t| {
            if let (Some(p), Some(r)) = (t.process(), t.ring()) {
                t.turn(r, p.pid(), Reason::Dirty as u64);
                t.go_on();
            }
        });
    }
}

/// The long work begins.
pub(crate) fn dirty_begins(kind: Dirty) {
    sits(0, kind as usize + 1);
    if is_on(What::SCHEDULING) {
        track(Track::go_on);
    }
}

/// The long work, of this kind, has ended; the turn goes on.
pub(crate) fn dirty_ends(p: &Process, kind: Dirty) {
    if is_on(What::SCHEDULING) {
        track(|t| {
            let now = t.read();
            let begin = t.begin.replace(0);
            if begin != 0 && std::ptr::eq(t.process.get(), p) {
                t.put(Kind::Dirty, now, [p.pid().bits(), span(now.saturating_sub(begin), 0, kind as u8), 0]);
            }
            t.go_on();
        });
    }
}

/// A collection has ended that began at a time, with so many words in use before and after.
#[inline]
pub(crate) fn collected(p: &Process, begin: u64, major: bool, before: usize, after: usize) {
    track(|t| t.collected(p, begin, major, before, after));
}

/// A process was made that does not run yet.
#[inline]
pub(crate) fn spawned(parent: &Process, child: RawTerm, mfa: Mfa, args: Term<'_>) {
    if is_on(What::SCHEDULING) {
        let f = function(spawned_fun(mfa, args).unwrap_or(mfa)).word();
        track(|t| {
            t.soon(parent);
            t.put(Kind::Spawned, t.told.get(), [child.bits(), parent.pid().bits(), f]);
        });
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
        let Some(call) = label::call(value) else { return };
        let word = function(call).word();
        note(Note::Event([Kind::Known.at(ticks::now()), p.pid().bits(), 0, word]));
    } else if key.is(am::DOLLAR_PROCESS_LABEL) {
        note(Note::Label(p.pid(), label::text(value)));
    }
}

/// A process or port has been given a name.
pub(crate) fn named(id: RawTerm, name: Atom) {
    if is_on(What::SCHEDULING) {
        put_now(Kind::Named, [id.bits(), u64::from(name.index()) + 1, 0]);
    }
}

/// The scheduler has taken work of another (both from 0), and has so many entries in its queues now.
#[inline]
pub(crate) fn stolen(from: usize, entries: usize) {
    if is_on(What::SCHEDULING) {
        put_now(Kind::Stolen, [from as u64 + 1, entries as u64, 0]);
    }
}

/// The scheduler has so many entries in its queues; if there are any, a turn comes next.
#[inline]
pub(crate) fn queue(entries: usize) {
    if is_on(What::SCHEDULING) {
        track(|t| {
            if t.queue.replace(entries) != entries {
                t.put(Kind::Queue, t.read(), [entries as u64, 0, 0]);
                t.follows.set(if entries > 0 && t.generation.get() == generation() { on() } else { 0 });
            }
        });
    }
}

/// Something has ended that began at a time, if that was recorded.
#[inline]
pub(crate) fn ended(kind: Kind, begin: Option<u64>, about: u64, number: u64) {
    if let Some(begin) = begin {
        let now = ticks::now();
        put(kind, now, [about, span(now.saturating_sub(begin), number, 0), 0]);
    }
}

/// So many descriptors are ready.
#[inline]
pub(crate) fn polled(descriptors: usize) {
    if descriptors > 0 && is_on(What::IO) {
        put_now(Kind::Poll, [descriptors as u64, 0, 0]);
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
