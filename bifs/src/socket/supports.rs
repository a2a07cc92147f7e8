//! What can be asked of sockets, by the names that programs use and the system's numbers: tables that `prim_socket`
//! fetches when it is loaded.
//!
//! Invariant: what a release does not know is not shown to it.

use girder_vm::{Ctx, Profile, Releases, Term, am};

use super::arguments::name_of;
use super::options::LEVELS;
use super::{Answer, atom};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_supports"/0 => supports_0, Nif;
        "nif_supports"/1 => supports_1, Nif;
    }
}

/// A name with its number and the releases that know it.
type Row = (&'static str, i32, Releases);

/// Flags of messages, in the order in which those of a message are told.
pub(super) const MESSAGE_FLAGS: [Row; 12] = [
    ("cmsg_cloexec", 0x4000_0000, Releases::ALL),
    ("confirm", 0x800, Releases::ALL),
    ("ctrunc", 8, Releases::ALL),
    ("dontroute", 4, Releases::ALL),
    ("eor", 0x80, Releases::ALL),
    ("errqueue", 0x2000, Releases::ALL),
    ("more", 0x8000, Releases::ALL),
    ("notification", 0x8000, Releases::R29),
    ("nosignal", 0x4000, Releases::ALL),
    ("oob", 1, Releases::ALL),
    ("peek", 2, Releases::ALL),
    ("trunc", 0x20, Releases::ALL),
];

/// Requests about network interfaces.
pub(super) const REQUESTS: [Row; 20] = [
    ("gifname", 0x8910, Releases::ALL),
    ("gifindex", 0x8933, Releases::ALL),
    ("gifflags", 0x8913, Releases::ALL),
    ("gifaddr", 0x8915, Releases::ALL),
    ("gifdstaddr", 0x8917, Releases::ALL),
    ("gifbrdaddr", 0x8919, Releases::ALL),
    ("gifnetmask", 0x891b, Releases::ALL),
    ("gifmtu", 0x8921, Releases::ALL),
    ("gifhwaddr", 0x8927, Releases::ALL),
    ("gifmap", 0x8970, Releases::ALL),
    ("giftxqlen", 0x8942, Releases::ALL),
    ("gifconf", 0x8912, Releases::ALL),
    ("sifflags", 0x8914, Releases::ALL),
    ("sifaddr", 0x8916, Releases::ALL),
    ("sifdstaddr", 0x8918, Releases::ALL),
    ("sifbrdaddr", 0x891a, Releases::ALL),
    ("sifmtu", 0x8922, Releases::ALL),
    ("siftxqlen", 0x8943, Releases::ALL),
    ("atmark", 0x8905, Releases::SINCE_27),
    ("nread", 0x541b, Releases::SINCE_27),
];

/// Flags of network interfaces, in the order in which those of one are told; those of other systems are 0.
pub(super) const INTERFACE_FLAGS: [Row; 33] = [
    ("up", 1, Releases::ALL),
    ("broadcast", 2, Releases::ALL),
    ("debug", 4, Releases::ALL),
    ("loopback", 8, Releases::ALL),
    ("pointopoint", 0x10, Releases::ALL),
    ("notrailers", 0x20, Releases::ALL),
    ("knowsepoch", 0, Releases::ALL),
    ("running", 0x40, Releases::ALL),
    ("noarp", 0x80, Releases::ALL),
    ("promisc", 0x100, Releases::ALL),
    ("allmulti", 0x200, Releases::ALL),
    ("master", 0x400, Releases::ALL),
    ("slave", 0x800, Releases::ALL),
    ("multicast", 0x1000, Releases::ALL),
    ("portsel", 0x2000, Releases::ALL),
    ("automedia", 0x4000, Releases::ALL),
    ("dynamic", 0x8000, Releases::ALL),
    ("lower_up", 0x1_0000, Releases::ALL),
    ("dormant", 0x2_0000, Releases::ALL),
    ("echo", 0x4_0000, Releases::ALL),
    ("oactive", 0, Releases::ALL),
    ("simplex", 0, Releases::ALL),
    ("link0", 0, Releases::ALL),
    ("link1", 0, Releases::ALL),
    ("link2", 0, Releases::ALL),
    ("dying", 0, Releases::ALL),
    ("cantconfig", 0, Releases::ALL),
    ("ppromisc", 0, Releases::ALL),
    ("monitor", 0, Releases::ALL),
    ("staticarp", 0, Releases::ALL),
    ("renaming", 0, Releases::ALL),
    ("nogroup", 0, Releases::ALL),
    ("dhcprunning", 0, Releases::SINCE_27),
];

/// What is known besides the system's table of protocols, in the order in which it is told.
const PROTOCOLS: [Row; 7] = [
    ("mptcp", 262, Releases::R29),
    ("igmp", 2, Releases::SINCE_27),
    ("sctp", 132, Releases::ALL),
    ("udp", 17, Releases::ALL),
    ("tcp", 6, Releases::ALL),
    ("ipv6", 41, Releases::ALL),
    ("ip", 0, Releases::ALL),
];

fn known(of: Releases) -> bool {
    of.has(Profile::get().releases())
}

fn supports_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    // What is peculiar to SCTP needs more than the system's calls for sockets.
    let all = [("sctp", false), ("ipv6", true), ("local", true), ("netns", true), ("sendfile", true)];
    Ok(ctx.list(&all.map(|(name, there)| ctx.tuple(&[atom(name), Term::bool(there)]))))
}

