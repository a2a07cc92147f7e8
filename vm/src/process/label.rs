//! What processes say of themselves in their dictionaries: `$process_label`, and `$initial_call` of `proc_lib`.

use crate::code::Mfa;
use crate::term::{Kind, Term, print};

/// Terms of a label that are shown.
const LONGEST: usize = 100;

/// A label as people read it: an atom as it is, all else as a term.
pub(crate) fn text(t: Term<'_>) -> String {
    let mut text = String::new();
    match t.kind() {
        Kind::Atom(a) => text.push_str(a.name()),
        // Writing into a string does not fail.
        _ => print::write_term(&mut text, t, print::Limits { terms: LONGEST }).unwrap_or_default(),
    }
    text
}

/// What `proc_lib` was asked to run: `{Module, Function, Arity}`.
pub(crate) fn call(t: Term<'_>) -> Option<Mfa> {
    let &[m, f, a] = t.as_tuple()? else { return None };
    Some(Mfa { module: m.as_atom()?, function: f.as_atom()?, arity: u8::try_from(a.as_small()?).ok()? })
}
