//! `set`, `bag` and `duplicate_bag`: a hash table in shards, each under a lock of its own.
//!
//! A shard keeps its keys in slots that never move while they are used; chains through the slots start in a bucket
//! array. Traversal goes by shard and slot, so growth of the bucket array disturbs nobody. Invariants: all objects of a
//! key are in one slot, in order of insertion; while the table is fixed a slot that becomes empty stays, with its last
//! object, as the place to go on from (a tombstone), and is freed when the table is no longer fixed. Whether it is fixed is
//! asked under the shard's lock: who has fixed it and then saw a key in a shard finds its place again. Who locks several
//! shards does so in order of index.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::object::{Key, Keyed, Object};
use super::table::Kind;
use super::{Change, Place, Visit};

const NIL: u32 = u32::MAX;
/// Shards of a table that several processes may use.
const SHARDS: usize = 16;

pub(super) struct Hash {
    shards: Box<[Lock]>,
    kind: Kind,
    keypos: usize,
}

/// See [`Hash::chains`].
pub(super) struct Chains {
    pub(super) buckets: usize,
    pub(super) sum: usize,
    pub(super) squares: usize,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) tombstones: usize,
}

/// A lock alone on its cache line.
#[repr(align(128))]
#[derive(Default)]
struct Lock(RwLock<Shard>);

