//! `system_monitor` and `system_profile`.

use girder_vm::trace::monitor::{self, Limits, Monitor};
use girder_vm::trace::profiler::{self, Profiler};
use girder_vm::trace::session::{self, Id, LEGACY};
use girder_vm::trace::{Flags, tracee};
use girder_vm::{Ctx, Profile, Raise, Term, am};

use super::{Answer, session_of};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "system_monitor"/0 => system_monitor_0, Bif, UNTIL_27;
        "system_monitor"/1 => system_monitor_1, Bif, UNTIL_27;
        "system_monitor"/2 => system_monitor_2, Bif, UNTIL_27;
        "system_profile"/0 => system_profile_0, Bif;
        "system_profile"/2 => system_profile_2, Bif;
    }
    "erts_internal" {
        "system_monitor"/1 => of_session_1, Bif, R29;
        "system_monitor"/3 => of_session_3, Bif, R29;
    }
}

/// Heaps below this are never large.
const LEAST_LARGE_HEAP: u64 = 16_384;

fn shown<'s>(ctx: &Ctx<'s>, m: Option<Monitor>) -> Term<'s> {
    let Some(m) = m else { return am::UNDEFINED.into() };
    let l = m.limits;
    let number = |name: girder_vm::Atom, n: u64| (n != 0).then(|| ctx.tuple(&[name.into(), ctx.uint(n)]));
    let plain = |name: girder_vm::Atom, on: bool| on.then(|| name.into());
    let queue = l
        .long_queue
        .map(|(low, high)| ctx.tuple(&[am::LONG_MESSAGE_QUEUE.into(), ctx.tuple(&[ctx.uint(low), ctx.uint(high)])]));
    let all = [
        plain(am::BUSY_DIST_PORT, l.busy_dist_port),
        plain(am::BUSY_PORT, l.busy_port),
        number(am::LARGE_HEAP, l.large_heap),
        number(am::LONG_SCHEDULE, l.long_schedule),
        number(am::LONG_GC, l.long_gc),
        queue,
    ];
    ctx.tuple(&[Term::immediate(m.pid).unwrap_or(Term::NIL), ctx.list_from(all.into_iter().flatten())])
}

/// Adds what one option says; `{What, false}` takes it away where that is allowed.
fn option(l: &mut Limits, t: Term<'_>) -> Option<()> {
    let (name, value) = match t.as_tuple_of::<2>() {
        Some([name, value]) => (name.as_atom()?, value),
        None => (t.as_atom()?, Term::TRUE),
    };
    let number = || value.as_u64().map(|n| n.max(1));
    match name {
        am::LONG_GC => l.long_gc = number()?,
        am::LONG_SCHEDULE => l.long_schedule = number()?,
        am::LARGE_HEAP => l.large_heap = number()?.max(LEAST_LARGE_HEAP),
        am::LONG_MESSAGE_QUEUE if Profile::get().release >= 27 => {
            let [low, high] = value.as_tuple_of::<2>()?;
            let (low, high) = (low.as_u64()?, high.as_u64()?);
            l.long_queue = Some((low, high)).filter(|(low, high)| high > low && *high > 0);
            l.long_queue?;
        }
        am::BUSY_PORT => l.busy_port = value.as_bool()?,
        am::BUSY_DIST_PORT => l.busy_dist_port = value.as_bool()?,
        _ => return None,
    }
    Some(())
}

fn system_monitor_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(shown(ctx, monitor::get(LEGACY)))
}

fn system_monitor_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if a[0].is(am::UNDEFINED) {
        return Ok(shown(ctx, monitor::set(LEGACY, None)));
    }
    let [pid, options] = a[0].as_tuple_of::<2>().ok_or(Raise::Badarg)?;
    system_monitor_2(ctx, &[pid, options])
}

