//! Persistent terms: a table from keys to literals that reads take nothing but loads.
//!
//! Readers probe an immutable-sized table under an epoch guard; writers take one lock, fill or replace a slot with one
//! store, or publish a larger table. Invariants: a slot is empty, a tombstone, or the word of a `{Key, Value}` literal
//! in an area of its own; no key is in two slots; a table that was replaced is dropped when no guard can see it. The
//! area of a replaced or erased pair is retired (`signal/purge.rs`) and not freed here, so a value that was got
//! stays valid for whoever holds it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};

use crossbeam_epoch::{Atomic, Guard, Owned};

use super::Builder;
use super::literal::LiteralArea;
use super::mem::{self, Category};
use crate::term::cmp::eq_exact;
use crate::term::hash::internal_hash;
use crate::term::{RawTerm, Term};

const EMPTY: u64 = 0;
const TOMBSTONE: u64 = 4;
const FIRST_SLOTS: usize = 64;

struct Table {
    slots: Box<[AtomicU64]>,
}

impl Table {
    fn new(slots: usize) -> Table {
        mem::note(Category::System, (slots * 8) as isize);
        Table { slots: (0..slots).map(|_| AtomicU64::new(EMPTY)).collect() }
    }
    /// The slots where `key` may be, in order of probing.
    fn probe(&self, key: Term<'_>) -> impl Iterator<Item = &AtomicU64> {
        let mask = self.slots.len() - 1;
        let first = internal_hash(key) as usize;
        (0..self.slots.len()).map(move |i| &self.slots[(first + i) & mask])
    }
    /// The slot that holds `key` and its pair.
    fn find(&self, key: Term<'_>) -> Option<(&AtomicU64, RawTerm)> {
        for slot in self.probe(key) {
            // Acquire pairs with the Release of `put`: the pair behind the word is completely written.
            match slot.load(Ordering::Acquire) {
                EMPTY => return None,
                TOMBSTONE => {}
                word => {
                    let pair = RawTerm::from_bits(word);
                    if eq_exact(parts(pair).0, key) {
                        return Some((slot, pair));
                    }
                }
            }
        }
        None
    }
    /// A slot that `key`, which is not in the table, can take; there always is one.
    fn vacant(&self, key: Term<'_>) -> &AtomicU64 {
        self.probe(key)
            .find(|s| matches!(s.load(Ordering::Relaxed), EMPTY | TOMBSTONE))
            .expect("a quarter of the table is empty")
    }
    fn pairs(&self) -> impl Iterator<Item = RawTerm> {
        self.slots
            .iter()
            .map(|s| s.load(Ordering::Acquire))
            .filter(|w| !matches!(*w, EMPTY | TOMBSTONE))
            .map(RawTerm::from_bits)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        mem::note(Category::System, -((self.slots.len() * 8) as isize));
    }
}

/// Key and value of a pair.
fn parts<'t>(pair: RawTerm) -> (Term<'t>, Term<'t>) {
    // SAFETY: words in slots are pairs, and their areas are not freed while a process runs that may have read them.
    let pair: Term<'t> = unsafe { pair.brand() };
    match pair.as_tuple() {
        Some(&[k, v]) => (k, v),
        _ => unreachable!("slots hold pairs"),
    }
}

static TABLE: LazyLock<Atomic<Table>> = LazyLock::new(|| Atomic::new(Table::new(FIRST_SLOTS)));

#[derive(Default)]
struct Writer {
    /// The areas of the pairs in the table, by the pair's word.
    areas: HashMap<u64, LiteralArea>,
    /// Slots of the table that are not empty.
    taken: usize,
    words: usize,
}

static WRITER: LazyLock<Mutex<Writer>> = LazyLock::new(Mutex::default);

fn writer() -> MutexGuard<'static, Writer> {
    WRITER.lock().expect("no code panics under the persistent terms' lock")
}

fn table(guard: &Guard) -> &Table {
    // SAFETY: the pointer is never null, and a table is dropped only after all guards that can see it.
    unsafe { TABLE.load(Ordering::Acquire, guard).deref() }
}

/// What [`put`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// The key was new.
    New,
    /// The key had this very value.
    Same,
    /// The key had another value, which it has no longer.
    Replaced,
}

/// The value of `key`, a literal.
pub fn get<'s>(_: &Builder<'s>, key: Term<'_>) -> Option<Term<'s>> {
    let (_, pair) = table(&crossbeam_epoch::pin()).find(key)?;
    Some(parts(pair).1)
}

/// Sets the value of `key`, unless it has another one and `replace` does not hold.
pub fn put<'s>(b: &Builder<'s>, key: Term<'s>, value: Term<'s>, replace: bool) -> Put {
    let mut w = writer();
    let guard = crossbeam_epoch::pin();
    let found = table(&guard).find(key);
    match found {
        Some((_, old)) if eq_exact(parts(old).1, value) => return Put::Same,
        Some(_) if !replace => return Put::Replaced,
        _ => {}
    }
    let (area, pair) = LiteralArea::from_shared(b.tuple(&[key, value]));
    w.words += area.words();
    if let Some((slot, old)) = found {
        slot.store(pair.bits(), Ordering::Release);
        w.remove(old);
        w.areas.insert(pair.bits(), area);
        return Put::Replaced;
    }
    w.areas.insert(pair.bits(), area);
    w.make_room(&guard);
    let slot = table(&guard).vacant(parts(pair).0);
    w.taken += usize::from(slot.load(Ordering::Relaxed) == EMPTY);
    slot.store(pair.bits(), Ordering::Release);
    Put::New
}

