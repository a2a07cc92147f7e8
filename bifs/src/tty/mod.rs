//! Natives of module `prim_tty` (27 and later): the terminal behind the standard descriptors.
//!
//! A terminal is a reference that owns a [`Tty`]. Invariant: a terminal whose modes were changed gets its own back when
//! the process that changed them exits, and when the VM ends ([`modes`]).

mod caps;
pub(crate) mod modes;
pub(crate) mod terminfo;
mod tparm;

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use girder_vm::heap::message::Message;
use girder_vm::port::poll::{self, Mode, Target};
use girder_vm::process::relations::{Reference, Resource};
use girder_vm::sched::Dirty;
use girder_vm::sys::descriptor::borrow;
use girder_vm::term::copy::detach;
use girder_vm::term::{Kind, map};
use girder_vm::{Ctx, Native, Raise, RawTerm, Term, am, signal};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::termios::{Termios, isatty, tcgetwinsize};

use self::modes::{Terminal, Wanted};
use crate::drivers::posix;
use crate::iolist::flatten;
use crate::os::utf8_names;

girder_vm::natives! { TABLE:
    "prim_tty" {
        "isatty"/1 => isatty_1, Nif, SINCE_27;
        "tty_create"/0 => tty_create_0, Nif, R27;
        "tty_create"/1 => tty_create_1, Nif, R29;
        "tty_init"/2 => tty_init_2, Nif, R29;
        "tty_init"/3 => tty_init_3, Nif, R27;
        "tty_set"/1 => tty_set_1, Nif, R27;
        "tty_is_open"/2 => tty_is_open_2, Nif, R29;
        "tty_select"/2 => tty_select_2, Nif, R29;
        "tty_select"/3 => tty_select_3, Nif, R27;
        "tty_read_signal"/2 => tty_read_signal_2, Nif, R27;
        "tty_window_size"/1 => tty_window_size_1, Nif, SINCE_27;
        "tty_encoding"/1 => tty_encoding_1, Nif, SINCE_27;
        "setlocale"/1 => setlocale_1, Nif, SINCE_27;
        "read_nif"/2 => read_2, Nif, R27;
        "read_nif"/3 => read_3, Nif, R29;
        "write_nif"/2 => write_2, Nif, SINCE_27;
    }
}

/// The tables of this folder's files.
pub(crate) const TABLES: [&[Native]; 2] = [TABLE, caps::TABLE];

type Answer<'s> = Result<Term<'s>, Raise>;

const STDIN: i32 = 0;
/// Most bytes that one read gives.
const READ: usize = 1024;

/// A terminal, or what stands in its place.
struct Tty {
    output: i32,
    /// Nothing if it is no terminal.
    terminal: Option<Arc<Terminal>>,
    /// Modes that [`tty_set_1`] sets.
    wanted: Mutex<Option<Termios>>,
    /// Signals that came and were not read yet.
    signals: Mutex<Vec<i32>>,
}

/// Who hears of the terminal's signals.
struct Listener {
    tty: Arc<Tty>,
    pid: RawTerm,
    /// `{select, Terminal, Reference, ready_input}`.
    message: girder_vm::heap::Detached,
}

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A signal of the operating system that concerns terminals has come.
pub(crate) fn signalled(number: i32) {
    if let Some(l) = &*lock(&LISTENER) {
        lock(&l.tty.signals).push(number);
        signal::to_pid(l.pid, l.message.with(Message::copy_of));
    }
}

/// Restores a terminal when the process that set its modes exits.
struct Setter(Arc<Terminal>);

impl Resource for Setter {
    fn owner_exited(self: Arc<Self>) {
        self.0.restore();
    }
}

/// Stops waiting for input when the process that reads exits.
struct Reader;

impl Resource for Reader {
    fn owner_exited(self: Arc<Self>) {
        poll::forget(borrow(STDIN));
        *lock(&LISTENER) = None;
    }
}

fn tty(t: Term<'_>) -> Result<&Arc<Tty>, Raise> {
    t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get::<Arc<Tty>>()).ok_or(Raise::Badarg)
}

fn standard(t: Term<'_>) -> Option<i32> {
    match t.as_atom()?.name() {
        "stdin" => Some(STDIN),
        "stdout" => Some(1),
        "stderr" => Some(2),
        _ => None,
    }
}

