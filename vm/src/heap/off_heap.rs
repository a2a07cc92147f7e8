//! The list of objects on a heap that own something outside: binary references and magic references.
//!
//! Layouts: `BinRef [hdr][*Binary][next]`, magic `Ref [hdr][n0][n1][next][*Magic]`. Invariant: each such object that is
//! alive is on exactly one list; its `next` word is a plain address or 0.

use super::{Binary, Magic};
use crate::term::{Header, RawTerm, Subtag};

/// Header of a `BinRef`.
pub(crate) const BIN_REF: Header = Header::new(Subtag::BinRef, 2);
/// Header of a magic reference.
pub(crate) const MAGIC_REF: Header = Header::new(Subtag::Ref, 4);

/// Index of the word that links the list, by header.
#[inline]
pub(crate) fn next_index(h: Header) -> usize {
    if h.is(Subtag::BinRef) { 2 } else { 3 }
}

/// Whether an object with this header belongs on the list.
#[inline]
pub(crate) fn is_off_heap(h: Header) -> bool {
    h == BIN_REF || h == MAGIC_REF
}

/// Next object on the list.
///
/// # Safety
/// `obj` is a live off-heap object (its header not overwritten by a forwarding pointer).
#[inline]
pub(crate) unsafe fn next(obj: *mut RawTerm) -> *mut RawTerm {
    // SAFETY: the caller's contract; layouts above.
    unsafe { std::ptr::with_exposed_provenance_mut((*obj.add(next_index((*obj).as_header()))).bits() as usize) }
}

/// Sets the link of `obj`.
///
/// # Safety
/// As [`next`], and the caller owns the list.
#[inline]
pub(crate) unsafe fn set_next(obj: *mut RawTerm, to: *mut RawTerm) {
    // SAFETY: the caller's contract.
    unsafe { *obj.add(next_index((*obj).as_header())) = RawTerm(to.expose_provenance() as u64) }
}

/// Words outside of the heap that `obj` keeps alive, for the virtual binary heap.
///
/// # Safety
/// As [`next`].
#[inline]
pub(crate) unsafe fn words_outside(obj: *mut RawTerm) -> usize {
    // SAFETY: the object owns a reference, so its target is alive.
    unsafe { if (*obj).as_header().is(Subtag::BinRef) { (*target::<Binary>(obj, 1)).capacity() / 8 } else { 0 } }
}

/// Takes one more reference of what `obj` refers to (after its words were copied elsewhere).
///
/// # Safety
/// As [`next`].
pub(crate) unsafe fn retain(obj: *mut RawTerm) {
    // SAFETY: the object owns a reference, so its target is alive.
    unsafe {
        if (*obj).as_header().is(Subtag::BinRef) {
            (*target::<Binary>(obj, 1)).retain();
        } else {
            (*target::<Magic>(obj, 4)).retain();
        }
    }
}

/// Gives up the reference that `obj` owns.
///
/// # Safety
/// As [`next`]; the object is dead afterwards.
pub(crate) unsafe fn release(obj: *mut RawTerm) {
    // SAFETY: the object owns the reference given up.
    unsafe {
        if (*obj).as_header().is(Subtag::BinRef) {
            Binary::release(target(obj, 1));
        } else {
            Magic::release(target(obj, 4));
        }
    }
}

/// Gives up the references of a whole list.
///
/// # Safety
/// `list` is a list of live off-heap objects that nobody uses any more.
pub(crate) unsafe fn release_list(mut list: *mut RawTerm) {
    while !list.is_null() {
        // SAFETY: the caller's contract.
        unsafe {
            let n = next(list);
            release(list);
            list = n;
        }
    }
}

/// # Safety
/// Word `i` of `obj` is the address of a `T`.
unsafe fn target<T>(obj: *mut RawTerm, i: usize) -> *mut T {
    // SAFETY: the caller's contract.
    std::ptr::with_exposed_provenance_mut(unsafe { *obj.add(i) }.bits() as usize)
}
