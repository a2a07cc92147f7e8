//! What the emulator does before Erlang code runs: it loads the preloaded modules and makes the system processes.
//!
//! Invariant: the order of both is OTP's, because the pids of the system processes follow from it. `-on_load` functions
//! of preloaded modules are not run; `erl_init` calls the ones it needs.

use std::path::{Path, PathBuf};

use crate::atom::{Atom, am};
use crate::code;
use crate::heap::Detached;
use crate::process::spawn::{SpawnOptions, spawn_root, spawn_system};
use crate::process::state::Priority;
use crate::profile::Profile;
use crate::term::RawTerm;
use crate::vm::{StartError, Vm};

/// Since 27.
const TRACE_CLEANER: &str = "erts_trace_cleaner";

/// Modules that OTP's emulator carries in itself, in the order it loads them.
const PRELOADED: [&str; 22] = [
    "erts_code_purger",
    "erl_init",
    "init",
    "prim_buffer",
    "prim_eval",
    "prim_inet",
    "prim_file",
    "zlib",
    "socket_registry",
    "prim_socket",
    "prim_net",
    "prim_zip",
    "erl_prim_loader",
    "erlang",
    "erts_internal",
    "erl_tracer",
    "erts_literal_area_collector",
    TRACE_CLEANER,
    "erts_dirty_process_signal_handler",
    "atomics",
    "counters",
    "persistent_term",
];

/// The preloaded modules of the release in use, in the order they are loaded.
pub fn preloaded() -> impl DoubleEndedIterator<Item = &'static str> {
    let release = Profile::get().release;
    PRELOADED.into_iter().filter(move |&m| m != TRACE_CLEANER || release >= 27)
}

/// A system process that the emulator makes beside the first.
struct System {
    module: &'static str,
    priority: Priority,
}

/// In the order of their pids, from 1.
const SYSTEM: [System; 6] = [
    System { module: "erts_code_purger", priority: Priority::High },
    System { module: "erts_literal_area_collector", priority: Priority::High },
    System { module: "erts_dirty_process_signal_handler", priority: Priority::Normal },
    System { module: "erts_dirty_process_signal_handler", priority: Priority::High },
    System { module: "erts_dirty_process_signal_handler", priority: Priority::Max },
    System { module: TRACE_CLEANER, priority: Priority::Normal },
];

/// Where the files of the preloaded modules are.
pub fn preloaded_directory(root: &Path, erts_version: &str) -> PathBuf {
    root.join("lib").join(format!("erts-{erts_version}")).join("ebin")
}

impl Vm {
    /// Boots the release at `root` and runs it until the VM halts; gives the exit status. `arguments` are the command
    /// line from the first `--` on, `init` the module that takes it.
    pub fn boot(&self, root: &Path, init: &str, arguments: &[Vec<u8>]) -> Result<i32, StartError> {
        let ebin = preloaded_directory(root, &crate::vm::config().erts_version);
        for module in preloaded() {
            let file = ebin.join(format!("{module}.beam"));
            let failed = |why: String| StartError::Module(module.to_owned(), why);
            let bytes = std::fs::read(&file).map_err(|e| failed(format!("{}: {e}", file.display())))?;
            let loaded =
                code::load::load_preloaded(&bytes, &file.to_string_lossy()).map_err(|e| failed(e.to_string()))?;
            if code::loading_module(loaded.name).is_some() {
                // Nothing runs yet, so nobody is in the way.
                code::load::finish_on_load(loaded.name, true).map_err(|_| failed("cannot be published".to_owned()))?;
            }
        }
        let atom = |name: &str| Atom::new(name).map_err(|e| StartError::Module(name.to_owned(), e.to_string()));
        let init = atom(init)?;
        let args = Detached::build(|b| {
            let words = b.list_from(arguments.iter().map(|w| b.binary(w)));
            b.list(&[init.into(), words])
        });
        let options = SpawnOptions { system: true, ..SpawnOptions::default() };
        let first = spawn_root(am::ERL_INIT, am::START, args, &options).ok_or(StartError::NoProcess)?;
        for s in SYSTEM.iter().filter(|s| preloaded().any(|m| m == s.module)) {
            let options =
                SpawnOptions { system: true, off_heap_messages: true, priority: s.priority, ..SpawnOptions::default() };
            let none = Detached::immediate(RawTerm::NIL);
            spawn_system(first, atom(s.module)?, am::START, none, &options).ok_or(StartError::NoProcess)?;
        }
        crate::sched::run_all().map_err(StartError::Thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_processes_have_preloaded_modules() {
        assert!(SYSTEM.iter().all(|s| PRELOADED.contains(&s.module)));
        assert_eq!(preloaded().next(), Some("erts_code_purger"));
        assert_eq!(preloaded().next_back(), Some("persistent_term"));
    }
}
