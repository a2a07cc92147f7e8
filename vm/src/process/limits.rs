//! Heap settings of a process, as `process_flag`, `spawn_opt` and `process_info` see them.
//!
//! Invariant: minimum sizes are always sizes that the collector's table of heap sizes contains.

use super::Process;
use super::owner::Owner;
use crate::heap::gc::{Collected, heap_size_at_least};
use crate::heap::{FULLSWEEP_AFTER, MIN_HEAP_WORDS, MIN_VHEAP_WORDS};
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// `max_heap_size`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxHeap {
    /// Words, 0 = no limit.
    pub size: usize,
    /// Kill the process.
    pub kill: bool,
    /// Log an error.
    pub log: bool,
    /// Count shared binaries.
    pub binaries: bool,
}

impl MaxHeap {
    /// No limit.
    pub const NONE: MaxHeap = MaxHeap { size: 0, kill: true, log: true, binaries: false };
}

/// Settings that new processes start with (`system_flag`).
pub struct Defaults {
    /// `fullsweep_after`.
    pub fullsweep_after: AtomicU32,
    /// `min_heap_size`.
    pub min_heap_size: AtomicUsize,
    /// `min_bin_vheap_size`.
    pub min_bin_vheap_size: AtomicUsize,
    max_heap_size: AtomicUsize,
    /// Bits: kill, log, binaries.
    max_heap_flags: AtomicU32,
    /// `message_queue_data` is `off_heap`.
    pub off_heap_messages: AtomicBool,
}

/// See [`Defaults`].
pub static DEFAULTS: Defaults = Defaults {
    fullsweep_after: AtomicU32::new(FULLSWEEP_AFTER),
    min_heap_size: AtomicUsize::new(MIN_HEAP_WORDS),
    min_bin_vheap_size: AtomicUsize::new(MIN_VHEAP_WORDS),
    max_heap_size: AtomicUsize::new(0),
    max_heap_flags: AtomicU32::new(0b011),
    off_heap_messages: AtomicBool::new(false),
};

impl Defaults {
    /// `max_heap_size`.
    pub fn max_heap(&self) -> MaxHeap {
        let f = self.max_heap_flags.load(Ordering::Relaxed);
        let size = self.max_heap_size.load(Ordering::Relaxed);
        MaxHeap { size, kill: f & 1 != 0, log: f & 2 != 0, binaries: f & 4 != 0 }
    }
    /// Sets `max_heap_size`.
    pub fn set_max_heap(&self, m: MaxHeap) {
        let flags = u32::from(m.kill) | u32::from(m.log) << 1 | u32::from(m.binaries) << 2;
        self.max_heap_flags.store(flags, Ordering::Relaxed);
        self.max_heap_size.store(m.size, Ordering::Relaxed);
    }
}

/// The heap size that a wish for `words` words gives.
pub fn heap_size(words: usize) -> usize {
    if words <= MIN_HEAP_WORDS { MIN_HEAP_WORDS } else { heap_size_at_least(words) }
}

/// The virtual binary heap size that a wish for `words` words gives.
pub fn vheap_size(words: usize) -> usize {
    if words <= MIN_VHEAP_WORDS { MIN_VHEAP_WORDS } else { heap_size_at_least(words) }
}

/// `fullsweep_after` keeps 16 bits.
pub fn fullsweep_after(n: usize) -> u32 {
    (n & 0xffff) as u32
}

/// After a collection: charges it, and acts if the process has outgrown its `max_heap_size`.
pub(crate) fn collected(p: &Process, done: &Collected) {
    let owner = p.owner();
    owner.fcalls.set(owner.fcalls.get() - i64::try_from(done.reductions).unwrap_or(i64::MAX / 2));
    let max = owner.heap.max_words.get();
    if max != 0 && done.peak != 0 {
        let words = done.peak + beside_heap(p);
        if words > max {
            exceeded(p, words);
        }
    }
}

/// Words that count for `max_heap_size` beside the heap: queued messages, and shared binaries if that is wanted.
fn beside_heap(p: &Process) -> usize {
    let owner = p.owner();
    let messages = if p.state().get().off_heap_messages() { 0 } else { owner.mailbox.queue.words() };
    let binaries = if owner.flags.max_heap_binaries.get() {
        let (young, old) = owner.heap.vheap_use();
        young.0 + old.0
    } else {
        0
    };
    messages + binaries
}

#[cold]
fn exceeded(p: &Process, words: usize) {
    let max = p.owner().max_heap();
    if p.state().get().exiting() {
        return;
    }
    if max.log {
        super::report::max_heap(p, max, words);
    }
    if max.kill {
        super::exit::begin(p, super::exit::killed());
    }
}

impl Owner {
    /// `min_heap_size`.
    pub fn min_heap_size(&self) -> usize {
        self.heap.min_words.get()
    }
    /// Sets `min_heap_size`; it acts from the next collection on.
    pub fn set_min_heap_size(&self, words: usize) {
        self.heap.min_words.set(heap_size(words));
    }
    /// `min_bin_vheap_size`.
    pub fn min_bin_vheap_size(&self) -> usize {
        self.heap.min_vheap.get()
    }
    /// Sets `min_bin_vheap_size`.
    pub fn set_min_bin_vheap_size(&self, words: usize) {
        self.heap.min_vheap.set(vheap_size(words));
    }
    /// `fullsweep_after`.
    pub fn fullsweep_after(&self) -> u32 {
        self.heap.fullsweep_after.get()
    }
    /// Sets `fullsweep_after`.
    pub fn set_fullsweep_after(&self, n: u32) {
        self.heap.fullsweep_after.set(n);
    }
    /// Minor collections since the last full sweep.
    pub fn minor_collections(&self) -> u32 {
        self.heap.minors.get()
    }
    /// `max_heap_size`.
    pub fn max_heap(&self) -> MaxHeap {
        MaxHeap {
            size: self.heap.max_words.get(),
            kill: self.flags.max_heap_kill.get(),
            log: self.flags.max_heap_log.get(),
            binaries: self.flags.max_heap_binaries.get(),
        }
    }
    /// Sets `max_heap_size`.
    pub fn set_max_heap(&self, m: MaxHeap) {
        self.heap.max_words.set(m.size);
        self.flags.max_heap_kill.set(m.kill);
        self.flags.max_heap_log.set(m.log);
        self.flags.max_heap_binaries.set(m.binaries);
    }
    /// Words of the young block, the old block and the fragments.
    pub fn total_heap_words(&self) -> usize {
        self.heap.size() + self.heap.old_size() + self.heap.fragment_words()
    }
}
