//! `system_profile`: when processes and ports become runnable and when not any more, when schedulers work and sleep, told
//! to one process.
//!
//! Invariant: `active` and `inactive` of a process alternate ([`Flags::ACTIVE`] in its word), those of a port too, and are
//! told by the thread that runs it. Who is told is woken late ([`signal::to_pid_later`]): else each event would make work
//! that others help with, and processes that run one after the other would run beside each other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::report::{local, stamp};
use super::{Flags, tracee};
use crate::atom::{Atom, am};
use crate::heap::Builder;
use crate::heap::message::Message;
use crate::process::{Process, backtrace, table};
use crate::signal;
use crate::sync::lock;
use crate::term::{RawTerm, Term};

/// Who is told what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Profiler {
    /// Who.
    pub pid: RawTerm,
    /// `runnable_procs`.
    pub processes: bool,
    /// `runnable_ports`.
    pub ports: bool,
    /// `scheduler`.
    pub schedulers: bool,
    /// `exclusive`: a process is not active while a port does at once what it asks of it.
    pub exclusive: bool,
    /// How time is shown.
    pub stamps: Flags,
}

static PROFILER: Mutex<Option<Profiler>> = Mutex::new(None);
const PROCESSES: u32 = 1;
const SCHEDULERS: u32 = 2;
const PORTS: u32 = 4;
const EXCLUSIVE: u32 = 8;
static WANTED: AtomicU32 = AtomicU32::new(0);

/// Who is told, if he is still there.
pub fn get() -> Option<Profiler> {
    lock(&PROFILER).filter(|p| tracee::is_alive(p.pid))
}

/// Sets who is told; who was before.
pub fn set(new: Option<Profiler>) -> Option<Profiler> {
    let old = get();
    *lock(&PROFILER) = new;
    let kinds = |p: Profiler| {
        u32::from(p.processes) * PROCESSES
            + u32::from(p.schedulers) * SCHEDULERS
            + u32::from(p.ports) * PORTS
            + u32::from(p.processes && p.exclusive) * EXCLUSIVE
    };
    WANTED.store(new.map_or(0, kinds), Ordering::Relaxed);
    old
}

#[inline(always)]
fn wanted(kind: u32) -> bool {
    // Relaxed: what is under way when it is set may go untold.
    WANTED.load(Ordering::Relaxed) & kind != 0
}

/// `{profile, ..., Time}`.
fn tell(about: Option<RawTerm>, elements: impl for<'b> FnOnce(&Builder<'b>) -> Vec<Term<'b>>) {
    let Some(to) = get() else {
        set(None);
        return;
    };
    if about == Some(to.pid) {
        return;
    }
    let m = Message::build(|b| {
        let mut all = vec![am::PROFILE.into()];
        all.extend(elements(b));
        all.extend(stamp(b, to.stamps));
        b.tuple(&all)
    });
    signal::to_pid_later(to.pid, m);
}

/// A process has its turn.
#[inline(always)]
pub(crate) fn process_runs(p: &Process) {
    if wanted(PROCESSES) && !p.trace_flags().any(Flags::ACTIVE) {
        process(p, am::ACTIVE, true);
    }
}

/// A process waits, or is gone.
#[inline(always)]
pub(crate) fn process_rests(p: &Process) {
    if wanted(PROCESSES) && p.trace_flags().any(Flags::ACTIVE) {
        process(p, am::INACTIVE, false);
    }
}

#[cold]
fn process(p: &Process, tag: Atom, active: bool) {
    p.note_trace(Flags::ACTIVE, active);
    tell(Some(p.pid()), |b| {
        let place = if p.state().get().exiting() { None } else { backtrace::place(p) };
        let place = place.map_or(Term::small(0), |m| {
            b.tuple(&[m.module.into(), m.function.into(), Term::small(i32::from(m.arity))])
        });
        vec![local(p.pid()), tag.into(), place]
    });
}

/// A port is run, on a scheduler or by who asks something of it; `told`: what its last event was, `true` for `active`.
#[inline(always)]
pub(crate) fn port_runs(id: RawTerm, told: &mut bool) {
    if wanted(PORTS) && !*told {
        *told = true;
        port(id, am::ACTIVE);
    }
}

/// Nothing is left for a port to do, or it is gone. Looks at nothing unless it was told that the port is active.
#[inline(always)]
pub(crate) fn port_rests(id: RawTerm, told: &mut bool) {
    if *told {
        *told = false;
        if wanted(PORTS) {
            port(id, am::INACTIVE);
        }
    }
}

/// The thread of the process `pid` is about to run a port, for which the process rests; whether it was told so.
#[inline(always)]
pub(crate) fn caller_rests(pid: RawTerm) -> bool {
    wanted(EXCLUSIVE) && with_active(pid, process_rests)
}

/// It has run the port, and goes on with the process; `told`: what [`caller_rests`] has said.
#[inline(always)]
pub(crate) fn caller_runs(pid: RawTerm, told: bool) {
    if told {
        table::with(pid, process_runs);
    }
}

#[cold]
fn with_active(pid: RawTerm, f: fn(&Process)) -> bool {
    let active = |p: &Process| p.trace_flags().any(Flags::ACTIVE).then(|| f(p)).is_some();
    table::with(pid, active).unwrap_or(false)
}

/// What a port does has no name here, in OTP neither.
#[cold]
fn port(id: RawTerm, tag: Atom) {
    tell(None, |_| vec![local(id), tag.into(), Term::small(0)]);
}

/// A scheduler has run out of work, or has some again; so many have now.
#[inline(always)]
pub(crate) fn scheduler(id: usize, active: bool, working: usize) {
    if wanted(SCHEDULERS) {
        scheduler_changes(id, active, working);
    }
}

#[cold]
fn scheduler_changes(id: usize, active: bool, working: usize) {
    let tag = if active { am::ACTIVE } else { am::INACTIVE };
    tell(None, |b| vec![am::SCHEDULER.into(), b.uint(id as u64 + 1), tag.into(), b.uint(working as u64)]);
}
