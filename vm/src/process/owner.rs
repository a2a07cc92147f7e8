//! What belongs to the thread that runs a process: heap, machine state, exception in flight, dictionary, mailbox, links.
//!
//! Invariant: every term kept here is a root of the process's collector, see [`Owner::roots`]; terms for others are
//! kept detached.

use std::cell::{Cell, RefCell};

use super::dictionary::Dictionary;
use super::exit::Exit;
use super::mailbox::Mailbox;
use super::on_demand::OnDemand;
use super::relations::Relations;
use super::saved::SavedX;
use crate::atom::{Atom, am};
use crate::code::{Export, Mfa};
use crate::heap::ProcessHeap;
use crate::signal::task::Tasks;
use crate::sync::atomic::AtomicU32;
use crate::term::{RawTerm, Term};

/// Class of an exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// `error`.
    Error,
    /// `exit`.
    Exit,
    /// `throw`.
    Throw,
}

/// The exception being raised.
pub struct Exception {
    /// Reason or value.
    pub value: Cell<RawTerm>,
    /// Stack trace term or raw trace.
    pub trace: Cell<RawTerm>,
    /// `cause` for `error_info`, or none.
    pub cause: Cell<RawTerm>,
    /// Arguments that `erlang:error/2,3` names, or none.
    pub args: Cell<RawTerm>,
}

impl Exception {
    /// Drops all terms.
    pub(crate) fn forget(&self) {
        self.value.set(RawTerm::NIL);
        self.trace.set(RawTerm::NIL);
        self.cause.set(RawTerm::NONE);
        self.args.set(RawTerm::NONE);
    }
}

/// Options that a process may change about itself.
pub struct Flags {
    /// `trap_exit`.
    pub trap_exit: Cell<bool>,
    /// `sensitive`.
    pub sensitive: Cell<bool>,
    /// `async_dist`.
    pub async_dist: Cell<bool>,
    /// `error_handler`.
    pub error_handler: Cell<Atom>,
    /// `max_heap_size`: kill the process.
    pub max_heap_kill: Cell<bool>,
    /// `max_heap_size`: log an error.
    pub max_heap_log: Cell<bool>,
    /// `max_heap_size`: count shared binaries (27 and later).
    pub max_heap_binaries: Cell<bool>,
    /// Waits in `hibernate/3`: only a message wakes it.
    pub hibernating: Cell<bool>,
    /// Class of the exception in flight.
    pub exception_class: Cell<Class>,
}

/// Where a native that traps goes on.
#[derive(Clone, Copy)]
pub(crate) enum TrapTo {
    /// In the function of an export entry.
    Export(&'static Export),
    /// At a function's first instruction.
    Code(*const u64),
}

impl TrapTo {
    /// The first instruction.
    pub(crate) fn address(self) -> *const u64 {
        match self {
            TrapTo::Export(e) => e.untraced(),
            TrapTo::Code(at) => at,
        }
    }
}

/// See the module's head.
#[repr(C)]
pub struct Owner {
    /// Heap and stack.
    pub heap: ProcessHeap,
    /// Reductions left in this slice.
    pub fcalls: Cell<i64>,
    /// Where to go on.
    pub pc: Cell<*const u64>,
    /// X registers kept while the process does not run; as many as are live.
    pub saved_x: RefCell<SavedX>,
    /// Exception in flight.
    pub exception: Exception,
    /// Messages.
    pub mailbox: Mailbox,
    /// Process dictionary.
    pub dictionary: RefCell<OnDemand<Dictionary>>,
    /// Links, monitors, aliases.
    pub relations: RefCell<OnDemand<Relations>>,
    /// Group leader.
    pub group_leader: Cell<RawTerm>,
    /// Flags.
    pub flags: Flags,
    /// What it was spawned with.
    pub initial_call: Cell<Mfa>,
    /// What of it is traced, in any session; other threads write it.
    pub(super) trace: AtomicU32,
    /// Who spawned it; `undefined` for the first.
    pub parent: Cell<RawTerm>,
    /// Sequential trace token, or nil.
    pub seq_token: Cell<RawTerm>,
    /// Reductions of earlier slices.
    pub reductions: Cell<u64>,
    /// Work asked for by others, to be done between slices.
    pub(crate) tasks: Tasks,
    /// Set from the moment it exits.
    pub exit: Cell<Option<Box<Exit>>>,
}

impl Owner {
    /// With a heap of `min_heap_words`, or more if that is needed for `need` words at once.
    pub(crate) fn new(min_heap_words: usize, need: usize) -> Owner {
        Owner {
            heap: ProcessHeap::with_room(min_heap_words, need),
            fcalls: Cell::new(0),
            pc: Cell::new(std::ptr::null()),
            saved_x: RefCell::default(),
            exception: Exception {
                value: Cell::new(RawTerm::NIL),
                trace: Cell::new(RawTerm::NIL),
                cause: Cell::new(RawTerm::NONE),
                args: Cell::new(RawTerm::NONE),
            },
            mailbox: Mailbox::default(),
            dictionary: RefCell::default(),
            relations: RefCell::default(),
            group_leader: Cell::new(RawTerm::atom(am::UNDEFINED)),
            flags: Flags {
                trap_exit: Cell::new(false),
                sensitive: Cell::new(false),
                async_dist: Cell::new(false),
                error_handler: Cell::new(am::ERROR_HANDLER),
                max_heap_kill: Cell::new(true),
                max_heap_log: Cell::new(true),
                max_heap_binaries: Cell::new(false),
                hibernating: Cell::new(false),
                exception_class: Cell::new(Class::Error),
            },
            parent: Cell::new(RawTerm::atom(am::UNDEFINED)),
            initial_call: Cell::new(Mfa { module: am::ERLANG, function: am::APPLY, arity: 2 }),
            trace: AtomicU32::new(0),
            seq_token: Cell::new(RawTerm::NIL),
            reductions: Cell::new(0),
            tasks: Tasks::default(),
            exit: Cell::default(),
        }
    }
    /// An owner's part without a process, for tests of what works on heaps.
    pub fn for_test() -> Owner {
        Owner::new(0, 0)
    }
    /// To be called before the roots are first looked at: what registers may refer to becomes part of the heap.
    pub fn before_collection(&self) {
        self.mailbox.before_collection(&self.heap.arena);
    }
    /// Shows the terms that the process refers to, but for what only registers of a running one hold.
    pub(crate) fn each_term(&self, f: &mut dyn FnMut(Term<'_>)) {
        self.heap.each_on_stack(f);
        self.roots(&mut |words| self.heap.show(words, f));
        self.mailbox.queue.for_each(f);
    }
    /// Calls `f` with every group of words that hold terms, but for the X registers in use, the stack and the heap.
    pub fn roots(&self, f: &mut dyn FnMut(&mut [RawTerm])) {
        f(self.saved_x.borrow_mut().words());
        for c in [
            &self.exception.value,
            &self.exception.trace,
            &self.exception.cause,
            &self.exception.args,
            &self.group_leader,
            &self.parent,
            &self.seq_token,
        ] {
            let mut w = [c.get()];
            f(&mut w);
            c.set(w[0]);
        }
        if !self.dictionary.borrow().is_absent() {
            f(self.dictionary.borrow_mut().words());
        }
        self.mailbox.roots(f);
    }
}
