//! placeholder
/// Copies all bits of `from` to bit `at` of `to`.
pub fn copy_bits(_from: super::BitsView<'_>, _to: &mut [u8], _at: usize) {}
