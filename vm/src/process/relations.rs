//! Links, monitors and aliases of one process: its own side of each.
//!
//! Invariants: a link is in both partners' sets or a signal about it is under way; while an `unlink` waits for its
//! acknowledgement the entry stays, marked with the unlink's number, and exit signals over it are ignored. A monitor is
//! in `monitors` of the watcher from creation until DOWN or demonitor, and in `watchers` of the watched until either
//! signal arrives there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::on_demand::Empty;
use crate::atom::Atom;
use crate::heap::{Builder, Detached};
use crate::term::{RawTerm, Term};

/// The numbers of a local reference.
pub type RefNumbers = [u32; 3];

/// A local reference by value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Its numbers.
    pub numbers: RefNumbers,
    /// The pid it carries, if it can be an alias.
    pub pid: Option<RawTerm>,
}

impl Reference {
    /// A fresh reference.
    pub fn fresh() -> Reference {
        Reference { numbers: crate::process::unique::reference(), pid: None }
    }
    /// A fresh reference that can be an alias of `pid`.
    pub fn fresh_alias(pid: RawTerm) -> Reference {
        let slot = crate::process::Table::get().slot(pid);
        Reference { numbers: crate::process::unique::alias_reference(slot), pid: Some(pid) }
    }
    /// By value of a local reference term.
    pub fn of(t: Term<'_>) -> Option<Reference> {
        let r = t.as_ref().filter(|r| r.node.is_none())?;
        Some(Reference { numbers: r.numbers, pid: r.alias_pid.map(Term::raw) })
    }
    /// The reference that has these numbers, which came in from outside. If it can be an alias, it is one of the
    /// process that is in that place by now, which drops what it does not know.
    pub fn of_numbers(numbers: RefNumbers) -> Reference {
        let guard = crossbeam_epoch::pin();
        let slot = crate::process::unique::alias_slot(numbers);
        let process = slot.and_then(|slot| crate::process::Table::get().at(slot, &guard));
        Reference { numbers, pid: process.map(crate::process::Process::pid) }
    }
    /// As a term.
    pub fn term<'s>(self, b: &Builder<'s>) -> Term<'s> {
        match self.pid {
            Some(pid) => b.alias_reference(self.numbers, pid),
            None => b.reference(self.numbers),
        }
    }
}

/// When an alias ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AliasMode {
    /// Only by `unalias`.
    ExplicitUnalias,
    /// With the monitor: at demonitor or DOWN.
    Demonitor,
    /// With the monitor, or when a message came through it.
    ReplyDemonitor,
    /// When a message came through it.
    Reply,
}

/// An alias in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alias {
    /// When it ends.
    pub mode: AliasMode,
    /// Messages through it may be priority messages.
    pub priority: bool,
}

/// What a monitor watches.
pub enum Watched {
    /// A process, by pid.
    Pid(RawTerm),
    /// A process by name: pid it had, name, node.
    Name(RawTerm, Atom, Atom),
    /// A port.
    Port(RawTerm),
    /// A port by name: port, name, node.
    PortName(RawTerm, Atom, Atom),
    /// `time_offset`.
    TimeOffset,
    /// A process of a node that is not connected.
    Remote(Detached),
}

/// The watcher's side of a monitor.
pub struct Monitor {
    /// Whom.
    pub watched: Watched,
    /// The reference carries a pid, so that it can be an alias.
    pub alias_pid: Option<RawTerm>,
    /// First element of the DOWN message, if not `'DOWN'`.
    pub tag: Option<Detached>,
    /// DOWN is a priority message.
    pub priority: bool,
}

/// The watched process's side of a monitor.
#[derive(Clone, Copy)]
pub struct Watcher {
    /// Who watches.
    pub pid: RawTerm,
    /// The name by which it has found what it watches.
    pub name: Option<Atom>,
}

/// One side of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Link {
    /// Number of the unlink under way, 0: linked.
    pub unlink: u64,
    /// Its exit message is a priority message.
    pub priority: bool,
}

/// What lives outside of the heap and wants to know when the process that uses it ends.
pub trait Resource: Send + Sync {
    /// The owner exits.
    fn owner_exited(self: Arc<Self>);
}

/// See the module's head.
#[derive(Default)]
pub struct Relations {
    /// Links, by partner: pids and ports of this node.
    pub links: BTreeMap<u64, Link>,
    /// Monitors of this process.
    pub monitors: BTreeMap<RefNumbers, Monitor>,
    /// Monitors on this process.
    pub watchers: BTreeMap<RefNumbers, Watcher>,
    /// Aliases in force.
    pub aliases: BTreeMap<RefNumbers, Alias>,
    /// Processes that this one has suspended, with how often.
    pub suspended: BTreeMap<u64, usize>,
    /// Processes that have suspended this one.
    pub suspenders: BTreeSet<u64>,
    /// Resources that this process owns.
    pub resources: BTreeMap<RefNumbers, Arc<dyn Resource>>,
    /// Subscriptions to nodes that come and go, by their options.
    pub monitor_nodes: BTreeMap<u8, u32>,
}

impl Empty for Relations {
    const EMPTY: &'static Self = &Relations {
        links: BTreeMap::new(),
        monitors: BTreeMap::new(),
        watchers: BTreeMap::new(),
        aliases: BTreeMap::new(),
        suspended: BTreeMap::new(),
        suspenders: BTreeSet::new(),
        resources: BTreeMap::new(),
        monitor_nodes: BTreeMap::new(),
    };
}

impl Relations {
    /// Partners linked at this moment.
    pub fn linked(&self) -> impl Iterator<Item = RawTerm> {
        self.links.iter().filter(|(_, l)| l.unlink == 0).map(|(p, _)| RawTerm::from_bits(*p))
    }
    /// Whether something of the process may bring a priority message.
    pub fn wants_priority(&self) -> bool {
        let (mut aliases, mut monitors, mut links) =
            (self.aliases.values(), self.monitors.values(), self.links.values());
        aliases.any(|a| a.priority) || monitors.any(|m| m.priority) || links.any(|l| l.priority)
    }
    /// Whether linked to `partner`.
    pub fn is_linked(&self, partner: RawTerm) -> bool {
        self.links.get(&partner.bits()).is_some_and(|l| l.unlink == 0)
    }
    /// Memory for links, monitors and their like, about: a tree's nodes are two thirds full.
    pub fn bytes(&self) -> usize {
        fn of<K, V>(m: &BTreeMap<K, V>) -> usize {
            m.len() * size_of::<(K, V)>() * 3 / 2
        }
        let suspenders = self.suspenders.len() * size_of::<u64>();
        let watching = of(&self.monitors) + of(&self.watchers) + of(&self.aliases);
        of(&self.links) + watching + of(&self.suspended) + suspenders
    }
    /// A monitor ended: its alias ends too, if it is of that kind.
    pub fn end_monitor(&mut self, r: RefNumbers) -> Option<Monitor> {
        let m = self.monitors.remove(&r)?;
        if self.aliases.get(&r).is_some_and(|a| matches!(a.mode, AliasMode::Demonitor | AliasMode::ReplyDemonitor)) {
            self.aliases.remove(&r);
        }
        Some(m)
    }
}
