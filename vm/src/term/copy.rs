//! Copying terms between heaps, and measuring them.
//!
//! Invariants: copies stand on their own, literals in them copied as well, except for messages and what new processes
//! start with: those share literals that are not being purged, and whoever purges sees to them (see `signal/purge.rs`).
//! Off-heap binaries are shared by count; of a bitstring view only what it shows goes along, so a short piece of a long
//! binary does not keep the long one alive. Measuring and copying follow the same rules, so a copy fills exactly the
//! words that were measured. Neither recurses: measuring keeps a stack of its own, and copying uses the target as its
//! queue, as a Cheney collector does. A copy is never writable, and match contexts, which programs cannot see, do not
//! occur.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ptr::null_mut;
use std::sync::Arc;

use super::{BitsView, Header, RawTerm, Subtag, Term};
use crate::heap::literal::{self, Range, Ranges};
use crate::heap::object::{self, Shape};
use crate::heap::off_heap::{self, BIN_REF, MAGIC_REF};
use crate::heap::{Arena, Builder, Detached, Fragment, MAX_HEAP_BINARY, SUB_BITS_WORDS};

/// Words of a `BinRef`.
const BIN_REF_WORDS: usize = 1 + BIN_REF.arity();

/// What a copy refers to where it is instead of copying it.
pub(crate) struct Shared {
    range: Range,
    /// Literals that are copied all the same, since they are about to go.
    except: Option<Arc<Ranges>>,
}

impl Shared {
    /// Everything is copied.
    pub(crate) fn none() -> Shared {
        Shared { range: Range { base: 0, bytes: 0 }, except: None }
    }
    fn literals() -> Shared {
        Shared { range: Range::literals(), except: literal::purging() }
    }
    #[inline(always)]
    fn contains(&self, p: *const RawTerm) -> bool {
        self.range.contains(p) && self.except.as_ref().is_none_or(|e| e.find(p).is_none())
    }
}

/// Words that a copy of `t` takes.
pub fn size_of(t: Term<'_>) -> usize {
    let shared = Shared::none();
    measure(t, &shared, None, usize::MAX, |o| o.copied_words(&shared))
}

/// What there is to know of a term before it is copied.
pub(super) struct Measured {
    /// Words of the copy.
    pub(super) words: usize,
    /// Objects in the copy will own something outside.
    pub(super) owns: bool,
    /// The term is a tuple whose elements are immediates or objects without terms in them.
    pub(super) shallow: bool,
}

/// Measures a term all of which is to be copied.
pub(super) fn measured(t: Term<'_>) -> Measured {
    let (shared, owns, leaves) = (Shared::none(), Cell::new(false), Cell::new(0));
    let words = measure(t, &shared, None, usize::MAX, |o| {
        if off_heap::is_off_heap(o.header) || o.is_view() && !o.is_copied_flat() {
            owns.set(true);
        }
        let words = o.copied_words(&shared);
        if matches!(object::shape(o.header), Shape::Raw | Shape::View) {
            leaves.set(leaves.get() + words);
        }
        words
    });
    let shallow = t.as_tuple().is_some_and(|elements| 1 + elements.len() + leaves.get() == words) && !owns.get();
    Measured { words, owns: owns.get(), shallow }
}

/// Words above which measuring and copying a term take a noticeable part of a millisecond: work for a dirty scheduler.
const LONG_WORDS: usize = 64 << 10;

/// Words that a copy of `t` takes in which shared parts stay shared; with `literals`, those are copied as well.
pub(crate) fn size_shared(t: Term<'_>, literals: bool) -> usize {
    let shared = if literals { Shared::none() } else { Shared::literals() };
    measure(t, &shared, Some(HashSet::new()), usize::MAX, |o| o.copied_words(&shared))
}

/// `erts_debug:flat_size/1`: words of a copy without sharing, literals included, in the layout of the release shown.
pub fn flat_size(t: Term<'_>) -> usize {
    measure(t, &Shared::none(), None, usize::MAX, Object::reported_words)
}

/// `erts_debug:size/1`: as [`flat_size`] with shared parts counted once and literals not at all.
pub fn shared_size(t: Term<'_>) -> usize {
    // Those that are about to go are literals until then.
    let shared = Shared { except: None, ..Shared::literals() };
    measure(t, &shared, Some(HashSet::new()), usize::MAX, Object::reported_words)
}

