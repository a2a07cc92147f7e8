//! The process dictionary.

use girder_vm::native::Raise;
use girder_vm::recording;
use girder_vm::{Ctx, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "put"/2 => put_2, Bif;
        "get"/0 => get_0, Bif;
        "get"/1 => get_1, Bif;
        "get_keys"/0 => get_keys_0, Bif;
        "get_keys"/1 => get_keys_1, Bif;
        "erase"/0 => erase_0, Bif;
        "erase"/1 => erase_1, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn or_undefined(t: Option<Term<'_>>) -> Term<'_> {
    t.unwrap_or(Term::atom(am::UNDEFINED))
}

fn put_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    recording::dictionary_put(ctx.process(), args[0], args[1]);
    Ok(or_undefined(ctx.owner().dictionary.borrow_mut().put(args[0], args[1])))
}

fn get_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(or_undefined(ctx.owner().dictionary.borrow().get(args[0])))
}

fn pairs<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let d = ctx.owner().dictionary.borrow();
    ctx.charge(d.len());
    ctx.list_from(d.pairs().map(|(k, v)| ctx.tuple(&[k, v])))
}

fn get_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(pairs(ctx))
}

fn get_keys_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    let d = ctx.owner().dictionary.borrow();
    ctx.charge(d.len());
    Ok(ctx.list_from(d.pairs().map(|(k, _)| k)))
}

fn get_keys_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let d = ctx.owner().dictionary.borrow();
    ctx.charge(d.len());
    let eq = girder_vm::term::cmp::eq_exact;
    Ok(ctx.list_from(d.pairs().filter(|(_, v)| eq(*v, args[0])).map(|(k, _)| k)))
}

fn erase_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    let all = pairs(ctx);
    ctx.owner().dictionary.borrow_mut().clear();
    Ok(all)
}

fn erase_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(or_undefined(ctx.owner().dictionary.borrow_mut().erase(args[0])))
}
