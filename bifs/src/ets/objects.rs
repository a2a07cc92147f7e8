//! Objects by key: insert, look up, delete.

use girder_vm::ets::Object;
use girder_vm::term::cmp;
use girder_vm::{Ctx, Raise, Term, am};

use super::{Access, Answer, TableRef, because, copy, is_storable, table};

girder_vm::natives! { pub TABLE:
    "ets" {
        "delete"/2 => delete_2, Bif;
        "delete_object"/2 => delete_object_2, Bif;
        "insert"/2 => insert_2, Bif;
        "insert_new"/2 => insert_new_2, Bif;
        "lookup"/2 => lookup_2, Bif;
        "lookup_element"/3 => lookup_element_3, Bif;
        "lookup_element"/4 => lookup_element_4, Bif, SINCE_27;
        "member"/2 => member_2, Bif;
        "take"/2 => take_2, Bif;
    }
    "erts_internal" {
        "ets_lookup_binary_info"/2 => lookup_binary_info_2, Bif;
    }
}

/// Objects inserted for a reduction.
const OBJECTS_PER_REDUCTION: usize = 4;

fn to_insert<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Result<(TableRef<'s>, Vec<Object>), Raise> {
    let t = table(ctx, args[0], Access::Write)?;
    let one = [args[1]];
    let list;
    let terms = if args[1].is_list() {
        list = args[1].to_vec().ok_or(Raise::Badarg)?;
        &list[..]
    } else {
        &one[..]
    };
    if !terms.iter().all(|&x| is_storable(&t, x)) {
        return Err(Raise::Badarg);
    }
    ctx.charge(terms.len() / OBJECTS_PER_REDUCTION);
    Ok((t, terms.iter().map(|&x| Object::new(x)).collect()))
}

fn insert_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (t, objects) = to_insert(ctx, args)?;
    t.insert(objects);
    Ok(Term::TRUE)
}

fn insert_new_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (t, objects) = to_insert(ctx, args)?;
    Ok(t.insert_new(objects).into())
}

fn lookup_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Read)?;
    let mut first = None;
    let mut more = Vec::new();
    t.lookup(args[1], |o| match first {
        None => first = Some(copy(ctx, o)),
        Some(_) => more.push(copy(ctx, o)),
    });
    Ok(first.map_or(Term::NIL, |x| ctx.cons(x, ctx.list(&more))))
}

fn lookup_element<'s>(ctx: &Ctx<'s>, args: &[Term<'s>], default: Option<Term<'s>>) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Read)?;
    let pos = args[2].as_small().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0).ok_or(Raise::Badarg)?;
    let mut found = Vec::new();
    let mut too_short = false;
    t.lookup(args[1], |o| match o.with_element(pos, |e| ctx.copy(e)) {
        Some(e) => found.push(e),
        None => too_short = true,
    });
    if too_short {
        return Err(Raise::Badarg);
    }
    match (&found[..], default) {
        ([], Some(default)) => Ok(default),
        ([], None) => Err(because(ctx, am::BADKEY)),
        (&[one], _) if super::is_set(&t) => Ok(one),
        (all, _) => Ok(ctx.list(all)),
    }
}

fn lookup_element_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    lookup_element(ctx, args, None)
}

fn lookup_element_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    lookup_element(ctx, args, Some(args[3]))
}

fn member_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(table(ctx, args[0], Access::Read)?.member(args[1]).into())
}

fn delete_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    table(ctx, args[0], Access::Write)?.remove(args[1], |_| true);
    Ok(Term::TRUE)
}

fn delete_object_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Write)?;
    if !is_storable(&t, args[1]) {
        return Err(Raise::Badarg);
    }
    let key = args[1].as_tuple().map_or(Term::NIL, |e| e[t.keypos - 1]);
    t.remove(key, |o| o.with(|x| cmp::eq_exact(x, args[1])));
    Ok(Term::TRUE)
}

fn take_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Write)?;
    let mut taken = Vec::new();
    t.remove(args[1], |o| {
        taken.push(copy(ctx, o));
        true
    });
    Ok(ctx.list(&taken))
}

/// `[{Address, Size, References}]` of the off-heap binaries below the objects with a key, once for each view.
fn lookup_binary_info_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = table(ctx, args[0], Access::Read)?;
    let mut found = Vec::new();
    let mut any = false;
    t.lookup(args[1], |o| {
        any = true;
        o.with(|object| {
            let mut todo = vec![object];
            while let Some(x) = todo.pop() {
                if let Some(b) = x.off_heap_binary() {
                    let address = std::ptr::from_ref(b).addr() as u64;
                    found.push(ctx.tuple(&[
                        ctx.uint(address),
                        ctx.uint(b.capacity() as u64),
                        ctx.uint(b.refc() as u64),
                    ]));
                } else if let Some((head, tail)) = x.as_cons() {
                    todo.extend([head, tail]);
                } else if let Some(elements) = x.as_tuple() {
                    todo.extend(elements);
                } else {
                    todo.extend(girder_vm::term::map::iter(x).flat_map(|(k, v)| [k, v]));
                }
            }
        });
    });
    if any { Ok(ctx.list(&found)) } else { Err(Raise::Badarg) }
}
