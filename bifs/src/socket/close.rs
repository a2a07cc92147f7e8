//! Closing, in two steps: all that wait are told, then the descriptor goes. And shutting one direction.
//!
//! Invariant: only who began to close finishes, and the descriptor goes once.

use std::os::fd::AsFd;

use girder_vm::sched::Dirty;
use girder_vm::sys::{fd, socket as sys};
use girder_vm::{Ctx, Term, am};

use super::arguments::{name_of, socket};
use super::resource::state;
use super::{Answer, closed, done, early, error, raise_invalid, would_block};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_close"/1 => close_1, Nif;
        "nif_finalize_close"/1 => finalize_close_1, Nif;
        "nif_shutdown"/2 => shutdown_2, Nif;
    }
}

/// `ok`: nothing is under way any more, so the caller need not wait before it finishes.
fn close_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let (mut r, mut w) = (s.reading(), s.writing());
        r.fd().ok_or_else(|| closed(ctx))?;
        s.life().closer = Some(ctx.self_pid().raw());
        s.follow(ctx);
        s.stop(&mut r, &mut w);
        Ok(am::OK.into())
    })
}

/// Closes; where what was sent is waited for, as a dirty scheduler.
fn finalize_close_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let own = ctx.self_pid().raw();
        let (remains, file) = {
            let (mut r, mut w) = (s.reading(), s.writing());
            let mut life = s.life();
            if r.state & state::CLOSED != 0 {
                return Err(closed(ctx));
            }
            if r.state & state::CLOSING == 0 || life.closer != Some(own) {
                return Err(raise_invalid(ctx, am::STATE.into()).into());
            }
            (s.take(&mut r, &mut w, &mut life), w.file.take())
        };
        drop(file);
        ctx.disown(s.numbers());
        let Some(descriptor) = remains.settle(s.numbers(), own) else { return Ok(am::OK.into()) };
        let result = if sys::lingers(descriptor.as_fd()) {
            ctx.dirty(Dirty::Io, || {
                // Only one that waits tells what became of the rest.
                let _ = rustix::io::ioctl_fionbio(&descriptor, false);
                fd::close(descriptor)
            })
        } else {
            fd::close(descriptor)
        };
        Ok(match result {
            Err(e) if would_block(&e) => error(ctx, am::TIMEOUT.into()),
            r => done(ctx, r),
        })
    })
}

fn shutdown_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let how = match name_of(a[1]) {
            Some("read") => 0,
            Some("write") => 1,
            Some("read_write") => 2,
            _ => return Err(raise_invalid(ctx, ctx.tuple(&[super::atom("how"), a[1]])).into()),
        };
        let r = s.reading();
        let fd = r.fd().ok_or_else(|| closed(ctx))?;
        Ok(done(ctx, sys::shut_down(fd.as_fd(), how)))
    })
}
