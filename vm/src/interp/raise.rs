//! Raising exceptions: the raw stack trace, the search for a handler, and the trace as Erlang sees it.
//!
//! One path for instructions and natives. A raw trace is the private tuple `{Words, Args, ErrorInfo}`: `Words` is a
//! bitstring of machine words (class, what failed, return addresses), resolved to functions and lines only when asked
//! for. Invariant: the words of a raw trace are addresses of code that was loaded when it was captured; resolving one
//! of a purged module finds nothing and shows nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::machine::{Flow, Machine};
use super::trace_frames;
use crate::am;
use crate::atom::Atom;
use crate::code::{Export, Mfa, lookup};
use crate::ctx::Ctx;
use crate::heap::Builder;
use crate::native::Raise;
use crate::process::{Class, Process};
use crate::sched::Scheduler;
use crate::term::{RawTerm, Term, map};
use crate::trace::returns::Unwinding;

/// Most frames in a stack trace.
const MAX_DEPTH: usize = 64;
/// Frames in a stack trace (`backtrace_depth`).
static DEPTH: AtomicUsize = AtomicUsize::new(8);

fn depth() -> usize {
    DEPTH.load(Ordering::Relaxed)
}

/// Sets how many frames stack traces have; the answer is how many they had.
pub fn set_depth(frames: usize) -> usize {
    DEPTH.swap(frames.min(MAX_DEPTH), Ordering::Relaxed)
}

impl Class {
    pub(crate) fn atom(self) -> Atom {
        match self {
            Class::Error => am::ERROR,
            Class::Exit => am::EXIT,
            Class::Throw => am::THROW,
        }
    }
    /// The class of this name.
    pub fn of_atom(a: Atom) -> Option<Class> {
        [Class::Error, Class::Exit, Class::Throw].into_iter().find(|c| c.atom() == a)
    }
    fn of_word(w: u64) -> Class {
        match w {
            1 => Class::Exit,
            2 => Class::Throw,
            _ => Class::Error,
        }
    }
}

/// What failed, as the first entry of the trace.
#[derive(Clone, Copy)]
enum Current {
    /// The function that holds this instruction.
    Pc(*const u64),
    /// A native or operator, with its arguments.
    Mfa(Mfa),
    /// The function with this `func_info`, with its arguments.
    FuncInfo(*const u64),
    /// The trace was given to `erlang:raise/3`.
    Given,
}

type Resume = Option<*const u64>;

/// What the loop does after a raise: on at the handler, or the process ends.
#[inline(always)]
pub(crate) fn resume(m: &mut Machine, to: Resume) -> Flow {
    m.back();
    match to {
        Some(to) => Flow::Goto(to),
        None => Flow::End(super::SliceEnd::Exited),
    }
}

/// A catch tag for a handler's address.
#[inline(always)]
pub(crate) fn catch_tag(handler: *const u64) -> RawTerm {
    RawTerm(((handler.expose_provenance() as u64 >> 3) << crate::term::tag::IMMED2_SHIFT) | crate::term::tag::CATCH)
}

fn handler_of(tag: RawTerm) -> *const u64 {
    std::ptr::with_exposed_provenance(((tag.0 >> crate::term::tag::IMMED2_SHIFT) << 3) as usize)
}

fn context<'s>(s: &'s Scheduler, p: &'s Process) -> Ctx<'s> {
    // SAFETY: raise functions are called with the machine's registers saved and never collect.
    unsafe { Ctx::new(p, s) }
}

fn x(s: &Scheduler, i: usize) -> RawTerm {
    // SAFETY: the scheduler's own thread; i < 1024.
    unsafe { (*s.registers()).x[i] }
}

fn set_x(s: &Scheduler, i: usize, t: RawTerm) {
    // SAFETY: as above.
    unsafe { (*s.registers()).x[i] = t }
}

/// `error:Atom` in the running function.
#[cold]
#[inline(never)]
pub(crate) fn atom(s: &Scheduler, p: &Process, pc: *const u64, reason: Atom) -> Resume {
    let b = context(s, p);
    raise(&b, Class::Error, reason.into(), Current::Pc(pc), am::TRUE.into(), Term::NIL)
}

