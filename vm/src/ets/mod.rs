//! ETS tables: the data structure. Natives, options and errors live in the crate of natives.
//!
//! A [`Table`] stores copies of tuples ([`Object`]) outside of all heaps, in a sharded hash table or a sorted tree, and
//! counts its own size. The [`registry`] finds tables by name, identifier and owner. Invariants: locks are taken in the
//! order registry, table's own fields, storage; no lock is held while a message is sent or Erlang code runs; readers
//! copy objects to their heap under the lock, so no reference into a table outlives it.

mod hash;
pub mod matchspec;
mod object;
mod ordered;
mod prefix;
mod reaper;
pub mod registry;
mod shard;
mod table;
#[cfg(test)]
mod tests;
mod turn;

pub use object::{Key, Object};
pub use ordered::Direction;
pub use reaper::after_freeing;
pub use registry::owner_exited;
pub use table::{Chains, Cursor, Heir, Kind, Options, Protection, Table, WriteConcurrency};
pub use turn::Busy;

/// Where a traversal of a hash table goes on: at this hash of a shard.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    shard: usize,
    hash: u32,
}

impl Place {
    const HASH_BITS: u32 = 48;
    fn pack(self) -> u64 {
        (self.shard as u64) << Self::HASH_BITS | u64::from(self.hash)
    }
    fn unpack(n: u64) -> Place {
        Place { shard: (n >> Self::HASH_BITS) as usize, hash: n as u32 }
    }
}

/// What a visitor wants.
pub enum Visit {
    /// Go on.
    Continue,
    /// Enough: this object has been seen to.
    Stop,
    /// Delete this object and go on; only for visitors that may change the table.
    Delete,
    /// Put this object, with an equal key, in its place and go on; only for visitors that may change the table.
    Replace(Object),
}

/// How an operation changed the table's size.
#[derive(Default)]
pub(crate) struct Change {
    objects: i64,
    words: i64,
}

impl Change {
    fn add(&mut self, other: &Change) {
        self.objects += other.objects;
        self.words += other.words;
    }
    fn subtract(&mut self, other: &Change) {
        self.objects -= other.objects;
        self.words -= other.words;
    }
    fn added(&mut self, o: &Object) {
        self.objects += 1;
        self.words += o.words() as i64;
    }
    fn removed(&mut self, o: &Object) {
        self.objects -= 1;
        self.words -= o.words() as i64;
    }
    /// Puts `new` into the place of `o`.
    fn replaced(&mut self, o: &mut Object, new: Object) {
        self.removed(o);
        self.added(&new);
        *o = new;
    }
    /// Runs `f` on an object that may change its size.
    fn around<R>(&mut self, o: &mut Object, f: impl FnOnce(&mut Object) -> R) -> R {
        let before = o.words() as i64;
        let result = f(o);
        self.words += o.words() as i64 - before;
        result
    }
}
