//! `girder stress`: random work for processes, signals, names and timers, or for tables, checked against a model.
//!
//! The work and the model are Erlang code, `erl/girder_stress*.erl`. A seed gives each actor the same operations again;
//! how they interleave is the schedulers' doing.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use girder_vm::sched::MAX_SCHEDULERS;

use crate::run;

/// What the work is for.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// Processes, signals, names and timers.
    Processes,
    /// ETS tables.
    Tables,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            What::Processes => "processes",
            What::Tables => "tables",
        }
    }
}

/// On what, how long, with which numbers, on how many threads.
#[derive(clap::Args)]
pub struct Options {
    /// What the work is for.
    #[arg(value_enum, default_value = "processes")]
    what: What,
    /// Begin no new round after this time.
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,
    /// Start of the random numbers; another one each time unless given.
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// Number of scheduler threads.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_SCHEDULERS as i64))]
    schedulers: Option<u32>,
    /// The OTP tree; else GIRDER_OTP_ROOT, the erl on the PATH, the usual places.
    #[arg(long, value_name = "DIR")]
    otp: Option<PathBuf>,
}

/// Works until the time is over or something is wrong; the status is 0 or 1.
pub fn run(options: Options) -> ExitCode {
    let any = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |d| d.subsec_nanos());
    let seed = options.seed.unwrap_or_else(any);
    let words = ["girder_stress", &options.seconds.to_string(), &seed.to_string(), options.what.word()];
    run::run(run::Options::of_module(words.map(Into::into).into(), options.otp, options.schedulers))
}
