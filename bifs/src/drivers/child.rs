//! Programs that ports have started.
//!
//! Invariant: every child is waited for, whatever becomes of its port; the port hears of its end if it is still there.

use std::os::fd::{AsFd, AsRawFd};

use girder_vm::RawTerm;
use girder_vm::port::poll::{self, Mode, Target, Watched};
use girder_vm::port::{self, Op, Request};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, pidfd_open, waitid, waitpid};

/// A program has ended, with this status; 128 and more: by a signal.
pub(super) struct Ended(pub(super) i32);

/// Added to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;

fn status(s: &WaitIdStatus) -> i32 {
    match (s.exit_status(), s.terminating_signal()) {
        (Some(n), _) => n,
        (None, signal) => SIGNALLED + signal.unwrap_or(0),
    }
}

fn tell(port: RawTerm, status: i32) {
    port::signal(port, Request::note(Op::Notice(Box::new(Ended(status)))).into());
}

/// Waits for a child in the background and tells the port.
pub(super) fn watch(pid: Pid, port: RawTerm) {
    let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else { return wait_on_thread(pid, port) };
    await_end(Watched::new(fd), port);
}

fn await_end(fd: Watched, port: RawTerm) {
    let number = fd.as_fd().as_raw_fd();
    let ready = move || {
        // The poll thread must not wait, whatever it was woken by.
        match waitid(WaitId::PidFd(fd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(None) | Err(Errno::INTR) => await_end(fd, port),
            s => tell(port, s.ok().flatten().as_ref().map_or(0, status)),
        }
    };
    poll::select(girder_vm::sys::descriptor::borrow(number), Mode::Read, Target::Call(Box::new(ready)));
}

/// Where the system has no descriptors left for processes.
fn wait_on_thread(pid: Pid, port: RawTerm) {
    let wait = move || {
        let s = waitpid(Some(pid), WaitOptions::empty()).ok().flatten().map(|(_, s)| s);
        let signal = || s.and_then(|s| s.terminating_signal()).map_or(0, |n| SIGNALLED + n);
        tell(port, s.and_then(|s| s.exit_status()).unwrap_or_else(signal));
    };
    // Without a thread nobody can wait: the child stays a zombie until the VM ends.
    let _ = std::thread::Builder::new().name("wait".into()).spawn(wait);
}
