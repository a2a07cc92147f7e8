//! Sending: from a destination term to the process it means.
//!
//! Invariant: a message is copied before it is pushed, and the copy is charged to the sender; a large one is copied by a
//! dirty scheduler.

use super::{Signal, TokenAlias, deliver, to_pid};
use crate::atom::am;
use crate::code::{Export, Mfa};
use crate::ctx::Ctx;
use crate::heap::message::Message;
use crate::native::Raise;
use crate::node::Node;
use crate::port;
use crate::process::Process;
use crate::process::registry;
use crate::process::relations::Reference;
use crate::process::saved_calls::{self, Saved};
use crate::process::table;
use crate::recording;
use crate::sched::Dirty;
use crate::term::{Kind, RawTerm, Term};
use crate::trace::{Flags, events, seq, session};

/// Words of a message copied for one reduction.
const WORDS_PER_REDUCTION: usize = 64;

/// Options of `send/3`.
#[derive(Clone, Copy, Default)]
pub struct SendFlags {
    /// `priority`.
    pub priority: bool,
    /// `nosuspend`.
    pub nosuspend: bool,
    /// Sent by `!`.
    operator: bool,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It was sent, or dropped because nobody is there.
    Done,
    /// The destination is on a node that is not connected.
    NoConnection,
    /// The destination is a port that is busy, and the sender does not wait.
    Busy,
}

/// `to ! msg`.
#[inline]
pub(crate) fn operator<'s>(ctx: &Ctx<'s>, to: Term<'s>, msg: Term<'s>) -> Result<Term<'s>, Raise> {
    send_to(ctx, to, msg, SendFlags { operator: true, ..SendFlags::default() })?;
    Ok(msg)
}

/// `erlang:send/2`.
#[inline]
pub fn send<'s>(ctx: &Ctx<'s>, to: Term<'s>, msg: Term<'s>) -> Result<Term<'s>, Raise> {
    send_to(ctx, to, msg, SendFlags::default())?;
    Ok(msg)
}

/// Sends with options.
pub fn send_to<'s>(ctx: &Ctx<'s>, to: Term<'s>, msg: Term<'s>, flags: SendFlags) -> Result<Sent, Raise> {
    if ctx.process().trace_flags().any(Flags::SEND.and(Flags::SAVES)) {
        noticed(ctx.process(), to, msg, flags);
    }
    if to.is_local_pid() {
        to_local(ctx, to.raw(), msg);
        return Ok(Sent::Done);
    }
    match to.kind() {
        Kind::Atom(name) => match registry::whereis(name) {
            Some(id) => return to_named(ctx, id, msg, flags),
            None => return Err(Raise::Badarg),
        },
        Kind::Tuple(&[name, node]) => {
            let (Some(name), Some(node)) = (name.as_atom(), node.as_atom()) else { return Err(Raise::Badarg) };
            if node != Node::this_name() {
                return Ok(Sent::NoConnection);
            }
            // Unlike a plain name, a name at this node may have no owner.
            if let Some(id) = registry::whereis(name) {
                return to_named(ctx, id, msg, flags);
            }
        }
        Kind::Ref(r) => {
            if r.node.is_some() {
                return Ok(Sent::NoConnection);
            }
            if let (Some(pid), Some(r)) = (r.alias_pid, Reference::of(to)) {
                if seq::has_token(ctx.process()) {
                    let token = seq::sent(ctx, to, msg);
                    let a = TokenAlias { numbers: r.numbers, priority: flags.priority, token };
                    to_pid(pid.raw(), Message::sent(msg).with_signal(Signal::TokenAlias(Box::new(a))));
                    return Ok(Sent::Done);
                }
                let s = if flags.priority { Signal::PriorityAlias(r.numbers) } else { Signal::Alias(r.numbers) };
                let send = |m: Message| to_pid(pid.raw(), m.with_signal(s));
                match Message::small_sent(msg) {
                    Some(m) => {
                        ctx.charge(m.size() / WORDS_PER_REDUCTION);
                        recording::sent(ctx.process(), pid.raw(), m.size());
                        send(m);
                    }
                    None => large(ctx, msg, |m| {
                        recording::sent_large(ctx.process(), pid.raw(), m.size());
                        send(m);
                    }),
                }
            }
        }
        // Nobody can answer any more.
        Kind::ExternalPid(n, _) if n.is_former_self() => {}
        Kind::ExternalPid(..) | Kind::ExternalPort(..) => return Ok(Sent::NoConnection),
        Kind::Port(_) => return port::message(ctx, to.raw(), msg, flags.nosuspend),
        _ => return Err(Raise::Badarg),
    }
    Ok(Sent::Done)
}

