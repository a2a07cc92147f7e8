//! [`Slots`]: a table of shared objects that anybody may look at while others add and remove.
//!
//! A look-up is one load under an epoch guard; what is removed is dropped once no guard can still see it. Invariant:
//! a slot's pointer is null or a box that only `remove` unlinks.

use std::ptr::null_mut;

use crossbeam_epoch::Guard;

use super::atomic::{AtomicPtr, Ordering};

/// See the module's head.
pub struct Slots<T: Send + Sync> {
    slots: Box<[AtomicPtr<T>]>,
}

impl<T: Send + Sync> Slots<T> {
    /// A table of `n` empty slots; its pages are touched on first use.
    pub fn new(n: usize) -> Self {
        // SAFETY: all bits zero is a null AtomicPtr.
        Slots { slots: unsafe { Box::<[AtomicPtr<T>]>::new_zeroed_slice(n).assume_init() } }
    }
    /// Number of slots.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }
    /// What slot `i` holds.
    #[inline]
    pub fn get<'g>(&self, i: usize, _guard: &'g Guard) -> Option<&'g T> {
        // Acquire pairs with the Release in `insert`: the object is complete. SAFETY: what `remove` unlinks lives on
        // until every guard of that time, this one among them, is gone.
        unsafe { self.slots.get(i)?.load(Ordering::Acquire).as_ref() }
    }
    /// Fills an empty slot; the object comes back if the slot is taken.
    pub fn insert(&self, i: usize, object: Box<T>) -> Result<(), Box<T>> {
        let p = Box::into_raw(object);
        // Release pairs with the Acquire in `get`.
        match self.slots[i].compare_exchange(null_mut(), p, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            // SAFETY: p was not published.
            Err(_) => Err(unsafe { Box::from_raw(p) }),
        }
    }
    /// Empties a slot if it holds `object`; the object is dropped when no guard can see it any more.
    pub fn remove(&self, i: usize, object: &T, guard: &Guard) -> bool
    where
        T: 'static,
    {
        let p = std::ptr::from_ref(object).cast_mut();
        let gone = self.slots[i].compare_exchange(p, null_mut(), Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if gone {
            let p = SendPtr(p);
            // SAFETY: the pointer was a box of `insert` and is unlinked now, by us alone; T is Send.
            unsafe { guard.defer_unchecked(move || drop(Box::from_raw(p.into_inner()))) }
        }
        gone
    }
}

impl<T: Send + Sync> Drop for Slots<T> {
    fn drop(&mut self) {
        for s in &mut self.slots {
            let p = *s.get_mut();
            if !p.is_null() {
                // SAFETY: the table is owned: nobody looks at its slots any more.
                drop(unsafe { Box::from_raw(p) });
            }
        }
    }
}

struct SendPtr<T>(*mut T);
// SAFETY: stands for a Box<T> under way to the thread that drops it.
unsafe impl<T: Send> Send for SendPtr<T> {}
impl<T> SendPtr<T> {
    fn into_inner(self) -> *mut T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insert_get_remove() {
        let t: Slots<u32> = Slots::new(4);
        let g = crossbeam_epoch::pin();
        assert!(t.get(2, &g).is_none() && t.get(9, &g).is_none());
        assert!(t.insert(2, Box::new(7)).is_ok());
        assert_eq!(t.insert(2, Box::new(8)), Err(Box::new(8)));
        let seen = t.get(2, &g).expect("inserted");
        assert!(!t.remove(2, &7, &g), "another object of equal value is not the one in the slot");
        assert!(t.remove(2, seen, &g));
        assert_eq!(*seen, 7, "a guard keeps what it saw");
        assert!(t.get(2, &g).is_none());
        assert!(t.insert(2, Box::new(9)).is_ok());
    }

    #[test]
    fn readers_and_a_writer() {
        const ROUNDS: usize = if cfg!(miri) { 50 } else { 10_000 };
        let t: Slots<String> = Slots::new(8);
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    for i in 0..ROUNDS {
                        let g = crossbeam_epoch::pin();
                        if let Some(x) = t.get(i % 8, &g) {
                            assert!(x.starts_with("process"));
                        }
                    }
                });
            }
            for i in 0..ROUNDS {
                let g = crossbeam_epoch::pin();
                match t.get(i % 8, &g) {
                    Some(x) => assert!(t.remove(i % 8, x, &g)),
                    None => assert!(t.insert(i % 8, Box::new(format!("process {i}"))).is_ok()),
                }
            }
        });
    }
}
