//! What `port_info` and `statistics(io)` tell.

use super::{Core, Port};
use crate::atom::{Atom, am};
use crate::heap::Builder;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::term::{RawTerm, Term};

static INPUT: AtomicU64 = AtomicU64::new(0);
static OUTPUT: AtomicU64 = AtomicU64::new(0);

pub(super) fn count_input(n: usize) {
    INPUT.fetch_add(n as u64, Ordering::Relaxed);
}

pub(super) fn count_output(n: usize) {
    OUTPUT.fetch_add(n as u64, Ordering::Relaxed);
}

/// Bytes that all ports have read and written.
pub fn traffic() -> (u64, u64) {
    (INPUT.load(Ordering::Relaxed), OUTPUT.load(Ordering::Relaxed))
}

macro_rules! items {
    ($($variant:ident $name:ident;)*) => {
        /// Something that `port_info/2` can be asked.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Item { $(#[doc = "See `port_info/2`."] $variant,)* }

        impl Item {
            /// The item of this name.
            pub fn named(name: Atom) -> Option<Item> {
                match name { $(am::$name => Some(Item::$variant),)* _ => None }
            }
            fn name(self) -> Atom {
                match self { $(Item::$variant => am::$name,)* }
            }
        }
    };
}

items! {
    Name NAME; Links LINKS; Id ID; Connected CONNECTED; Input INPUT; Output OUTPUT; OsPid OS_PID; RegisteredName REGISTERED_NAME;
    Monitors MONITORS; MonitoredBy MONITORED_BY; Memory MEMORY; QueueSize QUEUE_SIZE; Parallelism PARALLELISM; Locking LOCKING;
}

/// What `port_info/1` tells, but for the registered name, which comes first if there is one.
const ALL: [Item; 7] = [Item::Name, Item::Links, Item::Id, Item::Connected, Item::Input, Item::Output, Item::OsPid];

/// Bytes that a link or monitor takes.
const RELATION_BYTES: usize = 64;

impl Core {
    pub(super) fn info<'s>(&self, port: &Port, b: &Builder<'s>, item: Item) -> Term<'s> {
        let id = |t: RawTerm| Term::immediate(t).unwrap_or(Term::NIL);
        let linked = || self.links.iter().filter(|(_, l)| l.unlink == 0).map(|(p, _)| RawTerm::from_bits(*p));
        let value = match item {
            Item::Name => b.byte_list(&self.io.name),
            Item::Links => b.list_from(linked().map(id)),
            Item::Id => b.uint(port.id.id_data()),
            Item::Connected => id(self.io.connected),
            Item::Input => b.uint(self.io.bytes_in),
            Item::Output => b.uint(self.io.bytes_out),
            Item::OsPid => self.io.os_pid.map_or(am::UNDEFINED.into(), |p| b.uint(p)),
            Item::RegisteredName => match port.name() {
                Some(name) => name.into(),
                None => return Term::NIL,
            },
            Item::Monitors => b.list_from(self.io.monitors.values().map(|&w| id(w))),
            Item::MonitoredBy => b.list_from(self.watchers.values().map(|&w| id(w))),
            Item::Memory => b.uint(((self.links.len() + self.watchers.len()) * RELATION_BYTES) as u64),
            Item::QueueSize => b.uint(self.driver.as_ref().map_or(0, |d| d.queued()) as u64),
            Item::Parallelism => self.io.parallelism.into(),
            Item::Locking => match self.driver.as_ref().map(|d| b.atom(d.locking())) {
                Some(Ok(how)) => how,
                _ => am::FALSE.into(),
            },
        };
        b.tuple(&[item.name().into(), value])
    }
    pub(super) fn all_info<'s>(&self, port: &Port, b: &Builder<'s>) -> Term<'s> {
        let name = port.name().map(|_| self.info(port, b, Item::RegisteredName));
        let rest: Vec<_> = ALL.into_iter().map(|i| self.info(port, b, i)).collect();
        b.list_from(name.into_iter().chain(rest))
    }
}
