//! Maps: a sorted array up to [`SMALL_LIMIT`] keys, a hash array mapped trie (HAMT) above.
//!
//! ```text
//! flat   [hdr kind 0][size][keys tuple][values ...]    keys in order of `key_order`, no two equal
//! head   [hdr kind 1, bitmap][size][children ...]      root of a HAMT, one child a set bit of the bitmap
//! node   [hdr kind 2, bitmap][children ...]            inner node, never a value that programs see
//! leaf   [Key | Value]                                 a cons cell
//! ```
//!
//! Every word after a header is a term. Invariants: the representation depends on the number of keys only, and a
//! HAMT's shape on its keys only (an inner node holds more than a single leaf), so equal maps have equal shapes;
//! a map is never changed once built, but that its keys may become an equal literal; a keys tuple may be shared by many maps.
//!
//! Recursion in `hamt` follows the digits of a key's hash: eight levels a hash, more only for keys whose 32-bit
//! hashes collide, so it needs no explicit stack.

mod build;
mod flat;
mod hamt;
mod iter;
mod many;
#[cfg(test)]
mod tests;

pub use build::{from_keys_values, from_pairs};
pub use flat::key_order;
pub(crate) use flat::replace_present;
pub use iter::{Chunk, MapIter, chunk, iter};
pub use many::{merge, put_many, update_many};

use super::{Header, RawTerm, Subtag, Term};
use crate::heap::Builder;
use crate::profile::Profile;
use flat::Flat;

/// Most keys of a flat map.
pub const SMALL_LIMIT: usize = 32;

const FLAT: Header = Header::new(Subtag::Map, 0);
const KIND_MASK: usize = 3;
const KIND_HEAD: usize = 1;
const KIND_NODE: usize = 2;
const BITMAP_SHIFT: u32 = 2;

const fn head_header(bitmap: u16) -> Header {
    Header::new(Subtag::Map, (bitmap as usize) << BITMAP_SHIFT | KIND_HEAD)
}

const fn node_header(bitmap: u16) -> Header {
    Header::new(Subtag::Map, (bitmap as usize) << BITMAP_SHIFT | KIND_NODE)
}

const fn header_bitmap(h: Header) -> u16 {
    (h.arity() >> BITMAP_SHIFT) as u16
}

const fn header_kind(h: Header) -> usize {
    h.arity() & KIND_MASK
}

/// Words of the map object (or inner node) at `object`, header included.
///
/// # Safety
/// `object` is the address of an object whose header is a map's and whose size word is readable.
pub(crate) unsafe fn object_words(object: *const RawTerm) -> usize {
    // SAFETY: the caller's contract.
    let h = unsafe { *object }.as_header();
    match header_kind(h) {
        // SAFETY: a flat map has its size behind the header.
        0 => 3 + unsafe { *object.add(1) }.small_value() as usize,
        KIND_HEAD => 2 + header_bitmap(h).count_ones() as usize,
        _ => 1 + header_bitmap(h).count_ones() as usize,
    }
}

/// What sort of object a map term points at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapKind {
    /// Sorted arrays.
    Flat,
    /// Root of a HAMT.
    Hamt,
    /// Inner node of a HAMT; only debugging natives hand one out.
    Node,
}

/// The sort of map, `None` for a term that is none.
pub fn kind(map: Term<'_>) -> Option<MapKind> {
    let h = map.boxed_header()?;
    if !h.is(Subtag::Map) {
        return None;
    }
    Some(match header_kind(h) {
        0 => MapKind::Flat,
        KIND_HEAD => MapKind::Hamt,
        _ => MapKind::Node,
    })
}

/// Number of keys; 0 for a term that is no map.
#[inline]
pub fn size(map: Term<'_>) -> usize {
    match map.boxed_header() {
        Some(h) if h.is(Subtag::Map) && header_kind(h) != KIND_NODE => RawTerm(map.word(1)).small_value() as usize,
        _ => 0,
    }
}

