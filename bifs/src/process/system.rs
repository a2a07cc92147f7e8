//! What processes do about themselves and the VM: collections, hibernation, yielding, halting, statistics.

use girder_vm::native::Raise;
use girder_vm::process::table;
use girder_vm::sched::{self, Dirty};
use girder_vm::signal::task::{self, SystemTask, Work};
use girder_vm::signal::{self, Signal};
use girder_vm::{Atom, Ctx, Kind, Term, am};

use super::export;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "bump_reductions"/1 => bump_reductions_1, Bif;
        "hibernate"/0 => hibernate_0, Bif, R29;
        "hibernate"/3 => hibernate_3, Bif;
        "halt"/2 => halt_2, Bif;
        "statistics"/1 => statistics_1, Bif;
    }
    "erts_internal" {
        "request_system_task"/3 => request_system_task_3, Bif;
        "request_system_task"/4 => request_system_task_4, Bif;
        "is_system_process"/1 => is_system_process_1, Bif;
        "is_process_executing_dirty"/1 => is_process_executing_dirty_1, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn bump_reductions_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    // A bignum is more than a slice can hold.
    let n = match args[0].as_i64() {
        Some(n) if n >= 0 => n,
        None if args[0].as_big().is_some_and(|b| !b.negative) => i64::MAX,
        _ => return Err(Raise::Badarg),
    };
    ctx.charge(usize::try_from(n.min(sched::SLICE)).unwrap_or(0));
    Ok(Term::TRUE)
}

fn hibernate_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let arity = args[2].to_vec().ok_or(Raise::Badarg)?.len();
    if !args[0].is_atom() || !args[1].is_atom() {
        return Err(Raise::Badarg);
    }
    if arity > 255 {
        return Err(Raise::SystemLimit);
    }
    Err(ctx.hibernate(args[0], args[1], args[2]))
}

/// Sleeps with the stack kept; called again when a message has come.
fn hibernate_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    signal::fetch(ctx.process());
    if ctx.process().state().get().exiting() {
        return Err(Raise::Exiting);
    }
    if !ctx.owner().mailbox.is_empty() {
        return Ok(Term::atom(am::OK));
    }
    ctx.owner().flags.hibernating.set(true);
    Err(Raise::Wait)
}

fn request_system_task_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    request(ctx, ctx.self_pid(), args[0], args[1], args[2])
}

fn request_system_task_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    request(ctx, args[0], args[1], args[2], args[3])
}

fn request<'s>(ctx: &Ctx<'s>, from: Term<'s>, to: Term<'s>, priority: Term<'s>, operation: Term<'s>) -> Answer<'s> {
    let own = ctx.process().state().get().priority();
    let priority = if priority.is(am::INHERIT) { Some(own) } else { super::flag::priority(priority) };
    let parts = operation.as_tuple().ok_or(Raise::Badarg)?;
    let priority = priority.ok_or(Raise::Badarg)?;
    if !to.is_local_pid() || !from.is_local_pid() || !(2..=4).contains(&parts.len()) {
        return Err(Raise::Badarg);
    }
    let work = match (parts[0].as_atom(), parts.get(2).and_then(|t| t.as_atom())) {
        (Some(am::GARBAGE_COLLECT), Some(am::MAJOR)) => Work::Collect(true),
        (Some(am::GARBAGE_COLLECT), Some(am::MINOR)) => Work::Collect(false),
        (Some(am::CHECK_PROCESS_CODE), Some(module)) => Work::CheckCode(module),
        (Some(am::SYSTEM_TASK_TEST), _) => Work::Test,
        _ => return Err(Raise::Badarg),
    };
    let kind = parts[0].as_atom().ok_or(Raise::Badarg)?;
    let id = girder_vm::term::copy::detach(parts[1]);
    let t = SystemTask { requester: from.raw(), kind, id, work, priority };
    if to.same(ctx.self_pid()) {
        task::queue_for_self(ctx, t);
    } else {
        signal::signal(to.raw(), Signal::Task(Box::new(t)));
        signal::urge(to.raw(), priority);
    }
    Ok(Term::atom(am::OK))
}

fn is_system_process_1<'s>(_ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    Ok(Term::bool(table::with(args[0].raw(), |p| p.state().get().system()) == Some(true)))
}

fn is_process_executing_dirty_1<'s>(_ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    Ok(Term::bool(table::with(args[0].raw(), |p| p.state().get()).is_some_and(|s| s.dirty() && !s.exiting())))
}

