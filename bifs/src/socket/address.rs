//! Addresses, domains and types of sockets as module `socket` has them.
//!
//! Invariant: an address that the system gave is decoded to the same one; what cannot be is none, never a guess.

use girder_vm::sys::socket::{AF_INET, AF_INET6, AF_PACKET, AF_UNIX, AF_UNSPEC, Address, LinkName, Name};
use girder_vm::sys::socket::{SOCK_DGRAM, SOCK_STREAM};
use girder_vm::{Ctx, Term, am};

use super::arguments::{fields, name_of, record, small, value};
use super::atom;

const TYPES: [(&str, i32); 5] =
    [("stream", SOCK_STREAM), ("dgram", SOCK_DGRAM), ("raw", 3), ("rdm", 4), ("seqpacket", 5)];

/// The system's number of a domain; a program may name it by number, too.
pub(super) fn domain(t: Term<'_>) -> Option<i32> {
    known_domain(t).or_else(|| small(t))
}

fn known_domain(t: Term<'_>) -> Option<i32> {
    Some(match t.as_atom()? {
        am::INET => AF_INET,
        am::INET6 => AF_INET6,
        am::LOCAL => AF_UNIX,
        am::UNSPEC => AF_UNSPEC,
        _ => return None,
    })
}

/// A domain's name, or its number.
pub(super) fn domain_term<'s>(number: i32) -> Term<'s> {
    match number {
        AF_INET => am::INET.into(),
        AF_INET6 => am::INET6.into(),
        AF_UNIX => am::LOCAL.into(),
        AF_UNSPEC => am::UNSPEC.into(),
        n => Term::small(n),
    }
}

/// The system's number of a type.
pub(super) fn kind(t: Term<'_>) -> Option<i32> {
    match name_of(t) {
        // Nobody can ask for this one.
        Some("rdm") => None,
        Some(name) => TYPES.iter().find(|(n, _)| *n == name).map(|(_, k)| *k),
        None => small(t),
    }
}

/// A type's name, or its number.
pub(super) fn kind_term<'s>(number: i32) -> Term<'s> {
    TYPES.iter().find(|(_, k)| *k == number).map_or_else(|| Term::small(number), |(n, _)| atom(n))
}

fn numbers<const N: usize>(t: Term<'_>, max: i64) -> Option<[u16; N]> {
    let parts = t.as_tuple_of::<N>()?;
    let mut out = [0; N];
    for (to, p) in out.iter_mut().zip(parts) {
        *to = p.as_small().filter(|n| (0..=max).contains(n))? as u16;
    }
    Some(out)
}

/// An IPv4 address.
pub(super) fn v4(t: Term<'_>) -> Option<[u8; 4]> {
    match name_of(t) {
        Some("loopback") => Some([127, 0, 0, 1]),
        Some("any") => Some([0; 4]),
        Some("broadcast") => Some([255; 4]),
        Some(_) => None,
        None => Some(numbers::<4>(t, 255)?.map(|n| n as u8)),
    }
}

/// An IPv6 address.
pub(super) fn v6(t: Term<'_>) -> Option<[u8; 16]> {
    let ip = match name_of(t) {
        Some("loopback") => std::net::Ipv6Addr::LOCALHOST,
        Some("any") => std::net::Ipv6Addr::UNSPECIFIED,
        Some(_) => return None,
        None => numbers::<8>(t, 65535)?.into(),
    };
    Some(ip.octets())
}

/// The tuple of an IPv4 address.
pub(super) fn v4_term<'s>(ctx: &Ctx<'s>, ip: [u8; 4]) -> Term<'s> {
    ctx.tuple(&ip.map(|n| Term::small(i32::from(n))))
}

/// The tuple of an IPv6 address.
pub(super) fn v6_term<'s>(ctx: &Ctx<'s>, ip: [u8; 16]) -> Term<'s> {
    let parts = std::net::Ipv6Addr::from(ip).segments();
    ctx.tuple(&parts.map(|n| Term::small(i32::from(n))))
}

