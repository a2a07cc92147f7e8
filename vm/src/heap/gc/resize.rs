//! Giving the young block another size: its words move as they are, and pointers into it are shifted.
//!
//! Invariant: the old block never points into the young one, so only the young block itself, fragments (of which there
//! are none right after a collection), the stack and the other roots can refer to it.

use super::roots::RootSet;
use super::stress;
use crate::heap::literal::Range;
use crate::heap::object::{self, Shape};
use crate::heap::process_heap::{alloc_words, free_words, words_between};
use crate::heap::{Fragment, off_heap, process_heap};
use crate::term::RawTerm;

/// Moves the young block and the stack to a block of `new_words` words, which both fit.
pub(super) fn resize(roots: &mut RootSet<'_>, new_words: usize) {
    let heap = roots.heap;
    let (from, used, stack) = (heap.heap.get(), heap.used(), heap.stack_size());
    debug_assert!(used + stack <= new_words);
    let to = alloc_words(new_words);
    let end = to.wrapping_add(new_words);
    let stop = end.wrapping_sub(stack);
    // SAFETY: the new block has room for both parts.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, used);
        std::ptr::copy_nonoverlapping(heap.stop.get(), stop, stack);
    }
    let shift = Shift::new(Range::between(from, from.wrapping_add(used)), to);
    // SAFETY: the words copied, and those of fragments, are complete objects; the off-heap list holds theirs alone.
    unsafe {
        shift.objects(to, to.wrapping_add(used));
        let mut fragment = heap.arena.frags.get();
        while !fragment.is_null() {
            let start = Fragment::words(fragment);
            shift.objects(start, start.add((*fragment).used));
            fragment = (*fragment).next;
        }
        shift.off_heap_list(heap);
    }
    let high = words_between(from, heap.high_water.get());
    let (old_block, old_words) = (from, heap.size());
    heap.heap.set(to);
    heap.hend.set(end);
    heap.stop.set(stop);
    heap.high_water.set(to.wrapping_add(high));
    heap.arena.htop.set(to.wrapping_add(used));
    heap.sync_limit();
    roots.each(&mut |slots| shift.slots(slots));
    stress::poison(old_block, old_words);
    free_words(old_block, old_words);
}

/// Shifts pointers into an area whose words were copied elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    area: Range,
    /// What to add to an address, modulo the size of the address space.
    by: u64,
}

impl Shift {
    /// For an area whose first word now is at `to`.
    pub(super) fn new(area: Range, to: *mut RawTerm) -> Shift {
        // The new addresses get their provenance from here.
        Shift { area, by: (to.expose_provenance() as u64).wrapping_sub(area.base as u64) }
    }
    /// The word, shifted if it is a pointer into the area.
    #[inline(always)]
    fn word(self, w: RawTerm) -> RawTerm {
        if w.is_immediate() || w.is_header() || !self.area.contains(w.any_ptr()) {
            w
        } else {
            RawTerm::from_bits(w.bits().wrapping_add(self.by))
        }
    }
    /// Shifts a run of roots.
    pub(super) fn slots(self, slots: &mut [RawTerm]) {
        for w in slots {
            *w = self.word(*w);
        }
    }
    /// Shifts the terms of the objects in `[at, end)`.
    ///
    /// # Safety
    /// The range is complete objects that only this thread uses.
    pub(super) unsafe fn objects(self, mut at: *mut RawTerm, end: *mut RawTerm) {
        while at < end {
            // SAFETY: the caller's contract; `object` tells terms from raw words.
            unsafe {
                let w = *at;
                if !w.is_header() {
                    *at = self.word(w);
                    at = at.add(1);
                    continue;
                }
                match object::shape(w.as_header()) {
                    Shape::Terms => at = at.add(1),
                    Shape::Fun => at = at.add(2),
                    Shape::View => {
                        let orig = self.word(*at.add(1));
                        if orig != *at.add(1) {
                            *at.add(1) = orig;
                            super::mover::rebase_view(at, orig);
                        }
                        at = at.add(1 + w.as_header().arity());
                    }
                    Shape::Raw => at = at.add(1 + w.as_header().arity()),
                }
            }
        }
    }
    /// Rebuilds the arena's off-heap list, whose objects were in the area or have stayed in fragments.
    ///
    /// # Safety
    /// Objects of the area were copied to their new places with their links as they were.
    unsafe fn off_heap_list(self, heap: &process_heap::ProcessHeap) {
        let moved = |obj: *mut RawTerm| -> *mut RawTerm {
            if obj.is_null() || !self.area.contains(obj) {
                return obj;
            }
            std::ptr::with_exposed_provenance_mut((obj as u64).wrapping_add(self.by) as usize)
        };
        let mut obj = moved(heap.arena.off_heap.get());
        heap.arena.off_heap.set(obj);
        while !obj.is_null() {
            // SAFETY: the caller's contract.
            unsafe {
                let next = moved(off_heap::next(obj));
                off_heap::set_next(obj, next);
                obj = next;
            }
        }
    }
}
