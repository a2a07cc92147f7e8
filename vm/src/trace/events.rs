//! Events that are no calls: messages, births and deaths, links, names, turns of schedulers, collections.
//!
//! Invariant: whoever has an event looks at the process's word first and comes here only if somebody watches for it, on
//! the thread that runs the process.

use super::call::run_event;
use super::effects;
use super::report::{self, local, report};
use super::session::{self, Event};
use super::tracee::{self, Tracee, watchers};
use super::{Flags, profile};
use crate::atom::{Atom, am};
use crate::code::Mfa;
use crate::heap::Builder;
use crate::heap::gc::Collected;
use crate::heap::message::Message;
use crate::node::Node;
use crate::process::{Process, backtrace, info, table};
use crate::profile::Profile;
use crate::term::{RawTerm, Term};

/// Tells everybody who watches a process for `flag`.
fn tell(p: &Process, flag: Flags, elements: impl for<'b> Fn(&Builder<'b>, &mut report::Elements<'b>)) {
    if p.owner().flags.sensitive.get() {
        return;
    }
    for to in watchers(p.pid(), flag) {
        report(&to, p.pid(), &elements);
    }
}

/// Whether a session wants a message of a kind told: what goes with it, if so.
fn wanted<R>(
    to: &Tracee,
    of: impl Fn(&session::Session) -> Event,
    p: &Process,
    arguments: &[Term<'_>],
    f: impl FnOnce(Option<Term<'_>>) -> R,
) -> Option<R> {
    let event = session::with(to.session, of)?;
    if !event.on {
        return None;
    }
    let mut result = None;
    run_event(&event.spec, p, arguments, |outcome| {
        let flags = outcome.map_or(to.flags, |o| effects::carry_out(p, None, to.session, o));
        let word = outcome.and_then(|o| o.message);
        let silent = event.spec.is_some() && flags.any(Flags::SILENT);
        if !silent && word.is_none_or(|w| !w.is(am::FALSE)) {
            result = Some(f(word.filter(|w| !w.is(am::TRUE))));
        }
    });
    result
}

/// A message is about to be sent.
#[cold]
pub(crate) fn sent<'s>(p: &Process, to: Term<'s>, message: Term<'s>) {
    let nobody = to.is_local_pid() && table::with(to.raw(), |p| p.state().get().exiting()) != Some(false);
    let tag = if nobody { am::SEND_TO_NON_EXISTING_PROCESS } else { am::SEND };
    if p.owner().flags.sensitive.get() {
        return;
    }
    for t in watchers(p.pid(), Flags::SEND) {
        wanted(
            &t,
            |s| s.send.clone(),
            p,
            &[to, message],
            |word| {
                report(&t, p.pid(), |b, all| {
                    all.extend([tag.into(), b.copy(message), b.copy(to)]);
                    all.extend(word.map(|w| b.copy(w)));
                });
            },
        );
    }
}

/// A message comes into the queue; `from` is who sent it, if that is known.
#[cold]
pub(crate) fn received(p: &Process, message: &Message, from: Option<RawTerm>) {
    message.with_term(|m| got(p, m, from, am::UNDEFINED));
}

/// The time of a receive is up.
#[cold]
pub(crate) fn timed_out(p: &Process) {
    got(p, am::TIMEOUT.into(), None, am::CLOCK_SERVICE);
}

fn got(p: &Process, message: Term<'_>, from: Option<RawTerm>, otherwise: Atom) {
    if p.owner().flags.sensitive.get() {
        return;
    }
    let (node, sender) = match from {
        Some(pid) => (Node::this_name().into(), local(pid)),
        None => (otherwise.into(), am::UNDEFINED.into()),
    };
    for t in watchers(p.pid(), Flags::RECEIVE) {
        wanted(
            &t,
            |s| s.receive.clone(),
            p,
            &[node, sender, message],
            |word| {
                report(&t, p.pid(), |b, all| {
                    all.extend([am::RECEIVE.into(), b.copy(message)]);
                    all.extend(word.map(|w| b.copy(w)));
                });
            },
        );
    }
}

/// Something that flag `procs` tells of, with one term to it.
#[cold]
pub(crate) fn process(p: &Process, tag: Atom, what: Term<'_>) {
    tell(p, Flags::PROCS, |b, all| all.extend([tag.into(), b.copy(what)]));
}

/// A process or port, not necessarily the running one, gets a name or loses it.
pub fn named(id: RawTerm, tag: Atom, name: Atom) {
    for to in watchers(id, if id.is_local_port() { Flags::PORTS } else { Flags::PROCS }) {
        report(&to, id, |_, all| all.extend([Term::atom(tag), Term::atom(name)]));
    }
}

/// As [`process`], if anybody wants to know.
#[inline(always)]
pub(crate) fn process_if(p: &Process, tag: Atom, what: Term<'_>) {
    if p.trace_flags().any(Flags::PROCS) {
        process(p, tag, what);
    }
}

/// Where a new process begins.
pub(crate) struct Birth<'s> {
    pub(crate) child: RawTerm,
    pub(crate) mfa: Mfa,
    pub(crate) args: Term<'s>,
    pub(crate) linked: bool,
}

