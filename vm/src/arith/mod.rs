//! Arithmetic on terms: all kinds of numbers, every operator.
//!
//! The functions here take any terms; the interpreter has its own short way for two small integers or floats in
//! front of them. Results are built straight onto the heap. Nothing is charged: the size limit of integers bounds
//! the work. Invariant: the kind of error is the operators': `badarith` unless the integer is too long
//! (`system_limit`); functions that are no operators ([`abs`], [`round`] ...) raise `badarg`.

mod bitwise;
mod float;
mod int;
mod mag;
pub mod math;
pub mod radix;
#[cfg(test)]
mod tests;

use crate::heap::Builder;
use crate::native::Raise;
use crate::profile::Profile;
use crate::term::{BigView, Term};

pub use bitwise::{band, bnot, bor, bsl, bsr, bxor};
pub use float::{ceil, float, floor, integer_of_float, round, to_f64, trunc};

type Result<'s> = std::result::Result<Term<'s>, Raise>;

/// A number taken apart.
#[derive(Clone, Copy)]
enum Num<'s> {
    Small(i64),
    Big(BigView<'s>),
    Float(f64),
}

impl<'s> Num<'s> {
    #[inline]
    fn of(t: Term<'s>) -> std::result::Result<Num<'s>, Raise> {
        if let Some(i) = t.as_small() {
            Ok(Num::Small(i))
        } else if let Some(f) = t.as_float() {
            Ok(Num::Float(f))
        } else {
            t.as_big().map(Num::Big).ok_or(Raise::Badarith)
        }
    }
}

/// Most limbs of an integer under the profile in force.
pub fn max_limbs() -> usize {
    if Profile::get().release < 27 { (1 << 19) - 1 } else { (1 << 16) - 1 }
}

/// Refuses an integer that is too long.
fn limited(t: Term<'_>) -> Result<'_> {
    match t.as_big() {
        Some(b) if b.limbs.len() > max_limbs() => Err(Raise::SystemLimit),
        _ => Ok(t),
    }
}

/// `x + y`.
pub fn add<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    if let (Some(i), Some(j)) = (x.as_small(), y.as_small()) {
        return Ok(b.int(i + j));
    }
    match (Num::of(x)?, Num::of(y)?) {
        (Num::Float(f), n) | (n, Num::Float(f)) => float::result(b, float::of(n)? + f),
        (m, n) => int::with(m, n, |m, n| limited(int::add(b, m, n))),
    }
}

/// `x - y`.
pub fn sub<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    if let (Some(i), Some(j)) = (x.as_small(), y.as_small()) {
        return Ok(b.int(i - j));
    }
    match (Num::of(x)?, Num::of(y)?) {
        (m @ Num::Float(_), n) | (m, n @ Num::Float(_)) => float::result(b, float::of(m)? - float::of(n)?),
        (m, n) => int::with(m, n, |m, n| limited(int::add(b, m, BigView { negative: !n.negative, ..n }))),
    }
}

/// `x * y`.
pub fn mul<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    if let (Some(i), Some(j)) = (x.as_small(), y.as_small()) {
        return Ok(b.int128(i128::from(i) * i128::from(j)));
    }
    match (Num::of(x)?, Num::of(y)?) {
        (Num::Float(f), n) | (n, Num::Float(f)) => float::result(b, float::of(n)? * f),
        (m, n) => int::with(m, n, |m, n| int::mul(b, m, n)),
    }
}

/// `x / y`, always a float.
pub fn div<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    let (m, n) = (Num::of(x)?, Num::of(y)?);
    float::result(b, float::of(m)? / float::of(n)?)
}

/// The operands of `div` and `rem`: integers, the second not zero.
fn divisible<'s>(x: Term<'s>, y: Term<'s>) -> std::result::Result<(Num<'s>, Num<'s>), Raise> {
    match (Num::of(x)?, Num::of(y)?) {
        (Num::Float(_), _) | (_, Num::Float(_) | Num::Small(0)) => Err(Raise::Badarith),
        both => Ok(both),
    }
}

/// `x div y`.
pub fn int_div<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    match divisible(x, y)? {
        // The smallest small divided by -1 is a bignum.
        (Num::Small(i), Num::Small(j)) => Ok(b.int(i / j)),
        (m, n) => Ok(int::with(m, n, |m, n| int::div(b, m, n))),
    }
}

/// `x rem y`.
pub fn int_rem<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    match divisible(x, y)? {
        (Num::Small(i), Num::Small(j)) => Ok(b.int(i % j)),
        (m, n) => Ok(int::with(m, n, |m, n| int::rem(b, m, n)).unwrap_or(x)),
    }
}

/// `-x`.
pub fn neg<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    match Num::of(x)? {
        Num::Small(i) => Ok(b.int(-i)),
        Num::Big(v) => Ok(b.big_limbs(!v.negative, v.limbs)),
        Num::Float(f) => Ok(b.float(-f)),
    }
}

/// `+x`.
pub fn plus<'s>(_b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    Num::of(x).map(|_| x)
}

/// `abs(x)`.
pub fn abs<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    match Num::of(x).map_err(|_| Raise::Badarg)? {
        Num::Small(i) if i < 0 => Ok(b.int(-i)),
        Num::Big(v) if v.negative => Ok(b.big_limbs(false, v.limbs)),
        Num::Float(f) if f < 0.0 || f == 0.0 && f.is_sign_negative() && Profile::get().release >= 27 => Ok(b.float(-f)),
        _ => Ok(x),
    }
}
