//! Natives for dirty schedulers: the tests of them that OTP's suites use.
//!
//! Invariant: while `f` of [`Ctx::dirty_open`] runs, the process belongs to whoever handles its signals.

use std::time::{Duration, Instant};

use girder_vm::code::Mfa;
use girder_vm::heap::message::Message;
use girder_vm::native::Raise;
use girder_vm::process::table;
use girder_vm::sched::{self, Dirty};
use girder_vm::term::RawTerm;
use girder_vm::{Atom, Ctx, Term, am, signal};

girder_vm::natives! { pub TABLE:
    "erts_debug" {
        "dirty"/3 => dirty_3, Bif;
        "dirty_cpu"/2 => dirty_cpu_2, Bif;
        "dirty_io"/2 => dirty_io_2, Bif;
    }
    "girder_sys" {
        "dirty_result"/1 => result_1, Bif;
    }
    "erts_internal" {
        "dirty_process_handle_signals"/1 => for_signal_handlers, Bif;
        "check_dirty_process_code"/2 => for_signal_handlers, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Copies of a term that `copy` makes.
const COPIES: usize = 1000;
/// How long `alive_waitexiting` goes on after the end of its process.
const AFTERLIFE: Duration = Duration::from_secs(1);
/// Words of the number that it makes then.
const LARGE: usize = 9999;

fn dirty_cpu_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Test { kind: Some(Dirty::Cpu), native: native(am::DIRTY_CPU, 2) }.answer(ctx, args[0], args[1])
}

fn dirty_io_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Test { kind: Some(Dirty::Io), native: native(am::DIRTY_IO, 2) }.answer(ctx, args[0], args[1])
}

fn dirty_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let kind = match args[0].as_atom().ok_or(Raise::Badarg)? {
        am::NORMAL => None,
        am::DIRTY_CPU => Some(Dirty::Cpu),
        am::DIRTY_IO => Some(Dirty::Io),
        _ => return Err(Raise::Badarg),
    };
    Test { kind, native: native(am::DIRTY, 3) }.answer(ctx, args[1], args[2])
}

/// What a dirty native returned while its process was being suspended.
fn result_1<'s>(_: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(args[0])
}

fn native(function: Atom, arity: u8) -> Mfa {
    Mfa { module: am::ERTS_DEBUG, function, arity }
}

/// Where a test runs, and the native that it is.
#[derive(Clone, Copy)]
struct Test {
    kind: Option<Dirty>,
    native: Mfa,
}

impl Test {
    /// Does what is asked for. Who was killed or suspended meanwhile does not go on, or not yet.
    fn answer<'s>(self, ctx: &Ctx<'s>, what: Term<'s>, arg: Term<'s>) -> Answer<'s> {
        let result = test(ctx, self, what, arg)?;
        let now = ctx.process().state().get();
        if now.exiting() {
            return Err(Raise::Exiting);
        }
        if now.suspended() {
            return Err(ctx.yield_to(super::export(am::GIRDER_SYS, "dirty_result", 1)?, &[result]));
        }
        Ok(result)
    }
    /// Runs `f` there.
    fn run<R>(self, ctx: &Ctx<'_>, f: impl FnOnce() -> R + Send) -> Result<R, Raise> {
        match self.kind {
            Some(kind) => ctx.dirty_open(kind, self.native, f),
            None => Ok(f()),
        }
    }
}

/// `{Tag, From}` to a local process.
fn tell(to: RawTerm, tag: Atom, from: RawTerm) {
    if to.is_local_pid() {
        let m = Message::build(|b| b.tuple(&[Term::atom(tag), Term::immediate(from).unwrap_or(Term::NIL)]));
        signal::to_pid(to, m);
    }
}

/// Waits, busily on a scheduler for computations.
fn pause(time: Duration, kind: Option<Dirty>) {
    let begin = Instant::now();
    match kind {
        Some(Dirty::Cpu) => {
            while begin.elapsed() < time {
                std::hint::spin_loop();
            }
        }
        _ => std::thread::sleep(time),
    }
}

fn test<'s>(ctx: &Ctx<'s>, on: Test, what: Term<'s>, arg: Term<'s>) -> Answer<'s> {
    let ok = Ok(Term::atom(am::OK));
    let (me, to) = (ctx.self_pid().raw(), arg.raw());
    match what.as_atom().map(Atom::name) {
        Some("scheduler") if arg.as_atom().is_some_and(|a| a.name() == "type") => {
            Ok(Term::atom(match on.run(ctx, sched::dirty_kind)? {
                Some(Dirty::Cpu) => am::DIRTY_CPU,
                Some(Dirty::Io) => am::DIRTY_IO,
                None => am::NORMAL,
            }))
        }
        Some("error") => {
            on.run(ctx, || ())?;
            Err(match arg.as_atom().map(Atom::name) {
                Some("notsup") => Raise::Notsup,
                Some("undef") => Raise::Undef,
                Some("badarith") => Raise::Badarith,
                Some("noproc") => ctx.error(Term::atom(am::NOPROC)),
                Some("system_limit") => Raise::SystemLimit,
                _ => Raise::Badarg,
            })
        }
        Some("copy") => {
            on.run(ctx, || ())?;
            Ok(ctx.list_from((0..COPIES).map(|_| ctx.copy(arg))))
        }
        Some("send") => {
            on.run(ctx, || tell(to, am::OK, me))?;
            ok
        }
        Some("wait") => {
            let ms = arg.as_i64().ok_or(Raise::Badarg)?;
            on.run(ctx, || pause(Duration::from_millis(u64::try_from(ms).unwrap_or(0)), on.kind))?;
            ok
        }
        Some("reschedule") => reschedule(ctx, on, arg),
        Some("ready_wait6_done") => {
            on.run(ctx, || {
                tell(to, am::READY, me);
                pause(Duration::from_secs(6), None);
                tell(to, am::DONE, me);
            })?;
            ok
        }
        Some(how @ ("alive_waitexiting" | "alive_waitexitingonly")) => {
            on.run(ctx, || {
                tell(to, am::ALIVE, me);
                while table::with(me, |p| p.state().get().exiting()) == Some(false) {
                    pause(Duration::from_millis(1), None);
                }
                if how == "alive_waitexiting" {
                    pause(AFTERLIFE, None);
                }
            })?;
            Ok(ctx.tuple(&[Term::atom(am::OK), ctx.big_limbs(false, &[4711; LARGE])]))
        }
        _ => Err(Raise::Badarg),
    }
}

/// Counts down in twos, and changes to the next kind of scheduler whenever the number is divisible by four.
fn reschedule<'s>(ctx: &Ctx<'s>, mut on: Test, n: Term<'s>) -> Answer<'s> {
    let mut count = n.as_small().ok_or(Raise::Badarg)?;
    while count >= 0 {
        on.run(ctx, || ())?;
        if count == 0 {
            return Ok(Term::atom(am::OK));
        }
        if count % 4 == 0 {
            on.kind = match on.kind {
                Some(Dirty::Cpu) => Some(Dirty::Io),
                Some(Dirty::Io) => None,
                None => Some(Dirty::Cpu),
            };
        }
        count -= 2;
    }
    Err(Raise::Badarg)
}

/// OTP's VM lets only the processes call these that it sends for the signals of others. Here a scheduler handles them:
/// there are no such processes, and anybody else is told so there, too.
fn for_signal_handlers<'s>(_ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Err(Raise::Notsup)
}
