//! Network interfaces as `prim_inet` asks for them: their names, addresses and flags.
//!
//! Invariant: what an interface has not is left out of the answer; a request that ends early is `einval`.

use std::os::fd::BorrowedFd;

use girder_vm::sys::socket::interfaces::{self, Interface, Item, Value};
use girder_vm::sys::socket::{Address, Name};

use super::{Answer, EINVAL, Operation, Refused, i32_at};

const ADDRESS: u8 = 1;
const BROADCAST: u8 = 2;
const DESTINATION: u8 = 3;
const FLAGS: u8 = 6;
const NETMASK: u8 = 5;
const HARDWARE: u8 = 7;

/// What an interface may be asked, by the protocol's number.
const ITEMS: [(u8, Item); 7] = [
    (ADDRESS, Item::Address),
    (BROADCAST, Item::Broadcast),
    (DESTINATION, Item::Destination),
    (4, Item::Mtu),
    (NETMASK, Item::Netmask),
    (FLAGS, Item::Flags),
    (HARDWARE, Item::Hardware),
];

const INET: u8 = 1;
const INET6: u8 = 2;

/// Flags of the system, and of the protocol. An interface that is up counts as running.
const FLAG_BITS: [(i32, i32); 6] = [
    (interfaces::IFF_UP, 0x1),
    (interfaces::IFF_BROADCAST, 0x2),
    (interfaces::IFF_LOOPBACK, 0x4),
    (interfaces::IFF_POINTOPOINT, 0x8),
    (interfaces::IFF_UP, 0x10),
    (interfaces::IFF_MULTICAST, 0x20),
];

/// Bits of the protocol that set and clear a flag.
const SETTERS: [(i32, i32, i32); 3] = [
    (0x1, 0x100, interfaces::IFF_UP),
    (0x2, 0x200, interfaces::IFF_BROADCAST),
    (0x8, 0x800, interfaces::IFF_POINTOPOINT),
];

fn told(flags: i32) -> [u8; 4] {
    FLAG_BITS.iter().filter(|(f, _)| flags & f != 0).fold(0, |all, (_, bit)| all | bit).to_be_bytes()
}

/// Answers a request about interfaces through a socket.
pub(super) fn request(fd: BorrowedFd<'_>, operation: Operation, data: &[u8]) -> Answer {
    match operation {
        Operation::GetAddresses => Ok(interfaces::all()?.iter().flat_map(described).collect()),
        Operation::GetInterfaces => Ok(interfaces::all()?
            .into_iter()
            .filter(|i| matches!(i.address.as_ref().map(Address::get), Some(Name::V4(..))))
            .flat_map(|i| [i.name, vec![0]].concat())
            .collect()),
        Operation::GetInterface => get(fd, data),
        _ => set(fd, data),
    }
}

/// An address without its port, behind the number of what it is.
fn put(out: &mut Vec<u8>, what: u8, a: Option<&Address>) {
    match a.map(Address::get) {
        Some(Name::V4(_, ip)) => out.extend([&[what, INET], &ip[..]].concat()),
        Some(Name::V6(_, ip)) => out.extend([&[what, INET6], &ip[..]].concat()),
        _ => {}
    }
}

fn described(i: &Interface) -> Vec<u8> {
    let flags = i.flags as i32;
    // Names are bytes of no known encoding: they are told as characters of UTF-8.
    let mut out: Vec<u8> = i.name.iter().map(|&b| char::from(b)).collect::<String>().into_bytes();
    out.extend([0, FLAGS]);
    out.extend(told(flags));
    let hardware = i.address.as_ref().and_then(Address::link).map(|l| l.address);
    if i.address.is_some() && hardware.is_none() {
        put(&mut out, ADDRESS, i.address.as_ref());
        put(&mut out, NETMASK, i.netmask.as_ref());
        if flags & interfaces::IFF_POINTOPOINT != 0 {
            put(&mut out, DESTINATION, i.other.as_ref());
        } else if flags & interfaces::IFF_BROADCAST != 0 {
            put(&mut out, BROADCAST, i.other.as_ref());
        }
    } else if let Some(h) = hardware.filter(|h| !h.is_empty()) {
        out.extend([&[HARDWARE, 0, h.len() as u8], h].concat());
    }
    out.push(0);
    out
}

