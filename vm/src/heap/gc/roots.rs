//! Roots: every place outside of the heap blocks from which a process reaches its terms.
//!
//! Invariant: each place is listed once per round, in the same way in every round of one collection.

use crate::heap::ProcessHeap;
use crate::process::Owner;
use crate::term::RawTerm;

/// A process's roots apart from its stack and registers.
pub(crate) trait Roots {
    /// Called before anything else of a collection: hands over what the heap is to own, such as fragments of a message
    /// that is being looked at.
    fn before(&self) {}
    /// Shows all places.
    fn each(&self, f: &mut dyn FnMut(&mut [RawTerm]));
}

/// All roots of one collection: stack, live X registers, and the process's other places.
pub(super) struct RootSet<'a> {
    pub(super) heap: &'a ProcessHeap,
    pub(super) x: &'a mut [RawTerm],
    pub(super) others: &'a dyn Roots,
}

impl RootSet<'_> {
    /// Shows all places. Stack words that are no terms (return words, catch tags) are among them.
    pub(super) fn each(&mut self, f: &mut dyn FnMut(&mut [RawTerm])) {
        let (stop, size) = (self.heap.stop.get(), self.heap.stack_size());
        if size > 0 {
            // SAFETY: [stop, hend) is the stack, initialised words that only this thread uses.
            f(unsafe { std::slice::from_raw_parts_mut(stop, size) });
        }
        f(self.x);
        self.others.each(f);
    }
}

impl Roots for Owner {
    fn before(&self) {
        self.before_collection();
    }
    fn each(&self, f: &mut dyn FnMut(&mut [RawTerm])) {
        self.roots(f);
    }
}
