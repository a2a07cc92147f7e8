//! Type tests and boolean operators.

use girder_vm::term::Kind;
use girder_vm::term::map::{self, MapKind};
use girder_vm::{Ctx, Profile, Raise, Term};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "is_atom"/1 => is_atom_1, Guard;
        "is_boolean"/1 => is_boolean_1, Guard;
        "is_float"/1 => is_float_1, Guard;
        "is_function"/1 => is_function_1, Guard;
        "is_function"/2 => is_function_2, Guard;
        "is_integer"/1 => is_integer_1, Guard;
        "is_list"/1 => is_list_1, Guard;
        "is_number"/1 => is_number_1, Guard;
        "is_pid"/1 => is_pid_1, Guard;
        "is_port"/1 => is_port_1, Guard;
        "is_record"/1 => is_record_1, Guard, R29;
        "is_record"/2 => is_record_2, Guard;
        "is_record"/3 => is_record_3, Guard;
        "is_reference"/1 => is_reference_1, Guard;
        "is_tuple"/1 => is_tuple_1, Guard;
        "and"/2 => and_2, Ubif;
        "or"/2 => or_2, Ubif;
        "xor"/2 => xor_2, Ubif;
        "not"/1 => not_1, Ubif;
    }
    "erts_internal" {
        "term_type"/1 => term_type_1, Bif;
    }
}

macro_rules! tests {
    ($($name:ident $test:expr;)*) => {
        $(fn $name<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
            let test: fn(Term<'s>) -> bool = $test;
            Ok(Term::bool(test(a[0])))
        })*
    };
}

tests! {
    is_atom_1 |t| t.is_atom();
    is_boolean_1 |t| t.as_bool().is_some();
    is_float_1 |t| t.as_float().is_some();
    is_function_1 |t| t.is_function();
    is_integer_1 |t| t.is_integer();
    is_list_1 |t| t.is_list();
    is_number_1 |t| t.is_number();
    is_pid_1 |t| t.is_pid();
    is_port_1 |t| t.is_port();
    is_record_1 |t| t.as_record().is_some();
    is_reference_1 |t| t.is_ref();
    is_tuple_1 |t| t.as_tuple().is_some();
}

fn arity(t: Term<'_>) -> Option<u8> {
    match t.kind() {
        Kind::Fun(f) => Some(f.entry.arity),
        Kind::Export(e) => Some(e.mfa.arity),
        _ => None,
    }
}

/// An arity too large to be one is no error, it only never matches.
fn is_function_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let wanted = match (a[1].as_small(), a[1].as_big()) {
        (Some(n), _) if n >= 0 => u8::try_from(n).ok(),
        (None, Some(b)) if !b.negative => None,
        _ => return Err(Raise::Badarg),
    };
    Ok(Term::bool(wanted.is_some() && arity(a[0]) == wanted))
}

fn is_tagged(t: Term<'_>, tag: Term<'_>, size: Option<i64>) -> bool {
    let fits = |elements: &[Term<'_>]| {
        elements.first().is_some_and(|first| first.same(tag)) && size.is_none_or(|n| n == elements.len() as i64)
    };
    t.as_tuple().is_some_and(fits)
}

fn is_record_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[1].is_atom() {
        return Err(Raise::Badarg);
    }
    Ok(Term::bool(is_tagged(a[0], a[1], None)))
}

/// With a tuple size; or, for a native record, its name with its module: `is_record(Term, Module, Name)`.
fn is_record_3<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    if !a[1].is_atom() {
        return Err(Raise::Badarg);
    }
    if let Some(size) = a[2].as_small() {
        return Ok(Term::bool(is_tagged(a[0], a[1], Some(size))));
    }
    if !a[2].is_atom() || girder_vm::Profile::get().release < 29 {
        return Err(Raise::Badarg);
    }
    let named = |r: girder_vm::term::RecordView<'s>| {
        r.definition.as_tuple().is_some_and(|d| d.len() >= 2 && d[0].same(a[1]) && d[1].same(a[2]))
    };
    Ok(Term::bool(a[0].as_record().is_some_and(named)))
}

fn logical<'s>(a: &[Term<'s>], f: fn(bool, bool) -> bool) -> Result<Term<'s>, Raise> {
    match (a[0].as_bool(), a[1].as_bool()) {
        (Some(x), Some(y)) => Ok(Term::bool(f(x, y))),
        _ => Err(Raise::Badarg),
    }
}

fn and_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    logical(a, |x, y| x && y)
}

fn or_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    logical(a, |x, y| x || y)
}

fn xor_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    logical(a, |x, y| x != y)
}

fn not_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    a[0].as_bool().map(|b| Term::bool(!b)).ok_or(Raise::Badarg)
}

/// Names of representations, as `erts_debug:size/1` wants them.
fn term_type_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let name = match a[0].kind() {
        Kind::Small(_) => "fixnum",
        Kind::Big(_) => "bignum",
        Kind::Float(_) => "hfloat",
        Kind::Atom(_) => "atom",
        Kind::Nil => "nil",
        Kind::Cons(..) => "list",
        Kind::Tuple(_) => "tuple",
        Kind::Map => match map::kind(a[0]) {
            Some(MapKind::Flat) => "flatmap",
            Some(MapKind::Node) => "hashmap_node",
            _ => "hashmap",
        },
        Kind::Bits(_) if Profile::get().all_views_are_sub_binaries() => match a[0].off_heap_binary() {
            Some(_) => "sub_binary",
            None => "heap_binary",
        },
        Kind::Bits(_) if a[0].as_binary().is_none() => "sub_binary",
        Kind::Bits(_) if a[0].off_heap_binary().is_some() => "refc_binary",
        Kind::Bits(_) => "heap_binary",
        Kind::Fun(_) => "fun",
        Kind::Export(_) => "export",
        Kind::Ref(r) if r.node.is_some() => "external_reference",
        Kind::Ref(_) => "reference",
        Kind::Pid(_) => "pid",
        Kind::Port(_) => "port",
        Kind::ExternalPid(..) => "external_pid",
        Kind::ExternalPort(..) => "external_port",
        Kind::Record(_) => "record",
    };
    ctx.atom(name).map_err(|_| Raise::SystemLimit)
}
