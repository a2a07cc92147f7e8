//! `==` and `=:=` of compound and boxed terms.

use super::number;
use crate::term::map::{self, MapIter};
use crate::term::{Kind, Term};

/// What is still to be compared. Each carries whether numbers must be of the same type.
enum Rest<'s> {
    Pair(Term<'s>, Term<'s>, bool),
    Array(&'s [Term<'s>], &'s [Term<'s>], bool),
    /// Maps of equal size: equal maps have equal shapes, so their keys come in the same order.
    Maps(Box<(MapIter<'s>, MapIter<'s>)>, bool),
}

/// How deep, and how far along a list, [`near`] looks.
const NEAR: (usize, usize) = (3, 32);

/// Whether the terms are equal, `exact` meaning `=:=`.
#[inline(never)]
pub(super) fn equal(a: Term<'_>, b: Term<'_>, exact: bool) -> bool {
    // The commonest compound terms need none of the machinery below.
    near(a, b, exact, NEAR.0).unwrap_or_else(|| deep(a, b, exact))
}

/// [`equal`] of terms with little in them; `None`: that cannot be told so.
fn near(a: Term<'_>, b: Term<'_>, exact: bool, depth: usize) -> Option<bool> {
    let part = |x: Term<'_>, y: Term<'_>| {
        if x.raw() == y.raw() {
            Some(true)
        } else if x.is_immediate() && y.is_immediate() || exact && (x.is_immediate() || y.is_immediate()) {
            Some(false)
        } else if depth > 0 {
            near(x, y, exact, depth - 1)
        } else {
            None
        }
    };
    if let (Some(xs), Some(ys)) = (a.as_tuple(), b.as_tuple()) {
        if xs.len() != ys.len() {
            return Some(false);
        }
        for (&x, &y) in xs.iter().zip(ys) {
            match part(x, y) {
                Some(true) => {}
                other => return other,
            }
        }
        return Some(true);
    }
    let (mut a, mut b) = (a, b);
    for _ in 0..NEAR.1 {
        let (Some((x, xs)), Some((y, ys))) = (a.as_cons(), b.as_cons()) else { return shallow(a, b, exact) };
        match part(x, y) {
            Some(true) if xs.raw() == ys.raw() => return Some(true),
            Some(true) => (a, b) = (xs, ys),
            other => return other,
        }
    }
    None
}

/// [`equal`] of terms of any sort.
#[inline(never)]
fn deep(a: Term<'_>, b: Term<'_>, exact: bool) -> bool {
    // Both are alive for the whole call, so one brand may stand for the two.
    let (mut a, mut b, mut exact) = (Term::from_raw(a.raw()), Term::from_raw(b.raw()), exact);
    let mut rest: Vec<Rest<'_>> = Vec::new();
    loop {
        let mut inside = None;
        if !a.same(b) {
            if let (Some((x, xs)), Some((y, ys))) = (a.as_cons(), b.as_cons()) {
                // Along the list; only a compound head is put off.
                match shallow(x, y, exact) {
                    Some(true) => (a, b) = (xs, ys),
                    Some(false) => return false,
                    None => {
                        rest.push(Rest::Pair(xs, ys, exact));
                        (a, b) = (x, y);
                    }
                }
                continue;
            }
            match shallow(a, b, exact) {
                Some(true) => {}
                Some(false) => return false,
                None => match open(a, b, exact) {
                    None => return false,
                    opened => inside = opened,
                },
            }
        }
        (a, b, exact) = loop {
            match inside.take().or_else(|| rest.pop()) {
                None => return true,
                Some(Rest::Pair(x, y, exact)) => break (x, y, exact),
                Some(Rest::Array(xs, ys, exact)) => match skip_equal(xs, ys, exact) {
                    Skipped::All => {}
                    Skipped::Different => return false,
                    Skipped::To(i) => {
                        if i + 1 < xs.len() {
                            rest.push(Rest::Array(&xs[i + 1..], &ys[i + 1..], exact));
                        }
                        break (xs[i], ys[i], exact);
                    }
                },
                Some(Rest::Maps(mut iters, exact)) => {
                    if let (Some((k, v)), Some((l, w))) = (iters.0.next(), iters.1.next()) {
                        rest.push(Rest::Maps(iters, exact));
                        rest.push(Rest::Pair(v, w, exact));
                        break (k, l, true);
                    }
                }
            }
        };
    }
}

