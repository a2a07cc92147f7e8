//! Flat maps: a sorted keys tuple, shared by maps that differ in values only, and the values in the same order.

use std::cmp::Ordering;

use super::{FLAT, SMALL_LIMIT, build};
use crate::heap::Builder;
use crate::heap::literal::is_literal;
use crate::profile::Profile;
use crate::term::{Header, RawTerm, Subtag, Term, cmp};

/// A flat map taken apart.
#[derive(Clone, Copy)]
pub(super) struct Flat<'s> {
    pub(super) keys_tuple: Term<'s>,
    pub(super) keys: &'s [Term<'s>],
    pub(super) values: &'s [Term<'s>],
}

impl<'s> Flat<'s> {
    /// The parts of `map`, whose header the caller has found to be [`FLAT`].
    #[inline(always)]
    pub(super) fn read(map: Term<'s>) -> Flat<'s> {
        let n = RawTerm(map.word(1)).small_value() as usize;
        let keys_tuple = Term::from_raw(RawTerm(map.word(2)));
        // SAFETY: `build` laid the object out: n values from word 3 on, and a tuple of n keys in word 2, both alive
        // and unmoved for 's; Term is a transparent word.
        unsafe {
            Flat {
                keys_tuple,
                keys: std::slice::from_raw_parts(keys_tuple.boxed_ptr().add(1).cast(), n),
                values: std::slice::from_raw_parts(map.boxed_ptr().add(3).cast(), n),
            }
        }
    }

    /// Index of `key`.
    #[inline]
    pub(super) fn find(&self, key: Term<'_>) -> Option<usize> {
        if key.is_immediate() {
            return self.keys.iter().position(|k| k.same(key));
        }
        // Most keys that are no immediates are tuples, and most differ in their first elements.
        if let Some(parts) = key.as_tuple() {
            let parts_equal = |k: &[Term<'_>]| k.iter().zip(parts).all(|(&x, &y)| cmp::eq_exact(x, y));
            return self
                .keys
                .iter()
                .position(|&k| k.same(key) || k.as_tuple().is_some_and(|k| k.len() == parts.len() && parts_equal(k)));
        }
        self.keys.iter().position(|&k| k.same(key) || (!k.is_immediate() && cmp::eq_exact(k, key)))
    }
}

/// Order of keys in a flat map: term order with integers before floats of equal value; where the profile says so,
/// atoms among themselves go by atom index.
pub fn key_order(a: Term<'_>, b: Term<'_>) -> Ordering {
    match (a.as_atom(), b.as_atom()) {
        (Some(x), Some(y)) if Profile::get().small_maps_by_atom_index() => x.index().cmp(&y.index()),
        _ => cmp::compare_exact(a, b),
    }
}

/// The object for these keys and values; `values` has as many elements as `keys_tuple`, which is sorted.
pub(super) fn build<'s>(b: &Builder<'s>, keys_tuple: Term<'s>, values: &[Term<'s>]) -> Term<'s> {
    build_with(b, keys_tuple, values.len(), |out| out.copy_from_slice(values))
}

fn build_with<'s>(b: &Builder<'s>, keys_tuple: Term<'s>, n: usize, fill: impl FnOnce(&mut [Term<'s>])) -> Term<'s> {
    debug_assert!(keys_tuple.as_tuple().is_some_and(|k| k.len() == n));
    let p = b.arena.alloc(3 + n);
    // SAFETY: alloc gave 3 + n words; the values are terms before they are lent.
    unsafe {
        *p = RawTerm::header(FLAT);
        *p.add(1) = RawTerm::small(n as i64);
        *p.add(2) = keys_tuple.raw();
        let values = p.add(3);
        for i in 0..n {
            *values.add(i) = RawTerm::NIL;
        }
        fill(std::slice::from_raw_parts_mut(values.cast(), n));
    }
    Term::from_raw(RawTerm::from_boxed(p))
}

/// Writes `map` with values replaced to free memory; `pairs` gives so many keys and values. The words written, 0 if that
/// changes nothing; `None`: the map is not flat, or it has not all the keys, or one is no immediate.
///
/// # Safety
/// `to` is the start of enough free words for an object as large as `map`'s.
#[inline(always)]
pub(crate) unsafe fn replace_present(
    map: Term<'_>,
    pairs: usize,
    pair: impl Fn(usize) -> (RawTerm, RawTerm),
    to: *mut RawTerm,
) -> Option<usize> {
    if map.boxed_header() != Some(FLAT) {
        return None;
    }
    let flat = Flat::read(map);
    let words = 3 + flat.values.len();
    // SAFETY: `Flat::read`'s object has so many words; the caller's contract for `to`, which is free memory.
    unsafe { std::ptr::copy_nonoverlapping(map.boxed_ptr(), to, words) };
    let mut changed = false;
    for i in 0..pairs {
        let (key, value) = pair(i);
        if !key.is_immediate() {
            return None;
        }
        let at = flat.keys.iter().position(|k| k.raw() == key)?;
        // SAFETY: a value's place in the copy.
        unsafe {
            let place = to.add(3 + at);
            changed |= *place != value;
            *place = value;
        }
    }
    Some(if changed { words } else { 0 })
}

