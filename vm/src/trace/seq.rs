//! Sequential tracing: a token that goes from process to process with messages, and whom it tells of them.
//!
//! A process's state is a tuple `{Flags, Label, Serial, Sender, LastCount, Clock, Received}`: the token's five elements and
//! its two counters, which stay when it has no token. Invariants: the process's word says whether it has one
//! ([`Flags::TOKEN`]); a message with a token keeps it as its signal until it is received.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::report::{local, stamp};
use super::{Flags, session, tracee};
use crate::atom::{Atom, am};
use crate::ctx::Ctx;
use crate::heap::message::Message;
use crate::heap::{Builder, Detached};
use crate::process::{Process, Table};
use crate::signal::{self, Signal};
use crate::term::{RawTerm, Term};

const SEND: i64 = 1;
const RECEIVE: i64 = 2;
const PRINT: i64 = 4;
/// Flags of a token, with the ways in which time is shown.
const FLAGS: [(Atom, i64); 6] = [
    (am::SEND, SEND),
    (am::RECEIVE, RECEIVE),
    (am::PRINT, PRINT),
    (am::TIMESTAMP, 8),
    (am::STRICT_MONOTONIC_TIMESTAMP, 16),
    (am::MONOTONIC_TIMESTAMP, 32),
];
const STAMPS: [(i64, Flags); 3] = [(8, Flags::TIMESTAMP), (16, Flags::STRICT_MONOTONIC), (32, Flags::MONOTONIC)];

/// Who is told, as a pid's word; 0: nobody.
static TRACER: AtomicU64 = AtomicU64::new(0);

/// Who is told of what tokens meet.
pub fn tracer() -> Option<RawTerm> {
    let t = TRACER.load(Ordering::Acquire);
    Some(RawTerm::from_bits(t)).filter(|_| t != 0).filter(|t| tracee::is_alive(*t))
}

/// Who is told of what a process does; not that process itself.
fn told_of(by: RawTerm) -> Option<RawTerm> {
    tracer().filter(|t| *t != by)
}

/// Sets who is told; who was before.
pub fn set_tracer(to: Option<RawTerm>) -> Option<RawTerm> {
    let old = tracer();
    TRACER.store(to.map_or(0, RawTerm::bits), Ordering::Release);
    old
}

/// Whether a process has been given a token since all were taken away.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// A process's token and counters.
#[derive(Clone, Copy)]
struct State<'s> {
    flags: i64,
    label: Term<'s>,
    serial: i64,
    sender: RawTerm,
    last: i64,
    /// Serial of the process's last event.
    clock: i64,
    /// Serial of the last message it received.
    received: i64,
}

impl<'s> State<'s> {
    fn of(p: &Process) -> State<'s> {
        let zero =
            State { flags: 0, label: Term::small(0), serial: 0, sender: p.pid(), last: 0, clock: 0, received: 0 };
        let Some(&[flags, label, serial, sender, last, clock, received]) =
            Term::from_raw(p.owner().seq_token.get()).as_tuple()
        else {
            return zero;
        };
        let n = |t: Term<'_>| t.as_small().unwrap_or(0);
        let (clock, received) = (n(clock), n(received));
        if !has_token(p) {
            return State { last: received, clock, received, ..zero };
        }
        State { flags: n(flags), label, serial: n(serial), sender: sender.raw(), last: n(last), clock, received }
    }
    fn store(&self, ctx: &Ctx<'s>, present: bool) {
        if present {
            note_use();
        }
        let all = ctx.tuple(&self.words(self.label));
        ctx.owner().seq_token.set(all.raw());
        ctx.process().note_trace(Flags::TOKEN, present);
    }
    fn words<'b>(&self, label: Term<'b>) -> [Term<'b>; 7] {
        let number = |n: i64| Term::from_raw(RawTerm::small(n));
        let [flags, serial, last] = [self.flags, self.serial, self.last].map(number);
        [flags, label, serial, local(self.sender), last, number(self.clock), number(self.received)]
    }
    fn token<'b>(&self, b: &Builder<'b>) -> Term<'b> {
        b.tuple(&[b.int(self.flags), b.copy(self.label), b.int(self.serial), local(self.sender), b.int(self.last)])
    }
    /// The next event of the process itself.
    fn advance(&mut self, p: &Process) {
        if TRACER.load(Ordering::Acquire) != 0 && told_of(p.pid()).is_none() {
            return;
        }
        self.clock += 1;
        (self.sender, self.serial, self.last) = (p.pid(), self.clock, self.received);
    }
    /// What comes with a message that is received.
    fn take_over(&mut self, serial: i64) {
        self.received = serial;
        self.clock = self.clock.max(serial);
    }
    /// Tells the system's tracer what a process does that this thread runs, if the token's flags want it.
    fn tell(&self, p: &Process, kind: i64, receiver: Term<'_>, message: Term<'_>) {
        let told = self.flags & kind != 0 && !p.owner().flags.sensitive.get();
        let Some(to) = told_of(p.pid()).filter(|_| told) else { return };
        let tag = FLAGS.iter().find(|(_, f)| *f == kind).map_or(am::PRINT, |(name, _)| *name);
        let stamps = STAMPS.iter().filter(|(f, _)| self.flags & f != 0).fold(Flags::NONE, |all, (_, f)| all.and(*f));
        let m = Message::build(|b| {
            let counts = b.tuple(&[b.int(self.last), b.int(self.serial)]);
            let event = b.tuple(&[tag.into(), counts, local(self.sender), b.copy(receiver), b.copy(message)]);
            let mut all = vec![am::SEQ_TRACE.into(), b.copy(self.label), event];
            all.extend(stamp(b, stamps));
            b.tuple(&all)
        });
        signal::to_pid(to, m);
    }
}

