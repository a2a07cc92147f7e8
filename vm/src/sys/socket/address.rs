//! [`Address`]: an address of any family.
//!
//! Invariant: the first `len` bytes of the storage are an address of the family that they name, or one that the system
//! gave; the rest is zero.

use super::zeroed;

/// See the module's head.
#[derive(Clone, Copy)]
pub struct Address {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

/// What an address says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Name<'a> {
    /// IPv4: port and address.
    V4(u16, [u8; 4]),
    /// IPv6: port and address.
    V6(u16, [u8; 16]),
    /// Of this host: a path, or a name that begins with a zero byte.
    Local(&'a [u8]),
    /// None.
    Unspecified,
    /// Of a family that is not known here.
    Other,
}

/// What an address of a network device says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkName<'a> {
    /// Protocol of what it sends, as the system orders its bytes.
    pub protocol: u16,
    /// Index of the interface.
    pub index: i32,
    /// Kind of the hardware.
    pub hardware: u16,
    /// Kind of the packet.
    pub packet: u8,
    /// The address.
    pub address: &'a [u8],
}

/// Where the data begin in an address of any family.
const DATA: usize = std::mem::offset_of!(libc::sockaddr, sa_data);
/// Where the path begins in an address of the host.
const PATH: usize = std::mem::offset_of!(libc::sockaddr_un, sun_path);
/// Longest path.
const MAX_PATH: usize = size_of::<libc::sockaddr_un>() - PATH;

