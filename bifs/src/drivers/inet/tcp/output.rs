//! Output: written at once if nothing waits, else queued; senders wait while much is queued.
//!
//! Invariant: what is queued is written in order, whenever the descriptor takes it; the descriptor is watched for that
//! since the last write that it did not take whole.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use girder_vm::heap::Detached;
use girder_vm::port::{DriverPort, Output};
use girder_vm::sys::socket;
use girder_vm::{Atom, am, etf};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::{Shutdown, Tcp};
use crate::drivers::inet::Refused;
use crate::drivers::inet::messages::{self, port_term};
use crate::drivers::inet::packets::Kind;
use crate::drivers::inet::socket::Sender;

/// Most pieces written at a time.
const PIECES: usize = 1024;

/// Output that waits.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Output>,
    len: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.len
    }
    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }
    fn push(&mut self, o: Output) {
        if !o.is_empty() {
            self.len += o.len();
            self.waiting.push_back(o);
        }
    }
    fn consume(&mut self, mut n: usize) {
        self.len -= n;
        while let Some(first) = self.waiting.front_mut() {
            let part = n.min(first.len());
            first.consume(part);
            n -= part;
            if !first.is_empty() {
                return;
            }
            self.waiting.pop_front();
        }
    }
    /// Writes up to `most` bytes, at most once.
    pub(super) fn write(&mut self, fd: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
        let mut left = most;
        let mut pieces = Vec::with_capacity(self.waiting.len().min(PIECES));
        for s in self.waiting.iter().flat_map(Output::slices).take(PIECES) {
            let part = s.len().min(left);
            pieces.push(IoSlice::new(&s[..part]));
            left -= part;
            if left == 0 {
                break;
            }
        }
        let n = socket::send(fd, &pieces, None, &[])?;
        self.consume(n);
        Ok(n)
    }
    /// Writes everything, waiting for the other side.
    pub(super) fn flush(&mut self, fd: BorrowedFd<'_>) {
        while self.len > 0 {
            let ready = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None);
            let failed = |e: io::Error| e.kind() != io::ErrorKind::WouldBlock;
            if ready.is_err_and(|e| e != Errno::INTR) || self.write(fd, usize::MAX).is_err_and(failed) {
                self.clear();
            }
        }
    }
}

/// Whether what is sent begins with a tag that its answer is to carry.
fn tagged() -> bool {
    girder_vm::Profile::get().release > 25
}

/// Takes the tag off that stands before what is sent: a length of two bytes, and a term in the external format.
pub(in crate::drivers::inet) fn take_sender(port: &DriverPort, data: &mut Output) -> Result<Sender, Sender> {
    let caller = port.caller();
    let none = || Sender { caller, tag: None };
    if !tagged() {
        return Ok(none());
    }
    let tag = data
        .take(2)
        .and_then(|n| data.take(usize::from(u16::from_be_bytes([n[0], n[1]]))))
        .and_then(|bytes| decoded(&bytes));
    tag.map(|tag| Sender { caller, tag: Some(tag) }).ok_or_else(none)
}

fn decoded(bytes: &[u8]) -> Option<Detached> {
    let mut ok = false;
    let d = Detached::build(|b| match etf::decode(b, bytes, false) {
        Ok(t) => {
            ok = true;
            t.term
        }
        Err(_) => girder_vm::Term::NIL,
    });
    ok.then_some(d)
}

