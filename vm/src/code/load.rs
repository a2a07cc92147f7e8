//! Loading, replacing and deleting modules.
//!
//! A file is *prepared* (checked and translated, which may take long) and then *finished*: its functions' addresses are
//! staged under the next code index, for as many modules as are loaded at once, and one store makes that index the active
//! one. Invariants: who changes addresses, versions or code indexes holds the [`Writer`]; versions and the active index
//! change under one lock of the registry, so a module that is there can be called; a code index is staged only after
//! every scheduler has passed a safe point since it was active, so nobody can call through a half-staged index.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLockWriteGuard};

use super::emit::{self, Emitted};
use super::export::{activate, active_index};
use super::registry::{self, LoadFailure, Registry, Versions};
use super::{CODE_INDEXES, Export, LoadedModule, Mfa};
use crate::atom::Atom;
use crate::heap::mem::{self, Category};
use crate::recording::{self, What};
use crate::sched;
use crate::sync::lock;

/// Code that was checked and translated and waits to be published; once that is done, an empty shell.
pub struct Prepared {
    /// The module.
    pub module: Atom,
    /// Whether it has an `-on_load` function.
    pub has_on_load: bool,
    emitted: Mutex<Option<Emitted>>,
    tried: AtomicBool,
}

impl Prepared {
    /// Whether nobody has asked before.
    pub fn is_first_try(&self) -> bool {
        !self.tried.swap(true, Ordering::Relaxed)
    }
    /// Whether there is code in it.
    pub fn is_full(&self) -> bool {
        lock(&self.emitted).is_some()
    }
}

/// Checks and translates a file; `file` is its name in errors. `expected` is the module it must hold.
pub fn prepare(bytes: &[u8], file: &str, expected: Option<Atom>) -> Result<Prepared, LoadFailure> {
    let begin = recording::begins(What::CODE);
    let checked = girder_loader::load(bytes, file)?;
    if expected.is_some_and(|m| m.name() != checked.name()) {
        return Err(LoadFailure::Name(checked.name().to_owned()));
    }
    let emitted = emit::translate(&checked)?;
    let m = &emitted.module;
    mem::note(Category::Code, m.bytes() as isize);
    let (module, has_on_load) = (m.name, m.on_load.is_some());
    recording::ended(recording::format::Kind::Loaded, begin, module.index().into(), 0);
    Ok(Prepared { module, has_on_load, emitted: Mutex::new(Some(emitted)), tried: AtomicBool::new(false) })
}

