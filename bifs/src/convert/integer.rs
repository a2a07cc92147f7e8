//! Integers from and to digits.

use girder_vm::arith::radix::{self, NotAnInteger};
use girder_vm::atom::am;
use girder_vm::{Ctx, Raise, Term};

use crate::large::large;

use super::{binary_bytes, list_bytes};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "integer_to_list"/1 => integer_to_list_1, Bif;
        "integer_to_list"/2 => integer_to_list_2, Bif;
        "integer_to_binary"/1 => integer_to_binary_1, Bif;
        "integer_to_binary"/2 => integer_to_binary_2, Bif;
        "list_to_integer"/1 => list_to_integer_1, Bif, R25;
        "list_to_integer"/2 => list_to_integer_2, Bif, R25;
        "binary_to_integer"/1 => binary_to_integer_1, Bif, R25;
        "binary_to_integer"/2 => binary_to_integer_2, Bif, R25;
    }
    "erts_internal" {
        "list_to_integer"/2 => list_prefix_to_integer_2, Bif, SINCE_27;
        "binary_to_integer"/2 => binary_to_integer_or_reason_2, Bif, SINCE_27;
    }
    "string" {
        "list_to_integer"/1 => string_list_to_integer_1, Bif, R25;
    }
}

/// Digits whose conversion costs about a reduction.
const DIGITS_PER_REDUCTION: usize = 64;

fn base(t: Term<'_>) -> Result<u32, Raise> {
    t.as_small().and_then(|b| u32::try_from(b).ok()).filter(|b| (2..=36).contains(b)).ok_or(Raise::Badarg)
}

/// Decimal digits of a limb, and the work that converting one takes in a large number, as [`large`] counts it.
const DIGITS_PER_LIMB: usize = 19;
const WORK_PER_LIMB: usize = 512;

fn digits<'s>(ctx: &Ctx<'s>, t: Term<'s>, base: u32) -> Result<Vec<u8>, Raise> {
    let limbs = t.as_big().map_or(1, |b| b.limbs.len());
    let text = large(ctx, limbs * WORK_PER_LIMB, || radix::to_digits(t, base)).ok_or(Raise::Badarg)?;
    ctx.charge(text.len() / DIGITS_PER_REDUCTION);
    Ok(text)
}

fn integer_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.byte_list(&digits(ctx, a[0], 10)?))
}

fn integer_to_list_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.byte_list(&digits(ctx, a[0], base(a[1])?)?))
}

fn integer_to_binary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.binary(&digits(ctx, a[0], 10)?))
}

fn integer_to_binary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.binary(&digits(ctx, a[0], base(a[1])?)?))
}

fn parse<'s>(ctx: &Ctx<'s>, text: &[u8], base: u32) -> Result<Term<'s>, NotAnInteger> {
    ctx.charge(text.len() / DIGITS_PER_REDUCTION);
    large(ctx, text.len() / DIGITS_PER_LIMB * WORK_PER_LIMB, || radix::from_digits(ctx, text, base))
}

fn list_to_integer_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(parse(ctx, &list_bytes(a[0])?, 10)?)
}

fn list_to_integer_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let base = base(a[1])?;
    Ok(parse(ctx, &list_bytes(a[0])?, base)?)
}

fn binary_to_integer_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(parse(ctx, &binary_bytes(a[0])?, 10)?)
}

fn binary_to_integer_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let base = base(a[1])?;
    Ok(parse(ctx, &binary_bytes(a[0])?, base)?)
}

/// The integer, `badarg`, or `big`: then `erlang:binary_to_integer/2` finds out that it is too long.
fn binary_to_integer_or_reason_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let (Ok(base), Ok(text)) = (base(a[1]), binary_bytes(a[0])) else { return Ok(Term::atom(am::BADARG)) };
    Ok(match parse(ctx, &text, base) {
        Ok(i) => i,
        Err(NotAnInteger::Syntax) => Term::atom(am::BADARG),
        Err(NotAnInteger::TooLong) => Term::atom(am::BIG),
    })
}

/// Why a list does not begin with an integer.
enum NoPrefix {
    NotAList,
    NoInteger,
    TooLong,
}

/// The integer that a list begins with, and the rest of the list.
fn prefix<'s>(ctx: &Ctx<'s>, list: Term<'s>, base: u32) -> Result<(Term<'s>, Term<'s>), NoPrefix> {
    if !list.is_list() {
        return Err(NoPrefix::NotAList);
    }
    let mut text = Vec::new();
    let mut rest = list;
    while let Some((head, tail)) = rest.as_cons() {
        let Some(c) = head.as_small().and_then(|c| u8::try_from(c).ok()) else { break };
        let sign = text.is_empty() && matches!(c, b'-' | b'+');
        if !sign && !char::from(c).is_digit(base) {
            break;
        }
        text.push(c);
        rest = tail;
    }
    match parse(ctx, &text, base) {
        Ok(i) => Ok((i, rest)),
        Err(NotAnInteger::Syntax) => Err(NoPrefix::NoInteger),
        Err(NotAnInteger::TooLong) => Err(NoPrefix::TooLong),
    }
}

/// `{Integer, Rest}`, or the reason: for `big` the caller finds out that it is too long.
fn list_prefix_to_integer_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let reason = match base(a[1]) {
        Ok(base) => match prefix(ctx, a[0], base) {
            Ok((i, rest)) => return Ok(ctx.tuple(&[i, rest])),
            Err(NoPrefix::NotAList) => am::NOT_A_LIST,
            Err(NoPrefix::NoInteger) => am::NO_INTEGER,
            Err(NoPrefix::TooLong) => am::BIG,
        },
        Err(_) => am::BADARG,
    };
    Ok(Term::atom(reason))
}

fn string_list_to_integer_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let reason = match prefix(ctx, a[0], 10) {
        Ok((i, rest)) => return Ok(ctx.tuple(&[i, rest])),
        Err(NoPrefix::NotAList) => am::NOT_A_LIST,
        Err(NoPrefix::NoInteger) => am::NO_INTEGER,
        Err(NoPrefix::TooLong) => return Err(Raise::SystemLimit),
    };
    Ok(ctx.tuple(&[Term::atom(am::ERROR), Term::atom(reason)]))
}
