//! Trace flags: what of a process or port is traced, and how it is shown.
//!
//! Invariant: the table's order is that in which `trace_info` lists flags.

use crate::atom::{Atom, am};
use crate::term::{RawTerm, Term};

/// A set of trace flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(pub u32);

macro_rules! flags {
    ($($name:ident = $bit:literal, $atom:ident;)*) => {
        #[allow(missing_docs, reason = "named as the atoms are")]
        impl Flags {
            $(pub const $name: Flags = Flags(1 << $bit);)*
        }
        const NAMES: &[(Flags, Atom)] = &[$((Flags::$name, am::$atom)),*];
    };
}

flags! {
    RUNNING_PROCS = 0, RUNNING_PROCS;
    RUNNING_PORTS = 1, RUNNING_PORTS;
    PORTS = 2, PORTS;
    SCHEDULER_ID = 3, SCHEDULER_ID;
    SILENT = 4, SILENT;
    RETURN_TO = 5, RETURN_TO;
    ARITY = 6, ARITY;
    GARBAGE_COLLECTION = 7, GARBAGE_COLLECTION;
    EXITING = 8, EXITING;
    RUNNING = 9, RUNNING;
    SET_ON_FIRST_LINK = 10, SET_ON_FIRST_LINK;
    SET_ON_LINK = 11, SET_ON_LINK;
    SET_ON_FIRST_SPAWN = 12, SET_ON_FIRST_SPAWN;
    PROCS = 13, PROCS;
    CALL = 14, CALL;
    SET_ON_SPAWN = 15, SET_ON_SPAWN;
    RECEIVE = 16, RECEIVE;
    SEND = 17, SEND;
    MONOTONIC = 18, MONOTONIC_TIMESTAMP;
    STRICT_MONOTONIC = 19, STRICT_MONOTONIC_TIMESTAMP;
    TIMESTAMP = 20, TIMESTAMP;
}

impl Flags {
    /// None.
    pub const NONE: Flags = Flags(0);
    /// All of them.
    pub const ALL: Flags = Flags((1 << 21) - 1);
    /// How time is shown.
    pub const STAMPS: Flags = Flags::TIMESTAMP.and(Flags::STRICT_MONOTONIC).and(Flags::MONOTONIC);
    /// What changes how something is traced, of processes and ports alike.
    pub const MODIFIERS: Flags =
        Flags::SILENT.and(Flags::STAMPS).and(Flags::SCHEDULER_ID).and(Flags::RECEIVE).and(Flags::SEND);
    /// What ports can be traced for.
    pub const OF_PORTS: Flags = Flags::MODIFIERS.and(Flags::PORTS).and(Flags::RUNNING_PORTS);
    /// What processes can be traced for.
    pub const OF_PROCESSES: Flags = Flags::ALL.without(Flags::PORTS).without(Flags::RUNNING_PORTS);
    /// `system_monitor` has told that the process's queue is long: a bit of the process's word only.
    pub(crate) const LONG_QUEUE: Flags = Flags(1 << 27);
    /// The process saves its calls: a bit of the process's word only.
    pub(crate) const SAVES: Flags = Flags(1 << 28);
    /// `system_profile` has told that the process is runnable: a bit of the process's word only.
    pub(crate) const ACTIVE: Flags = Flags(1 << 29);
    /// Something of the process is measured between its calls (`profile.rs`): a bit of the process's word only.
    pub(crate) const MEASURED: Flags = Flags(1 << 30);
    /// The process has a sequential trace token: a bit of the process's word only.
    pub(crate) const TOKEN: Flags = Flags(1 << 31);
    /// Those bits of a process's word that are its own: nobody who traces it changes them.
    pub(crate) const OWN: Flags =
        Flags::MEASURED.and(Flags::TOKEN).and(Flags::ACTIVE).and(Flags::SAVES).and(Flags::LONG_QUEUE);
    /// What of a process wants to know when it takes a message out of its queue.
    pub(crate) const TAKING: Flags = Flags::TOKEN.and(Flags::SAVES).and(Flags::LONG_QUEUE);
    /// `in` and `out` of processes.
    pub(crate) const SCHEDULING: Flags = Flags::RUNNING.and(Flags::RUNNING_PROCS);

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
    /// Those that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
    /// All other bits.
    #[must_use]
    pub const fn complement(self) -> Flags {
        Flags(!self.0)
    }
    /// Whether one of `other` is set.
    #[inline(always)]
    pub const fn any(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }
    /// Whether none is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// What an atom means.
    pub fn of_atom(a: Atom) -> Option<Flags> {
        if a == am::ALL {
            return Some(Flags::ALL);
        }
        NAMES.iter().find(|(_, name)| *name == a).map(|(f, _)| *f)
    }
    /// The atoms of those that are set.
    pub fn names(self) -> impl Iterator<Item = Atom> {
        NAMES.iter().filter(move |(f, _)| self.any(*f)).map(|(_, name)| *name)
    }
}

/// A list of flags as programs give it.
#[derive(Clone, Copy, Default)]
pub struct FlagList {
    /// The flags.
    pub flags: Flags,
    /// `cpu_timestamp` is among them.
    pub cpu_timestamp: bool,
    /// A tracer is among them; inside, `None` if it is the empty one.
    pub tracer: Option<Option<RawTerm>>,
}

impl FlagList {
    /// Reads it; `None` if it is none.
    pub fn read(list: Term<'_>) -> Option<FlagList> {
        let mut all = FlagList::default();
        for item in list.to_vec()? {
            match item.as_atom() {
                Some(am::CPU_TIMESTAMP) => all.cpu_timestamp = true,
                Some(a) => all.flags = all.flags.and(Flags::of_atom(a)?),
                None => all.tracer = Some(tracer_option(item, am::TRACER)?),
            }
        }
        Some(all)
    }
}

/// Who `{Tag, Pid}` or `{Tag, erl_tracer, Pid}` names; inside, `None` for nobody.
pub fn tracer_option(t: Term<'_>, tag: Atom) -> Option<Option<RawTerm>> {
    let pid = match t.as_tuple()? {
        [name, pid] if name.is(tag) => *pid,
        [name, module, pid] if name.is(tag) && module.is(am::ERL_TRACER) => *pid,
        _ => return None,
    };
    if pid.is_nil() {
        return Some(None);
    }
    (pid.is_local_pid() || pid.is_local_port()).then(|| Some(pid.raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_go_together() {
        assert_eq!(NAMES.iter().fold(Flags::NONE, |all, (f, _)| all.and(*f)), Flags::ALL);
        assert!(NAMES.iter().all(|(f, name)| Flags::of_atom(*name) == Some(*f)));
        assert_eq!(Flags::of_atom(am::TRACE), None);
        let two = Flags::SEND.and(Flags::CALL);
        assert_eq!(two.names().collect::<Vec<_>>(), [am::CALL, am::SEND]);
        assert!(!Flags::OF_PORTS.any(Flags::CALL) && Flags::OF_PROCESSES.any(Flags::STAMPS));
    }
}
