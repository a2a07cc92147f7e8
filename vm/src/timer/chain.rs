//! Timers that start another one from inside of their end, for tests of the wheel.

use std::sync::Arc;

use super::control::{Control, FIRED};
use super::{Due, TICK_NS, clock, tick_from};
use crate::atom::Atom;
use crate::heap::message::Message;
use crate::sched;
use crate::signal;
use crate::term::{RawTerm, Term};

/// The last of a chain sends a message.
pub(crate) struct Link {
    pub(super) control: Control,
    /// So many come behind it, each due at once.
    behind: u32,
    pid: RawTerm,
    message: Atom,
}

/// Starts a chain: `message` goes to `pid` when `behind` timers have been due at once, one after the other, the first of
/// them in `ms`.
pub fn start(pid: RawTerm, ms: u64, behind: u32, message: Atom) {
    let link = Arc::new(Link { control: Control::new(), behind, pid, message });
    let ns = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(TICK_NS);
    sched::start_timer(tick_from(clock::monotonic_ns().saturating_add(ns)), Due::Chain(link));
}

pub(super) fn fire(t: &Link) {
    if t.control.end(FIRED) {
        match t.behind.checked_sub(1) {
            Some(behind) => start(t.pid, 0, behind, t.message),
            None => signal::to_pid(t.pid, Message::build(|_| Term::atom(t.message))),
        }
    }
}
