//! `udp_inet`: datagram sockets, as far as they are opened, bound, asked and set. They do not send and receive yet:
//! output is answered with an error.

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

use girder_vm::port::poll::Watched;
use girder_vm::port::{Driver, DriverPort};
use girder_vm::{Term, am};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};

use super::options::Options;
use super::{BAD_PORT, Operation, Protocol, Refused, address, host_name, subscribe};
use crate::drivers::Started;

/// Number of the type for datagrams.
const DATAGRAM: u8 = 2;

#[derive(Default)]
struct Udp {
    socket: Option<(Watched, AddressFamily)>,
    options: Options,
}

/// The driver of a new socket.
pub(crate) fn start(_: &mut DriverPort, _: &[u8], _: bool, _: bool) -> Started {
    Ok(Box::new(Udp::default()))
}

impl Udp {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(|(s, _)| s.as_fd())
    }
    fn open_socket(&self) -> Result<(BorrowedFd<'_>, AddressFamily), Refused> {
        self.socket.as_ref().map(|(s, f)| (s.as_fd(), *f)).ok_or(BAD_PORT)
    }
    fn name(&self) -> Result<SocketAddr, Refused> {
        Ok(SocketAddr::try_from(getsockname(self.open_socket()?.0)?)?)
    }
}

impl Protocol for Udp {
    fn request(&mut self, _: &mut DriverPort, operation: Operation, data: &[u8]) -> Result<Vec<u8>, Refused> {
        match operation {
            Operation::Open => {
                let &[family, DATAGRAM, ..] = data else { return Err(Errno::INVAL.into()) };
                if self.socket.is_some() {
                    return Err(Errno::ISCONN.into());
                }
                let family = address::family(family)?;
                let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
                let s = socket_with(family, SocketType::DGRAM, flags, None)?;
                self.socket = Some((Watched::new(s), family));
                Ok(Vec::new())
            }
            Operation::Bind => {
                let (s, family) = self.open_socket()?;
                bind(s, &address::decode(family, data)?)?;
                Ok(self.name()?.port().to_be_bytes().to_vec())
            }
            Operation::Name => Ok(address::encode(self.name()?)),
            Operation::SetOptions => {
                let socket = self.socket.as_ref().map(|(s, _)| s.as_fd());
                Ok(self.options.set(socket, data).map(|()| Vec::new())?)
            }
            Operation::GetOptions => Ok(self.options.get(self.fd(), data)?),
            Operation::GetHostName => Ok(host_name()),
            Operation::GetType => {
                let family = if self.open_socket()?.1 == AddressFamily::INET6 { 2 } else { 1 };
                Ok([[0, 0, 0, family], [0, 0, 0, DATAGRAM]].concat())
            }
            Operation::Subscribe => Ok(subscribe(data)?),
        }
    }
}

impl Driver for Udp {
    fn output(&mut self, port: &mut DriverPort, _: Vec<u8>) {
        let (id, caller) = (port.id(), port.caller());
        girder_vm::signal::to_pid(
            caller,
            girder_vm::heap::message::Message::build(|b| {
                let error = b.tuple(&[am::ERROR.into(), b.atom("enotsup").unwrap_or(am::EINVAL.into())]);
                let tag = b.atom("inet_reply").unwrap_or(am::EINVAL.into());
                b.tuple(&[tag, Term::immediate(id).unwrap_or(Term::NIL), error])
            }),
        );
    }
    fn control(&mut self, port: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
        super::control(self, port, command, data)
    }
    fn soft_busy(&self) -> bool {
        true
    }
}
