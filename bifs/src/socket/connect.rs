//! Connecting.
//!
//! Invariant: at most one process connects a socket, and it alone hears what became of it.

use std::os::fd::AsFd;

use girder_vm::port::poll::Mode;
use girder_vm::sys::socket as sys;
use girder_vm::{Ctx, Profile, Term, am};
use rustix::io::Errno;

use super::arguments::{handle, socket};
use super::queue::Requestor;
use super::resource::state;
use super::{Answer, address, closed, done, early, error, error_invalid, failed, invalid, raise_invalid, would_block};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_connect"/1 => connect_1, Nif;
        "nif_connect"/3 => connect_3, Nif;
    }
}

fn connect_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, handle) = (socket(a[0])?, handle(a[1])?);
        let Some(to) = address::decode(a[2]) else {
            return Ok(match (Profile::get().release >= 28, a[2].is_list()) {
                (false, _) => invalid(ctx, am::SOCKADDR.into()),
                (true, false) => error(ctx, am::EINVAL.into()),
                // Several addresses are for SCTP only.
                (true, true) => error(ctx, super::atom("enoprotoopt")),
            });
        };
        let mut w = s.writing();
        let fd = w.fd().ok_or_else(|| closed(ctx))?;
        if w.writers.current.is_some() {
            return Ok(error_invalid(ctx, am::STATE));
        }
        let pid = ctx.self_pid().raw();
        match w.connector {
            Some(c) if c.pid != pid => return Ok(error(ctx, super::atom("already"))),
            Some(_) => {
                drop((fd, w));
                return Ok(finish(ctx, a[0])?);
            }
            None => {}
        }
        match sys::connect(fd.as_fd(), &to) {
            Ok(()) => w.state |= state::CONNECTED,
            Err(e) if would_block(&e) || e.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {
                let who = Requestor { pid, handle };
                s.follow(ctx);
                w.connector = Some(who);
                w.state |= state::CONNECTING | state::SELECTED;
                s.select(fd.as_fd(), Mode::Write, who);
                return Ok(am::SELECT.into());
            }
            Err(e) => return Ok(failed(ctx, &e)),
        }
        Ok(am::OK.into())
    })
}

/// What has become of a connection that was begun.
fn connect_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    finish(ctx, a[0])
}

fn finish<'s>(ctx: &Ctx<'s>, socket_term: Term<'s>) -> Answer<'s> {
    early(|| {
        let s = socket(socket_term)?;
        let mut w = s.writing();
        let fd = w.fd().ok_or_else(|| closed(ctx))?;
        if w.writers.current.is_some() {
            return Ok(error_invalid(ctx, am::STATE));
        }
        if w.connector.is_none_or(|c| c.pid != ctx.self_pid().raw()) {
            return Err(raise_invalid(ctx, am::STATE.into()).into());
        }
        w.connector = None;
        w.state &= !state::CONNECTING;
        let connected = sys::error(fd.as_fd());
        if connected.is_ok() {
            w.state |= state::CONNECTED;
        }
        Ok(done(ctx, connected))
    })
}
