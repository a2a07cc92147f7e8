//! Unique numbers: references and `unique_integer`.
//!
//! A thread draws numbers from its own block of a global counter, so making one is an add. Invariant: no two calls in
//! the life of the VM give the same value.

use std::cell::Cell;
use std::sync::LazyLock;

use crate::process::relations::RefNumbers;
use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Numbers a thread takes from the counter at a time.
const BLOCK: u64 = 1 << 14;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
static MONOTONIC: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static MINE: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// A number that was not given before.
pub fn number() -> u64 {
    MINE.with(|c| {
        let (next, end) = c.get();
        if next < end {
            c.set((next + 1, end));
            return next;
        }
        // Relaxed: only uniqueness matters.
        let first = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) * BLOCK;
        c.set((first + 1, first + BLOCK));
        first
    })
}

/// In the last word of a reference that can be an alias; the rest of that word is its process's slot in the table.
const ALIAS: u32 = 1 << 31;
/// In the last word of a reference that owns Rust state.
const MAGIC: u32 = 1 << 30;

/// Runs of the VM differ in this, as OTP's references do.
static SALT: LazyLock<u32> = LazyLock::new(|| {
    let t = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    t.as_nanos() as u32 ^ std::process::id() << 20
});

/// Numbers of a fresh reference. The first word has 18 bits and varies most, since hashes look at it alone.
pub fn reference() -> RefNumbers {
    let n = number();
    [(n & 0x3_ffff) as u32, (n >> 18) as u32, ((n >> 50) as u32 ^ *SALT) & !(ALIAS | MAGIC)]
}

/// Numbers of a fresh reference that owns Rust state.
pub fn magic_reference() -> RefNumbers {
    let [first, second, third] = reference();
    [first, second, third | MAGIC]
}

/// Whether a reference with these numbers has owned Rust state.
pub fn is_magic(numbers: RefNumbers) -> bool {
    numbers[2] & (ALIAS | MAGIC) == MAGIC
}

/// Numbers of a fresh reference that can be an alias of the process in this slot of the process table.
pub fn alias_reference(slot: usize) -> RefNumbers {
    let n = number();
    [(n & 0x3_ffff) as u32, (n >> 18) as u32 ^ *SALT, ALIAS | slot as u32]
}

/// The slot of the process that a reference with these numbers can be an alias of.
pub fn alias_slot(numbers: RefNumbers) -> Option<usize> {
    (numbers[2] & ALIAS != 0).then_some((numbers[2] & !ALIAS) as usize)
}

/// The next strictly increasing number, from 1.
pub fn monotonic() -> i64 {
    MONOTONIC.fetch_add(1, Ordering::SeqCst) + 1
}

/// How many strictly increasing numbers have been given.
pub fn monotonic_count() -> i64 {
    MONOTONIC.load(Ordering::SeqCst)
}

/// Goes on with another count; numbers that were given repeat if it is smaller.
pub fn set_monotonic_count(n: i64) {
    MONOTONIC.store(n, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn threads_never_draw_the_same_number() {
        const EACH: usize = if cfg!(miri) { 20 } else { 40_000 };
        let draw = || (0..EACH).map(|_| reference()).collect::<Vec<_>>();
        let all: Vec<Vec<_>> = std::thread::scope(|s| {
            let t: Vec<_> = (0..4).map(|_| s.spawn(draw)).collect();
            t.into_iter().map(|h| h.join().expect("no panic")).collect()
        });
        let set: HashSet<_> = all.iter().flatten().collect();
        assert_eq!(set.len(), 4 * EACH);
        assert!(set.iter().all(|r| r[0] < 1 << 18 && !is_magic(**r)));
        assert!(is_magic(magic_reference()) && !is_magic(alias_reference(0)));
    }
}
