//! Literals and persistent terms: one reserved range of addresses that collectors never move or free.
//!
//! Invariants: everything in the range is immutable once its area is built, points only into the range, and stays
//! readable until [`LiteralArea::free`], which is called only when no process, fragment, signal or suspended native
//! can refer to the area any more (`signal/purge.rs` sees to that). Off-heap objects inside of an area hang on the area's own list. The range is
//! reserved without access when the first area is made and never moves, so "is this a literal" is one subtraction
//! and one comparison; before that nothing is a literal.

use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use super::Detached;
use super::mem::{self, Category};
use crate::term::copy::{Copier, Shared};
use crate::term::{RawTerm, Term};

/// Address space asked for; halved until the system grants it.
const RESERVE_BYTES: usize = 1 << 30;
const RESERVE_MIN: usize = 16 << 20;
/// Access is given in steps of this many bytes.
const COMMIT_STEP: usize = 256 << 10;
const PAGE: usize = 4096;
/// Pages of a freed range go back to the system if it is at least this long.
const DISCARD_MIN: usize = 64 << 10;
/// Areas start at multiples of this.
const GRANULE: usize = 16;

/// No address of a program is near this one.
const NOWHERE: usize = 1 << 63;

static BASE: AtomicUsize = AtomicUsize::new(NOWHERE);
static SIZE: AtomicUsize = AtomicUsize::new(0);

/// A range of addresses.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) base: usize,
    pub(crate) bytes: usize,
}

impl Range {
    /// The range from `from` up to `to`.
    pub(crate) fn between(from: *const RawTerm, to: *const RawTerm) -> Range {
        Range { base: from as usize, bytes: to as usize - from as usize }
    }
    /// The literals.
    #[inline(always)]
    pub(crate) fn literals() -> Range {
        // Relaxed: whoever holds a literal got it through synchronisation that came after both stores, and `BASE`
        // is nowhere before, so no half-set range can contain an object.
        Range { base: BASE.load(Ordering::Relaxed), bytes: SIZE.load(Ordering::Relaxed) }
    }
    /// Whether `p` lies inside.
    #[inline(always)]
    pub(crate) fn contains(self, p: *const RawTerm) -> bool {
        (p as usize).wrapping_sub(self.base) < self.bytes
    }
}

/// Some ranges of addresses that do not overlap.
pub(crate) struct Ranges {
    /// What they lie in, for a quick no.
    hull: Range,
    /// In order, with the index that each was given with.
    each: Vec<(Range, usize)>,
}

impl Ranges {
    pub(crate) fn new(ranges: impl Iterator<Item = Range>) -> Ranges {
        let mut each: Vec<(Range, usize)> =
            ranges.enumerate().filter(|(_, r)| r.bytes > 0).map(|(i, r)| (r, i)).collect();
        each.sort_by_key(|(r, _)| r.base);
        let hull = match (each.first(), each.last()) {
            (Some((a, _)), Some((z, _))) => Range { base: a.base, bytes: z.base + z.bytes - a.base },
            _ => Range { base: 0, bytes: 0 },
        };
        Ranges { hull, each }
    }
    /// Index of the range that contains `p`.
    #[inline]
    pub(crate) fn find(&self, p: *const RawTerm) -> Option<usize> {
        if !self.hull.contains(p) {
            return None;
        }
        let at = self.each.partition_point(|(r, _)| r.base <= p as usize);
        let (range, index) = *self.each.get(at.checked_sub(1)?)?;
        range.contains(p).then_some(index)
    }
}

/// Whether the object lies in the literal range.
#[inline(always)]
pub(crate) fn is_literal(p: *const RawTerm) -> bool {
    Range::literals().contains(p)
}

/// Book-keeping of the range: which parts are taken. Offsets are bytes from the base.
struct Space {
    /// Everything from here on was never taken.
    top: usize,
    /// Readable and writable below this.
    committed: usize,
    /// Free ranges below `top`: offset and length, none adjacent to another.
    free: BTreeMap<usize, usize>,
}

static SPACE: LazyLock<Mutex<Space>> = LazyLock::new(|| {
    let (base, bytes) = reserve();
    BASE.store(base, Ordering::Release);
    SIZE.store(bytes, Ordering::Release);
    Mutex::new(Space { top: 0, committed: 0, free: BTreeMap::new() })
});

/// Reserves address space without access.
fn reserve() -> (usize, usize) {
    let mut bytes = RESERVE_BYTES;
    while bytes >= RESERVE_MIN {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a fresh anonymous mapping at an address of the system's choice touches no existing memory.
        let p = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
        if p != libc::MAP_FAILED {
            return (p.expose_provenance(), bytes);
        }
        bytes /= 2;
    }
    mem::exhausted(Category::Literal, RESERVE_BYTES)
}

