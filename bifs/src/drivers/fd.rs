//! Ports over descriptors that are there already: `{fd, In, Out}`.
//!
//! The descriptors may block, and others may hold them too, so they are left as they are: input is read when the poll
//! thread says that there is some, and output is written by a thread of its own. Invariant: that thread takes everything
//! that waits, in order, and goes when nothing has come for some time; there is at most one for a port.

use std::any::Any;
use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use girder_vm::port::poll::{self, Mode};
use girder_vm::port::{self, Driver, DriverPort, Op, Request};
use girder_vm::sys::descriptor::borrow;
use girder_vm::{Atom, RawTerm, am};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, read, write};

use super::packet::Packets;
use super::stream::READ;
use super::{Started, posix};

/// Magic number in front of the operations of `port_control` that terminals know.
const TERMINAL: u32 = 0x018b_0900;
/// Window size.
const WINDOW_SIZE: u32 = TERMINAL + 100;

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

struct Writer {
    fd: RawFd,
    port: RawTerm,
    output: Mutex<Output>,
    /// Something has come, or everything is written.
    changed: Condvar,
}

/// The thread has written some, or cannot.
struct Progress;

impl Writer {
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Adds output; gives the bytes that wait.
    fn push(self: &Arc<Writer>, parts: &[&[u8]]) -> Result<usize, Errno> {
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
            let written = self.write(&bytes);
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
    fn write(&self, mut bytes: &[u8]) -> Result<(), Errno> {
        let fd = borrow(self.fd);
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
    fn queued(&self) -> usize {
        let o = self.lock();
        o.waiting.len() + o.taken
    }
    fn flush(&self) {
        let mut o = self.lock();
        while o.working && o.waiting.len() + o.taken > 0 {
            o = self.changed.wait(o).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

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
    let writer = |fd| Arc::new(Writer { fd, port: id, output: Mutex::default(), changed: Condvar::new() });
    Ok(Box::new(Fd { input, output: output.map(writer), packets: Packets::new(packet), ended: None }))
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
        let fds = self.output.as_ref().map(|w| w.fd).into_iter().chain(self.input);
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
        let (queued, error) = (w.queued(), w.lock().error);
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
        self.output.as_ref().map_or(0, |w| w.queued())
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
