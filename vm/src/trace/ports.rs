//! Events of ports: being opened and closed, links, turns, and messages both ways.
//!
//! Invariant: whoever has an event looks at the port's word first and comes here only if somebody watches for it, on the
//! thread that runs the port. A port is watched until it has left the table.

use super::report::{local, report};
use super::tracee::{self, watchers};
use super::{Flags, session};
use crate::atom::{Atom, am};
use crate::heap::message::Message;
use crate::heap::{Builder, Detached};
use crate::port::{Op, Port};
use crate::process::table;
use crate::term::{RawTerm, Term};

/// A port was opened by `owner`, which is linked to it: it gets the flags that new ports are to have.
pub(crate) fn opened(port: &Port, owner: RawTerm, name: &str) {
    let id = port.id();
    for (session, fresh) in session::fresh_ports() {
        // A port that is gone by now is traced by nobody.
        let _ = tracee::change(id, session, fresh.tracer, fresh.flags, Flags::NONE);
    }
    for to in watchers(id, Flags::PORTS) {
        report(&to, id, |b, all| {
            let name = b.atom(name).unwrap_or(Term::NIL);
            all.extend([am::OPEN.into(), local(owner), name]);
        });
    }
    Turn::begin(port, RawTerm::atom(am::OPEN)).end();
    link(port, am::GETTING_LINKED, owner);
}

fn tell(id: RawTerm, flag: Flags, elements: impl for<'b> Fn(&Builder<'b>) -> Vec<Term<'b>>) {
    for to in watchers(id, flag) {
        report(&to, id, |b, all| all.extend(elements(b)));
    }
}

/// Somebody is linked to a port, or not any more.
#[inline]
pub(crate) fn link(p: &Port, tag: Atom, other: RawTerm) {
    if p.trace_flags().any(Flags::PORTS) {
        tell(p.id(), Flags::PORTS, |_| vec![tag.into(), local(other)]);
    }
}

/// A port is closed; it may have output to write.
#[cold]
pub(crate) fn closed(p: &Port, reason: &Detached) {
    tell(p.id(), Flags::PORTS, |b| vec![am::CLOSED.into(), reason.with(|r| b.copy(r))]);
}

/// A port has left the table; its owner is told so if it has asked for that.
#[cold]
pub(crate) fn gone(p: &Port, owner: Option<RawTerm>) {
    if let Some(owner) = owner {
        tell(p.id(), Flags::SEND, |_| vec![am::SEND.into(), am::CLOSED.into(), local(owner)]);
    }
    tracee::forget(p.id());
}

/// A port sends a message.
#[cold]
pub(crate) fn sends(id: RawTerm, to: RawTerm, message: &Message) {
    let there = table::with(to, |p| p.state().get().exiting()) == Some(false);
    let tag = if there { am::SEND } else { am::SEND_TO_NON_EXISTING_PROCESS };
    message.with_term(|m| tell(id, Flags::SEND, |b| vec![tag.into(), b.copy(m), local(to)]));
}

/// A port gets something from a process.
fn got(p: &Port, from: RawTerm, what: impl for<'b> Fn(&Builder<'b>) -> Term<'b>) {
    tell(p.id(), Flags::RECEIVE, |b| vec![am::RECEIVE.into(), b.tuple(&[local(from), what(b)])]);
}

/// Somebody closes a port, or an exit signal does.
pub(crate) fn got_close(p: &Port, from: RawTerm) {
    if p.trace_flags().any(Flags::RECEIVE) {
        got(p, from, |_| am::CLOSE.into());
    }
}

/// What a port is asked is about to be done. `vectored`: its driver takes output in pieces.
#[cold]
pub(crate) fn asked(p: &Port, from: RawTerm, op: &Op, vectored: bool) {
    match op {
        Op::Timeout(_) => tell(p.id(), Flags::RECEIVE, |_| vec![am::RECEIVE.into(), am::TIMEOUT.into()]),
        Op::Command { data, .. } => got(p, from, |b| {
            let pieces: Vec<_> = data.slices().map(|s| b.binary(s)).collect();
            let data = match *pieces {
                _ if vectored => b.list(&pieces),
                [one] => one,
                _ => b.binary(&data.slices().collect::<Vec<_>>().concat()),
            };
            b.tuple(&[am::COMMAND.into(), data])
        }),
        Op::Connect { to, .. } => got(p, from, |b| b.tuple(&[am::CONNECT.into(), local(*to)])),
        Op::Control(number, data) => got(p, from, |b| {
            let command = b.tuple(&[b.uint((*number).into()), b.binary(data)]);
            b.tuple(&[am::CONTROL.into(), command])
        }),
        _ => {}
    }
}

/// A port answers a call of `port_control`.
#[cold]
pub(crate) fn controlled(p: &Port, caller: RawTerm, answer: &[u8]) {
    tell(p.id(), Flags::SEND, |b| {
        let data = b.tuple(&[am::CONTROL.into(), b.binary(answer)]);
        vec![am::SEND.into(), b.tuple(&[local(p.id()), data]), local(caller)]
    });
}

/// What `in` and `out` name in a turn of the port's own.
pub(crate) const OWN: RawTerm = RawTerm::small(0);

/// What `in` and `out` name when a port does what it is asked as soon as that is asked.
pub(crate) fn name_of(op: &Op) -> RawTerm {
    match op {
        Op::Command { .. } | Op::BadOutput { .. } | Op::BadMessage => RawTerm::atom(am::COMMAND),
        Op::Close { .. } => RawTerm::atom(am::CLOSE),
        Op::Connect { .. } => RawTerm::atom(am::CONNECT),
        Op::Control(..) => RawTerm::atom(am::CONTROL),
        Op::Call(..) => RawTerm::atom(am::CALL),
        Op::Info(_) => RawTerm::atom(am::INFO),
        Op::Ready(_) | Op::Notice(_) | Op::Timeout(_) => OWN,
    }
}

/// A port's turn as `in` and `out` show it: one pair for all that has the same name.
pub(crate) struct Turn<'p> {
    port: &'p Port,
    what: Option<RawTerm>,
}

impl<'p> Turn<'p> {
    /// None yet.
    pub(crate) fn of(port: &'p Port) -> Turn<'p> {
        Turn { port, what: None }
    }
    /// Begins with `what`.
    pub(crate) fn begin(port: &'p Port, what: RawTerm) -> Turn<'p> {
        let mut t = Turn::of(port);
        t.comes_to(what);
        t
    }
    /// The port comes to do something.
    #[inline]
    pub(crate) fn comes_to(&mut self, what: RawTerm) {
        if self.port.trace_flags().any(Flags::RUNNING_PORTS) && self.what != Some(what) {
            self.show(what);
        }
    }
    #[cold]
    fn show(&mut self, what: RawTerm) {
        self.leave();
        tell(self.port.id(), Flags::RUNNING_PORTS, |_| vec![am::IN.into(), local(what)]);
        self.what = Some(what);
    }
    fn leave(&mut self) {
        if let Some(what) = self.what.take() {
            tell(self.port.id(), Flags::RUNNING_PORTS, |_| vec![am::OUT.into(), local(what)]);
        }
    }
    /// The port stops to run. One that is gone does not say so.
    #[inline]
    pub(crate) fn end(mut self) {
        if self.what.is_some() {
            self.leave();
        }
    }
}
