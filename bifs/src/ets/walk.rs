//! Keys in order: `first`, `next` and their kin.

use girder_vm::ets::{Direction, Kind, Object, Table};
use girder_vm::{Ctx, Raise, Term, am};

use super::{Access, Answer, copy, using};

girder_vm::natives! { pub TABLE:
    "ets" {
        "first"/1 => first_1, Bif;
        "first_lookup"/1 => first_lookup_1, Bif, SINCE_27;
        "last"/1 => last_1, Bif;
        "last_lookup"/1 => last_lookup_1, Bif, SINCE_27;
        "next"/2 => next_2, Bif;
        "next_lookup"/2 => next_lookup_2, Bif, SINCE_27;
        "prev"/2 => prev_2, Bif;
        "prev_lookup"/2 => prev_lookup_2, Bif, SINCE_27;
        "slot"/2 => slot_2, Bif;
    }
    "erts_internal" {
        "ets_raw_first"/1 => first_1, Bif;
        "ets_raw_next"/2 => next_2, Bif;
    }
}

use Direction::{Backward, Forward};

type Show<'s> = fn(&Ctx<'s>, &Table, &[&Object]) -> Term<'s>;

fn key<'s>(ctx: &Ctx<'s>, t: &Table, objects: &[&Object]) -> Term<'s> {
    objects.first().and_then(|o| o.with_element(t.keypos, |k| ctx.copy(k))).unwrap_or(am::EOT.into())
}

fn all<'s>(ctx: &Ctx<'s>, _: &Table, objects: &[&Object]) -> Term<'s> {
    let copies: Vec<_> = objects.iter().map(|o| copy(ctx, o)).collect();
    ctx.list(&copies)
}

fn key_and_all<'s>(ctx: &Ctx<'s>, t: &Table, objects: &[&Object]) -> Term<'s> {
    ctx.tuple(&[key(ctx, t, objects), all(ctx, t, objects)])
}

fn end<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], direction: Direction, show: Show<'s>) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| {
        Ok(t.end(direction, |objects| show(ctx, t, objects)).unwrap_or(am::EOT.into()))
    })
}

fn beside<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], direction: Direction, show: Show<'s>) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| {
        // What an ordered table answers at its end is no place in it, even if it is a key.
        if t.kind == Kind::OrderedSet && args[1].is(am::EOT) {
            return Err(Raise::Badarg);
        }
        let found = t.beside(args[1], direction, |objects| show(ctx, t, objects)).map_err(|()| Raise::Badarg)?;
        Ok(found.unwrap_or(am::EOT.into()))
    })
}

fn first_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    end(ctx, args, Forward, key)
}

fn last_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    end(ctx, args, Backward, key)
}

fn first_lookup_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    end(ctx, args, Forward, key_and_all)
}

fn last_lookup_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    end(ctx, args, Backward, key_and_all)
}

fn next_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    beside(ctx, args, Forward, key)
}

fn prev_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    beside(ctx, args, Backward, key)
}

fn next_lookup_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    beside(ctx, args, Forward, key_and_all)
}

fn prev_lookup_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    beside(ctx, args, Backward, key_and_all)
}

fn slot_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    using(ctx, args[0], Access::Read, |t| {
        let n = args[1].as_usize().ok_or(Raise::Badarg)?;
        let found = t.slot(n, |objects| all(ctx, t, objects)).map_err(|()| Raise::Badarg)?;
        Ok(found.unwrap_or(am::EOT.into()))
    })
}
