//! Runs of bits in memory: copying, comparing, and integers at any bit position.
//!
//! Bits are numbered from the most significant bit of the first byte on, as the bit syntax does. Invariant of the raw
//! functions: they touch no byte that holds none of the bits asked for, and a write leaves all other bits as they were.

mod compare;
mod copy;
mod float;
mod int;

pub use compare::{compare, equal};
pub use copy::{copy_bits, copy_view};
pub(crate) use copy::{copy_raw, copy_short};
pub use float::{f16_to_f64, f64_to_f16};
pub use int::{Endian, read_limbs, read_u64};
pub(crate) use int::{from_little_order, get_u64, mask, put_limbs, put_u64, sign_extend, to_little_order};

#[cfg(test)]
pub(crate) mod model;
