//! A traced call: what happens at a breakpoint before the function's own first instruction.
//!
//! Invariant: nothing here collects; what the call's return is to be followed by is answered as frames, which the
//! interpreter pushes below the return word of the call (`interp/trace_frames.rs`).

use std::sync::Arc;

use super::Flags;
use super::breakpoint::{Breakpoint, Calls, Meta, Rule, Spec};
use super::effects;
use super::profile;
use super::report::{self, Elements};
use super::tracee::{self, Tracee};
use crate::atom::am;
use crate::bits::matching::MatchCtx;
use crate::code::{self, Mfa};
use crate::ctx::Ctx;
use crate::ets::matchspec::{Call, MatchSpec, Outcome, Wants};
use crate::heap::{Builder, Detached};
use crate::interp::raise;
use crate::interp::trace_frames::{Frame, Kind, Stack};
use crate::process::{Process, dump};
use crate::term::{RawTerm, Term};

/// The flags of calls that are told to a tracer of their own.
pub(super) const META: Flags = Flags::CALL.and(Flags::TIMESTAMP);

/// A call: who makes it, of what, from where.
pub(super) struct Traced<'c, 's> {
    pub(super) ctx: &'c Ctx<'s>,
    pub(super) mfa: Mfa,
    args: &'c [Term<'s>],
    stack: Stack<'c>,
}

/// Does what the breakpoint's rules want. The answer: the frames to be pushed, the lowest first.
pub(crate) fn hit<'s>(ctx: &Ctx<'s>, b: &Breakpoint, args: &[Term<'s>]) -> Vec<Frame> {
    let word = ctx.process().trace_flags();
    let call = Traced { ctx, mfa: b.mfa, args, stack: Stack::of(ctx.process()) };
    let mut frames = Vec::new();
    for rule in &b.rules {
        let watched = if word.any(Flags::CALL) { watched(ctx, rule) } else { None };
        if let (Some(calls), Some(tracee)) = (&rule.calls, watched) {
            traced(&call, calls, &tracee, &mut frames);
        }
        if let Some(meta) = &rule.meta {
            meta_traced(&call, rule, meta, &mut frames);
        }
        if let Some(count) = &rule.count {
            count.add();
        }
        if watched.is_some() && rule.is_profiled() {
            frames.extend(profile::called(ctx, rule, b, &call.stack));
        }
    }
    frames
}

/// How the rule's session watches the process, if for calls, and for somebody who is there.
fn watched(ctx: &Ctx<'_>, rule: &Rule) -> Option<Tracee> {
    let me = ctx.process().pid();
    let tracee = tracee::get(me, rule.session).filter(|t| t.flags.any(Flags::CALL))?;
    if tracee.tracer.is_none_or(tracee::is_alive) {
        return Some(tracee);
    }
    tracee::tracer_gone(me, rule.session);
    None
}

/// Which frames a call wants.
#[derive(Clone, Copy, Default)]
struct Wanted {
    returned: bool,
    exception: bool,
    return_to: bool,
}

fn traced(call: &Traced<'_, '_>, rule: &Calls, tracee: &Tracee, frames: &mut Vec<Frame>) {
    let Some(tracer) = tracee.tracer else { return };
    if tracer == call.ctx.process().pid() || call.ctx.owner().flags.sensitive.get() {
        return;
    }
    let session = tracee.session;
    let wanted = run(call, rule.spec.as_ref(), |outcome| {
        // The specification may have changed the flags, but not who is told of this call.
        let flags = match outcome {
            Some(o) => effects::carry_out(call.ctx.process(), Some(call.ctx), session, o),
            None => tracee.flags,
        };
        if flags.any(Flags::SILENT) {
            return Wanted::default();
        }
        let mut wanted = wanted_by(outcome);
        let message = outcome.and_then(|o| o.message);
        if message.is_none_or(|m| !m.is(am::FALSE)) {
            wanted.return_to = !rule.global && flags.any(Flags::RETURN_TO);
            report::send(tracer, flags, call.ctx.process().pid(), |b, all| call.elements(b, all, flags, message));
        }
        wanted
    });
    push(call, wanted, session, None, frames);
}

fn meta_traced(call: &Traced<'_, '_>, rule: &Rule, meta: &Meta, frames: &mut Vec<Frame>) {
    let Some(tracer) = meta.tracer().filter(|t| *t != call.ctx.process().pid()) else { return };
    if call.ctx.owner().flags.sensitive.get() {
        return;
    }
    if !tracee::is_alive(tracer) {
        return meta.tracer_gone();
    }
    let wanted = run(call, meta.spec.as_ref(), |outcome| {
        if let Some(o) = outcome {
            effects::carry_out(call.ctx.process(), Some(call.ctx), rule.session, o);
        }
        let message = outcome.and_then(|o| o.message);
        if message.is_none_or(|m| !m.is(am::FALSE)) {
            report::send(tracer, META, call.ctx.process().pid(), |b, all| call.elements(b, all, META, message));
        }
        wanted_by(outcome)
    });
    push(call, wanted, rule.session, Some(tracer), frames);
}

