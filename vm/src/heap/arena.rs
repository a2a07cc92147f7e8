//! [`Arena`]: where new terms go; [`Builder`]: the safe way to make them.
//!
//! Invariant: `htop <= limit`, both in one block; between them is free. When the block is full, allocation goes on in
//! fragments and never collects, so every term made during a native call stays valid until the call ends.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::null_mut;

use super::binary::{Binary, BinaryHandle, MAX_HEAP_BINARY, WRITABLE};
use super::fragment::{Detached, Fragment};
use super::magic::Magic;
use super::off_heap::{BIN_REF, MAGIC_REF};
use crate::atom::Atom;
use crate::code::{Export, FunEntry};
use crate::node::Node;
use crate::process::unique;
use crate::term::{BitsView, Header, RawTerm, SMALL_MAX, SMALL_MIN, Subtag, Term};

/// Words of a float object.
pub const FLOAT_WORDS: usize = 2;
/// Words of a bitstring view.
pub const SUB_BITS_WORDS: usize = 5;
/// Words of a fun without free variables: header, entry, creator.
pub const FUN_WORDS: u32 = 3;
/// Words of an off-heap binary: its `BinRef` and one view.
pub const REFC_WORDS: usize = 3 + SUB_BITS_WORDS;
const FRAGMENT_MIN: usize = 128;

/// Where new terms go.
#[repr(C)]
pub struct Arena {
    pub(crate) htop: Cell<*mut RawTerm>,
    /// First word that may not be used: for a process, [`super::RESERVE`] words below its stack pointer.
    pub(crate) limit: Cell<*mut RawTerm>,
    /// Overflow fragments and received messages' fragments, newest first.
    pub(crate) frags: Cell<*mut Fragment>,
    /// Words used in `frags`.
    pub(crate) frag_words: Cell<usize>,
    /// Off-heap objects of the young generation and the fragments, newest first.
    pub(crate) off_heap: Cell<*mut RawTerm>,
    /// Words of off-heap binaries referred to since the last collection (the virtual binary heap).
    pub(crate) vheap: Cell<usize>,
}

impl Arena {
    pub(crate) const fn empty() -> Arena {
        Arena {
            htop: Cell::new(null_mut()),
            limit: Cell::new(null_mut()),
            frags: Cell::new(null_mut()),
            frag_words: Cell::new(0),
            off_heap: Cell::new(null_mut()),
            vheap: Cell::new(0),
        }
    }

    /// Builds a term outside of any process.
    pub(crate) fn detached(f: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) -> Detached {
        let arena = Arena::empty();
        let term = {
            let b = Builder { arena: &arena, _s: PhantomData };
            f(&b).raw()
        };
        let mut frags = arena.frags.get();
        if frags.is_null() && !arena.off_heap.get().is_null() {
            frags = Fragment::new(0);
        }
        if !frags.is_null() {
            // SAFETY: the chain was made by this arena alone.
            unsafe { (*frags).off_heap = arena.off_heap.get() };
        }
        // SAFETY: the term was built in `frags`, or is immediate or literal; the arena is gone.
        unsafe { Detached::from_parts(term, frags) }
    }

    /// Builds a term outside of any process, in a fragment that has room and in others behind it.
    pub(crate) fn build_behind(first: *mut Fragment, f: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) -> RawTerm {
        let arena = Arena::empty();
        arena.frags.set(first);
        let term = f(&Builder { arena: &arena, _s: PhantomData }).raw();
        // Newer fragments have been put before the first: they go behind it.
        let newest = arena.frags.get();
        // SAFETY: the chain was made by this arena alone and ends in `first`.
        unsafe {
            if newest != first {
                let mut last = newest;
                while (*last).next != first {
                    last = (*last).next;
                }
                (*last).next = null_mut();
                (*first).next = newest;
            }
            (*first).off_heap = arena.off_heap.get();
        }
        term
    }

