//! Sending files: the system copies one to a socket, as much at a time as that takes.
//!
//! Invariant: one file at a time; its descriptor is the socket's own, and closed with it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use girder_vm::port::poll::Mode;
use girder_vm::sched::Dirty;
use girder_vm::{Ctx, Raise, Term, am};
use rustix::fs::sendfile;
use rustix::io::Errno;

use super::arguments::{handle, out_of_range, socket};
use super::queue::Requestor;
use super::resource::{Files, Socket, Writing, state};
use super::send::turn;
use super::{Answer, Step, atom, closed, early, error, error_invalid, invalid, ok, raise_invalid};
use girder_vm::process::relations::Reference;

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_sendfile"/1 => sendfile_1, Nif;
        "nif_sendfile"/4 => sendfile_4, Nif;
        "nif_sendfile"/5 => sendfile_5, Nif;
    }
}

/// Most bytes that the system is asked to copy at a time.
const CHUNK: u64 = 0x2000_0000;

/// How a call ended.
enum End {
    Done,
    /// There is no room now.
    Full,
    Failed(Errno),
}

impl Writing {
    fn files(&mut self) -> &mut Files {
        self.files.get_or_insert_default()
    }
}

/// Copies `count` bytes, or all if that is 0, and tells how many went.
fn copy(socket: BorrowedFd<'_>, file: &OwnedFd, mut offset: u64, count: u64, counts: &mut Files) -> (u64, End) {
    let mut sent = 0;
    loop {
        let chunk = if count > 0 { (count - sent).min(CHUNK) } else { CHUNK };
        let result = sendfile(socket, file, Some(&mut offset), chunk as usize);
        counts.calls += 1;
        let n = result.unwrap_or(0) as u64;
        if n > 0 {
            sent += n;
            counts.packets += 1;
            counts.bytes += n;
            counts.largest_packet = counts.largest_packet.max(sent);
            counts.so_far += n;
            counts.largest = counts.largest.max(counts.so_far);
        }
        match result {
            Ok(_) if count > 0 && sent >= count => return (sent, End::Done),
            Ok(0) => return (sent, End::Done),
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return (sent, End::Full),
            Err(e) => return (sent, End::Failed(e)),
        }
    }
}

/// Where in the file, and how much; 0: all.
fn part<'s>(ctx: &Ctx<'s>, offset: Term<'s>, count: Term<'s>) -> Step<'s, (u64, u64)> {
    super::arguments::integers(&[offset, count])?;
    let offset_is = offset.as_i64().ok_or_else(|| out_of_range(ctx, offset))?;
    let count = count.as_u64().ok_or_else(|| out_of_range(ctx, count))?;
    // The system says what is wrong with one below zero.
    Ok((offset_is as u64, count))
}

/// Goes on with the file of `w`.
fn go_on<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    w: &mut Writing,
    fd: BorrowedFd<'_>,
    (offset, count): (u64, u64),
    handle: Reference,
) -> Term<'s> {
    let Some(file) = w.file.take() else { return error_invalid(ctx, am::STATE) };
    let mut counts = *w.files();
    let (n, end) = ctx.dirty(Dirty::Io, || copy(fd, &file, offset, count, &mut counts));
    *w.files() = counts;
    match end {
        End::Done => {
            if w.writers.current.is_some() {
                s.advance(fd, Mode::Write, &mut w.writers);
            }
            w.counts.so_far = 0;
            ok(ctx, ctx.uint(n))
        }
        End::Full => {
            w.file = Some(file);
            w.files().waits += 1;
            let who = Requestor { pid: ctx.self_pid().raw(), handle };
            w.writers.current = Some(who);
            w.state |= state::SELECTED;
            s.follow(ctx);
            s.select(fd, Mode::Write, who);
            ctx.tuple(&[am::SELECT.into(), ctx.uint(n)])
        }
        End::Failed(e) => failed(ctx, s, w, crate::drivers::posix(e).into()),
    }
}

fn failed<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, w: &mut Writing, reason: Term<'s>) -> Term<'s> {
    w.files().fails += 1;
    if w.writers.current.is_some() {
        s.fail_waiting(&mut w.writers, reason.as_atom().unwrap_or(am::INVALID));
    }
    error(ctx, reason)
}

/// Begins.
fn sendfile_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, handle) = (socket(a[0])?, handle(a[1])?);
        let part = part(ctx, a[2], a[3])?;
        if !a[4].is_ref() {
            return Err(Raise::Badarg.into());
        }
        let mut w = s.writing();
        let w = &mut *w;
        let fd = turn(ctx, s, w, handle)?;
        if w.file.is_some() {
            return Ok(error_invalid(ctx, am::STATE));
        }
        match crate::file::duplicate(a[4]) {
            None => return Ok(failed(ctx, s, w, invalid(ctx, atom("efile")))),
            Some(Err(e)) => return Ok(failed(ctx, s, w, super::reason(&e).into())),
            Some(Ok(file)) => w.file = Some(file),
        }
        w.files().tries += 1;
        w.files().so_far = 0;
        Ok(go_on(ctx, s, w, fd.as_fd(), part, handle))
    })
}

/// Goes on after a wait.
fn sendfile_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, handle) = (socket(a[0])?, handle(a[1])?);
        let part = part(ctx, a[2], a[3])?;
        let mut w = s.writing();
        let w = &mut *w;
        let fd = w.fd().ok_or_else(|| closed(ctx))?;
        if w.connector.is_some() {
            return Ok(error_invalid(ctx, am::STATE));
        }
        let own = ctx.self_pid().raw();
        if w.file.is_none() || w.writers.current.is_none_or(|c| c.pid != own) {
            return Err(raise_invalid(ctx, am::STATE.into()).into());
        }
        Ok(go_on(ctx, s, w, fd.as_fd(), part, handle))
    })
}

/// Closes a file that was left when the socket ended: for the process that keeps the register.
fn sendfile_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let file = socket(a[0])?.writing().file.take();
        let Some(file) = file else { return Ok(error_invalid(ctx, am::STATE)) };
        ctx.dirty(Dirty::Io, || drop(file));
        Ok(am::OK.into())
    })
}
