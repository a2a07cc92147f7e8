//! Calls of natives: from bodies (`call_native`) and from guards and expressions (`guardN`).

use crate::code::Export;
use crate::ctx::Ctx;
use crate::heap::gc;
use crate::interp::machine::{Dst, Flow, Machine};
use crate::interp::{self, SliceEnd, raise};
use crate::native::{NativeFn, Raise};
use crate::process::{Process, TrapTo, saved_calls};
use crate::recording::{self, What};
use crate::sched::{Dirty, Scheduler};
use crate::term::{RawTerm, Subtag, Term};

type M<'a, 'r> = &'a mut Machine<'r>;

pub(crate) fn export_at(w: u64) -> &'static Export {
    let p: *const Export = std::ptr::with_exposed_provenance(w as usize);
    // SAFETY: the emitter wrote the address of an interned export entry, which is never freed.
    unsafe { &*p }
}

#[inline(always)]
fn function_at(w: u64) -> NativeFn {
    // SAFETY: the emitter wrote a NativeFn's address.
    unsafe { std::mem::transmute::<usize, NativeFn>(w as usize) }
}

/// A native's call from a body: arguments in X registers, result in x0. While natives have breakpoints, calls are saved or
/// natives are timed, those called are looked at: one with a breakpoint is called by its name.
#[inline(always)]
pub(crate) fn call_native(m: M, arity: usize, export: u64, mut f: u64, next: *const u64) -> Flow {
    if crate::trace::breakpoint::on_natives() {
        let Some(instead) = looked_at(m.p(), export_at(export), f) else {
            super::calls::push_return(m, next);
            return super::calls::enter(m, export_at(export).address());
        };
        f = instead;
    }
    run_native(m, arity, export, f, next)
}

/// What to call in place of a native; nothing if the call has to go through its entry, where it is saved.
#[cold]
#[inline(never)]
fn looked_at(p: &Process, e: &'static Export, f: u64) -> Option<u64> {
    if e.is_trapped() {
        return None;
    }
    saved_calls::called(p, e);
    let timed = recording::is_on(What::TIME);
    Some(if timed { recording::instead_of(function_at(f)) as usize as u64 } else { f })
}

/// As [`call_native`], without a look for breakpoints.
#[inline(always)]
pub(crate) fn run_native(m: M, arity: usize, export: u64, f: u64, next: *const u64) -> Flow {
    m.fcalls -= 1;
    m.out();
    let r = invoke(m.s(), m.p(), f, arity);
    m.back();
    match r {
        Ok(t) => {
            m.set_xr(0, t);
            after_native(m, 1);
            Flow::Next
        }
        Err(e) => not_a_value(m, e, export, next),
    }
}

