//! The natives of module `binary`: bytes and parts of binaries, integers in them, common prefixes; searching is in
//! [`search`].

mod search;

pub use search::TABLE as SEARCH;

use std::borrow::Cow;

use girder_vm::atom::am;
use girder_vm::term::bits::{Endian, read_limbs};
use girder_vm::{Ctx, Profile, Raise, Term};

use crate::bitstring::{binary, binary_part_2, binary_part_3, bits, byte_at};

girder_vm::natives! { pub TABLE:
    "binary" {
        "at"/2 => at_2, Bif;
        "first"/1 => first_1, Bif;
        "last"/1 => last_1, Bif;
        "part"/2 => binary_part_2, Bif;
        "part"/3 => binary_part_3, Bif;
        "copy"/1 => copy_1, Bif;
        "copy"/2 => copy_2, Bif;
        "referenced_byte_size"/1 => referenced_byte_size_1, Bif;
        "encode_unsigned"/1 => encode_unsigned_1, Bif;
        "encode_unsigned"/2 => encode_unsigned_2, Bif;
        "decode_unsigned"/1 => decode_unsigned_1, Bif;
        "decode_unsigned"/2 => decode_unsigned_2, Bif;
        "longest_common_prefix"/1 => longest_common_prefix_1, Bif;
        "longest_common_suffix"/1 => longest_common_suffix_1, Bif;
    }
}

/// Bytes copied for one reduction.
const BYTES_PER_REDUCTION: usize = 1024;
/// Largest size of a binary, bytes.
const MAX_BYTES: usize = 1 << 55;

/// A binary's bytes, copied only if they are not on byte boundaries.
pub fn bytes<'s>(t: Term<'s>) -> Result<Cow<'s, [u8]>, Raise> {
    t.as_bits().and_then(|v| v.to_bytes()).ok_or(Raise::Badarg)
}

fn byte<'s>(of: Term<'s>, i: Option<usize>) -> Result<Term<'s>, Raise> {
    let b = i.and_then(|i| byte_at(of.as_binary()?, i)).ok_or(Raise::Badarg)?;
    Ok(Term::small(i32::from(b)))
}

fn at_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    byte(a[0], a[1].as_usize())
}

fn first_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    byte(a[0], Some(0))
}

fn last_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    byte(a[0], binary(a[0])?.byte_len().checked_sub(1))
}

fn copies<'s>(ctx: &Ctx<'s>, of: Term<'s>, n: usize) -> Result<Term<'s>, Raise> {
    if n == 0 && of.as_bits().is_some() && !Profile::get().unused_binary_arguments_count() {
        return Ok(ctx.binary(&[]));
    }
    let one = bytes(of)?;
    let size = one.len().checked_mul(n).filter(|&size| size <= MAX_BYTES).ok_or(Raise::SystemLimit)?;
    ctx.charge(size / BYTES_PER_REDUCTION);
    if one.is_empty() {
        return Ok(ctx.binary(&[]));
    }
    let fill = |out: &mut [u8]| {
        if let [b] = *one {
            return out.fill(b);
        }
        for part in out.chunks_exact_mut(one.len()) {
            part.copy_from_slice(&one);
        }
    };
    Ok(crate::large::large(ctx, size, || ctx.binary_with(size, fill)))
}

fn copy_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    copies(ctx, a[0], 1)
}

fn copy_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    bits(a[0])?;
    copies(ctx, a[0], a[1].as_usize().ok_or(Raise::Badarg)?)
}

fn referenced_byte_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    bits(a[0])?;
    let bytes = a[0].referenced_bytes().ok_or(Raise::Badarg)? as u64;
    let in_bits = Profile::get().referenced_heap_bits() && a[0].off_heap_binary().is_none();
    Ok(ctx.uint(if in_bits { bytes * 8 } else { bytes }))
}

fn endian(t: Term<'_>) -> Result<Endian, Raise> {
    if t.is(am::BIG) {
        Ok(Endian::Big)
    } else if t.is(am::LITTLE) {
        Ok(Endian::Little)
    } else {
        Err(Raise::Badarg)
    }
}

fn encode_unsigned<'s>(ctx: &Ctx<'s>, t: Term<'s>, endian: Endian) -> Result<Term<'s>, Raise> {
    let small;
    let limbs = match (t.as_small(), t.as_big()) {
        (Some(i), _) => {
            small = [u64::try_from(i).map_err(|_| Raise::Badarg)?];
            &small[..]
        }
        (_, Some(big)) if !big.negative => big.limbs,
        _ => return Err(Raise::Badarg),
    };
    let zeros = limbs.last().map_or(64, |l| l.leading_zeros()) as usize / 8;
    let size = (limbs.len() * 8 - zeros).max(1);
    Ok(ctx.binary_with(size, |out| {
        for (part, limb) in out.chunks_mut(8).zip(limbs) {
            part.copy_from_slice(&limb.to_le_bytes()[..part.len()]);
        }
        if endian == Endian::Big {
            out.reverse();
        }
    }))
}

fn encode_unsigned_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    encode_unsigned(ctx, a[0], Endian::Big)
}

fn encode_unsigned_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    encode_unsigned(ctx, a[0], endian(a[1])?)
}

fn decode_unsigned<'s>(ctx: &Ctx<'s>, t: Term<'s>, endian: Endian) -> Result<Term<'s>, Raise> {
    let limbs = read_limbs(binary(t)?, endian);
    let used = limbs.iter().rposition(|&l| l != 0).map_or(0, |i| i + 1);
    if used * 64 > girder_vm::bits::MAX_INTEGER_BITS {
        return Err(Raise::SystemLimit);
    }
    Ok(ctx.big_limbs(false, &limbs[..used]))
}

fn decode_unsigned_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    decode_unsigned(ctx, a[0], Endian::Big)
}

fn decode_unsigned_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    decode_unsigned(ctx, a[0], endian(a[1])?)
}

/// The binaries of a non-empty proper list.
fn binaries<'s>(list: Term<'s>) -> Result<Vec<Cow<'s, [u8]>>, Raise> {
    let mut all = list.list_iter();
    let out = all.by_ref().map(bytes).collect::<Result<Vec<_>, _>>()?;
    if all.tail().is_nil() && !out.is_empty() { Ok(out) } else { Err(Raise::Badarg) }
}

fn longest_common<'s>(
    ctx: &Ctx<'s>,
    list: Term<'s>,
    common: impl Fn(&[u8], &[u8]) -> usize,
    part: impl Fn(&[u8], usize) -> &[u8],
) -> Result<Term<'s>, Raise> {
    let all = binaries(list)?;
    let mut n = all[0].len();
    for other in &all[1..] {
        n = common(part(&all[0], n), other);
    }
    ctx.charge(all.len() * (1 + n / BYTES_PER_REDUCTION) / 4);
    Ok(ctx.uint(n as u64))
}

fn longest_common_prefix_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    longest_common(ctx, a[0], |x, y| x.iter().zip(y).take_while(|(a, b)| a == b).count(), |x, n| &x[..n])
}

fn longest_common_suffix_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let common = |x: &[u8], y: &[u8]| x.iter().rev().zip(y.iter().rev()).take_while(|(a, b)| a == b).count();
    longest_common(ctx, a[0], common, |x, n| &x[x.len() - n..])
}