    /// From here to the next safe point fragments alone are used.
    pub(crate) fn close(&self) {
        self.limit.set(self.htop.get());
    }

    /// Room for `words` words.
    #[inline(always)]
    pub(crate) fn alloc(&self, words: usize) -> *mut RawTerm {
        let p = self.htop.get();
        if words <= (self.limit.get() as usize).saturating_sub(p as usize) / 8 {
            self.htop.set(p.wrapping_add(words));
            p
        } else {
            self.alloc_fragment(words)
        }
    }

    #[cold]
    #[inline(never)]
    fn alloc_fragment(&self, words: usize) -> *mut RawTerm {
        let mut f = self.frags.get();
        // SAFETY: the newest fragment, if any, belongs to this arena; `used <= capacity`.
        let room = if f.is_null() { 0 } else { unsafe { (*f).capacity - (*f).used } };
        if room < words {
            let fresh = Fragment::new(words.max(FRAGMENT_MIN).max(self.frag_words.get() / 2));
            // SAFETY: just made.
            unsafe { (*fresh).next = f };
            self.frags.set(fresh);
            f = fresh;
        }
        // SAFETY: f has room for `words` more words.
        unsafe {
            let p = Fragment::words(f).add((*f).used);
            (*f).used += words;
            self.frag_words.set(self.frag_words.get() + words);
            p
        }
    }

    /// Keeps the first `keep` of the `words` words at `p`, if they were the last to be allocated; else they are lost
    /// until the next collection.
    pub(crate) fn give_back(&self, p: *mut RawTerm, words: usize, keep: usize) {
        if self.htop.get() == p.wrapping_add(words) {
            self.htop.set(p.wrapping_add(keep));
            return;
        }
        let f = self.frags.get();
        // SAFETY: the newest fragment, if any, belongs to this arena.
        unsafe {
            if !f.is_null() && Fragment::words(f).add((*f).used) == p.wrapping_add(words) && (*f).used >= words {
                (*f).used -= words - keep;
                self.frag_words.set(self.frag_words.get() - (words - keep));
            }
        }
    }

    /// Hangs a new off-heap object on the list.
    ///
    /// # Safety
    /// `obj` is complete but for its link and on no list.
    pub(crate) unsafe fn link_off_heap(&self, obj: *mut RawTerm) {
        // SAFETY: the caller's contract.
        unsafe { super::off_heap::set_next(obj, self.off_heap.get()) };
        self.off_heap.set(obj);
    }

    /// Takes over a whole list of off-heap objects.
    ///
    /// # Safety
    /// The objects belong to nobody else's list.
    pub(crate) unsafe fn adopt_off_heap(&self, mut obj: *mut RawTerm) {
        while !obj.is_null() {
            // SAFETY: the caller's contract; a BinRef's word 1 is its live binary.
            unsafe {
                let next = super::off_heap::next(obj);
                self.vheap.set(self.vheap.get() + super::off_heap::words_outside(obj));
                self.link_off_heap(obj);
                obj = next;
            }
        }
    }

    /// Takes over the fragments of a detached term; the term may be used by this arena's owner from now on.
    pub(crate) fn adopt(&self, d: Detached) -> RawTerm {
        let (term, frags) = d.into_parts();
        // SAFETY: the chain comes from a Detached, which owned it alone.
        unsafe { self.adopt_fragments(frags) };
        term
    }

    /// Appends a chain of fragments to this arena's own and takes over their off-heap objects.
    ///
    /// # Safety
    /// Nobody else uses the chain.
    pub(crate) unsafe fn adopt_fragments(&self, frags: *mut Fragment) {
        let mut f = frags;
        let mut last = null_mut();
        while !f.is_null() {
            // SAFETY: the caller's contract.
            unsafe {
                self.adopt_off_heap(std::mem::replace(&mut (*f).off_heap, null_mut()));
                self.frag_words.set(self.frag_words.get() + (*f).used);
                last = f;
                f = (*f).next;
            }
        }
        if !last.is_null() {
            // SAFETY: `last` is the end of the chain.
            unsafe { (*last).next = self.frags.get() };
            self.frags.set(frags);
        }
    }
}

