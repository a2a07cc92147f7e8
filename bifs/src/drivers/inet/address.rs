//! Addresses as `prim_inet` writes them: a family, a port of two bytes, the address; or a family, a length, a path.

use std::net::{Ipv4Addr, Ipv6Addr};

use girder_vm::sys::socket::{self, Address, Name};

use super::{EINVAL, Refused};

const UNSPECIFIED: u8 = 0;
const INET: u8 = 1;
const INET6: u8 = 2;
/// No certain address, of the socket's own family.
const ANY: u8 = 3;
/// This host, of the socket's own family.
const LOOPBACK: u8 = 4;
const LOCAL: u8 = 5;
const UNDEFINED: u8 = 6;

/// Families, by the numbers of the protocol and of the system.
const FAMILIES: [(u8, i32); 3] = [(INET, socket::AF_INET), (INET6, socket::AF_INET6), (LOCAL, socket::AF_UNIX)];

const UNKNOWN: Refused = Refused("eafnosupport");

/// The system's number of a family.
pub(super) fn family(number: u8) -> Result<i32, Refused> {
    FAMILIES.iter().find(|(n, _)| *n == number).map(|(_, f)| *f).ok_or(UNKNOWN)
}

/// The protocol's number of a family.
pub(super) fn family_number(family: i32) -> Option<u8> {
    FAMILIES.iter().find(|(_, f)| *f == family).map(|(n, _)| *n)
}

/// Takes `N` bytes off.
fn bytes<const N: usize>(data: &mut &[u8]) -> Result<[u8; N], Refused> {
    let (first, rest) = data.split_first_chunk().ok_or(EINVAL)?;
    *data = rest;
    Ok(*first)
}

/// Takes an address for a socket of `family` off.
pub(super) fn take(family: i32, data: &mut &[u8]) -> Result<Address, Refused> {
    let [kind] = bytes(data)?;
    if kind == LOCAL {
        let [n] = bytes(data)?;
        let path = data.split_off(..usize::from(n)).ok_or(EINVAL)?;
        return Address::local(path).ok_or(EINVAL);
    }
    if !matches!(kind, INET | INET6 | ANY | LOOPBACK) {
        return Err(UNKNOWN);
    }
    let port = u16::from_be_bytes(bytes(data)?);
    Ok(match (kind, family) {
        (INET, _) => Address::v4(port, bytes(data)?),
        (INET6, _) => {
            let ip = bytes(data)?;
            let flow = if data.len() >= 8 { u32::from_be_bytes(bytes(data)?) } else { 0 };
            let scope = if data.len() >= 4 { u32::from_be_bytes(bytes(data)?) } else { 0 };
            Address::v6(port, ip, flow, scope)
        }
        (ANY, socket::AF_INET) => Address::v4(port, Ipv4Addr::UNSPECIFIED.octets()),
        (ANY, socket::AF_INET6) => Address::v6(port, Ipv6Addr::UNSPECIFIED.octets(), 0, 0),
        (_, socket::AF_INET) => Address::v4(port, Ipv4Addr::LOCALHOST.octets()),
        (_, socket::AF_INET6) => Address::v6(port, Ipv6Addr::LOCALHOST.octets(), 0, 0),
        _ => return Err(EINVAL),
    })
}

/// Writes an address.
pub(super) fn encode(a: &Address) -> Vec<u8> {
    match a.get() {
        Name::V4(port, ip) => [&[INET], &port.to_be_bytes()[..], &ip].concat(),
        Name::V6(port, ip) => [&[INET6], &port.to_be_bytes()[..], &ip].concat(),
        Name::Local(path) => [&[LOCAL, path.len().min(255) as u8], &path[..path.len().min(255)]].concat(),
        Name::Unspecified => vec![UNSPECIFIED],
        Name::Other => vec![UNDEFINED],
    }
}

/// As the answer to a request; an address of an unknown family is an error.
pub(super) fn reply(a: &Address) -> Result<Vec<u8>, Refused> {
    match a.get() {
        Name::Unspecified | Name::Other => Err(EINVAL),
        _ => Ok(encode(a)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_families() {
        let v4 = |p, ip| encode(&Address::v4(p, ip));
        for (family, data, expected) in [
            (socket::AF_INET, &[3, 0x1f, 0x90][..], v4(8080, [0; 4])),
            (socket::AF_INET6, &[3, 0, 0], encode(&Address::v6(0, [0; 16], 0, 0))),
            (socket::AF_INET, &[4, 0, 7], v4(7, [127, 0, 0, 1])),
            (socket::AF_INET, &[1, 0, 7, 10, 1, 2, 3], v4(7, [10, 1, 2, 3])),
            (socket::AF_UNIX, &[5, 2, b'/', b'x'], vec![5, 2, b'/', b'x']),
        ] {
            let mut rest = data;
            assert_eq!(take(family, &mut rest).map(|a| encode(&a)), Ok(expected));
            assert!(rest.is_empty());
        }
        let v6 = encode(&Address::v6(65535, Ipv6Addr::LOCALHOST.octets(), 0, 0));
        let mut rest: &[u8] = &[&v6[..], &[0; 8], b"more"].concat();
        assert_eq!(take(socket::AF_INET6, &mut rest).map(|a| encode(&a)), Ok(v6));
        assert_eq!(rest, b"more");
        for (data, error) in [
            (&[][..], EINVAL),
            (&[1, 0, 7, 10], EINVAL),
            (&[5, 200, 1], EINVAL),
            (&[9, 0, 0], UNKNOWN),
            (&[4, 0], EINVAL),
        ] {
            let mut rest = data;
            assert_eq!(take(socket::AF_INET, &mut rest).map(|a| encode(&a)), Err(error), "{data:?}");
        }
        assert_eq!(take(socket::AF_UNIX, &mut &[3, 0, 0][..]).map(|a| encode(&a)), Err(EINVAL));
    }
}
