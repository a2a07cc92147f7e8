//! Comparison of terms: `==`, `=:=` and the term order.
//!
//! Order: number < atom < reference < fun < port < pid < tuple < native record < map < nil < list < bitstring. Integers
//! and floats compare by exact value, except in the order of map keys (`exact`), where every integer comes before every
//! float. Invariant: [`eq`] is true exactly if [`compare`] says `Equal` (but for native records, whose fields `==`
//! compares as `=:=` does), and [`eq_exact`] if [`compare_exact`] does. What is still to be compared is kept on a stack
//! of our own, so a deep term cannot overflow the thread's; flat terms never touch it.

mod equal;
mod number;
mod order;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use super::{Kind, Term};

/// `a == b`.
#[inline]
pub fn eq(a: Term<'_>, b: Term<'_>) -> bool {
    // Two different immediates are never equal: an integer that equals a float has the float boxed.
    a.raw() == b.raw() || !(a.is_immediate() && b.is_immediate()) && equal::equal(a, b, false)
}

/// `a =:= b`.
#[inline]
pub fn eq_exact(a: Term<'_>, b: Term<'_>) -> bool {
    a.raw() == b.raw() || !(a.is_immediate() || b.is_immediate()) && equal::equal(a, b, true)
}

/// Term order, integers and floats by value.
#[inline]
pub fn compare(a: Term<'_>, b: Term<'_>) -> Ordering {
    if a.raw() == b.raw() {
        return Ordering::Equal;
    }
    match (a.as_small(), b.as_small()) {
        (Some(x), Some(y)) => x.cmp(&y),
        _ => order::order(a, b, false),
    }
}

/// Term order of map keys: integers before floats.
#[inline]
pub fn compare_exact(a: Term<'_>, b: Term<'_>) -> Ordering {
    if a.raw() == b.raw() {
        return Ordering::Equal;
    }
    match (a.as_small(), b.as_small()) {
        (Some(x), Some(y)) => x.cmp(&y),
        _ => order::order(a, b, true),
    }
}

/// Place of a term's type in the term order.
pub(crate) fn rank(k: &Kind<'_>) -> u8 {
    match k {
        Kind::Small(_) | Kind::Big(_) | Kind::Float(_) => 0,
        Kind::Atom(_) => 1,
        Kind::Ref(_) => 2,
        Kind::Fun(_) | Kind::Export(_) => 3,
        Kind::Port(_) | Kind::ExternalPort(..) => 4,
        Kind::Pid(_) | Kind::ExternalPid(..) => 5,
        Kind::Tuple(_) => 6,
        Kind::Record(_) => 7,
        Kind::Map => 8,
        Kind::Nil => 9,
        Kind::Cons(..) => 10,
        Kind::Bits(_) => 11,
    }
}
