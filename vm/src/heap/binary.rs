//! Off-heap objects: reference-counted binaries and the state behind magic references.
//!
//! Invariants: a `BinRef` (or magic `Ref`) object on a heap owns one count and hangs on that heap's off-heap list;
//! the collector releases the counts of objects that died. A binary's bytes never move while it lives. Bytes below
//! the end of any view are never written again; the spare bytes behind are written only by the process whose view
//! carries [`WRITABLE`] and only while the count is one.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::mem::{self, Category};
use crate::sync::last_reference;

/// Low bit of a `SubBits` base word: this view ends where the binary's spare capacity begins, and may be appended to.
pub(crate) const WRITABLE: u64 = 1;

/// Largest number of bytes that a binary built on a heap holds in place; longer ones are off-heap.
pub const MAX_HEAP_BINARY: usize = 64;

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
        let bytes =
            size_of::<Binary>().checked_add(capacity).unwrap_or_else(|| mem::exhausted(Category::Binary, capacity));
        let p: *mut Binary = alloc(Category::Binary, bytes).cast();
        // SAFETY: the block has room for the header.
        unsafe { p.write(Binary { refc: AtomicUsize::new(1), capacity }) };
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
            unsafe { mem::free(Category::Binary, this.cast(), size_of::<Binary>() + (*this).capacity) }
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

/// Rust state owned by magic references: term-free, shared, dropped with the last reference.
pub struct Magic {
    refc: AtomicUsize,
    state: Box<dyn Any + Send + Sync>,
}

impl Magic {
    pub(crate) fn new(state: Box<dyn Any + Send + Sync>) -> *mut Magic {
        Box::into_raw(Box::new(Magic { refc: AtomicUsize::new(1), state }))
    }
    /// Number of references.
    pub fn refc(&self) -> usize {
        self.refc.load(Ordering::Acquire)
    }
    /// The state, if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.state.downcast_ref()
    }
    pub(crate) fn retain(&self) {
        self.refc.fetch_add(1, Ordering::Relaxed);
    }
    /// Gives up one reference; the last drops the state.
    ///
    /// # Safety
    /// The caller owns the reference it gives up.
    pub(crate) unsafe fn release(this: *mut Magic) {
        // SAFETY: the caller's reference keeps it alive up to the decrement, and the last one keeps it beyond.
        let count = unsafe { &(*this).refc };
        if count.fetch_sub(1, Ordering::Release) == 1 {
            last_reference(count);
            // SAFETY: that was the last reference, and the box came from `new`.
            drop(unsafe { Box::from_raw(this) })
        }
    }
}
