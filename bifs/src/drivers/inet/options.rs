//! Socket options: those that the drivers keep, and those of the system.
//!
//! A value is an integer of four bytes; some have more behind it. Invariant: a wrong sequence changes what stands before
//! the wrong option, as in OTP.

use std::os::fd::BorrowedFd;

use girder_vm::sys::socket::*;

use super::{EINVAL, Refused, i32_at};

/// When a socket delivers what comes by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Active {
    #[default]
    No,
    Always,
    Once,
    /// So many times.
    Times(i16),
}

impl Active {
    pub(super) fn on(self) -> bool {
        self != Active::No
    }
}

/// Options that the drivers keep.
pub(super) struct Options {
    /// Deliver binaries, not lists.
    pub(super) binary: bool,
    /// Bytes that are a list in front of a binary.
    pub(super) header: usize,
    pub(super) active: Active,
    /// How packets are found: a number of [`super::packets::Kind`].
    pub(super) packet: i32,
    pub(super) packet_size: usize,
    pub(super) delimiter: u8,
    /// `deliver`: messages of terms, not of a port.
    pub(super) deliver_term: bool,
    pub(super) exit_on_close: bool,
    pub(super) buffer: usize,
    /// `buffer` was set by the program.
    buffer_set: bool,
    /// Watermarks of the queue.
    pub(super) high: usize,
    pub(super) low: usize,
    /// Of the port's message queue, which is not kept short here.
    message_high: i32,
    message_low: i32,
    pub(super) send_timeout: Option<u32>,
    pub(super) send_timeout_close: bool,
    pub(super) delay_send: bool,
    pub(super) show_econnreset: bool,
    pub(super) linger_zero: bool,
    pub(super) read_packets: i32,
    /// Control data to come with datagrams.
    pub(super) control: u8,
    pub(super) namespace: Option<Vec<u8>>,
    read_ahead: bool,
    non_block_send: bool,
    debug: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            binary: false,
            header: 0,
            active: Active::No,
            packet: 0,
            packet_size: 0,
            delimiter: b'\n',
            deliver_term: true,
            exit_on_close: true,
            buffer: if girder_vm::Profile::get().release > 27 { 9216 } else { 1460 },
            buffer_set: false,
            high: 8192,
            low: 4096,
            message_high: 8192,
            message_low: 4096,
            send_timeout: None,
            send_timeout_close: false,
            delay_send: false,
            show_econnreset: false,
            linger_zero: false,
            read_packets: 5,
            control: 0,
            namespace: None,
            read_ahead: true,
            non_block_send: false,
            debug: false,
        }
    }
}

/// What setting options asks for besides.
#[derive(Default)]
pub(super) struct Changes {
    /// `{active, N}` has come to its end: a message tells.
    pub(super) passive: bool,
}

/// The socket that options are set of or asked for.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// None: it is not open.
    pub(super) fd: Option<BorrowedFd<'a>>,
    pub(super) family: i32,
    /// Stream or datagrams; none yet if it is not open.
    pub(super) stream: bool,
    pub(super) datagrams: bool,
}

/// An option of the system that is a number.
struct OfSystem {
    number: u8,
    level: i32,
    name: i32,
    /// An error when it is set is told.
    strict: bool,
}

const fn lax(number: u8, level: i32, name: i32) -> OfSystem {
    OfSystem { number, level, name, strict: false }
}
const fn strict(number: u8, level: i32, name: i32) -> OfSystem {
    OfSystem { number, level, name, strict: true }
}

