//! Match specifications by themselves: compiled ones as terms, and running them on lists.

use std::sync::{Arc, LazyLock};

use girder_vm::code::{Export, Mfa};
use girder_vm::ets::matchspec::{Call, CompileErrors, Dialect, MatchSpec, Outcome};
use girder_vm::heap::Builder;
use girder_vm::process::{Process, current_stacktrace};
use girder_vm::term::print::{Limits, write_term};
use girder_vm::{Ctx, Raise, Term, am};

use super::Answer;

girder_vm::natives! { pub TABLE:
    "ets" {
        "is_compiled_ms"/1 => is_compiled_ms_1, Bif;
        "match_spec_compile"/1 => match_spec_compile_1, Bif;
        "match_spec_run_r"/3 => match_spec_run_r_3, Bif;
    }
    "erlang" {
        "match_spec_test"/3 => match_spec_test_3, Bif;
    }
}

/// A compiled specification as a term.
pub(super) fn reference<'s>(ctx: &Ctx<'s>, spec: &Arc<MatchSpec>) -> Term<'s> {
    ctx.fresh_magic_reference(Box::new(spec.clone()))
}

/// The specification behind such a term.
pub(super) fn compiled<'s>(t: Term<'s>) -> Option<&'s Arc<MatchSpec>> {
    t.as_ref()?.magic()?.get()
}

fn is_compiled_ms_1<'s>(_: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(compiled(args[0]).is_some().into())
}

/// What a specification that does not compile raises.
pub(super) fn refused(e: &CompileErrors) -> Raise {
    if e.is_limit() { Raise::SystemLimit } else { Raise::Badarg }
}

fn match_spec_compile_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let spec = MatchSpec::compile(args[0]).map_err(|e| refused(&e))?;
    Ok(reference(ctx, &Arc::new(spec)))
}

/// The results of the list's matching elements in front of the last argument, last first.
fn match_spec_run_r_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    static AGAIN: LazyLock<&'static Export> =
        LazyLock::new(|| Export::intern(Mfa { module: am::ETS, function: am::MATCH_SPEC_RUN_R, arity: 3 }));
    let spec = compiled(args[1]).ok_or(Raise::Badarg)?;
    let (mut list, mut results) = (args[0], args[2]);
    let me = ctx.process().pid();
    let budget = ctx.reductions_left().clamp(100, 4000);
    let mut n = 0;
    while let Some((head, tail)) = list.as_cons() {
        if n == budget {
            ctx.charge(usize::try_from(n).unwrap_or(0));
            return Err(ctx.yield_to(&AGAIN, &[list, args[1], results]));
        }
        (n, list) = (n + 1, tail);
        if let Some(r) = spec.run_on(head, me, |value| ctx.copy(value)) {
            results = ctx.cons(r, results);
        }
    }
    ctx.charge(usize::try_from(n).unwrap_or(0));
    if list.is_nil() { Ok(results) } else { Err(Raise::Badarg) }
}

/// `{ok, Result, Flags, Warnings}` or `{error, [{error, Text}]}`. Tracing's effects are named and do not happen.
fn match_spec_test_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let spec = match args[2].as_atom() {
        Some(am::TABLE) => MatchSpec::compile(args[1]),
        Some(am::TRACE) if args[0].is_list() => MatchSpec::compile_trace(args[1]),
        _ => return Err(Raise::Badarg),
    };
    let spec = match spec {
        Ok(spec) => spec,
        Err(CompileErrors(texts)) => {
            let all: Vec<_> = texts.iter().map(|t| ctx.tuple(&[am::ERROR.into(), ctx.string(t)])).collect();
            return Ok(ctx.tuple(&[am::ERROR.into(), ctx.list(&all)]));
        }
    };
    let me = ctx.process().pid();
    let (result, flags) = match spec.dialect() {
        Dialect::Table => (spec.run_on(args[0], me, |value| ctx.copy(value)), Vec::new()),
        Dialect::Trace => {
            // What comes behind an improper list's last cell is left alone.
            let arguments: Vec<_> = args[0].list_iter().collect();
            let known = spec.run_call(
                ctx.tuple(&arguments),
                |b| nobody_calls(b, ctx.process()),
                |outcome| shown(ctx, &outcome),
            );
            known.map_or((None, Vec::new()), |(message, flags)| (Some(message), flags))
        }
    };
    let result = result.unwrap_or(Term::FALSE);
    Ok(ctx.tuple(&[am::OK.into(), result, ctx.list(&flags), Term::NIL]))
}

/// A test is no call.
fn nobody_calls<'o>(b: &Builder<'o>, p: &Process) -> Call<'o> {
    let me = p.pid();
    let pid = Term::immediate(me).unwrap_or(Term::NIL);
    let mut text = String::from("=proc:");
    // Writing to a string does not fail.
    let _ = write_term(&mut text, pid, Limits::default());
    Call {
        pid: me,
        caller: am::UNDEFINED.into(),
        caller_line: am::UNDEFINED.into(),
        seq_token: Term::NIL,
        tried: true,
        dump: b.binary(text.as_bytes()),
        stacktrace: current_stacktrace(b, p),
    }
}

/// The message's term, and the flags.
fn shown<'s>(ctx: &Ctx<'s>, outcome: &Outcome<'_>) -> (Term<'s>, Vec<Term<'s>>) {
    let message = outcome.message.map_or(Term::TRUE, |m| ctx.copy(m));
    let flags = [(outcome.return_trace, am::RETURN_TRACE), (outcome.exception_trace, am::EXCEPTION_TRACE)];
    (message, flags.into_iter().filter(|f| f.0).map(|f| f.1.into()).collect())
}
