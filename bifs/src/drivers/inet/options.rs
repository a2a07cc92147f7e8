//! Socket options: those of the driver itself, kept here, and those of the system.
//!
//! A value is an integer of four bytes; `linger` has two. Invariant: [`get`] answers for every option that [`set`] takes.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt;

use super::i32_at;

/// An option of the system, with a getter and a setter.
struct OfSystem {
    number: u8,
    get: fn(BorrowedFd<'_>) -> rustix::io::Result<i32>,
    set: fn(BorrowedFd<'_>, i32) -> rustix::io::Result<()>,
}

const OF_SYSTEM: &[OfSystem] = &[
    OfSystem {
        number: 0,
        get: |s| sockopt::socket_reuseaddr(s).map(i32::from),
        set: |s, v| sockopt::set_socket_reuseaddr(s, v != 0),
    },
    OfSystem {
        number: 1,
        get: |s| sockopt::socket_keepalive(s).map(i32::from),
        set: |s, v| sockopt::set_socket_keepalive(s, v != 0),
    },
    OfSystem {
        number: 4,
        get: |s| sockopt::socket_broadcast(s).map(i32::from),
        set: |s, v| sockopt::set_socket_broadcast(s, v != 0),
    },
    OfSystem {
        number: 6,
        get: |s| sockopt::socket_send_buffer_size(s).map(|n| n as i32),
        set: |s, v| sockopt::set_socket_send_buffer_size(s, v.max(0) as usize),
    },
    OfSystem {
        number: 7,
        get: |s| sockopt::socket_recv_buffer_size(s).map(|n| n as i32),
        set: |s, v| sockopt::set_socket_recv_buffer_size(s, v.max(0) as usize),
    },
];

const LINGER: u8 = 3;
/// `active`; a value of [`ACTIVE_TIMES`] is followed by a count of two bytes.
const ACTIVE: u8 = 22;
const ACTIVE_TIMES: i32 = 3;

/// Options that the driver keeps, with their values at the start: buffer, header, active, mode, deliver,
/// exit_on_close, read_packets, high and low watermark of the message queue.
const OF_DRIVER: [(u8, i32); 9] =
    [(20, 8192), (21, 0), (ACTIVE, 0), (24, 0), (25, 1), (26, 1), (33, 5), (36, 8192), (37, 4096)];

/// The driver's own options of one socket.
pub(super) struct Options([(u8, i32); 9]);

impl Default for Options {
    fn default() -> Self {
        Options(OF_DRIVER)
    }
}

impl Options {
    /// Sets a sequence of options; the first that is wrong ends it.
    pub(super) fn set(&mut self, socket: Option<BorrowedFd<'_>>, mut data: &[u8]) -> Result<(), Errno> {
        while let Some((&number, rest)) = data.split_first() {
            let value = i32_at(rest, 0)?;
            let mut used = 4;
            if let Some(own) = self.0.iter_mut().find(|(n, _)| *n == number) {
                own.1 = value;
                if number == ACTIVE && value == ACTIVE_TIMES {
                    used += 2;
                }
            } else if number == LINGER {
                let seconds = i32_at(rest, 4)?.max(0) as u64;
                let time = (value != 0).then(|| Duration::from_secs(seconds));
                sockopt::set_socket_linger(socket.ok_or(Errno::INVAL)?, time)?;
                used += 4;
            } else {
                let o = OF_SYSTEM.iter().find(|o| o.number == number).ok_or(Errno::INVAL)?;
                (o.set)(socket.ok_or(Errno::INVAL)?, value)?;
            }
            data = rest.get(used..).ok_or(Errno::INVAL)?;
        }
        Ok(())
    }
    /// The values of a sequence of options, each behind its number.
    pub(super) fn get(&self, socket: Option<BorrowedFd<'_>>, data: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut out = Vec::new();
        for &number in data {
            let of_system = || socket.ok_or(Errno::INVAL);
            if let Some((_, value)) = self.0.iter().find(|(n, _)| *n == number) {
                out.push(number);
                out.extend(value.to_be_bytes());
            } else if number == LINGER {
                let time = sockopt::socket_linger(of_system()?)?;
                out.push(number);
                out.extend(i32::from(time.is_some()).to_be_bytes());
                out.extend((time.unwrap_or_default().as_secs() as u32).to_be_bytes());
            } else {
                let o = OF_SYSTEM.iter().find(|o| o.number == number).ok_or(Errno::INVAL)?;
                out.push(number);
                out.extend((o.get)(of_system()?)?.to_be_bytes());
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketType, socket};
    use std::os::fd::AsFd;

    #[test]
    fn what_is_set_is_got() {
        let s = socket(AddressFamily::INET, SocketType::DGRAM, None).expect("a socket");
        let mut o = Options::default();
        let some = [24, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 9];
        assert_eq!(o.set(Some(s.as_fd()), &some), Ok(()));
        assert_eq!(o.get(Some(s.as_fd()), &[24, 0, 3]).as_deref(), Ok(&some[..]));
        assert_eq!(o.get(None, &[24]).as_deref(), Ok(&some[..5]));
        assert_eq!(o.get(None, &[3]), Err(Errno::INVAL));
        for wrong in [&[24][..], &[24, 0, 0], &[200, 0, 0, 0, 1], &[3, 0, 0, 0, 1]] {
            assert_eq!(o.set(Some(s.as_fd()), wrong), Err(Errno::INVAL), "{wrong:?}");
        }
    }
}
