//! Network interfaces: what they are called, what addresses and flags they have.
//!
//! Invariant: what is given out is a copy; no list of the system's outlives the call that asked for it.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::{Address, done, zeroed};

pub use libc::{IFF_BROADCAST, IFF_LOOPBACK, IFF_MULTICAST, IFF_POINTOPOINT, IFF_RUNNING, IFF_UP};
pub use libc::{
    SIOCGIFADDR, SIOCGIFBRDADDR, SIOCGIFCONF, SIOCGIFDSTADDR, SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFMAP,
    SIOCGIFMTU, SIOCGIFNAME, SIOCGIFNETMASK, SIOCSIFADDR, SIOCSIFBRDADDR, SIOCSIFDSTADDR, SIOCSIFFLAGS, SIOCSIFMTU,
    SIOCSIFNETMASK,
};

/// An interface with one of its addresses.
pub struct Interface {
    /// Its name.
    pub name: Vec<u8>,
    /// Its flags, as the system has them.
    pub flags: u32,
    /// The address.
    pub address: Option<Address>,
    /// The bits of the address that name the network.
    pub netmask: Option<Address>,
    /// The address for all in the network, or of the other side.
    pub other: Option<Address>,
}

/// All interfaces, once for each address.
pub fn all() -> io::Result<Vec<Interface>> {
    let mut first = std::ptr::null_mut();
    // SAFETY: the list is written to `first`, and freed below.
    done(|| unsafe { libc::getifaddrs(&raw mut first) } as isize)?;
    let mut list = Vec::new();
    let mut at: *const libc::ifaddrs = first;
    // SAFETY: the system's list: each record is alive until it is freed, its name is a string, its addresses are null
    // or of the kind that their family says.
    unsafe {
        while let Some(i) = at.as_ref() {
            list.push(Interface {
                name: CStr::from_ptr(i.ifa_name).to_bytes().to_vec(),
                flags: i.ifa_flags,
                address: Address::at(i.ifa_addr),
                netmask: Address::at(i.ifa_netmask),
                other: Address::at(i.ifa_ifu),
            });
            at = i.ifa_next;
        }
        libc::freeifaddrs(first);
    }
    Ok(list)
}

/// Something that an interface can be asked, or told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// Its address.
    Address,
    /// The address for all in its network.
    Broadcast,
    /// The address of the other side.
    Destination,
    /// The bits that name its network.
    Netmask,
    /// Bytes of a packet.
    Mtu,
    /// Its flags.
    Flags,
    /// The address of its hardware, of six bytes.
    Hardware,
}

/// What the answer to an [`Item`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// An IPv4 address.
    V4([u8; 4]),
    /// A number.
    Number(i32),
    /// Of the hardware.
    Hardware([u8; 6]),
}

fn request(name: &[u8]) -> Option<libc::ifreq> {
    let mut r: libc::ifreq = zeroed();
    let name = CString::new(name).ok()?;
    let bytes = name.as_bytes_with_nul();
    if bytes.len() > r.ifr_name.len() {
        return None;
    }
    r.ifr_name.iter_mut().zip(bytes).for_each(|(to, b)| *to = *b as libc::c_char);
    Some(r)
}

fn invalid() -> io::Error {
    io::Error::from_raw_os_error(libc::EINVAL)
}

/// Bytes of a request about an interface behind the name.
pub const VALUE: usize = size_of::<libc::ifreq>() - libc::IFNAMSIZ;

/// Requests that are answered in their own record, or that only read it.
const PLAIN: [u64; 19] = [
    libc::SIOCGIFNAME,
    libc::SIOCGIFINDEX,
    libc::SIOCGIFFLAGS,
    libc::SIOCGIFADDR,
    libc::SIOCGIFDSTADDR,
    libc::SIOCGIFBRDADDR,
    libc::SIOCGIFNETMASK,
    libc::SIOCGIFMTU,
    libc::SIOCGIFHWADDR,
    libc::SIOCGIFMAP,
    libc::SIOCGIFTXQLEN,
    libc::SIOCSIFFLAGS,
    libc::SIOCSIFADDR,
    libc::SIOCSIFDSTADDR,
    libc::SIOCSIFBRDADDR,
    libc::SIOCSIFNETMASK,
    libc::SIOCSIFMTU,
    libc::SIOCSIFTXQLEN,
    libc::SIOCSIFHWADDR,
];

/// Makes one of the plain requests by its number: name and value as the system has them before and after. A name that is
/// too long is cut.
pub fn request_by_number(
    s: BorrowedFd<'_>,
    number: u64,
    name: &[u8],
    value: [u8; VALUE],
) -> io::Result<(Vec<u8>, [u8; VALUE])> {
    if !PLAIN.contains(&number) {
        return Err(invalid());
    }
    let mut r = [0u64; size_of::<libc::ifreq>() / 8];
    let mut bytes = [0; size_of::<libc::ifreq>()];
    let n = name.len().min(libc::IFNAMSIZ - 1);
    bytes[..n].copy_from_slice(&name[..n]);
    bytes[libc::IFNAMSIZ..].copy_from_slice(&value);
    for (word, b) in r.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(b.try_into().unwrap_or_default());
    }
    // SAFETY: as large as the record and aligned for it; the request is one of those that read and write it alone.
    done(|| unsafe { libc::ioctl(s.as_raw_fd(), number, r.as_mut_ptr()) } as isize)?;
    let bytes: Vec<u8> = r.iter().flat_map(|w| w.to_ne_bytes()).collect();
    let (name, value) = bytes.split_at(libc::IFNAMSIZ);
    let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
    Ok((name[..end].to_vec(), value.try_into().unwrap_or([0; VALUE])))
}

