//! The module finder: where the .beam files of modules are, and loading them when they are first called.
//!
//! Searched in this order: modules built into the binary, the directories that were named, the applications every
//! program uses, the rest of the OTP tree through an index made when it is first needed. Invariant: a module is looked
//! for by its own name only, and a name with a path separator names nothing.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, RwLock};

use crate::atom::Atom;
use crate::code;

/// A module that is part of the binary: name and .beam file.
pub type Embedded = (&'static str, &'static [u8]);

/// See the module's head.
#[derive(Default)]
pub struct Finder {
    embedded: &'static [Embedded],
    /// Directories that were named.
    named: RwLock<Vec<PathBuf>>,
    otp: Option<Otp>,
    /// Modules that are not loaded on a call alone: their callers wait for a service.
    deferred: RwLock<Vec<Atom>>,
    /// Where loaded modules came from.
    files: Mutex<HashMap<Atom, PathBuf>>,
}

/// The OTP tree's libraries.
struct Otp {
    /// `lib/APPLICATION-VERSION/ebin` of every application, those that most programs use in front.
    ebins: Vec<PathBuf>,
    /// How many of them are in front.
    common: usize,
    /// Of the others, which module is where.
    index: OnceLock<HashMap<String, PathBuf>>,
}

/// Applications whose modules are tried by name before the index is made.
const COMMON: [&str; 4] = ["stdlib", "kernel", "erts", "compiler"];

/// What came of looking for a module.
#[derive(Debug)]
pub enum Found {
    /// It is loaded.
    Loaded,
    /// It is loaded when its `-on_load` function has succeeded, which is for the caller to see to.
    OnLoad,
    /// There is no such file.
    Nowhere,
    /// There is one, but it does not load; why, naming the file.
    Bad(String),
}

static FINDER: OnceLock<Finder> = OnceLock::new();

impl Otp {
    fn new(root: &Path) -> Otp {
        let entries = fs::read_dir(root.join("lib")).into_iter().flatten().flatten();
        let mut apps: Vec<(usize, PathBuf)> = entries
            .filter_map(|e| {
                let name = e.file_name().into_string().ok()?;
                let (app, _version) = name.rsplit_once('-')?;
                let rank = COMMON.iter().position(|c| *c == app).unwrap_or(COMMON.len());
                Some((rank, e.path().join("ebin")))
            })
            .collect();
        apps.sort();
        let common = apps.partition_point(|(rank, _)| *rank < COMMON.len());
        Otp { ebins: apps.into_iter().map(|(_, dir)| dir).collect(), common, index: OnceLock::new() }
    }

    fn find(&self, file: &str) -> Option<PathBuf> {
        if let Some(found) = self.ebins[..self.common].iter().map(|d| d.join(file)).find(|p| p.is_file()) {
            return Some(found);
        }
        let index = self.index.get_or_init(|| {
            let files = self.ebins[self.common..].iter().filter_map(|d| fs::read_dir(d).ok()).flatten().flatten();
            files.filter_map(|e| Some((e.file_name().into_string().ok()?, e.path()))).collect()
        });
        index.get(file).cloned()
    }
}

impl Finder {
    /// A finder over these sources.
    pub fn new(embedded: &'static [Embedded], named: Vec<PathBuf>, otp_root: Option<&Path>) -> Finder {
        Finder { embedded, named: RwLock::new(named), otp: otp_root.map(Otp::new), ..Finder::default() }
    }
    /// Makes this the VM's finder; the first call counts.
    pub fn install(self) {
        FINDER.get_or_init(|| self);
        code::set_module_finder(Box::new(|m| get().load_for_call(m)));
    }

    /// The file of a module, if there is one.
    pub fn find(&self, module: &str) -> Option<PathBuf> {
        if module.contains(['/', '\0']) {
            return None;
        }
        let file = format!("{module}.beam");
        let named = self.named.read().expect("no code panics under the path's lock");
        let mine = named.iter().map(|d| d.join(&file)).find(|p| p.is_file());
        mine.or_else(|| self.otp.as_ref()?.find(&file))
    }

    /// As [`Finder::load`], for a call of a module that is not loaded: what is wrong with its file is logged.
    fn load_for_call(&self, module: Atom) -> bool {
        if self.is_deferred(module) {
            return false;
        }
        match self.load(module) {
            Found::Loaded => true,
            // `error_handler` asks `code_server`, which runs the function.
            Found::OnLoad => false,
            Found::Nowhere => {
                tracing::debug!(module = module.name(), "no file");
                false
            }
            Found::Bad(why) => {
                tracing::warn!(module = module.name(), "not loaded: {why}");
                false
            }
        }
    }

