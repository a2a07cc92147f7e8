//! A busy port: its driver has more output to write than it wants to keep, and those who send it more wait.
//!
//! Invariant: who is on the list of waiting processes is woken when the port stops being busy or is closed. A process is
//! put on the list under the lock under which the flag changes, so it cannot miss that.

use crate::process::table;
use crate::sched;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock};
use crate::term::RawTerm;

/// Bytes of waiting output at which a port becomes busy, and below which it stops to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Not busy any more below this.
    pub low: usize,
    /// Busy from this on.
    pub high: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { low: 4096, high: 8192 }
    }
}

/// See the module's head.
#[derive(Default)]
pub struct Busy {
    on: AtomicBool,
    waiting: Mutex<Vec<RawTerm>>,
}

impl Busy {
    /// Whether the port is busy.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }
    pub(super) fn set(&self, on: bool) {
        let mut waiting = lock(&self.waiting);
        self.on.store(on, Ordering::Release);
        if on {
            return;
        }
        let woken = std::mem::take(&mut *waiting);
        drop(waiting);
        for pid in woken {
            if let Some(Some(priority)) = table::with(pid, |p| p.state().activate()) {
                sched::enqueue(pid, priority);
            }
        }
    }
    /// Puts a process on the list of those to be woken; `false` if the port is not busy any more.
    pub fn wait(&self, pid: RawTerm) -> bool {
        let mut waiting = lock(&self.waiting);
        let on = self.is_on();
        if on && !waiting.contains(&pid) {
            waiting.push(pid);
        }
        on
    }
}
