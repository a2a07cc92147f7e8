//! Arithmetic on unboxed floats. A result that is not finite is `badarith`.

use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::native::Raise;
use crate::term::{Header, RawTerm, Subtag};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn get(m: &Machine, i: usize) -> f64 {
    // SAFETY: the checker bounds float registers.
    unsafe { *m.f_ptr(i) }
}

#[inline(always)]
fn put(m: M, i: usize, v: f64) -> Flow {
    // SAFETY: as above.
    unsafe { *m.f_ptr(i) = v };
    Flow::Next
}

#[inline(always)]
fn result(m: M, d: usize, v: f64) -> Flow {
    if v.is_finite() { put(m, d, v) } else { badarith(m) }
}

#[cold]
#[inline(always)]
fn badarith(m: M) -> Flow {
    slow!(m);
    m.out();
    let to = raise::plain(m.s(), m.p(), m.pc, Raise::Badarith);
    raise::resume(m, to)
}

/// The term is a float.
#[inline(always)]
pub(crate) fn load(m: M, s: RawTerm, d: usize) -> Flow {
    // SAFETY: proven to be a float by the checker.
    let v = f64::from_bits(unsafe { *s.boxed_ptr().add(1) }.0);
    put(m, d, v)
}

#[inline(always)]
pub(crate) fn load_checked(m: M, s: RawTerm, d: usize) -> Flow {
    if is_float(s) { load(m, s, d) } else { super::errors::bad_access(m) }
}

#[inline(always)]
fn is_float(s: RawTerm) -> bool {
    // SAFETY: a boxed pointer points at a header.
    s.is_boxed() && unsafe { *s.boxed_ptr() }.as_header().is(Subtag::Float)
}

/// The words were reserved by a space test.
#[inline(always)]
pub(crate) fn store(m: M, s: usize, d: impl Dst) -> Flow {
    let v = get(m, s);
    let p = m.bump(2);
    // SAFETY: reserved (checker).
    unsafe {
        *p = RawTerm::header(Header::new(Subtag::Float, 1));
        *p.add(1) = RawTerm(v.to_bits());
    }
    m.set(d, RawTerm::from_boxed(p));
    Flow::Next
}

/// A space test for `need` words and the first float that it made room for.
#[inline(always)]
pub(crate) fn store_heap(m: M, s: usize, d: impl Dst, need: u32, live: u32) -> Flow {
    if m.short_of(need as usize) {
        slow!(m);
        m.collect(need as usize, live as usize);
    }
    store(m, s, d)
}

/// A number of any kind.
#[inline(always)]
pub(crate) fn conv(m: M, s: RawTerm, d: usize) -> Flow {
    if s.is_small() {
        return put(m, d, s.small_value() as f64);
    }
    slow!(m);
    match general(s) {
        Some(v) => put(m, d, v),
        None => badarith(m),
    }
}

#[inline(never)]
fn general(s: RawTerm) -> Option<f64> {
    // SAFETY: a register's term, and nothing collects here.
    let t = unsafe { s.brand() };
    t.as_float().or_else(|| crate::arith::to_f64(t))
}

#[inline(always)]
pub(crate) fn add(m: M, a: usize, b: usize, d: usize) -> Flow {
    let v = get(m, a) + get(m, b);
    result(m, d, v)
}

#[inline(always)]
pub(crate) fn sub(m: M, a: usize, b: usize, d: usize) -> Flow {
    let v = get(m, a) - get(m, b);
    result(m, d, v)
}

#[inline(always)]
pub(crate) fn mul(m: M, a: usize, b: usize, d: usize) -> Flow {
    let v = get(m, a) * get(m, b);
    result(m, d, v)
}

#[inline(always)]
pub(crate) fn div(m: M, a: usize, b: usize, d: usize) -> Flow {
    let v = get(m, a) / get(m, b);
    result(m, d, v)
}

#[inline(always)]
pub(crate) fn load_add(m: M, s: RawTerm, f: usize, a: usize, b: usize, d: usize) -> Flow {
    if !is_float(s) {
        return super::errors::bad_access(m);
    }
    load(m, s, f);
    add(m, a, b, d)
}

#[inline(always)]
pub(crate) fn load_sub(m: M, s: RawTerm, f: usize, a: usize, b: usize, d: usize) -> Flow {
    if !is_float(s) {
        return super::errors::bad_access(m);
    }
    load(m, s, f);
    sub(m, a, b, d)
}

#[inline(always)]
pub(crate) fn load_mul(m: M, s: RawTerm, f: usize, a: usize, b: usize, d: usize) -> Flow {
    if !is_float(s) {
        return super::errors::bad_access(m);
    }
    load(m, s, f);
    mul(m, a, b, d)
}

#[inline(always)]
pub(crate) fn load_div(m: M, s: RawTerm, f: usize, a: usize, b: usize, d: usize) -> Flow {
    if !is_float(s) {
        return super::errors::bad_access(m);
    }
    load(m, s, f);
    div(m, a, b, d)
}

#[inline(always)]
pub(crate) fn neg(m: M, a: usize, d: usize) -> Flow {
    let v = -get(m, a);
    put(m, d, v)
}

/// Negation as OTP 25 does it in float registers, which loses the sign of a zero.
#[inline(always)]
pub(crate) fn neg_from_zero(m: M, a: usize, d: usize) -> Flow {
    let v = 0.0 - get(m, a);
    put(m, d, v)
}

#[inline(always)]
pub(crate) fn copy(m: M, s: usize, d: usize) -> Flow {
    let v = get(m, s);
    put(m, d, v)
}
