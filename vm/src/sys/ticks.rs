//! The cheapest clock there is: the processor's own counter where the system itself tells time by it, else monotonic time.
//!
//! Invariant: ticks never go back on one thread, and agree between threads as well as the system's own clock does. How
//! long a tick is nobody knows beforehand: who records ticks records pairs with monotonic time along with them.

use std::sync::LazyLock;
use std::time::Instant;

#[cfg(target_arch = "x86_64")]
static COUNTS: LazyLock<bool> = LazyLock::new(|| {
    // The kernel chooses it only where it runs evenly, in every state of power, and in step on all cores.
    std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        .is_ok_and(|source| source.trim() == "tsc")
});

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The clock.
#[inline]
pub fn now() -> u64 {
    #[cfg(target_arch = "x86_64")]
    if *COUNTS {
        // SAFETY: reads a counter that every processor of this kind has.
        return unsafe { core::arch::x86_64::_rdtsc() };
    }
    ORIGIN.elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    #[test]
    fn ticks_go_on() {
        let a = super::now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        // A counter below 500 MHz would be slower than any there is; nanoseconds are faster than that, too.
        assert!(super::now() - a >= 1_000_000);
    }
}
