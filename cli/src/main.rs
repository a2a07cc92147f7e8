//! The `girder` binary: words of the command line, one file for each subcommand.

mod attach;
mod check;
mod conformance;
mod disasm;
mod erl;
mod log;
#[cfg(not(girder_sanitizer))]
mod memory;
mod natives;
mod opcodes;
mod otp;
mod profile;
mod run;
mod stress;
mod top;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

// A sanitizer watches the system's allocator.
#[cfg(not(girder_sanitizer))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "girder", version, about = "A BEAM virtual machine")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program without booting the kernel application.
    Run(run::Options),
    /// Boot OTP and run it as `erl` does, with the same words.
    #[command(disable_help_flag = true)]
    Erl(Words),
    /// Compile as `erlc` does.
    #[command(disable_help_flag = true)]
    Erlc(Words),
    /// Run a script as `escript` does.
    #[command(disable_help_flag = true)]
    Escript(Words),
    /// Write launchers erl, erlc and escript, which run an OTP tree on this VM, into a directory.
    InstallShim(erl::ShimOptions),
    /// Work at random with processes, signals and timers, and check that nothing is lost.
    Stress(stress::Options),
    /// Load every .beam file below the directories and count failures.
    Check {
        /// Directories or .beam files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Print a .beam file as assembly.
    Disasm {
        /// The file.
        file: PathBuf,
    },
    /// Run OTP's own test suites and compare with the reference's results.
    Conformance(conformance::Options),
    /// Ends the VMs of a conformance run when the run itself has ended.
    #[command(hide = true)]
    ConformanceGuard,
    /// Run a program and show what its schedulers, processes and collections did when.
    Profile(profile::Options),
    /// Show how busy a running VM's schedulers are and what its processes use.
    Top(top::Options),
    /// The program that is profiled.
    #[command(hide = true)]
    Record(profile::Inner),
    /// List OTP's natives: those that the VM has, or those it lacks.
    Natives(natives::Options),
    /// List the generic opcodes.
    Opcodes {
        /// One OTP release instead of 25, 27 and 29.
        #[arg(long, value_name = "RELEASE")]
        otp: Option<u8>,
        /// Count the opcodes that the VM has, and list the missing ones.
        #[arg(long)]
        coverage: bool,
    },
}

/// The words of a command line, none of which is ours.
#[derive(clap::Args)]
struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<OsString>,
}

fn main() -> ExitCode {
    if let Err(e) = log::start() {
        eprintln!("girder: {e}");
        return ExitCode::FAILURE;
    }
    if let Some(words) = erl::emulator_words() {
        let status = erl::emulator("beam.smp", &words);
        attach::leave();
        return status;
    }
    let status = start(Arguments::parse_from(run::rewrite(std::env::args_os())).command);
    attach::leave();
    girder_vm::recording::stop();
    status
}

fn start(command: Command) -> ExitCode {
    match command {
        Command::Run(options) => run::run(options),
        Command::Erl(w) => erl::erl(w.words),
        Command::Erlc(w) => erl::erlc(w.words),
        Command::Escript(w) => erl::escript(w.words),
        Command::InstallShim(options) => erl::install(&options),
        Command::Stress(options) => stress::run(options),
        Command::Check { paths } => check::run(&paths),
        Command::Disasm { file } => disasm::run(&file),
        Command::Profile(options) => profile::run(options),
        Command::Top(options) => top::run(&options),
        Command::Record(inner) => {
            let words = std::iter::once("girder".into()).chain(profile::record(inner));
            start(Arguments::parse_from(run::rewrite(words)).command)
        }
        Command::Conformance(options) => conformance::run(&options),
        Command::ConformanceGuard => conformance::watch(),
        Command::Natives(options) => natives::run(&options),
        Command::Opcodes { otp, coverage } => opcodes::run(otp, coverage, girder_vm::code::implements),
    }
}
