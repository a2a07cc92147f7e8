//! Specifications on objects, against what OTP says of the same.

use super::*;
use crate::atom::am;
use crate::etf;
use crate::term::cmp;

fn unhex(hex: &str) -> Detached {
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hexadecimal")).collect();
    etf::decode_literal(&bytes).expect("an external term")
}

/// What `match_spec_test` makes of a specification: `{ok, Result}` or `error`.
fn outcome(object: &Detached, spec: &Detached) -> Detached {
    match spec.with(MatchSpec::compile) {
        Err(_) => Detached::immediate(Term::atom(am::ERROR).raw()),
        Ok(spec) => object.with(|o| {
            let result = spec.run_on(o, RawTerm::pid(1), crate::term::copy::detach);
            Detached::build(|b| {
                let result = result.map_or(Term::FALSE, |r| r.with(|t| b.copy(t)));
                b.tuple(&[am::OK.into(), result])
            })
        }),
    }
}

#[test]
fn as_otp_has_it() {
    let golden = include_str!("golden/table.txt");
    let mut wrong = Vec::new();
    for line in golden.lines().filter(|l| !l.starts_with('#')) {
        let [object, spec, expected] =
            line.split(' ').map(unhex).collect::<Vec<_>>().try_into().ok().expect("three terms");
        let got = outcome(&object, &spec);
        if !got.with(|g| expected.with(|e| cmp::eq_exact(g, e))) {
            let show = |d: &Detached| d.with(|t| format!("{t:?}"));
            wrong.push(format!("{} on {}: {} not {}", show(&spec), show(&object), show(&got), show(&expected)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_deep_specification_is_a_limit() {
    let nested = |levels: usize| {
        Detached::build(|b| {
            let nested = (0..levels).fold(Term::atom(am::TRUE), |t, _| b.tuple(&[am::NOT.into(), t]));
            b.list(&[b.tuple(&[am::UNDERSCORE.into(), b.list(&[nested]), b.list(&[am::MS_OBJECT.into()])])])
        })
    };
    let spec = nested(4_000).with(MatchSpec::compile).expect("compiles");
    let object = Detached::build(|b| b.tuple(&[Term::small(1)]));
    assert_eq!(object.with(|o| spec.run_on(o, RawTerm::pid(1), |_| ())), Some(()));
    let error = nested(200_000).with(|s| MatchSpec::compile(s).map(drop)).expect_err("too deep");
    assert!(error.is_limit() && error.to_string().len() < 1000, "{:.200}", error.to_string());
}

#[test]
fn keys_narrow_the_search() {
    let spec = |head: for<'s> fn(&crate::heap::Builder<'s>) -> Term<'s>| {
        let s = Detached::build(|b| b.list(&[b.tuple(&[head(b), Term::NIL, b.list(&[Term::TRUE])])]));
        s.with(|s| MatchSpec::compile(s).expect("compiles"))
    };
    let all = spec(|_| am::UNDERSCORE.into());
    let key = spec(|b| b.tuple(&[Term::small(7), am::UNDERSCORE.into()]));
    let range = spec(|b| b.tuple(&[b.tuple(&[Term::small(7), am::UNDERSCORE.into()]), am::UNDERSCORE.into()]));
    assert_eq!(
        [all.plan(1), key.plan(1), key.plan(2), range.plan(1)],
        [KeyPlan::All, KeyPlan::Keys, KeyPlan::All, KeyPlan::Range]
    );
}