/// `error:{Tag, Value}` in the running function.
#[cold]
#[inline(never)]
pub(crate) fn tagged(s: &Scheduler, p: &Process, pc: *const u64, tag: Atom, value: RawTerm) -> Resume {
    let b = context(s, p);
    let reason = b.tuple(&[tag.into(), Term::from_raw(value)]);
    raise(&b, Class::Error, reason, Current::Pc(pc), am::TRUE.into(), Term::NIL)
}

/// A failure of an instruction itself, in the running function.
#[cold]
#[inline(never)]
pub(crate) fn plain(s: &Scheduler, p: &Process, pc: *const u64, e: Raise) -> Resume {
    let b = context(s, p);
    let (class, reason) = class_and_reason(&b, e);
    raise(&b, class, reason, Current::Pc(pc), am::TRUE.into(), Term::NIL)
}

/// As [`plain`], with an `error_info` map that names the cause.
#[cold]
#[inline(never)]
pub(crate) fn with_info(s: &Scheduler, p: &Process, pc: *const u64, e: Raise, info: RawTerm) -> Resume {
    let b = context(s, p);
    let (class, reason) = class_and_reason(&b, e);
    let info = b.list(&[b.tuple(&[am::ERROR_INFO.into(), Term::from_raw(info)])]);
    raise(&b, class, reason, Current::Pc(pc), am::TRUE.into(), info)
}

/// A bitstring that cannot be built: `cause` tells which segment, see `erl_erts_errors:format_bs_fail/2`.
#[cold]
#[inline(never)]
pub(crate) fn construction(s: &Scheduler, p: &Process, pc: *const u64, e: Raise, cause: RawTerm) -> Resume {
    let b = context(s, p);
    let pairs = [
        (am::CAUSE.into(), Term::from_raw(cause)),
        (am::FUNCTION.into(), am::FORMAT_BS_FAIL.into()),
        (am::MODULE.into(), am::ERL_ERTS_ERRORS.into()),
    ];
    let info = map::from_pairs(&b, &pairs).raw();
    with_info(s, p, pc, e, info)
}

/// `function_clause`; `pc` is the function's `func_info`.
#[cold]
#[inline(never)]
pub(crate) fn function_clause(s: &Scheduler, p: &Process, pc: *const u64) -> Resume {
    let b = context(s, p);
    // SAFETY: a func_info instruction holds module, function and arity in the words behind its opcode.
    let arity = unsafe { *pc.add(3) } as usize;
    let args = x_list(&b, arity);
    raise(&b, Class::Error, am::FUNCTION_CLAUSE.into(), Current::FuncInfo(pc), args, Term::NIL)
}

fn x_list<'s>(b: &Ctx<'s>, n: usize) -> Term<'s> {
    b.list_from((0..n).map(|i| Term::from_raw(x(b.scheduler(), i))))
}

/// As [`in_operator`] for the instruction at `pc`. Up to OTP 25 a small integer added to or subtracted from a register
/// fails without an entry for the operator.
#[cold]
#[inline(never)]
pub(crate) fn in_arithmetic(
    s: &Scheduler,
    p: &Process,
    pc: *const u64,
    e: Raise,
    name: Atom,
    a_small_operand: bool,
) -> Resume {
    use super::instr::{K, VARIANTS};
    let opcode = super::opcode_at(pc as usize);
    let original = || crate::trace::breakpoint::find(pc as usize).map_or(opcode, |b| b.original);
    let kinds = VARIANTS[usize::from(if opcode == super::stub::breakpoint() { original() } else { opcode })].kinds;
    // One operand is no number, so what is small must be the constant.
    let increment = match (kinds.first(), kinds.get(1)) {
        (Some(K::SrcConst), Some(K::SrcConst)) => false,
        (Some(K::SrcConst), _) => name == am::PLUS && a_small_operand,
        (_, Some(K::SrcConst)) => matches!(name, am::PLUS | am::MINUS) && a_small_operand,
        _ => false,
    };
    if increment && crate::profile::Profile::get().adding_constants_is_anonymous() {
        p.owner().exception.args.set(RawTerm::NONE);
        return plain(s, p, pc, e);
    }
    in_operator(s, p, e, name)
}

/// Keeps the arguments of what is about to raise, in `exception.args`.
#[cold]
#[inline(never)]
pub(crate) fn keep_arguments(s: &Scheduler, p: &Process, args: &[RawTerm]) {
    let b = context(s, p);
    let list = b.list_from(args.iter().map(|t| Term::from_raw(*t)));
    p.owner().exception.args.set(list.raw());
}

