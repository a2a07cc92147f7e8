//! The real Erlang: the `erl` and `erlc` that are installed on this machine.

use crate::{
    child::{self, End, Output},
    fixture,
};
use std::{path::Path, process::Command, sync::OnceLock, time::Duration};

/// The release of the installed `erl`, or `None` where there is none.
pub fn release() -> Option<u32> {
    static RELEASE: OnceLock<Option<u32>> = OnceLock::new();
    *RELEASE.get_or_init(|| {
        let ask = "io:put_chars(erlang:system_info(otp_release)), halt().";
        Command::new("erl").arg("-version").output().ok()?;
        let output = child::run(Command::new("erl").args(["-noshell", "-eval", ask]), Duration::from_secs(60));
        output.stdout_text().trim().parse().ok()
    })
}

/// The release whose compiled fixtures the installed `erl` can be compared on, or why there is none.
pub fn usable() -> Result<u32, String> {
    let release = release().ok_or("no erl is installed")?;
    if fixture::erlang_beams(release).is_dir() {
        Ok(release)
    } else {
        Err(format!("the installed erl is of OTP {release}, which the fixtures are not compiled for"))
    }
}

/// Runs `main` of a module on `erl`, as `girder run` would. The fixtures' launcher must be in `beams`.
pub fn run(beams: &Path, module: &str, arguments: &[String], limit: Duration) -> Output {
    let mut command = Command::new("erl");
    command.arg("-noshell").arg("-pa").arg(beams);
    command.args(["-run", "fixture_launcher", "start", "-extra", module]).args(arguments);
    child::run(&mut command, limit)
}

/// Compiles Erlang sources into a folder.
///
/// # Errors
/// What the compiler says.
pub fn compile(sources: &[std::path::PathBuf], into: &Path) -> Result<(), String> {
    let mut command = Command::new("erlc");
    command.args(["+deterministic", "+nowarn_unused_vars", "-o"]);
    command.arg(into).args(sources);
    let output = child::run(&mut command, Duration::from_secs(120));
    match output.end {
        End::Status(0) => Ok(()),
        end => Err(format!("{end:?}\n{}{}", output.stdout_text(), output.stderr_text())),
    }
}