const SPAWN: Flags = Flags::SET_ON_SPAWN.and(Flags::SET_ON_FIRST_SPAWN);
const LINK: Flags = Flags::SET_ON_LINK.and(Flags::SET_ON_FIRST_LINK);
/// What a parent hands on.
const INHERITED: Flags = SPAWN.and(LINK);

/// A process was made that does not run yet: it gets the flags that it is to have, and both are told of.
#[inline]
pub(crate) fn born(parent: &Process, birth: &Birth<'_>) {
    if parent.trace_flags().any(Flags::PROCS.and(INHERITED)) || session::fresh_is_set() {
        born_traced(parent, birth);
    }
}

#[cold]
fn born_traced(parent: &Process, birth: &Birth<'_>) {
    let set = |id, session, tracer, on, off| {
        // Nobody can have come between: the process does not run yet.
        let _ = tracee::change(id, session, tracer, on, off);
    };
    for (session, fresh) in session::fresh_processes() {
        set(birth.child, session, fresh.tracer, fresh.flags, Flags::NONE);
    }
    for t in watchers(parent.pid(), INHERITED) {
        let first_spawn = t.flags.any(Flags::SET_ON_FIRST_SPAWN);
        if t.flags.any(SPAWN) {
            let off = if first_spawn { SPAWN } else { Flags::NONE };
            set(birth.child, t.session, t.tracer, t.flags.without(off), off);
        }
        if birth.linked && t.flags.any(LINK) {
            let off = if t.flags.any(Flags::SET_ON_FIRST_LINK) { LINK } else { Flags::NONE };
            set(birth.child, t.session, t.tracer, t.flags.without(off), off);
            set(parent.pid(), t.session, None, Flags::NONE, off);
        }
        if first_spawn {
            set(parent.pid(), t.session, None, Flags::NONE, SPAWN);
        }
    }
    let spawned = |p: &Process, tag: Atom, other: RawTerm, link: Atom| {
        tell(p, Flags::PROCS, |b, all| {
            let mfa = b.tuple(&[birth.mfa.module.into(), birth.mfa.function.into(), b.copy(birth.args)]);
            all.extend([tag.into(), local(other), mfa]);
        });
        if birth.linked {
            process_if(p, link, local(other));
        }
    };
    if parent.trace_flags().any(Flags::PROCS) {
        spawned(parent, am::SPAWN, birth.child, am::LINK);
    }
    let child = |p: &Process| {
        if p.trace_flags().any(Flags::PROCS) {
            spawned(p, am::SPAWNED, parent.pid(), am::GETTING_LINKED);
        }
    };
    table::with(birth.child, child);
}

