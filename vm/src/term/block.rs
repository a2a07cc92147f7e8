//! A copy of a boxed term outside of any process, in one block of memory with as little beside it as possible.
//!
//! Layout: `[size and flags][the words of the copy]`, then, if objects among them own something outside, the head of
//! their list. Invariants: the boxed term itself comes first; nothing in the block points out of it but what off-heap
//! objects refer to; it is only changed through `&mut`.

use std::ptr::NonNull;

use super::copy::{self, Copier, Shared};
use super::{RawTerm, Term};
use crate::heap::mem::{self, Category};
use crate::heap::object::{self, Shape};
use crate::heap::{Arena, Builder, off_heap};

/// See the module's head.
pub struct Block(NonNull<u64>);

// SAFETY: the block belongs to this value alone; what it shares with others (binaries) is counted atomically.
unsafe impl Send for Block {}
// SAFETY: a shared Block only lets its term be read.
unsafe impl Sync for Block {}

/// Some objects own something outside; the word behind the copy is the head of their list.
const OWNS: u64 = 1;
/// See [`Block::is_marked`].
const MARKED: u64 = 2;
/// The term is a tuple of immediates and objects without terms in them: its elements alone point anywhere.
const SHALLOW: u64 = 4;
const SIZE_SHIFT: u32 = 3;

/// Bytes of a block whose copy has `words` words.
fn bytes(words: usize, owns: bool) -> usize {
    (1 + words + usize::from(owns)) * 8
}

impl Block {
    /// A copy of `t`, which is boxed; see [`Block::is_marked`].
    pub fn new(t: Term<'_>, marked: bool) -> Block {
        assert!(t.raw().is_boxed(), "blocks are for boxed terms");
        let copy::Measured { words, owns, shallow } = copy::measured(t);
        let size = bytes(words, owns);
        let flag = |flag, set| if set { flag } else { 0 };
        let flags = flag(OWNS, owns) | flag(MARKED, marked) | flag(SHALLOW, shallow);
        let p = NonNull::new(mem::alloc(Category::Ets, size).cast::<u64>()).expect("memory that ran out stops the VM");
        let mut copier = Copier::new(Shared::none());
        // SAFETY: the block has room for the first word, the words that the term was measured to need, and the list.
        unsafe {
            p.write((words as u64) << SIZE_SHIFT | flags);
            copier.set_target(p.add(1).cast().as_ptr(), words);
            copier.copy(t.raw());
            let list = copier.into_off_heap();
            debug_assert_eq!(owns, !list.is_null());
            if owns {
                p.add(1 + words).write(list.expose_provenance() as u64);
            }
        }
        Block(p)
    }
    #[inline]
    fn meta(&self) -> u64 {
        // SAFETY: `new` wrote the first word, which lives as long as self.
        unsafe { self.0.read() }
    }
    #[inline]
    fn first(&self) -> *mut RawTerm {
        self.0.as_ptr().wrapping_add(1).cast()
    }
    /// Whether the maker marked it: a bit for the block's owner.
    #[inline]
    pub fn is_marked(&self) -> bool {
        self.meta() & MARKED != 0
    }
    /// Words of the copy.
    #[inline]
    pub fn size(&self) -> usize {
        (self.meta() >> SIZE_SHIFT) as usize
    }
    /// Shows the term.
    #[inline]
    pub fn with<R>(&self, f: impl for<'s> FnOnce(Term<'s>) -> R) -> R {
        // SAFETY: the block lives and does not move while self is borrowed; the term comes first in it.
        f(unsafe { RawTerm::from_boxed(self.first()).brand() })
    }
    /// Element `index` (from 0) of a tuple if it is an immediate.
    #[inline]
    pub fn immediate_element(&self, index: usize) -> Option<RawTerm> {
        self.with(|t| t.as_tuple()?.get(index).map(|e| e.raw())).filter(|e| e.is_immediate())
    }
    /// Overwrites element `index` (from 0) of a tuple with an immediate; `false` if there is none.
    #[inline]
    pub fn set_element_immediate(&mut self, index: usize, value: RawTerm) -> bool {
        let elements = self.with(|t| t.as_tuple().map_or(0, <[_]>::len));
        if index >= elements || !value.is_immediate() {
            return false;
        }
        // SAFETY: the term is a tuple with more than `index` elements; `&mut self` keeps readers out. What the element
        // referred to stays in the block until that is freed.
        unsafe { *self.first().add(1 + index) = value };
        true
    }
    /// A copy made with `b`.
    #[inline]
    pub fn copy_to<'s>(&self, b: &Builder<'s>) -> Term<'s> {
        if self.meta() & OWNS != 0 {
            // What is outside of the block is shared and counted.
            return self.with(|t| copy::copy_into(t, b));
        }
        // SAFETY: `new` filled as many words as the size says.
        let words = unsafe { std::slice::from_raw_parts(self.first(), self.size()) };
        let copy = if self.meta() & SHALLOW != 0 { copy_shallow(words, b.arena) } else { copy_words(words, b.arena) };
        Term::from_raw(copy)
    }
}

