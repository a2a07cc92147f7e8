//! The interpreter: a function for each opcode that ends in a jump to the next one's, or one `match` in a loop where that
//! is not possible; handlers never mention either.
//!
//! Instructions are declared in `instrs.tab`; build.rs turns the table into opcodes, layouts and both dispatches below.
//! Invariants: code that is run was made by `code/emit` from a checked module; at every instruction's start the whole
//! state is in the machine registers, the X and float registers and the process (DESIGN: start anywhere).

pub mod entry;
pub(crate) mod instr;
mod machine;
mod ops;
#[cfg(feature = "count-pairs")]
pub(crate) mod pairs;
pub(crate) mod raise;
pub(crate) mod trace_frames;

pub use raise::set_depth as set_backtrace_depth;

use crate::heap::gc;
use crate::process::Process;
use crate::sched::{Dirty, Scheduler};
use crate::term::RawTerm;
use machine::{Flow, Machine};
pub(crate) use ops::bits::command;
pub(crate) use ops::bits_old::kind as old_segment;
pub(crate) use ops::natives::NO_COLLECT;

/// Names of all instructions, with the kinds of their operands.
pub fn instruction_names() -> impl Iterator<Item = &'static str> {
    instr::VARIANTS.iter().map(|v| v.name)
}

pub(crate) mod stub {
    //! First cells of export and fun stubs.
    use super::instr;

    pub(crate) fn undefined_function() -> u64 {
        u64::from(instr::STUB_UNDEFINED.base)
    }
    pub(crate) fn undefined_lambda() -> u64 {
        u64::from(instr::STUB_LAMBDA.base)
    }
    pub(crate) fn call_native() -> u64 {
        u64::from(instr::STUB_NATIVE.base)
    }
    pub(crate) fn trampoline() -> u64 {
        u64::from(instr::TRAMPOLINE.base)
    }
    /// The opcode that stands for others.
    pub(crate) fn breakpoint() -> u16 {
        instr::BREAKPOINT.base
    }
}

/// The cell of a function's first instruction.
fn first_cell(entry: usize) -> &'static std::sync::atomic::AtomicU64 {
    // SAFETY: callers hold the address of a function's or a stub's first instruction in code that is not freed meanwhile;
    // instructions are aligned words, and this is the one kind of cell that changes while it is run.
    unsafe { &*std::ptr::with_exposed_provenance(entry) }
}

/// Where a process goes on that stands at `pc`: behind the trampoline of an export entry, if that is where it stands.
pub(crate) fn behind_trampoline(pc: *const u64) -> *const u64 {
    if pc.is_null() || u64::from(opcode_at(pc as usize)) != stub::trampoline() {
        return pc;
    }
    // SAFETY: the instruction's operand, in the word behind it (`code/export.rs`).
    ops::natives::export_at(unsafe { *pc.add(1) }).behind_trampoline()
}

/// The opcode of a function's first instruction.
pub(crate) fn opcode_at(entry: usize) -> u16 {
    first_cell(entry).load(std::sync::atomic::Ordering::Acquire) as u16
}

/// Replaces the opcode of a function's first instruction; its operands stay.
pub(crate) fn set_opcode(entry: usize, opcode: u16) {
    use std::sync::atomic::Ordering;
    let cell = first_cell(entry);
    // Who changes cells holds a lock, so nothing comes between.
    let operands = cell.load(Ordering::Relaxed) & !0xFFFF;
    cell.store(operands | u64::from(opcode), Ordering::Release);
}

/// Why a slice ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SliceEnd {
    /// Reductions used up: the process is still runnable.
    Yielded,
    /// In a receive without a matching message, or a native that waits.
    Waiting,
    /// The process ended; the exit reason is in `owner.exception.value`.
    Exited,
}

/// Keeps the first `live` X registers with the process.
pub(crate) fn save_registers(s: &Scheduler, p: &Process, live: usize) {
    // SAFETY: the scheduler's own thread runs this; live <= 1024 by the checker.
    let x = unsafe { std::slice::from_raw_parts((&raw const (*s.registers()).x).cast(), live) };
    p.owner().saved_x.borrow_mut().save(x);
}

/// Collects with some terms that are in no register kept alive.
pub(crate) fn collect_keeping(s: &Scheduler, p: &Process, live: usize, need: usize, extra: &mut [&mut RawTerm]) {
    let x: *mut RawTerm = s.registers().cast();
    // SAFETY: the register array has spare slots behind the last X register, so live + extra fit.
    unsafe {
        for (i, t) in extra.iter().enumerate() {
            *x.add(live + i) = **t;
        }
        let all = std::slice::from_raw_parts_mut(x, live + extra.len());
        let mut collect = || gc::collect_process(p, all, need);
        let done = if gc::takes_long(p.owner()) { s.dirty(p, Dirty::Cpu, collect) } else { collect() };
        crate::process::limits::collected(p, &done);
        for (i, t) in extra.iter_mut().enumerate() {
            **t = *x.add(live + i);
        }
    }
}

/// As [`collect_keeping`], for one term.
#[cold]
#[inline(never)]
pub(crate) fn collect_keeping1(s: &Scheduler, p: &Process, live: usize, need: usize, mut t: RawTerm) -> RawTerm {
    collect_keeping(s, p, live, need, &mut [&mut t]);
    t
}

