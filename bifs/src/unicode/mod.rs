//! The natives of module `unicode`: character data to UTF-8 binaries and to lists.
//!
//! Encodings other than `latin1` and `unicode`/`utf8` are the business of the module's own Erlang code, to which the
//! natives go on. The conversion itself is in [`convert`].

mod convert;

use std::sync::LazyLock;

use girder_vm::atom::{Atom, am};
use girder_vm::code::{Export, Mfa};
use girder_vm::{Ctx, Raise, Term};

use convert::{Converted, chars, check, convert, is_latin1_ascii};

girder_vm::natives! { pub TABLE:
    "unicode" {
        "characters_to_binary"/2 => characters_to_binary_2, Bif;
        "characters_to_list"/2 => characters_to_list_2, Bif;
        "bin_is_7bit"/1 => bin_is_7bit_1, Bif;
    }
}

/// List elements and eighths of bytes converted for one reduction.
const STEPS_PER_REDUCTION: usize = 16;

/// How the bytes of binaries, and integers up to 255, are to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// A byte is a character.
    Latin1,
    /// Bytes are UTF-8.
    Utf8,
}

impl Encoding {
    fn of(t: Term<'_>) -> Option<Encoding> {
        if t.is(am::LATIN1) {
            Some(Encoding::Latin1)
        } else if t.is(am::UNICODE) || t.is(am::UTF8) {
            Some(Encoding::Utf8)
        } else {
            None
        }
    }
}

fn in_erlang(function: Atom) -> &'static Export {
    Export::intern(Mfa { module: am::UNICODE, function, arity: 2 })
}

static TO_BINARY_INT: LazyLock<&Export> = LazyLock::new(|| in_erlang(am::CHARACTERS_TO_BINARY_INT));
static TO_LIST_INT: LazyLock<&Export> = LazyLock::new(|| in_erlang(am::CHARACTERS_TO_LIST_INT));

fn bin_is_7bit_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let bytes = a[0].as_bits().and_then(|v| v.to_bytes());
    Ok(Term::bool(bytes.is_some_and(|b| b.is_ascii())))
}

/// `{Tag, Converted, Rest}`, or what was converted if that is all.
fn outcome<'s>(ctx: &Ctx<'s>, converted: Term<'s>, how: Converted<'s>) -> Term<'s> {
    match how {
        Converted::All => converted,
        Converted::Error(rest) => ctx.tuple(&[Term::atom(am::ERROR), converted, rest]),
        Converted::Incomplete(rest) => ctx.tuple(&[Term::atom(am::INCOMPLETE), converted, rest]),
    }
}

fn characters_to_binary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let Some(encoding) = Encoding::of(a[1]) else { return Err(ctx.trap(*TO_BINARY_INT, a)) };
    // A list of one binary is treated as that binary, which may be the answer itself.
    let data = match a[0].as_cons() {
        Some((head, tail)) if tail.is_nil() && head.as_bits().is_some() => head,
        _ => a[0],
    };
    check(data)?;
    if let Some(v) = data.as_bits() {
        let bytes = v.to_bytes().ok_or(Raise::Badarg)?;
        ctx.charge(bytes.len() / 8 / STEPS_PER_REDUCTION);
        let same = match encoding {
            Encoding::Latin1 => bytes.is_ascii(),
            Encoding::Utf8 => std::str::from_utf8(&bytes).is_ok(),
        };
        if same {
            return Ok(data);
        }
    }
    let mut out = Vec::new();
    let how = convert(ctx, data, encoding, &mut out);
    Ok(outcome(ctx, ctx.binary(&out), how))
}

fn characters_to_list_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let Some(encoding) = Encoding::of(a[1]) else { return Err(ctx.trap(*TO_LIST_INT, a)) };
    check(a[0])?;
    if encoding == Encoding::Latin1 && a[0].as_bits().is_some() || is_latin1_ascii(a[0]) {
        let bytes = a[0].as_bits().and_then(|v| v.to_bytes()).ok_or(Raise::Badarg)?;
        ctx.charge(bytes.len() / STEPS_PER_REDUCTION);
        return Ok(ctx.byte_list(&bytes));
    }
    let mut out = Vec::new();
    let how = convert(ctx, a[0], encoding, &mut out);
    Ok(outcome(ctx, chars(ctx, &out), how))
}
