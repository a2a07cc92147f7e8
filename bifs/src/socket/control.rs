//! Control data of messages: what a program gives, and what it gets.
//!
//! A piece has a level, a type, and either its data as they are or, for what is known here, a value.

use girder_vm::sys::socket::{Address, SOL_SOCKET, controls, put_control};
use girder_vm::{Ctx, Profile, Term, am};

use super::address::{self, v4_term, v6_term};
use super::arguments::{field, name_of, record, small, value};
use super::atom;
use super::control_error;
use super::options::{decode, encode as shapes};

/// What a piece's data look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing that is known here.
    Opaque,
    Int,
    Byte,
    Tos,
    /// Seconds and microseconds.
    Time,
    /// Seconds and nanoseconds.
    FineTime,
    Address,
    PacketInfo,
    PacketInfo6,
    Error,
}

/// Level, type, name, shape, and whether programs may send it.
type Row = (i32, i32, &'static str, Shape, bool);

const IP: i32 = 0;
const IPV6: i32 = 41;

const ROWS: [Row; 16] = [
    (SOL_SOCKET, 1, "rights", Shape::Opaque, false),
    (SOL_SOCKET, 2, "credentials", Shape::Opaque, false),
    (SOL_SOCKET, 29, "timestamp", Shape::Time, true),
    (SOL_SOCKET, 35, "timestampns", Shape::FineTime, false),
    (IP, 1, "tos", Shape::Tos, true),
    (IP, 2, "ttl", Shape::Int, true),
    (IP, 8, "pktinfo", Shape::PacketInfo, false),
    (IP, 11, "recverr", Shape::Error, false),
    (IP, 12, "recvttl", Shape::Byte, false),
    (IP, 13, "recvtos", Shape::Tos, false),
    (IP, 20, "origdstaddr", Shape::Address, false),
    (IPV6, 25, "recverr", Shape::Error, false),
    (IPV6, 50, "pktinfo", Shape::PacketInfo6, false),
    (IPV6, 52, "hoplimit", Shape::Int, true),
    (IPV6, 66, "recvtclass", Shape::Int, false),
    (IPV6, 67, "tclass", Shape::Int, true),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    let fine = Profile::get().release >= 28;
    ROWS.iter().filter(move |r| fine || r.3 != Shape::FineTime)
}

fn int(data: &[u8]) -> Option<i32> {
    data.first_chunk().map(|b| i32::from_ne_bytes(*b))
}

fn long(data: &[u8], at: usize) -> Option<i64> {
    data.get(at..)?.first_chunk().map(|b| i64::from_ne_bytes(*b))
}

fn shown<'s>(ctx: &Ctx<'s>, shape: Shape, data: &[u8]) -> Option<Term<'s>> {
    Some(match shape {
        Shape::Opaque => return None,
        Shape::Int => ctx.int(int(data)?.into()),
        Shape::Byte => Term::small(i32::from(*data.first()?)),
        Shape::Tos => shapes::tos(ctx, i32::from(*data.first()?)),
        Shape::Time | Shape::FineTime => {
            let parts = if shape == Shape::Time { "usec" } else { "nsec" };
            record(ctx, &[("sec", ctx.int(long(data, 0)?)), (parts, ctx.int(long(data, 8)?))])
        }
        Shape::Address => address::encode(ctx, &Address::of_bytes(data)?),
        Shape::PacketInfo => {
            let [index, own, to] = [0, 4, 8].map(|at| data.get(at..).and_then(|d| d.first_chunk::<4>()).copied());
            record(
                ctx,
                &[
                    ("ifindex", ctx.uint(u32::from_ne_bytes(index?).into())),
                    ("spec_dst", v4_term(ctx, own?)),
                    ("addr", v4_term(ctx, to?)),
                ],
            )
        }
        Shape::PacketInfo6 => {
            let (ip, index) = data.split_first_chunk::<16>()?;
            record(ctx, &[("addr", v6_term(ctx, *ip)), ("ifindex", ctx.int(int(index)?.into()))])
        }
        Shape::Error => control_error::shown(ctx, data)?,
    })
}

/// `[#{level, type, data, value}]`, the value where it is known.
pub(super) fn encode<'s>(ctx: &Ctx<'s>, bytes: &[u8]) -> Term<'s> {
    let mut all = Vec::new();
    for piece in controls(bytes) {
        let Ok(p) = piece else {
            all.push(atom("bad_data"));
            break;
        };
        let data = &bytes[p.data];
        let row = rows().find(|r| r.0 == p.level && r.1 == p.kind);
        let level = if p.level == SOL_SOCKET { am::SOCKET.into() } else { ctx.int(p.level.into()) };
        let kind = row.map_or_else(|| ctx.int(p.kind.into()), |r| atom(r.2));
        let mut fields = vec![("level", level), ("type", kind), ("data", ctx.binary(data))];
        fields.extend(row.and_then(|r| shown(ctx, r.3, data)).map(|v| ("value", v)));
        all.push(record(ctx, &fields));
    }
    ctx.list(&all)
}

/// The bytes of a value that a program may send.
fn sent(shape: Shape, t: Term<'_>) -> Option<Vec<u8>> {
    Some(match shape {
        Shape::Int => small(t)?.to_ne_bytes().to_vec(),
        Shape::Tos => decode::tos(t)?.to_ne_bytes().to_vec(),
        Shape::Time => {
            let (seconds, parts) = (field(t, "sec")?.as_i64()?, field(t, "usec")?.as_i64()?);
            [seconds.to_ne_bytes(), parts.to_ne_bytes()].concat()
        }
        _ => return None,
    })
}

fn piece(t: Term<'_>, out: &mut Vec<u8>, limit: usize) -> Option<()> {
    let level = value(t, am::LEVEL)?;
    let level = if level.is(am::SOCKET) { SOL_SOCKET } else { small(level)? };
    let kind = value(t, am::TYPE)?;
    let named = || rows().find(|r| r.0 == level && Some(r.2) == name_of(kind));
    let (kind, data) = match (value(t, am::DATA), value(t, am::VALUE)) {
        (Some(data), None) => {
            let kind = small(kind).or_else(|| named().map(|r| r.1))?;
            (kind, decode::native(data)?)
        }
        (None, Some(v)) => {
            let row = named().filter(|r| r.4)?;
            (row.1, sent(row.3, v)?)
        }
        _ => return None,
    };
    put_control(out, limit, level, kind, &data).then_some(())
}

/// The system's form of a list of pieces; `None` if something in it is wrong, or there is too much.
pub(super) fn decode(list: Term<'_>, limit: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for t in list.to_vec()? {
        piece(t, &mut out, limit)?;
    }
    Some(out)
}
