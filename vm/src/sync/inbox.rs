//! [`Inbox`]: many threads push, the owner takes everything at once.
//!
//! A push is one compare-and-swap at the head; taking swaps the whole list out and reverses it, so the owner can never
//! see the list in mid-push. Invariants: a node is in at most one list and its link belongs to that list; once the
//! [`CLOSED`] mark is in the head it stays there, and every later push gets its node back.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

use super::atomic::{AtomicPtr, Ordering};

/// A type whose values can be nodes of an [`Inbox`].
///
/// # Safety
/// `into_raw` gives an address that stays valid until `from_raw` takes it back; `link` gives the address of a word
/// inside of that node that nobody but the list uses meanwhile. No node lies at address 1.
pub unsafe trait Linked: Sized {
    /// What the addresses point to.
    type Target;
    /// Gives up ownership.
    fn into_raw(self) -> *mut Self::Target;
    /// Takes ownership back.
    ///
    /// # Safety
    /// `p` came from `into_raw` and nobody took it back yet.
    unsafe fn from_raw(p: *mut Self::Target) -> Self;
    /// The word that links lists.
    ///
    /// # Safety
    /// `p` came from `into_raw` and nobody took it back yet.
    unsafe fn link(p: *mut Self::Target) -> *mut *mut Self::Target;
}

/// See the module's head.
pub struct Inbox<N: Linked> {
    head: AtomicPtr<N::Target>,
    _n: PhantomData<N>,
}

// SAFETY: nodes are handed over whole: a pusher gives up its node before others can see it.
unsafe impl<N: Linked + Send> Send for Inbox<N> {}
// SAFETY: as above; all methods but through the head's atomic operations touch only nodes they own.
unsafe impl<N: Linked + Send> Sync for Inbox<N> {}

fn closed<T>() -> *mut T {
    std::ptr::without_provenance_mut(1)
}

impl<N: Linked> Default for Inbox<N> {
    fn default() -> Self {
        Inbox { head: AtomicPtr::new(null_mut()), _n: PhantomData }
    }
}

impl<N: Linked> Inbox<N> {
    /// Adds a node. `Ok(true)` if the inbox was empty before: that pusher, and only that one, must wake the owner.
    /// The node comes back if the inbox is closed.
    pub fn push(&self, node: N) -> Result<bool, N> {
        let p = node.into_raw();
        // Relaxed: the value is only compared and stored; what it points to is not read here.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                // SAFETY: p came from into_raw above and was not published.
                return Err(unsafe { N::from_raw(p) });
            }
            // SAFETY: p is ours until the exchange succeeds.
            unsafe { *N::link(p) = head };
            // Release pairs with the Acquire in `take` and `close`: who takes the list sees the node complete.
            match self.head.compare_exchange_weak(head, p, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(head.is_null()),
                Err(now) => head = now,
            }
        }
    }
    /// Whether there is nothing to take.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        // Relaxed: a hint; who must not miss a push looks at the state word too.
        let head = self.head.load(Ordering::Relaxed);
        head.is_null() || head == closed()
    }
    /// Takes all nodes, oldest first. Only the owner calls this.
    pub fn take(&self) -> Taken<N> {
        if self.is_empty() {
            return Taken { next: null_mut(), _n: PhantomData };
        }
        // The owner alone closes, so the head is no mark here. Acquire pairs with the Release in `push`.
        Self::reversed(self.head.swap(null_mut(), Ordering::Acquire))
    }
    /// Shows all nodes, newest first. The owner must not take any meanwhile; pushes are harmless.
    pub fn each(&self, mut f: impl FnMut(&N)) {
        // Acquire pairs with the Release in `push`.
        let mut p = self.head.load(Ordering::Acquire);
        while !p.is_null() && p != closed() {
            // SAFETY: nodes from the head on are in the list until the owner takes them, and are not dropped here.
            unsafe {
                f(&ManuallyDrop::new(N::from_raw(p)));
                p = *N::link(p);
            }
        }
    }
    /// Closes the inbox for good and takes what is left, oldest first.
    pub fn close(&self) -> Taken<N> {
        // Acquire pairs with the Release in `push`.
        let head = self.head.swap(closed(), Ordering::Acquire);
        Self::reversed(if head == closed() { null_mut() } else { head })
    }
    fn reversed(mut p: *mut N::Target) -> Taken<N> {
        let mut next = null_mut();
        while !p.is_null() {
            // SAFETY: the list was swapped out: all its nodes belong to us.
            unsafe {
                let older = std::mem::replace(&mut *N::link(p), next);
                next = p;
                p = older;
            }
        }
        Taken { next, _n: PhantomData }
    }
}

