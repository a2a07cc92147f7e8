//! `trace_file_drv`: a port that is a tracer and writes what it is told to a file, as `dbg:trace_port(file, Name)` opens it.
//!
//! A record is a zero byte, the length in four bytes, and the message in the external format. A wrapping log goes on in
//! another file when one is full, or old, and removes the oldest. Invariants: what was written is in the file when `flush`
//! has been answered; a record lies in one file.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::ffi::OsStrExt;

use girder_vm::port::{Driver, DriverPort};
use girder_vm::timer::PortTimer;
use girder_vm::{Atom, am};

use super::{Started, posix};

/// `port_control` command to flush.
const FLUSH: u32 = b'f' as u32;
/// What every record begins with.
const RECORD: u8 = 0;
/// Bytes before a record's message.
const HEADER: u64 = 5;

/// A log in several files, whose names have a number in them that goes round.
struct Wrap {
    /// The name up to the number, and behind it.
    name: (Vec<u8>, Vec<u8>),
    /// The largest number.
    last: u32,
    /// Number of the file that is written, and of the one that is removed next.
    current: u32,
    oldest: u32,
    /// Files to be made before the first is removed.
    left: u32,
    /// Bytes after which a file is full, unless `time` counts.
    size: u64,
    written: u64,
    /// Milliseconds that a file is written; 0: as long as it is not full.
    time: u64,
    timer: Option<PortTimer>,
}

impl Wrap {
    fn file(&self, number: u32) -> Vec<u8> {
        [&self.name.0[..], number.to_string().as_bytes(), &self.name.1].concat()
    }
    fn next(&self, number: u32) -> u32 {
        if number >= self.last { 0 } else { number + 1 }
    }
    /// Removes the oldest file if there are enough; the name of the next one.
    fn go_on(&mut self) -> Vec<u8> {
        self.written = 0;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            // It may be gone already.
            let _ = std::fs::remove_file(OsStr::from_bytes(&self.file(self.oldest)));
            self.oldest = self.next(self.oldest);
        }
        self.current = self.next(self.current);
        self.file(self.current)
    }
}

struct TraceFile {
    out: BufWriter<File>,
    wrap: Option<Wrap>,
}

fn create(name: &[u8]) -> std::io::Result<BufWriter<File>> {
    File::create(OsStr::from_bytes(name)).map(BufWriter::new)
}

fn reason(e: &std::io::Error) -> Atom {
    e.raw_os_error().map_or(am::EINVAL, |n| posix(rustix::io::Errno::from_raw_os_error(n)))
}

/// A number and the blanks behind it.
fn number(text: &mut &[u8]) -> Option<u32> {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest.trim_ascii_start();
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Opens the file that `trace_file_drv n NAME` names, or the first of `trace_file_drv w SIZE COUNT TIME PLACE n NAME`, whose
/// numbers stand at a place in the name.
pub(super) fn start(port: &mut DriverPort, command: &[u8], _limits: bool, _binary: bool) -> Started {
    let rest = command.split_at_checked(b"trace_file_drv".len()).map_or(&b""[..], |(_, rest)| rest);
    let mut rest = rest.trim_ascii_start();
    let wraps = match rest.strip_prefix(b"w ") {
        Some(numbers) => {
            rest = numbers.trim_ascii_start();
            let mut next = || number(&mut rest).ok_or(am::BADARG);
            Some([next()?, next()?, next()?, next()?])
        }
        None => None,
    };
    let name = rest.strip_prefix(b"n ").ok_or(am::BADARG)?;
    let wrap = match wraps {
        Some([size, last, time, place]) => {
            let (front, back) =
                name.split_at_checked(place as usize).filter(|(_, back)| !back.is_empty()).ok_or(am::BADARG)?;
            let name = (front.to_vec(), back.to_vec());
            let time = u64::from(time);
            let timer = (time > 0).then(|| port.start_timer(time, 0));
            Some(Wrap { name, last, current: 0, oldest: 0, left: last, size: size.into(), written: 0, time, timer })
        }
        None => None,
    };
    let first = wrap.as_ref().map_or_else(|| name.to_vec(), |w| w.file(0));
    let out = create(&first).map_err(|e| reason(&e))?;
    Ok(Box::new(TraceFile { out, wrap }))
}

impl TraceFile {
    fn record(&mut self, data: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(data.len()).map_err(|_| std::io::ErrorKind::FileTooLarge)?;
        self.out.write_all(&[RECORD])?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(data)?;
        let full = self.wrap.as_mut().is_some_and(|w| {
            w.written += HEADER + u64::from(length);
            w.time == 0 && w.written >= w.size
        });
        if full { self.go_on() } else { Ok(()) }
    }
    /// Goes on in the next file.
    fn go_on(&mut self) -> std::io::Result<()> {
        self.out.flush()?;
        if let Some(w) = &mut self.wrap {
            self.out = create(&w.go_on())?;
        }
        Ok(())
    }
}

fn check(port: &mut DriverPort, result: std::io::Result<()>) {
    if let Err(e) = result {
        port.fail(reason(&e));
    }
}

impl Driver for TraceFile {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        let written = self.record(&data);
        check(port, written);
    }
    fn control(&mut self, port: &mut DriverPort, command: u32, _: &[u8]) -> Option<Vec<u8>> {
        if command != FLUSH {
            return None;
        }
        let flushed = self.out.flush();
        check(port, flushed);
        Some(vec![0])
    }
    fn timeout(&mut self, port: &mut DriverPort, _: u32) {
        let went_on = self.go_on();
        check(port, went_on);
        if let Some(w) = &mut self.wrap {
            w.timer = Some(port.start_timer(w.time, 0));
        }
    }
    fn flush(&mut self) {
        // Nobody is left to be told.
        let _ = self.out.flush();
    }
    fn stop(&mut self, _: &mut DriverPort) {
        // As in `flush`: the port is gone.
        let _ = self.out.flush();
    }
}
