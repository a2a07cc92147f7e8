//! Starting, firing and cancelling a timer from different threads.

use loom::sync::Arc;
use loom::thread;

use crate::control::{CANCELLED, Control, FIRED};
use crate::wheel::Wheel;

#[test]
fn a_cancelled_timer_leaves_its_wheel() {
    loom::model(|| {
        let c = Arc::new(Control::of(0));
        let canceller = c.clone();
        let t = thread::spawn(move || canceller.end(CANCELLED).then(|| canceller.key_to_stop()).flatten());
        let mut wheel = Wheel::new(0);
        let key = wheel.start(10, ());
        if !c.set_key(key) {
            wheel.stop(key);
        }
        // The canceller's request comes through the scheduler's inbox, after the start.
        if let Some(key) = t.join().expect("no panic") {
            wheel.stop(key);
        }
        assert!(wheel.is_empty());
    });
}

#[test]
fn a_timer_ends_once() {
    loom::model(|| {
        let c = Arc::new(Control::of(0));
        let others = [(); 2].map(|()| {
            let c = c.clone();
            thread::spawn(move || c.end(CANCELLED))
        });
        let mut ends = usize::from(c.end(FIRED));
        for t in others {
            ends += usize::from(t.join().expect("no panic"));
        }
        assert_eq!(ends, 1);
        assert_ne!(c.is(FIRED), c.is(CANCELLED));
    });
}
