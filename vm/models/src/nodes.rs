//! Nodes for inboxes whose payload loom watches.

use loom::cell::UnsafeCell;

use crate::inbox::Linked;

pub struct Node {
    link: *mut Node,
    value: UnsafeCell<u32>,
}

pub struct Owned(Box<Node>);

// SAFETY: plain data; the link is used by the list alone.
unsafe impl Send for Owned {}

// SAFETY: a box's address is stable; `link` is a field of the node.
unsafe impl Linked for Owned {
    type Target = Node;
    fn into_raw(self) -> *mut Node {
        Box::into_raw(self.0)
    }
    unsafe fn from_raw(p: *mut Node) -> Self {
        // SAFETY: the trait's contract.
        Owned(unsafe { Box::from_raw(p) })
    }
    unsafe fn link(p: *mut Node) -> *mut *mut Node {
        // SAFETY: the trait's contract.
        unsafe { &raw mut (*p).link }
    }
}

/// A node with a value that is written here and read by whoever gets the node.
pub fn node(value: u32) -> Owned {
    let n = Owned(Box::new(Node { link: std::ptr::null_mut(), value: UnsafeCell::new(0) }));
    // SAFETY: the node is ours.
    n.0.value.with_mut(|v| unsafe { *v = value });
    n
}

impl Owned {
    pub fn value(&self) -> u32 {
        // SAFETY: the node is ours.
        self.0.value.with(|v| unsafe { *v })
    }
}
