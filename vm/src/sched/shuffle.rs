//! Turns in random order, of random length, with stalls in between: what a busy machine with many cores does now and
//! then happens all the time. For builds with the feature `shuffle`, which look for what depends on the order of turns.
//!
//! Invariant: only what the scheduler leaves open is changed. Nobody is passed over for ever.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use super::queues::RunQueues;
use super::{SLICE, place};
use crate::process::Priority;
use crate::term::RawTerm;

/// Longest stall of a thread.
const STALL_MICROS: u64 = 300;

/// A number below `n`; not for any other use than this module's.
fn random(n: u64) -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(
            SystemTime::UNIX_EPOCH.elapsed().map_or(1, |d| d.as_nanos() as u64) ^ std::process::id() as u64 | 1,
        );
    }
    let mut x = STATE.get();
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    STATE.set(x);
    (x >> 8) % n
}

/// Reductions of the next slice. Now and then the thread stalls before it.
pub(super) fn slice() -> i64 {
    match random(32) {
        0 => std::thread::sleep(Duration::from_micros(random(STALL_MICROS))),
        1..4 => std::thread::yield_now(),
        _ => {}
    }
    match random(4) {
        0 => 1 + random(50) as i64,
        1 => 1 + random(SLICE as u64) as i64,
        _ => SLICE,
    }
}

/// The next entry; sometimes the one behind it.
pub(super) fn pop(q: &RunQueues) -> Option<RawTerm> {
    if q.len() > 1 && random(3) == 0 {
        let (first, priority) = q.pop_any()?;
        q.push(first, priority);
    }
    q.pop()
}

/// Whether an entry has been given to another scheduler than the one that wanted it.
pub(super) fn sent_away(pid: RawTerm, priority: Priority) -> bool {
    let away = random(4) == 0;
    if away {
        place(pid, priority);
    }
    away
}
