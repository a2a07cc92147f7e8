//! Encodings byte for byte as OTP's, random terms there and back, damaged bytes.

use proptest::prelude::*;

use super::*;
use crate::atom::Atom;
use crate::heap::{Builder, Detached};
use crate::term::{Term, map};

fn with<R>(f: impl for<'s> FnOnce(&Builder<'s>) -> R) -> R {
    let mut r = None;
    Detached::build(|b| {
        r = Some(f(b));
        Term::NIL
    });
    r.expect("build runs its closure")
}

fn options() -> Options {
    Options::default()
}

fn unhex(line: &str) -> Vec<u8> {
    (0..line.len()).step_by(2).map(|i| u8::from_str_radix(&line[i..i + 2], 16).expect("hexadecimal")).collect()
}

fn same_bytes(minor_version: i64, golden: &str) {
    let o = options().minor_version(minor_version).expect("a version");
    for line in golden.lines().filter(|l| !l.starts_with('#')) {
        let bytes = unhex(line);
        with(|b| {
            let d = decode(b, &bytes, false).unwrap_or_else(|e| panic!("{line}: {e}"));
            assert_eq!(d.used, bytes.len(), "{line}");
            assert_eq!(encode(d.term, &o), bytes, "{line}");
            assert_eq!(external_size(d.term, &o), bytes.len(), "{line}");
        });
    }
}

#[test]
fn bytes_equal_those_of_otp() {
    same_bytes(0, include_str!("golden/minor_version_0.txt"));
    same_bytes(1, include_str!("golden/minor_version_1.txt"));
    same_bytes(2, include_str!("golden/minor_version_2.txt"));
    assert!(options().minor_version(3).is_none());
}

#[test]
fn compression_is_undone_and_only_kept_if_it_pays() {
    with(|b| {
        let long = b.list_from((0..1000).map(|_| Term::atom(crate::am::TRUE)));
        for level in 1..10 {
            let bytes = encode(long, &Options { compression: level, ..options() });
            assert!(bytes[1] == 80 && bytes.len() < 100);
            let d = decode(b, &bytes, true).expect("decodes");
            assert_eq!((d.used, encode(d.term, &options())), (bytes.len(), encode(long, &options())));
        }
        let short = encode(Term::small(7), &Options { compression: 9, ..options() });
        assert_eq!(short, [131, 97, 7]);
    });
}

#[test]
fn safe_makes_no_atoms() {
    let bytes = b"\x83w\x11never_seen_before";
    with(|b| {
        assert_eq!(decode(b, bytes, true).unwrap_err(), DecodeError::Refused);
        assert!(decode(b, bytes, false).is_ok());
        assert!(decode(b, bytes, true).is_ok());
    });
}

#[test]
fn equal_keys_are_refused() {
    with(|b| {
        assert_eq!(
            decode(b, &[131, 116, 0, 0, 0, 2, 97, 1, 97, 1, 97, 1, 97, 2], false).unwrap_err(),
            DecodeError::Refused
        )
    });
}

#[test]
fn local_terms_are_ours_alone() {
    with(|b| {
        let mut bytes = encode(b.tuple(&[Term::small(1)]), &Options { local: true, ..options() });
        assert!(decode(b, &bytes, false).is_ok());
        bytes[4] ^= 1;
        assert!(decode(b, &bytes, false).is_err());
    });
}

#[test]
fn pieces_share_large_binaries() {
    with(|b| {
        let big = b.binary(&[7; 1000]);
        let t = b.tuple(&[big, Term::small(1), big, b.binary(&[1; 10])]);
        let pieces = encode_pieces(t, &options());
        let shared = pieces.iter().filter(|p| matches!(p, Piece::Binary(t) if t.same(big))).count();
        assert_eq!(shared, 2);
        let all: Vec<u8> = pieces
            .into_iter()
            .flat_map(|p| match p {
                Piece::Bytes(bytes) => bytes,
                Piece::Binary(t) => t.as_bits().and_then(|v| v.as_bytes()).expect("whole bytes").to_vec(),
            })
            .collect();
        assert_eq!(all, encode(t, &options()));
    });
}

