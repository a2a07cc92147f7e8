//! Catching, raising, and the instructions that always fail.

use crate::am;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::native::Raise;
use crate::term::RawTerm;

type M<'a, 'r> = &'a mut Machine<'r>;

/// `catch` and `try`: a catch tag that holds the handler's address goes into the Y slot.
#[inline(always)]
pub(crate) fn catch(m: M, d: impl Dst, f: i32) -> Flow {
    let handler = m.pc.wrapping_offset(f as isize);
    m.set(d, raise::catch_tag(handler));
    Flow::Next
}

/// The end of `catch`: after an exception x0 is no value and x1 to x3 hold value, trace and class.
#[inline(always)]
pub(crate) fn catch_end(m: M, d: impl Dst) -> Flow {
    m.set(d, RawTerm::NIL);
    if m.xr(0).is_none() {
        m.out();
        raise::caught(m.s(), m.p());
        m.back();
    }
    Flow::Next
}

#[inline(always)]
pub(crate) fn try_end(m: M, d: impl Dst) -> Flow {
    m.set(d, RawTerm::NIL);
    Flow::Next
}

/// The beginning of a handler: class, value, trace into x0 to x2.
#[inline(always)]
pub(crate) fn try_case(m: M, d: impl Dst) -> Flow {
    m.set(d, RawTerm::NIL);
    let class = m.xr(3);
    m.set_xr(0, class);
    Flow::Next
}

#[cold]
#[inline(always)]
fn tagged(m: M, tag: crate::Atom, v: RawTerm) -> Flow {
    m.out();
    let to = raise::tagged(m.s(), m.p(), m.pc, tag, v);
    raise::resume(m, to)
}

#[inline(always)]
pub(crate) fn try_case_end(m: M, v: RawTerm) -> Flow {
    tagged(m, am::TRY_CLAUSE, v)
}

#[inline(always)]
pub(crate) fn badmatch(m: M, v: RawTerm) -> Flow {
    tagged(m, am::BADMATCH, v)
}

#[inline(always)]
pub(crate) fn case_end(m: M, v: RawTerm) -> Flow {
    tagged(m, am::CASE_CLAUSE, v)
}

#[inline(always)]
pub(crate) fn badrecord(m: M, v: RawTerm) -> Flow {
    tagged(m, am::BADRECORD, v)
}

#[inline(always)]
pub(crate) fn if_end(m: M) -> Flow {
    m.out();
    let to = raise::atom(m.s(), m.p(), m.pc, am::IF_CLAUSE);
    raise::resume(m, to)
}

/// No clause of the function matched; the arguments are still in their registers.
#[inline(always)]
pub(crate) fn function_clause(m: M, _module: u64, _function: u64, _arity: u64) -> Flow {
    m.out();
    let to = raise::function_clause(m.s(), m.p(), m.pc);
    raise::resume(m, to)
}

/// Raises again with the class and trace of a caught exception.
#[inline(always)]
pub(crate) fn raise(m: M, trace: RawTerm, value: RawTerm) -> Flow {
    m.out();
    let to = raise::again(m.s(), m.p(), trace, value);
    raise::resume(m, to)
}

/// `erlang:raise/3` of a caught exception: class, value, raw trace in x0 to x2.
#[inline(always)]
pub(crate) fn raw_raise(m: M) -> Flow {
    m.out();
    match raise::raw(m.s(), m.p()) {
        Some(to) => raise::resume(m, to),
        None => {
            m.back();
            m.set_xr(0, RawTerm::atom(am::BADARG));
            Flow::Next
        }
    }
}

/// The raw trace in x0 becomes a list.
#[inline(always)]
pub(crate) fn build_stacktrace(m: M) -> Flow {
    m.out();
    raise::build_in_x0(m.s(), m.p());
    m.back();
    Flow::Next
}

/// Code that reads what it did not test: no compiler emits it, and the checker did not prove it.
#[cold]
#[inline(always)]
pub(crate) fn bad_access(m: M) -> Flow {
    slow!(m);
    m.out();
    let to = raise::plain(m.s(), m.p(), m.pc, Raise::Badarg);
    raise::resume(m, to)
}

/// The end of a module's code is reached by no checked code.
#[inline(always)]
pub(crate) fn int_code_end(m: M) -> Flow {
    bad_access(m)
}
