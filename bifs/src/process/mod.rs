//! Processes: making them, signals to them, their flags, questions about them.

pub mod dirty;
pub mod flag;
pub mod info;
mod monitor_nodes;
pub mod signal;
pub mod spawn;
pub mod system;

use girder_vm::atom::Atom;
use girder_vm::code::{Export, Mfa};
use girder_vm::native::Raise;

/// An Erlang function to trap to.
pub(crate) fn export(module: Atom, function: &str, arity: u8) -> Result<&'static Export, Raise> {
    let function = Atom::new(function).map_err(|_| Raise::SystemLimit)?;
    Ok(Export::intern(Mfa { module, function, arity }))
}
