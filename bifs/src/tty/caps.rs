//! Natives of `prim_tty` about what a terminal can do, and how wide characters are.
//!
//! Invariant: what the last successful `setupterm` or `tgetent` has found is what the others answer from.

use std::sync::{Arc, Mutex, PoisonError};

use girder_vm::term::map;
use girder_vm::{Ctx, Raise, Term, am};
use rustix::io::Errno;
use unicode_width::UnicodeWidthChar;

use super::terminfo::{Capability, Entry, NAMES};
use super::{Answer, error, failed, tparm};
use crate::iolist::flatten;

girder_vm::natives! { pub TABLE:
    "prim_tty" {
        "setupterm_nif"/0 => setupterm_0, Nif, R29;
        "tgetent_nif"/1 => tgetent_1, Nif, R27;
        "tgetnum_nif"/1 => number_1, Nif, R27;
        "tgetflag_nif"/1 => flag_1, Nif, R27;
        "tgetstr_nif"/1 => tgetstr_1, Nif, R27;
        "tgoto_nif"/1 => tputs, Nif, R27;
        "tgoto_nif"/2 => tgoto, Nif, R27;
        "tgoto_nif"/3 => tgoto, Nif, R27;
        "tigetnum_nif"/1 => number_1, Nif, R29;
        "tigetflag_nif"/1 => flag_1, Nif, R29;
        "tigetstr_nif"/1 => tigetstr_1, Nif, R29;
        "tinfo_nif"/0 => tinfo_0, Nif, R29;
        "tputs_nif"/2 => tputs, Nif, R29;
        "isprint"/1 => isprint_1, Nif, SINCE_27;
        "wcwidth"/1 => wcwidth_1, Nif, SINCE_27;
        "wcswidth"/1 => wcswidth_1, Nif, SINCE_27;
        "sizeof_wchar"/0 => sizeof_wchar_0, Nif, SINCE_27;
    }
}

static ENTRY: Mutex<Option<Arc<Entry>>> = Mutex::new(None);

fn entry() -> Arc<Entry> {
    ENTRY.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
}

fn use_entry<'s>(ctx: &Ctx<'s>, function: &str, terminal: Option<String>) -> Answer<'s> {
    match terminal.and_then(|t| Entry::find(&t)) {
        Some(e) => {
            *ENTRY.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(e));
            Ok(am::OK.into())
        }
        None => failed(ctx, function, Errno::NOENT),
    }
}

fn setupterm_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    use_entry(ctx, "setupterm", std::env::var("TERM").ok())
}

/// A name, given as iodata that ends with a zero byte.
fn name<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<Vec<u8>, Raise> {
    let mut bytes = flatten(ctx, t)?;
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    Ok(bytes)
}

/// A termcap code: two characters count.
fn code<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<Vec<u8>, Raise> {
    let mut bytes = name(ctx, t)?;
    bytes.truncate(2);
    Ok(bytes)
}

fn tgetent_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let terminal = String::from_utf8(name(ctx, a[0])?).ok();
    use_entry(ctx, "tgetent", terminal)
}

fn number_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::small(entry().number(&code(ctx, a[0])?)))
}

fn flag_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::bool(entry().flag(&code(ctx, a[0])?)))
}

fn string<'s>(ctx: &Ctx<'s>, s: Option<&[u8]>) -> Term<'s> {
    s.map_or(Term::FALSE, |s| ctx.tuple(&[am::OK.into(), ctx.binary(s)]))
}

fn tgetstr_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(string(ctx, entry().string(&code(ctx, a[0])?)))
}

fn tigetstr_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(string(ctx, entry().named_string(&name(ctx, a[0])?).ok_or(Raise::Badarg)?))
}

/// What to send for a string, with parameters if there is a list of some.
fn tputs<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let text = name(ctx, a[0])?;
    let params = a.get(1).map_or(Some(Vec::new()), |l| l.to_vec()?.iter().map(|p| p.as_i64()).collect());
    let params: Vec<i64> = params.filter(|p| p.len() <= 9).ok_or(Raise::Badarg)?;
    let text = if params.is_empty() { text } else { tparm::expand(&text, &params) };
    Ok(string(ctx, Some(&tparm::without_padding(&text))))
}

/// As [`tputs`] with column and line, of which the string wants the line first.
fn tgoto<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let text = name(ctx, a[0])?;
    let params: Option<Vec<i64>> = a[1..].iter().rev().map(|p| p.as_i64()).collect();
    let text = tparm::expand(&text, &params.ok_or(Raise::Badarg)?);
    Ok(string(ctx, Some(&tparm::without_padding(&text))))
}

/// `#{bool, num, str}` with the names of all capabilities, the last first.
fn tinfo_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let atom = |name| ctx.atom(name).map_err(|_| Raise::SystemLimit);
    let (code, full_name) = (atom("code")?, atom("full_name")?);
    let one = |c: &Capability| {
        let pairs =
            [(am::NAME.into(), ctx.string(c.name)), (code, ctx.string(c.code)), (full_name, ctx.string(c.full_name))];
        map::from_pairs(ctx, &pairs)
    };
    let list = |all: &[Capability]| ctx.list_from(all.iter().rev().map(one));
    let all = [
        (atom("bool")?, list(&NAMES.flags)),
        (atom("num")?, list(&NAMES.numbers)),
        (atom("str")?, list(&NAMES.strings)),
    ];
    Ok(map::from_pairs(ctx, &all))
}

fn isprint_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let c = a[0].as_small().ok_or(Raise::Badarg)?;
    Ok(Term::bool((0x20..0x7f).contains(&c)))
}

fn width(c: u32) -> Option<usize> {
    char::from_u32(c)?.width()
}

fn not_printable<'s>(ctx: &Ctx<'s>) -> Answer<'s> {
    Ok(error(ctx, ctx.atom("not_printable").map_err(|_| Raise::SystemLimit)?))
}

fn wcwidth_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let c = a[0].as_small().and_then(|c| u32::try_from(c).ok()).ok_or(Raise::Badarg)?;
    match width(c) {
        Some(n) => Ok(ctx.uint(n as u64)),
        None => not_printable(ctx),
    }
}

/// Of characters as the C library has them: four bytes each.
fn wcswidth_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let bytes = flatten(ctx, a[0])?;
    let chars = bytes.chunks_exact(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]]));
    match chars.map(width).sum::<Option<usize>>() {
        Some(n) => Ok(ctx.tuple(&[am::OK.into(), ctx.uint(n as u64)])),
        None => not_printable(ctx),
    }
}

fn sizeof_wchar_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::small(4))
}
