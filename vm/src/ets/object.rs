//! One stored object: a tuple with everything below it, in one block outside of all heaps.
//!
//! Invariant: the block holds copies of literals too, so no module's purge can touch a table; it is only changed
//! through `&mut`, that is under the table's write lock.

use std::cmp::Ordering;

use crate::heap::{Builder, Detached};
use crate::term::{RawTerm, Term, cmp, copy, hash};

/// See the module's head.
pub struct Object {
    term: Detached,
}

impl Object {
    /// A copy of the tuple `t`.
    pub fn new(t: Term<'_>) -> Object {
        Object { term: copy::detach(t) }
    }
    /// Shows the tuple.
    #[inline]
    pub fn with<R>(&self, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        self.term.with(f)
    }
    /// The stored term, for reading together with others.
    pub fn detached(&self) -> &Detached {
        &self.term
    }
    /// Shows element `pos` (from 1), if there is one.
    #[inline]
    pub fn with_element<R>(&self, pos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> Option<R> {
        self.term.with(|t| t.as_tuple().and_then(|e| e.get(pos.wrapping_sub(1))).map(|&e| f(e)))
    }
    /// A copy of the tuple on a heap.
    pub fn copy_to<'s>(&self, b: &Builder<'s>) -> Term<'s> {
        self.with(|t| b.copy(t))
    }
    /// Words that the object takes.
    pub fn words(&self) -> usize {
        self.term.size()
    }
    /// Overwrites element `pos` (from 1) with an immediate in place; `false`: that cannot be done.
    pub fn set_immediate(&mut self, pos: usize, value: RawTerm) -> bool {
        self.term.set_element_immediate(pos.wrapping_sub(1), value)
    }
}

/// A key to look for, with what makes looking quick.
#[derive(Clone, Copy)]
pub struct Key<'k> {
    /// The key.
    pub term: Term<'k>,
    /// The key's word if it is an immediate, else "no term".
    word: RawTerm,
}

impl<'k> Key<'k> {
    /// A key to look for.
    #[inline]
    pub fn new(term: Term<'k>) -> Key<'k> {
        Key { term, word: word_of(term) }
    }
    /// Hash for hash tables.
    #[inline]
    pub(super) fn hash(&self) -> u32 {
        hash::internal_hash(self.term)
    }
}

fn word_of(t: Term<'_>) -> RawTerm {
    if t.is_immediate() { t.raw() } else { RawTerm::NONE }
}

/// An object with its key's word at hand.
pub(super) struct Keyed {
    word: RawTerm,
    pub(super) object: Object,
}

impl Keyed {
    /// `object`'s key is element `keypos` (from 1), which exists.
    pub(super) fn new(object: Object, keypos: usize) -> Keyed {
        let word = object.with_element(keypos, word_of).unwrap_or(RawTerm::NIL);
        Keyed { word, object }
    }
    /// Shows the key.
    #[inline]
    pub(super) fn with_key<R>(&self, keypos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        match Term::immediate(self.word) {
            Some(key) => f(key),
            None => self.object.with(|t| f(t.as_tuple().and_then(|e| e.get(keypos - 1)).copied().unwrap_or(Term::NIL))),
        }
    }
    /// `=:=` of the keys.
    #[inline]
    pub(super) fn matches(&self, key: &Key<'_>, keypos: usize) -> bool {
        if !self.word.is_none() || !key.word.is_none() {
            return self.word == key.word;
        }
        self.with_key(keypos, |k| cmp::eq_exact(k, key.term))
    }
    /// Order of this object's key to `key`.
    #[inline]
    pub(super) fn compare(&self, key: &Key<'_>, keypos: usize) -> Ordering {
        if let (Some(a), Some(b)) = (self.word.as_small(), key.word.as_small()) {
            return a.cmp(&b);
        }
        self.with_key(keypos, |k| cmp::compare(k, key.term))
    }
}
