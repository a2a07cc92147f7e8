//! Natives of modules `prim_socket` and `prim_net`: sockets without ports, as module `socket` has them.
//!
//! A socket is a magic reference to a [`resource::Socket`] (see there for who owns what). Operations never wait: one that
//! finds nothing to do gives `select`, and a message tells when it may be tried again. What goes wrong outside of the
//! program is a value, `{error, Reason}` or `{invalid, What}`; `prim_socket` makes the programmer's errors of the latter.

mod accept;
mod address;
mod arguments;
mod cancel;
mod close;
mod connect;
mod control;
mod control_error;
mod globals;
mod info;
mod interfaces;
mod messages;
mod names;
mod net;
mod open;
mod options;
mod queue;
mod receive;
mod resource;
mod send;
mod send_file;
mod supports;

pub(crate) use globals::loaded;

use std::io;

use girder_vm::sys::errno;
use girder_vm::{Atom, Ctx, Native, Raise, Term, am};

/// The tables of this folder's files.
pub(crate) const TABLES: [&[Native]; 16] = [
    accept::TABLE,
    cancel::TABLE,
    close::TABLE,
    connect::TABLE,
    globals::TABLE,
    info::TABLE,
    interfaces::TABLE,
    messages::TABLE,
    names::TABLE,
    net::TABLE,
    open::TABLE,
    options::TABLE,
    receive::TABLE,
    send::TABLE,
    send_file::TABLE,
    supports::TABLE,
];

type Answer<'s> = Result<Term<'s>, Raise>;

/// How a native ends before its end: with an exception, or with a value.
enum Stop<'s> {
    Raise(Raise),
    Value(Term<'s>),
}

impl From<Raise> for Stop<'_> {
    fn from(r: Raise) -> Self {
        Stop::Raise(r)
    }
}

type Step<'s, T> = Result<T, Stop<'s>>;

/// Runs a native's body.
fn early<'s>(body: impl FnOnce() -> Step<'s, Term<'s>>) -> Answer<'s> {
    match body() {
        Ok(t) | Err(Stop::Value(t)) => Ok(t),
        Err(Stop::Raise(r)) => Err(r),
    }
}

/// An atom that may be new. The table of atoms has room for all names that this folder knows.
fn atom<'s>(name: &str) -> Term<'s> {
    Atom::new(name).unwrap_or(am::UNDEFINED).into()
}

/// `{ok, Value}`.
fn ok<'s>(ctx: &Ctx<'s>, value: Term<'s>) -> Term<'s> {
    ctx.tuple(&[am::OK.into(), value])
}

/// `{error, Reason}`.
fn error<'s>(ctx: &Ctx<'s>, reason: Term<'s>) -> Term<'s> {
    ctx.tuple(&[am::ERROR.into(), reason])
}

/// `{error, closed}`, to leave with.
fn closed<'s>(ctx: &Ctx<'s>) -> Stop<'s> {
    Stop::Value(error(ctx, am::CLOSED.into()))
}

/// The name of the system's error.
fn reason(e: &io::Error) -> Atom {
    Atom::new(errno::name_of(e)).unwrap_or(am::ERROR)
}

/// `{error, Name}` of the system's error.
fn failed<'s>(ctx: &Ctx<'s>, e: &io::Error) -> Term<'s> {
    error(ctx, reason(e).into())
}

/// `ok`, or the system's error.
fn done<'s>(ctx: &Ctx<'s>, r: io::Result<()>) -> Term<'s> {
    r.map_or_else(|e| failed(ctx, &e), |()| am::OK.into())
}

/// `{invalid, What}`: `prim_socket` knows what to make of it.
fn invalid<'s>(ctx: &Ctx<'s>, what: Term<'s>) -> Term<'s> {
    ctx.tuple(&[am::INVALID.into(), what])
}

/// `{error, {invalid, What}}`.
fn error_invalid<'s>(ctx: &Ctx<'s>, what: Atom) -> Term<'s> {
    error(ctx, invalid(ctx, what.into()))
}

/// `error:{invalid, What}`.
fn raise_invalid<'s>(ctx: &Ctx<'s>, what: Term<'s>) -> Raise {
    ctx.error(invalid(ctx, what))
}

/// Nothing can be done now.
fn would_block(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::WouldBlock
}
