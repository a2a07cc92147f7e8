//! `trace_file_drv`: a port that is a tracer and writes what it is told to a file, as `dbg:trace_port(file, Name)` opens it.
//!
//! A record is a zero byte, the length in four bytes, and the message in the external format. Wrapping logs, which have a
//! `w` in the command, are not supported. Invariant: what was written is in the file when `flush` has been answered.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::ffi::OsStrExt;

use girder_vm::am;
use girder_vm::port::{Driver, DriverPort};

use super::{Started, posix};

/// `port_control` command to flush.
const FLUSH: u32 = b'f' as u32;
/// What every record begins with.
const RECORD: u8 = 0;

struct TraceFile(BufWriter<File>);

/// Opens the file that `trace_file_drv n NAME` names.
pub(super) fn start(_: &mut DriverPort, command: &[u8], _limits: bool, _binary: bool) -> Started {
    let rest = command.split_at_checked(b"trace_file_drv".len()).map_or(&b""[..], |(_, rest)| rest);
    let name = rest.trim_ascii_start().strip_prefix(b"n ").ok_or(am::BADARG)?;
    match File::create(std::ffi::OsStr::from_bytes(name)) {
        Ok(file) => Ok(Box::new(TraceFile(BufWriter::new(file)))),
        Err(e) => Err(e.raw_os_error().map_or(am::EINVAL, |n| posix(rustix::io::Errno::from_raw_os_error(n)))),
    }
}

impl TraceFile {
    fn record(&mut self, data: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(data.len()).map_err(|_| std::io::ErrorKind::FileTooLarge)?;
        self.0.write_all(&[RECORD])?;
        self.0.write_all(&length.to_be_bytes())?;
        self.0.write_all(data)
    }
    fn fails(port: &mut DriverPort, e: &std::io::Error) {
        let why = e.raw_os_error().map_or(am::EINVAL, |n| posix(rustix::io::Errno::from_raw_os_error(n)));
        port.fail(why);
    }
}

impl Driver for TraceFile {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        if let Err(e) = self.record(&data) {
            Self::fails(port, &e);
        }
    }
    fn control(&mut self, port: &mut DriverPort, command: u32, _: &[u8]) -> Option<Vec<u8>> {
        if command != FLUSH {
            return None;
        }
        if let Err(e) = self.0.flush() {
            Self::fails(port, &e);
        }
        Some(vec![0])
    }
    fn flush(&mut self) {
        // Nobody is left to be told.
        let _ = self.0.flush();
    }
    fn stop(&mut self, _: &mut DriverPort) {
        // As in `flush`: the port is gone.
        let _ = self.0.flush();
    }
}
