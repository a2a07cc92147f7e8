//! What the VM says about itself, on standard error: warnings, or what `GIRDER_LOG` asks for.
//!
//! `GIRDER_LOG` holds a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or levels for parts of the VM:
//! `warn,girder_vm::finder=debug`.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const VARIABLE: &str = "GIRDER_LOG";

/// Begins to log.
///
/// # Errors
/// A line that says what is wrong with the variable.
pub fn start() -> Result<(), String> {
    let filter = match std::env::var(VARIABLE) {
        Ok(text) => text.parse().map_err(|e| format!("{VARIABLE}={text}: {e}"))?,
        Err(_) => Targets::new().with_default(LevelFilter::WARN),
    };
    let lines = tracing_subscriber::fmt::layer().without_time().with_ansi(false).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter).with(lines).try_init().map_err(|e| e.to_string())
}
