//! A direct-mapped cache of export entries, so that `apply` takes no lock.
//!
//! Invariant: an export entry is never freed and keeps its name, so a hit needs no validation but the name's.

use std::cell::Cell;

use crate::code::{Export, Mfa};

const SLOTS: usize = 1024;

/// See the module's head.
pub(crate) struct ApplyCache(Box<[Cell<Option<&'static Export>>; SLOTS]>);

impl Default for ApplyCache {
    fn default() -> Self {
        ApplyCache(Box::new([const { Cell::new(None) }; SLOTS]))
    }
}

impl ApplyCache {
    /// The export entry of `mfa`.
    #[inline]
    pub(crate) fn find(&self, mfa: Mfa) -> &'static Export {
        let h = mfa.module.index().wrapping_mul(0x9E37_79B1)
            ^ mfa.function.index().wrapping_mul(0x85EB_CA77)
            ^ u32::from(mfa.arity).wrapping_mul(0xC2B2_AE3D);
        let slot = &self.0[(h >> 16) as usize % SLOTS];
        match slot.get() {
            Some(e) if e.mfa == mfa => e,
            _ => {
                let e = Export::intern(mfa);
                slot.set(Some(e));
                e
            }
        }
    }
}
