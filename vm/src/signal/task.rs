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
use crate::process::info::LongAnswer;
use crate::process::relations::Reference;
use crate::process::{Priority, Process};
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
    /// How urgent it is.
    pub priority: Priority,
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

/// What waits for the end of a process's slice; one word while there is nothing.
#[derive(Default)]
pub(crate) struct Tasks(Cell<Option<Box<Waiting>>>);

/// Tasks of one process, in queues by priority.
#[derive(Default)]
struct Waiting {
    queues: [VecDeque<Task>; Priority::ALL.len()],
    /// Tasks of priority `normal` since the last one of priority `low`.
    normal_in_turn: u8,
    /// Wait until the process may collect again.
    put_off: Vec<Task>,
}

/// So many tasks of priority `normal` are done before one of priority `low`.
const NORMAL_BEFORE_LOW: u8 = 8;

impl Waiting {
    fn is_empty(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }
    /// Takes the oldest of the most urgent ones; now and then one of priority `low` comes before those of `normal`.
    fn pop(&mut self) -> Option<Task> {
        let [low, normal, urgent @ ..] = &mut self.queues;
        if let Some(t) = urgent.iter_mut().rev().find_map(VecDeque::pop_front) {
            return Some(t);
        }
        if (self.normal_in_turn < NORMAL_BEFORE_LOW || low.is_empty())
            && let Some(t) = normal.pop_front()
        {
            self.normal_in_turn = (self.normal_in_turn + 1).min(NORMAL_BEFORE_LOW);
            return Some(t);
        }
        self.normal_in_turn = 0;
        low.pop_front()
    }
}

impl Tasks {
    /// Lets `f` work on the tasks, if there are any; their memory goes with the last.
    #[inline]
    fn change<R>(&self, f: impl FnOnce(&mut Waiting) -> R) -> Option<R> {
        let mut all = self.0.take()?;
        let answer = f(&mut all);
        self.0.set(Some(all).filter(|all| !(all.is_empty() && all.put_off.is_empty())));
        Some(answer)
    }
    /// Adds a task.
    pub(crate) fn push(&self, t: Task) {
        let mut all = self.0.take().unwrap_or_default();
        all.queues[t.priority() as usize].push_back(t);
        self.0.set(Some(all));
    }
    /// Takes the next one.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Task> {
        self.change(Waiting::pop)?
    }
    /// Keeps the tasks for which `f` says so.
    pub(crate) fn retain(&self, mut f: impl FnMut(&Task) -> bool) {
        self.change(|all| all.queues.iter_mut().for_each(|q| q.retain(&mut f)));
    }
    /// Whether nothing is to be done now.
    pub(crate) fn is_empty(&self) -> bool {
        self.change(|all| all.is_empty()).unwrap_or(true)
    }
    /// The task waits until [`Tasks::resume`].
    fn put_off(&self, t: Task) {
        let mut all = self.0.take().unwrap_or_default();
        all.put_off.push(t);
        self.0.set(Some(all));
    }
    /// What was put off comes before all others of its priority.
    pub(crate) fn resume(&self) {
        self.change(|all| {
            for t in all.put_off.drain(..).rev() {
                all.queues[t.priority() as usize].push_front(t);
            }
        });
    }
}

impl Task {
    /// How urgent it is. What is told when literals are gone has to come after the rounds that free them.
    fn priority(&self) -> Priority {
        match self {
            Task::System(t) if t.work != Work::Literals => t.priority,
            Task::System(_) | Task::Purge(_) | Task::Info(_) => Priority::Normal,
        }
    }
    /// Whether it collects.
    fn collects(&self) -> bool {
        match self {
            Task::System(t) => matches!(t.work, Work::Collect(_) | Work::Literals),
            Task::Purge(_) => true,
            Task::Info(_) => false,
        }
    }
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
        if self.collects() && !p.owner().heap.may_collect() {
            return p.owner().tasks.put_off(self);
        }
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

/// Whether the running process may collect from now on; whether it might before. What others asked for meanwhile is done
/// before it runs again.
pub fn allow_collections(ctx: &Ctx<'_>, on: bool) -> bool {
    let owner = ctx.owner();
    let before = owner.heap.allow_collections(on);
    if on {
        owner.tasks.resume();
        if !owner.tasks.is_empty() {
            owner.fcalls.set(0);
        }
    }
    before
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_ones_come_in_between() {
        let tasks = Tasks::default();
        let push = |priority, ids: std::ops::Range<i64>| {
            for id in ids {
                let (requester, id) = (RawTerm::pid(1), Detached::immediate(RawTerm::small(id)));
                tasks.push(Task::System(SystemTask { requester, kind: am::OK, id, work: Work::Test, priority }));
            }
        };
        push(Priority::Low, 100..104);
        push(Priority::Normal, 0..20);
        push(Priority::High, 200..202);
        push(Priority::Max, 300..301);
        let next = || match tasks.pop()? {
            Task::System(t) => t.id.as_immediate().and_then(|t| t.as_small()),
            _ => None,
        };
        let order: Vec<_> = std::iter::from_fn(next).collect();
        let expected = [300..301, 200..202, 0..8, 100..101, 8..16, 101..102, 16..20, 102..104];
        assert_eq!(order, expected.into_iter().flatten().collect::<Vec<_>>());
        assert!(tasks.is_empty() && tasks.0.take().is_none());
    }

    #[test]
    fn what_was_put_off_comes_first() {
        let tasks = Tasks::default();
        let task = |n| {
            let id = Detached::immediate(RawTerm::small(n));
            let (requester, kind) = (RawTerm::pid(1), am::OK);
            Task::System(SystemTask { requester, kind, id, work: Work::Test, priority: Priority::Normal })
        };
        (1..=2).for_each(|n| tasks.put_off(task(n)));
        tasks.push(task(3));
        let next = || match tasks.pop()? {
            Task::System(t) => t.id.as_immediate().and_then(|t| t.as_small()),
            _ => None,
        };
        assert_eq!((next(), tasks.is_empty()), (Some(3), true));
        assert!(next().is_none());
        tasks.push(task(4));
        tasks.resume();
        assert_eq!(std::iter::from_fn(next).collect::<Vec<_>>(), [1, 2, 4]);
    }
}