enum Skipped {
    All,
    Different,
    To(usize),
}

/// Goes along two arrays as far as no compound terms must be opened.
#[inline]
fn skip_equal(xs: &[Term<'_>], ys: &[Term<'_>], exact: bool) -> Skipped {
    for (i, (x, y)) in xs.iter().zip(ys).enumerate() {
        match shallow(*x, *y, exact) {
            Some(true) => {}
            Some(false) => return Skipped::Different,
            None => return Skipped::To(i),
        }
    }
    Skipped::All
}

/// Compares terms without looking inside of compound ones: `None` if that is needed.
#[inline]
fn shallow(a: Term<'_>, b: Term<'_>, exact: bool) -> Option<bool> {
    if a.raw() == b.raw() {
        Some(true)
    } else if a.is_immediate() && b.is_immediate() || exact && (a.is_immediate() || b.is_immediate()) {
        Some(false)
    } else if a.is_cons() || b.is_cons() {
        if a.is_cons() && b.is_cons() { None } else { Some(false) }
    } else {
        boxed(a, b, exact)
    }
}

/// [`shallow`] where one at least is boxed and none is a cons cell.
fn boxed(a: Term<'_>, b: Term<'_>, exact: bool) -> Option<bool> {
    let (ka, kb) = (a.kind(), b.kind());
    Some(match (&ka, &kb) {
        (Kind::Tuple(x), Kind::Tuple(y)) if x.len() == y.len() => return if x.is_empty() { Some(true) } else { None },
        (Kind::Map, Kind::Map) if map::size(a) == map::size(b) => return None,
        (Kind::Fun(x), Kind::Fun(y)) if std::ptr::eq(x.entry, y.entry) => return None,
        (Kind::Record(x), Kind::Record(y)) if x.values.len() == y.values.len() => return None,
        (Kind::Bits(x), Kind::Bits(y)) => crate::term::bits::equal(*x, *y),
        (Kind::Float(x), Kind::Float(y)) if exact => number::same_float(*x, *y),
        (Kind::Big(x), Kind::Big(y)) => x.negative == y.negative && x.limbs == y.limbs,
        (Kind::Export(x), Kind::Export(y)) => std::ptr::eq(*x, *y),
        (Kind::Ref(x), Kind::Ref(y)) => x.numbers == y.numbers && same_node(x.node, y.node),
        (Kind::ExternalPid(m, x), Kind::ExternalPid(n, y)) => x == y && std::ptr::eq(*m, *n),
        (Kind::ExternalPort(m, x), Kind::ExternalPort(n, y)) => x == y && std::ptr::eq(*m, *n),
        _ if exact => false,
        _ => number::compare(&ka, &kb, false).is_some_and(std::cmp::Ordering::is_eq),
    })
}

fn same_node(a: Option<&crate::node::Node>, b: Option<&crate::node::Node>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        _ => false,
    }
}

/// The insides of two compound terms of one type and size; `None` if they differ in themselves.
fn open<'s>(a: Term<'s>, b: Term<'s>, exact: bool) -> Option<Rest<'s>> {
    Some(match (a.kind(), b.kind()) {
        (Kind::Tuple(x), Kind::Tuple(y)) => Rest::Array(x, y, exact),
        (Kind::Map, Kind::Map) => Rest::Maps(Box::new((map::iter(a), map::iter(b))), exact),
        (Kind::Fun(x), Kind::Fun(y)) if x.env.len() == y.env.len() => Rest::Array(x.env, y.env, exact),
        // Fields of native records are the same only if they match, for `==` too.
        (Kind::Record(x), Kind::Record(y)) if super::eq_exact(x.definition, y.definition) => {
            Rest::Array(x.values, y.values, true)
        }
        _ => return None,
    })
}
