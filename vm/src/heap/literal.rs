//! placeholder
use crate::term::RawTerm;
/// Whether the object lies in the literal range.
#[inline(always)]
pub(crate) fn is_literal(_p: *const RawTerm) -> bool {
    false
}
/// Copies a term into a new literal area.
pub fn store(d: super::Detached) -> RawTerm {
    d.into_parts().0
}
