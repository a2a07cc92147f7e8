//! The atom table: names are interned once and never freed.
//!
//! Invariant: an [`Atom`]'s index is below the table's length and its entry is written before the index is handed
//! out, so a look-up by index is two loads without a lock. Interning takes one shard's lock.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

/// An atom: an index into the atom table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Atom(u32);

/// Most characters in an atom's name.
pub const MAX_CHARS: usize = 255;
/// Most atoms in a VM (the default of `+t`).
pub const MAX_ATOMS: u32 = 1_048_576;

const CHUNK: usize = 4096;
/// Atoms that only the loader may make.
pub const RESERVED: u32 = 16_384;
const CHUNKS: usize = MAX_ATOMS as usize / CHUNK;
const SHARDS: usize = 16;

struct Entry {
    name: &'static str,
    /// The first four bytes, big-endian: decides most comparisons without touching the text.
    ord0: u32,
    /// Hash of the Latin-1 or UTF-8 text as `phash2` wants it, see `term/hash.rs`.
    hash: u32,
}

struct Table {
    chunks: [AtomicPtr<Entry>; CHUNKS],
    next: AtomicU32,
    shards: [Mutex<HashMap<&'static str, u32>>; SHARDS],
    hasher: RandomState,
    /// Serialises growth: index assignment and the entry's write are one step.
    grow: Mutex<()>,
}

/// Bytes of all names.
static TEXT: AtomicUsize = AtomicUsize::new(0);

/// Why an atom could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AtomError {
    /// More than [`MAX_CHARS`] characters.
    #[error("an atom has at most {MAX_CHARS} characters")]
    TooLong,
    /// The table holds [`MAX_ATOMS`] atoms.
    #[error("the atom table is full ({MAX_ATOMS} atoms)")]
    TableFull,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let t = Table {
        chunks: [const { AtomicPtr::new(std::ptr::null_mut()) }; CHUNKS],
        next: AtomicU32::new(0),
        shards: std::array::from_fn(|_| Mutex::default()),
        hasher: RandomState::new(),
        grow: Mutex::new(()),
    };
    for (i, name) in am::NAMES.iter().enumerate() {
        let got = t.intern(name, MAX_ATOMS).expect("the known atoms fit the table");
        assert_eq!(got as usize, i, "known atom {name} is listed twice");
    }
    t
});

impl Table {
    fn shard(&self, name: &str) -> &Mutex<HashMap<&'static str, u32>> {
        &self.shards[self.hasher.hash_one(name) as usize % SHARDS]
    }

    /// `limit`: how many atoms there may be after this one.
    fn intern(&self, name: &str, limit: u32) -> Result<u32, AtomError> {
        let mut shard = self.shard(name).lock().expect("no code panics under an atom shard's lock");
        if let Some(&i) = shard.get(name) {
            return Ok(i);
        }
        if name.chars().count() > MAX_CHARS {
            return Err(AtomError::TooLong);
        }
        let _grow = self.grow.lock().expect("no code panics while the atom table grows");
        let i = self.next.load(Ordering::Relaxed);
        if i >= limit {
            return Err(AtomError::TableFull);
        }
        let name: &'static str = Box::leak(name.into());
        TEXT.fetch_add(name.len(), Ordering::Relaxed);
        let slot = &self.chunks[i as usize / CHUNK];
        let mut chunk = slot.load(Ordering::Relaxed);
        if chunk.is_null() {
            let fresh: Vec<Entry> = (0..CHUNK).map(|_| Entry { name: "", ord0: 0, hash: 0 }).collect();
            chunk = Box::leak(fresh.into_boxed_slice()).as_mut_ptr();
            slot.store(chunk, Ordering::Release);
        }
        let mut first = [0; 4];
        for (d, s) in first.iter_mut().zip(name.bytes()) {
            *d = s;
        }
        let entry = Entry { name, ord0: u32::from_be_bytes(first), hash: crate::term::hash::atom_hash(name) };
        // SAFETY: the chunk has CHUNK entries, i is inside; nobody reads entry i before `next` passes it (below) or
        // the shard's map holds it, and growth is serialised by the lock.
        unsafe { chunk.add(i as usize % CHUNK).write(entry) };
        // Pairs with the Acquire load in `entry`: an index below `next` has its entry written.
        self.next.store(i + 1, Ordering::Release);
        shard.insert(name, i);
        Ok(i)
    }

    fn entry(&self, i: u32) -> &Entry {
        let chunk = self.chunks[i as usize / CHUNK].load(Ordering::Acquire);
        debug_assert!(!chunk.is_null() && i < self.next.load(Ordering::Acquire));
        // SAFETY: an Atom is only made from an index that `intern` returned, whose entry was written before and is
        // never changed; chunks are never freed.
        unsafe { &*chunk.add(i as usize % CHUNK) }
    }
}

