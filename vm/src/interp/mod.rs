//! The interpreter: one loop, one `match`, handlers that never mention either.
//!
//! Instructions are declared in `instrs.tab`; build.rs turns the table into opcodes, layouts and the dispatch below.
//! Invariants: code that is run was made by `code/emit` from a checked module; at every instruction's start the whole
//! state is in the machine registers, the X and float registers and the process (DESIGN: start anywhere).

pub mod entry;
pub(crate) mod instr;
mod machine;
mod ops;
pub(crate) mod raise;

use crate::process::Process;
use crate::sched::Scheduler;
use crate::term::RawTerm;
use machine::{Flow, Machine};
pub(crate) use ops::bits::command;
pub(crate) use ops::bits_old::kind as old_segment;
pub(crate) use ops::natives::NO_COLLECT;

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
    let mut saved = p.owner().saved_x.borrow_mut();
    saved.clear();
    // SAFETY: the scheduler's own thread runs this; live <= 1024 by the checker.
    saved.extend_from_slice(unsafe { std::slice::from_raw_parts((&raw const (*s.registers()).x).cast(), live) });
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
        let done = crate::heap::gc::collect(p.owner(), all, need);
        crate::process::limits::collected(p, &done);
        for (i, t) in extra.iter_mut().enumerate() {
            **t = *x.add(live + i);
        }
    }
}

/// As [`collect_keeping`], for a fixed number of slots that may be empty.
pub(crate) fn collect_keeping_slots(
    s: &Scheduler,
    p: &Process,
    live: usize,
    need: usize,
    slots: &mut [Option<&mut RawTerm>; 3],
) {
    let mut nothing = [RawTerm::NIL; 3];
    let [n0, n1, n2] = &mut nothing;
    let [a, b, c] = slots;
    let mut all = [a.as_deref_mut().unwrap_or(n0), b.as_deref_mut().unwrap_or(n1), c.as_deref_mut().unwrap_or(n2)];
    collect_keeping(s, p, live, need, &mut all);
}

macro_rules! flow {
    ($m:ident, $size:literal, $call:expr) => {
        match $call {
            Flow::Next => $m.pc = $m.pc.wrapping_add($size),
            Flow::Skip(n) => $m.pc = $m.pc.wrapping_add($size + n),
            Flow::Jump(f) => $m.pc = $m.pc.wrapping_offset(f as isize),
            Flow::Goto(to) => $m.pc = to,
            Flow::End(end) => return end,
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/dispatch.rs"));

/// Runs a process until its slice ends. The scheduler has given it its reductions (`owner.fcalls`).
#[inline(never)]
pub fn run(s: &Scheduler, p: &Process) -> SliceEnd {
    let owner = p.owner();
    {
        let saved = owner.saved_x.borrow();
        // SAFETY: this scheduler's own thread; at most 1024 registers were saved.
        let x: *mut RawTerm = s.registers().cast();
        for (i, t) in saved.iter().enumerate() {
            // SAFETY: as above.
            unsafe { *x.add(i) = *t };
        }
    }
    owner.saved_x.borrow_mut().clear();
    let mut m = Machine {
        pc: owner.pc.get(),
        e: owner.heap.stop.get(),
        h: owner.heap.arena.htop.get(),
        fcalls: owner.fcalls.get(),
        x: s.registers().cast(),
        s,
        p,
    };
    loop {
        // SAFETY: pc is the start of an instruction of published code.
        let w = unsafe { *m.pc };
        dispatch!(m, w)
    }
}
