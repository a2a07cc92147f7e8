//! Code that does not come from modules: what export and fun entries without code point at, how a process begins and
//! ends, and the functions that exist only as instructions.

use crate::code::{FunEntry, Mfa};
use crate::interp::machine::{Flow, Machine};
use crate::interp::{SliceEnd, raise};
use crate::native::Raise;
use crate::term::{RawTerm, Term};

type M<'a, 'r> = &'a mut Machine<'r>;

/// A call of a function that is not loaded: the VM's module finder may load it, else `error_handler` decides.
#[inline(always)]
pub(crate) fn undefined_function(m: M, export: u64) -> Flow {
    m.out();
    let to = undefined_slow(m.s(), m.p(), export);
    m.back();
    match to {
        Some(to) => Flow::Goto(to),
        None => {
            m.out();
            let to = raise::undef(m.s(), m.p(), super::natives::export_at(export));
            raise::resume(m, to)
        }
    }
}

#[cold]
#[inline(never)]
fn undefined_slow(s: &crate::sched::Scheduler, p: &crate::process::Process, export: u64) -> Option<*const u64> {
    let e = super::natives::export_at(export);
    if e.is_defined() || (crate::code::load_missing(e.mfa.module) && e.is_defined()) {
        return Some(e.found());
    }
    let handler = crate::code::error_handler(p, crate::am::UNDEFINED_FUNCTION)?;
    arguments_for_handler(s, p, e.mfa);
    Some(handler)
}

/// Puts a call that is being made into the form in which the error handler wants it: module, function, argument list.
pub(super) fn arguments_for_handler(s: &crate::sched::Scheduler, p: &crate::process::Process, mfa: Mfa) {
    // SAFETY: registers are saved; nothing collects here.
    let ctx = unsafe { crate::Ctx::new(p, s) };
    let args = ctx.list(&arguments(s, usize::from(mfa.arity)));
    s.set_x(&[mfa.module.into(), mfa.function.into(), args]);
}

fn arguments<'s>(s: &'s crate::sched::Scheduler, n: usize) -> Vec<Term<'s>> {
    // SAFETY: the first n registers hold the arguments of the call that led here; nothing collects while they are used.
    (0..n).map(|i| unsafe { (*s.registers()).x[i].brand() }).collect()
}

/// A native reached through its export entry: by a fun, an apply, or a caller that was loaded before it was bound.
#[inline(always)]
pub(crate) fn native(m: M, export: u64) -> Flow {
    let e = super::natives::export_at(export);
    let Some(f) = e.native() else {
        return undefined_function(m, export);
    };
    // The caller's return word is on the stack already: take it off for the call, as `call_native` has it.
    // SAFETY: a call pushed it.
    let next: *const u64 = std::ptr::with_exposed_provenance(unsafe { *m.e }.0 as usize);
    m.e = m.e.wrapping_add(1);
    // Traces show the line of where the native returns to, not of the call.
    m.pc = next;
    match super::natives::run_native(m, usize::from(e.mfa.arity), export, f as usize as u64, next) {
        Flow::Next => Flow::Goto(next),
        other => other,
    }
}

/// A call of a fun whose module is not loaded.
#[inline(always)]
pub(crate) fn undefined_lambda(m: M, entry: u64) -> Flow {
    m.out();
    let to = lambda_slow(m.s(), m.p(), entry);
    m.back();
    match to {
        Lambda::Code(to) => Flow::Goto(to),
        Lambda::Suspended(to) => super::calls::yield_at(m, to),
        Lambda::Gone => {
            m.out();
            let to = raise::gone_fun(m.s(), m.p(), m.pc, m.xr(1));
            raise::resume(m, to)
        }
        Lambda::NoHandler => {
            m.out();
            let to = undefined_lambda_slow(m.s(), m.p(), entry);
            raise::resume(m, to)
        }
    }
}

#[cold]
#[inline(never)]
fn undefined_lambda_slow(s: &crate::sched::Scheduler, p: &crate::process::Process, entry: u64) -> Option<*const u64> {
    let e = fun_at(entry);
    let mfa = Mfa { module: e.module, function: e.function().unwrap_or(crate::am::UNDEFINED), arity: e.arity };
    raise::undef(s, p, crate::code::Export::intern(mfa))
}

