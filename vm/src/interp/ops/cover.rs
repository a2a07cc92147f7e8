//! Coverage: instructions that are there only in modules loaded for it (`code/coverage.rs`).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::interp::machine::{Flow, Machine};

type M<'a, 'r> = &'a mut Machine<'r>;

#[inline(always)]
fn cell(w: u64) -> &'static AtomicU64 {
    let p: *const AtomicU64 = std::ptr::with_exposed_provenance(w as usize);
    // SAFETY: the emitter wrote the address of a cell that lives as long as the instruction (`code/coverage.rs`).
    unsafe { &*p }
}

/// Execution came here.
#[inline(always)]
pub(crate) fn cover(_m: M, w: u64) -> Flow {
    cell(w).store(1, Ordering::Relaxed);
    Flow::Next
}

/// Counts how often execution came here.
#[inline(always)]
pub(crate) fn count(_m: M, w: u64) -> Flow {
    cell(w).fetch_add(1, Ordering::Relaxed);
    Flow::Next
}
