//! What is asked of a process for debugging: its stack on standard error, its links and monitors one by one.
//!
//! Invariant: only the thread that runs the process, or handles its signals, answers ([`Signal::Ask`]).
//!
//! [`Signal::Ask`]: crate::signal::Signal::Ask

use super::Process;
use super::relations::{Reference, Watched};
use crate::atom::{Atom, am};
use crate::heap::Builder;
use crate::term::{RawTerm, Term};

/// A question; its answer is built for whoever asks.
pub type Question = for<'s> fn(&Builder<'s>, &Process) -> Term<'s>;

/// Writes the stack to standard error, unless the process is sensitive.
pub fn display<'s>(_: &Builder<'s>, p: &Process) -> Term<'s> {
    if !p.owner().flags.sensitive.get() {
        crate::sys::console::print(&super::backtrace::text(p));
    }
    Term::TRUE
}

fn partner<'s>(t: RawTerm) -> Term<'s> {
    Term::immediate(t).unwrap_or(Term::NIL)
}

fn kind(t: RawTerm) -> Atom {
    if t.is_local_port() { am::PORT } else { am::PROCESS }
}

/// `{erl_link, Kind, Partner, State, Id}` for each link. The identity is the partner's word.
pub fn link_list<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    let relations = p.owner().relations.borrow();
    b.list_from(relations.links.iter().map(|(bits, link)| {
        let other = RawTerm::from_bits(*bits);
        let state = if link.unlink == 0 { am::LINKED } else { am::UNLINKING };
        b.tuple(&[am::ERL_LINK.into(), kind(other).into(), partner(other), state.into(), b.uint(*bits)])
    }))
}

/// `{erl_monitor, Kind, Side, Reference, Other, Extra}` for each monitor: first those that the process has, then those on it.
pub fn monitor_list<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    let relations = p.owner().relations.borrow();
    let entry = |kind: Atom, side: Atom, reference: Reference, other, name: Option<Atom>| {
        let extra = name.map_or(Term::NIL, Term::atom);
        b.tuple(&[am::ERL_MONITOR.into(), kind.into(), side.into(), reference.term(b), other, extra])
    };
    let of = |numbers, alias_pid| Reference { numbers, pid: alias_pid };
    let watches = relations.monitors.iter().map(|(numbers, m)| {
        let (kind, other, name) = match &m.watched {
            Watched::Pid(pid) => (am::PROCESS, partner(*pid), None),
            Watched::Name(pid, name, _) => (am::PROCESS, partner(*pid), Some(*name)),
            Watched::Port(port) => (am::PORT, partner(*port), None),
            Watched::PortName(port, name, _) => (am::PORT, partner(*port), Some(*name)),
            Watched::TimeOffset => (am::TIME_OFFSET, am::CLOCK_SERVICE.into(), None),
            Watched::Remote(pid) => (am::DIST_PROCESS, pid.with(|t| b.copy(t)), None),
        };
        entry(kind, am::ORIGIN, of(*numbers, m.alias_pid), other, name)
    });
    let watched = relations
        .watchers
        .iter()
        .map(|(numbers, w)| entry(kind(w.pid), am::TARGET, of(*numbers, None), partner(w.pid), w.name));
    b.list_from(watches.chain(watched))
}
