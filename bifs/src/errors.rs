//! Raising exceptions: `error`, `exit`, `throw`, `raise`.

use girder_vm::process::Class;
use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "error"/1 => error_1, Bif;
        "error"/2 => error_2, Bif;
        "error"/3 => error_3, Bif;
        "nif_error"/1 => error_1, Bif;
        "nif_error"/2 => nif_error_2, Bif;
        "raise"/3 => raise_3, Bif;
        "throw"/1 => throw_1, Bif;
    }
}

/// Entries that a given stack trace keeps (`backtrace_depth`).
const DEPTH: usize = 8;

fn error_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Err(ctx.error(a[0]))
}

/// What a stack trace shows for the arguments: `none` stands for none, and it shows their number.
fn shown(args: Term<'_>) -> Term<'_> {
    if args.is(am::NONE) { Term::TRUE } else { args }
}

fn error_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Err(ctx.error_in_caller(a[0], shown(a[1]), None))
}

fn nif_error_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Err(ctx.error(a[0]))
}

/// With a list of `{error_info, Map}`; anything else in the list, and all of it counts for nothing.
fn error_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let info = |t: Term<'s>| {
        let [key, map] = t.as_tuple_of()?;
        (key.is(am::ERROR_INFO) && map.is_map()).then_some(map)
    };
    let infos: Option<Vec<Term<'s>>> = a[2].to_vec().and_then(|l| l.into_iter().map(info).collect());
    Err(ctx.error_in_caller(a[0], shown(a[1]), infos.and_then(|i| i.last().copied())))
}

fn throw_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Err(ctx.throw(a[0]))
}

/// An entry as stack traces have it, from the forms that may stand for one.
fn entry<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Option<Term<'s>> {
    match *t.as_tuple()? {
        [f, args] if f.is_function() => Some(ctx.tuple(&[f, args, Term::NIL])),
        [f, _, location] if f.is_function() => location.is_list().then_some(t),
        [m, f, args] if m.is_atom() && f.is_atom() => Some(ctx.tuple(&[m, f, args, Term::NIL])),
        [m, f, _, location] if m.is_atom() && f.is_atom() => location.is_list().then_some(t),
        _ => None,
    }
}

/// Raises with a given stack trace. Arguments that are wrong raise nothing: the answer is `badarg`.
fn raise_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let class = match a[0].as_atom() {
        Some(am::ERROR) => Class::Error,
        Some(am::EXIT) => Class::Exit,
        Some(am::THROW) => Class::Throw,
        _ => return Ok(am::BADARG.into()),
    };
    let entries: Option<Vec<Term<'s>>> = a[2].to_vec().and_then(|l| l.into_iter().map(|t| entry(ctx, t)).collect());
    match entries {
        Some(mut entries) => {
            entries.truncate(DEPTH);
            Err(ctx.raise(class, a[1], ctx.list(&entries)))
        }
        None => Ok(am::BADARG.into()),
    }
}
