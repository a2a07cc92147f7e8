//! A table: identity, rights, size, and its storage.
//!
//! Invariant: `objects` and `words` are the sums over the storage once no operation is under way; a table that is
//! marked deleted is found by nobody new, and what is left of it goes with its last holder.

use std::cmp::Ordering as Order;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use super::hash::Hash;
use super::object::{Key, Object};
use super::ordered::{self, Direction, Ordered};
use super::turn::{Busy, Turn};
use super::{Change, Place, Visit, reaper};
use crate::atom::Atom;
use crate::heap::{Builder, Detached};
use crate::term::{RawTerm, Term, cmp};
use crate::timer::clock;

/// Type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `set`.
    Set,
    /// `ordered_set`.
    OrderedSet,
    /// `bag`.
    Bag,
    /// `duplicate_bag`.
    DuplicateBag,
}

/// Who may do what besides the owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Protection {
    /// Read and write.
    Public,
    /// Read.
    Protected,
    /// Nothing.
    Private,
}

/// The option `write_concurrency`, which is reported and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteConcurrency {
    /// `false`.
    Off,
    /// `true`.
    On,
    /// `auto`.
    Auto,
}

/// Who inherits a table, and what the message says.
#[derive(Clone)]
pub struct Heir {
    /// Pid.
    pub pid: RawTerm,
    /// Tells it from a later process with this pid ([`super::registry::birth`]).
    pub birth: u64,
    /// What the `'ETS-TRANSFER'` message says; without it, there is no message.
    pub data: Option<Arc<Detached>>,
}

/// What a table is made with.
#[allow(missing_docs)]
pub struct Options {
    pub kind: Kind,
    pub protection: Protection,
    pub named: bool,
    pub keypos: usize,
    pub heir: Option<Heir>,
    pub read_concurrency: bool,
    pub write_concurrency: WriteConcurrency,
    pub decentralized_counters: bool,
    pub compressed: bool,
}

enum Storage {
    Hash(Hash),
    Ordered(RwLock<Ordered>),
}

/// See the module's head.
pub struct Table {
    /// Numbers of the reference that is the table's identifier.
    pub id: [u32; 3],
    /// Type.
    pub kind: Kind,
    /// Whether the name finds it.
    pub named: bool,
    /// Which element is the key, from 1.
    pub keypos: usize,
    /// Reported options.
    pub read_concurrency: bool,
    /// Reported option.
    pub write_concurrency: WriteConcurrency,
    /// Reported option.
    pub decentralized_counters: bool,
    /// Whether objects are packed.
    pub compressed: bool,
    /// A [`Protection`].
    protection: AtomicU8,
    name: AtomicU64,
    owner: AtomicU64,
    deleted: AtomicBool,
    heir: Mutex<Option<Heir>>,
    fixed: AtomicUsize,
    fixations: Mutex<Fixations>,
    objects: AtomicI64,
    words: AtomicI64,
    turn: Turn,
    storage: Storage,
}

/// Who has fixed the table, how often, and since when.
#[derive(Default)]
struct Fixations {
    by: Vec<(RawTerm, usize)>,
    since: Option<(SystemTime, i64)>,
}

/// Statistics of a hash table.
#[allow(missing_docs)]
pub struct Chains {
    pub buckets: usize,
    pub mean: f64,
    pub deviation: f64,
    pub expected_deviation: f64,
    pub least: usize,
    pub most: usize,
    pub tombstones: usize,
    pub locks: usize,
}

