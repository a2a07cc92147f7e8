//! [`Ring`]: events on their way from the thread that they happen on to the one that writes them to the file.
//!
//! An event is some words. They go into a block of words, which stays in the cache of the core that they happen on; a full
//! block is moved into the ring, which is larger than caches: the processor waits for its lines all at once, not for one
//! after the other in the middle of the program. Who drains takes what is in the ring, and then what is in the block already.
//!
//! Invariants: one thread pushes at a time and one drains; an event is whole before the head passes it, and the tail
//! passes it only after it was read; a block is moved only if the ring has room for all of it, so nobody writes what lies
//! between tail and head there. A full ring loses what is pushed, and counts it: who pushes never waits. Words are kept
//! little-endian.

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// `S` words, in lines of their own.
#[repr(align(128))]
struct Block<const S: usize>([AtomicU64; S]);

impl<const S: usize> Block<S> {
    fn new() -> Block<S> {
        Block(std::array::from_fn(|_| AtomicU64::new(0)))
    }
    /// The place of a word that was pushed as the `at`th.
    #[inline(always)]
    fn word(&self, at: usize) -> &AtomicU64 {
        &self.0[at % S]
    }
}

/// What the pushing thread writes.
#[repr(align(128))]
struct Front<const S: usize> {
    /// Words pushed so far.
    head: AtomicUsize,
    /// Where the block under way ends.
    end: AtomicUsize,
    /// Words that are in the ring: all before the block under way.
    moved: AtomicUsize,
    /// Events lost so far.
    lost: AtomicU64,
    /// The block under way.
    block: Block<S>,
}

/// A word of an event as it is written: little-endian.
pub type Bytes = [u8; size_of::<u64>()];

/// What the draining thread writes.
#[repr(align(128))]
struct Back {
    /// Words taken so far.
    tail: AtomicUsize,
}

/// See the module's head. `N` blocks of `S` words, both powers of two; no event has more than `S` words.
pub struct Ring<const N: usize, const S: usize> {
    front: Front<S>,
    back: Back,
    words: Box<[AtomicU64]>,
}

