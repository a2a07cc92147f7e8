//! `girder opcodes`: the table of generic opcodes, and which of them the VM has.

use std::process::ExitCode;

use girder_loader::ops::OPCODES;
use girder_loader::{OpStatus, Opcode};

/// The releases whose opcodes are told apart.
const RELEASES: [u8; 3] = [25, 27, 29];

/// Prints the table, for one release or all.
///
/// With `coverage` only opcodes that a release's compiler emits are counted, and those that
/// `implements` denies are listed; one missing opcode makes the command fail.
pub fn run(release: Option<u8>, coverage: bool, implements: impl Fn(Opcode) -> bool) -> ExitCode {
    let releases: Vec<u8> = release.map_or(RELEASES.to_vec(), |release| vec![release]);
    if coverage { print_coverage(&releases, implements) } else { print_table(&releases) }
}

fn print_table(releases: &[u8]) -> ExitCode {
    for info in OPCODES {
        let status: Vec<String> = releases
            .iter()
            .map(|&release| match info.opcode.status(release) {
                OpStatus::Unknown => format!("{release}: -"),
                OpStatus::Current => format!("{release}: current"),
                OpStatus::Obsolete => format!("{release}: obsolete"),
            })
            .collect();
        let operands: Vec<&str> = info.operands.iter().map(|kind| kind.label()).collect();
        println!("{:>3} {}({})  {}", info.opcode as u8, info.name, operands.join(" "), status.join(", "));
        println!("      {}", info.doc);
    }
    ExitCode::SUCCESS
}

fn print_coverage(releases: &[u8], implements: impl Fn(Opcode) -> bool) -> ExitCode {
    let current = |opcode: Opcode| releases.iter().any(|&release| opcode.status(release) == OpStatus::Current);
    let mut missing = 0;
    for info in OPCODES.iter().filter(|info| current(info.opcode) && !implements(info.opcode)) {
        println!("missing: {:>3} {}/{}  {}", info.opcode as u8, info.name, info.operands.len(), info.doc);
        missing += 1;
    }
    for &release in releases {
        let of_release = || OPCODES.iter().filter(|info| info.opcode.status(release) == OpStatus::Current);
        let have = of_release().filter(|info| implements(info.opcode)).count();
        println!("OTP {release}: {have} of {} current opcodes", of_release().count());
    }
    println!("{missing} missing");
    if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
