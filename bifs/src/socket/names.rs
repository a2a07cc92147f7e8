//! Addresses of both ends.
//!
//! Invariant: a closed socket has none.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use girder_vm::sys::socket::{self as sys, Address};
use girder_vm::{Ctx, Raise, Term};

use super::arguments::{int, socket};
use super::{Answer, address, closed, early, failed, ok};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_peername"/1 => peername_1, Nif;
        "nif_peernames"/2 => of_association_2, Nif, R29;
        "nif_peeloff"/2 => of_association_2, Nif, R29;
        "nif_sockname"/1 => sockname_1, Nif;
        "nif_socknames"/2 => of_association_2, Nif, R29;
    }
}

fn name<'s>(ctx: &Ctx<'s>, t: Term<'s>, ask: fn(BorrowedFd<'_>) -> io::Result<Address>) -> Answer<'s> {
    early(|| {
        let r = socket(t)?.reading();
        let fd = r.fd().ok_or_else(|| closed(ctx))?;
        Ok(match ask(fd.as_fd()) {
            Ok(a) => ok(ctx, address::encode(ctx, &a)),
            Err(e) => failed(ctx, &e),
        })
    })
}

fn sockname_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    name(ctx, a[0], sys::name)
}

fn peername_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    name(ctx, a[0], sys::peer)
}

/// Only sockets of SCTP have associations.
fn of_association_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        int(ctx, a[1])?;
        s.reading().fd().ok_or_else(|| closed(ctx))?;
        Err(Raise::Notsup.into())
    })
}