impl<const N: usize, const S: usize> Ring<N, S> {
    /// Words that there is room for, beside those of the block under way.
    pub const CAPACITY: usize = {
        assert!(N.is_power_of_two() && S.is_power_of_two());
        N * S
    };
    /// An empty one.
    pub fn new() -> Ring<N, S> {
        Ring {
            front: Front {
                head: AtomicUsize::new(0),
                end: AtomicUsize::new(S),
                moved: AtomicUsize::new(0),
                lost: AtomicU64::new(0),
                block: Block::new(),
            },
            back: Back { tail: AtomicUsize::new(0) },
            words: zeros(Self::CAPACITY),
        }
    }
    /// So many words in the ring's two runs, from the one that was pushed as the `at`th.
    fn runs(&self, at: usize, n: usize) -> [&[AtomicU64]; 2] {
        let (start, end) = self.words.split_at(at % Self::CAPACITY);
        let behind = &end[..n.min(end.len())];
        [behind, &start[..n - behind.len()]]
    }
    /// Adds an event, or counts it as lost; whether it was added. Only the thread that has the ring calls this.
    #[inline(always)]
    pub fn push<const WORDS: usize>(&self, event: [u64; WORDS]) -> bool {
        let f = &self.front;
        // Relaxed: this thread alone writes both.
        let head = f.head.load(Ordering::Relaxed);
        if f.end.load(Ordering::Relaxed).wrapping_sub(head) < WORDS {
            return self.push_over(head, &event);
        }
        for (i, value) in event.into_iter().enumerate() {
            f.block.word(head.wrapping_add(i)).store(value.to_le(), Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `drain`: the words go with it.
        f.head.store(head.wrapping_add(WORDS), Ordering::Release);
        true
    }
    /// As [`Ring::push`], of an event whose end is in the next block.
    #[cold]
    #[inline(never)]
    fn push_over(&self, head: usize, event: &[u64]) -> bool {
        let f = &self.front;
        let end = f.end.load(Ordering::Relaxed);
        // Acquire pairs with the Release in `drain`: what is overwritten was read.
        if end.wrapping_sub(self.back.tail.load(Ordering::Acquire)) > Self::CAPACITY {
            self.lose();
            return false;
        }
        let put = |at: usize, words: &[u64]| {
            for (i, value) in words.iter().enumerate() {
                f.block.word(at.wrapping_add(i)).store(value.to_le(), Ordering::Relaxed);
            }
        };
        let (first, rest) = event.split_at(end.wrapping_sub(head));
        put(head, first);
        // Word by word: stores of whole lines come faster than lines are had, and the program waits for more of them.
        for (word, to) in f.block.0.iter().zip(self.runs(end.wrapping_sub(S), S)[0]) {
            to.store(word.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `drain`: the block is in the ring.
        f.moved.store(end, Ordering::Release);
        f.end.store(end.wrapping_add(S), Ordering::Relaxed);
        // Pairs with the fence in `drain`: who finds words of the next block finds that this one was moved.
        fence(Ordering::Release);
        put(end, rest);
        f.head.store(head.wrapping_add(event.len()), Ordering::Release);
        true
    }
    /// Counts an event as lost. Only the thread that has the ring calls this.
    pub fn lose(&self) {
        let lost = &self.front.lost;
        lost.store(lost.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    /// Shows all words, in three parts, and takes them. Only the draining thread calls this.
    pub fn drain<R>(&self, f: impl FnOnce([&[Bytes]; 3]) -> R) -> R {
        let front = &self.front;
        let tail = self.back.tail.load(Ordering::Relaxed);
        let mut rest = [Bytes::default(); S];
        let (head, n) = loop {
            let head = front.head.load(Ordering::Acquire);
            let moved = front.moved.load(Ordering::Acquire);
            let all = head.wrapping_sub(tail);
            // Of the block under way, parts may have been taken before.
            let n = moved.wrapping_sub(tail).cast_signed().clamp(0, all.cast_signed()).cast_unsigned();
            for (i, to) in rest[..all - n].iter_mut().enumerate() {
                *to = front.block.word(tail.wrapping_add(n + i)).load(Ordering::Relaxed).to_ne_bytes();
            }
            fence(Ordering::Acquire);
            if n == all || front.moved.load(Ordering::Relaxed) == moved {
                break (head, n);
            }
            // The block has become another one meanwhile: what was in it is in the ring now.
        };
        let [first, second] = self.runs(tail, n);
        let rest = &rest[..head.wrapping_sub(tail) - n];
        // SAFETY: the words lie in the ring between its tail, which does not change before they were shown, and what was moved:
        // `push_over` moves no block to there.
        let r = unsafe { shown(first, |first| shown(second, |second| f([first, second, rest]))) };
        self.back.tail.store(head, Ordering::Release);
        r
    }
    /// Events lost since the ring was made.
    pub fn lost(&self) -> u64 {
        self.front.lost.load(Ordering::Relaxed)
    }
}

#[cfg(not(loom))]
fn zeros(n: usize) -> Box<[AtomicU64]> {
    // SAFETY: zeros are words. Those of a thread that tells nothing are never touched.
    unsafe { Box::new_zeroed_slice(n).assume_init() }
}

#[cfg(loom)]
fn zeros(n: usize) -> Box<[AtomicU64]> {
    std::iter::repeat_with(|| AtomicU64::new(0)).take(n).collect()
}

/// Shows words to `f`.
///
/// # Safety
///
/// Nobody may write them meanwhile.
#[cfg(not(loom))]
unsafe fn shown<R>(words: &[AtomicU64], f: impl FnOnce(&[Bytes]) -> R) -> R {
    // SAFETY: a word is as many bytes, which nobody writes, as the caller says.
    f(unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len()) })
}

#[cfg(loom)]
unsafe fn shown<R>(words: &[AtomicU64], f: impl FnOnce(&[Bytes]) -> R) -> R {
    f(&words.iter().map(|w| w.load(Ordering::Relaxed).to_ne_bytes()).collect::<Vec<_>>())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let take =
            |r: &Ring<2, 4>| r.drain(|parts| parts.concat()).into_iter().map(u64::from_le_bytes).collect::<Vec<_>>();
        let r = Ring::new();
        assert!(r.push([1, 1, 1]) && r.push([2, 2]) && r.push([3, 3]));
        // One block more than the ring has.
        assert!(r.push([4; 4]) && !r.push([5, 5]) && r.push([6]) && !r.push([7]));
        assert_eq!((take(&r), r.lost()), (vec![1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 6], 2));
        for n in 8..100 {
            assert!(r.push([n, n]) && r.push([n; 3]));
            assert_eq!((take(&r), take(&r), r.lost()), (vec![n; 5], Vec::new(), 2));
        }
    }
}
