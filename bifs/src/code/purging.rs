//! Purging old code, and the literal area collector's natives.
//!
//! Literal areas are freed by the VM itself, in rounds of its own (`signal/purge.rs` of the VM): there never is an area
//! that the collector would have to switch to.

use girder_vm::code::purge::{self, Step};
use girder_vm::process::{Priority, registry};
use girder_vm::signal::task::{SystemTask, Work};
use girder_vm::signal::{self, Signal};
use girder_vm::term::copy;
use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "check_process_code"/1 => check_process_code_1, Bif;
        "purge_module"/2 => purge_module_2, Bif;
    }
    "erts_literal_area_collector" {
        "release_area_switch"/0 => release_area_switch_0, Bif;
        "send_copy_request"/3 => send_copy_request_3, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn check_process_code_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let module = a[0].as_atom().ok_or(Raise::Badarg)?;
    Ok(Term::bool(purge::uses_old_code(ctx.process(), module)))
}

/// The steps of a purge, for the code purger only.
fn purge_module_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let me = ctx.self_pid().raw();
    if registry::whereis(am::ERTS_CODE_PURGER) != Some(me) {
        return Err(Raise::Notsup);
    }
    let module = a[0].as_atom().ok_or(Raise::Badarg)?;
    let step = match a[1].as_atom() {
        Some(am::PREPARE) => purge::prepare(module, false, me),
        Some(am::PREPARE_ON_LOAD) => purge::prepare(module, true, me),
        Some(am::ABORT) => purge::abort(module),
        Some(am::COMPLETE) => purge::complete(module),
        _ => Step::Wrong,
    };
    match step {
        Step::Done(done) => Ok(Term::bool(done)),
        Step::Wait => Err(Raise::Wait),
        Step::Wrong => Err(Raise::Badarg),
    }
}

fn only_the_collector(ctx: &Ctx<'_>) -> Result<(), Raise> {
    let mine = ctx.owner().initial_call.get().module == am::ERTS_LITERAL_AREA_COLLECTOR;
    if mine { Ok(()) } else { Err(Raise::Notsup) }
}

fn release_area_switch_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    only_the_collector(ctx)?;
    Ok(Term::FALSE)
}

/// Answered when the process has handled what came before, rounds of literals among it.
fn send_copy_request_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    only_the_collector(ctx)?;
    if !a[0].is_local_pid() || !matches!(a[2].as_atom(), Some(am::INIT | am::CHECK_GC | am::NEED_GC)) {
        return Err(Raise::Badarg);
    }
    let id = copy::detach(ctx.tuple(&[a[1], a[2], a[0]]));
    let (requester, priority) = (ctx.self_pid().raw(), Priority::Normal);
    let task = SystemTask { requester, kind: am::COPY_LITERALS, id, work: Work::Literals, priority };
    signal::signal(a[0].raw(), Signal::Task(Box::new(task)));
    Ok(am::OK.into())
}
