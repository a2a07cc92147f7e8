//! Making and ending sessions. A session lives as long as somebody holds its strong reference, which is a term.

use girder_vm::trace::session::{self, Id, LEGACY};
use girder_vm::trace::{tracee, tracer_option};
use girder_vm::{Atom, Ctx, Raise, Term, am};

use super::Answer;

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "trace_session_create"/3 => trace_session_create_3, Bif, SINCE_27;
        "trace_session_destroy"/1 => trace_session_destroy_1, Bif, SINCE_27;
    }
    "erts_trace_cleaner" {
        "check"/0 => check_0, Bif, SINCE_27;
        "send_trace_clean_signal"/1 => send_trace_clean_signal_1, Bif, SINCE_27;
    }
}

/// What a strong reference holds: the last one ends the session.
struct Handle(Id);

impl Drop for Handle {
    fn drop(&mut self) {
        // A collector may be dropping this: the table of breakpoints is no place to go from there.
        let id = self.0;
        girder_vm::sched::after_thread_progress(move || {
            session::destroy(id);
        });
    }
}

/// `{Name, Number}`; numbers begin at 0 with the first session that is made.
pub(super) fn weak<'s>(ctx: &Ctx<'s>, id: Id, name: Atom) -> Term<'s> {
    if id == LEGACY {
        return ctx.tuple(&[am::LEGACY.into(), am::DEFAULT.into()]);
    }
    ctx.tuple(&[name.into(), ctx.uint(u64::from(id - 1))])
}

/// The session that `{Strong, Weak}` or `Weak` names, if it is there.
pub(super) fn find(t: Term<'_>) -> Option<Id> {
    let [first, second] = t.as_tuple_of::<2>()?;
    let id = match first.as_ref() {
        Some(r) => {
            let handle: &Handle = r.magic()?.get()?;
            handle.0
        }
        None if first.is(am::LEGACY) && second.is(am::DEFAULT) => return Some(LEGACY),
        None => u32::try_from(second.as_u64()?).ok().filter(|_| first.is_atom())?.checked_add(1)?,
    };
    (id != LEGACY && session::with(id, |_| ()).is_some()).then_some(id)
}

fn trace_session_create_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let name = a[0].as_atom().ok_or_else(|| super::because(ctx, am::SESSION))?;
    let tracer = match a[1] {
        t if t.is_local_pid() => Some(t.raw()),
        // Not documented: OTP's own tests run those of the session of trace/3 in one that is made.
        t if t.is(am::UNDEFINED) => None,
        t => Some(tracer_of_module(t).ok_or_else(|| super::because(ctx, am::TRACER))?),
    };
    if !a[2].is_nil() {
        return Err(super::badopt(ctx));
    }
    let id = session::create(name, tracer);
    let strong = ctx.fresh_magic_reference(Box::new(Handle(id)));
    Ok(ctx.tuple(&[strong, weak(ctx, id, name)]))
}

/// `{erl_tracer, Pid}`, the one tracer module that is not a C library.
fn tracer_of_module(t: Term<'_>) -> Option<girder_vm::RawTerm> {
    tracer_option(t, am::ERL_TRACER).flatten()
}

fn trace_session_destroy_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let Some([first, second]) = a[0].as_tuple_of::<2>() else { return Err(super::because(ctx, am::SESSION)) };
    match find(a[0]) {
        Some(id) => Ok(Term::bool(session::destroy(id))),
        // Whoever holds the strong reference may end a session twice.
        None if first.as_ref().is_some_and(|r| r.magic().is_some()) && second.as_tuple().is_some() => Ok(Term::FALSE),
        None => Err(super::badopt(ctx)),
    }
}

/// Sessions are cleaned up when they end: there is nothing for the process that OTP has for it.
fn check_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::FALSE)
}

/// As [`check_0`]: whether the process or port is there to be cleaned.
fn send_trace_clean_signal_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if !a[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    let there = tracee::is_alive(a[0].raw());
    if there {
        // Who asks waits for the answer of the process, which has nothing to clean.
        let done = girder_vm::heap::message::Message::copy_of(a[0]);
        girder_vm::signal::to_pid(ctx.self_pid().raw(), done);
    }
    Ok(Term::bool(there))
}
