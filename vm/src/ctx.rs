//! [`Ctx`]: everything a native may use, in one concrete type.
//!
//! Invariant: a context exists only while its process runs a native on this thread; during that time nothing collects.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::atom::Atom;
use crate::code::{Export, LoadedModule, Mfa};
use crate::heap::{Builder, Detached};
use crate::native::Raise;
use crate::process::relations::{RefNumbers, Resource};
use crate::process::{Class, Owner, Process, TrapTo};
use crate::sched::{Dirty, Scheduler};
use crate::term::{RawTerm, Term, copy};

/// The running native's view of the VM. Derefs to [`Builder`], so `ctx.cons(a, b)` makes terms.
pub struct Ctx<'s> {
    builder: Builder<'s>,
    process: &'s Process,
    scheduler: &'s Scheduler,
    _s: PhantomData<&'s ()>,
}

impl<'s> Deref for Ctx<'s> {
    type Target = Builder<'s>;
    #[inline(always)]
    fn deref(&self) -> &Builder<'s> {
        &self.builder
    }
}

impl<'s> Ctx<'s> {
    /// # Safety
    /// `process` runs on this thread under `scheduler`, its heap's `htop` and `stop` are saved, and it is not
    /// collected during `'s`.
    #[inline(always)]
    pub(crate) unsafe fn new(process: &'s Process, scheduler: &'s Scheduler) -> Ctx<'s> {
        // SAFETY: the caller's contract.
        Ctx { builder: unsafe { Builder::of(&process.owner().heap.arena) }, process, scheduler, _s: PhantomData }
    }
    /// Runs `f` as a native of a process that no scheduler knows: for tests of natives.
    #[doc(hidden)]
    pub fn for_test<R>(f: impl for<'t> FnOnce(&Ctx<'t>) -> R) -> R {
        let scheduler = Scheduler::new(0);
        let process = Process::for_test(crate::term::RawTerm::pid(1));
        // SAFETY: the process is this function's own, and nothing collects it before it is dropped.
        f(&unsafe { Ctx::new(&process, &scheduler) })
    }
    /// The running process.
    #[inline(always)]
    pub fn process(&self) -> &'s Process {
        self.process
    }
    /// The running process's own part.
    #[inline(always)]
    pub fn owner(&self) -> &'s Owner {
        self.process.owner()
    }
    /// The running process's group leader.
    pub fn group_leader(&self) -> Term<'s> {
        Term::from_raw(self.process.owner().group_leader.get())
    }
    /// Sets the running process's group leader.
    pub fn set_group_leader(&self, leader: Term<'s>) {
        self.process.owner().group_leader.set(leader.raw());
    }
    /// The scheduler that runs it.
    #[inline(always)]
    pub fn scheduler(&self) -> &'s Scheduler {
        self.scheduler
    }
    /// The pid of the first process.
    pub fn init_pid(&self) -> Term<'s> {
        Term::from_raw(crate::term::RawTerm::pid(0))
    }
    /// The running process's pid.
    pub fn self_pid(&self) -> Term<'s> {
        Term::from_raw(self.process.pid())
    }
    /// `error:reason`.
    #[cold]
    pub fn error(&self, reason: Term<'s>) -> Raise {
        self.process.owner().exception.value.set(reason.raw());
        Raise::Error
    }
    /// `exit:reason`.
    #[cold]
    pub fn exit(&self, reason: Term<'s>) -> Raise {
        self.process.owner().exception.value.set(reason.raw());
        Raise::Exit
    }
    /// `throw:value`.
    #[cold]
    pub fn throw(&self, value: Term<'s>) -> Raise {
        self.process.owner().exception.value.set(value.raw());
        Raise::Throw
    }
    /// `error:reason` of the function that called the native, with its arguments and an `error_info` map: `error/2,3`.
    #[cold]
    pub fn error_in_caller(&self, reason: Term<'s>, args: Term<'s>, info: Option<Term<'s>>) -> Raise {
        let exception = &self.process.owner().exception;
        exception.args.set(args.raw());
        exception.cause.set(info.map_or(RawTerm::NONE, Term::raw));
        self.error(reason)
    }
    /// `class:value` with this stack trace, as Erlang code sees one: `raise/3`.
    #[cold]
    pub fn raise(&self, class: Class, value: Term<'s>, trace: Term<'s>) -> Raise {
        let exception = &self.process.owner().exception;
        self.process.owner().flags.exception_class.set(class);
        exception.value.set(value.raw());
        exception.trace.set(trace.raw());
        Raise::Raise
    }
    /// `error:{tag, value}`, such as `{badmap, T}`.
    #[cold]
    pub fn error_tuple(&self, tag: Atom, value: Term<'s>) -> Raise {
        self.error(self.tuple(&[Term::atom(tag), value]))
    }
    /// `error:badarg` with a `cause` in its `error_info`.
    #[cold]
    pub fn badarg_because(&self, cause: Term<'s>) -> Raise {
        self.process.owner().exception.cause.set(cause.raw());
        Raise::Badarg
    }
    /// Goes on in Erlang code: `entry` with these arguments, as a tail call.
    pub fn trap(&self, entry: &'static Export, args: &[Term<'s>]) -> Raise {
        self.scheduler.set_x(args);
        self.scheduler.trap().set(Some(TrapTo::Export(entry)));
        Raise::Trap
    }
    /// Goes on in a module's `-on_load` function, as a tail call; `None` if it has none.
    pub fn trap_to_on_load(&self, m: &LoadedModule) -> Option<Raise> {
        let entry = m.address(m.on_load?);
        self.scheduler.trap().set(Some(TrapTo::Code(entry)));
        Some(Raise::Trap)
    }
    /// As [`Ctx::trap`], after other processes had their turn.
    pub fn yield_to(&self, entry: &'static Export, args: &[Term<'s>]) -> Raise {
        self.trap(entry, args);
        Raise::Yield
    }
    /// Before something is asked for whose answer the native's successor receives, at once and whatever happens: that
    /// receive does not look at the messages that are there already.
    pub fn answer_follows(&self) {
        self.process.owner().mailbox.skip_fetched();
    }
    /// Has `resource` told when the running process exits, until [`Ctx::disown`].
    pub fn own(&self, numbers: RefNumbers, resource: Arc<dyn Resource>) {
        self.owner().relations.borrow_mut().resources.insert(numbers, resource);
    }
    /// Ends [`Ctx::own`].
    pub fn disown(&self, numbers: RefNumbers) {
        self.owner().relations.borrow_mut().resources.remove(&numbers);
    }
    /// Has the process collected when this native has returned; with `major`, in a full sweep.
    pub fn request_collection(&self, major: bool) {
        let heap = &self.process.owner().heap;
        heap.force_collection.set(true);
        if major {
            heap.need_fullsweep.set(true);
        }
    }
    /// Goes to sleep without a stack; at the next message the process goes on in `module:function(args ...)`.
    pub fn hibernate(&self, module: Term<'s>, function: Term<'s>, args: Term<'s>) -> Raise {
        self.scheduler.set_x(&[module, function, args]);
        let o = self.process.owner();
        o.mailbox.reset();
        o.flags.hibernating.set(true);
        Raise::Hibernate
    }
    /// Runs `f`, which may take long or wait for the outside, as a dirty scheduler: the others' work goes on elsewhere.
    /// If all are busy it waits for a place. Signals to the process wait; see [`Ctx::dirty_open`].
    pub fn dirty<R>(&self, kind: Dirty, f: impl FnOnce() -> R) -> R {
        self.scheduler.dirty(self.process, kind, f)
    }
    /// A copy of `t` outside of any process; a large one is made as a dirty scheduler.
    pub fn detach(&self, t: Term<'s>) -> Detached {
        copy::detach_small(t).unwrap_or_else(|| self.dirty(Dirty::Cpu, || copy::detach(t)))
    }
    /// As [`Ctx::dirty`], for work that leaves the process and this context alone (so it is `Send`): signals to the
    /// process are handled meanwhile. If all dirty schedulers are busy the native returns this error, and is called
    /// again with the same arguments. `native` is the function that others see the process in.
    pub fn dirty_open<R>(&self, kind: Dirty, native: Mfa, f: impl FnOnce() -> R + Send) -> Result<R, Raise> {
        self.scheduler.dirty_open(self.process, kind, native, f).ok_or(Raise::Wait)
    }
    /// Charges reductions for work in proportion to `n`.
    #[inline]
    pub fn charge(&self, n: usize) {
        let f = &self.process.owner().fcalls;
        f.set(f.get().saturating_sub(i64::try_from(n).unwrap_or(i64::MAX / 2)));
    }
    /// Reductions left in this slice.
    #[inline]
    pub fn reductions_left(&self) -> i64 {
        self.process.owner().fcalls.get()
    }
}
