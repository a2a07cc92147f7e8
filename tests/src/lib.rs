//! What the integration tests share: running Girder and the installed `erl` on a compiled module, each under a
//! time limit, and comparing what they print.
//!
//! | test target | what runs | compared with |
//! |---|---|---|
//! | `golden` | each Erlang fixture on Girder | the recorded output of OTP 25 |
//! | `differential` | each Erlang fixture on Girder and on the installed `erl` | each other |
//! | `releases` | fixtures of OTP 27 and 29 with those releases' libraries | their recorded output |
//! | `gleam` | the Gleam samples with the libraries of OTP 27 and 29 | their recorded output |
//! | `gleam_cli` | the same as the Gleam command starts them, or by an installed `gleam` | their recorded output |
//! | `random_terms` | random terms through comparisons, hashes and codecs, on both | each other |
//! | `random_programs` | random Erlang programs, on both | each other |
//! | `benches` | the programs of `benches/` at their quick size, on 1, 2 and 8 schedulers | the manifest's lines |
//! | `boot` | command lines of `girder erl`, `erlc`, `escript` | the installed ones |
//! | `shell` | the interactive shell in a terminal | the installed `erl`'s screen |
//! | `servers` | servers in Erlang and Gleam, inets on Girder | what real clients must get |
//! | `idle_connections` | many connections at rest, on both | each other's memory |
//! | `soak` | an echo server under load for some time | what its clients must get, its memory before |
//! | `exhausted` | no descriptors left, on both | each other |
//! | `tools` | Elixir, rebar3, EUnit, PropEr, the compiler, an upgrade on Girder | the same on the installed `erl` |
//! | `bad_input` | damaged files, full disks, closed ends | the installed `erl` and `escript` |
//! | `evals` | command lines with the libraries of 25, 27 and 29 | each release's recorded output |
//! | `coverage` | nothing: whether each function of some modules, and of match specifications, has a case | |
//! | `command_line` | `girder` with bad input | status and message |
//! | `conformance` | `girder conformance`, killed and with bad input | what it leaves, status and message |
//!
//! Environment:
//!
//! * `GIRDER_BIN`: the executable to test. Without it the tests build `girder` in the profile that they were built in
//!   themselves and use that ([`girder`]).
//! * `GIRDER_TEST_SLOWNESS`: time limits are multiplied by this number (gc-stress builds, loaded machines).
//! * `GIRDER_RANDOM_CASES`: how many seeds the random tests try (a few unless given).
//! * `GIRDER_TEST_ALL`: the whole of what is tested by a sample otherwise (the modules of stdlib).
//!
//! A test that needs something which the machine has not (no `erl`, no tree of OTP 27) prints `skipped: ...` and
//! passes; with `GIRDER_TEST_NO_SKIP` set it fails instead.

pub mod child;
pub mod compare;
pub mod fixture;
pub mod girder;
pub mod programs;
pub mod reference;
pub mod server;
pub mod terminal;

/// Ends a test that cannot run on this machine; fails it where `GIRDER_TEST_NO_SKIP` asks for everything.
pub fn skip(why: &str) {
    assert!(std::env::var_os("GIRDER_TEST_NO_SKIP").is_none(), "this run must not skip anything: {why}");
    println!("skipped: {why}");
}

/// How many seeds a random test tries: `few`, unless `GIRDER_RANDOM_CASES` gives a number.
pub fn random_cases(few: u64) -> u64 {
    std::env::var("GIRDER_RANDOM_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}