const OF_SYSTEM: &[OfSystem] = &[
    lax(0, SOL_SOCKET, SO_REUSEADDR),
    lax(1, SOL_SOCKET, SO_KEEPALIVE),
    lax(2, SOL_SOCKET, SO_DONTROUTE),
    lax(4, SOL_SOCKET, SO_BROADCAST),
    lax(5, SOL_SOCKET, SO_OOBINLINE),
    lax(6, SOL_SOCKET, SO_SNDBUF),
    lax(RCVBUF, SOL_SOCKET, SO_RCVBUF),
    strict(PRIORITY, SOL_SOCKET, SO_PRIORITY),
    strict(TOS, IPPROTO_IP, IP_TOS),
    lax(10, IPPROTO_TCP, TCP_NODELAY),
    lax(12, IPPROTO_IP, IP_MULTICAST_TTL),
    lax(13, IPPROTO_IP, IP_MULTICAST_LOOP),
    strict(16, IPPROTO_IPV6, IPV6_V6ONLY),
    lax(17, SOL_SOCKET, SO_REUSEPORT),
    lax(18, SOL_SOCKET, SO_REUSEPORT),
    strict(TCLASS, IPPROTO_IPV6, IPV6_TCLASS),
    strict(RECVTOS, IPPROTO_IP, IP_RECVTOS),
    strict(RECVTCLASS, IPPROTO_IPV6, IPV6_RECVTCLASS),
    strict(TTL, IPPROTO_IP, IP_TTL),
    strict(RECVTTL, IPPROTO_IP, IP_RECVTTL),
    lax(48, IPPROTO_TCP, TCP_CORK),
    strict(51, IPPROTO_TCP, TCP_KEEPCNT),
    strict(52, IPPROTO_TCP, TCP_KEEPIDLE),
    strict(53, IPPROTO_TCP, TCP_KEEPINTVL),
    strict(54, IPPROTO_TCP, TCP_USER_TIMEOUT),
];

const LINGER: u8 = 3;
const RCVBUF: u8 = 7;
const PRIORITY: u8 = 8;
pub(super) const TOS: u8 = 9;
const MULTICAST_IF: u8 = 11;
const ADD_MEMBERSHIP: u8 = 14;
const DROP_MEMBERSHIP: u8 = 15;
const EXCLUSIVE_ADDRESS: u8 = 19;
const BUFFER: u8 = 20;
const HEADER: u8 = 21;
const ACTIVE: u8 = 22;
const PACKET: u8 = 23;
const MODE: u8 = 24;
const DELIVER: u8 = 25;
const EXIT_ON_CLOSE: u8 = 26;
const HIGH: u8 = 27;
const LOW: u8 = 28;
const SEND_TIMEOUT: u8 = 30;
const DELAY_SEND: u8 = 31;
const PACKET_SIZE: u8 = 32;
const READ_PACKETS: u8 = 33;
const RAW: u8 = 34;
const SEND_TIMEOUT_CLOSE: u8 = 35;
const MESSAGE_HIGH: u8 = 36;
const MESSAGE_LOW: u8 = 37;
const NAMESPACE: u8 = 38;
const SHOW_ECONNRESET: u8 = 39;
const DELIMITER: u8 = 40;
pub(super) const TCLASS: u8 = 41;
const BIND_TO_DEVICE: u8 = 42;
const RECVTOS: u8 = 43;
const RECVTCLASS: u8 = 44;
const PACKET_OPTIONS: u8 = 45;
pub(super) const TTL: u8 = 46;
const RECVTTL: u8 = 47;
const READ_AHEAD: u8 = 49;
const NON_BLOCK_SEND: u8 = 50;
const DEBUG: u8 = 99;

/// A value of `active` that is followed by a count of two bytes.
const ACTIVE_TIMES: i32 = 3;
/// Largest and least limit of the message queue.
const MESSAGE_LIMITS: std::ops::RangeInclusive<i32> = 1..=i32::MAX;
/// Most bytes of a value.
const MAX_VALUE: usize = 64 << 10;
/// Bytes before the value of a raw option: its number, level, name and length.
const RAW_HEAD: usize = 13;
/// Longest name of a device, with its end.
const DEVICE: usize = 16;

/// Takes bytes off.
fn take<'a>(data: &mut &'a [u8], n: usize) -> Result<&'a [u8], Refused> {
    data.split_off(..n).ok_or(EINVAL)
}

fn take_i32(data: &mut &[u8]) -> Result<i32, Refused> {
    i32_at(take(data, 4)?, 0)
}

