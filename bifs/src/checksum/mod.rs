//! Checksums of iodata: CRC-32, Adler-32, MD5.
//!
//! An MD5 context is a binary, as in OTP: it may be copied, stored and sent like any other.

mod md5;

use std::borrow::Cow;

use girder_vm::{Ctx, Raise, Term};

use crate::binary::bytes;
use crate::iolist::flatten;
use crate::large::{large, weight};
use md5::Md5;

girder_vm::natives! { pub TABLE:
    "erlang" {
        "crc32"/1 => crc32_1, Bif;
        "crc32"/2 => crc32_2, Bif;
        "crc32_combine"/3 => crc32_combine_3, Bif;
        "adler32"/1 => adler32_1, Bif;
        "adler32"/2 => adler32_2, Bif;
        "adler32_combine"/3 => adler32_combine_3, Bif;
        "md5"/1 => md5_1, Bif;
        "md5_init"/0 => md5_init_0, Bif;
        "md5_update"/2 => md5_update_2, Bif;
        "md5_final"/1 => md5_final_1, Bif;
    }
}

/// Bytes summed up for one reduction.
const BYTES_PER_REDUCTION: usize = 256;
/// The modulus of Adler-32.
const ADLER: u64 = 65_521;

/// Sums up all bytes of iodata.
fn sum_up(ctx: &Ctx<'_>, t: Term<'_>, sum: impl FnOnce(&[u8])) -> Result<(), Raise> {
    large(ctx, weight(t), || {
        let bytes = match t.as_binary().and_then(|v| v.as_bytes()) {
            Some(bytes) => Cow::Borrowed(bytes),
            None => flatten(ctx, t)?.into(),
        };
        ctx.charge(bytes.len() / BYTES_PER_REDUCTION);
        sum(&bytes);
        Ok(())
    })
}

fn sum(t: Term<'_>) -> Result<u32, Raise> {
    t.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or(Raise::Badarg)
}

fn crc32<'s>(ctx: &Ctx<'s>, from: u32, t: Term<'s>) -> Result<Term<'s>, Raise> {
    let mut h = crc32fast::Hasher::new_with_initial(from);
    sum_up(ctx, t, |bytes| h.update(bytes))?;
    Ok(ctx.uint(u64::from(h.finalize())))
}

fn crc32_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    crc32(ctx, 0, a[0])
}

fn crc32_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    crc32(ctx, sum(a[0])?, a[1])
}

fn crc32_combine_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (first, second, size) = (sum(a[0])?, sum(a[1])?, a[2].as_u64().ok_or(Raise::Badarg)?);
    if size == 0 {
        // Text of no bytes has the sum 0; with another one zlib, and so OTP, gives this.
        return Ok(ctx.uint(u64::from(first ^ second)));
    }
    let mut h = crc32fast::Hasher::new_with_initial(first);
    h.combine(&crc32fast::Hasher::new_with_initial_len(second, size));
    Ok(ctx.uint(u64::from(h.finalize())))
}

fn adler32<'s>(ctx: &Ctx<'s>, from: u32, t: Term<'s>) -> Result<Term<'s>, Raise> {
    let mut h = adler2::Adler32::from_checksum(from);
    sum_up(ctx, t, |bytes| h.write_slice(bytes))?;
    Ok(ctx.uint(u64::from(h.checksum())))
}

fn adler32_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    adler32(ctx, 1, a[0])
}

fn adler32_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    adler32(ctx, sum(a[0])?, a[1])
}

/// The sum of two pieces of text from the sums of each and the second's length.
fn adler32_combine(first: u32, second: u32, size: u64) -> u32 {
    if size == 0 {
        return first;
    }
    let halves = |n: u32| (u64::from(n & 0xffff), u64::from(n >> 16));
    let ((a1, b1), (a2, b2)) = (halves(first), halves(second));
    let size = size % ADLER;
    let a = (a1 + a2 + ADLER - 1) % ADLER;
    // Every byte of the second text counts the first's sum once more, less the 1 that each sum starts from.
    let b = (b1 + b2 + size * (a1 + ADLER - 1)) % ADLER;
    (b << 16 | a) as u32
}

fn adler32_combine_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (first, second, size) = (sum(a[0])?, sum(a[1])?, a[2].as_u64().ok_or(Raise::Badarg)?);
    Ok(ctx.uint(u64::from(adler32_combine(first, second, size))))
}

fn md5_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let mut h = Md5::new();
    sum_up(ctx, a[0], |bytes| h.update(bytes))?;
    Ok(ctx.binary(&h.finish()))
}

fn md5_init_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.binary(&Md5::new().to_bytes()))
}

fn context(t: Term<'_>) -> Result<Md5, Raise> {
    Md5::from_bytes(&bytes(t)?).ok_or(Raise::Badarg)
}

fn md5_update_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let mut h = context(a[0])?;
    sum_up(ctx, a[1], |bytes| h.update(bytes))?;
    Ok(ctx.binary(&h.to_bytes()))
}

fn md5_final_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.binary(&context(a[0])?.finish()))
}
