//! What the VM itself has to say: error reports of processes that crashed, sent to the `logger` process.
//!
//! Invariant: a report is `{log, Level, Format, Args, Metadata}`, as OTP's logger expects it; without that process it
//! goes to standard error as text.

use super::{Process, registry};
use crate::atom::{Atom, am};
use crate::heap::message::Message;
use crate::heap::{Builder, Detached};
use crate::profile::Profile;
use crate::signal;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::term::{RawTerm, Term, map};

/// Who gets the reports: `logger` (whoever is registered so), `undefined` (nobody), or a process.
static LOGGER: AtomicU64 = AtomicU64::new(RawTerm::atom(am::LOGGER).bits());

/// Sets who gets the reports, an immediate; the answer is who did before.
pub fn set_logger(to: RawTerm) -> RawTerm {
    living(RawTerm::from_bits(LOGGER.swap(to.bits(), Ordering::AcqRel)))
}

/// Who gets the reports; a process that has ended gives way to `logger`.
pub fn logger() -> RawTerm {
    living(RawTerm::from_bits(LOGGER.load(Ordering::Acquire)))
}

fn living(set: RawTerm) -> RawTerm {
    if !set.is_local_pid() || super::table::with(set, |p| p.state().get().exiting()) == Some(false) {
        return set;
    }
    RawTerm::atom(am::LOGGER)
}

/// Reports that a process ended by an exception that nobody caught.
pub fn crash(p: &Process, value: &Detached) {
    error(p, "Error in process ~p with exit value:~n~p~n", |b| {
        b.list(&[Term::immediate(p.pid()).unwrap_or(Term::NIL), value.with(|t| b.copy(t))])
    });
}

/// Reports that no process can be made.
pub(crate) fn too_many_processes(p: &Process) {
    error(p, "~s~n", |b| b.list(&[b.string("Too many processes\n")]));
}

/// Reports that a process has outgrown its `max_heap_size`.
pub(crate) fn max_heap(p: &Process, max: super::limits::MaxHeap, words: usize) {
    const FORMAT: &str = concat!(
        "     Process:            ~p ~n     Context:            maximum heap size reached~n",
        "     Max Heap Size:      ~p~n     Total Heap Size:    ~p~n",
        "     Kill:               ~p~n     Error Logger:       ~p~n",
        "     Message Queue Len:  ~p~n     GC Info:            ~p~n",
    );
    const TRACED: &str = "     Stacktrace:         ~p~n";
    let traced = Profile::get().release >= 27;
    let format = if traced { format!("{FORMAT}{TRACED}") } else { FORMAT.to_owned() };
    error(p, &format, |b| {
        let mut args = vec![
            Term::immediate(p.pid()).unwrap_or(Term::NIL),
            b.uint(max.size as u64),
            b.uint(words as u64),
            Term::bool(max.kill),
            Term::TRUE,
            b.uint(p.owner().mailbox.len() as u64),
            super::info::garbage_collection_info(b, p.owner()),
        ];
        if traced {
            args.push(super::backtrace::current_stacktrace(b, p));
        }
        b.list(&args)
    });
}

/// Sends an error report about `p`.
pub fn error(p: &Process, format: &str, args: impl for<'s> Fn(&Builder<'s>) -> Term<'s>) {
    send(p, am::ERROR, am::ERROR, format, args);
}

/// Sends a warning about `p`.
pub fn warning(p: &Process, format: &str, args: impl for<'s> Fn(&Builder<'s>) -> Term<'s>) {
    send(p, am::WARNING, am::WARNING_MSG, format, args);
}

fn send(p: &Process, level: Atom, tag: Atom, format: &str, args: impl for<'s> Fn(&Builder<'s>) -> Term<'s>) {
    let mut logger = logger();
    if logger == RawTerm::atom(am::UNDEFINED) {
        return;
    }
    if !logger.is_local_pid() {
        let Some(named) = registry::whereis(am::LOGGER).filter(|l| l.is_local_pid()) else {
            Detached::build(&args).with(|a| to_stderr(format, a));
            return;
        };
        logger = named;
    }
    let m = Message::build(|b| {
        let compatible = [(Term::atom(am::EMULATOR), Term::TRUE), (Term::atom(am::TAG), tag.into())];
        let metadata = [
            (Term::atom(am::ERROR_LOGGER), map::from_pairs(b, &compatible)),
            (Term::atom(am::GL), b.copy(Term::from_raw(p.owner().group_leader.get()))),
            (Term::atom(am::PID), Term::immediate(p.pid()).unwrap_or(Term::NIL)),
            (Term::atom(am::TIME), b.int(crate::timer::clock::system_ns() / 1000)),
        ];
        b.tuple(&[am::LOG.into(), level.into(), b.string(format), args(b), map::from_pairs(b, &metadata)])
    });
    signal::to_pid(logger, m);
}

/// The directives that the VM's own formats use: `~p`, `~n`.
fn to_stderr(format: &str, args: Term<'_>) {
    let mut out = String::new();
    let mut args = args.list_iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '~' { chars.next() } else { None }) {
            ('~', Some('n')) => out.push('\n'),
            ('~', Some(_)) => out.extend(args.next().map(|a| format!("{a:?}"))),
            (c, _) => out.push(c),
        }
    }
    crate::sys::console::print(&out);
}

/// Whether a report is due for an exit with this value: every exception but `exit`.
pub(crate) fn is_crash(p: &Process) -> bool {
    p.owner().flags.exception_class.get() != super::Class::Exit
}

/// The exit reason of an uncaught exception, detached from the process's heap.
pub(crate) fn reason(p: &Process) -> Detached {
    let value: RawTerm = p.owner().exception.value.get();
    crate::term::copy::detach(Term::from_raw(value))
}