/// A process links to another, which may get its flags.
#[cold]
pub(crate) fn linked(p: &Process, other: RawTerm) {
    for t in watchers(p.pid(), LINK) {
        let off = if t.flags.any(Flags::SET_ON_FIRST_LINK) { LINK } else { Flags::NONE };
        // Who is gone, or traced by somebody else, is left alone.
        let _ = tracee::change(other, t.session, t.tracer, t.flags.without(off), off);
        let _ = tracee::change(p.pid(), t.session, None, Flags::NONE, off);
    }
}

/// Whether links of the process hand flags on. In 25 they do not, unless made together with the other process.
#[inline(always)]
pub(crate) fn links_inherit(p: &Process) -> bool {
    p.trace_flags().any(LINK) && Profile::get().release > 25
}

/// A process comes to run Erlang code, or stops; in its exit with flag `exiting`.
#[cold]
pub(crate) fn scheduled(p: &Process, begins: bool) {
    if begins && p.trace_flags().any(Flags::MEASURED) {
        profile::runs(p);
    } else if p.trace_flags().any(Flags::MEASURED) {
        profile::stops(p);
    }
    let exiting = p.state().get().exiting();
    let (flag, tag) = match (exiting, begins) {
        (false, true) => (Flags::SCHEDULING, am::IN),
        (false, false) => (Flags::SCHEDULING, am::OUT),
        (true, true) => (Flags::EXITING, am::IN_EXITING),
        (true, false) => (Flags::EXITING, am::OUT_EXITING),
    };
    if p.trace_flags().any(flag) {
        turn(p, flag, tag, exiting);
    }
}

fn turn(p: &Process, flag: Flags, tag: Atom, exiting: bool) {
    tell(p, flag, |b, all| {
        let place = if exiting { Term::small(0) } else { backtrace::current_function(b, p) };
        all.extend([tag.into(), if place.is(am::UNDEFINED) { Term::small(0) } else { place }]);
    });
}

/// The exit begins.
#[cold]
pub(crate) fn exits(p: &Process, reason: Term<'_>) {
    if p.trace_flags().any(Flags::MEASURED) {
        profile::stops(p);
    }
    process_if(p, am::EXIT, reason);
}

/// The exit has come to its end.
#[cold]
pub(crate) fn exited(p: &Process) {
    if p.trace_flags().any(Flags::EXITING) {
        turn(p, Flags::EXITING, am::OUT_EXITED, true);
    }
    if p.trace_flags().any(Flags::MEASURED) {
        profile::forget(p);
    }
    tracee::forget(p.pid());
}

/// A collection begins.
#[cold]
pub(crate) fn collects(p: &Process, major: bool, need: usize) {
    if p.trace_flags().any(Flags::MEASURED) {
        profile::collects(p);
    }
    collection(p, if major { am::GC_MAJOR_START } else { am::GC_MINOR_START }, need);
}

/// A collection has ended that was to be a major one, or not.
#[cold]
pub(crate) fn collected(p: &Process, begun_major: bool, need: usize, done: &Collected) {
    if p.trace_flags().any(Flags::MEASURED) {
        profile::collected(p);
    }
    if done.major && !begun_major {
        collection(p, am::GC_MINOR_END, 0);
        collection(p, am::GC_MAJOR_START, need);
    }
    collection(p, if done.major { am::GC_MAJOR_END } else { am::GC_MINOR_END }, done.reclaimed);
}

fn collection(p: &Process, tag: Atom, words: usize) {
    if p.trace_flags().any(Flags::GARBAGE_COLLECTION) {
        tell(p, Flags::GARBAGE_COLLECTION, |b, all| {
            let words = b.tuple(&[am::WORDSIZE.into(), b.uint(words as u64)]);
            all.extend([tag.into(), b.cons(words, info::garbage_collection_info(b, p.owner()))]);
        });
    }
}
