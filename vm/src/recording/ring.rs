//! [`Ring`]: events on their way from the thread that they happen on to the one that writes them to the file.
//!
//! An event is some words. Invariants: one thread pushes at a time and one drains; an event is whole before the head passes
//! it, and the tail passes it only after it was read. A full ring loses what is pushed, and counts it: who pushes never
//! waits.

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What the pushing thread writes.
#[repr(align(128))]
struct Front {
    /// Words pushed so far.
    head: AtomicUsize,
    /// How far the head may go without a look at the tail.
    limit: AtomicUsize,
    /// Events lost so far.
    lost: AtomicU64,
}

/// What the draining thread writes.
#[repr(align(128))]
struct Back {
    /// Words taken so far.
    tail: AtomicUsize,
}

/// See the module's head. Room for `N` words, a power of two.
pub struct Ring<const N: usize> {
    front: Front,
    back: Back,
    words: Box<[AtomicU64; N]>,
}

impl<const N: usize> Ring<N> {
    /// Where a word lies.
    const MASK: usize = {
        assert!(N.is_power_of_two());
        N - 1
    };
    /// An empty one.
    pub fn new() -> Ring<N> {
        let words: Box<[AtomicU64]> = std::iter::repeat_with(|| AtomicU64::new(0)).take(N).collect();
        Ring {
            front: Front { head: AtomicUsize::new(0), limit: AtomicUsize::new(N), lost: AtomicU64::new(0) },
            back: Back { tail: AtomicUsize::new(0) },
            words: words.try_into().unwrap_or_else(|_| unreachable!("so many were made")),
        }
    }
    /// Adds an event, or counts it as lost; whether it was added. Only the thread that has the ring calls this.
    #[inline(always)]
    pub fn push<const WORDS: usize>(&self, event: [u64; WORDS]) -> bool {
        let f = &self.front;
        // Relaxed: this thread alone writes both.
        let head = f.head.load(Ordering::Relaxed);
        if f.limit.load(Ordering::Relaxed).wrapping_sub(head) < WORDS && !self.look_for_room(head, WORDS) {
            return false;
        }
        for (i, value) in event.into_iter().enumerate() {
            self.words[head.wrapping_add(i) & Self::MASK].store(value, Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `drain`: the words go with it.
        f.head.store(head.wrapping_add(WORDS), Ordering::Release);
        true
    }
    #[cold]
    #[inline(never)]
    fn look_for_room(&self, head: usize, words: usize) -> bool {
        // Acquire pairs with the Release in `drain`: what is overwritten was read.
        let limit = self.back.tail.load(Ordering::Acquire).wrapping_add(N);
        self.front.limit.store(limit, Ordering::Relaxed);
        let fits = limit.wrapping_sub(head) >= words;
        if !fits {
            self.lose();
        }
        fits
    }
    /// Counts an event as lost. Only the thread that has the ring calls this.
    pub fn lose(&self) {
        let lost = &self.front.lost;
        lost.store(lost.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    /// Takes all words; gives their number. Only the draining thread calls this.
    pub fn drain(&self, f: impl FnMut(u64)) -> usize {
        let tail = self.back.tail.load(Ordering::Relaxed);
        let head = self.front.head.load(Ordering::Acquire);
        let n = head.wrapping_sub(tail);
        // In two runs, so that a word costs no more than its load.
        let first = tail & Self::MASK;
        let (start, end) = self.words.split_at(first);
        let behind = &end[..n.min(end.len())];
        let before = &start[..n - behind.len()];
        behind.iter().chain(before).map(|w| w.load(Ordering::Relaxed)).for_each(f);
        self.back.tail.store(head, Ordering::Release);
        n
    }
    /// Events lost since the ring was made.
    pub fn lost(&self) -> u64 {
        self.front.lost.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let take = |r: &Ring<4>| {
            let mut got = Vec::new();
            r.drain(|w| got.push(w));
            got
        };
        let r = Ring::new();
        assert!(r.push([1, 1, 1]) && !r.push([2, 2]) && r.push([3]) && !r.push([4]));
        assert_eq!((take(&r), r.lost()), (vec![1, 1, 1, 3], 2));
        assert!(r.push([5, 5]) && r.push([6, 6]) && !r.push([7]));
        assert_eq!((take(&r), r.lost()), (vec![5, 5, 6, 6], 3));
    }
}
