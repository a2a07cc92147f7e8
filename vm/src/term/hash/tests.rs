//! Against values of the reference, and the laws of [`internal_hash`].

use super::*;
use crate::term::testing::{golden, parse, with_builder};

#[test]
fn portable_hashes_equal_the_reference() {
    for text in golden("hash", 3000) {
        with_builder(|b| {
            let mut wrong = Vec::new();
            for line in text.lines() {
                let [term, hash2, hash] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
                let t = parse(b, term);
                // The range 2^32 makes phash/2 add one to the hash.
                let got = (make_hash2(t).to_string(), (u64::from(make_hash(t)) + 1).to_string());
                if got != (hash2.to_owned(), hash.to_owned()) {
                    wrong.push(format!("{term}: {got:?}, reference {hash2} {hash}"));
                }
            }
            assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
        });
    }
}

#[test]
fn atoms() {
    for (name, hash) in [("", 0), ("a", 97), ("ab", 97 * 16 + 98), ("å", 0xe5), ("λ", 0xce * 16 + 0xbb)] {
        assert_eq!(atom_hash(name), hash, "{name}");
    }
}

#[test]
fn internal_hash_agrees_with_equality() {
    for text in golden("hash", 0) {
        with_builder(|b| {
            for line in text.lines() {
                let term = line.split('\t').next().unwrap_or(line);
                let (x, y) = (parse(b, term), parse(b, term));
                assert!(crate::term::cmp::eq_exact(x, y), "{term}");
                assert_eq!(internal_hash(x), internal_hash(y), "{term}");
            }
        });
    }
}

#[test]
fn integers_hash_as_in_otp_27() {
    let known = [
        (0, 15_677_855_740_172_624_429),
        (1, 7_938_660_269_479_274_665),
        (-1, 7_256_831_767_414_464_289),
        (1 << 40, 18_278_114_801_769_838_424),
    ];
    with_builder(|b| {
        for (n, hash) in known {
            assert_eq!(wide_internal_hash(b.int(n)), hash, "{n}");
        }
        let collide = [-4_294_967_296, -3_502_771_103, 1_628_104_549].map(|n| internal_hash(b.int(n)));
        assert_eq!(collide, [collide[0]; 3]);
        let t = b.tuple(&[Term::small(1), b.list(&[Term::NIL])]);
        assert_eq!(wide_internal_hash(t) as u32, internal_hash(t));
    });
}

#[test]
fn internal_hash_spreads() {
    let mut seen = std::collections::HashSet::new();
    with_builder(|b| {
        let terms = (0..1000).flat_map(|i| {
            let n = Term::small(i);
            [n, b.tuple(&[n]), b.list(&[n]), b.float(f64::from(i)), b.binary(&i.to_le_bytes()), b.list(&[Term::NIL, n])]
        });
        let hashes: Vec<u32> = terms.map(internal_hash).collect();
        let low: std::collections::HashSet<u32> = hashes.iter().map(|h| h & 0xffff).collect();
        seen.extend(hashes);
        // 6000 values into 65,536 places leave about 5,730 places taken.
        assert!(low.len() > 5_600, "{}", low.len());
    });
    assert!(seen.len() > 5_995, "{}", seen.len());
}

#[test]
fn deep_terms_do_not_overflow() {
    with_builder(|b| {
        let mut t = Term::NIL;
        for _ in 0..300_000 {
            t = b.list(&[b.tuple(&[t]), Term::small(1000)]);
        }
        make_hash2(t);
        make_hash(t);
        internal_hash(t);
    });
}
