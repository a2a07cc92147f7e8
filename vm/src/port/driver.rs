//! [`Driver`]: what a kind of port does; [`DriverPort`]: the port as its driver sees it.
//!
//! Invariant: a driver's methods run on the thread that runs the port, one at a time, and never wait for the outside.

use std::any::Any;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::few::Few;
use super::info;
use super::poll::{self, Readiness, Target};
use super::{Busy, Limits, LineBuffer, Output};
use crate::atom::{Atom, am};
use crate::heap::message::Message;
use crate::heap::{Builder, Detached};
use crate::process::relations::{RefNumbers, Reference};
use crate::signal::{self, Signal};
use crate::term::{RawTerm, Term};
use crate::timer::PortTimer;
use crate::trace::{Flags, ports};

/// A kind of port. All methods but those without a default may be left out by drivers that cannot do such a thing.
pub trait Driver: Send {
    /// Output of a process: what `port_command` and `{Owner, {command, Data}}` bring.
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>);
    /// As `output`, in pieces of which some are shared.
    fn output_pieces(&mut self, port: &mut DriverPort, data: Output) {
        self.output(port, data.into_bytes());
    }
    /// `port_control`; `None` for `badarg`.
    fn control(&mut self, port: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
        let _ = (port, command, data);
        None
    }
    /// `port_call`; `None` for `badarg`.
    fn call(&mut self, port: &mut DriverPort, command: u32, data: &Detached) -> Option<Detached> {
        let _ = (port, command, data);
        None
    }
    /// A descriptor that was asked for by [`DriverPort::select`] can be read.
    fn ready_input(&mut self, port: &mut DriverPort) {
        let _ = port;
    }
    /// A descriptor that was asked for by [`DriverPort::select`] can be written.
    fn ready_output(&mut self, port: &mut DriverPort) {
        let _ = port;
    }
    /// Descriptors that it watches are ready, or it wanted to go on.
    fn ready(&mut self, port: &mut DriverPort, what: Readiness) {
        let _ = (port, what);
    }
    /// The time of a timer is over.
    fn timeout(&mut self, port: &mut DriverPort, number: u32) {
        let _ = (port, number);
    }
    /// A process that it watches is gone.
    fn exited(&mut self, port: &mut DriverPort, pid: RawTerm) {
        let _ = (port, pid);
    }
    /// The port is closed; it lives on while output is queued.
    fn closing(&mut self, port: &mut DriverPort) {
        let _ = port;
    }
    /// Something came from a thread that works for the driver.
    fn notice(&mut self, port: &mut DriverPort, what: Box<dyn Any + Send>) {
        let _ = (port, what);
    }
    /// Bytes of output that are not written; a closed port lives on until there are none.
    fn queued(&self) -> usize {
        0
    }
    /// The VM stops: writes what is queued, waiting for it.
    fn flush(&mut self) {}
    /// The port is gone: gives up descriptors.
    fn stop(&mut self, port: &mut DriverPort) {
        let _ = port;
    }
    /// Whether output is accepted by force when the port is busy.
    fn soft_busy(&self) -> bool {
        false
    }
    /// Whether it takes output in pieces.
    fn is_vectored(&self) -> bool {
        false
    }
    /// What `port_info(Port, locking)` says.
    fn locking(&self) -> &'static str {
        "port_level"
    }
    /// Whether processes cannot close it.
    fn permanent(&self) -> bool {
        false
    }
}

/// How a driver ends its port.
pub(super) enum Ending {
    /// An error; linked processes get this reason.
    Failure(Detached),
    /// The driver has told its owner itself: linked processes but the owner get this reason.
    Told(Detached),
    /// The input's end.
    Eof,
}

/// See the module's head.
pub struct DriverPort {
    pub(super) id: RawTerm,
    pub(super) name: Vec<u8>,
    /// The port's owner.
    pub(super) connected: RawTerm,
    pub(super) binary: bool,
    pub(super) soft_eof: bool,
    pub(super) parallelism: bool,
    pub(super) line: Option<LineBuffer>,
    pub(super) limits: Limits,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) os_pid: Option<u64>,
    pub(super) busy: Arc<Busy>,
    pub(super) ending: Option<Ending>,
    /// Who asked for what the driver does just now.
    pub(super) caller: RawTerm,
    /// Processes that the driver watches.
    pub(super) monitors: Few<RefNumbers, RawTerm>,
    /// What was traced of the port when its turn began.
    pub(super) traced: Flags,
    /// The driver wants another turn.
    pub(super) again: bool,
    /// Results of `control` are binaries, not lists.
    pub control_binary: bool,
}

