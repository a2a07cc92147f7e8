//! A ring of events: one thread pushes, another drains.

use loom::sync::Arc;
use loom::thread;

use crate::ring::Ring;

/// What is in the ring: the numbers of events of `WORDS` words.
fn take<const N: usize, const S: usize, const WORDS: usize>(ring: &Ring<N, S>) -> Vec<u64> {
    let words = ring.drain(|parts| parts.concat());
    let (events, rest) = words.as_chunks::<WORDS>();
    assert!(rest.is_empty(), "half an event: {words:?}");
    let number = |e: &[[u8; 8]; WORDS]| {
        assert_eq!([e[0]; WORDS], *e, "half an event");
        u64::from_le_bytes(e[0])
    };
    events.iter().map(number).collect()
}

/// Three events are pushed while what is there is taken. Who pushes loads words that it alone stores: the model must
/// begin with that thread, since loom compares a store with no load that came before another one of the same word.
fn three_events<const N: usize, const S: usize, const WORDS: usize>() {
    loom::model(|| {
        let ring = Arc::new(Ring::<N, S>::new());
        let drained = ring.clone();
        let t = thread::spawn(move || take::<N, S, WORDS>(&drained));
        for i in 1..=3 {
            ring.push([i; WORDS]);
        }
        let mut got = t.join().expect("no panic");
        got.extend(take::<N, S, WORDS>(&ring));
        assert!(got.is_sorted_by(|a, b| a < b), "{got:?}");
        assert_eq!(got.len() as u64 + ring.lost(), 3, "each one arrives or is counted: {got:?}");
    });
}

#[test]
fn events_that_fill_blocks_arrive_whole_and_in_order_or_are_counted() {
    three_events::<1, 2, 2>();
}

#[test]
fn events_across_blocks_arrive_whole_and_in_order_or_are_counted() {
    three_events::<1, 4, 3>();
}
