//! Tables of all types against a model, and what several operations make of one another.

use proptest::prelude::*;

use super::*;
use crate::atom::am;
use crate::heap::Detached;
use crate::term::{RawTerm, Term};

fn options(kind: Kind, protection: Protection) -> Options {
    Options {
        kind,
        protection,
        named: false,
        keypos: 1,
        heir: None,
        read_concurrency: false,
        write_concurrency: WriteConcurrency::Off,
        decentralized_counters: false,
        compressed: false,
    }
}

fn table(kind: Kind, protection: Protection) -> Table {
    let o = options(kind, protection);
    Table::new(am::OK, RawTerm::pid(1), crate::process::unique::reference(), o)
}

fn object(k: i64, v: i64) -> Object {
    Detached::build(|b| b.tuple(&[key(k).unwrap_or_else(|| b.list(&[b.int(k)])), b.int(v)])).with(Object::new)
}

/// Small keys are integers, others lists.
fn key<'s>(k: i64) -> Option<Term<'s>> {
    (k < 20).then(|| Term::try_small(k)).flatten()
}

fn with_key<R>(k: i64, f: impl FnOnce(Term<'_>) -> R) -> R {
    let d = Detached::build(|b| key(k).unwrap_or_else(|| b.list(&[b.int(k)])));
    d.with(f)
}

fn pair(o: &Object) -> (i64, i64) {
    o.with(|t| {
        let e = t.as_tuple().expect("a tuple");
        (e[0].as_i64().or_else(|| e[0].as_cons()?.0.as_i64()).expect("a key"), e[1].as_i64().expect("a value"))
    })
}

fn contents(t: &Table) -> Vec<(i64, i64)> {
    let mut all = Vec::new();
    t.visit(&Cursor::Start, Direction::Forward, |o| {
        all.push(pair(o));
        Visit::Continue
    });
    all
}

fn lookup(t: &Table, k: i64) -> Vec<i64> {
    let mut found = Vec::new();
    with_key(k, |key| t.lookup(key, |o| found.push(pair(o).1)));
    found
}

/// What a table of this kind holds, in order of insertion.
fn model_insert(model: &mut Vec<(i64, i64)>, kind: Kind, k: i64, v: i64) {
    match kind {
        Kind::Set | Kind::OrderedSet => model.retain(|x| x.0 != k),
        // The same object stays where it is.
        Kind::Bag if model.contains(&(k, v)) => return,
        Kind::Bag => {}
        Kind::DuplicateBag => {}
    }
    model.push((k, v));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn as_a_list(
        kind in prop_oneof![Just(Kind::Set), Just(Kind::OrderedSet), Just(Kind::Bag), Just(Kind::DuplicateBag)],
        fixed in any::<bool>(),
        ops in proptest::collection::vec((0..6u8, 0..40i64, 0..4i64), 0..200),
    ) {
        let t = table(kind, Protection::Public);
        if fixed {
            t.fix(RawTerm::pid(1));
        }
        let mut model = Vec::new();
        for (op, k, v) in ops {
            match op {
                0..=2 => {
                    t.insert(vec![object(k, v)]);
                    model_insert(&mut model, kind, k, v);
                }
                3 => {
                    with_key(k, |key| t.remove(key, |_| true));
                    model.retain(|x| x.0 != k);
                }
                4 => {
                    with_key(k, |key| t.remove(key, |o| pair(o).1 == v));
                    model.retain(|x| *x != (k, v));
                }
                _ => {
                    let new = !model.iter().any(|x| x.0 == k || x.0 == k + 1);
                    assert_eq!(t.insert_new(vec![object(k, v), object(k + 1, v)]), new);
                    if new {
                        model.extend([(k, v), (k + 1, v)]);
                    }
                }
            }
            assert_eq!(lookup(&t, k), model.iter().filter(|x| x.0 == k).map(|x| x.1).collect::<Vec<_>>());
            assert_eq!(t.size(), model.len());
        }
        if fixed {
            t.unfix(RawTerm::pid(1), false);
        }
        let mut all = contents(&t);
        if kind == Kind::OrderedSet {
            model.sort_unstable();
        } else {
            all.sort_unstable();
            model.sort_unstable();
        }
        assert_eq!(all, model);
        assert_eq!(t.clear(), model.len());
        assert_eq!((t.size(), contents(&t).len()), (0, 0));
    }
}

/// All keys from `first` to the end by `next`.
fn walk(t: &Table, direction: Direction, mut each: impl FnMut(i64)) {
    let mut at = t.end(direction, |all| pair(all[0]).0);
    while let Some(k) = at {
        each(k);
        at = with_key(k, |key| t.beside(key, direction, |all| pair(all[0]).0)).expect("the key is known");
    }
}

#[test]
fn a_fixed_table_is_walked_while_its_objects_go() {
    for kind in [Kind::Set, Kind::OrderedSet, Kind::Bag] {
        let t = table(kind, Protection::Public);
        for k in 0..200 {
            t.insert(vec![object(k, 0)]);
        }
        t.fix(RawTerm::pid(1));
        let mut seen = Vec::new();
        walk(&t, Direction::Forward, |k| {
            seen.push(k);
            with_key(k, |key| t.remove(key, |_| true));
        });
        seen.sort_unstable();
        assert_eq!(seen, (0..200).collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(t.size(), 0);
        assert!(t.unfix(RawTerm::pid(1), false));
        assert!(t.end(Direction::Forward, |_| ()).is_none());
    }
}

#[test]
fn without_fixation_a_deleted_key_is_no_place_to_go_on_from() {
    let t = table(Kind::Set, Protection::Public);
    t.insert(vec![object(1, 0), object(2, 0)]);
    with_key(1, |key| t.remove(key, |_| true));
    assert!(with_key(1, |key| t.beside(key, Direction::Forward, |_| ())).is_err());
    // An ordered table goes by the order of keys.
    let t = table(Kind::OrderedSet, Protection::Public);
    t.insert(vec![object(1, 0), object(3, 0)]);
    assert_eq!(with_key(2, |key| t.beside(key, Direction::Forward, |o| pair(o[0]).0)), Ok(Some(3)));
    assert_eq!(with_key(2, |key| t.beside(key, Direction::Backward, |o| pair(o[0]).0)), Ok(Some(1)));
}

#[test]
fn traversals_stop_and_go_on() {
    for kind in [Kind::Set, Kind::OrderedSet, Kind::Bag, Kind::DuplicateBag] {
        let t = table(kind, Protection::Private);
        t.insert((0..100).map(|k| object(k, k)).collect());
        let (mut cursor, mut seen) = (Some(Cursor::Start), Vec::new());
        while let Some(from) = cursor {
            let mut left = 7;
            cursor = t.visit(&from, Direction::Forward, |o| {
                seen.push(pair(o).0);
                left -= 1;
                if left == 0 { Visit::Stop } else { Visit::Continue }
            });
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        t.visit_mut(
            &Cursor::Start,
            |_| std::cmp::Ordering::Equal,
            || false,
            |o| match pair(o) {
                (k, _) if k % 3 == 0 => Visit::Delete,
                (k, _) if k % 3 == 1 => Visit::Replace(object(k, -k)),
                _ => Visit::Continue,
            },
        );
        let mut left = contents(&t);
        left.sort_unstable();
        let expected: Vec<_> = (0..100).filter(|k| k % 3 != 0).map(|k| (k, if k % 3 == 1 { -k } else { k })).collect();
        assert_eq!((left, t.size()), (expected, 66));
    }
}

#[test]
fn deleting_everything_pauses() {
    for kind in [Kind::Set, Kind::OrderedSet, Kind::DuplicateBag] {
        let t = table(kind, Protection::Public);
        t.insert((0..100).map(|k| object(k, k)).collect());
        let (mut cursor, mut pieces) = (Some(Cursor::Start), 0);
        while let Some(from) = cursor {
            let left = std::cell::Cell::new(7);
            cursor = t.visit_mut(
                &from,
                |_| std::cmp::Ordering::Equal,
                || left.get() == 0,
                |o| {
                    left.set(left.get() - 1);
                    if pair(o).0 == 50 { Visit::Continue } else { Visit::Delete }
                },
            );
            pieces += 1;
        }
        assert_eq!((contents(&t), pieces), (vec![(50, 50)], 15), "{kind:?}");
    }
}

#[test]
fn counters_of_many_threads_add_up() {
    let t = table(Kind::Set, Protection::Public);
    t.insert((0..10).map(|k| object(k, 0)).collect());
    let each = if cfg!(miri) { 20 } else { 5000 };
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for i in 0..each {
                    let add = |o: &mut Object| {
                        let (_, v) = pair(o);
                        assert!(o.set_immediate(2, RawTerm::small(v + 1)));
                        Ok::<(), ()>(())
                    };
                    with_key(i % 10, |key| t.update(key, None, add)).expect("the key is there").expect("added");
                }
            });
        }
    });
    assert_eq!(contents(&t).iter().map(|x| x.1).sum::<i64>(), 4 * each);
}

#[test]
fn names_and_owners() {
    let o = |named| Options { named, ..options(Kind::Set, Protection::Public) };
    let pid = RawTerm::pid(4711);
    let make = |name, named| std::sync::Arc::new(Table::new(name, pid, crate::process::unique::reference(), o(named)));
    let (a, b) = (make(am::ERROR, true), make(am::ERROR, true));
    assert!(registry::insert(&a));
    assert!(!registry::insert(&b));
    assert!(registry::rename(&a, am::EXIT));
    assert!(registry::by_name(am::ERROR).is_none());
    assert!(registry::by_name(am::EXIT).is_some_and(|t| t.id == a.id));
    registry::fix(&a, pid);
    let c = make(am::TRUE, false);
    assert!(registry::insert(&c));
    // Few reductions are enough for one of the tables, and for what it has fixed.
    let left = std::cell::Cell::new(1);
    assert!(!owner_exited(pid, &left) && left.get() <= 0);
    assert!(c.is_deleted() && !a.is_deleted());
    left.set(1000);
    assert!(owner_exited(pid, &left));
    assert!(a.is_deleted() && a.fixations().is_none());
    assert!(registry::by_id(a.id).is_none() && registry::by_name(am::EXIT).is_none());
}
