//! Names of hosts, services and interfaces, as the system's resolver knows them.
//!
//! Invariant: what is given out is a copy; no list of the resolver's outlives the call that asked for it.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;

use super::Address;

/// Flags of [`name_of`].
pub use libc::{NI_DGRAM, NI_MAXHOST, NI_NAMEREQD, NI_NOFQDN, NI_NUMERICHOST, NI_NUMERICSERV};

const NAME_ROOM: usize = NI_MAXHOST as usize;
const SERVICE_ROOM: usize = 256;

/// Why the resolver has no answer: its own number, or the system's error.
#[derive(Debug)]
pub enum Failure {
    /// One of the `EAI_*` numbers.
    Resolver(i32),
    /// The system's error.
    System(io::Error),
}

impl Failure {
    fn of(code: c_int) -> Failure {
        if code == libc::EAI_SYSTEM { Failure::System(io::Error::last_os_error()) } else { Failure::Resolver(code) }
    }
    /// The name of the resolver's number, as C has it without its prefix.
    pub fn name(number: i32) -> Option<&'static str> {
        Some(match number {
            -9 => "addrfamily",
            libc::EAI_AGAIN => "again",
            libc::EAI_BADFLAGS => "badflags",
            libc::EAI_FAIL => "fail",
            libc::EAI_FAMILY => "family",
            libc::EAI_MEMORY => "memory",
            libc::EAI_NODATA => "nodata",
            libc::EAI_NONAME => "noname",
            libc::EAI_OVERFLOW => "overflow",
            libc::EAI_SERVICE => "service",
            libc::EAI_SOCKTYPE => "socktype",
            _ => return None,
        })
    }
}

/// One answer to a question for addresses.
pub struct Found {
    /// Family.
    pub family: i32,
    /// Type of the socket.
    pub kind: i32,
    /// Protocol.
    pub protocol: i32,
    /// The address.
    pub address: Option<Address>,
}

fn pointer(name: Option<&CString>) -> *const c_char {
    name.map_or(std::ptr::null(), |n| n.as_ptr())
}

/// Addresses of a host, a service, or both.
pub fn addresses(host: Option<&CString>, service: Option<&CString>) -> Result<Vec<Found>, Failure> {
    let mut first = std::ptr::null_mut();
    // SAFETY: both names are null or strings; the list is written to `first`, and freed below.
    let code = unsafe { libc::getaddrinfo(pointer(host), pointer(service), std::ptr::null(), &raw mut first) };
    if code != 0 {
        return Err(Failure::of(code));
    }
    let mut found = Vec::new();
    let mut at: *const libc::addrinfo = first;
    // SAFETY: the resolver's list: each record is alive until it is freed, its address is of the kind that its family
    // says.
    unsafe {
        while let Some(i) = at.as_ref() {
            found.push(Found {
                family: i.ai_family,
                kind: i.ai_socktype,
                protocol: i.ai_protocol,
                address: Address::at(i.ai_addr),
            });
            at = i.ai_next;
        }
        libc::freeaddrinfo(first);
    }
    Ok(found)
}

fn text(bytes: &[u8]) -> Vec<u8> {
    CStr::from_bytes_until_nul(bytes).map_or_else(|_| bytes.to_vec(), |s| s.to_bytes().to_vec())
}

/// Names of an address's host and service.
pub fn name_of(address: &Address, flags: i32) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let (mut host, mut service) = ([0u8; NAME_ROOM], [0u8; SERVICE_ROOM]);
    let (p, len) = address.raw();
    // SAFETY: the address is `len` bytes; both rooms are borrowed mutably and their sizes are told.
    let code = unsafe {
        libc::getnameinfo(
            p,
            len,
            host.as_mut_ptr().cast(),
            NAME_ROOM as libc::socklen_t,
            service.as_mut_ptr().cast(),
            SERVICE_ROOM as libc::socklen_t,
            flags,
        )
    };
    if code == 0 { Ok((text(&host), text(&service))) } else { Err(Failure::of(code)) }
}

/// The index of the interface of a name.
pub fn index_of_interface(name: &CStr) -> io::Result<u32> {
    // SAFETY: a string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        n => Ok(n),
    }
}

