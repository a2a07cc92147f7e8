//! Ports to files: `open_port("name", Options)`, an old form.

use std::os::fd::OwnedFd;

use girder_vm::Atom;
use girder_vm::am;
use girder_vm::port::DriverPort;
use girder_vm::port::poll::Watched;
use rustix::fs::{Mode, OFlags};

use super::{Started, Stream};

/// A file as its port reads and writes it.
pub(crate) struct Files {
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
}

/// Opens the file; made if it is to be written.
pub(crate) fn open(name: &[u8], read: bool, write: bool) -> Result<Files, Atom> {
    let flags = match (read, write) {
        (true, false) => OFlags::RDONLY,
        (false, _) => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
        (true, true) => OFlags::RDWR | OFlags::CREATE,
    };
    let fail = |_| am::EINVAL;
    let fd = rustix::fs::open(name, flags | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::from_raw_mode(0o666));
    let fd = fd.map_err(fail)?;
    let output = if write { Some(fd.try_clone().map_err(|_| am::EINVAL)?) } else { None };
    Ok(Files { input: read.then_some(fd), output })
}

/// The driver of its port.
pub(crate) fn start(port: &DriverPort, files: Files, packet: usize) -> Started {
    let (input, output) = (files.input.map(Watched::new), files.output.map(Watched::new));
    Ok(Box::new(Stream::new(port, input, output, packet, false).driver_level()))
}
