//! Options of sockets: the VM's own (level `otp`), and the system's by name or as they are.
//!
//! A value that is not of its option's shape is `{invalid, value}`, an option that has no such direction `{invalid,
//! socket_option}`; the rest is the system's answer.

pub(super) mod decode;
pub(super) mod encode;
mod otp;
mod table;

pub(super) use table::LEVELS;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use girder_vm::sys::socket as sys;
use girder_vm::{Ctx, Profile, Raise, Term, am};

use self::table::Row;
use super::arguments::{int, name_of, out_of_range, small, socket};
use super::resource::Socket;
use super::{Answer, atom, closed, done, early, error_invalid, failed, invalid, ok};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_getopt"/3 => getopt_3, Nif;
        "nif_getopt"/4 => getopt_4, Nif, UNTIL_27;
        "nif_getopt"/5 => getopt_5, Nif, R29;
        "nif_setopt"/5 => setopt_5, Nif;
    }
}

/// Which options are meant.
enum Group {
    /// The VM's own.
    Otp,
    /// Those of a level of the system.
    Level(i32),
}

fn group<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> super::Step<'s, Group> {
    match t.as_atom() {
        Some(am::OTP) => Ok(Group::Otp),
        Some(am::SOCKET) => Ok(Group::Level(sys::SOL_SOCKET)),
        _ => small(t).map(Group::Level).ok_or_else(|| out_of_range(ctx, t)),
    }
}

/// The option of a level and a number, if this release does something about it.
fn find(level: i32, number: i32) -> Option<&'static Row> {
    let works = |r: &&Row| r.number == number && r.works.has(Profile::get().releases());
    LEVELS.iter().find(|l| l.number == level)?.rows.iter().find(works)
}

/// `{invalid, value}`.
fn wrong_value<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    invalid(ctx, am::VALUE.into())
}

fn no_option<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    invalid(ctx, atom("socket_option"))
}

fn setopt_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let native = small(a[4]).ok_or(Raise::Badarg)? != 0;
        let (number, value) = (int(ctx, a[2])?, a[3]);
        let level = match group(ctx, a[1])? {
            Group::Otp if native => return Err(Raise::Badarg.into()),
            Group::Otp => return Ok(otp::set(ctx, s, number, value)?),
            Group::Level(level) => level,
        };
        let w = s.writing();
        let fd = w.fd().ok_or_else(|| closed(ctx))?;
        if native {
            return Ok(match decode::native(value) {
                Some(bytes) => done(ctx, sys::set_option(fd.as_fd(), level, number, &bytes)),
                None => error_invalid(ctx, am::VALUE),
            });
        }
        let Some(row) = find(level, number).filter(|r| decode::can_be_set(r.shape)) else { return Ok(no_option(ctx)) };
        Ok(match decode::value(row.shape, value) {
            Some(bytes) => done(ctx, sys::set_option(fd.as_fd(), level, number, &bytes)),
            None => wrong_value(ctx),
        })
    })
}

fn getopt_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let number = int(ctx, a[2])?;
        match group(ctx, a[1])? {
            Group::Otp => Ok(otp::get(ctx, s, number)?),
            Group::Level(level) => get(ctx, s, level, number),
        }
    })
}

fn get<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, level: i32, number: i32) -> super::Step<'s, Term<'s>> {
    let r = s.reading();
    let fd = r.fd().ok_or_else(|| closed(ctx))?;
    let Some(row) = find(level, number) else { return Ok(no_option(ctx)) };
    Ok(match encode::value(ctx, row, s, fd.as_fd(), level, r.buffers.control) {
        Some(Ok(value)) => ok(ctx, value),
        Some(Err(e)) => failed(ctx, &e),
        None => no_option(ctx),
    })
}

/// An option as it is: a number of bytes, the bytes that the system is asked with, `integer` or `boolean`.
fn native<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, level: Term<'s>, number: i32, wanted: Term<'s>) -> Answer<'s> {
    early(|| {
        let Group::Level(level) = group(ctx, level)? else { return Err(Raise::Badarg.into()) };
        let r = s.reading();
        let fd = r.fd().ok_or_else(|| closed(ctx))?;
        let fd = fd.as_fd();
        let answer = |value: io::Result<Term<'s>>| value.map_or_else(|e| failed(ctx, &e), |v| ok(ctx, v));
        Ok(match (small(wanted), name_of(wanted)) {
            (Some(0), _) => done(ctx, sys::probe_option(fd, level, number)),
            // The system takes a size below zero for none it can give.
            (Some(n), _) => match usize::try_from(n) {
                Ok(n) => answer(raw(ctx, fd, level, number, vec![0; n])),
                Err(_) => failed(ctx, &rustix::io::Errno::INVAL.into()),
            },
            (_, Some("integer")) => answer(sys::number(fd, level, number).map(|n| ctx.int(n.into()))),
            (_, Some("boolean")) => answer(sys::number(fd, level, number).map(|n| Term::bool(n != 0))),
            _ => match wanted.as_binary().and_then(|b| b.to_bytes()) {
                Some(bytes) => answer(raw(ctx, fd, level, number, bytes.into_owned())),
                None => wrong_value(ctx),
            },
        })
    })
}

fn raw<'s>(ctx: &Ctx<'s>, fd: BorrowedFd<'_>, level: i32, number: i32, mut bytes: Vec<u8>) -> io::Result<Term<'s>> {
    let n = sys::option(fd, level, number, &mut bytes)?;
    Ok(ctx.binary(&bytes[..n]))
}

fn getopt_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let number = int(ctx, a[2])?;
        Ok(native(ctx, s, a[1], number, a[3])?)
    })
}

/// With `native` as it is; with `value` for options that are asked with a value, which only SCTP has.
fn getopt_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let number = int(ctx, a[2])?;
        match name_of(a[3]) {
            Some("native") => Ok(native(ctx, s, a[1], number, a[4])?),
            Some("value") => {
                group(ctx, a[1])?;
                s.reading().fd().ok_or_else(|| closed(ctx))?;
                Ok(no_option(ctx))
            }
            _ => Err(Raise::Badarg.into()),
        }
    })
}
