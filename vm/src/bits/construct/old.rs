//! The construction instructions of compilers up to 24: a size is computed, a bitstring of that size is begun, and one
//! instruction for each segment lays it down.
//!
//! Between the instruction that begins and the last one that puts nothing else runs, so the raw target in [`Building`]
//! stays valid; sizes are those that the code itself computed, hence every put is tested against the end.

use crate::atom::am;
use crate::heap::{BinaryHandle, Builder, MAX_HEAP_BINARY};
use crate::native::Raise;
use crate::term::Term;

use super::append::Plan;
use super::put::{self, Writer};
use super::{Built, MAX_BITS, Wrong};
use crate::bits::field_size;

/// A bitstring under construction.
#[derive(Clone, Copy)]
pub struct Building {
    writer: Writer,
}

impl Default for Building {
    /// Nothing under construction: nothing can be put.
    fn default() -> Self {
        Building { writer: Writer::new(std::ptr::null_mut(), 0, 0) }
    }
}

/// Bits of a size operand in units of `unit` bits.
fn size_bits(size: Term<'_>, unit: usize) -> Result<usize, Raise> {
    super::operand_size(size, unit).map_err(|(raise, ..)| raise)
}

/// `bs_init2` (unit 8) and `bs_init_bits` (unit 1): begins a bitstring; all of it must be put.
pub fn init<'s>(b: &Builder<'s>, size: Term<'s>, unit: usize) -> Result<(Term<'s>, Building), Raise> {
    let bits = size_bits(size, unit)?;
    if bits <= MAX_HEAP_BINARY * 8 {
        let (term, writer) = super::heap_target(b, bits);
        return Ok((term, Building { writer }));
    }
    let handle = BinaryHandle::build(bits.div_ceil(8), |_| {});
    let writer = Writer::new(handle.data(), 0, bits);
    Ok((b.refc_bits_owned(handle, 0, bits), Building { writer }))
}

fn appended<'s>(
    b: &Builder<'s>,
    src: Term<'s>,
    size: Term<'s>,
    unit: usize,
    private: bool,
) -> Result<(Built<'s>, Building), Raise> {
    let bits = size_bits(size, 1)?;
    let plan = Plan::anywhere(src, bits, unit, private).map_err(|(raise, ..)| raise)?;
    let (writer, copied) = (plan.writer(), plan.copied());
    let built = Built { term: plan.finish(b), reductions: copied / super::BITS_PER_REDUCTION };
    Ok((built, Building { writer }))
}

/// `bs_append`: begins a bitstring of `src` and `size` more bits.
pub fn append<'s>(b: &Builder<'s>, src: Term<'s>, size: Term<'s>, unit: usize) -> Result<(Built<'s>, Building), Raise> {
    appended(b, src, size, unit, false)
}

/// `bs_private_append`: as [`append`], for a bitstring that nothing else refers to.
pub fn private_append<'s>(
    b: &Builder<'s>,
    src: Term<'s>,
    size: Term<'s>,
    unit: usize,
) -> Result<(Built<'s>, Building), Raise> {
    appended(b, src, size, unit, true)
}

/// `bs_add`: `sum + size * unit`.
pub fn add<'s>(b: &Builder<'s>, sum: Term<'s>, size: Term<'s>, unit: usize) -> Result<Term<'s>, Raise> {
    let negative = |t: Term<'_>| t.as_small().is_some_and(|i| i < 0) || t.as_big().is_some_and(|v| v.negative);
    if [sum, size].into_iter().any(|t| !t.is_integer() || negative(t)) {
        return Err(Raise::Badarg);
    }
    let total = size_bits(size, unit)?.checked_add(size_bits(sum, 1)?).filter(|&n| n < MAX_BITS);
    total.map(|n| b.uint(n as u64)).ok_or(Raise::SystemLimit)
}

/// `bs_utf8_size`: bytes of a character; some number for what is none, since putting it fails.
pub fn utf8_size<'s>(t: Term<'s>) -> Term<'s> {
    Term::small(put::utf8_bytes(t) as i32)
}

/// `bs_utf16_size`: as [`utf8_size`].
pub fn utf16_size<'s>(t: Term<'s>) -> Term<'s> {
    Term::small(put::utf16_bytes(t) as i32)
}

fn badarg<T>(r: Result<T, Wrong<'_>>) -> Result<(), Raise> {
    r.map(|_| ()).map_err(|(raise, ..)| raise)
}

impl Building {
    fn room(&self, bits: Option<usize>) -> Result<usize, Raise> {
        bits.filter(|&n| self.writer.fits(n)).ok_or(Raise::Badarg)
    }
    /// `bs_put_integer`.
    pub fn put_integer(&mut self, t: Term<'_>, size: Term<'_>, unit: usize, flags: u32) -> Result<(), Raise> {
        let bits = self.room(field_size(size.raw(), unit))?;
        badarg(self.writer.put_integer(t, bits, flags))
    }
    /// `bs_put_float`.
    pub fn put_float(&mut self, t: Term<'_>, size: Term<'_>, unit: usize, flags: u32) -> Result<(), Raise> {
        let bits = self.room(field_size(size.raw(), unit))?;
        badarg(self.writer.put_float(t, bits, flags))
    }
    /// `bs_put_binary`; size `all` is the whole of `t`.
    pub fn put_binary(&mut self, t: Term<'_>, size: Term<'_>, unit: usize) -> Result<usize, Raise> {
        let all = size.is(am::ALL);
        let bits = if all { t.as_bits().map(|v| v.bits) } else { field_size(size.raw(), unit) };
        let bits = self.room(bits)?;
        badarg(if all { self.writer.put_binary_all(t, unit) } else { self.writer.put_binary(t, bits) })?;
        Ok(bits / super::BITS_PER_REDUCTION)
    }
    /// `bs_put_string`.
    pub fn put_string(&mut self, bytes: &[u8]) -> Result<(), Raise> {
        self.room(Some(bytes.len() * 8))?;
        self.writer.put_string(bytes);
        Ok(())
    }
    /// `bs_put_utf8`.
    pub fn put_utf8(&mut self, t: Term<'_>) -> Result<(), Raise> {
        self.room(Some(put::utf8_bytes(t) * 8))?;
        badarg(self.writer.put_utf8(t))
    }
    /// `bs_put_utf16`.
    pub fn put_utf16(&mut self, t: Term<'_>, flags: u32) -> Result<(), Raise> {
        self.room(Some(put::utf16_bytes(t) * 8))?;
        badarg(self.writer.put_utf16(t, flags))
    }
    /// `bs_put_utf32`.
    pub fn put_utf32(&mut self, t: Term<'_>, flags: u32) -> Result<(), Raise> {
        self.room(Some(32))?;
        badarg(self.writer.put_utf32(t, flags))
    }
}
