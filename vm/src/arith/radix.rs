//! Integers as digits in bases 2 to 36, and back.
//!
//! Invariant: short numbers are converted here, long ones by the library, which divides and conquers.

use dashu_int::UBig;

use super::mag::{self, Divisor};
use super::max_limbs;
use crate::heap::Builder;
use crate::native::Raise;
use crate::term::{BigView, Term};

/// From this many limbs on the library converts.
const LONG: usize = 40;

/// The largest power of `base` in 64 bits, and its exponent.
fn largest_power(base: u64) -> (u64, usize) {
    let (mut power, mut n) = (base, 1);
    while let Some(next) = power.checked_mul(base) {
        (power, n) = (next, n + 1);
    }
    (power, n)
}

fn digit(d: u64) -> u8 {
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[d as usize]
}

/// The integer in `base`, upper case, with its sign; `None` if the term is no integer.
///
/// # Panics
/// If the base is not in `2..=36`.
pub fn to_digits(t: Term<'_>, base: u32) -> Option<Vec<u8>> {
    assert!((2..=36).contains(&base), "bases are 2 to 36");
    if let Some(i) = t.as_small() {
        let (mut text, mut at) = ([0; 64], 64);
        let mut m = i.unsigned_abs();
        loop {
            at -= 1;
            text[at] = digit(m % u64::from(base));
            m /= u64::from(base);
            if m == 0 {
                break;
            }
        }
        if i < 0 {
            at -= 1;
            text[at] = b'-';
        }
        return Some(text[at..].to_vec());
    }
    let v = t.as_big()?;
    let mut text = if v.limbs.len() < LONG { short(v.limbs, u64::from(base)) } else { long(v.limbs, base) };
    if v.negative {
        text.insert(0, b'-');
    }
    Some(text)
}

fn short(limbs: &[u64], base: u64) -> Vec<u8> {
    let (power, digits) = largest_power(base);
    let divisor = Divisor::new(power);
    let mut rest = limbs.to_vec();
    let mut text = Vec::with_capacity(limbs.len() * 64);
    while !rest.is_empty() {
        let mut part = divisor.divide_in_place(&mut rest);
        rest.truncate(mag::trim(&rest).len());
        for _ in 0..digits {
            if rest.is_empty() && part == 0 {
                break;
            }
            text.push(digit(part % base));
            part /= base;
        }
    }
    text.reverse();
    text
}

fn long(limbs: &[u64], base: u32) -> Vec<u8> {
    let n = UBig::from_words(limbs);
    let mut text = if base == 10 { n.to_string() } else { n.in_radix(base).to_string() }.into_bytes();
    text.make_ascii_uppercase();
    text
}

/// Why digits are no integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotAnInteger {
    /// No digit, or something else among them.
    Syntax,
    /// Longer than integers may be.
    TooLong,
}

impl From<NotAnInteger> for Raise {
    fn from(e: NotAnInteger) -> Raise {
        match e {
            NotAnInteger::Syntax => Raise::Badarg,
            NotAnInteger::TooLong => Raise::SystemLimit,
        }
    }
}

/// The integer of an optional sign and at least one digit of `base` (2 to 36, either case).
pub fn from_digits<'s>(b: &Builder<'s>, text: &[u8], base: u32) -> Result<Term<'s>, NotAnInteger> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(|&c| char::from(c).is_digit(base)) {
        return Err(NotAnInteger::Syntax);
    }
    let zeros = digits.iter().take_while(|&&c| c == b'0').count();
    let digits = &digits[zeros..];
    let (power, per_limb) = largest_power(u64::from(base));
    let value = |part: &[u8]| {
        part.iter().fold(0u64, |n, &c| n * u64::from(base) + u64::from(char::from(c).to_digit(base).unwrap_or(0)))
    };
    if digits.len() <= per_limb {
        return Ok(b.big_limbs(negative, &[value(digits)]));
    }
    let too_long = |limbs: usize| if limbs > max_limbs() { Err(NotAnInteger::TooLong) } else { Ok(()) };
    // A digit is worth at least a third of its bits rounded up: cheap refusal of what is much too long.
    let least_bits = (f64::from(base).log2() * (digits.len() - 1) as f64) as usize;
    too_long(least_bits / 64)?;
    if least_bits / 64 >= LONG {
        let text = std::str::from_utf8(digits).map_err(|_| NotAnInteger::Syntax)?;
        let n = UBig::from_str_radix(text, base).map_err(|_| NotAnInteger::Syntax)?;
        too_long(n.as_words().len())?;
        return Ok(b.big_limbs(negative, n.as_words()));
    }
    let first = digits.len() % per_limb;
    let mut limbs = vec![value(&digits[..first])];
    for part in digits[first..].chunks(per_limb) {
        let mut carry = value(part);
        for l in &mut limbs {
            (*l, carry) = l.carrying_mul(power, carry);
        }
        limbs.push(carry);
        limbs.truncate(mag::trim(&limbs).len().max(1));
    }
    Ok(b.big_limbs(negative, &limbs))
}

/// The decimal digits of a bignum, for printing.
pub(crate) fn decimal(v: BigView<'_>) -> String {
    let digits = if v.limbs.len() < LONG { short(v.limbs, 10) } else { long(v.limbs, 10) };
    let digits = String::from_utf8_lossy(&digits).into_owned();
    if v.negative { format!("-{digits}") } else { digits }
}
