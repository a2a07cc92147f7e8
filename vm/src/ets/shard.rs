//! One shard of a hash table: its keys in the order of their hashes, in an array with gaps.
//!
//! A key's home is the place that the first bits of its hash name; it is there or, where that is taken, soon behind it.
//! Invariants: hashes ascend through the array; between a key and its home there is no gap; keys with equal hashes stay
//! in the order in which they came, whatever else comes and goes. So a look-up reads one entry, or a few beside one
//! another, and then the object; and "all hashes from this one on" is a place to go on from that neither growth nor
//! insertions nor deletions spoil.
//!
//! All objects of a key are in one entry, in order of insertion. While the table is fixed an entry that becomes empty
//! stays, with its last object, so that its key can still be found (a tombstone).

use std::sync::atomic::{AtomicUsize, Ordering};

use super::object::{Key, Object};
use super::table::Kind;
use super::{Change, Visit};

/// The first array has so many places.
const FIRST_PLACES: usize = 8;

#[derive(Default)]
enum Entry {
    #[default]
    Free,
    One {
        hash: u32,
        object: Object,
    },
    /// Objects of a bag with one key: at least two, in order of insertion.
    #[allow(clippy::box_collection)] // An entry is two words.
    Many {
        hash: u32,
        all: Box<Vec<Object>>,
    },
    /// No object any more; this one has the key.
    Tombstone {
        hash: u32,
        last: Object,
    },
}

const _: () = assert!(size_of::<Entry>() == 16);

impl Entry {
    #[inline(always)]
    fn hash(&self) -> Option<u32> {
        match self {
            Entry::Free => None,
            Entry::One { hash, .. } | Entry::Many { hash, .. } | Entry::Tombstone { hash, .. } => Some(*hash),
        }
    }
    #[inline]
    fn objects(&self) -> &[Object] {
        match self {
            Entry::One { object, .. } => std::slice::from_ref(object),
            Entry::Many { all, .. } => all,
            Entry::Free | Entry::Tombstone { .. } => &[],
        }
    }
    #[inline(always)]
    fn has_key(&self, key: &Key<'_>, keypos: usize) -> bool {
        match self {
            Entry::One { object, .. } | Entry::Tombstone { last: object, .. } => object.has_key(key, keypos),
            Entry::Many { all, .. } => all[0].has_key(key, keypos),
            Entry::Free => false,
        }
    }
}

/// What came of an entry that was visited.
struct Visited {
    /// The entry is gone, and others may have moved up.
    gone: bool,
    stop: bool,
}

#[derive(Default)]
pub(super) struct Shard {
    /// A power of two of places, and some behind for keys whose home is near the end.
    entries: Vec<Entry>,
    /// Homes are the hash shifted right by this.
    shift: u32,
    /// Keys, tombstones included.
    used: usize,
    tombstones: usize,
    /// No place before this one has objects. Readers, who keep writers out, move it on.
    first: AtomicUsize,
    /// Sums over the objects, so that a shard can be emptied without a look at them.
    totals: Change,
}