/// The arguments that [`keep_arguments`] kept.
fn kept_arguments(p: &Process) -> RawTerm {
    let args = p.owner().exception.args.replace(RawTerm::NONE);
    if args.is_none() { RawTerm::NIL } else { args }
}

/// An operator's failure: shown as a call of the `erlang` function of that name with the arguments that were kept.
#[cold]
#[inline(never)]
pub(crate) fn in_operator(s: &Scheduler, p: &Process, e: Raise, name: Atom) -> Resume {
    let mfa = Mfa { module: am::ERLANG, function: name, arity: 2 };
    let args = kept_arguments(p);
    native_failure(s, p, e, mfa, |_| Term::from_raw(args))
}

/// A failure of a native called as an expression with the arguments that were kept.
#[cold]
#[inline(never)]
pub(crate) fn in_guard_native(s: &Scheduler, p: &Process, e: Raise, export: &Export) -> Resume {
    let args = kept_arguments(p);
    native_failure(s, p, e, export.mfa, |_| Term::from_raw(args))
}

/// A failure of a native whose arguments are in the X registers.
#[cold]
#[inline(never)]
pub(crate) fn in_native(s: &Scheduler, p: &Process, pc: *const u64, e: Raise, export: &Export) -> Resume {
    let mfa = export.mfa;
    let own_trace = mfa.module == am::ERLANG
        && matches!((mfa.function, mfa.arity), (am::ERROR, 1..=3) | (am::EXIT, 1) | (am::THROW, 1) | (am::RAISE, 3));
    if !own_trace {
        return native_failure(s, p, e, mfa, |b| x_list(b, usize::from(mfa.arity)));
    }
    let b = context(s, p);
    let traced = std::ptr::eq(pc, super::entry::trace_return());
    let pc = if traced { trace_frames::Stack::of_native(p).caller() } else { pc };
    let exception = &p.owner().exception;
    if e == Raise::Raise {
        let (value, trace) = (Term::from_raw(exception.value.get()), Term::from_raw(exception.trace.get()));
        let raw = capture(&b, p.owner().flags.exception_class.get(), Current::Given, trace, Term::NIL);
        return unwind(&b, p.owner().flags.exception_class.get(), value, raw);
    }
    let (class, reason) = class_and_reason(&b, e);
    // erlang:error/2,3 name the arguments of the function that failed, error/3 also an error_info.
    let args = if mfa.arity >= 2 && e == Raise::Error { exception.args.replace(RawTerm::NONE) } else { RawTerm::NONE };
    let args = if args.is_none() { am::TRUE.into() } else { Term::from_raw(args) };
    let info = exception.cause.replace(RawTerm::NONE);
    let info =
        if info.is_none() { Term::NIL } else { b.list(&[b.tuple(&[am::ERROR_INFO.into(), Term::from_raw(info)])]) };
    raise(&b, class, reason, Current::Pc(pc), args, info)
}

fn native_failure(
    s: &Scheduler,
    p: &Process,
    e: Raise,
    mfa: Mfa,
    args: impl for<'s> FnOnce(&Ctx<'s>) -> Term<'s>,
) -> Resume {
    let b = context(s, p);
    let (class, reason) = class_and_reason(&b, e);
    let args = args(&b);
    let cause = p.owner().exception.cause.replace(RawTerm::NONE);
    let info = match explaining_module(mfa.module) {
        None => Term::NIL,
        Some(module) => {
            let mut pairs = vec![(am::MODULE.into(), module.into())];
            if !cause.is_none() {
                pairs.push((am::CAUSE.into(), Term::from_raw(cause)));
            }
            b.list(&[b.tuple(&[am::ERROR_INFO.into(), map::from_pairs(&b, &pairs)])])
        }
    };
    raise(&b, class, reason, Current::Mfa(mfa), args, info)
}

