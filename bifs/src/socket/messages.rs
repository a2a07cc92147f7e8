//! Messages: data in pieces with addresses, control data and flags; one at a time or, since 29, several.
//!
//! Invariant: a message is sent whole or not at all, but for streams; several are sent in their order.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use girder_vm::sys::socket::{self as sys, Address};
use girder_vm::{Atom, Ctx, Raise, Term, am};

use super::arguments::{fields, handle, int, integers, out_of_range, size, socket, value};
use super::receive::{MOST, answer, ended, not_read, read, requestor, turn as turn_to_read};
use super::resource::{Reading, Writing};
use super::send::{Pieces, Sending, sent, turn as turn_to_write};
use super::supports::MESSAGE_FLAGS;
use super::{Answer, address, atom, control, early, invalid, would_block};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_recvmsg"/5 => recvmsg_5, Nif;
        "nif_recvmmsg"/6 => recvmmsg_6, Nif, R29;
        "nif_sendmsg"/5 => sendmsg_5, Nif;
        "nif_sendmmsg"/4 => sendmmsg_4, Nif, R29;
    }
}

/// A message that a program sends.
struct Outgoing<'s> {
    to: Option<Address>,
    pieces: Pieces<'s>,
    control: Vec<u8>,
}

impl<'s> Outgoing<'s> {
    /// What a map says, and its data; `Err` names what is wrong.
    fn of(message: Term<'s>, data: Term<'s>, stream: bool, w: &Writing) -> Result<Outgoing<'s>, Atom> {
        let to = match value(message, am::ADDR) {
            None => None,
            Some(a) => Some(address::decode(a).ok_or(am::ADDR)?),
        };
        // The rest of a message cannot be sent later.
        let pieces = Pieces::of(data).filter(|p| stream || !p.more).ok_or(am::IOV)?;
        let control = match value(message, am::CTRL) {
            None => Vec::new(),
            Some(c) => control::decode(c, w.control).ok_or(am::CTRL)?,
        };
        Ok(Outgoing { to, pieces, control })
    }
    fn send(&self, fd: BorrowedFd<'_>, flags: i32) -> io::Result<usize> {
        sys::send_message(fd, &self.pieces.slices(), self.to.as_ref(), &self.control, flags)
    }
}

fn sendmsg_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, handle(a[3])?);
        if !a[1].is_map() {
            return Err(Raise::Badarg.into());
        }
        let flags = int(ctx, a[2])?;
        let mut w = s.writing();
        let fd = turn_to_write(ctx, s, &mut w, who)?;
        let message = match Outgoing::of(a[1], a[4], s.is_stream(), &w) {
            Ok(m) => m,
            Err(what) => return Ok(invalid(ctx, what.into())),
        };
        w.counts.tries += 1;
        let result = message.send(fd.as_fd(), flags);
        let what = Sending { size: message.pieces.size(), more: message.pieces.more, who };
        Ok(sent(ctx, s, &mut w, fd.as_fd(), result, &what))
    })
}

/// Sends messages in turn until one is not taken. `ok`: all are sent; `{ok, [{Index, Written}]}`: these in part;
/// `{select_write, Sent}`: the rest may be sent later.
fn sendmmsg_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, handle(a[3])?);
        let list = a[1].to_vec().ok_or(Raise::Badarg)?;
        let flags = int(ctx, a[2])?;
        let mut w = s.writing();
        let fd = turn_to_write(ctx, s, &mut w, who)?;
        let mut messages = Vec::new();
        for &m in &list {
            let data = value(m, am::IOV).ok_or(Raise::Badarg)?;
            messages.push(Outgoing::of(m, data, s.is_stream(), &w).map_err(|_| Raise::Badarg)?);
        }
        w.counts.tries += 1;
        let (mut number, mut bytes, mut partly) = (0, 0, Vec::new());
        for m in &messages {
            match m.send(fd.as_fd(), flags) {
                Ok(n) => {
                    if n < m.pieces.size() {
                        partly.push(ctx.tuple(&[ctx.uint(number), ctx.uint(n as u64)]));
                    }
                    (number, bytes) = (number + 1, bytes + n);
                }
                Err(e) if number == 0 && !would_block(&e) => {
                    let what = Sending { size: 0, more: false, who };
                    return Ok(sent(ctx, s, &mut w, fd.as_fd(), Err(e), &what));
                }
                Err(e) if would_block(&e) => {
                    w.counts.messages(number as usize, bytes);
                    let what = Sending { size: 0, more: false, who };
                    let select = sent(ctx, s, &mut w, fd.as_fd(), Err(e), &what);
                    if number == 0 {
                        return Ok(select);
                    }
                    return Ok(ctx.tuple(&[atom("select_write"), ctx.uint(number)]));
                }
                // It will be told when the program sends the rest.
                Err(_) => break,
            }
        }
        w.counts.messages((number as usize).saturating_sub(1), 0);
        let done = sent(ctx, s, &mut w, fd.as_fd(), Ok(bytes), &Sending { size: 0, more: false, who });
        Ok(if partly.is_empty() { done } else { super::ok(ctx, ctx.list(&partly)) })
    })
}

