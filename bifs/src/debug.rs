//! Natives for debugging the VM itself, and those of debugging with `+D`, which this VM is not started with.
//!
//! What is asked of things that this VM has not (counts of its locks, a printer of its code, one function that interprets
//! everything) is answered as an OTP emulator does that has been built without them.

use girder_vm::term::print::{Limits, write_term};
use girder_vm::{Ctx, Raise, Term, am, etf, interp};

use crate::convert::display;

girder_vm::natives! { pub TABLE:
    "erts_debug" {
        "disassemble"/1 => disassemble_1, Bif;
        "display"/1 => display_1, Bif, R25;
        "dist_ext_to_term"/2 => dist_ext_to_term_2, Bif;
        "instructions"/0 => instructions_0, Bif;
        "interpreter_size"/0 => interpreter_size_0, Bif;
        "lcnt_clear"/0 => no_lock_counts, Bif;
        "lcnt_collect"/0 => no_lock_counts, Bif;
        "lcnt_control"/1 => not_here, Bif;
        "lcnt_control"/2 => not_here, Bif;
    }
    "erl_debugger" {
        "supported"/0 => supported_0, Bif, R29;
        "breakpoint"/3 => only_with_d, Bif, R29;
        "breakpoints"/1 => only_with_d, Bif, R29;
        "breakpoints"/3 => only_with_d, Bif, R29;
        "instrumentations"/0 => only_with_d, Bif, R29;
        "peek_stack_frame_slot"/4 => only_with_d, Bif, R29;
        "peek_xreg"/3 => only_with_d, Bif, R29;
        "register"/1 => only_with_d, Bif, R29;
        "stack_frames"/2 => only_with_d, Bif, R29;
        "toggle_instrumentations"/1 => only_with_d, Bif, R29;
        "unregister"/2 => only_with_d, Bif, R29;
        "whereis"/0 => only_with_d, Bif, R29;
        "xregs_count"/1 => only_with_d, Bif, R29;
    }
    "erts_internal" {
        "notify_breakpoint_hit"/3 => only_with_d, Bif, R29;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// No printer of code: `false` for everything.
fn disassemble_1<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::FALSE)
}

/// No function that interprets everything, so it has no size.
fn interpreter_size_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::small(0))
}

/// Names of the instructions, with the kinds of their operands.
fn instructions_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let names: Vec<_> = interp::instruction_names().map(|name| ctx.string(name)).collect();
    Ok(ctx.list(&names))
}

/// Locks are not counted.
fn no_lock_counts<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(am::ERROR.into())
}

fn not_here<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Err(Raise::Badarg)
}

fn supported_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::FALSE)
}

/// Functions that are there if `supported/0` says so.
fn only_with_d<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Err(Raise::Undef)
}

/// Writes the term to standard output; answers what was written.
fn display_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut text = String::new();
    write_term(&mut text, a[0], Limits { terms: usize::MAX }).map_err(|_| Raise::Badarg)?;
    text.push('\n');
    display::put(std::io::stdout(), text.as_bytes());
    Ok(ctx.string(&text))
}

/// Decodes a term whose references to an atom cache stand for the tuple's elements.
fn dist_ext_to_term_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let cache = a[0].as_tuple().ok_or(Raise::Badarg)?;
    let bytes = a[1].as_binary().and_then(|v| v.to_bytes()).ok_or(Raise::Badarg)?;
    etf::decode_with_cache(ctx, &bytes, cache).map(|d| d.term).map_err(|_| Raise::Badarg)
}
