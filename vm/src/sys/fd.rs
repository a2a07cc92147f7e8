//! What a file descriptor needs beyond what safe libraries offer: adopting one that arrives as a number, and the
//! result of closing.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// Takes over the open descriptor `fd`, which was handed to the program as a number, by inheritance or from outside.
/// Whoever names it gives it away: it is closed with the value.
pub fn adopt(fd: i32) -> io::Result<OwnedFd> {
    // SAFETY: asking for the flags of any number is harmless.
    if fd < 0 || unsafe { libc::fcntl(fd, libc::F_GETFL) } == -1 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: it is open, and by the function's contract the caller's to give away.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Closes, and tells what the system says of it. The descriptor is gone in any case.
pub fn close(fd: OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor was owned, and nobody has it any more.
    match unsafe { libc::close(fd.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes room for `len` bytes at `offset`; where the file system cannot, zeros are written.
pub fn allocate(fd: BorrowedFd<'_>, offset: i64, len: i64) -> io::Result<()> {
    loop {
        // SAFETY: the descriptor is open while it is borrowed.
        match unsafe { libc::posix_fallocate(fd.as_raw_fd(), offset, len) } {
            0 => return Ok(()),
            libc::EINTR => {}
            e => return Err(io::Error::from_raw_os_error(e)),
        }
    }
}
