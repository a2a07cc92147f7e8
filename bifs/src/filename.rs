//! Names of files, programs and environment variables: from terms to the bytes that the operating system wants.
//!
//! Invariant: no such name holds a zero byte.

use girder_vm::{Kind, Term};

use crate::os::utf8_names;

/// The bytes of a name: a list of characters, which may be nested and hold atoms, a binary, taken as it is, or an atom.
/// `None` for anything else, and for characters that the encoding of names does not have.
pub(crate) fn native(t: Term<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match t.kind() {
        Kind::Atom(a) => push_str(&mut out, a.name())?,
        Kind::Nil => {}
        Kind::Cons(..) => list(&mut out, t)?,
        _ => out.extend_from_slice(&t.as_binary()?.to_bytes()?),
    }
    (!out.contains(&0)).then_some(out)
}

/// As [`native`] for a name that must not be empty.
pub(crate) fn native_not_empty(t: Term<'_>) -> Option<Vec<u8>> {
    native(t).filter(|n| !n.is_empty())
}

fn push_str(out: &mut Vec<u8>, s: &str) -> Option<()> {
    s.chars().try_for_each(|c| push(out, c))
}

fn push(out: &mut Vec<u8>, c: char) -> Option<()> {
    if utf8_names() {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(u8::try_from(u32::from(c)).ok()?);
    }
    Some(())
}

fn list(out: &mut Vec<u8>, t: Term<'_>) -> Option<()> {
    let mut stack = vec![t];
    while let Some(mut rest) = stack.pop() {
        while let Some((head, tail)) = rest.as_cons() {
            rest = tail;
            if let Some(c) = head.as_small() {
                push(out, char::from_u32(u32::try_from(c).ok()?)?)?;
            } else if let Some(a) = head.as_atom() {
                push_str(out, a.name())?;
            } else if head.is_list() {
                stack.push(std::mem::replace(&mut rest, head));
            } else {
                return None;
            }
        }
        if !rest.is_nil() {
            return None;
        }
    }
    Some(())
}
