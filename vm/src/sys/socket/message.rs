//! Messages of a socket, with the control data that goes with them.
//!
//! Invariant: all that a record for the system refers to is borrowed for the whole call, as long as the record says; of
//! what comes back no length is believed beyond the room that was lent.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd};

use super::{Address, done, zeroed};

/// Control data: level, type, and a number.
pub type Control = (i32, i32, i64);

/// What came with a message.
pub struct Received {
    /// Bytes of it that found room.
    pub len: usize,
    /// Who sent it.
    pub from: Address,
    /// Control data that are numbers.
    pub control: Vec<Control>,
}

/// What came with a message, its control data aside.
pub struct Arrived {
    /// Bytes of it that found room.
    pub len: usize,
    /// Who sent it; empty if the system does not tell.
    pub from: Address,
    /// Bytes of control data.
    pub control: usize,
    /// The system's flags.
    pub flags: i32,
}

/// Sends pieces as one message with control data as the system lays them out ([`put_control`]).
pub fn send_message(
    s: BorrowedFd<'_>,
    pieces: &[IoSlice<'_>],
    to: Option<&Address>,
    control: &[u8],
    flags: i32,
) -> io::Result<usize> {
    let mut m: libc::msghdr = zeroed();
    if let Some(a) = to {
        let (p, len) = a.raw();
        (m.msg_name, m.msg_namelen) = (p.cast_mut().cast(), len);
    }
    m.msg_iov = pieces.as_ptr().cast_mut().cast();
    m.msg_iovlen = pieces.len();
    if !control.is_empty() {
        (m.msg_control, m.msg_controllen) = (control.as_ptr().cast_mut().cast(), control.len());
    }
    // SAFETY: the record refers to an address, pieces and control data that outlive the call; an `IoSlice` is laid out
    // as the system's `iovec`; nothing is written to them.
    done(|| unsafe { libc::sendmsg(s.as_raw_fd(), &raw const m, flags | libc::MSG_NOSIGNAL) })
}

/// Receives a message with its sender and its control data as the system lays them out ([`controls`]).
pub fn receive_with_control(s: BorrowedFd<'_>, to: &mut [u8], control: &mut [u8], flags: i32) -> io::Result<Arrived> {
    let mut iov = [IoSliceMut::new(to)];
    let (mut len, mut used, mut came) = (0, 0, 0);
    let from = Address::fill(|name, name_len| {
        let mut m: libc::msghdr = zeroed();
        m.msg_name = name.cast();
        // SAFETY: `fill` lends the address's size.
        m.msg_namelen = unsafe { *name_len };
        m.msg_iov = iov.as_mut_ptr().cast();
        m.msg_iovlen = 1;
        (m.msg_control, m.msg_controllen) = (control.as_mut_ptr().cast(), control.len());
        // SAFETY: the record refers to room for an address, data and control data, all borrowed mutably; an
        // `IoSliceMut` is laid out as the system's `iovec`.
        len = done(|| unsafe { libc::recvmsg(s.as_raw_fd(), &raw mut m, flags | libc::MSG_CMSG_CLOEXEC) })?;
        // SAFETY: as above.
        unsafe { *name_len = m.msg_namelen };
        (used, came) = (m.msg_controllen, m.msg_flags & !libc::MSG_CMSG_CLOEXEC);
        Ok::<_, io::Error>(len)
    })?;
    Ok(Arrived { len, from, control: used.min(control.len()), flags: came })
}

/// One piece of control data.
#[derive(PartialEq, Eq, Debug)]
pub struct ControlPiece {
    /// Its level.
    pub level: i32,
    /// Its type.
    pub kind: i32,
    /// Where its data are.
    pub data: std::ops::Range<usize>,
}

/// Pieces of control data; `Err` for what is left when it is not one.
pub fn controls(bytes: &[u8]) -> impl Iterator<Item = Result<ControlPiece, ()>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let head = bytes.get(at..at + HEAD * WORD)?;
        let (len, ids) = head.split_at(WORD);
        let len = usize::from_ne_bytes(len.try_into().unwrap_or_default());
        let (level, kind) = halves(usize::from_ne_bytes(ids.try_into().unwrap_or_default()));
        if len < HEAD * WORD || len > bytes.len() - at {
            at = bytes.len();
            return Some(Err(()));
        }
        let data = at + HEAD * WORD..at + len;
        at += len.next_multiple_of(WORD);
        Some(Ok(ControlPiece { level, kind, data }))
    })
}

