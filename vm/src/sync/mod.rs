//! Synchronisation: the primitives and the lock-free structures that cross threads.
//!
//! Files with a protocol between threads take their primitives from here, so that a model checker's versions can
//! stand in for the standard library's. Invariant: every `unsafe` about sharing between threads lives in this folder.

pub mod ids;
pub mod inbox;
pub mod park;
pub mod slots;
pub(crate) mod tally;

#[cfg(not(all(target_os = "linux", not(loom), not(miri))))]
pub(crate) use std::sync::Condvar;
pub(crate) use std::sync::atomic;
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock};

use std::panic::Location;
use std::sync::{LockResult, TryLockError};

/// Takes a lock whose holders never panic half-way: what it guards is whole even if the lock is poisoned.
#[inline]
#[track_caller]
pub(crate) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    match m.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(e)) => e.into_inner(),
        Err(TryLockError::WouldBlock) => crate::recording::wait_for(m, Location::caller()),
    }
}

/// The guard of a lock, poisoned or not; see [`lock`].
pub(crate) fn whole<G>(r: LockResult<G>) -> G {
    r.unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Called by who has given up the last of some counted references (each by a Release decrement of `count`), before it
/// frees what was counted: all uses through the others have ended.
#[inline]
pub(crate) fn last_reference(count: &std::sync::atomic::AtomicUsize) {
    use std::sync::atomic::Ordering;
    // The thread sanitizer does not know fences; a load of the count makes the same edge.
    if cfg!(girder_sanitizer) {
        count.load(Ordering::Acquire);
    } else {
        std::sync::atomic::fence(Ordering::Acquire);
    }
}
