//! Sockets as the system has them: any address family, options by number, control messages.
//!
//! All descriptors that are made here are closed in programs that the VM starts, and do not block. Invariant: nothing
//! here raises a signal, and an interrupted call is made again.

mod address;
pub mod interfaces;
mod message;
pub mod resolve;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub use address::{Address, LinkName, Name};
pub use message::{
    Arrived, Control, ControlPiece, Received, controls, packet_options, put_control, receive_message,
    receive_with_control, send, send_message,
};

/// Domains, types, options: the system's numbers.
pub use libc::{
    AF_INET, AF_INET6, AF_PACKET, AF_UNIX, AF_UNSPEC, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF,
    IP_MULTICAST_LOOP, IP_MULTICAST_TTL, IP_PKTINFO, IP_RECVTOS, IP_RECVTTL, IP_TOS, IP_TTL, IPPROTO_IP, IPPROTO_IPV6,
    IPPROTO_TCP, IPPROTO_UDP, IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_MULTICAST_IF, IPV6_RECVTCLASS,
    IPV6_TCLASS, IPV6_V6ONLY, SO_BINDTODEVICE, SO_BROADCAST, SO_DONTROUTE, SO_ERROR, SO_KEEPALIVE, SO_LINGER,
    SO_OOBINLINE, SO_PRIORITY, SO_RCVBUF, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET,
    TCP_CORK, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_NODELAY, TCP_USER_TIMEOUT,
};

/// The result of a call that gives -1 for an error; made again when it was interrupted.
fn done(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        match usize::try_from(call()) {
            Ok(n) => return Ok(n),
            Err(_) => {
                let e = io::Error::last_os_error();
                if e.kind() != io::ErrorKind::Interrupted {
                    return Err(e);
                }
            }
        }
    }
}