impl Tcp {
    /// A process sends something.
    pub(super) fn send(&mut self, port: &mut DriverPort, mut data: Output) {
        let sender = match take_sender(port, &mut data) {
            Ok(s) => s,
            Err(s) => return messages::reply(port, s, Err(am::EINVAL)),
        };
        if !self.connected() {
            let reason = match (self.late.send, self.late.reset) {
                (true, true) => am::ECONNRESET,
                (true, false) => am::CLOSED,
                _ => am::ENOTCONN,
            };
            self.late.send = false;
            return messages::reply(port, sender, Err(reason));
        }
        if self.pending_shutdown.is_some() {
            return self.output_failed(port, Some(sender), Refused("epipe"));
        }
        let len = data.len();
        let prefix = Kind::of(&self.socket.options).prefix(len);
        self.socket.statistics.sent(len + prefix.len());
        let waits = self.queue.len() > 0;
        if waits || self.file.is_some() || self.socket.options.delay_send || self.socket.ignored {
            let high = self.queue.len() + prefix.len() + len >= self.socket.options.high;
            self.queue.push(prefix.into());
            self.queue.push(data);
            if (waits || self.file.is_some()) && high {
                return self.sender_waits(port, sender);
            }
            if !waits && !self.socket.ignored {
                self.delayed = true;
                port.go_on();
            }
            return messages::reply(port, sender, Ok(()));
        }
        if len + prefix.len() > 0
            && let Err(e) = self.write_first(port, prefix, data)
        {
            return self.output_failed(port, Some(sender), e.into());
        }
        messages::reply(port, sender, Ok(()));
    }
    /// Writes, and queues what is not taken at once.
    fn write_first(&mut self, port: &mut DriverPort, prefix: Vec<u8>, data: Output) -> io::Result<()> {
        let Some(fd) = self.socket.fd() else { return Err(Errno::PIPE.into()) };
        let total = prefix.len() + data.len();
        let head = (!prefix.is_empty()).then_some(&prefix[..]);
        let pieces: Vec<_> = head.into_iter().chain(data.slices()).take(PIECES).map(IoSlice::new).collect();
        let sent = match socket::send(fd, &pieces, None, &[]) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
            Err(e) => return Err(e),
        };
        drop(pieces);
        if sent < total {
            self.queue.push(prefix.into());
            self.queue.push(data);
            self.queue.consume(sent);
            self.write(port);
        }
        Ok(())
    }
    fn sender_waits(&mut self, port: &mut DriverPort, sender: Sender) {
        if self.socket.options.send_timeout == Some(0) {
            return messages::reply(port, sender, Err(am::TIMEOUT));
        }
        self.socket.busy = true;
        self.busy_sender = Some(sender);
        port.set_busy(true);
        self.send_timer = self.socket.options.send_timeout.map(|ms| self.timer(port, ms.into()));
    }
    /// No sender waits any more: the one who did, if any.
    fn release_sender(&mut self, port: &mut DriverPort) -> Option<Sender> {
        self.send_timer = None;
        self.socket.busy = false;
        port.set_busy(false);
        self.busy_sender.take()
    }
    pub(super) fn send_timed_out(&mut self, port: &mut DriverPort) {
        // The port does not stay busy, or the next sender would wait without a timer.
        if let Some(s) = self.release_sender(port) {
            messages::reply(port, s, Err(am::TIMEOUT));
        }
        if self.socket.options.send_timeout_close {
            self.close();
        }
    }
    /// Writes what waits, as much as is taken.
    pub(super) fn write(&mut self, port: &mut DriverPort) {
        if self.file.is_some() {
            return self.write_file(port);
        }
        while self.queue.len() > 0 {
            let Some(fd) = self.socket.fd() else { return };
            match self.queue.write(fd, usize::MAX) {
                Ok(_) => self.room(port),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return self.socket.watch(port, true),
                Err(e) => {
                    let sender = self.busy_sender.take();
                    return self.output_failed(port, sender, e.into());
                }
            }
        }
        self.written(port);
    }
    /// The queue has become shorter.
    pub(super) fn room(&mut self, port: &mut DriverPort) {
        if self.socket.busy
            && self.queue.len() <= self.socket.options.low
            && let Some(s) = self.release_sender(port)
        {
            messages::reply(port, s, Ok(()));
        }
    }
    /// Nothing waits to be written any more.
    pub(super) fn written(&mut self, port: &mut DriverPort) {
        let id = port.id();
        for s in std::mem::take(&mut self.socket.subscribers) {
            port.tell(s, |b| b.tuple(&[am::EMPTY_OUT_Q.into(), port_term(id)]));
        }
        if let (Some(how), Some(fd)) = (self.pending_shutdown, self.socket.fd()) {
            match socket::shut_down(fd, if how == Shutdown::Write { 1 } else { 2 }) {
                Ok(()) => self.shut = true,
                Err(e) => self.output_failed(port, None, e.into()),
            }
        }
    }
    /// A sender that waits, and a file under way, end with an error; whether there was one.
    pub(super) fn refuse_output(&mut self, port: &mut DriverPort, sender: Atom, file: Atom) -> bool {
        let mut told = false;
        if self.socket.busy {
            self.queue.clear();
            if let Some(s) = self.release_sender(port) {
                messages::reply(port, s, Err(sender));
                told = true;
            }
        }
        self.file_failed(port, file) || told
    }
    /// Output cannot go on: the connection is at its end.
    pub(super) fn output_failed(&mut self, port: &mut DriverPort, sender: Option<Sender>, why: Refused) {
        // A pipe that is broken, unless by us, means that the other side has reset the connection.
        let broken = why == Refused("epipe") && !self.shut && self.pending_shutdown.is_none();
        let reset = (broken || why == Refused("econnreset")) && self.socket.options.show_econnreset;
        let waited = self.release_sender(port);
        let sender = sender.or(waited);
        let reason = if reset { am::ECONNRESET } else { am::CLOSED };
        let file = self.file_failed(port, if broken { am::CLOSED } else { why.atom() });
        if self.socket.options.active.on() {
            if reset {
                messages::error_event(port, am::TCP_ERROR, am::ECONNRESET);
            }
            self.tell_closed(port);
            if let Some(s) = sender {
                messages::reply(port, s, Err(reason));
            }
            if self.socket.options.exit_on_close {
                self.exit(port, am::NORMAL);
            } else {
                self.close();
            }
            return;
        }
        self.answer_all(port);
        match sender {
            Some(s) => messages::reply(port, s, Err(reason)),
            // After OTP 25 the next sender hears of the end even if the file's sender has.
            None => self.late.send |= !file || girder_vm::Profile::get().release > 25,
        }
        self.close();
        self.late.receive = true;
        self.late.reset |= reset;
    }
}
