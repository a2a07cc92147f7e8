//! The machine registers of a running slice, and how handlers leave and re-enter the loop.
//!
//! Invariant: a `Machine` lives in the interpreter's loop only and its address never reaches a function that is not
//! inlined, so its fields stay in machine registers. Out-of-line work goes: [`Machine::out`], call, [`Machine::back`].

use std::marker::PhantomData;

use super::SliceEnd;
use crate::heap::{RESERVE, gc};
use crate::process::{Owner, Process};
use crate::sched::{Dirty, Registers, Scheduler};
use crate::term::{RawTerm, Term};

/// A register operand that is written (or read late). Resolved when used: the stack moves when a collection runs.
pub(crate) trait Dst: Copy {
    /// Where the register is now.
    fn ptr(self, m: &Machine) -> *mut RawTerm;
    /// What the register holds.
    #[inline(always)]
    fn get(self, m: &Machine) -> RawTerm {
        // SAFETY: a register that the checker bounded.
        unsafe { *self.ptr(m) }
    }
}

/// An X register's byte offset.
#[derive(Clone, Copy)]
pub(crate) struct DX(pub(crate) u64);

/// A Y register's byte offset.
#[derive(Clone, Copy)]
pub(crate) struct DY(pub(crate) u64);

impl Dst for DX {
    #[inline(always)]
    fn ptr(self, m: &Machine) -> *mut RawTerm {
        m.x_ptr(self.0)
    }
}

impl Dst for DY {
    #[inline(always)]
    fn ptr(self, m: &Machine) -> *mut RawTerm {
        m.y_ptr(self.0)
    }
}

impl Dst for *mut RawTerm {
    #[inline(always)]
    fn ptr(self, _m: &Machine) -> *mut RawTerm {
        self
    }
}

/// What a handler tells the loop to do.
pub(crate) enum Flow {
    /// Go on behind this instruction.
    Next,
    /// Go on behind this instruction and this many trailing words.
    Skip(usize),
    /// Go on this many words from this instruction's start.
    Jump(i32),
    /// Go on there.
    Goto(*const u64),
    /// Leave the loop.
    End(SliceEnd),
    /// Do the instruction again in its slow twin; see [`Machine::fast`]. Nothing has been changed.
    Slow,
    /// This instruction stands for one of that opcode with the same operands: do that.
    Original(u16),
}

/// See the module's head.
pub(crate) struct Machine<'r> {
    /// Start of the running instruction.
    pub(crate) pc: *const u64,
    /// Stack pointer.
    pub(crate) e: *mut RawTerm,
    /// Top of the heap.
    pub(crate) h: *mut RawTerm,
    /// Reductions left.
    pub(crate) fcalls: i64,
    /// X registers, then float registers.
    pub(crate) x: *mut RawTerm,
    /// Whether this is the fast twin of an instruction that has two (`~` in `instrs.tab`). Constant in each of them.
    pub(crate) fast: bool,
    /// The opcode of the instruction at `pc` if a breakpoint stands for it, which is done next.
    #[cfg(not(girder_tail_calls))]
    pub(crate) original: Option<u16>,
    pub(crate) slice: PhantomData<&'r Process>,
}

