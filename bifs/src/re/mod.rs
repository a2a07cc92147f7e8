//! Module `re`: regular expressions, matched by PCRE2.
//!
//! Releases up to 27 have PCRE 8, later ones PCRE2; what shows of that (compiled patterns as binaries or references,
//! letters of Latin-1, words of errors) goes by the profile. Invariant: a match has a limit of steps, PCRE's own unless
//! the program sets one, so a hostile pattern ends. A match that takes more than a little begins again as a dirty scheduler.

mod capture;
mod messages;
mod options;
mod pattern;

use std::sync::LazyLock;

use girder_libs::pcre::{self, MatchOptions, Outcome, Subject};
use girder_vm::code::{Export, Mfa};
use girder_vm::profile::Profile;
use girder_vm::sched::Dirty;
use girder_vm::{Ctx, Raise, Term, am};

use crate::iolist::flatten;
use capture::Capture;
use options::Options;
use pattern::Pattern;

girder_vm::natives! { pub TABLE:
    "re" {
        "compile"/1 => compile_1, Bif;
        "compile"/2 => compile_2, Bif;
        "import"/1 => import_1, Bif, R29;
        "inspect"/2 => inspect_2, Bif;
        "internal_run"/4 => internal_run_4, Bif;
        "run"/2 => run_2, Bif;
        "run"/3 => run_3, Bif;
        "version"/0 => version_0, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Whether the release has PCRE2.
fn has_pcre2() -> bool {
    Profile::get().release >= 28
}

/// Functions of the module that do what is left: whole texts from lists of characters, and all matches.
struct Rest {
    ucompile: &'static Export,
    urun: &'static Export,
    grun: &'static Export,
}

static REST: LazyLock<Rest> = LazyLock::new(|| {
    let export = |function, arity| Export::intern(Mfa { module: am::RE, function, arity });
    Rest { ucompile: export(am::UCOMPILE, 2), urun: export(am::URUN, 3), grun: export(am::GRUN, 3) }
});

/// The options in `t`; what is wrong with them is explained as OTP does.
fn options<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<Options<'s>, Raise> {
    options::parse(t).ok_or_else(|| ctx.badarg_because(am::BADOPT.into()))
}

/// `{Text, Offset}`.
fn explained<'s>(ctx: &Ctx<'s>, pattern: &[u8], e: &pcre::CompileError) -> Term<'s> {
    let (text, offset) = if has_pcre2() { messages::of_pcre2(e) } else { messages::of_pcre8(pattern, e) };
    ctx.tuple(&[ctx.string(text), ctx.uint(offset as u64)])
}

fn compile_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let o = options(ctx, args[1])?;
    if o.only_run {
        return Err(ctx.badarg_because(am::BADOPT.into()));
    }
    if o.unicode && args[0].as_bits().is_none() {
        return Err(ctx.trap(REST.ucompile, args));
    }
    let text = flatten(ctx, args[0])?;
    Ok(match Pattern::compile(&text, &o.compile, o.unicode) {
        Ok(p) if o.export => ctx.tuple(&[am::OK.into(), p.exported(ctx, args[1])]),
        Ok(p) => ctx.tuple(&[am::OK.into(), p.term(ctx)]),
        Err(e) => ctx.tuple(&[am::ERROR.into(), explained(ctx, &text, &e)]),
    })
}

fn compile_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    compile_2(ctx, &[args[0], Term::NIL])
}

/// What `compile/2` exported, compiled for this machine.
fn import_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let [tag, header, source, opts, _encoded] = args[0].as_tuple_of().ok_or(Raise::Badarg)?;
    let header = header.as_bits().and_then(|b| b.as_bytes()).ok_or(Raise::Badarg)?;
    let o = options::parse(opts).filter(|o| !o.only_run).ok_or(Raise::Badarg)?;
    if !tag.is(am::RE_EXPORTED_PATTERN) || !header.starts_with(pattern::HEADER) || source.as_binary().is_none() {
        return Err(Raise::Badarg);
    }
    let p = Pattern::compile(&flatten(ctx, source)?, &o.compile, o.unicode).map_err(|_| Raise::Badarg)?;
    Ok(p.term(ctx))
}

/// Bytes of a subject that a match is charged a reduction for.
const BYTES_PER_REDUCTION: usize = 64;

/// Steps and starting points of a match that is not yet a dirty scheduler's.
const FEW_STEPS: u32 = 2000;
const FEW_STARTS: usize = 2048;

fn search(ctx: &Ctx<'_>, code: &pcre::Code, subject: Subject<'_>, how: &MatchOptions) -> Outcome {
    let steps = how.match_limit.map_or(FEW_STEPS, |n| n.min(FEW_STEPS));
    let last_start = how.offset.saturating_add(FEW_STARTS);
    let little = MatchOptions { match_limit: Some(steps), start_limit: Some(last_start), ..*how };
    match code.run(subject, &little) {
        Outcome::MatchLimit if how.match_limit.is_none_or(|n| n > FEW_STEPS) => {}
        Outcome::NoMatch if last_start < subject.bytes().len() => {}
        outcome => return outcome,
    }
    ctx.charge(FEW_STEPS as usize / 8);
    ctx.dirty(Dirty::Cpu, || code.run(subject, how))
}

