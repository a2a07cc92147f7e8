//! The port table: identifier -> port.

use std::sync::OnceLock;

use super::Port;
use crate::profile::Profile;
use crate::sync::ids::{IdTable, Identified};
use crate::term::RawTerm;

impl Identified for Port {
    fn id(&self) -> RawTerm {
        self.id
    }
    fn set_id(&mut self, id: RawTerm) {
        self.id = id;
    }
}

/// Most ports that can be asked for.
pub const MAX_LIMIT: usize = 134_217_727;
/// Fewest ports that can be asked for.
pub const MIN_LIMIT: usize = 1024;
/// Ports at a time unless another number is asked for.
const DEFAULT_LIMIT: usize = 65_536;

/// The table of this VM.
pub struct Table;

static TABLE: OnceLock<IdTable<Port>> = OnceLock::new();

impl Table {
    /// Fixes the size of the table; the first call counts.
    pub fn init(limit: Option<usize>) {
        TABLE.get_or_init(|| {
            let limit = limit.unwrap_or(DEFAULT_LIMIT).clamp(MIN_LIMIT, MAX_LIMIT).next_power_of_two();
            IdTable::new(limit, Profile::get().pid_bits(), RawTerm::port)
        });
    }
    /// The table.
    pub fn get() -> &'static IdTable<Port> {
        Table::init(None);
        TABLE.get().expect("it was made just now")
    }
    /// Identifiers of all ports that are open, in order of slot.
    pub fn ids() -> Vec<RawTerm> {
        let t = Table::get();
        t.ids_between(0, t.used_slots(), |p| !p.is_closed())
    }
}

/// Runs `f` with the port of an identifier.
pub fn with<R>(id: RawTerm, f: impl FnOnce(&Port) -> R) -> Option<R> {
    let guard = crossbeam_epoch::pin();
    Table::get().find(id, &guard).map(f)
}
