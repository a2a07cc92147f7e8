//! Open files: a magic reference to an [`Open`], which the process that opened it owns.
//!
//! Invariants: an operation that finds its file open has it for itself until it ends; a file is closed once, by its
//! owner or because its owner ended, and is never reached through its descriptor's number afterwards. As in OTP a file
//! that nobody refers to stays open while its owner lives.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use girder_vm::heap::message::Message;
use girder_vm::process::relations::{RefNumbers, Resource};
use girder_vm::process::unique;
use girder_vm::sched::Dirty;
use girder_vm::sys::fd;
use girder_vm::{Ctx, Raise, RawTerm, Term, am, signal};
use rustix::fs::{Mode, OFlags};

use super::{Answer, answer, done, einval, error, int, uninterrupted, with_path};

girder_vm::natives! { pub TABLE:
    "prim_file" {
        "open_nif"/2 => open_2, Nif;
        "close_nif"/1 => close_1, Nif;
        "delayed_close_nif"/1 => delayed_close_1, Nif;
        "file_desc_to_ref_nif"/1 => file_desc_to_ref_1, Nif;
        "get_handle_nif"/1 => get_handle_1, Nif;
    }
}

enum State {
    Open(OwnedFd),
    /// Its owner has ended; the helper process will close it.
    Orphan(OwnedFd),
    Closed,
}

/// A file that was opened.
pub(super) struct Open {
    numbers: RefNumbers,
    state: Mutex<State>,
}

/// The process that closes files of dead owners.
static HELPER: OnceLock<RawTerm> = OnceLock::new();

/// `prim_file` tells its helper process when it is loaded.
pub(crate) fn helper_started(pid: Term<'_>) -> Result<(), Raise> {
    if !pid.raw().is_local_pid() {
        return Err(Raise::Badarg);
    }
    HELPER.get_or_init(|| pid.raw());
    Ok(())
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Runs `f` on the descriptor where it may wait; `einval` if the file is closed.
    pub(super) fn with<T>(&self, ctx: &Ctx<'_>, f: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        ctx.dirty(Dirty::Io, || match &*self.lock() {
            State::Open(fd) => f(fd.as_fd()),
            State::Orphan(_) | State::Closed => Err(einval()),
        })
    }
}

impl Resource for Open {
    fn owner_exited(self: Arc<Self>) {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Closed) {
            State::Open(fd) => match HELPER.get() {
                // Closing may wait, for a server for example: this thread is not for that.
                Some(&helper) => {
                    *state = State::Orphan(fd);
                    drop(state);
                    let numbers = self.numbers;
                    let m = Message::build(move |b| {
                        b.tuple(&[am::CLOSE.into(), b.magic_reference(numbers, Box::new(self))])
                    });
                    signal::to_pid(helper, m);
                }
                None => drop(fd),
            },
            other => *state = other,
        }
    }
}

/// The file that a reference stands for.
pub(super) fn open<'s>(t: Term<'s>) -> Result<&'s Arc<Open>, Raise> {
    t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get()).ok_or(Raise::Badarg)
}

/// `{ok, Reference}` of a descriptor that the running process owns from now on.
fn owned<'s>(ctx: &Ctx<'s>, fd: io::Result<OwnedFd>) -> Term<'s> {
    answer(ctx, fd, |fd| {
        let numbers = unique::magic_reference();
        let open = Arc::new(Open { numbers, state: Mutex::new(State::Open(fd)) });
        ctx.own(numbers, open.clone());
        ctx.magic_reference(numbers, Box::new(open))
    })
}

/// Modes of `open_nif/2`; what is not the system's business was dealt with before.
#[derive(Default)]
struct Modes {
    read: bool,
    write: bool,
    append: bool,
    exclusive: bool,
    sync: bool,
    skip_type_check: bool,
    directory: bool,
}

