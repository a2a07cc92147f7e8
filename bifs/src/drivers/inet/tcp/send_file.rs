//! `sendfile`: the system copies a file to the connection, behind what was queued before.
//!
//! Invariant: what is sent meanwhile waits until the file is through.

use std::os::fd::OwnedFd;

use girder_vm::port::DriverPort;
use girder_vm::sys::descriptor;
use girder_vm::{Atom, RawTerm, am};
use rustix::fs::sendfile;
use rustix::io::{Errno, fcntl_dupfd_cloexec};

use super::Tcp;
use crate::drivers::inet::messages::port_term;
use crate::drivers::inet::{Answer, EINVAL, NOT_CONNECTED, Refused};
use crate::drivers::posix;

/// Most bytes that the system is asked to copy at a time.
const CHUNK: u64 = (1 << 30) - 1;

/// A file under way.
pub(super) struct SendFile {
    file: OwnedFd,
    caller: RawTerm,
    offset: u64,
    left: u64,
    sent: u64,
    /// Bytes of the queue that go first.
    before: usize,
}

impl Tcp {
    /// `[Descriptor, Offset, Length]`.
    pub(super) fn send_file(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        let (Ok(fd), Ok(offset), Ok(left)) = (
            data.get(..4).unwrap_or_default().try_into().map(i32::from_ne_bytes),
            data.get(4..12).unwrap_or_default().try_into().map(u64::from_be_bytes),
            data.get(12..).unwrap_or_default().try_into().map(u64::from_be_bytes),
        ) else {
            return Err(EINVAL);
        };
        if !self.connected() {
            return Err(NOT_CONNECTED);
        }
        if self.file.is_some() {
            return Err(EINVAL);
        }
        let duplicate = |e: Errno| Refused(girder_vm::sys::errno::name(e.raw_os_error()));
        let file = fcntl_dupfd_cloexec(descriptor::borrow(fd), 0).map_err(duplicate)?;
        let before = self.queue.len();
        self.file = Some(SendFile { file, caller: port.caller(), offset, left, sent: 0, before });
        self.write_file(port);
        Ok(Vec::new())
    }
    /// Goes on with the file.
    pub(super) fn write_file(&mut self, port: &mut DriverPort) {
        loop {
            let (Some(f), Some(fd)) = (&mut self.file, self.socket.fd()) else { return };
            let done = if f.before > 0 {
                let n = self.queue.write(fd, f.before).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO));
                n.map(|n| f.before -= n)
            } else if f.left > 0 {
                let mut offset = f.offset;
                sendfile(fd, &f.file, Some(&mut offset), f.left.min(CHUNK) as usize).map(|n| {
                    let n = n as u64;
                    (f.sent, f.offset) = (f.sent + n, f.offset + n);
                    // Nothing more: the file's end.
                    f.left = if n == 0 { 0 } else { f.left - n };
                })
            } else {
                return self.file_sent(port);
            };
            match done {
                Ok(()) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return self.socket.watch(port, true),
                Err(e) => {
                    let sender = self.busy_sender.take();
                    return self.output_failed(port, sender, Refused(girder_vm::sys::errno::name(e.raw_os_error())));
                }
            }
        }
    }
    fn file_sent(&mut self, port: &mut DriverPort) {
        let Some(f) = self.file.take() else { return };
        self.room(port);
        if self.queue.len() == 0 {
            self.written(port);
        } else {
            self.write(port);
        }
        let id = port.id();
        port.tell(f.caller, |b| {
            let sent = b.tuple(&[am::OK.into(), b.uint(f.sent & 0xffff_ffff), b.uint(f.sent >> 32)]);
            b.tuple(&[am::SENDFILE.into(), port_term(id), sent])
        });
    }
    /// The file under way, if there is one, ends with an error.
    pub(super) fn file_failed(&mut self, port: &DriverPort, reason: Atom) -> bool {
        let Some(f) = self.file.take() else { return false };
        let closed = [Errno::CONNRESET, Errno::NOTCONN, Errno::PIPE].into_iter().any(|e| posix(e) == reason);
        let reason = if closed { am::CLOSED } else { reason };
        let id = port.id();
        port.tell(f.caller, |b| {
            let error = b.tuple(&[am::ERROR.into(), reason.into()]);
            b.tuple(&[am::SENDFILE.into(), port_term(id), error])
        });
        true
    }
}
