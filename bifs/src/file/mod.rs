//! Natives of module `prim_file`: files and directories of the operating system, without I/O servers.
//!
//! Errors of the system are values, `{error, Name}`; only wrong arguments raise. Whatever may wait for a disk runs as a
//! dirty scheduler. Names arrive as binaries that end with a zero byte ([`names`] makes them).

mod handle;
mod info;
mod names;
mod transfer;
mod tree;

pub(crate) use handle::{duplicate, helper_started};

use std::ffi::CStr;
use std::io;

use girder_vm::sched::Dirty;
use girder_vm::sys::errno;
use girder_vm::{Atom, Ctx, Native, Raise, Term, am};

/// The tables of this folder's files.
pub(crate) const TABLES: [&[Native]; 5] = [handle::TABLE, info::TABLE, names::TABLE, transfer::TABLE, tree::TABLE];

type Answer<'s> = Result<Term<'s>, Raise>;

/// `{error, Name}`.
fn error<'s>(ctx: &Ctx<'s>, e: &io::Error) -> Term<'s> {
    named_error(ctx, errno::name_of(e))
}

fn named_error<'s>(ctx: &Ctx<'s>, name: &str) -> Term<'s> {
    let name = Atom::new(name).unwrap_or(am::ERROR);
    ctx.tuple(&[am::ERROR.into(), name.into()])
}

/// `ok` or `{error, Name}`.
fn done<'s>(ctx: &Ctx<'s>, r: io::Result<()>) -> Term<'s> {
    r.map_or_else(|e| error(ctx, &e), |()| am::OK.into())
}

/// `{ok, Value}` or `{error, Name}`.
fn answer<'s, T>(ctx: &Ctx<'s>, r: io::Result<T>, value: impl FnOnce(T) -> Term<'s>) -> Term<'s> {
    match r {
        Ok(v) => ctx.tuple(&[am::OK.into(), value(v)]),
        Err(e) => error(ctx, &e),
    }
}

fn einval() -> io::Error {
    rustix::io::Errno::INVAL.into()
}

/// A name as the system wants it: a binary with a zero byte at its end, and none in the middle.
fn path<'s>(t: Term<'s>) -> io::Result<std::borrow::Cow<'s, CStr>> {
    let bytes = t.as_binary().and_then(|b| b.to_bytes()).ok_or_else(einval)?;
    let end = bytes.iter().position(|&b| b == 0).ok_or_else(einval)?;
    if bytes[end..].iter().any(|&b| b != 0) {
        return Err(einval());
    }
    let wrong = |_| einval();
    Ok(match bytes {
        std::borrow::Cow::Borrowed(b) => CStr::from_bytes_with_nul(&b[..=end]).map_err(|_| einval())?.into(),
        std::borrow::Cow::Owned(mut b) => {
            b.truncate(end);
            std::ffi::CString::new(b).map_err(wrong)?.into()
        }
    })
}

/// Runs `f` on the name in `t` where it may wait.
fn with_path<T>(ctx: &Ctx<'_>, t: Term<'_>, f: impl FnOnce(&CStr) -> io::Result<T>) -> io::Result<T> {
    let path = path(t)?;
    ctx.dirty(Dirty::Io, || f(&path))
}

/// An integer that fits 64 bits; other numbers are `None`, other terms wrong.
fn number(t: Term<'_>) -> Result<Option<i64>, Raise> {
    if t.is_number() { Ok(t.as_i64()) } else { Err(Raise::Badarg) }
}

/// A number that is not below zero; `einval` for others.
fn size(n: Option<i64>) -> io::Result<u64> {
    n.and_then(|n| u64::try_from(n).ok()).ok_or_else(einval)
}

fn int(t: Term<'_>) -> Result<i32, Raise> {
    t.as_small().and_then(|n| i32::try_from(n).ok()).ok_or(Raise::Badarg)
}

/// Does it again while signals interrupt it.
fn uninterrupted<T>(mut f: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match f() {
            Err(rustix::io::Errno::INTR) => {}
            r => return r.map_err(io::Error::from),
        }
    }
}
