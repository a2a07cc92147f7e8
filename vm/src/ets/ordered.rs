//! `ordered_set`: a tree of two levels, a sorted vector of sorted blocks.
//!
//! Finding is two binary searches; inserting moves at most a block, and the vector of blocks only when a block is
//! split. Invariants: no block is empty or longer than [`BLOCK`]; keys ascend strictly in term order (`1` and `1.0` are
//! one key). The table puts it under one lock.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::object::Object;
use super::prefix::Prefix;
use super::{Change, Visit};
use crate::term::{Term, cmp};

const BLOCK: usize = 128;

/// A key to look for.
#[derive(Clone, Copy)]
pub(super) struct Key<'k> {
    term: Term<'k>,
    prefix: Prefix,
}

impl<'k> Key<'k> {
    pub(super) fn new(term: Term<'k>) -> Key<'k> {
        Key { term, prefix: Prefix::of(term) }
    }
}

/// An object with its key's prefix at hand.
struct Entry {
    prefix: Prefix,
    object: Object,
}

impl Entry {
    fn new(object: Object, keypos: usize) -> Entry {
        Entry { prefix: object.with_element(keypos, Prefix::of).unwrap_or_default(), object }
    }
    /// Shows the key.
    fn with_key<R>(&self, keypos: usize, f: impl for<'o> FnOnce(Term<'o>) -> R) -> R {
        self.object.with_key(keypos, f)
    }
    /// Order of this object's key to `key`.
    #[inline]
    fn compare(&self, key: &Key<'_>, keypos: usize) -> Ordering {
        match self.prefix.cmp(&key.prefix) {
            Ordering::Equal if !key.prefix.is_whole() => self.with_key(keypos, |k| cmp::compare(k, key.term)),
            order => order,
        }
    }
}

/// Neighbours in order.
struct Block {
    /// Prefix of the first one's key, so that finding the block need not look into it.
    first: Prefix,
    entries: Vec<Entry>,
}

impl Block {
    fn new(entries: Vec<Entry>) -> Block {
        Block { first: entries.first().map(|e| e.prefix).unwrap_or_default(), entries }
    }
    fn insert(&mut self, i: usize, entry: Entry) {
        if i == 0 {
            self.first = entry.prefix;
        }
        self.entries.insert(i, entry);
    }
    fn remove(&mut self, i: usize) -> Entry {
        let gone = self.entries.remove(i);
        if let Some(e) = self.entries.first() {
            self.first = e.prefix;
        }
        gone
    }
}

pub(super) struct Ordered {
    blocks: Vec<Block>,
    keypos: usize,
    /// Where a key was found last: who walks the table asks for that key or one beside it next. A guess that is
    /// always checked.
    last: AtomicU64,
    /// Whether it is kept: not where many may read at a time, who would take the line from one another.
    remembers: bool,
    /// Sums over the objects, so that the table can be emptied without a look at them.
    totals: Change,
}

/// Where an object is: block and index in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct At(usize, usize);

/// Which way to walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Backward,
}