/// The permission to change code, and what the last commits changed.
#[derive(Default)]
struct Writer {
    /// Entries that each of the last commits changed: what a code index lacks that was active before them.
    recent: [Vec<&'static Export>; CODE_INDEXES - 1],
}

static WRITER: Mutex<Writer> = Mutex::new(Writer { recent: [const { Vec::new() }; CODE_INDEXES - 1] });
/// Code indexes through which nobody may be calling any more.
static QUIET: [AtomicBool; CODE_INDEXES] = [const { AtomicBool::new(true) }; CODE_INDEXES];

/// A change that is being made: addresses that take effect together.
pub(super) struct Staging {
    writer: MutexGuard<'static, Writer>,
    index: usize,
    changed: Vec<&'static Export>,
}

/// Code cannot be changed for the moment: a scheduler may still call through the code index that is next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

impl Staging {
    /// Begins a change, under a code index that agrees with the active one.
    pub(super) fn begin() -> Result<Staging, Busy> {
        let writer = lock(&WRITER);
        let active = active_index();
        let index = (active + 1) % CODE_INDEXES;
        if !QUIET[index].load(Ordering::Acquire) {
            return Err(Busy);
        }
        for e in writer.recent.iter().flatten() {
            e.copy_address(active, index);
        }
        Ok(Staging { writer, index, changed: Vec::new() })
    }
    fn set(&mut self, e: &'static Export, to: *mut u64) {
        if e.takes_code() {
            e.stage(self.index, to);
            self.changed.push(e);
        }
    }
    /// Has calls go to `new`, and to none of the functions that only `old` has.
    fn replace(&mut self, old: Option<&LoadedModule>, new: Option<&LoadedModule>) {
        for (mfa, to) in new.into_iter().flat_map(exports) {
            self.set(Export::intern(mfa), to);
        }
        let kept = |mfa: &Mfa| new.is_some_and(|m| exports(m).any(|(f, _)| f == *mfa));
        for (mfa, _) in old.into_iter().flat_map(exports).filter(|(mfa, _)| !kept(mfa)) {
            self.set(Export::intern(mfa), std::ptr::null_mut());
        }
    }
    /// Makes the change: who sees a module's new version sees its functions, too.
    fn commit(mut self, versions: RwLockWriteGuard<'_, Registry>) {
        let before = active_index();
        activate(self.index);
        drop(versions);
        self.writer.recent.rotate_right(1);
        self.writer.recent[0] = self.changed;
        QUIET[before].store(false, Ordering::Relaxed);
        sched::after_thread_progress(move || QUIET[before].store(true, Ordering::Release));
    }
}

fn exports(m: &LoadedModule) -> impl Iterator<Item = (Mfa, *mut u64)> {
    let named = |f: &super::FunctionInfo| Mfa { module: m.name, function: f.name, arity: f.arity };
    m.functions.iter().filter(|f| f.exported).map(move |f| (named(f), m.address(f.entry)))
}

/// What came of finishing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finished {
    /// The modules are loaded.
    Loaded,
    /// These modules were given twice.
    Duplicated(Vec<Atom>),
    /// These modules have two versions already.
    NotPurged(Vec<Atom>),
    /// The module is current when its `-on_load` function has succeeded.
    OnLoad(Atom),
    /// One of several modules has an `-on_load` function.
    TooMany,
    /// One of them is an empty shell.
    Empty,
}

/// Publishes prepared modules, all at the same time.
pub fn finish(all: &[&Prepared]) -> Result<Finished, Busy> {
    let mut staging = Staging::begin()?;
    if !all.iter().all(|p| p.is_full()) {
        return Ok(Finished::Empty);
    }
    if all.len() > 1 && all.iter().any(|p| p.has_on_load) {
        return Ok(Finished::TooMany);
    }
    let seen = |i: usize| all[..i].iter().any(|p| p.module == all[i].module);
    let twice: Vec<Atom> = (0..all.len()).filter(|&i| seen(i)).map(|i| all[i].module).collect();
    if !twice.is_empty() {
        return Ok(Finished::Duplicated(twice));
    }
    let full = |m: Atom| registry::read().modules.get(&m).is_some_and(|v| v.current.is_some() && v.old.is_some());
    let not_purged: Vec<Atom> = all.iter().map(|p| p.module).filter(|&m| full(m)).collect();
    if !not_purged.is_empty() {
        return Ok(Finished::NotPurged(not_purged));
    }
    let mut on_load = None;
    let modules: Vec<_> = all.iter().filter_map(|p| Some((p, unpack(p)?))).collect();
    let mut registry = registry::write();
    for (p, m) in modules {
        registry.add(&m);
        let versions = registry.modules.entry(p.module).or_default();
        if p.has_on_load {
            versions.on_load = Some(m);
            on_load = Some(p.module);
        } else {
            make_current(&mut staging, versions, m);
        }
    }
    staging.commit(registry);
    all.iter().filter(|p| !p.has_on_load).for_each(|p| crate::trace::module_loaded(p.module));
    Ok(on_load.map_or(Finished::Loaded, Finished::OnLoad))
}

/// Takes the code out of a shell and makes its funs and records known, which belong to every version.
fn unpack(p: &Prepared) -> Option<Arc<LoadedModule>> {
    let Emitted { module: m, bodies, records } = lock(&p.emitted).take()?;
    for (name, exported, fields) in &records {
        super::records::define(m.name, *name, *exported, fields);
    }
    for (&(fun, at), function) in m.lambdas.iter().zip(bodies) {
        fun.set_code(m.address(at), function);
    }
    Some(Arc::new(m))
}

