//! Where a process stands: its current function and its stack, for `process_info`.

use super::Process;
use crate::atom::am;
use crate::heap::Builder;
use crate::term::Term;

pub(super) fn current_stacktrace<'s>(_b: &Builder<'s>, _p: &Process) -> Term<'s> {
    Term::NIL
}
pub(super) fn current_function<'s>(_b: &Builder<'s>, _p: &Process) -> Term<'s> {
    Term::atom(am::UNDEFINED)
}
pub(super) fn current_location<'s>(_b: &Builder<'s>, _p: &Process) -> Term<'s> {
    Term::atom(am::UNDEFINED)
}
pub(super) fn dump<'s>(b: &Builder<'s>, _p: &Process) -> Term<'s> {
    b.binary(b"")
}
