//! Values of options as the system wants them.
//!
//! Invariant: a value of another shape gives no bytes, so nothing half-made reaches the system.

use girder_vm::Term;

use super::super::address::{domain, v4, v6};
use super::super::arguments::{field, latin1, name_of, small};
use super::table::Shape;

/// Names of what is done about the largest packet of a path, by the system's number.
pub(super) const DISCOVERY: [&str; 4] = ["dont", "want", "do", "probe"];
/// Names of types of service.
pub(in super::super) const TOS: [(&str, i32); 4] =
    [("lowdelay", 0x10), ("throughput", 0x08), ("reliability", 0x04), ("mincost", 0x02)];

/// Bytes of the longest name of a network interface, and of an algorithm.
pub(super) const DEVICE: usize = 16;
pub(super) const CONGESTION: usize = 257;

/// Whether options of this shape can be set.
pub(super) fn can_be_set(shape: Shape) -> bool {
    !matches!(shape, Shape::IntRead | Shape::Domain | Shape::Protocol | Shape::Kind | Shape::PacketOptions)
}

fn bytes(n: i32) -> Vec<u8> {
    n.to_ne_bytes().to_vec()
}

/// A binary, a number or a boolean.
pub(in super::super) fn native(t: Term<'_>) -> Option<Vec<u8>> {
    if let Some(b) = t.as_binary() {
        return b.to_bytes().map(std::borrow::Cow::into_owned);
    }
    small(t).or_else(|| t.as_bool().map(i32::from)).map(bytes)
}

/// A type of service, by name or number.
pub(in super::super) fn tos(t: Term<'_>) -> Option<i32> {
    match name_of(t) {
        Some(name) => TOS.iter().find(|(n, _)| *n == name).map(|(_, v)| *v),
        None => small(t),
    }
}

fn text(t: Term<'_>, room: usize) -> Option<Vec<u8>> {
    latin1(t).filter(|s| s.len() < room)
}

fn addresses(t: Term<'_>, keys: &[&str]) -> Option<Vec<u8>> {
    let all: Option<Vec<_>> = keys.iter().map(|key| v4(field(t, key)?)).collect();
    Some(all?.concat())
}

fn filter(t: Term<'_>) -> Option<Vec<u8>> {
    if name_of(t) == Some("null") {
        return Some(Vec::new());
    }
    let mut out = addresses(t, &["multiaddr", "interface"])?;
    out.extend(bytes(match name_of(field(t, "mode")?)? {
        "exclude" => 0,
        "include" => 1,
        _ => return None,
    }));
    let sources: Option<Vec<_>> = field(t, "slist")?.to_vec()?.into_iter().map(v4).collect();
    let sources = sources?;
    out.extend(bytes(sources.len() as i32));
    out.extend(sources.concat());
    Some(out)
}

fn linger(t: Term<'_>) -> Option<Vec<u8>> {
    if name_of(t) == Some("abort") {
        return Some([bytes(1), bytes(0)].concat());
    }
    let on = field(t, "onoff")?.as_bool()?;
    let seconds = small(field(t, "linger")?).filter(|n| *n >= 0)?;
    Some([bytes(on.into()), bytes(seconds)].concat())
}

/// The bytes of a value; `None` if it is not of the shape.
pub(super) fn value(shape: Shape, t: Term<'_>) -> Option<Vec<u8>> {
    match shape {
        Shape::Bool => t.as_bool().map(|b| bytes(b.into())),
        Shape::Int => small(t).map(bytes),
        Shape::Device => text(t, DEVICE),
        Shape::Congestion => text(t, CONGESTION),
        Shape::Linger => linger(t),
        Shape::Membership => addresses(t, &["multiaddr", "interface"]),
        Shape::Source => addresses(t, &["multiaddr", "interface", "sourceaddr"]),
        Shape::Filter => filter(t),
        Shape::Discovery => match name_of(t) {
            Some(name) => DISCOVERY.iter().position(|n| *n == name).map(|n| bytes(n as i32)),
            None => small(t).map(bytes),
        },
        Shape::Interface => v4(t).map(|ip| ip.to_vec()),
        Shape::Tos => tos(t).map(bytes),
        Shape::AddressForm => domain(t).map(bytes),
        Shape::Membership6 => {
            let group = v6(field(t, "multiaddr")?)?;
            let index = u32::try_from(field(t, "interface")?.as_u64()?).ok()?;
            Some([&group[..], &index.to_ne_bytes()].concat())
        }
        Shape::Hops if name_of(t) == Some("default") => Some(bytes(-1)),
        Shape::Hops => small(t).filter(|n| (0..=255).contains(n)).map(bytes),
        Shape::IntRead | Shape::Domain | Shape::Protocol | Shape::Kind | Shape::PacketOptions => None,
    }
}