/// Makes terms of brand `'s`. All methods take `&self` and cannot collect.
pub struct Builder<'s> {
    pub(crate) arena: &'s Arena,
    _s: PhantomData<Cell<&'s ()>>,
}

impl<'s> Builder<'s> {
    /// # Safety
    /// `arena` belongs to the running process (or a detached build), and no collection happens during `'s`.
    pub(crate) unsafe fn of(arena: &'s Arena) -> Builder<'s> {
        Builder { arena, _s: PhantomData }
    }

    /// A new object: header and `words` of payload.
    #[inline(always)]
    pub(crate) fn object(&self, h: Header, words: &[u64]) -> *mut RawTerm {
        let p = self.arena.alloc(1 + words.len());
        // SAFETY: alloc gave 1 + words.len() words.
        unsafe {
            *p = RawTerm::header(h);
            for (i, w) in words.iter().enumerate() {
                *p.add(1 + i) = RawTerm(*w);
            }
        }
        p
    }
    #[inline(always)]
    pub(crate) fn boxed(&self, h: Header, words: &[u64]) -> Term<'s> {
        Term::from_raw(RawTerm::from_boxed(self.object(h, words)))
    }

    /// `[head | tail]`.
    #[inline(always)]
    pub fn cons(&self, head: Term<'s>, tail: Term<'s>) -> Term<'s> {
        let p = self.arena.alloc(2);
        // SAFETY: alloc gave two words.
        unsafe {
            *p = head.raw();
            *p.add(1) = tail.raw();
        }
        Term::from_raw(RawTerm::from_cons(p))
    }
    /// A tuple. The empty tuple is an object too.
    pub fn tuple(&self, elements: &[Term<'s>]) -> Term<'s> {
        let p = self.arena.alloc(1 + elements.len());
        // SAFETY: alloc gave 1 + len words; Term is one word.
        unsafe {
            *p = RawTerm::header(Header::new(Subtag::Tuple, elements.len()));
            std::ptr::copy_nonoverlapping(elements.as_ptr().cast(), p.add(1), elements.len());
        }
        Term::from_raw(RawTerm::from_boxed(p))
    }
    /// A tuple of `n` elements made one by one.
    pub fn tuple_with(&self, n: usize, mut f: impl FnMut(usize) -> Term<'s>) -> Term<'s> {
        let v: Vec<Term<'s>> = (0..n).map(&mut f).collect();
        self.tuple(&v)
    }
    /// A copy of a tuple with element `index` (from 0) replaced; the caller has checked that it exists.
    pub fn set_element(&self, tuple: &[Term<'s>], index: usize, value: Term<'s>) -> Term<'s> {
        let t = self.tuple(tuple);
        // SAFETY: the fresh copy has tuple.len() elements.
        unsafe { *t.boxed_ptr().add(1 + tuple[..=index].len() - 1) = value.raw() };
        t
    }
    /// A proper list.
    pub fn list(&self, elements: &[Term<'s>]) -> Term<'s> {
        self.list_with_tail(elements, Term::NIL)
    }
    /// A list that ends in `tail`.
    pub fn list_with_tail(&self, elements: &[Term<'s>], tail: Term<'s>) -> Term<'s> {
        if elements.is_empty() {
            return tail;
        }
        let p = self.arena.alloc(2 * elements.len());
        // SAFETY: alloc gave 2 * len words, filled pairwise.
        unsafe {
            for (i, e) in elements.iter().enumerate() {
                *p.add(2 * i) = e.raw();
                *p.add(2 * i + 1) =
                    if i + 1 == elements.len() { tail.raw() } else { RawTerm::from_cons(p.add(2 * i + 2)) };
            }
        }
        Term::from_raw(RawTerm::from_cons(p))
    }
    /// A list from an iterator; built from its end, so the items are collected first.
    pub fn list_from(&self, items: impl IntoIterator<Item = Term<'s>>) -> Term<'s> {
        let v: Vec<Term<'s>> = items.into_iter().collect();
        self.list(&v)
    }
    /// A list of the string's code points.
    pub fn string(&self, s: &str) -> Term<'s> {
        let v: Vec<Term<'s>> = s.chars().map(|c| Term::small(c as i32)).collect();
        self.list(&v)
    }
    /// A list of bytes.
    pub fn byte_list(&self, bytes: &[u8]) -> Term<'s> {
        self.byte_list_with_tail(bytes, Term::NIL)
    }
    /// A list of bytes that ends in `tail`.
    pub fn byte_list_with_tail(&self, bytes: &[u8], tail: Term<'s>) -> Term<'s> {
        if bytes.is_empty() {
            return tail;
        }
        let p = self.arena.alloc(2 * bytes.len());
        // SAFETY: alloc gave 2 * len words, filled pairwise.
        unsafe {
            for (i, &c) in bytes.iter().enumerate() {
                *p.add(2 * i) = RawTerm::small(i64::from(c));
                *p.add(2 * i + 1) = RawTerm::from_cons(p.add(2 * i + 2));
            }
            *p.add(2 * bytes.len() - 1) = tail.raw();
        }
        Term::from_raw(RawTerm::from_cons(p))
    }
    /// An integer.
    #[inline]
    pub fn int(&self, i: i64) -> Term<'s> {
        match Term::try_small(i) {
            Some(t) => t,
            None => self.big_limbs(i < 0, &[i.unsigned_abs()]),
        }
    }
    /// An integer.
    pub fn uint(&self, u: u64) -> Term<'s> {
        if u <= SMALL_MAX as u64 { Term::from_raw(RawTerm::small(u as i64)) } else { self.big_limbs(false, &[u]) }
    }
    /// An integer.
    pub fn int128(&self, i: i128) -> Term<'s> {
        if (i128::from(SMALL_MIN)..=i128::from(SMALL_MAX)).contains(&i) {
            return Term::from_raw(RawTerm::small(i as i64));
        }
        let m = i.unsigned_abs();
        self.big_limbs(i < 0, &[m as u64, (m >> 64) as u64])
    }
    /// An integer from sign and little-endian limbs, normalised (leading zeros dropped, small if it fits).
    pub fn big_limbs(&self, negative: bool, limbs: &[u64]) -> Term<'s> {
        let n = limbs.len() - limbs.iter().rev().take_while(|&&l| l == 0).count();
        match limbs[..n] {
            [] => return Term::small(0),
            [l] if !negative && l <= SMALL_MAX as u64 => return Term::from_raw(RawTerm::small(l as i64)),
            [l] if negative && l <= SMALL_MIN.unsigned_abs() => {
                return Term::from_raw(RawTerm::small((l as i64).wrapping_neg()));
            }
            _ => {}
        }
        let tag = if negative { Subtag::NegBig } else { Subtag::PosBig };
        self.boxed(Header::new(tag, n), &limbs[..n])
    }
    /// An integer of at most `limbs` limbs (at least one) that `fill` writes, little-endian; it is given zeros and tells
    /// whether the integer is negative. Normalised as by [`Builder::big_limbs`]; room that is not needed is given back.
    pub fn big_with(&self, limbs: usize, fill: impl FnOnce(&mut [u64]) -> bool) -> Term<'s> {
        let limbs = limbs.max(1);
        let p = self.arena.alloc(1 + limbs);
        // SAFETY: alloc gave 1 + limbs words; those after the header are zeroed before they are lent.
        let out: &mut [u64] = unsafe {
            p.add(1).write_bytes(0, limbs);
            std::slice::from_raw_parts_mut(p.add(1).cast(), limbs)
        };
        let negative = fill(out);
        let n = limbs - out.iter().rev().take_while(|&&l| l == 0).count();
        let small = match out[..n] {
            [] => Some(0),
            [l] if !negative && l <= SMALL_MAX as u64 => Some(l as i64),
            [l] if negative && l <= SMALL_MIN.unsigned_abs() => Some((l as i64).wrapping_neg()),
            _ => None,
        };
        if let Some(i) = small {
            self.arena.give_back(p, 1 + limbs, 0);
            return Term::from_raw(RawTerm::small(i));
        }
        self.arena.give_back(p, 1 + limbs, 1 + n);
        let tag = if negative { Subtag::NegBig } else { Subtag::PosBig };
        // SAFETY: the first word of the object is this object's header.
        unsafe { *p = RawTerm::header(Header::new(tag, n)) };
        Term::from_raw(RawTerm::from_boxed(p))
    }
    /// A float; the caller makes sure that it is finite.
    #[inline(always)]
    pub fn float(&self, f: f64) -> Term<'s> {
        debug_assert!(f.is_finite());
        self.boxed(Header::new(Subtag::Float, 1), &[f.to_bits()])
    }
    /// A binary with these bytes.
    pub fn binary(&self, bytes: &[u8]) -> Term<'s> {
        if bytes.len() > MAX_HEAP_BINARY {
            return self.refc_bits_owned(BinaryHandle::new(bytes), 0, bytes.len() * 8);
        }
        self.binary_with(bytes.len(), |out| out.copy_from_slice(bytes))
    }
    /// A binary of `len` bytes that `fill` writes (it is given zeros).
    pub fn binary_with(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> Term<'s> {
        self.bits_with(len * 8, fill)
    }
    /// A bitstring of `bits` bits that `fill` writes (it is given zeroed bytes; bits behind the end must stay zero).
    pub fn bits_with(&self, bits: usize, fill: impl FnOnce(&mut [u8])) -> Term<'s> {
        let len = bits.div_ceil(8);
        if len > MAX_HEAP_BINARY {
            return self.refc_bits_owned(BinaryHandle::build(len, fill), 0, bits);
        }
        let words = len.div_ceil(8);
        let p = self.arena.alloc(2 + words);
        // SAFETY: alloc gave 2 + words words; the bytes are zeroed before they are lent.
        unsafe {
            *p = RawTerm::header(Header::new(Subtag::HeapBits, 1 + words));
            *p.add(1) = RawTerm(bits as u64);
            let data = p.add(2).cast::<u8>();
            data.write_bytes(0, words * 8);
            fill(std::slice::from_raw_parts_mut(data, len));
        }
        Term::from_raw(RawTerm::from_boxed(p))
    }
    /// A bitstring with a copy of these bits.
    pub fn bits(&self, v: BitsView<'_>) -> Term<'s> {
        self.bits_with(v.bits, |out| crate::term::bits::copy_bits(v, out, 0))
    }
    /// A view of `bits` bits at bit `start` of an off-heap binary; takes a reference of its own.
    pub fn refc_bits(&self, h: &BinaryHandle, start: usize, bits: usize) -> Term<'s> {
        self.refc_bits_owned(h.clone(), start, bits)
    }
    /// As [`Builder::refc_bits`], with the handle's own reference.
    pub fn refc_bits_owned(&self, h: BinaryHandle, start: usize, bits: usize) -> Term<'s> {
        assert!(start + bits <= h.bytes().len() * 8);
        let raw = h.into_raw();
        let orig = self.bin_ref(raw);
        self.view(orig, Binary::data(raw), start, start + bits, false)
    }
    /// Wraps a reference of an off-heap binary that the new object owns from now on.
    pub(crate) fn bin_ref(&self, owned: *mut Binary) -> RawTerm {
        let p = self.object(BIN_REF, &[owned.expose_provenance() as u64, 0]);
        // SAFETY: complete and on no list; `owned` is alive.
        unsafe {
            self.arena.link_off_heap(p);
            self.arena.vheap.set(self.arena.vheap.get() + (*owned).capacity() / 8);
        }
        RawTerm::from_boxed(p)
    }
    /// A `SubBits` over `orig` (a `BinRef` or `HeapBits`) whose bytes are at `base`.
    pub(crate) fn view(&self, orig: RawTerm, base: *const u8, start: usize, end: usize, writable: bool) -> Term<'s> {
        let base = base.expose_provenance() as u64 | if writable { WRITABLE } else { 0 };
        self.boxed(Header::new(Subtag::SubBits, 4), &[orig.bits(), base, start as u64, end as u64])
    }
    /// The part `[from, from + len)` in bits of a bitstring: a view if that is cheaper than a copy. `None` if outside.
    pub fn sub_bits(&self, of: Term<'s>, from: usize, len: usize) -> Option<Term<'s>> {
        let v = of.as_bits()?;
        let part = v.slice(from, len)?;
        if part.bits == v.bits {
            return Some(of);
        }
        let orig = if of.boxed_header()?.is(Subtag::HeapBits) { of.raw() } else { RawTerm(of.word(1)) };
        // SAFETY: the view's orig keeps its base alive, and the part was seen to lie inside.
        Some(unsafe { self.extract_bits(orig, part.base(), part.start, len) })
    }
    /// `bits` bits at bit `from` of `base`: small binaries are copied (so that they keep no large one alive), the
    /// rest become views of `orig`.
    ///
    /// # Safety
    /// `orig` is the `BinRef` or `HeapBits` whose data `base` is, and the bits lie inside of it.
    #[inline]
    pub(crate) unsafe fn extract_bits(&self, orig: RawTerm, base: *const u8, from: usize, bits: usize) -> Term<'s> {
        if bits.is_multiple_of(8) && bits <= MAX_HEAP_BINARY * 8 {
            let words = bits.div_ceil(64);
            let p = self.arena.alloc(2 + words);
            // SAFETY: alloc gave 2 + words words; the last is cleared before bytes are laid over it.
            unsafe {
                *p = RawTerm::header(Header::new(Subtag::HeapBits, 1 + words));
                *p.add(1) = RawTerm(bits as u64);
                *p.add(1 + words) = RawTerm(if words == 0 { bits as u64 } else { 0 });
                if from.is_multiple_of(8) {
                    crate::term::bits::copy_short(base.add(from / 8), p.add(2).cast(), bits / 8);
                } else {
                    crate::term::bits::copy_raw(base, from, p.add(2).cast(), 0, bits);
                }
            }
            return Term::from_raw(RawTerm::from_boxed(p));
        }
        self.view(orig, base, from, from + bits, false)
    }
    /// A fun of this entry that a process has made.
    pub fn fun(&self, entry: &'static FunEntry, creator: Term<'s>, env: &[Term<'s>]) -> Term<'s> {
        let p = self.arena.alloc(3 + env.len());
        // SAFETY: alloc gave 3 + len words.
        unsafe {
            *p = RawTerm::header(Header::new(Subtag::Fun, 2 + env.len()));
            *p.add(1) = RawTerm(std::ptr::from_ref(entry).expose_provenance() as u64);
            *p.add(2) = creator.raw();
            std::ptr::copy_nonoverlapping(env.as_ptr().cast(), p.add(3), env.len());
        }
        Term::from_raw(RawTerm::from_boxed(p))
    }
    /// `fun M:F/A`.
    pub fn export_fun(&self, e: &'static Export) -> Term<'s> {
        self.boxed(Header::new(Subtag::Export, 1), &[std::ptr::from_ref(e).expose_provenance() as u64])
    }
    /// A local reference with these numbers.
    pub fn reference(&self, n: [u32; 3]) -> Term<'s> {
        self.boxed(Header::new(Subtag::Ref, 2), &[u64::from(n[0]) | u64::from(n[1]) << 32, u64::from(n[2])])
    }
    /// A local reference that can be an alias of the process `pid`.
    pub fn alias_reference(&self, n: [u32; 3], pid: RawTerm) -> Term<'s> {
        let w = [u64::from(n[0]) | u64::from(n[1]) << 32, u64::from(n[2]), pid.bits()];
        self.boxed(Header::new(Subtag::Ref, 3), &w)
    }
    /// A fresh reference that owns Rust state.
    pub fn fresh_magic_reference(&self, state: Box<dyn std::any::Any + Send + Sync>) -> Term<'s> {
        self.magic_reference(unique::magic_reference(), state)
    }
    /// A reference that owns Rust state, with numbers of [`unique::magic_reference`].
    pub fn magic_reference(&self, n: [u32; 3], state: Box<dyn std::any::Any + Send + Sync>) -> Term<'s> {
        self.magic(n, Magic::new(state))
    }
    /// The magic reference with these numbers that has been written out, if what it owns is still there.
    pub(crate) fn written_magic_reference(&self, n: [u32; 3]) -> Option<Term<'s>> {
        Magic::of_written(n).map(|m| self.magic(n, m))
    }
    fn magic(&self, n: [u32; 3], m: *mut Magic) -> Term<'s> {
        let w = [u64::from(n[0]) | u64::from(n[1]) << 32, u64::from(n[2]), 0, m.expose_provenance() as u64];
        let p = self.object(MAGIC_REF, &w);
        // SAFETY: complete and on no list.
        unsafe { self.arena.link_off_heap(p) };
        Term::from_raw(RawTerm::from_boxed(p))
    }
    /// A pid of another node.
    pub fn external_pid(&self, node: &'static Node, data: u64) -> Term<'s> {
        let n = std::ptr::from_ref(node).expose_provenance() as u64;
        self.boxed(Header::new(Subtag::ExternalPid, 2), &[n, data])
    }
    /// A port of another node.
    pub fn external_port(&self, node: &'static Node, data: u64) -> Term<'s> {
        let n = std::ptr::from_ref(node).expose_provenance() as u64;
        self.boxed(Header::new(Subtag::ExternalPort, 2), &[n, data])
    }
    /// A reference of another node.
    pub fn external_ref(&self, node: &'static Node, r: [u32; 3]) -> Term<'s> {
        let n = std::ptr::from_ref(node).expose_provenance() as u64;
        self.boxed(Header::new(Subtag::ExternalRef, 3), &[n, u64::from(r[0]) | u64::from(r[1]) << 32, u64::from(r[2])])
    }
    /// A native record of a definition (see [`crate::term::RecordView`]).
    pub fn record(&self, definition: Term<'s>, values: &[Term<'s>]) -> Term<'s> {
        let p = self.arena.alloc(2 + values.len());
        // SAFETY: alloc gave 2 + len words.
        unsafe {
            *p = RawTerm::header(Header::new(Subtag::Record, 1 + values.len()));
            *p.add(1) = definition.raw();
            std::ptr::copy_nonoverlapping(values.as_ptr().cast(), p.add(2), values.len());
        }
        Term::from_raw(RawTerm::from_boxed(p))
    }
    /// An atom of this name; `system_limit` and too long names are the caller's to report.
    pub fn atom(&self, name: &str) -> Result<Term<'s>, crate::atom::AtomError> {
        Atom::from_program(name).map(Term::atom)
    }
    /// Takes over a detached term.
    pub fn adopt(&self, d: Detached) -> Term<'s> {
        Term::from_raw(self.arena.adopt(d))
    }
    /// A copy of a term of another brand.
    pub fn copy(&self, t: Term<'_>) -> Term<'s> {
        crate::term::copy::copy_into(t, self)
    }
}
