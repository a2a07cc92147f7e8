//! Taking connections. Any number of processes may wait; they are served in order.
//!
//! Invariant: of those that wait only the first has asked the poll thread; nobody reads from a socket that accepts.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use girder_vm::port::poll::Mode;
use girder_vm::sys::socket as sys;
use girder_vm::{Ctx, Profile, Term, am};

use super::arguments::{handle, socket};
use super::queue::{Requestor, Turn};
use super::resource::{Reading, Socket, state};
use super::{Answer, closed, early, error_invalid, failed, globals, ok, raise_invalid, reason, would_block};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_accept"/2 => accept_2, Nif;
    }
}

fn accept_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (s, handle) = (socket(a[0])?, handle(a[1])?);
        let mut r = s.reading();
        let fd = r.fd().ok_or_else(|| closed(ctx))?;
        if r.readers.current.is_some() {
            return Ok(error_invalid(ctx, am::STATE));
        }
        let who = Requestor { pid: ctx.self_pid().raw(), handle };
        match r.acceptors.turn(who.pid, Some(who.handle)) {
            Turn::Own => {}
            Turn::Twice => return Err(raise_invalid(ctx, am::STATE.into()).into()),
            Turn::Queued => {
                drop((fd, r));
                s.follow(ctx);
                return Ok(am::SELECT.into());
            }
        }
        r.accepts.tries += 1;
        match sys::accept(fd.as_fd()) {
            Ok(connection) => {
                r.accepts.successes += 1;
                let new = inherit(s, &r, connection);
                if r.acceptors.current.is_some() {
                    s.advance(fd.as_fd(), Mode::Read, &mut r.acceptors);
                    if r.acceptors.current.is_none() {
                        r.state &= !state::ACCEPTING;
                    }
                }
                drop((fd, r));
                let registered = {
                    let mut w = s.writing();
                    let mut of_new = new.writing();
                    // In 25 it is the listening one that shows it.
                    let shows = if Profile::get().release < 26 { &mut w } else { &mut of_new };
                    shows.state |= state::CONNECTED;
                    (of_new.control, of_new.wrap, of_new.debug) = (w.control, w.wrap, w.debug);
                    of_new.registered = w.registered;
                    w.registered
                };
                new.begin(ctx, registered);
                Ok(ok(ctx, new.reference(ctx)))
            }
            Err(e) if would_block(&e) => {
                if let Some(old) = r.acceptors.current.replace(who) {
                    r.accepts.waits += 1;
                    // The process itself, which asks anew; in 25 nobody tells it what became of its first request.
                    if old.handle.numbers != who.handle.numbers && Profile::get().release >= 26 {
                        s.abort(old, am::CANCELLED);
                    }
                }
                r.state |= state::ACCEPTING | state::SELECTED;
                s.follow(ctx);
                s.select(fd.as_fd(), Mode::Read, who);
                Ok(am::SELECT.into())
            }
            Err(e) => Ok(refused(ctx, s, &mut r, &e)),
        }
    })
}

fn inherit(s: &Socket, r: &Reading, connection: OwnedFd) -> Arc<Socket> {
    globals::opened(s.domain, s.kind, s.protocol);
    Socket::new(connection, (s.domain, s.kind, s.protocol), None, r.buffers)
}

/// The system has no connection: those that wait are told.
fn refused<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, r: &mut Reading, e: &io::Error) -> Term<'s> {
    r.accepts.fails += 1;
    if r.acceptors.current.is_some() {
        s.fail_waiting(&mut r.acceptors, reason(e));
    }
    failed(ctx, e)
}