/// Copies words of complete objects that point nowhere but among themselves, and own nothing outside; the first is
/// the term.
fn copy_words(words: &[RawTerm], arena: &Arena) -> RawTerm {
    let to = arena.alloc(words.len());
    let distance = (to as u64).wrapping_sub(words.as_ptr() as u64);
    let mut raw = 0;
    for (i, &w) in words.iter().enumerate() {
        let copy = if raw > 0 {
            raw -= 1;
            w
        } else if w.is_immediate() {
            w
        } else if w.is_header() {
            let h = w.as_header();
            raw = match object::shape(h) {
                Shape::Terms => 0,
                Shape::Fun => 1,
                Shape::View | Shape::Raw => h.arity(),
            };
            w
        } else {
            RawTerm::from_bits(w.bits().wrapping_add(distance))
        };
        // SAFETY: the arena gave as many words as there are.
        unsafe { *to.add(i) = copy };
    }
    RawTerm::from_boxed(to)
}

/// [`copy_words`] for a tuple whose elements alone point anywhere.
#[inline]
fn copy_shallow(words: &[RawTerm], arena: &Arena) -> RawTerm {
    let to = arena.alloc(words.len());
    let distance = (to as u64).wrapping_sub(words.as_ptr() as u64);
    let (tuple, behind) = words.split_at(1 + words[0].as_header().arity());
    // SAFETY: the arena gave as many words as there are.
    unsafe {
        *to = tuple[0];
        for (i, &w) in tuple.iter().enumerate().skip(1) {
            *to.add(i) = if w.is_immediate() { w } else { RawTerm::from_bits(w.bits().wrapping_add(distance)) };
        }
        std::ptr::copy_nonoverlapping(behind.as_ptr(), to.add(tuple.len()), behind.len());
    }
    RawTerm::from_boxed(to)
}

impl Drop for Block {
    fn drop(&mut self) {
        let (words, owns) = (self.size(), self.meta() & OWNS != 0);
        // SAFETY: self owns the block, which `new` took with this size; its off-heap objects are on its list alone.
        unsafe {
            if owns {
                off_heap::release_list(std::ptr::with_exposed_provenance_mut(self.0.add(1 + words).read() as usize));
            }
            mem::free(Category::Ets, self.0.as_ptr().cast(), bytes(words, owns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;
    use crate::term::map;

    #[test]
    fn a_block_is_copied_as_it_is() {
        let build: [for<'s> fn(&Builder<'s>) -> Term<'s>; 11] = [
            |b| b.tuple(&[b.int(1), b.binary(b"payload"), b.float(-0.5), b.string("list")]),
            |b| b.tuple(&[b.int(i64::MAX), b.big_limbs(true, &[1, 2, 3])]),
            |b| map::from_pairs(b, &(0..100).map(|i| (b.int(i), b.tuple(&[b.int(i)]))).collect::<Vec<_>>()),
            |b| b.tuple(&[b.reference([1, 2, 3]), b.sub_bits(b.binary(&[0xa5; 64]), 3, 61).unwrap(), b.tuple(&[])]),
            // Own something outside of the block.
            |b| b.tuple(&[b.binary(&[7; 1000]), b.magic_reference([1, 2, 3], Box::new(1))]),
            |b| b.tuple(&[b.sub_bits(b.binary(&[0xa5; 1000]), 3, 6100).unwrap()]),
            // Shallow ones, and nearly.
            |b| {
                b.tuple(&[
                    b.int(1),
                    b.binary(b"payload"),
                    b.int(i64::MIN),
                    b.float(-0.5),
                    Term::NIL,
                    b.binary(&[1; 64]),
                ])
            },
            |b| b.tuple(&[b.binary(b"payload"), b.tuple(&[])]),
            |b| b.tuple(&[b.binary(b"payload"), b.tuple(&[b.float(1.5)]), b.float(2.5)]),
            |b| b.tuple(&[b.binary(b"payload"), b.cons(b.int(1), b.float(3.5))]),
            |b| b.tuple(&[]),
        ];
        for (build, marked) in build.into_iter().zip([true, false].into_iter().cycle()) {
            let mut block = Detached::build(build).with(|t| Block::new(t, marked));
            assert_eq!(block.is_marked(), marked);
            assert_eq!(block.immediate_element(100), None);
            let has_elements = block.with(|t| t.as_tuple().is_some_and(|e| !e.is_empty()));
            let unchanged = Detached::build(|b| block.copy_to(b));
            block.with(|t| unchanged.with(|c| assert!(crate::term::cmp::eq_exact(c, t))));
            assert_eq!(block.set_element_immediate(0, RawTerm::small(7)), has_elements);
            assert_eq!(block.immediate_element(0), has_elements.then(|| RawTerm::small(7)));
            assert!(!block.set_element_immediate(100, RawTerm::small(7)));
            let copy = Detached::build(|b| block.copy_to(b));
            block.with(|t| {
                copy.with(|c| assert_eq!(format!("{c:?}"), format!("{t:?}")));
                assert_eq!(copy.with(copy::size_of), copy::size_of(t));
            });
        }
    }
}