fn system_monitor_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (pid, options) = (a[0], a[1]);
    if pid.is(am::UNDEFINED) || options.is_nil() {
        return Ok(shown(ctx, monitor::set(LEGACY, None)));
    }
    if !pid.is_local_pid() || !tracee::is_alive(pid.raw()) {
        return Err(Raise::Badarg);
    }
    let mut limits = Limits::default();
    for t in options.to_vec().ok_or(Raise::Badarg)? {
        if Profile::get().release < 29
            && t.as_tuple_of::<2>().is_some_and(|[name, _]| name.is(am::BUSY_PORT) || name.is(am::BUSY_DIST_PORT))
        {
            return Err(Raise::Badarg);
        }
        option(&mut limits, t).ok_or(Raise::Badarg)?;
    }
    Ok(shown(ctx, monitor::set(LEGACY, Some(Monitor { pid: pid.raw(), limits }))))
}

fn of_session_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let session = if a[0].is(am::LEGACY) { LEGACY } else { session_of(ctx, a[0])? };
    Ok(shown(ctx, monitor::get(session)))
}

fn of_session_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if a[0].is(am::LEGACY) {
        return system_monitor_2(ctx, &a[1..]);
    }
    let session = session_of(ctx, a[0])?;
    let options = a[2].to_vec().ok_or(Raise::Badarg)?;
    change(session, &options).ok_or(Raise::Badarg)?;
    Ok(am::OK.into())
}

/// A session's monitor is its tracer; each option changes one thing.
fn change(session: Id, options: &[Term<'_>]) -> Option<()> {
    let pid = session::with(session, |s| s.tracer)??;
    let mut limits = monitor::get(session).map_or(Limits::default(), |m| m.limits);
    for t in options {
        match t.as_tuple_of::<2>() {
            Some([name, value]) if value.is(am::FALSE) => match name.as_atom()? {
                am::LONG_GC => limits.long_gc = 0,
                am::LONG_SCHEDULE => limits.long_schedule = 0,
                am::LARGE_HEAP => limits.large_heap = 0,
                am::LONG_MESSAGE_QUEUE => limits.long_queue = None,
                am::BUSY_PORT => limits.busy_port = false,
                am::BUSY_DIST_PORT => limits.busy_dist_port = false,
                _ => return None,
            },
            _ => option(&mut limits, *t)?,
        }
    }
    monitor::set(session, Some(Monitor { pid, limits }));
    Some(())
}

fn profiler_shown<'s>(ctx: &Ctx<'s>, p: Option<Profiler>) -> Term<'s> {
    let Some(p) = p else { return am::UNDEFINED.into() };
    let all = [
        (p.exclusive, am::EXCLUSIVE),
        (p.schedulers, am::SCHEDULER),
        (p.processes, am::RUNNABLE_PROCS),
        (p.ports, am::RUNNABLE_PORTS),
    ];
    let options = ctx.list_from(all.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.into()));
    ctx.tuple(&[Term::immediate(p.pid).unwrap_or(Term::NIL), options])
}

fn system_profile_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(profiler_shown(ctx, profiler::get()))
}

fn system_profile_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if a[0].is(am::UNDEFINED) || a[1].is_nil() {
        return Ok(profiler_shown(ctx, profiler::set(None)));
    }
    if !a[0].is_local_pid() || !tracee::is_alive(a[0].raw()) {
        return Err(Raise::Badarg);
    }
    let mut p = Profiler {
        pid: a[0].raw(),
        processes: false,
        ports: false,
        schedulers: false,
        exclusive: false,
        stamps: Flags::TIMESTAMP,
    };
    for t in a[1].to_vec().ok_or(Raise::Badarg)? {
        match t.as_atom().ok_or(Raise::Badarg)? {
            am::RUNNABLE_PROCS => p.processes = true,
            am::RUNNABLE_PORTS => p.ports = true,
            am::SCHEDULER => p.schedulers = true,
            am::EXCLUSIVE => p.exclusive = true,
            am::TIMESTAMP => p.stamps = Flags::TIMESTAMP,
            am::STRICT_MONOTONIC_TIMESTAMP => p.stamps = Flags::STRICT_MONOTONIC,
            am::MONOTONIC_TIMESTAMP => p.stamps = Flags::MONOTONIC,
            _ => return Err(Raise::Badarg),
        }
    }
    Ok(profiler_shown(ctx, profiler::set(Some(p))))
}
