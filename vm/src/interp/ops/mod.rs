//! Instruction handlers, a file for each family. Each is inlined into its arm of the dispatch; what is rare is not.

/// What follows is rare: the fast twin of an instruction leaves it to the slow one, see `Machine::fast`. Nothing that the
/// slow twin reads may have been changed before.
macro_rules! slow {
    ($m:expr) => {
        if $m.fast() {
            return crate::interp::machine::Flow::Slow;
        }
    };
}

pub(super) mod apply;
pub(super) mod arith;
pub(super) mod bits;
pub(super) mod bits_old;
pub(super) mod calls;
pub(super) mod cover;
pub(super) mod data;
pub(super) mod errors;
pub(super) mod floats;
pub(super) mod maps;
pub(super) mod moves;
pub(super) mod natives;
pub(super) mod receive;
pub(super) mod records;
pub(super) mod select;
pub(super) mod stubs;
pub(super) mod tests;
pub(super) mod tracing;
