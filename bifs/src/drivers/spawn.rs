//! Ports to programs: `{spawn, Command}`, `{spawn_executable, File}`.
//!
//! Invariant: a program sees its own descriptors alone: pipes as standard input and output (or as 3 and 4), and the
//! VM's for those that the port does not use.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use girder_vm::port::DriverPort;
use girder_vm::port::poll::Watched;
use girder_vm::sys::spawn::{Command, spawn};
use girder_vm::{Atom, am};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;

use super::{Started, Stream, child, posix};

/// What runs commands.
const SHELL: &str = "/bin/sh";

/// How a program is to be started.
pub(crate) struct Program {
    /// A command for the shell, or a file.
    pub(crate) name: Vec<u8>,
    /// The name is a file's, not a command; with the arguments from the program's own name on.
    pub(crate) arguments: Option<Vec<Vec<u8>>>,
    /// `NAME=VALUE`.
    pub(crate) environment: Vec<Vec<u8>>,
    /// Where it starts.
    pub(crate) directory: Option<Vec<u8>>,
    /// Its output is read.
    pub(crate) read: bool,
    /// It gets input.
    pub(crate) write: bool,
    /// Over descriptors 0 and 1, not 3 and 4.
    pub(crate) stdio: bool,
    /// What it writes to standard error is output.
    pub(crate) stderr: bool,
}

/// A program that has been started.
pub(crate) struct Running {
    pid: i32,
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
}

fn c_string(bytes: &[u8]) -> Result<CString, Errno> {
    CString::new(bytes).map_err(|_| Errno::INVAL)
}

fn c_strings(all: &[Vec<u8>]) -> Result<Vec<CString>, Errno> {
    all.iter().map(|s| c_string(s)).collect()
}

fn errno(e: &io::Error) -> Errno {
    Errno::from_io_error(e).unwrap_or(Errno::IO)
}

impl Program {
    fn command(&self) -> Result<Command, Errno> {
        let environment = c_strings(&self.environment)?;
        let directory = self.directory.as_deref().map(c_string).transpose()?;
        let (file, arguments) = match &self.arguments {
            Some(a) => (c_string(&self.name)?, c_strings(a)?),
            None => {
                let command = [b"exec ", self.name.as_slice()].concat();
                (c_string(SHELL.as_bytes())?, c_strings(&[b"sh".to_vec(), b"-c".to_vec(), command])?)
            }
        };
        Ok(Command { file, arguments, environment, directory })
    }
    /// Starts it; this takes as long as the system needs to find and open the program's file.
    pub(crate) fn start(&self) -> Result<Running, Errno> {
        if self.arguments.is_some() {
            rustix::fs::access(self.name.as_slice(), rustix::fs::Access::EXEC_OK)?;
        }
        let command = self.command()?;
        let (output, theirs_in) = if self.write { pipe(true)? } else { (None, None) };
        let (theirs_out, input) = if self.read { pipe(false)? } else { (None, None) };
        let mut fds: Vec<(BorrowedFd<'_>, RawFd)> = Vec::with_capacity(3);
        if let Some(fd) = &theirs_in {
            fds.push((fd.as_fd(), if self.stdio { 0 } else { 3 }));
        }
        if let Some(fd) = &theirs_out {
            fds.push((fd.as_fd(), if self.stdio { 1 } else { 4 }));
            if self.stderr {
                fds.push((fd.as_fd(), 2));
            }
        }
        let pid = spawn(&command, &fds).or_else(|e| self.instead(&fds, errno(&e)));
        Ok(Running { pid: pid.map_err(|e| errno(&e))?, input, output })
    }
    /// What cannot be run is, for whoever opened the port, a program that ends with the error's number as its status.
    fn instead(&self, fds: &[(BorrowedFd<'_>, RawFd)], why: Errno) -> io::Result<i32> {
        if matches!(why, Errno::NOMEM | Errno::AGAIN | Errno::MFILE | Errno::NFILE) {
            return Err(why.into());
        }
        let mut status = why;
        if let Some(d) = &self.directory
            && let Err(e) = rustix::fs::access(d.as_slice(), rustix::fs::Access::EXEC_OK)
        {
            girder_vm::sys::console::print(&format!("spawn: Could not cd to {}\n", String::from_utf8_lossy(d)));
            status = e;
        }
        let exit = format!("exit {}", status.raw_os_error());
        let arguments = c_strings(&[b"sh".to_vec(), b"-c".to_vec(), exit.into_bytes()])?;
        // Of the environment that may be what is too large, it needs nothing.
        let command =
            Command { file: c_string(SHELL.as_bytes())?, arguments, environment: Vec::new(), directory: None };
        spawn(&command, fds)
    }
}

/// A pipe: the end for writing and that for reading. The VM's end (`ours_writes`: that for writing) does not block.
fn pipe(ours_writes: bool) -> Result<(Option<OwnedFd>, Option<OwnedFd>), Errno> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let ours = if ours_writes { &write } else { &read };
    fcntl_setfl(ours, fcntl_getfl(ours)? | OFlags::NONBLOCK)?;
    Ok((Some(write), Some(read)))
}

impl Running {
    /// The driver of its port.
    pub(crate) fn driver(self, port: &mut DriverPort, packet: usize, report: bool) -> Started {
        let pid = Pid::from_raw(self.pid).ok_or(am::EINVAL)?;
        port.set_os_pid(self.pid as u64);
        child::watch(pid, port.id());
        let (input, output) = (self.input.map(Watched::new), self.output.map(Watched::new));
        Ok(Box::new(Stream::new(port, input, output, packet, report)))
    }
    /// There is no room for its port: it finds its descriptors closed.
    pub(crate) fn abandon(self) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            child::watch(pid, girder_vm::RawTerm::port(u64::MAX >> 4));
        }
    }
}

/// The atom for an error of [`Program::start`].
pub(crate) fn error(e: Errno) -> Atom {
    posix(e)
}
