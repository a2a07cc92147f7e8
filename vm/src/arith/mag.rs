//! Arithmetic on magnitudes: little-endian slices of 64-bit limbs.
//!
//! Invariants: results are written into slices that the caller has sized, leading zero limbs included; nothing here
//! allocates but multiplication and division of long numbers, which go to the library.

use std::cmp::Ordering;

use dashu_int::UBig;

/// From this many limbs in the shorter factor on, the library's algorithms win over the schoolbook's.
const LONG_FACTOR: usize = 24;
/// From this many limbs in both divisor and quotient on, the library's division wins.
const LONG_DIVISION: usize = 32;

/// Without leading zero limbs.
pub(crate) fn trim(x: &[u64]) -> &[u64] {
    &x[..x.len() - x.iter().rev().take_while(|&&l| l == 0).count()]
}

/// Compares trimmed magnitudes.
pub(crate) fn compare(x: &[u64], y: &[u64]) -> Ordering {
    x.len().cmp(&y.len()).then_with(|| x.iter().rev().cmp(y.iter().rev()))
}

/// `out = x + y`; `x` is not shorter than `y`, `out` one limb longer than `x`.
pub(crate) fn add(out: &mut [u64], x: &[u64], y: &[u64]) {
    let (low, high) = out.split_at_mut(y.len());
    let mut carry = false;
    for ((o, &a), &b) in low.iter_mut().zip(x).zip(y) {
        (*o, carry) = a.carrying_add(b, carry);
    }
    let (last, high) = high.split_last_mut().expect("one limb longer");
    let rest = &x[y.len()..];
    for (o, &a) in high.iter_mut().zip(rest) {
        (*o, carry) = a.overflowing_add(u64::from(carry));
    }
    *last = u64::from(carry);
}

/// `out = x - y`; `x >= y`, `out` as long as `x`.
pub(crate) fn sub(out: &mut [u64], x: &[u64], y: &[u64]) {
    let (low, high) = out.split_at_mut(y.len());
    let mut borrow = false;
    for ((o, &a), &b) in low.iter_mut().zip(x).zip(y) {
        (*o, borrow) = a.borrowing_sub(b, borrow);
    }
    for (o, &a) in high.iter_mut().zip(&x[y.len()..]) {
        (*o, borrow) = a.overflowing_sub(u64::from(borrow));
    }
    debug_assert!(!borrow);
}

/// `out = x * y`; `out` one limb longer than `x`.
pub(crate) fn mul_limb(out: &mut [u64], x: &[u64], y: u64) {
    let mut carry = 0;
    for (o, &a) in out.iter_mut().zip(x) {
        (*o, carry) = a.carrying_mul(y, carry);
    }
    out[x.len()] = carry;
}

/// `out += x * y`, the carry returned; `out` as long as `x`.
fn add_mul_limb(out: &mut [u64], x: &[u64], y: u64) -> u64 {
    let mut carry = 0;
    for (o, &a) in out.iter_mut().zip(x) {
        (*o, carry) = a.carrying_mul_add(y, *o, carry);
    }
    carry
}

/// `out -= x * y`, the borrow returned; `out` as long as `x`.
fn sub_mul_limb(out: &mut [u64], x: &[u64], y: u64) -> u64 {
    let mut carry = 0;
    for (o, &a) in out.iter_mut().zip(x) {
        let (low, high) = a.carrying_mul(y, carry);
        let borrow;
        (*o, borrow) = o.overflowing_sub(low);
        carry = high + u64::from(borrow);
    }
    carry
}

/// `out = x * y`; `out` as long as both together.
pub(crate) fn mul(out: &mut [u64], x: &[u64], y: &[u64]) {
    let (x, y) = if x.len() < y.len() { (y, x) } else { (x, y) };
    match *y {
        [] => out.fill(0),
        [limb] => mul_limb(out, x, limb),
        _ if y.len() < LONG_FACTOR => {
            mul_limb(&mut out[..=x.len()], x, y[0]);
            for (i, &limb) in y.iter().enumerate().skip(1) {
                out[i + x.len()] = add_mul_limb(&mut out[i..i + x.len()], x, limb);
            }
        }
        _ => {
            let product =
                if std::ptr::eq(x, y) { UBig::from_words(x).sqr() } else { UBig::from_words(x) * UBig::from_words(y) };
            store(out, &product);
        }
    }
}

fn store(out: &mut [u64], n: &UBig) {
    let words = n.as_words();
    out[..words.len()].copy_from_slice(words);
    out[words.len()..].fill(0);
}

