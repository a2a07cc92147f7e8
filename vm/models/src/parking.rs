//! A scheduler's inbox and its sleep: what is put into the inbox ends the sleep, always.

use loom::sync::Arc;
use loom::thread;

use crate::inbox::Inbox;
use crate::nodes::{Owned, node};
use crate::park::Parker;

#[derive(Default)]
struct Scheduler {
    inbox: Inbox<Owned>,
    parker: Parker,
}

impl Scheduler {
    /// As `Shared::ask`.
    fn ask(&self, value: u32) {
        if self.inbox.push(node(value)).unwrap_or(false) {
            self.parker.wake();
        }
    }
}

#[test]
fn a_push_ends_the_sleep() {
    let mut b = loom::model::Builder::new();
    b.preemption_bound = Some(4);
    b.check(|| {
        let s = Arc::new(Scheduler::default());
        let askers: Vec<_> = (1..3)
            .map(|i| {
                let s = s.clone();
                thread::spawn(move || s.ask(i))
            })
            .collect();
        let mut sum = 0;
        loop {
            sum += s.inbox.take().map(|n| n.value()).sum::<u32>();
            if sum == 3 {
                break;
            }
            // A lost wake-up is a deadlock, which the checker reports.
            s.parker.park(None);
        }
        askers.into_iter().for_each(|a| a.join().expect("no panic"));
    });
}

#[test]
fn a_wake_ends_the_sleep() {
    loom::model(|| {
        let p = Arc::new(Parker::new());
        let waker = p.clone();
        let t = thread::spawn(move || {
            waker.wake();
            waker.wake();
        });
        p.park(None);
        t.join().expect("no panic");
    });
}
