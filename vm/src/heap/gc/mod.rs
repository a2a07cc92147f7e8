//! The collector: generational, copying, one process at a time, run by the thread that runs the process.
//!
//! A minor collection (`minor.rs`) leaves the young block: objects below the high-water mark, which have survived one,
//! go to the old block, others to a new young block. A full sweep (`major.rs`) moves everything to a new young block.
//! `mover.rs` moves objects, `off_heap.rs` lets go of what dead ones own, `resize.rs` changes the size of the block,
//! `purge.rs` takes terms out of literal areas, `sizes.rs` knows the sizes, `roots.rs` the places to start from.
//!
//! Invariants: a collection happens only at a point that knows all live terms: between instructions, with `htop` and
//! `stop` saved and the live X registers named. It leaves at least `need` plus [`RESERVE`](super::RESERVE) free words
//! between heap and stack, no fragments, and the high-water mark at the end of what survived.

mod major;
mod minor;
mod mover;
mod off_heap;
mod purge;
mod resize;
mod roots;
mod sizes;
mod stress;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use roots::RootSet;
pub(crate) use roots::Roots;
use sizes::heap_size_above;
pub(crate) use sizes::heap_size_at_least;
pub use sizes::heap_sizes;
pub use stress::{STRESS, must_collect};

use super::RESERVE;
use super::literal::{LiteralArea, Ranges};
use super::process_heap::{ProcessHeap, alloc_words, free_words, words_between};
use crate::process::{Owner, Process};
use crate::recording::{self, What};
use crate::sched::{MicroState, msacc};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::tally;
use crate::term::RawTerm;
use crate::trace::{Flags, events, monitor};

/// Blocks up to this size are not shrunk after a minor collection.
const SHRINK_MIN: usize = 3000;
/// Blocks above this size are shrunk after a minor collection even if the old block is larger.
const SHRINK_ALWAYS: usize = 8000;

/// What a collection did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Collected {
    /// What to charge the process.
    pub reductions: usize,
    /// Words of dead objects.
    pub reclaimed: usize,
    /// A full sweep.
    pub major: bool,
    /// The words that the collection had in use at its peak, what `max_heap_size` limits; 0 where it does not count.
    pub peak: usize,
}

/// Tallied counts: collections, and words reclaimed.
const COLLECTIONS: usize = super::mem::CATEGORIES;
const RECLAIMED: usize = COLLECTIONS + 1;
/// Number of tallied counts up to here.
pub(crate) const TALLIED: usize = RECLAIMED + 1;

/// Number of collections and words reclaimed since the VM started, for `statistics(garbage_collection)`.
pub fn statistics() -> (usize, usize) {
    (tally::sum(COLLECTIONS), tally::sum(RECLAIMED))
}

/// Collects the running process's heap, of which the X registers `x` are live, and leaves `need` free words.
pub(crate) fn collect(owner: &Owner, x: &mut [RawTerm], need: usize) -> Collected {
    if stress::may_skip(&owner.heap, need) {
        return Collected { reductions: 0, reclaimed: 0, major: false, peak: 0 };
    }
    msacc::during(MicroState::Gc, || collect_heap(&owner.heap, x, owner, need))
}

/// Milliseconds by which collections are made longer that somebody watches, for tests of who does.
static LONGER: AtomicU64 = AtomicU64::new(0);

/// Makes each collection that is watched longer.
pub fn make_longer(milliseconds: u64) {
    LONGER.store(milliseconds, Ordering::Relaxed);
}

/// As [`collect`], for the process itself: who traces its collections is told.
pub(crate) fn collect_process(p: &Process, x: &mut [RawTerm], need: usize) -> Collected {
    if !p.owner().heap.may_collect() {
        return make_room(&p.owner().heap, x, p.owner(), need);
    }
    if !p.trace_flags().any(TRACED) && !monitor::of_collections() {
        return recorded(p, || collect(p.owner(), x, need));
    }
    let begin = Instant::now();
    std::thread::sleep(Duration::from_millis(LONGER.load(Ordering::Relaxed)));
    let major = is_sweep_due(&p.owner().heap);
    events::collects(p, major, need);
    let done = recorded(p, || collect(p.owner(), x, need));
    events::collected(p, major, need, &done);
    if monitor::of_collections() {
        monitor::collected(p, begin);
    }
    done
}

/// Instead of a collection that has to wait: the block grows if `need` does not fit.
fn make_room(heap: &ProcessHeap, x: &mut [RawTerm], others: &dyn Roots, need: usize) -> Collected {
    others.before();
    let resized = if heap.has_room(need) { 0 } else { heap.used() };
    if resized != 0 {
        // Twice as much, so that many small needs move the words few times.
        let words = wanted(heap, need).max(2 * heap.size());
        resize::resize(&mut RootSet { heap, x, others }, block_size(heap, words));
    }
    Collected { reductions: resized / 100, reclaimed: 0, major: false, peak: 0 }
}

