//! Arrays of 64-bit atomic integers: `atomics`, and the counters with write concurrency of `counters`.
//!
//! Invariant: an array belongs to magic references alone and never changes its size. Operations are sequentially
//! consistent, as `atomics` promises.

use std::sync::atomic::{AtomicU64, Ordering};

use girder_vm::{Atom, Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "atomics" {
        "put"/3 => put_3, Bif;
        "get"/2 => get_2, Bif;
        "add"/3 => add_3, Bif;
        "add_get"/3 => add_get_3, Bif;
        "exchange"/3 => exchange_3, Bif;
        "compare_exchange"/4 => compare_exchange_4, Bif;
        "info"/1 => info_1, Bif;
    }
    "erts_internal" {
        "atomics_new"/2 => atomics_new_2, Bif;
        "counters_new"/1 => counters_new_1, Bif;
        "counters_get"/2 => counters_get_2, Bif;
        "counters_put"/3 => counters_put_3, Bif;
        "counters_add"/3 => counters_add_3, Bif;
        "counters_info"/1 => counters_info_1, Bif;
    }
}

/// What an array serves as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Signed,
    Unsigned,
    Counters,
}

struct Array {
    sort: Sort,
    /// Two's complement if signed.
    values: Box<[AtomicU64]>,
}

/// Largest array in bytes that is tried; beyond, the address space ends.
const MAX_BYTES: usize = 1 << 47;
/// Bytes that an array takes besides its values.
const HEAD_BYTES: usize = 40;

fn new<'s>(ctx: &Ctx<'s>, count: Term<'s>, sort: Sort) -> Result<Term<'s>, Raise> {
    let n = match count.as_u64() {
        Some(n) if n > 0 => n,
        None if count.as_big().is_some_and(|b| !b.negative) => return Err(Raise::SystemLimit),
        _ => return Err(Raise::Badarg),
    };
    let n = usize::try_from(n).ok().filter(|&n| n < MAX_BYTES / 8).ok_or(Raise::SystemLimit)?;
    let mut values = Vec::new();
    values.try_reserve_exact(n).map_err(|_| Raise::SystemLimit)?;
    values.resize_with(n, AtomicU64::default);
    ctx.charge(n / 512);
    Ok(ctx.fresh_magic_reference(Box::new(Array { sort, values: values.into() })))
}

fn atomics_new_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let options = a[1].as_u64().ok_or(Raise::Badarg)?;
    new(ctx, a[0], if options & 1 == 1 { Sort::Signed } else { Sort::Unsigned })
}

fn counters_new_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    new(ctx, a[0], Sort::Counters)
}

fn array<'s>(t: Term<'s>, counters: bool) -> Result<&'s Array, Raise> {
    let array: Option<&Array> = t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get());
    array.filter(|a| (a.sort == Sort::Counters) == counters).ok_or(Raise::Badarg)
}

impl Array {
    fn at(&self, index: Term<'_>) -> Result<&AtomicU64, Raise> {
        let i = index.as_usize().and_then(|i| i.checked_sub(1)).ok_or(Raise::Badarg)?;
        self.values.get(i).ok_or(Raise::Badarg)
    }
    /// A value that the array can hold.
    fn value(&self, t: Term<'_>) -> Result<u64, Raise> {
        match self.sort {
            Sort::Unsigned => t.as_u64(),
            Sort::Signed | Sort::Counters => t.as_i64().map(|i| i as u64),
        }
        .ok_or(Raise::Badarg)
    }
    fn term<'s>(&self, ctx: &Ctx<'s>, value: u64) -> Term<'s> {
        match self.sort {
            Sort::Unsigned => ctx.uint(value),
            Sort::Signed | Sort::Counters => ctx.int(value as i64),
        }
    }
    fn bytes(&self) -> u64 {
        (HEAD_BYTES + 8 * self.values.len()) as u64
    }
}

/// An increment: anything of 64 bits, signed or not; sums wrap.
fn increment(t: Term<'_>) -> Result<u64, Raise> {
    t.as_i64().map(|i| i as u64).or_else(|| t.as_u64()).ok_or(Raise::Badarg)
}

fn ok<'s>() -> Result<Term<'s>, Raise> {
    Ok(Term::atom(am::OK))
}

fn put_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], false)?;
    let at = array.at(a[1])?;
    at.store(array.value(a[2])?, Ordering::SeqCst);
    ok()
}

fn get_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], false)?;
    Ok(array.term(ctx, array.at(a[1])?.load(Ordering::SeqCst)))
}

fn add_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let at = array(a[0], false)?.at(a[1])?;
    at.fetch_add(increment(a[2])?, Ordering::SeqCst);
    ok()
}

fn add_get_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], false)?;
    let (at, by) = (array.at(a[1])?, increment(a[2])?);
    Ok(array.term(ctx, at.fetch_add(by, Ordering::SeqCst).wrapping_add(by)))
}

fn exchange_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], false)?;
    let (at, to) = (array.at(a[1])?, array.value(a[2])?);
    Ok(array.term(ctx, at.swap(to, Ordering::SeqCst)))
}

fn compare_exchange_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], false)?;
    let (at, expected, to) = (array.at(a[1])?, array.value(a[2])?, array.value(a[3])?);
    match at.compare_exchange(expected, to, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => ok(),
        Err(actual) => Ok(array.term(ctx, actual)),
    }
}

fn map<'s>(ctx: &Ctx<'s>, pairs: &[(&str, Term<'s>)]) -> Result<Term<'s>, Raise> {
    let key = |name| Atom::new(name).map(Term::atom).map_err(|_| Raise::SystemLimit);
    let pairs: Result<Vec<_>, Raise> = pairs.iter().map(|&(name, value)| Ok((key(name)?, value))).collect();
    Ok(girder_vm::term::map::from_pairs(ctx, &pairs?))
}

fn info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], false)?;
    let (max, min) = match array.sort {
        Sort::Unsigned => (ctx.uint(u64::MAX), ctx.uint(0)),
        Sort::Signed | Sort::Counters => (ctx.int(i64::MAX), ctx.int(i64::MIN)),
    };
    let (size, memory) = (ctx.uint(array.values.len() as u64), ctx.uint(array.bytes()));
    map(ctx, &[("max", max), ("memory", memory), ("min", min), ("size", size)])
}

fn counters_get_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], true)?;
    Ok(array.term(ctx, array.at(a[1])?.load(Ordering::Relaxed)))
}

fn counters_put_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], true)?;
    let at = array.at(a[1])?;
    at.store(array.value(a[2])?, Ordering::Relaxed);
    ok()
}

fn counters_add_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let at = array(a[0], true)?.at(a[1])?;
    at.fetch_add(increment(a[2])?, Ordering::Relaxed);
    ok()
}

fn counters_info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let array = array(a[0], true)?;
    let (size, memory) = (ctx.uint(array.values.len() as u64), ctx.uint(array.bytes()));
    map(ctx, &[("memory", memory), ("size", size)])
}