/// A copy of `t` outside of any process, in one fragment of just the right size.
pub fn detach(t: Term<'_>) -> Detached {
    detach_within(t, usize::MAX).expect("no copy is beyond that limit")
}

/// As [`detach`], unless the copy would take long; finds out quickly.
pub(crate) fn detach_small(t: Term<'_>) -> Option<Detached> {
    detach_within(t, LONG_WORDS)
}

fn detach_within(t: Term<'_>, limit: usize) -> Option<Detached> {
    let (copy, fragment) = fragment_with(t, Shared::none(), 0, limit)?;
    // SAFETY: the new chain belongs to nobody else; without one, t is immediate.
    Some(unsafe { Detached::from_parts(copy, fragment) })
}

/// A copy of `t` for a message that goes straight into an inbox: literals are shared, and the copy lies behind `head`
/// words of its fragment that the caller fills in. The fragment is null if nothing is to be copied.
pub(crate) fn detach_behind(t: Term<'_>, head: usize) -> (RawTerm, *mut Fragment) {
    fragment_with(t, Shared::literals(), head, usize::MAX).expect("no copy is beyond that limit")
}

/// As [`detach_behind`], unless the copy would take long; finds out quickly.
pub(crate) fn detach_small_behind(t: Term<'_>, head: usize) -> Option<(RawTerm, *mut Fragment)> {
    fragment_with(t, Shared::literals(), head, LONG_WORDS)
}

/// The copy's word and fragment; `None` if it would take more than `limit` words.
fn fragment_with(t: Term<'_>, shared: Shared, head: usize, limit: usize) -> Option<(RawTerm, *mut Fragment)> {
    let words = measure(t, &shared, None, limit, |o| o.copied_words(&shared));
    if words == 0 {
        return Some((t.raw(), null_mut()));
    }
    if words > limit {
        return None;
    }
    let fragment = Fragment::new(head + words);
    let mut copier = Copier::new(shared);
    copier.set_target(Fragment::words(fragment).wrapping_add(head), words);
    // SAFETY: behind the head, the fragment has the words that the term was measured to need.
    unsafe {
        let copy = copier.copy(t.raw());
        (*fragment).used = head + words;
        (*fragment).off_heap = copier.into_off_heap();
        Some((copy, fragment))
    }
}

/// A copy of `t` made with `b`.
pub fn copy_into<'s>(t: Term<'_>, b: &Builder<'s>) -> Term<'s> {
    copy_counted(t, b).0
}

/// A copy that was measured, not made: its words, and what it shares.
pub(crate) struct Plan {
    pub(crate) words: usize,
    shared: Shared,
}

impl Plan {
    fn within(t: Term<'_>, shared: Shared, limit: usize) -> Option<Plan> {
        let words = measure(t, &shared, None, limit, |o| o.copied_words(&shared));
        (words <= limit).then_some(Plan { words, shared })
    }
    /// Everything is copied.
    pub(crate) fn whole(t: Term<'_>) -> Plan {
        Plan::within(t, Shared::none(), usize::MAX).expect("no copy is beyond that limit")
    }
    /// Literals are shared, as with messages, so a token of a purge has to reach whoever gets the copy: it is made, and
    /// its process in the table, before the thread passes a safe point. `None` if it would take long; finds out quickly.
    pub(crate) fn small_sharing_literals(t: Term<'_>) -> Option<Plan> {
        Plan::within(t, Shared::literals(), LONG_WORDS)
    }
    /// Makes the copy of `t` in an arena.
    pub(crate) fn copy(self, t: Term<'_>, arena: &Arena) -> RawTerm {
        if self.words == 0 {
            return t.raw();
        }
        let mut copier = Copier::new(self.shared);
        copier.set_target(arena.alloc(self.words), self.words);
        // SAFETY: the arena gave the words that the term was measured to need; the objects made are on the copier's
        // list alone until the arena takes them over.
        unsafe {
            let copy = copier.copy(t.raw());
            arena.adopt_off_heap(copier.into_off_heap());
            copy
        }
    }
}

/// As [`copy_into`]; the number of words copied goes with it, for the caller to charge.
pub fn copy_counted<'s>(t: Term<'_>, b: &Builder<'s>) -> (Term<'s>, usize) {
    let plan = Plan::whole(t);
    let words = plan.words;
    (Term::from_raw(plan.copy(t, b.arena)), words)
}

