//! Tracees: processes and ports with flags and a tracer, for each session that watches them.
//!
//! Invariants: a process's or port's own word is the union of its flags in all sessions, and changes under this table's
//! lock; one that exits leaves the table. A tracer that is gone leaves with the next event that it would be told of.

use std::collections::HashMap;
use std::sync::atomic::{Ordering, fence};
use std::sync::{LazyLock, RwLock};

use super::Flags;
use super::session::Id;
use crate::process::table;
use crate::sync::whole;
use crate::term::RawTerm;

/// How one session watches one process or port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tracee {
    /// The session.
    pub session: Id,
    /// Flags.
    pub flags: Flags,
    /// Who is told; nobody if there are only flags left that do nothing.
    pub tracer: Option<RawTerm>,
}

static TRACEES: LazyLock<RwLock<HashMap<u64, Vec<Tracee>>>> = LazyLock::new(RwLock::default);

/// Why flags were not changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// There is no such process or port.
    Gone,
    /// Somebody else traces it.
    Traced,
}

/// Whether a process or port is there to be told.
pub fn is_alive(tracer: RawTerm) -> bool {
    if tracer.is_local_port() {
        return crate::port::with(tracer, |p| !p.is_closed()) == Some(true);
    }
    table::with(tracer, |p| !p.state().get().exiting()) == Some(true)
}

/// Stores the union of the flags in the word of the process or port; `false` if it is gone.
fn store_word(id: RawTerm, union: Flags) -> bool {
    if id.is_local_port() {
        return crate::port::set_trace_flags(id, union);
    }
    let stored = table::with(id, |p| {
        p.set_trace_flags(union);
        // Pairs with the exit, which marks itself and then looks at the word: one of the two sees the other.
        fence(Ordering::SeqCst);
        !p.state().get().exiting()
    });
    stored == Some(true)
}

fn union(all: &[Tracee]) -> Flags {
    all.iter().fold(Flags::NONE, |f, t| f.and(t.flags))
}

/// Changes flags, and the tracer if one is given; what is in both sets is on.
pub fn change(id: RawTerm, session: Id, tracer: Option<RawTerm>, on: Flags, off: Flags) -> Result<(), Refused> {
    let mut table = whole(TRACEES.write());
    let all = table.entry(id.bits()).or_default();
    let result = change_one(all, session, tracer, on, off);
    if result.is_ok() && !store_word(id, union(all)) {
        table.remove(&id.bits());
        return Err(Refused::Gone);
    }
    if all.is_empty() {
        table.remove(&id.bits());
    }
    result
}

fn change_one(
    all: &mut Vec<Tracee>,
    session: Id,
    tracer: Option<RawTerm>,
    on: Flags,
    off: Flags,
) -> Result<(), Refused> {
    let at = all.iter().position(|t| t.session == session).unwrap_or_else(|| {
        all.push(Tracee { session, flags: Flags::NONE, tracer: None });
        all.len() - 1
    });
    let t = &mut all[at];
    if let (Some(new), Some(old)) = (tracer, t.tracer)
        && new != old
    {
        if is_alive(old) {
            return Err(Refused::Traced);
        }
        t.flags = Flags::NONE;
    }
    t.flags = t.flags.without(off).and(on);
    if t.flags.is_empty() {
        all.swap_remove(at);
    } else if tracer.is_some() {
        t.tracer = tracer;
    }
    Ok(())
}

/// How a session watches a process or port.
pub fn get(id: RawTerm, session: Id) -> Option<Tracee> {
    whole(TRACEES.read()).get(&id.bits())?.iter().find(|t| t.session == session).copied()
}

/// Those that watch a process or port for one of these flags and are there to be told.
pub(super) fn watchers(id: RawTerm, wanted: Flags) -> Vec<Tracee> {
    match whole(TRACEES.read()).get(&id.bits()) {
        Some(all) => all.iter().filter(|t| t.flags.any(wanted) && t.tracer.is_some()).copied().collect(),
        None => Vec::new(),
    }
}

/// Sessions that watch a process or port.
pub fn sessions(id: RawTerm) -> Vec<Id> {
    whole(TRACEES.read()).get(&id.bits()).map_or_else(Vec::new, |all| all.iter().map(|t| t.session).collect())
}

/// The tracer is gone: its session does not watch the process or port any more.
pub(super) fn tracer_gone(id: RawTerm, session: Id) {
    // The tracee may be on its way out itself.
    let _ = change(id, session, None, Flags::NONE, Flags::ALL);
}

/// A process or port is gone.
pub(crate) fn forget(id: RawTerm) {
    whole(TRACEES.write()).remove(&id.bits());
}

/// A session is gone.
pub(super) fn forget_session(session: Id) {
    let mut table = whole(TRACEES.write());
    table.retain(|&id, all| {
        let before = all.len();
        all.retain(|t| t.session != session);
        if all.len() != before {
            store_word(RawTerm::from_bits(id), union(all));
        }
        !all.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_goes_with_its_last_flag() {
        let mut all = Vec::new();
        let nobody = Some(RawTerm::pid(77_777));
        assert_eq!(change_one(&mut all, 3, nobody, Flags::CALL.and(Flags::SEND), Flags::NONE), Ok(()));
        assert_eq!(change_one(&mut all, 0, None, Flags::PROCS, Flags::NONE), Ok(()));
        assert_eq!(union(&all), Flags::CALL.and(Flags::SEND).and(Flags::PROCS));
        assert_eq!(change_one(&mut all, 3, None, Flags::NONE, Flags::CALL), Ok(()));
        assert_eq!(all[0], Tracee { session: 3, flags: Flags::SEND, tracer: nobody });
        assert_eq!(change_one(&mut all, 3, None, Flags::NONE, Flags::ALL), Ok(()));
        assert_eq!(union(&all), Flags::PROCS);
    }
}
