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
