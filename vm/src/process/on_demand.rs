//! [`OnDemand`]: a part of a process that most processes never use, one word until it is first changed.
//!
//! Invariant: reading takes no memory, an absent value reads as the empty one. What is changed through `&mut` is
//! there afterwards, so who only wants to take something out looks first whether there is anything.

use std::ops::{Deref, DerefMut};

/// A type with a constant empty value.
pub trait Empty: Default + 'static {
    /// The empty value.
    const EMPTY: &'static Self;
}

/// See the module's head.
#[derive(Default)]
pub struct OnDemand<T>(Option<Box<T>>);

impl<T> OnDemand<T> {
    /// Whether it was never changed, or forgotten since: it is empty.
    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }
    /// Gives the value up, and its memory.
    pub fn forget(&mut self) {
        self.0 = None;
    }
}

impl<T: Empty> Deref for OnDemand<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for OnDemand<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Empty for Vec<u8> {
        const EMPTY: &'static Self = &Vec::new();
    }

    #[test]
    fn memory_comes_with_the_first_change() {
        let mut d: OnDemand<Vec<u8>> = OnDemand::default();
        assert!(d.is_empty() && d.is_absent());
        d.push(7);
        assert_eq!((d.len(), d.is_absent()), (1, false));
        assert_eq!(d.pop(), Some(7));
        assert!(!d.is_absent(), "kept for the next");
        d.forget();
        assert!(d.is_absent() && d.is_empty());
    }
}