/// As [`collect_keeping`], for two terms.
#[cold]
#[inline(never)]
pub(crate) fn collect_keeping2(
    s: &Scheduler,
    p: &Process,
    live: usize,
    need: usize,
    mut t: RawTerm,
    mut u: RawTerm,
) -> (RawTerm, RawTerm) {
    collect_keeping(s, p, live, need, &mut [&mut t, &mut u]);
    (t, u)
}

/// Loads the instruction's effect on `pc`; an end of the slice leaves the function.
macro_rules! step {
    ($m:ident, $size:literal, $call:expr, $slow:expr) => {
        match $call {
            Flow::Next => $m.pc = $m.pc.wrapping_add($size),
            Flow::Skip(n) => $m.pc = $m.pc.wrapping_add($size + n),
            Flow::Jump(f) => {
                $m.pc = $m.pc.wrapping_offset(f as isize);
                jumped!($m);
            }
            Flow::Goto(to) => $m.pc = to,
            Flow::End(end) => return end,
            Flow::Slow => $slow,
            Flow::Original(opcode) => original!($m, opcode),
        }
    };
}

/// Tail calls: each opcode is a function that ends by jumping to the next one's, so the machine registers stay in the
/// argument registers and every instruction has an indirect jump of its own. That a call in tail position becomes a
/// jump is the optimiser's doing, which `tests/tests/tail_calls.rs` checks in the built program; hence the rule of
/// `ops/`: nothing in a handler may have its address taken by a function that is not inlined.
#[cfg(girder_tail_calls)]
#[allow(unused_parens, clippy::all, clippy::undocumented_unsafe_blocks, reason = "written by build.rs")]
mod backend {
    use super::*;

    type OpFn = unsafe fn(*const u64, *mut RawTerm, *mut RawTerm, i64, *mut RawTerm, u64) -> SliceEnd;

    /// After a jump: an indirect jump of its own, whose target the processor learns apart from the other's.
    macro_rules! jumped {
        ($m:ident) => {
            // SAFETY: as for the other; see build.rs.
            return unsafe {
                let w = *$m.pc;
                handler(w)($m.pc, $m.e, $m.h, $m.fcalls, $m.x, w)
            }
        };
    }

    /// Does the instruction that a breakpoint stands for.
    macro_rules! original {
        ($m:ident, $opcode:ident) => {
            // SAFETY: a breakpoint keeps the opcode of the instruction whose first cell it is in.
            return unsafe {
                let w = *$m.pc & !0xFFFF | u64::from($opcode);
                handler(w)($m.pc, $m.e, $m.h, $m.fcalls, $m.x, w)
            }
        };
    }

    /// In builds that count, each function first says which opcode it is.
    #[cfg(feature = "count-pairs")]
    macro_rules! counted {
        ($number:literal) => {
            super::pairs::count($number)
        };
    }
    #[cfg(not(feature = "count-pairs"))]
    macro_rules! counted {
        ($number:literal) => {};
    }

    include!(concat!(env!("OUT_DIR"), "/op_functions.rs"));

    /// The function of the instruction whose first cell is `w`.
    ///
    /// # Safety
    /// The cell is one of published code, whose opcodes are all in the table.
    #[inline(always)]
    unsafe fn handler(w: u64) -> OpFn {
        // SAFETY: see above; the emitter writes no other opcodes.
        unsafe { *TABLE.get_unchecked((w & 0xFFFF) as usize) }
    }

    #[inline(always)]
    pub(super) fn start(m: Machine) -> SliceEnd {
        // SAFETY: pc is the start of an instruction of published code, whose opcode is one of the table.
        unsafe {
            let w = *m.pc;
            handler(w)(m.pc, m.e, m.h, m.fcalls, m.x, w)
        }
    }
}

/// One `match` in a loop: what builds without optimisation, and with sanitizers, use.
#[cfg(not(girder_tail_calls))]
#[allow(unused_parens, clippy::all, reason = "written by build.rs")]
mod backend {
    use super::*;

    macro_rules! jumped {
        ($m:ident) => {};
    }

    /// Does the instruction that a breakpoint stands for: in the next round.
    macro_rules! original {
        ($m:ident, $opcode:ident) => {
            $m.original = Some($opcode)
        };
    }

    include!(concat!(env!("OUT_DIR"), "/dispatch.rs"));

    pub(super) fn start(mut m: Machine) -> SliceEnd {
        loop {
            // SAFETY: pc is the start of an instruction of published code.
            let mut w = unsafe { *m.pc };
            if let Some(opcode) = m.original.take() {
                w = w & !0xFFFF | u64::from(opcode);
            }
            dispatch!(m, w)
        }
    }
}

/// Runs a process until its slice ends. The scheduler has given it its reductions (`owner.fcalls`).
#[inline(never)]
pub fn run(s: &Scheduler, p: &Process) -> SliceEnd {
    let owner = p.owner();
    let registers = s.registers();
    {
        let mut saved = owner.saved_x.borrow_mut();
        let x: *mut RawTerm = registers.cast();
        // SAFETY: this scheduler's own thread; at most 1024 registers were saved.
        unsafe {
            (*registers).process = p;
            (*registers).scheduler = s;
            let words = saved.words();
            std::ptr::copy_nonoverlapping(words.as_ptr(), x, words.len());
        }
        saved.clear();
    }
    let heap = &owner.heap;
    backend::start(Machine::new(
        owner.pc.get(),
        heap.stop.get(),
        heap.arena.htop.get(),
        owner.fcalls.get(),
        registers.cast(),
    ))
}
