//! Whether the clauses of `ets:select_replace/2` can be seen to give each object another one with the same key.
//!
//! Invariant: who may change a key is turned away before any object is looked at, as in OTP.

use girder_vm::ets::matchspec::is_variable;
use girder_vm::term::cmp;
use girder_vm::{Term, am};

/// Whether all clauses of a specification keep the key at `keypos`.
pub fn keeps_key(spec: Term<'_>, keypos: usize) -> bool {
    spec.to_vec().is_some_and(|clauses| clauses.into_iter().all(|clause| clause_keeps(clause, keypos)))
}

fn clause_keeps(clause: Term<'_>, keypos: usize) -> bool {
    let Some([head, _, body]) = clause.as_tuple_of() else { return false };
    let Some([result]) = body.to_vec().and_then(|terms| <[_; 1]>::try_from(terms).ok()) else { return false };
    if result.is(am::MS_OBJECT) {
        return true;
    }
    let (object, constant) = match result.as_tuple() {
        Some(&[word, object]) if word.is(am::CONST) => (object, true),
        Some(&[object]) => (object, false),
        _ => return false,
    };
    let (Some(matched), Some(built)) = (key(head, keypos), key(object, keypos)) else { return false };
    let is_key_of_object = || {
        built.as_tuple_of().is_some_and(|[f, position, of]| {
            f.is(am::ELEMENT) && position.as_usize() == Some(keypos) && of.is(am::MS_OBJECT)
        })
    };
    builds_what_was_matched(matched, built, constant) || !constant && is_key_of_object()
}

fn key<'s>(object: Term<'s>, keypos: usize) -> Option<Term<'s>> {
    object.as_tuple()?.get(keypos - 1).copied()
}

/// Whether `built`, a constant or a term of a body, is always equal to what `matched`, a term of a head, has matched.
fn builds_what_was_matched(matched: Term<'_>, built: Term<'_>, constant: bool) -> bool {
    let mut todo = vec![(matched, built, constant)];
    while let Some((a, b, constant)) = todo.pop() {
        if let Some((head, tail)) = b.as_cons() {
            let Some((a_head, a_tail)) = a.as_cons() else { return false };
            todo.extend([(a_tail, tail, constant), (a_head, head, constant)]);
        } else if let Some(elements) = b.as_tuple() {
            let elements = match *elements {
                _ if constant => elements,
                [word, quoted] if word.is(am::CONST) => {
                    todo.push((a, quoted, true));
                    continue;
                }
                [tuple] => match tuple.as_tuple() {
                    Some(elements) => elements,
                    None => return false,
                },
                _ => return false,
            };
            let Some(others) = a.as_tuple().filter(|others| others.len() == elements.len()) else { return false };
            todo.extend(others.iter().zip(elements).map(|(&a, &b)| (a, b, constant)));
        } else {
            // A map's pattern does not say what else is in the map.
            let says_nothing = [am::UNDERSCORE, am::MS_OBJECT, am::MS_BINDINGS].iter().any(|&word| a.is(word));
            if b.is_map() || !cmp::eq_exact(a, b) || says_nothing || constant && is_variable(a).is_some() {
                return false;
            }
        }
    }
    true
}