    /// Loads a module unless it is loaded.
    pub fn load(&self, module: Atom) -> Found {
        if code::module(module).is_some() {
            return Found::Loaded;
        }
        if code::loading_module(module).is_some() {
            return Found::OnLoad;
        }
        if let Some((name, bytes)) = self.embedded.iter().find(|(name, _)| *name == module.name()) {
            return self.take(module, bytes, Path::new(name));
        }
        match self.find(module.name()) {
            Some(path) => self.load_file(module, &path),
            None => Found::Nowhere,
        }
    }

    /// Loads a module from a file.
    pub fn load_file(&self, module: Atom, path: &Path) -> Found {
        match fs::read(path) {
            Ok(bytes) => self.take(module, &bytes, path),
            Err(e) if e.kind() == ErrorKind::NotFound => Found::Nowhere,
            Err(e) => Found::Bad(format!("{}: {e}", path.display())),
        }
    }

    fn take(&self, module: Atom, bytes: &[u8], path: &Path) -> Found {
        match code::load::load(bytes, &path.to_string_lossy()) {
            Ok(loaded) if loaded.name == module => {
                tracing::debug!(module = module.name(), file = %path.display(), "loaded");
                self.files.lock().expect("no code panics under the files' lock").insert(module, path.to_owned());
                if loaded.on_load.is_some() { Found::OnLoad } else { Found::Loaded }
            }
            Ok(loaded) => {
                Found::Bad(format!("{}: holds module {}, not {}", path.display(), loaded.name.name(), module.name()))
            }
            Err(e) => Found::Bad(e.to_string()),
        }
    }

    /// Where a loaded module came from.
    pub fn file(&self, module: Atom) -> Option<PathBuf> {
        self.files.lock().expect("no code panics under the files' lock").get(&module).cloned()
    }
    /// All directories, in order of search.
    pub fn path(&self) -> Vec<PathBuf> {
        let mut all = self.named.read().expect("no code panics under the path's lock").clone();
        all.extend(self.otp.iter().flat_map(|o| o.ebins.iter().cloned()));
        all
    }
    /// Adds directories in front of or behind those that were named.
    pub fn add_paths(&self, dirs: Vec<PathBuf>, in_front: bool) {
        let mut named = self.named.write().expect("no code panics under the path's lock");
        let at = if in_front { 0 } else { named.len() };
        named.splice(at..at, dirs);
    }
    /// From now on a call alone does not load these modules.
    pub fn defer(&self, modules: &[Atom]) {
        self.deferred.write().expect("no code panics under the deferral's lock").extend(modules);
    }
    /// Ends the deferral of a module.
    pub fn undefer(&self, module: Atom) {
        self.deferred.write().expect("no code panics under the deferral's lock").retain(|m| *m != module);
    }
    /// Whether a call alone does not load this module.
    pub fn is_deferred(&self, module: Atom) -> bool {
        self.deferred.read().expect("no code panics under the deferral's lock").contains(&module)
    }
}

/// The VM's finder; one that finds nothing if none was installed.
pub fn get() -> &'static Finder {
    FINDER.get_or_init(Finder::default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(p: &Path) {
        fs::create_dir_all(p.parent().expect("a file in a directory")).expect("temporary directory");
        fs::write(p, b"").expect("temporary file");
    }

    #[test]
    fn search_order() {
        let root = std::env::temp_dir().join(format!("girder-finder-{}", std::process::id()));
        let (mine, lib) = (root.join("mine"), root.join("otp/lib"));
        for file in ["stdlib-1.0/ebin/lists.beam", "inets-1.0/ebin/httpc.beam", "stdlib-1.0/ebin/both.beam"] {
            touch(&lib.join(file));
        }
        touch(&mine.join("both.beam"));
        let f = Finder::new(&[], vec![mine.clone()], Some(&root.join("otp")));
        assert_eq!(f.find("both"), Some(mine.join("both.beam")));
        assert_eq!(f.find("lists"), Some(lib.join("stdlib-1.0/ebin/lists.beam")));
        assert_eq!(f.find("httpc"), Some(lib.join("inets-1.0/ebin/httpc.beam")));
        assert_eq!(f.find("nowhere"), None);
        assert_eq!(f.find("../mine/both"), None);
        f.add_paths(vec![lib.join("stdlib-1.0/ebin")], true);
        assert_eq!(f.find("both"), Some(lib.join("stdlib-1.0/ebin/both.beam")));
        fs::remove_dir_all(&root).expect("temporary directory");
    }

    #[test]
    fn deferred_modules_wait() {
        let (f, m) = (Finder::default(), Atom::new("deferred_module").expect("a short name"));
        f.defer(&[m]);
        assert!(f.is_deferred(m));
        f.undefer(m);
        assert!(!f.is_deferred(m));
    }
}
