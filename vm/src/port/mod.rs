//! Ports: schedulable objects that stand between processes and the outside.
//!
//! A port has an inbox and a state word as a process has, and runs on one thread at a time: on the scheduler that pops
//! it from a run queue, or, when nothing waits for it, inline on the thread of a process that wants something of it
//! ([`sync`]). What it owns is [`Core`]; a [`Driver`] does the work. Invariants: who holds the state word's RUNNING bit
//! uses the core; other threads only push signals; signals of one process are handled in the order they were sent; a
//! port that is closed is out of everybody's reach, even if it still has output to write.

mod busy;
mod close;
mod driver;
mod few;
mod info;
mod line;
mod message;
mod open;
mod output;
pub mod poll;
mod request;
mod table;
mod turn;

pub use busy::{Busy, Limits};
pub use driver::{Driver, DriverPort};
pub use info::{Item, traffic};
pub use message::{command, message};
pub use open::{Settings, open, room};
pub use output::Output;
pub use request::{Op, Reply, Request};
pub use table::{MAX_LIMIT, MIN_LIMIT, Table, with};
pub use turn::{Outcome, flush_all, send, signal, sync};
pub(crate) use turn::{deliver, ready, turn};

use std::collections::VecDeque;
use std::sync::Arc;

use few::Few;
use line::LineBuffer;

use crate::atom::Atom;
use crate::heap::Detached;
use crate::heap::message::Message;
use crate::process::State;
use crate::process::relations::{Link, RefNumbers};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::inbox::Inbox;
use crate::sync::{Mutex, lock};
use crate::term::RawTerm;
use crate::trace::Flags;

/// A port.
pub struct Port {
    id: RawTerm,
    state: State,
    inbox: Inbox<Message>,
    /// Registered name: 1 + index of the atom, 0 = none. Written under the registry's lock.
    name: AtomicU32,
    /// What of it is traced, in any session.
    trace: AtomicU32,
    /// Closed: it may have output to write, but nobody finds it any more.
    closed: AtomicBool,
    /// What descriptors it watches have become: bits of [`poll::Readiness`] that its driver has not heard of.
    ready: AtomicU32,
    busy: Arc<Busy>,
    /// Its driver takes output by force when the port is busy.
    soft_busy: AtomicBool,
    /// `port_set_data`; nothing once the port is gone.
    data: Mutex<Option<Detached>>,
    core: Mutex<Core>,
}

/// What only the thread that runs the port touches.
struct Core {
    io: DriverPort,
    /// Missing while the port is being opened and when it is gone.
    driver: Option<Box<dyn Driver>>,
    links: Few<u64, Link>,
    watchers: Few<RefNumbers, RawTerm>,
    /// Signals taken out of the inbox that are still to be handled.
    left: VecDeque<Message>,
    /// Closed; whether its owner gets a `closed` message when it is gone.
    closing: Option<bool>,
    /// The driver has stopped.
    gone: bool,
    /// The last that a `system_profile` heard of it is that it is active.
    told_active: bool,
}

impl Port {
    /// Its identifier.
    pub fn id(&self) -> RawTerm {
        self.id
    }
    /// What of it is traced, in any session.
    #[inline(always)]
    pub(crate) fn trace_flags(&self) -> Flags {
        Flags(self.trace.load(Ordering::Relaxed))
    }
    /// Whether processes cannot reach it any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
    /// Registered name.
    pub fn name(&self) -> Option<Atom> {
        let n = self.name.load(Ordering::Relaxed);
        (n != 0).then(|| Atom::from_index(n - 1))
    }
    pub(crate) fn set_name(&self, name: Option<Atom>) {
        self.name.store(name.map_or(0, |a| a.index() + 1), Ordering::Relaxed);
    }
    /// Whether it refuses output for the moment.
    pub fn busy(&self) -> &Busy {
        &self.busy
    }
    /// Whether its driver takes output by force when it is busy.
    pub fn soft_busy(&self) -> bool {
        self.soft_busy.load(Ordering::Relaxed)
    }
    /// Sets what `port_get_data` gives; `false` if the port is gone.
    pub fn set_data(&self, d: Detached) -> bool {
        lock(&self.data).as_mut().map(|old| *old = d).is_some()
    }
    /// Shows what `port_set_data` has set.
    pub fn data<R>(&self, f: impl FnOnce(&Detached) -> R) -> Option<R> {
        lock(&self.data).as_ref().map(f)
    }
}

/// Sets what of a port is traced; `false` if it is gone.
pub(crate) fn set_trace_flags(id: RawTerm, f: Flags) -> bool {
    let stored = with(id, |p| {
        p.trace.store(f.0, Ordering::SeqCst);
        !p.is_closed()
    });
    stored == Some(true)
}
