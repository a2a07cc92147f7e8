//! Signals: everything that goes from one process to another.
//!
//! A signal is a node pushed onto the receiver's inbox ([`deliver`]); the receiver handles its signals itself
//! ([`fetch`]). Invariants: signals of one sender to one receiver are handled in the order they were sent; a signal to a
//! process that is gone or exiting is answered ([`answer_dead`]) as one that finds nobody; nobody but the owner changes
//! a process's links, monitors, flags or queue.

mod handle;
mod send;

pub use handle::fetch;
pub(crate) use send::operator;
pub use send::{SendFlags, Sent, send, send_to};

use std::sync::Arc;

use crate::atom::Atom;
use crate::ctx::Ctx;
use crate::heap::Detached;
use crate::heap::message::Message;
use crate::process::exit::ExitKind;
use crate::process::relations::{RefNumbers, Reference, Resource, Watched};
use crate::process::state::Wake;
use crate::process::{Priority, Process, table};
use crate::sched;
use crate::signal::task::SystemTask;
use crate::term::RawTerm;

pub mod links;
pub mod monitors;
pub mod purge;
pub mod task;

/// Who gets the answer to a request: `{Reference, Result}` as a message.
#[derive(Clone, Copy)]
pub struct ReplyTo {
    /// Who asked.
    pub pid: RawTerm,
    /// What marks the answer.
    pub reference: Reference,
}

impl ReplyTo {
    /// Sends the answer that `build` makes.
    pub fn reply(self, build: impl for<'s> FnOnce(&crate::heap::Builder<'s>) -> crate::term::Term<'s>) {
        let m = Message::build(|b| {
            let r = self.reference.term(b);
            b.tuple(&[r, build(b)])
        });
        to_pid(self.pid, m);
    }
    /// Sends an atom as answer.
    pub fn reply_atom(self, a: crate::atom::Atom) {
        self.reply(|_| crate::term::Term::atom(a));
    }
}

/// What became of a request to suspend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suspended {
    /// The process is suspended.
    Yes,
    /// It was resumed in between.
    No,
    /// It is gone.
    Exited,
}

/// Who waits for a process to be suspended.
pub struct SuspendReply {
    /// The suspender.
    pub pid: RawTerm,
    /// First element of the answer.
    pub tag: Detached,
    /// Result that `suspend_process` gives when it is suspended; `None` if the caller asked for a message instead.
    pub result: Option<bool>,
}

impl SuspendReply {
    /// The process was gone when it was to be asked; `exited` tells of one that was there and ended since.
    pub fn never_sent(self) {
        use crate::atom::am;
        to_pid(self.pid, Message::build(|b| b.tuple(&[b.adopt(self.tag), crate::term::Term::atom(am::BADARG)])));
    }
    /// The process is gone.
    pub fn dead(self) {
        self.send(Suspended::Exited);
    }
    pub(crate) fn send(self, s: Suspended) {
        use crate::atom::am;
        let result = match (s, self.result) {
            (Suspended::Yes, Some(r)) => {
                if r {
                    am::TRUE
                } else {
                    am::FALSE
                }
            }
            (Suspended::Yes, None) => am::SUSPENDED,
            (Suspended::No, Some(_)) => am::INTERNAL_ERROR,
            (Suspended::No, None) => am::NOT_SUSPENDED,
            (Suspended::Exited, Some(_)) => am::BADARG,
            (Suspended::Exited, None) => am::EXITED,
        };
        to_pid(self.pid, Message::build(|b| b.tuple(&[b.adopt(self.tag), crate::term::Term::atom(result)])));
    }
}

/// See [`Signal::TokenAlias`].
pub struct TokenAlias {
    /// The alias.
    numbers: RefNumbers,
    /// By `send` with option `priority`.
    priority: bool,
    /// The token.
    token: Detached,
}

/// See [`Signal::TokenExit`].
pub struct TokenExit {
    /// The process that ends.
    pub(crate) from: RawTerm,
    /// Exit reason.
    pub(crate) reason: Detached,
    /// The token.
    pub(crate) token: Detached,
}

