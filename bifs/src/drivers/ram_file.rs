//! `ram_file_drv`: a file that exists in memory, behind module `ram_file` (`file:open(Data, [ram, ...])`).
//!
//! A command is a byte and its arguments in big-endian; each known one is answered by one message, whose first byte says
//! what it is. Invariant: what lies behind the end was never written, so a gap is zero bytes.

use girder_vm::port::{Driver, DriverPort};
use girder_vm::{Term, am};
use rustix::io::Errno;

use super::{Started, posix};

/// Commands.
mod command {
    pub(super) const OPEN: u8 = 1;
    pub(super) const READ: u8 = 2;
    pub(super) const SEEK: u8 = 3;
    pub(super) const WRITE: u8 = 4;
    pub(super) const SYNC: u8 = 9;
    pub(super) const TRUNCATE: u8 = 14;
    pub(super) const READ_AT: u8 = 17;
    pub(super) const WRITE_AT: u8 = 18;
    pub(super) const DATA_SYNC: u8 = 19;
    pub(super) const GET: u8 = 30;
    pub(super) const SIZE: u8 = 37;
    pub(super) const ADVISE: u8 = 38;
    pub(super) const ALLOCATE: u8 = 39;
}

/// Kinds of answers.
mod kind {
    pub(super) const OK: u8 = 0;
    pub(super) const ERROR: u8 = 1;
    pub(super) const DATA: u8 = 2;
    pub(super) const NUMBER: u8 = 3;
}

const MODE_READ: u32 = 1;
const MODE_WRITE: u32 = 2;

enum Answer {
    Ok,
    Number(usize),
    Data(Vec<u8>),
}

#[derive(Default)]
struct RamFile {
    /// 0 until it is opened.
    mode: u32,
    bytes: Vec<u8>,
    position: usize,
}

/// Makes a file that is to be opened.
pub(super) fn start(_: &mut DriverPort, _command: &[u8], _limits: bool, _binary: bool) -> Started {
    Ok(Box::new(RamFile::default()))
}

/// A number at the beginning of `bytes`, and the rest.
fn number(bytes: &[u8]) -> Result<(i32, &[u8]), Errno> {
    let (first, rest) = bytes.split_first_chunk().ok_or(Errno::INVAL)?;
    Ok((i32::from_be_bytes(*first), rest))
}

fn natural(n: i32) -> Result<usize, Errno> {
    usize::try_from(n).map_err(|_| Errno::INVAL)
}

impl RamFile {
    fn needs(&self, mode: u32, otherwise: Errno) -> Result<(), Errno> {
        if self.mode & mode == 0 { Err(otherwise) } else { Ok(()) }
    }
    fn opened(&self) -> Result<Answer, Errno> {
        self.needs(u32::MAX, Errno::BADF).map(|()| Answer::Ok)
    }
    fn read(&self, at: usize, length: i32) -> Result<Vec<u8>, Errno> {
        self.needs(MODE_READ, Errno::BADF)?;
        let rest = self.bytes.get(at..).unwrap_or(&[]);
        Ok(rest[..natural(length)?.min(rest.len())].to_vec())
    }
    fn write(&mut self, at: usize, data: &[u8]) -> Result<(), Errno> {
        self.needs(MODE_WRITE, Errno::BADF)?;
        let end = at.checked_add(data.len()).filter(|end| i32::try_from(*end).is_ok()).ok_or(Errno::INVAL)?;
        if end > self.bytes.len() {
            self.bytes.try_reserve(end - self.bytes.len()).map_err(|_| Errno::NOMEM)?;
            self.bytes.resize(end, 0);
        }
        self.bytes[at..end].copy_from_slice(data);
        Ok(())
    }
    fn seek(&mut self, offset: i32, from: i32) -> Result<usize, Errno> {
        self.needs(u32::MAX, Errno::BADF)?;
        let origin = match from {
            0 => 0,
            1 => self.position,
            2 => self.bytes.len(),
            _ => return Err(Errno::INVAL),
        };
        let to = i64::try_from(origin).map_err(|_| Errno::INVAL)? + i64::from(offset);
        self.position = i32::try_from(to).ok().and_then(|to| usize::try_from(to).ok()).ok_or(Errno::INVAL)?;
        Ok(self.position)
    }
    /// What a command is answered; nothing if it is not known.
    fn command(&mut self, command: u8, arguments: &[u8]) -> Result<Option<Answer>, Errno> {
        Ok(Some(match command {
            command::OPEN => {
                let (mode, data) = number(arguments)?;
                *self = RamFile { mode: mode as u32, bytes: data.to_vec(), position: 0 };
                Answer::Number(0)
            }
            command::SYNC | command::DATA_SYNC | command::ADVISE | command::ALLOCATE => self.opened()?,
            command::WRITE => {
                self.write(self.position, arguments)?;
                self.position += arguments.len();
                Answer::Number(arguments.len())
            }
            command::WRITE_AT => {
                let (at, data) = number(arguments)?;
                self.write(natural(at)?, data)?;
                Answer::Number(data.len())
            }
            command::SEEK => {
                let (offset, rest) = number(arguments)?;
                Answer::Number(self.seek(offset, number(rest)?.0)?)
            }
            command::READ_AT => {
                let (at, rest) = number(arguments)?;
                Answer::Data(self.read(natural(at)?, number(rest)?.0)?)
            }
            command::READ => {
                let data = self.read(self.position, number(arguments)?.0)?;
                self.position += data.len();
                Answer::Data(data)
            }
            command::TRUNCATE => {
                self.needs(MODE_WRITE, Errno::ACCESS)?;
                self.bytes.try_reserve(self.position.saturating_sub(self.bytes.len())).map_err(|_| Errno::NOMEM)?;
                self.bytes.resize(self.position, 0);
                Answer::Ok
            }
            command::GET => Answer::Data(self.bytes.clone()),
            command::SIZE => Answer::Number(self.bytes.len()),
            _ => return Ok(None),
        }))
    }
}

/// A length as answers have it.
fn four_bytes(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes()
}

impl Driver for RamFile {
    fn output(&mut self, port: &mut DriverPort, data: Vec<u8>) {
        let Some((&command, arguments)) = data.split_first() else { return };
        let (header, rest) = match self.command(command, arguments) {
            Ok(None) => return,
            Ok(Some(Answer::Ok)) => (vec![kind::OK], None),
            Ok(Some(Answer::Number(n))) => ([&[kind::NUMBER][..], &four_bytes(n)].concat(), None),
            Ok(Some(Answer::Data(data))) => ([&[kind::DATA][..], &four_bytes(data.len())].concat(), Some(data)),
            Err(e) => ([&[kind::ERROR][..], posix(e).name().as_bytes()].concat(), None),
        };
        port.count_input(header.len() + rest.as_ref().map_or(0, Vec::len));
        let binary = port.is_binary();
        port.send(port.connected(), |b| {
            let rest = rest.map_or(Term::NIL, |rest| if binary { b.binary(&rest) } else { b.byte_list(&rest) });
            let header: Vec<_> = header.iter().map(|byte| Term::small(i32::from(*byte))).collect();
            b.tuple(&[am::DATA.into(), b.list_with_tail(&header, rest)])
        });
    }
}
