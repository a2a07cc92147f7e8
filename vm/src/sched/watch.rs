//! The thread that watches over offered seats with timers (`offer.rs`).
//!
//! Invariant: while a seat with timers is offered, this thread is awake or sleeps no longer than until the first of them
//! is due ([`Watch`]); it takes no seat whose time has not come.

use std::sync::LazyLock;
use std::time::Duration;

use super::offer::{NEVER, Watch};
use super::{all, dirty, halted, run};
use crate::sync::park::Parker;
use crate::timer::clock;

static WATCH: LazyLock<Watch> = LazyLock::new(Watch::new);
static BED: LazyLock<Parker> = LazyLock::new(Parker::new);

/// The thread, once somebody needs it; `false`: there can be none.
static THREAD: LazyLock<bool> = LazyLock::new(|| run::spawn("seat_watch", watch).is_ok());

/// Whether offers with timers are watched over.
pub(super) fn is_there() -> bool {
    *THREAD
}

/// Called by who has offered a seat with a timer that is due then.
pub(super) fn over(due: i64) {
    if WATCH.sleeps_past(due) {
        BED.wake();
    }
}

fn watch() {
    while halted().is_none() {
        let until = WATCH.plan(|| {
            let now = clock::monotonic_ns();
            all().iter().fold(NEVER, |next, s| {
                if s.offer.due() > now {
                    return next.min(s.offer.due());
                }
                s.offer.claim(dirty::hand_over);
                // If it is still there no thread can be had; later perhaps.
                if s.offer.due() > now { next } else { next.min(now + RETRY_NS) }
            })
        });
        let nap = (until != NEVER).then(|| u64::try_from(until - clock::monotonic_ns()).unwrap_or(0));
        BED.park(nap.map(Duration::from_nanos));
    }
}

/// Until the watch tries again to find a thread for a seat.
const RETRY_NS: i64 = 1_000_000;
