//! Names of files: between characters and what the system has.

use girder_vm::{Ctx, Raise, Term, am};
use unicode_normalization::UnicodeNormalization;

use super::Answer;
use crate::filename::characters;
use crate::os::utf8_names;

girder_vm::natives! { pub TABLE:
    "prim_file" {
        "internal_name2native"/1 => name_to_native_1, Bif;
        "internal_native2name"/1 => native_to_name_1, Bif;
        "internal_normalize_utf8"/1 => normalize_utf8_1, Bif;
        "is_translatable"/1 => is_translatable_1, Bif;
    }
}

fn bytes<'s>(t: Term<'s>) -> Result<std::borrow::Cow<'s, [u8]>, Raise> {
    t.as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)
}

/// A name as a binary that ends with a zero byte. Binaries are taken as they are.
fn name_to_native_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut name = match a[0].as_bits() {
        // Of a bitstring, the whole bytes; later releases refuse it.
        Some(b) if girder_vm::Profile::get().release < 27 => {
            b.slice(0, b.bits / 8 * 8).and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)?.into_owned()
        }
        Some(_) => bytes(a[0])?.into_owned(),
        None if a[0].is_list() => characters(a[0]).ok_or(Raise::Badarg)?,
        None => return Err(Raise::Badarg),
    };
    if name.contains(&0) {
        return Err(Raise::Badarg);
    }
    name.push(0);
    Ok(ctx.binary(&name))
}

/// Characters of a name; `{error, ignore}` if it is no UTF-8 where names are.
fn native_to_name_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let name = bytes(a[0])?;
    if !utf8_names() {
        return Ok(ctx.byte_list(&name));
    }
    Ok(match std::str::from_utf8(&name) {
        Ok(s) => ctx.string(s),
        Err(_) => ctx.tuple(&[am::ERROR.into(), am::WARNING.into()]),
    })
}

/// Characters of UTF-8 bytes, in composed form.
fn normalize_utf8_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let name = bytes(a[0])?;
    let text = std::str::from_utf8(&name).map_err(|_| Raise::Badarg)?;
    Ok(ctx.string(&text.nfc().collect::<String>()))
}

fn is_translatable_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let name = bytes(a[0])?;
    Ok(Term::bool(!utf8_names() || std::str::from_utf8(&name).is_ok()))
}
