//! Questions about processes.

use girder_vm::native::Raise;
use girder_vm::process::info::{Asked, Item, Request, build};
use girder_vm::process::relations::Reference;
use girder_vm::process::{Table, table};
use girder_vm::signal::{self, ReplyTo, Signal};
use girder_vm::{Ctx, Profile, Term, am};

use super::export;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "self"/0 => self_0, Guard;
        "process_info"/1 => process_info_1, Bif;
        "process_info"/2 => process_info_2, Bif;
        "processes"/0 => processes_0, Bif;
        "is_process_alive"/1 => is_process_alive_1, Bif;
    }
    "erts_internal" {
        "processes_next"/1 => processes_next_1, Bif, R29;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn self_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.self_pid())
}

/// The process's own answer is built at once; another's comes as a message that Erlang code awaits.
fn ask<'s>(ctx: &Ctx<'s>, pid: Term<'s>, mut request: Request) -> Answer<'s> {
    ctx.charge(request.asked.len());
    if pid.same(ctx.self_pid()) {
        signal::fetch(ctx.process());
        if ctx.process().state().get().exiting() {
            return Err(Raise::Exiting);
        }
        return Ok(build(ctx, ctx.process(), &request));
    }
    request.seen = table::with(pid.raw(), |p| p.state().get());
    if request.seen.is_none_or(|s| s.exiting()) {
        return Ok(Term::atom(am::UNDEFINED));
    }
    await_answer(ctx, |to| signal::signal(pid.raw(), Signal::ProcessInfo { to, request: Box::new(request) }))
}

/// Sends a request and goes on in Erlang code that waits for the answer.
fn await_answer<'s>(ctx: &Ctx<'s>, send: impl FnOnce(ReplyTo)) -> Answer<'s> {
    let reference = Reference::fresh();
    send(ReplyTo { pid: ctx.self_pid().raw(), reference });
    Err(ctx.trap(export(am::ERTS_INTERNAL, "await_result", 1)?, &[reference.term(ctx)]))
}

fn process_info_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    let asked = Item::SHOWN.iter().copied().map(Asked::Item).collect();
    ask(ctx, args[0], Request { asked, single: false, wrap_name: false, seen: None })
}

fn asked(t: Term<'_>) -> Option<Asked> {
    if let Some([dictionary, key]) = t.as_tuple_of::<2>() {
        let known = dictionary.is(am::DICTIONARY) && Profile::get().release >= 27;
        return known.then(|| Asked::Key(girder_vm::term::copy::detach(key)));
    }
    Item::of(t.as_atom()?).map(Asked::Item)
}

fn process_info_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    let request = if args[1].is_list() {
        let asked = args[1].to_vec().ok_or(Raise::Badarg)?.into_iter().map(asked).collect::<Option<_>>();
        Request { asked: asked.ok_or(Raise::Badarg)?, single: false, wrap_name: true, seen: None }
    } else {
        Request { asked: vec![asked(args[1]).ok_or(Raise::Badarg)?], single: true, wrap_name: false, seen: None }
    };
    ask(ctx, args[0], request)
}

fn processes_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    let pids = Table::get().pids();
    ctx.charge(pids.len() / 10);
    Ok(ctx.list_from(pids.into_iter().filter_map(Term::immediate)))
}

/// Slots looked at by one call.
const SLOTS_A_CALL: usize = 1000;

/// `{NextIndex, Pids}` from a slot on, `none` behind the last.
fn processes_next_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let from = args[0].as_usize().ok_or(Raise::Badarg)?;
    let t = Table::get();
    let to = t.used_slots().min(from.saturating_add(SLOTS_A_CALL));
    if from >= to {
        return Ok(Term::atom(am::NONE));
    }
    ctx.charge((to - from) / 10);
    let pids = ctx.list_from(t.pids_between(from, to).into_iter().filter_map(Term::immediate));
    Ok(ctx.tuple(&[ctx.uint(to as u64), pids]))
}

fn is_process_alive_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return Err(Raise::Badarg);
    }
    if args[0].same(ctx.self_pid()) {
        return Ok(Term::TRUE);
    }
    match table::with(args[0].raw(), |p| p.state().get()) {
        Some(s) if s.exiting() => Ok(Term::FALSE),
        None => Ok(Term::FALSE),
        // What waits in its inbox, an exit signal of ours for one, comes first; one that runs may have taken it already.
        Some(s) if s.has_signals() || s.running() => {
            let pid = args[0].raw();
            await_answer(ctx, |to| signal::signal(pid, Signal::IsAlive { to }))
        }
        Some(_) => Ok(Term::TRUE),
    }
}