impl Shard {
    pub(super) fn tombstones(&self) -> usize {
        self.tombstones
    }
    pub(super) fn totals(&self) -> &Change {
        &self.totals
    }
    /// Places for keys, taken or not.
    pub(super) fn places(&self) -> usize {
        self.entries.len()
    }
    /// Homes that keys may have.
    fn homes(&self) -> usize {
        if self.entries.is_empty() { 0 } else { 1 << (u32::BITS - self.shift) }
    }
    #[inline(always)]
    fn home(&self, hash: u32) -> usize {
        (hash >> self.shift) as usize
    }
    /// Objects of each home's keys.
    pub(super) fn per_home(&self) -> Vec<usize> {
        let mut counts = vec![0; self.homes()];
        for e in &self.entries {
            if let Some(hash) = e.hash() {
                counts[self.home(hash)] += e.objects().len();
            }
        }
        counts
    }
    /// The first place from `hash`'s home on whose hash is not less.
    #[inline(always)]
    fn place_of(&self, hash: u32) -> usize {
        let mut i = self.home(hash);
        while self.entries.get(i).is_some_and(|e| e.hash().is_some_and(|h| h < hash)) {
            i += 1;
        }
        i
    }
    /// Where a key is, or where it would go.
    #[inline(always)]
    pub(super) fn find(&self, hash: u32, key: &Key<'_>, keypos: usize) -> Result<usize, usize> {
        let mut i = self.place_of(hash);
        while let Some(e) = self.entries.get(i)
            && e.hash() == Some(hash)
        {
            if e.has_key(key, keypos) {
                return Ok(i);
            }
            i += 1;
        }
        Err(i)
    }
    /// The objects at a place.
    #[inline]
    pub(super) fn at(&self, i: usize) -> &[Object] {
        self.entries.get(i).map_or(&[], Entry::objects)
    }
    /// Whether there is one object at a place.
    #[inline]
    pub(super) fn is_one(&self, i: usize) -> bool {
        matches!(self.entries.get(i), Some(Entry::One { .. }))
    }
    /// Runs `f`, which may change the object, on the only object at a place.
    #[inline]
    pub(super) fn change_one<R>(
        &mut self,
        i: usize,
        change: &mut Change,
        f: impl FnOnce(&mut Object) -> R,
    ) -> Option<R> {
        let Some(Entry::One { object, .. }) = self.entries.get_mut(i) else { return None };
        let mut mine = Change::default();
        let result = mine.around(object, f);
        if mine.words != 0 {
            self.totals.add(&mine);
            change.add(&mine);
        }
        Some(result)
    }
    #[inline]
    pub(super) fn objects(&self, hash: u32, key: &Key<'_>, keypos: usize) -> &[Object] {
        self.find(hash, key, keypos).map_or(&[], |i| self.at(i))
    }
    /// The first place with objects from place `from` on.
    pub(super) fn seek(&self, from: usize) -> Option<usize> {
        let first = self.first.load(Ordering::Relaxed);
        let start = from.max(first);
        let at = self.entries.get(start..).unwrap_or_default().iter().position(|e| !e.objects().is_empty());
        let at = at.map(|n| start + n);
        if from <= first {
            self.first.store(at.unwrap_or(self.entries.len()), Ordering::Relaxed);
        }
        at
    }
    /// Place `i` has objects now.
    fn starts_by(&mut self, i: usize) {
        let first = self.first.get_mut();
        *first = i.min(*first);
    }
    /// Twice as many places.
    fn grow(&mut self) {
        let homes = (self.homes() * 2).max(FIRST_PLACES);
        let mut entries = Vec::with_capacity(homes + homes / 16 + 2);
        self.shift = u32::BITS - homes.ilog2();
        *self.first.get_mut() = 0;
        for e in std::mem::take(&mut self.entries) {
            if let Some(hash) = e.hash() {
                // Hashes ascend, so what is there already comes before this one.
                let home = self.home(hash);
                if entries.len() < home {
                    entries.resize_with(home, Entry::default);
                }
                entries.push(e);
            }
        }
        if entries.len() < homes {
            entries.resize_with(homes, Entry::default);
        }
        self.entries = entries;
    }
    /// A new key.
    fn add(&mut self, hash: u32, mut i: usize, object: Object) {
        // Seven eighths: what is looked for is in the cache line of its home mostly, and there are few lines.
        if (self.used + 1) * 8 > self.homes() * 7 {
            self.grow();
            i = self.place_of(hash);
            while self.entries.get(i).is_some_and(|e| e.hash() == Some(hash)) {
                i += 1;
            }
        }
        self.used += 1;
        let gap = self.entries.get(i..).unwrap_or_default().iter().position(|e| matches!(e, Entry::Free));
        let end = gap.map_or(self.entries.len(), |n| i + n);
        if gap.is_none() {
            self.entries.push(Entry::Free);
        }
        self.entries[i..=end].rotate_right(1);
        self.entries[i] = Entry::One { hash, object };
        self.starts_by(i);
    }
    /// Frees place `i`; keys behind it that are not at home move up.
    fn free(&mut self, i: usize) {
        let away = |n: usize, e: &Entry| e.hash().is_some_and(|h| self.home(h) < i + 1 + n);
        let behind = self.entries[i + 1..].iter().enumerate().take_while(|(n, e)| away(*n, e)).count();
        self.entries[i] = Entry::Free;
        self.entries[i..=i + behind].rotate_left(1);
        self.used -= 1;
        let first = self.first.get_mut();
        *first -= usize::from(i < *first);
    }
    /// Entry `i`'s last object goes; while the table is fixed it stays as the place of its key. Whether the entry is gone.
    fn bury(&mut self, i: usize, hash: u32, last: Object, fixed: bool) -> bool {
        if fixed {
            self.entries[i] = Entry::Tombstone { hash, last };
            self.tombstones += 1;
        } else {
            self.free(i);
        }
        !fixed
    }
    /// Frees the tombstones.
    pub(super) fn sweep(&mut self) {
        let mut i = 0;
        while i < self.entries.len() {
            match self.entries[i] {
                Entry::Tombstone { .. } => self.free(i),
                _ => i += 1,
            }
        }
        self.tombstones = 0;
    }
    /// Does with entry `i`'s objects what the visitor says.
    fn visit_entry(
        &mut self,
        i: usize,
        fixed: bool,
        change: &mut Change,
        f: &mut impl FnMut(&Object) -> Visit,
    ) -> Visited {
        let kept = |stop| Visited { gone: false, stop };
        match &mut self.entries[i] {
            Entry::Free | Entry::Tombstone { .. } => return kept(false),
            Entry::One { object, .. } => match f(object) {
                Visit::Continue => return kept(false),
                Visit::Stop => return kept(true),
                Visit::Replace(new) => {
                    change.replaced(object, new);
                    return kept(false);
                }
                Visit::Delete => change.removed(object),
            },
            Entry::Many { .. } => {}
        }
        match std::mem::take(&mut self.entries[i]) {
            Entry::One { hash, object } => Visited { gone: self.bury(i, hash, object, fixed), stop: false },
            Entry::Many { hash, all } => self.visit_many(i, hash, *all, fixed, change, f),
            Entry::Free | Entry::Tombstone { .. } => kept(false),
        }
    }
    /// The part of [`Shard::visit_entry`] for several objects, which have been taken from entry `i`.
    fn visit_many(
        &mut self,
        i: usize,
        hash: u32,
        all: Vec<Object>,
        fixed: bool,
        change: &mut Change,
        f: &mut impl FnMut(&Object) -> Visit,
    ) -> Visited {
        let (mut stop, mut last, mut left) = (false, None, Vec::new());
        for mut o in all {
            match f(&o) {
                Visit::Delete => {
                    change.removed(&o);
                    last = Some(o);
                    continue;
                }
                Visit::Replace(new) => change.replaced(&mut o, new),
                Visit::Stop => stop = true,
                Visit::Continue => {}
            }
            left.push(o);
        }
        let entry = match (left.len(), last) {
            (0, Some(last)) => return Visited { gone: self.bury(i, hash, last, fixed), stop },
            (0 | 1, _) => left.pop().map_or(Entry::Free, |object| Entry::One { hash, object }),
            _ => Entry::Many { hash, all: Box::new(left) },
        };
        self.entries[i] = entry;
        Visited { gone: false, stop }
    }
    /// As [`Shard::visit_mut`] for the objects of one key.
    pub(super) fn visit_at(
        &mut self,
        i: usize,
        fixed: bool,
        change: &mut Change,
        f: &mut impl FnMut(&Object) -> Visit,
    ) {
        self.tally(change, |s, change| {
            s.visit_entry(i, fixed, change, f);
        });
    }
    /// Visits the objects of hashes from `from` on. After a stop the other objects of the same hash are shown too; the
    /// answer is the hash to go on from, if there is one.
    pub(super) fn visit(&self, from: u32, f: &mut impl FnMut(&Object) -> Visit) -> Visits {
        let mut stopped = None;
        for e in self.entries.get(self.place_of(from)..).unwrap_or_default() {
            let Some(hash) = e.hash() else { continue };
            if stopped.is_some_and(|at| at != hash) {
                return Visits::Pause(hash);
            }
            // Who collects what is visited in a list then has a key's objects in the order in which they came.
            for o in e.objects().iter().rev() {
                if matches!(f(o), Visit::Stop) {
                    stopped = Some(hash);
                }
            }
        }
        if stopped.is_some() { Visits::PauseAtEnd } else { Visits::Done }
    }
    /// As [`Shard::visit`]; the visitor may have objects deleted or replaced. Pauses in front of a hash when it is
    /// enough.
    pub(super) fn visit_mut(
        &mut self,
        from: u32,
        fixed: bool,
        change: &mut Change,
        enough: &impl Fn() -> bool,
        f: &mut impl FnMut(&Object) -> Visit,
    ) -> Visits {
        self.tally(change, |s, change| {
            let (mut i, mut at, mut stop) = (s.place_of(from), None, false);
            while i < s.entries.len() {
                let Some(hash) = s.entries[i].hash() else {
                    i += 1;
                    continue;
                };
                if at != Some(hash) && (stop || enough()) {
                    return Visits::Pause(hash);
                }
                at = Some(hash);
                let visited = s.visit_entry(i, fixed, change, f);
                stop |= visited.stop;
                i += usize::from(!visited.gone);
            }
            if stop { Visits::PauseAtEnd } else { Visits::Done }
        })
    }
    /// Runs `f`, which changes the shard, and keeps the totals.
    #[inline]
    pub(super) fn tally<R>(&mut self, change: &mut Change, f: impl FnOnce(&mut Shard, &mut Change) -> R) -> R {
        let mut mine = Change::default();
        let result = f(self, &mut mine);
        self.totals.add(&mine);
        change.add(&mine);
        result
    }
    /// Inserts an object, with `only_new` unless its key is there; whether it did.
    pub(super) fn insert(
        &mut self,
        only_new: bool,
        hash: u32,
        o: Object,
        kind: Kind,
        keypos: usize,
        change: &mut Change,
    ) -> bool {
        let i = match o.with_key(keypos, |k| self.find(hash, &Key::new(k), keypos)) {
            Ok(i) => i,
            Err(i) => {
                change.added(&o);
                self.add(hash, i, o);
                return true;
            }
        };
        if only_new && !self.at(i).is_empty() {
            return false;
        }
        // A bag holds an object once, where it came first.
        if kind == Kind::Bag && self.at(i).iter().any(|x| same_object(x, &o)) {
            return true;
        }
        change.added(&o);
        match &mut self.entries[i] {
            Entry::Tombstone { .. } => {
                self.tombstones -= 1;
                self.entries[i] = Entry::One { hash, object: o };
                self.starts_by(i);
            }
            Entry::One { object, .. } if kind == Kind::Set => {
                change.removed(object);
                *object = o;
            }
            Entry::Many { all, .. } => all.push(o),
            one => {
                if let Entry::One { object, .. } = std::mem::take(one) {
                    *one = Entry::Many { hash, all: Box::new(vec![object, o]) };
                }
            }
        }
        true
    }
}

