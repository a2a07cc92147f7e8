//! `scheduler_wall_time`: who wants the schedulers' times, and the times.
//!
//! Schedulers measure always; the flag decides whether they are shown. Invariant: they are shown while a process that
//! has switched it on, once more often than off, is alive. With OTP's kernel running, its `kernel_refc` process counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};

use girder_vm::process::{registry, table};
use girder_vm::sched::Dirty;
use girder_vm::term::RawTerm;
use girder_vm::{Atom, Ctx, Raise, Term, am, sched};

use crate::process::export;

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "scheduler_wall_time"/1 => scheduler_wall_time_1, Bif;
    }
}

/// What `kernel_refc` says.
static KERNEL: AtomicBool = AtomicBool::new(false);
/// How often each process has switched it on.
static BY: LazyLock<Mutex<HashMap<u64, usize>>> = LazyLock::new(Mutex::default);

/// The counts of processes that are alive.
fn counts() -> MutexGuard<'static, HashMap<u64, usize>> {
    let mut by = BY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    by.retain(|pid, _| table::with(RawTerm::from_bits(*pid), |p| p.state().get().exiting()) == Some(false));
    by
}

fn shown() -> bool {
    KERNEL.load(Ordering::Relaxed) || !counts().is_empty()
}

/// `system_flag(scheduler_wall_time, On)`.
pub fn set<'s>(ctx: &Ctx<'s>, on: Term<'s>) -> Result<Term<'s>, Raise> {
    let switch = on.as_bool().ok_or(Raise::Badarg)?;
    let kernel = Atom::existing("kernel_refc").is_some_and(|name| registry::whereis(name).is_some());
    if kernel {
        return Err(ctx.trap(export(am::ERTS_INTERNAL, "system_flag_scheduler_wall_time", 1)?, &[on]));
    }
    let old = shown();
    let me = ctx.self_pid().raw().bits();
    let mut by = counts();
    if switch {
        *by.entry(me).or_insert(0) += 1;
    } else if let Some(n) = by.get_mut(&me) {
        *n -= 1;
        if *n == 0 {
            by.remove(&me);
        }
    }
    Ok(Term::bool(old))
}

fn scheduler_wall_time_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let on = a[0].as_bool().ok_or(Raise::Badarg)?;
    Ok(Term::bool(KERNEL.swap(on, Ordering::Relaxed)))
}

/// `[{Scheduler, ActiveTime, TotalTime}]`, of dirty CPU schedulers too and, if `all`, of dirty I/O ones; `undefined` while
/// the times are not shown.
pub fn times<'s>(ctx: &Ctx<'s>, all: bool) -> Term<'s> {
    if !shown() {
        return am::UNDEFINED.into();
    }
    let mut times = sched::wall_times();
    times.extend(sched::dirty_wall_times(Dirty::Cpu));
    if all {
        times.extend(sched::dirty_wall_times(Dirty::Io));
    }
    let one =
        |(i, t): (usize, sched::WallTime)| ctx.tuple(&[ctx.uint(i as u64 + 1), ctx.uint(t.active), ctx.uint(t.total)]);
    ctx.list_from(times.into_iter().enumerate().rev().map(one))
}
