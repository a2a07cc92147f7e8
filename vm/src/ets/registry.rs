//! All tables: by name, by identifier, by owner, and by who has fixed them.
//!
//! Invariant: a table is in the maps from [`insert`] until it is deleted or its owner exits without an heir; all maps
//! are behind one lock each, taken in the order names, identifiers, processes, and none while a message is sent.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use super::table::{Heir, Table};
use crate::atom::{Atom, am};
use crate::heap::Detached;
use crate::heap::message::Message;
use crate::term::{RawTerm, Term};
use crate::{process, signal};

static NAMES: LazyLock<RwLock<HashMap<Atom, Arc<Table>>>> = LazyLock::new(RwLock::default);
static TABLES: LazyLock<RwLock<HashMap<[u32; 3], Arc<Table>>>> = LazyLock::new(RwLock::default);

/// What a process has to do with tables.
#[derive(Default)]
struct OfProcess {
    owned: Vec<Arc<Table>>,
    fixed: Vec<Weak<Table>>,
    /// May do everything with every table.
    super_user: bool,
    /// What tells it from a later process with its pid; given when it is first named as an heir.
    birth: Option<u64>,
}

const SHARDS: usize = 16;
static PROCESSES: LazyLock<[Mutex<HashMap<RawTerm, OfProcess>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));

