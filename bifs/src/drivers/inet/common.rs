//! Requests that all kinds of sockets answer alike.
//!
//! Invariant: what the state of the socket does not allow is refused before anything is done; an answer is in the bytes
//! of the protocol already.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use girder_vm::port::DriverPort;
use girder_vm::sys::descriptor;
use girder_vm::sys::socket::{self, Address};

use super::socket::{Descriptor, Socket, State};
use super::{Answer, BAD_PORT, BAD_SEQUENCE, EINVAL, Operation, Refused, address, i32_at, interfaces, services};

const STREAM: u8 = 1;
const DATAGRAMS: u8 = 2;

/// What a socket's kind may be, by the protocol's number.
fn kind(number: u8) -> Option<i32> {
    match number {
        STREAM => Some(socket::SOCK_STREAM),
        DATAGRAMS => Some(socket::SOCK_DGRAM),
        _ => None,
    }
}

/// `[Family, Type, ...]`, of which the type must be right.
fn family_and_kind(s: &Socket, data: &[u8]) -> Result<(i32, i32), Refused> {
    let &[family, number, ..] = data else { return Err(EINVAL) };
    let family = address::family(family)?;
    match kind(number) {
        Some(k) if !s.stream || k == socket::SOCK_STREAM => Ok((family, k)),
        _ => Err(EINVAL),
    }
}

/// Makes the socket.
pub(super) fn open(s: &mut Socket, data: &[u8], protocol: i32) -> Answer {
    // Later releases name the protocol as well.
    if data.len() != if girder_vm::Profile::get().release > 27 { 3 } else { 2 } {
        return Err(EINVAL);
    }
    let (family, kind) = family_and_kind(s, data)?;
    if s.state != State::Closed {
        return Err(BAD_SEQUENCE);
    }
    let protocol = if family == socket::AF_UNIX { 0 } else { wanted_protocol(data).unwrap_or(protocol) };
    let make = || socket::open(family, kind, protocol);
    let fd: OwnedFd = match &s.options.namespace {
        Some(n) => {
            use std::os::unix::ffi::OsStrExt;
            socket::in_namespace(Path::new(std::ffi::OsStr::from_bytes(n)), make)??
        }
        None => make()?,
    };
    s.set_fd(Descriptor::Own(fd), family, State::Open);
    Ok(Vec::new())
}

/// The protocol that is asked for, if it is not the usual one.
fn wanted_protocol(data: &[u8]) -> Option<i32> {
    const MPTCP: u8 = 4;
    /// The system's number.
    const IPPROTO_MPTCP: i32 = 262;
    (data.get(2) == Some(&MPTCP)).then_some(IPPROTO_MPTCP)
}

/// Takes a descriptor that is open already.
pub(super) fn open_descriptor(s: &mut Socket, data: &[u8]) -> Answer {
    if data.len() != 6 && data.len() != 10 {
        return Err(EINVAL);
    }
    let (family, _) = family_and_kind(s, data)?;
    let number = i32_at(data, 2)?;
    let bound = data.len() == 6 || i32_at(data, 6)? != 0;
    let fd = descriptor::borrow(number);
    if bound && family_of(fd)? != Some(family) {
        return Err(EINVAL);
    }
    let _ = socket::unblock(fd);
    let connected = s.stream && socket::peer(fd).is_ok();
    let state = if connected { State::Connected } else { State::Open };
    s.set_fd(Descriptor::Foreign(number), family, state);
    Ok(Vec::new())
}

fn family_of(fd: BorrowedFd<'_>) -> Result<Option<i32>, Refused> {
    use girder_vm::sys::socket::Name;
    Ok(match socket::name(fd)?.get() {
        Name::V4(..) => Some(socket::AF_INET),
        Name::V6(..) => Some(socket::AF_INET6),
        Name::Local(_) => Some(socket::AF_UNIX),
        Name::Unspecified | Name::Other => None,
    })
}

/// Takes an address that fills the request.
fn whole_address(s: &Socket, mut data: &[u8]) -> Result<Address, Refused> {
    if data.len() < 2 {
        return Err(EINVAL);
    }
    address::take(s.family, &mut data)
}

