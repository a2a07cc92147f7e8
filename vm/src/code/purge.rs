//! Purging old code: one purge at a time, in the steps of `erts_internal:purge_module/2`.
//!
//! *Prepare* takes the code away from the funs that lead into it; who calls one of them meanwhile is suspended and tries
//! again afterwards. When all schedulers have passed a safe point, nobody gets into the code any more but who is in it:
//! the purger asks every process ([`uses_old_code`]), kills or gives up, and *completes* or *aborts*. Invariant: code is
//! freed after thread progress, and after no process had its addresses in its pc or on its stack.

use std::sync::{Arc, Mutex};

use super::registry;
use super::{FunEntry, LoadedModule};
use crate::atom::Atom;
use crate::process::{Process, table};
use crate::sched;
use crate::signal::{Signal, signal};
use crate::sync::lock;
use crate::term::RawTerm;

/// Where a purge stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Schedulers may still be calling funs as they were.
    Preparing,
    /// As [`Phase::Preparing`] was, but nobody has told the purger.
    Prepared,
    /// The purger knows and asks the processes.
    Checking,
    /// The funs have their code back; schedulers may still see them without.
    Aborting,
    /// The purge was given up, but nobody has told the purger.
    Aborted,
}

struct Purge {
    module: Atom,
    phase: Phase,
    purger: RawTerm,
    /// Funs that led into the code, and where they led.
    funs: Vec<(&'static FunEntry, *mut u64)>,
    /// Processes that were suspended because they called one of them.
    suspended: Vec<RawTerm>,
    /// The old version that stood aside for the one whose `-on_load` function failed.
    aside: Option<Arc<LoadedModule>>,
}

// SAFETY: the addresses are those of code that is not freed before the purge ends.
unsafe impl Send for Purge {}

static PURGE: Mutex<Option<Purge>> = Mutex::new(None);

/// What a step of a purge answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The step is done (`true`), or there was nothing to do.
    Done(bool),
    /// The purger is woken when it is worth asking again.
    Wait,
    /// This is not the time for this step.
    Wrong,
}

/// Wakes the purger when all schedulers have passed a safe point, having advanced the purge.
fn advance_later(from: Phase, to: Phase) {
    sched::after_thread_progress(move || {
        let mut purge = lock(&PURGE);
        let Some(p) = purge.as_mut().filter(|p| p.phase == from) else { return };
        p.phase = to;
        if to == Phase::Aborted {
            p.resume_all();
        }
        let purger = p.purger;
        drop(purge);
        if let Some(Some(priority)) = table::with(purger, |p| p.state().activate()) {
            sched::enqueue(purger, priority);
        }
    });
}

impl Purge {
    fn resume_all(&mut self) {
        for pid in self.suspended.drain(..) {
            signal(pid, Signal::Resume { from: self.purger });
        }
    }
}

/// Prepares to purge the old code of a module; with `on_load` the code whose `-on_load` function failed.
pub fn prepare(module: Atom, on_load: bool, purger: RawTerm) -> Step {
    let mut purge = lock(&PURGE);
    if let Some(p) = purge.as_mut() {
        return match p.phase {
            Phase::Preparing if p.module == module => Step::Wait,
            Phase::Prepared if p.module == module => {
                p.phase = Phase::Checking;
                Step::Done(true)
            }
            _ => Step::Wrong,
        };
    }
    let mut registry = registry::write();
    let Some(versions) = registry.modules.get_mut(&module) else { return Step::Done(false) };
    let mut aside = None;
    if on_load {
        let Some(failed) = versions.on_load.take() else { return Step::Done(false) };
        aside = versions.old.replace(failed);
    }
    let Some(old) = versions.old.clone() else { return Step::Done(false) };
    let mut funs = Vec::new();
    for &(fun, at) in &old.lambdas {
        let code = old.address(at);
        if fun.leads_to(code) {
            // The current version may have the very same fun.
            let other = versions.current.as_ref().and_then(|m| m.lambda(fun));
            fun.set_address(other.unwrap_or(std::ptr::null_mut()));
            funs.push((fun, code));
        }
    }
    *purge = Some(Purge { module, phase: Phase::Preparing, purger, funs, suspended: Vec::new(), aside });
    drop(registry);
    drop(purge);
    advance_later(Phase::Preparing, Phase::Prepared);
    Step::Wait
}

/// Gives a purge up: the funs lead to the code again.
pub fn abort(module: Atom) -> Step {
    let mut purge = lock(&PURGE);
    let Some(p) = purge.as_mut().filter(|p| p.module == module) else { return Step::Wrong };
    match p.phase {
        Phase::Checking => {
            p.phase = Phase::Aborting;
            for &(fun, code) in p.funs.iter().filter(|(f, _)| !f.has_code()) {
                fun.set_address(code);
            }
            drop(purge);
            advance_later(Phase::Aborting, Phase::Aborted);
            Step::Wait
        }
        Phase::Aborting => Step::Wait,
        Phase::Aborted => {
            *purge = None;
            Step::Done(false)
        }
        Phase::Preparing | Phase::Prepared => Step::Wrong,
    }
}

/// Frees the code: nobody runs it.
pub fn complete(module: Atom) -> Step {
    let mut purge = lock(&PURGE);
    let Some(mut p) = purge.take_if(|p| p.module == module && p.phase == Phase::Checking) else { return Step::Wrong };
    let mut registry = registry::write();
    let gone = match registry.modules.get_mut(&module) {
        Some(versions) => {
            let gone = std::mem::replace(&mut versions.old, p.aside.take());
            let empty = versions.current.is_none() && versions.old.is_none() && versions.on_load.is_none();
            // The module's name stays known: deleting it again is no mistake.
            debug_assert!(!empty || gone.is_some());
            gone
        }
        None => None,
    };
    if let Some(m) = &gone {
        registry.remove(m);
    }
    drop(registry);
    p.resume_all();
    drop(purge);
    let done = gone.is_some();
    // Its literals follow when the last reference to the module is gone.
    sched::after_thread_progress(move || drop(gone));
    Step::Done(done)
}

/// A fun without code was called. If that is because its code is being purged, the process is suspended until the purge
/// has ended, however it ends.
pub(crate) fn suspend_caller(p: &Process, fun: &'static FunEntry) -> bool {
    let mut purge = lock(&PURGE);
    let Some(purge) = purge.as_mut().filter(|u| u.phase != Phase::Aborted) else { return false };
    if !purge.funs.iter().any(|(f, _)| std::ptr::eq(*f, fun)) {
        return false;
    }
    purge.suspended.push(p.pid());
    p.owner().relations.borrow_mut().suspenders.insert(purge.purger.bits());
    p.state().suspend();
    p.owner().fcalls.set(0);
    true
}

/// Whether a process runs old code of a module, or will return to it. The thread that runs the process asks.
pub fn uses_old_code(p: &Process, module: Atom) -> bool {
    let Some(old) = registry::old_module(module) else { return false };
    let owner = p.owner();
    owner.fcalls.set(owner.fcalls.get() - (owner.heap.stack_size() / WORDS_PER_REDUCTION) as i64);
    old.holds(owner.pc.get() as usize) || owner.heap.stack_leads_to(|word| old.holds(word))
}

/// Words of stack looked at for one reduction.
const WORDS_PER_REDUCTION: usize = 32;
