//! Floats from and to text.

use std::fmt::Write;

use girder_vm::atom::am;
use girder_vm::term::print::write_scientific;
use girder_vm::{Ctx, Raise, Term};

use super::{binary_bytes, list_bytes};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "float_to_list"/1 => float_to_list_1, Bif;
        "float_to_list"/2 => float_to_list_2, Bif;
        "float_to_binary"/1 => float_to_binary_1, Bif;
        "float_to_binary"/2 => float_to_binary_2, Bif;
        "list_to_float"/1 => list_to_float_1, Bif;
        "binary_to_float"/1 => binary_to_float_1, Bif;
    }
    "string" {
        "list_to_float"/1 => string_list_to_float_1, Bif;
    }
}

/// Decimals of the default format.
const DEFAULT_DECIMALS: usize = 20;
/// Most bytes of a float's text.
const MAX_TEXT: usize = 255;

#[derive(Clone, Copy)]
enum Format {
    Scientific(usize),
    Fixed { decimals: usize, compact: bool },
    Short,
}

/// The format that the options ask for; the last one wins.
fn format(options: Term<'_>) -> Result<Format, Raise> {
    let (mut format, mut compact) = (Format::Scientific(DEFAULT_DECIMALS), false);
    let mut cells = options.list_iter();
    for option in cells.by_ref() {
        if option.is(am::COMPACT) {
            compact = true;
        } else if option.is(am::SHORT) {
            format = Format::Short;
        } else {
            let [name, value] = option.as_tuple_of().ok_or(Raise::Badarg)?;
            let n = value.as_small().ok_or(Raise::Badarg)?;
            format = if name.is(am::DECIMALS) {
                Format::Fixed { decimals: usize::try_from(n).unwrap_or(usize::MAX), compact }
            } else if name.is(am::SCIENTIFIC) {
                // C's printf takes a negative precision for its default.
                Format::Scientific(usize::try_from(n).unwrap_or(6))
            } else {
                return Err(Raise::Badarg);
            };
        }
    }
    if !cells.tail().is_nil() {
        return Err(Raise::Badarg);
    }
    Ok(match format {
        Format::Fixed { decimals, .. } => Format::Fixed { decimals, compact },
        other => other,
    })
}

fn text(f: Term<'_>, options: Term<'_>) -> Result<String, Raise> {
    let f = f.as_float().ok_or(Raise::Badarg)?;
    let mut out = String::new();
    match format(options)? {
        Format::Short => return Ok(short(f)),
        Format::Scientific(decimals) | Format::Fixed { decimals, .. } if decimals > MAX_TEXT => {
            return Err(Raise::Badarg);
        }
        Format::Scientific(decimals) => write_scientific(&mut out, f, decimals).map_err(|_| Raise::Badarg)?,
        Format::Fixed { decimals, compact } => out = fixed(f, decimals, compact).ok_or(Raise::Badarg)?,
    }
    if out.len() > MAX_TEXT { Err(Raise::Badarg) } else { Ok(out) }
}

/// With this many decimals. Up to 18 of them the reference rounds the scaled fraction, beyond it (and for large
/// numbers) the exact decimal value. `None`: too long, before anything is dropped.
fn fixed(f: f64, decimals: usize, compact: bool) -> Option<String> {
    const EXACT: f64 = (1u64 << 53) as f64;
    let magnitude = f.abs();
    let by_value = magnitude > EXACT || decimals > 18;
    let mut out = if by_value {
        format!("{f:.decimals$}")
    } else {
        let mut out = String::from(if f.is_sign_negative() { "-" } else { "" });
        if decimals == 0 {
            let _ = write!(out, "{}", magnitude.round() as u64);
        } else {
            let scale = 10f64.powi(decimals as i32);
            let whole = magnitude.floor();
            let fraction = ((magnitude - whole) * scale).round();
            let (whole, fraction) =
                if fraction >= scale { (whole as u64 + 1, 0) } else { (whole as u64, fraction as u64) };
            let _ = write!(out, "{whole}.{fraction:0decimals$}");
        }
        out
    };
    if out.len() > MAX_TEXT {
        return None;
    }
    if compact && (by_value || decimals > 0) {
        let kept = out.trim_end_matches('0').len();
        // One digit stays behind the point.
        out.truncate(if out[..kept].ends_with('.') { kept + 1 } else { kept });
    }
    Some(out)
}

