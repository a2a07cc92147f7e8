//! The process table: pid -> process.
//!
//! A pid's data word counts up; its low bits choose the slot, so a slot is reused with another word only (the serial)
//! until the word wraps. Invariant: the process in a slot carries the pid whose data word leads there, so a look-up
//! compares the pid and never finds a later process under an old pid.

use std::sync::OnceLock;

use crossbeam_epoch::Guard;

use super::Process;
use crate::profile::Profile;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::slots::Slots;
use crate::term::RawTerm;

/// See the module's head.
pub struct Table {
    slots: Slots<Process>,
    limit: usize,
    next: AtomicU64,
    count: AtomicUsize,
    /// Bits of a pid's data word.
    data_mask: u64,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// Most processes that can be asked for.
pub const MAX_LIMIT: usize = 134_217_727;
/// Fewest processes that can be asked for.
pub const MIN_LIMIT: usize = 1024;

impl Table {
    fn new(limit: usize, data_bits: u32) -> Table {
        let limit = limit.clamp(MIN_LIMIT, MAX_LIMIT).next_power_of_two();
        Table {
            slots: Slots::new(limit),
            limit,
            next: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            data_mask: (1 << data_bits) - 1,
        }
    }
    /// Fixes the size of the table (`None`: the profile's default); the first call counts.
    pub fn init(limit: Option<usize>) {
        let p = Profile::get();
        TABLE.get_or_init(|| Table::new(limit.unwrap_or(p.process_limit()), p.pid_bits()));
    }
    /// The table.
    #[inline]
    pub fn get() -> &'static Table {
        TABLE.get_or_init(|| Table::new(Profile::get().process_limit(), Profile::get().pid_bits()))
    }
    /// Most processes at a time.
    pub fn limit(&self) -> usize {
        self.limit
    }
    /// Number of processes, exiting ones included.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    /// The slot that a pid leads to.
    pub(crate) fn slot(&self, pid: RawTerm) -> usize {
        pid.id_data() as usize & (self.limit - 1)
    }
    /// The process of a pid.
    #[inline]
    pub fn find<'g>(&self, pid: RawTerm, guard: &'g Guard) -> Option<&'g Process> {
        let p = self.slots.get(self.slot(pid), guard)?;
        (p.pid() == pid).then_some(p)
    }
    /// Adds the process that `make` makes for its pid; `None` if the table is full.
    pub fn insert<'g>(&self, make: impl FnOnce(RawTerm) -> Process, guard: &'g Guard) -> Option<&'g Process> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        // The count reserves a slot for us: the search ends.
        let mut pid = self.next_pid();
        while self.slots.get(self.slot(pid), guard).is_some() {
            pid = self.next_pid();
        }
        let mut process = Box::new(make(pid));
        loop {
            match self.slots.insert(self.slot(pid), process) {
                Ok(()) => return self.slots.get(self.slot(pid), guard),
                Err(back) => process = back,
            }
            pid = self.next_pid();
            process.set_pid(pid);
        }
    }
    fn next_pid(&self) -> RawTerm {
        RawTerm::pid(self.next.fetch_add(1, Ordering::Relaxed) & self.data_mask)
    }
    /// The next pids start here, for a VM that numbers its first processes as OTP's boot does.
    pub fn skip_to(&self, data: u64) {
        self.next.fetch_max(data, Ordering::Relaxed);
    }
    /// Takes an exited process out; it is dropped when nobody can look at it any more.
    pub fn remove(&self, p: &Process, guard: &Guard) {
        if self.slots.remove(self.slot(p.pid()), p, guard) {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
    /// Slots that can hold something: those behind were never used.
    pub fn used_slots(&self) -> usize {
        usize::try_from(self.next.load(Ordering::Relaxed)).map_or(self.limit, |n| n.min(self.limit))
    }
    /// The process in a slot.
    pub fn at<'g>(&self, slot: usize, guard: &'g Guard) -> Option<&'g Process> {
        self.slots.get(slot, guard)
    }
    /// Pids of all processes that are not exiting, in order of slot.
    pub fn pids(&self) -> Vec<RawTerm> {
        self.pids_between(0, self.used_slots())
    }
    /// As [`Table::pids`] for the slots `from..to`.
    pub fn pids_between(&self, from: usize, to: usize) -> Vec<RawTerm> {
        let guard = crossbeam_epoch::pin();
        let alive = |i| self.at(i, &guard).filter(|p| !p.state().get().exiting()).map(Process::pid);
        (from..to.min(self.limit)).filter_map(alive).collect()
    }
}

/// Runs `f` with the process of a local pid.
#[inline]
pub fn with<R>(pid: RawTerm, f: impl FnOnce(&Process) -> R) -> Option<R> {
    let guard = crossbeam_epoch::pin();
    Table::get().find(pid, &guard).map(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_reused_with_other_pids() {
        let t = Table::new(1024, 28);
        let g = crossbeam_epoch::pin();
        let a = t.insert(Process::for_test, &g).expect("room");
        let first = a.pid();
        assert!(t.find(first, &g).is_some());
        t.remove(a, &g);
        assert!(t.find(first, &g).is_none());
        let mut last = first;
        for _ in 0..1024 {
            let p = t.insert(Process::for_test, &g).expect("room");
            last = p.pid();
            t.remove(p, &g);
        }
        assert_eq!(t.slot(last), t.slot(first));
        assert_ne!(last, first);
        assert_eq!(t.count(), 0);
    }

    #[test]
    fn a_full_table_refuses() {
        let t = Table::new(1024, 28);
        let g = crossbeam_epoch::pin();
        let all: Vec<_> = (0..1024).map(|_| t.insert(Process::for_test, &g).expect("room")).collect();
        assert!(t.insert(Process::for_test, &g).is_none());
        assert_eq!(t.pids().len(), 1024);
        t.remove(all[77], &g);
        let p = t.insert(Process::for_test, &g).expect("the one free slot");
        assert_eq!(t.slot(p.pid()), 77);
    }

    #[test]
    fn data_words_wrap() {
        let t = Table::new(1024, 28);
        t.skip_to((1 << 28) - 1);
        let g = crossbeam_epoch::pin();
        assert_eq!(t.insert(Process::for_test, &g).map(|p| p.pid().id_data()), Some((1 << 28) - 1));
        assert_eq!(t.insert(Process::for_test, &g).map(|p| p.pid().id_data()), Some(0));
    }
}
