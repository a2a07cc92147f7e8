//! Bitstrings as values: sizes, parts, and lists of their bytes.

use girder_vm::term::BitsView;
use girder_vm::term::bits::{Endian, read_u64};
use girder_vm::{Ctx, Profile, Raise, Term};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "is_binary"/1 => is_binary_1, Guard;
        "is_bitstring"/1 => is_bitstring_1, Guard;
        "byte_size"/1 => byte_size_1, Guard;
        "bit_size"/1 => bit_size_1, Guard;
        "binary_part"/2 => binary_part_2, Guard;
        "binary_part"/3 => binary_part_3, Guard;
        "split_binary"/2 => split_binary_2, Bif;
        "binary_to_list"/1 => binary_to_list_1, Bif;
        "binary_to_list"/3 => binary_to_list_3, Bif;
        "bitstring_to_list"/1 => bitstring_to_list_1, Bif;
    }
    "erts_debug" {
        "unaligned_bitstring"/2 => unaligned_bitstring_2, Bif, R29;
    }
}

/// Bytes turned into list elements for one reduction.
const BYTES_PER_REDUCTION: usize = 256;

/// A bitstring's bits.
pub fn bits<'s>(t: Term<'s>) -> Result<BitsView<'s>, Raise> {
    t.as_bits().ok_or(Raise::Badarg)
}

/// A binary's bits.
pub fn binary<'s>(t: Term<'s>) -> Result<BitsView<'s>, Raise> {
    t.as_binary().ok_or(Raise::Badarg)
}

fn is_binary_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::bool(a[0].as_binary().is_some()))
}

fn is_bitstring_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::bool(a[0].as_bits().is_some()))
}

/// Bytes, a part of one counted as a whole.
fn byte_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(bits(a[0])?.byte_len() as u64))
}

fn bit_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.uint(bits(a[0])?.bits as u64))
}

/// First byte and number of bytes of a part of `size` bytes; a negative length reaches backwards.
pub fn part_range(size: usize, pos: Term<'_>, len: Term<'_>) -> Option<(usize, usize)> {
    let (pos, len) = (pos.as_i64().filter(|&p| p >= 0)?, len.as_i64()?);
    let end = pos.checked_add(len)?;
    let (from, to) = (pos.min(end), pos.max(end));
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    (to <= size).then_some((from, to - from))
}

/// The part of a bitstring's whole bytes that position and length tell.
pub fn part<'s>(ctx: &Ctx<'s>, of: Term<'s>, pos: Term<'s>, len: Term<'s>) -> Result<Term<'s>, Raise> {
    let whole = if Profile::get().parts_of_bitstrings() { bits(of)? } else { binary(of)? };
    let (from, n) = part_range(whole.bits / 8, pos, len).ok_or(Raise::Badarg)?;
    ctx.sub_bits(of, from * 8, n * 8).ok_or(Raise::Badarg)
}

pub fn binary_part_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    part(ctx, a[0], a[1], a[2])
}

pub fn binary_part_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let [pos, len] = a[1].as_tuple_of().ok_or(Raise::Badarg)?;
    part(ctx, a[0], pos, len)
}

fn split_binary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let v = bits(a[0])?;
    let at = a[1].as_usize().filter(|&n| n <= v.bits / 8).ok_or(Raise::Badarg)? * 8;
    let left = ctx.sub_bits(a[0], 0, at).ok_or(Raise::Badarg)?;
    let right = ctx.sub_bits(a[0], at, v.bits - at).ok_or(Raise::Badarg)?;
    Ok(ctx.tuple(&[left, right]))
}

/// A list of the bytes of a view of whole bytes, ending in `tail`.
pub fn byte_list<'s>(ctx: &Ctx<'s>, v: BitsView<'_>, tail: Term<'s>) -> Result<Term<'s>, Raise> {
    let bytes = v.to_bytes().ok_or(Raise::Badarg)?;
    ctx.charge(bytes.len() / BYTES_PER_REDUCTION);
    Ok(ctx.byte_list_with_tail(&bytes, tail))
}

fn binary_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    byte_list(ctx, binary(a[0])?, Term::NIL)
}

fn binary_to_list_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let v = bits(a[0])?;
    let (start, stop) = (a[1].as_usize().ok_or(Raise::Badarg)?, a[2].as_usize().ok_or(Raise::Badarg)?);
    if start < 1 || stop < start || stop > v.bits / 8 {
        return Err(Raise::Badarg);
    }
    let part = v.slice((start - 1) * 8, (stop - start + 1) * 8).ok_or(Raise::Badarg)?;
    byte_list(ctx, part, Term::NIL)
}

/// The bytes; what is left of a last one comes as a bitstring.
fn bitstring_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let v = bits(a[0])?;
    let whole = v.bits / 8 * 8;
    let tail = if whole == v.bits {
        Term::NIL
    } else {
        let rest = ctx.sub_bits(a[0], whole, v.bits - whole).ok_or(Raise::Badarg)?;
        ctx.cons(rest, Term::NIL)
    };
    byte_list(ctx, v.slice(0, whole).ok_or(Raise::Badarg)?, tail)
}

/// The same bits, as a view that begins at bit `a[1]` of a byte: for tests of code that takes bitstrings.
fn unaligned_bitstring_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let v = bits(a[0])?;
    let offset = a[1].as_usize().filter(|&n| n < 8).ok_or(Raise::Badarg)?;
    let shifted = ctx.bits_with(v.bits + offset, |out| girder_vm::term::bits::copy_bits(v, out, offset));
    ctx.sub_bits(shifted, offset, v.bits).ok_or(Raise::Badarg)
}

/// Byte `i` of a view of whole bytes.
pub fn byte_at(v: BitsView<'_>, i: usize) -> Option<u8> {
    read_u64(v.slice(i.checked_mul(8)?, 8)?, Endian::Big).map(|b| b as u8)
}
