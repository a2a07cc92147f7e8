//! Natives for lists of bytes, binaries and such lists.
//!
//! Invariant: depth costs memory only, and reductions are charged for what is visited and copied.

use girder_vm::term::BitsView;
use girder_vm::term::bits::copy_bits;
use girder_vm::term::iolist::{self, Leaf, for_each_leaf, push_binary};
use girder_vm::{Ctx, Raise, Term};

use crate::large::{large, weight};

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

/// All bytes of an iolist or binary.
pub fn flatten(ctx: &Ctx<'_>, t: Term<'_>) -> Result<Vec<u8>, Raise> {
    let (out, cells) = iolist::flatten(t)?;
    ctx.charge((cells + out.len() / 8) / STEPS_PER_REDUCTION);
    Ok(out)
}

fn list_to_binary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[0].is_list() {
        return Err(Raise::Badarg);
    }
    large(ctx, weight(a[0]), || Ok(ctx.binary(&flatten(ctx, a[0])?)))
}

fn iolist_to_binary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if a[0].as_binary().is_some() { Ok(a[0]) } else { list_to_binary_1(ctx, a) }
}

fn iolist_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let mut size = 0;
    let count = |leaf: Leaf<'s>| {
        size += match leaf {
            Leaf::Byte(_) => 1,
            Leaf::Bits(_, v) if v.is_binary() => v.byte_len() as u64,
            Leaf::Bits(..) => return Err(Raise::Badarg),
        };
        Ok(())
    };
    let cells = large(ctx, weight(a[0]), || for_each_leaf(a[0], count))?;
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
