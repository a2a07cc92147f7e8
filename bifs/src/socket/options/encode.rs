//! Values of options as programs see them.
//!
//! Invariant: what is shorter than its shape is no value.

use std::io;
use std::os::fd::BorrowedFd;

use girder_vm::sys::socket::{self as sys, AF_UNIX};
use girder_vm::{Ctx, Profile, Term, am};

use super::super::address::{domain_term, kind_term, v4_term};
use super::super::arguments::record;
use super::super::atom;
use super::super::control;
use super::super::resource::Socket;
use super::decode::{CONGESTION, DEVICE, DISCOVERY, TOS};
use super::table::{Row, Shape};

/// Bits that are a type of service.
const TOS_MASK: i32 = 0x1e;

/// Names of differentiated services (29).
const SERVICES: [(i32, &str); 24] = [
    (0, "cs0"),
    (1, "le"),
    (8, "cs1"),
    (10, "af11"),
    (12, "af12"),
    (14, "af13"),
    (16, "cs2"),
    (18, "af21"),
    (20, "af22"),
    (22, "af23"),
    (24, "cs3"),
    (26, "af31"),
    (28, "af32"),
    (30, "af33"),
    (32, "cs4"),
    (34, "af41"),
    (36, "af42"),
    (38, "af43"),
    (40, "cs5"),
    (44, "voice_admit"),
    (45, "nqb"),
    (46, "ef"),
    (48, "cs6"),
    (56, "cs7"),
];

/// A type of service by name, or its number; 29 tells what else the number may mean.
pub(in super::super) fn tos<'s>(ctx: &Ctx<'s>, n: i32) -> Term<'s> {
    let number = |n: i32| ctx.int(n.into());
    let named = TOS.iter().find(|(_, v)| *v == n & TOS_MASK).map(|(name, _)| atom(name));
    if Profile::get().release < 28 {
        return named.unwrap_or_else(|| number(n));
    }
    let kind =
        if n & TOS_MASK == 0 { am::DEFAULT.into() } else { named.unwrap_or_else(|| number((n & TOS_MASK) >> 1)) };
    let precedence = if n >> 5 == 0 { atom("routine") } else { number(n >> 5) };
    let service = SERVICES.iter().find(|(s, _)| *s == n >> 2).map_or_else(|| number(n >> 2), |(_, name)| atom(name));
    let tos = record(ctx, &[("tos", kind), ("precedence", precedence)]);
    record(ctx, &[("native", number(n)), ("tos", tos), ("dscp", service)])
}

fn text<'s>(
    ctx: &Ctx<'s>,
    fd: BorrowedFd<'_>,
    level: i32,
    number: i32,
    room: usize,
    cut: bool,
) -> io::Result<Term<'s>> {
    let mut bytes = vec![0; room];
    let mut n = sys::option(fd, level, number, &mut bytes)?;
    if cut && n > 0 && bytes[n - 1] == 0 {
        n -= 1;
    }
    Ok(ctx.byte_list(&bytes[..n]))
}

/// The value of an option; `None` if it cannot be asked for.
pub(super) fn value<'s>(
    ctx: &Ctx<'s>,
    row: &Row,
    s: &Socket,
    fd: BorrowedFd<'_>,
    level: i32,
    control_size: usize,
) -> Option<io::Result<Term<'s>>> {
    let int = |show: &dyn Fn(i32) -> Term<'s>| sys::number(fd, level, row.number).map(show);
    Some(match row.shape {
        Shape::Bool => int(&|n| Term::bool(n != 0)),
        Shape::Int | Shape::IntRead | Shape::Hops => int(&|n| ctx.int(n.into())),
        Shape::Device => text(ctx, fd, level, row.number, DEVICE + 1, false),
        Shape::Congestion => text(ctx, fd, level, row.number, CONGESTION, true),
        Shape::Domain => int(&domain_term),
        Shape::Kind => int(&kind_term),
        Shape::Protocol => int(&|n| match n {
            0 if s.domain == AF_UNIX => am::DEFAULT.into(),
            n => ctx.int(n.into()),
        }),
        Shape::Linger => {
            let mut bytes = [0; 8];
            sys::option(fd, level, row.number, &mut bytes).map(|_| {
                let [a, b, c, d, e, f, g, h] = bytes;
                let (on, seconds) = (i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h]));
                record(ctx, &[("onoff", Term::bool(on != 0)), ("linger", ctx.int(seconds.into()))])
            })
        }
        Shape::Discovery => int(&|n| {
            let name = usize::try_from(n).ok().and_then(|n| DISCOVERY.get(n));
            name.map_or_else(|| ctx.int(n.into()), |name| atom(name))
        }),
        Shape::Interface => {
            let mut ip = [0; 4];
            sys::option(fd, level, row.number, &mut ip).map(|_| v4_term(ctx, ip))
        }
        Shape::Tos => int(&|n| tos(ctx, n)),
        Shape::PacketOptions => {
            let mut bytes = vec![0; control_size];
            sys::option(fd, level, row.number, &mut bytes).map(|n| control::encode(ctx, &bytes[..n]))
        }
        Shape::Membership | Shape::Source | Shape::Filter | Shape::AddressForm | Shape::Membership6 => return None,
    })
}
