//! `trace_info/2`: what is set for a process, a port, a function, messages, or modules to come.

use girder_vm::code::Mfa;
use girder_vm::process::table;
use girder_vm::trace::Flags;
use girder_vm::trace::info::{self, Known};
use girder_vm::trace::session::{self, Event, Id, LEGACY, Session};
use girder_vm::trace::tracee::{self, is_alive};
use girder_vm::{Atom, Ctx, Profile, Raise, RawTerm, Term, am, port};

use super::session::weak;
use super::{Answer, badopt, session_of};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "trace_info"/2 => trace_info_2, Bif;
    }
    "erts_internal" {
        "trace_info"/3 => trace_info_3, Bif, SINCE_27;
    }
}

fn trace_info_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    trace_info(ctx, LEGACY, a[0], a[1])
}

fn trace_info_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    if a[0].is(am::ANY) && a[2].is(am::SESSION) {
        return sessions(ctx, a[1]);
    }
    let session = session_of(ctx, a[0])?;
    trace_info(ctx, session, a[1], a[2])
}

fn trace_info<'s>(ctx: &Ctx<'s>, session: Id, what: Term<'s>, item: Term<'s>) -> Answer<'s> {
    let key = item.as_atom().ok_or(Raise::Badarg)?;
    let value = match what.as_atom() {
        Some(am::ON_LOAD) => session::with(session, |s| on_load(ctx, s, key)).flatten().ok_or(Raise::Badarg)?,
        Some(am::SEND) => event(ctx, session, |s| &s.send, key)?,
        Some(am::RECEIVE) => event(ctx, session, |s| &s.receive, key)?,
        Some(am::NEW | am::NEW_PROCESSES) => fresh(ctx, session, |s| s.processes, key)?,
        Some(am::NEW_PORTS) => fresh(ctx, session, |s| s.ports, key)?,
        None if what.is_local_pid() || what.is_local_port() => return tracee(ctx, session, what, key),
        None if what.as_tuple().is_some() => function(ctx, session, what, key)?,
        _ => return Err(badopt(ctx)),
    };
    Ok(ctx.tuple(&[item, value]))
}

fn flag_list<'s>(ctx: &Ctx<'s>, f: Flags) -> Term<'s> {
    ctx.list_from(f.names().map(Term::atom))
}

fn tracer_term<'s>(t: Option<RawTerm>) -> Term<'s> {
    t.and_then(Term::immediate).unwrap_or(Term::NIL)
}

fn flags_or_tracer<'s>(ctx: &Ctx<'s>, key: Atom, flags: Flags, tracer: Option<RawTerm>) -> Answer<'s> {
    match key {
        am::FLAGS => Ok(flag_list(ctx, flags)),
        am::TRACER => Ok(tracer_term(tracer)),
        _ => Err(Raise::Badarg),
    }
}

fn fresh<'s>(ctx: &Ctx<'s>, session: Id, of: impl Fn(&Session) -> session::Fresh, key: Atom) -> Answer<'s> {
    let f = session::with(session, of).filter(|f| f.tracer.is_none_or(is_alive)).unwrap_or_default();
    flags_or_tracer(ctx, key, f.flags, f.tracer)
}

fn tracee<'s>(ctx: &Ctx<'s>, session: Id, what: Term<'s>, key: Atom) -> Answer<'s> {
    let id = what.raw();
    if key != am::FLAGS && key != am::TRACER {
        return Err(Raise::Badarg);
    }
    let there = if id.is_local_port() {
        port::with(id, |p| !p.is_closed())
    } else {
        table::with(id, |p| !p.state().get().exiting())
    };
    if there != Some(true) {
        return Ok(am::UNDEFINED.into());
    }
    // A tracer that is gone traces nobody.
    let t = tracee::get(id, session).filter(|t| t.tracer.is_none_or(is_alive));
    let value = flags_or_tracer(ctx, key, t.map_or(Flags::NONE, |t| t.flags), t.and_then(|t| t.tracer))?;
    Ok(ctx.tuple(&[key.into(), value]))
}

fn event<'s>(ctx: &Ctx<'s>, session: Id, of: impl Fn(&Session) -> &Event, key: Atom) -> Answer<'s> {
    if key != am::MATCH_SPEC {
        return Err(Raise::Badarg);
    }
    let e = session::with(session, |s| of(s).clone()).unwrap_or_default();
    Ok(match (e.on, &e.spec) {
        (false, _) => Term::FALSE,
        (true, None) => Term::TRUE,
        (true, spec) => info::source(ctx, spec),
    })
}

