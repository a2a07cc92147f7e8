//! The receiver's side: takes the inbox and handles what is in it, in order.
//!
//! Invariant: runs on the thread that runs the process. A signal that ends the process starts its exit here; what
//! comes behind it in the inbox is answered as for a dead process.

use super::task::Task;
use super::{Signal, Suspended, TokenExit, answer_dead, signal};
use crate::atom::am;
use crate::heap::Detached;
use crate::heap::message::Message;
use crate::process::exit::{self, ExitKind};
use crate::process::relations::{Alias, AliasMode, Monitor, RefNumbers, Reference, Watched, Watcher};
use crate::process::{Owner, Process, saved_calls};
use crate::recording;
use crate::term::{Kind, RawTerm, Term};
use crate::trace::{Flags, events, monitor, seq};

/// Messages handled for one reduction.
const PER_REDUCTION: usize = 8;

/// Fetches the inbox: messages go to the end of the queue, signals are handled.
pub fn fetch(p: &Process) {
    let owner = p.owner();
    let (mut messages, mut handled) = (false, 0);
    let (traced, before) = (p.trace_flags().any(Flags::RECEIVE), owner.mailbox.len());
    for m in p.take_inbox() {
        handled += 1;
        if p.state().get().exiting() {
            answer_dead(p.pid(), &m);
            continue;
        }
        messages |= match m.take_signal() {
            None => {
                if traced {
                    events::received(p, &m, None);
                }
                owner.mailbox.queue.push(m);
                true
            }
            Some(s) => handle(p, owner, *s, m),
        };
    }
    if messages {
        p.state().set_active();
        monitor::queue_grown(p);
        let now = owner.mailbox.len();
        recording::fetched(p, now.saturating_sub(before), now);
    }
    owner.fcalls.set(owner.fcalls.get() - (handled / PER_REDUCTION) as i64);
}

/// Handles one signal; `true` if it put a message into the queue.
fn handle(p: &Process, owner: &Owner, s: Signal, carrier: Message) -> bool {
    match s {
        Signal::Exit { from, reason, kind } => return exit_signal(p, owner, from, reason, kind, None),
        Signal::TokenExit(e) => {
            let TokenExit { from, reason, token } = *e;
            return exit_signal(p, owner, from, reason, ExitKind::Linked, Some(token));
        }
        Signal::Link { from } => {
            owner.relations.borrow_mut().links.entry(from.bits()).or_default();
            events::process_if(p, am::GETTING_LINKED, other(from));
        }
        Signal::Unlink { from, id } => {
            let mut r = owner.relations.borrow_mut();
            let was = r.is_linked(from);
            if was {
                r.links.remove(&from.bits());
            }
            drop(r);
            if was {
                events::process_if(p, am::GETTING_UNLINKED, other(from));
            }
            signal(from, Signal::UnlinkAck { from: p.pid(), id });
        }
        Signal::UnlinkAck { from, id } => {
            let mut r = owner.relations.borrow_mut();
            if r.links.get(&from.bits()).is_some_and(|l| l.unlink == id) {
                r.links.remove(&from.bits());
            }
        }
        Signal::Monitor { from, numbers, name } => {
            owner.relations.borrow_mut().watchers.insert(numbers, Watcher { pid: from, name });
        }
        Signal::Demonitor { numbers } => {
            owner.relations.borrow_mut().watchers.remove(&numbers);
        }
        Signal::Down { numbers, reason } => return down(p, numbers, reason),
        Signal::Alias(r) => return alias(p, r, carrier, false, None),
        Signal::PriorityAlias(r) => return alias(p, r, carrier, true, None),
        Signal::TokenAlias(a) => return alias(p, a.numbers, carrier, a.priority, Some(a.token)),
        Signal::From(from) => {
            if p.trace_flags().any(Flags::RECEIVE) {
                events::received(p, &carrier, Some(from));
            }
            owner.mailbox.queue.push(if seq::in_use() { carrier.with_signal(Signal::NoToken) } else { carrier });
            return true;
        }
        Signal::NoToken => {
            owner.mailbox.queue.push(carrier.with_signal(Signal::NoToken));
            return true;
        }
        Signal::Token(token) => {
            if p.trace_flags().any(Flags::RECEIVE) {
                events::received(p, &carrier, None);
            }
            owner.mailbox.queue.push(carrier.with_signal(Signal::Token(token)));
            return true;
        }
        Signal::ForgetToken => seq::forget(p),
        Signal::ProcessInfo { to, request } => crate::process::info::answer(p, to, request),
        Signal::Ask { to, question, .. } => to.reply(|b| question(b, p)),
        Signal::IsAlive { to } => to.reply_atom(am::TRUE),
        Signal::GroupLeader { leader, to } => {
            owner.group_leader.set(owner.heap.arena.adopt(leader));
            if let Some(to) = to {
                to.reply_atom(am::TRUE);
            }
        }
        Signal::Suspend { from, suspend, reply } => {
            let mut r = owner.relations.borrow_mut();
            if suspend {
                r.suspenders.insert(from.bits());
                p.state().suspend();
                // A running process stops at its next call.
                owner.fcalls.set(0);
            }
            let now = if r.suspenders.is_empty() { Suspended::No } else { Suspended::Yes };
            drop(r);
            if let Some(r) = reply {
                r.send(now);
            }
        }
        Signal::Resume { from } => {
            let mut r = owner.relations.borrow_mut();
            if r.suspenders.remove(&from.bits()) && r.suspenders.is_empty() {
                p.state().resume();
            }
        }
        Signal::Own { numbers, resource } => {
            owner.relations.borrow_mut().resources.insert(numbers, resource);
        }
        Signal::Disown { numbers } => {
            owner.relations.borrow_mut().resources.remove(&numbers);
        }
        Signal::Task(t) => owner.tasks.push(Task::System(*t)),
        Signal::Purge(t) => owner.tasks.push(Task::Purge(t)),
        Signal::Port(r) => r.answer_dead(),
        Signal::SuspendeeGone { from } => {
            owner.relations.borrow_mut().suspended.remove(&from.bits());
        }
        Signal::SaveCalls { to, n } => {
            let old = saved_calls::limit(p, n);
            to.reply(|b| b.uint(u64::from(old)));
        }
    }
    false
}

