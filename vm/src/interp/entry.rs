//! Instructions that belong to no module: where processes begin and end, and functions that are instructions.
//!
//! Invariant: each entry is preceded by its arity, as every function entry is.

use std::sync::LazyLock;

use super::instr;

struct Cells([u64; 12]);

static CELLS: LazyLock<Cells> = LazyLock::new(|| {
    Cells([
        3,
        u64::from(instr::ENTRY_APPLY.base),
        0,
        u64::from(instr::ENTRY_EXIT.base),
        3,
        u64::from(instr::APPLY_MFA3.base),
        2,
        u64::from(instr::APPLY_FUN2.base),
        0,
        u64::from(instr::SPECIAL_YIELD.base),
        1,
        u64::from(instr::TRACE_RETURN.base),
    ])
});

/// Begins a process: module, function, argument list in x0 to x2.
pub fn apply() -> *const u64 {
    &raw const CELLS.0[1]
}

/// Ends a process normally.
pub(crate) fn exit() -> *const u64 {
    &raw const CELLS.0[3]
}

/// `erlang:apply/3`.
pub(crate) fn apply3() -> *mut u64 {
    (&raw const CELLS.0[5]).cast_mut()
}

/// `erlang:apply/2`.
pub(crate) fn apply2() -> *mut u64 {
    (&raw const CELLS.0[7]).cast_mut()
}

/// `erlang:yield/0`.
pub(crate) fn special_yield() -> *mut u64 {
    (&raw const CELLS.0[9]).cast_mut()
}

/// Where traced calls return to.
pub(crate) fn trace_return() -> *const u64 {
    &raw const CELLS.0[11]
}
