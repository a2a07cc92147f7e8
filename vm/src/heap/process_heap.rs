//! The heap of one process: a block with the young generation growing up and the stack growing down, and an old block.
//!
//! ```text
//! heap ........ high_water ........ htop   (free)   stop ........ hend        old_heap ... old_htop   (free)   old_hend
//! survived a GC | new since             ->       <-  stack
//! ```
//!
//! Invariants: `heap <= high_water <= htop`, `htop + RESERVE <= stop <= hend` at every safe point. Words in
//! `[heap, htop)`, `[old_heap, old_htop)` and fragments are complete objects; words in `[stop, hend)` are terms, catch
//! tags or return words. No pointer leads from the old block to the young one. All fields are cells: natives and the
//! interpreter share the structure, only one thread (the one that runs the process) ever touches it.

use std::cell::Cell;
use std::ptr::null_mut;

use super::arena::Arena;
use super::mem::{self, Category};
use super::{Fragment, RESERVE, off_heap};
use crate::term::RawTerm;

/// See the module's head.
#[repr(C)]
pub struct ProcessHeap {
    pub(crate) arena: Arena,
    /// Stack pointer (`E`): the word it points to is the newest.
    pub(crate) stop: Cell<*mut RawTerm>,
    pub(crate) heap: Cell<*mut RawTerm>,
    pub(crate) hend: Cell<*mut RawTerm>,
    pub(crate) high_water: Cell<*mut RawTerm>,
    pub(crate) old_heap: Cell<*mut RawTerm>,
    pub(crate) old_htop: Cell<*mut RawTerm>,
    pub(crate) old_hend: Cell<*mut RawTerm>,
    /// Off-heap objects in the old block.
    pub(crate) old_off_heap: Cell<*mut RawTerm>,
    /// Words of off-heap binaries referred to from the old generation.
    pub(crate) old_vheap: Cell<usize>,
    /// Collect when `arena.vheap` passes this (words).
    pub(crate) vheap_limit: Cell<usize>,
    /// A full sweep is due when `old_vheap` passes this (words).
    pub(crate) old_vheap_limit: Cell<usize>,
    /// `min_heap_size` (words).
    pub(crate) min_words: Cell<usize>,
    /// `min_bin_vheap_size` (words).
    pub(crate) min_vheap: Cell<usize>,
    /// `fullsweep_after`: minor collections between full sweeps.
    pub(crate) fullsweep_after: Cell<u32>,
    /// Minor collections since the last full sweep.
    pub(crate) minors: Cell<u32>,
    /// The next collection must be a full sweep.
    pub(crate) need_fullsweep: Cell<bool>,
    /// A collection is due whatever the heap looks like.
    pub(crate) force_collection: Cell<bool>,
    /// The last full sweep left the block nearly full: the next one takes a larger one.
    pub(crate) grow_next: Cell<bool>,
    /// Collections wait; the heap grows instead.
    pub(crate) held: Cell<bool>,
    /// `max_heap_size` in words, 0 = none.
    pub(crate) max_words: Cell<usize>,
}

/// Smallest heap, words; OTP's default `min_heap_size`.
pub const MIN_HEAP_WORDS: usize = 233;
/// Default `min_bin_vheap_size`, words.
pub const MIN_VHEAP_WORDS: usize = 46422;
/// Default `fullsweep_after`.
pub const FULLSWEEP_AFTER: u32 = 65535;

