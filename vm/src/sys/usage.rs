//! Processor time used by this OS process.

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
