//! `open_port/2`: its options, and which driver a name means.
//!
//! Errors are values, which Erlang code turns into exceptions: `badopt` for wrong options, `badarg` for a wrong name and
//! for options that do not go with it, else the name of the system's error.

use std::collections::BTreeMap;

use girder_vm::port::{self, DriverPort, Limits, Settings};
use girder_vm::process::relations::Link;
use girder_vm::sched::Dirty;
use girder_vm::{Atom, Ctx, Kind, Profile, RawTerm, Term, am};

use super::Answer;
use crate::drivers::spawn::Program;
use crate::drivers::{self, Started};
use crate::filename::{characters, native, native_not_empty};
use crate::os::environment;

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "open_port"/2 => open_port_2, Bif;
    }
}

/// Length of lines for option `line`.
const LINE: usize = 512;

type Env = BTreeMap<Vec<u8>, Vec<u8>>;

/// The options.
#[derive(Default)]
struct Options<'s> {
    settings: Settings,
    packet: usize,
    read: bool,
    write: bool,
    no_stdio: bool,
    stderr: bool,
    exit_status: bool,
    env: Option<Env>,
    args: Option<Vec<Vec<u8>>>,
    arg0: Option<Vec<u8>>,
    cd: Option<Term<'s>>,
    port_limits: bool,
    queue_limits: bool,
}

/// Least and most that a limit may be.
const LIMITS: std::ops::RangeInclusive<u64> = 1..=0x3fff_ffff_ffff_ffff;

/// `{Low, High}` or `disabled`.
fn limits(t: Term<'_>) -> Option<Limits> {
    if t.is(am::DISABLED) {
        return Some(Limits { low: usize::MAX, high: usize::MAX });
    }
    let [low, high] = t.as_tuple_of::<2>()?;
    let number = |t: Term<'_>| t.as_u64().filter(|n| LIMITS.contains(n)).map(|n| n as usize);
    let (low, high) = (number(low)?, number(high)?);
    Some(Limits { low: low.min(high), high })
}

/// The environment with `[{Name, Value}]` merged in; `false` and `[]` take a variable away.
fn merged(t: Term<'_>) -> Option<Env> {
    let mut env: Env = environment().into_iter().collect();
    for pair in t.to_vec()? {
        let [name, value] = pair.as_tuple_of::<2>()?;
        let name = characters(name).filter(|n| !n.contains(&b'='))?;
        if value.is_nil() || value.is(am::FALSE) {
            env.remove(&name);
        } else {
            env.insert(name, characters(value)?);
        }
    }
    Some(env)
}

impl<'s> Options<'s> {
    /// `None`: there is a wrong one.
    fn of(list: Term<'s>) -> Option<Options<'s>> {
        let mut o = Options::default();
        for t in list.to_vec()? {
            match t.as_tuple_of::<2>() {
                Some([key, value]) => o.pair(key.as_atom()?, value)?,
                None => o.word(t.as_atom()?)?,
            }
        }
        if !o.read && !o.write {
            (o.read, o.write) = (true, true);
        }
        let clash = (o.settings.line.is_some() && o.packet != 0) || (o.stderr && o.no_stdio);
        (!clash).then_some(o)
    }
    fn word(&mut self, word: Atom) -> Option<()> {
        match word {
            am::STREAM => self.packet = 0,
            am::USE_STDIO => self.no_stdio = false,
            am::NOUSE_STDIO => self.no_stdio = true,
            am::STDERR_TO_STDOUT => self.stderr = true,
            am::LINE => self.settings.line = Some(LINE),
            am::BINARY => self.settings.binary = true,
            am::IN => self.read = true,
            am::OUT => self.write = true,
            am::EOF => self.settings.soft_eof = true,
            am::EXIT_STATUS => self.exit_status = true,
            am::HIDE | am::OVERLAPPED_IO => {}
            _ => return None,
        }
        Some(())
    }
    fn pair(&mut self, key: Atom, value: Term<'s>) -> Option<()> {
        match key {
            am::PACKET => self.packet = value.as_usize().filter(|n| [1, 2, 4].contains(n))?,
            am::LINE => self.settings.line = Some(value.as_usize().filter(|&n| n > 0)?),
            am::ENV => self.env = Some(merged(value)?),
            am::ARGS => self.args = Some(value.to_vec()?.into_iter().map(native).collect::<Option<_>>()?),
            am::ARG0 => self.arg0 = Some(native(value)?),
            am::CD => self.cd = Some(value).filter(|v| !v.is_nil()),
            am::PARALLELISM => self.settings.parallelism = value.as_bool()?,
            am::BUSY_LIMITS_PORT => {
                self.settings.limits = limits(value)?;
                self.port_limits = true;
            }
            am::BUSY_LIMITS_MSGQ => {
                limits(value)?;
                self.queue_limits = !value.is(am::DISABLED);
            }
            _ => return None,
        }
        Some(())
    }
}

/// What the name means.
enum Target {
    /// A command for the shell.
    Command(Vec<u8>),
    /// A program's file.
    Executable(Vec<u8>),
    /// A driver by name.
    Driver(Vec<u8>),
    /// Descriptors.
    Fd(i32, i32),
    /// A file to read or write.
    File(Vec<u8>),
}

fn target(t: Term<'_>) -> Option<Target> {
    if Profile::get().ports_to_files() {
        if let Some(a) = t.as_atom() {
            return Some(Target::File(a.name().as_bytes().to_vec()));
        }
        if let Some(bytes) = flat_string(t) {
            return Some(Target::File(bytes));
        }
    }
    match t.kind() {
        Kind::Tuple(&[kind, name]) => {
            let name = || native_not_empty(name);
            match kind.as_atom()? {
                am::SPAWN => {
                    let name = name()?;
                    Some(if drivers::is_driver(first_word(&name)) {
                        Target::Driver(name)
                    } else {
                        Target::Command(name)
                    })
                }
                am::SPAWN_EXECUTABLE => Some(Target::Executable(name()?)),
                am::SPAWN_DRIVER => Some(Target::Driver(name()?)),
                _ => None,
            }
        }
        Kind::Tuple(&[kind, input, output]) if kind.is(am::FD) => {
            Some(Target::Fd(i32::try_from(input.as_small()?).ok()?, i32::try_from(output.as_small()?).ok()?))
        }
        _ => None,
    }
}

/// The bytes of a list of bytes that is not empty.
fn flat_string(t: Term<'_>) -> Option<Vec<u8>> {
    if !t.is_cons() {
        return None;
    }
    t.to_vec()?.into_iter().map(|c| u8::try_from(c.as_small()?).ok()).collect()
}

/// What stands before the first blank: the name of a driver, perhaps.
pub(crate) fn first_word(name: &[u8]) -> &[u8] {
    name.split(|&b| b == b' ').next().unwrap_or(name)
}

fn open_port_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    match open(ctx, a[0], a[1]) {
        Ok(port) => Ok(Term::immediate(port).unwrap_or(am::BADARG.into())),
        Err(why) => Ok(why.into()),
    }
}

