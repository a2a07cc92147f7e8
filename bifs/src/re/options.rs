//! Options of `re:compile/2` and `re:run/3`: one list for both.
//!
//! Invariant: an option that is unknown, or has a value that is none, makes the whole list bad.

use girder_libs::pcre::{CompileOptions, Newline, option};
use girder_vm::{Term, am};

/// What a list of options says.
pub(super) struct Options<'s> {
    pub(super) compile: CompileOptions,
    pub(super) run_bits: u32,
    /// There are options that only compiling knows.
    pub(super) only_compile: bool,
    /// There are options that only running knows.
    pub(super) only_run: bool,
    pub(super) unicode: bool,
    pub(super) global: bool,
    pub(super) report_errors: bool,
    /// A portable pattern is wanted.
    pub(super) export: bool,
    pub(super) offset: usize,
    pub(super) match_limit: Option<u32>,
    pub(super) match_limit_recursion: Option<u32>,
    /// Which groups, in which form.
    pub(super) capture: Option<(Term<'s>, Term<'s>)>,
    /// For running.
    pub(super) newline: Option<Newline>,
}

/// A number as a C `int` that is not negative.
fn count(t: Term<'_>) -> Option<u32> {
    t.as_small().filter(|n| (0..=i64::from(i32::MAX)).contains(n)).and_then(|n| u32::try_from(n).ok())
}

pub(super) fn parse(list: Term<'_>) -> Option<Options<'_>> {
    let mut o = Options {
        compile: CompileOptions { latin_1: !super::has_pcre2(), ..CompileOptions::default() },
        run_bits: 0,
        only_compile: false,
        only_run: false,
        unicode: false,
        global: false,
        report_errors: false,
        export: false,
        offset: 0,
        match_limit: None,
        match_limit_recursion: None,
        capture: None,
        newline: None,
    };
    for item in list.to_vec()? {
        match (item.as_atom(), item.as_tuple()) {
            (Some(flag), _) => flag_option(&mut o, flag)?,
            (_, Some(&[tag, values, form])) if tag.is(am::CAPTURE) => {
                (o.capture, o.only_run) = (Some((values, form)), true);
            }
            (_, Some(&[tag, value])) => value_option(&mut o, tag.as_atom()?, value)?,
            _ => return None,
        }
    }
    Some(o)
}

fn flag_option(o: &mut Options<'_>, flag: girder_vm::Atom) -> Option<()> {
    let for_compiling = match flag {
        am::NO_START_OPTIMIZE => option::NO_START_OPTIMIZE,
        am::CASELESS => option::CASELESS,
        am::DOLLAR_ENDONLY => option::DOLLAR_ENDONLY,
        am::DOTALL => option::DOTALL,
        am::EXTENDED => option::EXTENDED,
        am::FIRSTLINE => option::FIRSTLINE,
        am::MULTILINE => option::MULTILINE,
        am::NO_AUTO_CAPTURE => option::NO_AUTO_CAPTURE,
        am::DUPNAMES => option::DUPNAMES,
        am::UNGREEDY => option::UNGREEDY,
        am::UCP => option::UCP,
        am::NEVER_UTF => option::NEVER_UTF,
        am::UNICODE => {
            o.unicode = true;
            option::UTF
        }
        am::EXPORT if super::has_pcre2() => {
            o.export = true;
            0
        }
        _ => return run_flag(o, flag),
    };
    o.compile.bits |= for_compiling;
    o.only_compile = true;
    Some(())
}

fn run_flag(o: &mut Options<'_>, flag: girder_vm::Atom) -> Option<()> {
    match flag {
        am::ANCHORED => {
            o.compile.bits |= option::ANCHORED;
            o.run_bits |= option::ANCHORED;
            return Some(());
        }
        am::BSR_ANYCRLF | am::BSR_UNICODE => {
            o.compile.bsr_anycrlf = Some(flag == am::BSR_ANYCRLF);
            o.only_compile |= super::has_pcre2();
            return Some(());
        }
        am::NOTEMPTY => o.run_bits |= option::NOTEMPTY,
        am::NOTEMPTY_ATSTART => o.run_bits |= option::NOTEMPTY_ATSTART,
        am::NOTBOL => o.run_bits |= option::NOTBOL,
        am::NOTEOL => o.run_bits |= option::NOTEOL,
        am::GLOBAL => o.global = true,
        am::REPORT_ERRORS => o.report_errors = true,
        _ => return None,
    }
    o.only_run = true;
    Some(())
}

fn value_option<'s>(o: &mut Options<'s>, tag: girder_vm::Atom, value: Term<'s>) -> Option<()> {
    match tag {
        am::CAPTURE => o.capture = Some((value, am::INDEX.into())),
        am::OFFSET => o.offset = count(value)? as usize,
        am::MATCH_LIMIT => o.match_limit = Some(count(value)?),
        am::MATCH_LIMIT_RECURSION => o.match_limit_recursion = Some(count(value)?),
        am::NEWLINE => {
            let newline = match value.as_atom()? {
                am::CR => Newline::Cr,
                am::LF => Newline::Lf,
                am::CRLF => Newline::CrLf,
                am::ANY => Newline::Any,
                am::ANYCRLF => Newline::AnyCrLf,
                am::NUL if super::has_pcre2() => Newline::Nul,
                _ => return None,
            };
            o.compile.newline = Some(newline);
            o.newline = Some(newline);
            return Some(());
        }
        _ => return None,
    }
    o.only_run = true;
    Some(())
}