impl Space {
    /// Takes `bytes` (a multiple of the granule); the offset.
    fn take(&mut self, bytes: usize) -> usize {
        let fit = self.free.iter().find(|&(_, &len)| len >= bytes).map(|(&at, &len)| (at, len));
        if let Some((at, len)) = fit {
            self.free.remove(&at);
            if len > bytes {
                self.free.insert(at + bytes, len - bytes);
            }
            return at;
        }
        let at = self.top;
        let end = at.checked_add(bytes).filter(|&e| e <= SIZE.load(Ordering::Relaxed));
        let Some(end) = end else { mem::exhausted(Category::Literal, bytes) };
        self.commit(end, bytes);
        self.top = end;
        at
    }
    /// Gives access up to `end`.
    fn commit(&mut self, end: usize, asked: usize) {
        if end <= self.committed {
            return;
        }
        let to = end.next_multiple_of(COMMIT_STEP).min(SIZE.load(Ordering::Relaxed));
        let from = address(self.committed);
        // SAFETY: [committed, to) lies in the mapping that `reserve` made for this alone; its pages are still untouched.
        let rc = unsafe { libc::mprotect(from.cast(), to - self.committed, libc::PROT_READ | libc::PROT_WRITE) };
        if rc != 0 {
            mem::exhausted(Category::Literal, asked);
        }
        self.committed = to;
    }
    /// Gives a range back, joined with its free neighbours.
    fn give(&mut self, mut at: usize, mut bytes: usize) {
        if bytes >= DISCARD_MIN {
            let (first, end) = (at.next_multiple_of(PAGE), (at + bytes) / PAGE * PAGE);
            // SAFETY: whole pages inside of a range that nobody uses; what they hold may become zero.
            unsafe { libc::madvise(address(first).cast(), end - first, libc::MADV_DONTNEED) };
        }
        if let Some((&before, &len)) = self.free.range(..at).next_back()
            && before + len == at
        {
            self.free.remove(&before);
            (at, bytes) = (before, bytes + len);
        }
        if let Some(len) = self.free.remove(&(at + bytes)) {
            bytes += len;
        }
        if at + bytes == self.top {
            self.top = at;
        } else {
            self.free.insert(at, bytes);
        }
    }
}

fn address(offset: usize) -> *mut RawTerm {
    std::ptr::with_exposed_provenance_mut(BASE.load(Ordering::Relaxed) + offset)
}

fn space() -> std::sync::MutexGuard<'static, Space> {
    SPACE.lock().expect("no code panics under the literal range's lock")
}

/// A block of literals that are made and freed together: those of one module, or one persistent term. Dropping the
/// handle leaves the literals in place for good.
pub struct LiteralArea {
    start: *mut RawTerm,
    words: usize,
    off_heap: *mut RawTerm,
}

// SAFETY: the area is immutable once built; its off-heap objects' targets are counted atomically.
unsafe impl Send for LiteralArea {}
// SAFETY: as above.
unsafe impl Sync for LiteralArea {}

impl LiteralArea {
    /// An area with a copy of each term, and where the copies are.
    pub fn from_terms(terms: &[Detached]) -> (LiteralArea, Vec<RawTerm>) {
        let words = terms.iter().map(|d| d.with(crate::term::copy::size_of)).sum();
        Self::fill(words, Copier::new(Shared::none()), |copier| {
            // SAFETY: the area has room for all the terms' words, as measured above by the same rules.
            terms.iter().map(|d| d.with(|t| unsafe { copier.copy(t.raw()) })).collect()
        })
    }
    /// An area with a copy of one term, in which parts that occur more than once are copied once.
    pub fn from_shared(t: Term<'_>) -> (LiteralArea, RawTerm) {
        let words = crate::term::copy::size_shared(t, true);
        let (area, copies) = Self::fill(words, Copier::sharing(), |copier| {
            // SAFETY: as in `from_terms`.
            vec![unsafe { copier.copy(t.raw()) }]
        });
        (area, copies[0])
    }
    fn fill(
        words: usize,
        mut copier: Copier,
        f: impl FnOnce(&mut Copier) -> Vec<RawTerm>,
    ) -> (LiteralArea, Vec<RawTerm>) {
        let start = if words == 0 {
            null_mut()
        } else {
            let bytes = (words * 8).next_multiple_of(GRANULE);
            mem::note(Category::Literal, bytes as isize);
            address(space().take(bytes))
        };
        copier.set_target(start, words);
        let copies = f(&mut copier);
        debug_assert_eq!(copier.left(), 0);
        (LiteralArea { start, words, off_heap: copier.into_off_heap() }, copies)
    }
    /// Words of the area.
    pub fn words(&self) -> usize {
        self.words
    }
    /// Its addresses.
    pub(crate) fn range(&self) -> Range {
        Range { base: self.start as usize, bytes: self.words * 8 }
    }
    /// First word.
    pub(crate) fn start(&self) -> *mut RawTerm {
        self.start
    }
    /// Objects in the area that own something outside.
    pub(crate) fn off_heap(&self) -> *mut RawTerm {
        self.off_heap
    }
    /// Frees the area.
    ///
    /// # Safety
    /// No process, fragment, queued signal, suspended native or other area refers to it.
    pub(crate) unsafe fn free(self) {
        if self.words == 0 {
            return;
        }
        let bytes = (self.words * 8).next_multiple_of(GRANULE);
        // SAFETY: the list holds the area's own objects, which die now.
        unsafe { super::off_heap::release_list(self.off_heap) };
        mem::note(Category::Literal, -(bytes as isize));
        space().give(self.start as usize - BASE.load(Ordering::Relaxed), bytes);
    }
}

/// Whether [`PURGING`] is set, for a quick no.
static IS_PURGING: AtomicBool = AtomicBool::new(false);
static PURGING: Mutex<Option<Arc<Ranges>>> = Mutex::new(None);

/// The areas that are about to be freed: messages copy what is in them.
#[inline]
pub(crate) fn purging() -> Option<Arc<Ranges>> {
    if IS_PURGING.load(Ordering::Acquire) { lock_purging().clone() } else { None }
}

/// Says which areas are about to be freed.
pub(crate) fn set_purging(ranges: Option<Arc<Ranges>>) {
    let mut purging = lock_purging();
    IS_PURGING.store(ranges.is_some(), Ordering::Release);
    *purging = ranges;
}

fn lock_purging() -> std::sync::MutexGuard<'static, Option<Arc<Ranges>>> {
    PURGING.lock().expect("no code panics under the lock of the areas being purged")
}

/// Copies a term into an area of its own that is never freed.
pub fn store(d: Detached) -> RawTerm {
    LiteralArea::from_terms(&[d]).1[0]
}
