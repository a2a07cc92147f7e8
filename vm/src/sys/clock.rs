//! The operating system's clocks.

/// Nanoseconds between two readings of the monotonic or the real-time clock that differ.
pub fn resolution_ns(monotonic: bool) -> i64 {
    let id = if monotonic { libc::CLOCK_MONOTONIC } else { libc::CLOCK_REALTIME };
    let mut t = std::mem::MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: t is a timespec of ours that the call fills in; all zeros is a valid one.
    let t = unsafe {
        libc::clock_getres(id, t.as_mut_ptr());
        t.assume_init()
    };
    t.tv_sec * 1_000_000_000 + t.tv_nsec
}
