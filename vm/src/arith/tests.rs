//! Against a model on the library's signed integers, and against values of the reference.

use num_bigint::{BigInt, Sign};
use proptest::prelude::*;

use super::*;
use crate::term::testing::{parse, with_builder};

fn term<'s>(b: &Builder<'s>, n: &BigInt) -> Term<'s> {
    let (sign, digits) = n.to_u64_digits();
    b.big_limbs(sign == Sign::Minus, &digits)
}

fn value(t: Term<'_>) -> BigInt {
    match Num::of(t).expect("a number") {
        Num::Small(i) => BigInt::from(i),
        Num::Big(v) => {
            let halves: Vec<u32> = v.limbs.iter().flat_map(|&l| [l as u32, (l >> 32) as u32]).collect();
            BigInt::from_slice(if v.negative { Sign::Minus } else { Sign::Plus }, &halves)
        }
        Num::Float(f) => panic!("an integer, not {f}"),
    }
}

/// The value of a result that must be a normalised integer.
fn checked(r: Result<'_>) -> BigInt {
    let t = r.expect("a value");
    let v = value(t);
    let small = BigInt::from(crate::term::SMALL_MIN) <= v && v <= BigInt::from(crate::term::SMALL_MAX);
    assert_eq!(small, t.is_small(), "{v} is not normalised");
    if let Some(big) = t.as_big() {
        assert_ne!(big.limbs.last(), Some(&0), "{v} has leading zeros");
    }
    v
}

/// Integers of all lengths, with many limbs that are all ones or zeros.
fn integer(limbs: usize) -> impl Strategy<Value = BigInt> {
    let limb = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 63), Just(u64::MAX >> 4), any::<u64>()];
    (any::<bool>(), proptest::collection::vec(limb, 0..limbs)).prop_map(|(negative, v)| {
        let halves: Vec<u32> = v.iter().flat_map(|&l| [l as u32, (l >> 32) as u32]).collect();
        BigInt::from_slice(if negative { Sign::Minus } else { Sign::Plus }, &halves)
    })
}

