//! The `gc-stress` build: collect wherever a collection may happen, spoil what was left behind, check everything.
//!
//! Invariant: without the feature every function here is empty.

use crate::heap::ProcessHeap;
use crate::term::RawTerm;

/// Whether this is a `gc-stress` build.
pub const STRESS: bool = cfg!(feature = "gc-stress");

/// A header of an object so large that it lies in no block: a pointer to a word left behind is found by the next check.
pub(super) const POISON: u64 = 0xdead_dead_dead_de00;

/// Whether a collection is to happen at every point where it may.
#[inline(always)]
pub const fn must_collect() -> bool {
    STRESS
}

/// Spoils a block that is about to be freed.
#[inline(always)]
pub(super) fn poison(block: *mut RawTerm, words: usize) {
    if STRESS && !block.is_null() {
        for i in 0..words {
            // SAFETY: the block has `words` words and nobody needs them any more.
            unsafe { *block.add(i) = RawTerm::from_bits(POISON) };
        }
    }
}

/// Spoils the fragments' words, which are about to be freed.
#[inline(always)]
pub(super) fn poison_fragments(heap: &ProcessHeap) {
    if STRESS {
        let mut f = heap.arena.frags.get();
        while !f.is_null() {
            // SAFETY: the chain belongs to the heap.
            unsafe {
                poison(crate::heap::Fragment::words(f), (*f).used);
                f = (*f).next;
            }
        }
    }
}
