//! Bitwise operators: integers as endless two's complement.

use super::{Num, Result, int, limited, mag, max_limbs};
use crate::heap::Builder;
use crate::native::Raise;
use crate::term::{BigView, Term};

/// The limbs of an integer in two's complement, without end.
struct Complement<'a> {
    limbs: &'a [u64],
    negative: bool,
    carry: bool,
}

impl<'a> Complement<'a> {
    fn of(v: BigView<'a>) -> Complement<'a> {
        Complement { limbs: v.limbs, negative: v.negative, carry: v.negative }
    }
    #[inline]
    fn next(&mut self) -> u64 {
        let (l, rest) = self.limbs.split_first().map_or((0, self.limbs), |(&l, rest)| (l, rest));
        self.limbs = rest;
        if !self.negative {
            return l;
        }
        let (l, carry) = (!l).overflowing_add(u64::from(self.carry));
        self.carry = carry;
        l
    }
}

/// Turns two's complement into a magnitude.
fn negate(limbs: &mut [u64]) {
    let mut carry = true;
    for l in limbs {
        (*l, carry) = (!*l).overflowing_add(u64::from(carry));
    }
}

fn integers<'s>(x: Term<'s>, y: Term<'s>) -> std::result::Result<(Num<'s>, Num<'s>), Raise> {
    match (Num::of(x)?, Num::of(y)?) {
        (Num::Float(_), _) | (_, Num::Float(_)) => Err(Raise::Badarith),
        both => Ok(both),
    }
}

#[inline]
fn bitwise<'s>(
    b: &Builder<'s>,
    x: Term<'s>,
    y: Term<'s>,
    small: impl Fn(i64, i64) -> i64,
    f: impl Fn(u64, u64) -> u64,
) -> Result<'s> {
    match integers(x, y)? {
        (Num::Small(i), Num::Small(j)) => Ok(b.int(small(i, j))),
        (m, n) => limited(int::with(m, n, |m, n| {
            // One limb more than the longer holds the sign.
            b.big_with(m.limbs.len().max(n.limbs.len()) + 1, |out| {
                let (mut m, mut n) = (Complement::of(m), Complement::of(n));
                for o in &mut *out {
                    *o = f(m.next(), n.next());
                }
                let negative = out.last().is_some_and(|&l| l >> 63 == 1);
                if negative {
                    negate(out);
                }
                negative
            })
        })),
    }
}

/// `x band y`.
pub fn band<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    bitwise(b, x, y, |i, j| i & j, |i, j| i & j)
}

/// `x bor y`.
pub fn bor<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    bitwise(b, x, y, |i, j| i | j, |i, j| i | j)
}

/// `x bxor y`.
pub fn bxor<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    bitwise(b, x, y, |i, j| i ^ j, |i, j| i ^ j)
}

/// `bnot x`.
pub fn bnot<'s>(b: &Builder<'s>, x: Term<'s>) -> Result<'s> {
    match Num::of(x)? {
        Num::Small(i) => Ok(b.int(!i)),
        Num::Big(v) => {
            limited(int::add(b, BigView { negative: !v.negative, ..v }, BigView { negative: true, limbs: &[1] }))
        }
        Num::Float(_) => Err(Raise::Badarith),
    }
}

/// `x bsl y`.
pub fn bsl<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    match integers(x, y)? {
        (m, Num::Small(n)) if n >= 0 => left(b, x, m, n.unsigned_abs()),
        (m, Num::Small(n)) => Ok(right(b, m, n.unsigned_abs())),
        (m, Num::Big(n)) if n.negative => Ok(right(b, m, u64::MAX)),
        (m, _) => left(b, x, m, u64::MAX),
    }
}

/// `x bsr y`.
pub fn bsr<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<'s> {
    match integers(x, y)? {
        (m, Num::Small(n)) if n >= 0 => Ok(right(b, m, n.unsigned_abs())),
        (m, Num::Small(n)) => left(b, x, m, n.unsigned_abs()),
        (m, Num::Big(n)) if n.negative => left(b, x, m, u64::MAX),
        (m, _) => Ok(right(b, m, u64::MAX)),
    }
}

fn left<'s>(b: &Builder<'s>, x: Term<'s>, m: Num<'s>, shift: u64) -> Result<'s> {
    if let Num::Small(i) = m {
        if i == 0 {
            return Ok(x);
        }
        if shift < 64 {
            return Ok(b.int128(i128::from(i) << shift));
        }
    }
    let (mut limb, shift) = ([0], usize::try_from(shift).unwrap_or(usize::MAX));
    let v = int::view(m, &mut limb);
    let (whole, part) = (shift / 64, (shift % 64) as u32);
    if whole > max_limbs() {
        return Err(Raise::SystemLimit);
    }
    limited(b.big_with(whole + v.limbs.len() + 1, |out| {
        mag::shift_left(&mut out[whole..], v.limbs, part);
        v.negative
    }))
}

fn right<'s>(b: &Builder<'s>, m: Num<'s>, shift: u64) -> Term<'s> {
    let v = match m {
        Num::Small(i) => return b.int(i >> shift.min(63)),
        Num::Big(v) => v,
        Num::Float(_) => return Term::NIL,
    };
    let (whole, part) = (usize::try_from(shift / 64).unwrap_or(usize::MAX), (shift % 64) as u32);
    if whole >= v.limbs.len() {
        return Term::small(if v.negative { -1 } else { 0 });
    }
    let (lost, kept) = v.limbs.split_at(whole);
    // Towards minus infinity: a negative number that loses a bit is one further from zero.
    let round = v.negative && (lost.iter().any(|&l| l != 0) || kept[0] & ((1 << part) - 1) != 0);
    b.big_with(kept.len() + 1, |out| {
        mag::shift_right(&mut out[..kept.len()], kept, part);
        if round {
            let mut carry = true;
            for o in out {
                (*o, carry) = o.overflowing_add(u64::from(carry));
            }
        }
        v.negative
    })
}
