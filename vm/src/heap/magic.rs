//! Rust state that magic references own, and how a reference that was written out as bytes finds its state again.
//!
//! Invariants: a magic `Ref` object on a heap owns one count and hangs on that heap's off-heap list. State whose reference
//! has been written out is in [`WRITTEN`] until its last count goes: who gives that up takes it out before the memory
//! goes, and who finds it there takes a count, under the lock, only of what still has one.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

use crate::process::relations::RefNumbers;
use crate::process::unique;
use crate::sync::{RwLock, last_reference, whole};

/// Rust state owned by magic references: term-free, shared, dropped with the last reference.
pub struct Magic {
    refc: AtomicUsize,
    /// Numbers of a reference to it that has been written out.
    written: OnceLock<RefNumbers>,
    state: Box<dyn Any + Send + Sync>,
}

/// Addresses of what has been written out.
static WRITTEN: LazyLock<RwLock<HashMap<RefNumbers, usize>>> = LazyLock::new(RwLock::default);

impl Magic {
    pub(crate) fn new(state: Box<dyn Any + Send + Sync>) -> *mut Magic {
        Box::into_raw(Box::new(Magic { refc: AtomicUsize::new(1), written: OnceLock::new(), state }))
    }
    /// Number of references.
    pub fn refc(&self) -> usize {
        self.refc.load(Ordering::Acquire)
    }
    /// The state, if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.state.downcast_ref()
    }
    pub(crate) fn retain(&self) {
        self.refc.fetch_add(1, Ordering::Relaxed);
    }
    /// A reference with these numbers is written out.
    pub(crate) fn note_written(&self, numbers: RefNumbers) {
        if self.written.get().is_some() {
            return;
        }
        // Under the lock, so that whoever sees that it is written finds it in the table.
        let mut all = whole(WRITTEN.write());
        if self.written.set(numbers).is_ok() {
            all.insert(numbers, std::ptr::from_ref(self).expose_provenance());
        }
    }
    /// The state of a reference with these numbers that has been written out, if it is still there; the caller owns one
    /// count of it.
    pub(crate) fn of_written(numbers: RefNumbers) -> Option<*mut Magic> {
        if !unique::is_magic(numbers) {
            return None;
        }
        let all = whole(WRITTEN.read());
        let this: *mut Magic = std::ptr::with_exposed_provenance_mut(*all.get(&numbers)?);
        // SAFETY: what is in the table has not been freed, and is not while the lock is held.
        let count = unsafe { &(*this).refc };
        let more = |n: usize| (n > 0).then_some(n + 1);
        // Relaxed: as for a copy of a reference; the lock orders it with the state's making.
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| this)
    }
    /// Gives up one reference; the last drops the state.
    ///
    /// # Safety
    /// The caller owns the reference it gives up.
    pub(crate) unsafe fn release(this: *mut Magic) {
        // SAFETY: the caller's reference keeps it alive up to the decrement, and the last one keeps it beyond.
        let count = unsafe { &(*this).refc };
        if count.fetch_sub(1, Ordering::Release) == 1 {
            last_reference(count);
            // SAFETY: that was the last reference, which none becomes again: see the module's head.
            if let Some(numbers) = unsafe { (*this).written.get() } {
                let mut all = whole(WRITTEN.write());
                // Several states can have the same numbers.
                if all.get(numbers) == Some(&this.addr()) {
                    all.remove(numbers);
                }
            }
            // SAFETY: as above, and the box came from `new`.
            drop(unsafe { Box::from_raw(this) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etf;
    use crate::heap::Detached;

    #[test]
    fn what_was_written_is_found_while_it_lasts() {
        let numbers = unique::magic_reference();
        let first = Detached::build(|b| b.magic_reference(numbers, Box::new(7u32)));
        let bytes = first.with(|t| etf::encode(t, &etf::Options::default()));
        let count = |d: &Detached| d.with(|t| t.as_magic().map(|m| (m.get::<u32>().copied(), m.refc())));
        let read = || Detached::build(|b| etf::decode(b, &bytes, false).expect("a term").term);
        let second = read();
        assert_eq!(count(&second), Some((Some(7), 2)));
        drop(first);
        assert_eq!(count(&second), Some((Some(7), 1)));
        drop(second);
        assert_eq!(count(&read()), None, "an ordinary reference");
        assert!(!whole(WRITTEN.read()).contains_key(&numbers));
    }
}
