//! `phash` and `phash2`.

use girder_vm::term::hash::{make_hash2, phash, phash2};
use girder_vm::{Ctx, Raise, Term};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "phash"/2 => phash_2, Bif;
        "phash2"/1 => phash2_1, Bif;
        "phash2"/2 => phash2_2, Bif;
    }
}

/// A range from 1 to 2^32.
fn range(t: Term<'_>) -> Result<u64, Raise> {
    t.as_u64().filter(|n| (1..=1 << 32).contains(n)).ok_or(Raise::Badarg)
}

fn phash_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(1 + u64::from(phash(a[0])) % range(a[1])?))
}

fn phash2_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(u64::from(phash2(a[0]))))
}

fn phash2_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(u64::from(make_hash2(a[0])) % range(a[1])?))
}