#[test]
fn a_deep_term_needs_no_deep_stack() {
    with(|b| {
        let t = (0..300_000).fold(Term::NIL, |t, _| b.tuple(&[t]));
        let bytes = encode(t, &options());
        let back = decode(b, &bytes, true).expect("decodes").term;
        assert_eq!(encode(back, &options()), bytes);
    });
}

/// A recipe for a term.
#[derive(Clone, Debug)]
enum Recipe {
    Int(i64),
    Big(bool, Vec<u64>),
    Float(f64),
    Atom(String),
    Bits(Vec<u8>, usize),
    Tuple(Vec<Recipe>),
    List(Vec<Recipe>, Box<Recipe>),
    Map(Vec<(Recipe, Recipe)>),
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Recipe::Int),
        (0..300i64).prop_map(Recipe::Int),
        (any::<bool>(), proptest::collection::vec(any::<u64>(), 0..5)).prop_map(|(s, l)| Recipe::Big(s, l)),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Recipe::Float),
        "[a-zåö€]{0,6}".prop_map(Recipe::Atom),
        (proptest::collection::vec(any::<u8>(), 0..90), 0..8usize).prop_map(|(b, n)| Recipe::Bits(b, n)),
    ];
    leaf.prop_recursive(4, 60, 40, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Recipe::Tuple),
            (proptest::collection::vec(inner.clone(), 0..8), inner.clone())
                .prop_map(|(v, t)| Recipe::List(v, Box::new(t))),
            proptest::collection::vec((inner.clone(), inner), 0..40).prop_map(Recipe::Map),
        ]
    })
}

fn cook<'s>(b: &Builder<'s>, r: &Recipe) -> Term<'s> {
    match r {
        Recipe::Int(i) => b.int(*i),
        Recipe::Big(s, limbs) => b.big_limbs(*s, limbs),
        Recipe::Float(f) => b.float(*f),
        Recipe::Atom(name) => b.atom(name).expect("short"),
        Recipe::Bits(bytes, rest) => {
            let bits = (bytes.len() * 8).saturating_sub(*rest);
            let whole = b.binary(bytes);
            b.sub_bits(whole, 0, bits).expect("inside")
        }
        Recipe::Tuple(v) => b.tuple(&v.iter().map(|r| cook(b, r)).collect::<Vec<_>>()),
        Recipe::List(v, tail) => {
            let tail = cook(b, tail);
            b.list_with_tail(&v.iter().map(|r| cook(b, r)).collect::<Vec<_>>(), tail)
        }
        Recipe::Map(v) => map::from_pairs(b, &v.iter().map(|(k, v)| (cook(b, k), cook(b, v))).collect::<Vec<_>>()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn there_and_back(r in recipe()) {
        with(|b| {
            let t = cook(b, &r);
            for o in [options(), Options { deterministic: true, ..options() }, Options { utf8_atoms: true, compression: 6, ..options() }] {
                let bytes = encode(t, &o);
                let d = decode(b, &bytes, true).expect("what was encoded decodes");
                assert_eq!(d.used, bytes.len());
                assert!(crate::term::cmp::eq_exact(d.term, t), "{r:?}");
            }
        });
    }

    #[test]
    fn damaged_bytes_never_panic(r in recipe(), at in any::<prop::sample::Index>(), with_byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        with(|b| {
            let mut bytes = encode(cook(b, &r), &options());
            let i = at.index(bytes.len());
            bytes[i] = with_byte;
            if let Ok(d) = decode(b, &bytes, true) {
                encode(d.term, &options());
            }
            bytes.truncate(cut.index(bytes.len()));
            assert!(decode(b, &bytes, true).is_err() || !bytes.is_empty());
        });
    }

    #[test]
    fn random_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        bytes.insert(0, 131);
        with(|b| {
            let _ = decode(b, &bytes, true);
        });
    }
}

#[test]
fn atoms_of_the_decoder_are_the_tables() {
    with(|b| {
        let d = decode(b, b"\x83d\x00\x02ok", true).expect("decodes");
        assert_eq!(d.term.as_atom(), Atom::existing("ok"));
    });
}
