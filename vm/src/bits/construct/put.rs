//! [`Writer`]: laying values down bit after bit.
//!
//! Invariant: `pos <= end`, and the bytes up to bit `end` of `base` belong to a bitstring under construction that
//! nothing else reads. Every method tests that its bits fit before it writes; one that fails writes nothing.

use crate::atom::am;
use crate::bits::endian;
use crate::native::Raise;
use crate::term::bits::{Endian, copy_raw, f64_to_f16, put_limbs, put_u64, to_little_order};
use crate::term::{BitsView, Term};

use super::Wrong;

/// See the module's head.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    base: *mut u8,
    pos: usize,
    end: usize,
}

fn wrong<'s>(error: crate::atom::Atom, value: Term<'s>) -> Wrong<'s> {
    (Raise::Badarg, error, value)
}

impl Writer {
    /// A writer for bits `pos..end` of `base`, which are the caller's to write.
    #[inline(always)]
    pub(crate) fn new(base: *mut u8, pos: usize, end: usize) -> Writer {
        Writer { base, pos, end }
    }
    /// Position of the next bit.
    #[inline(always)]
    pub(super) fn pos(&self) -> usize {
        self.pos
    }
    /// Goes on at `pos`, where a copy of this writer has got to.
    #[inline(always)]
    pub(super) fn move_to(&mut self, pos: usize) {
        debug_assert!(pos >= self.pos && pos <= self.end);
        self.pos = pos;
    }
    #[inline(always)]
    pub(super) fn fits(&self, bits: usize) -> bool {
        bits <= self.end - self.pos
    }
    /// Lays down the low `bits <= 64` bits of `v`, most significant first; they must fit.
    #[inline(always)]
    pub(super) fn put(&mut self, v: u64, bits: usize) {
        assert!(self.fits(bits), "segment behind the end");
        // SAFETY: the writer's invariant.
        unsafe { put_u64(self.base, self.pos, bits, v) };
        self.pos += bits;
    }
    #[inline(always)]
    fn put_view(&mut self, v: BitsView<'_>) {
        assert!(self.fits(v.bits), "segment behind the end");
        // SAFETY: the view is readable; the target is the writer's; what is being built is not visible yet.
        unsafe { copy_raw(v.base(), v.start, self.base, self.pos, v.bits) };
        self.pos += v.bits;
    }
    /// An integer's low `bits` bits.
    #[inline]
    pub(crate) fn put_integer<'s>(&mut self, t: Term<'s>, bits: usize, flags: u32) -> Result<(), Wrong<'s>> {
        let Some(i) = t.as_small().filter(|_| bits <= 64) else { return self.put_long_integer(t, bits, flags) };
        let v = i as u64;
        self.put(if endian(flags) == Endian::Little { to_little_order(v, bits) } else { v }, bits);
        Ok(())
    }
    #[inline(never)]
    fn put_long_integer<'s>(&mut self, t: Term<'s>, bits: usize, flags: u32) -> Result<(), Wrong<'s>> {
        let small;
        let (negative, limbs) = if let Some(i) = t.as_small() {
            small = [i.unsigned_abs()];
            (i < 0, &small[..])
        } else if let Some(big) = t.as_big() {
            (big.negative, big.limbs)
        } else {
            return Err(wrong(am::TYPE, t));
        };
        assert!(self.fits(bits), "segment behind the end");
        // SAFETY: the writer's invariant.
        unsafe { put_limbs(self.base, self.pos, bits, negative, limbs, endian(flags)) };
        self.pos += bits;
        Ok(())
    }
    /// The first `bits` bits of a bitstring; gives how many.
    #[inline]
    pub(crate) fn put_binary<'s>(&mut self, t: Term<'s>, bits: usize) -> Result<usize, Wrong<'s>> {
        let v = t.as_bits().ok_or_else(|| wrong(am::TYPE, t))?;
        self.put_view(v.slice(0, bits).ok_or_else(|| wrong(am::SHORT, t))?);
        Ok(bits)
    }
    /// A whole bitstring, whose size must be a multiple of `unit`; gives how many bits.
    #[inline]
    pub(crate) fn put_binary_all<'s>(&mut self, t: Term<'s>, unit: usize) -> Result<usize, Wrong<'s>> {
        let v = t.as_bits().ok_or_else(|| wrong(am::TYPE, t))?;
        if !crate::bits::is_multiple(v.bits, unit) {
            return Err(wrong(am::UNIT, t));
        }
        self.put_view(v);
        Ok(v.bits)
    }
    /// Literal bytes.
    #[inline]
    pub(crate) fn put_string(&mut self, bytes: &[u8]) {
        self.put_view(BitsView::of_bytes(bytes));
    }
    /// A float of 16, 32 or 64 bits, of a float or integer value.
    pub(crate) fn put_float<'s>(&mut self, t: Term<'s>, bits: usize, flags: u32) -> Result<(), Wrong<'s>> {
        if !matches!(bits, 16 | 32 | 64) {
            let size = Term::try_small(bits as i64).unwrap_or(t);
            return Err(wrong(am::INVALID, size));
        }
        let (f, single) = if let Some(f) = t.as_float() {
            (f, f as f32)
        } else if let Some(i) = t.as_small() {
            (i as f64, i as f32)
        } else if let Some(big) = t.as_big() {
            let magnitude = big.limbs.iter().rev().fold(0.0, |f, &l| f * 18_446_744_073_709_551_616.0 + l as f64);
            let f = if big.negative { -magnitude } else { magnitude };
            if !f.is_finite() {
                return Err(wrong(am::NO_FLOAT, t));
            }
            (f, f as f32)
        } else {
            return Err(wrong(am::TYPE, t));
        };
        // A value too large for the field is laid down as an infinity, as OTP does.
        let raw = match bits {
            16 => u64::from(f64_to_f16(f)),
            32 => u64::from(single.to_bits()),
            _ => f.to_bits(),
        };
        self.put(if endian(flags) == Endian::Little { to_little_order(raw, bits) } else { raw }, bits);
        Ok(())
    }
    /// A character in UTF-8.
    #[inline]
    pub(crate) fn put_utf8<'s>(&mut self, t: Term<'s>) -> Result<(), Wrong<'s>> {
        let c = character(t).ok_or_else(|| wrong(am::TYPE, t))?;
        let (bytes, n) = encode_utf8(c);
        self.put(u64::from(u32::from_be_bytes(bytes) >> (32 - 8 * n)), 8 * n);
        Ok(())
    }
    /// A character in UTF-16.
    pub(crate) fn put_utf16<'s>(&mut self, t: Term<'s>, flags: u32) -> Result<(), Wrong<'s>> {
        let c = character(t).ok_or_else(|| wrong(am::TYPE, t))?;
        let mut unit = |u: u32| {
            let u = u as u16;
            self.put(u64::from(if endian(flags) == Endian::Little { u.swap_bytes() } else { u }), 16);
        };
        if c < 0x1_0000 {
            unit(c);
        } else {
            unit(0xd800 | (c - 0x1_0000) >> 10);
            unit(0xdc00 | c & 0x3ff);
        }
        Ok(())
    }
    /// A character in UTF-32.
    pub(crate) fn put_utf32<'s>(&mut self, t: Term<'s>, flags: u32) -> Result<(), Wrong<'s>> {
        let c = character(t).ok_or_else(|| wrong(am::TYPE, t))?;
        self.put(u64::from(if endian(flags) == Endian::Little { c.swap_bytes() } else { c }), 32);
        Ok(())
    }
}