/// A new socket.
pub fn open(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: numbers only.
    let fd = done(|| unsafe { libc::socket(domain, kind, protocol) } as isize)?;
    // SAFETY: the system just gave this descriptor to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Gives it an address.
pub fn bind(s: BorrowedFd<'_>, a: &Address) -> io::Result<()> {
    let (p, len) = a.raw();
    // SAFETY: `p` is `len` bytes of an address.
    done(|| unsafe { libc::bind(s.as_raw_fd(), p, len) } as isize).map(drop)
}

/// Connects, or begins to.
pub fn connect(s: BorrowedFd<'_>, a: &Address) -> io::Result<()> {
    let (p, len) = a.raw();
    // SAFETY: `p` is `len` bytes of an address. A call that is interrupted goes on by itself: it is not made again.
    match unsafe { libc::connect(s.as_raw_fd(), p, len) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Begins to listen.
pub fn listen(s: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    done(|| unsafe { libc::listen(s.as_raw_fd(), backlog) } as isize).map(drop)
}

/// Takes a connection.
pub fn accept(s: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no address is asked for.
    let fd =
        done(|| unsafe { libc::accept4(s.as_raw_fd(), std::ptr::null_mut(), std::ptr::null_mut(), flags) } as isize)?;
    // SAFETY: the system just gave this descriptor to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Its own address.
pub fn name(s: BorrowedFd<'_>) -> io::Result<Address> {
    // SAFETY: `fill` gives room for an address, and its size.
    Address::fill(|p, len| done(|| unsafe { libc::getsockname(s.as_raw_fd(), p, len) } as isize))
}

/// The address of the other side.
pub fn peer(s: BorrowedFd<'_>) -> io::Result<Address> {
    // SAFETY: as in `name`.
    Address::fill(|p, len| done(|| unsafe { libc::getpeername(s.as_raw_fd(), p, len) } as isize))
}

/// Ends input (0), output (1) or both (2).
pub fn shut_down(s: BorrowedFd<'_>, how: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    done(|| unsafe { libc::shutdown(s.as_raw_fd(), how) } as isize).map(drop)
}

/// Reads what there is.
pub fn receive(s: BorrowedFd<'_>, to: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the room is borrowed mutably.
    done(|| unsafe { libc::recv(s.as_raw_fd(), to.as_mut_ptr().cast(), to.len(), 0) })
}

/// Reads what there is, in a way that flags say.
pub fn receive_as(s: BorrowedFd<'_>, to: &mut [u8], flags: i32) -> io::Result<usize> {
    // SAFETY: the room is borrowed mutably.
    done(|| unsafe { libc::recv(s.as_raw_fd(), to.as_mut_ptr().cast(), to.len(), flags) })
}

/// Reads what there is, and who sent it.
pub fn receive_from(s: BorrowedFd<'_>, to: &mut [u8], flags: i32) -> io::Result<(usize, Address)> {
    let mut len = 0;
    let from = Address::fill(|p, size| {
        // SAFETY: the room is borrowed mutably; `fill` gives room for an address, and its size.
        len = done(|| unsafe { libc::recvfrom(s.as_raw_fd(), to.as_mut_ptr().cast(), to.len(), flags, p, size) })?;
        Ok::<_, io::Error>(len)
    })?;
    Ok((len, from))
}

/// Sends bytes, or as much of them as the socket takes.
pub fn send_bytes(s: BorrowedFd<'_>, bytes: &[u8], to: Option<&Address>, flags: i32) -> io::Result<usize> {
    let (p, len) = to.map_or((std::ptr::null(), 0), Address::raw);
    let flags = flags | libc::MSG_NOSIGNAL;
    // SAFETY: the bytes and the address outlive the call, which only reads them.
    done(|| unsafe { libc::sendto(s.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), flags, p, len) })
}

/// Asks for an option without giving room for its value.
pub fn probe_option(s: BorrowedFd<'_>, level: i32, option: i32) -> io::Result<()> {
    // SAFETY: the system answers EFAULT where it wants to write.
    done(|| unsafe { libc::getsockopt(s.as_raw_fd(), level, option, std::ptr::null_mut(), std::ptr::null_mut()) }
        as isize)
    .map(drop)
}

/// Whether closing the socket may wait for what was sent.
pub fn lingers(s: BorrowedFd<'_>) -> bool {
    let mut value = [0; 8];
    let asked = option(s, SOL_SOCKET, SO_LINGER, &mut value);
    let [on, _, _, _, seconds @ ..] = value;
    asked.is_ok() && on != 0 && seconds != [0; 4]
}

/// Sets an option to these bytes.
pub fn set_option(s: BorrowedFd<'_>, level: i32, option: i32, value: &[u8]) -> io::Result<()> {
    // SAFETY: the value is that many bytes.
    done(|| unsafe {
        libc::setsockopt(s.as_raw_fd(), level, option, value.as_ptr().cast(), value.len() as libc::socklen_t)
    } as isize)
    .map(drop)
}

/// The value of an option, in at most as many bytes as there is room for; `value` may say what is asked for.
pub fn option(s: BorrowedFd<'_>, level: i32, option: i32, value: &mut [u8]) -> io::Result<usize> {
    let mut len = value.len() as libc::socklen_t;
    let to = value.as_mut_ptr().cast();
    // SAFETY: the room is borrowed mutably and `len` says how large it is.
    done(|| unsafe { libc::getsockopt(s.as_raw_fd(), level, option, to, &raw mut len) } as isize)?;
    Ok((len as usize).min(value.len()))
}

/// Sets an option that is a number.
pub fn set_number(s: BorrowedFd<'_>, level: i32, number: i32, value: i32) -> io::Result<()> {
    set_option(s, level, number, &value.to_ne_bytes())
}

/// An option that is a number; some are a byte only.
pub fn number(s: BorrowedFd<'_>, level: i32, number: i32) -> io::Result<i32> {
    let mut value = [0; 4];
    option(s, level, number, &mut value)?;
    Ok(i32::from_ne_bytes(value))
}

/// The error that waits; there is none afterwards.
pub fn error(s: BorrowedFd<'_>) -> io::Result<()> {
    match number(s, SOL_SOCKET, SO_ERROR)? {
        0 => Ok(()),
        e => Err(io::Error::from_raw_os_error(e)),
    }
}

/// Makes it one that does not block.
pub fn unblock(s: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: numbers only.
    let flags = done(|| unsafe { libc::fcntl(s.as_raw_fd(), libc::F_GETFL) } as isize)?;
    // SAFETY: numbers only.
    done(|| unsafe { libc::fcntl(s.as_raw_fd(), libc::F_SETFL, flags as i32 | libc::O_NONBLOCK) } as isize).map(drop)
}

/// Does something in the network namespace that a file stands for, on a thread of its own: no other is ever there.
pub fn in_namespace<R: Send>(file: &std::path::Path, what: impl FnOnce() -> R + Send) -> io::Result<R> {
    let file = std::fs::File::open(file)?;
    let visit = || {
        // SAFETY: numbers only; the namespace is this thread's alone.
        done(|| unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) } as isize)?;
        Ok(what())
    };
    std::thread::scope(|s| {
        let thread = std::thread::Builder::new().name("namespace".to_owned()).spawn_scoped(s, visit)?;
        thread.join().unwrap_or_else(|why| std::panic::resume_unwind(why))
    })
}

/// All zero: what the system's records are before they are filled.
fn zeroed<T: Plain>() -> T {
    // SAFETY: by the trait's contract.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// # Safety
/// All zero bytes are a value of the type.
unsafe trait Plain {}
// SAFETY: numbers and arrays of them.
unsafe impl Plain for libc::sockaddr_storage {}
// SAFETY: numbers and pointers that may be null.
unsafe impl Plain for libc::msghdr {}
// SAFETY: numbers, arrays and unions of them.
unsafe impl Plain for libc::ifreq {}
