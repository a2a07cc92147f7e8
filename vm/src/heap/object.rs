//! What the words of a boxed object are: how many, and which of them are terms.
//!
//! Invariant: this is the one place that tells terms from raw words inside of objects; the collector, copying and the
//! heap verifier all ask here, so a new kind of object is described once.

use crate::term::{Header, RawTerm, Subtag};

/// How the words behind a header are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Terms only: tuples, native records, maps and their nodes.
    Terms,
    /// One raw word, then terms: funs.
    Fun,
    /// `[orig][base][start][end]`: `orig` is a term and `base` an address in what it refers to.
    View,
    /// No terms at all.
    Raw,
}

const fn bit(tag: Subtag) -> u32 {
    1 << tag as u32
}
const TERMS: u32 = bit(Subtag::Tuple) | bit(Subtag::Record) | bit(Subtag::Map);
const VIEWS: u32 = bit(Subtag::SubBits) | bit(Subtag::MatchCtx);

/// The shape of objects with this header.
#[inline(always)]
pub(crate) fn shape(h: Header) -> Shape {
    let b = 1u32 << ((h.0 >> 2) & 15);
    if b & TERMS != 0 {
        Shape::Terms
    } else if b & VIEWS != 0 {
        Shape::View
    } else if b == bit(Subtag::Fun) {
        Shape::Fun
    } else {
        Shape::Raw
    }
}

/// Words of the object at `p`, header included.
///
/// # Safety
/// `p` is the address of a complete object whose header has not been overwritten by a forwarding pointer.
#[inline(always)]
pub(crate) unsafe fn words(p: *const RawTerm) -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        let h = (*p).as_header();
        if h.is(Subtag::Map) { crate::term::map::object_words(p) } else { 1 + h.arity() }
    }
}
