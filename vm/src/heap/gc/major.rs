//! Full sweep: everything live moves to one new young block; the old block is given up.
//!
//! Invariant: the new block has room for all words in the young block, the old block and the fragments, and the stack.

use super::mover::{self, Everything, Tops};
use super::roots::RootSet;
use super::{off_heap, replace_young, stress};
use crate::heap::literal::Range;
use crate::heap::process_heap::{alloc_words, free_words};

/// Collects into a new young block of `new_words` words.
pub(super) fn collect(roots: &mut RootSet<'_>, new_words: usize) {
    let heap = roots.heap;
    let to = alloc_words(new_words);
    let policy = Everything { literals: Range::literals() };
    let mut tops = Tops { young: to, old: std::ptr::null_mut() };
    // SAFETY: roots are live terms; the block has the room that the head of this file speaks of. Off-heap objects are
    // swept before from-space is freed.
    unsafe {
        roots.each(&mut |slots| mover::relocate_all(policy, &mut tops, slots));
        tops = mover::sweep(policy, to, tops, false);
        off_heap::sweep_major(heap);
    }
    stress::poison(heap.old_heap.get(), heap.old_size());
    free_words(heap.old_heap.get(), heap.old_size());
    for c in [&heap.old_heap, &heap.old_htop, &heap.old_hend] {
        c.set(std::ptr::null_mut());
    }
    replace_young(heap, to, tops.young, new_words);
    heap.minors.set(0);
    heap.need_fullsweep.set(false);
}
