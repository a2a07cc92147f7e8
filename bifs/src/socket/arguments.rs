//! What the arguments of natives are, and what is said of those that are not.
//!
//! Invariant: a term of the wrong type is a `badarg`, an integer that no argument can have is out of range.

use girder_vm::process::relations::Reference;
use girder_vm::term::map;
use girder_vm::{Atom, Ctx, Profile, Raise, Term, am};
use std::sync::Arc;

use super::resource::Socket;
use super::{Step, Stop, error, invalid};

/// The socket that a reference stands for.
pub(super) fn socket<'s>(t: Term<'s>) -> Result<&'s Arc<Socket>, Raise> {
    t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get()).ok_or(Raise::Badarg)
}

/// A reference that messages will carry.
pub(super) fn handle(t: Term<'_>) -> Result<Reference, Raise> {
    Reference::of(t).ok_or(Raise::Badarg)
}

/// `{invalid, {integer_range, N}}` of an integer that is too large or too small, for 27 as an error; other terms are
/// wrong.
pub(super) fn out_of_range<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Stop<'s> {
    if t.is_integer() {
        let what = invalid(ctx, ctx.tuple(&[am::INTEGER_RANGE.into(), t]));
        Stop::Value(if Profile::get().release == 27 { error(ctx, what) } else { what })
    } else {
        Stop::Raise(Raise::Badarg)
    }
}

/// A number of 32 bits, if it is one.
pub(super) fn small(t: Term<'_>) -> Option<i32> {
    t.as_small().and_then(|n| n.try_into().ok())
}

/// A number of 32 bits.
pub(super) fn int<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Step<'s, i32> {
    small(t).ok_or_else(|| out_of_range(ctx, t))
}

/// A number of bytes.
pub(super) fn size<'s>(ctx: &Ctx<'s>, t: Term<'s>) -> Step<'s, usize> {
    t.as_u64().and_then(|n| isize::try_from(n).ok()).map(isize::unsigned_abs).ok_or_else(|| out_of_range(ctx, t))
}

/// All must be integers before any is looked at more closely.
pub(super) fn integers(all: &[Term<'_>]) -> Result<(), Raise> {
    if all.iter().all(|t| t.is_integer()) { Ok(()) } else { Err(Raise::Badarg) }
}

/// The value of an atom in a map.
pub(super) fn value<'s>(map: Term<'s>, key: Atom) -> Option<Term<'s>> {
    map::get(map, key.into())
}

/// As [`value`], of an atom that is written out.
pub(super) fn field<'s>(map: Term<'s>, key: &str) -> Option<Term<'s>> {
    map::get(map, Atom::new(key).ok()?.into())
}

/// The text of an atom.
pub(super) fn name_of(t: Term<'_>) -> Option<&'static str> {
    t.as_atom().map(Atom::name)
}

/// The characters of a list, all of one byte.
pub(super) fn latin1(t: Term<'_>) -> Option<Vec<u8>> {
    t.to_vec()?.into_iter().map(|c| u8::try_from(c.as_small()?).ok()).collect()
}

/// A map of atoms.
pub(super) fn fields<'s, const N: usize>(ctx: &Ctx<'s>, all: [(Atom, Term<'s>); N]) -> Term<'s> {
    map::from_pairs(ctx, &all.map(|(key, value)| (key.into(), value)))
}

/// As [`fields`], of atoms that are written out: for what is not asked for with every message.
pub(super) fn record<'s>(ctx: &Ctx<'s>, fields: &[(&str, Term<'s>)]) -> Term<'s> {
    let pairs: Vec<_> = fields.iter().map(|&(k, v)| (super::atom(k), v)).collect();
    map::from_pairs(ctx, &pairs)
}
