//! Ports over descriptors that are there already: `{fd, In, Out}`.
//!
//! The descriptors may block, and others may hold them too, so they are left as they are: input is read when the poll
//! thread says that there is some, and output is written by a thread of its own. Invariant: the port ends only when
//! its output is written, or cannot be.

use std::any::Any;
use std::os::fd::RawFd;
use std::sync::Arc;

use girder_vm::port::poll::{self, Mode};
use girder_vm::port::{Driver, DriverPort};
use girder_vm::sys::descriptor::borrow;
use girder_vm::{Atom, am};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read};

use super::packet::Packets;
use super::stream::READ;
use super::writer::{Progress, Writer};
use super::{Started, posix};

/// Magic number in front of the operations of `port_control` that terminals know.
pub(super) const TERMINAL: u32 = 0x018b_0900;
/// Window size.
pub(super) const WINDOW_SIZE: u32 = TERMINAL + 100;

struct Fd {
    input: Option<RawFd>,
    output: Option<Arc<Writer>>,
    packets: Packets,
    /// Input has ended, or failed, while output was waiting.
    ended: Option<Result<(), Atom>>,
}

/// The driver of a port over these descriptors.
pub(crate) fn start(port: &DriverPort, input: Option<RawFd>, output: Option<RawFd>, packet: usize) -> Started {
    if let Some(fd) = input {
        port.select(borrow(fd), Mode::Read);
    }
    let id = port.id();
    Ok(Box::new(Fd { input, output: output.map(|fd| Writer::new(fd, id)), packets: Packets::new(packet), ended: None }))
}

impl Fd {
    fn end(&mut self, port: &mut DriverPort, how: Result<(), Atom>) {
        self.input = None;
        if self.queued() > 0 {
            self.ended = Some(how);
            return;
        }
        match how {
            Ok(()) => port.eof(),
            Err(e) => port.fail(e),
        }
    }
}

impl Driver for Fd {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        let Some(length) = self.packets.length(data.len()) else { return port.fail(am::EINVAL) };
        match self.output.as_ref().map(|w| w.push(&[&length, &data])) {
            Some(Ok(queued)) => port.note_queued(queued),
            Some(Err(e)) => port.fail(posix(e)),
            None => port.fail(posix(Errno::BADF)),
        }
    }
    fn control(&mut self, _: &mut DriverPort, command: u32, _: &[u8]) -> Option<Vec<u8>> {
        if command != WINDOW_SIZE {
            return None;
        }
        let fds = self.output.as_ref().map(|w| w.fd()).into_iter().chain(self.input);
        let size = fds.map(borrow).find_map(|fd| rustix::termios::tcgetwinsize(fd).ok())?;
        Some([u32::from(size.ws_col).to_ne_bytes(), u32::from(size.ws_row).to_ne_bytes()].concat())
    }
    fn ready_input(&mut self, port: &mut DriverPort) {
        let Some(fd) = self.input else { return };
        let mut buffer = Vec::with_capacity(READ);
        match read(borrow(fd), spare_capacity(&mut buffer)) {
            Ok(0) => return self.end(port, Ok(())),
            Ok(_) => self.packets.feed(&buffer, |p| port.deliver(p)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(e) => return self.end(port, Err(posix(e))),
        }
        port.select(borrow(fd), Mode::Read);
    }
    fn notice(&mut self, port: &mut DriverPort, what: Box<dyn Any + Send>) {
        let Some(w) = self.output.as_ref().filter(|_| what.is::<Progress>()) else { return };
        let (queued, error) = w.state();
        port.note_queued(queued);
        if let Some(e) = error {
            return port.fail(posix(e));
        }
        if queued == 0
            && let Some(how) = self.ended.take()
        {
            self.end(port, how);
        }
    }
    fn queued(&self) -> usize {
        self.output.as_ref().map_or(0, |w| w.state().0)
    }
    fn flush(&mut self) {
        if let Some(w) = &self.output {
            w.flush();
        }
    }
    fn stop(&mut self, _: &mut DriverPort) {
        if let Some(fd) = self.input {
            poll::forget(borrow(fd));
        }
    }
    fn locking(&self) -> &'static str {
        "driver_level"
    }
}
