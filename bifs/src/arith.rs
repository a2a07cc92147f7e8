//! Arithmetic operators and the functions on numbers that guards may use.

use girder_vm::{Ctx, Raise, Term, arith};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "+"/2 => add, Ubif;
        "-"/2 => sub, Ubif;
        "*"/2 => mul, Ubif;
        "/"/2 => div, Ubif;
        "div"/2 => int_div, Ubif;
        "rem"/2 => int_rem, Ubif;
        "band"/2 => band, Ubif;
        "bor"/2 => bor, Ubif;
        "bxor"/2 => bxor, Ubif;
        "bsl"/2 => bsl, Ubif;
        "bsr"/2 => bsr, Ubif;
        "+"/1 => plus, Ubif;
        "-"/1 => neg, Ubif;
        "bnot"/1 => bnot, Ubif;
        "abs"/1 => abs, Guard;
        "round"/1 => round, Guard;
        "trunc"/1 => trunc, Guard;
        "floor"/1 => floor, Guard;
        "ceil"/1 => ceil, Guard;
        "float"/1 => float, Guard;
    }
}

macro_rules! natives_of {
    (2: $($two:ident)*; 1: $($one:ident)*) => {
        $(fn $two<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
            arith::$two(ctx, a[0], a[1])
        })*
        $(fn $one<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
            arith::$one(ctx, a[0])
        })*
    };
}

natives_of! {
    2: add sub mul div int_div int_rem band bor bxor bsl bsr;
    1: plus neg bnot abs round trunc floor ceil float
}
