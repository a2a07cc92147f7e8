//! Against relations of the reference, and the laws of a total order.

use super::*;
use crate::term::testing::{golden, parse, with_builder};

fn letter(o: Ordering, equal: char) -> char {
    match o {
        Ordering::Less => '<',
        Ordering::Equal => equal,
        Ordering::Greater => '>',
    }
}

#[test]
fn relations_equal_the_reference() {
    for text in golden("order", 150) {
        with_builder(|b| {
            let blocks: Vec<Vec<&str>> = text.split("==\n").map(|b| b.lines().collect()).collect();
            let [texts, relations, keys] = &blocks[..] else { panic!("three blocks") };
            let terms: Vec<Term<'_>> = texts.iter().map(|t| parse(b, t)).collect();
            for (i, &x) in terms.iter().enumerate() {
                let (relations, keys): (Vec<char>, Vec<char>) =
                    (relations[i].chars().collect(), keys[i].chars().collect());
                for (j, &y) in terms.iter().enumerate() {
                    let (exact, equal) = (eq_exact(x, y), eq(x, y));
                    let got = letter(compare(x, y), if exact { '=' } else { '~' });
                    assert_eq!(got, relations[j], "{} and {}", texts[i], texts[j]);
                    assert_eq!(equal, compare(x, y).is_eq(), "== of {} and {}", texts[i], texts[j]);
                    let got = letter(compare_exact(x, y), '=');
                    assert_eq!(got, keys[j], "as keys: {} and {}", texts[i], texts[j]);
                    assert_eq!(exact, compare_exact(x, y).is_eq(), "=:= of {} and {}", texts[i], texts[j]);
                }
            }
        });
    }
}

#[test]
fn nodes_pids_and_references() {
    with_builder(|b| {
        let node = |name, creation| crate::node::Node::intern(crate::Atom::new(name).expect("an atom"), creation);
        let ids = [
            b.reference([1, 0, 0]),
            b.reference([0, 1, 0]),
            b.reference([0, 0, 1]),
            b.external_ref(node("zz@a", 1), [0, 0, 0]),
            b.external_ref(node("zz@a", 2), [0, 0, 0]),
            b.external_ref(node("zz@b", 1), [0, 0, 0]),
            b.external_port(node("zz@a", 1), 7),
            b.external_port(node("zz@b", 1), 6),
            b.external_pid(
                node("zz@b", 1),
                crate::node::external_pid_data(crate::node::PidParts { number: 4, serial: 0 }),
            ),
            b.external_pid(
                node("zz@a", 1),
                crate::node::external_pid_data(crate::node::PidParts { number: 5, serial: 0 }),
            ),
            b.external_pid(
                node("zz@b", 1),
                crate::node::external_pid_data(crate::node::PidParts { number: 5, serial: 0 }),
            ),
            b.external_pid(
                node("zz@a", 1),
                crate::node::external_pid_data(crate::node::PidParts { number: 0, serial: 1 }),
            ),
        ];
        for (i, x) in ids.iter().enumerate() {
            for (j, y) in ids.iter().enumerate() {
                assert_eq!(compare(*x, *y), i.cmp(&j), "{i} {j}");
                assert_eq!(eq_exact(*x, *y), i == j, "{i} {j}");
            }
        }
    });
}

#[test]
fn native_records() {
    with_builder(|b| {
        let vec = parse(b, "{nr,vec,false,[x,y]}");
        let vea = parse(b, "{nr,vea,false,[x,y]}");
        let r = |definition, x, y| b.record(definition, &[parse(b, x), parse(b, y)]);
        let (one, float, two, other) = (r(vec, "1", "0"), r(vec, "1.0", "0"), r(vec, "2", "0"), r(vea, "3", "0"));
        assert!(eq(one, r(vec, "1", "0")) && !eq(one, float) && !eq_exact(one, float) && !eq(one, other));
        assert_eq!(
            (compare(one, float), compare(one, two), compare(two, other)),
            (Ordering::Equal, Ordering::Less, Ordering::Greater)
        );
        assert_eq!((compare(b.tuple(&[]), one), compare(one, parse(b, "#{}"))), (Ordering::Less, Ordering::Less));
    });
}

#[test]
fn deep_terms_do_not_overflow() {
    with_builder(|b| {
        let deep = |end| {
            let mut t = end;
            for i in 0..200_000 {
                t = if i % 3 == 0 { b.tuple(&[t, Term::NIL]) } else { b.list(&[t, Term::NIL]) };
            }
            t
        };
        let (x, y, z) = (deep(Term::small(1)), deep(Term::small(1)), deep(b.float(1.0)));
        assert!(eq_exact(x, y) && eq(x, z) && !eq_exact(x, z));
        assert_eq!(
            (compare(x, y), compare(x, z), compare_exact(x, z)),
            (Ordering::Equal, Ordering::Equal, Ordering::Less)
        );
    });
}
