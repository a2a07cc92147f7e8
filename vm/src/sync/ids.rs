//! [`IdTable`]: a table of objects that Erlang code knows by identifiers: processes by pids, ports by port identifiers.
//!
//! An identifier's data word counts up; its low bits choose the slot, so a slot is reused with another word only (the
//! serial) until the word wraps. Invariant: the object in a slot carries the identifier whose data word leads there, so
//! a look-up compares it and never finds a later object under an old identifier.

use crossbeam_epoch::Guard;

use super::atomic::{AtomicU64, AtomicUsize, Ordering};
use super::slots::Slots;
use crate::term::RawTerm;

/// What an [`IdTable`] holds.
pub trait Identified: Send + Sync + 'static {
    /// Its identifier.
    fn id(&self) -> RawTerm;
    /// Before it is published: another identifier.
    fn set_id(&mut self, id: RawTerm);
}

/// See the module's head.
pub struct IdTable<T: Identified> {
    slots: Slots<T>,
    limit: usize,
    next: AtomicU64,
    count: AtomicUsize,
    /// Bits of a data word.
    data_mask: u64,
    /// Makes an identifier of a data word.
    name: fn(u64) -> RawTerm,
}

impl<T: Identified> IdTable<T> {
    /// A table for `limit` objects, a power of two.
    pub fn new(limit: usize, data_bits: u32, name: fn(u64) -> RawTerm) -> IdTable<T> {
        debug_assert!(limit.is_power_of_two());
        IdTable {
            slots: Slots::new(limit),
            limit,
            next: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            data_mask: (1 << data_bits) - 1,
            name,
        }
    }
    /// Most objects at a time.
    pub fn limit(&self) -> usize {
        self.limit
    }
    /// Number of objects, those that are ending included.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    /// The slot that an identifier leads to.
    pub(crate) fn slot(&self, id: RawTerm) -> usize {
        id.id_data() as usize & (self.limit - 1)
    }
    /// The object of an identifier.
    #[inline]
    pub fn find<'g>(&self, id: RawTerm, guard: &'g Guard) -> Option<&'g T> {
        let p = self.slots.get(self.slot(id), guard)?;
        (p.id() == id).then_some(p)
    }
    /// Adds the object that `make` makes for its identifier; `None` if the table is full.
    pub fn insert<'g>(&self, make: impl FnOnce(RawTerm) -> T, guard: &'g Guard) -> Option<&'g T> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        // The count reserves a slot for us: the search ends.
        let mut id = self.next_id();
        while self.slots.get(self.slot(id), guard).is_some() {
            id = self.next_id();
        }
        let mut object = Box::new(make(id));
        loop {
            match self.slots.insert(self.slot(id), object) {
                Ok(()) => return self.slots.get(self.slot(id), guard),
                Err(back) => object = back,
            }
            id = self.next_id();
            object.set_id(id);
        }
    }
    fn next_id(&self) -> RawTerm {
        (self.name)(self.next.fetch_add(1, Ordering::Relaxed) & self.data_mask)
    }
    /// The next identifiers start here, for a VM that numbers its first objects as OTP's boot does.
    pub fn skip_to(&self, data: u64) {
        self.next.fetch_max(data, Ordering::Relaxed);
    }
    /// The number that the next object gets, if it is not in use.
    pub fn next_data(&self) -> u64 {
        self.given_out() & self.data_mask
    }
    /// Goes on with a number, of this round or the next; whether there is such a one.
    pub fn go_on_with(&self, data: u64) -> bool {
        let ahead = |next: u64| Some(next + (data.wrapping_sub(next) & self.data_mask));
        data <= self.data_mask && self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, ahead).is_ok()
    }
    /// Takes an object out; it is dropped when nobody can look at it any more.
    pub fn remove(&self, p: &T, guard: &Guard) {
        if self.slots.remove(self.slot(p.id()), p, guard) {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
    /// How many identifiers have been given out.
    pub(crate) fn given_out(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }
    /// Whether an object's identifier was given out after the first `begin`. They repeat when the data word wraps.
    pub(crate) fn is_since(&self, id: RawTerm, begin: u64) -> bool {
        let age = id.id_data().wrapping_sub(begin) & self.data_mask;
        age < self.given_out().saturating_sub(begin)
    }
    /// Slots that can hold something: those behind were never used.
    pub fn used_slots(&self) -> usize {
        usize::try_from(self.next.load(Ordering::Relaxed)).map_or(self.limit, |n| n.min(self.limit))
    }
    /// The object in a slot.
    pub fn at<'g>(&self, slot: usize, guard: &'g Guard) -> Option<&'g T> {
        self.slots.get(slot, guard)
    }
    /// Identifiers of the objects in the slots `from..to` that `f` likes, in order of slot.
    pub fn ids_between(&self, from: usize, to: usize, f: impl Fn(&T) -> bool) -> Vec<RawTerm> {
        let guard = crossbeam_epoch::pin();
        let liked = |i| self.at(i, &guard).filter(|p| f(p)).map(Identified::id);
        (from..to.min(self.limit)).filter_map(liked).collect()
    }
}
