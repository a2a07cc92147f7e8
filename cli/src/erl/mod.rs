//! `girder erl`, `erlc`, `escript`, and the emulator that OTP's own launchers start: one binary for all of them.
//!
//! [`exec`] makes the emulator's command line, [`flags`] reads its flags, [`boot`] runs it.

mod boot;
mod exec;
mod flags;
mod launch;
mod shim;

pub use boot::{emulator, emulator_words};
pub use launch::{erl, erlc, escript};
pub use shim::{Options as ShimOptions, install, launchers};
