//! Sequential tracing: the running process's token.

use girder_vm::trace::seq;
use girder_vm::{Ctx, Raise, Term};

use super::Answer;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "seq_trace"/2 => seq_trace_2, Bif;
        "seq_trace_info"/1 => seq_trace_info_1, Bif;
        "seq_trace_print"/1 => seq_trace_print_1, Bif;
        "seq_trace_print"/2 => seq_trace_print_2, Bif;
    }
}

fn seq_trace_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    seq::set(ctx, a[0], a[1]).ok_or(Raise::Badarg)
}

fn seq_trace_info_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    seq::info(ctx, a[0]).ok_or(Raise::Badarg)
}

fn seq_trace_print_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::bool(seq::print(ctx, None, a[0])))
}

fn seq_trace_print_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::bool(seq::print(ctx, Some(a[0]), a[1])))
}

/// Who is told, as `system_flag` and `system_info` show it.
pub(crate) fn tracer_term<'s>() -> Term<'s> {
    seq::tracer().and_then(Term::immediate).unwrap_or(Term::FALSE)
}

/// `system_flag(sequential_tracer, Pid | {erl_tracer, Pid} | false)`.
pub(crate) fn set_tracer<'s>(to: Term<'s>) -> Answer<'s> {
    let new = match to.as_bool() {
        Some(false) => None,
        _ if to.is_local_pid() => Some(to.raw()),
        _ => girder_vm::trace::tracer_option(to, girder_vm::am::ERL_TRACER).ok_or(Raise::Badarg)?,
    };
    let old = seq::set_tracer(new);
    Ok(old.and_then(Term::immediate).unwrap_or(Term::FALSE))
}