fn of(pid: RawTerm) -> MutexGuard<'static, HashMap<RawTerm, OfProcess>> {
    PROCESSES[pid.id_data() as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a table known; `false` if its name is taken.
pub fn insert(t: &Arc<Table>) -> bool {
    if t.named {
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        if names.contains_key(&t.name()) {
            return false;
        }
        names.insert(t.name(), t.clone());
    }
    TABLES.write().unwrap_or_else(PoisonError::into_inner).insert(t.id, t.clone());
    of(t.owner()).entry(t.owner()).or_default().owned.push(t.clone());
    true
}

/// The named table of this name.
pub fn by_name(name: Atom) -> Option<Arc<Table>> {
    NAMES.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned()
}

/// The table with these numbers in its identifier.
pub fn by_id(id: [u32; 3]) -> Option<Arc<Table>> {
    TABLES.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
}

/// All tables.
pub fn all() -> Vec<Arc<Table>> {
    TABLES.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}

/// Gives a table a new name; `false` if that is taken.
pub fn rename(t: &Arc<Table>, name: Atom) -> bool {
    // The table's name changes under the lock too: who deletes the table takes the name out that it has.
    let mut names = t.named.then(|| NAMES.write().unwrap_or_else(PoisonError::into_inner));
    if let Some(names) = &mut names {
        if names.contains_key(&name) {
            return false;
        }
        names.remove(&t.name());
        names.insert(name, t.clone());
    }
    t.set_name(name);
    true
}

fn forget_owned(owner: RawTerm, t: &Arc<Table>) {
    let mut processes = of(owner);
    if let Some(p) = processes.get_mut(&owner) {
        // What was made last mostly goes first.
        if let Some(at) = p.owned.iter().rposition(|x| Arc::ptr_eq(x, t)) {
            p.owned.remove(at);
        }
        if p.owned.is_empty() && p.fixed.is_empty() && !p.super_user && p.birth.is_none() {
            processes.remove(&owner);
        }
    }
}

/// Takes a table out of the maps; its objects go too. `false` if somebody else did.
pub fn delete(t: &Arc<Table>) -> bool {
    let mine = delete_unowned(t);
    if mine {
        forget_owned(t.owner(), t);
    }
    mine
}

/// As [`delete`], of a table that is not among its owner's.
fn delete_unowned(t: &Arc<Table>) -> bool {
    if !t.mark_deleted() {
        return false;
    }
    if t.named {
        NAMES.write().unwrap_or_else(PoisonError::into_inner).remove(&t.name());
    }
    TABLES.write().unwrap_or_else(PoisonError::into_inner).remove(&t.id);
    t.clear();
    true
}

fn set_owner(t: &Arc<Table>, pid: RawTerm) {
    forget_owned(t.owner(), t);
    t.set_owner(pid);
    of(pid).entry(pid).or_default().owned.push(t.clone());
}

/// Makes `to` the owner and tells it so, if there is something to tell; the caller has found it alive.
pub fn give(t: &Arc<Table>, to: RawTerm, from: RawTerm, data: Option<&Detached>) {
    set_owner(t, to);
    if let Some(data) = data {
        announce(t, to, from, data);
    }
    // The new owner may have exited meanwhile without seeing the table among its own.
    if !is_alive(to) {
        owner_exited(to, &Cell::new(i64::MAX));
    }
}

/// Lets `pid` do everything with every table, or no longer.
pub fn set_super_user(pid: RawTerm, yes: bool) {
    of(pid).entry(pid).or_default().super_user = yes;
}

/// Whether `pid` may do everything with every table.
pub fn is_super_user(pid: RawTerm) -> bool {
    of(pid).get(&pid).is_some_and(|p| p.super_user)
}

/// Fixes a table for `pid`, which gives it up when it exits.
pub fn fix(t: &Arc<Table>, pid: RawTerm) {
    if t.fix(pid) {
        of(pid).entry(pid).or_default().fixed.push(Arc::downgrade(t));
    }
}

/// Takes back a fixation of `pid`.
pub fn unfix(t: &Arc<Table>, pid: RawTerm) {
    if t.unfix(pid, false) {
        let mut processes = of(pid);
        if let Some(p) = processes.get_mut(&pid) {
            p.fixed.retain(|x| !std::ptr::eq(x.as_ptr(), Arc::as_ptr(t)));
        }
    }
}

/// Sends `{'ETS-TRANSFER', Table, From, Data}` to the table's new owner.
fn announce(t: &Arc<Table>, to: RawTerm, from: RawTerm, data: &Detached) {
    let message = Message::build(|b| {
        let table = if t.named { Term::atom(t.name()) } else { t.tid(b) };
        let from = Term::immediate(from).unwrap_or(Term::NIL);
        data.with(|d| b.tuple(&[am::ETS_TRANSFER.into(), table, from, b.copy(d)]))
    });
    signal::to_pid(to, message);
}

/// Whether a table can be given to this process.
pub fn is_alive(pid: RawTerm) -> bool {
    process::table::with(pid, |p| !p.state().get().exiting()).unwrap_or(false)
}

/// What tells a process that is to inherit from a later one with its pid; `None` if it is gone.
pub fn birth(pid: RawTerm) -> Option<u64> {
    let birth = *of(pid).entry(pid).or_default().birth.get_or_insert_with(process::unique::number);
    if is_alive(pid) {
        return Some(birth);
    }
    // Its exit may have passed here before.
    owner_exited(pid, &Cell::new(i64::MAX));
    None
}

/// Whether this heir is still there.
fn inherits(heir: &Heir) -> bool {
    of(heir.pid).get(&heir.pid).is_some_and(|p| p.birth == Some(heir.birth)) && is_alive(heir.pid)
}

/// Reductions that it costs to give up a table.
const TABLE_COST: i64 = 50;

/// A process exits: its fixations end, and its tables go to their heirs, or away. An [`process::exit::ExitStep`].
pub fn owner_exited(pid: RawTerm, left: &Cell<i64>) -> bool {
    while left.get() > 0 {
        let mut processes = of(pid);
        let Some(mine) = processes.get_mut(&pid) else { return true };
        let (fixed, owned) = (mine.fixed.pop(), mine.owned.pop());
        if fixed.is_none() && owned.is_none() {
            processes.remove(&pid);
            return true;
        }
        drop(processes);
        left.set(left.get() - TABLE_COST);
        if let Some(table) = fixed.as_ref().and_then(Weak::upgrade) {
            table.unfix(pid, true);
        }
        if let Some(table) = owned {
            match table.heir() {
                Some(heir) if heir.pid != pid && inherits(&heir) => {
                    give(&table, heir.pid, pid, heir.data.as_deref());
                }
                _ => {
                    delete_unowned(&table);
                }
            }
        }
    }
    false
}
