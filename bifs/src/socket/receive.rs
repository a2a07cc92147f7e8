//! Receiving bytes, with or without who sent them.
//!
//! What is little is read into memory of the thread and copied, so that an answer is no larger than what has come; what
//! may be much is read into the binary that the program gets.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use girder_vm::heap::Buffer;
use girder_vm::port::poll::Mode;
use girder_vm::process::relations::Reference;
use girder_vm::sys::socket as sys;
use girder_vm::{Ctx, Profile, Raise, Term, am};

use super::arguments::{handle, int, integers, size, socket};
use super::queue::{Requestor, Turn};
use super::resource::{Reading, Socket, state};
use super::{
    Answer, Step, Stop, address, closed, early, error_invalid, failed, ok, raise_invalid, reason, would_block,
};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_recv"/4 => recv_4, Nif;
        "nif_recvfrom"/4 => recvfrom_4, Nif;
    }
}

/// Bytes that are read into memory of the thread.
const SCRATCH: usize = 16 * 1024;
/// The flag that leaves what is read where it is.
const MSG_PEEK: i32 = 2;
/// Bytes that are read at a time behind what was kept.
const CHUNK: usize = 256 * 1024;
/// Bytes that are read at a time, at most: more is never there.
pub(super) const MOST: usize = 16 << 20;

thread_local! {
    static ROOM: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// Bytes read by `f`, which tells how many, into room for `size` of them; and what else it tells.
pub(super) fn read<'s, T>(
    ctx: &Ctx<'s>,
    size: usize,
    f: impl FnOnce(&mut [u8]) -> io::Result<(usize, T)>,
) -> io::Result<(usize, Term<'s>, T)> {
    if size <= SCRATCH {
        return ROOM.with_borrow_mut(|room| {
            let (n, more) = f(&mut room[..size])?;
            let n = n.min(size);
            Ok((n, ctx.binary(&room[..n]), more))
        });
    }
    let mut buffer = Buffer::new(size);
    let (n, more) = f(buffer.room())?;
    let n = n.min(size);
    buffer.filled(n);
    if n < size / 2 {
        return Ok((n, ctx.binary(buffer.bytes()), more));
    }
    let (binary, at) = buffer.share();
    Ok((n, ctx.refc_bits_owned(binary, at.start * 8, at.len() * 8), more))
}

/// Who is told when there is something; nobody, if the answer is wanted at once.
pub(super) fn requestor(t: Term<'_>) -> Result<Option<Reference>, Raise> {
    if t.is(am::ZERO) { Ok(None) } else { handle(t).map(Some) }
}

/// The caller's turn to read: the descriptor; leaves if it is not.
pub(super) fn turn<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    r: &mut Reading,
    who: Option<Reference>,
) -> Step<'s, Arc<OwnedFd>> {
    let fd = r.fd().ok_or_else(|| closed(ctx))?;
    if r.acceptors.current.is_some() {
        return Err(Stop::Value(error_invalid(ctx, am::STATE)));
    }
    match r.readers.turn(ctx.self_pid().raw(), who) {
        Turn::Own => Ok(fd),
        Turn::Twice => Err(raise_invalid(ctx, am::STATE.into()).into()),
        Turn::Queued => {
            s.follow(ctx);
            Err(Stop::Value(am::SELECT.into()))
        }
    }
}

/// The caller is the one that is told.
fn become_reader(ctx: &Ctx<'_>, s: &Arc<Socket>, r: &mut Reading, handle: Reference) -> Requestor {
    let who = Requestor { pid: ctx.self_pid().raw(), handle };
    r.readers.current = Some(who);
    s.follow(ctx);
    who
}

/// The caller is told when there is something.
pub(super) fn wait(ctx: &Ctx<'_>, s: &Arc<Socket>, r: &mut Reading, fd: BorrowedFd<'_>, handle: Reference) {
    let who = become_reader(ctx, s, r, handle);
    r.state |= state::SELECTED;
    s.select(fd, Mode::Read, who);
}

/// The caller has its answer; the next one has its turn.
pub(super) fn served(s: &Arc<Socket>, r: &mut Reading, fd: BorrowedFd<'_>) {
    if r.readers.current.is_some() {
        s.advance(fd, Mode::Read, &mut r.readers);
    }
}

