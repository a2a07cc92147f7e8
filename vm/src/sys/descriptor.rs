//! Descriptors that programs name by number.

use std::os::fd::{BorrowedFd, RawFd};

/// A descriptor by its number. That it is open is for the system to check at each use; programs may ask for any.
pub fn borrow(fd: RawFd) -> BorrowedFd<'static> {
    // -1 alone is no descriptor; this one is not open in any process.
    let fd = if fd < 0 { RawFd::MAX } else { fd };
    // SAFETY: not -1. All users of `fd` ports and of the descriptors they name pass the number to the system only, which
    // answers EBADF for one that is not open; nothing here relies on whose it is.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
