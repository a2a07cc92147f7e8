//! Making sockets: new ones, and of descriptors; giving them addresses.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use girder_vm::sys::{descriptor, fd, socket as sys};
use girder_vm::{Ctx, Raise, Term, am};
use rustix::io::fcntl_dupfd_cloexec;

use super::arguments::{field, int, small, socket};
use super::resource::{Buffers, Origin, Socket, state};
use super::{Answer, address, closed, done, early, failed, globals, invalid, ok};

girder_vm::natives! { pub TABLE:
    "prim_socket" {
        "nif_open"/2 => open_2, Nif;
        "nif_open"/4 => open_4, Nif;
        "nif_bind"/2 => bind_2, Nif;
        "nif_bind"/3 => bind_3, Nif, R29;
        "nif_listen"/2 => listen_2, Nif;
    }
}

/// Options of the system that tell what a socket is.
const SO_PROTOCOL: i32 = 38;
const SO_DOMAIN: i32 = 39;
const SO_TYPE: i32 = 3;

fn ask(fd: BorrowedFd<'_>, option: i32) -> Option<i32> {
    sys::number(fd, sys::SOL_SOCKET, option).ok()
}

/// Makes the running process the owner of a new socket; `{ok, Socket}`.
fn begin<'s>(ctx: &Ctx<'s>, fd: OwnedFd, what: (i32, i32, i32), origin: Option<Origin>, options: Term<'s>) -> Term<'s> {
    let s = Socket::new(fd, what, origin, Buffers::DEFAULT);
    let registered = field(options, "use_registry").and_then(Term::as_bool).unwrap_or_else(globals::use_registry);
    {
        let mut w = s.writing();
        w.registered = registered;
        w.debug = field(options, "debug").and_then(Term::as_bool).unwrap_or_else(|| globals::debug().1);
        if let Some(fd) = w.fd().filter(|_| origin.is_some())
            && sys::peer(fd.as_fd()).is_ok()
        {
            w.state |= state::CONNECTED;
        }
    }
    s.begin(ctx, registered);
    ok(ctx, s.reference(ctx))
}

/// A socket of a descriptor that is open already.
fn open_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (number, options) = (int(ctx, a[0])?, a[1]);
        if !options.is_map() {
            return Err(Raise::Badarg.into());
        }
        let given = descriptor::borrow(number);
        let option = |name| field(options, name);
        let Some(domain) = ask(given, SO_DOMAIN).or_else(|| address::domain(option("domain")?)) else {
            return Ok(invalid(ctx, super::atom("domain")));
        };
        let Some(kind) = ask(given, SO_TYPE).or_else(|| address::kind(option("type")?)) else {
            return Ok(invalid(ctx, super::atom("type")));
        };
        let protocol = ask(given, SO_PROTOCOL).or_else(|| small(option("protocol")?)).unwrap_or(0);
        let duplicate = option("dup").and_then(Term::as_bool).unwrap_or(true);
        let fd = if duplicate { fcntl_dupfd_cloexec(given, 0).map_err(io::Error::from) } else { fd::adopt(number) };
        let fd = match fd {
            Ok(fd) => fd,
            Err(e) => return Ok(failed(ctx, &e)),
        };
        // What is no socket cannot be told not to wait; operations on it fail anyway.
        let _ = sys::unblock(fd.as_fd());
        globals::opened(domain, kind, protocol);
        Ok(begin(ctx, fd, (domain, kind, protocol), Some(Origin { number, duplicate }), options))
    })
}

fn open_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let (asked, options) = (int(ctx, a[2])?, a[3]);
        if !options.is_map() {
            return Err(Raise::Badarg.into());
        }
        let Some(domain) = address::domain(a[0]) else { return Ok(invalid(ctx, super::atom("domain"))) };
        let Some(kind) = address::kind(a[1]) else { return Ok(invalid(ctx, super::atom("type"))) };
        let space = field(options, "netns").and_then(|t| t.as_binary()).and_then(|b| b.to_bytes());
        let fd = match space {
            None => sys::open(domain, kind, asked),
            Some(path) => {
                use std::os::unix::ffi::OsStrExt;
                let path = std::path::Path::new(std::ffi::OsStr::from_bytes(&path));
                sys::in_namespace(path, || sys::open(domain, kind, asked)).flatten()
            }
        };
        let fd = match fd {
            Ok(fd) => fd,
            Err(e) => return Ok(failed(ctx, &e)),
        };
        let protocol = if asked == 0 { ask(fd.as_fd(), SO_PROTOCOL).unwrap_or(0) } else { asked };
        // As the program asked for it: that is what the reference counts.
        globals::opened(domain, kind, asked);
        Ok(begin(ctx, fd, (domain, kind, protocol), None, options))
    })
}

fn bind_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let Some(address) = address::decode(a[1]) else { return Ok(invalid(ctx, am::SOCKADDR.into())) };
        let mut r = s.reading();
        let fd = r.fd().ok_or_else(|| closed(ctx))?;
        let bound = sys::bind(fd.as_fd(), &address);
        if bound.is_ok() {
            r.state |= state::BOUND;
        }
        Ok(done(ctx, bound))
    })
}

/// Several addresses at once: only SCTP has that, which this system has not been given.
fn bind_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        s.reading().fd().ok_or_else(|| closed(ctx))?;
        Err(Raise::Notsup.into())
    })
}

fn listen_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    early(|| {
        let s = socket(a[0])?;
        let backlog = int(ctx, a[1])?;
        let mut r = s.reading();
        let fd = r.fd().ok_or_else(|| closed(ctx))?;
        let listening = sys::listen(fd.as_fd(), backlog);
        if listening.is_ok() {
            r.state |= state::LISTENING;
        }
        Ok(done(ctx, listening))
    })
}
