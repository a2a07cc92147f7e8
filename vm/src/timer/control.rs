//! [`Control`]: the part of a timer that several threads change.
//!
//! Invariants: exactly one thread moves a timer away from active, and owns what follows; a timer that was cancelled
//! leaves its wheel: the canceller names its key to the wheel's owner, or the owner, which is still about to put it
//! in, sees that it was cancelled.

use super::wheel::Key;
use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};

const ACTIVE: u8 = 0;
/// The time is over.
pub(super) const FIRED: u8 = 1;
/// Ended before.
pub(super) const CANCELLED: u8 = 2;
/// The timer is not in its wheel yet.
const NO_KEY: u64 = u64::MAX;

/// State and place of a timer.
pub(crate) struct Control {
    state: AtomicU8,
    /// Key in the wheel of `scheduler`.
    key: AtomicU64,
    /// Whose wheel it is in.
    pub(super) scheduler: usize,
}

impl Control {
    /// An active timer for the wheel of `scheduler`.
    pub(super) fn of(scheduler: usize) -> Control {
        Control { state: AtomicU8::new(ACTIVE), key: AtomicU64::new(NO_KEY), scheduler }
    }
    /// Whether it is in this state.
    pub(super) fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::Acquire) == state
    }
    /// Moves to `to`; `false` if somebody else ended the timer before.
    pub(super) fn end(&self, to: u8) -> bool {
        // AcqRel: what the ender does with the payload comes after what the starter did, and before nobody else's.
        self.state.compare_exchange(ACTIVE, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
    /// The wheel's owner notes the key; `false` if the timer was cancelled, perhaps by somebody who saw no key yet.
    pub(super) fn set_key(&self, k: Key) -> bool {
        self.key.store(k.to_bits(), Ordering::Relaxed);
        // Pairs with the fence in `key_to_stop`: the canceller sees the key, or this sees the cancellation.
        fence(Ordering::SeqCst);
        !self.is(CANCELLED)
    }
    /// What the canceller tells the wheel's owner to stop.
    pub(super) fn key_to_stop(&self) -> Option<Key> {
        // See `set_key`.
        fence(Ordering::SeqCst);
        let key = self.key.load(Ordering::Relaxed);
        (key != NO_KEY).then(|| Key::from_bits(key))
    }
}
