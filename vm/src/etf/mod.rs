//! The external term format: terms to bytes here, bytes to terms through the loader's decoder.
//!
//! Invariant: what [`encode`](encode::encode) writes, [`decode`](decode::decode) reads back as an equal term (funs
//! and references of this run included), and neither recurses on the Rust stack, however deep the term.

mod decode;
mod encode;
mod options;
#[cfg(test)]
mod tests;

pub use decode::{DecodeError, Decoded, decode, decode_literal, decode_with_cache};
pub use encode::{Piece, encode, encode_pieces, external_size};
pub use options::Options;

use std::hash::BuildHasher;
use std::sync::LazyLock;

/// Hash that marks a term in this node's own encoding (`local` option) as ours: keyed anew in each run.
fn local_hash(rest: &[u8]) -> u64 {
    static KEY: LazyLock<std::hash::RandomState> = LazyLock::new(std::hash::RandomState::new);
    KEY.hash_one(rest)
}
