//! [`Writer`]: output to a descriptor that may block, by a thread.
//!
//! Invariant: the thread takes everything that waits, in order, and goes when nothing has come for some time; there is
//! at most one for a writer.

use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use girder_vm::RawTerm;
use girder_vm::port::{self, Op, Request};
use girder_vm::sys::descriptor::borrow;
use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, write};

/// How long the thread that writes waits for more.
const LINGER: Duration = Duration::from_secs(1);

/// What waits to be written, shared with the thread that writes.
#[derive(Default)]
struct Output {
    waiting: Vec<u8>,
    /// Bytes that the thread has taken and not written yet.
    taken: usize,
    /// There is a thread.
    working: bool,
    error: Option<Errno>,
}

/// See the module's head.
pub(super) struct Writer {
    fd: RawFd,
    port: RawTerm,
    output: Mutex<Output>,
    /// Something has come, or everything is written.
    changed: Condvar,
}

/// The thread has written some, or cannot: what its port gets as a notice.
pub(super) struct Progress;

impl Writer {
    /// Of a descriptor, for a port.
    pub(super) fn new(fd: RawFd, port: RawTerm) -> Arc<Writer> {
        Arc::new(Writer { fd, port, output: Mutex::default(), changed: Condvar::new() })
    }
    /// The descriptor.
    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Adds output; gives the bytes that wait.
    pub(super) fn push(self: &Arc<Writer>, parts: &[&[u8]]) -> Result<usize, Errno> {
        let mut o = self.lock();
        if let Some(e) = o.error {
            return Err(e);
        }
        parts.iter().for_each(|p| o.waiting.extend_from_slice(p));
        let queued = o.waiting.len() + o.taken;
        if o.working {
            self.changed.notify_all();
        } else if queued > 0 {
            let me = self.clone();
            std::thread::Builder::new().name("write".into()).spawn(move || me.work()).map_err(|_| Errno::AGAIN)?;
            o.working = true;
        }
        Ok(queued)
    }
    fn work(&self) {
        let mut o = self.lock();
        while o.error.is_none() {
            if o.waiting.is_empty() {
                let idle = |o: &mut Output| o.waiting.is_empty();
                o = self.changed.wait_timeout_while(o, LINGER, idle).unwrap_or_else(PoisonError::into_inner).0;
                if o.waiting.is_empty() {
                    break;
                }
            }
            let bytes = std::mem::take(&mut o.waiting);
            o.taken = bytes.len();
            drop(o);
            let written = write_all(self.fd, &bytes);
            o = self.lock();
            o.taken = 0;
            if let Err(e) = written {
                o.error = Some(e);
                o.waiting.clear();
            }
            self.changed.notify_all();
            port::signal(self.port, Request::note(Op::Notice(Box::new(Progress))).into());
        }
        o.working = false;
    }
    /// Bytes that wait, and the error that has ended writing.
    pub(super) fn state(&self) -> (usize, Option<Errno>) {
        let o = self.lock();
        (o.waiting.len() + o.taken, o.error)
    }
    /// Waits until everything is written, or nothing can be.
    pub(super) fn flush(&self) {
        let mut o = self.lock();
        while o.working && o.waiting.len() + o.taken > 0 {
            o = self.changed.wait(o).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Writes all bytes, however long that takes.
pub(crate) fn write_all(fd: RawFd, mut bytes: &[u8]) -> Result<(), Errno> {
    let fd = borrow(fd);
    while !bytes.is_empty() {
        match write(fd, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            // Somebody else has made the descriptor one that does not block.
            Err(Errno::AGAIN) => drop(rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None)),
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