/// Adds a piece of control data; `false` if that would make more than `limit` bytes.
pub fn put_control(out: &mut Vec<u8>, limit: usize, level: i32, kind: i32, data: &[u8]) -> bool {
    let len = HEAD * WORD + data.len();
    let end = out.len() + len.next_multiple_of(WORD);
    if end > limit {
        return false;
    }
    out.extend(len.to_ne_bytes());
    out.extend(level.to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(data);
    out.resize(end, 0);
    true
}

/// Most control data of a message that is numbers, in bytes.
const CONTROL_ROOM: usize = 512;
const WORD: usize = size_of::<usize>();

/// Sends pieces as one message, or as much of them as the socket takes.
pub fn send(s: BorrowedFd<'_>, pieces: &[IoSlice<'_>], to: Option<&Address>, control: &[Control]) -> io::Result<usize> {
    let control = encode(control).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    send_message(s, pieces, to, &control, 0)
}

/// Receives a message, with its sender, and control data if they are wanted.
pub fn receive_message(s: BorrowedFd<'_>, to: &mut [u8], control: bool) -> io::Result<Received> {
    let mut room = [0; CONTROL_ROOM];
    let came = receive_with_control(s, to, if control { &mut room } else { &mut [] }, 0)?;
    Ok(Received { len: came.len, from: came.from, control: decode(&room[..came.control]) })
}

/// Control data that a stream socket has kept.
pub fn packet_options(s: BorrowedFd<'_>, level: i32) -> io::Result<Vec<Control>> {
    /// Of `IPPROTO_IP`; the libc crate does not declare it.
    const IP_PKTOPTIONS: i32 = 9;
    /// Of `IPPROTO_IPV6`.
    const IPV6_PKTOPTIONS: i32 = 6;
    let name = if level == libc::IPPROTO_IP { IP_PKTOPTIONS } else { IPV6_PKTOPTIONS };
    let mut bytes = [0; CONTROL_ROOM];
    let used = super::option(s, level, name, &mut bytes)?;
    Ok(decode(&bytes[..used]))
}

/// Words of a control message's head: its length, its level and type.
const HEAD: usize = size_of::<libc::cmsghdr>() / WORD;

fn halves(word: usize) -> (i32, i32) {
    let b = word.to_ne_bytes();
    (i32::from_ne_bytes([b[0], b[1], b[2], b[3]]), i32::from_ne_bytes([b[4], b[5], b[6], b[7]]))
}

/// Control data as the system lays them out, each number in four bytes; `None` if there is too much, or one is larger.
fn encode(control: &[Control]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for &(level, kind, value) in control {
        let value = i32::try_from(value).ok()?;
        put_control(&mut out, CONTROL_ROOM, level, kind, &value.to_ne_bytes()).then_some(())?;
    }
    Some(out)
}

/// Reads control data; what is no number of 1, 2, 4 or 8 bytes is shown as 0.
fn decode(bytes: &[u8]) -> Vec<Control> {
    let number = |data: &[u8]| match *data {
        [a] => a.into(),
        [a, b] => u16::from_ne_bytes([a, b]).into(),
        [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
        _ => data.try_into().map_or(0, i64::from_ne_bytes),
    };
    controls(bytes).map_while(Result::ok).map(|p| (p.level, p.kind, number(&bytes[p.data]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_control_data() {
        let mut out = Vec::new();
        assert!(put_control(&mut out, 100, 0, libc::IP_TTL, &17i32.to_ne_bytes()));
        assert!(put_control(&mut out, 100, 41, 3, b"abcdefghi"));
        assert!(!put_control(&mut out, 100, 41, 3, &[0; 50]));
        let first = ControlPiece { level: 0, kind: libc::IP_TTL, data: 16..20 };
        let all: Vec<_> = controls(&out).collect();
        assert_eq!(all, [Ok(first), Ok(ControlPiece { level: 41, kind: 3, data: 40..49 })]);
        assert_eq!(controls(&out[..30]).count(), 1);
        assert_eq!(controls(&out[..45]).last(), Some(Err(())));
        out[0] = 3;
        assert_eq!(controls(&out).collect::<Vec<_>>(), [Err(())]);
    }

    #[test]
    fn control_data_go_round() {
        let data = [(0, libc::IP_TTL, 17), (41, libc::IPV6_TCLASS, 4)];
        let mut bytes = encode(&data).expect("there is room");
        assert_eq!(bytes.len(), 48);
        assert_eq!(decode(&bytes), data);
        assert_eq!(decode(&bytes[..40]), data[..1]);
        bytes[..8].fill(0xff);
        assert_eq!(decode(&bytes), []);
        assert!(encode(&[(0, 0, 0); 30]).is_none());
        assert!(encode(&[(0, 0, i64::MAX)]).is_none());
        let mut wide = Vec::new();
        for n in [1, 2, 3, 8] {
            assert!(put_control(&mut wide, 200, 1, n, &[0xff; 8][..n as usize]));
        }
        assert_eq!(decode(&wide).iter().map(|c| c.2).collect::<Vec<_>>(), [0xff, 0xffff, 0, -1]);
    }
}
