//! Questions about processes.

use std::sync::{Mutex, PoisonError};

use girder_vm::native::Raise;
use girder_vm::process::info::{self, Asked, Item, Request};
use girder_vm::process::relations::Reference;
use girder_vm::process::snapshot::Snapshot;
use girder_vm::process::{Table, table};
use girder_vm::signal::{self, ReplyTo, Signal};
use girder_vm::term::RawTerm;
use girder_vm::{Ctx, Kind, Profile, Term, am};

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
    "girder_sys" {
        "processes"/2 => processes_step, Bif;
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
        return Ok(info::own(ctx, &request));
    }
    request.seen = table::with(pid.raw(), |p| p.state().get());
    if request.seen.is_none_or(|s| s.exiting()) {
        return Ok(Term::atom(am::UNDEFINED));
    }
    await_answer(ctx, |to| signal::request(ctx, pid.raw(), Signal::ProcessInfo { to, request: Box::new(request) }))
}

/// Sends a request and goes on in Erlang code that waits for the answer.
fn await_answer<'s>(ctx: &Ctx<'s>, send: impl FnOnce(ReplyTo)) -> Answer<'s> {
    let reference = Reference::fresh();
    ctx.answer_follows();
    send(ReplyTo { pid: ctx.self_pid().raw(), reference });
    Err(ctx.trap(export(am::ERTS_INTERNAL, "await_result", 1)?, &[reference.term(ctx)]))
}

/// Whether it was a process of this node under another creation.
fn is_former(t: Term<'_>) -> bool {
    matches!(t.kind(), Kind::ExternalPid(n, _) if n.is_former_self())
}

fn process_info_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return if is_former(args[0]) { Ok(am::UNDEFINED.into()) } else { Err(Raise::Badarg) };
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
    let former = is_former(args[0]);
    if !args[0].is_local_pid() && !former {
        return Err(Raise::Badarg);
    }
    let request = if args[1].is_list() {
        let asked = args[1].to_vec().ok_or(Raise::Badarg)?.into_iter().map(asked).collect::<Option<_>>();
        Request { asked: asked.ok_or(Raise::Badarg)?, single: false, wrap_name: true, seen: None }
    } else {
        Request { asked: vec![asked(args[1]).ok_or(Raise::Badarg)?], single: true, wrap_name: false, seen: None }
    };
    if former {
        return Ok(am::UNDEFINED.into());
    }
    ask(ctx, args[0], request)
}

/// Slots looked at by one call.
const SLOTS_A_CALL: usize = 1000;
/// Slots looked at, or pids put into a list, for one reduction.
const SLOTS_A_REDUCTION: usize = 10;

/// How `processes/0` works: reductions that it takes at least, calls it is made in, slots looked at by each of them and
/// for a reduction, reductions for the end of a process meanwhile, such ends for a reduction and reductions for all of
/// them, pids listed for a reduction, and how much it tells about itself.
pub(crate) fn search<'s>(ctx: &Ctx<'s>) -> Term<'s> {
    let calls = Table::get().used_slots().div_ceil(SLOTS_A_CALL);
    let per_call = SLOTS_A_CALL / SLOTS_A_REDUCTION;
    let all = [per_call, calls, SLOTS_A_CALL, SLOTS_A_REDUCTION, 0, 1, 0, SLOTS_A_REDUCTION, 0];
    ctx.tuple_with(1 + all.len(), |i| match i {
        0 => am::PTAB_LIST_BIF_INFO.into(),
        _ => ctx.uint(all[i - 1] as u64),
    })
}

/// A snapshot on its way, then what is left of it to be put into the list.
enum Processes {
    Search(Snapshot),
    List(Vec<RawTerm>),
}

fn processes_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    let mut s = Snapshot::begin();
    ctx.charge(SLOTS_A_CALL / SLOTS_A_REDUCTION);
    let state = match s.step(SLOTS_A_CALL) {
        Some(pids) if pids.len() <= SLOTS_A_CALL => {
            return Ok(ctx.list_from(pids.into_iter().filter_map(Term::immediate)));
        }
        Some(pids) => Processes::List(pids),
        None => Processes::Search(s),
    };
    let state = ctx.fresh_magic_reference(Box::new(Mutex::new(state)));
    Err(ctx.yield_to(export(am::GIRDER_SYS, "processes", 2)?, &[state, Term::NIL]))
}

/// Goes on with `processes/0`: its state, and the end of the list.
fn processes_step<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let magic = args[0].as_ref().and_then(|r| r.magic());
    let state: &Mutex<Processes> = magic.and_then(|m| m.get()).ok_or(Raise::Badarg)?;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut list = args[1];
    while ctx.reductions_left() > 0 {
        ctx.charge(SLOTS_A_CALL / SLOTS_A_REDUCTION);
        match &mut *state {
            Processes::Search(s) => {
                if let Some(pids) = s.step(SLOTS_A_CALL) {
                    *state = Processes::List(pids);
                }
            }
            Processes::List(pids) => {
                let rest = pids.split_off(pids.len().saturating_sub(SLOTS_A_CALL));
                let rest: Vec<_> = rest.into_iter().filter_map(Term::immediate).collect();
                list = ctx.list_with_tail(&rest, list);
                if pids.is_empty() {
                    return Ok(list);
                }
            }
        }
    }
    Err(ctx.yield_to(export(am::GIRDER_SYS, "processes", 2)?, &[args[0], list]))
}

/// `{NextIndex, Pids}` from a slot on, `none` behind the last.
fn processes_next_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let from = args[0].as_usize().ok_or(Raise::Badarg)?;
    let t = Table::get();
    let to = t.used_slots().min(from.saturating_add(SLOTS_A_CALL));
    if from >= to {
        return Ok(Term::atom(am::NONE));
    }
    ctx.charge((to - from) / SLOTS_A_REDUCTION);
    let pids = ctx.list_from(t.pids_between(from, to).into_iter().filter_map(Term::immediate));
    Ok(ctx.tuple(&[ctx.uint(to as u64), pids]))
}

fn is_process_alive_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    if !args[0].is_local_pid() {
        return if is_former(args[0]) { Ok(Term::FALSE) } else { Err(Raise::Badarg) };
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
            await_answer(ctx, |to| signal::request(ctx, pid, Signal::IsAlive { to }))
        }
        Some(_) => Ok(Term::TRUE),
    }
}
