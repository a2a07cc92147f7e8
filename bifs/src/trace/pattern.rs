//! `trace_pattern/3`: which calls and which messages are traced.

use std::sync::Arc;

use girder_vm::ets::matchspec::{self, MatchSpec};
use girder_vm::trace::pattern::{self, Functions, How, Rules};
use girder_vm::trace::session::{self, Event, Id, LEGACY};
use girder_vm::trace::tracer_option;
use girder_vm::{Ctx, Profile, Raise, Term, am};

use super::{Answer, badopt, because, session_of};

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "trace_pattern"/3 => trace_pattern_3, Bif;
        "trace_pattern"/4 => trace_pattern_4, Bif, SINCE_27;
    }
    "erts_debug" {
        "breakpoint"/2 => breakpoint_2, Bif;
    }
}

fn trace_pattern_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    trace_pattern(ctx, LEGACY, a)
}

fn trace_pattern_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let session = session_of(ctx, a[0])?;
    trace_pattern(ctx, session, &a[1..])
}

fn trace_pattern<'s>(ctx: &Ctx<'s>, session: Id, a: &[Term<'s>]) -> Answer<'s> {
    let how = how(ctx, a[0], a[1])?;
    let rules = rules(ctx, session, a[2]).ok_or_else(|| badopt(ctx))?;
    let spec = matches!(&how, How::On(Some(_)));
    if spec && !rules.local && rules.meta.is_none() && rules.breakpoints() {
        return Err(because(ctx, am::CALL_COUNT));
    }
    let wrong = || because(ctx, am::NONE);
    if a[0].is(am::ON_LOAD) {
        pattern::set_on_load(session, &how, rules);
        return Ok(Term::small(0));
    }
    if let Some(mfa) = a[0].as_tuple_of::<3>() {
        let functions = functions(mfa).ok_or_else(wrong)?;
        let matched = pattern::set(session, &functions, &how, rules);
        // Others call the functions before the caller goes on: it looks for what they did.
        ctx.owner().fcalls.set(0);
        return Ok(ctx.uint(matched as u64));
    }
    // An event: `[]` or `[global]` go with it.
    let on = match how {
        How::Off => Event { on: false, spec: None },
        How::On(spec) => Event { on: true, spec },
        How::Restart | How::Pause => return Err(wrong()),
    };
    if !a[2].is_nil() {
        return Err(wrong());
    }
    match a[0].as_atom() {
        Some(am::SEND) => session::change(session, |s| s.send = on),
        Some(am::RECEIVE) => session::change(session, |s| s.receive = on),
        _ => return Err(wrong()),
    };
    Ok(Term::small(1))
}

/// Calls of a function, or of all of a module's, go to `error_handler:breakpoint/3`.
fn breakpoint_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let on = a[1].as_bool().ok_or(Raise::Badarg)?;
    let functions = functions(a[0].as_tuple_of::<3>().ok_or(Raise::Badarg)?).ok_or(Raise::Badarg)?;
    Ok(ctx.uint(pattern::divert(&functions, on) as u64))
}

/// How `of`, functions or an event, is traced from now on.
fn how(ctx: &Ctx<'_>, of: Term<'_>, t: Term<'_>) -> Result<How, Raise> {
    let event = match of.as_atom() {
        Some(am::SEND) => matchspec::Event::Send,
        Some(am::RECEIVE) => matchspec::Event::Receive,
        _ => matchspec::Event::Call,
    };
    if t.is_nil() {
        return Ok(How::On(None));
    }
    Ok(match t.as_atom() {
        Some(am::FALSE) => How::Off,
        Some(am::TRUE) => How::On(None),
        Some(am::RESTART) => How::Restart,
        Some(am::PAUSE) => How::Pause,
        _ => match MatchSpec::compile_event(t, event) {
            Ok(spec) => How::On(Some(Arc::new(spec))),
            Err(e) if e.is_limit() => return Err(Raise::SystemLimit),
            Err(_) => return Err(because(ctx, am::MATCH_SPEC)),
        },
    })
}

fn rules(ctx: &Ctx<'_>, session: Id, list: Term<'_>) -> Option<Rules> {
    let own = session::with(session, |s| s.tracer).flatten();
    let (mut rules, mut global) = (Rules::default(), false);
    for item in list.to_vec()? {
        match item.as_atom() {
            Some(am::LOCAL) => rules.local = true,
            Some(am::META) => rules.meta = rules.meta.or(own).or(Some(ctx.self_pid().raw())),
            Some(am::CALL_COUNT) => rules.count = true,
            Some(am::CALL_TIME) => rules.time = true,
            Some(am::CALL_MEMORY) if Profile::get().release >= 26 => rules.memory = true,
            Some(am::GLOBAL) if !rules.breakpoints() => global = true,
            None if own.is_none() => rules.meta = Some(tracer_option(item, am::META)??),
            _ => return None,
        }
    }
    (!(global && rules.breakpoints())).then_some(rules)
}

/// `'_'` stands for any, in the end of the tuple only.
fn functions(mfa: [Term<'_>; 3]) -> Option<Functions> {
    let [module, function, arity] = mfa;
    let atom = |t: Term<'_>| if t.is(am::UNDERSCORE) { Some(None) } else { t.as_atom().map(Some) };
    let arity = match arity.as_small() {
        _ if arity.is(am::UNDERSCORE) => None,
        n => Some(n?),
    };
    let (module, function) = (atom(module)?, atom(function)?);
    let given = [module.is_some(), function.is_some(), arity.is_some()];
    if given.windows(2).any(|w| !w[0] && w[1]) {
        return None;
    }
    match arity.map(u8::try_from) {
        // No function has that many arguments: there is none to match.
        Some(Err(_)) => Some(Functions { module: Some(am::EMPTY), function: Some(am::EMPTY), arity: Some(0) }),
        Some(Ok(n)) => Some(Functions { module, function, arity: Some(n) }),
        None => Some(Functions { module, function, arity: None }),
    }
}