impl<'r> Machine<'r> {
    /// The machine at an instruction's start.
    #[inline(always)]
    pub(crate) fn new(pc: *const u64, e: *mut RawTerm, h: *mut RawTerm, fcalls: i64, x: *mut RawTerm) -> Machine<'r> {
        Machine {
            pc,
            e,
            h,
            fcalls,
            x,
            fast: false,
            #[cfg(not(girder_tail_calls))]
            original: None,
            slice: PhantomData,
        }
    }
    /// Whether what is rare must be left to the slow twin. A function with a call in the middle saves registers on every
    /// way through it; so the fast twin has none, and answers [`Flow::Slow`] before it changes anything.
    #[inline(always)]
    pub(crate) fn fast(&self) -> bool {
        self.fast
    }
    #[inline(always)]
    fn registers(&self) -> *const Registers {
        self.x.cast_const().cast()
    }
    /// The scheduler.
    #[inline(always)]
    pub(crate) fn s(&self) -> &'r Scheduler {
        // SAFETY: `run` set it for this slice; x points at the start of the scheduler's Registers.
        unsafe { &*(*self.registers()).scheduler }
    }
    /// The running process.
    #[inline(always)]
    pub(crate) fn p(&self) -> &'r Process {
        // SAFETY: as `s`.
        unsafe { &*(*self.registers()).process }
    }
    #[inline(always)]
    pub(crate) fn word(&self, i: usize) -> u64 {
        // SAFETY: the emitter laid the instruction out with this many words.
        unsafe { *self.pc.add(i) }
    }
    #[inline(always)]
    pub(crate) fn words(&self, i: usize) -> *const u64 {
        self.pc.wrapping_add(i)
    }
    #[inline(always)]
    pub(crate) fn x_ptr(&self, offset: u64) -> *mut RawTerm {
        self.x.wrapping_byte_add(offset as usize)
    }
    #[inline(always)]
    pub(crate) fn y_ptr(&self, offset: u64) -> *mut RawTerm {
        self.e.wrapping_byte_add(offset as usize)
    }
    #[inline(always)]
    pub(crate) fn x_at(&self, offset: u64) -> RawTerm {
        // SAFETY: the checker bounds X register numbers by the register array.
        unsafe { *self.x_ptr(offset) }
    }
    #[inline(always)]
    pub(crate) fn y_at(&self, offset: u64) -> RawTerm {
        // SAFETY: the checker bounds Y register numbers by the frame.
        unsafe { *self.y_ptr(offset) }
    }
    /// X register `i`.
    #[inline(always)]
    pub(crate) fn xr(&self, i: usize) -> RawTerm {
        debug_assert!(i < crate::sched::X_REGISTERS);
        // SAFETY: callers use register numbers that the checker bounded.
        unsafe { *self.x.add(i) }
    }
    #[inline(always)]
    pub(crate) fn set_xr(&mut self, i: usize, t: RawTerm) {
        debug_assert!(i < crate::sched::X_REGISTERS);
        // SAFETY: as `xr`.
        unsafe { *self.x.add(i) = t }
    }
    #[inline(always)]
    pub(crate) fn f_ptr(&self, i: usize) -> *mut f64 {
        let r: *mut Registers = self.x.cast();
        // SAFETY: x points at the start of Registers; the checker bounds float register numbers.
        unsafe { (&raw mut (*r).f).cast::<f64>().add(i) }
    }
    #[inline(always)]
    pub(crate) fn owner(&self) -> &'r Owner {
        self.p().owner()
    }
    /// An operand word of a trailing table: a constant term, or (low bits 00) a register, bit 2 telling Y from X.
    #[inline(always)]
    pub(crate) fn any(&self, w: u64) -> RawTerm {
        if w & 3 != 0 {
            RawTerm(w)
        } else if w & 4 != 0 {
            self.y_at(w >> 3)
        } else {
            self.x_at(w >> 3)
        }
    }
    /// Destination of a trailing table's word.
    #[inline(always)]
    pub(crate) fn any_dst(&self, w: u64) -> *mut RawTerm {
        if w & 4 != 0 { self.y_ptr(w >> 3) } else { self.x_ptr(w >> 3) }
    }
    /// Writes a register.
    #[inline(always)]
    pub(crate) fn set(&mut self, d: impl Dst, t: RawTerm) {
        // SAFETY: d comes from a destination operand: an X register, or a Y register inside of the frame.
        unsafe { *d.ptr(self) = t }
    }
    /// Words free between heap and stack less the reserve, negative if the reserve is touched.
    #[inline(always)]
    pub(crate) fn free(&self) -> isize {
        (self.e as isize - self.h as isize) / 8 - RESERVE as isize
    }
    /// Stores the registers where out-of-line code finds them.
    #[inline(always)]
    pub(crate) fn out(&self) {
        let o = self.owner();
        o.heap.arena.htop.set(self.h);
        o.heap.stop.set(self.e);
        o.heap.sync_limit();
        o.fcalls.set(self.fcalls);
        o.pc.set(self.pc);
    }
    /// Loads what out-of-line code may have changed.
    #[inline(always)]
    pub(crate) fn back(&mut self) {
        let o = self.owner();
        self.h = o.heap.arena.htop.get();
        self.e = o.heap.stop.get();
        self.fcalls = o.fcalls.get();
    }
    /// Whether there is no room for `need` words.
    #[inline(always)]
    pub(crate) fn short_of(&self, need: usize) -> bool {
        self.free() < need as isize || cfg!(feature = "gc-stress")
    }
    #[cold]
    #[inline(always)]
    pub(crate) fn collect(&mut self, need: usize, live: usize) {
        self.out();
        collect(self.s(), self.p(), live, need);
        self.back();
    }
    /// Before an instruction that builds through a `Builder`: collects if [`Machine::lacks`] says so, which keeps
    /// overflowing rare.
    #[inline(always)]
    pub(crate) fn before_build(&mut self, need: usize, live: usize) {
        if self.lacks(need) {
            self.collect(need, live);
        }
    }
    /// Whether a collection is due before `need` words are built through a `Builder`: there is no room for them and what
    /// earlier ones left in fragments, or too much hangs on off-heap binaries.
    #[inline(always)]
    pub(crate) fn lacks(&self, need: usize) -> bool {
        let heap = &self.owner().heap;
        self.free() < (need + heap.arena.frag_words.get()) as isize || heap.is_collection_asked_for()
    }
    /// The registers' terms as values of the brand of the present instruction.
    ///
    /// # Safety
    /// No collection may happen while the result is used.
    #[inline(always)]
    pub(crate) unsafe fn brand(&self, t: RawTerm) -> Term<'r> {
        // SAFETY: the caller's contract; registers hold live terms.
        unsafe { t.brand() }
    }
    /// Allocates words that an earlier test reserved.
    #[inline(always)]
    pub(crate) fn bump(&mut self, words: usize) -> *mut RawTerm {
        let p = self.h;
        self.h = p.wrapping_add(words);
        debug_assert!(self.h <= self.e);
        p
    }
}

#[cold]
#[inline(never)]
fn collect(s: &Scheduler, p: &Process, live: usize, need: usize) {
    let owner = p.owner();
    // SAFETY: the scheduler's own thread runs this; live <= 1024 by the checker.
    let x = unsafe { std::slice::from_raw_parts_mut((&raw mut (*s.registers()).x).cast::<RawTerm>(), live) };
    let done = if gc::takes_long(owner) {
        s.dirty(p, Dirty::Cpu, || gc::collect_process(p, x, need))
    } else {
        gc::collect_process(p, x, need)
    };
    crate::process::limits::collected(p, &done);
}
