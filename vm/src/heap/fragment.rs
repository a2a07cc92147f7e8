//! Heap fragments: blocks of terms outside of a process's main heap.
//!
//! Natives overflow into them, messages travel in them. Invariant: a fragment's terms point only into itself, into
//! fragments of the same chain, literals, or (for a native's overflow) the heap of the process that owns the chain;
//! its off-heap objects hang on exactly one list: the fragment's own while it travels, the owner's once attached.

use std::ptr::null_mut;

use super::mem::{self, Category};
use crate::term::RawTerm;

/// Header of a fragment; the words follow.
#[repr(C, align(16))]
pub struct Fragment {
    pub(crate) next: *mut Fragment,
    /// Off-heap objects in this fragment while it belongs to no process.
    pub(crate) off_heap: *mut RawTerm,
    pub(crate) used: usize,
    pub(crate) capacity: usize,
}

impl Fragment {
    /// A fragment with room for `words` words.
    pub(crate) fn new(words: usize) -> *mut Fragment {
        let p: *mut Fragment = mem::alloc(Category::Fragment, size_of::<Fragment>() + words * 8).cast();
        // SAFETY: the block has room for the header.
        unsafe { p.write(Fragment { next: null_mut(), off_heap: null_mut(), used: 0, capacity: words }) };
        p
    }
    /// First word.
    pub(crate) fn words(this: *mut Fragment) -> *mut RawTerm {
        this.wrapping_add(1).cast()
    }
    /// Frees the memory of one fragment; what its off-heap list owns is the caller's business.
    ///
    /// # Safety
    /// `this` came from [`Fragment::new`] and nothing points into it any more.
    pub(crate) unsafe fn free(this: *mut Fragment) {
        // SAFETY: the caller's contract; capacity is as it was at allocation.
        unsafe { mem::free(Category::Fragment, this.cast(), size_of::<Fragment>() + (*this).capacity * 8) }
    }
}

/// A term with the fragments that hold it, owned by nobody's heap: a message under way, an exit reason, a stored option.
pub struct Detached {
    term: RawTerm,
    frags: *mut Fragment,
}

// SAFETY: the fragments belong to this value alone; what they share (binaries, literals) is counted atomically or immutable.
unsafe impl Send for Detached {}
// SAFETY: a shared Detached only lets its terms be read.
unsafe impl Sync for Detached {}

impl Detached {
    /// A term that needs no memory of its own.
    pub fn immediate(t: RawTerm) -> Detached {
        assert!(t.is_immediate());
        Detached { term: t, frags: null_mut() }
    }
    /// # Safety
    /// `frags` is a chain that only the new value refers to; `term` points into it, to literals, or is immediate.
    pub(crate) unsafe fn from_parts(term: RawTerm, frags: *mut Fragment) -> Detached {
        Detached { term, frags }
    }
    /// A term built by `f` outside of any process.
    pub fn build(f: impl for<'s> FnOnce(&super::Builder<'s>) -> crate::term::Term<'s>) -> Detached {
        super::Arena::detached(f)
    }
    /// Shows the term.
    pub fn with<R>(&self, f: impl for<'s> FnOnce(crate::term::Term<'s>) -> R) -> R {
        // SAFETY: the fragments live and do not move while self is borrowed.
        f(unsafe { self.term.brand() })
    }
    /// Shows this term together with `t` of a running native, and a builder for terms that are gone when `f` returns.
    pub fn beside<'s, R>(
        &self,
        t: crate::term::Term<'s>,
        f: impl for<'o> FnOnce(&super::Builder<'o>, crate::term::Term<'o>, crate::term::Term<'o>) -> R,
    ) -> R {
        let mut result = None;
        drop(super::Arena::detached(|b| {
            // SAFETY: the terms live while they are borrowed here (`t` for 's, which is longer), and are known under a
            // brand that `f` cannot name outside; so are the builder's, which live until the arena is dropped.
            result = Some(unsafe { f(b, self.term.brand(), t.raw().brand()) });
            crate::term::Term::NIL
        }));
        result.expect("the build ran")
    }
    /// The term's word and its fragments, given to the caller.
    pub(crate) fn into_parts(self) -> (RawTerm, *mut Fragment) {
        let parts = (self.term, self.frags);
        std::mem::forget(self);
        parts
    }
    /// The word of an immediate; `None` if the term has memory.
    pub fn as_immediate(&self) -> Option<RawTerm> {
        self.term.is_immediate().then_some(self.term)
    }
    /// Words in fragments.
    pub fn size(&self) -> usize {
        let (mut n, mut f) = (0, self.frags);
        while !f.is_null() {
            // SAFETY: self owns the chain.
            unsafe { (n, f) = (n + (*f).used, (*f).next) };
        }
        n
    }
}

impl Clone for Detached {
    fn clone(&self) -> Self {
        self.with(crate::term::copy::detach)
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        let mut f = self.frags;
        while !f.is_null() {
            // SAFETY: self owns the chain; its off-heap objects are owned by the fragments' lists.
            unsafe {
                let next = (*f).next;
                super::off_heap::release_list((*f).off_heap);
                Fragment::free(f);
                f = next;
            }
        }
    }
}