fn halt_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let badopt = || ctx.badarg_because(Term::atom(am::BADOPT));
    let mut flush = true;
    for opt in args[1].to_vec().ok_or_else(badopt)? {
        match opt.as_tuple_of::<2>() {
            Some([key, value]) if key.is(am::FLUSH) => flush = value.as_bool().ok_or_else(badopt)?,
            _ => return Err(badopt()),
        }
    }
    let status = match args[0].kind() {
        Kind::Small(n) if n >= 0 => (n & i64::from(i32::MAX)) as i32,
        Kind::Big(b) if !b.negative => (b.limbs[0] & i32::MAX as u64) as i32,
        Kind::Atom(a) if a.name() == "abort" => std::process::abort(),
        Kind::Nil | Kind::Cons(..) => {
            let slogan = slogan(args[0]).ok_or(Raise::Badarg)?;
            girder_vm::sys::console::print(&format!("{slogan}\n"));
            crate::crash_dump::prepare(&slogan);
            1
        }
        _ => return Err(Raise::Badarg),
    };
    if !flush {
        crate::drivers::restore_terminals();
        girder_vm::recording::stop();
        std::process::exit(status);
    }
    sched::halt(status);
    // The scheduler stops before it runs anything again.
    Err(ctx.yield_to(export(am::ERLANG, "halt", 2)?, args))
}

/// Longest slogan of `halt/1`, in characters.
const MAX_SLOGAN: usize = 1023;

fn slogan(t: Term<'_>) -> Option<String> {
    let char = |c: &Term<'_>| char::from_u32(u32::try_from(c.as_small()?).ok()?);
    t.to_vec()?.iter().take(MAX_SLOGAN).map(char).collect()
}

/// `{Total, SinceLastCall}`.
fn since_last<'s>(ctx: &Ctx<'s>, now: i64, last: &std::sync::atomic::AtomicI64) -> Term<'s> {
    let before = last.swap(now, std::sync::atomic::Ordering::SeqCst);
    ctx.tuple(&[ctx.int(now), ctx.int(now - before)])
}

fn statistics_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    use std::sync::atomic::AtomicI64;
    static REDUCTIONS: AtomicI64 = AtomicI64::new(0);
    static EXACT: AtomicI64 = AtomicI64::new(0);
    static RUNTIME: AtomicI64 = AtomicI64::new(0);
    static WALL: AtomicI64 = AtomicI64::new(0);
    let totals = sched::totals();
    let running = || (sched::SLICE - ctx.reductions_left()).max(0);
    let number = |n: u64| ctx.uint(n);
    Ok(match args[0].as_atom().ok_or(Raise::Badarg)?.name() {
        "reductions" => since_last(ctx, totals.reductions as i64, &REDUCTIONS),
        "exact_reductions" => since_last(ctx, totals.reductions as i64 + running(), &EXACT),
        "runtime" => since_last(ctx, girder_vm::sys::usage::user_ms(), &RUNTIME),
        "wall_clock" => since_last(ctx, girder_vm::timer::clock::since_start_ns() / 1_000_000, &WALL),
        "context_switches" => ctx.tuple(&[number(totals.switches), Term::small(0)]),
        "garbage_collection" => {
            let (collections, words) = girder_vm::heap::gc::statistics();
            ctx.tuple(&[number(collections as u64), number(words as u64), Term::small(0)])
        }
        // Bytes that came in and went out through ports.
        "io" => {
            let (input, output) = girder_vm::port::traffic();
            let pair = |name: Atom, n| ctx.tuple(&[name.into(), number(n)]);
            ctx.tuple(&[pair(am::INPUT, input), pair(am::OUTPUT, output)])
        }
        "run_queue" | "total_run_queue_lengths" | "total_run_queue_lengths_all" => number(totals.queued),
        "total_active_tasks" | "total_active_tasks_all" => {
            number(totals.queued + sched::awake().into_iter().filter(|awake| *awake).count() as u64)
        }
        "run_queue_lengths" => ctx.list(&queues(ctx, false, &[Dirty::Cpu])),
        "run_queue_lengths_all" => ctx.list(&queues(ctx, false, &[Dirty::Cpu, Dirty::Io])),
        "active_tasks" => ctx.list(&queues(ctx, true, &[Dirty::Cpu])),
        "active_tasks_all" => ctx.list(&queues(ctx, true, &[Dirty::Cpu, Dirty::Io])),
        "run_queues" => ctx.tuple(&queues(ctx, false, &[Dirty::Cpu, Dirty::Io])),
        "scheduler_wall_time" => crate::wall_time::times(ctx, false),
        "scheduler_wall_time_all" => crate::wall_time::times(ctx, true),
        "microstate_accounting" => crate::msacc::times(ctx)?,
        _ => return Err(Raise::Badarg),
    })
}

/// Processes that wait for each scheduler, then those that wait for dirty ones; `active` counts those that run.
fn queues<'s>(ctx: &Ctx<'s>, active: bool, dirty: &[Dirty]) -> Vec<Term<'s>> {
    let lengths = sched::queue_lengths().into_iter().zip(sched::awake());
    let normal = lengths.map(|(n, awake)| n + u64::from(active && awake));
    let dirty = dirty.iter().map(|d| (d.queued() + if active { d.busy() } else { 0 }) as u64);
    normal.chain(dirty).map(|n| ctx.uint(n)).collect()
}
