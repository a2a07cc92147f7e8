//! Tuples: taking them apart, building and changing them.
//!
//! Invariant: no tuple has more than [`MAX_TUPLE`] elements.

use girder_vm::{Ctx, Raise, Term};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "element"/2 => element_2, Guard;
        "tuple_size"/1 => tuple_size_1, Guard;
        "size"/1 => size_1, Guard;
        "setelement"/3 => setelement_3, Bif;
        "make_tuple"/2 => make_tuple_2, Bif;
        "make_tuple"/3 => make_tuple_3, Bif;
        "append_element"/2 => append_element_2, Bif;
        "insert_element"/3 => insert_element_3, Bif;
        "delete_element"/2 => delete_element_2, Bif;
        "tuple_to_list"/1 => tuple_to_list_1, Bif;
        "list_to_tuple"/1 => list_to_tuple_1, Bif;
    }
}

/// Most elements of a tuple.
const MAX_TUPLE: usize = (1 << 24) - 1;

fn tuple<'s>(t: Term<'s>) -> Result<&'s [Term<'s>], Raise> {
    t.as_tuple().ok_or(Raise::Badarg)
}

/// Offset of the element that `t` counts from one, if there are `count` of them.
fn index(t: Term<'_>, count: usize) -> Result<usize, Raise> {
    let i = t.as_small().and_then(|i| usize::try_from(i).ok()).ok_or(Raise::Badarg)?;
    if (1..=count).contains(&i) { Ok(i - 1) } else { Err(Raise::Badarg) }
}

/// A number of elements that a tuple may have.
fn count(t: Term<'_>) -> Result<usize, Raise> {
    t.as_usize().filter(|&n| n <= MAX_TUPLE).ok_or(Raise::Badarg)
}

fn element_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let elements = tuple(a[1])?;
    Ok(elements[index(a[0], elements.len())?])
}

fn tuple_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.int(tuple(a[0])?.len() as i64))
}

/// Elements of a tuple, or whole bytes of a bitstring.
fn size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    match a[0].as_bits() {
        Some(b) => Ok(ctx.uint(b.bits as u64 / 8)),
        None => tuple_size_1(ctx, a),
    }
}

fn setelement_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let elements = tuple(a[1])?;
    Ok(ctx.set_element(elements, index(a[0], elements.len())?, a[2]))
}

fn make_tuple_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let n = count(a[0])?;
    ctx.charge(n / 16);
    Ok(ctx.tuple_with(n, |_| a[1]))
}

fn make_tuple_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let mut elements = vec![a[1]; count(a[0])?];
    let mut inits = a[2].list_iter();
    for init in inits.by_ref() {
        let [position, value] = init.as_tuple_of().ok_or(Raise::Badarg)?;
        let at = index(position, elements.len())?;
        elements[at] = value;
    }
    if !inits.tail().is_nil() {
        return Err(Raise::Badarg);
    }
    ctx.charge(elements.len() / 16);
    Ok(ctx.tuple(&elements))
}

fn append_element_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let old = tuple(a[0])?;
    if old.len() == MAX_TUPLE {
        return Err(Raise::Badarg);
    }
    Ok(ctx.tuple_with(old.len() + 1, |i| old.get(i).copied().unwrap_or(a[1])))
}

fn insert_element_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let old = tuple(a[1])?;
    if old.len() == MAX_TUPLE {
        return Err(Raise::Badarg);
    }
    let at = index(a[0], old.len() + 1)?;
    Ok(ctx.tuple_with(old.len() + 1, |i| match i.cmp(&at) {
        std::cmp::Ordering::Less => old[i],
        std::cmp::Ordering::Equal => a[2],
        std::cmp::Ordering::Greater => old[i - 1],
    }))
}

fn delete_element_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let old = tuple(a[1])?;
    let at = index(a[0], old.len())?;
    Ok(ctx.tuple_with(old.len() - 1, |i| old[if i < at { i } else { i + 1 }]))
}

fn tuple_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let elements = tuple(a[0])?;
    ctx.charge(elements.len() / 16);
    Ok(ctx.list(elements))
}

fn list_to_tuple_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let elements = a[0].to_vec().filter(|v| v.len() <= MAX_TUPLE).ok_or(Raise::Badarg)?;
    ctx.charge(elements.len() / 16);
    Ok(ctx.tuple(&elements))
}
