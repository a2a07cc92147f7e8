//! Who waits for one direction of a socket: one that is told when it is ready, and others behind it.
//!
//! Invariant: nobody waits behind a place that is free, and no process waits twice.

use std::collections::VecDeque;

use girder_vm::RawTerm;
use girder_vm::process::relations::Reference;

/// A process that wants to go on with an operation.
#[derive(Clone, Copy)]
pub(super) struct Requestor {
    pub(super) pid: RawTerm,
    /// What its messages carry.
    pub(super) handle: Reference,
}

/// See the module's head.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) current: Option<Requestor>,
    waiting: VecDeque<Requestor>,
}

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// The caller's.
    Own,
    /// Another's; the caller waits now.
    Queued,
    /// Another's, and the caller waits already.
    Twice,
}

/// What became of one that gives up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    /// It was not there.
    NotFound,
    /// It waited behind another.
    Waiting,
    /// It was the one that is told.
    Current,
}

impl Queue {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.current.is_some())
    }
    fn is_waiting(&self, pid: RawTerm) -> bool {
        self.waiting.iter().any(|r| r.pid == pid)
    }
    /// Whether a process waits.
    pub(super) fn has(&self, pid: RawTerm) -> bool {
        self.current.is_some_and(|c| c.pid == pid) || self.is_waiting(pid)
    }
    /// Whether it is another's turn, and what the caller does about it: it waits, unless it has no `who` to be told of.
    pub(super) fn turn(&mut self, pid: RawTerm, who: Option<Reference>) -> Turn {
        match self.current {
            Some(c) if c.pid != pid => match who {
                _ if self.is_waiting(pid) => Turn::Twice,
                None => Turn::Own,
                Some(handle) => {
                    self.waiting.push_back(Requestor { pid, handle });
                    Turn::Queued
                }
            },
            _ => Turn::Own,
        }
    }
    /// The next one takes its place.
    pub(super) fn advance(&mut self) -> Option<Requestor> {
        self.current = self.waiting.pop_front();
        self.current
    }
    /// Takes out those that wait behind the one that is told.
    pub(super) fn take_waiting(&mut self) -> VecDeque<Requestor> {
        std::mem::take(&mut self.waiting)
    }
    /// A process gives up; of its handle if it says which.
    pub(super) fn leave(&mut self, pid: RawTerm, handle: Option<Reference>) -> Left {
        let same = |r: &Requestor| r.pid == pid && handle.is_none_or(|h| h.numbers == r.handle.numbers);
        if self.current.as_ref().is_some_and(same) {
            return Left::Current;
        }
        match self.waiting.iter().position(same) {
            // Who has its turn cannot wait as well.
            Some(at) if self.current.is_none_or(|c| c.pid != pid) => {
                self.waiting.remove(at);
                Left::Waiting
            }
            _ => Left::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns() {
        let (a, b, c) = (RawTerm::pid(1), RawTerm::pid(2), RawTerm::pid(3));
        let handle = |n| Reference { numbers: [n, 0, 0], pid: None };
        let mut q = Queue::default();
        assert_eq!(q.turn(a, Some(handle(1))), Turn::Own);
        q.current = Some(Requestor { pid: a, handle: handle(1) });
        assert_eq!(q.turn(a, Some(handle(2))), Turn::Own);
        assert_eq!(q.turn(b, Some(handle(3))), Turn::Queued);
        assert_eq!(q.turn(b, Some(handle(4))), Turn::Twice);
        assert_eq!(q.turn(c, None), Turn::Own);
        assert_eq!(q.turn(c, Some(handle(5))), Turn::Queued);
        assert_eq!(q.len(), 3);
        assert_eq!(q.leave(b, Some(handle(9))), Left::NotFound);
        assert_eq!(q.leave(b, Some(handle(3))), Left::Waiting);
        assert_eq!(q.leave(a, None), Left::Current);
        assert_eq!(q.advance().map(|r| r.pid), Some(c));
        assert!(q.advance().is_none());
        assert_eq!((q.len(), q.leave(c, None)), (0, Left::NotFound));
    }
}