fn open<'s>(ctx: &Ctx<'s>, name: Term<'s>, options: Term<'s>) -> Result<RawTerm, Atom> {
    let mut o = Options::of(options).ok_or(am::BADOPT)?;
    let target = target(name).ok_or(am::BADARG)?;
    let program = matches!(target, Target::Executable(_));
    let child = program || matches!(target, Target::Command(_));
    let driver = matches!(target, Target::Driver(_));
    if (!program && (o.args.is_some() || o.arg0.is_some())) || (!child && o.exit_status) || (driver && o.port_limits) {
        return Err(am::BADARG);
    }
    let directory = match o.cd {
        Some(t) => Some(native_not_empty(t).ok_or(am::BADARG)?),
        None => None,
    };
    let (read, write, packet) = (o.read, o.write, o.packet);
    match target {
        Target::Command(name) | Target::Executable(name) => {
            o.settings.name.clone_from(&name);
            let arg0 = o.arg0.take().unwrap_or_else(|| name.clone());
            let arguments = program.then(|| [vec![arg0], o.args.take().unwrap_or_default()].concat());
            let env = o.env.take().unwrap_or_else(|| environment().into_iter().collect());
            let environment = env.into_iter().map(|(k, v)| [k, v].join(&b'=')).collect();
            let stdio = !o.no_stdio;
            let program = Program { name, arguments, environment, directory, read, write, stdio, stderr: o.stderr };
            if !port::room() {
                return Err(am::SYSTEM_LIMIT);
            }
            let running = ctx.dirty(Dirty::Io, || program.start()).map_err(drivers::spawn::error)?;
            let mut running = Some(running);
            let status = o.exit_status;
            let opened =
                linked(ctx, o.settings, |p| running.take().ok_or(am::EINVAL).and_then(|r| r.driver(p, packet, status)));
            if let Some(r) = running {
                r.abandon();
            }
            opened
        }
        Target::Fd(input, output) => {
            o.settings.name = format!("{input}/{output}").into_bytes();
            let (input, output) = (read.then_some(input), write.then_some(output));
            linked(ctx, o.settings, |p| drivers::fd::start(p, input, output, packet))
        }
        Target::File(name) => {
            o.settings.name.clone_from(&name);
            let files = ctx.dirty(Dirty::Io, || drivers::file::open(&name, read, write))?;
            linked(ctx, o.settings, |p| drivers::file::start(p, files, packet))
        }
        Target::Driver(name) => {
            o.settings.name.clone_from(&name);
            let (limits, binary) = (o.queue_limits, o.settings.binary);
            linked(ctx, o.settings, |p| drivers::start(&name, p, limits, binary))
        }
    }
}

/// Opens a port that belongs to the running process and is linked to it.
fn linked(ctx: &Ctx<'_>, settings: Settings, start: impl FnOnce(&mut DriverPort) -> Started) -> Result<RawTerm, Atom> {
    let me = ctx.self_pid().raw();
    // The port's side of the link is made with it, before the port can end; so is ours.
    let links = &ctx.owner().relations;
    let port = port::open(me, true, settings, |p| {
        links.borrow_mut().links.insert(p.id().bits(), Link::default());
        start(p).inspect_err(|_| {
            links.borrow_mut().links.remove(&p.id().bits());
        })
    });
    port.ok_or(am::SYSTEM_LIMIT)?
}