fn make_current(staging: &mut Staging, versions: &mut Versions, m: Arc<LoadedModule>) {
    staging.replace(versions.current.as_deref(), Some(&m));
    if let Some(before) = versions.current.replace(m) {
        // Old code that is in the way was never purged: it stays in the range table for good.
        versions.old = Some(before);
    }
}

/// What came of deleting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deleted {
    /// The current version is old.
    Yes,
    /// The module was never loaded.
    Unknown,
    /// There is an old version already.
    NotPurged,
}

/// Makes the current version of a module old; calls do not reach it any more.
pub fn delete(module: Atom) -> Result<Deleted, Busy> {
    let mut staging = Staging::begin()?;
    let mut registry = registry::write();
    let Some(versions) = registry.modules.get_mut(&module) else { return Ok(Deleted::Unknown) };
    if versions.old.is_some() {
        return Ok(Deleted::NotPurged);
    }
    staging.replace(versions.current.as_deref(), None);
    versions.old = versions.current.take();
    staging.commit(registry);
    crate::trace::names_moved(module);
    Ok(Deleted::Yes)
}

/// The `-on_load` function of a module that waits for it has returned: `keep` says whether the module becomes current.
/// `false` if there is no such module. One that is not kept stays until it is purged (`purge.rs`).
pub fn finish_on_load(module: Atom, keep: bool) -> Result<bool, Busy> {
    let mut staging = Staging::begin()?;
    let mut registry = registry::write();
    let Some(versions) = registry.modules.get_mut(&module).filter(|v| v.on_load.is_some()) else { return Ok(false) };
    if keep && let Some(m) = versions.on_load.take() {
        make_current(&mut staging, versions, m);
        staging.commit(registry);
        crate::trace::module_loaded(module);
    }
    Ok(true)
}

/// Has calls by a name go through its entry's trampoline, or not any more.
pub(crate) fn use_trampoline(e: &'static Export, on: bool) {
    let _writer = lock(&WRITER);
    e.set_trampoline(on);
}

/// Loads a module that has no current version, for whoever cannot wait: calls reach it when this returns, unless it has
/// an `-on_load` function, which is then to be run.
pub fn load(bytes: &[u8], file: &str) -> Result<Arc<LoadedModule>, LoadFailure> {
    publish_first(&prepare(bytes, file, None)?)
}

/// Loads a module that OTP's emulator carries in itself: without lines, which that leaves out.
pub fn load_preloaded(bytes: &[u8], file: &str) -> Result<Arc<LoadedModule>, LoadFailure> {
    let p = prepare(bytes, file, None)?;
    if let Some(emitted) = &mut *lock(&p.emitted) {
        let with_lines = emitted.module.bytes() as isize;
        emitted.module.lines = Vec::new();
        mem::note(Category::Code, emitted.module.bytes() as isize - with_lines);
    }
    publish_first(&p)
}

fn publish_first(p: &Prepared) -> Result<Arc<LoadedModule>, LoadFailure> {
    let _writer = lock(&WRITER);
    let not_purged = || LoadFailure::NotPurged(p.module.name().to_owned());
    if registry::module(p.module).is_some() {
        return Err(not_purged());
    }
    let m = unpack(p).ok_or_else(not_purged)?;
    registry::write().add(&m);
    if p.has_on_load {
        registry::write().modules.entry(p.module).or_default().on_load = Some(m.clone());
        return Ok(m);
    }
    // Without another version there is nothing that calls could mix: each function is there from now on.
    for (mfa, to) in exports(&m) {
        let e = Export::intern(mfa);
        if e.takes_code() {
            e.set_address(to);
        }
    }
    registry::write().modules.entry(p.module).or_default().current = Some(m.clone());
    Ok(m)
}
