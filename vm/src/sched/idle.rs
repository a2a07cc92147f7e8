//! Which schedulers sleep, and who is woken when one has more work than it can do.
//!
//! A scheduler that runs out of work searches the queues of others, then sets its bit here, looks once more, and parks.
//! Whoever clears the bit owns the waking: itself after a timeout or a push to its inbox, or [`Idle::wake_one`], which
//! makes the woken one a searcher. While anybody searches nobody else is woken, so one push starts one thread, and
//! who finds work wakes the next.
//!
//! Invariant: nothing depends on these wake-ups but how many cores share the work. The owner of a queue is awake while
//! anything is in it, and an inbox wakes its owner by itself (`remote.rs`).

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// Most schedulers.
pub const MAX_SCHEDULERS: usize = 1024;
const BITS: usize = u64::BITS as usize;
/// One suffices for the model checker, which would look at them all.
const WORDS: usize = if cfg!(loom) { 1 } else { MAX_SCHEDULERS / BITS };

/// See the module's head.
pub(super) struct Idle {
    sleeping: [AtomicU64; WORDS],
    /// Number of bits set; a hint.
    sleepers: AtomicUsize,
    /// Schedulers that look for work, and those woken to do so.
    searching: AtomicUsize,
}

impl Idle {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Idle {
        let sleeping = [const { AtomicU64::new(0) }; WORDS];
        Idle { sleeping, sleepers: AtomicUsize::new(0), searching: AtomicUsize::new(0) }
    }
    /// The model checker's atomics are not made at compile time.
    #[cfg(loom)]
    pub(super) fn new() -> Idle {
        let sleeping = std::array::from_fn(|_| AtomicU64::new(0));
        Idle { sleeping, sleepers: AtomicUsize::new(0), searching: AtomicUsize::new(0) }
    }
    /// Whether somebody may sleep.
    #[inline(always)]
    pub(super) fn any_sleeping(&self) -> bool {
        // Relaxed: a stale answer delays help until the next poll.
        self.sleepers.load(Ordering::Relaxed) != 0
    }
    /// A scheduler is about to sleep. What it looks at afterwards is not older than this.
    pub(super) fn announce(&self, id: usize) {
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        self.sleeping[id / BITS].fetch_or(1 << (id % BITS), Ordering::AcqRel);
        // Pairs with the fence in `Idle::wake_one`: the pusher sees the bit, or we see what it pushed.
        fence(Ordering::SeqCst);
    }
    fn clear(&self, id: usize) -> bool {
        let bit = 1 << (id % BITS);
        let mine = self.sleeping[id / BITS].fetch_and(!bit, Ordering::AcqRel) & bit != 0;
        if mine {
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
        }
        mine
    }
    /// A scheduler sleeps no more. `false` if it was woken as a searcher, and is counted as one.
    pub(super) fn withdraw(&self, id: usize) -> bool {
        self.clear(id)
    }
    /// Chooses a sleeper among the first `online` and makes it a searcher; the caller wakes it. Nobody is chosen while
    /// somebody searches.
    pub(super) fn wake_one(&self, online: usize) -> Option<usize> {
        // Pairs with the fences in `announce` and `stop_searching`: who is about to sleep sees what was pushed before
        // this, or this sees that it sleeps.
        fence(Ordering::SeqCst);
        if self.searching.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return None;
        }
        for (i, word) in self.sleeping.iter().enumerate().take(online.div_ceil(BITS)) {
            let mut bits = word.load(Ordering::Relaxed);
            while bits != 0 {
                let id = i * BITS + bits.trailing_zeros() as usize;
                if id < online && self.clear(id) {
                    return Some(id);
                }
                bits &= bits - 1;
            }
        }
        self.searching.fetch_sub(1, Ordering::AcqRel);
        None
    }
    /// Some scheduler among the first `online` that sleeps.
    pub(super) fn sleeper(&self, online: usize) -> Option<usize> {
        let words = self.sleeping.iter().enumerate().take(online.div_ceil(BITS));
        let first = |(i, w): (usize, &AtomicU64)| Some(w.load(Ordering::Relaxed)).filter(|w| *w != 0).map(|w| (i, w));
        words.filter_map(first).map(|(i, w)| i * BITS + w.trailing_zeros() as usize).find(|id| *id < online)
    }
    /// Whether a scheduler sleeps, or is about to and has not looked around for the last time. What it does when it
    /// wakes comes after what the caller did before.
    pub(super) fn sleeps(&self, id: usize) -> bool {
        // A write, so that who clears the bit later acquires what the caller released.
        self.sleeping[id / BITS].fetch_or(0, Ordering::AcqRel) & 1 << (id % BITS) != 0
    }
    /// A scheduler begins to search; how many do now.
    pub(super) fn search(&self) -> usize {
        self.searching.fetch_add(1, Ordering::AcqRel) + 1
    }
    /// A searcher found work or gives up.
    pub(super) fn stop_searching(&self) {
        self.searching.fetch_sub(1, Ordering::AcqRel);
        // See `wake_one`.
        fence(Ordering::SeqCst);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_searcher_at_a_time() {
        let i = Idle::new();
        assert!(!i.any_sleeping());
        i.announce(1);
        i.announce(70);
        assert_eq!((i.sleeper(1), i.sleeper(2)), (None, Some(1)));
        assert_eq!(i.wake_one(1), None, "offline ones sleep on");
        assert_eq!(i.wake_one(64), Some(1));
        assert_eq!(i.wake_one(100), None, "somebody searches");
        assert!(!i.withdraw(1), "it was woken to search");
        i.stop_searching();
        assert_eq!(i.wake_one(100), Some(70));
        assert!(!i.any_sleeping());
        i.stop_searching();
        i.announce(3);
        assert!(i.withdraw(3));
        assert_eq!(i.wake_one(100), None);
        assert_eq!(i.search(), 1);
    }
}