/// The module whose `format_error/2` explains errors of natives of `module`.
fn explaining_module(module: Atom) -> Option<Atom> {
    match module {
        am::ATOMICS | am::COUNTERS | am::ERLANG | am::ERTS_INTERNAL | am::PERSISTENT_TERM => Some(am::ERL_ERTS_ERRORS),
        am::CODE | am::OS => Some(am::ERL_KERNEL_ERRORS),
        am::BINARY | am::ETS | am::LISTS | am::MAPS | am::MATH | am::RE | am::UNICODE => Some(am::ERL_STDLIB_ERRORS),
        _ => None,
    }
}

/// `undef`: the function that does not exist is the trace's first entry, with its arguments.
#[cold]
#[inline(never)]
pub(crate) fn undef(s: &Scheduler, p: &Process, export: &Export) -> Resume {
    let b = context(s, p);
    let args = x_list(&b, usize::from(export.mfa.arity));
    raise(&b, Class::Error, am::UNDEF.into(), Current::Mfa(export.mfa), args, Term::NIL)
}

/// `undef` of a call with more arguments than functions have; module, function and arguments are in x0 to x2.
#[cold]
#[inline(never)]
pub(crate) fn undef_arity(s: &Scheduler, p: &Process) -> Resume {
    let b = context(s, p);
    let atom = |i| x(s, i).as_atom().unwrap_or(am::UNDEFINED);
    let mfa = Mfa { module: atom(0), function: atom(1), arity: u8::MAX };
    raise(&b, Class::Error, am::UNDEF.into(), Current::Mfa(mfa), Term::from_raw(x(s, 2)), Term::NIL)
}

/// `apply` with a module or function that is no atom: `badarg` in `erlang:apply(M, F, Args)`.
#[cold]
#[inline(never)]
pub(crate) fn bad_apply(s: &Scheduler, p: &Process, pc: *const u64, n: usize) -> Resume {
    let b = context(s, p);
    let _ = pc;
    let args = b.list(&[Term::from_raw(x(s, n)), Term::from_raw(x(s, n + 1)), x_list(&b, n)]);
    let mfa = Mfa { module: am::ERLANG, function: am::APPLY, arity: 3 };
    let map = map::from_pairs(&b, &[(am::MODULE.into(), am::ERL_ERTS_ERRORS.into())]);
    let info = b.list(&[b.tuple(&[am::ERROR_INFO.into(), map])]);
    raise(&b, Class::Error, am::BADARG.into(), Current::Mfa(mfa), args, info)
}

/// A call of something that is no fun, or a fun of another arity.
#[cold]
#[inline(never)]
pub(crate) fn bad_fun(s: &Scheduler, p: &Process, pc: *const u64, fun: RawTerm, arity: usize) -> Resume {
    let args = x_list(&context(s, p), arity).raw();
    bad_fun_with(s, p, pc, fun, args)
}

/// A call of a fun that the version of its module which is loaded does not have.
#[cold]
#[inline(never)]
pub(crate) fn gone_fun(s: &Scheduler, p: &Process, pc: *const u64, fun: RawTerm) -> Resume {
    let b = context(s, p);
    let reason = b.tuple(&[am::BADFUN.into(), Term::from_raw(fun)]);
    raise(&b, Class::Error, reason, Current::Pc(pc), am::TRUE.into(), Term::NIL)
}

/// As [`bad_fun`], with the arguments as a list.
#[cold]
#[inline(never)]
pub(crate) fn bad_fun_with(s: &Scheduler, p: &Process, pc: *const u64, fun: RawTerm, args: RawTerm) -> Resume {
    let b = context(s, p);
    let (fun, args) = (Term::from_raw(fun), Term::from_raw(args));
    let reason = if fun.is_function() {
        b.tuple(&[am::BADARITY.into(), b.tuple(&[fun, args])])
    } else {
        b.tuple(&[am::BADFUN.into(), fun])
    };
    raise(&b, Class::Error, reason, Current::Pc(pc), am::TRUE.into(), Term::NIL)
}

/// The `raise` instruction: class and trace of a caught exception, with a value.
#[cold]
#[inline(never)]
pub(crate) fn again(s: &Scheduler, p: &Process, trace: RawTerm, value: RawTerm) -> Resume {
    let b = context(s, p);
    let trace = Term::from_raw(trace);
    let class = words(trace).map_or(Class::Error, |w| Class::of_word(w[0]));
    unwind(&b, class, Term::from_raw(value), trace)
}

