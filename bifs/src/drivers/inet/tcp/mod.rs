//! `tcp_inet`: stream sockets, of the internet and of this host.
//!
//! The descriptor is watched edge-triggered: [`Tcp::drained`] says that the last look found nothing more, so that the
//! next look waits for an event. Invariants: a request that is answered later is answered exactly once, also by the
//! end of the connection or of the port; a sender is answered when its output is written or queued, a busy one when
//! there is room again.

mod accept;
mod connect;
mod input;
mod output;
mod send_file;

use std::collections::VecDeque;

use girder_vm::port::poll::Readiness;
use girder_vm::port::{Driver, DriverPort, Output};
use girder_vm::sys::socket;
use girder_vm::timer::PortTimer;
use girder_vm::{Atom, RawTerm, am};

use super::options::Active;
use super::socket::{Sender, Socket, State};
use super::{
    Answer, BAD_PORT, EINVAL, NOT_CONNECTED, Operation, Protocol, Refused, common, i32_at, messages, timeout_at,
};
use crate::drivers::Started;
use accept::Acceptor;
use input::Input;
use output::Queue;
pub(super) use output::take_sender;
use send_file::SendFile;

/// A timer of the driver's, told from earlier ones by its number.
struct Timer {
    number: u32,
    _timer: PortTimer,
}

/// What the other side's end is to be told as, to who asks later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Late {
    /// The next receiver hears of it.
    receive: bool,
    /// The next sender hears of it.
    send: bool,
    /// As a reset, not as a close.
    reset: bool,
}

/// What happens to the output side when everything is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shutdown {
    Write,
    Both,
}

/// See the module's head.
struct Tcp {
    socket: Socket,
    input: Input,
    queue: Queue,
    acceptors: VecDeque<Acceptor>,
    file: Option<SendFile>,
    /// Who waits for the queue to become shorter.
    busy_sender: Option<Sender>,
    receive_timer: Option<Timer>,
    connect_timer: Option<Timer>,
    send_timer: Option<Timer>,
    timers: u32,
    /// Nothing was left when input was looked at last, and no event has come since.
    drained: bool,
    /// The other side has closed, or an error waits: input ends in something other than "nothing now".
    hung_up: bool,
    /// Input has ended, and nobody has asked for more since.
    input_off: bool,
    /// `tcp_closed` was sent.
    closed_sent: bool,
    late: Late,
    pending_shutdown: Option<Shutdown>,
    /// Output was ended by us.
    shut: bool,
    /// Output waits for the next turn (`delay_send`).
    delayed: bool,
}

/// The driver of a new socket.
pub(crate) fn start(_: &mut DriverPort, _: &[u8], _: bool, _: bool) -> Started {
    Ok(Box::new(Tcp::new(Socket::new(true))))
}