impl ProcessHeap {
    /// An empty heap of at least `min_words` words (0: the default).
    #[cfg(test)]
    pub(crate) fn new(min_words: usize) -> ProcessHeap {
        ProcessHeap::with_room(min_words, 0)
    }
    /// As [`ProcessHeap::new`], with at least `need` free words.
    pub(crate) fn with_room(min_words: usize, need: usize) -> ProcessHeap {
        let min = match min_words {
            0..=MIN_HEAP_WORDS => MIN_HEAP_WORDS,
            n => super::gc::heap_size_at_least(n),
        };
        let size = if need + RESERVE > min { super::gc::heap_size_at_least(need + RESERVE) } else { min };
        let block = alloc_words(size);
        let end = block.wrapping_add(size);
        let h = ProcessHeap {
            arena: Arena::empty(),
            stop: Cell::new(end),
            heap: Cell::new(block),
            hend: Cell::new(end),
            high_water: Cell::new(block),
            old_heap: Cell::new(null_mut()),
            old_htop: Cell::new(null_mut()),
            old_hend: Cell::new(null_mut()),
            old_off_heap: Cell::new(null_mut()),
            old_vheap: Cell::new(0),
            vheap_limit: Cell::new(MIN_VHEAP_WORDS),
            old_vheap_limit: Cell::new(MIN_VHEAP_WORDS),
            min_words: Cell::new(min),
            min_vheap: Cell::new(MIN_VHEAP_WORDS),
            fullsweep_after: Cell::new(FULLSWEEP_AFTER),
            minors: Cell::new(0),
            need_fullsweep: Cell::new(false),
            force_collection: Cell::new(false),
            grow_next: Cell::new(false),
            held: Cell::new(false),
            max_words: Cell::new(0),
        };
        h.arena.htop.set(block);
        h.sync_limit();
        h
    }
    /// Recomputes the arena's limit from the stack pointer.
    #[inline(always)]
    pub(crate) fn sync_limit(&self) {
        self.arena.limit.set(self.stop.get().wrapping_sub(RESERVE));
    }
    /// Whether collections do not wait.
    pub(crate) fn may_collect(&self) -> bool {
        !self.held.get()
    }
    /// Makes collections wait or not; whether they did not before.
    pub(crate) fn allow_collections(&self, on: bool) -> bool {
        !self.held.replace(!on)
    }
    /// Size of the young block, words.
    pub fn size(&self) -> usize {
        words_between(self.heap.get(), self.hend.get())
    }
    /// Words of the old block.
    pub fn old_size(&self) -> usize {
        words_between(self.old_heap.get(), self.old_hend.get())
    }
    /// Words of objects in the old block.
    pub fn old_used(&self) -> usize {
        words_between(self.old_heap.get(), self.old_htop.get())
    }
    /// Whether a collection is due before `need` words are built: there is no room for them and what is in fragments, or
    /// [`ProcessHeap::is_collection_asked_for`].
    #[inline]
    pub(crate) fn lacks(&self, need: usize) -> bool {
        !self.has_room(need + self.arena.frag_words.get()) || self.is_collection_asked_for()
    }
    /// Whether a collection is due however much room there is: more off-heap binaries than the virtual binary heap
    /// allows, or the process asked for one.
    #[inline(always)]
    pub(crate) fn is_collection_asked_for(&self) -> bool {
        super::gc::must_collect() || self.arena.vheap.get() > self.vheap_limit.get() || self.force_collection.get()
    }
    /// Words of live and dead objects in the young block.
    pub fn used(&self) -> usize {
        words_between(self.heap.get(), self.arena.htop.get())
    }
    /// Words of stack.
    pub fn stack_size(&self) -> usize {
        words_between(self.stop.get(), self.hend.get())
    }
    /// Whether a return word on the stack meets this.
    pub(crate) fn stack_leads_to(&self, wanted: impl Fn(usize) -> bool) -> bool {
        // SAFETY: [stop, hend) is the stack, initialised words that only the caller's thread uses.
        let words = unsafe { std::slice::from_raw_parts(self.stop.get(), self.stack_size()) };
        words.iter().any(|w| w.is_header() && wanted(w.0 as usize))
    }
    /// Whether `words` fit between heap and stack with the reserve untouched; not even none do if it is in use.
    #[inline(always)]
    pub(crate) fn has_room(&self, words: usize) -> bool {
        self.arena.htop.get().wrapping_add(words) <= self.arena.limit.get()
    }
    /// Free words between heap and stack, less the reserve.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        (self.arena.limit.get() as usize).saturating_sub(self.arena.htop.get() as usize) / 8
    }
    /// Words in fragments.
    pub fn fragment_words(&self) -> usize {
        self.arena.frag_words.get()
    }
    /// Frees everything: blocks, fragments, and what off-heap objects own. The heap is empty (no block) afterwards.
    pub(crate) fn discard(&self) {
        // SAFETY: the lists hold this heap's live off-heap objects, which die now.
        unsafe {
            off_heap::release_list(self.arena.off_heap.replace(null_mut()));
            off_heap::release_list(self.old_off_heap.replace(null_mut()));
        }
        self.free_fragments();
        free_words(self.heap.get(), self.size());
        free_words(self.old_heap.get(), self.old_size());
        for c in [&self.heap, &self.hend, &self.stop, &self.high_water, &self.arena.htop, &self.arena.limit] {
            c.set(null_mut());
        }
        for c in [&self.old_heap, &self.old_htop, &self.old_hend] {
            c.set(null_mut());
        }
        self.arena.vheap.set(0);
        self.old_vheap.set(0);
    }
    /// Frees the memory of all fragments (their off-heap objects are on the arena's list).
    pub(crate) fn free_fragments(&self) {
        let mut f = self.arena.frags.replace(null_mut());
        self.arena.frag_words.set(0);
        while !f.is_null() {
            // SAFETY: the chain belongs to this heap; nothing refers to it after a collection or at exit.
            unsafe {
                let next = (*f).next;
                Fragment::free(f);
                f = next;
            }
        }
    }
}

impl Drop for ProcessHeap {
    fn drop(&mut self) {
        self.discard();
    }
}

/// Words from `a` to `b`.
#[inline(always)]
pub(crate) fn words_between(a: *const RawTerm, b: *const RawTerm) -> usize {
    (b as usize - a as usize) / 8
}

/// A block of `n` words, not initialised.
pub(crate) fn alloc_words(n: usize) -> *mut RawTerm {
    mem::alloc(Category::Heap, n * 8).cast()
}

/// Gives back a block of [`alloc_words`]; nothing happens for null.
pub(crate) fn free_words(p: *mut RawTerm, n: usize) {
    if !p.is_null() {
        // SAFETY: callers pass the block and size that a ProcessHeap's fields hold, and forget them.
        unsafe { mem::free(Category::Heap, p.cast(), n * 8) }
    }
}