/// The `raw_raise` instruction; `None` if the class is none.
#[cold]
#[inline(never)]
pub(crate) fn raw(s: &Scheduler, p: &Process) -> Option<Resume> {
    let b = context(s, p);
    let class = Class::of_atom(x(s, 0).as_atom()?)?;
    let (value, trace) = (Term::from_raw(x(s, 1)), Term::from_raw(x(s, 2)));
    // The raw trace keeps the class it was captured with; a new one goes into a copy.
    let trace = match parts(trace) {
        Some((w, args, info)) if w.first() != Some(&(class as u64)) => {
            let mut w = w;
            w[0] = class as u64;
            make(&b, &w, args, info)
        }
        _ => trace,
    };
    Some(unwind(&b, class, value, trace))
}

fn class_and_reason<'s>(b: &Ctx<'s>, e: Raise) -> (Class, Term<'s>) {
    let value = || Term::from_raw(b.process().owner().exception.value.get());
    match e {
        Raise::Badarg => (Class::Error, am::BADARG.into()),
        Raise::Badarith => (Class::Error, am::BADARITH.into()),
        Raise::SystemLimit => (Class::Error, am::SYSTEM_LIMIT.into()),
        Raise::Undef => (Class::Error, am::UNDEF.into()),
        Raise::Notsup => (Class::Error, am::NOTSUP.into()),
        Raise::Exit => (Class::Exit, value()),
        Raise::Throw => (Class::Throw, value()),
        Raise::Raise => (b.process().owner().flags.exception_class.get(), value()),
        // The rest does not raise; an error whose reason is what the context holds.
        Raise::Error | Raise::Trap | Raise::Yield | Raise::Wait | Raise::Hibernate | Raise::Exiting => {
            (Class::Error, value())
        }
    }
}

fn raise<'s>(b: &Ctx<'s>, class: Class, reason: Term<'s>, current: Current, args: Term<'s>, info: Term<'s>) -> Resume {
    let trace = capture(b, class, current, args, info);
    unwind(b, class, reason, trace)
}

const CURRENT_PC: u64 = 0;
const CURRENT_MFA: u64 = 1;
const CURRENT_FUNC_INFO: u64 = 2;
const CURRENT_GIVEN: u64 = 3;
/// Words before the return addresses: class, kind of current, three words of it.
const HEAD: usize = 5;

fn capture<'s>(b: &Ctx<'s>, class: Class, current: Current, args: Term<'s>, info: Term<'s>) -> Term<'s> {
    let mut w = [0u64; HEAD + MAX_DEPTH + 1];
    w[0] = class as u64;
    let mut prev = std::ptr::null();
    match current {
        Current::Pc(pc) => {
            (w[1], w[2]) = (CURRENT_PC, pc.expose_provenance() as u64);
            // The return word of a traced native's call is on the stack, unlike that of others.
            let traced = std::ptr::eq(b.process().owner().pc.get(), super::entry::trace_return());
            prev = if traced { pc.wrapping_add(1) } else { pc };
        }
        Current::FuncInfo(pc) => (w[1], w[2]) = (CURRENT_FUNC_INFO, pc.expose_provenance() as u64),
        Current::Mfa(f) => {
            w[1] = CURRENT_MFA;
            (w[2], w[3], w[4]) = (u64::from(f.module.index()), u64::from(f.function.index()), u64::from(f.arity));
        }
        Current::Given => w[1] = CURRENT_GIVEN,
    }
    let mut n = HEAD;
    let limit = HEAD + depth().saturating_sub(1);
    // A native's caller is the first return address to be: the instruction that called it.
    if let Current::Mfa(_) = current {
        let pc = b.process().owner().pc.get();
        if n < limit && lookup(pc).is_some() {
            w[n] = pc.expose_provenance() as u64;
            prev = pc;
            n += 1;
        }
    }
    let heap = &b.process().owner().heap;
    let mut ptr = heap.stop.get();
    while ptr < heap.hend.get() && n < limit && w[1] != CURRENT_GIVEN {
        // SAFETY: between stop and hend are stack words.
        let t = unsafe { *ptr };
        if t.is_header() && !t.is_none() {
            let ret: *const u64 = std::ptr::with_exposed_provenance(t.0 as usize);
            if ret != prev && !trace_frames::is_frame(t) {
                prev = ret;
                // The word before the return address belongs to the call.
                w[n] = t.0 - 8;
                n += 1;
            }
        }
        ptr = ptr.wrapping_add(1);
    }
    make(b, &w[..n], args, info)
}

