//! Pushing to a process's inbox, fetching, waiting, exiting: no signal is lost, each pair's order is kept, and one
//! entry lies in the run queue at most.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::inbox::Inbox;
use crate::nodes::{Owned, node};
use crate::park::Parker;
use crate::state::{AfterWait, Priority, State};

struct Process {
    state: State,
    inbox: Inbox<Owned>,
    /// Entries in run queues.
    queued: AtomicUsize,
    /// The scheduler that pops them.
    scheduler: Parker,
}

impl Process {
    /// One that runs.
    fn running() -> Arc<Process> {
        let state = State::new(Priority::Normal, false);
        assert!(state.start().is_some());
        Arc::new(Process { state, inbox: Inbox::default(), queued: AtomicUsize::new(0), scheduler: Parker::new() })
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
        if self.state.announce(signal, first).is_some() {
            assert_eq!(self.queued.fetch_add(1, Ordering::AcqRel), 0, "one entry at a time");
            self.scheduler.wake();
        }
        Ok(())
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
