//! `save_calls`: the last calls of a process by name or of natives, what it sent and received, and timeouts.
//!
//! Calls cost nothing while no process saves them. While one does, all calls by name go through the trampolines of their
//! export entries (`code/export.rs`), and calls of natives look at the process; sends, receives and timeouts look at the
//! process's trace word anyway. Invariant: [`Flags::SAVES`] is in a process's word while it is in the table, which only
//! the thread that runs the process changes.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::sync::{LazyLock, Mutex};

use super::Process;
use crate::atom::am;
use crate::code::{Export, note_saver};
use crate::heap::Builder;
use crate::sync::lock;
use crate::term::Term;
use crate::trace::Flags;

/// Something that is saved.
#[derive(Clone, Copy)]
pub(crate) enum Saved {
    /// A call.
    Call(&'static Export),
    /// A message sent.
    Send,
    /// A message received.
    Receive,
    /// The end of a receive's time.
    Timeout,
}

/// What one process has saved.
struct SavedCalls {
    limit: usize,
    /// The oldest first, `limit` at most.
    last: VecDeque<Saved>,
}

/// Those of all processes, by pid.
static ALL: LazyLock<Mutex<HashMap<u64, SavedCalls>>> = LazyLock::new(Mutex::default);

/// Sets how much a process saves, and forgets what it has saved; what was set before. The thread that runs it calls this.
pub fn limit(p: &Process, n: u32) -> u32 {
    let before = p.trace_flags().any(Flags::SAVES);
    if !before && n == 0 {
        return 0;
    }
    let mut all = lock(&ALL);
    let new = SavedCalls { limit: n as usize, last: VecDeque::new() };
    let old = if n > 0 { all.insert(p.pid().bits(), new) } else { all.remove(&p.pid().bits()) };
    drop(all);
    if before != (n > 0) {
        p.note_trace(Flags::SAVES, n > 0);
        note_saver(n > 0);
    }
    old.map_or(0, |s| s.limit as u32)
}

/// The process is gone.
pub(super) fn forget(p: &Process) {
    limit(p, 0);
}

/// Saves a call, if the process saves any. The thread that runs it calls this.
#[inline(always)]
pub(crate) fn called(p: &Process, e: &'static Export) {
    if p.trace_flags().any(Flags::SAVES) {
        note(p, Saved::Call(e));
    }
}

/// As [`called`], for other things than calls.
#[cold]
#[inline(never)]
pub(crate) fn note(p: &Process, what: Saved) {
    if !p.trace_flags().any(Flags::SAVES) || p.owner().flags.sensitive.get() {
        return;
    }
    if let Some(saved) = lock(&ALL).get_mut(&p.pid().bits()) {
        if saved.last.len() == saved.limit {
            saved.last.pop_front();
        }
        saved.last.push_back(what);
    }
}

/// What a process has saved; nothing if it saves no calls.
fn of(p: &Process) -> Option<Vec<Saved>> {
    let saves = p.trace_flags().any(Flags::SAVES);
    saves.then(|| lock(&ALL).get(&p.pid().bits()).map(|s| s.last.iter().copied().collect()))?
}

/// `last_calls`.
pub(crate) fn shown<'s>(b: &Builder<'s>, p: &Process) -> Term<'s> {
    let one = |s: &Saved| match s {
        Saved::Call(e) => b.tuple(&[e.mfa.module.into(), e.mfa.function.into(), Term::small(i32::from(e.mfa.arity))]),
        Saved::Send => am::SEND.into(),
        Saved::Receive => am::RECEIVE.into(),
        Saved::Timeout => am::TIMEOUT.into(),
    };
    of(p).map_or(Term::FALSE, |all| b.list_from(all.iter().map(one)))
}

/// As a line of a crash dump, the newest first.
pub(super) fn text(p: &Process) -> Option<String> {
    let mut out = String::new();
    for one in of(p)?.iter().rev() {
        // Writing to a string cannot fail.
        let _ = match one {
            Saved::Call(e) => writeln!(out, " {}", e.mfa),
            Saved::Send => writeln!(out, " send"),
            Saved::Receive => writeln!(out, " 'receive'"),
            Saved::Timeout => writeln!(out, " timeout"),
        };
    }
    Some(out.trim_start().to_owned())
}
