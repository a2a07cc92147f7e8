//! Which modules are loaded in which versions, and from which address to which function.
//!
//! Invariant: a module is in the range table before any entry points into it, and stays there while anything may. Only
//! the holder of the write permission (`load.rs`) changes versions.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};

use girder_loader::LoadError;

use super::{Export, LoadedModule, Location, Mfa};
use crate::atom::{Atom, AtomError};
use crate::process::Process;
use crate::sync::{lock, whole};

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
    /// The file holds another module than was asked for.
    #[error("module name in object code is {0}")]
    Name(String),
    /// There is old code of the module: none of its two versions can be replaced.
    #[error("{0}: old code must be purged first")]
    NotPurged(String),
    /// The module uses something that needs another release.
    #[error("{module}: {what}")]
    Unsupported {
        /// The module.
        module: String,
        /// What, and in which function.
        what: String,
    },
}

/// The versions of a module.
#[derive(Clone, Default)]
pub(super) struct Versions {
    /// What calls reach.
    pub(super) current: Option<Arc<LoadedModule>>,
    /// What only those run who ran it before.
    pub(super) old: Option<Arc<LoadedModule>>,
    /// What becomes current if its `-on_load` function succeeds.
    pub(super) on_load: Option<Arc<LoadedModule>>,
}

#[derive(Default)]
pub(super) struct Registry {
    pub(super) modules: HashMap<Atom, Versions>,
    /// By address of the first word.
    ranges: BTreeMap<usize, Arc<LoadedModule>>,
}

impl Registry {
    /// Makes the module's addresses known.
    pub(super) fn add(&mut self, m: &Arc<LoadedModule>) {
        self.ranges.insert(m.base(), m.clone());
    }
    /// Forgets the module's addresses.
    pub(super) fn remove(&mut self, m: &LoadedModule) {
        self.ranges.remove(&m.base());
    }
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

pub(super) fn read() -> RwLockReadGuard<'static, Registry> {
    whole(REGISTRY.read())
}

pub(super) fn write() -> RwLockWriteGuard<'static, Registry> {
    whole(REGISTRY.write())
}

/// The current version of a module.
pub fn module(name: Atom) -> Option<Arc<LoadedModule>> {
    read().modules.get(&name)?.current.clone()
}

/// The old version of a module.
pub fn old_module(name: Atom) -> Option<Arc<LoadedModule>> {
    read().modules.get(&name)?.old.clone()
}

/// The version of a module that waits for the end of its `-on_load` function.
pub fn loading_module(name: Atom) -> Option<Arc<LoadedModule>> {
    read().modules.get(&name)?.on_load.clone()
}

/// All modules that have a current or an old version.
pub fn loaded_modules() -> Vec<Atom> {
    let has_code = |(name, v): (&Atom, &Versions)| (v.current.is_some() || v.old.is_some()).then_some(*name);
    read().modules.iter().filter_map(has_code).collect()
}

/// Where an instruction's address is, if in a loaded module.
pub fn lookup(pc: *const u64) -> Option<Location> {
    let at = pc as usize;
    let registry = read();
    let (base, m) = registry.ranges.range(..=at).next_back()?;
    if at >= base + m.code_size() {
        return None;
    }
    m.locate(u32::try_from((at - base) / 8).ok()?)
}
