//! Moving objects out of from-space: the two loops that a collection spends its time in.
//!
//! Invariants: a moved boxed object's header is overwritten with the boxed pointer to its new place (a header never has
//! the low bits of a boxed pointer); a moved cons cell's head is overwritten with [`RawTerm::NONE`] (never a value) and
//! its tail with the new cons pointer. Words between a sweep's position and the top are complete objects whose terms
//! still refer to from-space. A slot is visited once.

use crate::heap::WRITABLE;
use crate::heap::literal::Range;
use crate::heap::object::{self, Shape};
use crate::term::{RawTerm, Subtag};

/// Where an object that is met goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does not move.
    Stay,
    /// To the new young block.
    Young,
    /// To the old block.
    Old,
}

/// Which objects a collection moves.
pub(super) trait Policy: Copy {
    fn fate(self, p: *const RawTerm) -> Fate;
}

/// First free words of the two targets.
#[derive(Clone, Copy)]
pub(super) struct Tops {
    pub(super) young: *mut RawTerm,
    pub(super) old: *mut RawTerm,
}

/// A minor collection of a heap without fragments: only the young block is left behind.
#[derive(Clone, Copy)]
pub(super) struct YoungBlock {
    pub(super) block: Range,
    /// Bytes of the block that survived a collection before.
    pub(super) mature: usize,
}

impl Policy for YoungBlock {
    #[inline(always)]
    fn fate(self, p: *const RawTerm) -> Fate {
        let at = (p as usize).wrapping_sub(self.block.base);
        if at >= self.block.bytes {
            Fate::Stay
        } else if at < self.mature {
            Fate::Old
        } else {
            Fate::Young
        }
    }
}

/// A minor collection of a heap with fragments, which lie anywhere: what is in none of the areas known to stay moves.
#[derive(Clone, Copy)]
pub(super) struct YoungAndFragments {
    pub(super) young: YoungBlock,
    pub(super) old: Range,
    pub(super) literals: Range,
    pub(super) to: Range,
}

impl Policy for YoungAndFragments {
    #[inline(always)]
    fn fate(self, p: *const RawTerm) -> Fate {
        match self.young.fate(p) {
            Fate::Stay if self.old.contains(p) || self.literals.contains(p) || self.to.contains(p) => Fate::Stay,
            Fate::Stay => Fate::Young,
            moves => moves,
        }
    }
}

/// What objects that were just promoted refer to: as the minor collection's policy, but it all gets old.
#[derive(Clone, Copy)]
pub(super) struct Promoted<P>(pub(super) P);

impl<P: Policy> Policy for Promoted<P> {
    #[inline(always)]
    fn fate(self, p: *const RawTerm) -> Fate {
        if self.0.fate(p) == Fate::Stay { Fate::Stay } else { Fate::Old }
    }
}

/// A full sweep: all but literals moves.
#[derive(Clone, Copy)]
pub(super) struct Everything {
    pub(super) literals: Range,
}

impl Policy for Everything {
    #[inline(always)]
    fn fate(self, p: *const RawTerm) -> Fate {
        if self.literals.contains(p) { Fate::Stay } else { Fate::Young }
    }
}

/// Takes `words` words of the target. A branch and not a selection: most objects of a sweep share their fate, and
/// selecting would make each object's address wait for the test of the one before.
#[inline(always)]
fn bump(tops: &mut Tops, fate: Fate, words: usize) -> *mut RawTerm {
    if fate == Fate::Old {
        std::hint::cold_path();
        let p = tops.old;
        tops.old = p.wrapping_add(words);
        p
    } else {
        let p = tops.young;
        tops.young = p.wrapping_add(words);
        p
    }
}

/// The word that stands for `w` after what it refers to was moved, if it moves.
///
/// # Safety
/// `w` is a live term or a word that is none; the targets have room for all that can still move.
#[inline(always)]
pub(super) unsafe fn relocate<P: Policy>(policy: P, tops: &mut Tops, w: RawTerm) -> RawTerm {
    // SAFETY: the caller's contract.
    unsafe {
        if w.is_cons() {
            relocate_cons(policy, tops, w)
        } else if w.is_boxed() {
            relocate_boxed(policy, tops, w)
        } else {
            w
        }
    }
}