/// Where a traversal goes on.
pub enum Cursor {
    /// At the start.
    Start,
    /// In a hash table: a place as a number.
    Place(u64),
    /// In an ordered table: behind this key.
    Behind(Detached),
    /// In an ordered table: at this key, or the next one if it is gone.
    At(Detached),
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refs(objects: &[Object]) -> Vec<&Object> {
    objects.iter().collect()
}

impl Table {
    /// An empty table; [`super::registry::insert`] makes it known.
    pub fn new(name: Atom, owner: RawTerm, id: [u32; 3], o: Options) -> Table {
        let shared = o.protection != Protection::Private;
        Table {
            id,
            kind: o.kind,
            named: o.named,
            keypos: o.keypos,
            read_concurrency: o.read_concurrency,
            write_concurrency: o.write_concurrency,
            decentralized_counters: o.decentralized_counters,
            compressed: o.compressed,
            protection: AtomicU8::new(o.protection as u8),
            name: AtomicU64::new(name.index().into()),
            owner: AtomicU64::new(owner.bits()),
            deleted: AtomicBool::new(false),
            heir: Mutex::new(o.heir),
            fixed: AtomicUsize::new(0),
            fixations: Mutex::default(),
            objects: AtomicI64::new(0),
            words: AtomicI64::new(0),
            turn: Turn::default(),
            storage: match o.kind {
                Kind::OrderedSet => Storage::Ordered(RwLock::new(Ordered::new(o.keypos, !o.read_concurrency))),
                kind => Storage::Hash(Hash::new(kind, o.keypos, shared)),
            },
        }
    }

    // Identity and rights.

