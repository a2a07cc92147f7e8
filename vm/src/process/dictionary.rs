//! The process dictionary: pairs in one run of words, with an index by hash when there are many.
//!
//! Invariant: `words` holds key, value, key, value ...; keys are pairwise different under `=:=`; if there is an index,
//! it maps the hash of every key to the pair's number. Hashes depend on content only, so a collection, which moves keys,
//! leaves the index right.

use std::collections::HashMap;

use super::on_demand::Empty;
use crate::term::{RawTerm, Term, cmp, hash};

/// Pairs up to which a search goes through all of them.
const INDEXED_FROM: usize = 12;

/// Hash of a key -> numbers of the pairs with such keys.
#[derive(Default)]
struct Index(HashMap<u32, Vec<u32>>);

/// See the module's head. Most dictionaries are small: the index is one word until it is needed.
#[derive(Default)]
pub struct Dictionary {
    words: Vec<RawTerm>,
    index: Option<Box<Index>>,
}

impl Empty for Dictionary {
    const EMPTY: &'static Self = &Dictionary { words: Vec::new(), index: None };
}

impl Dictionary {
    /// All words, for the collector.
    pub(crate) fn words(&mut self) -> &mut [RawTerm] {
        &mut self.words
    }
    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.words.len() / 2
    }
    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
    fn key(&self, pair: usize) -> Term<'_> {
        Term::from_raw(self.words[2 * pair])
    }
    fn find(&self, key: Term<'_>) -> Option<usize> {
        let same = |&i: &usize| {
            let k = self.key(i);
            k.same(key) || (!key.is_immediate() && cmp::eq_exact(k, key))
        };
        match &self.index {
            None => (0..self.len()).find(same),
            Some(ix) => ix.0.get(&hash::internal_hash(key))?.iter().map(|&i| i as usize).find(same),
        }
    }
    /// The value of a key.
    pub fn get<'s>(&self, key: Term<'s>) -> Option<Term<'s>> {
        self.find(key).map(|i| Term::from_raw(self.words[2 * i + 1]))
    }
    /// Sets a value; gives the one before.
    pub fn put<'s>(&mut self, key: Term<'s>, value: Term<'s>) -> Option<Term<'s>> {
        if let Some(i) = self.find(key) {
            let old = std::mem::replace(&mut self.words[2 * i + 1], value.raw());
            return Some(Term::from_raw(old));
        }
        let pair = self.len();
        self.words.extend([key.raw(), value.raw()]);
        if let Some(ix) = &mut self.index {
            ix.0.entry(hash::internal_hash(key)).or_default().push(pair as u32);
        } else if pair + 1 > INDEXED_FROM {
            let mut ix = Index::default();
            for i in 0..=pair {
                ix.0.entry(hash::internal_hash(self.key(i))).or_default().push(i as u32);
            }
            self.index = Some(Box::new(ix));
        }
        None
    }
    /// Takes a pair out; gives its value.
    pub fn erase<'s>(&mut self, key: Term<'s>) -> Option<Term<'s>> {
        let i = self.find(key)?;
        let last = self.len() - 1;
        if self.index.is_some() {
            let (gone, moved) = (hash::internal_hash(key), hash::internal_hash(self.key(last)));
            self.unindex(gone, i);
            if i != last {
                self.unindex(moved, last);
                if let Some(ix) = &mut self.index {
                    ix.0.entry(moved).or_default().push(i as u32);
                }
            }
        }
        let value = self.words[2 * i + 1];
        self.words.swap(2 * i, 2 * last);
        self.words.swap(2 * i + 1, 2 * last + 1);
        self.words.truncate(2 * last);
        if self.words.is_empty() {
            *self = Dictionary::default();
        }
        Some(Term::from_raw(value))
    }
    fn unindex(&mut self, hash: u32, pair: usize) {
        if let Some(ix) = &mut self.index
            && let Some(v) = ix.0.get_mut(&hash)
        {
            v.retain(|&i| i as usize != pair);
            if v.is_empty() {
                ix.0.remove(&hash);
            }
        }
    }
    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Dictionary::default();
    }
    /// All pairs.
    pub fn pairs<'s>(&self) -> impl Iterator<Item = (Term<'s>, Term<'s>)> {
        self.words.chunks_exact(2).map(|p| (Term::from_raw(p[0]), Term::from_raw(p[1])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;

    fn pairs(d: &Dictionary) -> Vec<(i64, i64)> {
        let int = |t: Term<'_>| t.as_small().unwrap_or(-1);
        let mut v: Vec<_> = d.pairs().map(|(k, v)| (int(k), int(v))).collect();
        v.sort_unstable();
        v
    }

    #[test]
    fn small_and_indexed_agree() {
        for n in [3, INDEXED_FROM as i32, 100] {
            let mut d = Dictionary::default();
            for i in 0..n {
                assert!(d.put(Term::small(i), Term::small(i * 10)).is_none());
            }
            assert!(d.put(Term::small(1), Term::small(7)).is_some_and(|t| t.as_small() == Some(10)));
            assert!(d.get(Term::small(1)).is_some_and(|t| t.as_small() == Some(7)));
            assert!(d.get(Term::small(n)).is_none());
            for i in (0..n).step_by(2) {
                assert!(d.erase(Term::small(i)).is_some());
                assert!(d.erase(Term::small(i)).is_none());
            }
            let left: Vec<_> = (0..i64::from(n)).filter(|i| i % 2 == 1).collect();
            assert_eq!(pairs(&d).iter().map(|p| p.0).collect::<Vec<_>>(), left);
            assert!(left.iter().all(|&i| d.get(Term::try_small(i).expect("small")).is_some()));
        }
    }

    #[test]
    fn keys_are_compared_by_value() {
        Detached::build(|b| {
            let mut d = Dictionary::default();
            for i in 0..40 {
                d.put(b.tuple(&[Term::small(i), b.string("key")]), Term::small(i));
            }
            let key = b.tuple(&[Term::small(17), b.string("key")]);
            assert!(d.get(key).is_some_and(|t| t.as_small() == Some(17)));
            assert!(d.get(b.float(17.0)).is_none());
            assert!(d.erase(key).is_some() && d.get(key).is_none());
            assert_eq!(d.len(), 39);
            Term::NIL
        });
    }
}
