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
}