impl Tcp {
    fn new(socket: Socket) -> Tcp {
        Tcp {
            socket,
            input: Input::default(),
            queue: Queue::default(),
            acceptors: VecDeque::new(),
            file: None,
            busy_sender: None,
            receive_timer: None,
            connect_timer: None,
            send_timer: None,
            timers: 0,
            drained: false,
            hung_up: false,
            input_off: false,
            closed_sent: false,
            late: Late::default(),
            pending_shutdown: None,
            shut: false,
            delayed: false,
        }
    }
    fn connected(&self) -> bool {
        self.socket.state == State::Connected
    }
    fn timer(&mut self, port: &DriverPort, ms: u64) -> Timer {
        self.timers = self.timers.wrapping_add(1);
        Timer { number: self.timers, _timer: port.start_timer(ms, self.timers) }
    }
    /// Who waits for a connection or for input gets this.
    fn answer_waiting(&mut self, port: &DriverPort, reason: Atom) {
        if let Some(w) = self.socket.waiting.take() {
            messages::answer_error(port, &w, reason);
        }
    }
    /// The descriptor is given up, with what waits to be written.
    fn close(&mut self) {
        self.input.clear();
        self.queue.clear();
        self.file = None;
        self.drained = false;
        self.hung_up = false;
        self.socket.close();
    }
    /// The other side is heard no more: with `exit_on_close` the descriptor is given up, too.
    fn close_input(&mut self) {
        if self.socket.options.exit_on_close {
            self.close();
        } else {
            self.input_off = true;
        }
    }
    fn tell_closed(&mut self, port: &DriverPort) {
        if !std::mem::replace(&mut self.closed_sent, true) {
            messages::event(port, am::TCP_CLOSED);
        }
    }
    /// The port ends as one whose connection is closed.
    fn exit(&mut self, port: &mut DriverPort, reason: Atom) {
        self.input_off = true;
        port.exit(reason);
    }
    /// An end of the connection that a receiver or sender has not been told.
    fn take_late(&mut self) -> Refused {
        self.late.send = false;
        self.late.receive = false;
        if std::mem::take(&mut self.late.reset) { Refused("econnreset") } else { Refused("closed") }
    }
    fn set_options(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        let before = (self.socket.options.active.on(), self.socket.options.packet);
        let mut options = std::mem::take(&mut self.socket.options);
        let set = options.set(self.socket.subject(), data);
        self.socket.options = options;
        let changes = set?;
        if changes.passive {
            messages::event(port, am::TCP_PASSIVE);
        }
        let active = self.socket.options.active.on();
        if active && self.socket.state == State::Closed {
            if std::mem::take(&mut self.late.reset) {
                messages::error_event(port, am::TCP_ERROR, am::ECONNRESET);
            }
            self.tell_closed(port);
            if self.socket.options.exit_on_close {
                self.exit(port, am::NORMAL);
            }
            return Ok(Vec::new());
        }
        if active && self.connected() && before != (true, self.socket.options.packet) {
            self.input_off &= before.0;
            self.read(port);
        }
        Ok(Vec::new())
    }
    fn receive_request(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        /// Longest input that can be asked for.
        const MAX: i32 = 0x400_0000;
        if !self.connected() {
            return Err(if self.late.receive { self.take_late() } else { NOT_CONNECTED });
        }
        if self.socket.options.active.on() || data.len() != 8 {
            return Err(EINVAL);
        }
        let (timeout, length) = (timeout_at(data, 0)?, i32_at(data, 4)?);
        if length != 0 && !self.input.is_raw(&self.socket.options) {
            return Err(EINVAL);
        }
        if !(0..=MAX).contains(&length) {
            return Err(Refused("enomem"));
        }
        let id = self.socket.wait(port.caller()).ok_or(Refused("ealready"))?;
        self.input_off = false;
        self.receive(port, length as usize, timeout);
        Ok(id.to_be_bytes().to_vec())
    }
    fn shut_down(&mut self, data: &[u8]) -> Answer {
        if !self.connected() {
            return Err(NOT_CONNECTED);
        }
        let &[how @ 0..=2] = data else { return Err(EINVAL) };
        if how != 0 && self.queued() > 0 {
            self.pending_shutdown = Some(if how == 1 { Shutdown::Write } else { Shutdown::Both });
            return Ok(Vec::new());
        }
        let fd = self.socket.fd().ok_or(NOT_CONNECTED)?;
        if let Err(e) = socket::shut_down(fd, how.into()) {
            self.shut |= how != 0;
            return Err(e.into());
        }
        Ok(Vec::new())
    }
}

