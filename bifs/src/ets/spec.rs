//! Match specifications by themselves: compiled ones as terms, and running them on lists.

use std::sync::Arc;

use girder_vm::ets::matchspec::{CompileError, MatchSpec};
use girder_vm::process::unique;
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
    ctx.magic_reference(unique::reference(), Box::new(spec.clone()))
}

/// The specification behind such a term.
pub(super) fn compiled<'s>(t: Term<'s>) -> Option<&'s Arc<MatchSpec>> {
    t.as_ref()?.magic()?.get()
}

fn is_compiled_ms_1<'s>(_: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(compiled(args[0]).is_some().into())
}

fn match_spec_compile_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let spec = MatchSpec::compile(args[0]).map_err(|_| Raise::Badarg)?;
    Ok(reference(ctx, &Arc::new(spec)))
}

/// The results of the list's matching elements in front of the last argument, last first.
fn match_spec_run_r_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let spec = compiled(args[1]).ok_or(Raise::Badarg)?;
    let mut list = args[0].list_iter();
    let mut n = 0;
    let mut results = args[2];
    let me = ctx.process().pid();
    for x in &mut list {
        n += 1;
        if let Some(r) = spec.run_on(x, me, |value| ctx.copy(value)) {
            results = ctx.cons(r, results);
        }
    }
    ctx.charge(n);
    if list.tail().is_nil() { Ok(results) } else { Err(Raise::Badarg) }
}

fn message(e: CompileError) -> String {
    match e {
        CompileError::Shape => "Match programs are not in a list.".to_owned(),
        CompileError::VariableKey => "Variable found in map key.".to_owned(),
        CompileError::Unbound(n) => format!("Variable ${n} is unbound."),
        CompileError::Function(Some(f), arity) => format!("Function {}/{arity} does_not_exist.", f.name()),
        CompileError::Function(None, _) => "The body of the clause holds a tuple that is no function call.".to_owned(),
        CompileError::EmptyBody => "Body clause does not return anything.".to_owned(),
    }
}

/// `{ok, Result, [], []}` or `{error, [{error, Text}]}`; specifications for tracing are tested with tracing.
fn match_spec_test_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[2].is(am::TABLE) {
        return Err(if args[2].is(am::TRACE) { Raise::Notsup } else { Raise::Badarg });
    }
    Ok(match MatchSpec::compile(args[1]) {
        Ok(spec) => {
            let result = spec.run_on(args[0], ctx.process().pid(), |value| ctx.copy(value)).unwrap_or(Term::FALSE);
            ctx.tuple(&[am::OK.into(), result, Term::NIL, Term::NIL])
        }
        Err(e) => {
            let text = ctx.tuple(&[am::ERROR.into(), ctx.string(&message(e))]);
            ctx.tuple(&[am::ERROR.into(), ctx.list(&[text])])
        }
    })
}
