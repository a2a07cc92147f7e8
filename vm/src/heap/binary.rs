//! Off-heap objects: reference-counted binaries.
//!
//! Invariants: a `BinRef` object on a heap owns one count and hangs on that heap's off-heap list;
//! the collector releases the counts of objects that died. A binary's bytes never move while it lives. Bytes below
//! the end of any view are never written again; the spare bytes behind are written only by the process whose view
//! carries [`WRITABLE`] and only while the count is one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::mem::{self, Category};
use crate::sync::last_reference;

/// Low bit of a `SubBits` base word: this view ends where the binary's spare capacity begins, and may be appended to.
pub(crate) const WRITABLE: u64 = 1;

/// Largest number of bytes that a binary built on a heap holds in place; longer ones are off-heap.
pub const MAX_HEAP_BINARY: usize = 64;

/// Binaries of this capacity remember which of their bytes are known to be UTF-8, in a word behind the bytes.
const REMEMBERS: usize = 1024;

/// Bytes of memory that a binary takes; `None`: more than there are.
fn block_bytes(capacity: usize) -> Option<usize> {
    let bytes = if capacity < REMEMBERS { capacity } else { capacity.checked_next_multiple_of(8)?.checked_add(8)? };
    bytes.checked_add(size_of::<Binary>())
}

/// A reference-counted binary; the bytes follow the header.
#[repr(C, align(16))]
pub struct Binary {
    refc: AtomicUsize,
    capacity: usize,
}

impl Binary {
    /// A new binary of `capacity` bytes with count one; the bytes are zero.
    pub(crate) fn new(capacity: usize) -> *mut Binary {
        Self::allocate(capacity, mem::alloc_zeroed)
    }
    /// A new binary of `capacity` bytes that begins with `bytes`, zeros behind them.
    pub(crate) fn with_bytes(bytes: &[u8], capacity: usize) -> *mut Binary {
        let capacity = capacity.max(bytes.len());
        let p = Self::allocate(capacity, mem::alloc);
        let data = Self::data(p);
        // SAFETY: the block has `capacity` bytes behind its header, which is no less than `bytes`.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
            data.add(bytes.len()).write_bytes(0, capacity - bytes.len());
        }
        p
    }
    fn allocate(capacity: usize, alloc: fn(Category, usize) -> *mut u8) -> *mut Binary {
        let bytes = block_bytes(capacity).unwrap_or_else(|| mem::exhausted(Category::Binary, capacity));
        let p: *mut Binary = alloc(Category::Binary, bytes).cast();
        // SAFETY: the block has room for the header, and for the word behind the bytes if there is one.
        unsafe {
            p.write(Binary { refc: AtomicUsize::new(1), capacity });
            if let Some(known) = Self::known_utf8(p) {
                known.write(AtomicU64::new(0));
            }
        }
        p
    }
    /// Bytes of capacity.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
    /// Number of references.
    pub fn refc(&self) -> usize {
        // Acquire pairs with the Release in `release`: who sees the count fall to one sees all reads of others done.
        self.refc.load(Ordering::Acquire)
    }
    /// Address of the bytes.
    pub(crate) fn data(this: *const Binary) -> *mut u8 {
        // The bytes follow the header in the same block.
        this.wrapping_add(1).cast::<u8>().cast_mut()
    }
    /// Address of the word that says which bytes are known to be UTF-8: from and to, in 32 bits each.
    fn known_utf8(this: *mut Binary) -> Option<*mut AtomicU64> {
        // SAFETY: the callers have a live binary.
        let capacity = unsafe { (*this).capacity };
        (capacity >= REMEMBERS).then(|| Self::data(this).wrapping_add(capacity.next_multiple_of(8)).cast())
    }
    /// Bytes of this binary as a text, if they are UTF-8. What a large binary has been asked before costs nothing.
    pub(crate) fn utf8<'s>(&self, bytes: &'s [u8]) -> Option<&'s str> {
        let is_start = |byte: u8| byte & 0xc0 != 0x80;
        let this: *mut Binary = std::ptr::with_exposed_provenance_mut(std::ptr::from_ref(self).addr());
        let check = || std::str::from_utf8(bytes).ok();
        // SAFETY: the word lives as long as the binary, and was written when that was made.
        let Some(known) = Self::known_utf8(this).map(|p| unsafe { &*p }) else { return check() };
        let from = bytes.as_ptr().addr() - Self::data(this).addr();
        let to = from + bytes.len();
        // Relaxed: what a view shows is never written again, so the bytes are what they were when they were checked.
        let range = known.load(Ordering::Relaxed);
        let (start, end) = ((range >> 32) as usize, range as u32 as usize);
        if start <= from && to <= end {
            // SAFETY: `to` lies below the end of a range of the binary's bytes.
            let ends = to == end || is_start(unsafe { *Self::data(this).add(to) });
            let whole = ends && bytes.first().is_none_or(|&b| is_start(b));
            // SAFETY: the bytes are part of a text and end where characters do.
            return whole.then(|| unsafe { std::str::from_utf8_unchecked(bytes) });
        }
        let text = check()?;
        if u32::try_from(to).is_ok() {
            known.store((from as u64) << 32 | to as u64, Ordering::Relaxed);
        }
        Some(text)
    }
    /// Takes one more reference.
    pub(crate) fn retain(&self) {
        self.refc.fetch_add(1, Ordering::Relaxed);
    }
    /// Gives up one reference; the last frees the binary.
    ///
    /// # Safety
    /// The caller owns the reference it gives up.
    pub(crate) unsafe fn release(this: *mut Binary) {
        // SAFETY: the caller's reference keeps it alive up to the decrement, and the last one keeps it beyond.
        let count = unsafe { &(*this).refc };
        if count.fetch_sub(1, Ordering::Release) == 1 {
            last_reference(count);
            // SAFETY: that was the last reference.
            unsafe { mem::free(Category::Binary, this.cast(), block_bytes((*this).capacity).unwrap_or_default()) }
        }
    }
}

