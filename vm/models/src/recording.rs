//! A ring of events: one thread pushes, another drains.

use loom::sync::Arc;
use loom::thread;

use crate::ring::Ring;

#[test]
fn events_arrive_whole_and_in_order_or_are_counted() {
    loom::model(|| {
        let ring = Arc::new(Ring::new(2));
        let pusher = ring.clone();
        let t = thread::spawn(move || (1..=3).for_each(|i| pusher.push([i, i, i, i])));
        let mut got = Vec::new();
        let mut take = || {
            ring.drain(|e| {
                assert!(e.iter().all(|w| *w == e[0]), "half an event: {e:?}");
                got.push(e[0]);
            })
        };
        take();
        t.join().expect("no panic");
        take();
        assert!(got.is_sorted_by(|a, b| a < b), "{got:?}");
        assert_eq!(got.len() as u64 + ring.lost(), 3, "each one arrives or is counted: {got:?}");
    });
}
