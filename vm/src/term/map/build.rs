//! New maps from pairs.

use std::cmp::Ordering;

use super::flat::{self, key_order};
use super::hamt::{self, Item};
use super::{SMALL_LIMIT, empty};
use crate::heap::Builder;
use crate::term::Term;

/// The map of these pairs; of equal keys the last wins.
pub fn from_pairs<'s>(b: &Builder<'s>, pairs: &[(Term<'s>, Term<'s>)]) -> Term<'s> {
    from_iter(b, pairs.iter().copied())
}

/// The map of these keys, `values` in the same order; of equal keys the last wins.
pub fn from_keys_values<'s>(b: &Builder<'s>, keys: &[Term<'s>], values: &[Term<'s>]) -> Term<'s> {
    from_iter(b, keys.iter().copied().zip(values.iter().copied()))
}

/// The map of pairs whose keys are known to differ.
pub(super) fn from_distinct<'s>(b: &Builder<'s>, pairs: &[(Term<'s>, Term<'s>)]) -> Term<'s> {
    from_iter(b, pairs.iter().copied())
}

fn from_iter<'s>(b: &Builder<'s>, pairs: impl ExactSizeIterator<Item = (Term<'s>, Term<'s>)>) -> Term<'s> {
    if pairs.len() == 0 {
        return empty(b);
    }
    if pairs.len() <= SMALL_LIMIT {
        let mut all: Vec<_> = pairs.collect();
        sort_pairs(&mut all);
        return from_sorted(b, &all);
    }
    let mut items: Vec<_> = pairs.map(|(k, v)| Item::new(k, v)).collect();
    hamt::sort_items(&mut items);
    if items.len() > SMALL_LIMIT {
        return hamt::from_items(b, &mut items);
    }
    let mut all: Vec<_> = items.iter().map(|i| (i.key, i.value)).collect();
    sort_pairs(&mut all);
    from_sorted(b, &all)
}

/// Sorts pairs as a flat map wants them and drops all but the last of equal keys.
pub(super) fn sort_pairs(pairs: &mut Vec<(Term<'_>, Term<'_>)>) {
    if pairs.is_sorted_by(|x, y| key_order(x.0, y.0) == Ordering::Less) {
        return;
    }
    pairs.sort_by(|x, y| key_order(x.0, y.0));
    // The sort is stable: of equal keys the last comes last, and takes the first's place.
    pairs.dedup_by(|later, kept| {
        let same = key_order(later.0, kept.0) == Ordering::Equal;
        if same {
            kept.1 = later.1;
        }
        same
    });
}

/// The flat map of at most [`SMALL_LIMIT`] sorted pairs without equal keys.
pub(super) fn from_sorted<'s>(b: &Builder<'s>, pairs: &[(Term<'s>, Term<'s>)]) -> Term<'s> {
    let mut words = [Term::NIL; SMALL_LIMIT];
    let n = pairs.len();
    for (w, p) in words.iter_mut().zip(pairs) {
        *w = p.0;
    }
    let keys = b.tuple(&words[..n]);
    for (w, p) in words.iter_mut().zip(pairs) {
        *w = p.1;
    }
    flat::build(b, keys, &words[..n])
}