/// A collection that a recording is told of.
#[inline]
fn recorded(p: &Process, collect: impl FnOnce() -> Collected) -> Collected {
    let Some(begin) = recording::begins(What::GC) else { return collect() };
    let words = |h: &ProcessHeap| young_usage(h) + h.old_used();
    let before = words(&p.owner().heap);
    let done = collect();
    recording::collected(p, begin, done.major, before, words(&p.owner().heap));
    done
}

/// What of a process has to do with its collections.
const TRACED: Flags = Flags::GARBAGE_COLLECTION.and(Flags::MEASURED);

/// Words to look at above which a collection may take a noticeable part of a millisecond.
const LONG_WORDS: usize = 128 << 10;

/// Whether the next collection of this heap is work for a dirty scheduler.
#[inline]
pub(crate) fn takes_long(owner: &Owner) -> bool {
    is_large(owner) && {
        let heap = &owner.heap;
        let young = young_usage(heap) + heap.stack_size();
        young > LONG_WORDS || (!minor_will_do(heap) && young + heap.old_used() > LONG_WORDS)
    }
}

/// Whether a process has much memory, so that freeing it takes long.
#[inline]
pub(crate) fn is_large(owner: &Owner) -> bool {
    owner.total_heap_words() > LONG_WORDS
}

/// Whether the next collection is a minor one, as far as one can see beforehand.
fn minor_will_do(heap: &ProcessHeap) -> bool {
    let mature = words_between(heap.heap.get(), heap.high_water.get());
    let room = words_between(heap.old_htop.get(), heap.old_hend.get());
    !is_sweep_due(heap) && mature <= room && heap.old_vheap.get() < heap.old_vheap_limit.get()
}

/// Whether the next collection is a full sweep in any case.
fn is_sweep_due(heap: &ProcessHeap) -> bool {
    heap.need_fullsweep.get() || heap.minors.get() >= heap.fullsweep_after.get()
}

/// Packs the heap of a process that goes to sleep for long; see [`hibernate_heap`].
pub(crate) fn hibernate(p: &Process, x: &mut [RawTerm]) -> Collected {
    if !p.owner().heap.may_collect() {
        return make_room(&p.owner().heap, x, p.owner(), 0);
    }
    let traced = p.trace_flags().any(TRACED);
    if traced {
        events::collects(p, true, 0);
    }
    let done = recorded(p, || msacc::during(MicroState::Gc, || hibernate_heap(&p.owner().heap, x, p.owner())));
    if traced {
        events::collected(p, true, 0, &done);
    }
    done
}

/// Makes a process independent of literal areas that are about to be freed.
pub(crate) fn purge_literals(owner: &Owner, x: &mut [RawTerm], areas: &[LiteralArea], ranges: &Ranges) -> Collected {
    purge::purge_heap(&owner.heap, x, owner, areas, ranges)
}

/// Collects a heap with these live X registers and other roots, and leaves `need` free words.
pub(crate) fn collect_heap(heap: &ProcessHeap, x: &mut [RawTerm], others: &dyn Roots, need: usize) -> Collected {
    others.before();
    let mut roots = RootSet { heap, x, others };
    let done = match if is_sweep_due(heap) { None } else { try_minor(&mut roots, need) } {
        Some(done) => done,
        None => full_sweep(&mut roots, need),
    };
    heap.force_collection.set(false);
    tally::add(COLLECTIONS, 1);
    tally::add(RECLAIMED, done.reclaimed);
    debug_assert!(heap.has_room(need));
    if STRESS {
        super::verify::check(heap, roots.x, others);
    }
    done
}

/// The size of a young block for `words` words.
fn block_size(heap: &ProcessHeap, words: usize) -> usize {
    heap_size_at_least(words.max(heap.min_words.get()))
}

/// Words in use by the young generation, fragments included.
fn young_usage(heap: &ProcessHeap) -> usize {
    heap.used() + heap.fragment_words()
}

/// A minor collection, unless there is no room for the mature objects or too much off the heap hangs on old ones.
fn try_minor(roots: &mut RootSet<'_>, need: usize) -> Option<Collected> {
    let heap = roots.heap;
    let mature = words_between(heap.heap.get(), heap.high_water.get());
    let before = young_usage(heap);
    let new_words = block_size(heap, heap.stack_size() + before);
    let extra_old = if heap.old_heap.get().is_null() && mature != 0 { heap_size_above(before) } else { 0 };
    let peak = before + heap.old_size() + extra_old + block_size(heap, before + free_and_stack(heap));
    if extra_old != 0 {
        let block = alloc_words(extra_old);
        heap.old_heap.set(block);
        heap.old_htop.set(block);
        heap.old_hend.set(block.wrapping_add(extra_old));
    }
    // As in OTP, the very first collections of a process, which have nothing mature, are full sweeps.
    let room = words_between(heap.old_htop.get(), heap.old_hend.get());
    if heap.old_heap.get().is_null() || mature > room || heap.old_vheap.get() >= heap.old_vheap_limit.get() {
        return None;
    }
    let old_used = heap.old_used();
    minor::collect(roots, new_words);
    let after = heap.used() + (heap.old_used() - old_used);
    let adjusted = adjust_after_minor(roots, need);
    Some(Collected { reductions: cost(after, adjusted), reclaimed: before - after, major: false, peak })
}

