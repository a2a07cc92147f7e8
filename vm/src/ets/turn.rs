//! Who waits while somebody works on a table at length.
//!
//! The locks of a table's storage make its operations correct. This only keeps schedulers from waiting for those locks
//! while a long operation holds them: processes go to sleep instead. Invariant: who was told to wait is woken when the
//! last long operation ends; being woken too often or let through too early does no harm.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::sched;
use crate::term::RawTerm;

#[derive(Default)]
pub(super) struct Turn {
    busy: AtomicUsize,
    waiting: Mutex<Vec<RawTerm>>,
}

/// A long operation; it ends when this is dropped.
pub struct Busy<'t>(&'t Turn);

impl Turn {
    pub(super) fn begin(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self)
    }
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) != 0
    }
    /// Whether `pid` may go on; if not it is woken later.
    pub(super) fn pass_or_wait(&self, pid: RawTerm) -> bool {
        !self.is_busy() || self.wait(pid)
    }
    #[cold]
    fn wait(&self, pid: RawTerm) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
        // The last operation may have ended before `pid` was in the list.
        self.busy.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::SeqCst) == 1 {
            let waiting = std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            waiting.into_iter().for_each(sched::wake);
        }
    }
}
