//! Trace messages: `{trace, Tracee, Tag ...}`, with what the flags add.
//!
//! Invariant: a message is complete before it is sent, and is sent by the thread on which the event happens; so the
//! events of one tracee arrive in their order.

use super::tracee::{self, Tracee};
use super::{Flags, session};
use crate::atom::am;
use crate::etf;
use crate::heap::message::Message;
use crate::heap::{Builder, Detached};
use crate::port;
use crate::process::{table, unique};
use crate::signal;
use crate::term::{RawTerm, SMALL_MIN, Term};
use crate::timer::clock;

/// The elements of a trace message behind tracee and before time.
pub(super) type Elements<'b> = Vec<Term<'b>>;

/// Tells a watcher. A tracer that traces itself is not told.
pub(super) fn report(to: &Tracee, id: RawTerm, elements: impl for<'b> FnOnce(&Builder<'b>, &mut Elements<'b>)) {
    let Some(tracer) = to.tracer else { return };
    if !send(tracer, to.flags, id, elements) {
        tracee::tracer_gone(id, to.session);
    }
}

/// Sends one trace message; `false` if the tracer is gone.
pub(super) fn send(
    tracer: RawTerm,
    flags: Flags,
    id: RawTerm,
    elements: impl for<'b> FnOnce(&Builder<'b>, &mut Elements<'b>),
) -> bool {
    if tracer == id {
        return true;
    }
    let message = Detached::build(|b| message(b, flags, id, elements));
    if tracer.is_local_port() {
        return write(tracer, id, &message);
    }
    table::with(tracer, |p| signal::deliver(p, Message::detached(message)).is_ok()) == Some(true)
}

fn message<'b>(
    b: &Builder<'b>,
    flags: Flags,
    id: RawTerm,
    elements: impl FnOnce(&Builder<'b>, &mut Elements<'b>),
) -> Term<'b> {
    let tag = if flags.any(Flags::STAMPS) { am::TRACE_TS } else { am::TRACE };
    let mut all = vec![Term::atom(tag), local(id)];
    elements(b, &mut all);
    if flags.any(Flags::SCHEDULER_ID) {
        all.push(b.uint(crate::sched::current_id() as u64 + 1));
    }
    all.extend(stamp(b, flags));
    b.tuple(&all)
}

/// A port that is a tracer gets the message in the external format; `false` if it is closed.
fn write(tracer: RawTerm, id: RawTerm, message: &Detached) -> bool {
    let data = message.with(|t| etf::encode(t, &etf::Options::default()));
    let there = tracee::is_alive(tracer);
    if there {
        port::send(tracer, id, port::Op::Command { owner: None, data: data.into() });
    }
    there
}

/// A local pid or port as a term.
pub(super) fn local<'b>(id: RawTerm) -> Term<'b> {
    Term::immediate(id).unwrap_or(Term::NIL)
}

/// The time as the flags want it shown.
pub(super) fn stamp<'b>(b: &Builder<'b>, flags: Flags) -> Option<Term<'b>> {
    Some(if flags.any(Flags::TIMESTAMP) {
        let us = if session::cpu_time() { crate::sys::usage::user_ms() * 1000 } else { clock::now_us() };
        let s = us.div_euclid(1_000_000);
        b.tuple(&[b.int(s.div_euclid(1_000_000)), b.int(s.rem_euclid(1_000_000)), b.int(us.rem_euclid(1_000_000))])
    } else if flags.any(Flags::STRICT_MONOTONIC) {
        let n = i128::from(unique::monotonic()) + i128::from(SMALL_MIN);
        b.tuple(&[b.int(clock::monotonic_ns()), b.int128(n)])
    } else if flags.any(Flags::MONOTONIC) {
        b.int(clock::monotonic_ns())
    } else {
        return None;
    })
}