fn run_3<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (subject, re) = (args[0], args[1]);
    let o = options(ctx, args[2])?;
    // Texts of characters, and lists of characters as results, are the business of re:urun/3.
    let wants_characters = o.capture.is_some_and(|(_, form)| form.is(am::LIST)) && !o.global;
    let is_text = subject.as_bits().is_some() && !wants_characters;
    let pattern = if re.as_tuple().is_some_and(|e| e.len() == 5) {
        let p = Pattern::of(re).filter(|_| !o.only_compile).ok_or(Raise::Badarg)?;
        if p.unicode && !is_text {
            return Err(ctx.trap(REST.urun, &args[..3]));
        }
        if o.global {
            return Err(ctx.trap(REST.grun, &[subject, re, ctx.tuple(&[args[2], Term::FALSE])]));
        }
        match o.newline {
            // PCRE2 wants it when it compiles; PCRE 8 takes it when it runs, too.
            Some(newline) if p.newline() != newline && has_pcre2() => return Err(Raise::Badarg),
            Some(newline) if p.newline() != newline => p.with_newline(newline).ok_or(Raise::Badarg)?,
            _ => p,
        }
    } else {
        if re.as_bits().is_none() && !re.is_list() {
            return Err(Raise::Badarg);
        }
        if o.unicode && (re.as_bits().is_none() || !is_text) {
            return Err(ctx.trap(REST.urun, &args[..3]));
        }
        let text = flatten(ctx, re)?;
        let p = match Pattern::compile(&text, &o.compile, o.unicode) {
            Ok(p) => p,
            Err(e) if o.report_errors => {
                let why = ctx.tuple(&[am::COMPILE.into(), explained(ctx, &text, &e)]);
                return Ok(ctx.tuple(&[am::ERROR.into(), why]));
            }
            Err(_) => return Err(Raise::Badarg),
        };
        if o.global {
            let how = ctx.tuple(&[args[2], o.only_compile.into(), re]);
            return Err(ctx.trap(REST.grun, &[subject, p.term(ctx), how]));
        }
        p
    };
    let capture = match o.capture {
        Some((values, form)) => Capture::parse(ctx, values, form, &pattern.code).ok_or(Raise::Badarg)?,
        None => Capture::default(),
    };
    let copied;
    let bytes = match subject.as_bits().and_then(|b| b.as_bytes()) {
        Some(bytes) => bytes,
        None => {
            copied = flatten(ctx, subject)?;
            &copied
        }
    };
    // A large binary remembers that it was checked, so that all matches on it cost no more than one.
    let text = if pattern.code.is_utf8() { subject.as_utf8() } else { None };
    let how = MatchOptions {
        bits: o.run_bits,
        offset: o.offset,
        match_limit: o.match_limit,
        depth_limit: o.match_limit_recursion,
        start_limit: None,
    };
    let failed = |why: girder_vm::Atom| match o.report_errors {
        true => ctx.tuple(&[am::ERROR.into(), why.into()]),
        false => am::NOMATCH.into(),
    };
    let outcome = search(ctx, &pattern.code, text.map_or(Subject::Bytes(bytes), Subject::Text), &how);
    let end = match &outcome {
        Outcome::Match(groups) => groups.first().copied().flatten().map_or(o.offset, |(_, end)| end),
        _ => bytes.len(),
    };
    ctx.charge(end.saturating_sub(o.offset) / BYTES_PER_REDUCTION);
    Ok(match outcome {
        Outcome::Match(groups) => capture.result(ctx, subject, bytes, &groups),
        Outcome::NoMatch | Outcome::Other(_) => am::NOMATCH.into(),
        Outcome::MatchLimit => failed(am::MATCH_LIMIT),
        Outcome::DepthLimit => failed(am::MATCH_LIMIT_RECURSION),
        Outcome::BadOffset if !has_pcre2() => return Err(ctx.error(am::INTERNAL_ERROR.into())),
        Outcome::BadUtf | Outcome::BadOffset => return Err(Raise::Badarg),
    })
}

fn run_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    // The arguments that go on to another function are three.
    run_3(ctx, &[args[0], args[1], Term::NIL])
}

/// As `run/3`; the last argument tells whether this is the first match on the subject, which makes no difference here:
/// subjects know themselves whether they were checked.
fn internal_run_4<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    args[3].as_bool().ok_or(Raise::Badarg)?;
    run_3(ctx, &args[..3])
}

/// `{namelist, Names}`, each name once.
fn inspect_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let p = Pattern::of(args[0]).filter(|_| args[1].is(am::NAMELIST)).ok_or(Raise::Badarg)?;
    let mut names: Vec<&[u8]> = p.code.names().iter().map(|(name, _)| &name[..]).collect();
    names.dedup();
    let names: Vec<_> = names.into_iter().map(|n| ctx.binary(n)).collect();
    Ok(ctx.tuple(&[am::NAMELIST.into(), ctx.list(&names)]))
}

fn version_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.binary(pcre::version().as_bytes()))
}
