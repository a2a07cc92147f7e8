//! Module `persistent_term`, over the table of persistent terms.

use girder_vm::heap::persistent::{self, Put};
use girder_vm::sched::Dirty;
use girder_vm::{Ctx, Raise, Term, am, term::map};

girder_vm::natives! { pub TABLE:
    "persistent_term" {
        "put"/2 => put_2, Bif;
        "put_new"/2 => put_new_2, Bif, R29;
        "get"/0 => get_0, Bif;
        "get"/1 => get_1, Bif;
        "get"/2 => get_2, Bif;
        "erase"/1 => erase_1, Bif;
        "info"/0 => info_0, Bif;
    }
    "erts_internal" {
        "erase_persistent_terms"/0 => erase_persistent_terms_0, Bif;
    }
}

/// Puts a term whose size is not known, as a dirty scheduler unless it is none to copy.
fn put<'s>(ctx: &Ctx<'s>, a: &[Term<'s>], replace: bool) -> Put {
    let put = || persistent::put(ctx, a[0], a[1], replace);
    if a[1].is_boxed() || a[1].is_cons() { ctx.dirty(Dirty::Cpu, put) } else { put() }
}

fn put_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    put(ctx, a, true);
    Ok(am::OK.into())
}

fn put_new_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    match put(ctx, a, false) {
        Put::New | Put::Same => Ok(am::OK.into()),
        Put::Replaced => Err(Raise::Badarg),
    }
}

fn get_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(persistent::all(ctx))
}

fn get_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    persistent::get(ctx, a[0]).ok_or(Raise::Badarg)
}

fn get_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(persistent::get(ctx, a[0]).unwrap_or(a[1]))
}

fn erase_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(persistent::erase(a[0]).into())
}

fn info_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (count, bytes) = persistent::info();
    let pairs = [(am::COUNT.into(), ctx.uint(count as u64)), (am::MEMORY.into(), ctx.uint(bytes as u64))];
    Ok(map::from_pairs(ctx, &pairs))
}

fn erase_persistent_terms_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    persistent::erase_all();
    Ok(Term::TRUE)
}
