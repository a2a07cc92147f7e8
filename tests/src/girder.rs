//! The `girder` executable under test.
//!
//! The tests are a crate of their own, so cargo does not tell them where the binary is. [`binary`] builds it, in the
//! profile that the tests themselves were built in, once per run: once per process, and under `cargo nextest`, which
//! starts a process for each test, once per run by means of a stamp that carries the run's identifier.

use crate::child::{self, End, Output, Scratch};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

/// The executable: `GIRDER_BIN` (a relative path counts from the workspace), or the one that is built here.
///
/// # Panics
/// When it does not compile.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match env::var_os("GIRDER_BIN") {
        Some(path) => crate::fixture::root().join(path),
        None => build(),
    })
}

fn build() -> PathBuf {
    // .../target/PROFILE/deps/TEST-HASH
    let test = env::current_exe().expect("the path of this test");
    let folder = test.ancestors().nth(2).expect("a folder of the build's profile");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let binary = folder.join("girder");
    let lock = fs::File::create(folder.join(".girder-tests-lock")).expect("the build's folder");
    lock.lock().expect("a lock on a file");
    let stamp = folder.join(".girder-tests-built");
    let run = env::var("NEXTEST_RUN_ID").unwrap_or_default();
    let built = !run.is_empty() && fs::read_to_string(&stamp).is_ok_and(|last| last == run);
    if !built {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--package", "girder", "--bin", "girder"])
            .args(["--profile", profile])
            .current_dir(crate::fixture::root())
            .status()
            .expect("cargo");
        assert!(status.success(), "girder does not compile");
        fs::write(&stamp, &run).expect("the build's folder");
    }
    binary
}

/// A program started by `girder run`, or, if it is a fixture that needs more, by OTP's own boot.
pub struct Run<'a> {
    /// Folder of its modules.
    pub beams: &'a Path,
    pub module: &'a str,
    pub arguments: &'a [String],
    /// The OTP tree; none leaves the choice to `girder`.
    pub otp: Option<&'a Path>,
    /// Number of schedulers; one for each core if none is given.
    pub schedulers: Option<u32>,
    pub limit: Duration,
}

impl<'a> Run<'a> {
    pub fn new(beams: &'a Path, module: &'a str, arguments: &'a [String]) -> Run<'a> {
        Run { beams, module, arguments, otp: None, schedulers: None, limit: Duration::from_secs(60) }
    }

    /// Calls `main` of the module and waits for the end.
    pub fn output(&self) -> Output {
        let mut command = Command::new(binary());
        if crate::fixture::booted(self.module) {
            command.args(["erl", "-noshell", "-pa"]).arg(self.beams);
            command.args(["-run", "fixture_launcher", "start", "-extra", self.module]).args(self.arguments);
            if let Some(otp) = self.otp {
                command.env("GIRDER_OTP_ROOT", otp);
            }
            return child::run(&mut command, self.limit);
        }
        command.arg("run");
        if let Some(otp) = self.otp {
            command.arg("--otp").arg(otp);
        }
        if let Some(n) = self.schedulers {
            command.arg("--schedulers").arg(n.to_string());
        }
        command.arg("-pa").arg(self.beams);
        command.arg(self.module).arg("main").args(self.arguments);
        child::run(&mut command, self.limit)
    }
}

/// `girder` with any arguments.
pub fn command(arguments: &[&str], limit: Duration) -> Output {
    child::run(Command::new(binary()).args(arguments), limit)
}

/// A folder with the launchers that `girder install-shim` writes: of an OTP tree, or of the one that `girder` finds.
///
/// # Panics
/// When it cannot be filled.
pub fn shim(otp: Option<&Path>) -> Scratch {
    let shim = Scratch::new("shim");
    let mut command = Command::new(binary());
    command.arg("install-shim").arg(shim.path());
    if let Some(otp) = otp {
        command.arg("--otp").arg(otp);
    }
    let installed = child::run(&mut command, Duration::from_secs(120));
    assert_eq!(installed.end, End::Status(0), "{}", installed.stderr_text());
    shim
}

/// The `PATH` with folders before those of this process.
///
/// # Panics
/// When a name has a colon.
pub fn path_with(folders: &[&Path]) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().map(|f| f.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(all).expect("folders whose names have no colon")
}