/// An address that `prim_socket` has completed; `None` if something in it is wrong.
pub(super) fn decode(t: Term<'_>) -> Option<Address> {
    let family = value(t, am::FAMILY)?;
    // The system takes the lowest 16 bits of a port.
    let port = || Some(small(value(t, am::PORT)?)? as u16);
    let bytes = |key| value(t, key)?.as_binary()?.to_bytes();
    match known_domain(family) {
        Some(AF_INET) => Some(Address::v4(port()?, v4(value(t, am::ADDR)?)?)),
        Some(AF_INET6) => {
            let number = |key| u32::try_from(value(t, key)?.as_u64()?).ok();
            let (flow, scope) = (number(am::FLOWINFO)?, number(am::SCOPE_ID)?);
            Some(Address::v6(port()?, v6(value(t, am::ADDR)?)?, flow, scope))
        }
        Some(AF_UNIX) => Address::local(&bytes(am::PATH)?),
        _ => Address::native(domain(family)?, &bytes(am::ADDR)?),
    }
}

/// Names of kinds of hardware.
const HARDWARE: [(u16, &str); 21] = [
    (0, "netrom"),
    (1, "ether"),
    (2, "eether"),
    (3, "ax25"),
    (4, "pronet"),
    (5, "chaos"),
    (6, "ieee802"),
    (7, "arcnet"),
    (8, "appletlk"),
    (15, "dlci"),
    (19, "atm"),
    (23, "metricom"),
    (24, "ieee1394"),
    (27, "eui64"),
    (32, "infiniband"),
    (768, "tunnel"),
    (769, "tunnel6"),
    (772, "loopback"),
    (773, "localtlk"),
    (0xfffe, "none"),
    (0xffff, "void"),
];

/// Names of kinds of packets, by their number.
const PACKETS: [&str; 8] = ["host", "broadcast", "multicast", "otherhost", "outgoing", "loopback", "user", "kernel"];

/// The name of a kind of hardware, or its number.
pub(super) fn hardware<'s>(kind: u16) -> Term<'s> {
    HARDWARE.iter().find(|(n, _)| *n == kind).map_or_else(|| Term::small(i32::from(kind)), |(_, name)| atom(name))
}

fn link<'s>(ctx: &Ctx<'s>, l: &LinkName<'_>) -> Term<'s> {
    let packet = PACKETS.get(usize::from(l.packet)).map_or_else(|| Term::small(i32::from(l.packet)), |name| atom(name));
    record(
        ctx,
        &[
            ("family", atom("packet")),
            ("protocol", Term::small(i32::from(u16::from_be(l.protocol)))),
            ("ifindex", ctx.int(l.index.into())),
            ("hatype", hardware(l.hardware)),
            ("pkttype", packet),
            ("addr", ctx.binary(l.address)),
        ],
    )
}

/// An address as the system gave it.
pub(super) fn encode<'s>(ctx: &Ctx<'s>, a: &Address) -> Term<'s> {
    let port = |p: u16| Term::small(i32::from(p));
    match a.get() {
        Name::V4(p, ip) => {
            fields(ctx, [(am::FAMILY, am::INET.into()), (am::PORT, port(p)), (am::ADDR, v4_term(ctx, ip))])
        }
        Name::V6(p, ip) => {
            let (flow, scope) = a.flow_and_scope();
            // The reference shows both as signed numbers.
            let number = |n: u32| ctx.int((n as i32).into());
            let (port, ip) = ((am::PORT, port(p)), (am::ADDR, v6_term(ctx, ip)));
            let rest = [(am::FLOWINFO, number(flow)), (am::SCOPE_ID, number(scope))];
            fields(ctx, [(am::FAMILY, am::INET6.into()), port, ip, rest[0], rest[1]])
        }
        Name::Local(path) => fields(ctx, [(am::FAMILY, am::LOCAL.into()), (am::PATH, ctx.binary(path))]),
        _ => match (a.link(), a.family()) {
            (Some(l), _) => link(ctx, &l),
            (None, AF_PACKET) => native(ctx, atom("packet"), a),
            (None, family) => native(ctx, domain_term(family), a),
        },
    }
}

fn native<'s>(ctx: &Ctx<'s>, family: Term<'s>, a: &Address) -> Term<'s> {
    fields(ctx, [(am::FAMILY, family), (am::ADDR, ctx.binary(a.data()))])
}
