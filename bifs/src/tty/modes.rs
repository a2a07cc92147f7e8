//! Modes of terminals: changed by `prim_tty` and `tty_sl`, and given back.
//!
//! Invariant: a terminal whose modes are not its own is on the list, from which [`restore_all`] gives them back when the
//! VM ends.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use girder_vm::sys::descriptor::borrow;
use rustix::io::Errno;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// A terminal by its descriptor.
pub(crate) struct Terminal {
    fd: RawFd,
    original: Termios,
    changed: AtomicBool,
}

static CHANGED: Mutex<Vec<Arc<Terminal>>> = Mutex::new(Vec::new());

impl Terminal {
    /// `None`: the descriptor is no terminal's.
    pub(crate) fn of(fd: RawFd) -> Option<Arc<Terminal>> {
        let original = tcgetattr(borrow(fd)).ok()?;
        Some(Arc::new(Terminal { fd, original, changed: AtomicBool::new(false) }))
    }
    /// Its own modes.
    pub(crate) fn original(&self) -> &Termios {
        &self.original
    }
    /// Whether its modes are not its own.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }
    pub(crate) fn set(self: &Arc<Terminal>, modes: &Termios) -> Result<(), Errno> {
        tcsetattr(borrow(self.fd), OptionalActions::Now, modes)?;
        if !self.changed.swap(true, Ordering::AcqRel) {
            CHANGED.lock().unwrap_or_else(PoisonError::into_inner).push(self.clone());
        }
        Ok(())
    }
    pub(crate) fn restore(&self) {
        if self.changed.swap(false, Ordering::AcqRel) {
            // The terminal may be gone by now.
            let _ = tcsetattr(borrow(self.fd), OptionalActions::Now, &self.original);
        }
    }
}

/// Gives terminals their own modes back; to be called before the VM ends.
pub(crate) fn restore_all() {
    for t in CHANGED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        t.restore();
    }
}

/// Runs `f` while all terminals have their own modes: lines, echo.
pub(crate) fn with_own<R>(f: impl FnOnce() -> R) -> R {
    let all = CHANGED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let changed: Vec<_> = all.iter().filter(|t| t.is_changed()).collect();
    // A terminal may be gone by now; then nobody looks at it.
    let now: Vec<_> = changed.iter().map(|t| tcgetattr(borrow(t.fd))).collect();
    for t in &changed {
        let _ = tcsetattr(borrow(t.fd), OptionalActions::Now, &t.original);
    }
    let result = f();
    for (t, modes) in changed.iter().zip(now) {
        let _ = modes.and_then(|m| tcsetattr(borrow(t.fd), OptionalActions::Now, &m));
    }
    result
}

/// What is asked of a terminal: keys as they are typed or whole lines, echo, keys that send signals.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) lines: Option<bool>,
    pub(crate) echo: Option<bool>,
    pub(crate) signals: Option<bool>,
}

impl Wanted {
    /// These modes with what is asked for.
    pub(crate) fn of(self, mut m: Termios) -> Termios {
        m.input_modes -= InputModes::ISTRIP;
        if let Some(on) = self.lines {
            m.input_modes.set(InputModes::ICRNL, on);
            m.local_modes.set(LocalModes::ICANON, on);
            m.output_modes.set(OutputModes::OPOST, on);
            if !on {
                m.special_codes[SpecialCodeIndex::VMIN] = 1;
                m.special_codes[SpecialCodeIndex::VTIME] = 0;
            }
        }
        if let Some(on) = self.echo {
            m.local_modes.set(LocalModes::ECHO, on);
        }
        if let Some(on) = self.signals {
            let input =
                InputModes::BRKINT | InputModes::IGNPAR | InputModes::ICRNL | InputModes::IXON | InputModes::IXANY;
            m.input_modes.set(input, on);
            m.local_modes.set(LocalModes::ISIG | LocalModes::IEXTEN, on);
        }
        m
    }
}