impl Protocol for Tcp {
    fn request(&mut self, port: &mut DriverPort, operation: Operation, data: &[u8]) -> Answer {
        match operation {
            Operation::Open => common::open(&mut self.socket, data, socket::IPPROTO_TCP),
            Operation::OpenDescriptor => common::open_descriptor(&mut self.socket, data),
            Operation::Listen => {
                let fd = self.socket.fd().filter(|_| self.socket.state.is_open()).ok_or(BAD_PORT)?;
                let &[b1, b0] = data else { return Err(EINVAL) };
                socket::listen(fd, i16::from_be_bytes([b1, b0]).into())?;
                self.socket.state = State::Listening;
                Ok(Vec::new())
            }
            Operation::Connect => self.connect(port, data),
            Operation::Accept => self.accept(port, data),
            Operation::Close => {
                self.answer_all(port);
                self.close();
                Ok(Vec::new())
            }
            Operation::SetOptions => self.set_options(port, data),
            Operation::Receive => self.receive_request(port, data),
            Operation::Unreceive => {
                if !self.connected() {
                    return Err(NOT_CONNECTED);
                }
                self.input.push_front(data);
                if self.socket.options.active.on() {
                    self.read(port);
                }
                Ok(Vec::new())
            }
            Operation::Shutdown => self.shut_down(data),
            Operation::SendFile => self.send_file(port, data),
            _ => {
                let queued = self.queue.len();
                let ignored = self.socket.ignored;
                let done = common::request(&mut self.socket, port, operation, data, queued);
                // What was sent while the descriptor was somebody else's.
                self.delayed |= ignored && !self.socket.ignored;
                done
            }
        }
    }
}

impl Tcp {
    /// The connection or the port ends: everybody who waits hears of it.
    fn answer_all(&mut self, port: &mut DriverPort) {
        for a in std::mem::take(&mut self.acceptors) {
            a.refuse(port, am::CLOSED);
        }
        if self.socket.state == State::Accepting {
            self.socket.state = State::Listening;
        }
        self.answer_waiting(port, am::CLOSED);
        self.receive_timer = None;
        self.connect_timer = None;
        self.send_timer = None;
    }
}

impl Driver for Tcp {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        self.output_pieces(port, data.into());
    }
    fn is_vectored(&self) -> bool {
        true
    }
    fn output_pieces(&mut self, port: &mut DriverPort, data: Output) {
        self.send(port, data);
    }
    fn control(&mut self, port: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
        super::control(self, port, command, data)
    }
    fn ready(&mut self, port: &mut DriverPort, what: Readiness) {
        if what.readable() {
            self.drained = false;
        }
        self.hung_up |= what.hung_up();
        match self.socket.state {
            State::Connecting if what.writable() || what.hung_up() => self.connect_done(port),
            State::Accepting => self.accept_waiting(port),
            State::Connected if !self.socket.ignored => {
                if what.writable() || self.delayed {
                    self.delayed = false;
                    self.write(port);
                }
                self.read(port);
            }
            _ => {}
        }
    }
    fn timeout(&mut self, port: &mut DriverPort, number: u32) {
        let is = |t: &Option<Timer>| t.as_ref().is_some_and(|t| t.number == number);
        if is(&self.receive_timer) {
            self.receive_timer = None;
            self.input.stop_waiting();
            self.answer_waiting(port, am::TIMEOUT);
        } else if is(&self.send_timer) {
            self.send_timed_out(port);
        } else if is(&self.connect_timer) {
            self.connect_timer = None;
            self.close();
            self.answer_waiting(port, am::TIMEOUT);
        } else {
            self.accept_timed_out(port, number);
        }
    }
    fn exited(&mut self, _: &mut DriverPort, pid: RawTerm) {
        self.acceptor_exited(pid);
    }
    fn queued(&self) -> usize {
        self.queue.len()
    }
    fn closing(&mut self, _: &mut DriverPort) {
        if self.socket.options.linger_zero || self.file.is_some() || !self.connected() {
            self.queue.clear();
        }
    }
    fn flush(&mut self) {
        if let Some(fd) = self.socket.fd() {
            self.queue.flush(fd);
        }
    }
    fn stop(&mut self, port: &mut DriverPort) {
        self.answer_all(port);
        self.close();
    }
    fn soft_busy(&self) -> bool {
        true
    }
}

/// What is still delivered: as many packets as the program has asked for.
pub(super) fn delivered_one(active: Active) -> (Active, bool) {
    match active {
        Active::Once | Active::Times(..=1) => (Active::No, active != Active::Once),
        Active::Times(n) => (Active::Times(n - 1), false),
        a => (a, false),
    }
}
