//! The end of a process.
//!
//! [`begin`] marks it exiting: from then on it runs no Erlang code and is dead to others. [`step`] then does the rest,
//! in steps that end when the slice's reductions are used up: names, timers, inbox, links, monitors, memory. Invariant:
//! every partner that a link or monitor leads to gets exactly one signal; the process leaves the table last.

use std::cell::Cell;

use super::relations::RefNumbers;
use super::{Process, Table, registry, saved_calls};
use crate::atom::am;
use crate::heap::{Detached, gc};
use crate::sched::{Dirty, Scheduler};
use crate::signal::{self, Signal, TokenExit};
use crate::term::RawTerm;
use crate::trace::{events, profiler, seq};

/// How an exit signal came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitKind {
    /// Over a link.
    Linked,
    /// By `exit/2`.
    Sent,
    /// By `exit/2` to the sender itself: `normal` ends it too.
    ToSelf,
    /// By `exit/3` to an alias; `true`: as a priority message if the alias allows.
    ToAlias(RefNumbers, bool),
}

/// Where an exiting process stands.
pub struct Exit {
    /// Why it exits.
    pub reason: Detached,
    /// The inbox is closed; names are given up.
    closed: bool,
    /// So are the tables.
    given_up: bool,
}

/// Partners told for one reduction.
const COST: i64 = 2;
/// Timers ended between two looks at the reductions.
const TIMERS_PER_STEP: usize = 32;
/// Messages freed for one reduction.
const MESSAGES_PER_REDUCTION: usize = 4;
/// Words of queued messages above which a dirty scheduler frees them all.
const LONG_WORDS: usize = 128 << 10;

/// Marks `p` exiting; the first reason counts. Only the thread that runs it calls this.
pub fn begin(p: &Process, reason: Detached) {
    if p.state().begin_exit() {
        super::snapshot::exiting(p);
        super::table::note_alive(-1);
        p.owner().exit.set(Some(Box::new(Exit { reason, closed: false, given_up: false })));
        // The slice ends at the next test of the reductions.
        p.owner().fcalls.set(0);
    }
}

/// Goes on with the exit while reductions last. `true` when the process is gone; nobody may touch it afterwards but
/// through references that an epoch guard keeps alive.
pub(crate) fn step(s: &Scheduler, p: &Process) -> bool {
    let owner = p.owner();
    if !depart(p) || !drop_messages(s, p) {
        return false;
    }
    if !p.trace_flags().is_empty() {
        events::exited(p);
    }
    owner.exit.take();
    saved_calls::forget(p);
    owner.dictionary.borrow_mut().forget();
    owner.relations.borrow_mut().forget();
    owner.saved_x.borrow_mut().clear();
    if gc::is_large(owner) {
        s.dirty(p, Dirty::Cpu, || owner.heap.discard());
    } else {
        owner.heap.discard();
    }
    p.state().free();
    Table::get().remove(p, &crossbeam_epoch::pin());
    true
}

/// The part of the exit that others see: names, timers, inbox, links, monitors. Goes on while reductions last; `true`
/// when it is done. It leaves the memory of the process alone, which its thread may still use (`sched/dirty.rs`).
pub(crate) fn depart(p: &Process) -> bool {
    let owner = p.owner();
    let Some(mut exit) = owner.exit.take() else { return false };
    if !exit.closed {
        close(p, &exit.reason);
        exit.closed = true;
    }
    exit.given_up = exit.given_up || give_up(p);
    let done = exit.given_up && tell_partners(p, &exit.reason);
    owner.exit.set(Some(exit));
    done
}

fn close(p: &Process, reason: &Detached) {
    profiler::process_rests(p);
    let traced = !p.trace_flags().is_empty();
    if traced {
        reason.with(|r| events::exits(p, r));
    }
    if let Some(name) = registry::release(p)
        && traced
    {
        events::process_if(p, am::UNREGISTER, name.into());
    }
    p.owner().mailbox.timer_stop();
    for m in p.close_inbox() {
        signal::answer_dead(p.pid(), &m);
    }
    p.owner().tasks.resume();
    while let Some(t) = p.owner().tasks.pop() {
        t.answer_dead();
    }
    crate::sched::pass_places_on();
    if p.state().get().system()
        && let Some(hook) = SYSTEM_HOOK.get()
    {
        hook(p.pid(), reason);
    }
}

