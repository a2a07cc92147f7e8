//! `erlang:system_flag/2`: settings of the whole VM.
//!
//! Invariant: the answer is the value before. A setting that cannot be changed here takes the value it has and refuses
//! every other.

use std::sync::atomic::{AtomicU32, Ordering};

use girder_vm::process::report;
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am, sched};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "system_flag"/2 => system_flag_2, Bif;
    }
}

static TRACE_CONTROL_WORD: AtomicU32 = AtomicU32::new(0);

/// The value it has, if that is the one it is to take.
fn fixed<'s>(now: Term<'s>, to: Term<'s>) -> Result<Term<'s>, Raise> {
    if now.same(to) { Ok(now) } else { Err(Raise::Badarg) }
}

fn atom<'s>(name: &str) -> Result<Term<'s>, Raise> {
    Atom::new(name).map(Term::atom).map_err(|_| Raise::SystemLimit)
}

/// Who gets the VM's own reports: `logger`, `undefined` (nobody) or a local process.
fn system_logger<'s>(to: Term<'s>) -> Result<Term<'s>, Raise> {
    if !(to.is(am::LOGGER) || to.is(am::UNDEFINED) || to.is_local_pid()) {
        return Err(Raise::Badarg);
    }
    Ok(Term::immediate(report::set_logger(to.raw())).unwrap_or(am::UNDEFINED.into()))
}

fn trace_control_word<'s>(ctx: &Ctx<'s>, to: Term<'s>) -> Result<Term<'s>, Raise> {
    let to = to.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or(Raise::Badarg)?;
    Ok(ctx.uint(u64::from(TRACE_CONTROL_WORD.swap(to, Ordering::Relaxed))))
}

/// Other schedulers are none to be blocked when there is one.
fn multi_scheduling<'s>(to: Term<'s>) -> Result<Term<'s>, Raise> {
    match to.as_atom().map(Atom::name) {
        Some("block" | "unblock" | "block_normal" | "unblock_normal") if sched::count() == 1 => atom("disabled"),
        _ => Err(Raise::Badarg),
    }
}

/// A number from 1 to `n`.
fn among(to: Term<'_>, n: usize) -> Result<usize, Raise> {
    to.as_usize().filter(|to| (1..=n).contains(to)).ok_or(Raise::Badarg)
}

/// Who has asked for `scheduler_wall_time`. The schedulers measure it always; it is shown while somebody who asked lives.
pub(crate) mod wall_time {
    use std::collections::HashSet;
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    use girder_vm::RawTerm;
    use girder_vm::process::table;

    static ASKERS: LazyLock<Mutex<HashSet<RawTerm>>> = LazyLock::new(Mutex::default);

    fn askers() -> MutexGuard<'static, HashSet<RawTerm>> {
        let mut all = ASKERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|pid| table::with(*pid, |_| ()).is_some());
        all
    }

    /// Whether it is shown.
    pub(crate) fn is_on() -> bool {
        !askers().is_empty()
    }

    /// Asks for it or gives it up; whether it was shown before.
    pub(crate) fn set(pid: RawTerm, on: bool) -> bool {
        let mut all = askers();
        let was = !all.is_empty();
        if on {
            all.insert(pid);
        } else {
            all.remove(&pid);
        }
        was
    }
}

fn system_flag_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let to = a[1];
    match a[0].as_atom().map(Atom::name) {
        Some("backtrace_depth") => fixed(Term::small(8), to),
        Some("fullsweep_after") => fixed(Term::small(crate::system_info::FULLSWEEP_AFTER), to),
        Some("min_heap_size") => fixed(Term::small(crate::system_info::MIN_HEAP_SIZE), to),
        Some("min_bin_vheap_size") => fixed(Term::small(crate::system_info::MIN_BIN_VHEAP_SIZE), to),
        Some("multi_scheduling") => multi_scheduling(to),
        Some("outstanding_system_requests_limit") => fixed(Term::small(4), to),
        Some("reset_seq_trace") => fixed(Term::TRUE, to),
        Some("scheduler_bind_type") => fixed(atom("unbound")?, to),
        Some("scheduler_wall_time") => {
            Ok(Term::bool(wall_time::set(ctx.self_pid().raw(), to.as_bool().ok_or(Raise::Badarg)?)))
        }
        Some("microstate_accounting" | "sequential_tracer") => fixed(Term::FALSE, to),
        Some("schedulers_online") => Ok(ctx.uint(sched::set_online(among(to, sched::count())?) as u64)),
        Some("dirty_cpu_schedulers_online") => {
            Ok(ctx.uint(sched::set_dirty_cpu_online(among(to, sched::Dirty::Cpu.count())?) as u64))
        }
        Some("system_logger") => system_logger(to),
        Some("time_offset") if to.as_atom().is_some_and(|t| t.name() == "finalize") && Profile::get().release < 27 => {
            atom("final")
        }
        Some("trace_control_word") => trace_control_word(ctx, to),
        _ => Err(ctx.badarg_because(am::BADOPT.into())),
    }
}
