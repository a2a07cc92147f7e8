//! Coverage as module `code` shows it (27 and later), and where a module's variables are (29).

use std::sync::Arc;

use girder_vm::code::coverage::Mode;
use girder_vm::code::{self, LoadedModule};
use girder_vm::{Atom, Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "code" {
        "coverage_support"/0 => coverage_support_0, Bif, SINCE_27;
        "get_coverage"/2 => get_coverage_2, Bif, SINCE_27;
        "get_coverage_mode"/0 => get_coverage_mode_0, Bif, SINCE_27;
        "get_coverage_mode"/1 => get_coverage_mode_1, Bif, SINCE_27;
        "get_debug_info"/1 => get_debug_info_1, Bif, R29;
        "reset_coverage"/1 => reset_coverage_1, Bif, SINCE_27;
        "set_coverage_mode"/1 => set_coverage_mode_1, Bif, SINCE_27;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

const NAMES: [(Mode, &str); 5] = [
    (Mode::None, "none"),
    (Mode::Function, "function"),
    (Mode::FunctionCounters, "function_counters"),
    (Mode::Line, "line"),
    (Mode::LineCounters, "line_counters"),
];

fn name<'s>(ctx: &Ctx<'s>, mode: Mode) -> Answer<'s> {
    let text = NAMES.iter().find(|(m, _)| *m == mode).map_or("none", |(_, text)| text);
    ctx.atom(text).map_err(|_| Raise::SystemLimit)
}

fn module(t: Term<'_>) -> Result<Arc<LoadedModule>, Raise> {
    t.as_atom().and_then(code::module).ok_or(Raise::Badarg)
}

fn coverage_support_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::TRUE)
}

fn get_coverage_mode_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    name(ctx, Mode::get())
}

fn get_coverage_mode_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    name(ctx, module(a[0])?.coverage.mode())
}

fn set_coverage_mode_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let wanted = a[0].as_atom().map(Atom::name);
    let (mode, _) = NAMES.iter().find(|(_, text)| Some(*text) == wanted).ok_or(Raise::Badarg)?;
    name(ctx, mode.set())
}

fn reset_coverage_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let m = module(a[0])?;
    if m.coverage.mode() == Mode::None {
        return Err(Raise::Badarg);
    }
    m.coverage.reset();
    Ok(am::OK.into())
}

/// `[{Name, Value}]`: whether, or how often.
fn get_coverage_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let level = a[0].as_atom().ok_or(Raise::Badarg)?;
    let m = module(a[1])?;
    let mode = m.coverage.mode();
    let value = |n: u64, counted: bool| if counted { ctx.uint(n) } else { Term::bool(n != 0) };
    let lines = |by_id: bool| {
        let line =
            |(line, id, n)| ctx.tuple(&[ctx.uint(if by_id { id } else { u64::from(line) }), value(n, mode.counts())]);
        ctx.list_from(m.coverage.lines().into_iter().map(line))
    };
    match level.name() {
        "function" if mode != Mode::None => Ok(functions(ctx, &m)),
        "line" if mode.watches_lines() => Ok(lines(false)),
        "cover_id_line" if mode == Mode::LineCounters => Ok(lines(true)),
        _ => Err(Raise::Badarg),
    }
}

/// All functions but `module_info`, which is the compiler's.
fn functions<'s>(ctx: &Ctx<'s>, m: &LoadedModule) -> Term<'s> {
    let counted = m.coverage.mode() == Mode::FunctionCounters;
    let ends = m.functions.iter().skip(1).map(|f| f.start).chain([u32::MAX]);
    let all = m.functions.iter().zip(ends).enumerate().filter(|(_, (f, _))| f.name != am::MODULE_INFO);
    ctx.list_from(all.map(|(nth, (f, end))| {
        let n = m.coverage.function(nth, f.start..end);
        let value = if counted { ctx.uint(n) } else { Term::bool(n != 0) };
        ctx.tuple(&[ctx.tuple(&[f.name.into(), Term::small(i32::from(f.arity))]), value])
    }))
}

/// Without the debugger's support (`+D`), loading passes over what the compiler tells: `none` if it told nothing.
fn get_debug_info_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(if module(a[0])?.has_debug_info { Term::NIL } else { am::NONE.into() })
}
