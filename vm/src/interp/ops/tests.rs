//! Comparisons and type tests: fall through if true, else branch.

use std::cmp::Ordering;

use crate::bits::matching::MatchCtx;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::term::{RawTerm, Subtag, Term, cmp};

type M<'a, 'r> = &'a mut Machine<'r>;

/// A branch and not a selection of the next address: the processor guesses a branch and reads ahead, where it would have
/// to wait for the comparison to know the address.
#[inline(always)]
pub(super) fn branch(ok: bool, f: i32) -> Flow {
    if ok {
        Flow::Next
    } else {
        std::hint::cold_path();
        Flow::Jump(f)
    }
}

#[inline(always)]
fn both_small(a: RawTerm, b: RawTerm) -> bool {
    (a.0 & b.0) & 0xF == 0xF
}

#[inline(never)]
fn compare(a: RawTerm, b: RawTerm) -> Ordering {
    // SAFETY: registers hold live terms, and comparing does not collect.
    unsafe { cmp::compare(a.brand(), b.brand()) }
}

#[inline(never)]
fn equal(a: RawTerm, b: RawTerm) -> bool {
    // SAFETY: as above.
    unsafe { cmp::eq(a.brand(), b.brand()) }
}

#[inline(never)]
fn equal_exact_boxed(a: RawTerm, b: RawTerm) -> bool {
    // SAFETY: as above.
    unsafe { cmp::eq_exact(a.brand(), b.brand()) }
}

/// Two immediates, or an immediate and a pointer, are equal only if they are the same word.
#[inline(always)]
fn may_differ_and_be_equal(a: RawTerm, b: RawTerm) -> bool {
    !a.is_immediate() && !b.is_immediate()
}

/// `=:=`.
#[inline(always)]
pub(crate) fn equal_exact(a: RawTerm, b: RawTerm) -> bool {
    a == b || (may_differ_and_be_equal(a, b) && equal_exact_boxed(a, b))
}

#[inline(always)]
pub(crate) fn is_lt(m: M, a: RawTerm, b: RawTerm, f: i32) -> Flow {
    if both_small(a, b) {
        return branch((a.0 as i64) < b.0 as i64, f);
    }
    slow!(m);
    branch(compare(a, b) == Ordering::Less, f)
}

#[inline(always)]
pub(crate) fn is_ge(m: M, a: RawTerm, b: RawTerm, f: i32) -> Flow {
    if both_small(a, b) {
        return branch(a.0 as i64 >= b.0 as i64, f);
    }
    slow!(m);
    branch(compare(a, b) != Ordering::Less, f)
}

/// A test, and the return with the value `s` if it holds.
#[inline(always)]
pub(crate) fn is_lt_ret(m: M, a: RawTerm, b: RawTerm, s: RawTerm, f: i32) -> Flow {
    let ok = if both_small(a, b) {
        (a.0 as i64) < b.0 as i64
    } else {
        slow!(m);
        compare(a, b) == Ordering::Less
    };
    if ok { super::calls::mov_ret(m, s) } else { branch(false, f) }
}

/// As [`is_lt_ret`].
#[inline(always)]
pub(crate) fn is_ge_ret(m: M, a: RawTerm, b: RawTerm, s: RawTerm, f: i32) -> Flow {
    let ok = if both_small(a, b) {
        a.0 as i64 >= b.0 as i64
    } else {
        slow!(m);
        compare(a, b) != Ordering::Less
    };
    if ok { super::calls::mov_ret(m, s) } else { branch(false, f) }
}

#[inline(always)]
pub(crate) fn is_eq(m: M, a: RawTerm, b: RawTerm, f: i32) -> Flow {
    if a == b {
        return Flow::Next;
    }
    if both_small(a, b) {
        return branch(false, f);
    }
    slow!(m);
    branch(equal(a, b), f)
}

#[inline(always)]
pub(crate) fn is_ne(m: M, a: RawTerm, b: RawTerm, f: i32) -> Flow {
    if a == b {
        return branch(false, f);
    }
    if both_small(a, b) {
        return Flow::Next;
    }
    slow!(m);
    branch(!equal(a, b), f)
}

#[inline(always)]
pub(crate) fn is_eq_exact(m: M, a: RawTerm, b: RawTerm, f: i32) -> Flow {
    if a == b {
        return Flow::Next;
    }
    if may_differ_and_be_equal(a, b) {
        slow!(m);
        return branch(equal_exact_boxed(a, b), f);
    }
    branch(false, f)
}

#[inline(always)]
pub(crate) fn is_ne_exact(m: M, a: RawTerm, b: RawTerm, f: i32) -> Flow {
    if a == b {
        return branch(false, f);
    }
    if may_differ_and_be_equal(a, b) {
        slow!(m);
        return branch(!equal_exact_boxed(a, b), f);
    }
    Flow::Next
}

