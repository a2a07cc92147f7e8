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

const BASE: usize = 2;
const END: usize = 4;

/// An append under way: the writer, and what becomes of it.
pub(super) struct Plan<'s> {
    pub(super) writer: Writer,
    /// Bits copied to make room.
    pub(super) copied: usize,
    result: Result<'s>,
}

enum Result<'s> {
    /// Nothing to append: the given bitstring.
    Same(Term<'s>),
    /// Written behind this view, which ends at `end` then.
    InPlace { view: Term<'s>, end: usize, private: bool },
    /// Written to a new binary of which the result has `bits` bits.
    Moved { handle: BinaryHandle, bits: usize },
}

impl<'s> Plan<'s> {
    /// Makes room for `bits` bits behind `src`, whose size must be a multiple of `unit`.
    pub(super) fn new(
        src: Term<'s>,
        bits: usize,
        unit: usize,
        private: bool,
    ) -> std::result::Result<Plan<'s>, Wrong<'s>> {
        let view = src.as_bits().ok_or((Raise::Badarg, am::TYPE, src))?;
        if !crate::bits::is_multiple(view.bits, unit) {
            return Err((Raise::Badarg, am::UNIT, src));
        }
        let total = view.bits + bits;
        if total >= MAX_BITS {
            return Err((Raise::SystemLimit, am::SIZE, src));
        }
        if bits == 0 {
            let writer = Writer::new(std::ptr::null_mut(), 0, 0);
            return Ok(Plan { writer, copied: 0, result: Result::Same(src) });
        }
        if let Some(data) = writable_data(src) {
            let from = view.start + view.bits;
            let end = from + bits;
            if end.div_ceil(8) <= data.capacity {
                let writer = Writer::new(data.bytes, from, end);
                return Ok(Plan { writer, copied: 0, result: Result::InPlace { view: src, end, private } });
            }
        }
        let used = total.div_ceil(8);
        let capacity = (if used > SLOW_GROWTH { used + used / 5 } else { used * 2 }).max(MIN_CAPACITY);
        let handle = match view.as_bytes() {
            Some(bytes) => BinaryHandle::with_capacity(bytes, capacity),
            None => BinaryHandle::build(capacity, |out| crate::term::bits::copy_bits(view, out, 0)),
        };
        let writer = Writer::new(handle.data(), view.bits, total);
        Ok(Plan { writer, copied: view.bits, result: Result::Moved { handle, bits: total } })
    }

    /// The bitstring with all that was written.
    pub(super) fn finish(self, b: &Builder<'s>) -> Term<'s> {
        match self.result {
            Result::Same(t) => t,
            Result::Moved { handle, bits } => writable_view(b, handle, bits),
            Result::InPlace { view, end, private: true } => {
                // SAFETY: `view` is a SubBits of five words; the new end lies in its binary's capacity.
                unsafe { *view.boxed_ptr().add(END) = RawTerm::from_bits(end as u64) };
                view
            }
            Result::InPlace { view, end, private: false } => {
                let base = view.word(BASE);
                // SAFETY: as above; the flag moves to the view made next.
                unsafe { *view.boxed_ptr().add(BASE) = RawTerm::from_bits(base & !WRITABLE) };
                let data = std::ptr::with_exposed_provenance((base & !WRITABLE) as usize);
                b.view(RawTerm::from_bits(view.word(1)), data, view.word(3) as usize, end, true)
            }
        }
    }
}

struct Data {
    bytes: *mut u8,
    capacity: usize,
}

/// The binary behind a view that may be extended in place now.
fn writable_data(t: Term<'_>) -> Option<Data> {
    if !t.boxed_header()?.is(Subtag::SubBits) || t.word(BASE) & WRITABLE == 0 {
        return None;
    }
    let bin = t.off_heap_binary()?;
    // Another owner may be another process, which may read the byte that the view ends in.
    (bin.refc() == 1).then(|| Data {
        bytes: std::ptr::with_exposed_provenance_mut((t.word(BASE) & !WRITABLE) as usize),
        capacity: bin.capacity(),
    })
}

fn writable_view<'s>(b: &Builder<'s>, handle: BinaryHandle, bits: usize) -> Term<'s> {
    let data = handle.data();
    let orig = b.bin_ref(handle.into_raw());
    b.view(orig, data, 0, bits, true)
}

/// `bs_init_writable`: an empty binary with room for `size` bytes if that is a size.
pub fn init_writable<'s>(b: &Builder<'s>, size: Term<'s>) -> Term<'s> {
    let capacity = size.as_small().and_then(|n| usize::try_from(n).ok()).filter(|&n| n < MAX_BITS / 8);
    let handle = BinaryHandle::build(capacity.unwrap_or(1024).max(MIN_CAPACITY), |_| {});
    writable_view(b, handle, 0)
}
