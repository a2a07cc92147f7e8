//! What the body of a match specification does besides saying something: it changes flags, the control word, the token.
//!
//! Invariant: effects are carried out in their order, before the call's own message.

use super::session::Id;
use super::{FlagList, Flags, session as sessions, tracee};
use crate::ctx::Ctx;
use crate::ets::matchspec::{Outcome, TraceCall};
use crate::process::Process;
use crate::term::print::{Limits, write_term};
use crate::term::{RawTerm, Term};

/// Carries them out; the answer is the process's flags afterwards. An event that is no call has no context: it leaves
/// the sequential trace token alone.
pub(super) fn carry_out(p: &Process, ctx: Option<&Ctx<'_>>, session: Id, outcome: &Outcome<'_>) -> Flags {
    let me = p.pid();
    for (call, args) in &outcome.effects {
        one(ctx, me, session, *call, args);
    }
    tracee::get(me, session).map_or(Flags::NONE, |t| t.flags)
}

fn one(ctx: Option<&Ctx<'_>>, me: RawTerm, session: Id, call: TraceCall, args: &[Term<'_>]) {
    // Who is not traced yet is traced for whom the session is.
    let tracer = tracee::get(me, session).map_or_else(|| sessions::with(session, |s| s.tracer).flatten(), |t| t.tracer);
    let flag = |t: &Term<'_>| t.as_atom().and_then(Flags::of_atom);
    let set = |id: RawTerm, tracer: Option<RawTerm>, on: Flags, off: Flags| {
        // Who is gone, or traced by somebody else, stays as it is.
        let _ = tracee::change(id, session, tracer, on, off);
    };
    match (call, args) {
        (TraceCall::EnableTrace, [f]) => flag(f).into_iter().for_each(|f| set(me, tracer, f, Flags::NONE)),
        (TraceCall::DisableTrace, [f]) => flag(f).into_iter().for_each(|f| set(me, None, Flags::NONE, f)),
        (TraceCall::EnableTrace, [who, f]) => {
            if let (Some(id), Some(f)) = (process(who), flag(f)) {
                set(id, tracer, f, Flags::NONE);
            }
        }
        (TraceCall::DisableTrace, [who, f]) => {
            if let (Some(id), Some(f)) = (process(who), flag(f)) {
                set(id, None, Flags::NONE, f);
            }
        }
        (TraceCall::Trace, [off, on]) => change_lists(me, off, on, tracer, set),
        (TraceCall::Trace, [who, off, on]) => {
            if let Some(id) = process(who) {
                change_lists(id, off, on, tracer, set);
            }
        }
        (TraceCall::Silent, [how]) => match how.as_bool() {
            Some(true) => set(me, None, Flags::SILENT, Flags::NONE),
            Some(false) => set(me, None, Flags::NONE, Flags::SILENT),
            None => {}
        },
        (TraceCall::SetSeqToken, [item, value]) => {
            // The specification's terms are gone when it has run. What cannot be set is left alone.
            let _ = ctx.map(|ctx| super::seq::set(ctx, ctx.copy(*item), ctx.copy(*value)));
        }
        (TraceCall::Display, [t]) => {
            let mut text = String::new();
            // Writing to a string does not fail.
            let _ = write_term(&mut text, *t, Limits::default());
            println!("{text}");
        }
        _ => {}
    }
}

/// A process by pid or registered name.
fn process(t: &Term<'_>) -> Option<RawTerm> {
    match t.as_atom() {
        Some(name) => crate::process::registry::whereis(name),
        None => t.is_local_pid().then(|| t.raw()),
    }
}

/// Without a tracer of its own the call takes that of the process which makes it; nobody is traced for nobody.
fn change_lists(
    id: RawTerm,
    off: &Term<'_>,
    on: &Term<'_>,
    tracer: Option<RawTerm>,
    set: impl Fn(RawTerm, Option<RawTerm>, Flags, Flags),
) {
    if let (Some(off), Some(on)) = (FlagList::read(*off), FlagList::read(*on)) {
        match on.tracer.flatten().or(off.tracer.flatten()).or(tracer) {
            Some(tracer) => set(id, Some(tracer), on.flags, off.flags),
            None => set(id, None, Flags::NONE, Flags::ALL),
        }
    }
}
