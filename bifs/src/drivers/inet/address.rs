//! Addresses as `prim_inet` writes them: a family, a port of two bytes, the address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;
use rustix::net::AddressFamily;

const INET: u8 = 1;
const INET6: u8 = 2;
/// No certain address, of the socket's own family.
const ANY: u8 = 3;
/// This host, of the socket's own family.
const LOOPBACK: u8 = 4;

/// The family of a number.
pub(super) fn family(number: u8) -> Result<AddressFamily, Errno> {
    match number {
        INET => Ok(AddressFamily::INET),
        INET6 => Ok(AddressFamily::INET6),
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// Reads an address for a socket of `family`.
pub(super) fn decode(family: AddressFamily, data: &[u8]) -> Result<SocketAddr, Errno> {
    let (&[kind, p1, p0], rest) = data.split_first_chunk().ok_or(Errno::INVAL)?;
    let v6 = family == AddressFamily::INET6;
    let own = |v4: Ipv4Addr, six: Ipv6Addr| if v6 { IpAddr::V6(six) } else { IpAddr::V4(v4) };
    let ip = match (kind, rest.len()) {
        (ANY, _) => own(Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
        (LOOPBACK, _) => own(Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
        (INET, 4) if !v6 => IpAddr::from(<[u8; 4]>::try_from(rest).map_err(|_| Errno::INVAL)?),
        (INET6, 16..) if v6 => IpAddr::from(<[u8; 16]>::try_from(&rest[..16]).map_err(|_| Errno::INVAL)?),
        _ => return Err(Errno::INVAL),
    };
    Ok(SocketAddr::new(ip, u16::from_be_bytes([p1, p0])))
}

/// Writes an address.
pub(super) fn encode(a: SocketAddr) -> Vec<u8> {
    let (kind, ip) = match a.ip() {
        IpAddr::V4(ip) => (INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (INET6, ip.octets().to_vec()),
    };
    [&[kind], &a.port().to_be_bytes()[..], &ip].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families() {
        for (family, data, text) in [
            (AddressFamily::INET, &[3, 0x1f, 0x90][..], "0.0.0.0:8080"),
            (AddressFamily::INET6, &[3, 0, 0], "[::]:0"),
            (AddressFamily::INET, &[4, 0, 7], "127.0.0.1:7"),
            (AddressFamily::INET, &[1, 0, 7, 10, 1, 2, 3], "10.1.2.3:7"),
        ] {
            assert_eq!(decode(family, data).map(|a| a.to_string()).as_deref(), Ok(text));
        }
        let a: SocketAddr = "[::1]:65535".parse().expect("an address");
        assert_eq!(decode(AddressFamily::INET6, &encode(a)), Ok(a));
        let wrong: [(AddressFamily, &[u8]); 5] = [
            (AddressFamily::INET, &[]),
            (AddressFamily::INET, &[1, 0, 7, 10]),
            (AddressFamily::INET, &encode(a)),
            (AddressFamily::INET6, &[1, 0, 7, 10, 1, 2, 3]),
            (AddressFamily::INET, &[9, 0, 0]),
        ];
        for (family, data) in wrong {
            assert_eq!(decode(family, data), Err(Errno::INVAL), "{data:?}");
        }
    }
}
