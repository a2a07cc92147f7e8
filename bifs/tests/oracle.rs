//! Natives against tables of what OTP answers; `oracle/*.erl` make the tables.

use girder_vm::atom::am;
use girder_vm::term::bits::copy_bits;
use girder_vm::term::cmp::eq_exact;
use girder_vm::{Ctx, Raise, Term};

/// The same term with every bitstring moved off its byte boundary.
fn unaligned<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Term<'s> {
    if let Some(v) = t.as_bits() {
        let whole = ctx.bits_with(v.bits + 3, |out| copy_bits(v, out, 3));
        return ctx.sub_bits(whole, 3, v.bits).expect("inside");
    }
    if let Some((head, tail)) = t.as_cons() {
        return ctx.cons(unaligned(ctx, head), unaligned(ctx, tail));
    }
    match t.as_tuple() {
        Some(elements) => ctx.tuple(&elements.iter().map(|&e| unaligned(ctx, e)).collect::<Vec<_>>()),
        None => t,
    }
}

fn check(ctx: &Ctx<'_>, case: Term<'_>) -> Result<(), String> {
    let [m, f, args, want] = ctx.copy(case).as_tuple_of().expect("{M, F, Args, Answer}");
    let args = args.to_vec().expect("a list of arguments");
    let (m, f) = (m.as_atom().expect("module"), f.as_atom().expect("function"));
    let Some(native) = girder_bifs::find(m.name(), f.name(), args.len() as u8) else {
        return Err(format!("{}:{}/{} is missing", m.name(), f.name(), args.len()));
    };
    let moved: Vec<_> = args.iter().map(|&a| unaligned(ctx, a)).collect();
    for args in [args, moved] {
        let got = match (native.function)(ctx, &args) {
            Ok(t) => ctx.tuple(&[Term::atom(am::OK), t]),
            Err(Raise::Badarg) => ctx.tuple(&[Term::atom(am::ERROR), Term::atom(am::BADARG)]),
            Err(Raise::Badarith) => ctx.tuple(&[Term::atom(am::ERROR), Term::atom(am::BADARITH)]),
            Err(Raise::SystemLimit) => ctx.tuple(&[Term::atom(am::ERROR), Term::atom(am::SYSTEM_LIMIT)]),
            Err(other) => return Err(format!("{}:{}{args:?}: {other:?}", m.name(), f.name())),
        };
        if !eq_exact(got, want) {
            return Err(format!("{}:{}{args:?}\n  gives {got:?}\n  OTP   {want:?}", m.name(), f.name()));
        }
    }
    Ok(())
}

fn run(table: &[u8]) {
    let mut failures = Vec::new();
    let mut cases = 0;
    Ctx::for_test(|ctx| {
        let decoded = girder_vm::etf::decode(ctx, table, false).expect("the table decodes");
        for case in decoded.term.list_iter() {
            cases += 1;
            // Each case on its own heap.
            if let Err(e) = Ctx::for_test(|ctx| check(ctx, case)) {
                failures.push(e);
            }
        }
    });
    let n = failures.len();
    failures.truncate(40);
    assert!(n == 0, "{n} of {cases} differ:\n{}", failures.join("\n"));
}

#[test]
fn bitstrings_iolists_text_and_packets() {
    run(include_bytes!("oracle/bits.etf"));
}

#[test]
fn numbers_and_conversions() {
    run(include_bytes!("oracle/numbers.etf"));
}

#[test]
fn maps_and_external_terms() {
    run(include_bytes!("oracle/terms.etf"));
}

/// What a native answered, as the tables have it.
fn answer<'s>(ctx: &Ctx<'s>, r: Result<Term<'s>, Raise>) -> Result<Term<'s>, String> {
    match r {
        Ok(t) => Ok(ctx.tuple(&[Term::atom(am::OK), t])),
        Err(Raise::Badarg) => Ok(ctx.tuple(&[Term::atom(am::ERROR), Term::atom(am::BADARG)])),
        Err(other) => Err(format!("{other:?}")),
    }
}

/// The same answer with the list in it sorted.
fn as_set<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Term<'s> {
    let Some([tag, list]) = t.as_tuple_of() else { return t };
    let Some(mut all) = list.to_vec() else { return t };
    all.sort_by(|&a, &b| girder_vm::term::cmp::compare_exact(a, b));
    ctx.tuple(&[tag, ctx.list(&all)])
}

#[test]
fn tables_answer_scripts() {
    let mut failures = Vec::new();
    Ctx::for_test(|ctx| {
        let decoded =
            girder_vm::etf::decode(ctx, include_bytes!("oracle/tables.etf"), false).expect("the table decodes");
        for script in decoded.term.list_iter() {
            let mut before = Vec::new();
            for case in script.list_iter() {
                let [f, args, want] = case.as_tuple_of().expect("{F, Args, Answer}");
                let args = args.to_vec().expect("a list of arguments");
                let f = f.as_atom().expect("function").name();
                let native = girder_bifs::find("ets", f, args.len() as u8).expect("a native");
                let got = answer(ctx, (native.function)(ctx, &args));
                let same =
                    got.as_ref().is_ok_and(|&g| eq_exact(g, want) || eq_exact(as_set(ctx, g), as_set(ctx, want)));
                if !same {
                    let show = format!("{f}{args:?}\n  gives {got:?}\n  OTP   {want:?}");
                    failures.push(format!("{show}\n  after {:?}", before.iter().rev().take(3).collect::<Vec<_>>()));
                }
                before.push(format!("{f}{args:?}"));
            }
        }
    });
    let n = failures.len();
    failures.truncate(25);
    assert!(n == 0, "{n} differ:\n{}", failures.join("\n"));
}