/// A signal other than a plain message.
pub enum Signal {
    /// An exit signal.
    Exit {
        /// Process or port that it comes from.
        from: RawTerm,
        /// Exit reason.
        reason: Detached,
        /// How it came about.
        kind: ExitKind,
    },
    /// A link was made.
    Link {
        /// The other side.
        from: RawTerm,
    },
    /// A link was given up; wants an acknowledgement.
    Unlink {
        /// The other side.
        from: RawTerm,
        /// Number of the unlink.
        id: u64,
    },
    /// Acknowledges an unlink.
    UnlinkAck {
        /// The other side.
        from: RawTerm,
        /// Number of the unlink.
        id: u64,
    },
    /// `from` watches the receiver.
    Monitor {
        /// The watcher.
        from: RawTerm,
        /// The monitor's reference.
        numbers: RefNumbers,
        /// The name that the watcher has given.
        name: Option<Atom>,
    },
    /// The monitor is given up.
    Demonitor {
        /// The monitor's reference.
        numbers: RefNumbers,
    },
    /// What the receiver watches is gone.
    Down {
        /// The monitor's reference.
        numbers: RefNumbers,
        /// Why.
        reason: Detached,
    },
    /// The message that carries this was sent to an alias.
    Alias(RefNumbers),
    /// As [`Signal::Alias`], by `send` with option `priority`.
    PriorityAlias(RefNumbers),
    /// The message that carries this was sent by that process.
    From(RawTerm),
    /// The message that carries this has a sequential trace token, which it keeps in the queue.
    Token(Detached),
    /// A process without such a token sent the message that carries this, which it keeps in the queue.
    NoToken,
    /// As [`Signal::Alias`], by a process with a sequential trace token.
    TokenAlias(Box<TokenAlias>),
    /// [`Signal::Exit`] to what is linked, by a process with a sequential trace token.
    TokenExit(Box<TokenExit>),
    /// The receiver is to lose its sequential trace token.
    ForgetToken,
    /// `process_info` asks.
    ProcessInfo {
        /// Who asked.
        to: ReplyTo,
        /// What for.
        request: Box<crate::process::info::Request>,
    },
    /// Somebody wants to know something about the process that only its thread can tell.
    Ask {
        /// Who asked.
        to: ReplyTo,
        /// What.
        question: crate::process::debug::Question,
        /// The answer if the process is gone.
        gone: crate::atom::Atom,
    },
    /// `is_process_alive` asks.
    IsAlive {
        /// Who asked.
        to: ReplyTo,
    },
    /// `group_leader/2`.
    GroupLeader {
        /// The new one.
        leader: Detached,
        /// Who waits for it.
        to: Option<ReplyTo>,
    },
    /// `suspend_process`.
    Suspend {
        /// The suspender.
        from: RawTerm,
        /// It suspends now (else only the answer is wanted).
        suspend: bool,
        /// Who waits for it.
        reply: Option<SuspendReply>,
    },
    /// `resume_process`, or the end of the suspender.
    Resume {
        /// The suspender.
        from: RawTerm,
    },
    /// A process that the receiver has suspended is gone.
    SuspendeeGone {
        /// That process.
        from: RawTerm,
    },
    /// `process_flag(Pid, save_calls, N)`.
    SaveCalls {
        /// Who asked.
        to: ReplyTo,
        /// The new value.
        n: u32,
    },
    /// Work that the receiver does for somebody: garbage collection, code checks.
    Task(Box<SystemTask>),
    /// A resource wants to know when the receiver ends ([`crate::Ctx::own`]).
    Own {
        /// What it is known by.
        numbers: RefNumbers,
        /// The resource.
        resource: Arc<dyn Resource>,
    },
    /// It does not any more.
    Disown {
        /// What it is known by.
        numbers: RefNumbers,
    },
    /// Literals are about to be freed.
    Purge(purge::Token),
    /// Something that only ports do.
    Port(Box<crate::port::Request>),
}

/// Pushes onto a process's inbox and wakes it. The message comes back if the process exits.
pub fn deliver(p: &Process, m: Message) -> Result<(), Message> {
    deliver_by(p, m, sched::enqueue)
}

/// As [`deliver`], with the way into a run queue that is chosen. Inlined: a send knows its way.
#[inline(always)]
fn deliver_by(p: &Process, m: Message, enqueue: fn(RawTerm, Priority)) -> Result<(), Message> {
    let signal = m.is_signal();
    let first = p.push(m)?;
    match p.state().announce(signal, first) {
        Some(Wake::Enqueue(priority)) => enqueue(p.pid(), priority),
        Some(Wake::Handle) => sched::send_handler(p.pid()),
        None => {}
    }
    Ok(())
}

