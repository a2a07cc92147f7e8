//! `trace/3`: what of which processes and ports is traced, and by whom.

use girder_vm::heap::message::Message;
use girder_vm::process::Table;
use girder_vm::process::relations::Reference;
use girder_vm::trace::session::{self, Fresh, Id, LEGACY};
use girder_vm::trace::tracee::{self, Refused};
use girder_vm::trace::{FlagList, Flags};
use girder_vm::{Ctx, Raise, RawTerm, Term, am, port, sched, signal};

use super::{Answer, badopt, session_of};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "trace_delivered"/1 => trace_delivered_1, Bif;
    }
    "erts_internal" {
        "trace"/3 => trace_3, Bif;
        "trace"/4 => trace_4, Bif, SINCE_27;
    }
}

fn trace_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    trace(ctx, LEGACY, a)
}

fn trace_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let session = session_of(ctx, a[0])?;
    trace(ctx, session, &a[1..])
}

/// What is to be done.
#[derive(Clone, Copy)]
struct Change {
    session: Id,
    tracer: Option<RawTerm>,
    on: bool,
    flags: Flags,
}

impl Change {
    fn one(self, id: RawTerm) -> Result<(), Refused> {
        let (on, off) = if self.on { (self.flags, Flags::NONE) } else { (Flags::NONE, self.flags) };
        tracee::change(id, self.session, self.tracer, on, off)
    }
    /// How many of them were changed.
    fn all(self, ids: Vec<RawTerm>) -> usize {
        ids.into_iter().filter(|id| self.one(*id).is_ok()).count()
    }
    fn fresh(self, f: &mut Fresh, of: Flags) {
        let flags = Flags(self.flags.0 & of.0);
        f.flags = if self.on { f.flags.and(flags) } else { f.flags.without(flags) };
        f.tracer = if f.flags.is_empty() { None } else { self.tracer.or(f.tracer) };
    }
}

/// Which of a kind are meant.
struct Meant {
    existing: bool,
    new: bool,
}

fn meant(what: Option<girder_vm::Atom>) -> Option<[Meant; 2]> {
    let both = |existing, new| Meant { existing, new };
    let none = || both(false, false);
    Some(match what? {
        am::ALL => [both(true, true), both(true, true)],
        am::EXISTING => [both(true, false), both(true, false)],
        am::NEW => [both(false, true), both(false, true)],
        am::PROCESSES => [both(true, true), none()],
        am::EXISTING_PROCESSES => [both(true, false), none()],
        am::NEW_PROCESSES => [both(false, true), none()],
        am::PORTS => [none(), both(true, true)],
        am::EXISTING_PORTS => [none(), both(true, false)],
        am::NEW_PORTS => [none(), both(false, true)],
        _ => return None,
    })
}

fn trace<'s>(ctx: &Ctx<'s>, session: Id, a: &[Term<'s>]) -> Answer<'s> {
    let list = FlagList::read(a[2]).ok_or_else(|| badopt(ctx))?;
    let on = a[1].as_bool().ok_or(Raise::Badarg)?;
    let own = session::with(session, |s| s.tracer).flatten();
    if own.is_some() && list.tracer.is_some() {
        return Err(badopt(ctx));
    }
    let given = own.or(list.tracer.flatten());
    let tracer = if on { given.or(Some(ctx.self_pid().raw())) } else { given };
    let change = Change { session, tracer, on, flags: list.flags };
    if a[0].is_local_pid() || a[0].is_local_port() {
        if list.cpu_timestamp {
            return Err(Raise::Badarg);
        }
        return match change.one(a[0].raw()) {
            Ok(()) => Ok(Term::small(1)),
            Err(Refused::Gone) => Err(Raise::Badarg),
            Err(Refused::Traced) => {
                let text = "** can only have one tracer per process\n";
                girder_vm::process::report::error(ctx.process(), "~ts", |b| b.list(&[b.string(text)]));
                Err(Raise::Badarg)
            }
        };
    }
    let [processes, ports] = meant(a[0].as_atom()).ok_or(Raise::Badarg)?;
    if list.cpu_timestamp {
        if !a[0].is(am::ALL) {
            return Err(Raise::Badarg);
        }
        session::set_cpu_time(on);
    }
    let mut n = 0;
    let (for_processes, for_ports, for_all) = aims(list.flags);
    if processes.existing && (for_processes || for_all) {
        n += change.all(Table::get().pids());
    }
    if ports.existing && (for_ports || for_all) {
        n += change.all(port::Table::ids());
    }
    session::change(session, |s| {
        if processes.new {
            change.fresh(&mut s.processes, Flags::OF_PROCESSES);
        }
        if ports.new {
            change.fresh(&mut s.ports, Flags::OF_PORTS);
        }
    });
    Ok(ctx.uint(n as u64))
}

/// Whether flags are about processes, ports, or both.
fn aims(f: Flags) -> (bool, bool, bool) {
    let only = |of: Flags| f.any(of.without(Flags::MODIFIERS));
    (only(Flags::OF_PROCESSES), only(Flags::OF_PORTS), f.any(Flags::MODIFIERS))
}

/// `{trace_delivered, Tracee, Reference}` once what happens at this moment has been told.
fn trace_delivered_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if !a[0].is_local_pid() && !a[0].is(am::ALL) {
        return Err(Raise::Badarg);
    }
    let reference = Reference::fresh();
    let me = ctx.self_pid().raw();
    let message = Message::build(|b| b.tuple(&[am::TRACE_DELIVERED.into(), b.copy(a[0]), reference.term(b)]));
    sched::after_thread_progress(move || signal::to_pid(me, message));
    Ok(reference.term(ctx))
}
