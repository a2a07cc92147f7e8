//! Moves between registers, stack frames and space tests.

use crate::interp::machine::{Dst, Flow, Machine};
use crate::term::RawTerm;

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
pub(crate) fn mov(m: M, s: RawTerm, d: impl Dst) -> Flow {
    m.set(d, s);
    Flow::Next
}

/// Both sources are read before the first write: the emitter fuses only moves that do not depend on each other.
#[inline(always)]
pub(crate) fn mov2(m: M, s1: RawTerm, d1: impl Dst, s2: RawTerm, d2: impl Dst) -> Flow {
    m.set(d1, s1);
    m.set(d2, s2);
    Flow::Next
}

/// As [`mov2`].
#[inline(always)]
pub(crate) fn mov3(m: M, s1: RawTerm, d1: impl Dst, s2: RawTerm, d2: impl Dst, s3: RawTerm, d3: impl Dst) -> Flow {
    m.set(d1, s1);
    m.set(d2, s2);
    m.set(d3, s3);
    Flow::Next
}

#[inline(always)]
pub(crate) fn swap(m: M, a: impl Dst, b: impl Dst) -> Flow {
    let (s, t) = (a.get(m), b.get(m));
    m.set(a, t);
    m.set(b, s);
    Flow::Next
}

/// Sets Y registers to `[]`; the table holds their byte offsets.
#[inline(always)]
pub(crate) fn init_y(m: M, n: u32, table: *const u64) -> Flow {
    for i in 0..n as usize {
        // SAFETY: the emitter wrote n words.
        let offset = unsafe { *table.add(i) };
        m.set(m.y_ptr(offset), RawTerm::NIL);
    }
    Flow::Skip(n as usize)
}

#[inline(always)]
pub(crate) fn allocate(m: M, bytes: usize, live: usize) -> Flow {
    if m.short_of(bytes / 8) {
        slow!(m);
        m.collect(bytes / 8, live);
    }
    m.e = m.e.wrapping_byte_sub(bytes);
    Flow::Next
}

/// A frame and one of its registers, set from an X register or a constant.
#[inline(always)]
pub(crate) fn allocate_mov(m: M, bytes: usize, live: usize, s: RawTerm, d: impl Dst) -> Flow {
    let mut s = s;
    if m.short_of(bytes / 8) {
        slow!(m);
        m.out();
        s = crate::interp::collect_keeping1(m.s(), m.p(), live, bytes / 8, s);
        m.back();
    }
    m.e = m.e.wrapping_byte_sub(bytes);
    m.set(d, s);
    Flow::Next
}

#[inline(always)]
pub(crate) fn allocate_heap(m: M, bytes: usize, live: usize, need: u32) -> Flow {
    let words = bytes / 8 + need as usize;
    if m.short_of(words) {
        slow!(m);
        m.collect(words, live);
    }
    m.e = m.e.wrapping_byte_sub(bytes);
    Flow::Next
}

#[inline(always)]
pub(crate) fn test_heap(m: M, need: u32, live: u32) -> Flow {
    if m.short_of(need as usize) {
        slow!(m);
        m.collect(need as usize, live as usize);
    }
    Flow::Next
}

#[inline(always)]
pub(crate) fn deallocate(m: M, bytes: usize) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    Flow::Next
}

/// Drops the `bytes` newest bytes of the frame; the rest keeps its place, so registers are renumbered.
#[inline(always)]
pub(crate) fn trim(m: M, bytes: usize) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    Flow::Next
}
