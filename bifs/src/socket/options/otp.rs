//! Options of level `otp`: what the VM itself keeps of a socket.
//!
//! Invariant: each is kept with the side that it is about, under its lock.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use girder_vm::{Ctx, Profile, Raise, Term, am};

use super::super::resource::{Buffers, CONTROL, Socket};
use super::super::{Answer, address, closed, early, error_invalid, ok, raise_invalid};
use super::wrong_value;

const DEBUG: i32 = 1001;
const WRAP: i32 = 1002;
const CONTROLLING_PROCESS: i32 = 1003;
const RECEIVE_BUFFER: i32 = 1004;
const RECEIVE_CONTROL: i32 = 1006;
const SEND_CONTROL: i32 = 1007;
const DESCRIPTOR: i32 = 1008;
const META: i32 = 1009;
const USE_REGISTRY: i32 = 1010;
const SELECT_READ: i32 = 1011;
const DOMAIN: i32 = 1999;

fn unknown(ctx: &Ctx<'_>, number: i32) -> Raise {
    raise_invalid(ctx, ctx.tuple(&[super::atom("otp_socket_option"), ctx.int(number.into())]))
}

/// `select_read` is new in 29.
fn knows(number: i32) -> bool {
    number != SELECT_READ || Profile::get().release >= 28
}

/// A number of bytes, or `default`.
fn size(t: Term<'_>, default: usize) -> Option<usize> {
    if t.is(am::DEFAULT) { Some(default) } else { t.as_usize().filter(|n| *n > 0 && isize::try_from(*n).is_ok()) }
}

/// A size, or how many buffers of which size.
fn buffers(t: Term<'_>) -> Option<(u32, usize)> {
    if let Some(n) = size(t, Buffers::DEFAULT.size) {
        return Some((0, n));
    }
    let [number, n] = t.as_tuple_of()?;
    let number = u32::try_from(number.as_u64()?).ok().filter(|n| *n > 0)?;
    Some((number, size(n, Buffers::DEFAULT.size)?))
}

pub(super) fn set<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, number: i32, value: Term<'s>) -> Answer<'s> {
    early(|| {
        if number == CONTROLLING_PROCESS {
            return give(ctx, s, value).map_err(Into::into);
        }
        if !knows(number) {
            return Err(unknown(ctx, number).into());
        }
        let (mut r, mut w) = (s.reading(), s.writing());
        let (r, w) = (&mut *r, &mut *w);
        let open = r.fd().is_some();
        let set = match number {
            DEBUG | WRAP | RECEIVE_BUFFER | RECEIVE_CONTROL | SEND_CONTROL | META | USE_REGISTRY | SELECT_READ
                if !open =>
            {
                return Err(closed(ctx));
            }
            DEBUG => value.as_bool().map(|b| w.debug = b),
            WRAP => value.as_bool().map(|b| w.wrap = b),
            SELECT_READ => value.as_bool().map(|b| r.buffers.select_read = b),
            RECEIVE_BUFFER => buffers(value).map(|(n, size)| (r.buffers.number, r.buffers.size) = (n, size)),
            RECEIVE_CONTROL => size(value, CONTROL).map(|n| r.buffers.control = n),
            SEND_CONTROL => size(value, CONTROL).map(|n| w.control = n),
            META => {
                if s.life().owner != Some(ctx.self_pid().raw()) {
                    return Ok(error_invalid(ctx, am::NOT_OWNER));
                }
                w.meta = Some(ctx.detach(value));
                Some(())
            }
            // It can be put into the register, but not be taken out.
            USE_REGISTRY => value.as_bool().filter(|b| *b).map(|_| {
                if !std::mem::replace(&mut w.registered, true) {
                    s.tell_registry(am::ADD);
                }
            }),
            _ => return Err(unknown(ctx, number).into()),
        };
        Ok(set.map_or_else(|| wrong_value(ctx), |()| am::OK.into()))
    })
}

/// The owner gives the socket to another process. If that is gone, so is the socket.
fn give<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, to: Term<'s>) -> Answer<'s> {
    early(|| {
        let (own, to) = (ctx.self_pid().raw(), to.raw());
        let waits = {
            let (r, w) = (s.reading(), s.writing());
            r.fd().ok_or_else(|| closed(ctx))?;
            let mut life = s.life();
            if life.owner != Some(own) {
                return Ok(error_invalid(ctx, am::NOT_OWNER));
            }
            if !to.is_local_pid() {
                return Ok(wrong_value(ctx));
            }
            life.owner = Some(to);
            [&r.readers, &r.acceptors, &w.writers].into_iter().any(|q| q.has(own))
                || w.connector.is_some_and(|c| c.pid == own)
        };
        if to != own {
            if !waits {
                s.unfollow(ctx);
            }
            s.have_follow(to);
        }
        Ok(am::OK.into())
    })
}

pub(super) fn get<'s>(ctx: &Ctx<'s>, s: &Arc<Socket>, number: i32) -> Answer<'s> {
    early(|| {
        if !knows(number) {
            return Err(unknown(ctx, number).into());
        }
        let (r, w) = (s.reading(), s.writing());
        let fd = r.fd();
        let open = || fd.as_ref().ok_or_else(|| closed(ctx));
        let size = |n: usize| ctx.uint(n as u64);
        let value = match number {
            USE_REGISTRY => Term::bool(w.registered),
            DEBUG => open().map(|_| Term::bool(w.debug))?,
            WRAP => open().map(|_| Term::bool(w.wrap))?,
            SELECT_READ => open().map(|_| Term::bool(r.buffers.select_read))?,
            CONTROLLING_PROCESS => {
                open()?;
                s.life().owner.and_then(Term::immediate).unwrap_or(am::UNDEFINED.into())
            }
            RECEIVE_BUFFER => {
                open()?;
                match r.buffers.number {
                    0 => size(r.buffers.size),
                    n => ctx.tuple(&[ctx.uint(n.into()), size(r.buffers.size)]),
                }
            }
            RECEIVE_CONTROL => open().map(|_| size(r.buffers.control))?,
            SEND_CONTROL => open().map(|_| size(w.control))?,
            DESCRIPTOR => ctx.int(open()?.as_fd().as_raw_fd().into()),
            META => {
                open()?;
                w.meta.as_ref().map_or(am::UNDEFINED.into(), |m| m.with(|t| ctx.copy(t)))
            }
            DOMAIN => open().map(|_| address::domain_term(s.domain))?,
            _ => return Err(unknown(ctx, number).into()),
        };
        Ok(ok(ctx, value))
    })
}
