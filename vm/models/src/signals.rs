//! Pushing to a process's inbox, fetching, waiting, exiting: no signal is lost, each pair's order is kept, and one
//! entry lies in the run queue at most.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use crate::inbox::Inbox;
use crate::nodes::{Owned, node};
use crate::park::Parker;
use crate::state::{AfterWait, Priority, State, Wake};

struct Process {
    state: State,
    inbox: Inbox<Owned>,
    /// Entries in run queues.
    queued: AtomicUsize,
    /// Handlers of signals on their way.
    handlers: AtomicUsize,
    /// The scheduler that pops them.
    scheduler: Parker,
    /// What only the thread that has the process touches: the number of signals handled.
    owner: UnsafeCell<usize>,
}

impl Process {
    /// One that runs.
    fn running() -> Arc<Process> {
        let state = State::new(Priority::Normal, false);
        assert!(state.start().is_some());
        Arc::new(Process {
            state,
            inbox: Inbox::default(),
            queued: AtomicUsize::new(0),
            handlers: AtomicUsize::new(0),
            scheduler: Parker::new(),
            owner: UnsafeCell::new(0),
        })
    }
    /// One that waits for a message.
    fn waiting() -> Arc<Process> {
        let p = Process::running();
        assert_eq!(p.state.wait(), AfterWait::Idle);
        p
    }
    /// As `signal::deliver`.
    fn deliver(&self, value: u32, signal: bool) -> Result<(), u32> {
        let first = self.inbox.push(node(value)).map_err(|n| n.value())?;
        match self.state.announce(signal, first) {
            Some(Wake::Enqueue(_)) => self.enqueue(),
            Some(Wake::Handle) => self.send_handler(),
            None => {}
        }
        Ok(())
    }
    fn enqueue(&self) {
        assert_eq!(self.queued.fetch_add(1, Ordering::AcqRel), 0, "one entry at a time");
        self.scheduler.wake();
    }
    fn send_handler(&self) {
        assert_eq!(self.handlers.fetch_add(1, Ordering::AcqRel), 0, "one handler at a time");
        self.scheduler.wake();
    }
    /// Uses the owner's part, which loom finds out if two threads do at a time.
    fn count(&self, n: usize) {
        // SAFETY: the caller has the owner's part.
        self.owner.with_mut(|o| unsafe { *o += n });
    }
    /// As `Process::take_inbox`.
    fn take(&self, got: &mut Vec<u32>) {
        self.state.inbox_taken();
        got.extend(self.inbox.take().map(|n| n.value()));
    }
    /// Pops entries and runs the process, which waits for messages, until it has `n`.
    fn run_until(&self, n: usize) -> Vec<u32> {
        let mut got = Vec::new();
        while got.len() < n {
            if self.queued.load(Ordering::Acquire) == 0 {
                // A lost wake-up is a deadlock, which the checker reports.
                self.scheduler.park(None);
                continue;
            }
            self.queued.fetch_sub(1, Ordering::AcqRel);
            assert!(self.state.start().is_some(), "the entry was stale");
            loop {
                self.take(&mut got);
                if self.state.wait() == AfterWait::Idle {
                    break;
                }
            }
        }
        got
    }
    fn fetch(&self) {
        let mut got = Vec::new();
        self.take(&mut got);
        self.count(got.len());
    }
    /// As `dirty::handle`, by the scheduler that a handler was sent to.
    fn handle(&self) {
        self.handlers.fetch_sub(1, Ordering::AcqRel);
        if self.state.begin_handling() {
            self.fetch();
            if self.state.end_handling(false) {
                self.send_handler();
            }
        }
    }
}

fn bounded(f: impl Fn() + Sync + Send + 'static) {
    let mut b = loom::model::Builder::new();
    b.preemption_bound = Some(2);
    b.check(f);
}

fn two_senders(signal: bool) {
    let p = Process::waiting();
    let (a, b) = (p.clone(), p.clone());
    let one = thread::spawn(move || {
        a.deliver(1, false).expect("open");
        a.deliver(2, false).expect("open");
    });
    let other = thread::spawn(move || b.deliver(10, signal).expect("open"));
    let got = p.run_until(3);
    let of_one: Vec<u32> = got.into_iter().filter(|v| *v < 10).collect();
    assert_eq!(of_one, [1, 2]);
    one.join().expect("no panic");
    other.join().expect("no panic");
}

#[test]
fn messages_are_not_lost() {
    bounded(|| two_senders(false));
}

#[test]
fn signals_are_not_lost() {
    bounded(|| two_senders(true));
}

#[test]
fn an_exit_answers_what_was_pushed_and_refuses_the_rest() {
    bounded(|| {
        let p = Process::running();
        let sender = p.clone();
        let t = thread::spawn(move || {
            let refused = [1, 2].map(|v| sender.deliver(v, true).is_err());
            assert!(!refused[0] || refused[1], "closed stays closed");
            refused.into_iter().filter(|r| *r).count()
        });
        assert!(p.state.begin_exit());
        p.state.inbox_taken();
        let answered = p.inbox.close().map(|n| n.value()).count();
        // The exit comes to its end.
        p.state.free();
        let refused = t.join().expect("no panic");
        assert_eq!(answered + refused, 2, "each signal is answered once");
        assert!(p.state.start().is_none());
        assert_eq!(p.queued.load(Ordering::Acquire), 0, "nobody enqueues a process that is gone");
    });
}

#[test]
fn a_timer_that_fires_while_its_process_runs_is_seen() {
    bounded(|| {
        let p = Process::running();
        let fired = Arc::new(AtomicBool::new(false));
        let (scheduler, timer) = (p.clone(), fired.clone());
        let t = thread::spawn(move || {
            timer.store(true, Ordering::Release);
            if scheduler.state.activate().is_some() {
                scheduler.enqueue();
            }
        });
        // A receive with a timeout: it looks at the timer, then waits.
        while !fired.load(Ordering::Acquire) {
            if p.state.wait() == AfterWait::Idle {
                while p.queued.load(Ordering::Acquire) == 0 {
                    // A lost wake-up is a deadlock, which the checker reports.
                    p.scheduler.park(None);
                }
                p.queued.fetch_sub(1, Ordering::AcqRel);
                assert!(p.state.start().is_some());
            }
        }
        t.join().expect("no panic");
    });
}

#[test]
fn signals_to_a_process_in_dirty_code_are_handled_meanwhile() {
    bounded(|| {
        let p = Process::running();
        let (sender, scheduler) = (p.clone(), p.clone());
        // It sends a signal before the process is dirty, or while it is, or after.
        let s = thread::spawn(move || sender.deliver(1, true).expect("open"));
        let h = thread::spawn(move || {
            if scheduler.handlers.load(Ordering::Acquire) != 0 {
                scheduler.handle();
            }
        });
        if p.state.open() {
            p.send_handler();
        }
        while !p.state.close() {
            thread::yield_now();
        }
        // The owner's part is its thread's again.
        p.count(0);
        s.join().expect("no panic");
        h.join().expect("no panic");
        p.fetch();
        p.owner.with(|o| {
            // SAFETY: the other threads have ended.
            assert_eq!(unsafe { *o }, 1, "it is handled once");
        });
    });
}