/// The other end of a stream has closed it.
pub(super) fn ended<'s>(ctx: &Ctx<'s>, r: &mut Reading) -> Term<'s> {
    r.counts.fails += 1;
    super::error(ctx, am::CLOSED.into())
}

/// Nothing came, or an error.
pub(super) fn not_read<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    r: &mut Reading,
    fd: BorrowedFd<'_>,
    e: &io::Error,
    who: Option<Reference>,
) -> Term<'s> {
    if would_block(e) {
        r.full = 0;
        return match who {
            Some(handle) => {
                wait(ctx, s, r, fd, handle);
                am::SELECT.into()
            }
            None if Profile::get().release < 26 => am::OK.into(),
            None => am::TIMEOUT.into(),
        };
    }
    r.counts.fails += 1;
    if r.readers.current.is_some() {
        s.fail_waiting(&mut r.readers, reason(e));
    }
    failed(ctx, e)
}

/// `{ok, Value}`. With the option `select_read` of 29 the caller is told of what comes next as well.
pub(super) fn answer<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    r: &mut Reading,
    fd: BorrowedFd<'_>,
    value: Term<'s>,
    who: Option<Reference>,
) -> Term<'s> {
    if let Some(handle) = who.filter(|_| r.buffers.select_read) {
        wait(ctx, s, r, fd, handle);
        return ctx.tuple(&[am::SELECT_READ.into(), value]);
    }
    served(s, r, fd);
    ok(ctx, value)
}

/// What a read of a number of bytes gave.
enum Got<'s> {
    /// Everything that was asked for.
    Full(usize, Term<'s>),
    /// Less.
    Part(usize, Term<'s>),
    /// Less, all of which is kept.
    Kept,
    /// The end of a stream, with what was kept before.
    End(Option<Term<'s>>),
}

/// Reads a number of bytes from a stream.
fn read_stream<'s>(ctx: &Ctx<'s>, r: &mut Reading, fd: BorrowedFd<'_>, room: usize, flags: i32) -> io::Result<Got<'s>> {
    if !r.kept.is_empty() {
        return read_more(ctx, r, fd, room, flags);
    }
    let room = room.min(MOST);
    let (n, data, ()) = read(ctx, room, |to| Ok((sys::receive_as(fd, to, flags)?, ())))?;
    Ok(match n {
        0 => Got::End(None),
        n if n == room => Got::Full(n, data),
        n => Got::Part(n, data),
    })
}

/// Reads behind what was kept, with which the answer begins.
fn read_more<'s>(ctx: &Ctx<'s>, r: &mut Reading, fd: BorrowedFd<'_>, room: usize, flags: i32) -> io::Result<Got<'s>> {
    let mut ended = false;
    while r.kept.len() < room && !ended {
        let have = r.kept.len();
        r.kept.resize(have + (room - have).min(CHUNK), 0);
        let got = sys::receive_as(fd, &mut r.kept[have..], flags);
        r.kept.truncate(have + got.as_ref().copied().unwrap_or(0));
        match got {
            Ok(n) => ended = n == 0,
            Err(e) if would_block(&e) => break,
            Err(e) => return Err(e),
        }
    }
    if r.kept.len() < room && !ended {
        return Ok(Got::Kept);
    }
    let data = take_kept(ctx, r, room);
    Ok(if ended { Got::End(Some(data)) } else { Got::Full(room, data) })
}

/// What was kept, up to a number of bytes.
fn take_kept<'s>(ctx: &Ctx<'s>, r: &mut Reading, room: usize) -> Term<'s> {
    let rest = r.kept.split_off(r.kept.len().min(room));
    let kept = std::mem::replace(&mut r.kept, rest);
    ctx.binary(&kept)
}

