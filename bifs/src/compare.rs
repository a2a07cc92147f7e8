//! Comparison operators and what is made of them.

use girder_vm::term::cmp::{compare, compare_exact, eq, eq_exact};
use girder_vm::{Ctx, Raise, Term};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "=="/2 => equal, Ubif;
        "/="/2 => not_equal, Ubif;
        "=:="/2 => exactly_equal, Ubif;
        "=/="/2 => not_exactly_equal, Ubif;
        "<"/2 => less, Ubif;
        "=<"/2 => not_greater, Ubif;
        ">"/2 => greater, Ubif;
        ">="/2 => not_less, Ubif;
        "max"/2 => max_2, Guard, SINCE_27;
        "min"/2 => min_2, Guard, SINCE_27;
        "is_integer"/3 => is_integer_3, Guard, R29;
    }
    "erts_internal" {
        "cmp_term"/2 => cmp_term_2, Bif;
    }
}

macro_rules! relations {
    ($($name:ident $test:expr;)*) => {
        $(fn $name<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
            let test: fn(Term<'s>, Term<'s>) -> bool = $test;
            Ok(Term::bool(test(a[0], a[1])))
        })*
    };
}

relations! {
    equal |x, y| eq(x, y);
    not_equal |x, y| !eq(x, y);
    exactly_equal |x, y| eq_exact(x, y);
    not_exactly_equal |x, y| !eq_exact(x, y);
    less |x, y| compare(x, y).is_lt();
    not_greater |x, y| compare(x, y).is_le();
    greater |x, y| compare(x, y).is_gt();
    not_less |x, y| compare(x, y).is_ge();
}

/// The first of equals.
fn max_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(if compare(a[0], a[1]).is_ge() { a[0] } else { a[1] })
}

/// The first of equals.
fn min_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(if compare(a[0], a[1]).is_le() { a[0] } else { a[1] })
}

fn is_integer_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[1].is_integer() || !a[2].is_integer() {
        return Err(Raise::Badarg);
    }
    Ok(Term::bool(a[0].is_integer() && compare(a[1], a[0]).is_le() && compare(a[0], a[2]).is_le()))
}

/// The order that map keys have.
fn cmp_term_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::small(compare_exact(a[0], a[1]) as i32))
}
