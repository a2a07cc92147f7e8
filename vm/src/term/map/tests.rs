//! Maps against a `BTreeMap` model: both representations and the way between them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::atom::Atom;
use crate::heap::Detached;

/// A key of some kind for a number: small, atom, float, tuple, or a string that hashes long.
fn key<'s>(b: &Builder<'s>, i: i64) -> Term<'s> {
    match i.rem_euclid(5) {
        0 => b.int(i),
        1 => Term::atom(Atom::new(&format!("k{i}")).unwrap()),
        2 => b.float(i as f64),
        3 => b.tuple(&[b.int(i), b.string("key")]),
        _ => b.int(i64::MAX - i),
    }
}

fn check(b: &Builder<'_>, map: Term<'_>, model: &BTreeMap<i64, i32>) {
    assert!(valid(map), "{} keys", model.len());
    assert_eq!(size(map), model.len());
    assert_eq!(kind(map), Some(if model.len() <= SMALL_LIMIT { MapKind::Flat } else { MapKind::Hamt }));
    for (&k, &v) in model {
        assert_eq!(get(map, key(b, k)).and_then(|t| t.as_small()), Some(v.into()));
    }
    assert_eq!(iter(map).count(), model.len());
    assert!(iter(map).all(|(k, v)| get(map, k).is_some_and(|w| w.same(v))));
}

fn with<R>(f: impl for<'s> FnOnce(&Builder<'s>) -> R) -> R {
    let mut r = None;
    Detached::build(|b| {
        r = Some(f(b));
        Term::NIL
    });
    r.expect("build runs its closure")
}

