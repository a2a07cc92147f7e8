//! The offer of a seat: its thread does long work, nothing waits for the seat, and who comes with something takes it.
//!
//! Invariant: who asks a scheduler for something does so first and then looks for an offer; who offers a seat does so
//! first and then looks whether somebody has asked. One of the two sees the other, so nothing that is asked for waits
//! for the long work. The offer lies behind a lock: one thread takes it, perhaps the one that made it.

use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Mutex, lock};

/// See the module's head; `S` is a seat.
pub struct Offer<S> {
    made: AtomicBool,
    seat: Mutex<Option<S>>,
}

impl<S> Default for Offer<S> {
    fn default() -> Self {
        Offer { made: AtomicBool::new(false), seat: Mutex::new(None) }
    }
}

impl<S> Offer<S> {
    /// Offers a seat. The caller then looks whether somebody has asked for something.
    pub fn make(&self, seat: S) {
        *lock(&self.seat) = Some(seat);
        // Relaxed: who sees it takes the lock. The fence pairs with the one in `claim`.
        self.made.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
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