#[inline(never)]
fn invoke(s: &Scheduler, p: &Process, f: u64, arity: usize) -> Result<RawTerm, Raise> {
    // SAFETY: the machine's registers are saved; nothing collects before the native has returned. The arguments are
    // the first X registers, which a native changes only through `set_x` when it traps and is done with them.
    unsafe {
        let ctx = Ctx::new(p, s);
        let args = std::slice::from_raw_parts(s.registers().cast_const().cast::<Term<'_>>(), arity);
        function_at(f)(&ctx, args).map(Term::raw)
    }
}

/// Collects if the native left more in fragments than there is room for, referred to many binaries, or asked for it.
#[inline(always)]
pub(crate) fn after_native(m: M, live: usize) {
    if m.lacks(0) {
        m.collect(0, live);
    }
}

/// A native that did not return a value: traps, waits, errors. `next` is where its caller goes on.
#[cold]
#[inline(always)]
pub(crate) fn not_a_value(m: M, e: Raise, export: u64, next: *const u64) -> Flow {
    let export = export_at(export);
    match e {
        Raise::Trap | Raise::Yield => {
            super::calls::push_return(m, next);
            let to = m.s().trap().take().map_or_else(|| export.untraced(), TrapTo::address);
            // SAFETY: an entry is preceded by its arity, in functions as in stubs.
            after_native(m, unsafe { *to.sub(1) } as usize);
            if e == Raise::Yield { super::calls::yield_at(m, to) } else { super::calls::enter(m, to) }
        }
        Raise::Wait => {
            super::calls::push_return(m, next);
            m.pc = export.untraced();
            m.out();
            interp::save_registers(m.s(), m.p(), usize::from(export.mfa.arity));
            Flow::End(SliceEnd::Waiting)
        }
        Raise::Hibernate => {
            m.e = m.owner().heap.hend.get();
            m.pc = interp::entry::apply();
            m.out();
            hibernate(m.s(), m.p());
            Flow::End(SliceEnd::Waiting)
        }
        Raise::Exiting => Flow::End(SliceEnd::Exited),
        _ => {
            m.out();
            let to = raise::in_native(m.s(), m.p(), m.pc, e, export);
            raise::resume(m, to)
        }
    }
}

/// Packs the heap of a process that forgets its stack; module, function and argument list are in x0 to x2.
#[cold]
#[inline(never)]
fn hibernate(s: &Scheduler, p: &Process) {
    // SAFETY: the scheduler's own thread; the first three registers are live.
    let x = unsafe { std::slice::from_raw_parts_mut(s.registers().cast::<RawTerm>(), 3) };
    let mut pack = || {
        gc::hibernate(p, x);
    };
    if gc::is_large(p.owner()) {
        s.dirty(p, Dirty::Cpu, pack)
    } else {
        pack()
    }
    interp::save_registers(s, p, 3);
}

/// Up to three arguments by value; how many there are the export entry knows. Handlers lend no addresses. Arguments
/// move when this collects: for an error that is raised (no label `f`) it leaves them in `exception.args`.
#[allow(clippy::too_many_arguments, reason = "each is in a register")]
#[inline(never)]
fn guard_call(
    s: &Scheduler,
    p: &Process,
    export: &Export,
    a: RawTerm,
    b: RawTerm,
    c: RawTerm,
    live: u32,
    f: i32,
) -> Result<RawTerm, Raise> {
    let mut args = [a, b, c];
    let heap = &p.owner().heap;
    if live != NO_COLLECT && heap.lacks(32) {
        let [a, b, c] = &mut args;
        interp::collect_keeping(s, p, live as usize, 32, &mut [a, b, c]);
    }
    let native = export.native().ok_or(Raise::Undef)?;
    let n = usize::from(export.mfa.arity).min(args.len());
    // SAFETY: registers were saved by the caller; nothing collects before the native has returned.
    let r = unsafe {
        let ctx = Ctx::new(p, s);
        let args = std::slice::from_raw_parts(args.as_ptr().cast::<Term<'_>>(), n);
        native(&ctx, args).map(Term::raw)
    };
    if r.is_err() {
        if f == 0 {
            raise::keep_arguments(s, p, &args[..n]);
        } else {
            // Nobody will ask for what it says, and it may refer to a message that is still in the queue.
            p.owner().exception.forget();
        }
    }
    r
}

/// `live` is [`NO_COLLECT`] for BIFs that come without a live count.
pub(crate) const NO_COLLECT: u32 = u32::MAX;

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn guard(m: M, a: RawTerm, b: RawTerm, c: RawTerm, d: impl Dst, f: i32, live: u32, export: u64) -> Flow {
    slow!(m);
    m.out();
    let e = export_at(export);
    let r = guard_call(m.s(), m.p(), e, a, b, c, live, f);
    m.back();
    match r {
        Ok(t) => {
            m.set(d, t);
            Flow::Next
        }
        Err(_) if f != 0 => Flow::Jump(f),
        Err(r) => {
            m.out();
            let to = raise::in_guard_native(m.s(), m.p(), r, e);
            raise::resume(m, to)
        }
    }
}

#[inline(always)]
pub(crate) fn guard0(m: M, d: impl Dst, export: u64) -> Flow {
    guard(m, RawTerm::NIL, RawTerm::NIL, RawTerm::NIL, d, 0, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn guard1(m: M, a: RawTerm, d: impl Dst, f: i32, live: u32, export: u64) -> Flow {
    guard(m, a, RawTerm::NIL, RawTerm::NIL, d, f, live, export)
}

#[inline(always)]
pub(crate) fn guard2(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, live: u32, export: u64) -> Flow {
    guard(m, a, b, RawTerm::NIL, d, f, live, export)
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn guard3(m: M, a: RawTerm, b: RawTerm, c: RawTerm, d: impl Dst, f: i32, live: u32, export: u64) -> Flow {
    guard(m, a, b, c, d, f, live, export)
}

/// A guard BIF of two arguments that comes without a live count.
#[inline(always)]
pub(crate) fn guard_alone(m: M, a: RawTerm, b: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    guard(m, a, b, RawTerm::NIL, d, f, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn bif_self(m: M, d: impl Dst) -> Flow {
    m.set(d, m.p().pid());
    Flow::Next
}

#[inline(always)]
fn header(s: RawTerm) -> Option<crate::term::Header> {
    // SAFETY: a boxed pointer points at a header.
    s.is_boxed().then(|| unsafe { *s.boxed_ptr() }.as_header())
}

#[inline(always)]
pub(crate) fn bif_element(m: M, i: RawTerm, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if let Some(h) = header(s)
        && h.is(Subtag::Tuple)
        && i.is_small()
        && (i.small_value().wrapping_sub(1) as u64) < h.arity() as u64
    {
        // SAFETY: 1 <= i <= arity.
        let v = unsafe { *s.boxed_ptr().add(i.small_value() as usize) };
        m.set(d, v);
        return Flow::Next;
    }
    guard_alone(m, i, s, d, f, export)
}

#[inline(always)]
pub(crate) fn bif_hd(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if s.is_cons() {
        return super::data::get_hd(m, s, d);
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn bif_tl(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if s.is_cons() {
        return super::data::get_tl(m, s, d);
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn bif_tuple_size(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if let Some(h) = header(s)
        && h.is(Subtag::Tuple)
    {
        m.set(d, RawTerm::small(h.arity() as i64));
        return Flow::Next;
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn bif_map_size(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if let Some(h) = header(s)
        && h.is(Subtag::Map)
    {
        // SAFETY: flat maps and HAMT heads, the only ones that programs see, have their size as a small behind the header.
        let n = unsafe { *s.boxed_ptr().add(1) };
        m.set(d, n);
        return Flow::Next;
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn bif_not(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if s == RawTerm::bool(true) {
        m.set(d, RawTerm::bool(false));
        return Flow::Next;
    }
    if s == RawTerm::bool(false) {
        m.set(d, RawTerm::bool(true));
        return Flow::Next;
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}

/// Bits of a bitstring, or those left in a match context: compilers since 26 ask contexts for their size.
#[inline(always)]
fn bit_count(s: RawTerm) -> Option<u64> {
    let h = header(s)?;
    let p = s.boxed_ptr();
    // SAFETY: the layouts of the three kinds of bitstring (`Subtag`).
    unsafe {
        if h.is(Subtag::HeapBits) {
            Some((*p.add(1)).0)
        } else if h.is(Subtag::SubBits) || h.is(Subtag::MatchCtx) {
            Some((*p.add(4)).0 - (*p.add(3)).0)
        } else {
            None
        }
    }
}

#[inline(always)]
pub(crate) fn bif_bit_size(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if let Some(n) = bit_count(s) {
        m.set(d, RawTerm::small(n as i64));
        return Flow::Next;
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}

#[inline(always)]
pub(crate) fn bif_byte_size(m: M, s: RawTerm, d: impl Dst, f: i32, export: u64) -> Flow {
    if let Some(n) = bit_count(s) {
        m.set(d, RawTerm::small(n.div_ceil(8) as i64));
        return Flow::Next;
    }
    guard(m, s, RawTerm::NIL, RawTerm::NIL, d, f, NO_COLLECT, export)
}
