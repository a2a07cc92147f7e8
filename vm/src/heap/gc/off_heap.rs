//! After objects were moved: off-heap objects that died give up what they own, promoted ones change lists.
//!
//! Invariants: before, the arena's list holds the off-heap objects of the young block and the fragments, the old list
//! those of the old block; from-space still holds forwarding pointers. Afterwards each live object is on the list of
//! the block it lies in, in the order of before (`process_info` shows it), and `vheap` and `old_vheap` are the sums over
//! the lists.

use crate::heap::literal::Range;
use crate::heap::{ProcessHeap, off_heap};
use crate::term::RawTerm;

use super::sizes::next_vheap_limit;

/// After a minor collection; `old` is the old block.
///
/// # Safety
/// All live objects were moved and from-space is still there.
pub(super) unsafe fn sweep_minor(heap: &ProcessHeap, old: Range) {
    let mut obj = heap.arena.off_heap.replace(std::ptr::null_mut());
    let mut young = List::new();
    let mut promoted = List::new();
    while !obj.is_null() {
        // SAFETY: the caller's contract: `obj` is an object in from-space, dead or moved.
        unsafe {
            let (next, moved) = visit(obj);
            if let Some(to) = moved {
                let list = if old.contains(to) { &mut promoted } else { &mut young };
                list.push(to);
            }
            obj = next;
        }
    }
    heap.old_vheap.set(heap.old_vheap.get() + promoted.words);
    // SAFETY: the old list holds other objects, all alive.
    heap.old_off_heap.set(unsafe { promoted.before(heap.old_off_heap.get()) });
    set_young(heap, &young);
}

/// After a full sweep: both lists become one.
///
/// # Safety
/// As [`sweep_minor`].
pub(super) unsafe fn sweep_major(heap: &ProcessHeap) {
    let mut young = List::new();
    for first in [&heap.arena.off_heap, &heap.old_off_heap] {
        let mut obj = first.replace(std::ptr::null_mut());
        while !obj.is_null() {
            // SAFETY: the caller's contract.
            unsafe {
                let (next, moved) = visit(obj);
                if let Some(to) = moved {
                    young.push(to);
                }
                obj = next;
            }
        }
    }
    heap.old_vheap.set(0);
    heap.old_vheap_limit.set(next_vheap_limit(young.words, heap.old_vheap_limit.get(), heap.min_vheap.get()));
    set_young(heap, &young);
}

fn set_young(heap: &ProcessHeap, young: &List) {
    heap.arena.off_heap.set(young.first);
    heap.arena.vheap.set(young.words);
    heap.vheap_limit.set(next_vheap_limit(young.words, heap.vheap_limit.get(), heap.min_vheap.get()));
}

/// The next object on the list and the new place of this one; one that did not move is dead and lets go.
///
/// # Safety
/// `obj` lies in from-space and is on the list.
unsafe fn visit(obj: *mut RawTerm) -> (*mut RawTerm, Option<*mut RawTerm>) {
    // SAFETY: the caller's contract; a moved object's header is the boxed pointer to its copy, whose link is intact.
    unsafe {
        let header = *obj;
        if header.is_boxed() {
            let to = header.boxed_ptr();
            (off_heap::next(to), Some(to))
        } else {
            let next = off_heap::next(obj);
            off_heap::release(obj);
            (next, None)
        }
    }
}

struct List {
    first: *mut RawTerm,
    last: *mut RawTerm,
    words: usize,
}

impl List {
    fn new() -> List {
        List { first: std::ptr::null_mut(), last: std::ptr::null_mut(), words: 0 }
    }
    /// Adds an object at the end.
    ///
    /// # Safety
    /// `obj` is a live off-heap object on no list.
    unsafe fn push(&mut self, obj: *mut RawTerm) {
        // SAFETY: the caller's contract; `last` is such an object, too.
        unsafe {
            off_heap::set_next(obj, std::ptr::null_mut());
            self.words += off_heap::words_outside(obj);
            if self.last.is_null() {
                self.first = obj;
            } else {
                off_heap::set_next(self.last, obj);
            }
        }
        self.last = obj;
    }
    /// The first of these and then those of another list.
    ///
    /// # Safety
    /// `others` is a list of live objects, or null.
    unsafe fn before(self, others: *mut RawTerm) -> *mut RawTerm {
        if self.last.is_null() {
            return others;
        }
        // SAFETY: `last` is live and ours.
        unsafe { off_heap::set_next(self.last, others) };
        self.first
    }
}
