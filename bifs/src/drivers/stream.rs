//! [`Stream`]: a port over descriptors of its own: pipes to a program, or a file.
//!
//! Invariant: the descriptors do not block. Input is asked for again only after what came before was delivered.

use std::any::Any;
use std::os::fd::AsFd;

use girder_vm::am;
use girder_vm::port::poll::{Mode, Watched};
use girder_vm::port::{Driver, DriverPort};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read};

use super::child::Ended;
use super::packet::Packets;
use super::posix;
use super::queue::Queue;

/// Most bytes read at a time.
pub(super) const READ: usize = 64 << 10;

/// What is known about the end of the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Nobody wants to know.
    Unwanted,
    /// It runs; `true`: its output has ended.
    Awaited(bool),
    /// It has ended.
    Known(i32),
}

/// See the module's head.
pub(crate) struct Stream {
    input: Option<Watched>,
    output: Option<Watched>,
    packets: Packets,
    queue: Queue,
    status: Status,
    locking: &'static str,
}

impl Stream {
    /// A port that reads from `input` and writes to `output`, with lengths of `packet` bytes; `report`: it tells the
    /// exit status of its program.
    pub(crate) fn new(
        port: &DriverPort,
        input: Option<Watched>,
        output: Option<Watched>,
        packet: usize,
        report: bool,
    ) -> Stream {
        if let Some(i) = &input {
            port.select(i.as_fd(), Mode::Read);
        }
        let status = if report { Status::Awaited(false) } else { Status::Unwanted };
        let packets = Packets::new(packet);
        Stream { input, output, packets, queue: Queue::default(), status, locking: "port_level" }
    }
    /// As a driver whose ports share a lock.
    pub(crate) fn driver_level(self) -> Stream {
        Stream { locking: "driver_level", ..self }
    }
    fn end(&mut self, port: &mut DriverPort) {
        self.input = None;
        match self.status {
            Status::Awaited(_) => self.status = Status::Awaited(true),
            Status::Known(n) => {
                port.report_exit(n);
                port.eof();
            }
            Status::Unwanted => port.eof(),
        }
    }
    fn write(&mut self, port: &mut DriverPort) {
        let Some(fd) = &self.output else { return port.fail(posix(Errno::BADF)) };
        match self.queue.write(fd) {
            Ok(()) if self.queue.len() > 0 => port.select(fd.as_fd(), Mode::Write),
            Ok(()) => {}
            Err(e) => {
                self.queue = Queue::default();
                port.fail(posix(e));
            }
        }
        port.note_queued(self.queue.len());
    }
}

impl Driver for Stream {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        let Some(length) = self.packets.length(data.len()) else { return port.fail(am::EINVAL) };
        let waiting = self.queue.len() > 0;
        self.queue.push(&length);
        self.queue.push(&data);
        if waiting {
            port.note_queued(self.queue.len());
        } else {
            self.write(port);
        }
    }
    fn ready_input(&mut self, port: &mut DriverPort) {
        let Some(fd) = &self.input else { return };
        let mut buffer = Vec::with_capacity(READ);
        match read(fd, spare_capacity(&mut buffer)) {
            Ok(0) => return self.end(port),
            Ok(_) => self.packets.feed(&buffer, |p| port.deliver(p)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(e) => return port.fail(posix(e)),
        }
        port.select(fd.as_fd(), Mode::Read);
    }
    fn ready_output(&mut self, port: &mut DriverPort) {
        self.write(port);
    }
    fn notice(&mut self, port: &mut DriverPort, what: Box<dyn Any + Send>) {
        let Ok(ended) = what.downcast::<Ended>() else { return };
        match self.status {
            Status::Awaited(true) => {
                port.report_exit(ended.0);
                port.eof();
            }
            Status::Awaited(false) => self.status = Status::Known(ended.0),
            _ => {}
        }
    }
    fn queued(&self) -> usize {
        self.queue.len()
    }
    fn flush(&mut self) {
        if let Some(fd) = &self.output {
            self.queue.flush(fd);
        }
    }
    fn locking(&self) -> &'static str {
        self.locking
    }
}
