//! The messages of sockets, in OTP's shapes.
//!
//! Invariant: a [`Waiting`] or [`Sender`] is taken out of its socket before it is answered, so nobody gets two answers;
//! input is shared, not copied, where it comes as [`Bytes::Shared`].

use girder_vm::heap::{BinaryHandle, Builder};
use girder_vm::port::DriverPort;
use girder_vm::{Atom, RawTerm, Term, am};

use super::options::Options;
use super::socket::{Sender, Waiting};

/// The port's identifier as a term.
pub(super) fn port_term<'s>(port: RawTerm) -> Term<'s> {
    Term::immediate(port).unwrap_or(Term::NIL)
}

/// `{error, Reason}`.
fn error<'s>(b: &Builder<'s>, reason: Atom) -> Term<'s> {
    b.tuple(&[am::ERROR.into(), reason.into()])
}

/// `{inet_async, Port, Id, Result}`.
pub(super) fn answer(port: &DriverPort, to: &Waiting, result: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) {
    let id = port.id();
    port.tell(to.caller, |b| {
        b.tuple(&[am::INET_ASYNC.into(), port_term(id), Term::small(i32::from(to.id)), result(b)])
    });
}

/// `{inet_async, Port, Id, {error, Reason}}`.
pub(super) fn answer_error(port: &DriverPort, to: &Waiting, reason: Atom) {
    answer(port, to, |b| error(b, reason));
}

/// `{inet_reply, Port, ok}` or with an error; and with the sender's tag, if it has one.
pub(super) fn reply(port: &DriverPort, to: Sender, result: Result<(), Atom>) {
    let caller = to.caller;
    if !caller.is_local_pid() {
        return;
    }
    let id = port.id();
    port.tell(caller, |b| {
        let status = match result {
            Ok(()) => am::OK.into(),
            Err(reason) => error(b, reason),
        };
        let head = [am::INET_REPLY.into(), port_term(id), status];
        match to.tag {
            Some(tag) => b.tuple(&[head[0], head[1], head[2], b.adopt(tag)]),
            None => b.tuple(&head),
        }
    });
}

/// `{Tag, Port}` to the owner.
pub(super) fn event(port: &DriverPort, tag: Atom) {
    let id = port.id();
    port.tell(port.connected(), |b| b.tuple(&[tag.into(), port_term(id)]));
}

/// `{Tag, Port, Error}` to the owner.
pub(super) fn error_event(port: &DriverPort, tag: Atom, reason: Atom) {
    let id = port.id();
    port.tell(port.connected(), |b| b.tuple(&[tag.into(), port_term(id), reason.into()]));
}

/// Bytes that came in.
pub(super) enum Bytes<'a> {
    /// Small ones, to be copied.
    Copied(&'a [u8]),
    /// A part of a binary that is handed over.
    Shared(&'a BinaryHandle, std::ops::Range<usize>),
}

impl Bytes<'_> {
    fn slice(&self) -> &[u8] {
        match self {
            Bytes::Copied(s) => s,
            Bytes::Shared(b, r) => &b.bytes()[r.clone()],
        }
    }
    /// As the options want them: a list, or a binary behind a list of some header bytes.
    pub(super) fn term<'s>(&self, b: &Builder<'s>, o: &Options) -> Term<'s> {
        self.with_header(b, o, o.header)
    }
    /// As a port's own messages show them.
    pub(super) fn of_port<'s>(&self, b: &Builder<'s>, o: &Options, list: bool) -> Term<'s> {
        if list { b.byte_list(self.slice()) } else { self.term(b, o) }
    }
    /// As [`Bytes::term`], with so many header bytes.
    pub(super) fn with_header<'s>(&self, b: &Builder<'s>, o: &Options, header: usize) -> Term<'s> {
        let all = self.slice();
        if !o.binary || header > all.len() {
            return b.byte_list(all);
        }
        let binary = match self {
            Bytes::Copied(s) => b.binary(&s[header..]),
            Bytes::Shared(h, r) => b.refc_bits(h, (r.start + header) * 8, (r.len() - header) * 8),
        };
        if header == 0 { binary } else { b.byte_list_with_tail(&all[..header], binary) }
    }
}