/// Items of a function, in the order in which `all` shows them.
fn items() -> impl Iterator<Item = Atom> {
    let memory = (Profile::get().release >= 26).then_some(am::CALL_MEMORY);
    [am::TRACED, am::MATCH_SPEC, am::META, am::META_MATCH_SPEC]
        .into_iter()
        .chain(memory)
        .chain([am::CALL_TIME, am::CALL_COUNT])
}

fn mfa(t: Term<'_>) -> Option<Mfa> {
    let [m, f, a] = t.as_tuple_of::<3>()?;
    Some(Mfa { module: m.as_atom()?, function: f.as_atom()?, arity: u8::try_from(a.as_small()?).unwrap_or(u8::MAX) })
}

fn function<'s>(ctx: &Ctx<'s>, session: Id, what: Term<'s>, key: Atom) -> Answer<'s> {
    let mfa = mfa(what).ok_or(Raise::Badarg)?;
    let traced = match info::function(session, mfa) {
        _ if Profile::get().release > 27 && key != am::ALL && !items().any(|i| i == key) => return Err(Raise::Badarg),
        Known::No => return Ok(am::UNDEFINED.into()),
        Known::Untraced => return Ok(Term::FALSE),
        Known::Traced(t) => t,
    };
    if key != am::ALL {
        return traced.item(ctx, key).ok_or(Raise::Badarg);
    }
    let value = |key| match traced.item(ctx, key) {
        Some(t) if key == am::META && t.is_nil() && !traced.has_meta_tracer() => Term::FALSE,
        t => t.unwrap_or(Term::FALSE),
    };
    Ok(ctx.list_from(items().map(|key| ctx.tuple(&[key.into(), value(key)]))))
}

fn on_load<'s>(ctx: &Ctx<'s>, s: &Session, key: Atom) -> Option<Term<'s>> {
    let o = &s.on_load;
    if !o.on {
        return Some(Term::FALSE);
    }
    let rules = o.rules;
    let calls = rules.local || !rules.breakpoints();
    Some(match key {
        am::TRACED if !rules.breakpoints() => am::GLOBAL.into(),
        am::TRACED if rules.local => am::LOCAL.into(),
        am::TRACED => Term::FALSE,
        am::MATCH_SPEC if calls => info::source(ctx, &o.spec),
        am::MATCH_SPEC => Term::FALSE,
        am::META => rules.meta.map_or(Term::FALSE, |t| tracer_term(Some(t))),
        am::META_MATCH_SPEC if rules.meta.is_some() => info::source(ctx, &o.meta_spec),
        am::META_MATCH_SPEC => Term::FALSE,
        am::CALL_COUNT => Term::bool(rules.count),
        am::CALL_TIME => Term::bool(rules.time),
        am::CALL_MEMORY => Term::bool(rules.memory),
        am::ALL => {
            let pair = |key| Some(ctx.tuple(&[Term::atom(key), on_load(ctx, s, key)?]));
            // What is measured is asked for by name only.
            let shown = items().filter(|i| !matches!(*i, am::CALL_TIME | am::CALL_MEMORY));
            let all: Option<Vec<_>> = shown.map(pair).collect();
            ctx.list(&all?)
        }
        _ => return None,
    })
}

/// `{session, [{Name, Number}]}`: the sessions that something concerns.
fn sessions<'s>(ctx: &Ctx<'s>, what: Term<'s>) -> Answer<'s> {
    let shown = |ids: Vec<Id>| {
        let names = session::list(|id, _| ids.contains(&id));
        ctx.list_from(names.into_iter().rev().map(|(id, name)| weak(ctx, id, name)))
    };
    let value = match what.as_atom() {
        Some(am::ANY) => shown(session::list(|_, _| true).into_iter().map(|(id, _)| id).collect()),
        Some(am::ON_LOAD) => shown(chosen(|s| s.on_load.on)),
        Some(am::SEND) => shown(chosen(|s| !s.send.on || s.send.spec.is_some())),
        Some(am::RECEIVE) => shown(chosen(|s| !s.receive.on || s.receive.spec.is_some())),
        Some(am::NEW | am::NEW_PROCESSES) => shown(chosen(|s| !s.processes.flags.is_empty())),
        Some(am::NEW_PORTS) => shown(chosen(|s| !s.ports.flags.is_empty())),
        None if what.is_local_pid() || what.is_local_port() => shown(tracee::sessions(what.raw())),
        None if what.as_tuple().is_some() => match info::sessions_of(mfa(what).ok_or(Raise::Badarg)?) {
            Some(ids) => shown(ids),
            None => am::UNDEFINED.into(),
        },
        _ => return Err(badopt(ctx)),
    };
    Ok(ctx.tuple(&[am::SESSION.into(), value]))
}

fn chosen(f: impl Fn(&Session) -> bool) -> Vec<Id> {
    session::list(|_, s| f(s)).into_iter().map(|(id, _)| id).collect()
}