/// Tells tracers of a message and saves it as a call.
#[cold]
fn noticed<'s>(p: &Process, to: Term<'s>, msg: Term<'s>, flags: SendFlags) {
    if p.trace_flags().any(Flags::SEND) {
        events::sent(p, to, msg);
    }
    if flags.operator {
        saved_calls::called(p, Export::intern(Mfa { module: am::ERLANG, function: am::SEND, arity: 2 }));
    }
    let far = match to.kind() {
        Kind::Tuple(&[_, node]) => !node.is(Node::this_name()),
        Kind::ExternalPid(..) | Kind::ExternalPort(..) => true,
        Kind::Ref(r) => r.node.is_some(),
        _ => false,
    };
    if !far {
        saved_calls::note(p, Saved::Send);
    }
}

fn to_named(ctx: &Ctx<'_>, id: RawTerm, msg: Term<'_>, flags: SendFlags) -> Result<Sent, Raise> {
    if id.is_local_port() {
        return port::message(ctx, id, msg, flags.nosuspend);
    }
    to_local(ctx, id, msg);
    Ok(Sent::Done)
}

fn to_local(ctx: &Ctx<'_>, pid: RawTerm, msg: Term<'_>) {
    if seq::has_token(ctx.process()) {
        return with_token(ctx, pid, msg);
    }
    let small = table::with(pid, |p| {
        // A copy for a process that exits would be thrown away.
        if p.state().get().exiting() {
            return true;
        }
        let Some(m) = Message::small_sent(msg) else { return false };
        ctx.charge(m.size() / WORDS_PER_REDUCTION);
        recording::sent(ctx.process(), pid, m.size());
        drop(deliver(p, signed(ctx, m)));
        true
    });
    if small == Some(false) {
        large(ctx, msg, |m| {
            recording::sent_large(ctx.process(), pid, m.size());
            to_pid(pid, signed(ctx, m));
        });
    }
}

/// A message that says who sent it, if somebody wants to know.
#[inline]
fn signed(ctx: &Ctx<'_>, m: Message) -> Message {
    if session::senders_wanted() { m.with_signal(Signal::From(ctx.process().pid())) } else { m }
}

/// As [`to_local`], by a process with a sequential trace token.
#[cold]
fn with_token(ctx: &Ctx<'_>, pid: RawTerm, msg: Term<'_>) {
    if table::with(pid, |p| p.state().get().exiting()) != Some(false) {
        return;
    }
    let token = seq::sent(ctx, Term::immediate(pid).unwrap_or(Term::NIL), msg);
    to_pid(pid, Message::sent(msg).with_signal(Signal::Token(token)));
}

/// Copies a term that takes long to copy, and hands the message to `then`, as a dirty scheduler. The guard holds up the
/// freeing of literals, which the copy shares, until the message is where those who free them look.
#[cold]
fn large(ctx: &Ctx<'_>, msg: Term<'_>, then: impl FnOnce(Message)) {
    ctx.dirty(Dirty::Cpu, || {
        let _guard = crossbeam_epoch::pin();
        then(Message::sent(msg));
    });
}
