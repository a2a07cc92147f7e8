//! Which modules are loaded, and from which address to which function.
//!
//! Invariant: a module is in the range table before any entry points into it, and stays there while anything may.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

use girder_loader::{CheckedModule, LoadError};

use super::emit;
use super::{Export, FunctionInfo, LoadedModule, Location, Mfa};
use crate::atom::{Atom, AtomError};
use crate::heap::mem::{self, Category};
use crate::process::Process;
use crate::sync::lock;

/// Why a module was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure {
    /// The file is not in order.
    #[error(transparent)]
    Bad(#[from] LoadError),
    /// An atom of the module could not be made.
    #[error("{module}: {error}")]
    Atom {
        /// The module.
        module: String,
        /// Why.
        error: AtomError,
    },
    /// A literal cannot be held by this VM.
    #[error("{module}: literal {index} cannot be built")]
    Literal {
        /// The module.
        module: String,
        /// Its index.
        index: usize,
    },
    /// The module uses something that needs another release.
    #[error("{module}: {what}")]
    Unsupported {
        /// The module.
        module: String,
        /// What, and in which function.
        what: String,
    },
}

#[derive(Default)]
struct Registry {
    modules: HashMap<Atom, Arc<LoadedModule>>,
    /// By address of the first word.
    ranges: BTreeMap<usize, Arc<LoadedModule>>,
}

static REGISTRY: LazyLock<RwLock<Registry>> = LazyLock::new(RwLock::default);

type Finder = dyn Fn(Atom) -> bool + Send + Sync;
static FINDER: OnceLock<Box<Finder>> = OnceLock::new();

/// Sets what is asked for modules that are not loaded when they are called; it answers whether it loaded one.
pub fn set_module_finder(f: Box<Finder>) {
    // A second VM in this process cannot be built, so a second setting cannot happen.
    let _ = FINDER.set(f);
}

/// Asks the module finder; whether the module is loaded in the end. Who comes while another thread loads it waits.
pub fn load_missing(module: Atom) -> bool {
    static FINDING: Mutex<()> = Mutex::new(());
    if self::module(module).is_some() {
        return true;
    }
    let Some(finder) = FINDER.get() else { return false };
    let _one = lock(&FINDING);
    self::module(module).is_some() || finder(module)
}

/// Where `error_handler` (or the handler that the process has set) has this function.
pub fn error_handler(p: &Process, function: Atom) -> Option<*const u64> {
    let module = p.owner().flags.error_handler.get();
    let e = Export::intern(Mfa { module, function, arity: 3 });
    if !e.is_defined() {
        load_missing(module);
    }
    e.is_defined().then(|| e.address())
}

/// A loaded module.
pub fn module(name: Atom) -> Option<Arc<LoadedModule>> {
    REGISTRY.read().expect("no code panics under the registry's lock").modules.get(&name).cloned()
}

/// All loaded modules.
pub fn loaded_modules() -> Vec<Atom> {
    REGISTRY.read().expect("no code panics under the registry's lock").modules.keys().copied().collect()
}

/// Where an instruction's address is, if in a loaded module.
pub fn lookup(pc: *const u64) -> Option<Location> {
    let at = pc as usize;
    let registry = REGISTRY.read().expect("no code panics under the registry's lock");
    let (base, m) = registry.ranges.range(..=at).next_back()?;
    if at >= base + m.code_size() {
        return None;
    }
    m.locate(u32::try_from((at - base) / 8).ok()?)
}

/// Checks, translates and publishes a module: calls reach it when this returns.
pub fn load(bytes: &[u8], file: &str) -> Result<Arc<LoadedModule>, LoadFailure> {
    let checked = girder_loader::load(bytes, file)?;
    publish(&checked)
}

/// One at a time. A module is known by its name only when calls reach it, so who finds it need not wait; exports that a
/// new version still has lead to code all the time.
fn publish(checked: &CheckedModule) -> Result<Arc<LoadedModule>, LoadFailure> {
    static PUBLISHING: Mutex<()> = Mutex::new(());
    let emitted = emit::translate(checked)?;
    let m = Arc::new(emitted.module);
    mem::note(Category::Code, m.bytes() as isize);
    let _one = lock(&PUBLISHING);
    let registry = || REGISTRY.write().expect("no code panics under the registry's lock");
    registry().ranges.insert(m.base(), m.clone());
    for (name, exported, fields) in &emitted.records {
        super::records::define(m.name, *name, *exported, fields);
    }
    for (fun, offset, function) in emitted.lambdas {
        fun.function.store(u64::from(function.index()) + 1, std::sync::atomic::Ordering::Relaxed);
        fun.set_address(m.address(offset));
    }
    for f in m.functions.iter().filter(|f| f.exported) {
        let e = Export::intern(Mfa { module: m.name, function: f.name, arity: f.arity });
        // A native takes the place of its stub function in the module.
        if e.native().is_none() && !e.is_instruction() {
            e.set_address(m.address(f.entry));
        }
    }
    if let Some(old) = registry().modules.insert(m.name, m.clone()) {
        let kept = |f: &FunctionInfo| m.functions.iter().any(|g| g.exported && (g.name, g.arity) == (f.name, f.arity));
        // Exports that the new version does not have are undefined from now on.
        for f in old.functions.iter().filter(|f| f.exported && !kept(f)) {
            if let Some(e) = Export::existing(Mfa { module: m.name, function: f.name, arity: f.arity }) {
                e.set_address(std::ptr::null_mut());
            }
        }
    }
    Ok(m)
}
