//! What other threads want of a scheduler, and how they ask.
//!
//! Invariant: a scheduler takes its whole inbox at every poll; who fills an empty one wakes it, or has another thread take
//! the seat if it is offered, so nothing waits longer than the slice that is running.

use std::ptr::null_mut;

use super::Shared;
use super::dirty::hand_over;
use crate::process::Priority;
use crate::sync::inbox::Linked;
use crate::term::RawTerm;
use crate::timer::Due;
use crate::timer::wheel::Key;

/// One thing asked for.
pub(super) struct Remote {
    link: *mut Remote,
    pub(super) what: What,
}

/// See [`Remote`].
pub(super) enum What {
    /// Put a process whose state word says QUEUED into the run queue.
    Run(RawTerm, Priority),
    /// Start a timer.
    StartTimer(u64, Due),
    /// Take a cancelled timer out of the wheel.
    StopTimer(Key),
    /// Call this between two slices.
    Call(Box<dyn FnOnce() + Send>),
}

// SAFETY: the link is used by the inbox alone; what is asked for is Send.
unsafe impl Send for Remote {}

// SAFETY: a box's address is stable and `link` is a word of it that only the list uses.
unsafe impl Linked for Box<Remote> {
    type Target = Remote;
    fn into_raw(self) -> *mut Remote {
        Box::into_raw(self)
    }
    unsafe fn from_raw(p: *mut Remote) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Box::from_raw(p) }
    }
    unsafe fn link(p: *mut Remote) -> *mut *mut Remote {
        // SAFETY: the trait's contract.
        unsafe { &raw mut (*p).link }
    }
}

impl Shared {
    /// Asks for something.
    pub(super) fn ask(&self, what: What) {
        let r = Box::new(Remote { link: null_mut(), what });
        if self.inbox.push(r).unwrap_or(false) {
            self.parker.wake();
            self.offer.claim(hand_over);
        }
    }
}