/// Answers what does not depend on the kind of socket. `queued` bytes wait to be sent.
pub(super) fn request(
    s: &mut Socket,
    port: &mut DriverPort,
    operation: Operation,
    data: &[u8],
    queued: usize,
) -> Answer {
    let open = |s: &Socket| if s.state.is_open() { Ok(()) } else { Err(BAD_PORT) };
    match operation {
        Operation::Bind => {
            if data.len() < 2 {
                return Err(EINVAL);
            }
            if s.state != State::Open {
                return Err(BAD_PORT);
            }
            let a = whole_address(s, data)?;
            let fd = s.fd().ok_or(BAD_PORT)?;
            socket::bind(fd, &a)?;
            let given =
                a.port().filter(|p| *p != 0).map_or_else(|| socket::name(fd).map(|a| a.port()), |p| Ok(Some(p)))?;
            Ok(given.unwrap_or(0).to_be_bytes().to_vec())
        }
        Operation::Name => match &s.name {
            Some(a) => address::reply(a),
            None => address::reply(&socket::name(s.fd().ok_or(Refused("ebadf"))?)?),
        },
        Operation::Peer => match (&s.peer, s.state) {
            (_, state) if state != State::Connected => Err(super::NOT_CONNECTED),
            (Some(a), _) => address::reply(a),
            (None, _) => address::reply(&socket::peer(s.fd().ok_or(super::NOT_CONNECTED)?)?),
        },
        Operation::SetName | Operation::SetPeer => {
            let a = if data.is_empty() { None } else { Some(whole_address(s, data)?) };
            *if operation == Operation::SetName { &mut s.name } else { &mut s.peer } = a;
            Ok(Vec::new())
        }
        Operation::GetNames | Operation::GetPeers => {
            if data.len() != 4 {
                return Err(EINVAL);
            }
            open(s)?;
            let fd = s.fd().ok_or(BAD_PORT)?;
            let a = if operation == Operation::GetNames { socket::name(fd) } else { socket::peer(fd) };
            Ok(address::encode(&a?))
        }
        Operation::GetOptions => s.options.get(s.subject(), data),
        Operation::GetStatistics => s.statistics.get(data, queued),
        Operation::GetHostName if data.is_empty() => Ok(rustix::system::uname().nodename().to_bytes().to_vec()),
        Operation::GetDescriptor => {
            use std::os::fd::AsRawFd;
            let fd = s.fd().filter(|_| s.state.is_open()).ok_or(EINVAL)?;
            Ok(fd.as_raw_fd().to_be_bytes().to_vec())
        }
        Operation::GetType => {
            let family = address::family_number(s.family).ok_or(EINVAL)?;
            let kind = if s.stream { STREAM } else { DATAGRAMS };
            Ok([[0, 0, 0, family], [0, 0, 0, kind]].concat())
        }
        Operation::GetStatus => Ok(s.state.status(s.busy).to_be_bytes().to_vec()),
        Operation::GetServiceByName => services::by_name(data),
        Operation::GetServiceByPort => services::by_port(data),
        Operation::GetInterfaces | Operation::GetInterface | Operation::SetInterface | Operation::GetAddresses => {
            open(s)?;
            interfaces::request(s.fd().ok_or(BAD_PORT)?.as_fd(), operation, data)
        }
        Operation::Subscribe => subscribe(s, port, data, queued),
        Operation::IgnoreDescriptor => {
            if s.state != State::Connected {
                return Err(super::NOT_CONNECTED);
            }
            match data {
                _ if !s.stream => Err(EINVAL),
                [1] if !s.ignored => {
                    s.ignored = true;
                    Ok(Vec::new())
                }
                [0] if s.ignored => {
                    s.ignored = false;
                    port.go_on();
                    Ok(Vec::new())
                }
                _ => Err(EINVAL),
            }
        }
        Operation::GetHostName => Err(EINVAL),
        _ => Err(BAD_PORT),
    }
}

/// Tells how much waits to be sent; if something does, the caller hears when nothing does any more.
fn subscribe(s: &mut Socket, port: &DriverPort, data: &[u8], queued: usize) -> Answer {
    /// `subs_empty_out_q`.
    const EMPTY_OUT_Q: u8 = 1;
    if data.iter().any(|&d| d != EMPTY_OUT_Q) {
        return Err(EINVAL);
    }
    if queued > 0 && !data.is_empty() {
        s.subscribers.push(port.caller());
    }
    let n = (queued as u32).to_be_bytes();
    Ok(data.iter().flat_map(|&d| [d, n[0], n[1], n[2], n[3]]).collect())
}