impl<N: Linked> Drop for Inbox<N> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// Nodes taken out of an [`Inbox`], oldest first.
pub struct Taken<N: Linked> {
    next: *mut N::Target,
    _n: PhantomData<N>,
}

impl<N: Linked> Iterator for Taken<N> {
    type Item = N;
    fn next(&mut self) -> Option<N> {
        if self.next.is_null() {
            return None;
        }
        let p = self.next;
        // SAFETY: the list belongs to self.
        unsafe {
            self.next = std::mem::replace(&mut *N::link(p), null_mut());
            Some(N::from_raw(p))
        }
    }
}

impl<N: Linked> Drop for Taken<N> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    struct Node {
        link: *mut Node,
        value: (usize, usize),
        alive: Arc<AtomicUsize>,
    }
    struct Owned(Box<Node>);
    // SAFETY: the test's node holds plain data; its link is used by the list alone.
    unsafe impl Send for Owned {}
    // SAFETY: a box's address is stable; `link` is a field of the node.
    unsafe impl Linked for Owned {
        type Target = Node;
        fn into_raw(self) -> *mut Node {
            Box::into_raw(self.0)
        }
        unsafe fn from_raw(p: *mut Node) -> Self {
            // SAFETY: the trait's contract.
            let b = unsafe { Box::from_raw(p) };
            Owned(b)
        }
        unsafe fn link(p: *mut Node) -> *mut *mut Node {
            // SAFETY: the trait's contract.
            unsafe { &raw mut (*p).link }
        }
    }
    impl Drop for Node {
        fn drop(&mut self) {
            self.alive.fetch_sub(1, Ordering::SeqCst);
        }
    }
    fn node(alive: &Arc<AtomicUsize>, value: (usize, usize)) -> Owned {
        alive.fetch_add(1, Ordering::SeqCst);
        Owned(Box::new(Node { link: null_mut(), value, alive: alive.clone() }))
    }

    #[test]
    fn taken_in_order_of_push() {
        let alive = Arc::default();
        let inbox = Inbox::default();
        for i in 0..5 {
            assert_eq!(inbox.push(node(&alive, (0, i))).ok(), Some(i == 0));
        }
        let got: Vec<_> = inbox.take().map(|n| n.0.value.1).collect();
        assert_eq!(got, [0, 1, 2, 3, 4]);
        assert!(inbox.is_empty());
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_closed_inbox_gives_nodes_back() {
        let alive = Arc::default();
        let inbox = Inbox::default();
        assert!(inbox.push(node(&alive, (0, 1))).is_ok());
        assert_eq!(inbox.close().count(), 1);
        assert!(inbox.push(node(&alive, (0, 2))).is_err_and(|n| n.0.value.1 == 2));
        assert_eq!(inbox.close().count(), 0);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn what_was_not_taken_is_dropped() {
        let alive = Arc::default();
        let inbox = Inbox::default();
        for i in 0..9 {
            assert!(inbox.push(node(&alive, (0, i))).is_ok());
        }
        let mut taken = inbox.take();
        assert_eq!(taken.next().map(|n| n.0.value.1), Some(0));
        drop(taken);
        assert!(inbox.push(node(&alive, (0, 0))).is_ok());
        drop(inbox);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn threads_push_while_the_owner_takes() {
        const PUSHERS: usize = 4;
        const EACH: usize = if cfg!(miri) { 50 } else { 20_000 };
        let alive: Arc<AtomicUsize> = Arc::default();
        let inbox: Inbox<Owned> = Inbox::default();
        let refused = AtomicUsize::new(0);
        let (mut last, mut got) = ([None; PUSHERS], 0);
        std::thread::scope(|s| {
            for t in 0..PUSHERS {
                let (inbox, alive, refused) = (&inbox, &alive, &refused);
                s.spawn(move || {
                    for i in 0..EACH {
                        if inbox.push(node(alive, (t, i))).is_err() {
                            refused.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
            let mut check = |n: Owned| {
                let (t, i) = n.0.value;
                assert!(last[t] < Some(i), "messages of one sender stay in order");
                last[t] = Some(i);
                got += 1;
            };
            for _ in 0..EACH {
                inbox.take().for_each(&mut check);
            }
            inbox.close().for_each(&mut check);
        });
        assert_eq!(got + refused.load(Ordering::SeqCst), PUSHERS * EACH);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }
}
