//! Walking a map: a plain iterator, and walks that stop and go on from a path, as map iterators do.
//!
//! Order: a flat map's keys in their own order; a HAMT's leaves by slot, depth first. A path names the next leaf: its
//! slot (index among a node's children, not hash digit) at each level, root first, one hexadecimal digit a level.

use super::flat::Flat;
use super::hamt::Node;
use super::{FLAT, KIND_HEAD, header_kind};
use crate::term::{Subtag, Term};

/// Iterator over the pairs of a map; see [`iter`].
pub struct MapIter<'s> {
    pairs: Pairs<'s>,
    left: usize,
}

enum Pairs<'s> {
    Flat(Flat<'s>, usize),
    Hamt(Vec<std::slice::Iter<'s, Term<'s>>>),
}

/// The pairs of a map in order of iteration; none for a term that is no map.
pub fn iter(map: Term<'_>) -> MapIter<'_> {
    let pairs = match map.boxed_header() {
        Some(FLAT) => Pairs::Flat(Flat::read(map), 0),
        Some(h) if h.is(Subtag::Map) && header_kind(h) == KIND_HEAD => {
            Pairs::Hamt(vec![Node::read(map).children.iter()])
        }
        _ => Pairs::Hamt(Vec::new()),
    };
    MapIter { pairs, left: super::size(map) }
}

impl<'s> Iterator for MapIter<'s> {
    type Item = (Term<'s>, Term<'s>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.pairs {
            Pairs::Flat(flat, i) => {
                let pair = (*flat.keys.get(*i)?, *flat.values.get(*i)?);
                *i += 1;
                self.left -= 1;
                Some(pair)
            }
            Pairs::Hamt(stack) => loop {
                match stack.last_mut()?.next() {
                    None => {
                        stack.pop();
                    }
                    Some(child) => match child.as_cons() {
                        Some(leaf) => {
                            self.left -= 1;
                            return Some(leaf);
                        }
                        None => stack.push(Node::read(*child).children.iter()),
                    },
                }
            },
        }
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for MapIter<'_> {}

/// Part of a HAMT's pairs.
pub struct Chunk<'s> {
    /// The pairs, in order.
    pub pairs: Vec<(Term<'s>, Term<'s>)>,
    /// Path of the next leaf as an integer's little-endian limbs; `None` after the last.
    pub next: Option<Vec<u64>>,
}

const SLOTS_PER_LIMB: usize = 16;

/// At most `max` (at least one) pairs of a HAMT from the leaf at `path` on; `None` if the path leads nowhere.
///
/// Where a path ends above a leaf, the first leaf below is meant.
pub fn chunk<'s>(map: Term<'s>, path: &[u64], max: usize) -> Option<Chunk<'s>> {
    let digit = |level: usize| {
        let limb = path.get(level / SLOTS_PER_LIMB).copied().unwrap_or(0);
        (limb >> (4 * (level % SLOTS_PER_LIMB)) & 0xf) as usize
    };
    let mut stack: Vec<(&[Term<'s>], usize)> = Vec::new();
    let mut node = super::hamt_children(map)?;
    loop {
        let slot = digit(stack.len());
        let child = node.get(slot)?;
        stack.push((node, slot));
        if child.is_cons() {
            break;
        }
        node = Node::read(*child).children;
    }
    let mut pairs = Vec::new();
    loop {
        // The top of the stack is the slot to look at.
        let Some((node, slot)) = stack.last_mut() else { return Some(Chunk { pairs, next: None }) };
        let Some(&child) = node.get(*slot) else {
            stack.pop();
            if let Some((_, above)) = stack.last_mut() {
                *above += 1;
            }
            continue;
        };
        match child.as_cons() {
            None => stack.push((Node::read(child).children, 0)),
            Some(_) if pairs.len() >= max.max(1) => break,
            Some(leaf) => {
                pairs.push(leaf);
                *slot += 1;
            }
        }
    }
    let mut next = vec![0; stack.len().div_ceil(SLOTS_PER_LIMB)];
    for (level, (_, slot)) in stack.iter().enumerate() {
        next[level / SLOTS_PER_LIMB] |= (*slot as u64) << (4 * (level % SLOTS_PER_LIMB));
    }
    Some(Chunk { pairs, next: Some(next) })
}
