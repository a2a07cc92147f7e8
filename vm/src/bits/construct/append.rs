//! Appending in amortised constant time.
//!
//! A `SubBits` with [`WRITABLE`] ends where the written part of its binary ends. If that binary has no other owner and
//! room enough, the new bits go behind it, the old view gives its flag to a new one, and both stay valid. Otherwise the
//! bits move to a new binary of twice the size. Invariant: at most one view of a binary carries the flag, and bits
//! below its end are never written again.

use crate::atom::am;
use crate::heap::{BinaryHandle, Builder, WRITABLE};
use crate::native::Raise;
use crate::term::{RawTerm, Subtag, Term};

use super::put::Writer;
use super::{MAX_BITS, Wrong};

/// Smallest capacity of a binary that is meant to grow.
const MIN_CAPACITY: usize = 256;
/// From here on binaries grow by a fifth instead of doubling.
const SLOW_GROWTH: usize = 1 << 24;

const ORIG: usize = 1;
const BASE: usize = 2;
const START: usize = 3;
const END: usize = 4;

/// An append behind a view that may write there.
#[derive(Clone, Copy)]
pub(super) struct InPlace<'s> {
    view: Term<'s>,
    bytes: *mut u8,
    /// Where the view ends, in bits.
    from: usize,
    /// Where it ends when the append is done.
    end: usize,
}

impl<'s> InPlace<'s> {
    /// `None` if `src` has no room for `bits` more bits, may not be written to, or its size is no multiple of `unit`.
    #[inline(always)]
    pub(super) fn new(src: Term<'s>, bits: usize, unit: usize) -> Option<InPlace<'s>> {
        if !src.boxed_header()?.is(Subtag::SubBits) || src.word(BASE) & WRITABLE == 0 || bits == 0 {
            return None;
        }
        let from = src.word(END) as usize;
        let end = from.checked_add(bits)?;
        let bin = src.writable_binary();
        // Another owner may be another process, which may read the byte that the view ends in.
        if bin.refc() != 1
            || end.div_ceil(8) > bin.capacity()
            || !crate::bits::is_multiple(from - src.word(START) as usize, unit)
        {
            return None;
        }
        let bytes = std::ptr::with_exposed_provenance_mut((src.word(BASE) & !WRITABLE) as usize);
        Some(InPlace { view: src, bytes, from, end })
    }
    #[inline(always)]
    pub(super) fn writer(&self) -> Writer {
        Writer::new(self.bytes, self.from, self.end)
    }
    /// The bitstring with all that was written: a private one is the same object, made longer.
    #[inline(always)]
    pub(super) fn finish(self, b: &Builder<'s>, private: bool) -> Term<'s> {
        let p = self.view.boxed_ptr();
        if private {
            // SAFETY: `view` is a SubBits of five words; the new end lies in its binary's capacity.
            unsafe { *p.add(END) = RawTerm::from_bits(self.end as u64) };
            return self.view;
        }
        // SAFETY: as above; the flag moves to the view made next.
        unsafe { *p.add(BASE) = RawTerm::from_bits(self.view.word(BASE) & !WRITABLE) };
        b.view(RawTerm::from_bits(self.view.word(ORIG)), self.bytes, self.view.word(START) as usize, self.end, true)
    }
}

/// An append of any kind under way.
pub(super) enum Plan<'s> {
    /// Nothing to append: the given bitstring.
    Same(Term<'s>),
    /// Behind what is there.
    InPlace(InPlace<'s>, bool),
    /// In a new binary, where the first `copied` bits are, of `bits` in the end.
    Moved { handle: BinaryHandle, copied: usize, bits: usize },
}

impl<'s> Plan<'s> {
    /// Makes room for `bits` bits behind `src`, whose size must be a multiple of `unit`, in a new binary.
    pub(super) fn new(src: Term<'s>, bits: usize, unit: usize) -> Result<Plan<'s>, Wrong<'s>> {
        let view = src.as_bits().ok_or((Raise::Badarg, am::TYPE, src))?;
        if !crate::bits::is_multiple(view.bits, unit) {
            return Err((Raise::Badarg, am::UNIT, src));
        }
        let total = view.bits.saturating_add(bits);
        if total >= MAX_BITS {
            return Err((Raise::SystemLimit, am::SIZE, src));
        }
        if bits == 0 {
            return Ok(Plan::Same(src));
        }
        let used = total.div_ceil(8);
        let capacity = (if used > SLOW_GROWTH { used + used / 5 } else { used * 2 }).max(MIN_CAPACITY);
        let handle = match view.as_bytes() {
            Some(bytes) => BinaryHandle::with_capacity(bytes, capacity),
            None => BinaryHandle::build(capacity, |out| crate::term::bits::copy_bits(view, out, 0)),
        };
        Ok(Plan::Moved { handle, copied: view.bits, bits: total })
    }
    /// As [`Plan::new`], in place if that can be.
    pub(super) fn anywhere(src: Term<'s>, bits: usize, unit: usize, private: bool) -> Result<Plan<'s>, Wrong<'s>> {
        match InPlace::new(src, bits, unit) {
            Some(p) => Ok(Plan::InPlace(p, private)),
            None => Plan::new(src, bits, unit),
        }
    }
    pub(super) fn writer(&self) -> Writer {
        match self {
            Plan::Same(_) => Writer::new(std::ptr::null_mut(), 0, 0),
            Plan::InPlace(p, _) => p.writer(),
            Plan::Moved { handle, copied, bits } => Writer::new(handle.data(), *copied, *bits),
        }
    }
    /// Bits copied to make room.
    pub(super) fn copied(&self) -> usize {
        if let Plan::Moved { copied, .. } = self { *copied } else { 0 }
    }
    /// The bitstring with all that was written.
    pub(super) fn finish(self, b: &Builder<'s>) -> Term<'s> {
        match self {
            Plan::Same(t) => t,
            Plan::InPlace(p, private) => p.finish(b, private),
            Plan::Moved { handle, bits, .. } => writable_view(b, handle, bits),
        }
    }
}

fn writable_view<'s>(b: &Builder<'s>, handle: BinaryHandle, bits: usize) -> Term<'s> {
    let data = handle.data();
    let orig = b.bin_ref(handle.into_raw());
    b.view(orig, data, 0, bits, true)
}

/// `bs_init_writable`: an empty binary with room for `size` bytes if that is a size.
pub fn init_writable<'s>(b: &Builder<'s>, size: Term<'s>) -> Term<'s> {
    let capacity = size.as_small().and_then(|n| usize::try_from(n).ok()).filter(|&n| n < MAX_BITS / 8);
    let handle = BinaryHandle::build(capacity.unwrap_or(1024), |_| {});
    writable_view(b, handle, 0)
}