/// The shortest digits that read back as the same float, in the shorter of the two notations.
pub fn short(f: f64) -> String {
    if f == 0.0 {
        return String::from(if f.is_sign_negative() { "-0.0" } else { "0.0" });
    }
    // Ryu's digits; Rust's own printing decides ties otherwise.
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(f.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    let leading = all.len() - all.trim_start_matches('0').len();
    // Exponent of the first digit.
    let point = exponent.parse::<i32>().unwrap_or(0) + whole.len() as i32 - 1 - leading as i32;
    let (n, sign) = (digits.len() as i32, if f < 0.0 { "-" } else { "" });
    // The value is `digits` times ten to the power of this.
    let scale = point - (n - 1);
    let (low, high) = match n {
        1 => (-4, 2),
        _ if point >= 10 => (-(n + 2), 2),
        _ => (-(n + 2), 1),
    };
    // From 2^53 on, not every integer is a float: all of them show in scientific notation.
    let fixed = (low..=high).contains(&scale) && f.abs() < (1u64 << 53) as f64;
    if !fixed {
        let fraction = if n == 1 { "0" } else { &digits[1..] };
        format!("{sign}{}.{fraction}e{point}", &digits[..1])
    } else if scale >= 0 {
        format!("{sign}{digits}{}.0", "0".repeat(scale as usize))
    } else if n + scale > 0 {
        let (whole, fraction) = digits.split_at((n + scale) as usize);
        format!("{sign}{whole}.{fraction}")
    } else {
        format!("{sign}0.{}{digits}", "0".repeat((-scale - n) as usize))
    }
}

fn float_to_list_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.byte_list(text(a[0], Term::NIL)?.as_bytes()))
}

fn float_to_list_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.byte_list(text(a[0], a[1])?.as_bytes()))
}

fn float_to_binary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.binary(text(a[0], Term::NIL)?.as_bytes()))
}

fn float_to_binary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(ctx.binary(text(a[0], a[1])?.as_bytes()))
}

/// Lengths of the parts of a float at the start of `text`: sign, whole part, point, fraction, exponent. The exponent may
/// be missing; a part that must not be empty may be empty here.
fn scan(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| from + text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let start = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = digits(start);
    if whole == start || !matches!(text.get(whole), Some(b'.' | b',')) {
        return None;
    }
    let fraction = digits(whole + 1);
    if fraction == whole + 1 {
        return None;
    }
    if !matches!(text.get(fraction), Some(b'e' | b'E')) {
        return Some(fraction);
    }
    let sign = usize::from(matches!(text.get(fraction + 1), Some(b'+' | b'-')));
    let exponent = digits(fraction + 1 + sign);
    Some(if exponent == fraction + 1 + sign { fraction } else { exponent })
}

/// The value of a text that [`scan`] accepted whole; `None` if it is too large for a float.
fn value(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?.replace(',', ".");
    text.parse().ok().filter(|f: &f64| f.is_finite())
}

fn parse<'s>(ctx: &Ctx<'s>, text: &[u8]) -> Result<Term<'s>, Raise> {
    // The reference reads up to a zero byte.
    let text = text.split(|&c| c == 0).next().unwrap_or(text);
    let f = scan(text).filter(|&n| n == text.len()).and_then(|_| value(text)).ok_or(Raise::Badarg)?;
    Ok(ctx.float(f))
}

fn list_to_float_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    parse(ctx, &list_bytes(a[0])?)
}

fn binary_to_float_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    parse(ctx, &binary_bytes(a[0])?)
}

/// The float that a list begins with, and the rest of the list.
fn string_list_to_float_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let error = |reason| Ok(ctx.tuple(&[Term::atom(am::ERROR), Term::atom(reason)]));
    if !a[0].is_list() {
        return error(am::NOT_A_LIST);
    }
    let of_float = |c: &u8| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b'.' | b',' | b'e' | b'E');
    let head = |t: Term<'s>| t.as_small().and_then(|c| u8::try_from(c).ok()).filter(of_float);
    let text: Vec<u8> = a[0].list_iter().map_while(head).collect();
    let Some((n, f)) = scan(&text).and_then(|n| Some((n, value(&text[..n])?))) else { return error(am::NO_FLOAT) };
    let mut rest = a[0].list_iter();
    for _ in 0..n {
        rest.next();
    }
    Ok(ctx.tuple(&[ctx.float(f), rest.tail()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_notation() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-5"),
            (100.0, "100.0"),
            (1000.0, "1.0e3"),
            (12340.0, "12340.0"),
            (123400.0, "1.234e5"),
            (0.001234, "0.001234"),
            (1234567890.0, "1234567890.0"),
            (12345678900.0, "12345678900.0"),
            (123456789000.0, "1.23456789e11"),
            (9007199254740991.0, "9007199254740991.0"),
            (9007199254740992.0, "9.007199254740992e15"),
            (-1.5, "-1.5"),
            (1e22, "1.0e22"),
            (5e-324, "5.0e-324"),
            (1.7976931348623157e308, "1.7976931348623157e308"),
            (-0.0, "-0.0"),
            (123456.0, "123456.0"),
            (95_669_359.783_203_13, "95669359.78320312"),
        ];
        for (f, want) in cases {
            assert_eq!(short(f), want);
        }
    }

    #[test]
    fn fixed_notation() {
        let cases = [
            (0.5, 0, false, "1"),
            (1.005, 2, false, "1.00"),
            (1.5, 4, true, "1.5"),
            (2.0, 4, true, "2.0"),
            (-0.0, 2, false, "-0.00"),
            (0.999, 2, false, "1.00"),
            (1e20, 0, true, "1"),
            (1e20, 2, true, "100000000000000000000.0"),
            (0.1, 20, false, "0.10000000000000000555"),
        ];
        for (f, decimals, compact, want) in cases {
            assert_eq!(fixed(f, decimals, compact).as_deref(), Some(want));
        }
    }
}