fn check_all(x: &BigInt, y: &BigInt) {
    with_builder(|b| {
        let (s, t) = (term(b, x), term(b, y));
        assert_eq!(checked(add(b, s, t)), x + y);
        assert_eq!(checked(sub(b, s, t)), x - y);
        assert_eq!(checked(mul(b, s, t)), x * y);
        assert_eq!(checked(band(b, s, t)), x & y);
        assert_eq!(checked(bor(b, s, t)), x | y);
        assert_eq!(checked(bxor(b, s, t)), x ^ y);
        assert_eq!(checked(neg(b, s)), -x);
        assert_eq!(checked(bnot(b, s)), -x - 1);
        assert_eq!(checked(abs(b, s)), if x.sign() == Sign::Minus { -x } else { x.clone() });
        if y.sign() == Sign::NoSign {
            assert_eq!(int_div(b, s, t).err(), Some(Raise::Badarith));
            assert_eq!(int_rem(b, s, t).err(), Some(Raise::Badarith));
        } else {
            assert_eq!(checked(int_div(b, s, t)), x / y);
            assert_eq!(checked(int_rem(b, s, t)), x % y);
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers_agree_with_the_model(x in integer(6), y in integer(6)) {
        check_all(&x, &y);
    }

    #[test]
    fn quotients_of_like_lengths(q in any::<u32>(), y in integer(9), r in integer(9)) {
        check_all(&(&y * q + r), &y);
        check_all(&(&y * q), &y);
        check_all(&(&y * q - 1), &y);
    }

    #[test]
    fn shifts(x in integer(5), n in 0u32..400) {
        with_builder(|b| {
            let (s, k) = (term(b, &x), Term::small(n as i32));
            let minus = Term::small(-(n as i32));
            assert_eq!(checked(bsl(b, s, k)), &x << n);
            assert_eq!(checked(bsr(b, s, minus)), &x << n);
            assert_eq!(checked(bsr(b, s, k)), &x >> n);
            assert_eq!(checked(bsl(b, s, minus)), &x >> n);
        });
    }

    #[test]
    fn digits(x in integer(5), base in 2u32..=36) {
        with_builder(|b| {
            let s = term(b, &x);
            let text = radix::to_digits(s, base).expect("an integer");
            assert_eq!(String::from_utf8_lossy(&text), x.to_str_radix(base).to_uppercase());
            let back = radix::from_digits(b, &text, base).expect("digits");
            assert_eq!(value(back), x);
        });
    }

    #[test]
    fn floats_and_integers(f in any::<f64>().prop_filter("finite", |f| f.is_finite())) {
        with_builder(|b| {
            let t = b.float(f);
            let whole = trunc(b, t).expect("an integer");
            assert_eq!(to_f64(whole), Some(f.trunc() + 0.0));
            if f.fract() == 0.0 {
                assert!(crate::term::cmp::eq(whole, t));
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn long_integers_agree_with_the_model(x in integer(200), y in integer(100)) {
        check_all(&x, &y);
        with_builder(|b| {
            for base in [10, 16, 7] {
                let text = radix::to_digits(term(b, &x), base).expect("an integer");
                assert_eq!(String::from_utf8_lossy(&text), x.to_str_radix(base).to_uppercase());
                assert_eq!(value(radix::from_digits(b, &text, base).expect("digits")), x);
            }
        });
    }
}

type Op = for<'s> fn(&Builder<'s>, Term<'s>, Term<'s>) -> Result<'s>;
type Op1 = for<'s> fn(&Builder<'s>, Term<'s>) -> Result<'s>;

#[test]
fn errors_and_edges() {
    let two: &[(Op, &str, &str, &str)] = &[
        (add, "a", "1", "badarith"),
        (add, "1", "2.5", "3.5"),
        (add, "1.7976931348623157e308", "1.7976931348623157e308", "badarith"),
        (sub, "0", "0.0", "0.0"),
        (mul, "1.0e300", "10000000000000000000000000000", "badarith"),
        (mul, "-576460752303423488", "-1", "576460752303423488"),
        (int_div, "-576460752303423488", "-1", "576460752303423488"),
        (int_div, "-576460752303423488", "576460752303423488", "-1"),
        (int_rem, "-576460752303423488", "576460752303423488", "0"),
        (int_div, "1", "1.0", "badarith"),
        (int_rem, "7", "0", "badarith"),
        (div, "1", "0", "badarith"),
        (div, "1", "0.0", "badarith"),
        (div, "1", "4", "0.25"),
        (div, "1267650600228229401496703205376", "3", "4.2255020007607644e29"),
        (band, "1", "1.0", "badarith"),
        (bsl, "0", "1208925819614629174706176", "0"),
        (bsl, "1", "1208925819614629174706176", "system_limit"),
        (bsl, "1", "-1208925819614629174706176", "0"),
        (bsr, "-1", "1208925819614629174706176", "-1"),
        (bsr, "-1", "-1208925819614629174706176", "system_limit"),
        (bsl, "1", "33554368", "system_limit"),
        (bsr, "1267650600228229401496703205376", "1.5", "badarith"),
    ];
    let one: &[(Op1, &str, &str)] = &[
        (neg, "a", "badarith"),
        (plus, "a", "badarith"),
        (bnot, "1.0", "badarith"),
        (abs, "a", "badarg"),
        (abs, "-576460752303423488", "576460752303423488"),
        (abs, "-1.5", "1.5"),
        (round, "a", "badarg"),
        (round, "0.49999999999999994", "0"),
        (round, "-2.5", "-3"),
        (round, "2.5", "3"),
        (trunc, "-0.5", "0"),
        (floor, "-0.5", "-1"),
        (ceil, "0.5", "1"),
        (trunc, "1.0e20", "100000000000000000000"),
        (floor, "-5.76460752303423488e17", "-576460752303423488"),
        (ceil, "100000000000000000000", "100000000000000000000"),
        (float, "18446744073709551615", "18446744073709551616.0"),
        (float, "a", "badarg"),
    ];
    with_builder(|b| {
        let same = |got: Result<'_>, want: &str, what: String| match got {
            Ok(t) => assert!(crate::term::cmp::eq_exact(t, parse(b, want)), "{what}: {t:?}, not {want}"),
            Err(e) => assert_eq!(format!("{e:?}").to_lowercase(), want.replace('_', ""), "{what}"),
        };
        for (f, x, y, want) in two {
            same(f(b, parse(b, x), parse(b, y)), want, format!("{x}, {y}"));
        }
        for (f, x, want) in one {
            same(f(b, parse(b, x)), want, (*x).to_owned());
        }
    });
}

#[test]
fn the_longest_integer() {
    with_builder(|b| {
        let longest = bsl(b, Term::small(1), Term::small(max_limbs() as i32 * 64 - 1)).expect("just fits");
        assert_eq!(add(b, longest, longest).err(), Some(Raise::SystemLimit));
        assert_eq!(mul(b, longest, Term::small(2)).err(), Some(Raise::SystemLimit));
        assert_eq!(mul(b, longest, longest).err(), Some(Raise::SystemLimit));
        assert_eq!(float(b, longest).err(), Some(Raise::Badarg));
        assert_eq!(div(b, longest, longest).err(), Some(Raise::Badarith));
    });
}