/// Removes `key`; whether it was there.
pub fn erase(key: Term<'_>) -> bool {
    let mut w = writer();
    let guard = crossbeam_epoch::pin();
    let Some((slot, pair)) = table(&guard).find(key) else { return false };
    slot.store(TOMBSTONE, Ordering::Release);
    w.remove(pair);
    w.shrink(&guard);
    true
}

/// Removes all keys.
pub fn erase_all() {
    let mut w = writer();
    let guard = crossbeam_epoch::pin();
    let pairs: Vec<RawTerm> = table(&guard).pairs().collect();
    w.publish(Table::new(FIRST_SLOTS), &guard);
    w.taken = 0;
    for pair in pairs {
        w.remove(pair);
    }
}

/// All `{Key, Value}` pairs, as a list.
pub fn all<'s>(b: &Builder<'s>) -> Term<'s> {
    let guard = crossbeam_epoch::pin();
    // SAFETY: as in `parts`.
    b.list_from(table(&guard).pairs().map(|p| unsafe { p.brand() }))
}

/// Shows all `{Key, Value}` pairs.
pub fn each(mut f: impl FnMut(Term<'_>)) {
    // SAFETY: as in `parts`.
    table(&crossbeam_epoch::pin()).pairs().for_each(|p| f(unsafe { p.brand() }));
}

/// Number of keys, and bytes of the table and the terms.
pub fn info() -> (usize, usize) {
    let w = writer();
    (w.areas.len(), 8 * (slots() + w.words))
}

/// Number of the table's slots.
pub fn slots() -> usize {
    table(&crossbeam_epoch::pin()).slots.len()
}

impl Writer {
    /// Forgets a pair that is in no slot any more.
    fn remove(&mut self, pair: RawTerm) {
        if let Some(area) = self.areas.remove(&pair.bits()) {
            self.words -= area.words();
            crate::signal::purge::retire(area);
        }
    }
    /// Publishes a larger table if more than half of the slots would hold pairs, or one without tombstones if those and
    /// the pairs would take more than three quarters.
    fn make_room(&mut self, guard: &Guard) {
        let slots = table(guard).slots.len();
        if 2 * self.areas.len() > slots {
            self.rebuild(2 * slots, guard);
        } else if 4 * (self.taken + 1) > 3 * slots {
            self.rebuild(slots, guard);
        }
    }
    /// Publishes a smaller table if less than a quarter of the slots hold pairs.
    fn shrink(&mut self, guard: &Guard) {
        let slots = table(guard).slots.len();
        if slots > FIRST_SLOTS && 4 * self.areas.len() < slots {
            self.rebuild(slots / 2, guard);
        }
    }
    /// Publishes a table of this size with the same pairs.
    fn rebuild(&mut self, slots: usize, guard: &Guard) {
        let new = Table::new(slots);
        let mut taken = 0;
        for pair in table(guard).pairs() {
            new.vacant(parts(pair).0).store(pair.bits(), Ordering::Relaxed);
            taken += 1;
        }
        self.publish(new, guard);
        self.taken = taken;
    }
    fn publish(&mut self, new: Table, guard: &Guard) {
        let old = TABLE.swap(Owned::new(new), Ordering::AcqRel, guard);
        // SAFETY: the old table is not reachable any more; writers are serialised by the lock.
        unsafe { guard.defer_destroy(old) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Detached;

    #[test]
    fn terms_are_put_replaced_and_erased() {
        let _ = Detached::build(|b| {
            let key = |i: i32| b.tuple(&[Term::small(i), b.string("key")]);
            for i in 0..500 {
                assert_eq!(put(b, key(i), b.int(i64::MAX - i64::from(i)), true), Put::New);
            }
            assert_eq!(put(b, key(7), b.int(i64::MAX - 7), false), Put::Same);
            assert_eq!(put(b, key(7), Term::NIL, false), Put::Replaced);
            assert!(get(b, key(7)).is_some_and(|t| t.as_i64() == Some(i64::MAX - 7)));
            assert_eq!(put(b, key(7), Term::NIL, true), Put::Replaced);
            assert!(get(b, key(7)).is_some_and(|t| t.is_nil()));
            for i in (0..500).step_by(2) {
                assert!(erase(key(i)) && !erase(key(i)) && get(b, key(i)).is_none());
            }
            for i in 0..1000 {
                assert_eq!(put(b, Term::small(i % 2), Term::small(i), true) == Put::New, i < 2);
            }
            assert_eq!(all(b).list_iter().count(), 252);
            assert_eq!(info().0, 252);
            assert!((1..500).step_by(2).all(|i| get(b, key(i)).is_some()));
            let many = slots();
            for i in (1..500).step_by(2) {
                assert!(erase(key(i)));
            }
            assert_eq!((many, slots(), info().0), (512, FIRST_SLOTS, 2));
            erase_all();
            assert!(all(b).is_nil());
            assert_eq!(info().0, 0);
            Term::NIL
        });
    }
}
