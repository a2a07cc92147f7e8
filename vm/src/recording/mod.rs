//! Recording: what schedulers, processes and the collector do when, written to a file while the program runs.
//!
//! Each thread has a ring of events ([`ring`]); one thread drains them into the file ([`writer`], [`format`]). What
//! happens tells of itself through the functions of [`track`] and this file. Invariants: nobody waits for the
//! recording, what does not fit is lost and counted; while nothing is recorded an event costs the look at one static word
//! ([`is_on`]).

pub mod format;
mod ring;
pub mod short;
mod stacks;
mod track;
mod writer;

pub(crate) use stacks::{cut, instead_of, resume};
pub(crate) use track::*;
pub(crate) use writer::begin;
pub use writer::{Options, Outcome, at_start, is_active, start, stop};

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::code::Mfa;
use crate::process::Process;
use crate::term::{RawTerm, Term};
use crate::trace::breakpoint;

/// Kinds of things to record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct What(u32);

impl What {
    /// Turns of processes, who wakes whom, births, stolen work, sleep, dirty work.
    pub const SCHEDULING: What = What(1);
    /// Collections.
    pub const GC: What = What(1 << 1);
    /// Messages sent, and fetched by their receivers.
    pub const MESSAGES: What = What(1 << 2);
    /// Turns of ports, and descriptors that were ready.
    pub const IO: What = What(1 << 3);
    /// Timers that fired.
    pub const TIMERS: What = What(1 << 4);
    /// Modules that were loaded.
    pub const CODE: What = What(1 << 5);
    /// Waiting for locks.
    pub const LOCKS: What = What(1 << 6);
    /// Stacks, after so many reductions.
    pub const STACKS: What = What(1 << 7);
    /// Stacks, after so much time.
    pub const TIME: What = What(1 << 8);
    /// Nothing.
    pub const NONE: What = What(0);

    /// All, with their names.
    pub const ALL: [(&'static str, What); WHAT_BITS as usize] = [
        ("sched", What::SCHEDULING),
        ("gc", What::GC),
        ("messages", What::MESSAGES),
        ("io", What::IO),
        ("timers", What::TIMERS),
        ("code", What::CODE),
        ("locks", What::LOCKS),
        ("stacks", What::STACKS),
        ("time", What::TIME),
    ];
    /// Both.
    #[must_use]
    pub const fn and(self, other: What) -> What {
        What(self.0 | other.0)
    }
    /// Those that are not in `other`.
    #[must_use]
    pub const fn without(self, other: What) -> What {
        What(self.0 & !other.0)
    }
    /// Whether one of `other` is among them.
    pub const fn any(self, other: What) -> bool {
        self.0 & other.0 != 0
    }
    /// The names of those that are among them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(_, w)| self.any(*w)).map(|(name, _)| name)
    }
}

/// What is recorded, and above it the number of the recording that is under way, or was the last.
static ON: AtomicU32 = AtomicU32::new(0);
/// Bits of what is recorded.
const WHAT_BITS: u32 = 9;

#[inline(always)]
fn on() -> u32 {
    // Relaxed: what is under way when a recording begins or ends may be missing.
    ON.load(Ordering::Relaxed)
}

/// Whether this is recorded.
#[inline(always)]
pub(crate) fn is_on(what: What) -> bool {
    on() & what.0 != 0
}

/// Records this from now on, in a recording of its own.
fn record(what: What) {
    set(generation() + 1, what);
}

/// Records no more.
fn rest() {
    set(generation(), What::NONE);
}

fn set(generation: u32, what: What) {
    // Numbers begin anew after eight million recordings. Release: who sees it sees what was done before.
    ON.store(generation << WHAT_BITS | what.0, Ordering::Release);
    breakpoint::watch_natives(breakpoint::TIMED, what.any(What::TIME));
}

/// The recording that is under way, or was the last: what rings and processes were told belongs to one.
fn generation() -> u32 {
    on() >> WHAT_BITS
}

/// What does not fit into an event, and is rare.
enum Note {
    Event([u64; format::WORDS]),
    Label(RawTerm, String),
    Place(u64, String),
    Stack { pid: RawTerm, at: u64, weight: u64, frames: Vec<(Mfa, u32)> },
}

/// Notes on their way to the writer. The lock is the standard library's own: ours tells of waiting.
static NOTES: Mutex<Vec<Note>> = Mutex::new(Vec::new());

fn note(n: Note) {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner).push(n);
}

fn take_notes() -> Vec<Note> {
    std::mem::take(&mut *NOTES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A pair of a process's dictionary was set: two of them say what the process is.
#[inline]
pub fn dictionary_put(p: &Process, key: Term<'_>, value: Term<'_>) {
    if is_on(What::SCHEDULING) {
        track::dictionary_pair(p, key, value);
    }
}
