//! Heap sizes: the sequence that blocks grow along, and the limits of the virtual binary heap.
//!
//! Invariant: every block of a process heap has a size of the sequence (hibernated heaps excepted). The sequence is
//! OTP's, because programs see heap sizes: Fibonacci-like up to about a million words, then steps of a fifth.

use std::sync::LazyLock;

const FIBONACCI: usize = 23;
const SIZES: usize = 154;
/// No heap is larger: words that fit in 53 bits of bytes.
const MAX_WORDS: usize = (1 << 53) / 8;

static TABLE: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let mut t = vec![12, 38];
    while t.len() < SIZES {
        let n = t.len();
        let next = if n < FIBONACCI { t[n - 1] + t[n - 2] + 1 } else { t[n - 1] + t[n - 1] / 5 };
        if next > MAX_WORDS {
            break;
        }
        t.push(next);
    }
    t
});

/// The sequence, smallest first.
pub fn heap_sizes() -> &'static [usize] {
    &TABLE
}

/// The smallest size of the sequence that is at least `words`; the VM stops if there is none.
pub(crate) fn heap_size_at_least(words: usize) -> usize {
    let t = &*TABLE;
    match t.get(t.partition_point(|&s| s < words)) {
        Some(&s) => s,
        None => crate::heap::mem::exhausted(crate::heap::mem::Category::Heap, words.saturating_mul(8)),
    }
}

/// The smallest size of the sequence that is larger than `words`.
pub(super) fn heap_size_above(words: usize) -> usize {
    heap_size_at_least(words + 1)
}

/// The limit of a virtual binary heap after a collection that left `used` words: more if over three quarters of the
/// limit are used, half if under a quarter, never below `min`.
pub(super) fn next_vheap_limit(used: usize, limit: usize, min: usize) -> usize {
    let mut next = limit;
    if used / 3 > limit / 4 {
        while used / 3 > next / 4 {
            // The golden ratio, rounded down.
            next = next.saturating_mul(1618) / 1000;
        }
    } else if used < limit / 4 {
        next = limit / 2;
    }
    next.max(min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_otp_shows() {
        assert_eq!(heap_sizes()[..12], [12, 38, 51, 90, 142, 233, 376, 610, 987, 1598, 2586, 4185]);
        for (at_least, want) in [(0, 12), (12, 12), (13, 38), (233, 233), (234, 376), (1_000_000, 1_199_557)] {
            assert_eq!(heap_size_at_least(at_least), want, "{at_least}");
        }
        assert_eq!(heap_size_above(233), 376);
        assert!(heap_sizes().windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn vheap_limits_follow_use() {
        for (used, limit, min, want) in [
            (10, 46422, 46422, 46422),
            (20_000, 46422, 100, 46422),
            (40_000, 46422, 100, 75110),
            (10, 46422, 100, 23211),
        ] {
            assert_eq!(next_vheap_limit(used, limit, min), want, "{used} of {limit}");
        }
    }
}
