//! Requests about network interfaces through a socket (`socket:ioctl`).
//!
//! Invariant: a request is made only with a record of the size that it has.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use girder_vm::sys::socket::Address;
use girder_vm::sys::socket::interfaces::{self, VALUE};
use girder_vm::term::map;
use girder_vm::{Ctx, Profile, Raise, Term, am};
use rustix::io::Errno;

use super::arguments::{latin1, record, small, socket};
use super::supports::{INTERFACE_FLAGS, REQUESTS};
use super::{Answer, Step, address, atom, closed, early, error, failed, invalid, ok};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_ioctl"/2 => ioctl_2, Nif;
        "nif_ioctl"/3 => ioctl_3, Nif;
        "nif_ioctl"/4 => ioctl_4, Nif;
    }
}

/// The name of a request's number, if this release knows it.
fn request(t: Term<'_>) -> Result<(&'static str, u64), Raise> {
    let number = t.as_u64().ok_or(Raise::Badarg)?;
    let known = REQUESTS.iter().find(|r| r.1 as u64 == number && r.2.has(Profile::get().releases()));
    Ok((known.map_or("", |r| r.0), number))
}

fn unsupported<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    error(ctx, atom("enotsup"))
}

/// Runs `f` with the open socket's descriptor.
fn with<'s>(
    ctx: &Ctx<'s>,
    t: Term<'s>,
    f: impl FnOnce(BorrowedFd<'_>) -> Step<'s, io::Result<Term<'s>>>,
) -> Step<'s, Term<'s>> {
    let r = socket(t)?.reading();
    let fd = r.fd().ok_or_else(|| closed(ctx))?;
    Ok(match f(fd.as_fd())? {
        Ok(value) => value,
        Err(e) if e.raw_os_error() == Some(Errno::OPNOTSUPP.raw_os_error()) => unsupported(ctx),
        Err(e) => failed(ctx, &e),
    })
}

fn ioctl_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        socket(a[0])?;
        let (name, _) = request(a[1])?;
        with(ctx, a[0], |fd| {
            Ok(match name {
                "gifconf" => interfaces::configured(fd).map(|all| {
                    let all: Vec<_> = all
                        .iter()
                        .map(|(name, a)| {
                            let name = ctx.byte_list(name);
                            record(ctx, &[("name", name), ("addr", address::encode(ctx, a))])
                        })
                        .collect();
                    ok(ctx, ctx.list(&all))
                }),
                "nread" => interfaces::unread(fd).map(|n| ok(ctx, ctx.int(n.into()))),
                "atmark" => interfaces::at_mark(fd).map(|b| ok(ctx, Term::bool(b))),
                _ => Ok(unsupported(ctx)),
            })
        })
    })
}

fn flags<'s>(ctx: &Ctx<'s>, mut bits: i32) -> Term<'s> {
    let mut all = Vec::new();
    for (name, bit, _) in INTERFACE_FLAGS {
        if bit != 0 && bits & bit == bit {
            all.push(atom(name));
            bits &= !bit;
        }
    }
    if bits != 0 {
        all.push(ctx.int(bits.into()));
    }
    ctx.list(&all)
}

/// A value that a request got.
fn shown<'s>(ctx: &Ctx<'s>, request: &str, value: &[u8; VALUE]) -> Term<'s> {
    let (number, _) = value.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let short = |at: usize| value.get(at..).and_then(|v| v.first_chunk()).map_or(0, |b| u16::from_ne_bytes(*b));
    let long = |at: usize| value.get(at..).and_then(|v| v.first_chunk()).map_or(0, |b| u64::from_ne_bytes(*b));
    match request {
        "gifindex" | "gifmtu" | "giftxqlen" => ctx.int(i32::from_ne_bytes(*number).into()),
        "gifflags" => flags(ctx, i32::from(short(0))),
        "gifhwaddr" => {
            // The reference shows the whole room of an address, whatever the hardware's length.
            record(ctx, &[("family", address::hardware(short(0))), ("addr", ctx.binary(&value[2..16]))])
        }
        "gifmap" => {
            let byte = |at: usize| Term::small(i32::from(value[at]));
            record(
                ctx,
                &[
                    ("mem_start", ctx.uint(long(0))),
                    ("mem_end", ctx.uint(long(8))),
                    ("base_addr", Term::small(i32::from(short(16)))),
                    ("irq", byte(18)),
                    ("dma", byte(19)),
                    ("port", byte(20)),
                ],
            )
        }
        _ => Address::of_bytes(&value[..16]).map_or(am::UNDEFINED.into(), |a| address::encode(ctx, &a)),
    }
}

fn ioctl_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        socket(a[0])?;
        let (name, number) = request(a[1])?;
        with(ctx, a[0], |fd| match name {
            "gifname" => {
                let mut value = [0; VALUE];
                value[..4].copy_from_slice(&small(a[2]).ok_or(Raise::Badarg)?.to_ne_bytes());
                let got = interfaces::request_by_number(fd, number, &[], value);
                Ok(got.map(|(name, _)| ok(ctx, ctx.byte_list(&name))))
            }
            "gifindex" | "gifflags" | "gifaddr" | "gifdstaddr" | "gifbrdaddr" | "gifnetmask" | "gifmtu"
            | "gifhwaddr" | "gifmap" | "giftxqlen" => {
                let interface = latin1(a[2]).ok_or(Raise::Badarg)?;
                let got = interfaces::request_by_number(fd, number, &interface, [0; VALUE]);
                Ok(got.map(|(_, value)| ok(ctx, shown(ctx, name, &value))))
            }
            _ => Ok(Ok(unsupported(ctx))),
        })
    })
}

/// The bits of an interface with changes: `#{Bit => Set}`. What is no map changes nothing, as in the reference.
fn changed(old: u16, changes: Term<'_>) -> Option<u16> {
    if !changes.is_map() {
        return Some(old);
    }
    let mut bits = i32::from(old);
    for (key, on) in map::iter(changes) {
        let bit = small(key)?;
        bits = if on.is(am::TRUE) { bits | bit } else { bits & !bit };
    }
    Some(bits as u16)
}

fn ioctl_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        socket(a[0])?;
        let (name, number) = request(a[1])?;
        with(ctx, a[0], |fd| {
            if !name.starts_with("sif") {
                return Ok(Ok(unsupported(ctx)));
            }
            let interface = latin1(a[2]).ok_or(Raise::Badarg)?;
            let mut value = [0; VALUE];
            match name {
                "sifflags" => {
                    let old = interfaces::request_by_number(fd, interfaces::SIOCGIFFLAGS, &interface, value);
                    let old = match old {
                        Ok((_, v)) => u16::from_ne_bytes([v[0], v[1]]),
                        Err(e) => return Ok(Err(e)),
                    };
                    value[..2].copy_from_slice(&changed(old, a[3]).ok_or(Raise::Badarg)?.to_ne_bytes());
                }
                "sifmtu" | "siftxqlen" => {
                    let Some(n) = small(a[3]) else { return Ok(Ok(invalid(ctx, atom(&name[3..])))) };
                    value[..4].copy_from_slice(&n.to_ne_bytes());
                }
                _ => {
                    let Some(to) = address::decode(a[3]) else { return Ok(Ok(invalid(ctx, am::SOCKADDR.into()))) };
                    let n = to.bytes().len().min(16);
                    value[..n].copy_from_slice(&to.bytes()[..n]);
                }
            }
            Ok(interfaces::request_by_number(fd, number, &interface, value).map(|_| am::OK.into()))
        })
    })
}
