//! Sending: bytes, to an address, and lists of binaries; with what became of it.
//!
//! Invariant: a process sends only in its turn, and what the system did not take is told by its number of bytes.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use girder_vm::port::poll::Mode;
use girder_vm::process::relations::Reference;
use girder_vm::sys::socket as sys;
use girder_vm::{Ctx, Raise, Term, am};
use rustix::io::Errno;

use super::arguments::{handle, int, socket};
use super::queue::{Requestor, Turn};
use super::resource::{Socket, Writing, state};
use super::{
    Answer, Step, Stop, address, closed, early, error_invalid, failed, invalid, ok, raise_invalid, reason, would_block,
};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_send"/4 => send_4, Nif;
        "nif_sendto"/5 => sendto_5, Nif;
        "nif_sendv"/3 => sendv_3, Nif, SINCE_27;
    }
}

/// Most binaries that the system takes at a time.
pub(super) const PIECES: usize = 1024;

/// The caller's turn to write: the descriptor; leaves if it is not.
pub(super) fn turn<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    w: &mut Writing,
    who: Reference,
) -> Step<'s, Arc<std::os::fd::OwnedFd>> {
    let fd = w.fd().ok_or_else(|| closed(ctx))?;
    if w.connector.is_some() {
        return Err(Stop::Value(error_invalid(ctx, am::STATE)));
    }
    match w.writers.turn(ctx.self_pid().raw(), Some(who)) {
        Turn::Own => Ok(fd),
        Turn::Twice => Err(raise_invalid(ctx, am::STATE.into()).into()),
        Turn::Queued => {
            s.follow(ctx);
            Err(Stop::Value(am::SELECT.into()))
        }
    }
}

/// What was asked to be sent.
pub(super) struct Sending {
    /// Its bytes.
    pub(super) size: usize,
    /// There is more than the system takes at a time.
    pub(super) more: bool,
    /// What messages about it carry.
    pub(super) who: Reference,
}

/// What to answer.
pub(super) fn sent<'s>(
    ctx: &Ctx<'s>,
    s: &Arc<Socket>,
    w: &mut Writing,
    fd: BorrowedFd<'_>,
    result: io::Result<usize>,
    what: &Sending,
) -> Term<'s> {
    match result {
        Ok(n) if n >= what.size && !what.more => {
            w.counts.packet(n);
            s.advance(fd, Mode::Write, &mut w.writers);
            am::OK.into()
        }
        Ok(n) if !s.is_stream() => {
            // The rest of a message is lost.
            w.counts.packet(n);
            s.advance(fd, Mode::Write, &mut w.writers);
            ok(ctx, ctx.uint(n as u64))
        }
        Ok(n) => {
            w.counts.bytes += n as u64;
            w.counts.part(n);
            if n >= what.size {
                w.writers.current = Some(Requestor { pid: ctx.self_pid().raw(), handle: what.who });
                s.follow(ctx);
                return ctx.tuple(&[am::IOV.into(), ctx.uint(n as u64)]);
            }
            wait(ctx, s, w, fd, what.who);
            ctx.tuple(&[am::SELECT.into(), ctx.uint(n as u64)])
        }
        Err(e) if would_block(&e) => {
            wait(ctx, s, w, fd, what.who);
            am::SELECT.into()
        }
        Err(e) => {
            w.counts.fails += 1;
            if w.writers.current.is_some() && e.raw_os_error() != Some(Errno::INVAL.raw_os_error()) {
                s.fail_waiting(&mut w.writers, reason(&e));
            }
            failed(ctx, &e)
        }
    }
}

/// The caller is told when there is room.
fn wait(ctx: &Ctx<'_>, s: &Arc<Socket>, w: &mut Writing, fd: BorrowedFd<'_>, handle: Reference) {
    let who = Requestor { pid: ctx.self_pid().raw(), handle };
    w.writers.current = Some(who);
    w.counts.waits += 1;
    w.state |= state::SELECTED;
    s.follow(ctx);
    s.select(fd, Mode::Write, who);
}

fn bytes<'s>(t: Term<'s>) -> Result<Cow<'s, [u8]>, Raise> {
    t.as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)
}

fn send_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who, data) = (socket(a[0])?, handle(a[3])?, bytes(a[1])?);
        let flags = int(ctx, a[2])?;
        let mut w = s.writing();
        let fd = turn(ctx, s, &mut w, who)?;
        w.counts.tries += 1;
        let result = sys::send_bytes(fd.as_fd(), &data, None, flags);
        Ok(sent(ctx, s, &mut w, fd.as_fd(), result, &Sending { size: data.len(), more: false, who }))
    })
}

fn sendto_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who, data) = (socket(a[0])?, handle(a[4])?, bytes(a[1])?);
        let flags = int(ctx, a[3])?;
        let Some(to) = address::decode(a[2]) else { return Ok(invalid(ctx, am::SOCKADDR.into())) };
        let mut w = s.writing();
        let fd = turn(ctx, s, &mut w, who)?;
        w.counts.tries += 1;
        let result = sys::send_bytes(fd.as_fd(), &data, Some(&to), flags);
        Ok(sent(ctx, s, &mut w, fd.as_fd(), result, &Sending { size: data.len(), more: false, who }))
    })
}

/// Binaries of a list, as many as the system takes at a time.
pub(super) struct Pieces<'s> {
    bytes: Vec<Cow<'s, [u8]>>,
    /// There are more.
    pub(super) more: bool,
}

impl<'s> Pieces<'s> {
    /// `None` if the list is none, or has something else in it.
    pub(super) fn of(list: Term<'s>) -> Option<Pieces<'s>> {
        let (mut bytes, mut list) = (Vec::new(), list);
        while bytes.len() < PIECES
            && let Some((head, tail)) = list.as_cons()
        {
            bytes.push(head.as_binary()?.to_bytes()?);
            list = tail;
        }
        // Empty binaries at the end are nothing more to send.
        while let Some((head, tail)) = list.as_cons()
            && head.as_binary().is_some_and(|b| b.byte_len() == 0)
        {
            list = tail;
        }
        list.is_list().then(|| Pieces { bytes, more: !list.is_nil() })
    }
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        self.bytes.iter().map(|b| IoSlice::new(b)).collect()
    }
    pub(super) fn size(&self) -> usize {
        self.bytes.iter().map(|b| b.len()).sum()
    }
}

fn sendv_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, handle(a[2])?);
        let mut w = s.writing();
        let fd = turn(ctx, s, &mut w, who)?;
        let Some(pieces) = Pieces::of(a[1]).filter(|p| !p.more || s.is_stream()) else {
            return Ok(invalid(ctx, am::IOV.into()));
        };
        w.counts.tries += 1;
        let result = sys::send_message(fd.as_fd(), &pieces.slices(), None, &[], 0);
        let what = Sending { size: pieces.size(), more: pieces.more, who };
        Ok(sent(ctx, s, &mut w, fd.as_fd(), result, &what))
    })
}