fn full_sweep(roots: &mut RootSet<'_>, need: usize) -> Collected {
    let heap = roots.heap;
    let before = young_usage(heap) + heap.old_used();
    let mut new_words = block_size(heap, heap.stack_size() + before + RESERVE);
    if new_words == heap.size() && heap.grow_next.get() {
        new_words = heap_size_above(new_words);
    }
    let old_free = heap.old_size() - heap.old_used();
    let peak = before + old_free + free_and_stack(heap) + new_words;
    heap.grow_next.set(false);
    major::collect(roots, new_words);
    let after = heap.used();
    let adjusted = adjust_after_major(roots, need);
    Collected { reductions: cost(after, adjusted), reclaimed: before - after, major: true, peak }
}

/// Words of the young block above the heap's top: free ones and the stack.
fn free_and_stack(heap: &ProcessHeap) -> usize {
    words_between(heap.arena.htop.get(), heap.hend.get())
}

/// Reductions for copying `moved` live words and shifting `resized` more.
fn cost(moved: usize, resized: usize) -> usize {
    (moved / 10 + resized / 100).max(1)
}

/// Words that the block must hold for `need` free ones.
fn wanted(heap: &ProcessHeap, need: usize) -> usize {
    heap.used() + need + heap.stack_size() + RESERVE
}

/// Grows the block if `need` does not fit, shrinks it if it is large and nearly empty; the words shifted.
fn adjust_after_minor(roots: &mut RootSet<'_>, need: usize) -> usize {
    let heap = roots.heap;
    let (wanted, size, old) = (wanted(heap, need), heap.size(), heap.old_size());
    if wanted > size {
        resize::resize(roots, block_size(heap, wanted));
        return heap.used();
    }
    if size > SHRINK_MIN && 4 * wanted < size && (size > SHRINK_ALWAYS || size > old) {
        // Not too small next to the old block.
        let enough = if 27 * wanted < old { (3 * wanted).max(old / 8) } else { 3 * wanted };
        let to = block_size(heap, enough);
        if to < size {
            resize::resize(roots, to);
            return heap.used();
        }
    }
    0
}

/// Grows the block if `need` does not fit, marks it for growth if it is nearly full, shrinks it if nearly empty.
fn adjust_after_major(roots: &mut RootSet<'_>, need: usize) -> usize {
    let heap = roots.heap;
    let (wanted, size) = (wanted(heap, need), heap.size());
    if wanted > size {
        resize::resize(roots, block_size(heap, wanted));
        return heap.used();
    }
    if 3 * size < 4 * wanted {
        heap.grow_next.set(true);
    } else if 4 * wanted < size {
        let to = block_size(heap, 2 * wanted);
        if to < size {
            resize::resize(roots, to);
            return heap.used();
        }
    }
    0
}

/// The last step of moving: `[to, top)` becomes the young heap, the stack is taken along, from-space is freed.
fn replace_young(heap: &ProcessHeap, to: *mut RawTerm, top: *mut RawTerm, words: usize) {
    let stack = heap.stack_size();
    let end = to.wrapping_add(words);
    let stop = end.wrapping_sub(stack);
    debug_assert!(top <= stop);
    // SAFETY: the new block has room for the stack above `top`.
    unsafe { std::ptr::copy_nonoverlapping(heap.stop.get(), stop, stack) };
    stress::poison(heap.heap.get(), heap.size());
    stress::poison_fragments(heap);
    heap.free_fragments();
    free_words(heap.heap.get(), heap.size());
    heap.heap.set(to);
    heap.hend.set(end);
    heap.stop.set(stop);
    heap.high_water.set(top);
    heap.arena.htop.set(top);
    heap.sync_limit();
}

/// A full sweep into a block without free space, for a process that goes to sleep for long. Its stack is empty or dead.
pub(crate) fn hibernate_heap(heap: &ProcessHeap, x: &mut [RawTerm], others: &dyn Roots) -> Collected {
    others.before();
    let mut roots = RootSet { heap, x, others };
    let before = young_usage(heap) + heap.old_used();
    let stack = heap.stack_size();
    major::collect(&mut roots, heap_size_at_least(before + stack + RESERVE));
    let after = heap.used();
    resize::resize(&mut roots, after + stack + RESERVE);
    tally::add(COLLECTIONS, 1);
    tally::add(RECLAIMED, before - after);
    if STRESS {
        super::verify::check(heap, roots.x, others);
    }
    Collected { reductions: cost(after, after), reclaimed: before - after, major: true, peak: 0 }
}
