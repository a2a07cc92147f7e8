//! The bit syntax: what the matching and construction instructions call.

pub mod construct;
pub mod matching;

/// Field is little-endian; otherwise big-endian.
pub const BSF_LITTLE: u32 = 2;
/// Field is signed.
pub const BSF_SIGNED: u32 = 4;
/// Field has the machine's byte order.
pub const BSF_NATIVE: u32 = 16;

/// Largest size of an integer, in bits; a larger one is `system_limit`.
pub const MAX_INTEGER_BITS: usize = ((1 << 19) - 1) * 64;

/// Byte order of a field with these flags.
#[inline(always)]
pub(crate) fn endian(flags: u32) -> crate::term::bits::Endian {
    let little = if cfg!(target_endian = "little") { BSF_LITTLE | BSF_NATIVE } else { BSF_LITTLE };
    if flags & little != 0 { crate::term::bits::Endian::Little } else { crate::term::bits::Endian::Big }
}

/// Size in bits of a field from the value of its size expression and its unit; `None` if it is no size at all.
#[inline(always)]
pub fn field_size(size: crate::term::RawTerm, unit: usize) -> Option<usize> {
    usize::try_from(size.as_small()?).ok()?.checked_mul(unit)
}

/// Whether `bits` is a multiple of `unit`; without a division for the units that matter.
#[inline(always)]
pub(crate) fn is_multiple(bits: usize, unit: usize) -> bool {
    match unit {
        1 => true,
        8 => bits & 7 == 0,
        _ => bits.is_multiple_of(unit),
    }
}

#[cfg(test)]
mod tests;
