//! [`Parker`]: where one thread sleeps until another wakes it.
//!
//! Invariant: a wake-up is never lost. [`Parker::wake`] leaves a token that the next [`Parker::park`] consumes, so a
//! thread that looked for work, found none and parks is woken by whoever published work after it looked.

use std::time::Duration;

use super::atomic::{AtomicU32, Ordering};
use super::{Condvar, Mutex, lock, whole};

const AWAKE: u32 = 0;
const PARKED: u32 = 1;
const TOKEN: u32 = 2;

/// See the module's head.
#[derive(Default)]
pub struct Parker {
    state: AtomicU32,
    lock: Mutex<()>,
    condvar: Condvar,
}

impl Parker {
    /// Sleeps until woken, at most `timeout`. Returns at once if a wake-up came since the last call.
    /// Only one thread parks here.
    pub fn park(&self, timeout: Option<Duration>) {
        // Acquire pairs with the Release in `wake`: what the waker published is seen.
        if self.state.compare_exchange(TOKEN, AWAKE, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return;
        }
        let mut guard = lock(&self.lock);
        if self.state.compare_exchange(AWAKE, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            // A token came in between; Acquire as above.
            self.state.swap(AWAKE, Ordering::Acquire);
            return;
        }
        match timeout {
            Some(t) => drop(whole(self.condvar.wait_timeout_while(guard, t, |()| self.is_parked()))),
            None => {
                while self.is_parked() {
                    guard = whole(self.condvar.wait(guard));
                }
            }
        }
        // Takes the token, or gives up sleeping after the timeout. Acquire as above.
        self.state.swap(AWAKE, Ordering::Acquire);
    }
    fn is_parked(&self) -> bool {
        self.state.load(Ordering::Relaxed) == PARKED
    }
    /// Wakes the thread, or lets its next [`Parker::park`] return at once.
    pub fn wake(&self) {
        // Release pairs with the Acquire in `park`.
        if self.state.swap(TOKEN, Ordering::Release) == PARKED {
            // The lock makes sure that the parking thread waits already, or has not looked at the state yet.
            drop(lock(&self.lock));
            self.condvar.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_wake_before_the_park_is_kept() {
        let p = Parker::default();
        p.wake();
        p.wake();
        p.park(None);
        p.park(Some(Duration::from_millis(1)));
    }

    #[test]
    fn no_wake_is_lost() {
        const ROUNDS: usize = if cfg!(miri) { 50 } else { 20_000 };
        let (p, work) = (Parker::default(), AtomicUsize::new(0));
        std::thread::scope(|s| {
            s.spawn(|| {
                for _ in 0..ROUNDS {
                    work.fetch_add(1, Ordering::SeqCst);
                    p.wake();
                }
            });
            while work.load(Ordering::SeqCst) < ROUNDS {
                p.park(None);
            }
        });
    }
}