/// Whether a process has a token.
#[inline(always)]
pub(crate) fn has_token(p: &Process) -> bool {
    p.trace_flags().any(Flags::TOKEN)
}

/// The token as programs see it, `[]` if there is none.
pub fn token<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    if has_token(ctx.process()) { State::of(ctx.process()).token(ctx) } else { Term::NIL }
}

/// As [`token`], of a process that this thread runs, for somebody else.
pub(crate) fn token_for<'b>(b: &Builder<'b>, p: &Process) -> Term<'b> {
    let all = Term::from_raw(p.owner().seq_token.get()).as_tuple().filter(|_| has_token(p));
    all.map_or(Term::NIL, |all| b.tuple_with(5, |i| b.copy(all[i])))
}

/// Sets an item of the token, which is made if there is none; the item's value before. `None`: a bad item or value.
pub fn set<'s>(ctx: &Ctx<'s>, item: Term<'s>, value: Term<'s>) -> Option<Term<'s>> {
    let item = item.as_atom()?;
    let mut s = State::of(ctx.process());
    let old = match (FLAGS.iter().find(|(name, _)| *name == item), item) {
        (Some((_, f)), _) => {
            let on = value.as_bool()?;
            let old = Term::bool(s.flags & f != 0);
            s.flags = if on { s.flags | f } else { s.flags & !f };
            old
        }
        (None, am::LABEL) => std::mem::replace(&mut s.label, value),
        (None, am::SERIAL) => {
            let [last, serial] = value.as_tuple_of::<2>()?;
            let (last, serial) = (last.as_small()?, serial.as_small()?);
            let old = ctx.tuple(&[ctx.int(s.last), ctx.int(s.serial)]);
            (s.last, s.serial, s.clock, s.received) = (last, serial, serial, last);
            old
        }
        (None, am::SEQUENTIAL_TRACE_TOKEN) if value.is_nil() => {
            let old = token(ctx);
            s.store(ctx, false);
            return Some(old);
        }
        _ => return None,
    };
    s.store(ctx, true);
    Some(old)
}

/// `{Item, Value}` of the token; `None` if there is no such item.
pub fn info<'s>(ctx: &Ctx<'s>, item: Term<'s>) -> Option<Term<'s>> {
    let name = item.as_atom()?;
    let present = has_token(ctx.process());
    let s = State::of(ctx.process());
    let value = match (FLAGS.iter().find(|(n, _)| *n == name), name) {
        (Some((_, f)), _) => Term::bool(present && s.flags & f != 0),
        (None, am::SPAWN) if !present => Term::FALSE,
        (None, am::LABEL | am::SERIAL) if !present => return Some(Term::NIL),
        (None, am::LABEL) => s.label,
        (None, am::SERIAL) => ctx.tuple(&[ctx.int(s.last), ctx.int(s.serial)]),
        _ => return None,
    };
    Some(ctx.tuple(&[item, value]))
}

