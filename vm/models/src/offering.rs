//! A seat that is offered during long work: what others ask for meanwhile does not wait for the end of that.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::inbox::Inbox;
use crate::nodes::{Owned, node};
use crate::offer::{NEVER, Offer, Watch};

struct Seat;

#[derive(Default)]
struct Scheduler {
    inbox: Inbox<Owned>,
    offer: Offer<Seat>,
    /// Sum of what was asked for and done.
    done: AtomicUsize,
}

impl Scheduler {
    /// As `Shared::ask`.
    fn ask(&self, value: u32) {
        if self.inbox.push(node(value)).unwrap_or(false) {
            self.offer.claim(|seat| {
                self.work(&seat);
                Ok(())
            });
        }
    }
    /// Who has the seat looks into the inbox.
    fn work(&self, _seat: &Seat) {
        let sum: u32 = self.inbox.take().map(|n| n.value()).sum();
        self.done.fetch_add(sum as usize, Ordering::Relaxed);
    }
    /// As `Scheduler::offer_seat`; whether the seat is offered.
    fn offer(&self) -> bool {
        self.offer.make(Seat, NEVER);
        if !self.inbox.is_empty()
            && let Some(seat) = self.offer.take()
        {
            self.work(&seat);
            return false;
        }
        true
    }
}

#[test]
fn what_is_asked_for_does_not_wait() {
    loom::model(|| {
        let s = Arc::new(Scheduler::default());
        let asker = s.clone();
        let t = thread::spawn(move || asker.ask(5));
        s.offer();
        t.join().expect("no panic");
        assert_eq!(s.done.load(Ordering::Relaxed), 5, "done although the long work has not ended");
    });
}

#[test]
fn the_seat_is_taken_once() {
    loom::model(|| {
        let s = Arc::new(Scheduler::default());
        s.offer.make(Seat, NEVER);
        let asker = s.clone();
        let t = thread::spawn(move || asker.ask(5));
        // The long work ends.
        let own = s.offer.take();
        t.join().expect("no panic");
        let claimed = s.done.load(Ordering::Relaxed) == 5;
        assert!(claimed != own.is_some());
        assert!(claimed || !s.inbox.is_empty(), "left to who has the seat");
    });
}

#[test]
fn a_seat_that_nobody_can_take_stays_with_its_thread() {
    loom::model(|| {
        let s = Arc::new(Scheduler::default());
        s.offer.make(Seat, NEVER);
        let asker = s.clone();
        let t = thread::spawn(move || asker.offer.claim(Err));
        let own = s.offer.take();
        t.join().expect("no panic");
        assert!(own.is_some());
    });
}

#[test]
fn the_watch_sleeps_no_longer_than_until_the_first_timer() {
    loom::model(|| {
        let shared = Arc::new((Scheduler::default(), Watch::new()));
        let other = shared.clone();
        let t = thread::spawn(move || {
            let (s, watch) = &*other;
            watch.plan(|| s.offer.due())
        });
        let (s, watch) = &*shared;
        s.offer.make(Seat, 7);
        let woken = watch.sleeps_past(7);
        let until = t.join().expect("no panic");
        assert!(woken || until <= 7, "it sleeps until {until}");
    });
}
