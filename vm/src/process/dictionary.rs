//! The process dictionary: pairs in one run of words, with an index by hash when there are many.
//!
//! Invariant: `words` holds key, value, key, value ...; keys are pairwise different under `=:=`; if there is an index,
//! it maps the hash of every key to the pair's number. Hashes depend on content only, so a collection, which moves keys,
//! leaves the index right.

use std::collections::HashMap;

use crate::term::{RawTerm, Term, cmp, hash};

/// Pairs up to which a search goes through all of them.
const INDEXED_FROM: usize = 12;

/// See the module's head.
#[derive(Default)]
pub struct Dictionary {
    words: Vec<RawTerm>,
    index: Option<Box<HashMap<u32, Vec<u32>>>>,
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
            Some(ix) => ix.get(&hash::internal_hash(key))?.iter().map(|&i| i as usize).find(same),
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
            ix.entry(hash::internal_hash(key)).or_default().push(pair as u32);
        } else if pair + 1 > INDEXED_FROM {
            let mut ix: HashMap<u32, Vec<u32>> = HashMap::new();
            for i in 0..=pair {
                ix.entry(hash::internal_hash(self.key(i))).or_default().push(i as u32);
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
                    ix.entry(moved).or_default().push(i as u32);
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
            && let Some(v) = ix.get_mut(&hash)
        {
            v.retain(|&i| i as usize != pair);
            if v.is_empty() {
                ix.remove(&hash);
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
