//! Tracing as programs set it up: `erlang:trace/3` and its relatives, and module `trace`'s sessions (27 and later).
//!
//! Invariant: a native without a session means that of `erlang:trace/3`.

mod flags;
mod info;
mod monitor;
mod pattern;
pub(crate) mod seq;
mod session;

use girder_vm::native::Native;
use girder_vm::trace::session::Id;
use girder_vm::{Atom, Ctx, Raise, Term, am};

/// The tables of this folder's files.
pub(crate) const TABLES: [&[Native]; 6] =
    [flags::TABLE, info::TABLE, monitor::TABLE, pattern::TABLE, seq::TABLE, session::TABLE];

type Answer<'s> = Result<Term<'s>, Raise>;

fn badopt(ctx: &Ctx<'_>) -> Raise {
    ctx.badarg_because(am::BADOPT.into())
}

/// The session that a term names.
fn session_of(ctx: &Ctx<'_>, t: Term<'_>) -> Result<Id, Raise> {
    session::find(t).ok_or_else(|| because(ctx, am::SESSION))
}

fn because(ctx: &Ctx<'_>, what: Atom) -> Raise {
    ctx.badarg_because(what.into())
}