impl DriverPort {
    /// The port's identifier.
    pub fn id(&self) -> RawTerm {
        self.id
    }
    /// Its owner.
    pub fn connected(&self) -> RawTerm {
        self.connected
    }
    /// The process whose call or message the driver handles.
    pub fn caller(&self) -> RawTerm {
        self.caller
    }
    /// Whether its owner wants binaries.
    pub fn is_binary(&self) -> bool {
        self.binary
    }
    /// The process of the operating system behind it, as `port_info(Port, os_pid)` gives it.
    pub fn set_os_pid(&mut self, pid: u64) {
        self.os_pid = Some(pid);
    }
    /// Waits for the descriptor to become readable or writable, once; `ready_input` or `ready_output` is called then.
    pub fn select(&self, fd: BorrowedFd<'_>, mode: poll::Mode) {
        poll::select(fd, mode, Target::Port(self.id));
    }
    /// Watches a descriptor until it is closed or forgotten: each time it becomes readable, and writable if `output`,
    /// the driver's `ready` is called. What it is when the call is made counts as well.
    pub fn watch(&self, fd: BorrowedFd<'_>, output: bool) -> std::io::Result<()> {
        poll::watch(fd, self.id, output)
    }
    /// Calls the driver's `ready` in another turn, after what waits by then.
    pub fn go_on(&mut self) {
        self.again = true;
    }
    /// Starts a timer; `number` tells it from others.
    pub fn start_timer(&self, ms: u64, number: u32) -> PortTimer {
        PortTimer::start(self.id, ms, number)
    }
    /// Watches a process: the driver's `exited` is called when it is gone.
    pub fn monitor(&mut self, pid: RawTerm) -> RefNumbers {
        let numbers = Reference::fresh().numbers;
        self.monitors.insert(numbers, pid);
        signal::signal(pid, Signal::Monitor { from: self.id, numbers, name: None });
        numbers
    }
    /// Watches it no more.
    pub fn demonitor(&mut self, numbers: RefNumbers) {
        if let Some(pid) = self.monitors.remove(&numbers) {
            signal::signal(pid, Signal::Demonitor { numbers });
        }
    }
    pub(super) fn demonitor_all(&mut self) {
        for (numbers, pid) in std::mem::take(&mut self.monitors) {
            signal::signal(pid, Signal::Demonitor { numbers });
        }
    }
    /// Counts bytes that came in.
    pub fn count_input(&mut self, bytes: usize) {
        self.bytes_in += bytes as u64;
        info::count_input(bytes);
    }
    /// Its parallelism, name and limits, for another port of the kind.
    pub fn settings(&self) -> super::Settings {
        super::Settings {
            name: self.name.clone(),
            binary: self.binary,
            parallelism: self.parallelism,
            limits: self.limits,
            ..super::Settings::default()
        }
    }
    /// Makes the port busy, or not.
    pub fn set_busy(&mut self, on: bool) {
        if self.busy.is_on() != on {
            self.busy.set(on);
        }
    }
    /// `{Port, What}` to a process.
    pub fn send(&self, to: RawTerm, what: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) {
        self.tell(to, |b| self.signed(b, what));
    }
    /// A message to a process.
    pub fn tell(&self, to: RawTerm, message: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) {
        let m = Message::build(message);
        if self.traced.any(Flags::SEND) {
            ports::sends(self.id, to, &m);
        }
        signal::to_pid(to, m);
    }
    /// Shows tracers a message `{Port, What}` that is not sent.
    pub(super) fn show(&self, to: RawTerm, what: impl for<'s> FnOnce(&Builder<'s>) -> Term<'s>) {
        if self.traced.any(Flags::SEND) {
            ports::sends(self.id, to, &Message::build(|b| self.signed(b, what)));
        }
    }
    /// `{Port, What}`.
    fn signed<'s>(&self, b: &Builder<'s>, what: impl FnOnce(&Builder<'s>) -> Term<'s>) -> Term<'s> {
        b.tuple(&[Term::immediate(self.id).unwrap_or(Term::NIL), what(b)])
    }
    /// Input: `{Port, {data, Data}}` to the owner, line by line if it was opened so.
    pub fn deliver(&mut self, bytes: &[u8]) {
        self.count_input(bytes.len());
        match self.line.take() {
            None => self.deliver_data(bytes, None),
            Some(mut line) => {
                line.feed(bytes, |l, eol| self.deliver_data(l, Some(eol)));
                self.line = Some(line);
            }
        }
    }
    fn deliver_data(&self, bytes: &[u8], eol: Option<bool>) {
        self.send(self.connected, |b| {
            let data = if self.binary { b.binary(bytes) } else { b.byte_list(bytes) };
            let data = match eol {
                Some(eol) => b.tuple(&[Term::atom(if eol { am::EOL } else { am::NOEOL }), data]),
                None => data,
            };
            b.tuple(&[Term::atom(am::DATA), data])
        });
    }
    /// `{Port, {exit_status, Status}}` to the owner.
    pub fn report_exit(&self, status: i32) {
        self.send(self.connected, |b| b.tuple(&[Term::atom(am::EXIT_STATUS), b.int(status.into())]));
    }
    /// Bytes that lines have not used up.
    pub(super) fn flush_lines(&mut self) {
        if let Some(mut line) = self.line.take() {
            line.flush(|l| self.deliver_data(l, Some(false)));
            self.line = Some(line);
        }
    }
    /// The input has ended.
    pub fn eof(&mut self) {
        self.ending.get_or_insert(Ending::Eof);
    }
    /// An error ends the port.
    pub fn fail(&mut self, reason: Atom) {
        self.ending.get_or_insert(Ending::Failure(Detached::immediate(RawTerm::atom(reason))));
    }
    /// Ends the port; its owner, who has been told in a way of the driver's own, is not linked to it any more.
    pub fn exit(&mut self, reason: Atom) {
        self.ending.get_or_insert(Ending::Told(Detached::immediate(RawTerm::atom(reason))));
    }
    /// Tells how many bytes of output wait now: the port becomes busy or stops to be.
    pub fn note_queued(&mut self, bytes: usize) {
        let busy = self.busy.is_on();
        if !busy && bytes >= self.limits.high {
            self.busy.set(true);
        } else if busy && bytes < self.limits.low {
            self.busy.set(false);
        }
    }
}
