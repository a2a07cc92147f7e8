//! Libraries with a C interface, behind a safe one: PCRE2 for `re`, zlib for `zlib`, zstd for `zstd`.
//!
//! Invariant: this crate knows nothing of terms and processes. What is unsafe about the libraries stays in here: no
//! pointer, and no promise about one, leaves it.

pub mod pcre;
pub mod zlib;
pub mod zstd;