/// A handle that owns one reference of a [`Binary`] outside of any heap (I/O queues, tables).
pub struct BinaryHandle(*mut Binary);

// SAFETY: the count is atomic and the bytes that a handle shows are never written again.
unsafe impl Send for BinaryHandle {}
// SAFETY: as above.
unsafe impl Sync for BinaryHandle {}

impl BinaryHandle {
    /// One more reference of `b`.
    pub fn of(b: &Binary) -> BinaryHandle {
        b.retain();
        BinaryHandle(std::ptr::from_ref(b).cast_mut())
    }
    /// A new binary with these bytes.
    pub fn new(bytes: &[u8]) -> BinaryHandle {
        Self::with_capacity(bytes, bytes.len())
    }
    /// A new binary of `capacity` bytes that begins with these, zeros behind them.
    pub fn with_capacity(bytes: &[u8], capacity: usize) -> BinaryHandle {
        BinaryHandle(Binary::with_bytes(bytes, capacity))
    }
    /// A new binary of `len` bytes filled by `fill`, which is given zeros.
    pub fn build(len: usize, fill: impl FnOnce(&mut [u8])) -> BinaryHandle {
        let h = BinaryHandle(Binary::new(len));
        // SAFETY: the binary is new, nobody else has it; it has `len` bytes.
        fill(unsafe { std::slice::from_raw_parts_mut(Binary::data(h.0), len) });
        h
    }
    /// All bytes, up to the capacity.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the handle's reference keeps the bytes alive.
        unsafe { std::slice::from_raw_parts(Binary::data(self.0), (*self.0).capacity) }
    }
    /// Address of the bytes; who writes there must know that nobody reads.
    pub(crate) fn data(&self) -> *mut u8 {
        Binary::data(self.0)
    }
    /// Gives the reference away to a heap object.
    pub(crate) fn into_raw(self) -> *mut Binary {
        let p = self.0;
        std::mem::forget(self);
        p
    }
}

impl Clone for BinaryHandle {
    fn clone(&self) -> Self {
        // SAFETY: our own reference keeps it alive.
        BinaryHandle::of(unsafe { &*self.0 })
    }
}

impl Drop for BinaryHandle {
    fn drop(&mut self) {
        // SAFETY: the handle owns one reference.
        unsafe { Binary::release(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;

    #[test]
    fn texts_are_remembered_by_large_binaries() {
        for repeat in [1, 100, 1000] {
            let mut text = "añ€\u{1f600}".repeat(repeat).into_bytes();
            let good = text.len();
            text.push(0xff);
            let whole = BinaryHandle::new(&text);
            let part = |from: usize, to: usize| {
                let expected = std::str::from_utf8(&text[from..to]).ok();
                Detached::build(|b| b.refc_bits(&whole, from * 8, (to - from) * 8))
                    .with(|t| assert_eq!(t.as_utf8(), expected, "{from} to {to} of {repeat}"));
            };
            for _ in 0..2 {
                part(0, good + 1);
                part(0, good);
                (0..=10).for_each(|from| (good - 10..=good + 1).for_each(|to| part(from.min(to), to)));
                part(3, 3);
                part(good, good + 1);
            }
        }
    }
}