impl Modes {
    fn of(list: Term<'_>) -> Result<Modes, Raise> {
        let mut m = Modes::default();
        if !list.is_list() {
            return Err(Raise::Badarg);
        }
        let mut list = list;
        while let Some((head, tail)) = list.as_cons() {
            match head.as_atom() {
                Some(am::READ) => m.read = true,
                Some(am::WRITE) => m.write = true,
                Some(am::FILE_APPEND) => m.append = true,
                Some(am::EXCLUSIVE) => m.exclusive = true,
                Some(am::SYNC) => m.sync = true,
                Some(am::SKIP_TYPE_CHECK) => m.skip_type_check = true,
                Some(am::DIRECTORY) => m.directory = true,
                _ => {}
            }
            list = tail;
        }
        if m.append || m.exclusive {
            m.write = true;
        } else if !m.write {
            m.read = true;
        }
        Ok(m)
    }
    fn flags(&self) -> OFlags {
        let mut f = match (self.read, self.write) {
            (_, false) => OFlags::RDONLY,
            (false, true) => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            (true, true) => OFlags::RDWR | OFlags::CREATE,
        };
        if self.append {
            f.remove(OFlags::TRUNC);
            f |= OFlags::APPEND;
        }
        f.set(OFlags::EXCL, self.exclusive);
        f.set(OFlags::SYNC, self.sync);
        f.set(OFlags::DIRECTORY, self.directory);
        f | OFlags::CLOEXEC
    }
}

fn open_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let modes = Modes::of(a[1])?;
    let mode = Mode::from_raw_mode(if modes.directory { 0o777 } else { 0o666 });
    let fd = with_path(ctx, a[0], |path| {
        let fd = uninterrupted(|| rustix::fs::open(path, modes.flags(), mode))?;
        if !modes.skip_type_check && !modes.directory {
            let kind = rustix::fs::fstat(&fd).map(|s| rustix::fs::FileType::from_raw_mode(s.st_mode));
            if kind.is_ok_and(|k| k.is_dir()) {
                return Err(rustix::io::Errno::ISDIR.into());
            }
        }
        Ok(fd)
    });
    Ok(owned(ctx, fd))
}

/// A file of a descriptor's number.
fn file_desc_to_ref_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let number = int(a[0])?;
    Ok(owned(ctx, fd::adopt(number)))
}

fn close_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let open = open(a[0])?;
    let state = {
        let mut state = open.lock();
        if !matches!(*state, State::Open(_)) {
            return Ok(error(ctx, &einval()));
        }
        std::mem::replace(&mut *state, State::Closed)
    };
    ctx.disown(open.numbers);
    let State::Open(fd) = state else { return Ok(error(ctx, &einval())) };
    Ok(done(ctx, ctx.dirty(Dirty::Io, || fd::close(fd))))
}

/// Closes a file whose owner has ended: for the helper process.
fn delayed_close_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let open = open(a[0])?;
    let mut state = open.lock();
    match std::mem::replace(&mut *state, State::Closed) {
        State::Orphan(fd) => {
            drop(state);
            // Nobody is left to be told of an error.
            let _ = ctx.dirty(Dirty::Io, || fd::close(fd));
            Ok(am::OK.into())
        }
        other => {
            *state = other;
            Err(Raise::Badarg)
        }
    }
}

/// The descriptor's number as this machine has it in memory.
fn get_handle_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let open = open(a[0])?;
    Ok(match &*open.lock() {
        State::Open(fd) => ctx.binary(&fd.as_raw_fd().to_ne_bytes()),
        State::Orphan(_) | State::Closed => error(ctx, &einval()),
    })
}

/// A descriptor of its own for the file that a reference stands for; `None` if it stands for none.
pub(crate) fn duplicate(t: Term<'_>) -> Option<io::Result<OwnedFd>> {
    let open = open(t).ok()?;
    Some(match &*open.lock() {
        State::Open(fd) => rustix::io::fcntl_dupfd_cloexec(fd, 0).map_err(io::Error::from),
        State::Orphan(_) | State::Closed => Err(einval()),
    })
}