/// As [`copy_into`], but what is shared stays shared; with `literals`, those are copied too.
pub fn copy_sharing<'s>(t: Term<'_>, b: &Builder<'s>, literals: bool) -> Term<'s> {
    let words = size_shared(t, literals);
    let mut copier = Copier::sharing();
    if !literals {
        copier.shared = Shared::literals();
    }
    copier.set_target(b.arena.alloc(words), words);
    // SAFETY: as in `copy_counted`.
    unsafe {
        let copy = copier.copy(t.raw());
        b.arena.adopt_off_heap(copier.into_off_heap());
        Term::from_raw(copy)
    }
}

/// A boxed object that is being measured or copied.
#[derive(Clone, Copy)]
struct Object {
    at: *const RawTerm,
    header: Header,
}

impl Object {
    /// # Safety
    /// `at` is the address of a complete object.
    #[inline(always)]
    unsafe fn of(at: *const RawTerm) -> Object {
        // SAFETY: the caller's contract.
        Object { at, header: unsafe { *at }.as_header() }
    }
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        // SAFETY: only called with i inside of the object.
        unsafe { (*self.at.add(i)).bits() }
    }
    fn is_view(self) -> bool {
        object::shape(self.header) == Shape::View
    }
    /// Bits that a view shows.
    fn view_bits(self) -> usize {
        (self.word(4) - self.word(3)) as usize
    }
    /// What a view looks into.
    fn view_orig(self) -> Object {
        // SAFETY: word 1 of a view is a boxed pointer to a BinRef or HeapBits that lives as long as the view.
        unsafe { Object::of(RawTerm::from_bits(self.word(1)).boxed_ptr()) }
    }
    /// Whether a copy of this view holds the bits itself.
    fn is_copied_flat(self) -> bool {
        self.view_bits() <= MAX_HEAP_BINARY * 8 || self.view_orig().header.is(Subtag::HeapBits)
    }
    /// Words of a copy of this object.
    #[inline(always)]
    fn copied_words(self, shared: &Shared) -> usize {
        if !self.is_view() {
            // SAFETY: `of`'s contract.
            return unsafe { object::words(self.at) };
        }
        if self.is_copied_flat() {
            heap_bits_words(self.view_bits())
        } else if shared.contains(self.view_orig().at) {
            SUB_BITS_WORDS
        } else {
            SUB_BITS_WORDS + BIN_REF_WORDS
        }
    }
    /// Words of this object in the layout of the release whose behaviour is shown.
    fn reported_words(self) -> usize {
        let release = crate::Profile::get().release;
        // SAFETY: `of`'s contract.
        let ours = || unsafe { object::words(self.at) };
        match self.header.subtag() {
            Subtag::Tuple if self.header.arity() == 0 => 0,
            Subtag::Fun => match release {
                25 => ours() + 2,
                27 => ours() + 3,
                _ => ours() - 1,
            },
            Subtag::Export if release == 25 => 5,
            Subtag::Ref if self.header == MAGIC_REF => 3,
            Subtag::ExternalPid | Subtag::ExternalPort | Subtag::ExternalRef => ours() + 1,
            // The definition, which is measured too, is two words smaller here than there.
            Subtag::Record => ours() + if self.header.arity() > 1 { 2 } else { 1 },
            Subtag::HeapBits => reported_bits(release, self.word(1) as usize, 0, false),
            Subtag::SubBits | Subtag::MatchCtx => {
                reported_bits(release, self.view_bits(), self.word(3) as usize % 8, !self.is_copied_flat())
            }
            _ => ours(),
        }
    }
}

/// Words of a bitstring held in place.
fn heap_bits_words(bits: usize) -> usize {
    2 + bits.div_ceil(64)
}

/// Words of a bitstring of `bits` bits that starts at bit `offset` of a byte, as a release reports them.
fn reported_bits(release: u8, bits: usize, offset: usize, off_heap: bool) -> usize {
    if release != 25 {
        return if off_heap { SUB_BITS_WORDS + BIN_REF_WORDS } else { heap_bits_words(bits) };
    }
    let odd = bits % 8 + offset;
    let view = if odd > 0 { SUB_BITS_WORDS } else { 0 };
    if off_heap { view + 6 } else { view + 2 + (bits / 8 + odd.div_ceil(8)).div_ceil(8) }
}

