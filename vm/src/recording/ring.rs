//! [`Ring`]: events on their way from the thread that they happen on to the one that writes them to the file.
//!
//! Invariants: one thread pushes at a time and one drains; an event is whole before the head passes it, and the tail
//! passes it only after it was read. A full ring loses what is pushed, and counts it: who pushes never waits.

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Words of an event.
pub const WORDS: usize = 4;

#[repr(align(32))]
struct Slot([AtomicU64; WORDS]);

/// What the pushing thread writes.
#[repr(align(128))]
struct Front {
    /// Events pushed so far.
    head: AtomicUsize,
    /// How far the head may go without a look at the tail.
    limit: AtomicUsize,
    /// Events lost so far.
    lost: AtomicU64,
}

/// What the draining thread writes.
#[repr(align(128))]
struct Back {
    /// Events taken so far.
    tail: AtomicUsize,
}

/// See the module's head.
pub struct Ring {
    front: Front,
    back: Back,
    slots: Box<[Slot]>,
}

impl Ring {
    /// Room for `capacity` events, a power of two.
    pub fn new(capacity: usize) -> Ring {
        assert!(capacity.is_power_of_two());
        let slot = || Slot(std::array::from_fn(|_| AtomicU64::new(0)));
        Ring {
            front: Front { head: AtomicUsize::new(0), limit: AtomicUsize::new(capacity), lost: AtomicU64::new(0) },
            back: Back { tail: AtomicUsize::new(0) },
            slots: std::iter::repeat_with(slot).take(capacity).collect(),
        }
    }
    fn slot(&self, at: usize) -> &Slot {
        &self.slots[at & (self.slots.len() - 1)]
    }
    /// Adds an event, or counts it as lost. Only the thread that has the ring calls this.
    #[inline]
    pub fn push(&self, event: [u64; WORDS]) {
        let f = &self.front;
        // Relaxed: this thread alone writes both.
        let head = f.head.load(Ordering::Relaxed);
        if head == f.limit.load(Ordering::Relaxed) && !self.look_for_room(head) {
            return;
        }
        for (word, value) in self.slot(head).0.iter().zip(event) {
            word.store(value, Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `drain`: the words go with it.
        f.head.store(head.wrapping_add(1), Ordering::Release);
    }
    #[cold]
    #[inline(never)]
    fn look_for_room(&self, head: usize) -> bool {
        // Acquire pairs with the Release in `drain`: what is overwritten was read.
        let limit = self.back.tail.load(Ordering::Acquire).wrapping_add(self.slots.len());
        self.front.limit.store(limit, Ordering::Relaxed);
        if head == limit {
            let lost = &self.front.lost;
            lost.store(lost.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        head != limit
    }
    /// Takes all events; gives their number. Only the draining thread calls this.
    pub fn drain(&self, mut f: impl FnMut([u64; WORDS])) -> usize {
        let tail = self.back.tail.load(Ordering::Relaxed);
        let head = self.front.head.load(Ordering::Acquire);
        let n = head.wrapping_sub(tail);
        for i in 0..n {
            f(self.slot(tail.wrapping_add(i)).0.each_ref().map(|w| w.load(Ordering::Relaxed)));
        }
        self.back.tail.store(head, Ordering::Release);
        n
    }
    /// Events lost since the ring was made.
    pub fn lost(&self) -> u64 {
        self.front.lost.load(Ordering::Relaxed)
    }
    /// Events that it has room for.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let r = Ring::new(4);
        (0..6).for_each(|i| r.push([i; WORDS]));
        let mut got = Vec::new();
        assert_eq!(r.drain(|e| got.push(e[3])), 4);
        assert_eq!((got, r.lost()), (vec![0, 1, 2, 3], 2));
        (6..9).for_each(|i| r.push([i; WORDS]));
        let mut got = Vec::new();
        assert_eq!(r.drain(|e| got.push(e[0])), 3);
        assert_eq!((got, r.lost()), (vec![6, 7, 8], 2));
    }
}
