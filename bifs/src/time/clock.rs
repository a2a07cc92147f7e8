//! Clocks, their units, and unique integers.

use girder_vm::native::Raise;
use girder_vm::process::unique;
use girder_vm::timer::clock;
use girder_vm::{Ctx, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "monotonic_time"/0 => monotonic_time_0, Bif;
        "monotonic_time"/1 => monotonic_time_1, Bif;
        "system_time"/0 => system_time_0, Bif;
        "system_time"/1 => system_time_1, Bif;
        "time_offset"/0 => time_offset_0, Bif;
        "time_offset"/1 => time_offset_1, Bif;
        "timestamp"/0 => timestamp_0, Bif;
        "now"/0 => now_0, Bif;
        "unique_integer"/0 => unique_integer_0, Bif;
        "unique_integer"/1 => unique_integer_1, Bif;
        "make_ref"/0 => make_ref_0, Bif;
    }
    "erts_internal" {
        "time_unit"/0 => time_unit_0, Bif;
        "perf_counter_unit"/0 => time_unit_0, Bif;
    }
    "os" {
        "system_time"/0 => os_system_time_0, Bif;
        "system_time"/1 => os_system_time_1, Bif;
        "timestamp"/0 => os_timestamp_0, Bif;
        "perf_counter"/0 => perf_counter_0, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

const NATIVE: i64 = 1_000_000_000;

/// Parts of a second that a time unit means.
fn unit(t: Term<'_>) -> Option<i64> {
    if let Some(i) = t.as_i64() {
        return (i > 0).then_some(i);
    }
    match t.as_atom()?.name() {
        "second" | "seconds" => Some(1),
        "millisecond" | "milli_seconds" => Some(1000),
        "microsecond" | "micro_seconds" => Some(1_000_000),
        "nanosecond" | "nano_seconds" | "native" | "perf_counter" => Some(NATIVE),
        _ => None,
    }
}

fn convert<'s>(ctx: &Ctx<'s>, ns: i64, to: Term<'s>) -> Answer<'s> {
    if let Some(unit) = unit(to) {
        return Ok(ctx.int128((i128::from(ns) * i128::from(unit)).div_euclid(i128::from(NATIVE))));
    }
    match to.as_big() {
        Some(b) if !b.negative => Ok(convert_big(ctx, ns, b.limbs)),
        _ => Err(Raise::Badarg),
    }
}

/// `ns * unit / 10^9`, rounded down, for a unit of any size.
fn convert_big<'s>(ctx: &Ctx<'s>, ns: i64, unit: &[u64]) -> Term<'s> {
    let mut out = Vec::with_capacity(unit.len() + 1);
    let mut carry = 0_u128;
    for &limb in unit {
        carry += u128::from(limb) * u128::from(ns.unsigned_abs());
        out.push(carry as u64);
        carry >>= 64;
    }
    out.push(carry as u64);
    let mut rest = 0_u128;
    for limb in out.iter_mut().rev() {
        rest = rest << 64 | u128::from(*limb);
        *limb = (rest / NATIVE as u128) as u64;
        rest %= NATIVE as u128;
    }
    if ns < 0 && rest != 0 {
        // Down is away from zero; the quotient is far from the largest number of its limbs.
        for limb in &mut out {
            let (sum, overflow) = limb.overflowing_add(1);
            *limb = sum;
            if !overflow {
                break;
            }
        }
    }
    ctx.big_limbs(ns < 0, &out)
}

fn monotonic_time_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(clock::monotonic_ns()))
}

fn monotonic_time_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    convert(ctx, clock::monotonic_ns(), args[0])
}

fn system_time_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(clock::system_ns()))
}

fn system_time_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    convert(ctx, clock::system_ns(), args[0])
}

fn time_offset_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(clock::offset_ns()))
}

fn time_offset_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    convert(ctx, clock::offset_ns(), args[0])
}

fn os_system_time_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(clock::os_system_ns()))
}

fn os_system_time_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    convert(ctx, clock::os_system_ns(), args[0])
}

fn perf_counter_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(clock::since_start_ns()))
}

fn time_unit_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(NATIVE))
}

/// `{MegaSeconds, Seconds, MicroSeconds}`.
pub(crate) fn mega<'s>(ctx: &Ctx<'s>, us: i64) -> Term<'s> {
    let s = us.div_euclid(1_000_000);
    ctx.tuple(&[ctx.int(s.div_euclid(1_000_000)), ctx.int(s.rem_euclid(1_000_000)), ctx.int(us.rem_euclid(1_000_000))])
}

fn timestamp_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(mega(ctx, clock::system_ns().div_euclid(1000)))
}

fn os_timestamp_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(mega(ctx, clock::os_system_ns().div_euclid(1000)))
}

/// As `timestamp/0`, later than every earlier call.
pub(crate) fn now_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(mega(ctx, clock::now_us()))
}

fn make_ref_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.reference(unique::reference()))
}

/// Integers count from the smallest small one, or from 1 if they are to be positive.
fn unique_integer<'s>(ctx: &Ctx<'s>, n: i128, positive: bool) -> Term<'s> {
    ctx.int128(if positive { n } else { n + i128::from(girder_vm::term::SMALL_MIN) })
}

fn unique_integer_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(unique_integer(ctx, i128::from(unique::number()), false))
}

pub(crate) fn unique_integer_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (mut monotonic, mut positive) = (false, false);
    for opt in args[0].to_vec().ok_or(Raise::Badarg)? {
        match opt.as_atom() {
            Some(am::MONOTONIC) => monotonic = true,
            Some(am::POSITIVE) => positive = true,
            _ => return Err(Raise::Badarg),
        }
    }
    let n = if monotonic { i128::from(unique::monotonic()) } else { i128::from(unique::number()) };
    Ok(unique_integer(ctx, n, positive))
}