/// A divisor of one limb, shifted left until its top bit is set, with its reciprocal (Möller and Granlund's): a
/// division is then two multiplications.
#[derive(Clone, Copy)]
pub(crate) struct Divisor {
    limb: u64,
    reciprocal: u64,
    shift: u32,
}

impl Divisor {
    /// `d` is not zero.
    pub(crate) fn new(d: u64) -> Divisor {
        let shift = d.leading_zeros();
        let limb = d << shift;
        // floor((2^128 - 1) / limb) - 2^64
        let reciprocal = (u128::from(!limb) << 64 | u128::from(u64::MAX)) / u128::from(limb);
        Divisor { limb, reciprocal: reciprocal as u64, shift }
    }

    /// Quotient and remainder of `high * 2^64 + low` by the shifted limb; `high` is below it.
    #[inline(always)]
    fn divide(self, high: u64, low: u64) -> (u64, u64) {
        let q = u128::from(self.reciprocal) * u128::from(high) + (u128::from(high) << 64 | u128::from(low));
        let (mut q1, q0) = ((q >> 64) as u64, q as u64);
        q1 = q1.wrapping_add(1);
        let mut r = low.wrapping_sub(q1.wrapping_mul(self.limb));
        if r > q0 {
            q1 = q1.wrapping_sub(1);
            r = r.wrapping_add(self.limb);
        }
        if r >= self.limb {
            std::hint::cold_path();
            q1 = q1.wrapping_add(1);
            r -= self.limb;
        }
        (q1, r)
    }

    /// `x /= d`, the remainder returned.
    pub(crate) fn divide_in_place(self, x: &mut [u64]) -> u64 {
        let Some(&top) = x.last() else { return 0 };
        let s = self.shift;
        let shifted = |high: u64, low: u64| if s == 0 { high } else { high << s | low >> (64 - s) };
        let mut rest = if s == 0 { 0 } else { top >> (64 - s) };
        for i in (0..x.len()).rev() {
            let low = if i > 0 { x[i - 1] } else { 0 };
            (x[i], rest) = self.divide(rest, shifted(x[i], low));
        }
        rest >> s
    }

    /// `x rem d`.
    pub(crate) fn remainder(self, x: &[u64]) -> u64 {
        let s = self.shift;
        let Some(&top) = x.last() else { return 0 };
        let shifted = |high: u64, low: u64| if s == 0 { high } else { high << s | low >> (64 - s) };
        let mut rest = if s == 0 { 0 } else { top >> (64 - s) };
        for i in (0..x.len()).rev() {
            let low = if i > 0 { x[i - 1] } else { 0 };
            rest = self.divide(rest, shifted(x[i], low)).1;
        }
        rest >> s
    }
}

/// `x / y` where the leading limbs show that it fits one limb and what it is: all but always when the lengths are equal.
///
/// With `X` the leading 192 bits of `x` and `Y` the leading 128 of `y` (shifted until `y`'s top bit is set), and
/// `X = q * Y + r`, the limbs left out can lower the remainder by less than `q`: so `r >= q` proves `q`.
pub(crate) fn single_quotient(x: &[u64], y: &[u64]) -> Option<u64> {
    let n = y.len();
    if x.len() != n || n < 2 {
        return None;
    }
    let shift = y[n - 1].leading_zeros();
    // Limb `i` from the top (0: what the shift moves out at the top) of the shifted number.
    let limb = |v: &[u64], i: usize| {
        let at = |i: usize| if i >= 1 && i <= n { v[n - i] } else { 0 };
        if shift == 0 { at(i) } else { at(i) << shift | at(i + 1) >> (64 - shift) }
    };
    let divisor = u128::from(limb(y, 1)) << 64 | u128::from(limb(y, 2));
    let (x0, x1, x2) = (limb(x, 0), limb(x, 1), limb(x, 2));
    let high = u128::from(x0) << 64 | u128::from(x1);
    let mut q = u64::try_from(high / u128::from(limb(y, 1))).ok()?;
    // X - q * Y, made positive by correcting the estimate, which is at most two too large.
    let (low, carry) = limb(y, 2).carrying_mul(q, 0);
    let taken = u128::from(limb(y, 1)) * u128::from(q);
    let (taken, over) = taken.overflowing_add(u128::from(carry));
    let (mut r2, borrow) = x2.overflowing_sub(low);
    let (r, under) = high.overflowing_sub(taken);
    let (r, under2) = r.overflowing_sub(u128::from(borrow));
    let mut negative = over || under || under2;
    let mut r1 = r;
    while negative {
        q -= 1;
        let (low, carry) = r2.overflowing_add(divisor as u64);
        r2 = low;
        let (sum, over) = r1.overflowing_add((divisor >> 64) + u128::from(carry));
        r1 = sum;
        negative = !over;
    }
    // The remainder is below Y, so two limbs hold it.
    let rest = r1 << 64 | u128::from(r2);
    (rest >= u128::from(q)).then_some(q)
}

