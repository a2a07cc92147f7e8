//! `girder disasm FILE`: a .beam file as readable assembly.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

/// Prints the assembly. A file that does not pass the check is printed all the same, and the
/// command fails with what the check says.
pub fn run(path: &Path) -> ExitCode {
    let name = path.to_string_lossy();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("girder: {name}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let module = match girder_loader::parse(&bytes, &name) {
        Ok(module) => module,
        Err(error) => {
            eprintln!("girder: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let written = girder_loader::disasm::write(&module, &mut out).and_then(|()| out.flush());
    match written {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("girder: {error}");
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    match girder_loader::load(&bytes, &name) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("girder: {error}");
            ExitCode::FAILURE
        }
    }
}
