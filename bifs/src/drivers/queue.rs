//! [`Queue`]: output that the outside has not taken yet.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, writev};

/// Bytes in the order in which they are to be written.
#[derive(Default)]
pub(super) struct Queue(VecDeque<u8>);

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }
    /// Writes what the descriptor takes at once.
    pub(super) fn write(&mut self, fd: impl AsFd) -> Result<(), Errno> {
        while !self.0.is_empty() {
            let (a, b) = self.0.as_slices();
            match writev(&fd, &[IoSlice::new(a), IoSlice::new(b)]) {
                Ok(n) => drop(self.0.drain(..n)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        self.0.shrink_to(1 << 16);
        Ok(())
    }
    /// Writes everything, waiting for the other side.
    pub(super) fn flush(&mut self, fd: impl AsFd) {
        while !self.0.is_empty() {
            let ready = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None);
            if ready.is_err_and(|e| e != Errno::INTR) || self.write(&fd).is_err() {
                self.0.clear();
            }
        }
    }
}