fn exit_signal(
    p: &Process,
    owner: &Owner,
    from: RawTerm,
    reason: Detached,
    kind: ExitKind,
    token: Option<Detached>,
) -> bool {
    let mut priority = false;
    match kind {
        ExitKind::Linked => match owner.relations.borrow_mut().links.remove(&from.bits()) {
            Some(link) if link.unlink == 0 => {
                priority = link.priority;
            }
            // Not linked, or an unlink is under way: the sender does not exist for us any more.
            _ => return false,
        },
        ExitKind::ToAlias(numbers, wanted) => {
            let Some(a) = use_alias(owner, numbers) else { return false };
            priority = wanted && a.priority;
        }
        ExitKind::Sent | ExitKind::ToSelf => {}
    }
    // Only who lives on is told to be unlinked.
    let survived = || {
        if kind == ExitKind::Linked {
            events::process_if(p, am::GETTING_UNLINKED, other(from));
        }
    };
    let plain = reason.as_immediate().and_then(|t| t.as_atom());
    let kill = kind != ExitKind::Linked && plain == Some(am::KILL);
    if owner.flags.trap_exit.get() && !kill {
        survived();
        let m = Message::build(|b| {
            let from = Term::immediate(from).unwrap_or(Term::NIL);
            b.tuple(&[Term::atom(am::EXIT_UP), from, b.adopt(reason)])
        });
        queue(p, m, priority, token.map(Signal::Token));
        return true;
    }
    if plain == Some(am::NORMAL) && kind != ExitKind::ToSelf {
        survived();
        return false;
    }
    let reason = if kill { Detached::immediate(RawTerm::atom(am::KILLED)) } else { reason };
    exit::begin(p, reason);
    false
}

fn down(p: &Process, numbers: RefNumbers, reason: Detached) -> bool {
    let Some(m) = p.owner().relations.borrow_mut().end_monitor(numbers) else { return false };
    let priority = m.priority;
    queue(p, down_message(numbers, m, reason), priority, None);
    true
}

/// `{Tag, Reference, Type, Object, Reason}`.
pub(crate) fn down_message(numbers: RefNumbers, m: Monitor, reason: Detached) -> Message {
    Message::build(|b| {
        let reference = Reference { numbers, pid: m.alias_pid }.term(b);
        let local = |t: RawTerm| Term::immediate(t).unwrap_or(Term::NIL);
        let named = |name, node| b.tuple(&[Term::atom(name), Term::atom(node)]);
        let (kind, object) = match m.watched {
            Watched::Pid(pid) => (am::PROCESS, local(pid)),
            Watched::Remote(ref id) => {
                let port = id.with(|t| matches!(t.kind(), Kind::ExternalPort(..)));
                (if port { am::PORT } else { am::PROCESS }, id.with(|t| b.copy(t)))
            }
            Watched::Name(_, name, node) => (am::PROCESS, named(name, node)),
            Watched::Port(port) => (am::PORT, local(port)),
            Watched::PortName(_, name, node) => (am::PORT, named(name, node)),
            Watched::TimeOffset => (am::CLOCK_SERVICE, Term::atom(am::CLOCK_SERVICE)),
        };
        let tag = m.tag.map_or(Term::atom(am::DOWN_UP), |t| b.adopt(t));
        b.tuple(&[tag, reference, Term::atom(kind), object, b.adopt(reason)])
    })
}

/// Looks an alias up for something sent to it, and ends it if it is good for one only.
fn use_alias(owner: &Owner, r: RefNumbers) -> Option<Alias> {
    let mut rel = owner.relations.borrow_mut();
    let a = rel.aliases.get(&r).copied()?;
    if matches!(a.mode, AliasMode::Reply | AliasMode::ReplyDemonitor) {
        rel.aliases.remove(&r);
    }
    let monitor = if a.mode == AliasMode::ReplyDemonitor { rel.monitors.remove(&r) } else { None };
    drop(rel);
    if let Some(m) = monitor {
        super::stop_watching(r, &m.watched);
    }
    Some(a)
}

fn alias(p: &Process, r: RefNumbers, m: Message, priority: bool, token: Option<Detached>) -> bool {
    let Some(a) = use_alias(p.owner(), r) else { return false };
    let token = token.map(Signal::Token).or_else(|| seq::in_use().then_some(Signal::NoToken));
    queue(p, m, priority && a.priority, token);
    true
}

/// The other side of a link.
fn other<'s>(from: RawTerm) -> Term<'s> {
    Term::immediate(from).unwrap_or(Term::NIL)
}

/// Puts a message into the queue, with its token or the mark that it has none.
fn queue(p: &Process, m: Message, priority: bool, token: Option<Signal>) {
    if p.trace_flags().any(Flags::RECEIVE) {
        events::received(p, &m, None);
    }
    let m = match token {
        Some(token) => m.with_signal(token),
        None => m,
    };
    let owner = p.owner();
    if priority {
        owner.mailbox.queue.push_priority(m);
    } else {
        owner.mailbox.queue.push(m);
    }
}
