//! The run queues of one scheduler: one a priority.
//!
//! Entries are pids and only hints: the state word decides when one is popped. Invariant: a queue is pushed by its
//! scheduler's thread only; others may steal from it.

use std::cell::Cell;

use crossbeam_deque::{Steal, Stealer, Worker};

use crate::process::Priority;
use crate::term::RawTerm;

/// Turns of each normal process for one of each low process.
const NORMAL_PER_LOW: usize = 8;

const QUEUES: usize = Priority::ALL.len();

/// See the module's head.
pub(super) struct RunQueues {
    queues: [Worker<RawTerm>; QUEUES],
    /// Low processes that waited, summed over the turns of normal ones, less what turns of low ones have cost.
    passed_over: Cell<usize>,
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
    /// What other threads use.
    pub(super) fn stealers(&self) -> Stealers {
        Stealers(std::array::from_fn(|i| self.queues[i].stealer()))
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
        let lows = low.len();
        if lows == 0 {
            return normal.pop();
        }
        let normals = normal.len();
        // As if all went round in one queue and a low one had its turn each eighth time: so many turns are due
        // whatever there is more of.
        let due = NORMAL_PER_LOW * normals;
        if self.passed_over.get() < due
            && let Some(pid) = normal.pop()
        {
            self.passed_over.set(self.passed_over.get() + lows);
            return Some(pid);
        }
        self.passed_over.set(if normals == 0 { 0 } else { self.passed_over.get().saturating_sub(due) });
        low.pop()
    }
    /// Takes any entry, with its priority: for a scheduler that gives its work away.
    pub(super) fn pop_any(&self) -> Option<(RawTerm, Priority)> {
        Priority::ALL.into_iter().rev().find_map(|p| Some((self.queue(p).pop()?, p)))
    }
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(Worker::len).sum()
    }
}

/// The other threads' view of a scheduler's queues.
pub(super) struct Stealers([Stealer<RawTerm>; QUEUES]);

impl Stealers {
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Stealer::len).sum()
    }
    /// Evens out with a scheduler that is busy too: of each priority, half of what it has more than that one. A lone
    /// surplus entry stays, unless `stuck` says that its scheduler has not come to look at its queues for long.
    pub(super) fn balance_into(&self, other: &RunQueues, stuck: bool) -> bool {
        let least = if stuck { 1 } else { 2 };
        let mut moved = false;
        for p in Priority::ALL.into_iter().rev() {
            let surplus = self.0[p as usize].len().saturating_sub(other.queue(p).len());
            if surplus >= least {
                let limit = surplus.div_ceil(2);
                moved |= self.0[p as usize].steal_batch_with_limit(other.queue(p), limit).is_success();
            }
        }
        moved
    }
    /// Moves up to half of the entries of the most urgent queue that has some to a thief's queues; whether any moved.
    pub(super) fn steal_into(&self, thief: &RunQueues) -> bool {
        Priority::ALL.into_iter().rev().any(|p| {
            let (from, to) = (&self.0[p as usize], thief.queue(p));
            loop {
                match from.steal_batch(to) {
                    Steal::Success(()) => return true,
                    Steal::Empty => return false,
                    Steal::Retry => std::hint::spin_loop(),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_and_their_fairness() {
        let q = RunQueues::default();
        for (pid, p) in [(0, Priority::Normal), (100, Priority::Low), (200, Priority::High), (300, Priority::Max)] {
            q.push(RawTerm::pid(pid), p);
        }
        assert_eq!(q.len(), 4);
        let order: Vec<u64> = std::iter::from_fn(|| q.pop()).map(RawTerm::id_data).collect();
        assert_eq!(order, [300, 200, 0, 100]);
    }

    #[test]
    fn each_low_one_has_an_eighth_of_the_turns_of_each_normal_one() {
        for (normals, lows) in [(1, 1), (3, 1), (1, 3), (50, 2), (2, 50)] {
            let q = RunQueues::default();
            (0..normals).for_each(|i| q.push(RawTerm::pid(i), Priority::Normal));
            (0..lows).for_each(|i| q.push(RawTerm::pid(1000 + i), Priority::Low));
            let (mut turns, mut low_turns) = (0, 0);
            for _ in 0..8000 {
                let pid = q.pop().expect("none ends");
                let is_low = pid.id_data() >= 1000;
                *if is_low { &mut low_turns } else { &mut turns } += 1;
                q.push(pid, if is_low { Priority::Low } else { Priority::Normal });
            }
            let (want, got) = (turns * lows, 8 * low_turns * normals);
            assert!(want.abs_diff(got) <= 8 * normals * lows, "{normals} normal, {lows} low: {turns} and {low_turns}");
        }
    }

    #[test]
    fn busy_ones_even_out() {
        let (long, short) = (RunQueues::default(), RunQueues::default());
        for i in 0..9 {
            long.push(RawTerm::pid(i), Priority::Normal);
        }
        short.push(RawTerm::pid(100), Priority::Normal);
        assert!(long.stealers().balance_into(&short, false));
        assert_eq!((long.len(), short.len()), (5, 5));
        assert!(!short.stealers().balance_into(&long, false), "as many here as there");
        long.pop();
        assert!(!short.stealers().balance_into(&long, false), "one more would go to and fro");
        assert!(short.stealers().balance_into(&long, true), "but not if it is stuck there");
        assert_eq!((long.len(), short.len()), (5, 4));
        short.push(RawTerm::pid(200), Priority::High);
        short.push(RawTerm::pid(201), Priority::High);
        assert!(short.stealers().balance_into(&long, false), "each priority by itself");
        assert_eq!(long.pop(), Some(RawTerm::pid(200)));
    }

    #[test]
    fn thieves_take_the_urgent_first_and_half_of_the_rest() {
        let (victim, thief) = (RunQueues::default(), RunQueues::default());
        let stealers = victim.stealers();
        assert!(!stealers.steal_into(&thief));
        for i in 0..8 {
            victim.push(RawTerm::pid(i), Priority::Normal);
        }
        victim.push(RawTerm::pid(9), Priority::High);
        assert_eq!(stealers.len(), 9);
        assert!(stealers.steal_into(&thief));
        assert_eq!(thief.pop_any(), Some((RawTerm::pid(9), Priority::High)));
        assert!(stealers.steal_into(&thief));
        assert_eq!((victim.len(), thief.len()), (4, 4));
        assert_eq!(thief.pop(), Some(RawTerm::pid(0)), "the oldest come first");
    }
}
