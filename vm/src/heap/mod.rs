//! Heaps: arenas and fragments, off-heap objects, literals, process heaps and their collector.

mod arena;
mod binary;
mod buffer;
mod fragment;
pub mod gc;
mod inspect;
pub mod literal;
mod magic;
pub mod mem;
pub mod message;
pub(crate) mod object;
pub(crate) mod off_heap;
pub mod persistent;
mod process_heap;
pub(crate) mod verify;

pub use arena::{Arena, Builder, FLOAT_WORDS, FUN_WORDS, REFC_WORDS, SUB_BITS_WORDS};
pub(crate) use binary::WRITABLE;
pub use binary::{Binary, BinaryHandle, MAX_HEAP_BINARY};
pub use buffer::Buffer;
pub use fragment::{Detached, Fragment};
pub use magic::Magic;
pub use process_heap::{FULLSWEEP_AFTER, MIN_HEAP_WORDS, MIN_VHEAP_WORDS, ProcessHeap};

/// Words kept free between heap and stack at every space test, so that calls may push return words without one.
pub const RESERVE: usize = 8;
