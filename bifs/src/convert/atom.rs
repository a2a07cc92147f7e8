//! Atoms from and to text.

use girder_vm::atom::{Atom, AtomError, MAX_CHARS, am};
use girder_vm::{Ctx, Raise, Term};

use super::binary_bytes;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "atom_to_list"/1 => atom_to_list_1, Bif;
        "atom_to_binary"/2 => atom_to_binary_2, Bif;
        "list_to_atom"/1 => list_to_atom_1, Bif;
        "list_to_existing_atom"/1 => list_to_existing_atom_1, Bif;
        "binary_to_atom"/2 => binary_to_atom_2, Bif;
        "binary_to_existing_atom"/2 => binary_to_existing_atom_2, Bif;
    }
}

fn atom(t: Term<'_>) -> Result<Atom, Raise> {
    t.as_atom().ok_or(Raise::Badarg)
}

fn atom_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.string(atom(a[0])?.name()))
}

enum Encoding {
    Latin1,
    Utf8,
}

fn encoding(t: Term<'_>) -> Result<Encoding, Raise> {
    if t.is(am::LATIN1) {
        Ok(Encoding::Latin1)
    } else if t.is(am::UTF8) || t.is(am::UNICODE) {
        Ok(Encoding::Utf8)
    } else {
        Err(Raise::Badarg)
    }
}

fn atom_to_binary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let name = atom(a[0])?.name();
    match encoding(a[1])? {
        Encoding::Utf8 => Ok(ctx.binary(name.as_bytes())),
        Encoding::Latin1 => {
            let bytes: Option<Vec<u8>> = name.chars().map(|c| u8::try_from(c).ok()).collect();
            Ok(ctx.binary(&bytes.ok_or(Raise::Badarg)?))
        }
    }
}

/// The atom of a name that may be new.
fn make<'s>(name: &str) -> Result<Term<'s>, Raise> {
    match Atom::from_program(name) {
        Ok(a) => Ok(Term::atom(a)),
        Err(AtomError::TooLong | AtomError::TableFull) => Err(Raise::SystemLimit),
    }
}

fn existing<'s>(name: &str) -> Result<Term<'s>, Raise> {
    Atom::existing(name).map(Term::atom).ok_or(Raise::Badarg)
}

/// The text of a list of characters. A proper list of more than an atom may have is `system_limit`, whatever it holds
/// behind that.
fn list_text(t: Term<'_>) -> Result<String, Raise> {
    let mut text = String::new();
    let mut cells = t.list_iter();
    for (i, c) in cells.by_ref().enumerate() {
        if i == MAX_CHARS {
            return Err(Raise::SystemLimit);
        }
        let c = c.as_small().and_then(|c| u32::try_from(c).ok()).and_then(char::from_u32);
        text.push(c.ok_or(Raise::Badarg)?);
    }
    if cells.tail().is_nil() { Ok(text) } else { Err(Raise::Badarg) }
}

fn list_to_atom_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    make(&list_text(a[0])?)
}

fn list_to_existing_atom_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    existing(&list_text(a[0]).map_err(|_| Raise::Badarg)?)
}

fn binary_text(t: Term<'_>, e: Term<'_>) -> Result<String, Raise> {
    let (bytes, e) = (binary_bytes(t)?, encoding(e)?);
    match e {
        Encoding::Latin1 => Ok(bytes.iter().map(|&b| char::from(b)).collect()),
        Encoding::Utf8 => String::from_utf8(bytes.into_owned()).map_err(|e| {
            // What is too long anyway is not looked at to its end.
            let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let chars = std::str::from_utf8(good).map_or(0, |s| s.chars().count());
            if chars >= MAX_CHARS { Raise::SystemLimit } else { Raise::Badarg }
        }),
    }
}

fn binary_to_atom_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    make(&binary_text(a[0], a[1])?)
}

fn binary_to_existing_atom_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    existing(&binary_text(a[0], a[1])?)
}
