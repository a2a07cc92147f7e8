//! `tty_sl` (25): the terminal of the interactive shell, with a line that is edited in place.
//!
//! Output is commands: the first byte says what to do. Invariant: there is one such port at a time; the terminal gets
//! its own modes back when it stops.

mod line;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use girder_vm::port::poll::{self, Mode};
use girder_vm::port::{Driver, DriverPort};
use girder_vm::sys::descriptor::borrow;
use girder_vm::{Profile, am};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read};
use rustix::termios::{isatty, tcgetwinsize};

use self::line::{Keys, Line};
use super::writer::{Progress, Writer};
use super::{Started, fd, posix};
use crate::os::utf8_names;
use crate::tty::modes::{Terminal, Wanted};
use crate::tty::terminfo::Entry;

const STDIN: i32 = 0;
const STDOUT: i32 = 1;
/// Bytes of output above which the answer to a synchronous command is held back.
const MUCH: usize = 1024;
/// Size of a terminal that does not tell.
const SIZE: (u32, u32) = (80, 24);

const GET_UNICODE: u32 = fd::TERMINAL + 101;
const SET_UNICODE: u32 = fd::TERMINAL + 102;

static OPEN: AtomicBool = AtomicBool::new(false);

struct TtySl {
    terminal: Arc<Terminal>,
    line: Line,
    writer: Arc<Writer>,
    /// Bytes of a character that has not come whole.
    partial: Vec<u8>,
    /// The owner waits for an `ok`.
    owes_ok: bool,
}

/// What the words behind the driver's name ask for: `+c`, `-e`, `-s` and such.
fn wanted(name: &[u8]) -> Wanted {
    let mut w = Wanted::default();
    for word in name.split(|&b| b == b' ').skip(1) {
        let on = match word.first() {
            Some(b'+') => true,
            Some(b'-') => false,
            _ => continue,
        };
        match word.get(1) {
            Some(b'c') => w.lines = Some(on),
            Some(b'e') => w.echo = Some(on),
            Some(b's') => w.signals = Some(on),
            _ => {}
        }
    }
    w
}

fn keys(e: &Entry) -> Option<Keys> {
    let text = |code: &[u8]| e.string(code).map(<[u8]>::to_vec);
    let left = if e.flag(b"bs") { None } else { text(b"bc") };
    Some(Keys {
        up: text(b"up")?,
        down: text(b"do").unwrap_or_else(|| b"\n".to_vec()),
        left: left.unwrap_or_else(|| b"\x08".to_vec()),
        right: text(b"nd")?,
        sticky_margin: e.flag(b"xn"),
    })
}

fn size() -> (u32, u32) {
    let or = |n: u16, other| if n == 0 { other } else { u32::from(n) };
    tcgetwinsize(borrow(STDIN)).map_or(SIZE, |s| (or(s.ws_col, SIZE.0), or(s.ws_row, SIZE.1)))
}

/// The driver of the port; fails where there is no terminal, or none that can do what editing needs.
pub(crate) fn start(port: &mut DriverPort, name: &[u8], _: bool, _: bool) -> Started {
    if Profile::get().release != 25 || !isatty(borrow(STDIN)) || !isatty(borrow(STDOUT)) {
        return Err(am::EINVAL);
    }
    let entry = std::env::var("TERM").ok().and_then(|t| Entry::find(&t)).ok_or(am::EINVAL)?;
    let keys = keys(&entry).ok_or(am::EINVAL)?;
    let terminal = Terminal::of(STDIN).ok_or(am::EINVAL)?;
    if OPEN.swap(true, Ordering::AcqRel) {
        return Err(am::EINVAL);
    }
    let modes = wanted(name).of(terminal.original().clone());
    if terminal.set(&modes).is_err() {
        OPEN.store(false, Ordering::Release);
        return Err(am::EINVAL);
    }
    port.select(borrow(STDIN), Mode::Read);
    let line = Line::new(keys, size().0 as usize, utf8_names());
    let writer = Writer::new(STDOUT, port.id());
    Ok(Box::new(TtySl { terminal, line, writer, partial: Vec::new(), owes_ok: false }))
}

