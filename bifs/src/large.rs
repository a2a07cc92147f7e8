//! Work that cannot stop half-way and yield: if there is much of it, it is done as a dirty scheduler.
//!
//! Invariant: what is left to the scheduler itself takes about a millisecond at most.

use girder_vm::sched::Dirty;
use girder_vm::{Ctx, Term};

/// Bytes that are looked at, a few nanoseconds each, without leaving the scheduler.
const LARGE: usize = 256 * 1024;
/// What an element of a list, a pair of a map, an object and so on count for.
pub const ELEMENT: usize = 16;

/// Does `f`, which looks at about `bytes` bytes.
pub fn large<R>(ctx: &Ctx<'_>, bytes: usize, f: impl FnOnce() -> R) -> R {
    if bytes < LARGE { f() } else { ctx.dirty(Dirty::Cpu, f) }
}

/// How much work it is to look at a list's elements, or at a binary: not more than a glance at it tells.
pub fn weight(t: Term<'_>) -> usize {
    match t.as_bits() {
        Some(v) => v.bits / 8,
        None => t.list_iter().take(LARGE / ELEMENT).map(|x| ELEMENT + x.as_bits().map_or(0, |v| v.bits / 8)).sum(),
    }
}
