//! Schedulers that go to sleep and those that wake them to share work.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::idle::Idle;

#[test]
fn who_is_about_to_sleep_sees_the_work_or_is_seen() {
    loom::model(|| {
        let idle = Arc::new(Idle::new());
        let entries = Arc::new(AtomicUsize::new(0));
        let (pusher, queue) = (idle.clone(), entries.clone());
        let t = thread::spawn(move || {
            queue.store(2, Ordering::Relaxed);
            pusher.wake_one(2).is_some()
        });
        // As `Scheduler::sleep`.
        idle.announce(1);
        let seen = entries.load(Ordering::Relaxed) > 1;
        let woken = t.join().expect("no panic");
        assert!(seen || woken, "neither sees the other");
        assert_eq!(idle.withdraw(1), !woken, "who is woken is a searcher");
    });
}

#[test]
fn who_stops_searching_sees_the_work_or_lets_another_be_woken() {
    loom::model(|| {
        let idle = Arc::new(Idle::new());
        let entries = Arc::new(AtomicUsize::new(0));
        idle.announce(1);
        idle.search();
        let (pusher, queue) = (idle.clone(), entries.clone());
        let t = thread::spawn(move || {
            queue.store(2, Ordering::Relaxed);
            pusher.wake_one(2).is_some()
        });
        // A searcher that has found nothing goes to sleep.
        idle.announce(0);
        idle.stop_searching();
        let seen = entries.load(Ordering::Relaxed) > 1;
        assert!(t.join().expect("no panic") || seen);
    });
}

#[test]
fn one_of_two_wakers_wakes_one_sleeper() {
    loom::model(|| {
        let idle = Arc::new(Idle::new());
        idle.announce(1);
        idle.announce(2);
        let other = idle.clone();
        let t = thread::spawn(move || other.wake_one(3));
        let mine = idle.wake_one(3);
        let theirs = t.join().expect("no panic");
        assert!(mine.is_some() != theirs.is_some(), "one begins to search: {mine:?} {theirs:?}");
        let id = mine.or(theirs).expect("one of the two");
        assert!(!idle.withdraw(id) && idle.withdraw(3 - id));
        assert!(!idle.any_sleeping());
    });
}

#[test]
fn a_sleeper_wakes_by_itself_or_is_woken() {
    loom::model(|| {
        let idle = Arc::new(Idle::new());
        idle.announce(1);
        let waker = idle.clone();
        let t = thread::spawn(move || waker.wake_one(2).is_some());
        let by_itself = idle.withdraw(1);
        let woken = t.join().expect("no panic");
        assert_eq!(by_itself, !woken);
        if woken {
            // It is counted as a searcher, and stops.
            idle.stop_searching();
        }
        idle.announce(1);
        assert_eq!(idle.wake_one(2), Some(1), "nobody is left searching");
    });
}

/// What a scheduler that runs alone does (`sched/block.rs`): it looks whether the others sleep.
#[test]
fn who_is_seen_asleep_knows_what_was_decided_before() {
    loom::model(|| {
        let idle = Arc::new(Idle::new());
        let alone = Arc::new(AtomicUsize::new(0));
        idle.announce(1);
        let (sleeper, decision) = (idle.clone(), alone.clone());
        let t = thread::spawn(move || {
            sleeper.withdraw(1);
            decision.load(Ordering::Relaxed)
        });
        alone.store(1, Ordering::Relaxed);
        let asleep = idle.sleeps(1);
        let known = t.join().expect("no panic");
        assert!(!asleep || known == 1);
    });
}
