//! The fixtures of the repository: where their modules are, what they must print, with which arguments.

use crate::child::End;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// Modules of the Erlang fixtures, compiled by an OTP release.
pub fn erlang_beams(release: u32) -> PathBuf {
    root().join(format!("otp-fixtures/erlang/ebin-{release}"))
}

/// Modules of the Gleam samples, compiled through an OTP release.
pub fn gleam_beams(release: u32) -> PathBuf {
    root().join(format!("otp-fixtures/gleam/ebin-{release}"))
}

/// The library tree of an OTP release, if `otp-fixtures/fetch-otp` has brought it.
pub fn otp_tree(release: u32) -> Option<PathBuf> {
    let tree = root().join(format!("otp-trees/{release}/usr/lib/erlang"));
    tree.join(".complete").is_file().then_some(tree)
}

/// A recorded run.
pub struct Expected {
    pub stdout: Vec<u8>,
    pub end: End,
}

/// What `erl` of a release printed for an Erlang fixture.
///
/// # Panics
/// When nothing is recorded: the repository is incomplete.
pub fn erlang_expected(release: u32, name: &str) -> Expected {
    let folder = root().join(format!("otp-fixtures/erlang/expected-{release}"));
    expected(&folder, name)
}

/// What a Gleam sample must print.
///
/// # Panics
/// When nothing is recorded: the repository is incomplete.
pub fn gleam_expected(name: &str) -> Expected {
    expected(&root().join("otp-fixtures/gleam/expected"), name)
}

fn expected(folder: &Path, name: &str) -> Expected {
    let read = |suffix: &str| {
        let path = folder.join(format!("{name}.{suffix}"));
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let status = String::from_utf8(read("rc")).expect("a number");
    Expected { stdout: read("out"), end: End::Status(status.trim().parse().expect("a number")) }
}

/// Whether an Erlang fixture needs a system that was booted.
pub fn booted(name: &str) -> bool {
    let path = root().join("otp-fixtures/erlang/booted");
    fs::read_to_string(path).is_ok_and(|names| names.lines().any(|line| line == name))
}

/// The arguments that an Erlang fixture is started with.
pub fn arguments(name: &str) -> Vec<String> {
    let path = root().join(format!("otp-fixtures/erlang/{name}.args"));
    match fs::read_to_string(path) {
        Ok(text) => text.lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}