fn supports_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(match name_of(a[0]) {
        Some("msg_flags") => rows(ctx, &MESSAGE_FLAGS),
        Some("protocols") => protocols(ctx),
        Some("ioctl_requests") => rows(ctx, &REQUESTS),
        Some("ioctl_flags") => {
            let private = known(Releases::SINCE_27).then(|| ctx.tuple(&[atom("private"), Term::small(0)]));
            private.map_or_else(|| rows(ctx, &INTERFACE_FLAGS), |p| ctx.cons(p, rows(ctx, &INTERFACE_FLAGS)))
        }
        Some("options") => options(ctx),
        _ => Term::NIL,
    })
}

fn rows<'s>(ctx: &Ctx<'s>, all: &[Row]) -> Term<'s> {
    let pair = |&(name, n, _): &Row| ctx.tuple(&[atom(name), Term::small(n)]);
    ctx.list_from(all.iter().filter(|r| known(r.2)).map(pair).collect::<Vec<_>>())
}

/// `[{[Name], Number}]`; of a name or number that comes twice the last is the one that counts.
fn protocols<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let entry = |names: &[&str], n: i32| {
        let names: Vec<_> = names.iter().map(|name| atom(name)).collect();
        ctx.tuple(&[ctx.list(&names), Term::small(n)])
    };
    let mut all: Vec<_> = PROTOCOLS.iter().filter(|p| known(p.2)).map(|&(name, n, _)| entry(&[name], n)).collect();
    let table = std::fs::read_to_string("/etc/protocols").unwrap_or_default();
    let mut found = Vec::new();
    for line in table.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(name), Some(Ok(number))) = (words.next(), words.next().map(str::parse)) else { continue };
        let mut names: Vec<_> = words.collect();
        names.push(name);
        names.reverse();
        found.push(entry(&names, number));
    }
    all.extend(found.into_iter().rev());
    ctx.list(&all)
}

/// `[{Level, [{Name, Number} | Name]}]`; 29 tells a level by name and by number.
fn options<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let all: Vec<_> = LEVELS
        .iter()
        .map(|level| {
            let absent = level.absent.iter().filter(|a| known(a.1)).map(|a| atom(a.0));
            let present = level.rows.iter().filter(|r| known(r.listed)).map(|r| match known(r.works) {
                true => ctx.tuple(&[atom(r.name), Term::small(r.number)]),
                false => atom(r.name),
            });
            let list = ctx.list_from(absent.chain(present).collect::<Vec<_>>());
            let number = Term::small(level.number);
            if Profile::get().release >= 28 {
                ctx.tuple(&[atom(level.name), number, list])
            } else if level.name == "socket" {
                ctx.tuple(&[am::SOCKET.into(), list])
            } else {
                ctx.tuple(&[number, list])
            }
        })
        .collect();
    ctx.list(&all)
}
