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

/// Most control data of a message, in words.
const CONTROL_WORDS: usize = 64;
const WORD: usize = size_of::<usize>();

/// Sends pieces as one message, or as much of them as the socket takes.
pub fn send(s: BorrowedFd<'_>, pieces: &[IoSlice<'_>], to: Option<&Address>, control: &[Control]) -> io::Result<usize> {
    let mut m: libc::msghdr = zeroed();
    if let Some(a) = to {
        let (p, len) = a.raw();
        (m.msg_name, m.msg_namelen) = (p.cast_mut().cast(), len);
    }
    m.msg_iov = pieces.as_ptr().cast_mut().cast();
    m.msg_iovlen = pieces.len();
    let mut room = [0usize; CONTROL_WORDS];
    let used = encode(control, &mut room).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    if used > 0 {
        (m.msg_control, m.msg_controllen) = (room.as_mut_ptr().cast(), used);
    }
    // SAFETY: the record refers to an address, pieces and control data that outlive the call; an `IoSlice` is laid out
    // as the system's `iovec`; nothing is written to them.
    done(|| unsafe { libc::sendmsg(s.as_raw_fd(), &raw const m, libc::MSG_NOSIGNAL) })
}

/// Receives a message, with its sender, and control data if they are wanted.
pub fn receive_message(s: BorrowedFd<'_>, to: &mut [u8], control: bool) -> io::Result<Received> {
    let mut room = [0usize; CONTROL_WORDS];
    let (mut len, mut used) = (0, 0);
    let mut iov = [IoSliceMut::new(to)];
    let from = Address::fill(|name, name_len| {
        let mut m: libc::msghdr = zeroed();
        m.msg_name = name.cast();
        // SAFETY: `fill` lends the address's size.
        m.msg_namelen = unsafe { *name_len };
        m.msg_iov = iov.as_mut_ptr().cast();
        m.msg_iovlen = 1;
        if control {
            (m.msg_control, m.msg_controllen) = (room.as_mut_ptr().cast(), size_of_val(&room));
        }
        // SAFETY: the record refers to rooms of the sizes that it says, all borrowed mutably.
        len = done(|| unsafe { libc::recvmsg(s.as_raw_fd(), &raw mut m, 0) })?;
        used = m.msg_controllen.min(size_of_val(&room));
        // SAFETY: as above.
        unsafe { *name_len = m.msg_namelen };
        Ok::<_, io::Error>(len)
    })?;
    let control = if control { decode(&room, used) } else { Vec::new() };
    Ok(Received { len, from, control })
}

/// Control data that a stream socket has kept.
pub fn packet_options(s: BorrowedFd<'_>, level: i32) -> io::Result<Vec<Control>> {
    /// Of `IPPROTO_IP`; the libc crate does not declare it.
    const IP_PKTOPTIONS: i32 = 9;
    /// Of `IPPROTO_IPV6`.
    const IPV6_PKTOPTIONS: i32 = 6;
    let name = if level == libc::IPPROTO_IP { IP_PKTOPTIONS } else { IPV6_PKTOPTIONS };
    let mut bytes = [0; 8 * CONTROL_WORDS];
    let used = super::option(s, level, name, &mut bytes)?;
    let words: Vec<usize> = bytes.as_chunks::<WORD>().0.iter().map(|w| usize::from_ne_bytes(*w)).collect();
    Ok(decode(&words, used))
}

/// Words of a control message's head: its length, its level and type.
const HEAD: usize = size_of::<libc::cmsghdr>() / WORD;

fn halves(word: usize) -> (i32, i32) {
    let b = word.to_ne_bytes();
    (i32::from_ne_bytes([b[0], b[1], b[2], b[3]]), i32::from_ne_bytes([b[4], b[5], b[6], b[7]]))
}

/// Lays control data out as the system wants them, each number in four bytes; gives the bytes used.
fn encode(control: &[Control], room: &mut [usize]) -> Option<usize> {
    const { assert!(size_of::<libc::cmsghdr>() == 16 && WORD == 8) };
    let mut at = 0;
    for &(level, kind, value) in control {
        let item = room.get_mut(at..at + HEAD + 1)?;
        item[0] = HEAD * WORD + 4;
        item[1] = level as u32 as usize | (kind as u32 as usize) << 32;
        item[2] = i32::try_from(value).ok()? as u32 as usize;
        at += item.len();
    }
    Some(at * WORD)
}

/// Reads control data; what is no number of 1, 2, 4 or 8 bytes is shown as 0.
fn decode(room: &[usize], used: usize) -> Vec<Control> {
    let mut out = Vec::new();
    let mut rest = &room[..used / WORD];
    while rest.len() > HEAD && rest[0] >= HEAD * WORD && rest[0] <= rest.len() * WORD {
        let (level, kind) = halves(rest[1]);
        let word = rest[HEAD] as u64;
        let value = match rest[0] - HEAD * WORD {
            1 => word & 0xff,
            2 => word & 0xffff,
            4 => word & 0xffff_ffff,
            8 => word,
            _ => 0,
        };
        out.push((level, kind, value as i64));
        rest = &rest[rest[0].div_ceil(WORD)..];
    }
    out
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
        let mut room = [0; CONTROL_WORDS];
        let data = [(0, libc::IP_TTL, 17), (41, libc::IPV6_TCLASS, 4)];
        let used = encode(&data, &mut room).expect("there is room");
        assert_eq!(used, 48);
        assert_eq!(decode(&room, used), data);
        assert_eq!(decode(&room, used - 8), data[..1]);
        room[0] = usize::MAX;
        assert_eq!(decode(&room, used), []);
        assert!(encode(&[(0, 0, 0); 30], &mut room).is_none());
    }
}
