//! Which keys a specification can match: what saves a traversal from visiting the whole table.

use std::cmp::Ordering;

use super::MatchSpec;
use super::compile::is_variable;
use crate::atom::am;
use crate::profile::Profile;
use crate::term::{Kind, Term, cmp, map};

/// Where matching objects can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPlan {
    /// Anywhere.
    All,
    /// Under the keys that [`MatchSpec::each_key`] shows.
    Keys,
    /// In the range of keys for which [`MatchSpec::key_order`] is `Equal`.
    Range,
}

impl MatchSpec {
    /// The plan for a table whose key is element `keypos` (from 1).
    pub fn plan(&self, keypos: usize) -> KeyPlan {
        self.constants.with(|t| {
            let constants = t.as_tuple().unwrap_or_default();
            let keys: Option<Vec<_>> =
                self.clauses.iter().map(|c| key_of(constants[c.pattern as usize], keypos)).collect();
            match keys.as_deref() {
                None => KeyPlan::All,
                Some(keys) if keys.iter().all(|&k| is_bound(k)) => KeyPlan::Keys,
                Some(&[key]) if bound_start(key) => KeyPlan::Range,
                Some(_) => KeyPlan::All,
            }
        })
    }
    /// Shows each key of a plan [`KeyPlan::Keys`] once; `same` is the table's equality.
    pub fn each_key(&self, keypos: usize, same: fn(Term<'_>, Term<'_>) -> bool, mut f: impl FnMut(Term<'_>)) {
        self.constants.with(|t| {
            let constants = t.as_tuple().unwrap_or_default();
            let keys: Vec<_> =
                self.clauses.iter().filter_map(|c| key_of(constants[c.pattern as usize], keypos)).collect();
            for (i, &k) in keys.iter().enumerate() {
                if !keys[..i].iter().any(|&seen| same(seen, k)) {
                    f(k);
                }
            }
        });
    }
    /// Order of `key` to the keys that a plan [`KeyPlan::Range`] can match; ascends with the keys.
    pub fn key_order(&self, keypos: usize, key: Term<'_>) -> Ordering {
        self.constants.with(|t| {
            let pattern = self.clauses.first().and_then(|c| t.as_tuple()?.get(c.pattern as usize));
            pattern.and_then(|&p| key_of(p, keypos)).map_or(Ordering::Equal, |p| order(key, p))
        })
    }
}

fn key_of(pattern: Term<'_>, keypos: usize) -> Option<Term<'_>> {
    pattern.as_tuple()?.get(keypos - 1).copied()
}

fn is_free(t: Term<'_>) -> bool {
    t.is(am::UNDERSCORE) || is_variable(t).is_some()
}

/// Whether a pattern matches nothing but itself.
pub(crate) fn is_bound(pattern: Term<'_>) -> bool {
    let mut todo = vec![pattern];
    while let Some(t) = todo.pop() {
        match t.kind() {
            Kind::Atom(_) if is_free(t) => return false,
            Kind::Cons(head, tail) => todo.extend([head, tail]),
            Kind::Tuple(elements) => todo.extend(elements),
            Kind::Map if Profile::get().maps_in_keys_are_open() => return false,
            Kind::Map => todo.extend(map::iter(t).map(|(_, v)| v)),
            _ => {}
        }
    }
    true
}

/// Whether the first of a compound pattern is fixed, so that it matches a range of keys.
fn bound_start(pattern: Term<'_>) -> bool {
    match pattern.kind() {
        Kind::Tuple(elements) => !elements.is_empty(),
        Kind::Cons(head, _) => !is_free(head),
        _ => false,
    }
}

/// Order of a key to a pattern; from the pattern's first variable on, or its first map, all are equal.
fn order(key: Term<'_>, pattern: Term<'_>) -> Ordering {
    let mut todo = vec![(key, pattern)];
    while let Some((k, p)) = todo.pop() {
        if is_free(p) {
            return Ordering::Equal;
        }
        match (k.kind(), p.kind()) {
            (Kind::Tuple(x), Kind::Tuple(y)) => match x.len().cmp(&y.len()) {
                Ordering::Equal => todo.extend(x.iter().copied().zip(y.iter().copied()).rev()),
                other => return other,
            },
            (Kind::Cons(h, t), Kind::Cons(i, u)) => todo.extend([(t, u), (h, i)]),
            (Kind::Map, Kind::Map) => return Ordering::Equal,
            _ => match cmp::compare(k, p) {
                Ordering::Equal => {}
                other => return other,
            },
        }
    }
    Ordering::Equal
}
