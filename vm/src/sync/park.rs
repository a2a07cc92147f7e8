//! [`Parker`]: where one thread sleeps until another wakes it.
//!
//! Invariant: a wake-up is never lost. [`Parker::wake`] leaves a token that the next [`Parker::park`] consumes, so a
//! thread that looked for work, found none and parks is woken by whoever published work after it looked.

use std::time::Duration;

use super::atomic::{AtomicU32, Ordering};
use sleep::Sleep;

const AWAKE: u32 = 0;
const PARKED: u32 = 1;
const TOKEN: u32 = 2;

/// See the module's head.
pub struct Parker {
    state: AtomicU32,
    sleep: Sleep,
}

impl Default for Parker {
    fn default() -> Self {
        Parker::new()
    }
}

impl Parker {
    /// A parker without a token.
    pub fn new() -> Parker {
        Parker { state: AtomicU32::new(AWAKE), sleep: Sleep::new() }
    }
    /// Sleeps until woken, at most `timeout`. Returns at once if a wake-up came since the last call.
    /// Only one thread parks here.
    pub fn park(&self, timeout: Option<Duration>) {
        // Acquire pairs with the Release in `wake`: what the waker published is seen.
        if self.state.compare_exchange(AWAKE, PARKED, Ordering::Acquire, Ordering::Acquire).is_ok() {
            self.sleep.wait(&self.state, timeout);
        }
        // Takes the token, or gives up sleeping after the timeout. Acquire as above.
        self.state.swap(AWAKE, Ordering::Acquire);
    }
    /// Wakes the thread, or lets its next [`Parker::park`] return at once.
    pub fn wake(&self) {
        // Release pairs with the Acquire in `park`.
        if self.state.swap(TOKEN, Ordering::Release) == PARKED {
            self.sleep.wake(&self.state);
        }
    }
}

/// The system's own place to sleep: on the word itself.
#[cfg(all(target_os = "linux", not(loom), not(miri)))]
mod sleep {
    use std::ptr::{null, null_mut};
    use std::time::{Duration, Instant};

    use super::super::atomic::{AtomicU32, Ordering};
    use super::PARKED;

    pub(super) struct Sleep;

    impl Sleep {
        pub(super) fn new() -> Sleep {
            Sleep
        }
        /// Returns when the word is no more PARKED, or after the timeout.
        pub(super) fn wait(&self, word: &AtomicU32, timeout: Option<Duration>) {
            let end = timeout.and_then(|t| Instant::now().checked_add(t));
            // Relaxed: the caller takes the token with Acquire.
            while word.load(Ordering::Relaxed) == PARKED {
                let left = end.map(|e| e.saturating_duration_since(Instant::now()));
                if left == Some(Duration::ZERO) {
                    return;
                }
                let spec = left.map(|d| libc::timespec {
                    tv_sec: libc::time_t::try_from(d.as_secs()).unwrap_or(libc::time_t::MAX),
                    tv_nsec: d.subsec_nanos().into(),
                });
                let spec = spec.as_ref().map_or(null(), std::ptr::from_ref);
                let op = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
                // SAFETY: the word lives while `word` is borrowed; the system compares it with PARKED itself, so a
                // token that comes in between ends the call at once. The result does not matter: the loop looks.
                unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, PARKED, spec, null_mut::<u32>(), 0) };
            }
        }
        pub(super) fn wake(&self, word: &AtomicU32) {
            // SAFETY: the word's address is only a key here.
            unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1) };
        }
    }
}

/// Where the system has no such call, and for the model checker: a condition variable.
#[cfg(not(all(target_os = "linux", not(loom), not(miri))))]
mod sleep {
    use std::time::Duration;

    use super::super::atomic::{AtomicU32, Ordering};
    use super::super::{Condvar, Mutex, lock, whole};
    use super::PARKED;

    pub(super) struct Sleep {
        lock: Mutex<()>,
        condvar: Condvar,
    }

    impl Sleep {
        pub(super) fn new() -> Sleep {
            Sleep { lock: Mutex::new(()), condvar: Condvar::new() }
        }
        /// Returns when the word is no more PARKED, or after the timeout.
        pub(super) fn wait(&self, word: &AtomicU32, timeout: Option<Duration>) {
            let mut guard = lock(&self.lock);
            // Relaxed: the caller takes the token with Acquire.
            while word.load(Ordering::Relaxed) == PARKED {
                match timeout {
                    Some(t) => {
                        let (g, over) = whole(self.condvar.wait_timeout(guard, t));
                        if over.timed_out() {
                            return;
                        }
                        guard = g;
                    }
                    None => guard = whole(self.condvar.wait(guard)),
                }
            }
        }
        pub(super) fn wake(&self, _: &AtomicU32) {
            // The lock makes sure that the parking thread waits already, or has not looked at the word yet.
            drop(lock(&self.lock));
            self.condvar.notify_one();
        }
    }
}

#[cfg(all(test, not(loom)))]
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
