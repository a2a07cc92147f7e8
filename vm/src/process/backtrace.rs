//! Where a process stands: its current function and its stack, for `process_info`.
//!
//! Invariant: `owner.pc` and the saved stack pointer describe the process, as they do whenever a native runs or the
//! process does not.

use std::fmt::Write;

use super::Process;
use crate::atom::am;
use crate::code::{Location, Mfa};
use crate::heap::Builder;
use crate::interp::{entry, raise};
use crate::term::Term;

/// Most frames in a dump.
const DUMPED: usize = 1000;

/// The newest frame; a process that has not run yet stands at its initial call.
fn newest(p: &Process) -> Option<Location> {
    let owner = p.owner();
    if let Some(mfa) = crate::sched::native_of(p) {
        return Some(Location { mfa, line: None });
    }
    if owner.pc.get() == entry::apply() && owner.flags.hibernating.get() {
        return Some(Location { mfa: Mfa { module: am::ERLANG, function: am::HIBERNATE, arity: 3 }, line: None });
    }
    if owner.pc.get() == entry::apply() {
        return Some(Location { mfa: owner.initial_call.get(), line: None });
    }
    raise::current_frames(p, owner.pc.get(), 1).pop()
}

/// Where a process that does not run stands, the newest frame first.
pub(super) fn frames(p: &Process) -> Vec<Location> {
    raise::current_frames(p, p.owner().pc.get(), DUMPED)
}

fn elements<'s>(m: Mfa) -> [Term<'s>; 3] {
    [Term::atom(m.module), Term::atom(m.function), Term::small(i32::from(m.arity))]
}

/// The function that a process is in.
pub(crate) fn place(p: &Process) -> Option<Mfa> {
    newest(p).map(|at| at.mfa)
}

/// `{M, F, A}`, `undefined` if no frame is known.
pub(crate) fn current_function<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    newest(p).map_or(Term::atom(am::UNDEFINED), |at| b.tuple(&elements(at.mfa)))
}

/// `{M, F, A, [{file, File}, {line, Line}]}`.
pub(super) fn current_location<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    let Some(at) = newest(p) else { return Term::atom(am::UNDEFINED) };
    let [m, f, a] = elements(at.mfa);
    let line = at.line.map_or(Term::NIL, |(file, line)| {
        let file = b.tuple(&[Term::atom(am::FILE), b.string(&file)]);
        b.list(&[file, b.tuple(&[Term::atom(am::LINE), b.int(i64::from(line))])])
    });
    b.tuple(&[m, f, a, line])
}

/// The stack of a process, newest frame first, as deep as stack traces go.
pub fn current_stacktrace<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    raise::current_stacktrace(b, p, p.owner().pc.get())
}

/// `backtrace`: the program counter and the return addresses as text.
pub(super) fn dump<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    b.binary(text(p).as_bytes())
}

pub(super) fn text(p: &Process) -> String {
    let mut out = String::new();
    let mut frames = frames(p).into_iter();
    let pc = p.owner().pc.get().addr();
    // Writing to a string cannot fail.
    let _ = match frames.next() {
        Some(at) => writeln!(out, "Program counter: {pc:#018x} ({})", at.mfa),
        None => writeln!(out, "Program counter: {pc:#018x} (unknown function)"),
    };
    for at in frames {
        let _ = writeln!(out, "\nReturn address ({})", at.mfa);
    }
    out
}
