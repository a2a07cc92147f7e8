//! Accepting: any number of processes may wait for connections, which they get in the order they came.
//!
//! Invariant: while somebody waits, no connection was there at the last look.

use girder_vm::port::{self, DriverPort, Settings};
use girder_vm::process::relations::RefNumbers;
use girder_vm::signal::{self, Signal};
use girder_vm::sys::socket;
use girder_vm::{Atom, RawTerm, am};

use super::{Tcp, Timer};
use crate::drivers::inet::socket::{Descriptor, Socket, State, Waiting};
use crate::drivers::inet::{Answer, EINVAL, Refused, messages, timeout_at};

/// A process that waits for a connection.
pub(super) struct Acceptor {
    waiting: Waiting,
    timer: Option<Timer>,
    monitor: RefNumbers,
}

impl Acceptor {
    /// It gets an error.
    pub(super) fn refuse(self, port: &mut DriverPort, reason: Atom) {
        port.demonitor(self.monitor);
        messages::answer_error(port, &self.waiting, reason);
    }
}

impl Tcp {
    pub(super) fn accept(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        if !matches!(self.socket.state, State::Listening | State::Accepting) || data.len() != 4 {
            return Err(EINVAL);
        }
        let timeout = timeout_at(data, 0)?;
        let caller = port.caller();
        let mut waiting = Waiting { caller, id: 0 };
        if self.acceptors.is_empty() {
            match self.take_connection(port, caller) {
                Ok(Some(new)) => {
                    waiting.id = self.socket.fresh_id();
                    connected(port, &waiting, new);
                    return Ok(waiting.id.to_be_bytes().to_vec());
                }
                Ok(None) => {}
                Err(e) => return Err(e),
            }
        }
        waiting.id = self.socket.fresh_id();
        let id = waiting.id;
        let timer = timeout.map(|ms| self.timer(port, ms));
        let monitor = port.monitor(caller);
        self.acceptors.push_back(Acceptor { waiting, timer, monitor });
        self.socket.state = State::Accepting;
        self.socket.watch(port, false);
        Ok(id.to_be_bytes().to_vec())
    }
    /// A connection that waits, as a port of `owner`.
    fn take_connection(&mut self, port: &mut DriverPort, owner: RawTerm) -> Result<Option<RawTerm>, Refused> {
        let accepted = match socket::accept(self.socket.fd().ok_or(EINVAL)?) {
            Ok(fd) => fd,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let mut socket = Socket::new(true);
        socket.options = self.socket.options.inherited();
        socket.set_fd(Descriptor::Own(accepted), self.socket.family, State::Connected);
        let start = |_: &mut DriverPort| Ok::<_, std::convert::Infallible>(Box::new(Tcp::new(socket)) as Box<_>);
        // Only the connection's own options say whether it delivers binaries.
        let settings = Settings { binary: false, ..port.settings() };
        let new = match port::open(owner, true, settings, start) {
            Some(Ok(id)) => id,
            _ => return Err(Refused("system_limit")),
        };
        signal::signal(owner, Signal::Link { from: new });
        Ok(Some(new))
    }
    /// Connections have come.
    pub(super) fn accept_waiting(&mut self, port: &mut DriverPort) {
        /// Connections taken in one turn.
        const MOST: usize = 64;
        for _ in 0..MOST {
            let Some(first) = self.acceptors.front() else {
                self.socket.state = State::Listening;
                return;
            };
            let taken = self.take_connection(port, first.waiting.caller);
            if matches!(taken, Ok(None)) {
                return;
            }
            let Some(first) = self.acceptors.pop_front() else { return };
            match taken {
                Ok(Some(new)) => {
                    port.demonitor(first.monitor);
                    connected(port, &first.waiting, new);
                }
                Ok(None) => {}
                Err(e) => first.refuse(port, e.atom()),
            }
        }
        if self.acceptors.is_empty() {
            self.socket.state = State::Listening;
        } else {
            port.go_on();
        }
    }
    fn remove_acceptor(&mut self, which: impl Fn(&Acceptor) -> bool) -> Option<Acceptor> {
        let at = self.acceptors.iter().position(which)?;
        let a = self.acceptors.remove(at);
        if self.acceptors.is_empty() && self.socket.state == State::Accepting {
            self.socket.state = State::Listening;
        }
        a
    }
    pub(super) fn accept_timed_out(&mut self, port: &mut DriverPort, number: u32) {
        if let Some(a) = self.remove_acceptor(|a| a.timer.as_ref().is_some_and(|t| t.number == number)) {
            a.refuse(port, am::TIMEOUT);
        }
    }
    pub(super) fn acceptor_exited(&mut self, pid: RawTerm) {
        // It may have asked more than once: each request has a monitor of its own.
        self.remove_acceptor(|a| a.waiting.caller == pid);
    }
}

fn connected(port: &DriverPort, to: &Waiting, new: RawTerm) {
    messages::answer(port, to, |b| b.tuple(&[am::OK.into(), messages::port_term(new)]));
}
