//! Processes: the shell that everybody may see, and the owner's part that only the running thread touches.

mod owner;

pub use owner::{Exception, Owner};

use std::cell::UnsafeCell;

use crate::term::RawTerm;

/// A process.
pub struct Process {
    pid: RawTerm,
    owner: UnsafeCell<Owner>,
}

// SAFETY: the shell's fields are immutable or atomic; `owner` is touched only by the thread that runs the process
// (the state word's RUNNING bit is its lock).
unsafe impl Sync for Process {}
// SAFETY: as above; a process runs on one thread at a time and is handed over through the run queue.
unsafe impl Send for Process {}

impl Process {
    /// Its pid.
    #[inline(always)]
    pub fn pid(&self) -> RawTerm {
        self.pid
    }
    /// The owner's part. Only the thread that holds the state word's RUNNING bit calls this.
    #[inline(always)]
    pub(crate) fn owner(&self) -> &Owner {
        // SAFETY: callers run the process; all fields of Owner are cells, no `&mut Owner` is ever made.
        unsafe { &*self.owner.get() }
    }
}
