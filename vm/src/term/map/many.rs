//! Several keys at once: what `#{..., K => V}` and `#{..., K := V}` and `maps:merge/2` need.

use std::cmp::Ordering;

use super::build::{from_pairs, from_sorted, sort_pairs};
use super::flat::{self, Flat, key_order};
use super::{FLAT, SMALL_LIMIT, hamt, iter, put, size, update};
use crate::heap::Builder;
use crate::term::Term;

/// `map` with all pairs of `kvs` (key, value, key, value ...) set, in order.
pub fn put_many<'s>(b: &Builder<'s>, map: Term<'s>, kvs: &[Term<'s>]) -> Term<'s> {
    if map.boxed_header() != Some(FLAT) {
        return kvs.as_chunks().0.iter().fold(map, |m, &[k, v]| put(b, m, k, v));
    }
    if let &[k, v] = kvs {
        return put(b, map, k, v);
    }
    match put_present(b, map, kvs) {
        Ok(map) => map,
        Err(_) => {
            let mut new: Vec<_> = kvs.as_chunks().0.iter().map(|&[k, v]| (k, v)).collect();
            sort_pairs(&mut new);
            union(b, Flat::read(map), &new)
        }
    }
}

/// `map` with the values of all keys of `kvs` (key, value, key, value ...) replaced; the first key that it does not
/// have is the error.
pub fn update_many<'s>(b: &Builder<'s>, map: Term<'s>, kvs: &[Term<'s>]) -> Result<Term<'s>, Term<'s>> {
    if map.boxed_header() == Some(FLAT) {
        return put_present(b, map, kvs);
    }
    kvs.as_chunks().0.iter().try_fold(map, |m, &[k, v]| update(b, m, k, v).ok_or(k))
}

/// Replaces values of a flat map, whose keys tuple stays; the error is a key that it does not have.
fn put_present<'s>(b: &Builder<'s>, map: Term<'s>, kvs: &[Term<'s>]) -> Result<Term<'s>, Term<'s>> {
    let flat = Flat::read(map);
    let mut values = [Term::NIL; SMALL_LIMIT];
    let n = flat.values.len();
    values[..n].copy_from_slice(flat.values);
    let mut changed = false;
    for &[k, v] in kvs.as_chunks().0 {
        let i = flat.find(k).ok_or(k)?;
        changed |= !values[i].same(v);
        values[i] = v;
    }
    Ok(if changed { flat::build(b, flat.keys_tuple, &values[..n]) } else { map })
}

/// A flat map and sorted new pairs, which win over its own.
fn union<'s>(b: &Builder<'s>, flat: Flat<'s>, new: &[(Term<'s>, Term<'s>)]) -> Term<'s> {
    let mut all = Vec::with_capacity(flat.keys.len() + new.len());
    let (mut old, mut new) =
        (flat.keys.iter().copied().zip(flat.values.iter().copied()).peekable(), new.iter().copied().peekable());
    while let (Some(x), Some(y)) = (old.peek(), new.peek()) {
        match key_order(x.0, y.0) {
            Ordering::Less => all.extend(old.next()),
            Ordering::Greater => all.extend(new.next()),
            Ordering::Equal => {
                old.next();
                all.extend(new.next());
            }
        }
    }
    all.extend(old);
    all.extend(new);
    if all.len() <= SMALL_LIMIT { from_sorted(b, &all) } else { from_pairs(b, &all) }
}

/// Two flat maps; of keys in both, `y`'s value stays. The result is `y`, or shares a tuple of keys, where that has them all.
fn merge_flat<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Term<'s> {
    let (fx, fy) = (Flat::read(x), Flat::read(y));
    if fx.keys_tuple.same(fy.keys_tuple) {
        return y;
    }
    let (mut keys, mut values) = ([Term::NIL; 2 * SMALL_LIMIT], [Term::NIL; 2 * SMALL_LIMIT]);
    let (mut i, mut j, mut n) = (0, 0, 0);
    while i < fx.keys.len() || j < fy.keys.len() {
        let order = match (fx.keys.get(i), fy.keys.get(j)) {
            (Some(&k), Some(&l)) => key_order(k, l),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        if order == Ordering::Less {
            (keys[n], values[n]) = (fx.keys[i], fx.values[i]);
            i += 1;
        } else {
            (keys[n], values[n]) = (fy.keys[j], fy.values[j]);
            i += usize::from(order == Ordering::Equal);
            j += 1;
        }
        n += 1;
    }
    if n == fy.keys.len() {
        if n == fx.keys.len() {
            flat::prefer_literal_keys(y, fx.keys_tuple, fy.keys_tuple);
        }
        return y;
    }
    if n == fx.keys.len() {
        return flat::build(b, fx.keys_tuple, &values[..n]);
    }
    let pairs: Vec<_> = keys[..n].iter().copied().zip(values[..n].iter().copied()).collect();
    if n <= SMALL_LIMIT { from_sorted(b, &pairs) } else { from_pairs(b, &pairs) }
}

/// Both maps' pairs; of keys in both, `y`'s value stays.
pub fn merge<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Term<'s> {
    if x.same(y) || size(x) == 0 {
        return y;
    }
    if size(y) == 0 {
        return x;
    }
    match (x.boxed_header() == Some(FLAT), y.boxed_header() == Some(FLAT)) {
        (true, true) => merge_flat(b, x, y),
        (false, true) => iter(y).fold(x, |m, (k, v)| put(b, m, k, v)),
        (true, false) => iter(x)
            .filter(|&(k, _)| hamt::get(y, k).is_none())
            .collect::<Vec<_>>()
            .into_iter()
            .fold(y, |m, (k, v)| put(b, m, k, v)),
        (false, false) => hamt::merge(b, x, y),
    }
}
