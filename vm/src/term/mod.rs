//! Terms: one 64-bit word each, with the tag scheme of `tag.rs`.
//!
//! [`RawTerm`] is the word. It may dangle, so what it points to is read only inside this folder, `heap/` and `interp/`.
//! [`Term<'s>`] is the same word with the brand of a native call: while `'s` lives no collection can happen
//! (only the dispatcher collects, after the native has returned), so everything a `Term<'s>` points to stays
//! where it is and its views are safe to read. `'s` is invariant: terms of two calls cannot be mixed.

pub mod bits;
pub mod block;
pub mod cmp;
pub mod copy;
pub mod hash;
pub mod iolist;
pub mod map;
pub mod print;
pub mod tag;
#[cfg(test)]
pub(crate) mod testing;
mod view;

use std::marker::PhantomData;

use crate::atom::Atom;
use tag::*;
pub use tag::{Header, SMALL_MAX, SMALL_MIN, Subtag};
pub use view::{BigView, BitsView, FunView, Kind, RecordView, RefView};

/// A term word without a guarantee that what it points to is alive.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawTerm(pub(crate) u64);

impl RawTerm {
    /// "No term".
    pub const NONE: RawTerm = RawTerm(NON_VALUE);
    /// The empty list.
    pub const NIL: RawTerm = RawTerm(NIL);

    /// The integer `i`, which must lie in [`SMALL_MIN`]`..=`[`SMALL_MAX`].
    #[inline(always)]
    pub const fn small(i: i64) -> RawTerm {
        debug_assert!(i >= SMALL_MIN && i <= SMALL_MAX);
        RawTerm(((i as u64) << IMMED1_SHIFT) | SMALL)
    }
    /// An atom's term.
    #[inline(always)]
    pub const fn atom(a: Atom) -> RawTerm {
        RawTerm(((a.index() as u64) << IMMED2_SHIFT) | ATOM)
    }
    /// `true` or `false`.
    #[inline(always)]
    pub const fn bool(b: bool) -> RawTerm {
        if b { RawTerm::atom(crate::atom::am::TRUE) } else { RawTerm::atom(crate::atom::am::FALSE) }
    }
    /// A local pid from its process-table data word (60 bits).
    #[inline(always)]
    pub const fn pid(data: u64) -> RawTerm {
        RawTerm((data << IMMED1_SHIFT) | PID)
    }
    /// A local port from its data word (60 bits).
    #[inline(always)]
    pub const fn port(data: u64) -> RawTerm {
        RawTerm((data << IMMED1_SHIFT) | PORT)
    }
    /// The word itself.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// The term of this word; any value is accepted, since a `RawTerm` promises nothing.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> RawTerm {
        RawTerm(bits)
    }
    #[inline(always)]
    pub(crate) fn from_cons(p: *const RawTerm) -> RawTerm {
        RawTerm(p.expose_provenance() as u64 | CONS)
    }
    #[inline(always)]
    pub(crate) fn from_boxed(p: *const RawTerm) -> RawTerm {
        RawTerm(p.expose_provenance() as u64 | BOXED)
    }
    #[inline(always)]
    pub(crate) const fn header(h: Header) -> RawTerm {
        RawTerm(h.0)
    }
    #[inline(always)]
    pub(crate) const fn is_header(self) -> bool {
        self.0 & PRIMARY_MASK == HEADER
    }
    #[inline(always)]
    pub(crate) const fn as_header(self) -> Header {
        Header(self.0)
    }
    /// Whether this is no term at all.
    #[inline(always)]
    pub const fn is_none(self) -> bool {
        self.0 == NON_VALUE
    }
    /// A non-empty list.
    #[inline(always)]
    pub const fn is_cons(self) -> bool {
        self.0 & PRIMARY_MASK == CONS
    }
    /// A pointer to a boxed object.
    #[inline(always)]
    pub const fn is_boxed(self) -> bool {
        self.0 & PRIMARY_MASK == BOXED
    }
    /// Held in the word itself.
    #[inline(always)]
    pub const fn is_immediate(self) -> bool {
        self.0 & PRIMARY_MASK == 3
    }
    /// A small integer.
    #[inline(always)]
    pub const fn is_small(self) -> bool {
        self.0 & IMMED1_MASK == SMALL
    }
    /// An atom.
    #[inline(always)]
    pub const fn is_atom(self) -> bool {
        self.0 & IMMED2_MASK == ATOM
    }
    /// The empty list.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.0 == NIL
    }
    /// A local pid.
    #[inline(always)]
    pub const fn is_local_pid(self) -> bool {
        self.0 & IMMED1_MASK == PID
    }
    /// A local port.
    #[inline(always)]
    pub const fn is_local_port(self) -> bool {
        self.0 & IMMED1_MASK == PORT
    }
    /// A catch tag that leads nowhere, for tests of what walks stacks.
    #[cfg(test)]
    pub(crate) const fn catch_tag(index: u32) -> RawTerm {
        RawTerm(((index as u64) << IMMED2_SHIFT) | CATCH)
    }
    #[inline(always)]
    pub(crate) const fn is_catch(self) -> bool {
        self.0 & IMMED2_MASK == CATCH
    }
    /// The small integer's value.
    #[inline(always)]
    pub const fn as_small(self) -> Option<i64> {
        if self.is_small() { Some(self.small_value()) } else { None }
    }
    /// The value, if the caller knows that this is a small integer.
    #[inline(always)]
    pub const fn small_value(self) -> i64 {
        (self.0 as i64) >> IMMED1_SHIFT
    }
    /// The atom.
    #[inline(always)]
    pub const fn as_atom(self) -> Option<Atom> {
        if self.is_atom() { Some(Atom::from_index((self.0 >> IMMED2_SHIFT) as u32)) } else { None }
    }
    /// Data word of a local pid or port.
    #[inline(always)]
    pub const fn id_data(self) -> u64 {
        self.0 >> IMMED1_SHIFT
    }
    /// Address of the cons cell's head; meaningful only if [`Self::is_cons`].
    #[inline(always)]
    pub(crate) fn cons_ptr(self) -> *mut RawTerm {
        std::ptr::with_exposed_provenance_mut((self.0 - CONS) as usize)
    }
    /// Address of the boxed object's header; meaningful only if [`Self::is_boxed`].
    #[inline(always)]
    pub(crate) fn boxed_ptr(self) -> *mut RawTerm {
        std::ptr::with_exposed_provenance_mut((self.0 - BOXED) as usize)
    }
    /// Address behind a cons or boxed pointer.
    #[inline(always)]
    pub(crate) fn any_ptr(self) -> *mut RawTerm {
        std::ptr::with_exposed_provenance_mut((self.0 & !PRIMARY_MASK) as usize)
    }
    /// Gives the term the brand of a call.
    ///
    /// # Safety
    /// What the term points to must be alive and unmoved for all of `'s`.
    #[inline(always)]
    pub unsafe fn brand<'s>(self) -> Term<'s> {
        Term(self, PhantomData)
    }
}

