//! Work that cannot stop half-way and yield: if there is much of it, it is done as a dirty scheduler.
//!
//! Invariant: what is left to the scheduler itself takes about a millisecond at most.

use std::sync::atomic::{AtomicUsize, Ordering};

use girder_vm::sched::Dirty;
use girder_vm::{Ctx, Term};

/// Bytes that are looked at, a few nanoseconds each, without leaving the scheduler.
const LARGE: usize = 256 * 1024;
/// As [`LARGE`], if a test has set it; 0: it has not.
static LIMIT: AtomicUsize = AtomicUsize::new(0);
/// What an element of a list, a pair of a map, an object and so on count for.
pub const ELEMENT: usize = 16;

/// Does `f`, which looks at about `bytes` bytes.
pub fn large<R>(ctx: &Ctx<'_>, bytes: usize, f: impl FnOnce() -> R) -> R {
    let small = match LIMIT.load(Ordering::Relaxed) {
        0 => bytes < LARGE,
        limit => bytes < limit,
    };
    if small { f() } else { ctx.dirty(Dirty::Cpu, f) }
}

/// Sets from how many bytes on work is not a scheduler's own, 0 for the usual number; what was set before.
pub fn set_limit(bytes: usize) -> usize {
    LIMIT.swap(bytes, Ordering::Relaxed)
}

/// How much work it is to look at a list's elements, or at a binary: not more than a glance at it tells.
pub fn weight(t: Term<'_>) -> usize {
    match t.as_bits() {
        Some(v) => v.bits / 8,
        None => t.list_iter().take(LARGE / ELEMENT).map(|x| ELEMENT + x.as_bits().map_or(0, |v| v.bits / 8)).sum(),
    }
}
