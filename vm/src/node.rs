//! Nodes that external pids, ports and references belong to.
//!
//! Invariant: a (name, creation) pair is interned once and never freed, so terms hold plain addresses.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use crate::atom::{Atom, am};

/// A node at one creation.
#[derive(PartialEq, Eq, Debug)]
pub struct Node {
    /// Name, as `node/1` gives it.
    pub name: Atom,
    /// Incarnation of the node.
    pub creation: u32,
}

static NODES: LazyLock<Mutex<HashMap<(Atom, u32), &'static Node>>> = LazyLock::new(Mutex::default);

impl Node {
    /// The node of this name and creation.
    pub fn intern(name: Atom, creation: u32) -> &'static Node {
        let mut nodes = NODES.lock().expect("no code panics under the node table's lock");
        nodes.entry((name, creation)).or_insert_with(|| Box::leak(Box::new(Node { name, creation })))
    }
    /// Name of this node.
    pub fn this_name() -> Atom {
        am::NONODE_NOHOST
    }
    /// Creation of this node.
    pub fn this_creation() -> u32 {
        0
    }
    /// Whether it is this node as it was under another creation: all that belonged to it is gone.
    pub fn is_former_self(&self) -> bool {
        self.name == Self::this_name() && self.creation != Self::this_creation()
    }
}

/// Number and serial of a pid, the `N` and `S` of `<0.N.S>`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PidParts {
    /// Number.
    pub number: u32,
    /// Serial.
    pub serial: u32,
}

impl PidParts {
    /// As pids are ordered.
    pub fn serial_first(self) -> (u32, u32) {
        (self.serial, self.number)
    }
}

/// Bits of a local pid's number in its data word; the serial lies above.
pub fn pid_number_bits() -> u32 {
    if crate::Profile::get().release < 27 { 15 } else { 28 }
}

/// Parts of a local pid's data word.
pub fn local_pid_parts(data: u64) -> PidParts {
    let bits = pid_number_bits();
    PidParts { number: (data & ((1 << bits) - 1)) as u32, serial: (data >> bits) as u32 }
}

/// Data word of a local pid, `None` if a part is too large for it.
pub fn local_pid_data(p: PidParts) -> Option<u64> {
    let (bits, serial_bits) = if pid_number_bits() == 15 { (15, 13) } else { (28, 32) };
    (u64::from(p.number) >> bits == 0 && u64::from(p.serial) >> serial_bits == 0)
        .then(|| u64::from(p.serial) << bits | u64::from(p.number))
}

/// Parts of an external pid's data word: number in the lower half, serial in the upper.
pub fn external_pid_parts(data: u64) -> PidParts {
    PidParts { number: data as u32, serial: (data >> 32) as u32 }
}

/// Data word of an external pid.
pub fn external_pid_data(p: PidParts) -> u64 {
    u64::from(p.serial) << 32 | u64::from(p.number)
}
