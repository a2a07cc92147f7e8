//! Match contexts and what the matching instructions do with them.
//!
//! A context is `[hdr][orig][base][start][end]`, positions in bits from `base`. Invariant: `start <= end`, and the bits
//! up to `end` stay readable as long as `orig` is alive; the collector rewrites `base` when it moves a `HeapBits`. `base`
//! carries no [`crate::heap::WRITABLE`] flag. A function that answers `None` or `false` has left the position alone,
//! and none of them writes to what programs can see.

use crate::heap::{Builder, WRITABLE};
use crate::term::bits::{Endian, f16_to_f64, from_little_order, get_u64, read_limbs, sign_extend};
use crate::term::{BitsView, Header, RawTerm, SMALL_MAX, Subtag, Term};

use super::{BSF_SIGNED, endian, is_multiple};

const ORIG: usize = 1;
const BASE: usize = 2;
const START: usize = 3;
const END: usize = 4;

/// Words of a match context.
pub const MATCH_CTX_WORDS: usize = 5;
/// Words that [`MatchCtx::get_binary`] and [`MatchCtx::get_tail`] need at most.
pub const EXTRACT_WORDS: usize = crate::heap::MAX_HEAP_BINARY / 8 + 2;

const HEADER: Header = Header::new(Subtag::MatchCtx, MATCH_CTX_WORDS - 1);

/// A term that is known to be a match context.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct MatchCtx<'s>(Term<'s>);

/// `bs_start_match3/4`: the context to match `t` with. A context is used again as it is; a bitstring gets a new one
/// at its beginning; `None` for any other term.
#[inline]
pub fn start_match<'s>(b: &Builder<'s>, t: Term<'s>) -> Option<MatchCtx<'s>> {
    let h = t.boxed_header()?;
    match h.subtag() {
        Subtag::MatchCtx => Some(MatchCtx(t)),
        Subtag::SubBits => {
            Some(MatchCtx(b.boxed(HEADER, &[t.word(ORIG), t.word(BASE) & !WRITABLE, t.word(START), t.word(END)])))
        }
        Subtag::HeapBits => {
            let data = t.boxed_ptr().wrapping_add(2).expose_provenance() as u64;
            Some(MatchCtx(b.boxed(HEADER, &[t.raw().bits(), data, 0, t.word(1)])))
        }
        _ => None,
    }
}