fn fun_at(w: u64) -> &'static FunEntry {
    let p: *const FunEntry = std::ptr::with_exposed_provenance(w as usize);
    // SAFETY: the stub holds the address of its own entry, which is never freed.
    unsafe { &*p }
}

/// What is to become of a call of a fun that had no code.
enum Lambda {
    /// Go on there.
    Code(*const u64),
    /// Go on there when the purge of the fun's module has ended.
    Suspended(*const u64),
    /// The module is loaded, but has no such fun.
    Gone,
    /// There is no error handler.
    NoHandler,
}

#[cold]
#[inline(never)]
fn lambda_slow(s: &crate::sched::Scheduler, p: &crate::process::Process, entry: u64) -> Lambda {
    use crate::code;
    let e = fun_at(entry);
    if e.has_code() {
        return Lambda::Code(e.address());
    }
    let pending = code::purge::suspend_caller(p, e);
    if !pending && code::load_missing(e.module) && e.has_code() {
        return Lambda::Code(e.address());
    }
    // SAFETY: registers are saved; nothing collects here.
    let ctx = unsafe { crate::Ctx::new(p, s) };
    let all = arguments(s, usize::from(e.arity) + e.num_free as usize);
    let (args, env) = all.split_at(usize::from(e.arity));
    s.set_x(&[e.module.into(), ctx.fun(e, ctx.self_pid(), env), ctx.list(args)]);
    if pending {
        let mfa = Mfa { module: crate::am::ERTS_CODE_PURGER, function: crate::am::PENDING_PURGE_LAMBDA, arity: 3 };
        return Lambda::Suspended(code::Export::intern(mfa).address());
    }
    if code::module(e.module).is_some() {
        return Lambda::Gone;
    }
    code::error_handler(p, crate::am::UNDEFINED_LAMBDA).map_or(Lambda::NoHandler, Lambda::Code)
}

/// Where a process begins: module, function and argument list in x0 to x2, an empty stack.
#[inline(always)]
pub(crate) fn entry_apply(m: M) -> Flow {
    super::calls::push_return(m, crate::interp::entry::exit());
    apply3_last(m, 0)
}

/// Where a process ends that returns from its first function.
#[inline(always)]
pub(crate) fn normal_exit(m: M) -> Flow {
    m.owner().exception.value.set(RawTerm::atom(crate::am::NORMAL));
    m.owner().flags.exception_class.set(crate::process::Class::Exit);
    m.out();
    Flow::End(SliceEnd::Exited)
}

/// `erlang:apply/3`, called with the return word on the stack.
#[inline(always)]
pub(crate) fn apply3(m: M) -> Flow {
    apply3_with(m, 0, |m, _, _, _, to| super::calls::enter(m, to))
}

/// `erlang:apply/3` called last in a function with a frame of `bytes`: failures show that function.
#[inline(always)]
pub(crate) fn apply3_last(m: M, bytes: usize) -> Flow {
    apply3_with(m, bytes, |m, module, function, arity, to| {
        super::apply::enter_last(m, module, function, arity, bytes, to)
    })
}

#[inline(always)]
fn apply3_with(m: M, bytes: usize, enter: impl FnOnce(M, RawTerm, RawTerm, usize, *const u64) -> Flow) -> Flow {
    if m.xr(1) == RawTerm::atom(crate::am::APPLY) {
        innermost_apply(m.s());
    }
    let (module, function, list) = (m.xr(0), m.xr(1), m.xr(2));
    if module.as_atom().is_some() && function.as_atom().is_some() {
        match spread(m.s(), list) {
            Spread::Arity(arity) => {
                let arity = usize::from(arity);
                if let Some(to) = super::apply::find_dynamic(m.s(), module, function, arity) {
                    return enter(m, module, function, arity, to);
                }
            }
            Spread::TooMany => {
                m.out();
                let to = undefined_arity(m.s(), m.p());
                m.back();
                return match to {
                    Ok(handler) => {
                        m.e = m.e.wrapping_byte_add(bytes);
                        super::calls::enter(m, handler)
                    }
                    Err(to) => raise::resume(m, to),
                };
            }
            Spread::TooLong => return bad_apply(m, 3, Raise::SystemLimit),
            Spread::Improper => {}
        }
    }
    bad_apply(m, 3, Raise::Badarg)
}