impl Options {
    /// What a connection takes over from the socket that listens for it.
    pub(super) fn inherited(&self) -> Options {
        Options {
            binary: self.binary,
            exit_on_close: self.exit_on_close,
            deliver_term: self.deliver_term,
            packet: self.packet,
            packet_size: self.packet_size,
            header: self.header,
            buffer: self.buffer,
            high: self.high,
            low: self.low,
            message_high: self.message_high,
            message_low: self.message_low,
            send_timeout: self.send_timeout,
            send_timeout_close: self.send_timeout_close,
            show_econnreset: self.show_econnreset,
            linger_zero: self.linger_zero,
            delimiter: if girder_vm::Profile::get().release > 25 { self.delimiter } else { b'\n' },
            read_ahead: self.read_ahead,
            ..Options::default()
        }
    }
    /// Sets a sequence of options.
    pub(super) fn set(&mut self, s: Subject<'_>, mut data: &[u8]) -> Result<Changes, Refused> {
        let mut changes = Changes::default();
        while data.len() >= 5 {
            let number = take(&mut data, 1)?[0];
            let value = take_i32(&mut data)?;
            if !self.set_own(s, number, value, &mut data, &mut changes)? {
                self.set_system(s, number, value, &mut data)?;
            }
        }
        Ok(changes)
    }
    /// An option of the driver's; `false` if it is none.
    fn set_own(
        &mut self,
        s: Subject<'_>,
        number: u8,
        value: i32,
        data: &mut &[u8],
        changes: &mut Changes,
    ) -> Result<bool, Refused> {
        let on = value != 0;
        let size = value.max(0) as usize;
        match number {
            BUFFER => (self.buffer, self.buffer_set) = (size.max(1), true),
            HEADER => self.header = value as u32 as usize,
            MODE => self.binary = on,
            DELIVER => self.deliver_term = on,
            PACKET => self.packet = value,
            PACKET_SIZE => self.packet_size = value as u32 as usize,
            EXIT_ON_CLOSE => self.exit_on_close = on,
            ACTIVE => self.set_active(value, data, changes)?,
            HIGH if s.stream => (self.high, self.low) = (size, self.low.min(size)),
            LOW if s.stream => (self.low, self.high) = (size, self.high.max(size)),
            MESSAGE_HIGH | MESSAGE_LOW if !MESSAGE_LIMITS.contains(&value) => return Err(EINVAL),
            MESSAGE_HIGH => (self.message_high, self.message_low) = (value, self.message_low.min(value)),
            MESSAGE_LOW => (self.message_low, self.message_high) = (value, self.message_high.max(value)),
            SEND_TIMEOUT if s.stream => self.send_timeout = u32::try_from(value).ok(),
            SEND_TIMEOUT_CLOSE if s.stream => self.send_timeout_close = on,
            DELAY_SEND if s.stream => self.delay_send = on,
            SHOW_ECONNRESET => self.show_econnreset = on,
            DELIMITER => self.delimiter = value as u8,
            READ_PACKETS if s.datagrams && value <= 0 => return Err(EINVAL),
            READ_PACKETS if s.datagrams => self.read_packets = value,
            READ_AHEAD => self.read_ahead = on,
            NON_BLOCK_SEND => self.non_block_send = on,
            DEBUG => self.debug = on,
            NAMESPACE => {
                let len = usize::try_from(value).map_err(|_| EINVAL)?;
                self.namespace = Some(take(data, len)?.to_vec());
            }
            HIGH | LOW | SEND_TIMEOUT | SEND_TIMEOUT_CLOSE | DELAY_SEND | READ_PACKETS | EXCLUSIVE_ADDRESS => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
    fn set_active(&mut self, value: i32, data: &mut &[u8], changes: &mut Changes) -> Result<(), Refused> {
        let left = if let Active::Times(n) = self.active { n } else { 0 };
        self.active = match value {
            0 => Active::No,
            1 => Active::Always,
            2 => Active::Once,
            ACTIVE_TIMES => {
                let more = take(data, 2)?;
                let more = i16::from_be_bytes([more[0], more[1]]);
                match left.checked_add(more).ok_or(EINVAL)? {
                    ..=0 => {
                        changes.passive = true;
                        Active::No
                    }
                    n => Active::Times(n),
                }
            }
            _ => return Err(EINVAL),
        };
        Ok(())
    }
    fn set_system(&mut self, s: Subject<'_>, number: u8, value: i32, data: &mut &[u8]) -> Result<(), Refused> {
        // Arguments are looked at even if there is no socket to set them of.
        let fd = || s.fd.ok_or(EINVAL);
        match number {
            LINGER => {
                let seconds = take_i32(data)?;
                self.linger_zero = value != 0 && seconds == 0;
                let both = [value.to_ne_bytes(), seconds.to_ne_bytes()].concat();
                if let Some(fd) = s.fd {
                    let _ = set_option(fd, SOL_SOCKET, SO_LINGER, &both);
                }
            }
            MULTICAST_IF => {
                let (level, name) = match s.family {
                    AF_INET => (IPPROTO_IP, IP_MULTICAST_IF),
                    AF_INET6 => (IPPROTO_IPV6, IPV6_MULTICAST_IF),
                    _ => return Err(EINVAL),
                };
                let bytes = if s.family == AF_INET { value.to_be_bytes() } else { value.to_ne_bytes() };
                let _ = set_option(fd()?, level, name, &bytes);
            }
            ADD_MEMBERSHIP | DROP_MEMBERSHIP => membership(s, number == ADD_MEMBERSHIP, value, data)?,
            RAW => {
                let name = take_i32(data)?;
                let len = usize::try_from(take_i32(data)?).map_err(|_| EINVAL)?;
                let bytes = take(data, len)?;
                if let Some(fd) = s.fd {
                    let _ = set_option(fd, value, name, bytes);
                }
            }
            BIND_TO_DEVICE => {
                let len = usize::try_from(value).ok().filter(|&n| n <= DEVICE).ok_or(EINVAL)?;
                let name = take(data, len)?;
                set_option(fd()?, SOL_SOCKET, SO_BINDTODEVICE, &[name, &[0]].concat()).map_err(|_| EINVAL)?;
            }
            _ => {
                let o = OF_SYSTEM.iter().find(|o| o.number == number).ok_or(EINVAL)?;
                if number == RCVBUF && !self.buffer_set {
                    let wanted = value.max(0) as usize;
                    let most = if s.datagrams { 1 << 16 } else { usize::MAX };
                    self.buffer = self.buffer.max(wanted.min(most));
                }
                let done = s.fd.map(|fd| set_apart(fd, o, value));
                if o.strict && !matches!(done, Some(Ok(()))) {
                    return Err(EINVAL);
                }
                let bit = match number {
                    RECVTOS => 1,
                    RECVTCLASS => 2,
                    RECVTTL => 4,
                    _ => 0,
                };
                if value != 0 { self.control |= bit } else { self.control &= !bit }
            }
        }
        Ok(())
    }
    /// The values of a sequence of options, each behind its number. What the system does not tell is left out.
    pub(super) fn get(&self, s: Subject<'_>, mut data: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::new();
        while !data.is_empty() {
            let number = take(&mut data, 1)?[0];
            if let Some(value) = self.own(s, number) {
                if let Some(value) = value {
                    out.push(number);
                    out.extend(value.to_be_bytes());
                    if let (ACTIVE, Active::Times(n)) = (number, self.active) {
                        out.extend(n.to_be_bytes());
                    }
                }
            } else {
                self.get_other(s, number, &mut data, &mut out)?;
            }
            if out.len() > MAX_VALUE {
                return Err(EINVAL);
            }
        }
        Ok(out)
    }
    /// An option of the driver's, if it is one; and its value, if this kind of socket has it.
    fn own(&self, s: Subject<'_>, number: u8) -> Option<Option<i32>> {
        let of_stream = |v: i32| s.stream.then_some(v);
        Some(match number {
            BUFFER => Some(self.buffer as i32),
            HEADER => Some(self.header as i32),
            ACTIVE => Some(match self.active {
                Active::No => 0,
                Active::Always => 1,
                Active::Once => 2,
                Active::Times(_) => ACTIVE_TIMES,
            }),
            PACKET => Some(self.packet),
            MODE => Some(self.binary.into()),
            DELIVER => Some(self.deliver_term.into()),
            EXIT_ON_CLOSE => Some(self.exit_on_close.into()),
            PACKET_SIZE => Some(self.packet_size as i32),
            HIGH => of_stream(self.high as i32),
            LOW => of_stream(self.low as i32),
            MESSAGE_HIGH => Some(self.message_high),
            MESSAGE_LOW => Some(self.message_low),
            SEND_TIMEOUT => of_stream(self.send_timeout.map_or(-1, |t| t as i32)),
            SEND_TIMEOUT_CLOSE => of_stream(self.send_timeout_close.into()),
            DELAY_SEND => of_stream(self.delay_send.into()),
            READ_PACKETS => s.datagrams.then_some(self.read_packets),
            SHOW_ECONNRESET => of_stream(self.show_econnreset.into()),
            READ_AHEAD => of_stream(self.read_ahead.into()),
            NON_BLOCK_SEND => Some(self.non_block_send.into()),
            EXCLUSIVE_ADDRESS => None,
            DEBUG => Some(self.debug.into()),
            _ => return None,
        })
    }
    fn get_other(&self, s: Subject<'_>, number: u8, data: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let before = out.len();
        let mut put = |parts: &[&[u8]]| {
            out.push(number);
            parts.iter().for_each(|p| out.extend_from_slice(p));
        };
        let length = |n: usize| (n as u32).to_be_bytes();
        match number {
            NAMESPACE => {
                if let Some(n) = &self.namespace {
                    put(&[&length(n.len()), n]);
                }
            }
            LINGER => {
                let mut both = [0; 8];
                if s.fd.is_some_and(|fd| option(fd, SOL_SOCKET, SO_LINGER, &mut both).is_ok()) {
                    both[..4].reverse();
                    both[4..].reverse();
                    put(&[&both]);
                }
            }
            MULTICAST_IF => {
                let (level, name, domain) = match s.family {
                    AF_INET => (IPPROTO_IP, IP_MULTICAST_IF, 1i32),
                    AF_INET6 => (IPPROTO_IPV6, IPV6_MULTICAST_IF, 2),
                    _ => return Err(EINVAL),
                };
                let mut value = [0; 4];
                if s.fd.is_some_and(|fd| option(fd, level, name, &mut value).is_ok()) {
                    if s.family == AF_INET6 {
                        value.reverse();
                    }
                    put(&[&value, &domain.to_be_bytes()]);
                }
            }
            RAW => {
                let (level, name) = (take_i32(data)?, take_i32(data)?);
                let given = take(data, 1)?[0] != 0;
                // The whole answer has a limit, and room for the value as it was asked for has to be in it.
                let fits = |n: &usize| before + RAW_HEAD + n < MAX_VALUE;
                let len = usize::try_from(take_i32(data)?).ok().filter(fits).ok_or(EINVAL)?;
                let mut value = if given { take(data, len)?.to_vec() } else { vec![0; len] };
                if let Some(Ok(n)) = s.fd.map(|fd| option(fd, level, name, &mut value)) {
                    put(&[&level.to_be_bytes(), &name.to_be_bytes(), &length(n), &value[..n]]);
                }
            }
            BIND_TO_DEVICE => {
                let mut name = [0; DEVICE];
                if let Some(Ok(n)) = s.fd.map(|fd| option(fd, SOL_SOCKET, SO_BINDTODEVICE, &mut name)) {
                    let end = name[..n].iter().position(|&b| b == 0).unwrap_or(n);
                    put(&[&length(end), &name[..end]]);
                }
            }
            PACKET_OPTIONS => {
                let level = match s.family {
                    AF_INET => IPPROTO_IP,
                    AF_INET6 => IPPROTO_IPV6,
                    _ => return Err(EINVAL),
                };
                if let Some(Ok(found)) = s.fd.map(|fd| packet_options(fd, level)) {
                    let items: Vec<u8> = found.into_iter().flat_map(item_bytes).collect();
                    put(&[&length(items.len()), &items]);
                }
            }
            _ => {
                let o = OF_SYSTEM.iter().find(|o| o.number == number).ok_or(EINVAL)?;
                if let Some(Ok(value)) = s.fd.map(|fd| girder_vm::sys::socket::number(fd, o.level, o.name)) {
                    put(&[&value.to_be_bytes()]);
                }
            }
        }
        Ok(())
    }
}

/// The option that a control message stands for.
pub(super) fn control_option((level, kind, _): Control) -> Option<u8> {
    match (level, kind) {
        (IPPROTO_IP, IP_TOS) => Some(TOS),
        (IPPROTO_IPV6, IPV6_TCLASS) => Some(TCLASS),
        (IPPROTO_IP, IP_TTL) => Some(TTL),
        _ => None,
    }
}

/// The control message that stands for options sent with a datagram.
pub(super) fn control_messages(mut data: &[u8]) -> Result<Vec<Control>, Refused> {
    let mut out = Vec::new();
    while !data.is_empty() {
        let number = take(&mut data, 1)?[0];
        let value = take_i32(&mut data)?.into();
        out.push(match number {
            TOS => (IPPROTO_IP, IP_TOS, value),
            TTL => (IPPROTO_IP, IP_TTL, value),
            TCLASS => (IPPROTO_IPV6, IPV6_TCLASS, value),
            _ => return Err(EINVAL),
        });
    }
    // As many as a message has room for in OTP.
    if out.len() > 2 { Err(EINVAL) } else { Ok(out) }
}

fn item_bytes(c: Control) -> Vec<u8> {
    control_option(c).map_or_else(Vec::new, |o| [&[o], &(c.2 as i32).to_be_bytes()[..]].concat())
}

fn packet_options(fd: BorrowedFd<'_>, level: i32) -> std::io::Result<Vec<Control>> {
    girder_vm::sys::socket::packet_options(fd, level)
}

/// Sets an option. The system couples priority and type of service: what was not asked for stays as it was.
fn set_apart(fd: BorrowedFd<'_>, o: &OfSystem, value: i32) -> std::io::Result<()> {
    let coupled = match o.number {
        PRIORITY => Some((IPPROTO_IP, IP_TOS)),
        TOS => Some((SOL_SOCKET, SO_PRIORITY)),
        _ => None,
    };
    let before = coupled.and_then(|(level, name)| Some((level, name, number(fd, level, name).ok()?)));
    set_number(fd, o.level, o.name, value)?;
    if let Some((level, name, old)) = before {
        let _ = set_number(fd, level, name, old);
    }
    Ok(())
}

/// Joins or leaves a group.
fn membership(s: Subject<'_>, join: bool, domain: i32, data: &mut &[u8]) -> Result<(), Refused> {
    let fd = s.fd.ok_or(EINVAL)?;
    let interface = take_i32(data)?.to_ne_bytes();
    let (level, name, request) = match (domain, s.family) {
        (1, AF_INET) => {
            let name = if join { IP_ADD_MEMBERSHIP } else { IP_DROP_MEMBERSHIP };
            (IPPROTO_IP, name, [take(data, 8)?, &interface].concat())
        }
        (2, AF_INET6) => {
            let name = if join { IPV6_ADD_MEMBERSHIP } else { IPV6_DROP_MEMBERSHIP };
            (IPPROTO_IPV6, name, [take(data, 16)?, &interface].concat())
        }
        _ => return Err(EINVAL),
    };
    // An error is not told, as OTP does not either.
    let _ = set_option(fd, level, name, &request);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn what_is_set_is_got() {
        let fd = open(AF_INET, SOCK_DGRAM, 0).expect("a socket");
        let s = Subject { fd: Some(fd.as_fd()), family: AF_INET, stream: false, datagrams: true };
        let mut o = Options::default();
        let some = [24, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 9, 33, 0, 0, 0, 7];
        assert!(o.set(s, &some).is_ok());
        assert_eq!(o.get(s, &[24, 0, 3, 33, 27]).as_deref(), Ok(&some[..]));
        let closed = Subject { fd: None, ..s };
        assert_eq!(o.get(closed, &[24, 3, 0]).as_deref(), Ok(&some[..5]));
        for wrong in [&[200, 0, 0, 0, 1][..], &[3, 0, 0, 0, 1], &[33, 0, 0, 0, 0], &[34, 0, 0, 0, 1, 0]] {
            assert!(o.set(s, wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(o.get(s, &[200]), Err(EINVAL));
    }

    #[test]
    fn active_counts() {
        let s = Subject { fd: None, family: AF_INET, stream: true, datagrams: false };
        let mut o = Options::default();
        let times = |o: &mut Options, n: i16| {
            let n = n.to_be_bytes();
            o.set(s, &[22, 0, 0, 0, 3, n[0], n[1]]).map(|c| c.passive)
        };
        assert_eq!(times(&mut o, 3), Ok(false));
        assert_eq!(times(&mut o, 4), Ok(false));
        assert_eq!(o.active, Active::Times(7));
        assert_eq!(o.get(s, &[22]).as_deref(), Ok(&[22, 0, 0, 0, 3, 0, 7][..]));
        assert_eq!(times(&mut o, i16::MAX), Err(EINVAL));
        assert_eq!(times(&mut o, -7), Ok(true));
        assert_eq!(o.active, Active::No);
    }
}