/// Has the system's tracer told of a term, if there is a token, with that label if one is given.
pub fn print<'s>(ctx: &Ctx<'s>, label: Option<Term<'s>>, what: Term<'s>) -> bool {
    if !has_token(ctx.process()) {
        return false;
    }
    let mut s = State::of(ctx.process());
    if label.is_some_and(|l| !crate::term::cmp::eq_exact(l, s.label)) {
        return false;
    }
    s.advance(ctx.process());
    s.store(ctx, true);
    s.tell(ctx.process(), PRINT, Term::NIL, what);
    true
}

/// A message is sent by a process with a token: the token that goes with it.
#[cold]
pub(crate) fn sent(ctx: &Ctx<'_>, to: Term<'_>, message: Term<'_>) -> Detached {
    let mut s = State::of(ctx.process());
    s.advance(ctx.process());
    s.store(ctx, true);
    s.tell(ctx.process(), SEND, to, message);
    Detached::build(|b| s.token(b))
}

/// A message is taken out of the queue, with or without a token: it becomes the process's.
#[cold]
pub(crate) fn received(ctx: &Ctx<'_>, token: Option<&Detached>, message: Term<'_>) {
    let mut s = State::of(ctx.process());
    let Some(token) = token else { return s.store(ctx, false) };
    let copy = token.with(|t| ctx.copy(t));
    let Some(&[flags, label, serial, sender, last]) = copy.as_tuple() else { return };
    let n = |t: Term<'_>| t.as_small().unwrap_or(0);
    (s.flags, s.label, s.serial, s.sender, s.last) = (n(flags), label, n(serial), sender.raw(), n(last));
    s.take_over(s.serial);
    s.store(ctx, true);
    s.tell(ctx.process(), RECEIVE, ctx.self_pid(), message);
}

/// A process with a token ends, and what is linked to it is sent a signal: the token that goes with that.
#[cold]
pub(crate) fn exits(p: &Process, to: RawTerm, reason: Term<'_>) -> Detached {
    let mut s = State::of(p);
    s.advance(p);
    let all = Detached::build(|b| {
        let message = b.tuple(&[am::EXIT_UP.into(), local(p.pid()), b.copy(reason)]);
        s.tell(p, SEND, local(to), message);
        b.tuple(&s.words(b.copy(s.label)))
    });
    let token = Detached::build(|b| s.token(b));
    p.owner().seq_token.set(p.owner().heap.arena.adopt(all));
    token
}

/// A process with a token has made another: the child's state, and the token of the child's answer, which comes as a
/// message if `is_message`. The request to make it counts as a message, and so does the answer.
#[cold]
pub(crate) fn spawned<'s>(
    ctx: &Ctx<'s>,
    child: RawTerm,
    request: Term<'s>,
    reply: Term<'s>,
    is_message: bool,
) -> (Detached, Detached) {
    let me = ctx.process();
    let mut s = State::of(me);
    s.advance(me);
    s.tell(me, SEND, local(child), request);
    s.tell(me, RECEIVE, local(child), request);
    let (first, second) = (s.serial, s.serial + 1);
    let mut answer = State { serial: second, sender: child, last: first, ..s };
    answer.tell(me, SEND, local(me.pid()), reply);
    if is_message {
        s.store(ctx, true);
    } else {
        answer.take_over(second);
        answer.store(ctx, true);
        answer.tell(me, RECEIVE, local(me.pid()), reply);
    }
    let its = State { clock: second, received: first, ..answer };
    (Detached::build(|b| b.tuple(&its.words(b.copy(its.label)))), Detached::build(|b| its.token(b)))
}

/// Whether tokens are in use, so that messages have to show whether somebody sent them.
pub(crate) fn in_use() -> bool {
    // Relaxed: who begins to use them does not wait for messages under way.
    IN_USE.load(Ordering::Relaxed)
}

fn note_use() {
    if !in_use() {
        IN_USE.store(true, Ordering::Relaxed);
        session::note_settings();
    }
}

/// Takes the tokens of all processes and of the messages in their queues.
pub fn reset_all() {
    IN_USE.store(false, Ordering::Relaxed);
    session::note_settings();
    for pid in Table::get().pids() {
        signal::signal(pid, Signal::ForgetToken);
    }
}

/// The process loses its token and counters, and its queued messages theirs.
pub(crate) fn forget(p: &Process) {
    p.owner().seq_token.set(RawTerm::NIL);
    p.note_trace(Flags::TOKEN, false);
    p.owner().mailbox.queue.drop_signals();
}
