//! One stored object: a tuple with everything below it, in one block outside of all heaps, or packed in the external
//! term format with the key at hand (option `compressed`).
//!
//! Invariant: the block holds copies of literals too, so no module's purge can touch a table; it is only changed
//! through `&mut`, that is under the table's write lock. Only terms that the external format gives back as they were
//! are packed.

use crate::etf;
use crate::heap::{Builder, Detached, MAX_HEAP_BINARY};
use crate::term::block::Block;
use crate::term::{Kind, RawTerm, Term, cmp, copy, hash, map};

/// See the module's head. The block holds the tuple, or, marked, `{Keypos, Key, Bytes}` of the packed one.
pub struct Object(Block);

/// What a packed object's block holds.
struct Packed<'o> {
    keypos: usize,
    key: Term<'o>,
    bytes: Term<'o>,
}

impl<'o> Packed<'o> {
    fn of(t: Term<'o>) -> Packed<'o> {
        let [keypos, key, bytes] = t.as_tuple_of().unwrap_or([Term::NIL; 3]);
        Packed { keypos: keypos.as_usize().unwrap_or(0), key, bytes }
    }
    fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.bytes.as_bits().and_then(|b| b.as_bytes()).unwrap_or_default())
    }
    fn unpack(&self) -> Detached {
        self.with_bytes(etf::decode_literal).unwrap_or_else(|_| Detached::immediate(RawTerm::NIL))
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
        Object(Block::new(t, false))
    }
    /// A copy of the tuple `t`, whose key is element `keypos` (from 1), in less memory where that is possible.
    pub fn packed(t: Term<'_>, keypos: usize) -> Object {
        let key = t.as_tuple().and_then(|e| e.get(keypos.wrapping_sub(1)));
        if let Some(&key) = key
            && can_be_packed(t)
        {
            let bytes = etf::encode(t, &etf::Options::default());
            let packed = Detached::build(|b| b.tuple(&[b.uint(keypos as u64), b.copy(key), b.binary(&bytes)]));
            let object = Object(packed.with(|p| Block::new(p, true)));
            if object.words() < copy::size_of(t) {
                return object;
            }
        }
        Object::new(t)
    }
    fn packed_with<R>(&self, f: impl for<'o> FnOnce(Packed<'o>) -> R) -> R {
        self.0.with(|t| f(Packed::of(t)))
    }
    /// Shows the tuple.
    #[inline]
    pub fn with<R>(&self, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        if self.0.is_marked() { self.packed_with(|p| p.unpack()).with(f) } else { self.0.with(f) }
    }
    /// Shows element `pos` (from 1), if there is one.
    #[inline]
    pub fn with_element<R>(&self, pos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> Option<R> {
        if self.0.is_marked() && self.packed_with(|p| p.keypos == pos) {
            return Some(self.packed_with(|p| f(p.key)));
        }
        self.with(|t| t.as_tuple().and_then(|e| e.get(pos.wrapping_sub(1))).map(|&e| f(e)))
    }
    /// Shows the key, which is element `keypos` (from 1) and exists.
    #[inline]
    pub(super) fn with_key<R>(&self, keypos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        if self.0.is_marked() {
            return self.packed_with(|p| f(p.key));
        }
        self.0.with(|t| f(t.as_tuple().and_then(|e| e.get(keypos - 1)).copied().unwrap_or(Term::NIL)))
    }
    /// `=:=` of this object's key, element `keypos`, and `key`.
    #[inline]
    pub(super) fn has_key(&self, key: &Key<'_>, keypos: usize) -> bool {
        self.with_key(keypos, |k| k.raw() == key.term.raw() || !key.is_word && cmp::eq_exact(k, key.term))
    }
    /// A copy of the tuple on a heap.
    pub fn copy_to<'s>(&self, b: &Builder<'s>) -> Term<'s> {
        if !self.0.is_marked() {
            return self.0.copy_to(b);
        }
        self.packed_with(|p| p.with_bytes(|bytes| etf::decode(b, bytes, false).map_or(Term::NIL, |d| d.term)))
    }
    /// Words that the object takes.
    #[inline]
    pub fn words(&self) -> usize {
        let outside = if self.0.is_marked() { self.packed_with(|p| outside(p.bytes)) } else { 0 };
        self.0.size() + outside
    }
    /// Adds to the small integer that element `pos` (from 1) is, if that and the sum are small, in place.
    #[inline]
    pub fn add_small(&mut self, pos: usize, increment: i64) -> Option<RawTerm> {
        if self.0.is_marked() {
            return None;
        }
        let index = pos.wrapping_sub(1);
        let sum = Term::try_small(self.0.immediate_element(index)?.as_small()?.checked_add(increment)?)?.raw();
        self.0.set_element_immediate(index, sum).then_some(sum)
    }
    /// Overwrites element `pos` (from 1) with an immediate in place; `false`: that cannot be done.
    #[inline]
    pub fn set_immediate(&mut self, pos: usize, value: RawTerm) -> bool {
        !self.0.is_marked() && self.0.set_element_immediate(pos.wrapping_sub(1), value)
    }
}

/// Words of a binary's bytes that are not in its block.
fn outside(binary: Term<'_>) -> usize {
    let bytes = binary.as_bits().map_or(0, |b| b.bits.div_ceil(8));
    if bytes > MAX_HEAP_BINARY { bytes.div_ceil(8) } else { 0 }
}

/// A key to look for, with what makes looking quick.
#[derive(Clone, Copy)]
pub struct Key<'k> {
    /// The key.
    pub term: Term<'k>,
    /// Whether it is all in its word.
    is_word: bool,
}

impl<'k> Key<'k> {
    /// A key to look for.
    #[inline]
    pub fn new(term: Term<'k>) -> Key<'k> {
        Key { term, is_word: term.is_immediate() }
    }
    /// Hash for hash tables.
    #[inline]
    pub(super) fn hash(&self) -> u32 {
        hash::internal_hash(self.term)
    }
}