/// The value of `key`, `None` also if `map` is no map.
#[inline(always)]
pub fn get<'s>(map: Term<'s>, key: Term<'_>) -> Option<Term<'s>> {
    let h = map.boxed_header()?;
    if h == FLAT {
        let flat = Flat::read(map);
        return match key.is_immediate() {
            // Only the same word equals an immediate.
            true => flat.keys.iter().position(|k| k.same(key)).map(|i| flat.values[i]),
            false => flat.find(key).map(|i| flat.values[i]),
        };
    }
    get_hamt(map, h, key)
}

#[inline(never)]
fn get_hamt<'s>(map: Term<'s>, h: Header, key: Term<'_>) -> Option<Term<'s>> {
    (h.is(Subtag::Map) && header_kind(h) == KIND_HEAD).then(|| hamt::get(map, key))?
}

/// Whether `map` has `key`.
pub fn has_key(map: Term<'_>, key: Term<'_>) -> bool {
    get(map, key).is_some()
}

/// The keys tuple of a flat map.
pub fn flat_keys(map: Term<'_>) -> Option<Term<'_>> {
    (map.boxed_header()? == FLAT).then(|| Flat::read(map).keys_tuple)
}

/// Children of a HAMT's root or inner node: leaves (cons cells) and nodes.
pub fn hamt_children(map: Term<'_>) -> Option<&[Term<'_>]> {
    matches!(kind(map)?, MapKind::Hamt | MapKind::Node).then(|| hamt::Node::read(map).children)
}

/// `#{}`.
pub fn empty<'s>(b: &Builder<'s>) -> Term<'s> {
    flat::build(b, b.tuple(&[]), &[])
}

/// `map` with `key` set to `value`: the same word if that changes nothing.
pub fn put<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'s>, value: Term<'s>) -> Term<'s> {
    if map.boxed_header() == Some(FLAT) {
        flat::put(b, Flat::read(map), map, key, value)
    } else {
        hamt::put(b, map, key, value)
    }
}

/// `map` with the value of `key` replaced, `None` if there is no such key.
pub fn update<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'s>, value: Term<'s>) -> Option<Term<'s>> {
    if map.boxed_header() == Some(FLAT) {
        let flat = Flat::read(map);
        let i = flat.find(key)?;
        Some(flat::replace(b, flat, map, i, value))
    } else {
        hamt::update(b, map, key, value)
    }
}

/// `map` without `key`: the same word if there is no such key.
pub fn remove<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'_>) -> Term<'s> {
    take(b, map, key).map_or(map, |(_, rest)| rest)
}

/// The value of `key` and the map without it.
pub fn take<'s>(b: &Builder<'s>, map: Term<'s>, key: Term<'_>) -> Option<(Term<'s>, Term<'s>)> {
    if map.boxed_header() == Some(FLAT) {
        let flat = Flat::read(map);
        let i = flat.find(key)?;
        Some((flat.values[i], flat::without(b, flat, i)))
    } else {
        let value = hamt::get(map, key)?;
        Some((value, hamt::remove(b, map, key)))
    }
}

/// The keys as a list, in the order that the profile gives to lists of maps.
pub fn keys<'s>(b: &Builder<'s>, map: Term<'s>) -> Term<'s> {
    list(b, map, |(k, _)| k)
}

/// The values as a list, in the order of [`keys`].
pub fn values<'s>(b: &Builder<'s>, map: Term<'s>) -> Term<'s> {
    list(b, map, |(_, v)| v)
}

fn list<'s>(b: &Builder<'s>, map: Term<'s>, f: impl FnMut((Term<'s>, Term<'s>)) -> Term<'s>) -> Term<'s> {
    let items = iter(map).map(f);
    if size(map) > SMALL_LIMIT && Profile::get().large_maps_list_backwards() {
        items.fold(Term::NIL, |list, t| b.cons(t, list))
    } else {
        b.list_from(items)
    }
}

/// Whether the map object obeys this folder's invariants; for heap verification.
pub fn valid(map: Term<'_>) -> bool {
    match kind(map) {
        Some(MapKind::Flat) => flat::valid(map),
        Some(MapKind::Hamt) => hamt::valid(map),
        // An inner node is checked from its root.
        Some(MapKind::Node) => true,
        None => false,
    }
}
