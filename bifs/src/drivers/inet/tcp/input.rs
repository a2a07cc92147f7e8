//! Input: reading, finding packets, delivering them.
//!
//! What comes is read into memory of the thread and copied to where it goes if it is little; else into a binary that
//! is handed over when a packet fills most of it. Invariant: `wanted` bytes are missing to the packet, or to the length that was
//! asked for, if it is not 0; a buffer without bytes is given up, so a connection at rest has none.

use std::cell::RefCell;
use std::io;

use girder_vm::heap::{Buffer, Builder};
use girder_vm::port::DriverPort;
use girder_vm::sys::socket;
use girder_vm::{Atom, RawTerm, Term, am};

use super::{Tcp, delivered_one};
use crate::drivers::inet::Refused;
use crate::drivers::inet::messages::{self, Bytes, port_term};
use crate::drivers::inet::options::Options;
use crate::drivers::inet::packets::{First, Kind};

/// Largest read that goes into the thread's own memory first.
const SCRATCH: usize = 16 << 10;
/// Reads in one turn.
const READS: usize = 16;

thread_local! {
    static MEMORY: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into());
}

/// See the module's head.
#[derive(Default)]
pub(super) struct Input {
    buffer: Option<Buffer>,
    /// Bytes that are missing, if that is known.
    wanted: usize,
    /// Bytes that the buffer may grow to while a packet's size is not known.
    size: usize,
    /// The next line of an HTTP message is a header.
    in_headers: bool,
}

/// What reading came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// Something was delivered.
    Delivered,
    /// More is needed, and may be there.
    More,
    /// Nothing is there.
    Nothing,
    /// The connection, or its input, has ended.
    Ended,
}

/// Input cannot go on.
enum Stop {
    /// No packet is like this, or as large.
    Wrong,
}

impl Input {
    pub(super) fn clear(&mut self) {
        self.buffer = None;
        self.wanted = 0;
    }
    /// Whether it comes as it is, without packets.
    pub(super) fn is_raw(&self, o: &Options) -> bool {
        Kind::of(o).is_raw()
    }
    /// Who waited for input does not any more.
    pub(super) fn stop_waiting(&mut self) {
        self.wanted = 0;
    }
    /// Puts bytes before all others.
    pub(super) fn push_front(&mut self, bytes: &[u8]) {
        let old = self.buffer.take();
        let all = [bytes, old.as_ref().map_or(&[][..], Buffer::bytes)].concat();
        self.size = self.size.max(all.len());
        self.buffer = Some(Buffer::with(&all, self.size));
        self.wanted = 0;
    }
    fn bytes(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], Buffer::bytes)
    }
    /// How much to read, and room for it; a packet that is whole comes back as its size.
    fn prepare(&mut self, o: &Options, length: usize) -> Result<Prepared, Stop> {
        let Some(buffer) = &mut self.buffer else {
            // Without bytes, what is missing is the whole length that was asked for.
            self.wanted = if length > 0 { length } else { self.wanted };
            self.size = if self.wanted > 0 { self.wanted } else { o.buffer };
            return Ok(Prepared::Read(self.size));
        };
        let have = buffer.bytes().len();
        if length > 0 {
            if have >= length {
                return Ok(Prepared::Whole(length));
            }
            buffer.reserve(length);
            self.size = self.size.max(length);
            self.wanted = length - have;
        } else if self.wanted == 0 {
            return match Kind::of(o).first(o, self.in_headers, buffer.bytes(), self.size) {
                First::Whole(n) => Ok(Prepared::Whole(n)),
                first => self.missing(o, first).map(Prepared::Read),
            };
        }
        Ok(Prepared::Read(self.wanted))
    }
    /// The first packet is not whole: makes room for more.
    fn missing(&mut self, o: &Options, first: First) -> Result<usize, Stop> {
        let Some(buffer) = &mut self.buffer else { return Ok(0) };
        let have = buffer.bytes().len();
        match first {
            First::Missing(n) => {
                buffer.reserve(have + n);
                self.size = self.size.max(have + n);
                self.wanted = n;
                Ok(n)
            }
            First::Unknown if have < self.size => {
                buffer.reserve(self.size);
                Ok(self.size - have)
            }
            // A longer packet may come if the program allows for it.
            First::Unknown if o.packet_size > have => {
                self.size = o.packet_size;
                buffer.reserve(self.size);
                Ok(self.size - have)
            }
            _ => Err(Stop::Wrong),
        }
    }
}

enum Prepared {
    Read(usize),
    Whole(usize),
}

