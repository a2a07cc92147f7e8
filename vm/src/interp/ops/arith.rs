//! Arithmetic on small integers in line, everything else out of line.

use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::term::{RawTerm, SMALL_MAX, SMALL_MIN, Term};
use crate::{Raise, arith, heap::Builder};

type M<'a, 'r> = &'a mut Machine<'r>;
type Slow = for<'s> fn(&Builder<'s>, Term<'s>, Term<'s>) -> Result<Term<'s>, Raise>;

const TAG: u64 = 0xF;

#[inline(always)]
fn both_small(a: RawTerm, b: RawTerm) -> bool {
    (a.0 & b.0) & TAG == TAG
}

#[inline(always)]
fn fits(i: i64) -> bool {
    (SMALL_MIN..=SMALL_MAX).contains(&i)
}

/// The general case: bignums, floats, errors.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn slow(m: M, op: Slow, name: crate::Atom, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    slow!(m);
    m.out();
    let r = slow_call(m.s(), m.p(), op, a, b, live, f);
    m.back();
    match r {
        Ok(t) => {
            m.set(d, t);
            Flow::Next
        }
        Err(_) if f != 0 => Flow::Jump(f),
        Err(e) => {
            m.out();
            let increment = a.is_small() || b.is_small();
            let to = raise::in_arithmetic(m.s(), m.p(), m.pc, e, name, increment);
            raise::resume(m, to)
        }
    }
}

/// Operands move when this collects: for an error that is raised (no label `f`) it leaves them in `exception.args`.
#[cold]
#[inline(never)]
fn slow_call(
    s: &crate::sched::Scheduler,
    p: &crate::process::Process,
    op: Slow,
    mut a: RawTerm,
    mut b: RawTerm,
    live: u32,
    f: i32,
) -> Result<RawTerm, Raise> {
    let heap = &p.owner().heap;
    if heap.lacks(16) {
        crate::interp::collect_keeping(s, p, live as usize, 16, &mut [&mut a, &mut b]);
    }
    // SAFETY: nothing collects until the operation is done; a and b are live terms.
    let r = unsafe { op(&Builder::of(&heap.arena), a.brand(), b.brand()).map(Term::raw) };
    if r.is_err() && f == 0 {
        raise::keep_arguments(s, p, &[a, b]);
    }
    r
}

#[inline(always)]
pub(crate) fn add(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) {
        // (16 a + 15) + (16 b + 15) - 15; the tagged words overflow exactly when the sum leaves the small range.
        if let Some(r) = (a.0 as i64).checked_add((b.0 & !TAG) as i64) {
            m.set(d, RawTerm(r as u64));
            return Flow::Next;
        }
    }
    slow(m, arith::add, crate::am::PLUS, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn sub(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b)
        && let Some(r) = (a.0 as i64).checked_sub((b.0 & !TAG) as i64)
    {
        m.set(d, RawTerm(r as u64));
        return Flow::Next;
    }
    slow(m, arith::sub, crate::am::MINUS, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn mul(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b)
        && let Some(r) = ((a.0 & !TAG) as i64).checked_mul(b.small_value())
    {
        m.set(d, RawTerm(r as u64 | TAG));
        return Flow::Next;
    }
    slow(m, arith::mul, crate::am::TIMES, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn int_div(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) && b.small_value() != 0 {
        let r = a.small_value() / b.small_value();
        if fits(r) {
            m.set(d, RawTerm::small(r));
            return Flow::Next;
        }
    }
    slow(m, arith::int_div, crate::am::DIV, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn int_rem(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) && b.small_value() != 0 {
        m.set(d, RawTerm::small(a.small_value() % b.small_value()));
        return Flow::Next;
    }
    slow(m, arith::int_rem, crate::am::REM, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn band(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) {
        m.set(d, RawTerm(a.0 & b.0));
        return Flow::Next;
    }
    slow(m, arith::band, crate::am::BAND, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn bor(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) {
        m.set(d, RawTerm(a.0 | b.0));
        return Flow::Next;
    }
    slow(m, arith::bor, crate::am::BOR, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn bxor(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) {
        m.set(d, RawTerm((a.0 ^ b.0) | TAG));
        return Flow::Next;
    }
    slow(m, arith::bxor, crate::am::BXOR, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn bsl(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) {
        let (v, n) = (a.small_value(), b.small_value());
        if (0..59).contains(&n) && (v << n) >> n == v && fits(v << n) {
            m.set(d, RawTerm::small(v << n));
            return Flow::Next;
        }
    }
    slow(m, arith::bsl, crate::am::BSL, a, b, d, f, live)
}

#[inline(always)]
pub(crate) fn bsr(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32) -> Flow {
    if both_small(a, b) && b.small_value() >= 0 {
        m.set(d, RawTerm::small(a.small_value() >> b.small_value().min(63)));
        return Flow::Next;
    }
    slow(m, arith::bsr, crate::am::BSR, a, b, d, f, live)
}
