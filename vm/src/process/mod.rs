//! Processes: the shell that everybody may see, and the owner's part that only the running thread touches.

pub(crate) mod backtrace;
pub mod census;
pub mod debug;
mod dictionary;
pub mod dump;
pub mod exit;
pub mod glance;
pub mod info;
pub(crate) mod label;
pub mod limits;
pub mod mailbox;
mod on_demand;
mod owner;
pub mod registry;
pub mod relations;
pub mod report;
mod saved;
pub mod saved_calls;
pub mod snapshot;
pub mod spawn;
pub mod state;
pub mod table;
pub mod unique;

pub use backtrace::current_stacktrace;
pub use dictionary::Dictionary;
pub use on_demand::{Empty, OnDemand};
pub(crate) use owner::TrapTo;
pub use owner::{Class, Exception, Flags, Owner};
pub use saved::SavedX;
pub use state::{Priority, State};
pub use table::Table;

use std::cell::UnsafeCell;

use crate::atom::Atom;
use crate::heap::message::Message;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::inbox::{Inbox, Taken};
use crate::term::{RawTerm, Term};
use crate::timer::Timers;
use crate::trace::Flags as TraceFlags;

/// A process.
pub struct Process {
    pid: RawTerm,
    state: State,
    inbox: Inbox<Message>,
    /// Registered name: 1 + index of the atom, 0 = none. Written under the registry's lock.
    name: AtomicU32,
    /// Timers whose message goes to this process by pid.
    timers: Mutex<Timers>,
    owner: UnsafeCell<Owner>,
}

// SAFETY: the shell's fields are immutable or atomic; `owner` is touched only by the thread that runs the process
// (the state word's RUNNING bit is its lock).
unsafe impl Sync for Process {}
// SAFETY: as above; a process runs on one thread at a time and is handed over through the run queue.
unsafe impl Send for Process {}

impl Process {
    /// A process in the state of one that was just spawned.
    pub(crate) fn new(pid: RawTerm, state: State, owner: Owner) -> Process {
        Process {
            pid,
            state,
            inbox: Inbox::default(),
            name: AtomicU32::new(0),
            timers: Mutex::default(),
            owner: UnsafeCell::new(owner),
        }
    }
    /// A process that no scheduler knows, for tests.
    pub fn for_test(pid: RawTerm) -> Process {
        Process::new(pid, State::new(Priority::Normal, false), Owner::for_test())
    }
    /// Its pid.
    #[inline(always)]
    pub fn pid(&self) -> RawTerm {
        self.pid
    }
    /// Before it is published: another pid.
    pub(crate) fn set_pid(&mut self, pid: RawTerm) {
        self.pid = pid;
    }
    /// The state word.
    #[inline(always)]
    pub fn state(&self) -> &State {
        &self.state
    }
    /// Registered name.
    pub fn name(&self) -> Option<Atom> {
        let n = self.name.load(Ordering::Relaxed);
        (n != 0).then(|| Atom::from_index(n - 1))
    }
    pub(crate) fn set_name(&self, name: Option<Atom>) {
        self.name.store(name.map_or(0, |a| a.index() + 1), Ordering::Relaxed);
    }
    pub(crate) fn timers(&self) -> &Mutex<Timers> {
        &self.timers
    }
    /// What of it is traced, in any session.
    #[inline(always)]
    pub(crate) fn trace_flags(&self) -> TraceFlags {
        // SAFETY: this field alone is looked at, and it is atomic; the process is alive, so its part is initialised.
        TraceFlags(unsafe { &(*self.owner.get()).trace }.load(Ordering::Relaxed))
    }
    /// Sets what is traced; the bits that are the process's own stay. Under the lock of the table of tracees.
    pub(crate) fn set_trace_flags(&self, f: TraceFlags) {
        // SAFETY: as `trace_flags`.
        let word = unsafe { &(*self.owner.get()).trace };
        let own = TraceFlags::OWN;
        // SeqCst pairs with the exit's look at the word.
        let _ = word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |w| {
            Some(TraceFlags(w).without(own.complement()).and(f).0)
        });
    }
    /// Sets or clears bits that are the process's own; the thread that runs it calls this.
    pub(crate) fn note_trace(&self, own: TraceFlags, on: bool) {
        // SAFETY: as `trace_flags`.
        let word = unsafe { &(*self.owner.get()).trace };
        if on {
            word.fetch_or(own.0, Ordering::Relaxed);
        } else {
            word.fetch_and(!own.0, Ordering::Relaxed);
        }
    }
    /// The owner's part. Only the thread that holds the state word's RUNNING bit calls this.
    #[inline(always)]
    pub(crate) fn owner(&self) -> &Owner {
        // SAFETY: callers run the process; all fields of Owner are cells, no `&mut Owner` is ever made.
        unsafe { &*self.owner.get() }
    }
    /// Whether nothing waits in the inbox.
    #[inline(always)]
    pub(crate) fn inbox_is_empty(&self) -> bool {
        self.inbox.is_empty()
    }
    /// See [`crate::signal::deliver`], which also wakes the process.
    pub(crate) fn push(&self, m: Message) -> Result<bool, Message> {
        self.inbox.push(m)
    }
    /// Everything in the inbox. Only the owner calls this.
    pub(crate) fn take_inbox(&self) -> Taken<Message> {
        self.state.inbox_taken();
        self.inbox.take()
    }
    /// Shows the terms of the messages that wait in the inbox. Only for a thread that keeps the owner from running.
    pub(crate) fn each_unfetched(&self, f: &mut dyn FnMut(Term<'_>)) {
        self.inbox.each(|m| m.with_term(&mut *f));
    }
    /// Closes the inbox: the process is exiting.
    pub(crate) fn close_inbox(&self) -> Taken<Message> {
        self.state.inbox_taken();
        self.inbox.close()
    }
}

#[cfg(test)]
mod tests {
    use super::Process;

    /// A million processes at rest take this a million times; allocators hand out blocks of 512 bytes, then of 640.
    #[test]
    fn the_shell_stays_small() {
        let size = size_of::<Process>();
        assert!(size <= 512, "{size} bytes");
    }
}
