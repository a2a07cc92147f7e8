//! `process_flag` and the values that process settings take.

use girder_vm::atom::Atom;
use girder_vm::native::Raise;
use girder_vm::process::Priority;
use girder_vm::process::info::{max_heap_map, priority_atom};
use girder_vm::process::limits::{self, DEFAULTS, MaxHeap};
use girder_vm::process::saved_calls;
use girder_vm::term::map;
use girder_vm::{Ctx, Profile, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "process_flag"/2 => process_flag_2, Bif;
    }
    "erts_internal" {
        "process_flag"/3 => process_flag_3, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Reads a priority.
pub(crate) fn priority(t: Term<'_>) -> Option<Priority> {
    match t.as_atom()? {
        am::LOW => Some(Priority::Low),
        am::NORMAL => Some(Priority::Normal),
        am::HIGH => Some(Priority::High),
        am::MAX => Some(Priority::Max),
        _ => None,
    }
}

/// Reads `message_queue_data`: whether it is `off_heap`.
pub(crate) fn message_queue_data(t: Term<'_>) -> Option<bool> {
    match t.as_atom()? {
        am::ON_HEAP => Some(false),
        am::OFF_HEAP => Some(true),
        _ => None,
    }
}

/// Reads `max_heap_size`: a number of words or a map.
pub(crate) fn max_heap<'s>(t: Term<'s>, default: MaxHeap) -> Option<MaxHeap> {
    let small = |t: Term<'_>| t.as_small().and_then(|i| usize::try_from(i).ok());
    if !t.is_map() {
        return Some(MaxHeap { size: small(t)?, ..default });
    }
    let flag = |key, default| match map::get(t, Term::atom(key)) {
        Some(v) => v.as_bool(),
        None => Some(default),
    };
    let shared = Profile::get().release >= 27;
    Some(MaxHeap {
        size: small(map::get(t, Term::atom(am::SIZE))?)?,
        kill: flag(am::KILL, default.kill)?,
        log: flag(am::ERROR_LOGGER, default.log)?,
        binaries: if shared { flag(am::INCLUDE_SHARED_BINARIES, default.binaries)? } else { false },
    })
}

fn process_flag_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    match args[0].as_atom() {
        Some(flag) => set(ctx, flag, args[1]),
        None if let Some([name, opts]) = args[0].as_tuple_of::<2>()
            && name.is(am::MONITOR_NODES) =>
        {
            super::monitor_nodes::set(ctx, opts, args[1])
        }
        None => Err(ctx.badarg_because(Term::atom(am::BADOPT))),
    }
}

fn set<'s>(ctx: &Ctx<'s>, flag: Atom, value: Term<'s>) -> Answer<'s> {
    let o = ctx.owner();
    let count = || value.as_small().and_then(|i| usize::try_from(i).ok()).ok_or(Raise::Badarg);
    let truth = || value.as_bool().ok_or(Raise::Badarg);
    Ok(match flag {
        am::TRAP_EXIT => Term::bool(o.flags.trap_exit.replace(truth()?)),
        am::ERROR_HANDLER => Term::atom(o.flags.error_handler.replace(value.as_atom().ok_or(Raise::Badarg)?)),
        am::PRIORITY => {
            let new = priority(value).ok_or(Raise::Badarg)?;
            let state = ctx.process().state();
            let old = state.get().priority();
            state.set_priority(new);
            Term::atom(priority_atom(old))
        }
        am::SCHEDULER => {
            if count()? > girder_vm::sched::count() {
                return Err(Raise::Badarg);
            }
            Term::small(0)
        }
        am::FULLSWEEP_AFTER => {
            let old = o.fullsweep_after();
            o.set_fullsweep_after(limits::fullsweep_after(count()?));
            ctx.uint(u64::from(old))
        }
        am::MIN_HEAP_SIZE => {
            let old = o.min_heap_size();
            o.set_min_heap_size(count()?);
            ctx.uint(old as u64)
        }
        am::MIN_BIN_VHEAP_SIZE => {
            let old = o.min_bin_vheap_size();
            o.set_min_bin_vheap_size(count()?);
            ctx.uint(old as u64)
        }
        am::MAX_HEAP_SIZE => {
            let new = max_heap(value, DEFAULTS.max_heap()).ok_or(Raise::Badarg)?;
            if new.size != 0 && new.size < o.min_heap_size() {
                return Err(Raise::Badarg);
            }
            let old = o.max_heap();
            o.set_max_heap(new);
            max_heap_map(ctx, old)
        }
        am::MESSAGE_QUEUE_DATA => {
            let new = message_queue_data(value).ok_or(Raise::Badarg)?;
            let state = ctx.process().state();
            let old = state.get().off_heap_messages();
            state.set_off_heap_messages(new);
            Term::atom(if old { am::OFF_HEAP } else { am::ON_HEAP })
        }
        am::SENSITIVE => Term::bool(o.flags.sensitive.replace(truth()?)),
        am::ASYNC_DIST if Profile::get().release >= 27 => Term::bool(o.flags.async_dist.replace(truth()?)),
        am::MONITOR_NODES => return super::monitor_nodes::set(ctx, Term::NIL, value),
        am::SAVE_CALLS => return save_calls(ctx, value),
        _ => return Err(ctx.badarg_because(Term::atom(am::BADOPT))),
    })
}

fn save_calls<'s>(ctx: &Ctx<'s>, value: Term<'s>) -> Answer<'s> {
    match value.as_small().and_then(|i| u32::try_from(i).ok()) {
        Some(n) if n <= 10_000 => Ok(ctx.uint(u64::from(saved_calls::limit(ctx.process(), n)))),
        _ => Err(Raise::Badarg),
    }
}

/// `save_calls` is the only flag that another process may set.
fn process_flag_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if args[0].same(ctx.self_pid()) {
        return Ok(match args[1].is(am::SAVE_CALLS) {
            true => save_calls(ctx, args[2]).unwrap_or(Term::atom(am::BADARG)),
            false => Term::atom(am::BADARG),
        });
    }
    if !args[0].is_local_pid() || girder_vm::process::table::with(args[0].raw(), |_| ()).is_none() {
        return Ok(Term::atom(am::BADTYPE));
    }
    let value = args[2].as_small().and_then(|i| u32::try_from(i).ok()).filter(|n| *n <= 10_000);
    match value {
        Some(n) if args[1].is(am::SAVE_CALLS) => Ok(girder_vm::signal::task::set_save_calls(ctx, args[0], n)),
        _ => Ok(Term::atom(am::BADARG)),
    }
}