/// `#{iov, ctrl, flags, addr}`, the address if the system tells one.
fn incoming<'s>(ctx: &Ctx<'s>, data: Term<'s>, from: &Address, control: &[u8], mut flags: i32) -> Term<'s> {
    let mut names = Vec::new();
    for (name, bit, releases) in MESSAGE_FLAGS {
        if flags & bit != 0 && releases.has(girder_vm::Profile::get().releases()) {
            names.push(atom(name));
            flags &= !bit;
        }
    }
    if flags != 0 {
        names.push(ctx.int(flags.into()));
    }
    let (data, control) = ((am::IOV, ctx.list(&[data])), (am::CTRL, control::encode(ctx, control)));
    let flags = (am::FLAGS, ctx.list(&names));
    if from.is_empty() {
        return fields(ctx, [data, control, flags]);
    }
    fields(ctx, [data, control, flags, (am::ADDR, address::encode(ctx, from))])
}

/// One message, with its length, if there is one.
fn receive<'s>(
    ctx: &Ctx<'s>,
    fd: BorrowedFd<'_>,
    (room, control): (usize, usize),
    flags: i32,
) -> io::Result<(usize, Term<'s>)> {
    let mut control = vec![0; control];
    let (n, data, came) = read(ctx, room, |to| {
        let came = sys::receive_with_control(fd, to, &mut control, flags)?;
        Ok((came.len, came))
    })?;
    Ok((n, incoming(ctx, data, &came.from, &control[..came.control], came.flags)))
}

/// Bytes of control data that anybody may ask for.
const MOST_CONTROL: usize = 1 << 20;

/// Room for data and control data, of which 0 is what the socket's options say.
fn rooms(r: &Reading, data: usize, control: usize) -> (usize, usize) {
    let data = if data == 0 { r.buffers.size } else { data };
    let control = if control == 0 { r.buffers.control } else { control };
    (data.min(MOST), control.min(MOST_CONTROL))
}

fn recvmsg_5<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, requestor(a[4])?);
        integers(&a[1..4])?;
        let (room, control, flags) = (size(ctx, a[1])?, size(ctx, a[2])?, int(ctx, a[3])?);
        let mut r = s.reading();
        let fd = turn_to_read(ctx, s, &mut r, who)?;
        let fd = fd.as_fd();
        let r = &mut *r;
        r.counts.tries += 1;
        Ok(match receive(ctx, fd, rooms(r, room, control), flags) {
            Err(e) => not_read(ctx, s, r, fd, &e, who),
            Ok((0, _)) if s.is_stream() => ended(ctx, r),
            Ok((n, message)) => {
                r.counts.message(n);
                answer(ctx, s, r, fd, message, who)
            }
        })
    })
}

/// As many messages as there are, up to a number.
fn recvmmsg_6<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, who) = (socket(a[0])?, requestor(a[5])?);
        integers(&a[1..5])?;
        let most = a[1].as_usize().filter(|n| *n > 0).ok_or_else(|| out_of_range(ctx, a[1]))?;
        let (room, control, flags) = (size(ctx, a[2])?, size(ctx, a[3])?, int(ctx, a[4])?);
        let mut r = s.reading();
        let fd = turn_to_read(ctx, s, &mut r, who)?;
        let fd = fd.as_fd();
        let r = &mut *r;
        r.counts.tries += 1;
        let rooms = rooms(r, room, control);
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while messages.len() < most {
            match receive(ctx, fd, rooms, flags) {
                Err(e) if messages.is_empty() => return Ok(not_read(ctx, s, r, fd, &e, who)),
                // What is wrong will be told when the program asks again.
                Err(_) => break,
                Ok((0, _)) if s.is_stream() => {
                    if messages.is_empty() {
                        return Ok(ended(ctx, r));
                    }
                    break;
                }
                Ok((n, message)) => {
                    bytes += n;
                    messages.push(message);
                }
            }
        }
        r.counts.messages(messages.len() - 1, 0);
        r.counts.packet(bytes);
        Ok(answer(ctx, s, r, fd, ctx.list(&messages), who))
    })
}