/// Whether the library should divide numbers of these lengths.
fn is_long(dividend: usize, divisor: usize) -> bool {
    divisor >= LONG_DIVISION && dividend - divisor >= LONG_DIVISION
}

/// `quotient = x / y`; `y` is trimmed and not longer than `x`, `quotient` has `x.len() - y.len() + 1` limbs.
pub(crate) fn div(quotient: &mut [u64], x: &[u64], y: &[u64]) {
    if let [limb] = *y {
        quotient.copy_from_slice(x);
        Divisor::new(limb).divide_in_place(quotient);
    } else if is_long(x.len(), y.len()) {
        store(quotient, &(UBig::from_words(x) / UBig::from_words(y)));
    } else {
        let mut scratch = vec![0; x.len() + 1 + y.len()];
        let (rest, divisor) = scratch.split_at_mut(x.len() + 1);
        knuth(quotient, rest, divisor, x, y);
    }
}

/// `rest = x rem y`; `y` is trimmed and not longer than `x`, `rest` as long as `y`.
pub(crate) fn rem(rest: &mut [u64], x: &[u64], y: &[u64]) {
    if let [limb] = *y {
        rest[0] = Divisor::new(limb).remainder(x);
    } else if is_long(x.len(), y.len()) {
        store(rest, &(UBig::from_words(x) % UBig::from_words(y)));
    } else {
        let n = x.len() + 1;
        let mut scratch = vec![0; n + y.len() + n - y.len()];
        let (left, divisor) = scratch.split_at_mut(n);
        let (divisor, quotient) = divisor.split_at_mut(y.len());
        let shift = knuth(quotient, left, divisor, x, y);
        shift_right(rest, &left[..y.len()], shift);
    }
}

/// Knuth's algorithm D. `rest` (one limb longer than `x`) and `divisor` (as long as `y`, at least two) are scratch; the
/// shifted remainder is left in `rest`, the shift returned.
fn knuth(quotient: &mut [u64], rest: &mut [u64], divisor: &mut [u64], x: &[u64], y: &[u64]) -> u32 {
    let n = y.len();
    let shift = y[n - 1].leading_zeros();
    shift_left(divisor, y, shift);
    shift_left(rest, x, shift);
    let (top, second) = (Divisor::new(divisor[n - 1]), divisor[n - 2]);
    for j in (0..=x.len() - n).rev() {
        let window = &mut rest[j..=j + n];
        let (high, middle, low) = (window[n], window[n - 1], window[n - 2]);
        let mut q;
        if high >= top.limb {
            q = u64::MAX;
        } else {
            let r;
            (q, r) = top.divide(high, middle);
            let mut r = u128::from(r);
            while u128::from(q) * u128::from(second) > (r << 64 | u128::from(low)) {
                q -= 1;
                r += u128::from(top.limb);
                if r >> 64 != 0 {
                    break;
                }
            }
        }
        let borrow = sub_mul_limb(&mut window[..n], divisor, q);
        let under;
        (window[n], under) = window[n].overflowing_sub(borrow);
        let mut under = under;
        // At most twice: the estimate is too large by two at the most.
        while under {
            std::hint::cold_path();
            q -= 1;
            let mut carry = false;
            for (w, &d) in window[..n].iter_mut().zip(&*divisor) {
                (*w, carry) = w.carrying_add(d, carry);
            }
            let over;
            (window[n], over) = window[n].overflowing_add(u64::from(carry));
            under = !over;
        }
        quotient[j] = q;
    }
    shift
}

/// `out = x << shift` for a shift below 64; limbs of the result that do not fit `out` must be zero.
pub(crate) fn shift_left(out: &mut [u64], x: &[u64], shift: u32) {
    let n = x.len();
    if shift == 0 {
        out[..n].copy_from_slice(x);
        out[n..].fill(0);
        return;
    }
    let mut below = 0;
    for (o, &l) in out.iter_mut().zip(x) {
        *o = l << shift | below;
        below = l >> (64 - shift);
    }
    if let Some((first, rest)) = out[n..].split_first_mut() {
        *first = below;
        rest.fill(0);
    }
}

/// `out = x >> shift` for a shift below 64; `out` as long as `x`.
pub(crate) fn shift_right(out: &mut [u64], x: &[u64], shift: u32) {
    if shift == 0 {
        out.copy_from_slice(x);
        return;
    }
    let mut above = 0;
    for (o, &l) in out.iter_mut().zip(x).rev() {
        *o = l >> shift | above;
        above = l << (64 - shift);
    }
}
