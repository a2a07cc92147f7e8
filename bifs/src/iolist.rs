//! Lists of bytes, binaries and such lists: walked with an explicit stack, so that depth costs memory only.

use girder_vm::term::BitsView;
use girder_vm::term::bits::copy_bits;
use girder_vm::{Ctx, Raise, Term};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "list_to_binary"/1 => list_to_binary_1, Bif;
        "iolist_to_binary"/1 => iolist_to_binary_1, Bif;
        "iolist_size"/1 => iolist_size_1, Bif;
        "iolist_to_iovec"/1 => iolist_to_iovec_1, Bif;
        "list_to_bitstring"/1 => list_to_bitstring_1, Bif;
    }
    "binary" {
        "list_to_bin"/1 => list_to_binary_1, Bif;
    }
}

/// List elements visited, or bytes copied in blocks of eight, for one reduction.
const STEPS_PER_REDUCTION: usize = 64;
/// Binaries up to this size are gathered into one when an I/O vector is made; larger ones are shared.
const IOVEC_COPY_LIMIT: usize = 256;

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
fn push_binary(out: &mut Vec<u8>, v: BitsView<'_>) -> Result<(), Raise> {
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

/// All bytes of an iolist or binary.
pub fn flatten(ctx: &Ctx<'_>, t: Term<'_>) -> Result<Vec<u8>, Raise> {
    let mut out = Vec::with_capacity(256);
    let cells = for_each_leaf(t, |leaf| match leaf {
        Leaf::Byte(b) => {
            out.push(b);
            Ok(())
        }
        Leaf::Bits(_, v) => push_binary(&mut out, v),
    })?;
    ctx.charge((cells + out.len() / 8) / STEPS_PER_REDUCTION);
    Ok(out)
}

fn list_to_binary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[0].is_list() {
        return Err(Raise::Badarg);
    }
    Ok(ctx.binary(&flatten(ctx, a[0])?))
}

fn iolist_to_binary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if a[0].as_binary().is_some() { Ok(a[0]) } else { list_to_binary_1(ctx, a) }
}

fn iolist_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let mut size = 0;
    let cells = for_each_leaf(a[0], |leaf| {
        size += match leaf {
            Leaf::Byte(_) => 1,
            Leaf::Bits(_, v) if v.is_binary() => v.byte_len() as u64,
            Leaf::Bits(..) => return Err(Raise::Badarg),
        };
        Ok(())
    })?;
    ctx.charge(cells / STEPS_PER_REDUCTION);
    Ok(ctx.uint(size))
}

fn iolist_to_iovec_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (mut parts, mut small) = (Vec::new(), Vec::new());
    let mut copied = 0;
    let cells = for_each_leaf(a[0], |leaf| {
        match leaf {
            Leaf::Byte(b) => small.push(b),
            Leaf::Bits(t, v) if v.is_binary() && v.byte_len() > IOVEC_COPY_LIMIT => {
                if !small.is_empty() {
                    parts.push(ctx.binary(&small));
                    copied += small.len();
                    small.clear();
                }
                parts.push(t);
            }
            Leaf::Bits(_, v) => push_binary(&mut small, v)?,
        }
        Ok(())
    })?;
    if !small.is_empty() {
        parts.push(ctx.binary(&small));
    }
    ctx.charge((cells + (copied + small.len()) / 8) / STEPS_PER_REDUCTION);
    Ok(ctx.list(&parts))
}

fn list_to_bitstring_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[0].is_list() {
        return Err(Raise::Badarg);
    }
    let mut out: Vec<u8> = Vec::with_capacity(256);
    let mut bits = 0;
    let cells = for_each_leaf(a[0], |leaf| {
        let byte;
        let v = match leaf {
            Leaf::Byte(b) => {
                byte = [b];
                BitsView::of_bytes(&byte)
            }
            Leaf::Bits(_, v) => v,
        };
        out.resize((bits + v.bits).div_ceil(8), 0);
        copy_bits(v, &mut out, bits);
        bits += v.bits;
        Ok(())
    })?;
    ctx.charge((cells + out.len() / 8) / STEPS_PER_REDUCTION);
    Ok(ctx.bits_with(bits, |to| to.copy_from_slice(&out)))
}
