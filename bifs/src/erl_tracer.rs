//! Natives of module `erl_tracer`: the tracer that sends its trace messages to a process.
//!
//! A tracer's state is the process's pid; one that is gone, or no process, is no longer a tracer.

use girder_vm::ets::registry::is_alive;
use girder_vm::heap::message::Message;
use girder_vm::term::{copy, map};
use girder_vm::timer::clock as system_clock;
use girder_vm::{Ctx, Raise, Term, am, signal};

use crate::time::clock;

girder_vm::natives! { pub TABLE:
    "erl_tracer" {
        "enabled"/3 => enabled_3, Nif;
        "trace"/5 => trace_5, Nif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Whether the tracer wants to be told: `trace`, `discard`, or `remove` if it is gone and the question is about that.
fn enabled_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (tag, tracer, tracee) = (a[0], a[1], a[2]);
    Ok(if !tracer.is_local_pid() || !is_alive(tracer.raw()) {
        if tag.is(am::TRACE_STATUS) { am::REMOVE } else { am::DISCARD }
    } else if tracer.same(tracee) {
        am::DISCARD
    } else {
        am::TRACE
    }
    .into())
}

/// What a kind of time stamp is at this moment.
fn stamp<'s>(ctx: &Ctx<'s>, kind: Term<'s>) -> Option<Term<'s>> {
    let now = ctx.int(system_clock::monotonic_ns());
    Some(match kind.as_atom()? {
        am::MONOTONIC => now,
        am::STRICT_MONOTONIC => {
            let unique = clock::unique_integer_1(ctx, &[ctx.list(&[am::MONOTONIC.into()])]).ok()?;
            ctx.tuple(&[now, unique])
        }
        am::TIMESTAMP => clock::now_0(ctx, &[]).ok()?,
        am::CPU_TIMESTAMP => clock::mega(ctx, girder_vm::sys::usage::user_ms() * 1000),
        _ => return None,
    })
}

/// Sends `{trace, Tracee, Tag, What ...}` with what the options add.
fn trace_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (tag, tracer, tracee, what, options) = (a[0], a[1], a[2], a[3], a[4]);
    if !tracer.is_local_pid() {
        return Ok(am::OK.into());
    }
    let option = |key| options.is_map().then(|| map::get(options, Term::atom(key))).flatten();
    let mut message = match option(am::EXTRA) {
        Some(extra) => vec![am::TRACE.into(), tracee, tag, what, extra],
        None if tag.is(am::SEQ_TRACE) => vec![tag, tracee, what],
        None => vec![am::TRACE.into(), tracee, tag, what],
    };
    message.extend(option(am::MATCH_SPEC_RESULT));
    message.extend(option(am::SCHEDULER_ID));
    if let Some(kind) = option(am::TIMESTAMP) {
        let Some(stamp) = stamp(ctx, kind) else { return Ok(am::OK.into()) };
        message.push(stamp);
        if message[0].is(am::TRACE) {
            message[0] = am::TRACE_TS.into();
        }
    }
    let message = copy::detach(ctx.tuple(&message));
    signal::to_pid(tracer.raw(), Message::build(|b| b.adopt(message)));
    Ok(am::OK.into())
}
