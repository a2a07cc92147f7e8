//! Counts that every thread adds to and that are summed on request: memory in use, collections.
//!
//! Each thread has a block of its own, so counting is a load and a store without contention. Invariant: a block is
//! written by one thread at a time and never freed, but passed on when its thread ends; a single count may wrap (memory is often given back by another thread
//! than took it), the sum over all blocks does not.

use std::cell::Cell;

use super::atomic::{AtomicUsize, Ordering};
use super::{Mutex, lock};

/// Number of counts.
const COUNTS: usize = 16;

#[repr(align(128))]
struct Block([AtomicUsize; COUNTS]);

static BLOCKS: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new());
/// Blocks of threads that ended.
static FREE: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new());

thread_local! {
    static MINE: Cell<Option<&'static Block>> = const { Cell::new(None) };
    /// Apart from [`MINE`], so that counting need not ask whether the thread ends.
    static PASS_ON: PassOn = const { PassOn };
}

struct PassOn;

impl Drop for PassOn {
    fn drop(&mut self) {
        if let Some(b) = MINE.take() {
            lock(&FREE).push(b);
        }
    }
}

#[cold]
fn register() -> &'static Block {
    let b = lock(&FREE).pop().unwrap_or_else(|| {
        let b: &'static Block = Box::leak(Box::new(Block([const { AtomicUsize::new(0) }; COUNTS])));
        lock(&BLOCKS).push(b);
        b
    });
    MINE.set(Some(b));
    // A thread that counts while it ends keeps the block it takes then.
    let _ = PASS_ON.try_with(|_| ());
    b
}

/// Adds to a count; what is subtracted is added as its two's complement.
#[inline]
pub(crate) fn add(count: usize, n: usize) {
    let c = &MINE.get().unwrap_or_else(register).0[count];
    // Relaxed: statistics; no other thread writes here.
    c.store(c.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

/// The sum over all threads.
pub(crate) fn sum(count: usize) -> usize {
    let all = lock(&BLOCKS).iter().fold(0_usize, |n, b| n.wrapping_add(b.0[count].load(Ordering::Relaxed)));
    // Blocks are not read at one moment: what was given back may be seen before its taking.
    usize::try_from(all as isize).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_add_up() {
        const N: usize = COUNTS - 1;
        std::thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| (0..1000).for_each(|_| add(N, 2)));
            }
        });
        add(N, 1_usize.wrapping_neg());
        assert_eq!(sum(N), 5999);
    }

    #[test]
    fn blocks_are_passed_on() {
        let block =
            || std::thread::spawn(|| std::ptr::from_ref(register()) as usize).join().expect("it does not panic");
        let first = block();
        // Other tests may take it meanwhile, but not for ever.
        assert!((0..1000).any(|_| block() == first));
    }
}