impl Atom {
    /// The atom of this name, made if new.
    pub fn new(name: &str) -> Result<Atom, AtomError> {
        TABLE.intern(name, MAX_ATOMS).map(Atom)
    }
    /// As [`Atom::new`] for names that a program makes up: these leave [`RESERVED`] atoms to modules that are loaded
    /// later, so that a program which fills the table can still say so.
    pub fn from_program(name: &str) -> Result<Atom, AtomError> {
        TABLE.intern(name, MAX_ATOMS - RESERVED).map(Atom)
    }
    /// The atom of this name if it exists.
    pub fn existing(name: &str) -> Option<Atom> {
        TABLE.shard(name).lock().expect("no code panics under an atom shard's lock").get(name).map(|&i| Atom(i))
    }
    /// The name.
    pub fn name(self) -> &'static str {
        TABLE.entry(self.0).name
    }
    /// The first four bytes of the name, big-endian.
    pub fn ord0(self) -> u32 {
        TABLE.entry(self.0).ord0
    }
    /// The name's hash, as `phash2` uses it.
    pub fn hash(self) -> u32 {
        TABLE.entry(self.0).hash
    }
    /// The atom at an index of the table.
    pub fn at(index: u32) -> Option<Atom> {
        (index < Self::count()).then_some(Atom(index))
    }
    /// Index in the table.
    #[inline(always)]
    pub const fn index(self) -> u32 {
        self.0
    }
    #[inline(always)]
    pub(crate) const fn from_index(i: u32) -> Atom {
        Atom(i)
    }
    /// Number of atoms.
    pub fn count() -> u32 {
        TABLE.next.load(Ordering::Acquire)
    }
    /// Bytes of memory: those taken for the table and the names, and those of them in use.
    pub fn memory() -> (usize, usize) {
        let (count, text) = (Self::count() as usize, TEXT.load(Ordering::Relaxed));
        let index = size_of::<(&str, u32)>();
        let bytes = |entries: usize| entries * (size_of::<Entry>() + index) + text;
        (bytes(count.next_multiple_of(CHUNK)), bytes(count))
    }
}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Atom) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By name, byte by byte, as Erlang orders atoms.
impl Ord for Atom {
    fn cmp(&self, other: &Atom) -> std::cmp::Ordering {
        if self.0 == other.0 {
            return std::cmp::Ordering::Equal;
        }
        let (a, b) = (TABLE.entry(self.0), TABLE.entry(other.0));
        a.ord0.cmp(&b.ord0).then_with(|| a.name.as_bytes().cmp(b.name.as_bytes()))
    }
}

macro_rules! known_atoms {
    ($($id:ident $text:literal;)*) => {
        /// Atoms that Rust code names. One row each: constant and text, in order of index.
        pub mod am {
            use super::Atom;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            #[repr(u32)]
            enum Ix { $($id),* }
            $(#[doc = concat!("`", $text, "`")] pub const $id: Atom = Atom(Ix::$id as u32);)*
            pub(super) const NAMES: &[&str] = &[$($text),*];
        }
    };
}

include!("atoms.in");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_atoms_have_their_index() {
        assert_eq!(am::TRUE.name(), "true");
        assert_eq!(Atom::new("true"), Ok(am::TRUE));
    }

    #[test]
    fn interning_is_stable_and_ordered_by_text() {
        let (a, b) = (Atom::new("zz_b").unwrap(), Atom::new("zz_a").unwrap());
        assert_eq!(Atom::new("zz_b"), Ok(a));
        assert!(b < a);
        assert_eq!(Atom::existing("zz_never_made"), None);
    }

    #[test]
    fn too_long_is_refused() {
        assert_eq!(Atom::new(&"å".repeat(256)), Err(AtomError::TooLong));
        assert!(Atom::new(&"å".repeat(255)).is_ok());
    }
}