impl Ordered {
    pub(super) fn new(keypos: usize, remembers: bool) -> Ordered {
        Ordered { blocks: Vec::new(), keypos, last: AtomicU64::new(0), remembers, totals: Change::default() }
    }
    pub(super) fn get(&self, at: At) -> Option<&Object> {
        self.entry(at).map(|e| &e.object)
    }
    fn entry(&self, at: At) -> Option<&Entry> {
        self.blocks.get(at.0)?.entries.get(at.1)
    }
    fn entry_mut(&mut self, at: At) -> Option<&mut Entry> {
        self.blocks.get_mut(at.0)?.entries.get_mut(at.1)
    }
    /// The first place whose object `before` does not hold for; it holds for a beginning of the table, and
    /// `block_before` for the blocks whose first object `before` holds for.
    fn partition(&self, block_before: impl Fn(&Block) -> bool, before: impl Fn(&Entry) -> bool) -> At {
        let block = self.blocks.partition_point(block_before).saturating_sub(1);
        match self.blocks.get(block) {
            Some(b) => self.normal(At(block, b.entries.partition_point(before))),
            None => At(0, 0),
        }
    }
    /// A place behind the end of a block is the start of the next.
    fn normal(&self, at: At) -> At {
        match self.blocks.get(at.0) {
            Some(b) if at.1 >= b.entries.len() => At(at.0 + 1, 0),
            _ => at,
        }
    }
    /// As [`Ordered::find`], after a look where a key was found last.
    pub(super) fn find_near(&self, key: &Key<'_>) -> Result<At, At> {
        if !self.remembers {
            return self.find(key);
        }
        let last = self.last.load(Relaxed);
        let guess = At((last >> 32) as usize, last as u32 as usize);
        let order = |at: At| Some(self.entry(at)?.compare(key, self.keypos));
        let beside = match order(guess) {
            Some(Ordering::Equal) => return Ok(guess),
            Some(Ordering::Less) => Some(self.after(guess)),
            Some(Ordering::Greater) => self.before(guess),
            None => None,
        };
        let found = match beside.filter(|&at| order(at) == Some(Ordering::Equal)) {
            Some(at) => Ok(at),
            None => self.find(key),
        };
        if let Ok(At(block, index)) = found {
            self.last.store((block as u64) << 32 | index as u64, Relaxed);
        }
        found
    }
    /// Where `key` is, or where it would go.
    pub(super) fn find(&self, key: &Key<'_>) -> Result<At, At> {
        let before = |e: &Entry| e.compare(key, self.keypos) == Ordering::Less;
        let block_before = |b: &Block| match b.first.cmp(&key.prefix) {
            Ordering::Equal => b.entries.first().is_some_and(before),
            order => order == Ordering::Less,
        };
        let at = self.partition(block_before, before);
        match self.entry(at) {
            Some(e) if e.compare(key, self.keypos) == Ordering::Equal => Ok(at),
            _ => Err(at),
        }
    }
    /// The first place whose key compares not less by `order`, or not greater's last, which ascends with the keys.
    pub(super) fn bound(&self, direction: Direction, order: impl Fn(Term<'_>) -> Ordering) -> Option<At> {
        let by = |e: &Entry| e.with_key(self.keypos, &order);
        let partition =
            |before: &dyn Fn(&Entry) -> bool| self.partition(|b| b.entries.first().is_some_and(before), before);
        match direction {
            Direction::Forward => Some(partition(&|e| by(e) == Ordering::Less)),
            Direction::Backward => self.before(partition(&|e| by(e) != Ordering::Greater)),
        }
    }
    pub(super) fn first(&self) -> Option<At> {
        (!self.blocks.is_empty()).then_some(At(0, 0))
    }
    pub(super) fn last(&self) -> Option<At> {
        let block = self.blocks.len().checked_sub(1)?;
        Some(At(block, self.blocks[block].entries.len() - 1))
    }
    pub(super) fn before(&self, at: At) -> Option<At> {
        match at {
            At(0, 0) => None,
            At(b, 0) => Some(At(b - 1, self.blocks.get(b - 1)?.entries.len() - 1)),
            At(b, i) => Some(At(b, i - 1)),
        }
    }
    fn after(&self, at: At) -> At {
        self.normal(At(at.0, at.1 + 1))
    }
    /// The first place behind `key`, or the last before it, whether the key is there or not.
    pub(super) fn beside(&self, key: &Key<'_>, direction: Direction) -> Option<At> {
        match (self.find_near(key), direction) {
            (Ok(at), Direction::Forward) => Some(self.after(at)),
            (Err(at), Direction::Forward) => Some(at),
            (Ok(at) | Err(at), Direction::Backward) => self.before(at),
        }
    }
    /// The `n`th object's place.
    pub(super) fn nth(&self, mut n: usize) -> Option<At> {
        for (b, block) in self.blocks.iter().enumerate() {
            if n < block.entries.len() {
                return Some(At(b, n));
            }
            n -= block.entries.len();
        }
        None
    }
    pub(super) fn contains(&self, object: &Object) -> bool {
        object.with_element(self.keypos, |k| self.find(&Key::new(k)).is_ok()).unwrap_or(false)
    }
    pub(super) fn insert(&mut self, object: Object, change: &mut Change) {
        change.added(&object);
        let o = Entry::new(object, self.keypos);
        match o.with_key(self.keypos, |term| self.find(&Key { term, prefix: o.prefix })) {
            Ok(at) => {
                if let Some(old) = self.entry_mut(at) {
                    change.removed(&std::mem::replace(old, o).object);
                }
            }
            Err(at) => self.insert_at(at, o),
        }
    }
    fn insert_at(&mut self, at: At, o: Entry) {
        // The end of a block is as good as the start of the next.
        let At(b, i) = match at {
            At(b, 0) if b > 0 => At(b - 1, self.blocks[b - 1].entries.len()),
            other => other,
        };
        let Some(block) = self.blocks.get_mut(b) else {
            self.blocks.push(Block::new(vec![o]));
            return;
        };
        if block.entries.len() < BLOCK {
            return block.insert(i, o);
        }
        // Keys that arrive in order fill blocks to the end.
        let cut = if i == BLOCK { BLOCK } else { BLOCK / 2 };
        let mut upper = Vec::with_capacity(BLOCK);
        upper.extend(block.entries.drain(cut..));
        if i > cut || cut == BLOCK {
            upper.insert(i - cut, o);
        } else {
            block.insert(i, o);
        }
        self.blocks.insert(b + 1, Block::new(upper));
    }
    pub(super) fn remove(&mut self, at: At, change: &mut Change) -> Option<Object> {
        let block = self.blocks.get_mut(at.0)?;
        if at.1 >= block.entries.len() {
            return None;
        }
        let gone = block.remove(at.1);
        if block.entries.is_empty() {
            self.blocks.remove(at.0);
        }
        change.removed(&gone.object);
        Some(gone.object)
    }
    /// See [`super::hash::Hash::update`].
    pub(super) fn update<R, E>(
        &mut self,
        key: &Key<'_>,
        default: Option<Object>,
        change: &mut Change,
        f: impl FnOnce(&mut Object) -> Result<R, E>,
    ) -> Option<Result<R, E>> {
        match self.find(key) {
            Ok(at) => Some(change.around(&mut self.entry_mut(at)?.object, f)),
            Err(at) => {
                let mut fresh = default?;
                let result = f(&mut fresh);
                if result.is_ok() {
                    change.added(&fresh);
                    self.insert_at(at, Entry { prefix: key.prefix, object: fresh });
                }
                Some(result)
            }
        }
    }
    /// Runs `f`, which changes the table, and keeps the totals.
    pub(super) fn tally<R>(&mut self, change: &mut Change, f: impl FnOnce(&mut Ordered, &mut Change) -> R) -> R {
        let mut mine = Change::default();
        let result = f(self, &mut mine);
        self.totals.add(&mine);
        change.add(&mine);
        result
    }
    /// Removes everything; what there was is the caller's to drop.
    pub(super) fn clear(&mut self, change: &mut Change) -> Box<dyn std::any::Any + Send> {
        change.subtract(&std::mem::take(&mut self.totals));
        Box::new(std::mem::take(&mut self.blocks))
    }
    /// Visits objects from a place on; where it stopped, if the visitor stopped it.
    pub(super) fn visit(
        &self,
        from: Option<At>,
        direction: Direction,
        mut f: impl FnMut(&Object) -> Visit,
    ) -> Option<At> {
        let mut at = from;
        while let Some(place) = at {
            let object = self.get(place)?;
            if matches!(f(object), Visit::Stop) {
                return Some(place);
            }
            at = match direction {
                Direction::Forward => Some(self.after(place)),
                Direction::Backward => self.before(place),
            };
        }
        None
    }
    /// As [`Ordered::visit`] forwards; the visitor may have objects deleted or replaced. Answers the object it stopped
    /// at, or paused in front of because it was enough.
    pub(super) fn visit_mut(
        &mut self,
        from: Option<At>,
        change: &mut Change,
        enough: impl Fn() -> bool,
        mut f: impl FnMut(&Object) -> Visit,
    ) -> Option<At> {
        let mut at = from?;
        loop {
            if enough() {
                return Some(at);
            }
            match f(self.get(at)?) {
                Visit::Continue => at = self.after(at),
                Visit::Stop => return Some(at),
                Visit::Delete => {
                    self.remove(at, change);
                    at = self.normal(at);
                }
                Visit::Replace(new) => {
                    change.added(&new);
                    let new = Entry::new(new, self.keypos);
                    change.removed(&std::mem::replace(self.entry_mut(at)?, new).object);
                    at = self.after(at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn object(k: i64, v: i64) -> Object {
        let t = Detached::build(|b| b.tuple(&[b.int(k), b.int(v)]));
        t.with(Object::new)
    }

    fn key_at(o: &Ordered, at: Option<At>) -> Option<i64> {
        o.get(at?)?.with_element(1, |k| k.as_i64())?
    }

    proptest! {
        #[test]
        fn as_a_btree_map(ops in proptest::collection::vec((0..3u8, 0..600i64), 0..1500)) {
            let (mut o, mut model, mut change) = (Ordered::new(1, true), BTreeMap::new(), Change::default());
            for (i, (op, k)) in ops.into_iter().enumerate() {
                let t = Term::try_small(k).expect("small");
                if op < 2 {
                    o.insert(object(k, i as i64), &mut change);
                    model.insert(k, i as i64);
                } else {
                    let gone = o.find_near(&Key::new(t)).ok().and_then(|at| o.remove(at, &mut change));
                    assert_eq!(gone.is_some(), model.remove(&k).is_some());
                }
            }
            assert_eq!(change.objects, model.len() as i64);
            let mut seen = Vec::new();
            o.visit(o.first(), Direction::Forward, |x| {
                seen.push(x.with(|t| (t.as_tuple().unwrap()[0].as_i64().unwrap(), t.as_tuple().unwrap()[1].as_i64().unwrap())));
                Visit::Continue
            });
            assert_eq!(seen, model.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
            assert!(o.blocks.iter().all(|b| b.first == b.entries[0].prefix && b.entries.len() <= BLOCK));
            for k in 0..600 {
                let t = Key::new(Term::try_small(k).expect("small"));
                assert_eq!(key_at(&o, o.beside(&t, Direction::Forward)), model.range(k + 1..).next().map(|e| *e.0));
                assert_eq!(key_at(&o, o.beside(&t, Direction::Backward)), model.range(..k).next_back().map(|e| *e.0));
            }
        }
    }
}