fn error<'s>(ctx: &Ctx<'s>, reason: Term<'s>) -> Term<'s> {
    ctx.tuple(&[am::ERROR.into(), reason])
}

/// `{error, {Function, Errno}}`.
fn failed<'s>(ctx: &Ctx<'s>, function: &str, e: Errno) -> Answer<'s> {
    let function = ctx.atom(function).map_err(|_| Raise::SystemLimit)?;
    Ok(error(ctx, ctx.tuple(&[function, posix(e).into()])))
}

/// `{error, Atom}`.
fn failed_with<'s>(ctx: &Ctx<'s>, reason: &str) -> Answer<'s> {
    Ok(error(ctx, ctx.atom(reason).map_err(|_| Raise::SystemLimit)?))
}

fn isatty_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let fd = borrow(standard(a[0]).ok_or(Raise::Badarg)?);
    if isatty(fd) {
        return Ok(Term::TRUE);
    }
    match rustix::io::fcntl_getfd(fd) {
        Ok(_) => Ok(Term::FALSE),
        Err(_) => ctx.atom("ebadf").map_err(|_| Raise::SystemLimit),
    }
}

fn create<'s>(ctx: &Ctx<'s>, output: i32) -> Answer<'s> {
    let tty =
        Arc::new(Tty { output, terminal: Terminal::of(output), wanted: Mutex::new(None), signals: Mutex::default() });
    let reference = ctx.fresh_magic_reference(Box::new(tty));
    Ok(ctx.tuple(&[am::OK.into(), reference]))
}

fn tty_create_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    create(ctx, 1)
}

fn tty_create_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    create(ctx, standard(a[0]).filter(|&fd| fd != STDIN).ok_or(Raise::Badarg)?)
}

fn option<'s>(ctx: &Ctx<'s>, options: Term<'s>, name: &str) -> Option<Term<'s>> {
    matches!(options.kind(), Kind::Map).then(|| map::get(options, ctx.atom(name).ok()?)).flatten()
}

fn own<'s>(ctx: &Ctx<'s>, reference: Term<'s>, resource: Arc<dyn Resource>) {
    if let Some(r) = Reference::of(reference) {
        ctx.own(r.numbers, resource);
    }
}

/// `#{input := raw | cooked | disabled, ...}`.
fn tty_init_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if !matches!(a[1].kind(), Kind::Map) {
        return Err(Raise::Badarg);
    }
    let tty = tty(a[0])?;
    let raw_input = option(ctx, a[1], "input").ok_or(Raise::Badarg)?.as_atom().is_some_and(|i| i.name() == "raw");
    let Some(terminal) = &tty.terminal else {
        return if raw_input { failed_with(ctx, "enotsup") } else { Ok(am::OK.into()) };
    };
    if raw_input || terminal.is_changed() {
        let raw = Wanted { lines: Some(false), echo: Some(false), signals: None };
        let own = terminal.original().clone();
        if let Err(e) = terminal.set(&if raw_input { raw.of(own) } else { own }) {
            return failed(ctx, "tcsetattr", e);
        }
    }
    own(ctx, a[0], Arc::new(Setter(terminal.clone())));
    Ok(am::OK.into())
}

/// `#{canon := boolean(), echo := boolean(), sig => boolean()}`; the modes are set by `tty_set/1`.
fn tty_init_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let tty = tty(a[0])?;
    let flag = |name| option(ctx, a[2], name).and_then(|t| t.as_bool());
    let (Some(canon), Some(echo)) = (flag("canon"), flag("echo")) else { return Err(Raise::Badarg) };
    let Some(terminal) = &tty.terminal else { return failed_with(ctx, "enotsup") };
    let wanted = Wanted { lines: Some(canon), echo: Some(echo), signals: flag("sig") };
    *lock(&tty.wanted) = Some(wanted.of(terminal.original().clone()));
    Ok(am::OK.into())
}

fn tty_set_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let tty = tty(a[0])?;
    if let (Some(terminal), Some(modes)) = (&tty.terminal, &*lock(&tty.wanted)) {
        if let Err(e) = terminal.set(modes) {
            return failed(ctx, "tcsetattr", e);
        }
        own(ctx, a[0], Arc::new(Setter(terminal.clone())));
    }
    Ok(am::OK.into())
}