impl std::fmt::Debug for RawTerm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.as_small(), self.as_atom()) {
            (Some(i), _) => write!(f, "{i}"),
            (_, Some(a)) => write!(f, "{}", a.name()),
            _ if self.is_nil() => write!(f, "[]"),
            _ => write!(f, "{:#x}", self.0),
        }
    }
}

type Brand<'s> = PhantomData<std::cell::Cell<&'s ()>>;

/// A term that is alive and unmoved for `'s`, the duration of one native call.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Term<'s>(RawTerm, Brand<'s>);

impl<'s> Term<'s> {
    /// The empty list.
    pub const NIL: Term<'s> = Term(RawTerm::NIL, PhantomData);
    /// `true`.
    pub const TRUE: Term<'s> = Term(RawTerm::bool(true), PhantomData);
    /// `false`.
    pub const FALSE: Term<'s> = Term(RawTerm::bool(false), PhantomData);

    /// A small integer; `None` outside of the small range (then `Builder::int` makes a bignum).
    #[inline]
    pub const fn try_small(i: i64) -> Option<Term<'s>> {
        if i >= SMALL_MIN && i <= SMALL_MAX { Some(Term(RawTerm::small(i), PhantomData)) } else { None }
    }
    /// A small integer known to be in range: 32-bit values always are.
    #[inline(always)]
    pub const fn small(i: i32) -> Term<'s> {
        Term(RawTerm::small(i as i64), PhantomData)
    }
    /// An atom.
    #[inline(always)]
    pub const fn atom(a: Atom) -> Term<'s> {
        Term(RawTerm::atom(a), PhantomData)
    }
    /// `true` or `false`.
    #[inline(always)]
    pub const fn bool(b: bool) -> Term<'s> {
        Term(RawTerm::bool(b), PhantomData)
    }
    /// A term held in the word itself (atom, small, nil, local pid or port), in any brand.
    #[inline]
    pub fn immediate(t: RawTerm) -> Option<Term<'s>> {
        t.is_immediate().then_some(Term(t, PhantomData))
    }
    /// The word, without its brand.
    #[inline(always)]
    pub const fn raw(self) -> RawTerm {
        self.0
    }
    #[inline(always)]
    pub(crate) const fn from_raw(t: RawTerm) -> Term<'s> {
        Term(t, PhantomData)
    }
    /// Same word: identical immediates or the same object. Cheaper than, and implying, `=:=`.
    #[inline(always)]
    pub fn same(self, other: Term<'_>) -> bool {
        self.0 == other.0
    }
    /// Whether this is the atom `a`.
    #[inline(always)]
    pub fn is(self, a: Atom) -> bool {
        self.0 == RawTerm::atom(a)
    }
}

impl std::ops::Deref for Term<'_> {
    type Target = RawTerm;
    #[inline(always)]
    fn deref(&self) -> &RawTerm {
        &self.0
    }
}

impl std::fmt::Debug for Term<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        print::write_term(f, *self, print::Limits::default())
    }
}

impl From<Atom> for Term<'_> {
    #[inline(always)]
    fn from(a: Atom) -> Self {
        Term::atom(a)
    }
}

impl From<bool> for Term<'_> {
    #[inline(always)]
    fn from(b: bool) -> Self {
        Term::bool(b)
    }
}