/// Name and address of each interface that has an address of IPv4.
pub fn configured(s: BorrowedFd<'_>) -> io::Result<Vec<(Vec<u8>, Address)>> {
    const RECORD: usize = size_of::<libc::ifreq>();
    let mut room = vec![0u64; 64 * RECORD / 8];
    loop {
        let len = size_of_val(&room[..]);
        let mut c = libc::ifconf {
            ifc_len: len as i32,
            ifc_ifcu: libc::__c_anonymous_ifc_ifcu { ifcu_buf: room.as_mut_ptr().cast() },
        };
        // SAFETY: the record names room that is borrowed mutably, and its size.
        done(|| unsafe { libc::ioctl(s.as_raw_fd(), libc::SIOCGIFCONF, &raw mut c) } as isize)?;
        let used = usize::try_from(c.ifc_len).unwrap_or(0).min(len);
        // What is full may have more.
        if used + RECORD > len {
            room.resize(room.len() * 2, 0);
            continue;
        }
        let bytes: Vec<u8> = room.iter().flat_map(|w| w.to_ne_bytes()).take(used).collect();
        return Ok(bytes
            .chunks_exact(RECORD)
            .filter_map(|r| {
                let (name, value) = r.split_at(libc::IFNAMSIZ);
                let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
                Some((name[..end].to_vec(), Address::of_bytes(&value[..size_of::<libc::sockaddr>()])?))
            })
            .collect());
    }
}

/// How many bytes wait to be read.
pub fn unread(s: BorrowedFd<'_>) -> io::Result<i32> {
    let mut n = 0;
    // SAFETY: the request writes a number.
    done(|| unsafe { libc::ioctl(s.as_raw_fd(), libc::FIONREAD, &raw mut n) } as isize)?;
    Ok(n)
}

/// Whether urgent data are next.
pub fn at_mark(s: BorrowedFd<'_>) -> io::Result<bool> {
    const SIOCATMARK: u64 = 0x8905;
    let mut n = 0;
    // SAFETY: the request writes a number.
    done(|| unsafe { libc::ioctl(s.as_raw_fd(), SIOCATMARK, &raw mut n) } as isize)?;
    Ok(n != 0)
}

/// Asks the interface of a name, through any socket.
pub fn get(s: BorrowedFd<'_>, name: &[u8], item: Item) -> io::Result<Value> {
    let mut r = request(name).ok_or_else(invalid)?;
    let code = match item {
        Item::Address => libc::SIOCGIFADDR,
        Item::Broadcast => libc::SIOCGIFBRDADDR,
        Item::Destination => libc::SIOCGIFDSTADDR,
        Item::Netmask => libc::SIOCGIFNETMASK,
        Item::Mtu => libc::SIOCGIFMTU,
        Item::Flags => libc::SIOCGIFFLAGS,
        Item::Hardware => libc::SIOCGIFHWADDR,
    };
    // SAFETY: the request is one of those that fill such a record.
    done(|| unsafe { libc::ioctl(s.as_raw_fd(), code, &raw mut r) } as isize)?;
    // SAFETY: plain numbers, whichever field the request has filled; the record began as zeros.
    let (mtu, flags, address) = unsafe { (r.ifr_ifru.ifru_mtu, r.ifr_ifru.ifru_flags, r.ifr_ifru.ifru_addr) };
    // Of a hardware address these are the first bytes; an IPv4 address stands behind a port.
    let [a, b, c, d, e, f, ..] = address.sa_data.map(|c| c as u8);
    match item {
        Item::Mtu => Ok(Value::Number(mtu)),
        Item::Flags => Ok(Value::Number(i32::from(flags))),
        Item::Hardware => Ok(Value::Hardware([a, b, c, d, e, f])),
        _ if i32::from(address.sa_family) == libc::AF_INET => Ok(Value::V4([c, d, e, f])),
        _ => Err(invalid()),
    }
}

/// Tells the interface of a name something; that takes privileges.
pub fn set(s: BorrowedFd<'_>, name: &[u8], item: Item, value: Value) -> io::Result<()> {
    let mut r = request(name).ok_or_else(invalid)?;
    let code = match (item, value) {
        (Item::Mtu, Value::Number(n)) => {
            r.ifr_ifru.ifru_mtu = n;
            libc::SIOCSIFMTU
        }
        (Item::Flags, Value::Number(n)) => {
            r.ifr_ifru.ifru_flags = n as libc::c_short;
            libc::SIOCSIFFLAGS
        }
        (Item::Hardware, Value::Hardware(bytes)) => {
            let mut a = libc::sockaddr { sa_family: libc::ARPHRD_ETHER, sa_data: [0; 14] };
            a.sa_data.iter_mut().zip(bytes).for_each(|(to, b)| *to = b as libc::c_char);
            r.ifr_ifru.ifru_hwaddr = a;
            libc::SIOCSIFHWADDR
        }
        (item, Value::V4(ip)) => {
            let mut a = libc::sockaddr { sa_family: libc::AF_INET as libc::sa_family_t, sa_data: [0; 14] };
            // Behind the port.
            a.sa_data[2..6].iter_mut().zip(ip).for_each(|(to, b)| *to = b as libc::c_char);
            r.ifr_ifru.ifru_addr = a;
            match item {
                Item::Address => libc::SIOCSIFADDR,
                Item::Broadcast => libc::SIOCSIFBRDADDR,
                Item::Destination => libc::SIOCSIFDSTADDR,
                Item::Netmask => libc::SIOCSIFNETMASK,
                _ => return Err(invalid()),
            }
        }
        _ => return Err(invalid()),
    };
    // SAFETY: the request is one of those that read such a record.
    done(|| unsafe { libc::ioctl(s.as_raw_fd(), code, &raw mut r) } as isize).map(drop)
}
