//! Signals of the operating system, as `erl_signal_server` hears of them, and `os:set_signal/2`.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use girder_vm::heap::message::Message;
use girder_vm::process::registry;
use girder_vm::sys::signals::{self, Action};
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am, signal};
use rustix::process::Signal;

girder_vm::natives! { pub TABLE:
    "os" {
        "set_signal"/2 => set_signal_2, Bif;
    }
}

/// Signals that programs may handle, with OTP's names for them and the release that has them first.
const SIGNALS: &[(Signal, &str, u8)] = &[
    (Signal::HUP, "sighup", 25),
    (Signal::QUIT, "sigquit", 25),
    (Signal::ABORT, "sigabrt", 25),
    (Signal::ALARM, "sigalrm", 25),
    (Signal::TERM, "sigterm", 25),
    (Signal::USR1, "sigusr1", 25),
    (Signal::USR2, "sigusr2", 25),
    (Signal::CHILD, "sigchld", 25),
    (Signal::STOP, "sigstop", 25),
    (Signal::TSTP, "sigtstp", 25),
    (Signal::CONT, "sigcont", 28),
    (Signal::WINCH, "sigwinch", 28),
];

/// Signals that concern terminals, of which the VM always hears, and whether the program wants to as well.
static OF_TERMINALS: [(Signal, AtomicBool); 2] =
    [(Signal::CONT, AtomicBool::new(false)), (Signal::WINCH, AtomicBool::new(false))];

/// What Ctrl-C does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBreak {
    /// Asks what to do.
    #[default]
    Ask,
    /// Interrupts the shell: the terminal gives it the key.
    Shell,
    /// Ends the VM.
    End,
    /// Nothing.
    Ignore,
}

static ON_BREAK: AtomicU8 = AtomicU8::new(OnBreak::End as u8);

/// Whether Ctrl-C asks nothing and ends nothing: `erlang:system_info(break_ignored)`.
pub(crate) fn break_ignored() -> bool {
    ON_BREAK.load(Ordering::Relaxed) == OnBreak::Ignore as u8
}

/// Sends `{notify, Signal}` to the process that is registered for it, if there is one.
fn notify(number: i32) {
    if number == Signal::INT.as_raw() {
        return crate::break_menu::asked();
    }
    if let Some((_, wanted)) = OF_TERMINALS.iter().find(|(s, _)| s.as_raw() == number) {
        crate::drivers::terminal_signalled(number);
        if !wanted.load(Ordering::Acquire) {
            return;
        }
    }
    let Some((_, name, _)) = SIGNALS.iter().find(|(s, ..)| s.as_raw() == number) else { return };
    let (Ok(name), Ok(server)) = (Atom::new(name), Atom::new("erl_signal_server")) else { return };
    if let Some(pid) = registry::whereis(server).filter(|p| p.is_local_pid()) {
        signal::to_pid(pid, Message::build(|b| b.tuple(&[am::NOTIFY.into(), name.into()])));
    }
}

/// What an emulator does about signals from its start.
pub fn start(on_break: OnBreak) -> io::Result<()> {
    ON_BREAK.store(on_break as u8, Ordering::Relaxed);
    signals::start(notify)?;
    for s in [Signal::TERM, Signal::USR1, Signal::CONT, Signal::WINCH] {
        signals::set(s.as_raw(), Action::Handle)?;
    }
    if on_break == OnBreak::Ignore {
        for s in [Signal::INT, Signal::QUIT, Signal::TSTP] {
            signals::set(s.as_raw(), Action::Ignore)?;
        }
        return Ok(());
    }
    signals::set(Signal::QUIT.as_raw(), Action::Handle)?;
    if on_break == OnBreak::Ask {
        signals::set(Signal::INT.as_raw(), Action::Handle)?;
    }
    Ok(())
}

fn set_signal_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let action = match a[1].as_atom() {
        Some(am::DEFAULT) => Action::Default,
        Some(am::IGNORE) => Action::Ignore,
        Some(am::HANDLE) => Action::Handle,
        _ => return Err(ctx.badarg_because(am::BADOPT.into())),
    };
    let name = a[0].as_atom().ok_or(Raise::Badarg)?.name();
    let release = Profile::get().release;
    let known = SIGNALS.iter().find(|(_, n, since)| *n == name && release >= *since);
    let (s, ..) = known.ok_or(Raise::Badarg)?;
    if let Some((_, wanted)) = OF_TERMINALS.iter().find(|(t, _)| t == s) {
        wanted.store(action == Action::Handle, Ordering::Release);
        if action == Action::Default {
            return Ok(am::OK.into());
        }
    }
    // As in OTP, that the system refuses to change one is no error.
    let _ = signals::set(s.as_raw(), action);
    Ok(am::OK.into())
}