fn make<'s>(b: &Ctx<'s>, w: &[u64], args: Term<'s>, info: Term<'s>) -> Term<'s> {
    let bits = b.binary_with(w.len() * 8, |out| {
        for (chunk, word) in out.chunks_exact_mut(8).zip(w) {
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
    });
    b.tuple(&[bits, args, info])
}

fn parts<'s>(trace: Term<'s>) -> Option<(Vec<u64>, Term<'s>, Term<'s>)> {
    let [bits, args, info] = trace.as_tuple_of::<3>()?;
    let bytes = bits.as_binary()?.to_bytes()?;
    let w: Vec<u64> =
        bytes.chunks_exact(8).map(|c| u64::from_ne_bytes(c.try_into().expect("chunks of eight"))).collect();
    (w.len() >= HEAD).then_some((w, args, info))
}

fn words(trace: Term<'_>) -> Option<Vec<u64>> {
    parts(trace).map(|p| p.0)
}

/// The reason of an error that a thrown value becomes when nobody catches it.
fn no_catch<'s>(b: &Ctx<'s>, value: Term<'s>) -> Term<'s> {
    b.tuple(&[am::NOCATCH.into(), value])
}

/// Whether there is a handler on the stack, at `ptr` or above.
fn is_caught(b: &Ctx<'_>, mut ptr: *const RawTerm) -> bool {
    while ptr < b.process().owner().heap.hend.get().cast_const() {
        // SAFETY: between stop and hend are stack words.
        let t = unsafe { *ptr };
        if t.is_catch() {
            return true;
        }
        ptr = if trace_frames::is_frame(t) { trace_frames::above(ptr.cast_mut()) } else { ptr.wrapping_add(1) };
    }
    false
}

/// Finds the newest catch tag, gives it the exception, and answers where its handler is; without one the process ends.
fn unwind<'s>(b: &Ctx<'s>, class: Class, value: Term<'s>, trace: Term<'s>) -> Resume {
    let owner = b.process().owner();
    let heap = &owner.heap;
    let mut ptr = heap.stop.get();
    let mut frame = ptr;
    let mut traced = Unwinding::default();
    let shown = |ptr| {
        if class == Class::Throw && !is_caught(b, ptr) { (Class::Error, no_catch(b, value)) } else { (class, value) }
    };
    if std::ptr::eq(owner.pc.get(), super::entry::trace_return()) {
        // A native that was called through its trampoline has taken the return word off.
        let (class, value) = shown(ptr);
        traced.frame(b.process(), &trace_frames::frame_of(ptr), class, value);
    }
    while ptr < heap.hend.get() {
        // SAFETY: between stop and hend are stack words.
        let t = unsafe { *ptr };
        if trace_frames::is_frame(t) {
            let (class, value) = shown(ptr);
            traced.frame(b.process(), &trace_frames::frame_of(ptr.wrapping_add(1)), class, value);
            ptr = trace_frames::above(ptr);
            frame = ptr;
            continue;
        }
        if t.is_catch() {
            traced.caught(b.process(), handler_of(t));
            // A frame begins behind the return word of the frame above it.
            heap.stop.set(frame);
            heap.sync_limit();
            let s = b.scheduler();
            set_x(s, 0, RawTerm::NONE);
            set_x(s, 1, value.raw());
            set_x(s, 2, trace.raw());
            set_x(s, 3, RawTerm::atom(class.atom()));
            owner.exception.value.set(RawTerm::NIL);
            owner.exception.trace.set(RawTerm::NIL);
            return Some(handler_of(t));
        }
        ptr = ptr.wrapping_add(1);
        if t.is_header() {
            frame = ptr;
            traced.call();
        }
    }
    let reason = match class {
        Class::Exit => value,
        Class::Error => b.tuple(&[value, build(b, trace)]),
        Class::Throw => b.tuple(&[no_catch(b, value), build(b, trace)]),
    };
    owner.flags.exception_class.set(class);
    owner.exception.value.set(reason.raw());
    owner.exception.trace.set(RawTerm::NIL);
    None
}

