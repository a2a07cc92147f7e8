//! The `gc-stress` build: collect wherever a collection may happen (large heaps: now and then), spoil what was left
//! behind, check everything.
//!
//! Invariant: without the feature every function here is empty.

use std::cell::Cell;

use crate::heap::ProcessHeap;
use crate::term::RawTerm;

/// Whether this is a `gc-stress` build.
pub const STRESS: bool = cfg!(feature = "gc-stress");

/// A header of an object so large that it lies in no block: a pointer to a word left behind is found by the next check.
pub(super) const POISON: u64 = 0xdead_dead_dead_de00;

/// Heaps up to this many words are collected at every point.
const EVERY_TIME: usize = 400;

thread_local! {
    /// Points passed at which a collection might happen.
    static POINTS: Cell<usize> = const { Cell::new(0) };
}

/// Whether a collection is to happen at every point where it may.
#[inline(always)]
pub const fn must_collect() -> bool {
    STRESS
}

/// Whether a collection that only this build asks for is left out: a heap with its stack of `n` times [`EVERY_TIME`] words is collected
/// every `n * n`th time, so that programs with large heaps still end.
#[inline(always)]
pub(super) fn may_skip(heap: &ProcessHeap, need: usize) -> bool {
    if !STRESS || heap.force_collection.get() || heap.need_fullsweep.get() {
        return false;
    }
    let a = &heap.arena;
    if !heap.has_room(need + a.frag_words.get()) || a.vheap.get() > heap.vheap_limit.get() {
        return false;
    }
    let stack = (heap.hend.get() as usize - heap.stop.get() as usize) / 8;
    POINTS.set(POINTS.get().wrapping_add(1));
    let n = (heap.used() + heap.old_used() + stack) / EVERY_TIME;
    !POINTS.get().is_multiple_of(1 + n * n)
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
