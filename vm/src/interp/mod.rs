//! The interpreter.

pub(crate) mod stub {
    //! First cells of export and fun stubs.
    pub(crate) fn undefined_function() -> u64 {
        0
    }
    pub(crate) fn undefined_lambda() -> u64 {
        1
    }
    pub(crate) fn call_native() -> u64 {
        2
    }
}

pub(crate) mod entry {
    //! Where processes start.
    pub(crate) fn apply() -> *const u64 {
        std::ptr::null()
    }
}

/// Runs a slice.
pub(crate) fn run(_s: &crate::sched::Scheduler, _p: &crate::process::Process) -> SliceEnd {
    SliceEnd::Exited
}

/// Why a slice ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SliceEnd {
    /// Reductions used up: the process is still runnable.
    Yielded,
    /// In a receive without a matching message, or a native that waits.
    Waiting,
    /// The process ended by itself; the exit reason is in `owner.exception.value`.
    Exited,
}