/// The value of a `catch` expression after an exception.
#[cold]
#[inline(never)]
pub(crate) fn caught(s: &Scheduler, p: &Process) {
    let b = context(s, p);
    let (value, trace) = (Term::from_raw(x(s, 1)), Term::from_raw(x(s, 2)));
    let class = x(s, 3).as_atom().and_then(Class::of_atom).unwrap_or(Class::Error);
    let result = match class {
        Class::Throw => value,
        Class::Exit => b.tuple(&[am::EXIT_UP.into(), value]),
        Class::Error => b.tuple(&[am::EXIT_UP.into(), b.tuple(&[value, build(&b, trace)])]),
    };
    set_x(s, 0, result.raw());
}

/// The `build_stacktrace` instruction.
#[cold]
#[inline(never)]
pub(crate) fn build_in_x0(s: &Scheduler, p: &Process) {
    let b = context(s, p);
    let list = build(&b, Term::from_raw(x(s, 0)));
    set_x(s, 0, list.raw());
}

fn address(w: u64) -> *const u64 {
    std::ptr::with_exposed_provenance(w as usize)
}

/// The stack trace as a list of `{Module, Function, ArityOrArgs, Location}`.
pub(crate) fn build<'s>(b: &Ctx<'s>, trace: Term<'s>) -> Term<'s> {
    let Some((w, args, info)) = parts(trace) else { return Term::NIL };
    if w[1] == CURRENT_GIVEN {
        return args;
    }
    let mut entries = Vec::with_capacity(w.len() - HEAD + 1);
    match w[1] {
        CURRENT_MFA => {
            let atom = |i: u64| Atom::from_index(i as u32);
            let (module, function) = (atom(w[2]).into(), atom(w[3]).into());
            let args = if args.is(am::TRUE) { Term::small(w[4] as i32) } else { args };
            entries.push(b.tuple(&[module, function, args, info]));
        }
        kind => {
            if let Some(at) = lookup(address(w[2])) {
                let with_line = kind == CURRENT_PC;
                entries.push(item(b, &at, (!args.is(am::TRUE)).then_some(args), with_line || at.line.is_some(), info));
            }
        }
    }
    for &ret in &w[HEAD..] {
        if let Some(at) = lookup(address(ret)) {
            entries.push(item(b, &at, None, true, Term::NIL));
        }
    }
    b.list(&entries)
}

fn item<'s>(
    b: &Builder<'s>,
    at: &crate::code::Location,
    args: Option<Term<'s>>,
    with_line: bool,
    tail: Term<'s>,
) -> Term<'s> {
    let location = match &at.line {
        Some((file, line)) if with_line => {
            let file = b.tuple(&[am::FILE.into(), b.string(file)]);
            let line = b.tuple(&[am::LINE.into(), b.int(i64::from(*line))]);
            b.list_with_tail(&[file, line], tail)
        }
        _ => tail,
    };
    let args = args.unwrap_or_else(|| Term::small(i32::from(at.mfa.arity)));
    b.tuple(&[at.mfa.module.into(), at.mfa.function.into(), args, location])
}

/// The current stack trace of a process, newest frame first (`process_info(P, current_stacktrace)`); `pc` may be null.
pub(crate) fn current_stacktrace<'s>(b: &Builder<'s>, p: &Process, pc: *const u64) -> Term<'s> {
    let entries: Vec<Term<'s>> =
        current_frames(p, pc, depth()).iter().map(|at| item(b, at, None, true, Term::NIL)).collect();
    b.list(&entries)
}

/// Where the frames on a process's stack stand, newest first, at most `depth`; `pc` may be null.
pub(crate) fn current_frames(p: &Process, pc: *const u64, depth: usize) -> Vec<crate::code::Location> {
    let heap = &p.owner().heap;
    let mut entries = Vec::new();
    entries.extend(lookup(crate::interp::behind_trampoline(pc)));
    let (mut ptr, mut prev) = (heap.stop.get(), 0);
    while ptr < heap.hend.get() && entries.len() < depth {
        // SAFETY: between stop and hend are stack words of a process that this thread runs.
        let t = unsafe { *ptr };
        if t.is_header() && !t.is_none() && t.0 != prev {
            prev = t.0;
            if let Some(at) = lookup(address(t.0 - 8)) {
                entries.push(at);
            }
        }
        ptr = ptr.wrapping_add(1);
    }
    entries
}
