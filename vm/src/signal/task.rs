//! System tasks: work that a process does for another one, or for the VM, between its slices.
//!
//! Invariant: every request of a process is answered with one message `{RequestType, RequestId, Result}`, whatever becomes of the
//! process that was asked.

use std::cell::Cell;
use std::collections::VecDeque;

use super::{ReplyTo, Signal};
use crate::atom::{Atom, am};
use crate::ctx::Ctx;
use crate::heap::message::Message;
use crate::heap::{Detached, gc};
use crate::process::Process;
use crate::process::info::LongAnswer;
use crate::process::relations::Reference;
use crate::signal::purge::Token;
use crate::term::{RawTerm, Term};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// A collection; `true` for a full sweep.
    Collect(bool),
    /// Whether the process runs old code of a module.
    CheckCode(Atom),
    /// Nothing but an answer.
    Test,
    /// Nothing but an answer, after the rounds of literals that came before.
    Literals,
}

/// A request.
pub struct SystemTask {
    /// Who asked.
    pub requester: RawTerm,
    /// First element of the answer.
    pub kind: Atom,
    /// Second element of the answer.
    pub id: Detached,
    /// What to do.
    pub work: Work,
}

/// Work that waits for the end of a process's slice.
pub(crate) enum Task {
    /// Somebody waits for the answer.
    System(SystemTask),
    /// Literals are about to be freed.
    Purge(Token),
    /// `process_info` has much to tell.
    Info(LongAnswer),
}

/// What waits for the end of a process's slice, oldest first; one word while there is nothing.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "one word while it is absent, as nearly always")]
pub(crate) struct Tasks(Cell<Option<Box<VecDeque<Task>>>>);

impl Tasks {
    /// Adds a task.
    pub(crate) fn push(&self, t: Task) {
        let mut all = self.0.take().unwrap_or_default();
        all.push_back(t);
        self.0.set(Some(all));
    }
    /// Takes the oldest.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Task> {
        let mut all = self.0.take()?;
        let first = all.pop_front();
        self.0.set(Some(all).filter(|all| !all.is_empty()));
        first
    }
    /// Keeps the tasks for which `f` says so.
    pub(crate) fn retain(&self, f: impl FnMut(&Task) -> bool) {
        if let Some(mut all) = self.0.take() {
            all.retain(f);
            self.0.set(Some(all).filter(|all| !all.is_empty()));
        }
    }
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        let all = self.0.take();
        let empty = all.is_none();
        self.0.set(all);
        empty
    }
}

impl Task {
    /// The process is gone.
    pub(crate) fn answer_dead(self) {
        match self {
            Task::System(t) => t.answer_dead(),
            Task::Purge(_) => {}
            Task::Info(t) => t.answer_dead(),
        }
    }
    /// Does it if it only looks at the process, which runs a dirty native; `true` if that was so.
    pub(crate) fn run_meanwhile(&self, p: &Process) -> bool {
        match self {
            Task::System(t) => t.run_meanwhile(p),
            Task::Purge(_) => false,
            Task::Info(t) => {
                t.run(p);
                true
            }
        }
    }
    /// Whether it is work for a dirty scheduler.
    pub(crate) fn takes_long(&self, p: &Process) -> bool {
        matches!(self, Task::Info(_)) || gc::is_large(p.owner())
    }
    /// Does it, on the thread that runs `p`.
    pub(crate) fn run(self, p: &Process) {
        match self {
            Task::System(t) => t.run(p),
            Task::Purge(t) => t.run(p),
            Task::Info(t) => t.run(p),
        }
    }
}

impl SystemTask {
    fn answer(&self, result: Atom) {
        let m =
            Message::build(|b| b.tuple(&[Term::atom(self.kind), self.id.with(|id| b.copy(id)), Term::atom(result)]));
        super::to_pid(self.requester, m);
    }
    /// The process is gone.
    pub(crate) fn answer_dead(self) {
        let result = if self.work == Work::Literals { am::OK } else { am::FALSE };
        self.answer(result);
    }
    /// Does it, on the thread that runs `p`.
    fn run(self, p: &Process) {
        let result = match self.work {
            Work::Collect(major) => {
                collect(p, major);
                am::TRUE
            }
            Work::CheckCode(module) => check_code(p, module),
            Work::Test => am::TRUE,
            Work::Literals => am::OK,
        };
        self.answer(result);
    }
    fn run_meanwhile(&self, p: &Process) -> bool {
        match self.work {
            Work::CheckCode(module) => self.answer(check_code(p, module)),
            Work::Collect(_) | Work::Test | Work::Literals => return false,
        }
        true
    }
}

fn check_code(p: &Process, module: Atom) -> Atom {
    if crate::code::purge::uses_old_code(p, module) { am::TRUE } else { am::FALSE }
}

/// Collects a process that is not executing.
fn collect(p: &Process, major: bool) {
    let owner = p.owner();
    if major {
        owner.heap.need_fullsweep.set(true);
    }
    p.state().set_collecting(true);
    let done = gc::collect_process(p, &mut [], 0);
    p.state().set_collecting(false);
    crate::process::limits::collected(p, &done);
}

/// A process asks this of itself: done before it runs again.
pub fn queue_for_self(ctx: &Ctx<'_>, t: SystemTask) {
    ctx.owner().tasks.push(Task::System(t));
    ctx.owner().fcalls.set(0);
}

/// `process_flag(Pid, save_calls, N)` for another process: a reference under which the old value comes.
pub fn set_save_calls<'s>(ctx: &Ctx<'s>, pid: Term<'s>, n: u32) -> Term<'s> {
    let reference = Reference::fresh();
    let to = ReplyTo { pid: ctx.self_pid().raw(), reference };
    super::signal(pid.raw(), Signal::SaveCalls { to, n });
    reference.term(ctx)
}
