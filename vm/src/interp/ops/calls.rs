//! Calls, jumps and returns.
//!
//! A call pushes the return word; the callee's frame, if any, lies below it. Reductions are charged when a function is
//! entered, which is also where a process whose slice is used up stops: `{pc = entry, arity}` says all there is to say.

use crate::code::Export;
use crate::interp::SliceEnd;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::term::RawTerm;

type M<'a, 'r> = &'a mut Machine<'r>;

/// Pushes the word that a return goes to.
#[inline(always)]
pub(crate) fn push_return(m: M, to: *const u64) {
    m.e = m.e.wrapping_sub(1);
    // SAFETY: every space test leaves RESERVE words between heap and stack; a function pushes at most one word before
    // the next test.
    unsafe { *m.e = RawTerm(to.expose_provenance() as u64) };
}

/// Enters a function.
#[inline(always)]
pub(crate) fn enter(m: M, target: *const u64) -> Flow {
    m.fcalls -= 1;
    if m.fcalls > 0 { Flow::Goto(target) } else { yield_at(m, target) }
}

/// Ends the slice at a function's entry.
#[cold]
#[inline(always)]
pub(crate) fn yield_at(m: M, target: *const u64) -> Flow {
    m.pc = target;
    m.out();
    suspend_at_entry(m.s(), m.p(), target);
    Flow::End(SliceEnd::Yielded)
}

#[cold]
#[inline(never)]
pub(crate) fn suspend_at_entry(s: &crate::sched::Scheduler, p: &crate::process::Process, entry: *const u64) {
    // SAFETY: an entry is preceded by its arity, in functions as in stubs.
    let arity = unsafe { *entry.sub(1) } as usize;
    crate::interp::save_registers(s, p, arity);
}

#[inline(always)]
fn local(m: M, f: i32) -> *const u64 {
    m.pc.wrapping_offset(f as isize)
}

/// Keeps a function's entry apart from a label behind it, so that who jumps there meets no breakpoint.
#[inline(always)]
pub(crate) fn nop(_m: M) -> Flow {
    Flow::Next
}

#[inline(always)]
pub(crate) fn jump(_m: M, f: i32) -> Flow {
    Flow::Jump(f)
}

#[inline(always)]
pub(crate) fn call(m: M, f: i32, next: *const u64) -> Flow {
    let target = local(m, f);
    push_return(m, next);
    enter(m, target)
}

#[inline(always)]
pub(crate) fn call_only(m: M, f: i32) -> Flow {
    let target = local(m, f);
    enter(m, target)
}

#[inline(always)]
pub(crate) fn call_last(m: M, bytes: usize, f: i32) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    let target = local(m, f);
    enter(m, target)
}

#[inline(always)]
pub(crate) fn mov_call(m: M, s: RawTerm, f: i32, next: *const u64) -> Flow {
    m.set_xr(0, s);
    call(m, f, next)
}

#[inline(always)]
pub(crate) fn mov_call_only(m: M, s: RawTerm, f: i32) -> Flow {
    m.set_xr(0, s);
    call_only(m, f)
}

#[inline(always)]
pub(crate) fn movx_call_only(m: M, s: RawTerm, d: impl Dst, f: i32) -> Flow {
    m.set(d, s);
    call_only(m, f)
}

/// Both sources are read before the first write, as in `mov2`.
#[inline(always)]
pub(crate) fn mov2_call_only(m: M, s1: RawTerm, d1: impl Dst, s2: RawTerm, d2: impl Dst, f: i32) -> Flow {
    m.set(d1, s1);
    m.set(d2, s2);
    call_only(m, f)
}

#[inline(always)]
pub(crate) fn trim_call(m: M, bytes: usize, f: i32, next: *const u64) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    call(m, f, next)
}

#[inline(always)]
pub(crate) fn mov_call_last(m: M, s: RawTerm, bytes: usize, f: i32) -> Flow {
    m.set_xr(0, s);
    call_last(m, bytes, f)
}

#[inline(always)]
fn export(w: u64) -> &'static Export {
    let p: *const Export = std::ptr::with_exposed_provenance(w as usize);
    // SAFETY: the emitter wrote the address of an interned export entry, which is never freed.
    unsafe { &*p }
}

#[inline(always)]
pub(crate) fn call_ext(m: M, e: u64, next: *const u64) -> Flow {
    push_return(m, next);
    enter(m, export(e).address())
}

#[inline(always)]
pub(crate) fn call_ext_only(m: M, e: u64) -> Flow {
    enter(m, export(e).address())
}

#[inline(always)]
pub(crate) fn call_ext_last(m: M, bytes: usize, e: u64) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    enter(m, export(e).address())
}

#[inline(always)]
pub(crate) fn ret(m: M) -> Flow {
    // SAFETY: the newest stack word is the return word that this function's call pushed.
    let to = unsafe { *m.e };
    m.e = m.e.wrapping_add(1);
    Flow::Goto(std::ptr::with_exposed_provenance(to.0 as usize))
}

#[inline(always)]
pub(crate) fn dealloc_ret(m: M, bytes: usize) -> Flow {
    m.e = m.e.wrapping_byte_add(bytes);
    ret(m)
}

#[inline(always)]
pub(crate) fn mov_ret(m: M, s: RawTerm) -> Flow {
    m.set_xr(0, s);
    ret(m)
}

#[inline(always)]
pub(crate) fn mov_dealloc_ret(m: M, s: RawTerm, bytes: usize) -> Flow {
    m.set_xr(0, s);
    dealloc_ret(m, bytes)
}
