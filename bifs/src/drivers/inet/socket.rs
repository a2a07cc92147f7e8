//! [`Socket`]: what all kinds of sockets have: a descriptor, a state, options, counts, one request that waits.
//!
//! Invariant: a descriptor that was handed in from outside is not closed, and not watched any more when the port has
//! done with it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use girder_vm::RawTerm;
use girder_vm::heap::Detached;
use girder_vm::port::{DriverPort, poll};
use girder_vm::sys::descriptor;
use girder_vm::sys::socket::Address;

use super::options::{Options, Subject};
use super::statistics::Statistics;

/// What a socket is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Closed,
    Open,
    Connecting,
    Connected,
    Listening,
    Accepting,
}

/// Bit of the status for a socket whose senders wait.
const BUSY: u32 = 0x80;

impl State {
    pub(super) fn is_open(self) -> bool {
        self != State::Closed
    }
    /// As `getstatus` tells it.
    pub(super) fn status(self, busy: bool) -> u32 {
        let bits = match self {
            State::Closed => 0,
            State::Open => 1,
            State::Connected => 5,
            State::Listening => 9,
            State::Connecting => 0x11,
            State::Accepting => 0x29,
        };
        bits | if busy { BUSY } else { 0 }
    }
}

/// A socket's descriptor.
pub(super) enum Descriptor {
    Own(OwnedFd),
    /// Somebody else's: it was handed in by number.
    Foreign(RawFd),
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Descriptor::Own(fd) => fd.as_fd(),
            Descriptor::Foreign(fd) => descriptor::borrow(*fd),
        }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if let Descriptor::Foreign(fd) = self {
            poll::unwatch(descriptor::borrow(*fd));
        }
    }
}

/// How far the poll thread watches a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Watched {
    No,
    Input,
    Both,
}

/// Who asked for what is answered by a message later.
pub(super) struct Waiting {
    pub(super) caller: RawTerm,
    /// The number that the answer carries.
    pub(super) id: u16,
}

/// Who gets the answer to something that was sent.
pub(super) struct Sender {
    pub(super) caller: RawTerm,
    /// What the answer carries, in releases that have it.
    pub(super) tag: Option<Detached>,
}

/// See the module's head.
pub(super) struct Socket {
    fd: Option<Descriptor>,
    watched: Watched,
    pub(super) state: State,
    pub(super) family: i32,
    pub(super) stream: bool,
    pub(super) options: Options,
    pub(super) statistics: Statistics,
    /// Addresses that are told instead of the real ones.
    pub(super) name: Option<Address>,
    pub(super) peer: Option<Address>,
    /// Who wants to know when nothing waits to be sent.
    pub(super) subscribers: Vec<RawTerm>,
    pub(super) waiting: Option<Waiting>,
    next_id: u16,
    /// The descriptor is left to somebody else.
    pub(super) ignored: bool,
    /// A sender waits for room.
    pub(super) busy: bool,
}

impl Socket {
    pub(super) fn new(stream: bool) -> Socket {
        Socket {
            fd: None,
            watched: Watched::No,
            state: State::Closed,
            family: 0,
            stream,
            options: Options::default(),
            statistics: Statistics::default(),
            name: None,
            peer: None,
            subscribers: Vec::new(),
            waiting: None,
            next_id: 0,
            ignored: false,
            busy: false,
        }
    }
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }
    pub(super) fn set_fd(&mut self, fd: Descriptor, family: i32, state: State) {
        self.fd = Some(fd);
        self.watched = Watched::No;
        self.family = family;
        self.state = state;
    }
    /// Closes the descriptor.
    pub(super) fn close(&mut self) {
        self.subscribers.clear();
        self.fd = None;
        self.watched = Watched::No;
        self.state = State::Closed;
    }
    /// What options are set of.
    pub(super) fn subject(&self) -> Subject<'_> {
        let open = self.fd.is_some() || self.state.is_open();
        Subject {
            fd: self.fd(),
            family: self.family,
            stream: self.stream,
            datagrams: !self.stream && (open || self.options.read_packets > 0),
        }
    }
    /// Has changes of the descriptor told from here on, also that it can be written to if `output`; what it is at
    /// this time is told as well, if it was not watched so far.
    pub(super) fn watch(&mut self, port: &DriverPort, output: bool) {
        let wanted = if output { Watched::Both } else { Watched::Input };
        if let Some(fd) = &self.fd
            && self.watched < wanted
            && port.watch(fd.as_fd(), output).is_ok()
        {
            self.watched = wanted;
        }
    }
    /// A number for a request that is answered later.
    pub(super) fn fresh_id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = (id + 1) & 0x7fff;
        id
    }
    /// Notes who waits for an answer; `None` if somebody does already.
    pub(super) fn wait(&mut self, caller: RawTerm) -> Option<u16> {
        if self.waiting.is_some() {
            return None;
        }
        let id = self.fresh_id();
        self.waiting = Some(Waiting { caller, id });
        Some(id)
    }
}
