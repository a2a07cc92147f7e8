//! Linking and exit signals: what `link/1`, `unlink/1`, `exit/2` do.
//!
//! Invariant: the caller's own set changes first, then the signal goes out; see `process/relations.rs` for what the
//! entries mean.

use super::{Signal, deliver, to_pid};
use crate::atom::am;
use crate::ctx::Ctx;
use crate::heap::Detached;
use crate::heap::message::Message;
use crate::native::Raise;
use crate::process::exit::ExitKind;
use crate::process::relations::{Link, Reference};
use crate::process::{table, unique};
use crate::term::{RawTerm, Term};
use crate::trace::events;

/// Sends a signal to a process or port; `false` if nobody is there to take it.
pub(super) fn delivered(pid: RawTerm, s: Signal) -> bool {
    if pid.is_local_port() {
        return crate::port::deliver(pid, s).is_ok();
    }
    table::with(pid, |p| deliver(p, Message::signal(s)).is_ok()) == Some(true)
}

/// Links the running process with a local process or port.
pub fn link<'s>(ctx: &Ctx<'s>, partner: Term<'s>) -> Result<(), Raise> {
    let (me, other) = (ctx.self_pid().raw(), partner.raw());
    events::process_if(ctx.process(), am::LINK, partner);
    if me == other {
        return Ok(());
    }
    if events::links_inherit(ctx.process()) && other.is_local_pid() {
        events::linked(ctx.process(), other);
    }
    let old = ctx.owner().relations.borrow_mut().links.insert(other.bits(), Link::default());
    if old.is_some_and(|l| l.unlink == 0) || delivered(other, Signal::Link { from: me }) {
        return Ok(());
    }
    ctx.owner().relations.borrow_mut().links.remove(&other.bits());
    not_there(ctx, partner, am::NOPROC)
}

/// A link to nobody: an exit signal for a process that traps exits, else an error.
pub fn not_there<'s>(ctx: &Ctx<'s>, partner: Term<'s>, reason: crate::atom::Atom) -> Result<(), Raise> {
    if !ctx.owner().flags.trap_exit.get() {
        return Err(ctx.error(Term::atom(reason)));
    }
    exit_message(ctx, partner, reason);
    Ok(())
}

/// `{'EXIT', From, Reason}` to the running process.
fn exit_message(ctx: &Ctx<'_>, from: Term<'_>, reason: crate::atom::Atom) {
    let m = Message::build(|b| b.tuple(&[Term::atom(am::EXIT_UP), b.copy(from), Term::atom(reason)]));
    to_pid(ctx.self_pid().raw(), m);
}

/// Links with a process of a node that is not connected: the link breaks at once.
pub fn link_remote<'s>(ctx: &Ctx<'s>, partner: Term<'s>) -> Result<(), Raise> {
    if ctx.owner().flags.trap_exit.get() {
        exit_message(ctx, partner, am::NOCONNECTION);
        return Ok(());
    }
    let reason = Detached::immediate(RawTerm::atom(am::NOCONNECTION));
    exit_self(ctx, Signal::Exit { from: ctx.self_pid().raw(), reason, kind: ExitKind::Sent })
}

/// Unlinks.
pub fn unlink(ctx: &Ctx<'_>, partner: Term<'_>) {
    let me = ctx.self_pid().raw();
    events::process_if(ctx.process(), am::UNLINK, partner);
    let mut r = ctx.owner().relations.borrow_mut();
    if !r.is_linked(partner.raw()) {
        return;
    }
    let id = unique::number();
    r.links.insert(partner.raw().bits(), Link { unlink: id, priority: false });
    drop(r);
    if !delivered(partner.raw(), Signal::Unlink { from: me, id }) {
        ctx.owner().relations.borrow_mut().links.remove(&partner.raw().bits());
    }
}

/// Whether the exit message of a link is a priority message.
pub fn set_priority(ctx: &Ctx<'_>, partner: Term<'_>, priority: bool) {
    if let Some(l) = ctx.owner().relations.borrow_mut().links.get_mut(&partner.raw().bits()) {
        l.priority = priority;
    }
}

/// `exit/2,3` to a local process or port, or an alias of a process.
pub fn exit<'s>(ctx: &Ctx<'s>, to: Term<'s>, reason: Term<'s>, priority: bool) -> Result<(), Raise> {
    let from = ctx.self_pid().raw();
    let reason = ctx.detach(reason);
    if let Some(Reference { numbers, pid: Some(pid) }) = Reference::of(to) {
        let s = Signal::Exit { from, reason, kind: ExitKind::ToAlias(numbers, priority) };
        if pid == from {
            return exit_self(ctx, s);
        }
        delivered(pid, s);
        return Ok(());
    }
    if to.raw() == from {
        return exit_self(ctx, Signal::Exit { from, reason, kind: ExitKind::ToSelf });
    }
    delivered(to.raw(), Signal::Exit { from, reason, kind: ExitKind::Sent });
    Ok(())
}

/// A signal to the running process itself is handled before the native returns.
fn exit_self(ctx: &Ctx<'_>, s: Signal) -> Result<(), Raise> {
    let p = ctx.process();
    // The running process is not exiting, so its inbox is open.
    if deliver(p, Message::signal(s)).is_ok() {
        super::fetch(p);
    }
    if p.state().get().exiting() { Err(Raise::Exiting) } else { Ok(()) }
}
