//! Lists of bytes and binaries, nested: iodata.
//!
//! Invariant: anything else in such a list makes it wrong as a whole, with `badarg`.

use crate::native::Raise;
use crate::term::bits::copy_bits;
use crate::term::{BitsView, Term};

/// A leaf of an iolist.
pub enum Leaf<'s> {
    /// A byte.
    Byte(u8),
    /// A bitstring, with its term.
    Bits(Term<'s>, BitsView<'s>),
}

/// Shows `f` all leaves of an iolist in order; `Badarg` for anything that is none. Gives the list cells visited.
pub fn for_each_leaf<'s>(t: Term<'s>, mut f: impl FnMut(Leaf<'s>) -> Result<(), Raise>) -> Result<usize, Raise> {
    let mut stack: Vec<Term<'s>> = Vec::new();
    let mut cells = 0;
    let mut rest = t;
    loop {
        while let Some((head, tail)) = rest.as_cons() {
            cells += 1;
            rest = tail;
            if let Some(i) = head.as_small() {
                f(Leaf::Byte(u8::try_from(i).map_err(|_| Raise::Badarg)?))?;
            } else if head.is_cons() {
                if !tail.is_nil() {
                    stack.push(tail);
                }
                rest = head;
            } else if !head.is_nil() {
                f(Leaf::Bits(head, head.as_bits().ok_or(Raise::Badarg)?))?;
            }
        }
        if !rest.is_nil() {
            f(Leaf::Bits(rest, rest.as_bits().ok_or(Raise::Badarg)?))?;
        }
        match stack.pop() {
            Some(t) => rest = t,
            None => return Ok(cells),
        }
    }
}

/// Appends a binary's bytes; `Badarg` for a bitstring that is none.
pub fn push_binary(out: &mut Vec<u8>, v: BitsView<'_>) -> Result<(), Raise> {
    match v.as_bytes() {
        Some(bytes) => out.extend_from_slice(bytes),
        None if v.is_binary() => {
            let at = out.len();
            out.resize(at + v.byte_len(), 0);
            copy_bits(v, &mut out[at..], 0);
        }
        None => return Err(Raise::Badarg),
    }
    Ok(())
}

/// All bytes of an iolist or binary, and the list cells visited.
pub fn flatten(t: Term<'_>) -> Result<(Vec<u8>, usize), Raise> {
    let mut out = Vec::with_capacity(256);
    let cells = for_each_leaf(t, |leaf| match leaf {
        Leaf::Byte(b) => {
            out.push(b);
            Ok(())
        }
        Leaf::Bits(_, v) => push_binary(&mut out, v),
    })?;
    Ok((out, cells))
}
