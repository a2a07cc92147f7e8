//! Schedulers: a thread each, that runs processes.

use std::cell::UnsafeCell;

use crate::term::{RawTerm, Term};

/// Number of X registers.
pub const X_REGISTERS: usize = 1024;
/// Number of float registers.
pub const F_REGISTERS: usize = 1024;

/// The machine's registers that live in memory; at fixed offsets for a later compiled tier.
#[repr(C)]
pub struct Registers {
    /// X registers.
    pub x: [RawTerm; X_REGISTERS],
    /// Float registers.
    pub f: [f64; F_REGISTERS],
}

/// A scheduler.
pub struct Scheduler {
    regs: Box<UnsafeCell<Registers>>,
}

impl Scheduler {
    /// The registers. Only the scheduler's own thread uses them.
    #[inline(always)]
    pub(crate) fn registers(&self) -> *mut Registers {
        self.regs.get()
    }
    /// Sets the first X registers.
    pub(crate) fn set_x(&self, args: &[Term<'_>]) {
        for (i, a) in args.iter().enumerate() {
            // SAFETY: natives have at most 255 arguments; only this thread uses the registers.
            unsafe { (*self.regs.get()).x[i] = a.raw() };
        }
    }
}
