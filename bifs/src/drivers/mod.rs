//! Drivers: what the kinds of ports do. One file each; [`girder_vm::port::Driver`] is what they have in common.

mod child;
pub(crate) mod fd;
pub(crate) mod file;
pub(crate) mod forker;
mod inet;
mod packet;
mod queue;
mod ram_file;
pub(crate) mod spawn;
mod stream;
mod trace_file;
mod tty_sl;
pub(crate) mod writer;

pub(crate) use stream::Stream;

use girder_vm::port::{Driver, DriverPort};
use girder_vm::{Atom, am};
use rustix::io::Errno;

/// The atom that OTP has for an error of the operating system.
pub(crate) fn posix(e: Errno) -> Atom {
    Atom::new(girder_vm::sys::errno::name(e.raw_os_error())).unwrap_or(am::EINVAL)
}

/// Makes a driver, or tells what `open_port` answers.
pub(crate) type Started = Result<Box<dyn Driver>, Atom>;

/// Makes a driver for a port: of its name, and whether limits are set for its queue, and it delivers binaries.
type Start = fn(&mut DriverPort, &[u8], bool, bool) -> Started;

/// Drivers that programs open by name.
const NAMED: &[(&str, Start)] = &[
    ("tcp_inet", inet::tcp::start),
    ("udp_inet", inet::udp::start),
    ("ram_file_drv", ram_file::start),
    ("tty_sl", tty_sl::start),
    ("trace_file_drv", trace_file::start),
];

fn named(name: &[u8]) -> Option<Start> {
    // Later releases have another way to the terminal.
    let since_26 = girder_vm::Profile::get().release > 25;
    NAMED.iter().filter(|(n, _)| !(since_26 && *n == "tty_sl")).find(|(n, _)| n.as_bytes() == name).map(|(_, s)| *s)
}

/// The drivers that are built in.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|(n, _)| *n)
}

/// Whether there is a driver of this name.
pub(crate) fn is_driver(name: &[u8]) -> bool {
    named(name).is_some()
}

/// Starts the driver that the first word of `name` names.
pub(crate) fn start(name: &[u8], port: &mut DriverPort, limits: bool, binary: bool) -> Started {
    let start = named(crate::port::first_word(name)).ok_or(am::BADARG)?;
    start(port, name, limits, binary)
}

/// Gives terminals their own modes back; to be called before the VM ends.
pub fn restore_terminals() {
    crate::tty::modes::restore_all();
}

/// A signal of the operating system has come that concerns terminals: SIGWINCH, SIGCONT.
pub fn terminal_signalled(number: i32) {
    crate::tty::signalled(number);
}

/// Opens the ports that are there before any process is.
pub fn open_first() {
    forker::open();
}
