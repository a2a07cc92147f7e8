//! Code: from checked modules to running instructions, and the tables through which calls find it.

mod export;
mod fun;

pub use export::{Export, Mfa};
pub use fun::FunEntry;

/// Number of code indexes: active, staging, and the one that old readers may still use.
pub const CODE_INDEXES: usize = 3;

/// Whether a process refers to old code of a module.
pub(crate) fn uses_old_code(_p: &crate::process::Process, _module: crate::atom::Atom) -> bool {
    false
}
