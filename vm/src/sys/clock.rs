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

/// Nanoseconds for which the calling thread has had a processor.
pub fn thread_ns() -> u64 {
    let mut t = std::mem::MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: as above.
    let t = unsafe {
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, t.as_mut_ptr());
        t.assume_init()
    };
    t.tv_sec.cast_unsigned() * 1_000_000_000 + t.tv_nsec.cast_unsigned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_thread_that_sleeps_has_no_processor() {
        let (own, all) = (super::thread_ns(), std::time::Instant::now());
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(u128::from(super::thread_ns() - own) < all.elapsed().as_nanos());
    }
}
