//! Taking a process's terms out of literal areas that are about to be freed.
//!
//! The words of an area that the process refers to are copied to a fragment, every pointer into the area is shifted to
//! the copy, and a full sweep merges what of it is in use. Invariant: afterwards no word of the heap, the stack or the
//! other roots leads into the areas.

use std::collections::BTreeSet;

use super::resize::Shift;
use super::roots::{RootSet, Roots};
use super::{Collected, collect_heap};
use crate::heap::literal::{LiteralArea, Ranges};
use crate::heap::object::{self, Shape};
use crate::heap::process_heap::{ProcessHeap, words_between};
use crate::heap::{Fragment, off_heap};
use crate::term::RawTerm;

/// Words looked at for one reduction.
const WORDS_PER_REDUCTION: usize = 100;

/// Does it for all of `areas`, whose ranges are `ranges`; what its collections come to.
pub(super) fn purge_heap(
    heap: &ProcessHeap,
    x: &mut [RawTerm],
    others: &dyn Roots,
    areas: &[LiteralArea],
    ranges: &Ranges,
) -> Collected {
    others.before();
    let mut found = BTreeSet::new();
    let mut note = |w: RawTerm| {
        if !w.is_immediate() && !w.is_header() {
            found.extend(ranges.find(w.any_ptr()));
        }
    };
    RootSet { heap, x: &mut *x, others }.each(&mut |slots| slots.iter().for_each(|&w| note(w)));
    // SAFETY: both blocks and the fragments are complete objects of this process.
    unsafe {
        each_term(heap.heap.get(), heap.arena.htop.get(), &mut note);
        each_term(heap.old_heap.get(), heap.old_htop.get(), &mut note);
        let mut f = heap.arena.frags.get();
        while !f.is_null() {
            let start = Fragment::words(f);
            each_term(start, start.add((*f).used), &mut note);
            f = (*f).next;
        }
    }
    let looked = heap.used() + heap.old_used() + heap.fragment_words();
    let mut sum = Collected { reductions: looked / WORDS_PER_REDUCTION, reclaimed: 0, major: true, peak: 0 };
    for i in found {
        let done = purge_area(heap, x, others, &areas[i]);
        sum.reductions += done.reductions;
        sum.reclaimed += done.reclaimed;
        sum.peak = sum.peak.max(done.peak);
    }
    sum
}

/// Calls `f` with the terms of the objects in `[at, end)`.
///
/// # Safety
/// The range is complete objects.
unsafe fn each_term(mut at: *mut RawTerm, end: *mut RawTerm, f: &mut impl FnMut(RawTerm)) {
    while at < end {
        // SAFETY: the caller's contract; `object` tells terms from raw words.
        unsafe {
            let w = *at;
            let step = match w.is_header() {
                false => {
                    f(w);
                    1
                }
                true => match object::shape(w.as_header()) {
                    Shape::Terms => 1,
                    Shape::Fun => 2,
                    Shape::View => {
                        f(*at.add(1));
                        1 + w.as_header().arity()
                    }
                    Shape::Raw => 1 + w.as_header().arity(),
                },
            };
            at = at.add(step);
        }
    }
}

/// Does it for one area that the process refers to.
fn purge_area(heap: &ProcessHeap, x: &mut [RawTerm], others: &dyn Roots, area: &LiteralArea) -> Collected {
    let fragment = Fragment::new(area.words());
    let to = Fragment::words(fragment);
    let shift = Shift::new(area.range(), to);
    // SAFETY: the fragment has room for the area's words, which are immutable; both blocks and the fragments are complete
    // objects of this process. The copies of off-heap objects take references of their own.
    unsafe {
        std::ptr::copy_nonoverlapping(area.start(), to, area.words());
        (*fragment).used = area.words();
        shift.objects(to, to.add(area.words()));
        RootSet { heap, x: &mut *x, others }.each(&mut |slots| shift.slots(slots));
        shift.objects(heap.heap.get(), heap.arena.htop.get());
        shift.objects(heap.old_heap.get(), heap.old_htop.get());
        let mut f = heap.arena.frags.get();
        while !f.is_null() {
            let start = Fragment::words(f);
            shift.objects(start, start.add((*f).used));
            f = (*f).next;
        }
        let mut obj = area.off_heap();
        while !obj.is_null() {
            let copy = to.add(words_between(area.start(), obj));
            off_heap::retain(copy);
            off_heap::set_next(copy, (*fragment).off_heap);
            (*fragment).off_heap = copy;
            obj = off_heap::next(obj);
        }
        heap.arena.adopt_fragments(fragment);
    }
    heap.need_fullsweep.set(true);
    collect_heap(heap, x, others, 0)
}
