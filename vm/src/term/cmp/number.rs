//! Comparison of numbers by exact value.
//!
//! Invariant: nothing is rounded. A float beyond 2^53 is an integer, so it is compared as one.

use std::cmp::Ordering;

use crate::profile::Profile;
use crate::term::{BigView, Kind};

/// Bits of a float's fraction, the hidden one included.
const MANTISSA_BITS: u32 = 53;

/// Compares two numbers; `exact` puts every integer before every float. `None` if one is no number.
pub(super) fn compare(a: &Kind<'_>, b: &Kind<'_>, exact: bool) -> Option<Ordering> {
    Some(match (*a, *b) {
        (Kind::Small(x), Kind::Small(y)) => x.cmp(&y),
        (Kind::Big(x), Kind::Big(y)) => big_big(x, y),
        (Kind::Small(_), Kind::Big(y)) => sign_order(!y.negative),
        (Kind::Big(x), Kind::Small(_)) => sign_order(x.negative),
        (Kind::Float(x), Kind::Float(y)) => float_float(x, y, exact),
        (Kind::Small(_) | Kind::Big(_), Kind::Float(_)) if exact => Ordering::Less,
        (Kind::Float(_), Kind::Small(_) | Kind::Big(_)) if exact => Ordering::Greater,
        (Kind::Small(x), Kind::Float(y)) => int_float(x, y),
        (Kind::Float(x), Kind::Small(y)) => int_float(y, x).reverse(),
        (Kind::Big(x), Kind::Float(y)) => big_float(x, y),
        (Kind::Float(x), Kind::Big(y)) => big_float(y, x).reverse(),
        _ => return None,
    })
}

/// `Less` if told so, else `Greater`.
fn sign_order(less: bool) -> Ordering {
    if less { Ordering::Less } else { Ordering::Greater }
}

/// Floats are never NaN. As keys, where the profile tells the zeros apart, `-0.0` comes first.
pub(super) fn float_float(x: f64, y: f64, exact: bool) -> Ordering {
    if exact && x == 0.0 && y == 0.0 && !Profile::get().zeros_are_identical() {
        return x.total_cmp(&y);
    }
    x.partial_cmp(&y).unwrap_or(Ordering::Equal)
}

/// Whether `x =:= y`.
pub(super) fn same_float(x: f64, y: f64) -> bool {
    x.to_bits() == y.to_bits() || x == 0.0 && y == 0.0 && Profile::get().zeros_are_identical()
}

fn big_big(x: BigView<'_>, y: BigView<'_>) -> Ordering {
    match (x.negative, y.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => magnitudes(x.limbs, y.limbs),
        (true, true) => magnitudes(y.limbs, x.limbs),
    }
}

/// Compares normalised magnitudes.
pub(crate) fn magnitudes(x: &[u64], y: &[u64]) -> Ordering {
    x.len().cmp(&y.len()).then_with(|| x.iter().rev().cmp(y.iter().rev()))
}

/// Compares a 64-bit integer with a float.
#[inline]
pub(crate) fn int_float(i: i64, f: f64) -> Ordering {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if f >= LIMIT {
        Ordering::Less
    } else if f < -LIMIT {
        Ordering::Greater
    } else {
        // In range: the whole part first, the rest decides between equals.
        let whole = f.trunc();
        i.cmp(&(whole as i64)).then_with(|| 0.0f64.partial_cmp(&(f - whole)).unwrap_or(Ordering::Equal))
    }
}

/// Compares a bignum with a float.
pub(crate) fn big_float(x: BigView<'_>, f: f64) -> Ordering {
    if x.negative != f.is_sign_negative() {
        return sign_order(x.negative);
    }
    let magnitude = big_magnitude_float(x.limbs, f.abs());
    if x.negative { magnitude.reverse() } else { magnitude }
}

fn big_magnitude_float(limbs: &[u64], f: f64) -> Ordering {
    let top = limbs.last().copied().unwrap_or(0);
    let bits = limbs.len() as u64 * 64 - u64::from(top.leading_zeros());
    let (mantissa, exponent) = decompose(f);
    let float_bits = i64::from(64 - mantissa.leading_zeros()) + i64::from(exponent);
    match i64::try_from(bits).unwrap_or(i64::MAX).cmp(&float_bits) {
        Ordering::Equal => {}
        other => return other,
    }
    // Equal length of at least 60 bits: the float is an integer, its exponent is not negative.
    let low = exponent.max(0) as usize;
    let (skip, shift) = (low / 64, low % 64);
    let mut high = limbs[skip] >> shift;
    if shift > 0 {
        high |= limbs.get(skip + 1).map_or(0, |l| l << (64 - shift));
    }
    high.cmp(&mantissa).then_with(|| {
        let rest = limbs[..skip].iter().any(|&l| l != 0) || limbs[skip] & ((1 << shift) - 1) != 0;
        if rest { Ordering::Greater } else { Ordering::Equal }
    })
}

/// `f = mantissa * 2^exponent` for a finite `f` above zero.
fn decompose(f: f64) -> (u64, i32) {
    let bits = f.to_bits();
    let exponent = ((bits >> (MANTISSA_BITS - 1)) & 0x7ff) as i32;
    let fraction = bits & ((1 << (MANTISSA_BITS - 1)) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << (MANTISSA_BITS - 1), exponent - 1075) }
}
