//! temporary
use crate::{Raise, Term, heap::Builder};
fn i(t: Term<'_>) -> Option<i128> {
    t.as_i64().map(i128::from)
}
pub fn to_f64(t: Term<'_>) -> Option<f64> {
    t.as_float().or(t.as_i64().map(|i| i as f64))
}
fn op<'s>(
    b: &Builder<'s>,
    x: Term<'s>,
    y: Term<'s>,
    fi: fn(i128, i128) -> Option<i128>,
    ff: fn(f64, f64) -> f64,
) -> Result<Term<'s>, Raise> {
    if let (Some(x), Some(y)) = (i(x), i(y)) {
        return fi(x, y).map(|r| b.int128(r)).ok_or(Raise::Badarith);
    }
    match (to_f64(x), to_f64(y)) {
        (Some(x), Some(y)) => {
            let r = ff(x, y);
            if r.is_finite() { Ok(b.float(r)) } else { Err(Raise::Badarith) }
        }
        _ => Err(Raise::Badarith),
    }
}
macro_rules! ops { ($($n:ident $fi:expr, $ff:expr;)*) => { $(pub fn $n<'s>(b: &Builder<'s>, x: Term<'s>, y: Term<'s>) -> Result<Term<'s>, Raise> { op(b, x, y, $fi, $ff) })* } }
ops! {
    add |a, b| a.checked_add(b), |a, b| a + b;
    sub |a, b| a.checked_sub(b), |a, b| a - b;
    mul |a, b| a.checked_mul(b), |a, b| a * b;
    int_div |a, b| a.checked_div(b), |_, _| f64::NAN;
    int_rem |a, b| a.checked_rem(b), |_, _| f64::NAN;
    band |a, b| Some(a & b), |_, _| f64::NAN;
    bor |a, b| Some(a | b), |_, _| f64::NAN;
    bxor |a, b| Some(a ^ b), |_, _| f64::NAN;
    bsl |a, b| a.checked_shl(b as u32), |_, _| f64::NAN;
    bsr |a, b| a.checked_shr(b as u32), |_, _| f64::NAN;
}