#[inline(always)]
pub(crate) fn is_eq_imm(_m: M, a: RawTerm, f: i32, w: u64) -> Flow {
    branch(a.0 == w, f)
}

#[inline(always)]
pub(crate) fn is_ne_imm(_m: M, a: RawTerm, f: i32, w: u64) -> Flow {
    branch(a.0 != w, f)
}

#[inline(always)]
pub(crate) fn bif_eq_exact(m: M, a: RawTerm, b: RawTerm, d: impl Dst) -> Flow {
    m.set(d, RawTerm::bool(equal_exact(a, b)));
    Flow::Next
}

#[inline(always)]
pub(crate) fn bif_ne_exact(m: M, a: RawTerm, b: RawTerm, d: impl Dst) -> Flow {
    m.set(d, RawTerm::bool(!equal_exact(a, b)));
    Flow::Next
}

/// Header word of a boxed term; 0, which no header equals, for others.
#[inline(always)]
pub(super) fn header(s: RawTerm) -> RawTerm {
    // SAFETY: a boxed pointer points at a header.
    if s.is_boxed() { unsafe { *s.boxed_ptr() } } else { RawTerm(u64::MAX) }
}

#[inline(always)]
fn has(s: RawTerm, tag: Subtag) -> bool {
    let h = header(s);
    h.is_header() && h.as_header().is(tag)
}

macro_rules! type_tests {
    ($($(#[$doc:meta])* $name:ident |$s:ident| $test:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name(_m: M, $s: RawTerm, f: i32) -> Flow {
            branch($test, f)
        }
    )*};
}

fn view<'a>(s: RawTerm) -> Term<'a> {
    // SAFETY: a register's term, looked at before anything else runs.
    unsafe { s.brand() }
}

type_tests! {
    is_integer |s| s.is_small() || has(s, Subtag::PosBig) || has(s, Subtag::NegBig);
    is_float |s| has(s, Subtag::Float);
    is_number |s| s.is_small() || has(s, Subtag::Float) || has(s, Subtag::PosBig) || has(s, Subtag::NegBig);
    is_atom |s| s.is_atom();
    is_boolean |s| s == RawTerm::bool(true) || s == RawTerm::bool(false);
    is_pid |s| view(s).is_pid();
    is_reference |s| has(s, Subtag::Ref) || has(s, Subtag::ExternalRef);
    is_port |s| view(s).is_port();
    is_nil |s| s.is_nil();
    /// Of a match context, what it has still to give, as for `is_bitstr`.
    is_binary |s| view(s).as_binary().is_some() || MatchCtx::of(view(s)).is_some_and(|c| c.test_unit(8));
    /// A match context is one: compilers from 26 on put this test where an argument may be one and is not matched.
    is_bitstr |s| has(s, Subtag::HeapBits) || has(s, Subtag::SubBits) || has(s, Subtag::MatchCtx);
    is_list |s| s.is_cons() || s.is_nil();
    is_nonempty_list |s| s.is_cons();
    is_tuple |s| has(s, Subtag::Tuple);
    is_map |s| has(s, Subtag::Map);
    is_function |s| has(s, Subtag::Fun) || has(s, Subtag::Export);
}

#[inline(always)]
pub(crate) fn is_function2(_m: M, s: RawTerm, arity: RawTerm, f: i32) -> Flow {
    let t = view(s);
    let n = match (t.as_fun(), t.as_export()) {
        (Some(fun), _) => fun.entry.arity,
        (_, Some(e)) => e.mfa.arity,
        _ => return Flow::Jump(f),
    };
    branch(arity == RawTerm::small(i64::from(n)), f)
}

#[inline(always)]
pub(crate) fn is_tuple_of(_m: M, s: RawTerm, f: i32, h: u64) -> Flow {
    branch(header(s).0 == h, f)
}

/// The source is a tuple (tested before), or the test fails as `is_tuple_of` does.
#[inline(always)]
pub(crate) fn test_arity(m: M, s: RawTerm, f: i32, h: u64) -> Flow {
    is_tuple_of(m, s, f, h)
}

#[inline(always)]
pub(crate) fn is_tagged_tuple(_m: M, s: RawTerm, f: i32, h: u64, tag: u64) -> Flow {
    branch(is_tagged(s, h, tag), f)
}

#[inline(always)]
pub(super) fn is_tagged(s: RawTerm, h: u64, tag: u64) -> bool {
    // SAFETY: a header of the wanted arity (at least 1) is followed by the first element.
    header(s).0 == h && unsafe { *s.boxed_ptr().add(1) }.0 == tag
}
