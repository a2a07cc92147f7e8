//! Natives about ports.
//!
//! Invariant: what a native asks of a port is done before it returns, or the answer comes as `{Reference, Answer}` and
//! the native gives the reference, for which Erlang code waits. Signals that the port has sent to the caller by then are
//! handled before the native returns.

mod open;

use girder_vm::port::{self, Item, Op, Outcome};
use girder_vm::process::registry;
use girder_vm::term::copy::detach;
use girder_vm::{Ctx, Kind, Raise, RawTerm, Term, am, signal};

use crate::iolist::flatten;

pub use open::TABLE as OPEN;
pub(crate) use open::first_word;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "ports"/0 => ports_0, Bif;
        "port_get_data"/1 => port_get_data_1, Bif;
        "port_set_data"/2 => port_set_data_2, Bif;
    }
    "erts_internal" {
        "port_call"/3 => port_call_3, Bif;
        "port_close"/1 => port_close_1, Bif;
        "port_command"/3 => port_command_3, Bif;
        "port_connect"/2 => port_connect_2, Bif;
        "port_control"/3 => port_control_3, Bif;
        "port_info"/1 => port_info_1, Bif;
        "port_info"/2 => port_info_2, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn badarg<'s>() -> Answer<'s> {
    Ok(am::BADARG.into())
}

/// A local port by identifier or name.
fn find(t: Term<'_>) -> Option<RawTerm> {
    match t.kind() {
        Kind::Port(_) => Some(t.raw()),
        Kind::Atom(name) => registry::whereis(name).filter(|id| id.is_local_port()),
        _ => None,
    }
}

/// Asks and gives what Erlang code is to see; `gone` if there is no such port.
fn ask<'s>(ctx: &Ctx<'s>, id: RawTerm, op: Op, gone: girder_vm::Atom) -> Answer<'s> {
    match port::sync(id, ctx.self_pid().raw(), op) {
        Outcome::Done(reply) => {
            signal::fetch(ctx.process());
            if ctx.process().state().get().exiting() { Err(Raise::Exiting) } else { Ok(reply.term(ctx)) }
        }
        Outcome::Later(reference) => Ok(reference.term(ctx)),
        Outcome::Gone => Ok(gone.into()),
    }
}

fn ports_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.list_from(port::Table::ids().into_iter().filter_map(Term::immediate)))
}

fn port_get_data_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let data = find(a[0]).and_then(|id| port::with(id, |p| if p.is_closed() { None } else { p.data(Clone::clone) }));
    data.flatten().map(|d| ctx.adopt(d)).ok_or(Raise::Badarg)
}

fn port_set_data_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let set = find(a[0]).and_then(|id| port::with(id, |p| !p.is_closed() && p.set_data(detach(a[1]))));
    if set == Some(true) { Ok(Term::TRUE) } else { Err(Raise::Badarg) }
}

fn port_command_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (mut force, mut nosuspend) = (false, false);
    let Some(options) = a[2].to_vec() else { return Ok(am::BADOPT.into()) };
    for o in options {
        match o.as_atom() {
            Some(am::FORCE) => force = true,
            Some(am::NOSUSPEND) => nosuspend = true,
            _ => return Ok(am::BADOPT.into()),
        }
    }
    let Some(id) = find(a[0]) else { return badarg() };
    if force {
        match port::with(id, |p| (p.is_closed(), p.soft_busy())) {
            Some((false, false)) => return Ok(am::NOTSUP.into()),
            Some((false, true)) => {}
            _ => return badarg(),
        }
    }
    match port::command(ctx, id, None, a[1], nosuspend, force)? {
        Some(op) => ask(ctx, id, op, am::BADARG),
        None => Ok(Term::FALSE),
    }
}

fn port_close_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    find(a[0]).map_or_else(badarg, |id| ask(ctx, id, Op::Close { owner: None }, am::BADARG))
}

fn port_connect_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    find(a[0]).map_or_else(badarg, |id| ask(ctx, id, Op::Connect { owner: None, to: a[1].raw() }, am::BADARG))
}

fn operation(t: Term<'_>) -> Option<u32> {
    t.as_u64().and_then(|n| u32::try_from(n).ok())
}

fn port_control_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (Some(id), Some(operation)) = (find(a[0]), operation(a[1])) else { return badarg() };
    match flatten(ctx, a[2]) {
        Ok(data) => ask(ctx, id, Op::Control(operation, data), am::BADARG),
        Err(_) => badarg(),
    }
}

fn port_call_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (Some(id), Some(operation)) = (find(a[0]), operation(a[1])) else { return badarg() };
    ask(ctx, id, Op::Call(operation, detach(a[2])), am::BADARG)
}

fn port_info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    match (find(a[0]), a[0].kind()) {
        (Some(id), _) => ask(ctx, id, Op::Info(None), am::UNDEFINED),
        (None, Kind::Atom(_)) => Ok(am::UNDEFINED.into()),
        _ => badarg(),
    }
}

fn port_info_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let id = match (find(a[0]), a[0].kind()) {
        (Some(id), _) => id,
        (None, Kind::Atom(_)) => return Ok(am::UNDEFINED.into()),
        _ => return Ok(am::BADTYPE.into()),
    };
    if port::with(id, |p| p.is_closed()) != Some(false) {
        return Ok(am::UNDEFINED.into());
    }
    match a[1].as_atom().and_then(Item::named) {
        Some(item) => ask(ctx, id, Op::Info(Some(item)), am::UNDEFINED),
        None => badarg(),
    }
}