fn run(b: &Builder<'_>, ops: &[(u8, i64, i32)], start: i64) {
    let mut model: BTreeMap<i64, i32> = (0..start).map(|i| (i, 0)).collect();
    let pairs: Vec<_> = model.iter().map(|(&k, &v)| (key(b, k), Term::small(v))).collect();
    let mut map = from_pairs(b, &pairs);
    check(b, map, &model);
    for &(op, k, v) in ops {
        let (t, value) = (key(b, k), Term::small(v));
        match op % 4 {
            0 | 1 => {
                map = put(b, map, t, value);
                model.insert(k, v);
            }
            2 => {
                let rest = remove(b, map, t);
                assert_eq!(rest.same(map), model.remove(&k).is_none());
                map = rest;
            }
            _ => match update(b, map, t, value) {
                Some(new) => {
                    assert!(model.insert(k, v).is_some());
                    map = new;
                }
                None => assert!(!model.contains_key(&k)),
            },
        }
        check(b, map, &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn single_operations(ops in proptest::collection::vec((any::<u8>(), 0..80i64, any::<i32>()), 0..60), start in 0..70i64) {
        with(|b| run(b, &ops, start));
    }

    #[test]
    fn many_at_once(xs in proptest::collection::vec((0..90i64, any::<i32>()), 0..70), ys in proptest::collection::vec((0..90i64, any::<i32>()), 0..70)) {
        with(|b| {
            let pairs = |of: &[(i64, i32)]| of.iter().map(|&(k, v)| (key(b, k), Term::small(v))).collect::<Vec<_>>();
            let (x, y) = (from_pairs(b, &pairs(&xs)), from_pairs(b, &pairs(&ys)));
            let mut model: BTreeMap<_, _> = xs.iter().copied().collect();
            check(b, x, &model);
            let present: Vec<_> = ys.iter().copied().filter(|(k, _)| model.contains_key(k)).collect();
            let flat = |of: &[(i64, i32)]| pairs(of).into_iter().flat_map(|(k, v)| [k, v]).collect::<Vec<_>>();
            let updated = update_many(b, x, &flat(&present)).expect("all keys are there");
            let mut updated_model = model.clone();
            updated_model.extend(present.iter().copied());
            check(b, updated, &updated_model);
            assert_eq!(update_many(b, x, &flat(&ys)).is_ok(), ys.iter().all(|(k, _)| model.contains_key(k)));
            model.extend(ys.iter().copied());
            check(b, put_many(b, x, &flat(&ys)), &model);
            check(b, merge(b, x, y), &model);
        });
    }

    #[test]
    fn chunks_cover_a_hamt_in_order(n in 33..400i64, step in 1..50usize) {
        with(|b| {
            let pairs: Vec<_> = (0..n).map(|i| (key(b, i), b.int(i))).collect();
            let map = from_pairs(b, &pairs);
            let mut path = Some(vec![0]);
            let mut seen = Vec::new();
            while let Some(p) = path {
                let c = chunk(map, &p, step).expect("paths that a chunk gives lead to leaves");
                seen.extend(c.pairs.iter().map(|(k, _)| k.raw()));
                path = c.next;
            }
            assert_eq!(seen, iter(map).map(|(k, _)| k.raw()).collect::<Vec<_>>());
        });
    }
}

#[test]
fn the_shape_of_a_hamt_depends_on_its_keys_only() {
    fn same_shape(a: Term<'_>, b: Term<'_>) -> bool {
        match (a.as_cons(), b.as_cons()) {
            (Some((k, _)), Some((l, _))) => cmp_eq(k, l),
            (None, None) => {
                let (x, y) = (hamt_children(a).unwrap(), hamt_children(b).unwrap());
                a.boxed_header() == b.boxed_header() && x.iter().zip(y).all(|(&x, &y)| same_shape(x, y))
            }
            _ => false,
        }
    }
    use crate::term::cmp::eq_exact as cmp_eq;
    with(|b| {
        let pairs: Vec<_> = (0..3000).map(|i| (key(b, i), b.int(i))).collect();
        let small = from_pairs(b, &pairs[..100]);
        let mut map = from_pairs(b, &pairs);
        for (k, _) in pairs[100..].iter().rev() {
            map = remove(b, map, *k);
        }
        assert!(same_shape(map, small));
        for (k, _) in &pairs[..100] {
            map = remove(b, map, *k);
        }
        assert!(valid(map) && size(map) == 0);
    });
}

#[test]
fn a_value_change_keeps_the_keys_tuple_and_an_equal_put_the_map() {
    with(|b| {
        let pairs: Vec<_> = (0..5).map(|i| (key(b, i), b.int(i))).collect();
        let map = from_pairs(b, &pairs);
        let changed = put(b, map, pairs[3].0, Term::small(77));
        assert!(flat_keys(map).unwrap().same(flat_keys(changed).unwrap()));
        assert!(put(b, map, pairs[3].0, pairs[3].1).same(map));
        let many = put_many(b, map, &[pairs[1].0, Term::small(1), pairs[2].0, Term::small(9)]);
        assert!(flat_keys(map).unwrap().same(flat_keys(many).unwrap()));
    });
}

#[test]
fn colliding_hashes_are_told_apart_by_the_salt() {
    // Pairs of integers are tried until two share a 32-bit hash.
    with(|b| {
        let mut seen = std::collections::HashMap::new();
        let hit = (0..400_000i64).find_map(|i| {
            let k = b.tuple(&[b.int(i), Term::NIL]);
            seen.insert(crate::term::hash::internal_hash(k), i).map(|j| (i, j))
        });
        let Some((i, j)) = hit else { return };
        let pair = |i: i64| b.tuple(&[b.int(i), Term::NIL]);
        let mut pairs: Vec<_> = (0..40).map(|n| (key(b, n), b.int(n))).collect();
        pairs.extend([(pair(i), b.int(i)), (pair(j), b.int(j))]);
        let map = from_pairs(b, &pairs);
        assert!(valid(map) && size(map) == 42);
        assert_eq!(get(map, pair(i)).and_then(|t| t.as_small()), Some(i));
        assert_eq!(get(map, pair(j)).and_then(|t| t.as_small()), Some(j));
        let by_put = pairs.iter().fold(empty(b), |m, &(k, v)| put(b, m, k, v));
        assert!(valid(by_put));
        let without = remove(b, by_put, pair(i));
        assert!(valid(without) && size(without) == 41 && get(without, pair(j)).is_some());
    });
}
