//! What a process sends to a port as a message: `{Owner, {command, Data}}`, `{Owner, close}`, `{Owner, {connect, Pid}}`.
//!
//! Invariant: output to a busy port is not sent; the sender waits, and sends again when it is woken.

use super::Output;
use super::request::Op;
use super::turn;
use super::with;
use crate::atom::am;
use crate::ctx::Ctx;
use crate::native::Raise;
use crate::signal::Sent;
use crate::term::{RawTerm, Term};

/// Bytes copied for one reduction.
const BYTES_PER_REDUCTION: usize = 512;

/// The output that iodata stands for, unless the port is busy; then `Err(Raise::Wait)`, or `Ok(None)` if the caller does
/// not want to wait. `force`: the port takes it all the same.
pub fn command(
    ctx: &Ctx<'_>,
    id: RawTerm,
    owner: Option<RawTerm>,
    data: Term<'_>,
    nosuspend: bool,
    force: bool,
) -> Result<Option<Op>, Raise> {
    let me = ctx.self_pid().raw();
    let busy = with(id, |p| !p.is_closed() && !force && p.busy().is_on() && (nosuspend || p.busy().wait(me)));
    if busy == Some(true) {
        if nosuspend {
            return Ok(None);
        }
        crate::trace::monitor::waits_for_port(ctx.process(), id);
        return Err(Raise::Wait);
    }
    Ok(Some(match Output::of(data) {
        Ok((data, cells)) => {
            ctx.charge(data.copied() / BYTES_PER_REDUCTION + cells / 64);
            Op::Command { owner, data }
        }
        Err(_) => Op::BadOutput { sent: owner.is_some() },
    }))
}

/// `id ! msg`.
pub fn message(ctx: &Ctx<'_>, id: RawTerm, msg: Term<'_>, nosuspend: bool) -> Result<Sent, Raise> {
    let Some(op) = parse(ctx, id, msg, nosuspend)? else { return Ok(Sent::Busy) };
    turn::send(id, ctx.self_pid().raw(), op);
    Ok(Sent::Done)
}

fn parse(ctx: &Ctx<'_>, id: RawTerm, msg: Term<'_>, nosuspend: bool) -> Result<Option<Op>, Raise> {
    let Some([owner, what]) = msg.as_tuple_of::<2>().filter(|[o, _]| o.is_local_pid()) else {
        return Ok(Some(Op::BadMessage));
    };
    let owner = Some(owner.raw());
    if what.is(am::CLOSE) {
        return Ok(Some(Op::Close { owner }));
    }
    match what.as_tuple_of::<2>() {
        Some([tag, data]) if tag.is(am::COMMAND) => command(ctx, id, owner, data, nosuspend, false),
        Some([tag, to]) if tag.is(am::CONNECT) => Ok(Some(Op::Connect { owner, to: to.raw() })),
        _ => Ok(Some(Op::BadMessage)),
    }
}
