//! Processor time used by this OS process.

/// Nanoseconds of user and system time.
pub fn cpu_ns() -> i64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: t is a timespec of ours that the call fills in.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut t) };
    if done == 0 { t.tv_sec * 1_000_000_000 + t.tv_nsec } else { 0 }
}

/// Milliseconds of user time.
pub fn user_ms() -> i64 {
    let mut u = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: u is a rusage of ours that the call fills in; all zeros is a valid one.
    let u = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, u.as_mut_ptr());
        u.assume_init()
    };
    u.ru_utime.tv_sec * 1000 + u.ru_utime.tv_usec / 1000
}
