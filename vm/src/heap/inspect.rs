//! What can be told about a process's heap without changing it, for `process_info`.
//!
//! Invariant: read only, on the thread that runs the process, between instructions.

use super::off_heap;
use super::process_heap::{ProcessHeap, words_between};
use super::{Binary, Magic};
use crate::term::{RawTerm, Subtag, Term};

impl ProcessHeap {
    /// Catch tags on the stack.
    pub fn catch_count(&self) -> usize {
        let stop = self.stop.get();
        // SAFETY: [stop, hend) is the stack, initialised words of this thread's process.
        (0..self.stack_size()).filter(|&i| unsafe { *stop.add(i) }.is_catch()).count()
    }
    /// Words of objects that no collection has looked at yet.
    pub fn recent_words(&self) -> usize {
        words_between(self.high_water.get(), self.arena.htop.get())
    }
    /// Use and size of the virtual binary heaps, young and old, in words.
    pub fn vheap_use(&self) -> ((usize, usize), (usize, usize)) {
        let young = (self.arena.vheap.get(), self.vheap_limit.get());
        (young, (self.old_vheap.get(), self.old_vheap_limit.get()))
    }
    /// Shows the terms on the stack.
    pub(crate) fn each_on_stack(&self, f: &mut dyn FnMut(Term<'_>)) {
        // SAFETY: [stop, hend) is the stack, initialised words of this thread's process.
        self.show(unsafe { std::slice::from_raw_parts(self.stop.get(), self.stack_size()) }, f);
    }
    /// Shows the terms among words that refer to this heap: return words and what is not set yet are none.
    pub(crate) fn show(&self, words: &[RawTerm], f: &mut dyn FnMut(Term<'_>)) {
        for &w in words.iter().filter(|w| !w.is_header() && !w.is_catch() && **w != RawTerm::NONE) {
            // SAFETY: roots of a heap are terms into it or into what outlives this call, and nothing collects meanwhile.
            f(unsafe { w.brand() });
        }
    }
    fn off_heap_objects(&self) -> Vec<*mut RawTerm> {
        let mut all = Vec::new();
        for list in [self.arena.off_heap.get(), self.old_off_heap.get()] {
            let mut obj = list;
            while !obj.is_null() {
                all.push(obj);
                // SAFETY: objects on the lists are alive.
                obj = unsafe { off_heap::next(obj) };
            }
        }
        all
    }
    /// Address, bytes and reference count of the off-heap binaries referred to.
    pub fn off_heap_binaries(&self) -> Vec<(usize, usize, usize)> {
        self.targets::<Binary>(Subtag::BinRef, 1).into_iter().map(|b| (address(b), b.capacity(), b.refc())).collect()
    }
    /// Address and reference count of what magic references own.
    pub fn magic_references(&self) -> Vec<(usize, usize)> {
        self.targets::<Magic>(Subtag::Ref, 4).into_iter().map(|m| (address(m), m.refc())).collect()
    }
    fn targets<T>(&self, tag: Subtag, word: usize) -> Vec<&T> {
        let of_kind = |obj: &*mut RawTerm| {
            // SAFETY: the object is alive.
            unsafe { **obj }.as_header().is(tag)
        };
        let target = |obj: *mut RawTerm| {
            // SAFETY: word `word` of such an object is the address of a T that the object keeps alive.
            unsafe { &*std::ptr::with_exposed_provenance::<T>((*obj.add(word)).bits() as usize) }
        };
        self.off_heap_objects().into_iter().filter(of_kind).map(target).collect()
    }
}

fn address<T>(t: &T) -> usize {
    std::ptr::from_ref(t).addr()
}