/// Lets other parts of the VM give up what the process has; `false` if the reductions ran out.
fn give_up(p: &Process) -> bool {
    EXIT_STEPS.get().into_iter().flatten().all(|step| step(p.pid(), &p.owner().fcalls))
}

/// What another part of the VM does when a process exits (tables it owns, what it blocks), as long as reductions are
/// left; `true` when it is done, after which it may be asked again.
pub type ExitStep = fn(RawTerm, &Cell<i64>) -> bool;
/// What is told of the exit of a process that the VM cannot do without.
pub type ExitHook = fn(RawTerm, &Detached);
/// What happens when a process exits that the VM cannot do without.
static SYSTEM_HOOK: std::sync::OnceLock<ExitHook> = std::sync::OnceLock::new();

/// Fixes what happens when a system process exits: such are not reported as crashed.
pub fn set_system_hook(hook: ExitHook) -> bool {
    SYSTEM_HOOK.set(hook).is_ok()
}

/// Whether the end of this process is the end of the VM.
pub(crate) fn ends_all(p: &Process) -> bool {
    p.state().get().system() && SYSTEM_HOOK.get().is_some()
}

static EXIT_STEPS: std::sync::OnceLock<Vec<ExitStep>> = std::sync::OnceLock::new();

/// Fixes the steps; `false` if they were fixed before.
pub fn set_steps(steps: Vec<ExitStep>) -> bool {
    EXIT_STEPS.set(steps).is_ok()
}

/// Ends timers, links and monitors, one by one; `false` if the reductions ran out.
fn tell_partners(p: &Process, reason: &Detached) -> bool {
    let owner = p.owner();
    while !crate::timer::cancel_some(p, TIMERS_PER_STEP) {
        owner.fcalls.set(owner.fcalls.get() - COST * TIMERS_PER_STEP as i64);
        if owner.fcalls.get() <= 0 {
            return false;
        }
    }
    loop {
        if owner.fcalls.get() <= 0 {
            return false;
        }
        owner.fcalls.set(owner.fcalls.get() - COST);
        let mut r = owner.relations.borrow_mut();
        if r.is_absent() {
            return true;
        }
        if let Some((partner, link)) = r.links.pop_first() {
            drop(r);
            if link.unlink == 0 {
                let (from, to) = (p.pid(), RawTerm::from_bits(partner));
                let s = if seq::has_token(p) && to.is_local_pid() {
                    let token = reason.with(|r| seq::exits(p, to, r));
                    Signal::TokenExit(Box::new(TokenExit { from, reason: reason.clone(), token }))
                } else {
                    Signal::Exit { from, reason: reason.clone(), kind: ExitKind::Linked }
                };
                signal::signal(to, s);
            }
        } else if let Some(pid) = r.suspenders.pop_first() {
            drop(r);
            signal::signal(RawTerm::from_bits(pid), Signal::SuspendeeGone { from: p.pid() });
        } else if let Some((numbers, w)) = r.watchers.pop_first() {
            drop(r);
            signal::signal(w.pid, Signal::Down { numbers, reason: reason.clone() });
        } else if let Some((numbers, m)) = r.monitors.pop_first() {
            drop(r);
            signal::stop_watching(numbers, &m.watched);
        } else if let Some((pid, _)) = r.suspended.pop_first() {
            drop(r);
            signal::signal(RawTerm::from_bits(pid), Signal::Resume { from: p.pid() });
        } else if let Some((_, resource)) = r.resources.pop_first() {
            drop(r);
            resource.owner_exited();
        } else {
            r.aliases.clear();
            return true;
        }
    }
}

/// Frees the messages; `false` if the reductions ran out.
fn drop_messages(s: &Scheduler, p: &Process) -> bool {
    let owner = p.owner();
    if owner.mailbox.queue.words() > LONG_WORDS {
        s.dirty(p, Dirty::Cpu, || while owner.mailbox.queue.pop().is_some() {});
    }
    while owner.fcalls.get() > 0 {
        for _ in 0..MESSAGES_PER_REDUCTION {
            if owner.mailbox.queue.pop().is_none() {
                return true;
            }
        }
        owner.fcalls.set(owner.fcalls.get() - 1);
    }
    false
}

/// The reason of a process that the VM itself kills.
pub fn killed() -> Detached {
    Detached::immediate(RawTerm::atom(am::KILLED))
}
