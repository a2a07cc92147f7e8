//! The process table: pid -> process. See [`IdTable`] for how slots and pids go together.

use std::ops::Deref;
use std::sync::OnceLock;

use super::Process;
use crate::profile::Profile;
use crate::sync::ids::{IdTable, Identified};
use crate::sync::tally;
use crate::term::RawTerm;

/// See the module's head.
pub struct Table(IdTable<Process>);

impl Deref for Table {
    type Target = IdTable<Process>;
    #[inline(always)]
    fn deref(&self) -> &IdTable<Process> {
        &self.0
    }
}

impl Identified for Process {
    #[inline(always)]
    fn id(&self) -> RawTerm {
        self.pid()
    }
    fn set_id(&mut self, id: RawTerm) {
        self.set_pid(id);
    }
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// Most processes that can be asked for.
pub const MAX_LIMIT: usize = 134_217_727;
/// Fewest processes that can be asked for.
pub const MIN_LIMIT: usize = 1024;

impl Table {
    fn new(limit: usize, data_bits: u32) -> Table {
        let limit = limit.clamp(MIN_LIMIT, MAX_LIMIT).next_power_of_two();
        Table(IdTable::new(limit, data_bits, RawTerm::pid))
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
    /// Pids of all processes that are not exiting, in order of slot.
    pub fn pids(&self) -> Vec<RawTerm> {
        self.pids_between(0, self.used_slots())
    }
    /// As [`Table::pids`] for the slots `from..to`.
    pub fn pids_between(&self, from: usize, to: usize) -> Vec<RawTerm> {
        self.ids_between(from, to, |p| !p.state().get().exiting())
    }
}

/// Tallied count: processes that are not exiting.
const ALIVE: usize = crate::heap::gc::TALLIED;

/// A process was made, or begins its exit.
pub(super) fn note_alive(change: isize) {
    tally::add(ALIVE, change as usize);
}

/// Number of processes that are not exiting.
pub fn alive() -> usize {
    tally::sum(ALIVE)
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