    /// Name.
    pub fn name(&self) -> Atom {
        Atom::from_index(self.name.load(Ordering::Relaxed) as u32)
    }
    pub(super) fn set_name(&self, name: Atom) {
        self.name.store(name.index().into(), Ordering::Relaxed);
    }
    /// Owner's pid.
    pub fn owner(&self) -> RawTerm {
        RawTerm::from_bits(self.owner.load(Ordering::Acquire))
    }
    pub(super) fn set_owner(&self, pid: RawTerm) {
        self.owner.store(pid.bits(), Ordering::Release);
    }
    /// Rights.
    #[inline]
    pub fn protection(&self) -> Protection {
        match self.protection.load(Ordering::Relaxed) {
            0 => Protection::Public,
            1 => Protection::Protected,
            _ => Protection::Private,
        }
    }
    /// Changes the rights.
    pub fn set_protection(&self, p: Protection) {
        self.protection.store(p as u8, Ordering::Relaxed);
    }
    /// Whether `pid` may read.
    #[inline]
    pub fn may_read(&self, pid: RawTerm) -> bool {
        self.protection() != Protection::Private || self.owner() == pid
    }
    /// Whether `pid` may write.
    #[inline]
    pub fn may_write(&self, pid: RawTerm) -> bool {
        self.protection() == Protection::Public || self.owner() == pid
    }
    /// Whether it has been deleted.
    #[inline]
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }
    /// Marks it deleted; `false` if it was before.
    pub(super) fn mark_deleted(&self) -> bool {
        !self.deleted.swap(true, Ordering::AcqRel)
    }
    /// The heir.
    pub fn heir(&self) -> Option<Heir> {
        lock(&self.heir).clone()
    }
    /// Sets the heir.
    pub fn set_heir(&self, heir: Option<Heir>) {
        *lock(&self.heir) = heir;
    }
    /// The identifier as a term; it finds the table without a look-up.
    pub fn tid<'s>(self: &std::sync::Arc<Table>, b: &Builder<'s>) -> Term<'s> {
        b.magic_reference(self.id, Box::new(self.clone()))
    }

    // Size.

    /// Number of objects.
    pub fn size(&self) -> usize {
        usize::try_from(self.objects.load(Ordering::Relaxed)).unwrap_or(0)
    }
    /// Words of memory.
    pub fn memory_words(&self) -> usize {
        /// What an empty table is said to take.
        const BASE: usize = 305;
        BASE + usize::try_from(self.words.load(Ordering::Relaxed)).unwrap_or(0)
    }
    fn note(&self, change: &Change) {
        if change.objects != 0 {
            self.objects.fetch_add(change.objects, Ordering::Relaxed);
        }
        if change.words != 0 {
            self.words.fetch_add(change.words, Ordering::Relaxed);
        }
    }
    fn change<R>(&self, f: impl FnOnce(&mut Change) -> R) -> R {
        let mut change = Change::default();
        let result = f(&mut change);
        self.note(&change);
        result
    }

    // Long operations.

    /// Has processes that come now wait for an operation that takes long, instead of for its locks.
    pub fn at_length(&self) -> Busy<'_> {
        self.turn.begin()
    }
    /// Whether a long operation is under way.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.turn.is_busy()
    }
    /// Whether no long operation is under way; if one is, `pid` is woken when it ends.
    #[inline]
    pub fn pass_or_wait(&self, pid: RawTerm) -> bool {
        self.turn.pass_or_wait(pid)
    }

    // Fixation.

    fn is_fixed(&self) -> bool {
        self.fixed.load(Ordering::Acquire) > 0
    }
    /// Keeps keys of deleted objects as places to go on from, for `pid`; `true`: its first fixation of this table.
    pub fn fix(&self, pid: RawTerm) -> bool {
        let mut f = lock(&self.fixations);
        self.fixed.fetch_add(1, Ordering::AcqRel);
        f.since.get_or_insert_with(|| (SystemTime::now(), clock::monotonic_ns()));
        match f.by.iter_mut().find(|(p, _)| *p == pid) {
            Some((_, n)) => {
                *n += 1;
                false
            }
            None => {
                f.by.push((pid, 1));
                true
            }
        }
    }
    /// Takes back one fixation of `pid`, or all of them; `true`: it has none left.
    pub fn unfix(&self, pid: RawTerm, all: bool) -> bool {
        let mut f = lock(&self.fixations);
        let Some(i) = f.by.iter().position(|(p, _)| *p == pid) else { return false };
        let n = if all { f.by[i].1 } else { 1 };
        f.by[i].1 -= n;
        let none_left = f.by[i].1 == 0;
        if none_left {
            f.by.remove(i);
        }
        if self.fixed.fetch_sub(n, Ordering::AcqRel) == n {
            f.since = None;
            drop(f);
            if let Storage::Hash(h) = &self.storage {
                h.sweep(|| self.is_fixed());
            }
        }
        none_left
    }
    /// Keys of deleted objects that go when the table is no longer fixed.
    pub fn tombstones(&self) -> usize {
        match &self.storage {
            Storage::Hash(h) => h.tombstones(),
            Storage::Ordered(_) => 0,
        }
    }
    /// Objects that emptying the table has to look at.
    pub fn work_to_clear(&self) -> usize {
        if self.is_fixed() && matches!(self.storage, Storage::Hash(_)) { self.size() } else { 0 }
    }
    /// Since when, as system time and as monotonic time, and by whom the table is fixed.
    #[allow(clippy::type_complexity)]
    pub fn fixations(&self) -> Option<(SystemTime, i64, Vec<(RawTerm, usize)>)> {
        let f = lock(&self.fixations);
        f.since.map(|(wall, monotonic)| (wall, monotonic, f.by.clone()))
    }

    // Objects by key.

    fn read(o: &RwLock<Ordered>) -> std::sync::RwLockReadGuard<'_, Ordered> {
        o.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn write(o: &RwLock<Ordered>) -> std::sync::RwLockWriteGuard<'_, Ordered> {
        o.write().unwrap_or_else(PoisonError::into_inner)
    }
    /// Shows the objects with this key, in order; stops when the visitor does.
    pub fn lookup(&self, key: Term<'_>, mut f: impl FnMut(&Object)) {
        match &self.storage {
            Storage::Hash(h) => h.lookup(&Key::new(key), |all| all.iter().for_each(f)),
            Storage::Ordered(o) => {
                let o = Self::read(o);
                if let Some(x) = o.find_near(&ordered::Key::new(key)).ok().and_then(|at| o.get(at)) {
                    f(x);
                }
            }
        }
    }
    /// Visits the objects with a key as [`Table::visit`] does: those of a hash table from the last that came to the
    /// first.
    pub fn visit_key(&self, key: Term<'_>, mut f: impl FnMut(&Object)) {
        match &self.storage {
            Storage::Hash(h) => h.lookup(&Key::new(key), |all| all.iter().rev().for_each(f)),
            Storage::Ordered(_) => self.lookup(key, &mut f),
        }
    }
    /// Whether the key is there.
    pub fn member(&self, key: Term<'_>) -> bool {
        let mut found = false;
        self.lookup(key, |_| found = true);
        found
    }
    /// Inserts all objects in one step, each with a key element.
    pub fn insert(&self, objects: Vec<Object>) {
        self.insert_all(objects, false);
    }
    /// Inserts an object, with `only_new` unless its key is there; whether it did.
    pub fn insert_one(&self, object: Object, only_new: bool) -> bool {
        self.change(|change| match &self.storage {
            Storage::Hash(h) => h.insert_one(object, only_new, change),
            Storage::Ordered(o) => {
                let mut o = Self::write(o);
                let taken = only_new && o.contains(&object);
                if !taken {
                    o.tally(change, |o, change| o.insert(object, change));
                }
                !taken
            }
        })
    }
    /// Inserts all objects, or none if one of their keys is there.
    pub fn insert_new(&self, objects: Vec<Object>) -> bool {
        self.insert_all(objects, true)
    }
    fn insert_all(&self, objects: Vec<Object>, only_new: bool) -> bool {
        self.change(|change| match &self.storage {
            Storage::Hash(h) => h.insert(objects, only_new, change),
            Storage::Ordered(o) => {
                let mut o = Self::write(o);
                if only_new && objects.iter().any(|x| o.contains(x)) {
                    return false;
                }
                o.tally(change, |o, change| objects.into_iter().for_each(|x| o.insert(x, change)));
                true
            }
        })
    }
    /// Removes the objects with this key that `which` names; it sees them all.
    pub fn remove(&self, key: Term<'_>, mut which: impl FnMut(&Object) -> bool) {
        self.change(|change| match &self.storage {
            Storage::Hash(h) => h.remove(&Key::new(key), || self.is_fixed(), change, which),
            Storage::Ordered(o) => {
                let mut o = Self::write(o);
                if let Ok(at) = o.find_near(&ordered::Key::new(key))
                    && o.get(at).is_some_and(&mut which)
                {
                    o.tally(change, |o, change| o.remove(at, change));
                }
            }
        });
    }
    /// Does with the objects of this key what the visitor says; stopping means going on.
    pub fn visit_key_mut(&self, key: Term<'_>, mut f: impl FnMut(&Object) -> Visit) {
        self.change(|change| match &self.storage {
            Storage::Hash(h) => h.visit_key_mut(&Key::new(key), || self.is_fixed(), change, f),
            Storage::Ordered(o) => {
                let mut o = Self::write(o);
                if let Ok(at) = o.find(&ordered::Key::new(key)) {
                    let mut seen = false;
                    let once = |x: &Object| if std::mem::replace(&mut seen, true) { Visit::Stop } else { f(x) };
                    o.tally(change, |o, change| o.visit_mut(Some(at), change, || false, once));
                }
            }
        });
    }
    /// Changes the object with this key in one step with reading it; if there is none, `default`, which is inserted
    /// unless `f` fails. For sets only; `f` leaves the key alone, and the object if it fails.
    pub fn update<R, E>(
        &self,
        key: Term<'_>,
        default: Option<Object>,
        f: impl FnOnce(&mut Object) -> Result<R, E>,
    ) -> Option<Result<R, E>> {
        self.change(|change| match &self.storage {
            Storage::Hash(h) => h.update(&Key::new(key), default, change, f),
            Storage::Ordered(o) => {
                Self::write(o).tally(change, |o, change| o.update(&ordered::Key::new(key), default, change, f))
            }
        })
    }
    /// Removes everything in one step; answers how much there was.
    pub fn clear(&self) -> usize {
        self.change(|change| {
            let garbage = match &self.storage {
                Storage::Hash(h) => h.clear(|| self.is_fixed() && !self.is_deleted(), change),
                Storage::Ordered(o) => Self::write(o).clear(change),
            };
            let n = usize::try_from(-change.objects).unwrap_or(0);
            reaper::free(garbage, n);
            n
        })
    }
    /// A stored copy of the tuple `t`.
    pub fn object(&self, t: Term<'_>) -> Object {
        if self.compressed { Object::packed(t, self.keypos) } else { Object::new(t) }
    }
    /// How a hash table fills its chains; `None` of ordered ones.
    pub fn chains(&self) -> Option<Chains> {
        let Storage::Hash(h) = &self.storage else { return None };
        let c = h.chains();
        let (buckets, sum) = (c.buckets as f64, c.sum as f64);
        let mean = sum / buckets;
        Some(Chains {
            buckets: c.buckets,
            mean,
            deviation: (c.squares as f64 / buckets - mean * mean).max(0.0).sqrt(),
            expected_deviation: (mean * (1.0 - 1.0 / buckets)).max(0.0).sqrt(),
            least: c.least,
            most: c.most,
            tombstones: c.tombstones,
            locks: h.locks(),
        })
    }

    // Order.

    /// Shows the objects with the first or last key; hash tables have the same at both ends.
    pub fn end<R>(&self, direction: Direction, f: impl FnOnce(&[&Object]) -> R) -> Option<R> {
        match &self.storage {
            Storage::Hash(h) => h.first(|all| f(&refs(all))),
            Storage::Ordered(o) => {
                let o = Self::read(o);
                let at = if direction == Direction::Forward { o.first() } else { o.last() };
                o.get(at?).map(|x| f(&[x]))
            }
        }
    }
    /// Shows the objects with the key beside this one, `Ok(None)` if it is the last; `Err`: there is no such key.
    #[allow(clippy::result_unit_err)]
    pub fn beside<R>(
        &self,
        key: Term<'_>,
        direction: Direction,
        f: impl FnOnce(&[&Object]) -> R,
    ) -> Result<Option<R>, ()> {
        match &self.storage {
            Storage::Hash(h) => h.after(&Key::new(key), |all| f(&refs(all))),
            Storage::Ordered(o) => {
                let o = Self::read(o);
                Ok(o.beside(&ordered::Key::new(key), direction).and_then(|at| o.get(at)).map(|x| f(&[x])))
            }
        }
    }
    /// Shows the objects in slot `n`; `Ok(None)`: just behind the last slot; `Err`: further.
    #[allow(clippy::result_unit_err)]
    pub fn slot<R>(&self, n: usize, f: impl FnOnce(&[&Object]) -> R) -> Result<Option<R>, ()> {
        match &self.storage {
            Storage::Hash(h) => match h.nth(n, |all| f(&refs(all))) {
                Ok(shown) => Ok(Some(shown)),
                Err(end) if end == n => Ok(None),
                Err(_) => Err(()),
            },
            Storage::Ordered(o) => {
                let o = Self::read(o);
                match o.nth(n).and_then(|at| o.get(at)) {
                    Some(x) => Ok(Some(f(&[x]))),
                    None if n == self.size() => Ok(None),
                    None => Err(()),
                }
            }
        }
    }

    // Traversal.

    /// Visits objects from the cursor on. After [`Visit::Stop`] the answer is where to go on; a hash table may then
    /// have shown the other objects of the same key too. `None`: the end was reached.
    pub fn visit(&self, from: &Cursor, direction: Direction, f: impl FnMut(&Object) -> Visit) -> Option<Cursor> {
        match &self.storage {
            Storage::Hash(h) => h.visit(place(from), f).map(|at| Cursor::Place(at.pack())),
            Storage::Ordered(o) => {
                let o = Self::read(o);
                let start = match from {
                    Cursor::Behind(key) => key.with(|k| o.beside(&ordered::Key::new(k), direction)),
                    _ if direction == Direction::Forward => o.first(),
                    _ => o.last(),
                };
                let at = o.visit(start, direction, f)?;
                Some(Cursor::Behind(self.key_of(o.get(at)?)))
            }
        }
    }
    /// Visits the part of an ordered table from the cursor on for whose keys `order` is `Equal`; `order` ascends with
    /// the keys. Other tables show nothing.
    pub fn visit_range(
        &self,
        from: &Cursor,
        direction: Direction,
        order: impl Fn(Term<'_>) -> Order,
        mut f: impl FnMut(&Object) -> Visit,
    ) -> Option<Cursor> {
        let Storage::Ordered(o) = &self.storage else { return None };
        let o = Self::read(o);
        let start = match from {
            Cursor::Behind(key) => key.with(|k| o.beside(&ordered::Key::new(k), direction)),
            _ => o.bound(direction, &order),
        };
        let mut outside = false;
        let at = o.visit(start, direction, |x| {
            outside = x.with_element(self.keypos, &order) != Some(Order::Equal);
            if outside { Visit::Stop } else { f(x) }
        });
        at.filter(|_| !outside).and_then(|at| o.get(at)).map(|x| Cursor::Behind(self.key_of(x)))
    }
    /// As [`Table::visit`] forwards, under write locks: the visitor may have objects deleted and replaced. It pauses as
    /// soon as it is `enough`, which is asked before each object, or all of one key. Of an ordered table only the part
    /// is visited for whose keys `order`, which ascends with the keys, is `Equal`.
    pub fn visit_mut(
        &self,
        from: &Cursor,
        order: impl Fn(Term<'_>) -> Order,
        enough: impl Fn() -> bool,
        mut f: impl FnMut(&Object) -> Visit,
    ) -> Option<Cursor> {
        self.change(|change| match &self.storage {
            Storage::Hash(h) => {
                h.visit_mut(place(from), || self.is_fixed(), change, enough, f).map(|at| Cursor::Place(at.pack()))
            }
            Storage::Ordered(o) => {
                let mut o = Self::write(o);
                let start = match from {
                    Cursor::Behind(key) => key.with(|k| o.beside(&ordered::Key::new(k), Direction::Forward)),
                    Cursor::At(key) => key.with(|k| {
                        o.bound(
                            Direction::Forward,
                            |x| if cmp::compare(x, k).is_lt() { Order::Less } else { Order::Equal },
                        )
                    }),
                    _ => o.bound(Direction::Forward, &order),
                };
                let (mut outside, mut stopped) = (false, false);
                let inside = |x: &Object| {
                    outside = x.with_element(self.keypos, &order) != Some(Order::Equal);
                    let next = if outside { Visit::Stop } else { f(x) };
                    stopped = matches!(next, Visit::Stop);
                    next
                };
                let at = o.tally(change, |o, change| o.visit_mut(start, change, enough, inside))?;
                let key = || o.get(at).map(|x| self.key_of(x));
                match (outside, stopped) {
                    (true, _) => None,
                    (false, true) => key().map(Cursor::Behind),
                    (false, false) => key().map(Cursor::At),
                }
            }
        })
    }
    fn key_of(&self, o: &Object) -> Detached {
        o.with_element(self.keypos, crate::term::copy::detach).unwrap_or_else(|| Detached::immediate(RawTerm::NIL))
    }
}

fn place(from: &Cursor) -> Place {
    match from {
        Cursor::Place(n) => Place::unpack(*n),
        Cursor::Start | Cursor::Behind(_) | Cursor::At(_) => Place::default(),
    }
}