impl Address {
    fn of<T: Copy>(family: T, len: usize) -> Address {
        assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>() && len <= size_of::<T>());
        let mut storage: libc::sockaddr_storage = zeroed();
        // SAFETY: the storage is larger, and aligned for every kind of address.
        unsafe { (&raw mut storage).cast::<T>().write(family) };
        Address { storage, len: len as libc::socklen_t }
    }
    /// IPv4.
    pub fn v4(port: u16, ip: [u8; 4]) -> Address {
        let a = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: port.to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(ip) },
            sin_zero: [0; 8],
        };
        Address::of(a, size_of_val(&a))
    }
    /// IPv6.
    pub fn v6(port: u16, ip: [u8; 16], flow: u32, scope: u32) -> Address {
        let a = libc::sockaddr_in6 {
            sin6_family: libc::AF_INET6 as libc::sa_family_t,
            sin6_port: port.to_be(),
            sin6_flowinfo: flow,
            sin6_addr: libc::in6_addr { s6_addr: ip },
            sin6_scope_id: scope,
        };
        Address::of(a, size_of_val(&a))
    }
    /// Of this host; `None` if the path is too long. One that does not begin with a zero byte ends with one.
    pub fn local(path: &[u8]) -> Option<Address> {
        let ended = path.len() + usize::from(path.first() != Some(&0));
        if ended > MAX_PATH {
            return None;
        }
        let mut a = libc::sockaddr_un { sun_family: libc::AF_UNIX as libc::sa_family_t, sun_path: [0; MAX_PATH] };
        a.sun_path.iter_mut().zip(path).for_each(|(to, b)| *to = *b as libc::c_char);
        Some(Address::of(a, PATH + path.len()))
    }
    /// Of the family of a number, which is followed by these bytes; `None` if they are too many.
    pub fn native(family: i32, data: &[u8]) -> Option<Address> {
        let mut bytes = [0; size_of::<libc::sockaddr_storage>()];
        bytes[..DATA].copy_from_slice(&(family as libc::sa_family_t).to_ne_bytes());
        bytes.get_mut(DATA..DATA + data.len())?.copy_from_slice(data);
        Address::of_bytes(&bytes[..DATA + data.len()])
    }
    /// The address that these bytes are; `None` if they are too many.
    pub fn of_bytes(bytes: &[u8]) -> Option<Address> {
        if bytes.len() > size_of::<libc::sockaddr_storage>() {
            return None;
        }
        let mut a = Address { storage: zeroed(), len: bytes.len() as libc::socklen_t };
        // SAFETY: the storage is plain bytes and has room for them; they are not the storage's own.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut a.storage).cast(), bytes.len()) };
        Some(a)
    }
    /// The system's number of its family.
    pub fn family(&self) -> i32 {
        self.storage.ss_family.into()
    }
    /// No bytes at all: the system had no address to tell.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Its bytes behind the family.
    pub fn data(&self) -> &[u8] {
        self.bytes().get(DATA..).unwrap_or_default()
    }
    /// Flow label and scope of an IPv6 address, as the system has them; 0 for others.
    pub fn flow_and_scope(&self) -> (u32, u32) {
        match self.get() {
            Name::V6(..) => {
                // SAFETY: the storage is larger than this record of numbers.
                let a = unsafe { &*(&raw const self.storage).cast::<libc::sockaddr_in6>() };
                (a.sin6_flowinfo, a.sin6_scope_id)
            }
            _ => (0, 0),
        }
    }
    /// What it says if it is one of a network device.
    pub fn link(&self) -> Option<LinkName<'_>> {
        if self.family() != libc::AF_PACKET || (self.len as usize) < size_of::<libc::sockaddr_ll>() {
            return None;
        }
        // SAFETY: the storage is larger than this record of numbers, and lives as long as the borrow.
        let a = unsafe { &*(&raw const self.storage).cast::<libc::sockaddr_ll>() };
        let address = &a.sll_addr[..usize::from(a.sll_halen).min(a.sll_addr.len())];
        Some(LinkName {
            protocol: a.sll_protocol,
            index: a.sll_ifindex,
            hardware: a.sll_hatype,
            packet: a.sll_pkttype,
            address,
        })
    }
    /// No address: what a socket is connected to that shall not be any more.
    pub fn none() -> Address {
        Address { storage: zeroed(), len: size_of::<libc::sa_family_t>() as libc::socklen_t }
    }
    /// The address that a call of the system fills in.
    pub(super) fn fill<E>(
        f: impl FnOnce(*mut libc::sockaddr, *mut libc::socklen_t) -> Result<usize, E>,
    ) -> Result<Address, E> {
        let mut a = Address { storage: zeroed(), len: size_of::<libc::sockaddr_storage>() as libc::socklen_t };
        f((&raw mut a.storage).cast(), &raw mut a.len)?;
        a.len = a.len.min(size_of::<libc::sockaddr_storage>() as libc::socklen_t);
        Ok(a)
    }
    /// The address at a pointer, if there is one.
    ///
    /// # Safety
    /// `p` is null or an address of the kind that its family says.
    pub(super) unsafe fn at(p: *const libc::sockaddr) -> Option<Address> {
        // SAFETY: the caller's contract.
        unsafe {
            match i32::from(p.as_ref()?.sa_family) {
                libc::AF_INET => Some(Address::of(*p.cast::<libc::sockaddr_in>(), size_of::<libc::sockaddr_in>())),
                libc::AF_INET6 => Some(Address::of(*p.cast::<libc::sockaddr_in6>(), size_of::<libc::sockaddr_in6>())),
                libc::AF_PACKET => Some(Address::of(*p.cast::<libc::sockaddr_ll>(), size_of::<libc::sockaddr_ll>())),
                _ => None,
            }
        }
    }
    /// Address and size, for the system.
    pub(super) fn raw(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        ((&raw const self.storage).cast(), self.len)
    }
    /// All its bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the storage is plain bytes, all initialised; `len` is not more than its size.
        unsafe { std::slice::from_raw_parts((&raw const self.storage).cast(), self.len as usize) }
    }
    /// What it says.
    pub fn get(&self) -> Name<'_> {
        let len = self.len as usize;
        let p = &raw const self.storage;
        match i32::from(self.storage.ss_family) {
            libc::AF_INET if len >= size_of::<libc::sockaddr_in>() => {
                // SAFETY: the storage is larger than this record of numbers.
                let a = unsafe { &*p.cast::<libc::sockaddr_in>() };
                Name::V4(u16::from_be(a.sin_port), a.sin_addr.s_addr.to_ne_bytes())
            }
            libc::AF_INET6 if len >= size_of::<libc::sockaddr_in6>() => {
                // SAFETY: as above.
                let a = unsafe { &*p.cast::<libc::sockaddr_in6>() };
                Name::V6(u16::from_be(a.sin6_port), a.sin6_addr.s6_addr)
            }
            libc::AF_UNIX if len >= PATH => {
                let path = &self.bytes()[PATH..];
                let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
                // A name that begins with a zero byte is as long as the system says.
                Name::Local(if end == 0 { path } else { &path[..end] })
            }
            libc::AF_UNSPEC => Name::Unspecified,
            _ => Name::Other,
        }
    }
    /// The port, for the families that have them.
    pub fn port(&self) -> Option<u16> {
        match self.get() {
            Name::V4(port, _) | Name::V6(port, _) => Some(port),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        assert_eq!(Address::v4(80, [1, 2, 3, 4]).get(), Name::V4(80, [1, 2, 3, 4]));
        assert_eq!(Address::v6(80, [7; 16], 0, 0).get(), Name::V6(80, [7; 16]));
        for path in [&b"/tmp/x"[..], b"", b"\0abc\0d", &[1; 107]] {
            assert_eq!(Address::local(path).expect("not too long").get(), Name::Local(path));
        }
        let native = Address::native(libc::AF_INET, &[0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(native.expect("not too long").get(), Name::V4(80, [1, 2, 3, 4]));
        assert!(Address::native(99, &[0; 200]).is_none());
        let other = Address::native(99, b"xy").expect("not too long");
        assert_eq!((other.family(), other.data(), other.get()), (99, &b"xy"[..], Name::Other));
        assert_eq!(Address::v6(1, [0; 16], 7, 9).flow_and_scope(), (7, 9));
        assert!(Address::of_bytes(&[]).is_some_and(|a| a.is_empty() && a.data().is_empty() && a.link().is_none()));
        assert!(Address::local(&[1; 108]).is_none());
        assert!(Address::local(&[0; 108]).is_some());
        assert_eq!(Address::none().get(), Name::Unspecified);
    }
}