/// Sends to a local pid; if nobody is there, the message is dropped or the signal answered.
pub fn to_pid(pid: RawTerm, m: Message) {
    let back = table::with(pid, |p| deliver(p, m).err());
    match back {
        Some(None) => {}
        Some(Some(m)) => answer_dead(pid, &m),
        None => {}
    }
}

/// Tells a local process of something that happens on this scheduler, and wakes it later ([`sched::enqueue_later`]).
pub(crate) fn to_pid_later(pid: RawTerm, m: Message) {
    // Who is gone need not be told.
    table::with(pid, |p| drop(deliver_by(p, m, sched::enqueue_later)));
}

/// Sends a signal to a local process or port; if nobody is there, it is answered.
pub fn signal(pid: RawTerm, s: Signal) {
    if pid.is_local_port() {
        return crate::port::signal(pid, s);
    }
    let guard = crossbeam_epoch::pin();
    match table::Table::get().find(pid, &guard) {
        Some(p) => {
            if let Err(m) = deliver(p, Message::signal(s)) {
                answer_dead(pid, &m);
            }
        }
        None => answer_dead_signal(pid, s),
    }
}

/// As [`signal`] from a process that waits for the answer: its priority counts, see [`urge`].
pub fn request(ctx: &Ctx<'_>, pid: RawTerm, s: Signal) {
    signal(pid, s);
    urge(pid, ctx.process().state().get().priority());
}

/// Has a process of lower priority come to its signals with this one, so that no process between the two holds up who
/// waits for it: it gets a second entry in a run queue, and whichever is popped first counts.
pub fn urge(pid: RawTerm, priority: Priority) {
    let lower = |p: &Process| p.state().get().priority() < priority;
    if table::with(pid, lower) == Some(true) {
        sched::enqueue(pid, priority);
    }
}

/// Answers a signal for a process that is gone; plain messages are dropped.
pub(crate) fn answer_dead(pid: RawTerm, m: &Message) {
    if let Some(s) = m.take_signal() {
        answer_dead_signal(pid, *s);
    }
}

pub(crate) fn answer_dead_signal(pid: RawTerm, s: Signal) {
    use crate::atom::am;
    let noproc = || Detached::immediate(RawTerm::atom(am::NOPROC));
    match s {
        Signal::Link { from } => signal(from, Signal::Exit { from: pid, reason: noproc(), kind: ExitKind::Linked }),
        Signal::Unlink { from, id } => signal(from, Signal::UnlinkAck { from: pid, id }),
        Signal::Monitor { from, numbers, .. } => signal(from, Signal::Down { numbers, reason: noproc() }),
        Signal::ProcessInfo { to, .. } => to.reply_atom(am::UNDEFINED),
        Signal::Ask { to, gone, .. } => to.reply_atom(gone),
        Signal::IsAlive { to } => to.reply_atom(am::FALSE),
        Signal::SaveCalls { to, .. } => to.reply_atom(am::BADTYPE),
        Signal::GroupLeader { to: Some(to), .. } => to.reply_atom(am::BADARG),
        Signal::Suspend { from, suspend, reply } => {
            if suspend {
                signal(from, Signal::SuspendeeGone { from: pid });
            }
            if let Some(r) = reply {
                r.dead();
            }
        }
        Signal::Own { resource, .. } => resource.owner_exited(),
        Signal::Task(t) => t.answer_dead(),
        Signal::Port(r) => r.answer_dead(),
        Signal::Exit { .. }
        | Signal::UnlinkAck { .. }
        | Signal::Demonitor { .. }
        | Signal::Down { .. }
        | Signal::Alias(_)
        | Signal::PriorityAlias(_)
        | Signal::From(_)
        | Signal::Token(_)
        | Signal::NoToken
        | Signal::TokenAlias(_)
        | Signal::TokenExit(_)
        | Signal::ForgetToken
        | Signal::GroupLeader { to: None, .. }
        | Signal::Resume { .. }
        | Signal::SuspendeeGone { .. }
        | Signal::Disown { .. }
        | Signal::Purge(_) => {}
    }
}

/// Tells what was watched that the monitor is given up.
pub(crate) fn stop_watching(numbers: RefNumbers, watched: &Watched) {
    match *watched {
        Watched::Pid(id) | Watched::Name(id, ..) | Watched::Port(id) | Watched::PortName(id, ..) => {
            signal(id, Signal::Demonitor { numbers });
        }
        Watched::TimeOffset => crate::timer::time_offset_demonitor(numbers),
        Watched::Remote(_) => {}
    }
}

#[cfg(test)]
mod tests;
