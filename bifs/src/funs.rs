//! Funs: what they are made of, external funs, and which functions exist.

use girder_vm::code::{Export, FunEntry, Mfa};
use girder_vm::process::census;
use girder_vm::sched::Dirty;
use girder_vm::term::{FunView, Kind};
use girder_vm::{Ctx, Profile, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "fun_info"/2 => fun_info_2, Bif;
        "fun_info_mfa"/1 => fun_info_mfa_1, Bif;
        "function_exported"/3 => function_exported_3, Bif;
        "is_builtin"/3 => is_builtin_3, Bif;
        "make_fun"/3 => make_fun_3, Bif;
    }
}

/// The function that holds a fun's body, `[]` while its code is not loaded.
fn name<'s>(f: FunView<'s>) -> Term<'s> {
    f.entry.function().filter(|_| f.entry.has_code()).map_or(Term::NIL, Term::atom)
}

/// Funs of this entry, and the entry's own reference. Nobody counts them while a program runs, so all heaps are looked
/// through.
fn references(ctx: &Ctx<'_>, fun: Term<'_>, entry: &'static FunEntry) -> i64 {
    let funs = ctx.dirty(Dirty::Cpu, || census::funs(ctx.process(), &[fun], entry));
    1 + i64::try_from(funs).unwrap_or(i64::MAX - 1)
}

fn local<'s>(ctx: &Ctx<'s>, fun: Term<'s>, f: FunView<'s>, item: Term<'s>) -> Option<Term<'s>> {
    Some(match item.as_atom()? {
        am::TYPE => am::LOCAL.into(),
        am::MODULE => f.entry.module.into(),
        am::NAME => name(f),
        am::ARITY => ctx.int(i64::from(f.entry.arity)),
        am::ENV => ctx.list(f.env),
        am::PID if Profile::get().funs_belong_to_init() => ctx.init_pid(),
        am::PID => f.creator,
        am::INDEX | am::NEW_INDEX => ctx.int(i64::from(f.entry.index)),
        am::UNIQ => ctx.int(i64::from(f.entry.old_uniq)),
        am::NEW_UNIQ => ctx.binary(&f.entry.uniq),
        // In later releases funs do not refer to entries that are counted.
        am::REFC if Profile::get().release >= 28 => Term::small(1),
        am::REFC => ctx.int(references(ctx, fun, f.entry)),
        _ => return None,
    })
}

fn external<'s>(ctx: &Ctx<'s>, e: &'static Export, item: Term<'s>) -> Option<Term<'s>> {
    Some(match item.as_atom()? {
        am::TYPE => am::EXTERNAL.into(),
        am::MODULE => e.mfa.module.into(),
        am::NAME => e.mfa.function.into(),
        am::ARITY => ctx.int(i64::from(e.mfa.arity)),
        am::ENV => Term::NIL,
        am::PID | am::INDEX | am::NEW_INDEX | am::UNIQ | am::NEW_UNIQ | am::REFC => am::UNDEFINED.into(),
        _ => return None,
    })
}

fn fun_info_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let value = match a[0].kind() {
        Kind::Fun(f) => local(ctx, a[0], f, a[1]),
        Kind::Export(e) => external(ctx, e, a[1]),
        _ => None,
    };
    value.map(|v| ctx.tuple(&[a[1], v])).ok_or(Raise::Badarg)
}

fn fun_info_mfa_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (module, function, arity) = match a[0].kind() {
        Kind::Fun(f) => (f.entry.module, name(f), f.entry.arity),
        Kind::Export(e) => (e.mfa.module, e.mfa.function.into(), e.mfa.arity),
        _ => return Err(Raise::Badarg),
    };
    Ok(ctx.tuple(&[module.into(), function, ctx.int(i64::from(arity))]))
}

/// What three arguments name; `None` if no function has such an arity.
fn named(a: &[Term<'_>]) -> Result<Option<Mfa>, Raise> {
    match (a[0].as_atom(), a[1].as_atom(), a[2].as_small()) {
        (Some(module), Some(function), Some(arity)) => {
            Ok(u8::try_from(arity).ok().map(|arity| Mfa { module, function, arity }))
        }
        _ => Err(Raise::Badarg),
    }
}

fn function_exported_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::bool(named(a)?.and_then(Export::existing).is_some_and(Export::is_defined)))
}

fn is_builtin_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let special =
        |m: &Mfa| m.module == am::ERLANG && matches!((m.function, m.arity), (am::APPLY, 2 | 3) | (am::YIELD, 0));
    let built_in = |m: &Mfa| crate::facts::is_built_in(m.module.name(), m.function.name(), m.arity);
    let native = |m: Mfa| special(&m) || (built_in(&m) && Export::existing(m).is_some_and(|e| e.native().is_some()));
    Ok(Term::bool(named(a)?.is_some_and(native)))
}

fn make_fun_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    named(a)?.map(|mfa| ctx.export_fun(Export::intern(mfa))).ok_or(Raise::Badarg)
}
