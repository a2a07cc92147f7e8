//! Calls through values: `apply`, funs, and making funs.

use crate::atom::am;
use crate::code::{Export, FunEntry, Mfa};
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::raise;
use crate::term::{Header, RawTerm, Subtag};

type M<'a, 'r> = &'a mut Machine<'r>;

/// The export entry of an MFA.
pub(crate) fn find(mfa: Mfa) -> &'static Export {
    Export::intern(mfa)
}

#[inline(never)]
pub(crate) fn find_dynamic(
    s: &crate::sched::Scheduler,
    module: RawTerm,
    function: RawTerm,
    arity: usize,
) -> Option<*const u64> {
    let arity = u8::try_from(arity).ok()?;
    let mfa = Mfa { module: module.as_atom()?, function: function.as_atom()?, arity };
    Some(s.apply_cache().find(mfa).address())
}

/// Module and function lie behind the arguments.
#[inline(always)]
pub(crate) fn apply(m: M, arity: u32, next: *const u64) -> Flow {
    let n = arity as usize;
    let (module, function) = (m.xr(n), m.xr(n + 1));
    if is_apply3(module, function, n) {
        super::calls::push_return(m, next);
        return super::stubs::apply3(m);
    }
    match find_dynamic(m.s(), module, function, n) {
        Some(to) => {
            super::calls::push_return(m, next);
            super::calls::enter(m, to)
        }
        None => bad_apply(m, n),
    }
}

/// Whether it is `erlang:apply/3`, of which only the call that it makes counts.
#[inline(always)]
fn is_apply3(module: RawTerm, function: RawTerm, arity: usize) -> bool {
    arity == 3 && function == RawTerm::atom(am::APPLY) && module == RawTerm::atom(am::ERLANG)
}

#[inline(always)]
pub(crate) fn apply_last(m: M, arity: u32, bytes: usize) -> Flow {
    let n = arity as usize;
    let (module, function) = (m.xr(n), m.xr(n + 1));
    if is_apply3(module, function, n) {
        return super::stubs::apply3_last(m, bytes);
    }
    match find_dynamic(m.s(), module, function, n) {
        Some(to) => enter_last(m, module, function, n, bytes, to),
        None => bad_apply(m, n),
    }
}

/// A tail call of a function found by name, in a function with a frame of `bytes`. Of those that only raise, the trace
/// shows who called them: the word that is pushed only has to lie in the caller, since nothing returns to it.
#[inline(always)]
pub(super) fn enter_last(m: M, module: RawTerm, function: RawTerm, arity: usize, bytes: usize, to: *const u64) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    if module == RawTerm::atom(am::ERLANG) && only_raises(function, arity) {
        super::calls::push_return(m, m.pc);
    }
    super::calls::enter(m, to)
}

#[cold]
#[inline(never)]
fn only_raises(function: RawTerm, arity: usize) -> bool {
    match function.as_atom() {
        Some(am::ERROR) => (1..=3).contains(&arity),
        Some(am::EXIT | am::THROW) => arity == 1,
        _ => false,
    }
}

#[cold]
#[inline(always)]
fn bad_apply(m: M, n: usize) -> Flow {
    m.out();
    let to = raise::bad_apply(m.s(), m.p(), m.pc, n);
    raise::resume(m, to)
}

/// Puts the environment behind the arguments and answers where the fun's code is.
#[inline(always)]
fn prepare(m: M, fun: RawTerm, arity: usize) -> Option<*const u64> {
    if fun.is_boxed() {
        let p = fun.boxed_ptr();
        // SAFETY: a boxed pointer points at a header; a fun's layout is [hdr][entry][creator][env ...].
        unsafe {
            let h = (*p).as_header();
            if h.is(Subtag::Fun) {
                let e: *const FunEntry = std::ptr::with_exposed_provenance((*p.add(1)).0 as usize);
                if usize::from((*e).arity) == arity {
                    for i in 0..h.arity() - 2 {
                        m.set_xr(arity + i, *p.add(3 + i));
                    }
                    return Some((*e).address());
                }
            } else if h.is(Subtag::Export) {
                let e: *const Export = std::ptr::with_exposed_provenance((*p.add(1)).0 as usize);
                if usize::from((*e).mfa.arity) == arity {
                    return Some((*e).address());
                }
            }
        }
    }
    None
}

#[inline(always)]
pub(crate) fn call_fun(m: M, fun: RawTerm, arity: u32, next: *const u64) -> Flow {
    match prepare(m, fun, arity as usize) {
        Some(to) => {
            super::calls::push_return(m, next);
            super::calls::enter(m, to)
        }
        None => {
            // The failure stands between caller and callee: traces show the call and where it returns to.
            super::calls::push_return(m, next);
            bad_fun(m, fun, arity as usize)
        }
    }
}

#[inline(always)]
pub(crate) fn call_fun_last(m: M, fun: RawTerm, bytes: usize, arity: u32) -> Flow {
    match prepare(m, fun, arity as usize) {
        Some(to) => {
            m.e = m.e.wrapping_byte_add(bytes);
            super::calls::enter(m, to)
        }
        None => {
            m.e = m.e.wrapping_byte_add(bytes);
            bad_fun(m, fun, arity as usize)
        }
    }
}

/// A fun's call whose return word is on the stack.
#[inline(always)]
pub(crate) fn enter_fun(m: M, fun: RawTerm, arity: usize) -> Flow {
    match prepare(m, fun, arity) {
        Some(to) => super::calls::enter(m, to),
        None => bad_fun(m, fun, arity),
    }
}

#[cold]
#[inline(always)]
fn bad_fun(m: M, fun: RawTerm, arity: usize) -> Flow {
    slow!(m);
    m.out();
    let to = raise::bad_fun(m.s(), m.p(), m.pc, fun, arity);
    raise::resume(m, to)
}

/// The words were reserved by a space test.
#[inline(always)]
pub(crate) fn make_fun(m: M, d: impl Dst, entry: u64, n: u32, table: *const u64) -> Flow {
    let n = n as usize;
    let p = m.bump(3 + n);
    // SAFETY: reserved by a space test (checker); the emitter wrote n operand words.
    unsafe {
        *p = RawTerm::header(Header::new(Subtag::Fun, 2 + n));
        *p.add(1) = RawTerm(entry);
        *p.add(2) = m.p().pid();
        for i in 0..n {
            *p.add(3 + i) = m.any(*table.add(i));
        }
    }
    m.set(d, RawTerm::from_boxed(p));
    Flow::Skip(n)
}