/// Bytes at the end that begin a UTF-8 character and do not complete it; `None` if the bytes are no UTF-8.
fn incomplete(bytes: &[u8]) -> Option<usize> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Some(0),
        Err(e) if e.error_len().is_none() => Some(bytes.len() - e.valid_up_to()),
        Err(_) => None,
    }
}

impl TtySl {
    fn answer_if_written(&mut self, port: &DriverPort, queued: usize) {
        if self.owes_ok && queued <= MUCH {
            self.owes_ok = false;
            port.send(port.connected(), |_| am::OK.into());
        }
    }
    fn input(&mut self, port: &mut DriverPort, mut bytes: Vec<u8>) {
        if self.line.utf8 {
            bytes.splice(..0, self.partial.drain(..));
            match incomplete(&bytes) {
                Some(n) => self.partial = bytes.split_off(bytes.len() - n),
                // Not a terminal that sends UTF-8.
                None => self.line.utf8 = false,
            }
        }
        if !self.line.utf8 {
            bytes = bytes.iter().map(|&b| char::from(b)).collect::<String>().into_bytes();
        }
        port.deliver(&bytes);
    }
}

impl Driver for TtySl {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        let Some((&operation, rest)) = data.split_first() else { return };
        let number = || rest.first_chunk().map_or(0, |&b| isize::from(i16::from_be_bytes(b)));
        self.line.columns = size().0 as usize;
        match operation {
            0 | 5 => self.line.put(rest),
            1 => self.line.go_by(number()),
            2 => self.line.insert(rest),
            3 => self.line.delete(number()),
            4 => self.line.beep(),
            _ => {}
        }
        let out = self.line.take_output();
        match self.writer.push(&[&out]) {
            Ok(queued) => {
                self.owes_ok |= operation == 5;
                self.answer_if_written(port, queued);
            }
            Err(e) => port.fail(posix(e)),
        }
    }
    fn control(&mut self, _: &mut DriverPort, command: u32, data: &[u8]) -> Option<Vec<u8>> {
        let unicode = vec![u8::from(self.line.utf8)];
        match command {
            fd::WINDOW_SIZE => {
                let (columns, rows) = size();
                Some([columns.to_ne_bytes(), rows.to_ne_bytes()].concat())
            }
            GET_UNICODE => Some(unicode),
            SET_UNICODE => match data.first() {
                Some(&on) => {
                    self.line.utf8 = on != 0;
                    Some(unicode)
                }
                None => Some(Vec::new()),
            },
            _ => None,
        }
    }
    fn ready_input(&mut self, port: &mut DriverPort) {
        let mut bytes = Vec::with_capacity(MUCH);
        match read(borrow(STDIN), spare_capacity(&mut bytes)) {
            Ok(0) => return port.eof(),
            Ok(_) => self.input(port, bytes),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(e) => return port.fail(posix(e)),
        }
        port.select(borrow(STDIN), Mode::Read);
    }
    fn notice(&mut self, port: &mut DriverPort, what: Box<dyn Any + Send>) {
        if what.is::<Progress>() {
            match self.writer.state() {
                (_, Some(e)) => port.fail(posix(e)),
                (queued, None) => self.answer_if_written(port, queued),
            }
        }
    }
    fn queued(&self) -> usize {
        self.writer.state().0
    }
    fn flush(&mut self) {
        self.writer.flush();
        self.terminal.restore();
    }
    fn stop(&mut self, _: &mut DriverPort) {
        poll::forget(borrow(STDIN));
        self.terminal.restore();
        OPEN.store(false, Ordering::Release);
    }
    fn locking(&self) -> &'static str {
        "driver_level"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_name() {
        let w = wanted(b"tty_sl -c -e +s");
        assert_eq!((w.lines, w.echo, w.signals), (Some(false), Some(false), Some(true)));
        let w = wanted(b"tty_sl");
        assert_eq!((w.lines, w.echo, w.signals), (None, None, None));
    }

    #[test]
    fn characters_in_pieces() {
        for (bytes, left) in [(&b"abc"[..], Some(0)), (b"a\xc3", Some(1)), (b"\xe2\x82", Some(2)), (b"\xff", None)] {
            assert_eq!(incomplete(bytes), left, "{bytes:?}");
        }
    }
}
