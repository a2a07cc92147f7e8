//! Clocks: monotonic time, system time and the offset between them, in nanoseconds (the native time unit).
//!
//! Invariant: monotonic time never goes back. Its zero lies far in the future, as OTP's does, so programs meet negative
//! values; system time is monotonic time plus an offset that is fixed when the VM starts.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time at the start of the VM.
pub const START: i64 = crate::term::SMALL_MIN;

struct Origin {
    instant: Instant,
    offset: i64,
}

static ORIGIN: LazyLock<Origin> = LazyLock::new(|| {
    let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64);
    Origin { instant: Instant::now(), offset: system - START }
});

/// Fixes the clocks' origin; called when the VM starts.
pub fn init() {
    LazyLock::force(&ORIGIN);
}

/// `erlang:monotonic_time()`.
#[inline]
pub fn monotonic_ns() -> i64 {
    START + since_start_ns()
}

/// Nanoseconds since the VM started.
#[inline]
pub fn since_start_ns() -> i64 {
    ORIGIN.instant.elapsed().as_nanos() as i64
}

/// `erlang:time_offset()`.
pub fn offset_ns() -> i64 {
    ORIGIN.offset
}

/// `erlang:system_time()`.
pub fn system_ns() -> i64 {
    monotonic_ns() + offset_ns()
}

/// The operating system's clock (`os:system_time()`).
pub fn os_system_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}

/// Microseconds of system time, later than every earlier call (`erlang:now()`).
pub fn now_us() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(i64::MIN);
    let now = system_ns().div_euclid(1000);
    let next = |last: i64| now.max(last.saturating_add(1));
    let last = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |l| Some(next(l))).unwrap_or(now);
    next(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree() {
        let (a, b) = (monotonic_ns(), monotonic_ns());
        assert!(START <= a && a <= b);
        assert!((system_ns() - os_system_ns()).abs() < 5_000_000_000);
    }
}
