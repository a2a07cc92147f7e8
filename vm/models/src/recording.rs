//! A ring of events: one thread pushes, another drains.

use loom::sync::Arc;
use loom::thread;

use crate::ring::Ring;

#[test]
fn events_arrive_whole_and_in_order_or_are_counted() {
    loom::model(|| {
        let ring = Arc::new(Ring::<4>::new());
        let pusher = ring.clone();
        let t = thread::spawn(move || {
            for i in 1..=3 {
                pusher.push([i, i]);
            }
        });
        let mut got = Vec::new();
        let mut take = || {
            let mut words = Vec::new();
            ring.drain(|w| words.push(w));
            assert!(words.len().is_multiple_of(2), "half an event: {words:?}");
            for e in words.as_chunks::<2>().0 {
                assert_eq!(e[0], e[1], "half an event");
                got.push(e[0]);
            }
        };
        take();
        t.join().expect("no panic");
        take();
        assert!(got.is_sorted_by(|a, b| a < b), "{got:?}");
        assert_eq!(got.len() as u64 + ring.lost(), 3, "each one arrives or is counted: {got:?}");
    });
}