fn recv_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, requestor(a[3])?);
        integers(&a[1..3])?;
        let (wanted, flags) = (size(ctx, a[1])?, int(ctx, a[2])?);
        let mut r = s.reading();
        let fd = turn(ctx, s, &mut r, who)?;
        let fd = fd.as_fd();
        let r = &mut *r;
        r.counts.tries += 1;
        let room = if wanted == 0 { r.buffers.size } else { wanted };
        let got = if s.is_stream() {
            read_stream(ctx, r, fd, room, flags)
        } else {
            let room = room.min(MOST);
            let one = read(ctx, room, |to| Ok((sys::receive_as(fd, to, flags)?, ())));
            one.map(|(n, data, ())| Got::Full(n, data))
        };
        let peek = flags & MSG_PEEK != 0;
        Ok(match got {
            Err(e) => not_read(ctx, s, r, fd, &e, who),
            Ok(Got::Kept) => match who {
                Some(handle) if wanted > 0 => {
                    wait(ctx, s, r, fd, handle);
                    am::SELECT.into()
                }
                _ => {
                    let (n, data) = (r.kept.len(), take_kept(ctx, r, room));
                    if wanted > 0 {
                        partly(ctx, s, r, fd, (n, data), who, peek)
                    } else {
                        came(ctx, s, r, fd, (n, data), who)
                    }
                }
            },
            Ok(Got::End(Some(kept))) => ctx.tuple(&[am::MORE.into(), kept]),
            Ok(Got::End(None)) => {
                if r.readers.current.is_some() {
                    s.fail_waiting(&mut r.readers, am::CLOSED);
                }
                ended(ctx, r)
            }
            Ok(Got::Full(n, data)) if wanted == 0 && s.is_stream() => {
                r.full += 1;
                if r.full >= r.buffers.number {
                    r.full = 0;
                    r.counts.packet(n);
                    return Ok(answer(ctx, s, r, fd, data, who));
                }
                // There may be more.
                r.counts.bytes += n as u64;
                r.counts.part(n);
                if let Some(handle) = who {
                    become_reader(ctx, s, r, handle);
                }
                ctx.tuple(&[am::MORE.into(), data])
            }
            Ok(Got::Full(n, data) | Got::Part(n, data)) if s.is_stream() && n < wanted => {
                partly(ctx, s, r, fd, (n, data), who, peek)
            }
            Ok(Got::Full(n, data) | Got::Part(n, data)) => came(ctx, s, r, fd, (n, data), who),
        })
    })
}

/// As much has come as was asked for.
fn came<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    r: &mut Reading,
    fd: BorrowedFd<'_>,
    (n, data): (usize, Term<'s>),
    who: Option<Reference>,
) -> Term<'s> {
    r.full = 0;
    r.counts.packet(n);
    answer(ctx, s, r, fd, data, who)
}

/// A stream has less than was asked for: 27 keeps it until there is more, the others hand it out. What was only looked at
/// (`peek`) is still there.
fn partly<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    r: &mut Reading,
    fd: BorrowedFd<'_>,
    (n, data): (usize, Term<'s>),
    who: Option<Reference>,
    peek: bool,
) -> Term<'s> {
    let release = Profile::get().release;
    match who {
        None => {
            r.full = 0;
            r.counts.packet(n);
            served(s, r, fd);
            ctx.tuple(&[if release < 26 { am::OK } else { am::TIMEOUT }.into(), data])
        }
        Some(handle) if release == 27 => {
            if !peek {
                r.kept = data.as_binary().and_then(|b| b.to_bytes()).unwrap_or_default().into_owned();
            }
            wait(ctx, s, r, fd, handle);
            am::SELECT.into()
        }
        Some(handle) => {
            r.counts.bytes += n as u64;
            r.counts.part(n);
            wait(ctx, s, r, fd, handle);
            ctx.tuple(&[am::SELECT.into(), data])
        }
    }
}

fn recvfrom_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, requestor(a[3])?);
        integers(&a[1..3])?;
        let (wanted, flags) = (size(ctx, a[1])?, int(ctx, a[2])?);
        let mut r = s.reading();
        let fd = turn(ctx, s, &mut r, who)?;
        let fd = fd.as_fd();
        r.counts.tries += 1;
        let room = if wanted == 0 { r.buffers.size } else { wanted }.min(MOST);
        let got = read(ctx, room, |to| sys::receive_from(fd, to, flags));
        let r = &mut *r;
        Ok(match got {
            Err(e) => not_read(ctx, s, r, fd, &e, who),
            Ok((0, ..)) if s.is_stream() => ended(ctx, r),
            Ok((n, data, from)) => {
                r.counts.message(n);
                let from = address::encode(ctx, &from);
                answer(ctx, s, r, fd, ctx.tuple(&[from, data]), who)
            }
        })
    })
}
