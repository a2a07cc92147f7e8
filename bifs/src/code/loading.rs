//! Loading in two steps, deleting, and `-on_load` functions.

use std::sync::Arc;

use girder_vm::code::load::{self, Busy, Deleted, Finished, Prepared};
use girder_vm::code::{self, Mfa};
use girder_vm::process::report;
use girder_vm::sched::Dirty;
use girder_vm::{Atom, Ctx, Raise, Term, am};

use crate::process::export;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "call_on_load_function"/1 => call_on_load_function_1, Bif;
        "check_old_code"/1 => check_old_code_1, Bif;
        "delete_module"/1 => delete_module_1, Bif;
        "finish_after_on_load"/2 => finish_after_on_load_2, Bif;
        "finish_loading"/1 => finish_loading_1, Bif;
        "has_prepared_code_on_load"/1 => has_prepared_code_on_load_1, Bif;
    }
    "erts_internal" {
        "prepare_loading"/2 => prepare_loading_2, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

const PREPARE_LOADING: Mfa = Mfa { module: am::ERTS_INTERNAL, function: am::PREPARE_LOADING, arity: 2 };
/// Files up to this size are worked on at once.
const SHORT: usize = 4 << 10;

/// Runs `f`, the work of this native, whose time grows with `bytes`, where it holds nobody up.
pub(super) fn at_length<R>(ctx: &Ctx<'_>, native: Mfa, bytes: usize, f: impl FnOnce() -> R + Send) -> Result<R, Raise> {
    ctx.charge(bytes / 16);
    if bytes > SHORT { ctx.dirty_open(Dirty::Cpu, native, f) } else { Ok(f()) }
}

/// A reference to prepared code, or `{error, badfile}` and a report of what is wrong. The slice ends with it: who was
/// spawned before runs before the code that it was meant to run is replaced.
fn prepare_loading_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let module = a[0].as_atom().ok_or(Raise::Badarg)?;
    let bytes = a[1].as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)?;
    let prepare = || load::prepare(&bytes, module.name(), Some(module));
    // A compressed file is no file to this function: its caller decompresses.
    let prepared = if bytes.starts_with(b"FOR1") {
        at_length(ctx, PREPARE_LOADING, bytes.len(), prepare)?.map_err(|e| e.to_string())
    } else {
        Err("corrupt file header".to_owned())
    };
    ctx.owner().fcalls.set(0);
    match prepared {
        Ok(p) => Ok(ctx.fresh_magic_reference(Box::new(Arc::new(p)))),
        Err(why) => {
            let text = format!("Error loading module {}:\n  {why}\n", module.name());
            report::error(ctx.process(), "~ts~n", |b| b.list(&[b.string(&text)]));
            Ok(ctx.tuple(&[am::ERROR.into(), am::BADFILE.into()]))
        }
    }
}

fn prepared(t: Term<'_>) -> Result<Arc<Prepared>, Raise> {
    let reference = t.as_ref();
    let p: Option<&Arc<Prepared>> = reference.as_ref().and_then(|r| r.magic()).and_then(|m| m.get());
    p.cloned().ok_or(Raise::Badarg)
}

fn has_prepared_code_on_load_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::bool(prepared(a[0])?.has_on_load))
}

/// The answer, or another try when code can be changed again.
fn unless_busy<'s, R>(ctx: &Ctx<'s>, r: Result<R, Busy>, function: &str, a: &[Term<'s>]) -> Result<R, Raise> {
    match r {
        Ok(r) => Ok(r),
        Err(Busy) => Err(ctx.yield_to(export(am::ERLANG, function, a.len() as u8)?, a)),
    }
}

/// Who is ready to run begins with the code that there is before new code comes, so a process that was just spawned mostly
/// runs what its parent saw: the first try is only a yield.
fn finish_loading_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let all = a[0].to_vec().ok_or(Raise::Badarg)?;
    let all: Vec<Arc<Prepared>> = all.into_iter().map(prepared).collect::<Result<_, _>>()?;
    // Each is asked, so that each has been tried.
    let first_tries = all.iter().filter(|p| p.is_first_try()).count();
    if first_tries > 0 {
        if !all.iter().all(|p| p.is_full()) {
            return Err(Raise::Badarg);
        }
        return Err(ctx.yield_to(export(am::ERLANG, "finish_loading", 1)?, a));
    }
    let refs: Vec<&Prepared> = all.iter().map(|p| &**p).collect();
    let because = |why: Atom, modules: &[Atom]| {
        // The last one comes first.
        let list = ctx.list_from(modules.iter().rev().map(|&m| m.into()));
        Ok(ctx.tuple(&[why.into(), list]))
    };
    match unless_busy(ctx, load::finish(&refs), "finish_loading", a)? {
        Finished::Loaded => Ok(am::OK.into()),
        Finished::Duplicated(modules) => because(am::DUPLICATED, &modules),
        Finished::NotPurged(modules) => because(am::NOT_PURGED, &modules),
        Finished::OnLoad(module) => because(am::ON_LOAD, &[module]),
        Finished::TooMany => Err(Raise::SystemLimit),
        Finished::Empty => Err(Raise::Badarg),
    }
}

fn delete_module_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let module = a[0].as_atom().ok_or(Raise::Badarg)?;
    match unless_busy(ctx, load::delete(module), "delete_module", a)? {
        Deleted::Yes => Ok(Term::TRUE),
        Deleted::Unknown => Ok(am::UNDEFINED.into()),
        Deleted::NotPurged => {
            let text = format!("Module {} must be purged before deleting\n", module.name());
            report::error(ctx.process(), "~ts~n", |b| b.list(&[b.string(&text)]));
            Err(Raise::Badarg)
        }
    }
}

fn check_old_code_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::bool(code::old_module(a[0].as_atom().ok_or(Raise::Badarg)?).is_some()))
}

/// Goes on in the function itself: its caller gets what it answers.
fn call_on_load_function_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let module = a[0].as_atom().and_then(code::loading_module).ok_or(Raise::Badarg)?;
    Err(ctx.trap_to_on_load(&module).unwrap_or(Raise::Badarg))
}

fn finish_after_on_load_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (module, keep) = (a[0].as_atom().ok_or(Raise::Badarg)?, a[1].as_bool().ok_or(Raise::Badarg)?);
    match unless_busy(ctx, load::finish_on_load(module, keep), "finish_after_on_load", a)? {
        true => Ok(Term::TRUE),
        false => Err(Raise::Badarg),
    }
}
