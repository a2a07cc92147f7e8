//! Sums, products and quotients of integers that are not both small.
//!
//! Invariant: operands are normalised but for single limbs, and live as long as the brand, so results may share
//! nothing with them yet be built while they are read.

use std::cmp::Ordering;

use super::{Num, limited, mag, max_limbs};
use crate::heap::Builder;
use crate::native::Raise;
use crate::term::{BigView, Term};

/// Runs `f` on both integers in the shape of bignums; floats are the caller's to have sorted out.
#[inline]
pub(super) fn with<'s, R>(m: Num<'s>, n: Num<'s>, f: impl FnOnce(BigView<'_>, BigView<'_>) -> R) -> R {
    let (mut i, mut j) = ([0], [0]);
    f(view(m, &mut i), view(n, &mut j))
}

/// The integer as a bignum, a small one in `limb`.
#[inline]
pub(super) fn view<'a>(n: Num<'a>, limb: &'a mut [u64; 1]) -> BigView<'a> {
    match n {
        Num::Big(v) => v,
        Num::Small(i) => {
            *limb = [i.unsigned_abs()];
            BigView { negative: i < 0, limbs: &limb[..usize::from(i != 0)] }
        }
        Num::Float(_) => BigView { negative: false, limbs: &[] },
    }
}

pub(super) fn add<'s>(b: &Builder<'s>, x: BigView<'_>, y: BigView<'_>) -> Term<'s> {
    let (x, y) = match mag::compare(x.limbs, y.limbs) {
        Ordering::Less => (y, x),
        _ => (x, y),
    };
    if x.negative == y.negative {
        b.big_with(x.limbs.len() + 1, |out| {
            mag::add(out, x.limbs, y.limbs);
            x.negative
        })
    } else {
        b.big_with(x.limbs.len(), |out| {
            mag::sub(&mut out[..x.limbs.len()], x.limbs, y.limbs);
            x.negative
        })
    }
}

pub(super) fn mul<'s>(b: &Builder<'s>, x: BigView<'_>, y: BigView<'_>) -> Result<Term<'s>, Raise> {
    let limbs = x.limbs.len() + y.limbs.len();
    // The product has as many limbs or one fewer.
    if limbs > max_limbs() + 1 {
        return Err(Raise::SystemLimit);
    }
    limited(b.big_with(limbs, |out| {
        mag::mul(&mut out[..limbs], x.limbs, y.limbs);
        x.negative != y.negative
    }))
}

/// `y` is not zero.
pub(super) fn div<'s>(b: &Builder<'s>, x: BigView<'_>, y: BigView<'_>) -> Term<'s> {
    let negative = x.negative != y.negative;
    if mag::compare(x.limbs, y.limbs).is_lt() {
        return Term::small(0);
    }
    if let Some(q) = mag::single_quotient(x.limbs, y.limbs) {
        return b.big_limbs(negative, &[q]);
    }
    b.big_with(x.limbs.len() - y.limbs.len() + 1, |out| {
        mag::div(out, x.limbs, y.limbs);
        negative
    })
}

/// `y` is not zero. The remainder has the sign of `x`; `None`: it is `x`.
pub(super) fn rem<'s>(b: &Builder<'s>, x: BigView<'_>, y: BigView<'_>) -> Option<Term<'s>> {
    if mag::compare(x.limbs, y.limbs).is_lt() {
        return None;
    }
    Some(b.big_with(y.limbs.len(), |out| {
        mag::rem(&mut out[..y.limbs.len()], x.limbs, y.limbs);
        x.negative
    }))
}
