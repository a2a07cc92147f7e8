//! Module `math`: C's functions on doubles. A result that is not finite is `badarith`, a non-number `badarg`.

use girder_vm::arith::{math, to_f64};
use girder_vm::{Ctx, Raise, Term};

girder_vm::natives! { pub TABLE:
    "math" {
        "acos"/1 => acos, Bif;
        "acosh"/1 => acosh, Bif;
        "asin"/1 => asin, Bif;
        "asinh"/1 => asinh, Bif;
        "atan"/1 => atan, Bif;
        "atan2"/2 => atan2, Bif;
        "atanh"/1 => atanh, Bif;
        "ceil"/1 => ceil, Bif;
        "cos"/1 => cos, Bif;
        "cosh"/1 => cosh, Bif;
        "erf"/1 => erf, Bif;
        "erfc"/1 => erfc, Bif;
        "exp"/1 => exp, Bif;
        "floor"/1 => floor, Bif;
        "fmod"/2 => fmod, Bif;
        "log"/1 => log, Bif;
        "log10"/1 => log10, Bif;
        "log2"/1 => log2, Bif;
        "pow"/2 => pow, Bif;
        "sin"/1 => sin, Bif;
        "sinh"/1 => sinh, Bif;
        "sqrt"/1 => sqrt, Bif;
        "tan"/1 => tan, Bif;
        "tanh"/1 => tanh, Bif;
    }
}

/// A number as a float: `badarith` if it is too large for one.
fn number(t: Term<'_>) -> Result<f64, Raise> {
    to_f64(t).ok_or(if t.is_number() { Raise::Badarith } else { Raise::Badarg })
}

fn finite<'s>(ctx: &Ctx<'s>, f: f64) -> Result<Term<'s>, Raise> {
    if f.is_finite() { Ok(ctx.float(f)) } else { Err(Raise::Badarith) }
}

macro_rules! functions {
    (1: $($one:ident $f:path;)* 2: $($two:ident $g:expr;)*) => {
        $(fn $one<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
            finite(ctx, $f(number(a[0])?))
        })*
        $(fn $two<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
            let f: fn(f64, f64) -> f64 = $g;
            finite(ctx, f(number(a[0])?, number(a[1])?))
        })*
    };
}

functions! {
    1:
    acos f64::acos;
    acosh math::acosh;
    asin f64::asin;
    asinh math::asinh;
    atan f64::atan;
    atanh math::atanh;
    ceil f64::ceil;
    cos f64::cos;
    cosh f64::cosh;
    erf math::erf;
    erfc math::erfc;
    exp f64::exp;
    floor f64::floor;
    log f64::ln;
    log10 f64::log10;
    log2 f64::log2;
    sin f64::sin;
    sinh f64::sinh;
    sqrt f64::sqrt;
    tan f64::tan;
    tanh f64::tanh;
    2:
    atan2 f64::atan2;
    fmod |x, y| x % y;
    pow f64::powf;
}