/// Walks a term, `shared` parts excepted, and adds up what `weigh` says of the boxed objects; with `seen`, each object
/// counts once. Ends early, with a larger sum, when it is beyond `limit`.
fn measure(
    t: Term<'_>,
    shared: &Shared,
    mut seen: Option<HashSet<u64>>,
    limit: usize,
    weigh: impl Fn(Object) -> usize,
) -> usize {
    let mut todo: Vec<RawTerm> = Vec::new();
    let mut t = t.raw();
    let mut sum = 0;
    loop {
        if !t.is_immediate() && !shared.contains(t.any_ptr()) && seen.as_mut().is_none_or(|s| s.insert(t.bits())) {
            if t.is_cons() {
                let p = t.cons_ptr();
                // SAFETY: t is part of the branded term, so its two words are alive.
                let (head, tail) = unsafe { (*p, *p.add(1)) };
                sum += 2;
                if !head.is_immediate() {
                    todo.push(head);
                }
                t = tail;
                if sum > limit {
                    return sum;
                }
                continue;
            }
            // SAFETY: t is part of the branded term, so the object is alive; `object` tells which words are terms.
            unsafe {
                let o = Object::of(t.boxed_ptr());
                sum += weigh(o);
                let first = match object::shape(o.header) {
                    Shape::Terms => 1,
                    Shape::Fun => 2,
                    Shape::View | Shape::Raw => usize::MAX,
                };
                for i in first..object::words(o.at) {
                    let part = *o.at.add(i);
                    if part.is_immediate() {
                        continue;
                    }
                    // Most parts have none of their own: those need not wait.
                    if part.is_boxed() && seen.is_none() && !shared.contains(part.any_ptr()) {
                        let o = Object::of(part.boxed_ptr());
                        if matches!(object::shape(o.header), Shape::Raw | Shape::View) {
                            sum += weigh(o);
                            if sum > limit {
                                return sum;
                            }
                            continue;
                        }
                    }
                    todo.push(part);
                }
            }
        }
        match todo.pop() {
            Some(next) if sum <= limit => t = next,
            _ => return sum,
        }
    }
}

/// Copies terms into a block of words that was measured before.
pub(crate) struct Copier {
    scan: *mut RawTerm,
    top: *mut RawTerm,
    end: *mut RawTerm,
    shared: Shared,
    off_heap: *mut RawTerm,
    /// Copies made so far by the word of the original, if sharing is to be kept.
    copies: Option<HashMap<u64, RawTerm>>,
}

impl Copier {
    /// Copies what occurs several times as often.
    pub(crate) fn new(shared: Shared) -> Copier {
        let none = null_mut();
        Copier { scan: none, top: none, end: none, shared, off_heap: none, copies: None }
    }
    /// Copies each part once, literals too.
    pub(crate) fn sharing() -> Copier {
        Copier { copies: Some(HashMap::new()), ..Self::new(Shared::none()) }
    }
    /// Sets the block to fill.
    pub(crate) fn set_target(&mut self, start: *mut RawTerm, words: usize) {
        (self.scan, self.top, self.end) = (start, start, start.wrapping_add(words));
    }
    /// Words of the block not filled yet.
    pub(crate) fn left(&self) -> usize {
        (self.end as usize - self.top as usize) / 8
    }
    /// The list of off-heap objects made.
    pub(crate) fn into_off_heap(self) -> *mut RawTerm {
        self.off_heap
    }
    #[inline(always)]
    fn take(&mut self, words: usize) -> *mut RawTerm {
        let p = self.top;
        self.top = p.wrapping_add(words);
        debug_assert!(self.top <= self.end);
        p
    }

    /// A copy of `t`.
    ///
    /// # Safety
    /// `t` is alive, and the block's free words hold what the measuring function of the same rules found.
    pub(crate) unsafe fn copy(&mut self, t: RawTerm) -> RawTerm {
        // SAFETY: the caller's contract; words in [scan, top) are complete copies whose terms are still the originals'.
        unsafe {
            let copy = self.shallow_copy(t);
            while self.scan < self.top {
                let at = self.scan;
                let w = *at;
                let mut step = 1;
                if w.is_header() {
                    step = match object::shape(w.as_header()) {
                        Shape::Terms => 1,
                        Shape::Fun => 2,
                        // A view's orig was copied along with it.
                        Shape::View | Shape::Raw => 1 + w.as_header().arity(),
                    };
                } else if !w.is_immediate() {
                    *at = self.shallow_copy(w);
                }
                self.scan = at.add(step);
            }
            copy
        }
    }

