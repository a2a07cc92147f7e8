//! Memory of the running process and of terms: collections on request, sizes and identity of terms.

use girder_vm::term::copy;
use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "garbage_collect"/1 => garbage_collect_1, Bif;
    }
    "erts_debug" {
        "flat_size"/1 => flat_size_1, Bif;
        "size_shared"/1 => size_shared_1, Bif;
        "copy_shared"/2 => copy_shared_2, Bif;
        "same"/2 => same_2, Bif;
    }
}

/// Collects the running process: `major` or `minor`.
fn garbage_collect_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[0].is(am::MAJOR) && !a[0].is(am::MINOR) {
        return Err(Raise::Badarg);
    }
    ctx.request_collection(a[0].is(am::MAJOR));
    Ok(Term::TRUE)
}

fn flat_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let words = copy::flat_size(a[0]);
    ctx.charge(words / 16);
    Ok(ctx.uint(words as u64))
}

fn size_shared_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let words = copy::shared_size(a[0]);
    ctx.charge(words / 4);
    Ok(ctx.uint(words as u64))
}

/// A copy in which what is shared stays shared; the second argument chooses whether literals are copied too.
fn copy_shared_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(copy::copy_sharing(a[0], ctx, a[1].as_bool().ok_or(Raise::Badarg)?))
}

fn same_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(a[0].same(a[1]).into())
}