fn tty_is_open_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    tty(a[0])?;
    let fd: BorrowedFd<'_> = borrow(standard(a[1]).ok_or(Raise::Badarg)?);
    let mut fds = [PollFd::new(&fd, PollFlags::HUP)];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    match rustix::event::poll(&mut fds, Some(&now)) {
        Ok(0) => Ok(Term::TRUE),
        Ok(_) if fds[0].revents().contains(PollFlags::HUP) => Ok(Term::FALSE),
        Ok(_) => Err(Raise::Badarg),
        Err(e) => failed(ctx, "tty_is_open", e),
    }
}

fn ready<'s>(ctx: &Ctx<'s>, tty: Term<'s>, reference: Term<'s>) -> girder_vm::heap::Detached {
    let atom = |name| ctx.atom(name).unwrap_or(am::UNDEFINED.into());
    detach(ctx.tuple(&[am::SELECT.into(), tty, reference, atom("ready_input")]))
}

/// Has the running process told when input has come: `{select, Terminal, Reference, ready_input}`.
fn wait_for_input<'s>(ctx: &Ctx<'s>, tty: Term<'s>, reference: Term<'s>) {
    let (pid, message) = (ctx.self_pid().raw(), ready(ctx, tty, reference));
    let tell = move || signal::to_pid(pid, Message::detached(message));
    poll::select(borrow(STDIN), Mode::Read, Target::Call(Box::new(tell)));
}

fn tty_select_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    tty(a[0])?;
    wait_for_input(ctx, a[0], a[1]);
    own(ctx, a[1], Arc::new(Reader));
    Ok(am::OK.into())
}

fn tty_select_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let tty = tty(a[0])?.clone();
    let listener = Listener { tty, pid: ctx.self_pid().raw(), message: ready(ctx, a[0], a[1]) };
    *lock(&LISTENER) = Some(listener);
    wait_for_input(ctx, a[0], a[2]);
    own(ctx, a[2], Arc::new(Reader));
    Ok(am::OK.into())
}

/// `{ok, winch | cont}`.
fn tty_read_signal_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let tty = tty(a[0])?;
    let mut signals = lock(&tty.signals);
    let number = if signals.is_empty() { None } else { Some(signals.remove(0)) };
    let name = if number == Some(rustix::process::Signal::CONT.as_raw()) { "cont" } else { "winch" };
    Ok(ctx.tuple(&[am::OK.into(), ctx.atom(name).map_err(|_| Raise::SystemLimit)?]))
}

fn tty_window_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let tty = tty(a[0])?;
    let size = [STDIN, tty.output].into_iter().find_map(|fd| tcgetwinsize(borrow(fd)).ok());
    let positive = |n: u16| Term::small(if n > 0 { i32::from(n) } else { -1 });
    match size.filter(|s| s.ws_col > 0 || s.ws_row > 0) {
        Some(s) => Ok(ctx.tuple(&[am::OK.into(), ctx.tuple(&[positive(s.ws_col), positive(s.ws_row)])])),
        None => failed_with(ctx, "enotsup"),
    }
}

fn tty_encoding_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    tty(a[0])?;
    Ok(am::UTF8.into())
}

fn setlocale_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    tty(a[0])?;
    Ok(Term::bool(utf8_names()))
}

fn read_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    read(ctx, a[0], a[1], READ)
}

fn read_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let n = a[2].as_usize().ok_or(Raise::Badarg)?;
    read(ctx, a[0], a[1], n.min(READ))
}

fn read<'s>(ctx: &Ctx<'s>, t: Term<'s>, reference: Term<'s>, n: usize) -> Answer<'s> {
    tty(t)?;
    let mut bytes = Vec::with_capacity(n);
    let got = ctx.dirty(Dirty::Io, || rustix::io::read(borrow(STDIN).as_fd(), spare_capacity(&mut bytes)));
    match got {
        Ok(0) => return failed_with(ctx, "closed"),
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
        Err(e) => return failed(ctx, "read", e),
    }
    wait_for_input(ctx, t, reference);
    Ok(ctx.tuple(&[am::OK.into(), ctx.binary(&bytes)]))
}

fn write_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let output = tty(a[0])?.output;
    let bytes = flatten(ctx, a[1])?;
    match ctx.dirty(Dirty::Io, || crate::drivers::writer::write_all(output, &bytes)) {
        Ok(()) => Ok(am::OK.into()),
        Err(e) => Ok(error(ctx, posix(e).into())),
    }
}