/// Lets `map` share `literal`, a tuple of keys equal to its own `own`, if that is a literal and its own is none: then the
/// next collection frees `own`.
pub(super) fn prefer_literal_keys(map: Term<'_>, literal: Term<'_>, own: Term<'_>) {
    if !is_literal(literal.boxed_ptr()) || is_literal(own.boxed_ptr()) {
        return;
    }
    let place = map.boxed_ptr().wrapping_add(2);
    // SAFETY: the word of the keys. A map whose keys are no literal is none itself, so it lies in memory of the process
    // that runs this, where nobody else reads; views borrow the keys and the values, not this word. A literal is outside
    // of every generation.
    unsafe { *place = literal.raw() };
}

/// `flat` (the term `map`) with value `i` replaced.
pub(super) fn replace<'s>(b: &Builder<'s>, flat: Flat<'s>, map: Term<'s>, i: usize, value: Term<'s>) -> Term<'s> {
    if flat.values[i].same(value) {
        return map;
    }
    let words = 3 + flat.values.len();
    let p = b.arena.alloc(words);
    // SAFETY: alloc gave as many words as the map has; value `i` is one of them.
    unsafe {
        std::ptr::copy_nonoverlapping(map.boxed_ptr(), p, words);
        *p.add(3 + i) = value.raw();
    }
    Term::from_raw(RawTerm::from_boxed(p))
}

/// `flat` (the term `map`) with `key` set to `value`.
pub(super) fn put<'s>(b: &Builder<'s>, flat: Flat<'s>, map: Term<'s>, key: Term<'s>, value: Term<'s>) -> Term<'s> {
    if let Some(i) = flat.find(key) {
        return replace(b, flat, map, i, value);
    }
    let n = flat.keys.len();
    if n == SMALL_LIMIT {
        let mut pairs: Vec<_> = flat.keys.iter().copied().zip(flat.values.iter().copied()).collect();
        pairs.push((key, value));
        return build::from_distinct(b, &pairs);
    }
    let at = flat.keys.partition_point(|&k| key_order(k, key) == Ordering::Less);
    // The new keys' tuple, and the map behind it.
    let p = b.arena.alloc(1 + (n + 1) + 3 + (n + 1));
    // SAFETY: alloc gave as many words as the two objects have; all of them are written.
    unsafe {
        *p = RawTerm::header(Header::new(Subtag::Tuple, n + 1));
        inserted(flat.keys, at, key, p.add(1));
        let map = p.add(1 + n + 1);
        *map = RawTerm::header(FLAT);
        *map.add(1) = RawTerm::small(n as i64 + 1);
        *map.add(2) = RawTerm::from_boxed(p);
        inserted(flat.values, at, value, map.add(3));
        Term::from_raw(RawTerm::from_boxed(map))
    }
}

/// Writes `of` with `new` as element `at`.
///
/// # Safety
/// There is room for one more than `of` has from `to` on, and `at` is not behind its end.
#[inline(always)]
unsafe fn inserted(of: &[Term<'_>], at: usize, new: Term<'_>, to: *mut RawTerm) {
    let from: *const RawTerm = of.as_ptr().cast();
    // SAFETY: the caller's contract; Term is a transparent word, and what is written is memory of nobody else.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, at);
        *to.add(at) = new.raw();
        std::ptr::copy_nonoverlapping(from.add(at), to.add(at + 1), of.len() - at);
    }
}

/// `flat` without key `i`.
pub(super) fn without<'s>(b: &Builder<'s>, flat: Flat<'s>, i: usize) -> Term<'s> {
    let n = flat.keys.len() - 1;
    let remove = |out: &mut [Term<'s>], of: &[Term<'s>]| {
        out[..i].copy_from_slice(&of[..i]);
        out[i..].copy_from_slice(&of[i + 1..]);
    };
    let mut keys = [Term::NIL; SMALL_LIMIT];
    remove(&mut keys[..n], flat.keys);
    build_with(b, b.tuple(&keys[..n]), n, |out| remove(out, flat.values))
}

/// See [`super::valid`].
pub(super) fn valid(map: Term<'_>) -> bool {
    let n = super::size(map);
    let keys: Term<'_> = Term::from_raw(RawTerm(map.word(2)));
    n <= SMALL_LIMIT
        && keys.as_tuple().is_some_and(|k| k.len() == n && k.is_sorted_by(|&a, &b| key_order(a, b) == Ordering::Less))
}
