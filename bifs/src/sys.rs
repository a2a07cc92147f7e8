//! Girder's own natives, module `girder_sys`: what the standalone group leader and its helpers stand on.
//!
//! Invariant: reading never holds a scheduler up: a thread waits for the bytes and sends them as a message.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

use girder_vm::finder::{self, Found};
use girder_vm::heap::message::Message;
use girder_vm::{Atom, Ctx, Raise, Term, am, code, signal};

girder_vm::natives! { pub TABLE:
    "girder_sys" {
        "write"/2 => write_2, Bif;
        "read"/2 => read_2, Bif;
        "is_tty"/1 => is_tty_1, Bif;
        "load"/1 => load_1, Bif;
        "loaded"/0 => loaded_0, Bif;
        "path"/0 => path_0, Bif;
        "add_paths"/2 => add_paths_2, Bif;
        "defer"/1 => defer_1, Bif;
        "open"/1 => open_1, Bif;
    }
}

/// One of the three standard descriptors.
#[derive(Clone, Copy)]
enum Standard {
    Input,
    Output,
    Error,
}

fn standard(t: Term<'_>) -> Result<Standard, Raise> {
    match t.as_small() {
        Some(0) => Ok(Standard::Input),
        Some(1) => Ok(Standard::Output),
        Some(2) => Ok(Standard::Error),
        _ => Err(Raise::Badarg),
    }
}

/// The descriptor itself, past Rust's buffers.
fn file(s: Standard) -> io::Result<File> {
    let owned = match s {
        Standard::Input => io::stdin().as_fd().try_clone_to_owned(),
        Standard::Output => io::stdout().as_fd().try_clone_to_owned(),
        Standard::Error => io::stderr().as_fd().try_clone_to_owned(),
    };
    owned.map(File::from)
}

/// The name that OTP gives an error of the operating system.
fn posix(e: &io::Error) -> Atom {
    let name = match e.kind() {
        io::ErrorKind::BrokenPipe => "epipe",
        io::ErrorKind::StorageFull => "enospc",
        io::ErrorKind::PermissionDenied => "eacces",
        io::ErrorKind::WouldBlock => "eagain",
        io::ErrorKind::IsADirectory => "eisdir",
        _ => "eio",
    };
    Atom::new(name).unwrap_or(am::ERROR)
}

/// Writes all bytes.
fn write_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let bytes = a[1].as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)?;
    ctx.charge(bytes.len() / 256);
    match file(standard(a[0])?).and_then(|mut f| f.write_all(&bytes)) {
        Ok(()) => Ok(am::OK.into()),
        Err(e) => Ok(ctx.tuple(&[am::ERROR.into(), posix(&e).into()])),
    }
}

/// Sends what can be read, at most so many bytes: `{girder_sys, Descriptor, Bytes | eof | {error, Reason}}`.
fn read_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (from, number) = (standard(a[0])?, a[0].as_small().ok_or(Raise::Badarg)?);
    let size = a[1].as_usize().filter(|n| (1..=1 << 20).contains(n)).ok_or(Raise::Badarg)?;
    let to = ctx.self_pid().raw();
    let read = move || {
        let mut buffer = vec![0; size];
        let got = file(from).and_then(|mut f| f.read(&mut buffer));
        signal::to_pid(
            to,
            Message::build(|b| {
                let data = match &got {
                    Ok(0) => am::EOF.into(),
                    Ok(n) => b.binary(&buffer[..*n]),
                    Err(e) => b.tuple(&[am::ERROR.into(), posix(e).into()]),
                };
                b.tuple(&[am::GIRDER_SYS.into(), b.int(number), data])
            }),
        );
    };
    std::thread::Builder::new().name("read".into()).spawn(read).map_err(|_| Raise::SystemLimit)?;
    Ok(am::OK.into())
}

fn is_tty_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::bool(match standard(a[0])? {
        Standard::Input => io::stdin().is_terminal(),
        Standard::Output => io::stdout().is_terminal(),
        Standard::Error => io::stderr().is_terminal(),
    }))
}

/// Loads a module unless it is loaded: `true`, `on_load`, `nofile` or `{error, Text}`.
fn load_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let module = a[0].as_atom().ok_or(Raise::Badarg)?;
    Ok(match finder::get().load(module) {
        Found::Loaded => Term::TRUE,
        Found::OnLoad => am::ON_LOAD.into(),
        Found::Nowhere => am::NOFILE.into(),
        Found::Bad(why) => ctx.tuple(&[am::ERROR.into(), ctx.string(&why)]),
    })
}

/// `[{Module, File}]`.
fn loaded_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let pair = |m: Atom| {
        let file = finder::get().file(m).unwrap_or_default();
        ctx.tuple(&[m.into(), ctx.string(&file.to_string_lossy())])
    };
    Ok(ctx.list_from(code::loaded_modules().into_iter().map(pair)))
}

fn path_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.list_from(finder::get().path().iter().map(|p| ctx.string(&p.to_string_lossy()))))
}

fn string(t: Term<'_>) -> Option<String> {
    t.to_vec()?.into_iter().map(|c| char::from_u32(u32::try_from(c.as_small()?).ok()?)).collect()
}

/// Adds directories to the code path, in front if the second argument is `true`.
fn add_paths_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let dirs: Option<Vec<PathBuf>> =
        a[0].to_vec().and_then(|d| d.into_iter().map(|s| string(s).map(PathBuf::from)).collect());
    let in_front = a[1].as_bool().ok_or(Raise::Badarg)?;
    finder::get().add_paths(dirs.ok_or(Raise::Badarg)?, in_front);
    Ok(Term::TRUE)
}

/// Calls of these modules do not load them until [`open_1`].
fn defer_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let modules: Option<Vec<Atom>> = a[0].to_vec().and_then(|m| m.into_iter().map(|t| t.as_atom()).collect());
    finder::get().defer(&modules.ok_or(Raise::Badarg)?);
    Ok(Term::TRUE)
}

fn open_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    finder::get().undefer(a[0].as_atom().ok_or(Raise::Badarg)?);
    Ok(Term::TRUE)
}
