//! The run queues of one scheduler: one a priority.
//!
//! Entries are pids and only hints: the state word decides when one is popped. Invariant: a queue is pushed by its
//! scheduler's thread only; others may steal from it.

use std::cell::Cell;

use crossbeam_deque::Worker;

use crate::process::Priority;
use crate::term::RawTerm;

/// Turns of normal processes for one of a low process.
const NORMAL_PER_LOW: u32 = 8;

/// See the module's head.
pub(super) struct RunQueues {
    queues: [Worker<RawTerm>; Priority::ALL.len()],
    /// Turns of normal processes while low ones waited.
    passed_over: Cell<u32>,
}

impl Default for RunQueues {
    fn default() -> Self {
        RunQueues { queues: std::array::from_fn(|_| Worker::new_fifo()), passed_over: Cell::new(0) }
    }
}

impl RunQueues {
    fn queue(&self, p: Priority) -> &Worker<RawTerm> {
        &self.queues[p as usize]
    }
    /// Adds an entry.
    pub(super) fn push(&self, pid: RawTerm, p: Priority) {
        self.queue(p).push(pid);
    }
    /// Takes the entry whose turn it is.
    pub(super) fn pop(&self) -> Option<RawTerm> {
        let urgent = self.queue(Priority::Max).pop().or_else(|| self.queue(Priority::High).pop());
        if urgent.is_some() {
            return urgent;
        }
        let (normal, low) = (self.queue(Priority::Normal), self.queue(Priority::Low));
        if low.is_empty() {
            return normal.pop();
        }
        if self.passed_over.get() < NORMAL_PER_LOW
            && let Some(pid) = normal.pop()
        {
            self.passed_over.set(self.passed_over.get() + 1);
            return Some(pid);
        }
        self.passed_over.set(0);
        low.pop()
    }
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(Worker::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_and_their_fairness() {
        let q = RunQueues::default();
        for i in 0..20 {
            q.push(RawTerm::pid(i), Priority::Normal);
        }
        q.push(RawTerm::pid(100), Priority::Low);
        q.push(RawTerm::pid(101), Priority::Low);
        q.push(RawTerm::pid(200), Priority::High);
        q.push(RawTerm::pid(300), Priority::Max);
        assert_eq!(q.len(), 24);
        let order: Vec<u64> = std::iter::from_fn(|| q.pop()).map(RawTerm::id_data).collect();
        let want: Vec<u64> =
            [300, 200].into_iter().chain(0..8).chain([100]).chain(8..16).chain([101]).chain(16..20).collect();
        assert_eq!(order, want);
    }
}