fn wanted_by(outcome: Option<&Outcome<'_>>) -> Wanted {
    outcome.map_or_else(Wanted::default, |o| Wanted {
        returned: o.return_trace,
        exception: o.exception_trace,
        return_to: false,
    })
}

fn push(call: &Traced<'_, '_>, wanted: Wanted, session: u32, tracer: Option<RawTerm>, frames: &mut Vec<Frame>) {
    let mut frame = |kind| frames.push(Frame { kind, session, mfa: Some(call.mfa), tracer, place: 0 });
    if wanted.return_to && !call.stack.has(Kind::ReturnTo, session) {
        frame(Kind::ReturnTo);
    }
    if wanted.exception {
        frame(Kind::Exception);
    } else if wanted.returned {
        frame(Kind::Return);
    }
}

/// Runs the specification, if there is one. One that does not match is as one that says nothing and wants no message.
fn run<'s>(
    call: &Traced<'_, 's>,
    spec: Option<&Arc<MatchSpec>>,
    f: impl FnOnce(Option<&Outcome<'_>>) -> Wanted,
) -> Wanted {
    let Some(spec) = spec else { return f(None) };
    // Of a match context a specification sees the bits that are left.
    let value = |t: &Term<'s>| if MatchCtx::of(*t).is_some() { call.ctx.copy(*t) } else { *t };
    let args: Vec<_> = call.args.iter().map(value).collect();
    let arguments = call.ctx.tuple(&args);
    let wants = spec.wants();
    spec.run_call(arguments, |b| call.known(b, wants), |outcome| f(Some(&outcome))).unwrap_or_default()
}

impl Traced<'_, '_> {
    /// `call, {M, F, Args | Arity}`, and the specification's word.
    fn elements<'b>(&self, b: &Builder<'b>, all: &mut Elements<'b>, flags: Flags, message: Option<Term<'_>>) {
        let args = if flags.any(Flags::ARITY) {
            Term::small(i32::from(self.mfa.arity))
        } else {
            b.list_from(self.args.iter().map(|a| b.copy(*a)))
        };
        all.push(am::CALL.into());
        all.push(b.tuple(&[self.mfa.module.into(), self.mfa.function.into(), args]));
        all.extend(message.filter(|m| !m.is(am::TRUE)).map(|m| b.copy(m)));
    }
    /// What a specification may ask for.
    fn known<'o>(&self, b: &Builder<'o>, wants: Wants) -> Call<'o> {
        let caller = code::lookup(self.stack.caller());
        let mfa = |m: Mfa| [m.module.into(), m.function.into(), Term::small(i32::from(m.arity))];
        let undefined = am::UNDEFINED.into();
        let caller_line = caller.as_ref().map_or(undefined, |at| {
            let [module, function, arity] = mfa(at.mfa);
            let line =
                at.line.as_ref().map_or(undefined, |(file, line)| b.tuple(&[b.string(file), b.uint(u64::from(*line))]));
            b.tuple(&[module, function, arity, line])
        });
        let p = self.ctx.process();
        Call {
            pid: p.pid(),
            caller: caller.map_or(undefined, |at| b.tuple(&mfa(at.mfa))),
            caller_line,
            seq_token: super::seq::token_for(b, p),
            tried: false,
            dump: if wants.dump { dumped(b, p) } else { Term::NIL },
            // The function that is called has no frame yet.
            stacktrace: if wants.stacktrace { raise::current_stacktrace(b, p, std::ptr::null()) } else { Term::NIL },
        }
    }
}

/// The text of a process's dump, as far as it goes for one that runs.
fn dumped<'o>(b: &Builder<'o>, p: &Process) -> Term<'o> {
    let mut text = String::new();
    dump::heading(&mut text, p);
    b.binary(text.as_bytes())
}

/// Runs the specification of an event that is no call; `f` gets what comes of it if it matches, or nothing if there is
/// none.
pub(super) fn run_event(spec: &Spec, p: &Process, arguments: &[Term<'_>], f: impl FnOnce(Option<&Outcome<'_>>)) {
    let Some(spec) = spec else { return f(None) };
    let tuple = Detached::build(|b| {
        let all: Vec<_> = arguments.iter().map(|t| b.copy(*t)).collect();
        b.tuple(&all)
    });
    let wants = spec.wants();
    tuple.with(|tuple| spec.run_call(tuple, |b| no_call(b, p, wants), |o| f(Some(&o))));
}

fn no_call<'o>(b: &Builder<'o>, p: &Process, wants: Wants) -> Call<'o> {
    Call {
        pid: p.pid(),
        caller: am::UNDEFINED.into(),
        caller_line: am::UNDEFINED.into(),
        seq_token: Term::NIL,
        tried: false,
        dump: if wants.dump { dumped(b, p) } else { Term::NIL },
        stacktrace: Term::NIL,
    }
}
