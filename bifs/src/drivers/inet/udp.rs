//! `udp_inet`: datagram sockets, of the internet and of this host.
//!
//! Invariant: the descriptor is watched edge-triggered; who wants a datagram looks until there is none, or until it has
//! had its share of a turn.

use std::cell::RefCell;
use std::io::{self, IoSlice};

use girder_vm::heap::Builder;
use girder_vm::port::poll::Readiness;
use girder_vm::port::{Driver, DriverPort, Output};
use girder_vm::sys::socket::{self, Address, Control, Name, Received};
use girder_vm::timer::PortTimer;
use girder_vm::{Atom, Term, am};

use super::messages::{self, Bytes, port_term};
use super::options::{TCLASS, TOS, TTL, control_messages, control_option};
use super::socket::{Socket, State};
use super::tcp::{delivered_one, take_sender};
use super::{Answer, BAD_PORT, EINVAL, Operation, Protocol, Refused, address, common, i32_at, timeout_at};
use crate::drivers::Started;

/// Most memory that a thread keeps for datagrams.
const KEPT: usize = 64 << 10;

thread_local! {
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Udp {
    socket: Socket,
    /// The address that is connected to.
    remote: Option<Address>,
    timer: Option<(u32, PortTimer)>,
    timers: u32,
    /// No datagram was there at the last look.
    drained: bool,
}

/// The driver of a new socket.
pub(crate) fn start(_: &mut DriverPort, _: &[u8], _: bool, _: bool) -> Started {
    Ok(Box::new(Udp { socket: Socket::new(false), remote: None, timer: None, timers: 0, drained: false }))
}

impl Udp {
    fn opened(&mut self, port: &mut DriverPort) {
        self.drained = false;
        self.remote = None;
        if self.socket.options.active.on() {
            self.read(port);
        }
    }
    /// The descriptor is given up; who waits for a datagram hears of it.
    fn close(&mut self, port: &DriverPort) {
        self.timer = None;
        if let Some(w) = self.socket.waiting.take() {
            messages::answer_error(port, &w, am::CLOSED);
        }
        self.socket.close();
    }
    /// Sets where datagrams go and whose are heard; none: anybody's.
    fn connect(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        let fd = self.socket.fd().filter(|_| self.socket.state.is_open()).ok_or(BAD_PORT)?;
        if data.is_empty() {
            let _ = socket::connect(fd, &Address::none());
            (self.remote, self.socket.state) = (None, State::Open);
        } else {
            if data.len() < 6 {
                return Err(EINVAL);
            }
            let to = address::take(self.socket.family, &mut &data[4..])?;
            if self.remote.is_some() {
                // Or the address that datagrams come from would stay as it is.
                let _ = socket::connect(fd, &Address::none());
            }
            if let Err(e) = socket::connect(fd, &to) {
                let _ = socket::connect(fd, &Address::none());
                (self.remote, self.socket.state) = (None, State::Open);
                return Err(e.into());
            }
            (self.remote, self.socket.state) = (Some(to), State::Connected);
        }
        let id = self.socket.wait(port.caller()).ok_or(Refused("ealready"))?;
        if let Some(w) = self.socket.waiting.take() {
            messages::answer(port, &w, |_| am::OK.into());
        }
        Ok(id.to_be_bytes().to_vec())
    }
    fn receive(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        if !self.socket.state.is_open() {
            return Err(BAD_PORT);
        }
        if self.socket.options.active.on() || data.len() != 8 {
            return Err(EINVAL);
        }
        let timeout = timeout_at(data, 0)?;
        let id = self.socket.wait(port.caller()).ok_or(Refused("ealready"))?;
        self.read(port);
        if self.socket.waiting.is_some()
            && let Some(ms) = timeout
        {
            self.timers = self.timers.wrapping_add(1);
            self.timer = Some((self.timers, port.start_timer(ms, self.timers)));
        }
        Ok(id.to_be_bytes().to_vec())
    }
    fn set_options(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        let before = self.socket.options.active.on();
        let mut options = std::mem::take(&mut self.socket.options);
        let set = options.set(self.socket.subject(), data);
        self.socket.options = options;
        if set?.passive {
            messages::event(port, am::UDP_PASSIVE);
        }
        if self.socket.options.active.on() && !before && self.socket.state.is_open() {
            self.read(port);
        }
        Ok(Vec::new())
    }
    fn wants_input(&self) -> bool {
        self.socket.state.is_open() && (self.socket.options.active.on() || self.socket.waiting.is_some())
    }
    /// Delivers datagrams as long as somebody wants some, up to the number of a turn.
    fn read(&mut self, port: &mut DriverPort) {
        for _ in 0..self.socket.options.read_packets {
            if !self.wants_input() {
                return;
            }
            if self.drained {
                return self.socket.watch(port, false);
            }
            MEMORY.with_borrow_mut(|memory| {
                if memory.len() < self.socket.options.buffer {
                    memory.resize(self.socket.options.buffer, 0);
                }
                match self.receive_one(&mut memory[..self.socket.options.buffer]) {
                    Ok(received) => {
                        self.socket.statistics.received(received.len);
                        port.count_input(received.len);
                        self.deliver(port, &received, &memory[..received.len]);
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.drained = true,
                    Err(e) => self.failed(port, Refused::from(e).atom()),
                }
                if memory.len() > KEPT {
                    *memory = Vec::new();
                }
            });
        }
        if self.wants_input() {
            port.go_on();
        }
    }
    fn receive_one(&self, data: &mut [u8]) -> io::Result<Received> {
        let fd = self.socket.fd().ok_or(io::ErrorKind::WouldBlock)?;
        if let Some(from) = self.remote {
            return Ok(Received { len: socket::receive(fd, data)?, from, control: Vec::new() });
        }
        socket::receive_message(fd, data, self.socket.options.control != 0)
    }
    fn deliver(&mut self, port: &mut DriverPort, r: &Received, data: &[u8]) {
        let o = &self.socket.options;
        let with_control = o.control != 0;
        if o.active.on() {
            let id = port.id();
            let bytes = Bytes::Copied(data);
            if o.deliver_term {
                port.tell(port.connected(), |b| {
                    let (ip, number) = address_terms(b, &r.from);
                    let mut t = vec![am::UDP.into(), port_term(id), ip, number];
                    if with_control {
                        t.push(control_list(b, &r.control));
                    }
                    t.push(bytes.term(b, o));
                    b.tuple(&t)
                });
            } else {
                let all = [&address::encode(&r.from), data].concat();
                port.send(port.connected(), |b| b.tuple(&[am::DATA.into(), Bytes::Copied(&all).term(b, o)]));
            }
            let (active, last) = delivered_one(o.active);
            self.socket.options.active = active;
            if last {
                messages::event(port, am::UDP_PASSIVE);
            }
        } else if let Some(w) = self.socket.waiting.take() {
            self.timer = None;
            let head = address::encode(&r.from);
            let all = [&head, data].concat();
            messages::answer(port, &w, |b| {
                let t = Bytes::Copied(&all).with_header(b, o, o.header + head.len());
                let t = if with_control { b.tuple(&[t, control_list(b, &r.control)]) } else { t };
                b.tuple(&[am::OK.into(), t])
            });
        }
    }
    fn failed(&mut self, port: &mut DriverPort, reason: Atom) {
        if self.socket.options.active.on() {
            messages::error_event(port, am::UDP_ERROR, reason);
        } else if let Some(w) = self.socket.waiting.take() {
            self.timer = None;
            messages::answer_error(port, &w, reason);
        }
    }
    /// An address, options, and the datagram's bytes.
    fn send(&mut self, data: &[u8]) -> Result<(), Refused> {
        if !self.socket.state.is_open() {
            return Err(EINVAL);
        }
        let mut rest = data;
        let to = address::take(self.socket.family, &mut rest)?;
        let len = usize::try_from(i32_at(rest, 0)?).map_err(|_| EINVAL)?;
        let (control, payload) = rest[4..].split_at_checked(len).ok_or(EINVAL)?;
        let control = control_messages(control)?;
        self.socket.statistics.sent(payload.len());
        let to = if self.remote.is_some() { None } else { Some(&to) };
        socket::send(self.socket.fd().ok_or(EINVAL)?, &[IoSlice::new(payload)], to, &control)?;
        Ok(())
    }
}

/// An address as the terms of a message.
fn address_terms<'s>(b: &Builder<'s>, a: &Address) -> (Term<'s>, Term<'s>) {
    let pair = |family: Atom, path: &[u8]| (b.tuple(&[family.into(), b.binary(path)]), Term::small(0));
    match a.get() {
        Name::V4(port, ip) => (b.tuple(&ip.map(|n| Term::small(n.into()))), Term::small(port.into())),
        Name::V6(port, ip) => {
            let words: Vec<_> = ip.chunks(2).map(|w| Term::small(i32::from(w[0]) << 8 | i32::from(w[1]))).collect();
            (b.tuple(&words), Term::small(port.into()))
        }
        Name::Local(path) => pair(am::LOCAL, path),
        Name::Unspecified => pair(am::UNSPEC, &[]),
        Name::Other => pair(am::UNDEFINED, &[]),
    }
}

/// Control data as options.
fn control_list<'s>(b: &Builder<'s>, control: &[Control]) -> Term<'s> {
    b.list_from(control.iter().filter_map(|c| {
        let name = match control_option(*c)? {
            TOS => am::TOS,
            TTL => am::TTL,
            TCLASS => am::TCLASS,
            _ => return None,
        };
        Some(b.tuple(&[name.into(), b.int(c.2)]))
    }))
}