/// How a visit of a shard's objects ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Visits {
    /// All were seen.
    Done,
    /// Go on from this hash.
    Pause(u32),
    /// The visitor stopped and there are no more here.
    PauseAtEnd,
}

fn same_object(a: &Object, b: &Object) -> bool {
    a.with(|x| b.with(|y| crate::term::cmp::eq_exact(x, y)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;
    use crate::term::Term;
    use proptest::prelude::*;

    fn object(k: i64, v: i64) -> Object {
        Detached::build(|b| b.tuple(&[b.int(k), b.int(v)])).with(Object::new)
    }
    fn element(o: &Object, pos: usize) -> i64 {
        o.with_element(pos, |e| e.as_i64()).flatten().expect("an integer")
    }
    /// Few hashes, so that many keys share one or are near one another, also at the end.
    fn hash(k: i64) -> u32 {
        let near: [u32; 6] = [0, 1 << 27, 1 << 28, 3 << 30, u32::MAX - 1, u32::MAX];
        near[k as usize % 6].saturating_add(k as u32 % 5)
    }
    fn find(s: &Shard, k: i64) -> Result<usize, usize> {
        let hash = hash(k);
        s.find(hash, &Key::new(Term::try_small(k).expect("small")), 1)
    }
    fn check(s: &Shard) {
        let hashes: Vec<_> = s.entries.iter().map(Entry::hash).collect();
        assert!(hashes.iter().flatten().is_sorted());
        assert_eq!(hashes.iter().flatten().count(), s.used);
        for (i, h) in hashes.iter().enumerate() {
            if let Some(h) = h {
                assert!(s.home(*h) <= i && hashes[s.home(*h)..i].iter().all(Option::is_some), "a gap before {i}");
            }
        }
        let first = s.entries.iter().position(|e| !e.objects().is_empty());
        assert!(first.is_none_or(|i| s.first.load(Ordering::Relaxed) <= i));
        assert_eq!(s.entries.iter().filter(|e| matches!(e, Entry::Tombstone { .. })).count(), s.tombstones);
        assert_eq!(s.totals.objects, s.entries.iter().map(|e| e.objects().len() as i64).sum::<i64>());
    }

    proptest! {
        #[test]
        fn keeps_its_order(
            kind in prop_oneof![Just(Kind::Set), Just(Kind::DuplicateBag)],
            ops in proptest::collection::vec((0..9u8, 0..60i64), 0..300),
        ) {
            let (mut s, mut model, mut change) = (Shard::default(), Vec::<(i64, i64)>::new(), Change::default());
            for (n, (op, k)) in ops.into_iter().enumerate() {
                let v = n as i64;
                match op {
                    0..=4 => {
                        s.tally(&mut change, |s, change| s.insert(false, hash(k), object(k, v), kind, 1, change));
                        model.retain(|x| kind != Kind::Set || x.0 != k);
                        model.push((k, v));
                    }
                    5 | 6 => {
                        if let Ok(i) = find(&s, k) {
                            s.visit_at(i, op == 6, &mut change, &mut |_| Visit::Delete);
                        }
                        model.retain(|x| x.0 != k);
                    }
                    7 => {
                        s.sweep();
                        assert_eq!(s.seek(0).is_none(), model.is_empty());
                    }
                    _ => {
                        let mut visitor = |o: &Object| match element(o, 1) % 4 {
                            0 => Visit::Delete,
                            1 => Visit::Replace(object(element(o, 1), -1)),
                            _ => Visit::Continue,
                        };
                        s.visit_mut(hash(k), v % 2 == 0, &mut change, &|| false, &mut visitor);
                        model.retain(|x| hash(x.0) < hash(k) || x.0 % 4 != 0);
                        model.iter_mut().filter(|x| hash(x.0) >= hash(k) && x.0 % 4 == 1).for_each(|x| x.1 = -1);
                    }
                }
                check(&s);
                let there: Vec<_> = find(&s, k).map_or(&[][..], |i| s.at(i)).iter().map(|o| element(o, 2)).collect();
                assert_eq!(there, model.iter().filter(|x| x.0 == k).map(|x| x.1).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_place_to_go_on_from_survives_growth() {
        let (mut s, mut change) = (Shard::default(), Change::default());
        let mut insert = |s: &mut Shard, k: i64| {
            let hash = (k as u32).wrapping_mul(0x9e37_79b9);
            s.tally(&mut change, |s, change| s.insert(false, hash, object(k, 0), Kind::Set, 1, change));
        };
        (0..100).for_each(|k| insert(&mut s, k));
        let (mut seen, mut next, mut new) = (Vec::new(), Some(0), 1000);
        while let Some(from) = next {
            let mut left = 3;
            let end = s.visit(from, &mut |o| {
                seen.push(element(o, 1));
                left -= 1;
                if left == 0 { Visit::Stop } else { Visit::Continue }
            });
            next = if let Visits::Pause(hash) = end { Some(hash) } else { None };
            (0..20).for_each(|_| {
                new += 1;
                insert(&mut s, new);
            });
        }
        seen.retain(|&k| k < 1000);
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }
}
