//! Terms and strings put onto the terminal without any process's help, for debugging.

use std::io::Write;

use girder_vm::atom::am;
use girder_vm::term::print::{Limits, write_term};
use girder_vm::{Ctx, Raise, Term};

use super::binary_bytes;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "display"/1 => display_1, Bif;
        "display_string"/1 => display_string_1, Bif, R25;
        "display_string"/2 => display_string_2, Bif, SINCE_27;
        "display_nl"/0 => display_nl_0, Bif, R25;
    }
    "erts_internal" {
        "term_to_string"/2 => term_to_string_2, Bif, SINCE_27;
    }
}

/// Writes to a standard stream. Nobody could be told of a failure, so it is left at that.
pub fn put(mut to: impl Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

fn show(t: Term<'_>, terms: usize) -> Result<String, Raise> {
    let mut text = String::new();
    write_term(&mut text, t, Limits { terms }).map_err(|_| Raise::Badarg)?;
    Ok(text)
}

fn display_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    put(std::io::stdout(), format!("{}\r\n", show(a[0], usize::MAX)?).as_bytes());
    Ok(Term::TRUE)
}

/// A proper list of characters as UTF-8.
fn characters(t: Term<'_>) -> Result<Vec<u8>, Raise> {
    let mut cells = t.list_iter();
    let char_of = |c: Term<'_>| c.as_small().and_then(|c| u32::try_from(c).ok()).and_then(char::from_u32);
    let text: Option<String> = cells.by_ref().map(char_of).collect();
    text.filter(|_| cells.tail().is_nil()).map(String::into_bytes).ok_or(Raise::Badarg)
}

fn display_string_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    put(std::io::stderr(), &characters(a[0])?);
    Ok(Term::TRUE)
}

/// `display_string(Device, Characters | Binary)`.
fn display_string_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let bytes = if a[1].is_list() { characters(a[1])? } else { binary_bytes(a[1])?.into_owned() };
    if a[0].is(am::STDOUT) {
        put(std::io::stdout(), &bytes);
    } else if a[0].is(am::STDERR) {
        put(std::io::stderr(), &bytes);
    } else {
        return Err(Raise::Badarg);
    }
    Ok(Term::TRUE)
}

fn display_nl_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    put(std::io::stderr(), b"\r\n");
    Ok(Term::TRUE)
}

/// `term_to_string(Term, undefined | Limit)`.
fn term_to_string_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let terms =
        if a[1].is(am::UNDEFINED) { usize::MAX } else { a[1].as_usize().filter(|&n| n > 0).ok_or(Raise::Badarg)? };
    Ok(ctx.string(&show(a[0], terms)?))
}
