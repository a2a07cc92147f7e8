//! What belongs to the thread that runs a process: heap, machine state, exception in flight, dictionary, mailbox.
//!
//! Invariant: every term kept here is a root of the process's collector, see [`Owner::roots`].

use std::cell::{Cell, RefCell};

use crate::code::Export;
use crate::heap::ProcessHeap;
use crate::term::RawTerm;

/// The exception being raised.
pub struct Exception {
    /// Reason or value.
    pub value: Cell<RawTerm>,
    /// Stack trace term or raw trace.
    pub trace: Cell<RawTerm>,
    /// `cause` for `error_info`, or none.
    pub cause: Cell<RawTerm>,
}

/// See the module's head.
#[repr(C)]
pub struct Owner {
    /// Heap and stack.
    pub heap: ProcessHeap,
    /// Reductions left in this slice.
    pub fcalls: Cell<i64>,
    /// Where to go on.
    pub pc: Cell<*const u64>,
    /// X registers kept while the process does not run.
    pub saved_x: RefCell<Vec<RawTerm>>,
    /// Exception in flight.
    pub exception: Exception,
    /// Where a trap goes.
    pub trap: Cell<Option<&'static Export>>,
}