/// [`relocate`] for a cons pointer.
#[inline(always)]
unsafe fn relocate_cons<P: Policy>(policy: P, tops: &mut Tops, w: RawTerm) -> RawTerm {
    let from = w.cons_ptr();
    let fate = policy.fate(from);
    if fate == Fate::Stay {
        return w;
    }
    // SAFETY: a live cell, or a moved one's forwarding words.
    unsafe {
        let (head, tail) = (*from, *from.add(1));
        if head.is_none() {
            return tail;
        }
        let to = bump(tops, fate, 2);
        *to = head;
        *to.add(1) = tail;
        let moved = RawTerm::from_cons(to);
        *from = RawTerm::NONE;
        *from.add(1) = moved;
        moved
    }
}

/// [`relocate`] for a boxed pointer.
#[inline(always)]
unsafe fn relocate_boxed<P: Policy>(policy: P, tops: &mut Tops, w: RawTerm) -> RawTerm {
    let from = w.boxed_ptr();
    let fate = policy.fate(from);
    if fate == Fate::Stay {
        return w;
    }
    // SAFETY: a live object, or a moved one's forwarding word.
    unsafe {
        let header = *from;
        if header.is_boxed() {
            return header;
        }
        let words = object::words(from);
        let to = bump(tops, fate, words);
        copy_words(from, to, words);
        let moved = RawTerm::from_boxed(to);
        *from = moved;
        moved
    }
}

/// Copies an object's words; the common small sizes without a call.
#[inline(always)]
unsafe fn copy_words(from: *const RawTerm, to: *mut RawTerm, words: usize) {
    // SAFETY: the caller has `words` words at both, which do not overlap.
    unsafe {
        match words {
            2 => *to.cast::<[RawTerm; 2]>() = *from.cast::<[RawTerm; 2]>(),
            3 => *to.cast::<[RawTerm; 3]>() = *from.cast::<[RawTerm; 3]>(),
            4 => *to.cast::<[RawTerm; 4]>() = *from.cast::<[RawTerm; 4]>(),
            5 => *to.cast::<[RawTerm; 5]>() = *from.cast::<[RawTerm; 5]>(),
            _ => std::ptr::copy_nonoverlapping(from, to, words),
        }
    }
}

/// Relocates every word of a run of terms (roots: return words and other words that are no pointers stay).
///
/// # Safety
/// As [`relocate`], for each word.
pub(super) unsafe fn relocate_all<P: Policy>(policy: P, tops: &mut Tops, slots: &mut [RawTerm]) {
    for slot in slots {
        // SAFETY: the caller's contract.
        *slot = unsafe { relocate(policy, tops, *slot) };
    }
}

/// Relocates the terms of all objects from `at` up to a top that the sweep itself may push on; `old` tells which top.
///
/// # Safety
/// `[at, top)` is complete objects; as [`relocate`] for their terms.
pub(super) unsafe fn sweep<P: Policy>(policy: P, mut at: *mut RawTerm, mut tops: Tops, old: bool) -> Tops {
    // SAFETY: the caller's contract; `object` tells the terms of each object from its raw words.
    unsafe {
        while at != (if old { tops.old } else { tops.young }) {
            let w = *at;
            // Tested bit by bit: as four cases of one value this becomes an indirect jump, which is mispredicted.
            if w.bits() & 1 != 0 {
                if w.bits() & 2 == 0 {
                    *at = relocate_cons(policy, &mut tops, w);
                }
                at = at.add(1);
            } else if w.bits() & 2 != 0 {
                *at = relocate_boxed(policy, &mut tops, w);
                at = at.add(1);
            } else {
                let h = w.as_header();
                match object::shape(h) {
                    Shape::Terms => at = at.add(1),
                    Shape::Fun => at = at.add(2),
                    Shape::View => {
                        let orig = relocate(policy, &mut tops, *at.add(1));
                        *at.add(1) = orig;
                        rebase_view(at, orig);
                        at = at.add(1 + h.arity());
                    }
                    Shape::Raw => at = at.add(1 + h.arity()),
                }
            }
        }
    }
    tops
}

/// Points a view at its bytes again after what it looks into may have moved: bytes in a `HeapBits` move with it, those
/// behind a `BinRef` do not.
///
/// # Safety
/// `view` is a view and `orig` its original, both in their new places.
#[inline(always)]
pub(super) unsafe fn rebase_view(view: *mut RawTerm, orig: RawTerm) {
    // SAFETY: the caller's contract.
    unsafe {
        let p = orig.boxed_ptr();
        if (*p).as_header().is(Subtag::HeapBits) {
            let base = p.add(2) as u64;
            *view.add(2) = RawTerm::from_bits(base | ((*view.add(2)).bits() & WRITABLE));
        }
    }
}
