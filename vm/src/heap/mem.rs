//! Where the VM's memory comes from: one interface with category counters, and one way to run out.
//!
//! Invariant: every block taken with [`alloc`] is given back with [`free`] under the same category and size, so the
//! counters that `erlang:memory/0` reports are exact. Exhaustion stops the VM with OTP's message: no caller sees null.

use std::alloc::Layout;

use crate::sync::tally;

/// What memory is used for, as `erlang:memory/0` and the allocators' names tell it apart.
#[repr(usize)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    /// Process heaps and stacks (`eheap_alloc`).
    Heap,
    /// Heap fragments and messages.
    Fragment,
    /// Off-heap binaries (`binary_alloc`).
    Binary,
    /// Literals and persistent terms.
    Literal,
    /// Loaded code.
    Code,
    /// ETS tables.
    Ets,
    /// Everything else.
    System,
}

/// Categories come first among the tallied counts.
pub(crate) const CATEGORIES: usize = 7;
const NAMES: [&str; CATEGORIES] =
    ["eheap_alloc", "std_alloc", "binary_alloc", "literal_alloc", "driver_alloc", "ets_alloc", "sys_alloc"];

/// Of a whole number of sixteens: the allocator has no short way to a block that is aligned but of no such size.
fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.next_multiple_of(16), 16).unwrap_or_else(|_| exhausted(Category::System, bytes))
}

/// Takes `bytes` bytes, 16-byte aligned, not initialised.
pub(crate) fn alloc(category: Category, bytes: usize) -> *mut u8 {
    // SAFETY: the layout has a size above zero (callers ask for at least one word).
    let p = unsafe { std::alloc::alloc(layout(bytes.max(16))) };
    if p.is_null() {
        exhausted(category, bytes);
    }
    note(category, bytes as isize);
    p
}

/// As [`alloc`], all zero.
pub(crate) fn alloc_zeroed(category: Category, bytes: usize) -> *mut u8 {
    // SAFETY: as in `alloc`.
    let p = unsafe { std::alloc::alloc_zeroed(layout(bytes.max(16))) };
    if p.is_null() {
        exhausted(category, bytes);
    }
    note(category, bytes as isize);
    p
}

/// Gives back a block.
///
/// # Safety
/// `p` came from [`alloc`] with the same category and size and is not used any more.
pub(crate) unsafe fn free(category: Category, p: *mut u8, bytes: usize) {
    note(category, -(bytes as isize));
    // SAFETY: the caller's contract.
    unsafe { std::alloc::dealloc(p, layout(bytes.max(16))) }
}

/// Accounts for memory that was taken elsewhere (tables, code), or given back.
pub fn note(category: Category, bytes: isize) {
    tally::add(category as usize, bytes as usize);
}

/// Bytes in use of a category.
pub fn used(category: Category) -> usize {
    tally::sum(category as usize)
}

/// Stops the VM as OTP does when memory is exhausted.
#[cold]
pub(crate) fn exhausted(category: Category, bytes: usize) -> ! {
    eprintln!("{}: Cannot allocate {bytes} bytes of memory (of type \"{category:?}\").", NAMES[category as usize]);
    std::process::abort()
}
