//! Starting programs.
//!
//! `posix_spawn` does not copy the VM's page tables, and runs nothing of the VM in the child. Invariant: a child gets the
//! descriptors it is given and no others, the default action for every signal and no blocked one, and a process group
//! of its own.

use std::ffi::{CString, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr::null_mut;

/// Descriptors below this are where children look for theirs.
const FIRST_FREE: RawFd = 5;

unsafe extern "C" {
    /// Of the GNU C library since 2.34; the libc crate does not declare it.
    fn posix_spawn_file_actions_addclosefrom_np(actions: *mut libc::posix_spawn_file_actions_t, from: c_int) -> c_int;
}

/// What to start.
pub struct Command {
    /// The program's file.
    pub file: CString,
    /// Its arguments, with its own name first.
    pub arguments: Vec<CString>,
    /// Its environment, `NAME=VALUE`.
    pub environment: Vec<CString>,
    /// Where it starts, if not where the VM is.
    pub directory: Option<CString>,
}

fn done(error: c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// A list of strings as the system wants it: valid as long as the strings.
fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
    strings.iter().map(|s| s.as_ptr().cast_mut()).chain([null_mut()]).collect()
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Actions> {
        let mut a = MaybeUninit::uninit();
        // SAFETY: the call fills `a` in if it succeeds.
        unsafe {
            done(libc::posix_spawn_file_actions_init(a.as_mut_ptr()))?;
            Ok(Actions(a.assume_init()))
        }
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: it was initialised and nobody uses it any more.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Attributes> {
        let mut a = MaybeUninit::uninit();
        let (mut none, mut all) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let flags = libc::POSIX_SPAWN_SETPGROUP | libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        // SAFETY: the sets and the attributes are initialised before they are used; all are ours.
        unsafe {
            done(libc::posix_spawnattr_init(a.as_mut_ptr()))?;
            let mut a = Attributes(a.assume_init());
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigfillset(all.as_mut_ptr());
            libc::posix_spawnattr_setsigmask(&raw mut a.0, none.as_ptr());
            libc::posix_spawnattr_setsigdefault(&raw mut a.0, all.as_ptr());
            libc::posix_spawnattr_setpgroup(&raw mut a.0, 0);
            done(libc::posix_spawnattr_setflags(&raw mut a.0, flags as libc::c_short))?;
            Ok(a)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: it was initialised and nobody uses it any more.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// Starts a program whose descriptors are the VM's first three but for those in `fds`, each with the number it gets;
/// gives its process id. `Err` also if the program's file cannot be run.
pub fn spawn(command: &Command, fds: &[(BorrowedFd<'_>, RawFd)]) -> io::Result<i32> {
    // Away from the numbers that they get, so that none is overwritten before its turn.
    let moved: Vec<(OwnedFd, RawFd)> = fds
        .iter()
        .map(|(fd, to)| Ok((rustix::io::fcntl_dupfd_cloexec(fd, FIRST_FREE)?, *to)))
        .collect::<io::Result<_>>()?;
    let mut actions = Actions::new()?;
    let attributes = Attributes::new()?;
    let a = &raw mut actions.0;
    let first_closed = fds.iter().map(|(_, to)| to + 1).max().unwrap_or(0).max(3);
    let (arguments, environment) = (pointers(&command.arguments), pointers(&command.environment));
    let mut pid = 0;
    // SAFETY: actions and attributes are initialised; all strings and lists live until the call returns, the lists end
    // in null.
    unsafe {
        if let Some(d) = &command.directory {
            done(libc::posix_spawn_file_actions_addchdir_np(a, d.as_ptr()))?;
        }
        for (fd, to) in &moved {
            done(libc::posix_spawn_file_actions_adddup2(a, fd.as_fd().as_raw_fd(), *to))?;
        }
        done(posix_spawn_file_actions_addclosefrom_np(a, first_closed))?;
        done(libc::posix_spawn(
            &raw mut pid,
            command.file.as_ptr(),
            a,
            &raw const attributes.0,
            arguments.as_ptr(),
            environment.as_ptr(),
        ))?;
    }
    Ok(pid)
}
