//! Floats: results, conversions from and to integers.
//!
//! Invariant: a float term is finite; an operation whose result would not be raises `badarith`.

use super::{Num, Result};
use crate::heap::Builder;
use crate::native::Raise;
use crate::profile::Profile;
use crate::term::{BigView, Term};

/// The float as a term, if it is one that Erlang has.
#[inline]
pub(super) fn result<'s>(b: &Builder<'s>, f: f64) -> Result<'s> {
    if f.is_finite() { Ok(b.float(f)) } else { Err(Raise::Badarith) }
}

/// The number as a float; `badarith` if it is too large.
#[inline]
pub(super) fn of(n: Num<'_>) -> std::result::Result<f64, Raise> {
    match n {
        Num::Small(i) => Ok(i as f64),
        Num::Float(f) => Ok(f),
        Num::Big(v) => big_to_f64(v).ok_or(Raise::Badarith),
    }
}

/// A number's value as a float; `None` if it is no number or too large.
pub fn to_f64(t: Term<'_>) -> Option<f64> {
    of(Num::of(t).ok()?).ok()
}

/// Up to release 28 the reference rounds once a limb, from 29 on once.
fn big_to_f64(v: BigView<'_>) -> Option<f64> {
    const BASE: f64 = 18_446_744_073_709_551_616.0;
    let f = if Profile::get().release < 29 {
        v.limbs.iter().rev().fold(0.0, |f, &l| f * BASE + l as f64)
    } else {
        nearest(v.limbs)
    };
    f.is_finite().then_some(if v.negative { -f } else { f })
}

/// The nearest float to a magnitude, ties to even; infinite if it is too large.
fn nearest(limbs: &[u64]) -> f64 {
    let [rest @ .., second, first] = limbs else { return limbs.first().map_or(0.0, |&l| l as f64) };
    let shift = first.leading_zeros();
    let top = (u128::from(*first) << 64 | u128::from(*second)) << shift;
    // 128 bits hold the fraction and all that rounding looks at, if what is cut off leaves a trace.
    let below = rest.last().map_or(0, |&l| if shift == 0 { 0 } else { l >> (64 - shift) });
    let lost = rest.iter().any(|&l| l != 0);
    let top = top | u128::from(below) | u128::from(lost);
    let exponent = 64 * rest.len() as i32 - shift as i32;
    if exponent > 1023 - 127 + 1 {
        return f64::INFINITY;
    }
    top as f64 * 2f64.powi(exponent)
}

/// The integer of a float without a fraction.
pub fn integer_of_float<'s>(b: &Builder<'s>, f: f64) -> Term<'s> {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&f) {
        return b.int(f as i64);
    }
    let bits = f.to_bits();
    let (mantissa, exponent) = (bits & ((1 << 52) - 1) | 1 << 52, ((bits >> 52) & 0x7ff) as usize - 1075);
    b.big_with(exponent / 64 + 2, |out| {
        super::mag::shift_left(&mut out[exponent / 64..], &[mantissa], (exponent % 64) as u32);
        f < 0.0
    })
}

#[inline]
fn to_integer<'s>(b: &Builder<'s>, x: Term<'s>, f: impl Fn(f64) -> f64) -> Result<'s> {
    match Num::of(x).map_err(|_| Raise::Badarg)? {
        Num::Float(v) => Ok(integer_of_float(b, f(v))),
        _ => Ok(x),
    }
}

/// `round(x)`: halves away from zero.
pub fn round<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    to_integer(b, x, f64::round)
}

/// `trunc(x)`.
pub fn trunc<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    to_integer(b, x, f64::trunc)
}

/// `floor(x)`.
pub fn floor<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    to_integer(b, x, f64::floor)
}

/// `ceil(x)`.
pub fn ceil<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    to_integer(b, x, f64::ceil)
}

/// `float(x)`.
pub fn float<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    match Num::of(x).map_err(|_| Raise::Badarg)? {
        Num::Float(_) => Ok(x),
        n => of(n).map(|f| b.float(f)).map_err(|_| Raise::Badarg),
    }
}
