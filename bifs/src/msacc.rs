//! Microstate accounting for programs: `system_flag(microstate_accounting, _)`, `statistics(microstate_accounting)`.
//!
//! Invariant: one map for each thread that has an account; threads that this VM does not have are left out.

use girder_vm::sched::{self, Dirty, MicroState, MicroThread, MicroTimes};
use girder_vm::term::map;
use girder_vm::{Atom, Ctx, Raise, Term, am};

fn atom<'s>(name: &str) -> Result<Term<'s>, Raise> {
    Atom::new(name).map(Term::atom).map_err(|_| Raise::SystemLimit)
}

/// `true`, `false` or `reset`; whether accounting was on.
pub(crate) fn set<'s>(to: Term<'s>) -> Result<Term<'s>, Raise> {
    let was = match to.as_bool() {
        Some(on) => sched::switch_msacc(on),
        None if to.as_atom().is_some_and(|a| a.name() == "reset") => sched::reset_msacc(),
        None => return Err(Raise::Badarg),
    };
    Ok(Term::bool(was))
}

/// `[#{type => Type, id => Id, counters => #{State => Time}}]`.
pub(crate) fn times<'s>(ctx: &Ctx<'s>) -> Result<Term<'s>, Raise> {
    let all: Result<Vec<_>, Raise> = sched::msacc_times().iter().map(|t| thread(ctx, t)).collect();
    Ok(ctx.list(&all?))
}

fn thread<'s>(ctx: &Ctx<'s>, t: &MicroTimes) -> Result<Term<'s>, Raise> {
    let states = MicroState::ALL.iter().zip(t.times);
    let counters: Result<Vec<_>, Raise> = states.map(|((_, name), ns)| Ok((atom(name)?, ctx.uint(ns)))).collect();
    let kind = atom(match t.kind {
        MicroThread::Scheduler => "scheduler",
        MicroThread::Dirty(Dirty::Cpu) => "dirty_cpu_scheduler",
        MicroThread::Dirty(Dirty::Io) => "dirty_io_scheduler",
        MicroThread::Poll => "poll",
    })?;
    let counters = map::from_pairs(ctx, &counters?);
    let pairs = [(atom("counters")?, counters), (atom("id")?, ctx.uint(t.id as u64)), (Term::atom(am::TYPE), kind)];
    Ok(map::from_pairs(ctx, &pairs))
}
