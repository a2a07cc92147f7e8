//! Giving up an operation that waits.
//!
//! Invariant: after `ok` its message does not come; who was first leaves its place to the next.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use girder_vm::port::poll::{self, Mode};
use girder_vm::{Atom, Ctx, Raise, Term, am};

use super::arguments::{handle, name_of, socket};
use super::queue::{Left, Queue};
use super::resource::{Socket, state};
use super::{Answer, closed, early};
use girder_vm::process::relations::Reference;

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_cancel"/3 => cancel_3, Nif;
    }
}

/// `ok`, `not_found`, or `select_sent` if the message that it is ready has been sent.
fn cancel_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let operation = name_of(a[1]).ok_or(Raise::Badarg)?;
        let handle = handle(a[2])?;
        let pid = ctx.self_pid().raw();
        let answer = match operation {
            "connect" => {
                let mut w = s.writing();
                let fd = w.fd().ok_or_else(|| closed(ctx))?;
                let found = w.connector.filter(|c| c.pid == pid && c.handle.numbers == handle.numbers);
                if found.is_none() {
                    am::NOT_FOUND
                } else {
                    w.connector = None;
                    w.state &= !state::CONNECTING;
                    told(fd.as_fd(), Mode::Write)
                }
            }
            "accept" => {
                let mut r = s.reading();
                let fd = r.fd().ok_or_else(|| closed(ctx))?;
                let answer = leave(ctx, s, &mut r.acceptors, handle, fd.as_fd(), Mode::Read);
                if r.acceptors.current.is_none() {
                    r.state &= !state::ACCEPTING;
                }
                answer
            }
            "recv" | "recvfrom" | "recvmsg" | "recvmmsg" => {
                let mut r = s.reading();
                let fd = r.fd().ok_or_else(|| closed(ctx))?;
                leave(ctx, s, &mut r.readers, handle, fd.as_fd(), Mode::Read)
            }
            "send" | "sendto" | "sendmsg" | "sendmmsg" | "sendv" | "sendfile" => {
                let mut w = s.writing();
                let fd = w.fd().ok_or_else(|| closed(ctx))?;
                leave(ctx, s, &mut w.writers, handle, fd.as_fd(), Mode::Write)
            }
            _ => {
                s.reading().fd().ok_or_else(|| closed(ctx))?;
                return Err(Raise::Badarg.into());
            }
        };
        Ok(answer.into())
    })
}

fn told(fd: BorrowedFd<'_>, mode: Mode) -> Atom {
    if poll::cancel(fd, mode) { am::OK } else { am::SELECT_SENT }
}

fn leave(ctx: &Ctx<'_>, s: &Arc<Socket>, queue: &mut Queue, handle: Reference, fd: BorrowedFd<'_>, mode: Mode) -> Atom {
    match queue.leave(ctx.self_pid().raw(), Some(handle)) {
        Left::NotFound => am::NOT_FOUND,
        Left::Waiting => am::OK,
        Left::Current => {
            let answer = told(fd, mode);
            s.advance(fd, mode, queue);
            answer
        }
    }
}
