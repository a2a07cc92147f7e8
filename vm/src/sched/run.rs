//! The scheduler's loop: picks a process, runs a slice of it, decides what becomes of it; polls timers; sleeps.
//!
//! Invariants: an epoch guard is held from the pick to the end of the slice, so the process stays; between slices the
//! guard is renewed, and it is not held while the thread sleeps. A panic in a slice kills the process, not the VM.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_epoch::Guard;

use super::{SLICE, Scheduler, What, halted};
use crate::heap::gc;
use crate::interp::{self, SliceEnd};
use crate::process::state::{AfterSlice, AfterWait};
use crate::process::{Process, Table, exit, limits, report};
use crate::signal;
use crate::term::RawTerm;

/// Picks after which inbox and timers are looked at, however short the slices are.
const PICKS_PER_POLL: u32 = 32;

impl Scheduler {
    /// Runs processes until the VM halts; gives the exit status.
    pub fn run(&self) -> i32 {
        let mut picks = 0;
        let mut guard = crossbeam_epoch::pin();
        loop {
            if let Some(status) = halted() {
                return status;
            }
            if picks == 0 || self.since_poll.get() >= SLICE {
                picks = PICKS_PER_POLL;
                self.poll();
            }
            picks -= 1;
            match self.local.queues.pop() {
                Some(pid) => {
                    guard.repin();
                    self.turn(pid, &guard);
                }
                None => {
                    drop(guard);
                    self.idle();
                    guard = crossbeam_epoch::pin();
                    picks = 0;
                }
            }
        }
    }
    /// Does what other threads asked for, and fires timers.
    fn poll(&self) {
        self.since_poll.set(0);
        for r in self.shared().inbox.take() {
            match r.what {
                What::Run(pid, priority) => self.local.queues.push(pid, priority),
                What::StartTimer(due, what) => self.local.timers.start(due, what),
                What::StopTimer(key) => self.local.timers.stop(key),
            }
        }
        if !self.local.timers.is_empty() {
            self.local.timers.poll();
        }
        self.shared().counters.queued.set(self.local.queues.len() as u64);
    }
    /// Sleeps until somebody wakes this scheduler or a timer is due.
    fn idle(&self) {
        self.poll();
        if self.local.queues.len() == 0 && halted().is_none() {
            self.shared().counters.parks.add(1);
            // A push that came after the poll has left its wake-up with the parker: this returns at once.
            self.shared().parker.park(self.local.timers.wait());
        }
    }
    /// A popped entry's turn.
    fn turn(&self, pid: RawTerm, guard: &Guard) {
        let Some(p) = Table::get().find(pid, guard) else { return };
        let Some(state) = p.state().start() else { return };
        let owner = p.owner();
        owner.fcalls.set(SLICE);
        if state.has_signals() {
            signal::fetch(p);
        }
        let end = self.slice(p);
        let used = u64::try_from(SLICE - owner.fcalls.get()).unwrap_or(0).max(1);
        owner.reductions.set(owner.reductions.get() + used);
        let counters = &self.shared().counters;
        counters.reductions.add(used);
        counters.switches.add(1);
        self.since_poll.set(self.since_poll.get() + used as i64);
        match end {
            End::Gone => {}
            End::Waiting => self.wait(p),
            End::Runnable => self.put_back(p),
        }
    }
    /// Runs signals' tasks, Erlang code or the next step of the exit.
    fn slice(&self, p: &Process) -> End {
        let owner = p.owner();
        loop {
            let task = owner.tasks.borrow_mut().pop_front();
            match task {
                Some(t) if p.state().get().exiting() => t.answer_dead(),
                Some(t) => t.run(p),
                None => break,
            }
        }
        if owner.hibernating.get() && !p.state().get().exiting() {
            if owner.mailbox.is_empty() && p.inbox_is_empty() {
                return End::Waiting;
            }
            owner.hibernating.set(false);
        }
        if p.state().get().may_execute() && owner.fcalls.get() > 0 {
            let end = self.execute(p);
            if end != SliceEnd::Exited || p.state().get().exiting() {
                if !p.state().get().exiting() {
                    return if end == SliceEnd::Waiting { self.settle(p) } else { End::Runnable };
                }
            } else {
                let reason = report::reason(p);
                if report::is_crash(p) {
                    report::crash(p, &reason);
                }
                exit::begin(p, reason);
            }
        }
        if p.state().get().exiting() {
            owner.fcalls.set(owner.fcalls.get().max(SLICE / 4));
            if exit::step(p) {
                return End::Gone;
            }
        }
        End::Runnable
    }
    fn execute(&self, p: &Process) -> SliceEnd {
        match catch_unwind(AssertUnwindSafe(|| interp::run(self, p))) {
            Ok(end) => end,
            Err(_) => {
                // A bug of ours. The heap may be half-built: it is given up unread.
                eprintln!("girder: internal error in process {:?}; it is killed", p.pid());
                exit::begin(p, exit::killed());
                SliceEnd::Exited
            }
        }
    }
    /// A process that begins to wait: one that hibernates gives its memory back, unless it has messages already.
    fn settle(&self, p: &Process) -> End {
        let owner = p.owner();
        if owner.hibernating.get() {
            if !owner.mailbox.is_empty() {
                return End::Runnable;
            }
            limits::collected(p, &gc::hibernate(owner, &mut []));
        }
        End::Waiting
    }
    fn put_back(&self, p: &Process) {
        if let AfterSlice::Enqueue(priority) = p.state().end_slice() {
            self.local.queues.push(p.pid(), priority);
        }
    }
    /// Lets a process wait, unless something has come in meanwhile that it must look at.
    fn wait(&self, p: &Process) {
        while p.state().wait() == AfterWait::Look {
            signal::fetch(p);
            if p.state().get().exiting() || p.owner().mailbox.has_unseen() || !p.owner().tasks.borrow().is_empty() {
                return self.put_back(p);
            }
        }
    }
}

/// What became of a process in its slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Gone,
    Waiting,
    Runnable,
}
