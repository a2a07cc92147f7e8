//! Hashes of terms.
//!
//! [`make_hash2`] (`erlang:phash2`) and [`make_hash`] (`erlang:phash`) give the reference's values bit by bit, in every
//! release: programs store them. [`internal_hash`] is our own, for hash tries and tables: fast, never shown, and equal
//! for all terms that are `=:=`. All keep what is still to be hashed on a stack of their own.

mod internal;
mod phash;
mod phash2;
#[cfg(test)]
mod tests;

pub use internal::{internal_hash, wide_internal_hash};
pub use phash::make_hash;
pub use phash2::make_hash2;

use super::{BitsView, Term};

/// Bits of what `erlang:phash2/1` returns.
const PHASH2_BITS: u32 = 27;

/// `erlang:phash2/1`.
pub fn phash2(t: Term<'_>) -> u32 {
    make_hash2(t) & ((1 << PHASH2_BITS) - 1)
}

/// The hash that `erlang:phash/2` reduces to its range.
pub fn phash(t: Term<'_>) -> u32 {
    make_hash(t)
}

/// Hash of an atom's name: PJW's, over the characters of a Latin-1 name and the UTF-8 bytes of the rest.
pub fn atom_hash(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let mut h: u32 = 0;
    let mut i = 0;
    while i < bytes.len() {
        let mut v = bytes[i];
        i += 1;
        if let Some(&next) = bytes.get(i)
            && v & 0xfe == 0xc2
            && next & 0xc0 == 0x80
        {
            v = v << 6 | next & 0x3f;
            i += 1;
        }
        h = (h << 4).wrapping_add(u32::from(v));
        let g = h & 0xf000_0000;
        if g != 0 {
            h ^= g >> 24;
            h ^= g;
        }
    }
    h
}

/// The bytes of a bitstring, moved to byte boundaries if they do not lie there; a last partial byte keeps its place.
fn aligned<'s>(v: BitsView<'s>) -> std::borrow::Cow<'s, [u8]> {
    match v.as_bytes() {
        Some(b) => b.into(),
        None => super::bits::copy_view(v).into(),
    }
}
