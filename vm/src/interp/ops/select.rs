//! Multi-way branches. Tables hold the values, then the code offsets, two a word; the emitter chose the form.

use crate::interp::machine::{Dst, Flow, Machine};
use crate::term::{RawTerm, Subtag};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn target(table: *const u64, n: usize, i: usize) -> Flow {
    // SAFETY: behind n values lie n offsets, two a word.
    Flow::Jump(unsafe { *table.add(n).cast::<i32>().add(i) })
}

#[inline(always)]
fn linear_find(v: u64, f: i32, n: usize, table: *const u64) -> Flow {
    for i in 0..n {
        // SAFETY: the table has n values.
        if unsafe { *table.add(i) } == v {
            return target(table, n, i);
        }
    }
    Flow::Jump(f)
}

/// Few values, in the order of the source.
#[inline(always)]
pub(crate) fn linear(_m: M, s: RawTerm, f: i32, n: u32, table: *const u64) -> Flow {
    linear_find(s.0, f, n as usize, table)
}

/// [`linear`] on an element that is read first.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn element(m: M, s: RawTerm, offset: usize, d: impl Dst, f: i32, n: u32, table: *const u64) -> Flow {
    let e = super::data::element(s, offset);
    m.set(d, e);
    linear_find(e.0, f, n as usize, table)
}

/// Many values, sorted as words.
#[inline(always)]
pub(crate) fn binary(_m: M, s: RawTerm, f: i32, n: u32, table: *const u64) -> Flow {
    let (mut low, mut high) = (0, n as usize);
    while low < high {
        let mid = (low + high) / 2;
        // SAFETY: mid < n, and the table has n values.
        let v = unsafe { *table.add(mid) };
        if v == s.0 {
            return target(table, n as usize, mid);
        }
        if v < s.0 {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    Flow::Jump(f)
}

/// Small integers that lie close together: an offset for each from `min` on.
#[inline(always)]
pub(crate) fn jump(_m: M, s: RawTerm, f: i32, min: u64, n: u32, table: *const u64) -> Flow {
    if s.is_small() {
        let i = s.small_value().wrapping_sub(min as i64) as u64;
        if i < u64::from(n) {
            return target(table, 0, i as usize);
        }
    }
    Flow::Jump(f)
}

/// On a tuple's size; the values are headers.
#[inline(always)]
pub(crate) fn arity(_m: M, s: RawTerm, f: i32, n: u32, table: *const u64) -> Flow {
    if s.is_boxed() {
        // SAFETY: a boxed pointer points at a header.
        let h = unsafe { *s.boxed_ptr() };
        if h.as_header().is(Subtag::Tuple) {
            return linear_find(h.0, f, n as usize, table);
        }
    }
    Flow::Jump(f)
}