/// A Unicode character's code point.
#[inline(always)]
pub(crate) fn character(t: Term<'_>) -> Option<u32> {
    let c = u32::try_from(t.as_small()?).ok()?;
    char::from_u32(c).map(|_| c)
}

/// Bytes of a character in UTF-8; some number from 1 to 4 for what is none.
pub(super) fn utf8_bytes(t: Term<'_>) -> usize {
    match t.as_small() {
        Some(0..0x80) => 1,
        Some(0x80..0x800) => 2,
        Some(0x800..0x1_0000) => 3,
        _ => 4,
    }
}

/// Bytes of a character in UTF-16; 2 or 4 for what is none.
pub(super) fn utf16_bytes(t: Term<'_>) -> usize {
    if matches!(t.as_small(), Some(..0x1_0000)) { 2 } else { 4 }
}

/// UTF-8 of a code point and its length.
#[inline(always)]
pub(crate) fn encode_utf8(c: u32) -> ([u8; 4], usize) {
    let tail = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
    match c {
        0..0x80 => ([c as u8, 0, 0, 0], 1),
        0x80..0x800 => ([0xc0 | (c >> 6) as u8, tail(0), 0, 0], 2),
        0x800..0x1_0000 => ([0xe0 | (c >> 12) as u8, tail(6), tail(0), 0], 3),
        _ => ([0xf0 | (c >> 18) as u8, tail(12), tail(6), tail(0)], 4),
    }
}
