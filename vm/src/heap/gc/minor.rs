//! Minor collection: the young block and the fragments are left; what survived before goes to the old block, the rest
//! to a new young block.
//!
//! Invariants: the old block has room for everything below the high-water mark, and the new young block for everything
//! else and the stack, so no test is needed while moving. Objects below the mark refer to nothing above it or in a
//! fragment (terms are immutable and younger ones refer to older ones; an instruction that overwrites a tuple's element
//! in place tests for this), so promoted objects never refer to young ones.

use super::mover::{self, Policy, Promoted, Tops, YoungAndFragments, YoungBlock};
use super::roots::RootSet;
use super::{off_heap, replace_young};
use crate::heap::literal::Range;
use crate::heap::process_heap::{alloc_words, words_between};

/// Collects into a new young block of `new_words` words. The old block exists if anything is mature.
pub(super) fn collect(roots: &mut RootSet<'_>, new_words: usize) {
    let heap = roots.heap;
    let to = alloc_words(new_words);
    let block = Range::between(heap.heap.get(), heap.arena.htop.get());
    let young = YoungBlock { block, mature: words_between(heap.heap.get(), heap.high_water.get()) * 8 };
    let old = Range::between(heap.old_heap.get(), heap.old_hend.get());
    let tops = Tops { young: to, old: heap.old_htop.get() };
    let tops = if heap.arena.frags.get().is_null() {
        evacuate(young, roots, tops)
    } else {
        let to = Range { base: to as usize, bytes: new_words * 8 };
        evacuate(YoungAndFragments { young, old, literals: Range::literals(), to }, roots, tops)
    };
    heap.old_htop.set(tops.old);
    // SAFETY: everything live was moved; from-space is freed only below.
    unsafe { off_heap::sweep_minor(heap, old) };
    replace_young(heap, to, tops.young, new_words);
    heap.minors.set(heap.minors.get() + 1);
}

fn evacuate<P: Policy>(policy: P, roots: &mut RootSet<'_>, mut tops: Tops) -> Tops {
    let start = tops;
    // SAFETY: roots are live terms; the targets have the room that the head of this file speaks of.
    unsafe {
        roots.each(&mut |slots| mover::relocate_all(policy, &mut tops, slots));
        tops = mover::sweep(policy, start.young, tops, false);
        mover::sweep(Promoted(policy), start.old, tops, true)
    }
}
