//! `set`, `bag` and `duplicate_bag`: a hash table in shards, each under a lock of its own.
//!
//! Traversal goes by shard and hash (`shard.rs`), which growth does not disturb. Invariants: whether the table is fixed is
//! asked under the shard's lock: who has fixed it and then saw a key in a shard finds its place again. Who locks several
//! shards does so in order of index.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::object::{Key, Object};
use super::shard::{Shard, Visits};
use super::table::Kind;
use super::{Change, Place, Visit};

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
    #[inline]
    fn read(&self) -> RwLockReadGuard<'_, Shard> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
    #[inline]
    fn write(&self) -> RwLockWriteGuard<'_, Shard> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hash {
    pub(super) fn new(kind: Kind, keypos: usize, shared: bool) -> Hash {
        let n = if shared { SHARDS } else { 1 };
        Hash { shards: (0..n).map(|_| Lock::default()).collect(), kind, keypos }
    }
    /// The last bits of a hash choose the shard, the first ones the place in it.
    fn shard_of(&self, hash: u32) -> usize {
        hash as usize & (self.shards.len() - 1)
    }
    fn hash_of(&self, object: &Object) -> u32 {
        object.with_key(self.keypos, |k| Key::new(k).hash())
    }
    /// Shows the objects with this key.
    #[inline]
    pub(super) fn lookup<R>(&self, key: &Key<'_>, f: impl FnOnce(&[Object]) -> R) -> R {
        let hash = key.hash();
        f(self.shards[self.shard_of(hash)].read().objects(hash, key, self.keypos))
    }
    /// Inserts an object; with `only_new`, unless its key is there already.
    pub(super) fn insert_one(&self, object: Object, only_new: bool, change: &mut Change) -> bool {
        let hash = self.hash_of(&object);
        let mut shard = self.shards[self.shard_of(hash)].write();
        shard.tally(change, |s, change| s.insert(only_new, hash, object, self.kind, self.keypos, change))
    }
    /// Inserts all objects in one step; with `only_new`, none if a key is there already.
    pub(super) fn insert(&self, objects: Vec<Object>, only_new: bool, change: &mut Change) -> bool {
        let all: Vec<(u32, Object)> = objects.into_iter().map(|o| (self.hash_of(&o), o)).collect();
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
                shard.tally(change, |s, change| s.insert(false, hash, o, self.kind, self.keypos, change));
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
        mut which: impl FnMut(&Object) -> bool,
    ) {
        self.visit_key_mut(key, fixed, change, |o| if which(o) { Visit::Delete } else { Visit::Continue });
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
        if let Ok(i) = shard.find(hash, key, self.keypos)
            && shard.is_one(i)
        {
            return shard.change_one(i, change, f);
        }
        let mut fresh = default?;
        let result = f(&mut fresh);
        if result.is_ok() {
            shard.tally(change, |s, change| s.insert(false, hash, fresh, self.kind, self.keypos, change));
        }
        Some(result)
    }
    /// Removes everything in one step; what there was is the caller's to drop. While the table is fixed the keys stay
    /// as places to go on from.
    pub(super) fn clear(&self, fixed: impl Fn() -> bool, change: &mut Change) -> Box<dyn std::any::Any + Send> {
        let mut guards: Vec<_> = self.shards.iter().map(Lock::write).collect();
        if fixed() {
            for shard in &mut guards {
                shard.visit_mut(0, true, change, &|| false, &mut |_| Visit::Delete);
            }
            return Box::new(());
        }
        let old: Vec<Shard> = guards.iter_mut().map(|s| std::mem::take(&mut **s)).collect();
        drop(guards);
        old.iter().for_each(|s| change.subtract(s.totals()));
        Box::new(old)
    }
    /// How many keys share a home: how many homes there are, and the sum, the sum of squares, the least and the greatest
    /// number of their objects.
    pub(super) fn chains(&self) -> Chains {
        let mut all = Chains { buckets: 0, sum: 0, squares: 0, least: usize::MAX, most: 0, tombstones: 0 };
        for lock in &self.shards {
            let shard = lock.read();
            all.tombstones += shard.tombstones();
            for n in shard.per_home() {
                all.buckets += 1;
                all.sum += n;
                all.squares += n * n;
                all.least = all.least.min(n);
                all.most = all.most.max(n);
            }
        }
        if all.buckets == 0 {
            // A table that never had an object has its places still to come.
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
        if let Ok(i) = shard.find(hash, key, self.keypos) {
            shard.visit_at(i, fixed(), change, &mut f);
        }
    }
    /// Number of tombstones.
    pub(super) fn tombstones(&self) -> usize {
        self.shards.iter().map(|lock| lock.read().tombstones()).sum()
    }
    /// Frees the tombstones, unless the table is fixed anew.
    pub(super) fn sweep(&self, fixed: impl Fn() -> bool) {
        for lock in &self.shards {
            if lock.read().tombstones() == 0 {
                continue;
            }
            let mut shard = lock.write();
            if fixed() {
                return;
            }
            shard.sweep();
        }
    }
    /// Shows the objects of the first key of the shards from `from` on.
    fn first_from<R>(&self, from: usize, f: impl FnOnce(&[Object]) -> R) -> Option<R> {
        self.shards[from..].iter().map(Lock::read).find_map(|s| s.seek(0).map(|i| (s, i))).map(|(s, i)| f(s.at(i)))
    }
    /// Shows the objects of the first key.
    pub(super) fn first<R>(&self, f: impl FnOnce(&[Object]) -> R) -> Option<R> {
        self.first_from(0, f)
    }
    /// Shows the objects of the key after this one; the error: there is no such key.
    pub(super) fn after<R>(&self, key: &Key<'_>, f: impl FnOnce(&[Object]) -> R) -> Result<Option<R>, ()> {
        let hash = key.hash();
        let n = self.shard_of(hash);
        let shard = self.shards[n].read();
        let i = shard.find(hash, key, self.keypos).map_err(drop)?;
        if let Some(next) = shard.seek(i + 1) {
            return Ok(Some(f(shard.at(next))));
        }
        drop(shard);
        Ok(self.first_from(n + 1, f))
    }
    /// Shows the objects at the `n`th place for a key; `Err`: beyond the end, with the number of places.
    pub(super) fn nth<R>(&self, mut n: usize, f: impl FnOnce(&[Object]) -> R) -> Result<R, usize> {
        let mut sum = 0;
        for lock in &self.shards {
            let shard = lock.read();
            if n < shard.places() {
                return Ok(f(shard.at(n)));
            }
            n -= shard.places();
            sum += shard.places();
        }
        Err(sum)
    }
    /// Goes on with `visit`, which visits part of a shard from a hash on, through the shards; the answer is where to go
    /// on later.
    fn walk(&self, from: Place, mut visit: impl FnMut(&Lock, u32) -> Visits) -> Option<Place> {
        let mut from_hash = from.hash;
        for (shard, lock) in self.shards.iter().enumerate().skip(from.shard) {
            match visit(lock, std::mem::take(&mut from_hash)) {
                Visits::Done => {}
                Visits::Pause(hash) => return Some(Place { shard, hash }),
                Visits::PauseAtEnd => return Some(Place { shard: shard + 1, hash: 0 }),
            }
        }
        None
    }
    /// Visits objects from a place on. A visitor that stops is called again for the other objects of the same hash;
    /// the answer is where to go on.
    pub(super) fn visit(&self, from: Place, mut f: impl FnMut(&Object) -> Visit) -> Option<Place> {
        self.walk(from, |lock, hash| lock.read().visit(hash, &mut f))
    }
    /// As [`Hash::visit`], under write locks, so that the visitor may have objects deleted or replaced. Pauses in front of
    /// a hash when it is enough.
    pub(super) fn visit_mut(
        &self,
        from: Place,
        fixed: impl Fn() -> bool,
        change: &mut Change,
        enough: impl Fn() -> bool,
        mut f: impl FnMut(&Object) -> Visit,
    ) -> Option<Place> {
        self.walk(from, |lock, hash| {
            let mut shard = lock.write();
            shard.visit_mut(hash, fixed(), change, &enough, &mut f)
        })
    }
}