/// The name of the interface of an index.
pub fn name_of_interface(index: u32) -> io::Result<Vec<u8>> {
    let mut name = [0u8; libc::IF_NAMESIZE];
    // SAFETY: the room is as large as the function wants it.
    if unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) }.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(text(&name))
}

/// Index and name of all interfaces.
pub fn interface_names() -> io::Result<Vec<(u32, Vec<u8>)>> {
    // SAFETY: the list is freed below.
    let first = unsafe { libc::if_nameindex() };
    if first.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut at = first;
    // SAFETY: the list ends with a record of index 0; names are strings and alive until it is freed.
    unsafe {
        while (*at).if_index != 0 && !(*at).if_name.is_null() {
            found.push(((*at).if_index, CStr::from_ptr((*at).if_name).to_bytes().to_vec()));
            at = at.add(1);
        }
        libc::if_freenameindex(first);
    }
    Ok(found)
}

unsafe extern "C" {
    fn getservbyname_r(
        name: *const c_char,
        protocol: *const c_char,
        entry: *mut libc::servent,
        room: *mut c_char,
        len: usize,
        result: *mut *mut libc::servent,
    ) -> c_int;
    fn getservbyport_r(
        port: c_int,
        protocol: *const c_char,
        entry: *mut libc::servent,
        room: *mut c_char,
        len: usize,
        result: *mut *mut libc::servent,
    ) -> c_int;
}

/// What the system's table of services has, for a question that is put to one of its functions.
fn service<T>(
    ask: impl FnOnce(*mut libc::servent, *mut c_char, usize, *mut *mut libc::servent) -> c_int,
    answer: impl FnOnce(&libc::servent) -> T,
) -> Option<T> {
    let (mut room, mut entry) = (vec![0 as c_char; 4096], MaybeUninit::<libc::servent>::uninit());
    let mut result = std::ptr::null_mut();
    let code = ask(entry.as_mut_ptr(), room.as_mut_ptr(), room.len(), &raw mut result);
    // SAFETY: the result is null or the entry, filled, whose strings lie in the room, which is still alive.
    (code == 0).then(|| unsafe { result.as_ref() }.map(answer)).flatten()
}

/// The port of a service.
pub fn service_port(name: &CStr, protocol: Option<&CString>) -> Option<u16> {
    service(
        // SAFETY: strings or null, a record and room for its strings, with its size.
        |entry, room, len, result| unsafe {
            getservbyname_r(name.as_ptr(), pointer(protocol), entry, room, len, result)
        },
        |s| u16::from_be(s.s_port as u16),
    )
}

/// The service of a port.
pub fn service_name(port: u16, protocol: Option<&CString>) -> Option<Vec<u8>> {
    service(
        // SAFETY: as above.
        |entry, room, len, result| unsafe {
            getservbyport_r(port.to_be().into(), pointer(protocol), entry, room, len, result)
        },
        // SAFETY: the name of a filled entry is a string in the room.
        |s| unsafe { CStr::from_ptr(s.s_name) }.to_bytes().to_vec(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::*;

    #[test]
    fn the_loopback_interface_and_addresses() {
        let lo = c"lo";
        let index = index_of_interface(lo).expect("it is there");
        assert_eq!(name_of_interface(index).expect("it has a name"), b"lo");
        assert!(interface_names().expect("there are some").contains(&(index, b"lo".to_vec())));
        assert!(index_of_interface(c"nonsense0").is_err());
        let numeric = CString::new("127.0.0.1").expect("no zero byte");
        let found = addresses(Some(&numeric), None).expect("it is a number");
        assert!(found.iter().all(|f| f.address.as_ref().is_some_and(|a| a.get() == Name::V4(0, [127, 0, 0, 1]))));
        let (host, service) =
            name_of(&Address::v4(9, [127, 0, 0, 1]), NI_NUMERICHOST | NI_NUMERICSERV).expect("numbers have names");
        assert_eq!((&host[..], &service[..]), (&b"127.0.0.1"[..], &b"9"[..]));
        assert!(matches!(addresses(None, None), Err(Failure::Resolver(n)) if Failure::name(n) == Some("noname")));
    }
}