impl Tcp {
    /// Somebody waits for input.
    pub(super) fn receive(&mut self, port: &mut DriverPort, length: usize, timeout: Option<u64>) {
        let step = if self.socket.ignored { Step::Nothing } else { self.step(port, length) };
        let step = if step == Step::More { self.steps(port) } else { step };
        if !matches!(step, Step::Nothing | Step::More) {
            return;
        }
        match timeout {
            Some(0) => {
                self.input.stop_waiting();
                self.answer_waiting(port, am::TIMEOUT);
            }
            timeout => {
                self.receive_timer = timeout.map(|ms| self.timer(port, ms));
                self.socket.watch(port, false);
            }
        }
    }
    /// Whether anybody wants input.
    fn wants_input(&self) -> bool {
        let wanted = self.socket.options.active.on() || self.socket.waiting.is_some();
        wanted && self.connected() && !self.input_off && !self.socket.ignored
    }
    /// Reads as long as somebody wants to and something comes.
    pub(super) fn read(&mut self, port: &mut DriverPort) {
        if self.wants_input() {
            self.steps(port);
        }
    }
    fn steps(&mut self, port: &mut DriverPort) -> Step {
        for _ in 0..READS {
            match self.step(port, 0) {
                Step::Nothing => {
                    self.socket.watch(port, false);
                    return Step::Nothing;
                }
                Step::Delivered if !self.wants_input() => return Step::Delivered,
                Step::Ended => return Step::Ended,
                Step::Delivered | Step::More => {}
            }
        }
        port.go_on();
        Step::More
    }
    /// Delivers what is there, or reads once and delivers what is whole then.
    fn step(&mut self, port: &mut DriverPort, length: usize) -> Step {
        let size = match self.input.prepare(&self.socket.options, length) {
            Ok(Prepared::Whole(n)) => return self.deliver(port, n),
            Ok(Prepared::Read(n)) => n,
            Err(Stop::Wrong) => return self.input_failed(port, am::EMSGSIZE),
        };
        if self.drained && !self.hung_up {
            return Step::Nothing;
        }
        let Some(fd) = self.socket.fd() else { return Step::Ended };
        let scratch = self.input.buffer.is_none() && size <= SCRATCH;
        let raw = self.input.wanted == 0 && Kind::of(&self.socket.options).is_raw();
        let got = if scratch {
            MEMORY.with_borrow_mut(|m| {
                let got = socket::receive(fd, &mut m[..size]);
                if let Ok(n @ 1..) = got {
                    self.input.buffer = Some(Buffer::with(&m[..n], if raw { n } else { size }));
                }
                got
            })
        } else {
            let buffer = self.input.buffer.get_or_insert_with(|| Buffer::new(size));
            let room = buffer.room();
            let n = size.min(room.len());
            let got = socket::receive(fd, &mut room[..n]);
            if let Ok(n) = got {
                buffer.filled(n);
            }
            got
        };
        self.arrived(port, size, got)
    }
    fn arrived(&mut self, port: &mut DriverPort, size: usize, got: io::Result<usize>) -> Step {
        let n = match got {
            Ok(0) => return self.input_ended(port),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                self.drained = true;
                if self.input.bytes().is_empty() {
                    self.input.buffer = None;
                }
                return Step::Nothing;
            }
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset && !self.socket.options.show_econnreset => {
                return self.input_ended(port);
            }
            Err(e) => return self.input_failed(port, Refused::from(e).atom()),
        };
        self.drained = n < size;
        port.count_input(n);
        if self.input.wanted > 0 {
            self.input.wanted -= n.min(self.input.wanted);
            if self.input.wanted > 0 {
                return Step::More;
            }
            let all = self.input.bytes().len();
            return self.deliver(port, all);
        }
        let o = &self.socket.options;
        match Kind::of(o).first(o, self.input.in_headers, self.input.bytes(), self.input.size) {
            First::Whole(n) => self.deliver(port, n),
            first => match self.input.missing(o, first) {
                Ok(_) => Step::More,
                Err(Stop::Wrong) => self.input_failed(port, am::EMSGSIZE),
            },
        }
    }
    /// Delivers the packet of `len` bytes at the front, and those behind it while the socket is active.
    fn deliver(&mut self, port: &mut DriverPort, mut len: usize) -> Step {
        loop {
            self.socket.statistics.received(len);
            self.deliver_packet(port, len);
            let passive = !self.socket.options.active.on();
            if passive {
                self.receive_timer = None;
            }
            self.input.wanted = 0;
            let Some(buffer) = &mut self.input.buffer else { return Step::Delivered };
            if passive {
                buffer.restart();
                return Step::Delivered;
            }
            let o = &self.socket.options;
            match Kind::of(o).first(o, self.input.in_headers, buffer.bytes(), self.input.size) {
                First::Whole(n) => len = n,
                First::Wrong => return self.input_failed(port, am::EMSGSIZE),
                first => {
                    buffer.restart();
                    return match self.input.missing(o, first) {
                        Ok(_) => Step::Delivered,
                        Err(Stop::Wrong) => self.input_failed(port, am::EMSGSIZE),
                    };
                }
            }
        }
    }
    /// Delivers one packet and takes it off the buffer.
    fn deliver_packet(&mut self, port: &mut DriverPort, len: usize) {
        let Some(mut buffer) = self.input.buffer.take() else { return };
        let kind = Kind::of(&self.socket.options);
        let body = kind.body(&buffer.bytes()[..len]);
        if kind.is_parsed() && self.socket.options.deliver_term {
            self.deliver_parsed(port, kind, &buffer.bytes()[..len]);
        } else if len * 4 >= buffer.capacity() * 3 && self.socket.options.binary && len > MAX_COPY {
            let (binary, at) = buffer.share();
            self.deliver_bytes(port, &Bytes::Shared(&binary, at.start + body.start..at.start + body.end));
            let rest = at.start + len..at.end;
            if !rest.is_empty() {
                self.input.size = self.socket.options.buffer.max(rest.len());
                self.input.buffer = Some(Buffer::with(&binary.bytes()[rest], self.input.size));
            }
            return;
        } else {
            self.deliver_bytes(port, &Bytes::Copied(&buffer.bytes()[body]));
        }
        buffer.consume(len);
        if !buffer.bytes().is_empty() {
            self.input.buffer = Some(buffer);
        }
    }
    fn deliver_bytes(&mut self, port: &mut DriverPort, bytes: &Bytes<'_>) {
        let o = &self.socket.options;
        if !o.deliver_term {
            let list = !port.is_binary();
            port.send(port.connected(), |b| b.tuple(&[am::DATA.into(), bytes.of_port(b, o, list)]));
            return self.one_delivered(port);
        }
        if o.active.on() {
            let id = port.id();
            port.tell(port.connected(), |b| b.tuple(&[am::TCP.into(), port_term(id), bytes.term(b, o)]));
            return self.one_delivered(port);
        }
        if let Some(w) = self.socket.waiting.take() {
            messages::answer(port, &w, |b| b.tuple(&[am::OK.into(), bytes.term(b, o)]));
        }
    }
    fn deliver_parsed(&mut self, port: &mut DriverPort, kind: Kind, packet: &[u8]) {
        let id = port.id();
        let mut in_headers = self.input.in_headers;
        if self.socket.options.active.on() {
            port.tell(port.connected(), |b| {
                let t = shown(b, kind, &mut in_headers, packet, id);
                if kind.is_record() { t } else { b.tuple(&[am::HTTP.into(), port_term(id), t]) }
            });
        } else if let Some(w) = self.socket.waiting.take() {
            messages::answer(port, &w, |b| b.tuple(&[am::OK.into(), shown(b, kind, &mut in_headers, packet, id)]));
        }
        self.input.in_headers = in_headers;
        self.one_delivered(port);
    }
    /// The socket may become passive.
    fn one_delivered(&mut self, port: &DriverPort) {
        let (active, last) = delivered_one(self.socket.options.active);
        self.socket.options.active = active;
        if last {
            messages::event(port, am::TCP_PASSIVE);
        }
    }
    /// The other side has closed.
    fn input_ended(&mut self, port: &mut DriverPort) -> Step {
        let told_sender = self.refuse_output(port, am::CLOSED, am::CLOSED);
        if !told_sender {
            self.late.send = true;
        }
        self.receive_timer = None;
        self.input.clear();
        if !self.socket.options.active.on() {
            self.close_input();
            self.answer_waiting(port, am::CLOSED);
        } else {
            self.tell_closed(port);
            if self.socket.options.exit_on_close {
                self.exit(port, am::NORMAL);
            } else {
                self.close_input();
            }
        }
        Step::Ended
    }
    /// Input cannot go on.
    fn input_failed(&mut self, port: &mut DriverPort, reason: Atom) -> Step {
        self.refuse_output(port, am::CLOSED, reason);
        self.receive_timer = None;
        self.input.clear();
        if !self.socket.options.active.on() {
            self.close_input();
            self.answer_waiting(port, reason);
        } else {
            messages::error_event(port, am::TCP_ERROR, reason);
            self.tell_closed(port);
            if self.socket.options.exit_on_close {
                self.exit(port, reason);
            } else {
                self.close_input();
            }
        }
        Step::Ended
    }
}

/// The term of a packet that is taken apart; notes whether header lines follow.
fn shown<'s>(b: &Builder<'s>, kind: Kind, in_headers: &mut bool, packet: &[u8], port: RawTerm) -> Term<'s> {
    match kind.term(b, *in_headers, packet, port_term(port)) {
        Some((t, follow)) => {
            *in_headers = follow;
            t
        }
        None => b.binary(packet),
    }
}

/// Binaries up to this size are copied, however full their buffer is.
const MAX_COPY: usize = 256;
