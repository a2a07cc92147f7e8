//! Reading and writing open files, and their positions.

use std::io::{self, IoSlice};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};

use girder_vm::sys::fd;
use girder_vm::{Ctx, Raise, Term, am};
use rustix::buffer::spare_capacity;
use rustix::fs::{Advice, Mode, OFlags, SeekFrom};

use super::handle::open;
use super::{Answer, answer, done, einval, error, int, number, size, uninterrupted, with_path};

girder_vm::natives! { pub TABLE:
    "prim_file" {
        "advise_nif"/4 => advise_4, Nif;
        "allocate_nif"/3 => allocate_3, Nif;
        "ipread_s32bu_p32bu_nif"/3 => ipread_3, Nif;
        "pread_nif"/3 => pread_3, Nif;
        "pwrite_nif"/3 => pwrite_3, Nif;
        "read_file_nif"/1 => read_file_1, Nif;
        "read_nif"/2 => read_2, Nif;
        "seek_nif"/3 => seek_3, Nif;
        "sync_nif"/2 => sync_2, Nif;
        "truncate_nif"/1 => truncate_1, Nif;
        "write_nif"/2 => write_2, Nif;
    }
}

/// Binaries that one call writes.
const PIECES: usize = 64;

/// Room for so many bytes, or `enomem`.
fn buffer(n: u64) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    let n = usize::try_from(n).ok().filter(|&n| buffer.try_reserve_exact(n).is_ok());
    n.ok_or(rustix::io::Errno::NOMEM)?;
    Ok(buffer)
}

/// Reads up to `n` bytes, or to the end of the file: at the current position, or at one that is given.
fn read(fd: BorrowedFd<'_>, at: Option<u64>, n: u64) -> io::Result<Vec<u8>> {
    let mut bytes = buffer(n)?;
    // An exact reservation in an empty vector: filling it reads no more than was asked for.
    debug_assert_eq!(bytes.capacity() as u64, n);
    while bytes.len() < bytes.capacity() {
        let len = bytes.len() as u64;
        let got = uninterrupted(|| match at {
            None => rustix::io::read(fd, spare_capacity(&mut bytes)),
            Some(at) => rustix::io::pread(fd, spare_capacity(&mut bytes), at + len),
        })?;
        if got == 0 {
            break;
        }
    }
    Ok(bytes)
}

/// `{ok, Bytes}`, `eof` or `{error, Name}`.
fn bytes_or_eof<'s>(ctx: &Ctx<'s>, r: io::Result<Vec<u8>>) -> Term<'s> {
    match r {
        Ok(bytes) if bytes.is_empty() => am::EOF.into(),
        r => answer(ctx, r, |bytes| ctx.binary(&bytes)),
    }
}

fn read_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, n) = (open(a[0])?, number(a[1])?);
    Ok(bytes_or_eof(ctx, open.with(ctx, |fd| read(fd, None, size(n)?))))
}

fn pread_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, at, n) = (open(a[0])?, number(a[1])?, number(a[2])?);
    Ok(bytes_or_eof(ctx, open.with(ctx, |fd| read(fd, Some(size(at)?), size(n)?))))
}

/// Bytes of binaries.
type Pieces<'s> = Vec<std::borrow::Cow<'s, [u8]>>;

/// Binaries of a list, at most [`PIECES`], and the rest of the list.
fn pieces<'s>(list: Term<'s>) -> Result<(Pieces<'s>, Term<'s>), Raise> {
    let (mut out, mut list) = (Vec::new(), list);
    while out.len() < PIECES
        && let Some((head, tail)) = list.as_cons()
    {
        out.push(head.as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)?);
        list = tail;
    }
    if list.is_list() { Ok((out, list)) } else { Err(Raise::Badarg) }
}

/// Writes all bytes of the pieces with what `once` does for some.
fn write_all(
    pieces: &[std::borrow::Cow<'_, [u8]>],
    mut once: impl FnMut(&[IoSlice<'_>], u64) -> rustix::io::Result<usize>,
) -> io::Result<u64> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().filter(|p| !p.is_empty()).map(|p| IoSlice::new(p)).collect();
    let (mut rest, mut written) = (&mut slices[..], 0);
    while !rest.is_empty() {
        match uninterrupted(|| once(rest, written))? {
            0 => break,
            n => {
                written += n as u64;
                IoSlice::advance_slices(&mut rest, n);
            }
        }
    }
    Ok(written)
}

fn write_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let open = open(a[0])?;
    let (pieces, tail) = pieces(a[1])?;
    let written = open.with(ctx, |fd| write_all(&pieces, |slices, _| rustix::io::writev(fd, slices)));
    Ok(match written {
        Err(e) => error(ctx, &e),
        Ok(_) if tail.is_nil() => am::OK.into(),
        Ok(_) => ctx.tuple(&[am::CONTINUE.into(), tail]),
    })
}

fn pwrite_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, at) = (open(a[0])?, number(a[1])?);
    let (pieces, tail) = pieces(a[2])?;
    let written = open.with(ctx, |fd| {
        let at = size(at)?;
        write_all(&pieces, |slices, written| rustix::io::pwritev(fd, slices, at + written))
    });
    Ok(match written {
        Err(e) => error(ctx, &e),
        Ok(_) if tail.is_nil() => am::OK.into(),
        Ok(n) => ctx.tuple(&[am::CONTINUE.into(), ctx.uint(n), tail]),
    })
}