impl Lock {
    fn read(&self) -> RwLockReadGuard<'_, Shard> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn write(&self) -> RwLockWriteGuard<'_, Shard> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Shard {
    buckets: Vec<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Slots with a key, tombstones included.
    used: usize,
    tombstones: usize,
    /// No slot before this one has objects. Readers, who keep writers out, move it on.
    first: AtomicUsize,
    /// Sums over the objects, so that a shard can be emptied without a look at them.
    totals: Change,
}

struct Slot {
    hash: u32,
    next: u32,
    content: Content,
}

enum Content {
    Free,
    One(Keyed),
    /// Objects of a bag with one key: at least two, in order of insertion.
    Many(Vec<Keyed>),
    /// No object any more; this one has the key.
    Tombstone(Keyed),
}

impl Content {
    fn objects(&self) -> &[Keyed] {
        match self {
            Content::One(o) => std::slice::from_ref(o),
            Content::Many(all) => all,
            Content::Free | Content::Tombstone(_) => &[],
        }
    }
    fn key_holder(&self) -> Option<&Keyed> {
        match self {
            Content::Tombstone(o) => Some(o),
            other => other.objects().first(),
        }
    }
    fn take_objects(&mut self) -> Vec<Keyed> {
        match std::mem::replace(self, Content::Free) {
            Content::One(o) => vec![o],
            Content::Many(all) => all,
            Content::Free | Content::Tombstone(_) => Vec::new(),
        }
    }
}

impl Shard {
    fn bucket(&self, hash: u32) -> usize {
        // The lowest bits choose the shard.
        (hash >> 4) as usize & self.buckets.len().wrapping_sub(1)
    }
    #[inline]
    fn find(&self, hash: u32, key: &Key<'_>, keypos: usize) -> Option<usize> {
        let mut i = *self.buckets.get(self.bucket(hash))?;
        // There is no slot of number NIL.
        while let Some(slot) = self.slots.get(i as usize) {
            if slot.hash == hash && slot.content.key_holder().is_some_and(|o| o.matches(key, keypos)) {
                return Some(i as usize);
            }
            i = slot.next;
        }
        None
    }
    fn objects(&self, hash: u32, key: &Key<'_>, keypos: usize) -> &[Keyed] {
        self.find(hash, key, keypos).map_or(&[], |i| self.slots[i].content.objects())
    }
    fn add_slot(&mut self, hash: u32, o: Keyed) {
        // Twice as many buckets as keys: a bucket is small, a look at a wrong slot is not.
        if self.used * 2 >= self.buckets.len() {
            self.grow();
        }
        self.used += 1;
        let bucket = self.bucket(hash);
        let slot = Slot { hash, next: self.buckets[bucket], content: Content::One(o) };
        let i = match self.free.pop() {
            Some(i) => {
                self.slots[i as usize] = slot;
                i
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.buckets[bucket] = i;
        self.starts_by(i as usize);
    }
    /// Slot `i` has objects now.
    fn starts_by(&mut self, i: usize) {
        let first = self.first.get_mut();
        *first = i.min(*first);
    }
    /// The first slot with objects from `from` on; the number of slots if there is none.
    fn seek(&self, from: usize) -> usize {
        let first = self.first.load(Ordering::Relaxed);
        let rest = self.slots.get(from.max(first)..).unwrap_or_default();
        let at = rest.iter().position(|s| !s.content.objects().is_empty());
        let at = at.map_or(self.slots.len(), |n| from.max(first) + n);
        if from <= first {
            self.first.store(at, Ordering::Relaxed);
        }
        at
    }
    fn grow(&mut self) {
        let n = (self.buckets.len() * 2).max(16);
        self.buckets.clear();
        self.buckets.resize(n, NIL);
        for i in 0..self.slots.len() {
            if !matches!(self.slots[i].content, Content::Free) {
                let b = self.bucket(self.slots[i].hash);
                self.slots[i].next = std::mem::replace(&mut self.buckets[b], i as u32);
            }
        }
    }
    /// Frees slot `i`, whose content has been taken.
    fn unlink(&mut self, i: usize) {
        let (hash, next) = (self.slots[i].hash, self.slots[i].next);
        let b = self.bucket(hash);
        if self.buckets[b] as usize == i {
            self.buckets[b] = next;
        } else {
            let mut at = self.buckets[b] as usize;
            while self.slots[at].next as usize != i {
                at = self.slots[at].next as usize;
            }
            self.slots[at].next = next;
        }
        self.slots[i].content = Content::Free;
        self.used -= 1;
        self.free.push(i as u32);
    }
    /// Puts back what is left of slot `i`'s objects; with none left the slot goes, or stays as `tombstone`.
    fn settle(&mut self, i: usize, mut left: Vec<Keyed>, tombstone: Option<Keyed>) {
        self.slots[i].content = match (left.len(), tombstone) {
            (0, None) => return self.unlink(i),
            (0, Some(last)) => {
                self.tombstones += 1;
                Content::Tombstone(last)
            }
            (1, _) => left.pop().map_or(Content::Free, Content::One),
            _ => Content::Many(left),
        };
    }
    /// Does with slot `i`'s objects what the visitor says; `true`: it stopped.
    fn visit_slot(
        &mut self,
        i: usize,
        fixed: bool,
        keypos: usize,
        change: &mut Change,
        f: &mut impl FnMut(&Object) -> Visit,
    ) -> bool {
        let (all, mut decision) = match &self.slots[i].content {
            Content::Free | Content::Tombstone(_) => return false,
            // The commonest case leaves everything where it is.
            Content::One(o) => match f(&o.object) {
                Visit::Continue => return false,
                Visit::Stop => return true,
                other => (self.slots[i].content.take_objects(), Some(other)),
            },
            Content::Many(_) => (self.slots[i].content.take_objects(), None),
        };
        let (mut stop, mut gone, mut left) = (false, None, Vec::new());
        for o in all {
            match decision.take().unwrap_or_else(|| f(&o.object)) {
                Visit::Continue => left.push(o),
                Visit::Stop => {
                    stop = true;
                    left.push(o);
                }
                Visit::Delete => {
                    change.removed(&o.object);
                    gone = Some(o);
                }
                Visit::Replace(new) => {
                    change.removed(&o.object);
                    change.added(&new);
                    left.push(Keyed::new(new, keypos));
                }
            }
        }
        self.settle(i, left, gone.filter(|_| fixed));
        stop
    }
    /// Runs `f`, which changes the shard, and keeps the totals.
    fn tally<R>(&mut self, change: &mut Change, f: impl FnOnce(&mut Shard, &mut Change) -> R) -> R {
        let mut mine = Change::default();
        let result = f(self, &mut mine);
        self.totals.add(&mine);
        change.add(&mine);
        result
    }
    fn insert(&mut self, hash: u32, o: Keyed, kind: Kind, keypos: usize, change: &mut Change) {
        self.insert_unless(false, hash, o, kind, keypos, change);
    }
    /// Inserts an object, with `only_new` unless its key is there; whether it did.
    fn insert_unless(
        &mut self,
        only_new: bool,
        hash: u32,
        o: Keyed,
        kind: Kind,
        keypos: usize,
        change: &mut Change,
    ) -> bool {
        let found = o.with_key(keypos, |k| self.find(hash, &Key::new(k), keypos));
        let Some(i) = found else {
            change.added(&o.object);
            self.add_slot(hash, o);
            return true;
        };
        if only_new && !self.slots[i].content.objects().is_empty() {
            return false;
        }
        let content = &mut self.slots[i].content;
        // A bag holds an object once, where it came first.
        if kind == Kind::Bag && content.objects().iter().any(|x| same_object(&x.object, &o.object)) {
            return true;
        }
        change.added(&o.object);
        match content {
            Content::Tombstone(_) => {
                *content = Content::One(o);
                self.tombstones -= 1;
                self.starts_by(i);
            }
            Content::One(old) if kind == Kind::Set => {
                change.removed(&old.object);
                *old = o;
            }
            _ => {
                let mut all = content.take_objects();
                all.push(o);
                self.settle(i, all, None);
            }
        }
        true
    }
}

fn same_object(a: &Object, b: &Object) -> bool {
    a.with(|x| b.with(|y| crate::term::cmp::eq_exact(x, y)))
}

impl Hash {
    pub(super) fn new(kind: Kind, keypos: usize, shared: bool) -> Hash {
        let n = if shared { SHARDS } else { 1 };
        Hash { shards: (0..n).map(|_| Lock::default()).collect(), kind, keypos }
    }
    fn shard_of(&self, hash: u32) -> usize {
        hash as usize & (self.shards.len() - 1)
    }
    /// Shows the objects with this key.
    pub(super) fn lookup<R>(&self, key: &Key<'_>, f: impl FnOnce(&[Keyed]) -> R) -> R {
        let hash = key.hash();
        f(self.shards[self.shard_of(hash)].read().objects(hash, key, self.keypos))
    }
    /// Inserts an object; with `only_new`, unless its key is there already.
    pub(super) fn insert_one(&self, object: Object, only_new: bool, change: &mut Change) -> bool {
        let o = Keyed::new(object, self.keypos);
        let hash = o.with_key(self.keypos, |k| Key::new(k).hash());
        let mut shard = self.shards[self.shard_of(hash)].write();
        shard.tally(change, |s, change| s.insert_unless(only_new, hash, o, self.kind, self.keypos, change))
    }
    /// Inserts all objects in one step; with `only_new`, none if a key is there already.
    pub(super) fn insert(&self, objects: Vec<Object>, only_new: bool, change: &mut Change) -> bool {
        let all: Vec<(u32, Keyed)> = objects
            .into_iter()
            .map(|o| {
                let o = Keyed::new(o, self.keypos);
                (o.with_key(self.keypos, |k| Key::new(k).hash()), o)
            })
            .collect();
        let mut guards: Vec<Option<RwLockWriteGuard<'_, Shard>>> = self.shards.iter().map(|_| None).collect();
        let mut needed: Vec<usize> = all.iter().map(|(h, _)| self.shard_of(*h)).collect();
        needed.sort_unstable();
        needed.dedup();
        for i in needed {
            guards[i] = Some(self.shards[i].write());
        }
        let taken = only_new
            && all.iter().any(|(h, o)| {
                let shard = guards[self.shard_of(*h)].as_ref();
                shard.is_some_and(|s| o.with_key(self.keypos, |k| !s.objects(*h, &Key::new(k), self.keypos).is_empty()))
            });
        if taken {
            return false;
        }
        for (hash, o) in all {
            if let Some(shard) = &mut guards[self.shard_of(hash)] {
                shard.tally(change, |s, change| s.insert(hash, o, self.kind, self.keypos, change));
            }
        }
        true
    }
    /// Removes the objects with this key that `which` names; it sees them all.
    pub(super) fn remove(
        &self,
        key: &Key<'_>,
        fixed: impl Fn() -> bool,
        change: &mut Change,
        which: impl FnMut(&Object) -> bool,
    ) {
        let hash = key.hash();
        let mut shard = self.shards[self.shard_of(hash)].write();
        let Some(i) = shard.find(hash, key, self.keypos) else { return };
        let mut which = which;
        match &shard.slots[i].content {
            Content::Tombstone(_) => return,
            Content::One(o) if !fixed() => {
                if which(&o.object) {
                    let mut gone = Change::default();
                    gone.removed(&o.object);
                    shard.tally(change, |s, change| {
                        change.add(&gone);
                        s.unlink(i);
                    });
                }
                return;
            }
            _ => {}
        }
        let (mut gone, left): (Vec<_>, Vec<_>) =
            shard.slots[i].content.take_objects().into_iter().partition(|o| which(&o.object));
        shard.tally(change, |s, change| {
            gone.iter().for_each(|o| change.removed(&o.object));
            s.settle(i, left, gone.pop().filter(|_| fixed()));
        });
    }
    /// Changes the only object with this key; if there is none, `default`, which is inserted unless `f` fails.
    pub(super) fn update<R, E>(
        &self,
        key: &Key<'_>,
        default: Option<Object>,
        change: &mut Change,
        f: impl FnOnce(&mut Object) -> Result<R, E>,
    ) -> Option<Result<R, E>> {
        let hash = key.hash();
        let mut shard = self.shards[self.shard_of(hash)].write();
        shard.tally(change, |shard, change| {
            if let Some(i) = shard.find(hash, key, self.keypos)
                && let Content::One(o) = &mut shard.slots[i].content
            {
                return Some(change.around(&mut o.object, f));
            }
            let mut fresh = default?;
            let result = f(&mut fresh);
            if result.is_ok() {
                shard.insert(hash, Keyed::new(fresh, self.keypos), self.kind, self.keypos, change);
            }
            Some(result)
        })
    }
    /// Removes everything in one step; what there was is the caller's to drop. While the table is fixed the keys stay
    /// as places to go on from.
    pub(super) fn clear(&self, fixed: impl Fn() -> bool, change: &mut Change) -> Box<dyn std::any::Any + Send> {
        let mut guards: Vec<_> = self.shards.iter().map(Lock::write).collect();
        if fixed() {
            for shard in &mut guards {
                shard.tally(change, |s, change| {
                    (0..s.slots.len()).for_each(|i| {
                        s.visit_slot(i, true, self.keypos, change, &mut |_| Visit::Delete);
                    });
                });
            }
            return Box::new(());
        }
        let old: Vec<Shard> = guards.iter_mut().map(|s| std::mem::take(&mut **s)).collect();
        drop(guards);
        old.iter().for_each(|s| change.subtract(&s.totals));
        Box::new(old)
    }
    /// Lengths of the chains: how many buckets, and the sum, the sum of squares, the least and the greatest length.
    pub(super) fn chains(&self) -> Chains {
        let mut all = Chains { buckets: 0, sum: 0, squares: 0, least: usize::MAX, most: 0, tombstones: 0 };
        for lock in &self.shards {
            let shard = lock.read();
            all.tombstones += shard.tombstones;
            for &first in &shard.buckets {
                let (mut n, mut i) = (0, first);
                while i != NIL {
                    n += shard.slots[i as usize].content.objects().len();
                    i = shard.slots[i as usize].next;
                }
                all.buckets += 1;
                all.sum += n;
                all.squares += n * n;
                all.least = all.least.min(n);
                all.most = all.most.max(n);
            }
        }
        if all.buckets == 0 {
            // A table that never had an object has its buckets still to come.
            (all.buckets, all.least) = (self.shards.len(), 0);
        }
        all
    }
    /// Number of locks.
    pub(super) fn locks(&self) -> usize {
        self.shards.len()
    }
    /// Does with the objects of this key what the visitor says.
    pub(super) fn visit_key_mut(
        &self,
        key: &Key<'_>,
        fixed: impl Fn() -> bool,
        change: &mut Change,
        mut f: impl FnMut(&Object) -> Visit,
    ) {
        let hash = key.hash();
        let mut shard = self.shards[self.shard_of(hash)].write();
        if let Some(i) = shard.find(hash, key, self.keypos) {
            shard.tally(change, |s, change| s.visit_slot(i, fixed(), self.keypos, change, &mut f));
        }
    }
    /// Number of tombstones.
    pub(super) fn tombstones(&self) -> usize {
        self.shards.iter().map(|lock| lock.read().tombstones).sum()
    }
    /// Frees the tombstones, unless the table is fixed anew.
    pub(super) fn sweep(&self, fixed: impl Fn() -> bool) {
        for lock in &self.shards {
            if lock.read().tombstones == 0 {
                continue;
            }
            let mut shard = lock.write();
            if fixed() {
                return;
            }
            for i in 0..shard.slots.len() {
                if matches!(shard.slots[i].content, Content::Tombstone(_)) {
                    shard.unlink(i);
                }
            }
            shard.tombstones = 0;
        }
    }
    /// The first slot with objects from `from` on.
    fn seek(&self, from: Place) -> Option<Place> {
        let mut slot = from.slot;
        for shard in from.shard..self.shards.len() {
            let s = self.shards[shard].read();
            let at = s.seek(slot);
            if at < s.slots.len() {
                return Some(Place { shard, slot: at });
            }
            slot = 0;
        }
        None
    }
    /// Where the first key is.
    pub(super) fn first(&self) -> Option<Place> {
        self.seek(Place::default())
    }
    /// Where the key after this one is; the error: there is no such key.
    pub(super) fn after(&self, key: &Key<'_>) -> Result<Option<Place>, ()> {
        let hash = key.hash();
        let shard = self.shard_of(hash);
        let slot = self.shards[shard].read().find(hash, key, self.keypos).ok_or(())?;
        Ok(self.seek(Place { shard, slot: slot + 1 }))
    }
    /// The place after this one, if there are more.
    pub(super) fn next_place(&self, at: Place) -> Option<Place> {
        self.seek(Place { slot: at.slot + 1, ..at })
    }
    /// Shows the objects at a place; none if they are gone.
    pub(super) fn at<R>(&self, place: Place, f: impl FnOnce(&[Keyed]) -> R) -> R {
        let shard = self.shards.get(place.shard).map(Lock::read);
        f(shard.as_ref().and_then(|s| s.slots.get(place.slot)).map_or(&[], |s| s.content.objects()))
    }
    /// Place of the `n`th slot in use; `Err`: beyond the end, with the number of slots.
    pub(super) fn nth_slot(&self, mut n: usize) -> Result<Place, usize> {
        let mut sum = 0;
        for (shard, lock) in self.shards.iter().enumerate() {
            let len = lock.read().slots.len();
            if n < len {
                return Ok(Place { shard, slot: n });
            }
            n -= len;
            sum += len;
        }
        Err(sum)
    }
    /// Visits objects from a place on. A visitor that stops is called again for the other objects of the same key;
    /// the answer is where to go on.
    pub(super) fn visit(&self, from: Place, mut f: impl FnMut(&Object) -> Visit) -> Option<Place> {
        let mut at = from;
        while at.shard < self.shards.len() {
            let shard = self.shards[at.shard].read();
            while at.slot < shard.slots.len() {
                let objects = shard.slots[at.slot].content.objects();
                at.slot += 1;
                let mut stop = false;
                for o in objects {
                    stop |= matches!(f(&o.object), Visit::Stop);
                }
                if stop {
                    return Some(at);
                }
            }
            at = Place { shard: at.shard + 1, slot: 0 };
        }
        None
    }
    /// As [`Hash::visit`], under write locks, so that the visitor may have objects deleted or replaced. Pauses in front of
    /// a slot when it is enough.
    pub(super) fn visit_mut(
        &self,
        from: Place,
        fixed: impl Fn() -> bool,
        change: &mut Change,
        enough: impl Fn() -> bool,
        mut f: impl FnMut(&Object) -> Visit,
    ) -> Option<Place> {
        let mut at = from;
        while at.shard < self.shards.len() {
            let mut shard = self.shards[at.shard].write();
            let fixed = fixed();
            let stopped = shard.tally(change, |s, change| {
                while at.slot < s.slots.len() {
                    if enough() {
                        return true;
                    }
                    at.slot += 1;
                    if s.visit_slot(at.slot - 1, fixed, self.keypos, change, &mut f) {
                        return true;
                    }
                }
                false
            });
            if stopped {
                return Some(at);
            }
            at = Place { shard: at.shard + 1, slot: 0 };
        }
        None
    }
}
