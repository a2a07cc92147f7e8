//! Building and taking apart lists and tuples.
//!
//! The plain accessors rest on the checker's proof (`CheckedModule::proven`); the `_checked` ones test by themselves.

use crate::interp::machine::{Dst, Flow, Machine};
use crate::term::{Header, RawTerm, Subtag};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn cell(s: RawTerm) -> (RawTerm, RawTerm) {
    let p = s.cons_ptr();
    // SAFETY: the term is a cons: proven by the checker or tested by the caller.
    unsafe { (*p, *p.add(1)) }
}

#[inline(always)]
pub(crate) fn get_list(m: M, s: RawTerm, h: impl Dst, t: impl Dst) -> Flow {
    let (a, b) = cell(s);
    m.set(h, a);
    m.set(t, b);
    Flow::Next
}

#[inline(always)]
pub(crate) fn get_list_checked(m: M, s: RawTerm, h: impl Dst, t: impl Dst) -> Flow {
    if s.is_cons() { get_list(m, s, h, t) } else { super::errors::bad_access(m) }
}

#[inline(always)]
pub(crate) fn get_hd(m: M, s: RawTerm, d: impl Dst) -> Flow {
    m.set(d, cell(s).0);
    Flow::Next
}

#[inline(always)]
pub(crate) fn get_tl(m: M, s: RawTerm, d: impl Dst) -> Flow {
    m.set(d, cell(s).1);
    Flow::Next
}

#[inline(always)]
pub(crate) fn get_hd_checked(m: M, s: RawTerm, d: impl Dst) -> Flow {
    if s.is_cons() { get_hd(m, s, d) } else { super::errors::bad_access(m) }
}

#[inline(always)]
pub(crate) fn get_tl_checked(m: M, s: RawTerm, d: impl Dst) -> Flow {
    if s.is_cons() { get_tl(m, s, d) } else { super::errors::bad_access(m) }
}

#[inline(always)]
pub(crate) fn nonempty_get(m: M, s: RawTerm, h: impl Dst, t: impl Dst, f: i32) -> Flow {
    if s.is_cons() { get_list(m, s, h, t) } else { super::tests::branch(false, f) }
}

/// The head and tail of a list of one element; `f` if it is no list, `g` if it has more.
#[inline(always)]
pub(crate) fn nonempty_get_only(m: M, s: RawTerm, h: impl Dst, t: impl Dst, f: i32, g: i32) -> Flow {
    if !s.is_cons() {
        return super::tests::branch(false, f);
    }
    // SAFETY: a cons pointer points at two words.
    let tail = unsafe { *s.cons_ptr().add(1) };
    get_list(m, s, h, t);
    super::tests::branch(tail.is_nil(), g)
}

#[inline(always)]
pub(crate) fn nonempty_get_hd(m: M, s: RawTerm, d: impl Dst, f: i32) -> Flow {
    if s.is_cons() { get_hd(m, s, d) } else { super::tests::branch(false, f) }
}

#[inline(always)]
pub(crate) fn nonempty_get_tl(m: M, s: RawTerm, d: impl Dst, f: i32) -> Flow {
    if s.is_cons() { get_tl(m, s, d) } else { super::tests::branch(false, f) }
}

#[inline(always)]
pub(crate) fn put_list(m: M, h: RawTerm, t: RawTerm, d: impl Dst) -> Flow {
    let p = m.bump(2);
    // SAFETY: the checker made sure that a space test reserved the words.
    unsafe {
        *p = h;
        *p.add(1) = t;
    }
    m.set(d, RawTerm::from_cons(p));
    Flow::Next
}

/// A space test for `need` words and the first cell that it made room for.
#[inline(always)]
pub(crate) fn put_list_heap(m: M, h: RawTerm, t: RawTerm, d: impl Dst, need: u32, live: u32) -> Flow {
    let (mut h, mut t) = (h, t);
    if m.short_of(need as usize) {
        slow!(m);
        m.out();
        (h, t) = crate::interp::collect_keeping2(m.s(), m.p(), live as usize, need as usize, h, t);
        m.back();
    }
    put_list(m, h, t, d)
}

/// [`put_list_heap`], and the return from a frame.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn put_list_heap_ret(m: M, h: RawTerm, t: RawTerm, d: impl Dst, need: u32, live: u32, bytes: usize) -> Flow {
    match put_list_heap(m, h, t, d, need, live) {
        Flow::Next => super::calls::dealloc_ret(m, bytes),
        other => other,
    }
}

/// `offset`: bytes from the boxed pointer's address to the element.
#[inline(always)]
pub(super) fn element(s: RawTerm, offset: usize) -> RawTerm {
    // SAFETY: the term is a tuple with that element: proven by the checker or tested by the caller.
    unsafe { *s.boxed_ptr().byte_add(offset) }
}

#[inline(always)]
pub(crate) fn get_elem(m: M, s: RawTerm, offset: usize, d: impl Dst) -> Flow {
    m.set(d, element(s, offset));
    Flow::Next
}

