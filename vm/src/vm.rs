//! [`Vm`]: putting the machine together, starting it, and the facts about it that programs can ask for.
//!
//! Invariant: there is one VM in an OS process. Its parts are statics, and what they need to know is fixed here before
//! the first module is loaded.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::atom::{Atom, AtomError};
use crate::code::{Export, Mfa};
use crate::finder::{Embedded, Finder, Found};
use crate::heap::Detached;
use crate::native::{Native, NativeKind};
use crate::port;
use crate::process::Table;
use crate::process::spawn::{SpawnOptions, spawn_root};
use crate::profile::Profile;
use crate::sched;
use crate::timer::clock;

/// What the VM was built with.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Root of the OTP tree, if there is one.
    pub root: Option<PathBuf>,
    /// Version of the run-time system that the tree belongs to.
    pub erts_version: String,
}

static CONFIG: OnceLock<Config> = OnceLock::new();

/// What the VM was built with.
pub fn config() -> &'static Config {
    CONFIG.get_or_init(Config::default)
}

/// Why there is no VM, or nothing for it to run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another VM was built before.
    #[error("there is a VM in this process already")]
    Second,
    /// A native's name is no atom.
    #[error("native {0}: {1}")]
    Native(String, AtomError),
    /// A module that is built in does not load.
    #[error("module {0}: {1}")]
    Module(String, String),
    /// No room for the first process.
    #[error("the process table is full")]
    NoProcess,
    /// What is to be recorded cannot be.
    #[error("nothing can be recorded: {0}")]
    Recording(std::io::Error),
    /// The system gives no thread for a scheduler.
    #[error("a scheduler's thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Collects what a VM is made of.
#[derive(Default)]
pub struct Builder {
    natives: &'static [Native],
    embedded: &'static [Embedded],
    profile: Option<Profile>,
    code_path: Vec<PathBuf>,
    processes: Option<u32>,
    schedulers: Option<u32>,
    ports: Option<u32>,
    first_ports: Option<fn()>,
    booted: bool,
    config: Config,
}

impl Builder {
    /// The native functions.
    pub fn natives(mut self, natives: &'static [Native]) -> Builder {
        self.natives = natives;
        self
    }
    /// Modules that are part of the binary.
    pub fn embedded(mut self, modules: &'static [Embedded]) -> Builder {
        self.embedded = modules;
        self
    }
    /// The release whose behaviour the VM shows.
    pub fn profile(mut self, profile: Profile) -> Builder {
        self.profile = Some(profile);
        self
    }
    /// Directories to look for modules in before the OTP tree.
    pub fn code_path(mut self, dirs: Vec<PathBuf>) -> Builder {
        self.code_path = dirs;
        self
    }
    /// Most processes at a time; the release's default if not given.
    pub fn processes(mut self, limit: Option<u32>) -> Builder {
        self.processes = limit;
        self
    }
    /// Most ports at a time; the default if not given.
    pub fn ports(mut self, limit: Option<u32>) -> Builder {
        self.ports = limit;
        self
    }
    /// Opens the ports that are there before any process is.
    pub fn first_ports(mut self, open: fn()) -> Builder {
        self.first_ports = Some(open);
        self
    }
    /// Number of scheduler threads; one for each core if not given.
    pub fn schedulers(mut self, n: Option<u32>) -> Builder {
        self.schedulers = n;
        self
    }
    /// OTP's own code finds modules; the VM does not.
    pub fn booted(mut self) -> Builder {
        self.booted = true;
        self
    }
    /// The OTP tree: its root and the version of its run-time system.
    pub fn otp(mut self, root: PathBuf, erts_version: String) -> Builder {
        self.config = Config { root: Some(root), erts_version };
        self
    }
    /// Fixes the statics and binds the natives of the profile's release.
    pub fn build(self) -> Result<Vm, StartError> {
        let profile = self.profile.unwrap_or_else(Profile::get);
        if !profile.fix() || CONFIG.set(self.config).is_err() {
            return Err(StartError::Second);
        }
        crate::code::bind_instructions();
        clock::init();
        Table::init(self.processes.map(|n| n as usize));
        port::Table::init(self.ports.map(|n| n as usize));
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        sched::init(self.schedulers.map_or_else(cores, |n| n as usize));
        let releases = profile.releases();
        let mine = self.natives.iter().filter(|n| n.releases.has(releases) && n.kind != NativeKind::Special);
        for n in mine {
            let atom = |name| Atom::new(name).map_err(|e| StartError::Native(format!("{}:{}", n.module, n.name), e));
            let mfa = Mfa { module: atom(n.module)?, function: atom(n.name)?, arity: n.arity };
            Export::intern(mfa).bind_native(n.function);
        }
        crate::process::exit::set_steps(vec![crate::ets::owner_exited, sched::blocker_exited]);
        if !self.booted {
            Finder::new(self.embedded, self.code_path, config().root.as_deref()).install();
        }
        if let Some(open) = self.first_ports {
            open();
        }
        crate::recording::begin().map_err(StartError::Recording)?;
        Ok(Vm { _one: () })
    }
}

/// A VM that is ready to run.
pub struct Vm {
    _one: (),
}

impl Vm {
    /// Begins a VM.
    pub fn builder() -> Builder {
        Builder::default()
    }
    /// Runs `module:function` with this list of arguments as the first process, and everything that comes of it, until
    /// the VM halts; gives the exit status.
    pub fn run_main(&self, module: Atom, function: Atom, args: Detached) -> Result<i32, StartError> {
        if let Found::Bad(why) = crate::finder::get().load(module) {
            return Err(StartError::Module(module.name().to_owned(), why));
        }
        spawn_root(module, function, args, &SpawnOptions::default()).ok_or(StartError::NoProcess)?;
        sched::run_all().map_err(StartError::Thread)
    }
}
