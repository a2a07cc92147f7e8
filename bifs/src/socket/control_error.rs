//! Errors of sent messages that come back as control data.
//!
//! Invariant: nothing is read behind the data; what is too short for its record is shown as bytes.

use girder_vm::sys::errno;
use girder_vm::sys::socket::Address;
use girder_vm::{Ctx, Term};

use super::arguments::record;
use super::{address, atom};

/// Who noticed the error, by the system's number.
const ORIGINS: [&str; 7] = ["none", "local", "icmp", "icmp6", "txstatus", "zerocopy", "txtime"];
const ICMP: u8 = 2;
const ICMP6: u8 = 3;

/// Names of types and codes of messages about errors: protocol, number, name.
const TYPES: [(u8, u8, &str); 5] = [
    (ICMP, 3, "dest_unreach"),
    (ICMP, 11, "time_exceeded"),
    (ICMP6, 1, "dest_unreach"),
    (ICMP6, 2, "pkt_toobig"),
    (ICMP6, 3, "time_exceeded"),
];
/// Why something is not reached.
const CODES: [(u8, u8, &str); 13] = [
    (ICMP, 0, "net_unreach"),
    (ICMP, 1, "host_unreach"),
    (ICMP, 3, "port_unreach"),
    (ICMP, 4, "frag_needed"),
    (ICMP, 6, "net_unknown"),
    (ICMP, 7, "host_unknown"),
    (ICMP6, 0, "noroute"),
    (ICMP6, 1, "adm_prohibited"),
    (ICMP6, 2, "not_neighbour"),
    (ICMP6, 3, "addr_unreach"),
    (ICMP6, 4, "port_unreach"),
    (ICMP6, 5, "policy_fail"),
    (ICMP6, 6, "reject_route"),
];

fn named(table: &[(u8, u8, &'static str)], protocol: u8, number: u8) -> Option<&'static str> {
    table.iter().find(|(p, n, _)| (*p, *n) == (protocol, number)).map(|(.., name)| *name)
}

/// A record of the system's about an error; `None` if it is too short.
pub(super) fn shown<'s>(ctx: &Ctx<'s>, data: &[u8]) -> Option<Term<'s>> {
    let (head, offender) = data.split_first_chunk::<16>()?;
    let [e0, e1, e2, e3, origin, kind, code, _, info @ ..] = *head;
    let [i0, i1, i2, i3, d0, d1, d2, d3] = info;
    let number = |n: u8| Term::small(i32::from(n));
    let kind_name = named(&TYPES, origin, kind);
    let code_name = if kind_name == Some("dest_unreach") { named(&CODES, origin, code) } else { None };
    let mut fields = vec![
        ("error", atom(errno::name(i32::from_ne_bytes([e0, e1, e2, e3])))),
        ("origin", ORIGINS.get(usize::from(origin)).map_or_else(|| number(origin), |name| atom(name))),
        ("type", kind_name.map_or_else(|| number(kind), atom)),
        ("code", code_name.map_or_else(|| number(code), atom)),
        ("info", ctx.int(i32::from_ne_bytes([i0, i1, i2, i3]).into())),
        ("data", ctx.int(i32::from_ne_bytes([d0, d1, d2, d3]).into())),
    ];
    if let Some(a) = Address::of_bytes(offender).filter(|a| !a.is_empty()) {
        fields.push(("offender", address::encode(ctx, &a)));
    }
    Some(record(ctx, &fields))
}