    /// Copies one cons cell or object; the terms in it stay for the scan.
    #[inline(always)]
    unsafe fn shallow_copy(&mut self, t: RawTerm) -> RawTerm {
        if t.is_immediate() || self.shared.contains(t.any_ptr()) {
            return t;
        }
        if let Some(&copy) = self.copies.as_ref().and_then(|c| c.get(&t.bits())) {
            return copy;
        }
        // SAFETY: t is alive; its words were measured.
        let copy = unsafe {
            if t.is_cons() {
                let (from, to) = (t.cons_ptr(), self.take(2));
                *to = *from;
                *to.add(1) = *from.add(1);
                RawTerm::from_cons(to)
            } else {
                let o = Object::of(t.boxed_ptr());
                RawTerm::from_boxed(if o.is_view() { self.copy_view(o) } else { self.copy_object(o) })
            }
        };
        if let Some(c) = &mut self.copies {
            c.insert(t.bits(), copy);
        }
        copy
    }

    /// # Safety
    /// `o` is alive and no view; its words were measured.
    #[inline(always)]
    unsafe fn copy_object(&mut self, o: Object) -> *mut RawTerm {
        // SAFETY: the caller's contract.
        unsafe {
            let words = object::words(o.at);
            let to = self.take(words);
            std::ptr::copy_nonoverlapping(o.at, to, words);
            if off_heap::is_off_heap(o.header) {
                off_heap::retain(to);
                off_heap::set_next(to, self.off_heap);
                self.off_heap = to;
            }
            to
        }
    }