impl Protocol for Udp {
    fn request(&mut self, port: &mut DriverPort, operation: Operation, data: &[u8]) -> Answer {
        match operation {
            Operation::Open => {
                let done = common::open(&mut self.socket, data, socket::IPPROTO_UDP)?;
                self.opened(port);
                Ok(done)
            }
            Operation::OpenDescriptor => {
                let done = common::open_descriptor(&mut self.socket, data)?;
                self.opened(port);
                Ok(done)
            }
            Operation::Close => {
                self.close(port);
                Ok(Vec::new())
            }
            Operation::Connect => self.connect(port, data),
            Operation::ReceivePacket => self.receive(port, data),
            Operation::SetOptions => self.set_options(port, data),
            _ => common::request(&mut self.socket, port, operation, data, 0),
        }
    }
}

impl Driver for Udp {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        let mut data = Output::from(data);
        let sender = take_sender(port, &mut data);
        let data = data.into_bytes();
        match sender {
            Ok(s) => {
                let done = self.send(&data).map_err(Refused::atom);
                messages::reply(port, s, done);
            }
            Err(s) => messages::reply(port, s, Err(am::EINVAL)),
        }
    }
    fn control(&mut self, port: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
        super::control(self, port, command, data)
    }
    fn ready(&mut self, port: &mut DriverPort, what: Readiness) {
        if what.readable() {
            self.drained = false;
        }
        self.read(port);
    }
    fn timeout(&mut self, port: &mut DriverPort, number: u32) {
        if self.timer.as_ref().is_some_and(|(n, _)| *n == number) {
            self.timer = None;
            if let Some(w) = self.socket.waiting.take() {
                messages::answer_error(port, &w, am::TIMEOUT);
            }
        }
    }
    fn stop(&mut self, port: &mut DriverPort) {
        self.close(port);
    }
    fn soft_busy(&self) -> bool {
        true
    }
}
