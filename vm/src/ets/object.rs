//! One stored object: a tuple with everything below it, in one block outside of all heaps, or packed in the external
//! term format with the key at hand (option `compressed`).
//!
//! Invariant: the block holds copies of literals too, so no module's purge can touch a table; it is only changed
//! through `&mut`, that is under the table's write lock. Only terms that the external format gives back as they were
//! are packed.

use crate::etf;
use crate::heap::{Builder, Detached};
use crate::term::copy::{self, Block};
use crate::term::{Kind, RawTerm, Term, cmp, hash, map};

/// See the module's head.
pub struct Object {
    content: Content,
}

enum Content {
    Plain(Block),
    Packed(Box<Packed>),
}

/// A tuple in the external format.
struct Packed {
    keypos: usize,
    key: Detached,
    bytes: Box<[u8]>,
}

impl Packed {
    fn unpack(&self) -> Detached {
        etf::decode_literal(&self.bytes).unwrap_or_else(|_| Detached::immediate(RawTerm::NIL))
    }
}

/// Whether the external format gives a term back as it is: funs, magic references and shared binaries are more than
/// their external form.
fn can_be_packed(t: Term<'_>) -> bool {
    let mut todo = vec![t];
    while let Some(t) = todo.pop() {
        match t.kind() {
            Kind::Cons(head, tail) => todo.extend([head, tail]),
            Kind::Tuple(elements) => todo.extend(elements),
            Kind::Map => todo.extend(map::iter(t).flat_map(|(k, v)| [k, v])),
            _ if t.is_immediate() || t.is_number() => {}
            _ if t.as_bits().is_some() => {
                if t.off_heap_binary().is_some() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

impl Object {
    /// A copy of the tuple `t`.
    pub fn new(t: Term<'_>) -> Object {
        Object { content: Content::Plain(Block::new(t)) }
    }
    /// A copy of the tuple `t`, whose key is element `keypos` (from 1), in less memory where that is possible.
    pub fn packed(t: Term<'_>, keypos: usize) -> Object {
        let key = t.as_tuple().and_then(|e| e.get(keypos.wrapping_sub(1)));
        if let Some(&key) = key
            && can_be_packed(t)
        {
            let packed = Packed {
                keypos,
                key: copy::detach(key),
                bytes: etf::encode(t, &etf::Options::new(RawTerm::NIL)).into_boxed_slice(),
            };
            let object = Object { content: Content::Packed(Box::new(packed)) };
            if object.words() < copy::size_of(t) {
                return object;
            }
        }
        Object::new(t)
    }
    /// Shows the tuple.
    #[inline]
    pub fn with<R>(&self, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        match &self.content {
            Content::Plain(t) => t.with(f),
            Content::Packed(p) => p.unpack().with(f),
        }
    }
    /// Shows the stored term, for reading together with others.
    pub fn with_detached<R>(&self, f: impl FnOnce(&Detached) -> R) -> R {
        match &self.content {
            Content::Plain(t) => f(t.detached()),
            Content::Packed(p) => f(&p.unpack()),
        }
    }
    /// Shows element `pos` (from 1), if there is one.
    #[inline]
    pub fn with_element<R>(&self, pos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> Option<R> {
        if let Content::Packed(p) = &self.content
            && p.keypos == pos
        {
            return Some(p.key.with(f));
        }
        self.with(|t| t.as_tuple().and_then(|e| e.get(pos.wrapping_sub(1))).map(|&e| f(e)))
    }
    /// Shows the key, which is element `keypos` (from 1) and exists.
    #[inline]
    pub(super) fn with_key<R>(&self, keypos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        match &self.content {
            Content::Plain(t) => {
                t.with(|t| f(t.as_tuple().and_then(|e| e.get(keypos - 1)).copied().unwrap_or(Term::NIL)))
            }
            Content::Packed(p) => p.key.with(f),
        }
    }
    /// A copy of the tuple on a heap.
    pub fn copy_to<'s>(&self, b: &Builder<'s>) -> Term<'s> {
        match &self.content {
            Content::Plain(t) => t.copy_to(b),
            Content::Packed(p) => etf::decode(b, &p.bytes, false).map_or(Term::NIL, |d| d.term),
        }
    }
    /// Words that the object takes.
    pub fn words(&self) -> usize {
        match &self.content {
            Content::Plain(t) => t.size(),
            Content::Packed(p) => size_of::<Packed>() / 8 + p.key.size() + p.bytes.len().div_ceil(8),
        }
    }
    /// Overwrites element `pos` (from 1) with an immediate in place; `false`: that cannot be done.
    pub fn set_immediate(&mut self, pos: usize, value: RawTerm) -> bool {
        match &mut self.content {
            Content::Plain(t) => t.set_element_immediate(pos.wrapping_sub(1), value),
            Content::Packed(_) => false,
        }
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
            None => self.object.with_key(keypos, f),
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
}