/// The interface's name, which comes first, and the rest.
fn named(data: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    /// Longest name of an interface.
    const MAX: usize = 15;
    let (n, rest) = data.split_first().ok_or(EINVAL)?;
    let (name, rest) = rest.split_at_checked(usize::from(*n)).ok_or(EINVAL)?;
    Ok((&name[..name.len().min(MAX)], rest))
}

fn item(number: u8) -> Result<Item, Refused> {
    ITEMS.iter().find(|(n, _)| *n == number).map(|(_, i)| *i).ok_or(EINVAL)
}

fn get(fd: BorrowedFd<'_>, data: &[u8]) -> Answer {
    let (name, items) = named(data)?;
    let mut out = Vec::new();
    for &number in items {
        let item = item(number)?;
        match (item, interfaces::get(fd, name, item)) {
            (Item::Flags, flags) => {
                let flags = if let Ok(Value::Number(f)) = flags { f } else { 0 };
                out.extend([&[number], &told(flags)[..]].concat());
            }
            (_, Ok(Value::V4(ip))) => out.extend([&[number, INET], &ip[..]].concat()),
            (_, Ok(Value::Number(n))) => out.extend([&[number], &n.to_be_bytes()[..]].concat()),
            (_, Ok(Value::Hardware(h))) => out.extend([&[number, 0, 6], &h[..]].concat()),
            (_, Err(_)) => {}
        }
    }
    Ok(out)
}

/// Tells the interface what is asked; what the system refuses is not told, as OTP does not either.
fn set(fd: BorrowedFd<'_>, data: &[u8]) -> Answer {
    let (name, mut data) = named(data)?;
    while let Some(number) = data.split_off_first() {
        let item = item(*number)?;
        let value = match item {
            Item::Mtu => Value::Number(i32_at(data.split_off(..4).ok_or(EINVAL)?, 0)?),
            Item::Flags => {
                let wanted = i32_at(data.split_off(..4).ok_or(EINVAL)?, 0)?;
                let old = if let Ok(Value::Number(f)) = interfaces::get(fd, name, item) { f } else { 0 };
                let mut flags = old;
                for (set, clear, flag) in SETTERS {
                    flags |= if wanted & set != 0 { flag } else { 0 };
                    flags &= if wanted & clear != 0 { !flag } else { !0 };
                }
                if flags == old {
                    continue;
                }
                Value::Number(flags)
            }
            Item::Hardware => {
                let len = data.split_off(..2).ok_or(EINVAL)?;
                let len = usize::from(u16::from_be_bytes([len[0], len[1]]));
                let given = data.split_off(..len).ok_or(EINVAL)?;
                let mut bytes = [0; 6];
                bytes.iter_mut().zip(given).for_each(|(to, b)| *to = *b);
                Value::Hardware(bytes)
            }
            _ => match data.split_off_first() {
                Some(&INET) => {
                    let ip = data.split_off(..4).ok_or(EINVAL)?;
                    Value::V4([ip[0], ip[1], ip[2], ip[3]])
                }
                Some(&INET6) => {
                    data.split_off(..16).ok_or(EINVAL)?;
                    continue;
                }
                _ => return Err(EINVAL),
            },
        };
        let _ = interfaces::set(fd, name, item, value);
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use girder_vm::sys::socket;
    use std::os::fd::AsFd;

    #[test]
    fn the_loopback_interface() {
        let s = socket::open(socket::AF_INET, socket::SOCK_DGRAM, 0).expect("a socket");
        let got = get(s.as_fd(), &[2, b'l', b'o', ADDRESS, NETMASK]).expect("it is there");
        assert_eq!(got, [&[ADDRESS, INET, 127, 0, 0, 1][..], &[NETMASK, INET, 255, 0, 0, 0]].concat());
        let all = request(s.as_fd(), Operation::GetAddresses, &[]).expect("there are some");
        assert!(all.windows(6).any(|w| w == [ADDRESS, INET, 127, 0, 0, 1]));
        for wrong in [&[][..], &[5, b'l'], &[2, b'l', b'o', 99]] {
            assert_eq!(get(s.as_fd(), wrong), Err(EINVAL));
            assert_eq!(set(s.as_fd(), wrong), Err(EINVAL));
        }
    }
}
