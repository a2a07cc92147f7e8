//! Names of files, programs and environment variables: from terms to the bytes that the operating system wants.
//!
//! Invariant: no such name holds a zero byte.

use girder_vm::{Kind, Term};

use crate::os::utf8_names;

/// The bytes of a name: a list of characters, which may be nested, a binary, taken as it is, or an atom.
/// `None` for anything else, and for characters that the encoding of names does not have.
pub(crate) fn native(t: Term<'_>) -> Option<Vec<u8>> {
    let name = match t.kind() {
        Kind::Atom(a) => {
            let mut out = Vec::new();
            a.name().chars().try_for_each(|c| push(&mut out, c))?;
            out
        }
        Kind::Cons(..) | Kind::Nil => return characters(t),
        _ => t.as_binary()?.to_bytes()?.to_vec(),
    };
    (!name.contains(&0)).then_some(name)
}

/// As [`native`] for a name that must not be empty.
pub(crate) fn native_not_empty(t: Term<'_>) -> Option<Vec<u8>> {
    native(t).filter(|n| !n.is_empty())
}

fn push(out: &mut Vec<u8>, c: char) -> Option<()> {
    if utf8_names() {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(u8::try_from(u32::from(c)).ok()?);
    }
    Some(())
}

/// The bytes of a list of characters, which may be nested. `None` for anything else in it, and for characters that the
/// encoding of names does not have.
pub(crate) fn characters(t: Term<'_>) -> Option<Vec<u8>> {
    let (mut out, mut stack) = (Vec::new(), vec![t]);
    while let Some(mut rest) = stack.pop() {
        while let Some((head, tail)) = rest.as_cons() {
            rest = tail;
            if head.is_list() {
                stack.push(std::mem::replace(&mut rest, head));
                continue;
            }
            let c = head.as_small().and_then(|c| u32::try_from(c).ok()).filter(|&c| c != 0)?;
            push(&mut out, char::from_u32(c)?)?;
        }
        if !rest.is_nil() {
            return None;
        }
    }
    Some(out)
}