impl<'s> MatchCtx<'s> {
    /// `t` as a context, if it is one.
    #[inline(always)]
    pub fn of(t: Term<'s>) -> Option<MatchCtx<'s>> {
        (t.boxed_header()? == HEADER).then_some(MatchCtx(t))
    }
    /// `t` as a context, not tested.
    ///
    /// # Safety
    /// `t` is a match context: the loader's checker has followed it from its `bs_start_match`.
    #[inline(always)]
    pub unsafe fn assume(t: Term<'s>) -> MatchCtx<'s> {
        debug_assert!(t.boxed_header() == Some(HEADER));
        MatchCtx(t)
    }
    /// The term.
    #[inline(always)]
    pub fn term(self) -> Term<'s> {
        self.0
    }
    /// What positions count from.
    #[inline(always)]
    pub(crate) fn base(self) -> *const u8 {
        std::ptr::with_exposed_provenance(self.0.word(BASE) as usize)
    }
    /// Current position, in bits.
    #[inline(always)]
    pub fn pos(self) -> usize {
        self.0.word(START) as usize
    }
    /// End, in bits.
    #[inline(always)]
    pub fn end(self) -> usize {
        self.0.word(END) as usize
    }
    /// Bits not yet matched.
    #[inline(always)]
    pub fn remaining(self) -> usize {
        self.end() - self.pos()
    }
    /// Goes `bits` bits on; the caller has seen that [`Self::remaining`] is no less.
    #[inline(always)]
    pub(crate) fn advance(self, bits: usize) {
        debug_assert!(bits <= self.remaining());
        self.move_to(self.pos() + bits);
    }
    #[inline(always)]
    fn move_to(self, pos: usize) {
        // SAFETY: a context has five words, and nobody holds a reference into it; pos <= end by the callers' tests.
        unsafe { *self.0.boxed_ptr().add(START) = RawTerm::from_bits(pos as u64) };
    }
    /// `bs_get_position`.
    #[inline(always)]
    pub fn position(self) -> Term<'s> {
        // A position in bits of something that fits memory fits a small.
        Term::from_raw(RawTerm::small(self.pos() as i64))
    }
    /// `bs_set_position`; a position that is none (no small, or behind the end) is not taken.
    #[inline(always)]
    pub fn set_position(self, position: Term<'s>) {
        let pos = position.small_value() as usize;
        if position.is_small() && pos <= self.end() {
            self.move_to(pos);
        }
    }
    /// The bits not yet matched.
    #[inline]
    pub fn rest(self) -> BitsView<'s> {
        // SAFETY: the context's invariant.
        unsafe { BitsView::new(self.base(), self.pos(), self.remaining()) }
    }

    /// The next `bits <= 64` bits as a big-endian number, the position left alone; at least so many must remain.
    #[inline(always)]
    pub(crate) fn peek(self, bits: usize) -> u64 {
        debug_assert!(bits <= self.remaining());
        // SAFETY: the context's invariant, and as many bits remain.
        unsafe { get_u64(self.base(), self.pos(), bits) }
    }
    /// The byte at the position, if it is on a byte boundary and a whole byte remains.
    #[inline(always)]
    pub(crate) fn peek_aligned_byte(self) -> Option<u8> {
        let pos = self.pos();
        // SAFETY: the context's invariant; eight bits remain.
        (pos.is_multiple_of(8) && self.end() - pos >= 8).then(|| unsafe { *self.base().add(pos / 8) })
    }
    /// Passes `bits` bits; `false` if fewer remain.
    #[inline(always)]
    pub fn skip(self, bits: usize) -> bool {
        let ok = bits <= self.remaining();
        if ok {
            self.advance(bits);
        }
        ok
    }
    /// `ensure_at_least`: whether `bits` bits remain, and what is behind them is a multiple of `unit`.
    #[inline(always)]
    pub fn ensure_at_least(self, bits: usize, unit: usize) -> bool {
        let n = self.remaining();
        n >= bits && is_multiple(n - bits, unit)
    }
    /// `ensure_exactly`, and `bs_test_tail2`: whether exactly `bits` bits remain.
    #[inline(always)]
    pub fn ensure_exactly(self, bits: usize) -> bool {
        self.remaining() == bits
    }
    /// `bs_test_unit`: whether what remains is a multiple of `unit`.
    #[inline(always)]
    pub fn test_unit(self, unit: usize) -> bool {
        is_multiple(self.remaining(), unit)
    }
    /// `bs_match_string` and the `=:=` of `bs_match`: passes the bits if they are the first `bits` bits of `want`.
    #[inline]
    pub fn match_string(self, want: &[u8], bits: usize) -> bool {
        let Some(want) = BitsView::of_bytes(want).slice(0, bits) else { return false };
        if bits > self.remaining() {
            return false;
        }
        // SAFETY: the context's invariant; as many bits remain.
        let have = unsafe { BitsView::new(self.base(), self.pos(), bits) };
        let same = crate::term::bits::equal(have, want);
        if same {
            self.advance(bits);
        }
        same
    }

    /// An integer of `bits` bits.
    #[inline]
    pub fn get_integer(self, b: &Builder<'s>, bits: usize, flags: u32) -> Option<Term<'s>> {
        if bits > self.remaining() {
            return None;
        }
        if bits > 64 {
            return self.get_long_integer(b, bits, flags);
        }
        let t = integer_of(b, self.peek(bits), bits, flags);
        self.advance(bits);
        Some(t)
    }
    #[cold]
    #[inline(never)]
    fn get_long_integer(self, b: &Builder<'s>, bits: usize, flags: u32) -> Option<Term<'s>> {
        // SAFETY: the context's invariant; as many bits remain.
        let view = unsafe { BitsView::new(self.base(), self.pos(), bits) };
        let t = long_integer(b, view, endian(flags), flags & BSF_SIGNED != 0)?;
        self.advance(bits);
        Some(t)
    }
    /// A float of 16, 32 or 64 bits (or none: 0.0); other sizes, infinities and NaN do not match.
    pub fn get_float(self, b: &Builder<'s>, bits: usize, flags: u32) -> Option<Term<'s>> {
        if bits > self.remaining() {
            return None;
        }
        let f = match bits {
            0 => return Some(b.float(0.0)),
            16 | 32 | 64 => {
                let raw = self.peek(bits);
                let raw = if endian(flags) == Endian::Little { from_little_order(raw, bits) } else { raw };
                match bits {
                    16 => f16_to_f64(raw as u16),
                    32 => f64::from(f32::from_bits(raw as u32)),
                    _ => f64::from_bits(raw),
                }
            }
            _ => return None,
        };
        if !f.is_finite() {
            return None;
        }
        self.advance(bits);
        Some(b.float(f))
    }
    /// A bitstring of `bits` bits.
    #[inline]
    pub fn get_binary(self, b: &Builder<'s>, bits: usize) -> Option<Term<'s>> {
        if bits > self.remaining() {
            return None;
        }
        let t = self.extract(b, self.pos(), bits);
        self.advance(bits);
        Some(t)
    }
    /// All that remains, if it is a multiple of `unit` (`bs_get_binary2` with size `all`); the context is then at its end.
    #[inline]
    pub fn get_binary_all(self, b: &Builder<'s>, unit: usize) -> Option<Term<'s>> {
        if !self.test_unit(unit) {
            return None;
        }
        self.get_binary(b, self.remaining())
    }
    /// `bs_get_tail`: all that remains; the position stays.
    #[inline]
    pub fn get_tail(self, b: &Builder<'s>) -> Term<'s> {
        self.extract(b, self.pos(), self.remaining())
    }
    #[inline]
    fn extract(self, b: &Builder<'s>, from: usize, bits: usize) -> Term<'s> {
        // SAFETY: the context's invariant, and its orig is what keeps base alive.
        unsafe { b.extract_bits(RawTerm::from_bits(self.0.word(ORIG)), self.base(), from, bits) }
    }

    /// One UTF-8 encoded character.
    #[inline]
    pub fn get_utf8(self) -> Option<u32> {
        match self.peek_aligned_byte() {
            Some(c @ ..0x80) => {
                self.advance(8);
                Some(u32::from(c))
            }
            _ => self.get_long_utf8(),
        }
    }
    #[inline(never)]
    fn get_long_utf8(self) -> Option<u32> {
        let have = self.remaining().min(32) / 8;
        if have == 0 {
            return None;
        }
        let bytes = ((self.peek(have * 8) as u32) << (32 - have * 8)).to_be_bytes();
        let (c, n) = decode_utf8(&bytes[..have])?;
        self.advance(n * 8);
        Some(c)
    }
    /// One UTF-16 encoded character.
    pub fn get_utf16(self, flags: u32) -> Option<u32> {
        let unit = |at: usize| {
            if self.remaining() < at + 16 {
                return None;
            }
            let two = self.peek(at + 16) as u16;
            Some(u32::from(if endian(flags) == Endian::Little { two.swap_bytes() } else { two }))
        };
        let first = unit(0)?;
        let (c, bits) = match first {
            0xd800..0xdc00 => match unit(16)? {
                second @ 0xdc00..0xe000 => ((first & 0x3ff) << 10 | second & 0x3ff, 32),
                _ => return None,
            },
            0xdc00..0xe000 => return None,
            c => (c, 16),
        };
        self.advance(bits);
        Some(if bits == 32 { c + 0x1_0000 } else { c })
    }
    /// One UTF-32 encoded character.
    pub fn get_utf32(self, flags: u32) -> Option<u32> {
        if self.remaining() < 32 {
            return None;
        }
        let c = self.peek(32) as u32;
        let c = if endian(flags) == Endian::Little { c.swap_bytes() } else { c };
        char::from_u32(c)?;
        self.advance(32);
        Some(c)
    }
}

/// The integer of a field of `bits <= 64` bits from its big-endian reading.
#[inline(always)]
pub fn integer_of<'s>(b: &Builder<'s>, raw: u64, bits: usize, flags: u32) -> Term<'s> {
    let v = if endian(flags) == Endian::Little { from_little_order(raw, bits) } else { raw };
    if flags & BSF_SIGNED != 0 {
        b.int(sign_extend(v, bits))
    } else if v <= SMALL_MAX as u64 {
        Term::from_raw(RawTerm::small(v as i64))
    } else {
        b.uint(v)
    }
}

/// An integer of any size; `None` if it is too large to exist.
pub fn long_integer<'s>(b: &Builder<'s>, view: BitsView<'_>, endian: Endian, signed: bool) -> Option<Term<'s>> {
    let mut limbs = read_limbs(view, endian);
    let top_bits = view.bits - (limbs.len().max(1) - 1) * 64;
    let negative = signed && limbs.last().is_some_and(|l| l >> (top_bits - 1) & 1 == 1);
    if negative {
        if let Some(last) = limbs.last_mut() {
            *last = sign_extend(*last, top_bits) as u64;
        }
        let mut carry = true;
        for l in &mut limbs {
            (*l, carry) = (!*l).overflowing_add(u64::from(carry));
        }
    }
    let used = limbs.iter().rposition(|&l| l != 0).map_or(0, |i| i + 1);
    (used <= crate::arith::max_limbs()).then(|| b.big_limbs(negative, &limbs[..used]))
}

/// The first character of UTF-8 text and its length; `None` if it is cut off, overlong, a surrogate or too large.
pub fn decode_utf8(bytes: &[u8]) -> Option<(u32, usize)> {
    let &first = bytes.first()?;
    let (n, low) = match first {
        0..0x80 => return Some((u32::from(first), 1)),
        0xc2..0xe0 => (2, 0x80),
        0xe0..0xf0 => (3, 0x800),
        0xf0..0xf5 => (4, 0x1_0000),
        _ => return None,
    };
    let mut c = u32::from(first) & (0x7f >> n);
    for &next in bytes.get(1..n)? {
        if next & 0xc0 != 0x80 {
            return None;
        }
        c = c << 6 | u32::from(next & 0x3f);
    }
    (c >= low && char::from_u32(c).is_some()).then_some((c, n))
}
