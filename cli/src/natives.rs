//! `girder natives`: which of OTP's natives the VM has, and which it lacks, from the tables themselves.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use girder_bifs::facts::{self, Fact};
use girder_vm::native::{NativeKind, Releases};

/// What to list.
#[derive(clap::Args)]
pub struct Options {
    /// List what is missing instead of what is there.
    #[arg(long)]
    missing: bool,
    /// Natives of one OTP release instead of 25, 27 and 29.
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    otp: Option<Releases>,
}

const RELEASES: [(&str, Releases); 3] = [("25", Releases::R25), ("27", Releases::R27), ("29", Releases::R29)];

fn release(word: &str) -> Result<Releases, String> {
    RELEASES.iter().find(|(name, _)| *name == word).map(|&(_, r)| r).ok_or_else(|| "one of 25, 27, 29".to_owned())
}

fn kind(k: NativeKind) -> &'static str {
    match k {
        NativeKind::Bif => "bif",
        NativeKind::Guard => "guard-bif",
        NativeKind::Ubif => "ubif",
        NativeKind::Special => "special",
        NativeKind::Nif => "nif",
    }
}

fn releases(r: Releases) -> String {
    let names: Vec<&str> = RELEASES.iter().filter(|&&(_, one)| r.has(one)).map(|&(name, _)| name).collect();
    names.join(",")
}

/// Whether the VM has it: a row in a table, or, for the special ones, an instruction.
fn present(f: &Fact) -> bool {
    f.kind == NativeKind::Special || girder_bifs::find(f.module, f.name, f.arity).is_some()
}

/// Prints the list and, on stderr, how many there are of each release.
pub fn run(options: &Options) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let wanted = facts::all().iter().filter(|f| options.otp.is_none_or(|r| f.releases.has(r)));
    let rows = wanted.filter(|f| present(f) != options.missing);
    let mut written = Ok(());
    for f in rows {
        let row = writeln!(out, "{}:{}/{}\t{}\t{}", f.module, f.name, f.arity, kind(f.kind), releases(f.releases));
        written = written.and(row);
    }
    written = written.and(out.flush());
    for (name, r) in RELEASES.iter().filter(|(_, r)| options.otp.is_none_or(|only| only == *r)) {
        let all: Vec<&Fact> = facts::all().iter().filter(|f| f.releases.has(*r)).collect();
        let there = all.iter().filter(|f| present(f)).count();
        eprintln!("OTP {name}: {there} of {} natives", all.len());
    }
    match written {
        // A reader that has seen enough is no failure.
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("girder: standard output: {e}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
