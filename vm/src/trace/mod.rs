//! Tracing: who is told what of which processes, ports and functions.
//!
//! Three things are kept apart. A *session* (`session.rs`) holds what `erlang:trace/3` and its relatives set: session 0
//! is the one of those functions themselves, others are made by module `trace` (27 and later). A *tracee* (`tracee.rs`)
//! is a process or port with flags and a tracer, for each session that watches it. A *breakpoint* (`breakpoint.rs`)
//! stands for the first instruction of a function, or in an export entry, and has a rule for each session.
//!
//! Invariants: where nothing is traced nothing is tested but words that are looked at anyway: a process has one word
//! that is the union of its flags in all sessions, and functions without breakpoints run as they are. Trace messages of
//! one tracee reach a tracer in the order of the events.

pub(crate) mod breakpoint;
pub(crate) mod call;
mod effects;
pub mod events;
mod flags;
pub mod info;
pub mod monitor;
pub mod pattern;
pub(crate) mod ports;
pub(crate) mod profile;
pub mod profiler;
mod report;
pub(crate) mod returns;
pub mod seq;
pub mod session;
pub mod tracee;

pub use flags::{FlagList, Flags, tracer_option};
pub(crate) use pattern::{module_loaded, names_moved};