fn seek_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let open = open(a[0])?;
    let offset = a[2].as_i64().ok_or(Raise::Badarg)?;
    let to = match a[1].as_atom() {
        Some(am::BOF) => u64::try_from(offset).map(SeekFrom::Start).map_err(|_| einval()),
        Some(am::CUR) => Ok(SeekFrom::Current(offset)),
        Some(am::EOF) => Ok(SeekFrom::End(offset)),
        _ => return Err(Raise::Badarg),
    };
    let position = open.with(ctx, |fd| Ok(rustix::fs::seek(fd, to?)?));
    Ok(answer(ctx, position, |p| ctx.uint(p)))
}

fn sync_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, data_only) = (open(a[0])?, int(a[1])? != 0);
    let synced = open.with(ctx, |fd| Ok(if data_only { rustix::fs::fdatasync(fd) } else { rustix::fs::fsync(fd) }?));
    Ok(done(ctx, synced))
}

/// Cuts the file off at its current position.
fn truncate_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let cut = open(a[0])?.with(ctx, |fd| Ok(rustix::fs::ftruncate(fd, rustix::fs::tell(fd)?)?));
    Ok(done(ctx, cut))
}

fn allocate_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, offset, len) = (open(a[0])?, number(a[1])?, number(a[2])?);
    let allocated = open.with(ctx, |fd| {
        let (offset, len) = (size(offset)?, size(len)?);
        fd::allocate(fd, offset.cast_signed(), len.cast_signed())
    });
    Ok(done(ctx, allocated))
}

fn advise_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, offset, len) = (open(a[0])?, number(a[1])?, number(a[2])?);
    let advice = match a[3].as_atom() {
        Some(am::NORMAL) => Ok(Advice::Normal),
        Some(am::RANDOM) => Ok(Advice::Random),
        Some(am::SEQUENTIAL) => Ok(Advice::Sequential),
        Some(am::WILL_NEED) => Ok(Advice::WillNeed),
        Some(am::DONT_NEED) => Ok(Advice::DontNeed),
        Some(am::NO_REUSE) => Ok(Advice::NoReuse),
        _ => Err(einval()),
    };
    let advised = open.with(ctx, |fd| {
        // What the system makes of the advice is its business.
        let _ = rustix::fs::fadvise(fd, size(offset)?, NonZeroU64::new(size(len)?), advice?);
        Ok(())
    });
    Ok(done(ctx, advised))
}

/// Reads `<<Size:32, Position:32>>` at an offset and then the bytes there: `{ok, {Size, Position, Bytes | eof}}`.
fn ipread_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let (open, at, most) = (open(a[0])?, number(a[1])?, number(a[2])?);
    let got = open.with(ctx, |fd| {
        let most = most.filter(|&m| m < 1 << 31).ok_or_else(einval)?;
        let pointer = read(fd, Some(size(at)?), 8)?;
        let Ok(pointer) = <[u8; 8]>::try_from(pointer) else { return Ok(None) };
        let word = |i: usize| u32::from_be_bytes([pointer[i], pointer[i + 1], pointer[i + 2], pointer[i + 3]]);
        let (len, position) = (word(0), word(4));
        if i64::from(len) > most {
            return Ok(None);
        }
        Ok(Some((len, position, read(fd, Some(position.into()), len.into())?)))
    });
    Ok(match got {
        Err(e) => error(ctx, &e),
        Ok(None) => am::EOF.into(),
        Ok(Some((len, position, bytes))) => {
            let data = if bytes.is_empty() { am::EOF.into() } else { ctx.binary(&bytes) };
            let found = ctx.tuple(&[ctx.uint(len.into()), ctx.uint(position.into()), data]);
            ctx.tuple(&[am::OK.into(), found])
        }
    })
}

/// First read of a file whose size is not known, such as those in `/proc`.
const FIRST_BLOCK: u64 = 16 << 10;

fn read_file_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let bytes = with_path(ctx, a[0], |path| {
        let fd = uninterrupted(|| rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()))?;
        let stat = rustix::fs::fstat(&fd)?;
        if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() {
            return Err(rustix::io::Errno::ISDIR.into());
        }
        let fd = fd.as_fd();
        let known = u64::try_from(stat.st_size).unwrap_or(0);
        if known > 0 {
            return read(fd, None, known);
        }
        let mut bytes = Vec::new();
        loop {
            let block = FIRST_BLOCK.max(bytes.len() as u64);
            let more = read(fd, None, block)?;
            let end = (more.len() as u64) < block;
            bytes.extend_from_slice(&more);
            if end {
                return Ok(bytes);
            }
        }
    });
    Ok(answer(ctx, bytes, |bytes| ctx.binary(&bytes)))
}
