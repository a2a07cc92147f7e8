//! Signals of the operating system: what is done about each, and a thread that hears of those that are handled.
//!
//! Invariant: the handler does nothing but write the signal's number into a pipe; everything else is the thread's
//! business, where all code may run.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

/// What is done about a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// What the system does.
    Default,
    /// Nothing.
    Ignore,
    /// The thread is told.
    Handle,
}

/// Where the handler writes; -1 until the thread has begun.
static PIPE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn handler(signal: libc::c_int) {
    let Ok(byte) = u8::try_from(signal) else { return };
    // SAFETY: write is allowed in a signal handler, the byte is a local, and the pipe is never closed. A full pipe
    // loses the signal, as a pending one would have been. errno is the interrupted code's.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(PIPE.load(Ordering::Relaxed), (&raw const byte).cast(), 1);
        *libc::__errno_location() = errno;
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the call writes two descriptors into the array, which are ours if it succeeds.
    unsafe {
        match libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) {
            0 => Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Begins a thread that calls `on_signal` for each handled signal; a second call changes nothing.
pub fn start(on_signal: impl Fn(i32) + Send + 'static) -> io::Result<()> {
    let (read, write) = pipe()?;
    // The handler must not wait.
    // SAFETY: the descriptor is open and ours.
    unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    if PIPE.compare_exchange(-1, write.as_raw_fd(), Ordering::AcqRel, Ordering::Relaxed).is_err() {
        return Ok(());
    }
    // From now on the handler's, for ever.
    let _ = write.into_raw_fd();
    let mut read = File::from(read);
    let listen = move || {
        let mut signals = [0; 64];
        while let Ok(n) = read.read(&mut signals) {
            signals[..n].iter().for_each(|&s| on_signal(s.into()));
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}

/// Sets what is done about a signal.
pub fn set(signal: i32, action: Action) -> io::Result<()> {
    // SAFETY: all zeros is an empty mask and no flags; the handler is of the type that goes without SA_SIGINFO.
    let r = unsafe {
        let mut act: libc::sigaction = std::mem::zeroed();
        act.sa_flags = libc::SA_RESTART;
        act.sa_sigaction = match action {
            Action::Default => libc::SIG_DFL,
            Action::Ignore => libc::SIG_IGN,
            Action::Handle => handler as *const () as usize,
        };
        libc::sigaction(signal, &raw const act, std::ptr::null_mut())
    };
    if r == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_handled_signal_reaches_the_thread() {
        let (told, hears) = mpsc::channel();
        start(move |s| {
            let _ = told.send(s);
        })
        .expect("a pipe and a thread");
        set(libc::SIGUSR2, Action::Handle).expect("it may be handled");
        // SAFETY: the signal is handled.
        unsafe { libc::raise(libc::SIGUSR2) };
        assert_eq!(hears.recv(), Ok(libc::SIGUSR2));
        set(libc::SIGUSR2, Action::Ignore).expect("it may be ignored");
        // SAFETY: the signal is ignored.
        unsafe { libc::raise(libc::SIGUSR2) };
        assert!(hears.try_recv().is_err());
        assert!(set(libc::SIGKILL, Action::Ignore).is_err());
    }
}