/// An `apply/3` of `apply/3` itself is the call that the innermost one makes, so failures show who began.
#[cold]
#[inline(never)]
fn innermost_apply(s: &crate::sched::Scheduler) {
    loop {
        let [module, function, list] = arguments(s, 3)[..] else { return };
        let mut inner = list.list_iter();
        match (inner.next(), inner.next(), inner.next(), inner.next()) {
            (Some(m), Some(f), Some(args), None)
                if module.is(crate::am::ERLANG) && function.is(crate::am::APPLY) && inner.tail().is_nil() =>
            {
                s.set_x(&[m, f, args]);
            }
            _ => return,
        }
    }
}

/// A call with more arguments than a function can have: there is none to call, and the same rules as for others that
/// are undefined. Module, function and arguments are in x0 to x2.
#[cold]
#[inline(never)]
fn undefined_arity(s: &crate::sched::Scheduler, p: &crate::process::Process) -> Result<*const u64, Option<*const u64>> {
    crate::code::error_handler(p, crate::am::UNDEFINED_FUNCTION).ok_or_else(|| raise::undef_arity(s, p))
}

/// `erlang:apply/2`, as a tail call.
#[inline(always)]
pub(crate) fn apply2(m: M) -> Flow {
    apply2_last(m, 0)
}

/// `erlang:apply/2` called last in a function with a frame of `bytes`.
#[inline(always)]
pub(crate) fn apply2_last(m: M, bytes: usize) -> Flow {
    let (fun, list) = (m.xr(0), m.xr(1));
    match spread(m.s(), list) {
        Spread::Arity(arity) => {
            m.e = m.e.wrapping_byte_add(bytes);
            super::apply::enter_fun(m, fun, usize::from(arity))
        }
        Spread::TooMany => {
            m.e = m.e.wrapping_byte_add(bytes);
            m.out();
            let to = raise::bad_fun_with(m.s(), m.p(), m.pc, fun, list);
            raise::resume(m, to)
        }
        Spread::TooLong => bad_apply(m, 2, Raise::SystemLimit),
        Spread::Improper => bad_apply(m, 2, Raise::Badarg),
    }
}

/// What became of an argument list.
enum Spread {
    /// In the argument registers.
    Arity(u8),
    /// More than a function takes, registers unchanged.
    TooMany,
    /// More than there are registers.
    TooLong,
    /// No proper list.
    Improper,
}

/// Puts a list's elements into the argument registers.
#[inline(never)]
fn spread(s: &crate::sched::Scheduler, list: RawTerm) -> Spread {
    const MANY: usize = crate::sched::X_REGISTERS - 1;
    // SAFETY: a register's term; nothing collects while the list is walked.
    let list: Term<'_> = unsafe { list.brand() };
    let mut it = list.list_iter();
    let n = it.by_ref().take(MANY).count();
    if n == MANY {
        return Spread::TooLong;
    }
    if !it.tail().is_nil() {
        return Spread::Improper;
    }
    let Ok(arity) = u8::try_from(n) else { return Spread::TooMany };
    for (i, a) in list.list_iter().enumerate() {
        // SAFETY: the scheduler's own thread; n < MANY registers are written.
        unsafe { (*s.registers()).x[i] = a.raw() };
    }
    Spread::Arity(arity)
}

#[cold]
#[inline(always)]
fn bad_apply(m: M, arity: u8, e: Raise) -> Flow {
    m.out();
    let to = bad_apply_slow(m.s(), m.p(), m.pc, arity, e);
    raise::resume(m, to)
}

#[cold]
#[inline(never)]
fn bad_apply_slow(
    s: &crate::sched::Scheduler,
    p: &crate::process::Process,
    pc: *const u64,
    arity: u8,
    e: Raise,
) -> Option<*const u64> {
    let export = super::apply::find(Mfa { module: crate::am::ERLANG, function: crate::am::APPLY, arity });
    raise::in_native(s, p, pc, e, export)
}

/// `erlang:yield/0`: answers true when it is this process's turn again.
#[inline(always)]
pub(crate) fn special_yield(m: M) -> Flow {
    // SAFETY: the caller pushed its return word.
    let next: *const u64 = std::ptr::with_exposed_provenance(unsafe { *m.e }.0 as usize);
    m.e = m.e.wrapping_add(1);
    m.set_xr(0, RawTerm::bool(true));
    m.pc = next;
    m.out();
    crate::interp::save_registers(m.s(), m.p(), 1);
    Flow::End(SliceEnd::Yielded)
}
