//! `erlang:system_flag/2`: settings of the whole VM.
//!
//! Invariant: the answer is the value before. A setting that cannot be changed here takes the value it has and refuses
//! every other.

use std::sync::atomic::{AtomicU32, Ordering};

use girder_vm::process::info::max_heap_map;
use girder_vm::process::limits::{self, DEFAULTS};
use girder_vm::process::report;
use girder_vm::sched::MultiScheduling;
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am, sched};

use crate::process::export;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "system_flag"/2 => system_flag_2, Bif;
    }
}

/// How many garbage collections and code checks OTP's code is to have asked for at a time.
static REQUESTS_LIMIT: AtomicU32 = AtomicU32::new(4);

/// `outstanding_system_requests_limit`.
pub(crate) fn requests_limit() -> u32 {
    REQUESTS_LIMIT.load(Ordering::Relaxed)
}

/// The value it has, if that is the one it is to take.
fn fixed<'s>(now: Term<'s>, to: Term<'s>) -> Result<Term<'s>, Raise> {
    if now.same(to) { Ok(now) } else { Err(Raise::Badarg) }
}

fn count(t: Term<'_>) -> Result<usize, Raise> {
    t.as_small().and_then(|n| usize::try_from(n).ok()).ok_or(Raise::Badarg)
}

fn max_heap_size<'s>(ctx: &Ctx<'s>, to: Term<'s>) -> Result<Term<'s>, Raise> {
    let old = DEFAULTS.max_heap();
    let new = crate::process::flag::max_heap(to, old).ok_or(Raise::Badarg)?;
    if new.size != 0 && new.size < DEFAULTS.min_heap_size.load(Ordering::Relaxed) {
        return Err(Raise::Badarg);
    }
    DEFAULTS.set_max_heap(new);
    Ok(max_heap_map(ctx, old))
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
    Ok(ctx.uint(u64::from(girder_vm::ets::matchspec::set_control_word(to))))
}

/// What `multi_scheduling` is.
pub(crate) fn multi_scheduling_state<'s>() -> Result<Term<'s>, Raise> {
    atom(match sched::multi_scheduling() {
        MultiScheduling::Disabled => "disabled",
        MultiScheduling::Enabled => "enabled",
        MultiScheduling::Blocked => "blocked",
        MultiScheduling::BlockedNormal => "blocked_normal",
    })
}

fn multi_scheduling<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let me = ctx.self_pid().raw();
    let done = match a[1].as_atom().map(Atom::name) {
        Some("block") => sched::block(me, false),
        Some("block_normal") => sched::block(me, true),
        Some("unblock") => {
            sched::unblock(me, false);
            true
        }
        Some("unblock_normal") => {
            sched::unblock(me, true);
            true
        }
        _ => return Err(Raise::Badarg),
    };
    if done { multi_scheduling_state() } else { Err(ctx.yield_to(export(am::ERLANG, "system_flag", 2)?, a)) }
}

/// Sets how many schedulers are online, and as many more or fewer dirty ones for computations; gives how many were.
fn set_schedulers_online(n: usize) -> usize {
    let old = sched::set_online(n);
    if n != old {
        let all = sched::Dirty::Cpu.count();
        // In whole per cent, as the reference reckons.
        let percent = n * (all * 100 / sched::count()) / old;
        sched::set_dirty_cpu_online((sched::Dirty::Cpu.online() * percent / 100).clamp(1, all));
    }
    old
}

/// A number from 1 to `n`.
fn among(to: Term<'_>, n: usize) -> Result<usize, Raise> {
    to.as_usize().filter(|to| (1..=n).contains(to)).ok_or(Raise::Badarg)
}

fn system_flag_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let to = a[1];
    match a[0].as_atom().map(Atom::name) {
        Some("backtrace_depth") => Ok(ctx.uint(girder_vm::interp::set_backtrace_depth(count(to)?) as u64)),
        Some("fullsweep_after") => {
            let old = DEFAULTS.fullsweep_after.swap(limits::fullsweep_after(count(to)?), Ordering::Relaxed);
            Ok(ctx.uint(u64::from(old)))
        }
        Some("min_heap_size") => {
            Ok(ctx.uint(DEFAULTS.min_heap_size.swap(limits::heap_size(count(to)?), Ordering::Relaxed) as u64))
        }
        Some("min_bin_vheap_size") => {
            Ok(ctx.uint(DEFAULTS.min_bin_vheap_size.swap(limits::vheap_size(count(to)?), Ordering::Relaxed) as u64))
        }
        Some("max_heap_size") => max_heap_size(ctx, to),
        Some("multi_scheduling") => multi_scheduling(ctx, a),
        Some("outstanding_system_requests_limit") => {
            let to = u32::try_from(count(to)?).ok().filter(|n| *n > 0).ok_or(Raise::Badarg)?;
            Ok(ctx.uint(u64::from(REQUESTS_LIMIT.swap(to, Ordering::Relaxed))))
        }
        Some("reset_seq_trace") => {
            if !to.is(am::TRUE) {
                return Err(Raise::Badarg);
            }
            girder_vm::trace::seq::reset_all();
            Ok(Term::TRUE)
        }
        Some("scheduler_bind_type") => fixed(atom("unbound")?, to),
        Some("scheduler_wall_time") => crate::wall_time::set(ctx, to),
        Some("microstate_accounting") => crate::msacc::set(to),
        Some("sequential_tracer") => crate::trace::seq::set_tracer(to),
        Some("schedulers_online") => Ok(ctx.uint(set_schedulers_online(among(to, sched::count())?) as u64)),
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
