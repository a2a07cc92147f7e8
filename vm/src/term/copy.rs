//! placeholder
use super::Term;
/// A copy of `t` outside of any process.
pub fn detach(t: Term<'_>) -> crate::heap::Detached {
    crate::heap::Detached::build(|b| copy_into(t, b))
}
/// A copy of `t` made with `b`.
pub fn copy_into<'s>(_t: Term<'_>, _b: &crate::heap::Builder<'s>) -> Term<'s> {
    Term::NIL
}
