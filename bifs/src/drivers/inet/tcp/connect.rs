//! Connecting.
//!
//! Invariant: while the state is `Connecting`, one caller waits, the descriptor is watched, and the attempt ends with an
//! answer: established, failed, or out of time.

use girder_vm::port::DriverPort;
use girder_vm::sys::socket;
use girder_vm::{Term, am};
use rustix::io::Errno;

use super::Tcp;
use crate::drivers::inet::socket::State;
use crate::drivers::inet::{Answer, BAD_PORT, EINVAL, Refused, address, messages, timeout_at};

impl Tcp {
    pub(super) fn connect(&mut self, port: &mut DriverPort, data: &[u8]) -> Answer {
        match self.socket.state {
            State::Closed => return Err(BAD_PORT),
            State::Connected => return Err(Refused("eisconn")),
            State::Connecting => return Err(EINVAL),
            _ => {}
        }
        if data.len() < 6 {
            return Err(EINVAL);
        }
        let timeout = timeout_at(data, 0)?;
        let to = address::take(self.socket.family, &mut &data[4..])?;
        let begun = socket::connect(self.socket.fd().ok_or(BAD_PORT)?, &to);
        let waits = |e: &std::io::Error| Errno::from_io_error(e).is_some_and(|n| WAITS.contains(&n));
        match begun {
            Err(e) if !waits(&e) => return Err(e.into()),
            _ => {}
        }
        let id = self.socket.wait(port.caller()).ok_or(Refused("ealready"))?;
        if begun.is_ok() {
            self.established(port);
        } else {
            self.socket.state = State::Connecting;
            self.connect_timer = timeout.map(|ms| self.timer(port, ms));
            self.socket.watch(port, true);
        }
        Ok(id.to_be_bytes().to_vec())
    }
    /// The attempt has come to an end.
    pub(super) fn connect_done(&mut self, port: &mut DriverPort) {
        let Some(fd) = self.socket.fd() else { return };
        self.hung_up = false;
        match socket::error(fd) {
            // It was only an event of the time before.
            Ok(()) if socket::peer(fd).is_err() => {}
            Ok(()) => {
                self.connect_timer = None;
                self.established(port);
            }
            Err(e) => {
                self.connect_timer = None;
                self.socket.state = State::Open;
                self.answer_waiting(port, Refused::from(e).atom());
            }
        }
    }
    fn established(&mut self, port: &mut DriverPort) {
        self.socket.state = State::Connected;
        self.drained = false;
        if let Some(w) = self.socket.waiting.take() {
            messages::answer(port, &w, |_| Term::atom(am::OK));
        }
        self.read(port);
    }
}

/// Errors that mean that the attempt goes on.
const WAITS: [Errno; 3] = [Errno::INPROGRESS, Errno::AGAIN, Errno::INTR];