/// An element that must be this immediate.
#[inline(always)]
pub(crate) fn get_elem_eq(m: M, s: RawTerm, offset: usize, d: impl Dst, f: i32, w: u64) -> Flow {
    let e = element(s, offset);
    m.set(d, e);
    super::tests::branch(e.0 == w, f)
}

/// An element of a tuple with this header.
#[inline(always)]
pub(crate) fn tuple_of_get(m: M, s: RawTerm, offset: usize, d: impl Dst, f: i32, h: u64) -> Flow {
    if super::tests::header(s).0 != h {
        return super::tests::branch(false, f);
    }
    get_elem(m, s, offset, d)
}

/// An element of a tuple with this header and first element.
#[inline(always)]
pub(crate) fn tagged_get(m: M, s: RawTerm, offset: usize, d: impl Dst, f: i32, h: u64, tag: u64) -> Flow {
    if !super::tests::is_tagged(s, h, tag) {
        return super::tests::branch(false, f);
    }
    get_elem(m, s, offset, d)
}

#[inline(always)]
pub(crate) fn get_elem_checked(m: M, s: RawTerm, offset: usize, d: impl Dst) -> Flow {
    if is_tuple_of_at_least(s, offset / 8) { get_elem(m, s, offset, d) } else { super::errors::bad_access(m) }
}

/// An element whose offset takes more than 16 bits.
#[inline(always)]
pub(crate) fn get_elem_far(m: M, s: RawTerm, offset: u32, d: impl Dst) -> Flow {
    get_elem_checked(m, s, offset as usize, d)
}

#[inline(always)]
fn is_tuple_of_at_least(s: RawTerm, n: usize) -> bool {
    s.is_boxed() && {
        // SAFETY: a boxed pointer points at a header.
        let h = unsafe { *s.boxed_ptr() }.as_header();
        h.is(Subtag::Tuple) && h.arity() >= n
    }
}

/// Two neighbouring elements.
#[inline(always)]
pub(crate) fn get_elem2(m: M, s: RawTerm, offset: usize, d1: impl Dst, d2: impl Dst) -> Flow {
    let (a, b) = (element(s, offset), element(s, offset + 8));
    m.set(d1, a);
    m.set(d2, b);
    Flow::Next
}

/// Overwrites an element of a fresh tuple.
#[inline(always)]
pub(crate) fn set_elem(m: M, v: RawTerm, s: RawTerm, offset: u32) -> Flow {
    let offset = offset as usize;
    if !is_tuple_of_at_least(s, offset / 8) || crate::heap::literal::is_literal(s.boxed_ptr()) {
        return super::errors::bad_access(m);
    }
    // The tuple may have been moved to the old generation since it was made: then no pointer into the young one may be
    // written, and the collector is told to sweep everything the next time round.
    note_old_write(m, s);
    // SAFETY: tested above.
    unsafe { *s.boxed_ptr().byte_add(offset) = v };
    Flow::Next
}

#[inline(always)]
pub(crate) fn put_tuple(m: M, d: impl Dst, n: u32, table: *const u64) -> Flow {
    let n = n as usize;
    let p = m.bump(1 + n);
    // SAFETY: reserved by a space test (checker); the emitter wrote n operand words.
    unsafe {
        *p = RawTerm::header(Header::new(Subtag::Tuple, n));
        for i in 0..n {
            *p.add(1 + i) = m.any(*table.add(i));
        }
    }
    m.set(d, RawTerm::from_boxed(p));
    Flow::Skip(n)
}

#[inline(always)]
pub(crate) fn put_tuple2(m: M, a: RawTerm, b: RawTerm, d: impl Dst) -> Flow {
    let p = m.bump(3);
    // SAFETY: reserved by a space test (checker).
    unsafe {
        *p = RawTerm::header(Header::new(Subtag::Tuple, 2));
        *p.add(1) = a;
        *p.add(2) = b;
    }
    m.set(d, RawTerm::from_boxed(p));
    Flow::Next
}

/// A copy of a tuple with some elements replaced: the table holds (byte offset, operand) pairs.
#[inline(always)]
pub(crate) fn update_record(m: M, s: RawTerm, d: impl Dst, size: u32, n: u32, table: *const u64) -> Flow {
    let size = size as usize;
    if !is_tuple_of_at_least(s, size) {
        return super::errors::bad_access(m);
    }
    let p = m.bump(1 + size);
    // SAFETY: reserved by a space test (checker); the source has at least `size` elements; offsets are within it.
    unsafe {
        std::ptr::copy_nonoverlapping(s.boxed_ptr(), p, 1 + size);
        for i in 0..n as usize {
            *p.byte_add(*table.add(2 * i) as usize) = m.any(*table.add(2 * i + 1));
        }
    }
    m.set(d, RawTerm::from_boxed(p));
    Flow::Skip(2 * n as usize)
}

#[inline(always)]
fn note_old_write(m: M, s: RawTerm) {
    let heap = &m.owner().heap;
    let p = s.boxed_ptr();
    if p >= heap.old_heap.get() && p < heap.old_hend.get() {
        heap.need_fullsweep.set(true);
    }
}
