//! The offer of a seat: its thread does long work, nothing waits for the seat, and who comes with something takes it.
//!
//! Invariant: who asks a scheduler for something does so first and then looks for an offer; who offers a seat does so
//! first and then looks whether somebody has asked. One of the two sees the other, so nothing that is asked for waits
//! for the long work. The offer lies behind a lock: one thread takes it, perhaps the one that made it.
//!
//! An offered seat may have timers. The time of the first is told with the offer, and a [`Watch`] that sleeps until the
//! earliest of all takes the seats whose time has come. Who offers a seat tells its time first and then looks whether
//! the watch sleeps longer; the watch says how long it will sleep and then looks at the offers.

use crate::sync::atomic::{AtomicBool, AtomicI64, Ordering, fence};
use crate::sync::{Mutex, lock};

/// The time of what does not come.
pub const NEVER: i64 = i64::MAX;

/// See the module's head; `S` is a seat.
pub struct Offer<S> {
    made: AtomicBool,
    /// See [`Offer::due`].
    due: AtomicI64,
    seat: Mutex<Option<S>>,
}

impl<S> Default for Offer<S> {
    fn default() -> Self {
        Offer { made: AtomicBool::new(false), due: AtomicI64::new(NEVER), seat: Mutex::new(None) }
    }
}

impl<S> Offer<S> {
    /// Offers a seat whose first timer is due at a time, or [`NEVER`]. The caller then looks whether somebody has asked
    /// for something.
    pub fn make(&self, seat: S, due: i64) {
        *lock(&self.seat) = Some(seat);
        self.due.store(due, Ordering::Relaxed);
        // Release: the time goes with it; who wants the seat takes the lock. The fence pairs with those in `claim` and
        // in `Watch::plan`.
        self.made.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }
    /// When the seat that is offered, if there is one, has something to do.
    pub fn due(&self) -> i64 {
        if self.made.load(Ordering::Acquire) { self.due.load(Ordering::Relaxed) } else { NEVER }
    }
    /// Takes what is offered.
    pub fn take(&self) -> Option<S> {
        self.claim_with(Ok)
    }
    /// Called by who has asked for something: if the seat is offered, gives it to `to`, which may give it back.
    pub fn claim(&self, to: impl FnOnce(S) -> Result<(), S>) {
        fence(Ordering::SeqCst);
        if self.made.load(Ordering::Relaxed) {
            self.claim_with(to);
        }
    }
    fn claim_with<R>(&self, to: impl FnOnce(S) -> Result<R, S>) -> Option<R> {
        // Under the lock, so that a seat that is given back is there again for its thread.
        let mut seat = lock(&self.seat);
        match to(seat.take()?) {
            Ok(r) => {
                self.made.store(false, Ordering::Relaxed);
                Some(r)
            }
            Err(back) => {
                *seat = Some(back);
                None
            }
        }
    }
}

/// Until when the watch sleeps.
pub struct Watch {
    until: AtomicI64,
}

impl Watch {
    /// Asleep until it is woken.
    pub fn new() -> Watch {
        Watch { until: AtomicI64::new(NEVER) }
    }
    /// Called after [`Offer::make`]: whether the watch sleeps longer than until `due` and must be woken.
    pub fn sleeps_past(&self, due: i64) -> bool {
        // The fence in `make` pairs with the one in `plan`.
        due < self.until.load(Ordering::Relaxed)
    }
    /// Until when the watch may sleep; `look` takes the seats whose time has come and tells the earliest time of the
    /// others.
    pub fn plan(&self, mut look: impl FnMut() -> i64) -> i64 {
        let mut until = NEVER;
        loop {
            self.until.store(until, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            let seen = look();
            if seen >= until {
                return until;
            }
            until = seen;
        }
    }
}
