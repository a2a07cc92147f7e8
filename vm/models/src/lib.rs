//! Models of the protocols between threads, tried with every order of their steps that memory allows.
//!
//! The files under test are compiled once more here, with loom's atomics for the standard library's:
//! `RUSTFLAGS="--cfg loom" cargo test --release --package girder-models`. What they do to the rest of the VM (run
//! queues, wheels) is played by counters. See `docs/internals/models.md`.
#![cfg(all(loom, test))]
#![allow(dead_code, reason = "the models use a part of what the files offer")]

use loom::sync::{Condvar, Mutex, atomic};

/// What the files know as `crate::sync`.
mod sync {
    pub(crate) use super::lock;
    pub(crate) use loom::sync::{Mutex, atomic};
}

fn lock<T>(m: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
    whole(m.lock())
}

fn whole<G>(r: std::sync::LockResult<G>) -> G {
    r.unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[path = "../../src/timer/control.rs"]
mod control;
#[path = "../../src/sched/idle.rs"]
mod idle;
#[path = "../../src/sync/inbox.rs"]
mod inbox;
#[path = "../../src/sched/offer.rs"]
mod offer;
#[path = "../../src/sync/park.rs"]
mod park;
#[path = "../../src/recording/ring.rs"]
mod ring;
#[path = "../../src/process/state.rs"]
mod state;
#[path = "../../src/timer/wheel.rs"]
mod wheel;

mod nodes;
mod offering;
mod parking;
mod recording;
mod signals;
mod sleeping;
mod timers;
