//! Code: from checked modules to running instructions, and the tables through which calls find it.

pub mod coverage;
mod emit;
mod export;
mod fun;
pub mod load;
mod module;
pub mod purge;
pub mod records;
mod registry;

pub use emit::implements;
pub(crate) use export::note_saver;
pub use export::{Export, Mfa};
pub use fun::FunEntry;
pub use module::{FunctionInfo, LoadedModule, Location};
pub use registry::{
    LoadFailure, error_handler, load_missing, loaded_modules, loading_module, lookup, module, old_module,
    set_module_finder,
};

/// Number of code indexes: active, staging, and the one that old readers may still use.
pub const CODE_INDEXES: usize = 3;

/// Binds the functions that are instructions: `erlang:apply/2,3` and `yield/0`.
pub fn bind_instructions() {
    use crate::atom::am;
    use crate::interp::entry;
    let bind = |function, arity, to| Export::intern(Mfa { module: am::ERLANG, function, arity }).bind_instruction(to);
    bind(am::APPLY, 3, entry::apply3());
    bind(am::APPLY, 2, entry::apply2());
    bind(am::YIELD, 0, entry::special_yield());
}