    /// # Safety
    /// `o` is alive and a view; its words were measured.
    unsafe fn copy_view(&mut self, o: Object) -> *mut RawTerm {
        let base: *const u8 = std::ptr::with_exposed_provenance((o.word(2) & !crate::heap::WRITABLE) as usize);
        let (start, bits) = (o.word(3) as usize, o.view_bits());
        // SAFETY: the caller's contract; a view keeps [start, end) of its base readable.
        unsafe {
            if o.is_copied_flat() {
                let words = heap_bits_words(bits);
                let to = self.take(words);
                *to = RawTerm::header(Header::new(Subtag::HeapBits, words - 1));
                *to.add(1) = RawTerm::from_bits(bits as u64);
                let data = to.add(2).cast::<u8>();
                data.write_bytes(0, (words - 2) * 8);
                let bytes = std::slice::from_raw_parts_mut(data, bits.div_ceil(8));
                super::bits::copy_bits(BitsView::new(base, start, bits), bytes, 0);
                return to;
            }
            let to = self.take(SUB_BITS_WORDS);
            let orig = o.view_orig();
            let orig = if self.shared.contains(orig.at) { orig.at.cast_mut() } else { self.copy_object(orig) };
            *to = RawTerm::header(Header::new(Subtag::SubBits, SUB_BITS_WORDS - 1));
            *to.add(1) = RawTerm::from_boxed(orig);
            *to.add(2) = RawTerm::from_bits(base.expose_provenance() as u64);
            *to.add(3) = RawTerm::from_bits(start as u64);
            *to.add(4) = RawTerm::from_bits((start + bits) as u64);
            to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::BinaryHandle;
    use crate::heap::literal::{LiteralArea, is_literal};

    /// Builds a term, and checks the words of its copy and what the copy shows.
    #[track_caller]
    fn copies_in(words: usize, build: impl for<'s> Fn(&Builder<'s>) -> Term<'s>) {
        let original = Detached::build(&build);
        original.with(|t| {
            let copy = detach(t);
            assert_eq!((size_of(t), copy.size()), (words, words));
            copy.with(|c| assert_eq!(format!("{c:?}"), format!("{t:?}")));
            let into = Detached::build(|b| copy_into(t, b));
            assert_eq!(into.with(size_of), words);
        });
    }

    #[test]
    fn copies_take_what_was_measured() {
        copies_in(0, |_| Term::NIL);
        copies_in(6, |b| b.string("abc"));
        copies_in(1, |b| b.tuple(&[]));
        copies_in(12, |b| b.cons(b.float(1.5), b.tuple(&[b.int(i64::MAX), b.big_limbs(true, &[0, 1])])));
        copies_in(10, |b| b.binary(&[1; 64]));
        copies_in(8, |b| b.binary(&[1; 65]));
        copies_in(3, |b| b.sub_bits(b.binary(&[1; 64]), 3, 61).unwrap());
        copies_in(4, |b| b.sub_bits(b.binary(&[0xa5; 100_000]), 13, 80).unwrap());
        copies_in(3, |b| b.reference([1, 2, 3]));
        copies_in(5, |b| b.magic_reference([1, 2, 3], Box::new(1)));
    }

    #[test]
    fn bits_are_shifted_to_the_front() {
        let d = Detached::build(|b| b.sub_bits(b.binary(&[0xff, 0x0f, 0xf0, 0xff].repeat(30)), 12, 80).unwrap());
        d.clone().with(|t| {
            let v = t.as_bits().unwrap();
            assert_eq!(
                (v.start, v.as_bytes().unwrap().to_vec()),
                (0, vec![0xff, 0x0f, 0xff, 0xf0, 0xff, 0x0f, 0xff, 0xf0, 0xff, 0x0f])
            );
        });
    }

    #[test]
    fn a_piece_does_not_keep_the_whole_alive() {
        let whole = BinaryHandle::new(&[7; 1 << 20]);
        let piece = Detached::build(|b| b.sub_bits(b.refc_bits(&whole, 0, 8 << 20), 800, 80).unwrap());
        let (small, large) = (piece.clone(), Detached::build(|b| b.refc_bits(&whole, 800, 8000)).clone());
        drop(piece);
        let count = || {
            let b = whole.clone().into_raw();
            // SAFETY: the clone's count is given back here.
            unsafe {
                let n = (*b).refc();
                crate::heap::Binary::release(b);
                n - 2
            }
        };
        assert_eq!(count(), 1);
        drop(large);
        assert_eq!(count(), 0);
        small.with(|t| assert_eq!(t.as_bits().unwrap().as_bytes(), Some(&[7; 10][..])));
    }

    #[test]
    fn literals_are_shared_unless_asked_for() {
        let (area, terms) = LiteralArea::from_terms(&[Detached::build(|b| b.string("literal"))]);
        assert!(is_literal(terms[0].any_ptr()) && area.words() == 14);
        // SAFETY: the area stays.
        let literal: Term<'_> = unsafe { terms[0].brand() };
        let d = Detached::build(|b| b.tuple(&[Term::from_raw(literal.raw()), Term::from_raw(literal.raw())]));
        d.with(|t| {
            assert_eq!((size_of(t), flat_size(t), shared_size(t)), (31, 31, 3));
            let (copy, fragment) = detach_behind(t, 0);
            // SAFETY: the chain is nobody else's.
            let shared = unsafe { Detached::from_parts(copy, fragment) };
            assert_eq!((detach(t).size(), shared.size()), (31, 3));
            let (own, copy) = LiteralArea::from_shared(t);
            assert_eq!(own.words(), 17);
            // SAFETY: both areas stay until here.
            unsafe {
                let [a, b] = copy.brand().as_tuple_of::<2>().unwrap();
                assert!(a.same(b) && !a.same(literal));
                own.free();
            }
        });
        drop(d);
        // SAFETY: what referred to it is gone.
        unsafe { area.free() };
    }

    #[test]
    fn what_takes_long_is_found_out_quickly() {
        let long = |n: i32| Detached::build(|b| (0..n).fold(Term::NIL, |t, i| b.cons(Term::small(i), t)));
        let words = LONG_WORDS as i32;
        assert_eq!(long(words / 2).with(|t| detach_small(t).map(|d| d.size())), Some(LONG_WORDS));
        assert!(long(words / 2 + 1).with(detach_small).is_none());
        let wide = Detached::build(|b| b.tuple(&[b.float(1.0); LONG_WORDS]));
        assert!(wide.with(|t| detach_small_behind(t, 4)).is_none());
        assert_eq!(wide.with(|t| measure(t, &Shared::none(), None, 10, |_| 2)), 12);
    }

    #[test]
    fn deep_terms_do_not_recurse() {
        let deep = Detached::build(|b| (0..300_000).fold(Term::NIL, |t, _| b.tuple(&[b.cons(t, Term::NIL)])));
        assert_eq!(deep.with(size_of), 4 * 300_000);
        assert_eq!(deep.clone().with(flat_size), 4 * 300_000);
        assert_eq!(deep.with(shared_size), 4 * 300_000);
    }
}
